"""A difference: what a change of stack files does, and which projects it affects.

Two workspaces are compared stack by stack. A stack that could not be read or parsed on one side is not
compared: it would look removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, replace
from enum import StrEnum

from paletteai_components.changes import impact
from paletteai_components.changes.fields import FieldChange, field_changes
from paletteai_components.changes.objects import Action, ObjectChange, Outcome, object_changes
from paletteai_components.changes.pairs import paired
from paletteai_components.diagnostics import Diagnostic, Severity, errors_in, in_order, reported
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace


class Presence(StrEnum):
    """Whether a stack file is new, deleted, or in both workspaces."""

    APPEARS = "appears"
    GOES = "goes"
    STAYS = "changes"


@dataclass(frozen=True, slots=True)
class StackChange:
    """A stack file that is new or deleted, or a stack that is deployed differently."""

    stack: str
    file: str
    presence: Presence
    fields: tuple[FieldChange, ...] = ()
    """`cluster`, `kubernetes:context`, `environment`, `apiVersion` and `silence`, where they differ."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the stack files of one workspace do, compared with those of another."""

    stacks: tuple[StackChange, ...] = ()
    """The stack files that are new or deleted, and the stacks that are deployed differently."""
    objects: tuple[ObjectChange, ...] = ()
    moves: tuple[impact.Move, ...] = ()
    """The credentials that move from one Settings to another."""
    integrations: tuple[impact.IntegrationChange, ...] = ()
    sources: tuple[impact.SourceChange, ...] = ()
    """The Projects that are new or whose integration has a different source."""
    removals: tuple[impact.RemovalChange, ...] = ()
    introduced: tuple[Diagnostic, ...] = ()
    """The problems that only the second workspace has."""
    fixed: tuple[Diagnostic, ...] = ()
    """The problems that only the first workspace has."""
    kept: tuple[Diagnostic, ...] = ()
    """The problems that both have."""
    uncompared: tuple[str, ...] = ()
    """The stacks that could not be read or parsed on one side."""
    unchanged: int = 0
    unsound: frozenset[str] = frozenset()
    """The stacks that had errors before, so it is not known what of them is deployed."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to report."""
        return not (any(self.changed_stacks) or self.introduced or self.fixed or self.uncompared)

    @property
    def changed_stacks(self) -> set[str]:
        """The names of the stacks that change."""
        changes_by_kind = (self.stacks, self.objects, self.moves, self.integrations, self.sources, self.removals)
        names = {each.stack for changes in changes_by_kind for each in changes}
        names |= {each.former_stack for each in self.objects if each.former_stack}
        return names.union(each.former_stack for each in self.moves)

    @property
    def refused(self) -> tuple[Diagnostic, ...]:
        """The moves that `pulumi up` refuses in one deployment, as the problems that it reports."""
        return tuple(in_order(each.refusal for each in self.moves if each.refusal))

    @property
    def has_errors(self) -> bool:
        """Whether an error is introduced, or `pulumi up` refuses a change of what is deployed."""
        refused = (each for each in self.objects_with(Outcome.REFUSED) if self.is_sure(each))
        return bool(errors_in(self.introduced) or self.refused or any(refused))

    def is_sure(self, change: ObjectChange) -> bool:
        """Whether the object is deployed as it was declared, if anything is."""
        return (change.former_stack or change.stack) not in self.unsound

    def objects_that_are(self, *actions: Action) -> list[ObjectChange]:
        """The changes of objects with one of these actions."""
        return [each for each in self.objects if each.action in actions]

    def objects_with(self, outcome: Outcome) -> list[ObjectChange]:
        """The changes of objects with this outcome."""
        return [each for each in self.objects if each.outcome is outcome]

    def totals(self) -> dict[str, int]:
        """How much there is of everything, by the names that the JSON has. Each object is counted once."""
        problems = Counter(each.severity for each in self.introduced)
        outcomes = Counter(each.outcome for each in self.objects)
        outcomes[Outcome.REFUSED] += len(self.refused)
        return {
            "errors": problems[Severity.ERROR],
            "warnings": problems[Severity.WARNING],
            "notes": problems[Severity.NOTE],
            "fixed": len(self.fixed),
            **{outcome.value: outcomes[outcome] for outcome in Outcome},
            "moved": sum(each.refusal is None for each in self.moves),
            "integrations": len(self.integrations),
            "uncompared": len(self.uncompared),
            "unchanged": self.unchanged,
        }


