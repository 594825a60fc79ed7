"""The options `--since` and `--slice`: of the stacks that a command is for, those that a change reaches, or a part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.folder import Command, stacks_option
from paletteai_components.cli.reading import reading
from paletteai_components.cli.selection import Choice, chosen_from, matching
from paletteai_components.diagnostics import StackFileError
from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted
from paletteai_components.shell import command
from paletteai_components.stacks.slices import Slice

if TYPE_CHECKING:
    from paletteai_components.changes.difference import Difference
    from paletteai_components.cli.output.reach import Since
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack
    from paletteai_components.stacks.workspace import Workspace

_SLICE = re.compile(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})")


def slice_in(ctx: click.Context, parameter: click.Parameter, given: str | None) -> Slice | None:
    """The callback of an option or an argument that is a slice."""
    if given is None:
        return None
    found = _SLICE.fullmatch(given)
    if found is None or int(found[1]) > int(found[2]):
        raise UserError(
            f"`{redacted(given)}` is no slice, so nothing was done.",
            "Write the number of the slice and how many there are, for example `3/16`.",
        )
    return Slice(int(found[1]), int(found[2]))


def since_a_revision(command: Command) -> Command:
    """Add the option `--since` to a command, which takes the name of a `revision` or None."""
    return click.option(
        "--since",
        "revision",
        metavar="REV",
        help="Only the stacks that a change since the git revision REV reaches, at which everything was deployed.",
    )(command)


def in_a_slice(command: Command) -> Command:
    """Add the option `--slice` to a command, which takes a `Slice` or None called `part`."""
    return click.option(
        "--slice",
        "part",
        metavar="K/N",
        callback=slice_in,
        help="Only the K-th of N slices, for jobs side by side. A stack stays in its slice.",
    )(command)


def asking(program: str, *arguments: str, folder: StackFolder) -> Callable[[str], str]:
    """The command that the user called, with another revision."""
    return lambda name: command(program, *arguments, since=name, stacks=stacks_option(folder))


def every_stack(folder: StackFolder) -> tuple[Workspace, list[Stack]]:
    """The workspace of a folder, and all its stacks by name; of one that cannot be read, its name and file.

    Raises:
        StackFileError: Nothing of the folder can be read.
    """
    with reading(folder) as outcomes:
        from paletteai_components.stacks.workspace import unread_stacks, workspace_from

        workspace = workspace_from(folder, outcomes)
    every = sorted([*workspace.stacks, *unread_stacks(workspace, folder)], key=lambda stack: stack.name)
    if not every and workspace.diagnostics:
        raise StackFileError(workspace.diagnostics)
    return workspace, every


def reached_stacks(
    choice: Choice, folder: StackFolder, revision: str | None, part: Slice | None, again: Callable[[str], str]
) -> tuple[list[Stack], list[Stack], Since | None]:
    """The stacks that are chosen, in the slice and reached since the revision; all stacks; and what is reached.

    Raises:
        StackFileError: Nothing of the folder can be read.
        UserError: No stack meets a condition, or the revision is not there.
    """
    workspace, every = every_stack(folder)
    names = chosen_from(every, choice, folder)
    if part is not None:
        names = frozenset(name for name in names if name in part)
    reached = None
    if revision is not None:
        reached, _ = since(revision, folder, workspace, names, choice, part, again)
        names = frozenset(reached.reasons)
    return [stack for stack in every if stack.name in names], every, reached


def since(
    name: str,
    folder: StackFolder,
    workspace: Workspace,
    chosen: Iterable[str],
    choice: Choice,
    part: Slice | None,
    again: Callable[[str], str],
) -> tuple[Since, Difference]:
    """What a change since a revision reaches, of some stacks of a folder.

    Args:
        name: The revision.
        folder: The folder.
        workspace: All stacks of the folder.
        chosen: The names of the stacks that the command is for.
        choice: How they were chosen.
        part: The slice that they are in, or None.
        again: The command that the user called, with another revision.

    Returns:
        What is reached, and the difference between the workspace and what it was at the revision.

    Raises:
        GitError: There is no such revision in this clone, or the clone lacks part of the history since then.
    """
    from paletteai_components.changes.difference import difference_between
    from paletteai_components.changes.history import history_since
    from paletteai_components.changes.reach import reach_of
    from paletteai_components.changes.revision import revision_named, workspace_at
    from paletteai_components.cli.output.reach import Since
    from paletteai_components.stacks.stack import Stack

    revision = revision_named(name, folder, again)
    history = history_since(revision, folder)
    difference = difference_between(workspace_at(revision, folder, workspace), workspace)
    reach = reach_of(workspace, difference, history)
    chosen = sorted(chosen)
    # Of a file that is gone, only its name is known for certain.
    gone = matching([Stack(each, str(folder.file_of(each))) for each in reach.removed], choice, folder)
    removed = (each for each in reach.removed if each in gone and (part is None or each in part))
    reasons = {each: reach.reached[each] for each in chosen if each in reach.reached}
    return Since(revision, reasons, tuple(each for each in chosen if each not in reasons), tuple(removed)), difference
