"""The options that commands share: `--stacks`, `--context` and `--format`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from paletteai_components import shell
from paletteai_components.diagnostics import StackFileError
from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.writer import quoted
from paletteai_components.repository import SCHEMA

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder

Command = TypeVar("Command", bound=Callable[..., None])


def in_a_folder(command: Command, /, purpose: str = "The folder with the stack files.") -> Command:
    """Add the option `--stacks` to a command, which takes a `StackFolder`; `purpose` is the option's help text."""
    option = click.option(
        "--stacks",
        "folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        callback=_find,
        help=f"{purpose}  [default: the one that Pulumi reads, else stacks]",
    )
    return option(command)


def _find(ctx: click.Context, parameter: click.Parameter, given: Path | None) -> StackFolder | Path | None:
    # Completion asks for what is named, and nothing that it does not need is read for it.
    if ctx.resilient_parsing:
        return given
    # The reader of YAML is not needed for the help.
    from paletteai_components.stacks.folder import stack_folder

    return stack_folder(given)


def project_of(folder: StackFolder) -> Path:
    """The folder of the Pulumi project that reads the stack files, where Pulumi has to run.

    Raises UserError if there is none, because Pulumi would not read these stack files.
    """
    if folder.unreadable:
        raise StackFileError(folder.unreadable)
    if folder.project is None:
        raise UserError(
            f"no Pulumi project was found that reads the stack files in {folder}, so Pulumi cannot use them.",
            "Run the command in the folder of their project, and set `stackConfigDir` in its Pulumi.yaml to the path "
            "of their folder.",
        )
    return folder.project.folder.resolve()


def home_of(folder: StackFolder) -> Path:
    """The folder of the Pulumi project; if there is none, the one where it belongs."""
    if folder.project is not None:
        return folder.project.folder
    return folder.path if folder.path.name in {"", ".."} else folder.path.parent


def schema_in(home: Path) -> Path | None:
    """The schema of stack files in the folder of a project, or None: a checkout of this package has its own."""
    schemas = (home / "paletteai_components" / "schema" / "stack.json", home / SCHEMA)
    return next((each for each in schemas if each.is_file()), None)


def project_steps(folder: StackFolder) -> list[str]:
    """The command that writes the project file, if there is none."""
    if folder.project is not None:
        return []
    home, lines = home_of(folder), ["name: paletteai", "runtime: python"]
    if home != folder.path:
        lines.append(f"stackConfigDir: {quoted(folder.path.name)}")
    words = " ".join(shell.word(line) for line in lines)
    return [f"printf '%s\\n' {words} > {shell.word(shell.as_typed(home / 'Pulumi.yaml'))}"]


def on_a_cluster(command: Command, /, *, default: str = "the current one") -> Command:
    """Add the options `--context` and `--kubeconfig` to a command; `default` says which context is used without."""
    kubeconfig = click.option(
        "--kubeconfig",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="The kubeconfig to use.  [default: KUBECONFIG, else ~/.kube/config]",
    )
    context = click.option(
        "--context", metavar="NAME", help=f"The context of the kubeconfig to use.  [default: {default}]"
    )
    return context(kubeconfig(command))


def in_a_format(*formats: str, purpose: str = "The output format.") -> Callable[[Command], Command]:
    """The option `--format`, of which the first choice is the default; `purpose` is its help text."""
    return click.option(
        "--format", "output_format", type=click.Choice(formats), default=formats[0], show_default=True, help=purpose
    )


def stacks_option(folder: StackFolder) -> Path | None:
    """The value of `--stacks` that a printed command needs to find the folder; None if it finds it without."""
    return folder.given
