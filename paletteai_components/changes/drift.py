"""Drift: how the objects of a cluster differ from those that stack files declare.

What counts is what a server-side apply would change: declared fields, and those that Pulumi wrote and that are no
longer declared. Defaults, and the fields of other managers, are no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from paletteai_components.changes.fields import FieldChange, Redacted, field_change
from paletteai_components.changes.merge import abandoned_changes, applied_changes
from paletteai_components.credentials import sent_host
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.managed_fields import Fields, fields_of_pulumi
from paletteai_components.kube.manifests import PlannedObject, reference_of
from paletteai_components.kube.openapi import Schema
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.observation.credentials import credential_in
from paletteai_components.observation.managers import Manager, managers_of
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.observation.stack import ObservedStack
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

_UNLISTED = "its kind could not be listed"
_NO_FINGERPRINT = "its key has no fingerprint in the stack file, or none could be made on the cluster"
_IMPORTS = "it imports values from Pulumi ESC, which are not known here"
# What a stack file declares by itself. Namespaces and Secrets are those of others, too.
_OWNED = ("Tenant", "Project", "Settings")
# The same object is served in every version, and its place is how it was found.
_IDENTITY = (FieldPath(("apiVersion",)), FieldPath(("metadata", "name")), FieldPath(("metadata", "namespace")))
_MANAGED = FieldPath(("metadata", "managedFields"))
# The annotations that Pulumi writes for its own use.
_OF_ITS_OWN = "f:pulumi.com/"
_NO_SCHEMAS: Mapping[str, Schema] = {}


@dataclass(frozen=True, slots=True)
class Missing:
    """A declared object that is not on the cluster."""

    stack: str
    reference: str


@dataclass(frozen=True, slots=True)
class Differing:
    """A declared object that is another one on the cluster."""

    stack: str
    reference: str
    fields: tuple[FieldChange, ...]
    """The fields, with their values on the cluster and in the file."""


@dataclass(frozen=True, slots=True)
class Uncompared:
    """What could not be compared, and why."""

    stack: str
    reference: str
    """The object; empty for the complete stack."""
    reason: str


@dataclass(frozen=True, slots=True)
class Contested:
    """A declared object that another tool manages, too: each undoes what the other changes."""

    stack: str
    reference: str
    manager: Manager


@dataclass(frozen=True, slots=True)
class Drift:
    """How a cluster differs from some stacks."""

    missing: tuple[Missing, ...] = ()
    differing: tuple[Differing, ...] = ()
    undeclared: tuple[str, ...] = ()
    """The Tenants, Projects and Settings of these tenants that no stack file declares."""
    uncompared: tuple[Uncompared, ...] = ()
    contested: tuple[Contested, ...] = ()
    agreeing: int = 0
    """How many objects are as they are declared."""

    @property
    def is_empty(self) -> bool:
        """Whether there is no difference."""
        return not (self.missing or self.differing or self.undeclared)

    def totals(self) -> dict[str, int]:
        """How much there is of everything, by the names that the JSON has."""
        return {
            "missing": len(self.missing),
            "differing": len(self.differing),
            "undeclared": len(self.undeclared),
            "uncompared": len(self.uncompared),
            "contested": len(self.contested),
            "agreeing": self.agreeing,
        }


def drift_between(
    stacks: Sequence[Stack],
    declared: Workspace,
    objects: Iterable[ObservedObject],
    observed: Workspace,
    complete: frozenset[str],
    *,
    everything: bool = False,
    schemas: Mapping[str, Schema] = _NO_SCHEMAS,
) -> Drift:
    """How a cluster differs from what stacks declare.

    Args:
        stacks: The stacks to compare, all of one cluster and without errors.
        declared: Every stack of the folder.
        objects: The objects of the cluster.
        observed: The tenants of the cluster as stacks.
        complete: The kinds of which every object is among the objects.
        everything: Whether the stacks were chosen to be all of their cluster, so that other tenants are undeclared.
        schemas: The schemas of the kinds, as far as they are known.
    """
    live = {reference_of(each.manifest): each for each in objects}
    missing: list[Missing] = []
    differing: list[Differing] = []
    uncompared: list[Uncompared] = []
    contested: list[Contested] = []
    agreeing = 0
    for stack in stacks:
        uncompared += [Uncompared(stack.name, "", _IMPORTS)] if stack.imports else []
        for each in stack.objects:
            found, reference = live.get(each.reference), named(each.reference)
            if each.kind not in complete:
                uncompared.append(Uncompared(stack.name, reference, _UNLISTED))
            elif found is None:
                missing.append(Missing(stack.name, reference))
            else:
                contested += [
                    Contested(stack.name, reference, manager) for manager in managers_of(found, each.manifest)
                ]
                fields = differing_fields(each, found, stack, schemas.get(each.kind))
                differing += [Differing(stack.name, reference, fields)] if fields else []
                agreeing += not fields
                if each.kind == "Secret" and not _knows_both_keys(each, found, stack):
                    uncompared.append(Uncompared(stack.name, reference, _NO_FINGERPRINT))
    undeclared = tuple(_undeclared(stacks, declared, observed, everything=everything))
    return Drift(tuple(missing), tuple(differing), undeclared, tuple(uncompared), tuple(contested), agreeing=agreeing)


def differing_fields(
    each: PlannedObject, found: ObservedObject, stack: Stack, schema: Schema | None = None
) -> tuple[FieldChange, ...]:
    """The fields of an object that a server-side apply of its declaration would change on the cluster.

    Args:
        each: The declaration.
        found: The object on the cluster.
        stack: The stack that declares it.
        schema: The schema of its kind, if it is known: see `merge.applied_changes`.
    """
    wanted = {**each.manifest, "metadata": {**each.manifest["metadata"]}}
    for path in _IDENTITY:
        path.remove(wanted)
    changes = [
        *applied_changes(found.manifest, wanted, schema, stack.api.lists(each.kind)),
        *abandoned_changes(_written_by_pulumi(found), found.manifest, wanted, schema),
    ]
    # An element that was removed from a set and one that was added to it are one change of the set.
    fields = tuple(field_change(*change) for change in {path: (path, *values) for path, *values in changes}.values())
    return (*fields, *_document_fields(each, found, stack)) if each.kind == "Secret" else fields


def _written_by_pulumi(found: ObservedObject) -> Fields:
    """The fields that Pulumi wrote and a stack file can declare. What is in a Secret is none of them."""
    managed = _MANAGED.read(found.manifest)
    if not isinstance(managed, list):
        return {}
    fields = fields_of_pulumi(managed)
    metadata = fields.get("f:metadata", {})
    annotations = metadata.get("f:annotations", {})
    declarable = {
        "f:labels": metadata.get("f:labels", {}),
        "f:annotations": {key: inner for key, inner in annotations.items() if not key.startswith(_OF_ITS_OWN)},
    }
    written = {"f:metadata": {key: inner for key, inner in declarable.items() if inner}, "f:spec": fields.get("f:spec")}
    return {key: inner for key, inner in written.items() if inner}


def _document_fields(each: PlannedObject, found: ObservedObject, stack: Stack) -> Iterator[FieldChange]:
    """The fields of the credential in a Secret that differ. No value of a Secret is shown."""
    path = stack.api.path("secret.palette")
    there, wanted = credential_in(found, stack.api), _integration(each)
    if wanted is None:
        return
    if there is None:
        yield _hidden(path, is_there=path.is_in(found.manifest))
        return
    for name, ours, theirs in (
        ("hostUrl", wanted.host_url and sent_host(wanted.host_url), there.host_url and sent_host(there.host_url)),
        ("tenant", wanted.tenant, there.tenant),
        ("defaultProjectID", wanted.default_project_id, there.default_project_id),
        ("apiKey", *_keys(wanted, there)),
    ):
        if ours != theirs:
            yield _hidden(path / name, is_there=theirs is not None)


def _hidden(path: FieldPath, *, is_there: bool) -> FieldChange:
    return FieldChange(path, Redacted.CONFIDENTIAL if is_there else Redacted.ABSENT, Redacted.CONFIDENTIAL)


def _keys(wanted: IntegrationSpec, there: IntegrationSpec) -> tuple[str | None, str | None]:
    """What identifies the two keys; twice nothing where one of them cannot be identified."""
    pair = wanted.fingerprint_in_force, there.fingerprint_in_force
    return pair if all(pair) else (None, None)


def _knows_both_keys(each: PlannedObject, found: ObservedObject, stack: Stack) -> bool:
    there, wanted = credential_in(found, stack.api), _integration(each)
    # A document that cannot be used is a difference.
    return there is None or wanted is None or all(_keys(wanted, there))


def _integration(each: PlannedObject) -> IntegrationSpec | None:
    return each.owner.integration if isinstance(each.owner, PlannedSettings) else None


def _undeclared(
    stacks: Sequence[Stack], declared: Workspace, observed: Workspace, *, everything: bool
) -> Iterator[str]:
    """The objects that no stack file of the cluster declares: of the tenants of these stacks, or of all of them."""
    clusters = {stack.cluster_name for stack in stacks}
    beside = [stack for stack in declared.stacks if stack.cluster_name in clusters]
    known = {reference for stack in beside for reference in _known_to(stack)}
    is_all = everything and not declared.unreadable and len(beside) == len(stacks)
    tenants = {stack.plan.tenant.name for stack in stacks if stack.plan}
    found = dict.fromkeys(
        each.reference
        for stack in observed.stacks
        if isinstance(stack, ObservedStack) and (is_all or stack.part in tenants)
        for each in stack.objects_by_path.values()
        if each.kind in _OWNED
    )
    yield from (named(reference) for reference in found if reference not in known)


def _known_to(stack: Stack) -> Iterator[str]:
    """The references of the objects that a stack declares or refers to."""
    yield from (each.reference for each in stack.objects)
    if stack.plan is not None:
        yield f"Tenant/{stack.plan.tenant.name}"
        yield from (f"Settings/{settings}" for settings in stack.plan.tenant.settings)
