"""An object change: what happens to one object when its stack file changes.

Objects are paired by their logical name in Pulumi, then by their identity in the cluster. This
distinguishes a change from a replacement, and both from a removal.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from paletteai_components.changes.fields import FieldChange, field_changes
from paletteai_components.changes.pairs import paired
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.manifests import PlannedObject
from paletteai_components.model.spec import OnRemoval
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.stack import Stack

Shown = tuple[bool, bool]
Compared = tuple[Stack | None, Stack | None, Shown]

# Deleting a Project deletes its namespace, and deleting a Namespace deletes everything in it.
_WITH_WORKLOADS = ("Namespace", "Project")
# The type of a Secret cannot be changed.
_TYPE = FieldPath(("type",))


class Action(StrEnum):
    """What happens to an object. Handed over means that it moves from one stack to another."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"
    REPLACED = "replaced"
    HANDED_OVER = "handedOver"


class Outcome(StrEnum):
    """What a reviewer has to expect of a change, the most important first."""

    REFUSED = "refused"
    """`pulumi up` refuses it, because the object is protected."""
    DELETED = "deleted"
    REPLACED = "replaced"
    KEPT = "kept"
    """It is no longer declared, and stays on the cluster."""
    HANDED_OVER = "handedOver"
    CREATED = "created"
    CHANGED = "changed"


class RemovalEffect(StrEnum):
    """What becomes of an object that is no longer declared."""

    REFUSED = "refused"
    """`pulumi up` refuses to remove it until `onRemoval` is set and deployed."""
    RETAINED = "retained"
    """It stays on the cluster, unmanaged."""
    DELETED = "deleted"
    """It is deleted."""
    EMPTIED = "deletedWithWorkloads"
    """It is deleted, with every workload in its namespace."""
    LEFT = "left"
    """It stays on the cluster, because no stack file is left to delete it."""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What happens to one object."""

    action: Action
    stack: str
    """The stack that declares it, or declared it last."""
    cluster: str
    reference: str
    """The object as messages name it, for example ``Project/vision/vision``."""
    name: str
    former_stack: str | None = None
    """The stack it was in, or None where that is the same."""
    former_reference: str | None = None
    """The object that it replaces, or None where that is the same."""
    former_name: str | None = None
    """Its former logical name, or None where that is the same."""
    removal_effect: RemovalEffect | None = None
    """What becomes of the former object, where it is deleted, replaced or handed over."""
    imported: bool = False
    """Whether `importIds` takes it over, where it gets another logical name or moves to another stack."""
    fields: tuple[FieldChange, ...] = ()
    """The fields that differ, where both sides have the object."""

    @property
    def outcome(self) -> Outcome:
        """What becomes of the object, with regard to what `onRemoval` protects and keeps."""
        if self.removal_effect is RemovalEffect.REFUSED:
            return Outcome.REFUSED
        if self.is_recreated:
            # With an import, the creation does not fail, and the deletion follows.
            return Outcome.DELETED if self.imported else Outcome.REFUSED
        if self.action is Action.DELETED and self.removal_effect in (RemovalEffect.RETAINED, RemovalEffect.LEFT):
            return Outcome.KEPT
        return Outcome(self.action.value)

    @property
    def is_recreated(self) -> bool:
        """Whether Pulumi would create it under another logical name, and delete it under the old one after that.

        A Settings and its Secret are exceptions: they keep their URN where their credential goes.
        """
        return (
            self.action is Action.REPLACED
            and self.former_name is not None
            and self.removal_effect in {RemovalEffect.DELETED, RemovalEffect.EMPTIED}
            and not self.reference.startswith(("Settings/", "Secret/"))
        )


class _Declared(NamedTuple):
    """An object, the stack that declares it, and whether its values may be shown."""

    stack: Stack
    object: PlannedObject
    shown: bool

    @property
    def logical(self) -> Hashable:
        return self.object.kind, self.object.logical_name

    @property
    def identity(self) -> Hashable:
        return self.stack.cluster_name, self.object.reference


def object_changes(stacks: Iterable[Compared]) -> list[ObjectChange]:
    """What happens to every object of the stacks that changes, by stack."""
    changes: list[ObjectChange] = []
    old_only: list[_Declared] = []
    new_only: list[_Declared] = []
    left: set[str] = set()
    for old_stack, new_stack, shown in stacks:
        if old_stack and not new_stack:
            left.add(old_stack.name)
        before, after = _declared(old_stack, shown[0]), _declared(new_stack, shown[1])
        pairs, before, after = paired(before, after, attrgetter("logical"))
        changes += filter(None, (_changed(*pair) for pair in pairs))
        old_only += before
        new_only += after
    renamed, removed, created = paired(old_only, new_only, attrgetter("identity"))
    changes += (_renamed(old, new, left) for old, new in renamed)
    changes += (_change(Action.DELETED, each, removal_effect=_removal_effect(each, left)) for each in removed)
    changes += (_change(Action.CREATED, each) for each in created)
    return sorted(changes, key=lambda each: each.stack)


def _declared(stack: Stack | None, shown: bool) -> list[_Declared]:
    return [_Declared(stack, each, shown) for each in stack.objects] if stack else []


def _fields(old: _Declared, new: _Declared) -> tuple[FieldChange, ...]:
    lists = {**old.stack.api.lists(old.object.kind), **new.stack.api.lists(new.object.kind)}
    return field_changes(old.object.manifest, new.object.manifest, shown=(old.shown, new.shown), lists=lists)


def _changed(old: _Declared, new: _Declared) -> ObjectChange | None:
    """What happens to an object that keeps its logical name; None for nothing."""
    fields = _fields(old, new)
    former = old.object.reference
    moved = former != new.object.reference
    if not fields:
        return None
    if not moved and not any(field.path == _TYPE for field in fields):
        return _change(Action.CHANGED, new, fields=fields)
    # The current declaration decides whether a replacement is refused.
    removal_effect = _removal_effect(new)
    return _change(
        Action.REPLACED,
        new,
        former_reference=named(former) if moved else None,
        fields=fields,
        removal_effect=removal_effect,
    )


def _renamed(old: _Declared, new: _Declared, left: Collection[str]) -> ObjectChange:
    """What happens to an object of the cluster that gets another logical name or moves to another stack."""
    moved = old.stack.name != new.stack.name
    name = old.object.logical_name
    imports = (reference for reference, _ in new.stack.plan.import_ids) if new.stack.plan else ()
    return _change(
        Action.HANDED_OVER if moved else Action.REPLACED,
        new,
        former_stack=old.stack.name if moved else None,
        former_name=named(name) if name != new.object.logical_name else None,
        fields=_fields(old, new),
        removal_effect=_removal_effect(old, left),
        imported=new.object.reference in imports,
    )


def _change(action: Action, each: _Declared, **more: Any) -> ObjectChange:
    cluster = redacted(each.stack.cluster_name)
    reference, name = named(each.object.reference), named(each.object.logical_name)
    return ObjectChange(action, each.stack.name, cluster, reference, name, **more)


def _removal_effect(each: _Declared, left: Collection[str] = ()) -> RemovalEffect:
    if each.stack.name in left:
        return RemovalEffect.LEFT
    match each.object.removal:
        case OnRemoval.REFUSE:
            return RemovalEffect.REFUSED
        case OnRemoval.RETAIN:
            return RemovalEffect.RETAINED
        case OnRemoval.DELETE if each.object.kind in _WITH_WORKLOADS:
            return RemovalEffect.EMPTIED
        case _:
            return RemovalEffect.DELETED
