"""The options that commands share: `--stacks` and `--format`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from paletteai_components.shell import DEFAULT_FOLDER, folder_option

Command = TypeVar("Command", bound=Callable[..., None])


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


def in_a_format(*formats: str, purpose: str = "The output format.") -> Callable[[Command], Command]:
    """The option `--format`.

    Args:
        formats: The choices. The first one is the default.
        purpose: The help text of the option.
    """
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help=purpose,
    )


def stacks_option(folder: Path) -> Path | None:
    """The value of `--stacks` that a printed command needs to find the folder; None if it finds it without."""
    return folder_option(folder)
