"""The options that commands share: `--stacks` and `--format`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from paletteai_components.diagnostics import shell_word

Command = TypeVar("Command", bound=Callable[..., None])

DEFAULT_FOLDER = "stacks"


def in_a_folder(command: Command, /, purpose: str = "The folder with the stack files.") -> Command:
    """Add the option `--stacks`, the folder with the stack files, to a command; `purpose` is its help text."""
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


def in_a_format(*formats: str, purpose: str = "The output format.") -> Callable[[Command], Command]:
    """The option `--format`, of which the first choice is the default; `purpose` is its help text."""
    return click.option(
        "--format", "output_format", type=click.Choice(formats), default=formats[0], show_default=True, help=purpose
    )


def stacks_option(folder: Path) -> str:
    """The option that a printed command needs to find the stacks of `folder`; empty for the default folder."""
    return "" if folder == Path(DEFAULT_FOLDER) else f" --stacks {shell_word(folder)}"
