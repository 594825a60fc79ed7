"""A bar on the terminal for whoever waits while stack files are read."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

# How many seconds nobody minds.
PATIENCE = 1.0


def watched(items: Iterable[Item], total: int) -> Iterator[Item]:
    """The items as they come. On a terminal, where that takes long, a bar shows how many of the total came."""
    if not sys.stderr.isatty():
        yield from items
        return
    items, began = iter(items), time.monotonic()
    for came, item in enumerate(items, 1):
        yield item
        if time.monotonic() - began > PATIENCE:
            yield from _shown(items, came, total)


def _shown(items: Iterator[Item], came: int, total: int) -> Iterator[Item]:
    # Slow to import, so only for those who wait anyhow.
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading stack files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, completed=came)
        for item in items:
            yield item
            bar.advance(task)
