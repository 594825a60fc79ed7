#!/usr/bin/env python3
"""Writes the page of what `--help` prints, docs/help.md: `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from paletteai_components.cli import main as paletteai

PAGE = Path(__file__).resolve().parent.parent / "docs" / "help.md"
_HEAD = """\
# Help texts

What `--help` prints after each command: arguments, options, examples that can be pasted, and exit codes.
`make docs` writes this page; [the command](command.md) explains more.
"""


def page() -> str:
    """The page."""
    blocks = (f"## {name}\n\n```text\n{text}\n```\n" for name, text in helps())
    return "\n".join([_HEAD, *blocks])


def helps() -> Iterator[tuple[str, str]]:
    """The name of every command, and its help in a terminal of 80 columns."""
    root = click.Context(paletteai, info_name="paletteai", terminal_width=78, **paletteai.context_settings)
    yield "paletteai", paletteai.get_help(root)
    yield from _below(root, "")


def _below(parent: click.Context, prefix: str) -> Iterator[tuple[str, str]]:
    group = parent.command
    assert isinstance(group, click.Group)  # noqa: S101
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None  # noqa: S101
        context = click.Context(command, info_name=name, parent=parent, terminal_width=78)
        yield f"{prefix}{name}", command.get_help(context)
        if isinstance(command, click.Group):
            yield from _below(context, f"{name} ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
