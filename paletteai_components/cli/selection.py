"""The stacks that a command names, checked together with all stacks of their folder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.folder import Command, in_a_folder, stacks_option
from paletteai_components.cli.reading import reading
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, StackFileError, errors_in, escaped
from paletteai_components.errors import UserError
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import redacted
from paletteai_components.shell import command

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack
    from paletteai_components.stacks.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Selection:
    """The stacks that a command names."""

    workspace: Workspace
    """Every stack of the folder."""
    stacks: tuple[Stack, ...]
    diagnostics: tuple[Diagnostic, ...]
    unreadable: tuple[str, ...] = ()
    """The selected stacks, or the folder, that could not be read."""

    @property
    def exit_code(self) -> int:
        """2 if something could not be read, 1 if there are errors, else 0."""
        return 2 if self.unreadable else int(bool(errors_in(self.diagnostics)))


def choosing_stacks(command: Command) -> Command:
    """Add the arguments that select stacks to a command: their names and the option `--stacks`."""
    return click.argument("names", metavar="[STACK]...", nargs=-1)(in_a_folder(command))


def selected(names: tuple[str, ...], folder: StackFolder, crds: Path | None = None) -> Selection:
    """Read and check all stacks of a folder, and select some of them.

    Args:
        names: The stacks to select; all of them if empty.
        folder: The folder with the stack files.
        crds: A file or folder with CRDs to check the manifests against.

    Returns:
        The selected stacks. What could not be read is among the diagnostics.

    Raises:
        UserError: A name is not a stack of the folder, or the folder has no stack file.
    """
    try:
        with reading(folder) as outcomes:
            # Importing the rules takes half of the start-up time; meanwhile other processes read.
            from paletteai_components.rules import diagnostics_of
            from paletteai_components.stacks.stack import Stack
            from paletteai_components.stacks.workspace import concerning, workspace_from

            workspace = workspace_from(folder, outcomes)
        if crds is not None:
            from paletteai_components.kube.crds import crds_from

            workspace = replace(workspace, crds=crds_from(crds))
    except StackFileError as error:
        from paletteai_components.stacks.workspace import Workspace

        return Selection(Workspace(), (), error.diagnostics, (str(folder),))
    known = workspace.names
    if not known and workspace.diagnostics:
        return Selection(workspace, (), tuple(diagnostics_of(workspace)), (str(folder),))
    if not known and not names:
        new = command("paletteai new", "TENANT", "ENV", stacks=stacks_option(folder))
        raise UserError(
            f"there is no stack file in `{folder}`, so there is nothing to check.",
            f"Write one with `{new}`, or name another folder with `--stacks DIR`.",
        )
    for name in names:
        if name not in known:
            raise _unknown_stack(name, known, folder)
    diagnostics = diagnostics_of(workspace)
    if not names:
        return Selection(workspace, workspace.stacks, tuple(diagnostics), workspace.unreadable)
    stacks = tuple(stack for stack in workspace.stacks if stack.name in names)
    unread = {name: Stack(name, str(folder.file_of(name))) for name in workspace.unreadable}
    chosen = concerning(diagnostics, [*stacks, *(stack for name, stack in unread.items() if name in names)])
    others = [_unchecked_note(stack, folder) for name, stack in unread.items() if name not in names]
    return Selection(workspace, stacks, (*chosen, *others), tuple(name for name in unread if name in names))


def _unknown_stack(name: str, known: list[str], folder: StackFolder) -> UserError:
    if len(known) <= 10:
        all_stacks = f"There are these stacks: {', '.join(f'`{escaped(each)}`' for each in known) or 'none'}."
    else:
        all_stacks = f"`{command('paletteai plan', stacks=stacks_option(folder))}` shows all stacks."
    return UserError(f"there is no stack `{redacted(name)}` in `{folder}`.", did_you_mean(name, known) or all_stacks)


def _unchecked_note(stack: Stack, folder: StackFolder) -> Diagnostic:
    return Diagnostic(
        "PAI012",
        f"stack `{escaped(stack.name)}` could not be read, so conflicts between it and the selected stacks were not "
        "checked.",
        f"Run `{command('paletteai check', stack.name, stacks=stacks_option(folder))}`.",
        (SourceLocation(stack.file),),
        Severity.NOTE,
    )
