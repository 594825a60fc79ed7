"""A progress bar on the terminal while stack files are read."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from paletteai_components.cli.output.console import console_on

Item = TypeVar("Item")

# Seconds to wait before a bar is shown.
PATIENCE = 1.0


def watched(items: Iterable[Item], total: int) -> Iterator[Item]:
    """Yield the items as they come. On a terminal, a bar shows the progress if that takes long."""
    if not sys.stderr.isatty():
        yield from items
        return
    items, began = iter(items), time.monotonic()
    for done, item in enumerate(items, 1):
        yield item
        if time.monotonic() - began > PATIENCE:
            yield from _with_bar(items, done, total)


def _with_bar(items: Iterator[Item], done: int, total: int) -> Iterator[Item]:
    # Slow to import, so it is imported only when the user waits anyway.
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading stack files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console_on(sys.stderr), transient=True) as bar:
        task = bar.add_task("", total=total, completed=done)
        for item in items:
            yield item
            bar.advance(task)
