"""Reading the stack files of a folder: by several processes where there are many, with a bar for whoever waits."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.cli.output.waiting import watched
from paletteai_components.stacks.files import Outcome, outcome_of, stack_files

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

# Fewer files are read before another process is ready to.
MANY = 100
_AT_ONCE = 25


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[Iterable[tuple[Path, Outcome]]]:
    """What is in the stack files of a folder, in the order of their names.

    Where there are many, other processes begin to read them at once, while this one does something else.
    """
    paths = stack_files(folder)
    readers = min(len(os.sched_getaffinity(0)), len(paths) // MANY + 1) if _can_fork() else 1
    if readers < 2:
        yield watched(((path, outcome_of(path)) for path in paths), len(paths))
        return
    with _read_by_others(paths, readers) as outcomes:
        yield watched(zip(paths, outcomes, strict=True), len(paths))


def _can_fork() -> bool:
    # Elsewhere a new process would import everything once more. A copy of a process with threads may hang.
    return sys.platform == "linux" and threading.active_count() == 1


@contextlib.contextmanager
def _read_by_others(paths: list[Path], readers: int) -> Iterator[Iterator[Outcome]]:
    from multiprocessing import get_context

    new = get_context("fork")
    parts = [paths[at : at + _AT_ONCE] for at in range(0, len(paths), _AT_ONCE)]
    incoming: list[Connection] = []
    processes = []
    for reader in range(readers):
        here, there = new.Pipe(duplex=False)
        incoming.append(here)
        process = new.Process(target=_read, args=(parts[reader::readers], there, incoming), daemon=True)
        # Where no more processes are allowed, its files are read here.
        with contextlib.suppress(OSError):
            process.start()
            processes.append(process)
        there.close()
    try:
        yield chain.from_iterable(_received(incoming[at % readers], part) for at, part in enumerate(parts))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _read(parts: list[list[Path]], outgoing: Connection, incoming: list[Connection]) -> None:
    """What another process does. Whether it is interrupted is for the one to say that waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for pipe in incoming:
        # A copy that stays open would hide that nobody waits any more.
        pipe.close()
    _widen(outgoing)
    with contextlib.suppress(BrokenPipeError):
        for part in parts:
            outgoing.send([outcome_of(path) for path in part])


def _widen(pipe: Connection) -> None:
    # So that it need not wait until what it found is fetched.
    import fcntl

    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, 1024 * 1024)


def _received(incoming: Connection, part: list[Path]) -> list[Outcome]:
    try:
        outcomes: list[Outcome] = incoming.recv()
    except (EOFError, OSError):
        # The other process is gone, perhaps for want of memory.
        return [outcome_of(path) for path in part]
    return outcomes
