"""The options that commands share: `--stacks` and `--format`."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from paletteai_components.diagnostics import escaped

Command = TypeVar("Command", bound=Callable[..., None])

DEFAULT_FOLDER = "stacks"


def in_a_folder(command: Command, /, purpose: str = "The folder with the stack files.") -> Command:
    """Add the option `--stacks`, the folder with the stack files, to a command.

    Args:
        command: The command.
        purpose: The help text of the option.
    """
    option = click.option(
        "--stacks",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=DEFAULT_FOLDER,
        show_default=True,
        help=purpose,
    )
    return option(command)


def text_or_json(command: Command) -> Command:
    """Add the option `--format` with the choices text and json to a command."""
    option = click.option(
        "--format",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="The output format.",
    )
    return option(command)


def stacks_option(folder: Path) -> str:
    """The option that a printed command needs to find the stacks of `folder`; empty for the default folder."""
    return "" if folder == Path(DEFAULT_FOLDER) else f" --stacks {escaped(shlex.quote(str(folder)))}"
