"""An object change: what happens to one object when its stack's file says something else.

An object is known by what Pulumi calls it, then by its place in the cluster: that tells a change
from a replacement, and both from a removal.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from paletteai_components.changes.fields import FieldChange, field_changes
from paletteai_components.changes.pairs import paired
from paletteai_components.kube.manifests import PlannedObject, objects_of
from paletteai_components.model.spec import OnRemoval
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.stack import Stack

Shown = tuple[bool, bool]
Compared = tuple[Stack | None, Stack | None, Shown]

# PaletteAI deletes a Project's namespace with it, Kubernetes what is in a Namespace.
_WITH_WORKLOADS = ("Namespace", "Project")


class Action(StrEnum):
    """What happens to an object. One that is handed over goes from one stack to another."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    REPLACED = "replaced"
    HANDED_OVER = "handedOver"


class Fate(StrEnum):
    """What becomes of an object that its stack no longer declares in its place.

    Refused: `pulumi up` refuses until a first merge sets `onRemoval`. Retained: it stays, unmanaged.
    Deleted. Emptied: it is deleted with every workload in its namespace. Left: its stack file is gone,
    so nothing deletes it.
    """

    REFUSED = "refused"
    RETAINED = "retained"
    DELETED = "deleted"
    EMPTIED = "deletedWithWorkloads"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What happens to one object.

    Fields:
        action: see `Action`.
        stack, cluster: the stack that declares it, and its cluster; the last ones for a deleted object.
        reference: the object as messages call it.
        name: what Pulumi calls it.
        former_stack, former_reference, former_name: what it was before; None where that is the same.
        fields: the fields that differ, where it is on both sides.
        fate: what becomes of the former object, where it is deleted, replaced or handed over.
    """

    action: Action
    stack: str
    cluster: str
    reference: str
    name: str
    former_stack: str | None = None
    former_reference: str | None = None
    former_name: str | None = None
    fields: tuple[FieldChange, ...] = ()
    fate: Fate | None = None


class _Declared(NamedTuple):
    """An object, the stack that declares it, and whether its values may be told."""

    stack: Stack
    object: PlannedObject
    shown: bool

    @property
    def logical(self) -> Hashable:
        return self.object.kind, self.object.logical_name

    @property
    def place(self) -> Hashable:
        return self.stack.cluster_name, self.object.reference


def object_changes(stacks: Iterable[Compared]) -> list[ObjectChange]:
    """What happens to every object of these stacks: each as it was, as it is, and which values may be told."""
    changes: list[ObjectChange] = []
    gone: list[_Declared] = []
    made: list[_Declared] = []
    left: set[str] = set()
    for old_stack, new_stack, shown in stacks:
        if old_stack and not new_stack:
            left.add(old_stack.name)
        before, after = (list(_declared(*side)) for side in zip((old_stack, new_stack), shown, strict=True))
        pairs, before, after = paired(before, after, attrgetter("logical"))
        changes += filter(None, (_changed(*pair) for pair in pairs))
        gone += before
        made += after
    found, removed, created = paired(gone, made, attrgetter("place"))
    changes += (_taken_over(old, new, left) for old, new in found)
    changes += (_change(Action.DELETED, each, fate=_fate(each, left)) for each in removed)
    changes += (_change(Action.CREATED, each) for each in created)
    return sorted(changes, key=lambda each: each.stack)


def _declared(stack: Stack | None, shown: bool) -> Iterator[_Declared]:
    if stack and stack.topology:
        yield from (_Declared(stack, each, shown) for each in objects_of(stack.topology, stack.vendor))


def _fields(old: _Declared, new: _Declared) -> tuple[FieldChange, ...]:
    return field_changes(old.object.manifest, new.object.manifest, shown=(old.shown, new.shown))


def _changed(old: _Declared, new: _Declared) -> ObjectChange | None:
    """What happens to an object that Pulumi calls the same; None for nothing."""
    fields = _fields(old, new)
    was = old.object.reference
    moved = was != new.object.reference
    if not fields:
        return None
    if not moved and not any(field.path == ("type",) for field in fields):
        return _change(Action.CHANGED, new, fields=fields)
    # Whether a replacement is refused is up to what is declared now.
    fate = _fate(new)
    return _change(Action.REPLACED, new, former_reference=named(was) if moved else None, fields=fields, fate=fate)


def _taken_over(old: _Declared, new: _Declared, left: Collection[str]) -> ObjectChange:
    """What happens to an object that stays in its place and that Pulumi calls by another name, or in another stack."""
    elsewhere = old.stack.name != new.stack.name
    name = old.object.logical_name
    return _change(
        Action.HANDED_OVER if elsewhere else Action.REPLACED,
        new,
        former_stack=old.stack.name if elsewhere else None,
        former_name=named(name) if name != new.object.logical_name else None,
        fields=_fields(old, new),
        fate=_fate(old, left),
    )


def _change(action: Action, each: _Declared, **more: Any) -> ObjectChange:
    cluster = redacted(each.stack.cluster_name)
    reference, name = named(each.object.reference), named(each.object.logical_name)
    return ObjectChange(action, each.stack.name, cluster, reference, name, **more)


def _fate(each: _Declared, left: Collection[str] = ()) -> Fate:
    if each.stack.name in left:
        return Fate.LEFT
    match each.object.removal:
        case OnRemoval.REFUSE:
            return Fate.REFUSED
        case OnRemoval.RETAIN:
            return Fate.RETAINED
        case OnRemoval.DELETE if each.object.kind in _WITH_WORKLOADS:
            return Fate.EMPTIED
        case _:
            return Fate.DELETED
