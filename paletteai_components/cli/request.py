"""How `preview`, `up` and `refresh` are called. What they do is in `environment`, and takes long to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.completion import environments
from paletteai_components.cli.folder import Command, in_a_folder, in_a_format
from paletteai_components.cli.selection import naming_stacks
from paletteai_components.cli.since import in_a_slice, since_a_revision

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.slices import Slice


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments and options of a command."""

    environment: str
    words: tuple[str, ...]
    clusters: tuple[str, ...]
    folder: StackFolder
    revision: str | None
    """The revision since which a change has to reach a stack, or None."""
    part: Slice | None
    """The slice that a stack has to be in, or None."""
    parallel: int
    installs: bool
    """Whether to install Pulumi for the project without asking, where it is missing."""
    verbose: bool
    """Whether to show every message of Pulumi, also for stacks that succeeded."""
    output_format: str


def on_an_environment(command: Command) -> Command:
    """Add the arguments and options of a `Request` to a command."""
    for decorate in (
        in_a_format("text", "json"),
        click.option("--verbose", is_flag=True, help="Show Pulumi's messages also for stacks that succeeded."),
        click.option("--install", "installs", is_flag=True, help="Install Pulumi for this project if it is missing."),
        click.option(
            "--parallel",
            type=click.IntRange(min=1),
            metavar="N",
            default=_parallel,
            help="How many stacks run at a time.  [default: three for every two CPUs]",
        ),
        in_a_folder,
        in_a_slice,
        since_a_revision,
        naming_stacks,
        click.argument("environment", metavar="ENV", shell_complete=environments),
    ):
        command = decorate(command)
    return command


def _parallel() -> int:
    from paletteai_components.deployment.runs import default_parallel

    return default_parallel()