def difference_between(before: Workspace, after: Workspace) -> Difference:
    """What replacing the workspace `before` by `after` does.

    A stack that is the same Python object in both is not compared again; only the rules run over it.
    """
    known: dict[int, list[Diagnostic]] = {}
    was, now = diagnostics_of(before, known), diagnostics_of(after, known)
    broken_files = [{location.file for each in errors_in(side) for location in each.where} for side in (was, now)]
    pairs = _stacks_by_name(before, after)
    uncompared = {*before.unreadable, *after.unreadable}
    uncompared |= {
        name for name, pair in pairs.items() if not all(stack is None or stack.is_complete for stack in pair)
    }
    differing = {name: pair for name, pair in pairs.items() if name not in uncompared and pair[0] is not pair[1]}
    compared = [
        (old, new, (_is_shown(old, broken_files[0]), _is_shown(new, broken_files[1])))
        for old, new in differing.values()
    ]
    unsound = frozenset(name for name, (old, _) in pairs.items() if not _is_shown(old, broken_files[0]))
    moves = impact.moves_between((old for old, _, _ in compared if old), (new for _, new, _ in compared if new))
    both = [(old, new, shown) for old, new, shown in compared if old and new]
    introduced, fixed, kept = _split_diagnostics(was, now)
    difference = Difference(
        tuple(change for old, new, _ in compared if (change := _stack_change(old, new))),
        tuple(object_changes(compared)),
        tuple(replace(move, refusal=None) if move.stack in unsound else move for move in moves),
        tuple(change for old, new, shown in both for change in impact.integration_changes(old, new, shown)),
        tuple(change for old, new, _ in compared if new for change in impact.source_changes(old, new)),
        tuple(change for old, new, _ in both for change in impact.removal_changes(old, new)),
        introduced,
        fixed,
        kept,
        tuple(sorted(uncompared)),
        unsound=unsound,
    )
    return replace(difference, unchanged=len(pairs.keys() - uncompared - difference.changed_stacks))


def _stacks_by_name(before: Workspace, after: Workspace) -> dict[str, tuple[Stack | None, Stack | None]]:
    was, now = ({stack.name: stack for stack in workspace.stacks} for workspace in (before, after))
    return {name: (was.get(name), now.get(name)) for name in sorted(was.keys() | now.keys())}


def _is_shown(stack: Stack | None, broken_files: set[str]) -> bool:
    # A value that a rule refuses may be anything, even a key.
    return stack is None or broken_files.isdisjoint((stack.file, *(document.file for document in stack.documents)))


def _stack_change(before: Stack | None, after: Stack | None) -> StackChange | None:
    if before and after:
        fields = field_changes(deployment_of(before), deployment_of(after))
        return StackChange(after.name, after.file, Presence.STAYS, fields) if fields else None
    if after:
        return StackChange(after.name, after.file, Presence.APPEARS)
    return StackChange(before.name, before.file, Presence.GOES) if before else None


def deployment_of(stack: Stack) -> dict[str, str]:
    """Where and how a stack is deployed, by the names that stack files use."""
    facts = {
        "cluster": stack.cluster,
        "kubernetes:context": stack.context,
        "environment": stack.environment,
        "apiVersion": stack.api.api_version,
        **{f"silence.{code}": reason for code, reason in (stack.spec.silence if stack.spec else {}).items()},
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _split_diagnostics(before: list[Diagnostic], after: list[Diagnostic]) -> tuple[tuple[Diagnostic, ...], ...]:
    """The problems of the second list only, of the first only, and of both.

    Lines are ignored: every change of a file moves some. A problem that is silenced is still there, so it is not fixed.
    """
    kept, fixed, introduced = paired(before, after, _identity)
    return tuple(map(tuple, map(in_order, (reported(introduced), fixed, [now for _, now in kept]))))


def _identity(diagnostic: Diagnostic) -> Hashable:
    return diagnostic.severity is Severity.ERROR, diagnostic.identity
