"""A selection: the stacks a command was asked for, judged among all stacks of their folder."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.folder import Command, in_a_folder
from paletteai_components.cli.reading import reading
from paletteai_components.diagnostics import Place, Problem, Severity, StackFileError, escaped
from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted

if TYPE_CHECKING:
    from paletteai_components.stacks.stack import Stack
    from paletteai_components.stacks.workspace import Fleet


@dataclass(frozen=True, slots=True)
class Selection:
    """Chosen stacks.

    Fields:
        fleet: every stack of the folder.
        stacks: the chosen ones that could be read.
        problems: what is wrong with the chosen ones, in order.
        unreadable: the chosen stacks, or the folder, that could not be read.
    """

    fleet: Fleet
    stacks: tuple[Stack, ...]
    problems: tuple[Problem, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether a problem refuses the plan."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def exit_code(self) -> int:
        """2 where something could not be read, 1 where there are errors, else 0."""
        return 2 if self.unreadable else int(self.has_errors)


def choosing_stacks(command: Command) -> Command:
    """The arguments by which a command chooses stacks: their names and the folder they are in."""
    return click.argument("names", metavar="[STACK]...", nargs=-1)(in_a_folder(command))


def selected(names: tuple[str, ...], folder: Path, crds: Path | None = None) -> Selection:
    """The stacks of these names; all of the folder's where none is named.

    All stacks of the folder are judged together, and against CRDs where their path is given. What could
    not be read is among the problems.
    """
    try:
        with reading(folder) as outcomes:
            # Half of the start-up time goes into importing what judges; meanwhile other processes read.
            from paletteai_components.rules import problems_of
            from paletteai_components.stacks.stack import Stack
            from paletteai_components.stacks.workspace import concerning, fleet_from

            fleet = fleet_from(folder, outcomes)
        if crds is not None:
            from paletteai_components.kube.crds import crds_from

            fleet = replace(fleet, crds=crds_from(crds))
    except StackFileError as error:
        from paletteai_components.stacks.workspace import Fleet

        return Selection(Fleet(), (), error.problems, (str(folder),))
    known = [*(stack.name for stack in fleet.stacks), *fleet.unreadable]
    if not known and not names:
        raise UserError(
            f"there is no stack file in {folder}, so there is nothing to judge.",
            "`paletteai new` writes one; `--stacks` names another folder.",
        )
    for name in names:
        if name not in known:
            raise _unknown(name, known, folder)
    problems = problems_of(fleet)
    if not names:
        return Selection(fleet, fleet.stacks, tuple(problems), fleet.unreadable)
    stacks = tuple(stack for stack in fleet.stacks if stack.name in names)
    unread = {name: Stack(name, str(folder / f"Pulumi.{name}.yaml")) for name in fleet.unreadable}
    chosen = concerning(problems, [*stacks, *(stack for name, stack in unread.items() if name in names)])
    others = [_unjudged(stack) for name, stack in unread.items() if name not in names]
    return Selection(fleet, stacks, (*chosen, *others), tuple(name for name in unread if name in names))


def _unknown(name: str, known: list[str], folder: Path) -> UserError:
    nearest = difflib.get_close_matches(name, known, 1)
    remedy = f"Did you mean {escaped(nearest[0])}?" if nearest else "`paletteai check` lists them all."
    if not nearest and len(known) <= 10:
        remedy = f"There are: {', '.join(map(escaped, known)) or 'none'}."
    return UserError(f"there is no stack {redacted(name)} in {folder}.", remedy)


def _unjudged(stack: Stack) -> Problem:
    return Problem(
        "PAI012",
        f"the stack {escaped(stack.name)} could not be read, so what it has in common with the chosen ones was "
        "not judged.",
        f"Run `paletteai check {escaped(stack.name)}`.",
        (Place(stack.file),),
        Severity.NOTE,
    )
