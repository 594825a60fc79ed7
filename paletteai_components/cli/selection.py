"""The stacks that a command is for, checked together with all stacks of their folder."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from paletteai_components.cli import completion
from paletteai_components.cli.folder import Command, in_a_folder, stacks_option
from paletteai_components.cli.reading import reading
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, StackFileError, errors_in, escaped
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import named, redacted
from paletteai_components.shell import command, exactly, is_glob

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack
    from paletteai_components.stacks.workspace import Workspace

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Choice:
    """The stacks that a command is called for: those that meet every condition, and all of them without any."""

    words: tuple[str, ...] = ()
    """Names of stacks, globs for names, and paths of stack files. A stack meets the condition if it meets one."""
    environments: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()

    @property
    def is_narrow(self) -> bool:
        """Whether there is any condition."""
        return bool(self.words or self.environments or self.clusters)


@dataclass(frozen=True, slots=True)
class Selection:
    """The stacks that a command is for."""

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


def of_one_cluster(stacks: Iterable[Stack], consequence: str) -> None:
    """Refuses stacks of several clusters with a UserError, which tells the consequence."""
    clusters = dict.fromkeys(redacted(stack.cluster_name) for stack in stacks)
    if len(clusters) > 1:
        raise UserError(
            f"these stacks are for {len(clusters)} clusters ({', '.join(f'`{each}`' for each in clusters)}), "
            f"{consequence}.",
            "Choose the stacks of one cluster with `--cluster NAME`.",
        )


def naming_stacks(command: Command) -> Command:
    """Add the argument `[STACK]...` and the option `--cluster` to a command, which takes `words` and `clusters`."""
    cluster = click.option(
        "--cluster", "clusters", multiple=True, metavar="NAME", help="Only the stacks for this cluster. Repeatable."
    )
    stacks = click.argument("words", metavar="[STACK]...", nargs=-1, shell_complete=completion.stacks)
    return stacks(cluster(command))


def choosing_stacks(command: Command) -> Command:
    """Add the arguments and options that select stacks to a command, which takes a `Choice` and a `StackFolder`."""

    @wraps(command)
    def with_choice(
        *arguments: Any,
        words: tuple[str, ...],
        environments: tuple[str, ...],
        clusters: tuple[str, ...],
        **options: Any,
    ) -> None:
        command(*arguments, choice=Choice(words, environments, clusters), **options)

    environment = click.option(
        "--env",
        "environments",
        multiple=True,
        metavar="ENV",
        shell_complete=completion.environments,
        help="Only the stacks of this environment. Repeatable.",
    )
    return cast("Command", naming_stacks(environment(in_a_folder(with_choice))))


def selected(choice: Choice, folder: StackFolder, crds: Path | None = None, *, may_be_empty: bool = False) -> Selection:
    """Read and check all stacks of a folder, and select some of them.

    Args:
        choice: The stacks to select.
        folder: The folder with the stack files.
        crds: A file or folder with CRDs to check the manifests against.
        may_be_empty: Whether a folder that its project reads may have no stack file yet.

    Returns:
        The selected stacks. What could not be read is among the diagnostics.

    Raises:
        UserError: A condition is met by no stack of the folder, or the folder has no stack file.
    """
    try:
        with reading(folder) as outcomes:
            # Importing the rules takes half of the start-up time; meanwhile other processes read.
            from paletteai_components.cli.checking import checked
            from paletteai_components.stacks.workspace import concerning, unread_stacks, workspace_from

            workspace = workspace_from(folder, outcomes)
        if crds is not None:
            from paletteai_components.kube.crds import crds_from

            workspace = replace(workspace, crds=crds_from(crds))
    except StackFileError as error:
        from paletteai_components.stacks.workspace import Workspace

        return Selection(Workspace(), (), error.diagnostics, (str(folder),))
    known = workspace.names
    if not known and workspace.diagnostics:
        return Selection(workspace, (), tuple(checked(workspace)), (str(folder),))
    if not known and not choice.is_narrow:
        if may_be_empty and folder.project is not None:
            return Selection(workspace, (), ())
        raise UserError(
            f"there is no stack file in `{folder}`, so there is nothing to check.",
            f"Write one with `{command_for_a_new_stack(folder)}`, or name another folder with `--stacks DIR`.",
        )
    unread = unread_stacks(workspace, folder)
    chosen = chosen_from([*workspace.stacks, *unread], choice, folder)
    diagnostics = checked(workspace)
    if not choice.is_narrow:
        return Selection(workspace, workspace.stacks, tuple(diagnostics), workspace.unreadable)
    stacks = tuple(stack for stack in workspace.stacks if stack.name in chosen)
    own = concerning(diagnostics, [*stacks, *(stack for stack in unread if stack.name in chosen)])
    others = [_unchecked_note(stack, folder) for stack in unread if stack.name not in chosen]
    return Selection(workspace, stacks, (*own, *others), tuple(each.name for each in unread if each.name in chosen))


def command_for_a_new_stack(folder: StackFolder) -> str:
    """The command that writes the first stack file of a folder."""
    return command("paletteai new", "TENANT", "ENV", stacks=stacks_option(folder))


def chosen_from(stacks: Sequence[Stack], choice: Choice, folder: StackFolder) -> frozenset[str]:
    """The names of the stacks that meet every condition of a choice, of which each has to be met by some stack.

    Args:
        stacks: All stacks of the folder; of one that cannot be read, its name and file.
        choice: The conditions.
        folder: The folder of their files.

    Raises:
        UserError: No stack meets a condition, or none meets all of them.
    """
    names = [stack.name for stack in stacks]
    for word, named_by_it in _named_by(choice.words, names, folder).items():
        if not named_by_it:
            raise unknown_stack(word, names, folder)
    environments = {stack.environment for stack in stacks}
    for environment in choice.environments:
        if environment not in environments:
            condition = f"belongs to environment `{redacted(environment)}`"
            raise _unmet(condition, "environments", map(named, environments), folder)
    clusters = {stack.cluster for stack in stacks if stack.cluster}
    for cluster in choice.clusters:
        if cluster not in clusters and all(map(_names_its_cluster, stacks)):
            raise _unmet(f"is for cluster `{redacted(cluster)}`", "clusters", map(redacted, clusters), folder)
    chosen = matching(stacks, choice, folder)
    if not chosen and choice.is_narrow:
        met = {
            "is named by": choice.words,
            "belongs to environment": choice.environments,
            "is for cluster": choice.clusters,
        }
        conditions = [f"{what} {listed(_quoted(values), _LISTED)}" for what, values in met.items() if values]
        plan = command("paletteai plan", stacks=stacks_option(folder))
        raise UserError(f"no stack in `{folder}` {' and '.join(conditions)}.", f"`{plan}` shows all stacks.")
    return chosen


def matching(stacks: Sequence[Stack], choice: Choice, folder: StackFolder) -> frozenset[str]:
    """The names of the stacks that meet every condition of a choice; perhaps none.

    A stack whose cluster cannot be known, because its file cannot be read, is taken for every cluster: what is wrong
    with it must not stay unsaid.
    """
    by_word = set().union(*_named_by(choice.words, [stack.name for stack in stacks], folder).values())
    return frozenset(
        stack.name
        for stack in stacks
        if (not choice.words or stack.name in by_word)
        and (not choice.environments or stack.environment in choice.environments)
        and (not choice.clusters or stack.cluster in choice.clusters or not _names_its_cluster(stack))
    )


def _names_its_cluster(stack: Stack) -> bool:
    """Whether it is known for which cluster a stack is, or that it names none."""
    return stack.spec is not None and stack.identified


def _named_by(words: Iterable[str], names: Sequence[str], folder: StackFolder) -> dict[str, set[str]]:
    """The stacks that each word names. One that is a name and a glob means both, so no stack can hide another."""
    known, found = set(names), dict[str, set[str]]()
    for word in words:
        meant = {each for each in (word, _stack_at(word, folder)) if each is not None}
        found[word] = meant & known
        for glob in meant:
            if is_glob(glob):
                found[word].update(name for name in names if fnmatchcase(name, glob))
    return found


def _stack_at(word: str, folder: StackFolder) -> str | None:
    """The name, or the glob for names, in the path of a stack file of the folder; None if the word is no such path."""
    path = Path(word)
    name = folder.stack_of(path.name)
    if name is None or os.path.realpath(path.parent) != os.path.realpath(folder.path):
        return None
    return name


def the_stack(word: str, names: Sequence[str], folder: StackFolder, taker: str) -> str:
    """The one stack that a word names: by its name, a glob or the path of its file.

    Args:
        word: The word.
        names: The names of all stacks of the folder.
        folder: The folder of their files.
        taker: What takes one stack, for the error.

    Raises:
        UserError: It names no stack, or several.
    """
    found = sorted(stacks_named_by(word, names, folder))
    if not found:
        raise unknown_stack(word, names, folder)
    if len(found) > 1:
        raise several_stacks(word, found, taker)
    return found[0]


def stacks_named_by(word: str, names: Sequence[str], folder: StackFolder) -> set[str]:
    """The stacks that a word names, by a name, a glob or the path of a file; perhaps none."""
    return _named_by((word,), names, folder)[word]


def several_stacks(word: str, names: Sequence[str], taker: str) -> UserError:
    """The error of a word that names several stacks where one is taken."""
    return UserError(
        f"`{redacted(word)}` matches {len(names):,} stacks, but {taker} takes one.",
        f"Name one of them: {listed((f'`{escaped(name)}`' for name in names), _LISTED)}.",
    )


def unknown_stack(word: str, names: Sequence[str], folder: StackFolder) -> UserError:
    """The error of a word that names none of the stacks of a folder."""
    shown = f"`{redacted(word)}`"
    if "/" in word:
        return UserError(
            f"{shown} is no stack file in `{folder}`.",
            "Name a file in that folder, or the other folder with `--stacks`.",
        )
    if len(names) <= _LISTED:
        all_stacks = f"There are these stacks: {', '.join(f'`{escaped(each)}`' for each in names) or 'none'}."
    else:
        all_stacks = f"`{command('paletteai plan', stacks=stacks_option(folder))}` shows all stacks."
    if is_glob(word):
        return UserError(f"no stack in `{folder}` matches {shown}.", all_stacks)
    return UserError(f"there is no stack {shown} in `{folder}`.", did_you_mean(word, names) or all_stacks)


def _unmet(condition: str, kind: str, known: Iterable[str], folder: StackFolder) -> UserError:
    values = listed((f"`{each}`" for each in sorted(known)), _LISTED) or "none"
    return UserError(f"no stack in `{folder}` {condition}.", f"There are these {kind}: {values}.")


def _quoted(values: Iterable[str]) -> Iterable[str]:
    return (f"`{redacted(value)}`" for value in values)


def _unchecked_note(stack: Stack, folder: StackFolder) -> Diagnostic:
    return Diagnostic(
        "PAI012",
        f"stack `{escaped(stack.name)}` could not be read, so conflicts between it and the selected stacks were not "
        "checked.",
        f"Run `{command('paletteai check', exactly(stack.name), stacks=stacks_option(folder))}`.",
        (SourceLocation(stack.file),),
        Severity.NOTE,
    )
