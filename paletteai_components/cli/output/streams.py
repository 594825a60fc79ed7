"""The standard streams: closed ones are opened, and those that cannot be written are given up."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import NoReturn, TextIO

# How a closed stream is opened: reading the input and writing a result fail, as on any closed file. Who closes the
# error stream wants no messages.
_CLOSED = {"stdin": os.O_WRONLY, "stdout": os.O_RDONLY, "stderr": os.O_WRONLY}


def prepare_streams() -> None:
    """Make every standard stream one that can be used, and that shows what its encoding lacks as codes."""
    for name, flags in _CLOSED.items():
        if getattr(sys, name) is None:
            # Otherwise the next file that is opened gets its descriptor, and with it what a child process prints.
            descriptor = os.open(os.devnull, flags)
            setattr(sys, name, open(descriptor, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def discard(*streams: TextIO) -> None:
    """Lead streams nowhere, with what is still in their buffers: Python writes it at exit, which would fail again."""
    for stream in streams:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def end_without_reader() -> NoReturn:
    """End as other programs do when nobody reads their output: by a signal, without a message."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    discard(sys.stdout, sys.stderr)
    sys.exit(2)
