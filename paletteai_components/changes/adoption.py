"""Adoption: stack files of what is on a cluster, and what the first deployment of each would change there.

A file is read again before anything is said of it, as the program will read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from paletteai_components.changes.drift import Contested, Differing, differing_fields
from paletteai_components.changes.fields import FieldChange, Redacted
from paletteai_components.kube.field_path import FieldPath, selecting, selector_of
from paletteai_components.kube.manifests import (
    FINGERPRINT_PATH,
    PROOF_ANNOTATION,
    Manifest,
    PlannedObject,
    palette_document,
)
from paletteai_components.model.plan import plan_of
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import StackSpec
from paletteai_components.observation.credentials import document_text, key_in
from paletteai_components.observation.custody import Custody
from paletteai_components.observation.declaration import declared, plain
from paletteai_components.observation.managers import managers_of, pulumi_of
from paletteai_components.observation.metadata import is_note
from paletteai_components.observation.objects import Inventory, ObservedObject
from paletteai_components.observation.stack import ObservedStack
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.pulumi_yaml.writer import yaml_of
from paletteai_components.redaction import named
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document
from paletteai_components.stacks.workspace import Workspace

_BESIDE_SPEC = ("apiVersion", "kind", "metadata", "status")
_METADATA = FieldPath(("metadata",))


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
    encrypted: tuple[str, ...] = ()
    """The references of the Secrets whose keys are encrypted in the file."""
    external: tuple[Left, ...] = ()
    """The Secrets that should be managed and stay external ones."""
    contested: tuple[Contested, ...] = ()
    """The objects that are taken over, and that another tool manages."""


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


@dataclass(frozen=True, slots=True)
class Draft:
    """What the stack file of a Tenant declares. Its keys are not encrypted yet, so it cannot be written."""

    stack: ObservedStack
    inventory: Inventory
    target: Target
    spec: StackSpec
    external: tuple[Left, ...]

    @property
    def name(self) -> str:
        """The name of the stack."""
        return f"{self.stack.part}.{self.target.environment}"

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.target.file_of(self.stack.part)

    def keys(self) -> dict[str, str]:
        """The texts of the keys that have to be encrypted, by the names of their integrations."""
        found = {
            name: key_in(secret, self.stack.api)
            for name, secret in self._secrets()
            if self.spec.integrations[name].api_key is not None
        }
        return {name: key for name, key in found.items() if key is not None}

    def encrypted(self, ciphertexts: Mapping[str, str]) -> Draft:
        """The same with its keys encrypted, by the names of their integrations."""
        sealed = {
            name: self.spec.integrations[name].sealed(key, self.name, ciphertexts[name])
            for name, key in self.keys().items()
        }
        return replace(self, spec=self.spec.model_copy(update={"integrations": {**self.spec.integrations, **sealed}}))

    def _secrets(self) -> Iterator[tuple[str, ObservedObject]]:
        """The Secrets that the stack is to manage, by the names of their integrations."""
        for settings in plan_of(self.spec).settings:
            secret = settings.palette_secret
            if settings.palette is not None and secret is not None and secret.managed:
                found = self.inventory.secrets.get((secret.namespace, secret.name))
                if found is not None:
                    yield settings.palette, found


def draft_of(
    stack: ObservedStack,
    tenant_namespaces: Collection[str],
    inventory: Inventory,
    target: Target,
    custody: Custody | None = None,
) -> Draft:
    """What the stack file of a Tenant that is on a cluster declares.

    Args:
        stack: The Tenant and what belongs to it.
        tenant_namespaces: The namespaces of all Tenants.
        inventory: The objects of the cluster.
        target: What the file is for.
        custody: Which Secrets the stack can manage, with their keys encrypted; without it, all stay external.
    """
    found = declared(stack, inventory, tenant_namespaces, custody)
    external = tuple(Left(named(reference), reason) for reference, reason in found.external)
    return Draft(stack, inventory, target, found.spec, external)


def adopted(draft: Draft, rest: str = "", *, is_new: bool = True) -> Adopted:
    """The stack file of a Tenant that is on a cluster.

    Args:
        draft: What it declares, its keys encrypted.
        rest: What comes after the declaration: what Pulumi writes into the file of each stack.
        is_new: Whether no stack was there for the Tenant. Then what Pulumi wrote, another stack did.

    Raises:
        StackFileError: Pulumi could not read the file, for example because it would be too large.
        ValueError: A key of the draft is not encrypted.
    """
    keys_in = (each.api_key for each in draft.spec.integrations.values() if each.api_key is not None)
    if any(key.ciphertext is None for key in keys_in):
        raise ValueError("a key that is not encrypted cannot be written")
    stack, inventory, target = draft.stack, draft.inventory, draft.target
    data = (_text(draft.spec, target) + rest).encode()
    read = stack_from_document(document_from(data, draft.file), target.project)
    keys = draft.keys()
    changed, undeclared, encrypted, contested, written = [], [], [], [], set()
    for each in read.objects:
        found, reference = inventory.at(each.reference), named(each.reference)
        written.add(each.reference)
        if found is None:
            continue
        if each.kind == "Secret":
            encrypted.append(reference)
        if fields := tuple(_changed(each, found, read, keys)):
            changed.append(Differing(read.name, reference, fields))
        if paths := tuple(dict.fromkeys(path.redacted for path in _undeclared(each, found, read.api.lists(each.kind)))):
            undeclared.append(Undeclared(reference, paths))
        pulumi = pulumi_of(found) if is_new else None
        managers = (*managers_of(found), *([pulumi] if pulumi else []))
        contested += [Contested(read.name, reference, manager) for manager in managers]
    imports = tuple(reference for reference, _ in read.plan.import_ids) if read.plan else ()
    return Adopted(
        stack.part,
        draft.file,
        data,
        imports,
        tuple(changed),
        tuple(undeclared),
        tuple(_left(stack, inventory, written)),
        tuple(encrypted),
        draft.external,
        tuple(contested),
    )


def _changed(
    each: PlannedObject, found: ObservedObject, stack: Stack, keys: Mapping[str, str]
) -> Iterator[FieldChange]:
    """The declared fields of an object that are other ones on the cluster."""
    settings = each.owner
    for field in differing_fields(each, found, stack):
        # Every Settings whose key is encrypted gets one, which is said of all of them together.
        if field.path != FINGERPRINT_PATH or field.before is not Redacted.ABSENT:
            yield field
    if each.kind == "Secret" and isinstance(settings, PlannedSettings) and settings.integration is not None:
        document = palette_document(settings.integration, keys[settings.palette or ""])
        if document_text(found, stack.api) != document:
            yield FieldChange(stack.api.path("secret.palette"), Redacted.CONFIDENTIAL, Redacted.CONFIDENTIAL)


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
    integration = each.owner.integration if isinstance(each.owner, PlannedSettings) else None
    # Only the program, which has the key, can make the proof.
    written = {PROOF_ANNOTATION} if integration is not None and integration.api_key is not None else set()
    for field, entries in ("labels", found.labels), ("annotations", found.annotations):
        declared = {*metadata.get(field, {}), *written}
        others = (key for key in entries if key not in declared and not is_note(key))
        yield from (_METADATA / field / key for key in others)
    if each.kind != "Namespace":
        # A Secret that is taken over has one key, whose value is compared by itself.
        for name in live.keys() - {*_BESIDE_SPEC, *(("data",) if each.kind == "Secret" else ())}:
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
