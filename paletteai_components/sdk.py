"""What is used of Pulumi and of the Kubernetes client beyond their documentation: each with its reason, in one place.

Another version may lack it. What only saves time is then done without, and the tests say so. Nothing is imported
before it is used: most commands need none of it.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from kubernetes import client
    from urllib3 import PoolManager

_Kept = TypeVar("_Kept")

# `pulumi preview --json` prints one object at its end, unless this has it print each event when it comes, as `up` does.
STREAMED_PREVIEW = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
# What the engine is asked about the last state, and its argument. A StackReference hands over the outputs only as an
# `Output`, and never what the stack consists of.
LAST_OUTPUTS = "pulumi:pulumi:readStackOutputs", "name"
LAST_RESOURCES = "pulumi:pulumi:readStackResourceOutputs", "stackName"
# The module of the server with which the Automation API runs a function as a program. Pulumi's own way of starting a
# program takes four times the CPU time of a small preview.
PROGRAM_SERVER = "pulumi.automation._server"
# As much as the engine and its own hosts send each other at most.
_LARGEST = 400 * 1024 * 1024


def own_process() -> None:
    """Makes of this process one that lives for a single deployment, which is how Pulumi runs `__main__.py`."""
    _leave_quietly_when_interrupted()
    _log_no_debug_lines()
    _collect_garbage_rarely()
    _keep_no_call_stacks()


def kept_with_the_program(name: str, make: Callable[[], _Kept]) -> _Kept:
    """What is kept for as long as the program that is running, made when it is first asked for.

    A program is known by its resource monitor, of which this is an attribute. A dictionary of weak keys would not do:
    what is kept leads back to the monitor, which would then never go. Raises RunError where no program is running.
    """
    import pulumi
    from pulumi.runtime.settings import get_monitor

    monitor: Any = get_monitor()
    if monitor is None:
        raise pulumi.RunError("This is a Pulumi program: run it with `pulumi preview` or `pulumi up`.")
    kept: dict[str, Any] = vars(monitor)
    if name not in kept:
        kept[name] = make()
    found: _Kept = kept[name]
    return found


def program_server(program: Callable[[], None]) -> Any:
    """A gRPC server that runs a program for the engine; None where this SDK has no such server.

    The Automation API starts it only together with runs of its own, which cannot be interrupted one by one.
    """
    try:
        import grpc  # type: ignore[import-untyped]
        from pulumi.automation._server import LanguageServer
        from pulumi.runtime.proto import language_pb2_grpc
    except ImportError:
        return None
    sizes = [("grpc.max_receive_message_length", _LARGEST), ("grpc.max_send_message_length", _LARGEST)]
    server = grpc.server(ThreadPoolExecutor(4), options=sizes)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    return server


def connections_of(settings: client.Configuration) -> PoolManager:
    """The connections by which the Kubernetes client would reach a cluster, with its certificates and its proxy.

    To import the client's class for one API takes three times as long as the rest of the client, and the arguments of
    its general `call_api` differ between versions.
    """
    from kubernetes.client.rest import RESTClientObject

    pool: PoolManager = RESTClientObject(settings).pool_manager
    return pool


def _leave_quietly_when_interrupted() -> None:
    # Pulumi interrupts the program when the engine refuses a step. Its reason would stand above two
    # tracebacks of the event loop.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: os._exit(1))


def _log_no_debug_lines() -> None:
    # The SDK sends the engine five of them for every resource, each in a call it waits for, whether or
    # not anybody asked to see them: a fifth of a preview. They tell a reader nothing about this program.
    import pulumi

    pulumi.log.debug = lambda *_, **__: None


def _collect_garbage_rarely() -> None:
    # The process lives for one deployment, and nearly everything it makes is needed to its end. Looking
    # through it again and again is a twentieth of a preview.
    gc.set_threshold(500_000, 50, 100)


def _keep_no_call_stacks() -> None:
    # The SDK has each resource's call stack written into the state: four fifths of it, all inside of this
    # package, with paths of the machine it ran on. A backend in files writes the state at every step: it is two fifths
    # of the CPU time of a first deployment.
    # The function is the SDK's own: another SDK may have none of that name, and then keeps its stacks.
    from pulumi.runtime import resource
    from pulumi.runtime.proto import source_pb2

    if hasattr(resource, "_get_stack_trace"):
        vars(resource)["_get_stack_trace"] = source_pb2.StackTrace
