"""What is done with the SDK beyond its documentation: each trick with its reason, all of them in one place.

Another SDK may lack what is used here. Then nothing breaks, and what the trick saves is lost; the tests say so.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.settings import get_monitor

_Kept = TypeVar("_Kept")


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
    monitor: Any = get_monitor()
    if monitor is None:
        raise pulumi.RunError("This is a Pulumi program: run it with `pulumi preview` or `pulumi up`.")
    kept: dict[str, Any] = vars(monitor)
    if name not in kept:
        kept[name] = make()
    found: _Kept = kept[name]
    return found


def _leave_quietly_when_interrupted() -> None:
    # Pulumi interrupts the program when the engine refuses a step. Its reason would stand above two
    # tracebacks of the event loop.
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: os._exit(1))


def _log_no_debug_lines() -> None:
    # The SDK sends the engine five of them for every resource, each in a call it waits for, whether or
    # not anybody asked to see them: a quarter of a preview. They tell a reader nothing about this program.
    pulumi.log.debug = lambda *_, **__: None


def _collect_garbage_rarely() -> None:
    # The process lives for one deployment, and nearly everything it makes is needed to its end. Looking
    # through it again and again is a tenth of a preview.
    gc.set_threshold(500_000, 50, 100)


def _keep_no_call_stacks() -> None:
    # The SDK has each resource's call stack written into the state: three quarters of it, all inside of this
    # package, with paths of the machine it ran on. A backend in files writes the state at every step.
    # The function is the SDK's own: another SDK may have none of that name, and then keeps its stacks.
    if hasattr(pulumi.runtime.resource, "_get_stack_trace"):
        vars(pulumi.runtime.resource)["_get_stack_trace"] = source_pb2.StackTrace
