"""A difference: what a change of stack files does, and what it does to whom.

Two fleets are compared stack by stack. What could not be read or understood on one side is compared
with nothing: it would look as if it had been removed.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from enum import StrEnum

from paletteai_components.changes.fields import FieldChange, field_changes
from paletteai_components.changes.impact import (
    IntegrationChange,
    Move,
    RemovalChange,
    SourceChange,
    integration_changes,
    moves_between,
    removal_changes,
    source_changes,
)
from paletteai_components.changes.objects import Action, ObjectChange, object_changes
from paletteai_components.changes.pairs import paired
from paletteai_components.diagnostics import Problem, Severity, in_order
from paletteai_components.rules import problems_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Fleet


class Presence(StrEnum):
    """Whether a stack file is new, gone, or there on both sides."""

    APPEARS = "appears"
    GOES = "goes"
    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class StackChange:
    """A stack file that appears or goes, or a stack that is deployed otherwise.

    Fields:
        stack, file: the stack and its file.
        presence: see `Presence`.
        fields: `cluster`, `kubernetes:context`, `environment` and `apiVersion`, where they differ.
    """

    stack: str
    file: str
    presence: Presence
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What the files of one fleet do, compared with those of another.

    Fields:
        stacks, objects, moves, integrations, sources, removals: what is different, each stack by its name.
        introduced, mended: the problems that only the second fleet has, and that only the first has.
        kept: the problems that both have.
        uncompared: the stacks of which one side could not be read.
        unchanged: how many stacks there is nothing to tell of.
    """

    stacks: tuple[StackChange, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    moves: tuple[Move, ...] = ()
    integrations: tuple[IntegrationChange, ...] = ()
    sources: tuple[SourceChange, ...] = ()
    removals: tuple[RemovalChange, ...] = ()
    introduced: tuple[Problem, ...] = ()
    mended: tuple[Problem, ...] = ()
    kept: tuple[Problem, ...] = ()
    uncompared: tuple[str, ...] = ()
    unchanged: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (any(self.told_of) or self.introduced or self.mended or self.uncompared)

    @property
    def told_of(self) -> set[str]:
        """The names of the stacks there is something to tell of."""
        several = (self.stacks, self.objects, self.moves, self.integrations, self.sources, self.removals)
        names = {each.stack for changes in several for each in changes}
        names |= {each.former_stack for each in self.objects if each.former_stack}
        return names.union(each.former_stack for each in self.moves)

    @property
    def has_errors(self) -> bool:
        """Whether an error is introduced."""
        return any(problem.severity is Severity.ERROR for problem in self.introduced)

    def objects_that_are(self, *actions: Action) -> list[ObjectChange]:
        """The objects to which one of these happens."""
        return [each for each in self.objects if each.action in actions]


def difference_between(before: Fleet, after: Fleet) -> Difference:
    """What it does when one fleet takes the place of another.

    A stack that is the same object in both costs no more than the rules.
    """
    was, now = problems_of(before), problems_of(after)
    wrong = [
        {place.file for each in side if each.severity is Severity.ERROR for place in each.where} for side in (was, now)
    ]
    pairs = _in_pairs(before, after)
    uncompared = {*before.unreadable, *after.unreadable}
    uncompared |= {name for name, pair in pairs.items() if not all(stack is None or _is_whole(stack) for stack in pair)}
    unlike = {name: pair for name, pair in pairs.items() if name not in uncompared and pair[0] is not pair[1]}
    compared = [(old, new, (_may_be_told(old, wrong[0]), _may_be_told(new, wrong[1]))) for old, new in unlike.values()]
    both = [(old, new, shown) for old, new, shown in compared if old and new]
    introduced, mended, kept = _problems_apart(was, now)
    difference = Difference(
        tuple(change for old, new, _ in compared if (change := _stack_change(old, new))),
        tuple(object_changes(compared)),
        tuple(moves_between((old for old, _, _ in compared if old), (new for _, new, _ in compared if new))),
        tuple(change for old, new, shown in both for change in integration_changes(old, new, shown)),
        tuple(change for old, new, _ in compared if new for change in source_changes(old, new)),
        tuple(change for old, new, _ in both for change in removal_changes(old, new)),
        introduced,
        mended,
        kept,
        tuple(sorted(uncompared)),
    )
    return replace(difference, unchanged=len(pairs.keys() - uncompared - difference.told_of))


def _in_pairs(before: Fleet, after: Fleet) -> dict[str, tuple[Stack | None, Stack | None]]:
    was, now = ({stack.name: stack for stack in fleet.stacks} for fleet in (before, after))
    return {name: (was.get(name), now.get(name)) for name in sorted(was.keys() | now.keys())}


def _is_whole(stack: Stack) -> bool:
    return stack.spec is not None and stack.whole


def _may_be_told(stack: Stack | None, wrong: set[str]) -> bool:
    # What a rule refuses may be anything, a key too.
    return stack is None or wrong.isdisjoint((stack.file, *(document.file for document in stack.documents)))


def _stack_change(before: Stack | None, after: Stack | None) -> StackChange | None:
    if before and after:
        fields = field_changes(deployment_of(before), deployment_of(after))
        return StackChange(after.name, after.file, Presence.STAYS, fields) if fields else None
    if after:
        return StackChange(after.name, after.file, Presence.APPEARS)
    return StackChange(before.name, before.file, Presence.GOES) if before else None


def deployment_of(stack: Stack) -> dict[str, str]:
    """To where a stack is deployed, and as what, by the names that stack files have for it."""
    facts = {
        "cluster": stack.cluster,
        "kubernetes:context": stack.context,
        "environment": stack.environment,
        "apiVersion": stack.vendor.api_version,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _problems_apart(before: list[Problem], after: list[Problem]) -> tuple[tuple[Problem, ...], ...]:
    """The problems that only the second list has, that only the first has, and those of both.

    A line is no part of what a problem is: every change of a file moves some.
    """
    kept, mended, introduced = paired(before, after, _substance)
    return tuple(map(tuple, map(in_order, (introduced, mended, [now for _, now in kept]))))


def _substance(problem: Problem) -> Hashable:
    return problem.code, problem.severity, problem.message, tuple(sorted(place.file for place in problem.where))
