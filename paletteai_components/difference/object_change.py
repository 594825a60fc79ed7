"""An object change: what happens to one object when its stack's file says something else.

An object is known by what Pulumi calls it, then by its place in the cluster: that tells a change
from a replacement, and both from a removal.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from paletteai_components.difference.field_change import FieldChange, field_changes
from paletteai_components.difference.pairs import paired
from paletteai_components.manifests import Manifest, project_manifests, reference_of, tenant_manifests
from paletteai_components.redaction import named, redacted
from paletteai_components.spec import OnRemoval
from paletteai_components.stack import Stack

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
class DeclaredObject:
    """An object that a stack declares.

    Fields:
        stack: the stack.
        name: what Pulumi calls it, without its type.
        manifest: the object.
        removal: the `onRemoval` that holds for it; None for what is always deleted.
    """

    stack: Stack
    name: str
    manifest: Manifest
    removal: OnRemoval | None

    @property
    def kind(self) -> str:
        """Its kind."""
        kind: str = self.manifest["kind"]
        return kind

    @property
    def reference(self) -> str:
        """The object as messages call it; see `manifests.reference_of`."""
        return reference_of(self.manifest)


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


def object_changes(stacks: Iterable[Compared]) -> list[ObjectChange]:
    """What happens to every object of these stacks: each as it was, as it is, and which values may be told."""
    changes: list[ObjectChange] = []
    gone: list[tuple[DeclaredObject, bool]] = []
    made: list[tuple[DeclaredObject, bool]] = []
    left: set[str] = set()
    for old_stack, new_stack, shown in stacks:
        before = list(declared_objects(old_stack)) if old_stack else []
        after = list(declared_objects(new_stack)) if new_stack else []
        if old_stack and not new_stack:
            left.add(old_stack.name)
        pairs, before, after = paired(before, after, _logical)
        changes += filter(None, (_changed(*pair, shown) for pair in pairs))
        gone += ((each, shown[0]) for each in before)
        made += ((each, shown[1]) for each in after)
    found, removed, created = paired(gone, made, lambda each: _place(each[0]))
    changes += (_taken_over(old, new, (was, now), left) for (old, was), (new, now) in found)
    changes += (_change(Action.DELETED, old, fate=_fate(old, left)) for old, _ in removed)
    changes += (_change(Action.CREATED, new) for new, _ in created)
    return sorted(changes, key=lambda each: each.stack)


def declared_objects(stack: Stack) -> Iterator[DeclaredObject]:
    """The objects of a stack, with the names that docs/names.md gives them."""
    if stack.topology is None:
        return
    tenant, vendor = stack.topology.tenant, stack.vendor
    yield from _of(stack, tenant.name, tenant.spec.on_removal, tenant_manifests(tenant, vendor))
    for project in stack.topology.projects:
        name = f"{tenant.name}.{project.name}"
        yield from _of(stack, name, project.on_removal, project_manifests(project, vendor))


def _of(stack: Stack, owner: str, removal: OnRemoval, manifests: Iterable[Manifest]) -> Iterator[DeclaredObject]:
    for manifest, following in pairwise([*manifests, {}]):
        # A Secret stands before its Settings, which both are named after.
        settings = {"Secret": following, "Settings": manifest}.get(manifest["kind"])
        name = owner if settings is None else f"{owner}.{settings['metadata']['name']}"
        yield DeclaredObject(stack, name, manifest, removal if settings is None else None)


def _logical(each: DeclaredObject) -> Hashable:
    return each.kind, each.name


def _place(each: DeclaredObject) -> Hashable:
    return each.stack.cluster_name, each.reference


def _changed(old: DeclaredObject, new: DeclaredObject, shown: Shown) -> ObjectChange | None:
    """What happens to an object that Pulumi calls the same; None for nothing."""
    fields = field_changes(old.manifest, new.manifest, shown=shown)
    moved = old.reference != new.reference
    if not fields:
        return None
    if not moved and not any(field.path == ("type",) for field in fields):
        return _change(Action.CHANGED, new, fields=fields)
    # Whether a replacement is refused is up to what is declared now.
    fate = _fate(new)
    return _change(
        Action.REPLACED, new, former_reference=named(old.reference) if moved else None, fields=fields, fate=fate
    )


def _taken_over(old: DeclaredObject, new: DeclaredObject, shown: Shown, left: Collection[str]) -> ObjectChange:
    """What happens to an object that stays in its place and that Pulumi calls by another name, or in another stack."""
    elsewhere = old.stack.name != new.stack.name
    return _change(
        Action.HANDED_OVER if elsewhere else Action.REPLACED,
        new,
        former_stack=old.stack.name if elsewhere else None,
        former_name=named(old.name) if old.name != new.name else None,
        fields=field_changes(old.manifest, new.manifest, shown=shown),
        fate=_fate(old, left),
    )


def _change(action: Action, each: DeclaredObject, **more: Any) -> ObjectChange:
    cluster = redacted(each.stack.cluster_name)
    return ObjectChange(action, each.stack.name, cluster, named(each.reference), named(each.name), **more)


def _fate(each: DeclaredObject, left: Collection[str] = ()) -> Fate:
    if each.stack.name in left:
        return Fate.LEFT
    match each.removal:
        case OnRemoval.REFUSE:
            return Fate.REFUSED
        case OnRemoval.RETAIN:
            return Fate.RETAINED
        case OnRemoval.DELETE if each.kind in _WITH_WORKLOADS:
            return Fate.EMPTIED
        case _:
            return Fate.DELETED
