"""A progress bar on the terminal while stack files or the objects of a cluster are read."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypeVar

from paletteai_components.cli.output.console import console_on

if TYPE_CHECKING:
    from rich.progress import Progress

Item = TypeVar("Item")

# Seconds to wait before a bar is shown.
PATIENCE = 1.0


def watched(items: Iterable[Item], total: int, doing: str = "reading stack files") -> Iterator[Item]:
    """Yield the items as they come. On a terminal, a bar shows the progress if that takes long."""
    if not sys.stderr.isatty():
        yield from items
        return
    items, began = iter(items), time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if time.monotonic() - began > PATIENCE:
            yield from _with_bar(items, done, total, doing)


@contextmanager
def counted() -> Iterator[Callable[[str, int, int], None]]:
    """Show on a terminal how many objects of a cluster have been read, if that takes long.

    Yields the function to call with each page: its kind, the objects on it, and those that are still to come.
    """
    if not sys.stderr.isatty():
        yield lambda kind, number, remaining: None
        return
    began, done = time.monotonic(), 0
    with ExitStack() as stack:
        bars: list[Progress] = []

        def tell(kind: str, number: int, remaining: int) -> None:
            nonlocal done
            done += number
            if not bars and time.monotonic() - began > PATIENCE:
                bars.append(stack.enter_context(_bar("reading the cluster")))
                bars[0].add_task("")
            for bar in bars:
                bar.update(bar.task_ids[0], completed=done, total=done + remaining)

        yield tell


def _with_bar(items: Iterator[Item], done: int, total: int, doing: str) -> Iterator[Item]:
    with _bar(doing) as bar:
        task = bar.add_task("", total=total, completed=done)
        for item in items:
            yield item
            bar.advance(task)


def _bar(doing: str) -> Progress:
    # Slow to import, so it is imported only when the user waits anyway.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console_on(sys.stderr), transient=True)
