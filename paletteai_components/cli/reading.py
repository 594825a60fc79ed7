"""Reads many files: with several processes, and a progress bar where it takes long."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from paletteai_components.cli.output.waiting import watched
from paletteai_components.stacks.files import Outcome, read_stack_file

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from paletteai_components.stacks.folder import StackFolder

Read = TypeVar("Read")
File = TypeVar("File")

# One process reads fewer stack files than this before another has started. It sends them in so many batches.
MANY = 100
_BATCHES = 4


@contextlib.contextmanager
def reading(folder: StackFolder) -> Iterator[Iterable[tuple[Path, Outcome]]]:
    """The content of each stack file of a folder, in the order of their names.

    Where there are many files, other processes start reading at once, so that the body can import modules meanwhile.
    """
    with reading_files([] if folder.unreadable else folder.files(), read_stack_file, MANY) as outcomes:
        yield outcomes


@contextlib.contextmanager
def reading_files(files: list[File], read: Callable[[File], Read], many: int) -> Iterator[Iterable[tuple[File, Read]]]:
    """What a function reads from each file, in their order.

    Args:
        files: The files, or parts of files.
        read: What reads one. It raises nothing, and what it returns can be pickled.
        many: One process reads fewer of them than this before another has started.
    """
    readers = min(len(os.sched_getaffinity(0)), len(files) // many + 1) if _can_fork() else 1
    if readers < 2:
        yield watched(((file, read(file)) for file in files), len(files))
        return
    with _forked_readers(files, read, readers, -(-many // _BATCHES)) as outcomes:
        yield watched(zip(files, outcomes, strict=True), len(files))


@contextlib.contextmanager
def elsewhere(work: Callable[[], Read]) -> Iterator[Callable[[], Read]]:
    """Does some work in another process while the body runs, if there is a processor for it.

    Yields the function that returns its result. The work raises nothing, and its result can be pickled.
    """
    if not (_can_fork() and len(os.sched_getaffinity(0)) > 1):
        yield work
        return
    with _forked_readers([work], _result, 1, 1) as results:
        yield partial(next, results)


def _result(work: Callable[[], Read]) -> Read:
    return work()


def _can_fork() -> bool:
    # Without fork, a new process would import everything again. A forked copy of a process with threads may hang.
    return sys.platform == "linux" and threading.active_count() == 1


@contextlib.contextmanager
def _forked_readers(
    files: list[File], read: Callable[[File], Read], readers: int, batch: int
) -> Iterator[Iterator[Read]]:
    from multiprocessing import get_context

    new = get_context("fork")
    parts = [files[at : at + batch] for at in range(0, len(files), batch)]
    incoming: list[Connection] = []
    processes = []
    for reader in range(readers):
        here, there = new.Pipe(duplex=False)
        incoming.append(here)
        process = new.Process(target=_read_parts, args=(parts[reader::readers], read, there, incoming), daemon=True)
        # Where no more processes are allowed, this process reads the files.
        with contextlib.suppress(OSError):
            process.start()
            processes.append(process)
        there.close()
    try:
        yield chain.from_iterable(_receive(incoming[at % readers], part, read) for at, part in enumerate(parts))
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _read_parts(
    parts: list[list[File]], read: Callable[[File], Any], outgoing: Connection, incoming: list[Connection]
) -> None:
    """Read files and send what is in them; runs in a forked process, which leaves Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for pipe in incoming:
        # A copy that stays open would hide that the parent is gone.
        pipe.close()
    _enlarge(outgoing)
    with contextlib.suppress(BrokenPipeError):
        for part in parts:
            outgoing.send([read(file) for file in part])


def _enlarge(pipe: Connection) -> None:
    # With room in the pipe a reader goes on before the parent fetches its results.
    import fcntl

    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, 1024 * 1024)


def _receive(incoming: Connection, part: list[File], read: Callable[[File], Read]) -> list[Read]:
    try:
        outcomes: list[Read] = incoming.recv()
    except (EOFError, OSError):
        # The reader is gone, perhaps out of memory.
        return [read(file) for file in part]
    return outcomes
