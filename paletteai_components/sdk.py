"""Every undocumented part of Pulumi and of the Kubernetes client that this package uses, each with its reason.

Another version may lack it. The package does without what only saves time, and a test fails. Imports are inside the
functions, because most commands need none of them.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import pulumi
    from kubernetes import client
    from urllib3 import PoolManager

_Kept = TypeVar("_Kept")


@dataclass(frozen=True, slots=True)
class Settled:
    """What is known of an Output now."""

    value: Any
    is_known: bool
    """False in a preview, if only the deployment gives it its value."""
    is_secret: bool
    resources: frozenset[pulumi.Resource]
    """What it depends on."""


# With this, `pulumi preview --json` prints each event as it happens, as `up` does, not one object at the end.
STREAMED_PREVIEW = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
# Functions of the engine that return the last state, and their argument. A StackReference gives the outputs only as
# an `Output`, and no resources.
LAST_OUTPUTS = "pulumi:pulumi:readStackOutputs", "name"
LAST_RESOURCES = "pulumi:pulumi:readStackResourceOutputs", "stackName"
# The function of the engine that returns what a program has set of a resource, by its `urn`.
RESOURCE = "pulumi:pulumi:getResource"
# The module whose server lets the Automation API run a function as a program. Pulumi's own language host takes four
# times the CPU time of a small preview to start a program.
PROGRAM_SERVER = "pulumi.automation._server"
# The message limit of the engine and its own hosts, in bytes.
_MAX_MESSAGE = 400 * 1024 * 1024


def own_process() -> None:
    """Sets this process up for a single deployment, which is how Pulumi runs `__main__.py`."""
    _exit_quietly_on_interrupt()
    _keep_libraries_quiet()
    _drop_debug_logs()
    _collect_garbage_rarely()
    _keep_no_call_stacks()


def pass_resources_once() -> None:
    """Has the SDK for policies pass the resources of a stack to the first policy only. The others get none.

    It makes new objects of all resources for each policy: half a second for a thousand of them.
    """
    from pulumi_policy import policy

    servicer = vars(policy).get("_PolicyAnalyzerServicer")
    if servicer is None or not hasattr(servicer, "AnalyzeStack"):
        return
    analyze = servicer.AnalyzeStack
    servicer.AnalyzeStack = lambda self, request, context: analyze(self, _PassedOnce(request.resources), context)


class _PassedOnce:
    """The request with a stack, whose resources are there when they are asked for first."""

    def __init__(self, resources: Iterable[Any]) -> None:
        self._resources = resources

    @property
    def resources(self) -> Iterable[Any]:
        """The resources, then none."""
        found, self._resources = self._resources, ()
        return found


def kept_with_the_program(name: str, make: Callable[[], _Kept]) -> _Kept:
    """A value that lives as long as the running program, made on first use.

    It is an attribute of the program's resource monitor. A dictionary with weak keys would never free it, because the
    value refers back to the monitor.

    Raises:
        RunError: No program is running.
    """
    kept = _attributes_of_monitor()
    if name not in kept:
        kept[name] = make()
    found: _Kept = kept[name]
    return found


def keep_with_the_program(name: str, value: object) -> None:
    """Makes a value that which `kept_with_the_program` returns for the running program.

    Raises:
        RunError: No program is running.
    """
    _attributes_of_monitor()[name] = value


def _attributes_of_monitor() -> dict[str, Any]:
    import pulumi
    from pulumi.runtime.settings import get_monitor

    monitor: Any = get_monitor()
    if monitor is None:
        raise pulumi.RunError("This is a Pulumi program: run it with `pulumi preview` or `pulumi up`.")
    kept: dict[str, Any] = vars(monitor)
    return kept


def settled(outputs: Sequence[pulumi.Output[Any]]) -> list[Settled]:
    """What is known of each Output now.

    A component that is served gets its inputs from the engine, so their Outputs have their values already. But the SDK
    only gives these to a callback, which runs when the component is registered, or not at all.
    """
    import asyncio

    from pulumi.runtime.sync_await import _sync_await

    async def one(output: pulumi.Output[Any]) -> Settled:
        value = await output.future(with_unknowns=True)
        return Settled(value, await output.is_known(), await output.is_secret(), frozenset(await output.resources()))

    async def every() -> list[Settled]:
        return await asyncio.gather(*map(one, outputs))

    return _sync_await(every())


def program_server(program: Callable[[], None]) -> Any:
    """A gRPC server that runs a program for the engine, or None if this SDK has no such server.

    The Automation API starts it only with its own runs, which cannot be interrupted one by one.
    """
    try:
        import grpc  # type: ignore[import-untyped]
        from pulumi.automation._server import LanguageServer
        from pulumi.runtime.proto import language_pb2_grpc
    except ImportError:
        return None
    sizes = [("grpc.max_receive_message_length", _MAX_MESSAGE), ("grpc.max_send_message_length", _MAX_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(4), options=sizes)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    return server


def connections_of(settings: client.Configuration) -> PoolManager:
    """The Kubernetes client's connection pool for a cluster, with its certificates and proxy.

    Importing the client's class for one API takes three times as long as the rest of the client, and the arguments of
    the general `call_api` differ between versions.
    """
    from kubernetes.client.rest import RESTClientObject

    pool: PoolManager = RESTClientObject(settings).pool_manager
    return pool


def _exit_quietly_on_interrupt() -> None:
    # Pulumi interrupts the program when the engine refuses a step. Two tracebacks of the event loop would hide the
    # engine's reason.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: os._exit(1))


def _keep_libraries_quiet() -> None:
    # Pulumi shows what a program writes to its error stream. The warnings of libraries are not for the user, and hold
    # paths of the machine; the Kubernetes client logs what a login command printed.
    if not sys.warnoptions:
        warnings.showwarning = lambda *_, **__: None
    logging.getLogger().addHandler(logging.NullHandler())


def _drop_debug_logs() -> None:
    # The SDK sends the engine five debug lines for every resource and waits for each call, even if nothing prints
    # them: a fifth of a preview. They say nothing about this program.
    import pulumi

    pulumi.log.debug = lambda *_, **__: None


def _collect_garbage_rarely() -> None:
    # The process lives for one deployment and needs nearly all its objects until the end. Collecting as often as
    # Python does by default is a twentieth of a preview.
    gc.set_threshold(500_000, 50, 100)


def _keep_no_call_stacks() -> None:
    # The SDK writes each resource's call stack into the state: four fifths of the state, all inside this package, with
    # paths of the machine. A file backend writes the state at every step: two fifths of the CPU time of a first
    # deployment. The function is private: an SDK without it keeps its stacks.
    from pulumi.runtime import resource
    from pulumi.runtime.proto import source_pb2

    if hasattr(resource, "_get_stack_trace"):
        vars(resource)["_get_stack_trace"] = source_pb2.StackTrace
