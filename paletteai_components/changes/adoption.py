"""Adoption: stack files of what is on a cluster, and what the first deployment of each would change there.

A file is read again before anything is said of it, as the program will read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paletteai_components.changes.drift import Differing, differing_fields
from paletteai_components.kube.field_path import FieldPath, selecting, selector_of
from paletteai_components.kube.manifests import Manifest, PlannedObject
from paletteai_components.model.spec import StackSpec
from paletteai_components.observation.declaration import declared, plain
from paletteai_components.observation.objects import Inventory, ObservedObject
from paletteai_components.observation.stack import ObservedStack
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.pulumi_yaml.writer import yaml_of
from paletteai_components.redaction import named
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.stack_file import stack_from_document
from paletteai_components.stacks.workspace import Workspace

_BESIDE_SPEC = ("apiVersion", "kind", "metadata", "status")
_METADATA = FieldPath(("metadata",))
# Kubernetes and tools write these for their own use.
_NOTES = ("kubernetes.io/metadata.name", "kubectl.kubernetes.io/last-applied-configuration", "pulumi.com/")


@dataclass(frozen=True, slots=True)
class Undeclared:
    """An object with fields that its stack file does not declare. If kubectl wrote them, Pulumi removes them."""

    reference: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """An object that no stack file declares, so it stays as it is, and why."""

    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Adopted:
    """The stack file of a Tenant."""

    tenant: str
    file: str
    """The file's name."""
    data: bytes
    imports: tuple[str, ...]
    """The references of the objects that are taken over."""
    changed: tuple[Differing, ...]
    """The objects that the first deployment would change."""
    undeclared: tuple[Undeclared, ...]
    left: tuple[Left, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """The stack files that are written."""

    environment: str
    context: str
    """The context of the kubeconfig that leads to the cluster."""
    extension: str = ".yaml"
    project: PulumiProject | None = None
    """The Pulumi project whose defaults they get."""
    schema: str | None = None
    """The path of the schema from their folder."""

    def file_of(self, tenant: str) -> str:
        """The name of the file of a tenant's stack."""
        return f"Pulumi.{tenant}.{self.environment}{self.extension}"


def adopted(stack: ObservedStack, tenant_namespaces: Collection[str], inventory: Inventory, target: Target) -> Adopted:
    """The stack file of a Tenant that is on a cluster.

    Args:
        stack: The Tenant and what belongs to it.
        tenant_namespaces: The namespaces of all Tenants.
        inventory: The objects of the cluster.
        target: What the file is for.

    Raises:
        StackFileError: Pulumi could not read the file, for example because it would be too large.
    """
    spec = declared(stack, inventory, tenant_namespaces)
    file = target.file_of(stack.part)
    data = _text(spec, target).encode()
    read = stack_from_document(document_from(data, file), target.project)
    changed, undeclared, written = [], [], set()
    for each in read.objects:
        found = inventory.at(each.reference)
        written.add(each.reference)
        if found is None:
            continue
        if fields := differing_fields(each, found, read):
            changed.append(Differing(read.name, named(each.reference), fields))
        if paths := tuple(dict.fromkeys(path.redacted for path in _undeclared(each, found, read.api.lists(each.kind)))):
            undeclared.append(Undeclared(named(each.reference), paths))
    imports = tuple(reference for reference, _ in read.plan.import_ids) if read.plan else ()
    left = tuple(_left(stack, inventory, written))
    return Adopted(stack.part, file, data, imports, tuple(changed), tuple(undeclared), left)


def adoptable(observed: Workspace) -> Iterator[ObservedStack]:
    """The stacks whose Tenants are there."""
    for stack in observed.stacks:
        if isinstance(stack, ObservedStack) and stack.spec is not None and not stack.spec.tenant.existing:
            yield stack


def tenant_namespaces(observed: Workspace) -> frozenset[str]:
    """The namespaces of the Tenants that are there."""
    return frozenset(each.plan.tenant.namespace for each in adoptable(observed) if each.plan)


def of_nobody(observed: Workspace, inventory: Inventory) -> Iterator[Left]:
    """The Projects and Settings that no stack file can declare."""
    used = {id(each) for stack in adoptable(observed) for each in stack.objects_by_path.values()}
    for kind, every in ("Project", inventory.projects), ("Settings", inventory.settings):
        for each in every.values():
            if id(each) not in used:
                reason = "its Tenant is not on the cluster" if kind == "Project" else "no Tenant and no Project gets it"
                yield Left(named(each.reference), reason)


def _text(spec: StackSpec, target: Target) -> str:
    fields = plain(spec)
    tenant = fields.pop("tenant")
    config = {
        "kubernetes:context": target.context,
        **{f"{NAMESPACE}:{name}": fields.pop(name) for name in ("apiVersion", "mergedSettings") if name in fields},
        **{f"{NAMESPACE}:{name}": value for name, value in fields.items() if value},
        f"{NAMESPACE}:tenant": tenant,
    }
    head = [f"# yaml-language-server: $schema={target.schema}\n"] if target.schema else []
    head.append("# Written by `paletteai adopt` from what was on the cluster.\n")
    text = yaml_of([{"config": config}]).removeprefix("---\n")
    for key in config:
        # The writer knows no key with a colon that needs no quotes.
        text = text.replace(f'\n  "{key}":', f"\n  {key}:", 1)
    return "".join([*head, text])


def _left(stack: ObservedStack, inventory: Inventory, written: set[str]) -> Iterator[Left]:
    """The namespaces of a Tenant and its Projects that the stack file does not declare."""
    plan = stack.plan
    names = (plan.tenant.namespace, *(each.namespace for each in plan.projects)) if plan else ()
    for name in dict.fromkeys(names):
        if name in inventory.namespaces and f"Namespace/{name}" not in written:
            reason = "the file has `createNamespace: false`, because it could not declare it as it is"
            yield Left(named(f"Namespace/{name}"), reason)


def _undeclared(each: PlannedObject, found: ObservedObject, lists: Mapping[FieldPath, str]) -> Iterator[FieldPath]:
    """The fields of an object that are not declared, without the notes of tools."""
    live: Manifest = found.manifest
    metadata = each.manifest["metadata"]
    for field, entries in ("labels", found.labels), ("annotations", found.annotations):
        others = (key for key in entries if key not in metadata.get(field, {}) and not key.startswith(_NOTES))
        yield from (_METADATA / field / key for key in others)
    if each.kind != "Namespace":
        for name in live.keys() - set(_BESIDE_SPEC):
            yield from _beyond(live[name], each.manifest.get(name), FieldPath((name,)), lists)


def _beyond(live: Any, declared: Any, at: FieldPath, lists: Mapping[FieldPath, str]) -> Iterator[FieldPath]:
    """The paths of what is in a value and not declared."""
    if isinstance(live, dict) and live:
        inside = declared if isinstance(declared, dict) else {}
        for name, value in live.items():
            yield from _beyond(value, inside.get(name), at / name, lists)
    elif isinstance(declared, list) and (key := selecting(live, lists, at)):
        known = {selector_of(element, key): element for element in declared}
        for element in live:
            selector = selector_of(element, key)
            if selector is None or selector not in known:
                yield at if selector is None else at / selector
            else:
                yield from _beyond(element, known[selector], at / selector, lists)
    elif declared is None and live not in (None, {}, []):
        yield at
