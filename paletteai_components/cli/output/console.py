"""The console that prints trees, pages and progress, in the colours that the user asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from rich.console import Console

# Elsewhere than on a terminal no line is wrapped.
_ENDLESS = 1_000_000


def is_coloured(stream: TextIO) -> bool:
    """Whether the text on a stream has colours: what `--color` says, else whether it is a terminal."""
    context = click.get_current_context(silent=True)
    wanted = context.color if context else None
    return stream.isatty() if wanted is None else wanted


def console_on(stream: TextIO) -> Console:
    """The console for a stream."""
    # Slow to import.
    from rich.console import Console

    coloured, on_terminal = is_coloured(stream), stream.isatty()
    return Console(
        file=stream,
        force_terminal=coloured or on_terminal,
        color_system=("auto" if on_terminal else "standard") if coloured else None,
        no_color=not coloured,
        highlight=False,
        width=None if on_terminal else _ENDLESS,
    )
