"""The folder with the stack files, as a command is told of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., None])


def in_a_folder(command: Command, /, purpose: str = "The folder with the stack files.") -> Command:
    """The option that names the folder. `purpose` is what its help says."""
    option = click.option(
        "--stacks",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default="stacks",
        show_default=True,
        help=purpose,
    )
    return option(command)
