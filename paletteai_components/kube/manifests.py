"""Manifests: the planned Kubernetes objects of a stack, as dicts with their owners."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paletteai_components.credentials import sent, sent_host
from paletteai_components.kube.field_path import FieldPath, merge
from paletteai_components.kube.palette_api import FIELDS, PaletteApi
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import (
    IntegrationType,
    Path,
    PlannedSecret,
    PlannedSettings,
    PlannedTenant,
    Source,
)
from paletteai_components.model.spec import IntegrationSpec, OnRemoval, ProjectSpec, TenantSpec

FINGERPRINT_ANNOTATION = "paletteai-components/credential-fingerprint"
PROOF_ANNOTATION = "paletteai-components/credential-proof"
CREDENTIAL_ANNOTATION = "paletteai-components/credential"
SHARED_CLUSTER_ONLY_ANNOTATION = "paletteai-components/shared-cluster-only"
"""Says that a Project is meant to have no Palette integration. No field of the vendor's API says it."""

WRITTEN_LABELS = {
    "kubernetes.io/metadata.name": "Kubernetes",
    **{
        str(field.path.steps[2]): "this package"
        for field in FIELDS.values()
        if field.path.steps[:2] == ("metadata", "labels")
    },
}
"""The labels that are written in any case, by who writes them."""
WRITTEN_ANNOTATIONS = dict.fromkeys(
    (FINGERPRINT_ANNOTATION, PROOF_ANNOTATION, CREDENTIAL_ANNOTATION, SHARED_CLUSTER_ONLY_ANNOTATION), "this package"
)
"""The annotations that are written in any case, by who writes them."""
FINGERPRINT_PATH, PROOF_PATH, CREDENTIAL_PATH, SHARED_CLUSTER_ONLY_PATH = (
    FieldPath(("metadata", "annotations", name)) for name in WRITTEN_ANNOTATIONS
)
_SPEC = FieldPath(("spec",))

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """An object that is written for a stack."""

    manifest: Manifest
    """The object. A Secret has no data, so that no key is decrypted to build it."""
    owner: PlannedTenant | PlannedProject | PlannedSettings
    """What it is written for; a Settings also owns its Secret."""
    path: Path
    removal: OnRemoval | None = None
    """The `onRemoval` that applies to it; None for an object that is always deleted."""

    @property
    def kind(self) -> str:
        """Its kind."""
        kind: str = self.manifest["kind"]
        return kind

    @property
    def logical_name(self) -> str:
        """Its name in Pulumi, which is that of its owner."""
        return self.owner.logical_name

    @property
    def reference(self) -> str:
        """Its name in messages; see `reference_of`."""
        return reference_of(self.manifest)


def objects_of(plan: Plan, api: PaletteApi) -> Iterator[PlannedObject]:
    """Every object that is written for a stack, in the order in which they are created."""
    yield from tenant_objects(plan.tenant, api)
    for project in plan.projects:
        yield from project_objects(project, api)


def tenant_objects(tenant: PlannedTenant, api: PaletteApi) -> Iterator[PlannedObject]:
    """The objects that are written for a Tenant, without those of its Projects."""
    spec, path = tenant.spec, ("tenant", "name")
    if spec.create_namespace and not spec.existing:
        yield PlannedObject(tenant_namespace(tenant, api), tenant, path, spec.on_removal)
    for settings in tenant.settings:
        if settings.managed:
            yield from _settings_with_secret(settings, spec.labels, spec.annotations, api)
    if not spec.existing:
        yield PlannedObject(tenant_object(tenant, api), tenant, path, spec.on_removal)


def project_objects(project: PlannedProject, api: PaletteApi) -> Iterator[PlannedObject]:
    """The objects that are written for a Project."""
    spec, path = project.spec, (*project.path, "name")
    if spec.create_namespace:
        yield PlannedObject(project_namespace(project), project, path, project.on_removal)
    if project.own is not None:
        yield from _settings_with_secret(project.own, spec.labels, spec.annotations, api)
    yield PlannedObject(project_object(project, api), project, path, project.on_removal)


def reference_of(manifest: Mapping[str, Any]) -> str:
    """The name of an object in messages: ``Kind/name``, or ``Kind/namespace/name``."""
    metadata = manifest["metadata"]
    parts = (manifest["kind"], metadata.get("namespace"), metadata["name"])
    return "/".join(part for part in parts if part)


def _settings_with_secret(
    settings: PlannedSettings, labels: Mapping[str, str], annotations: Mapping[str, str], api: PaletteApi
) -> Iterator[PlannedObject]:
    secret = settings.palette_secret
    if secret is not None and secret.managed:
        manifest = secret_object(secret, settings, None, labels, annotations, api)
        yield PlannedObject(manifest, settings, settings.path)
    integration = settings.integration
    fingerprint = integration.fingerprint_in_force if integration else None
    proof = integration.api_key.settings_proof(str(settings)) if integration and integration.api_key else None
    manifest = settings_object(settings, fingerprint, proof, labels, annotations, api)
    yield PlannedObject(manifest, settings, settings.path)


def tenant_namespace(tenant: PlannedTenant, api: PaletteApi) -> Manifest:
    """The tenant namespace, with the label by which PaletteAI recognises it."""
    manifest = _namespace(tenant.namespace, tenant.spec)
    _set(manifest, api.path("namespace.tenant"), tenant.name)
    return manifest


def project_namespace(project: PlannedProject) -> Manifest:
    """A Project's namespace."""
    return _namespace(project.namespace, project.spec)


def _namespace(name: str, spec: TenantSpec | ProjectSpec) -> Manifest:
    labels = spec.labels if spec.namespace_labels is None else spec.namespace_labels
    annotations = spec.annotations if spec.namespace_annotations is None else spec.namespace_annotations
    return _object("v1", "Namespace", name, None, labels, annotations)


def tenant_object(tenant: PlannedTenant, api: PaletteApi) -> Manifest:
    """The Tenant, which refers to its default Settings.

    Without any field it has no `spec`: when a server-side apply removes the last field of an empty `spec`, it becomes
    null, which is refused.
    """
    spec = tenant.spec
    manifest = _object(api.api_version, "Tenant", tenant.name, None, spec.labels, spec.annotations)
    _set(manifest, api.path("tenant.displayName"), spec.display_name)
    _set(manifest, api.path("tenant.description"), spec.description)
    _set(manifest, api.path("tenant.groups"), list(spec.groups) or None)
    default = tenant.default.name if tenant.default is not None else spec.settings_ref
    if default is not None:
        _set(manifest, api.path("tenant.settingsName"), default)
        _set(manifest, api.path("tenant.settingsNamespace"), tenant.namespace)
    return _with_extra(manifest, spec.extra_spec, api)


def project_object(project: PlannedProject, api: PaletteApi) -> Manifest:
    """The Project. It names a Settings only where it does not fall back to the tenant's default."""
    spec = project.spec
    manifest = _object(api.api_version, "Project", project.name, project.namespace, spec.labels, spec.annotations)
    _set(manifest, api.path("project.tenant"), project.tenant)
    if project.source is Source.SHARED_CLUSTER_ONLY or spec.shared_cluster_only:
        _set(manifest, SHARED_CLUSTER_ONLY_PATH, "true")
    _set(manifest, api.path("project.displayName"), spec.display_name)
    _set(manifest, api.path("project.description"), spec.description)
    _set(manifest, api.path("project.tenantName"), project.tenant)
    _set(manifest, api.path("project.settingsName"), project.own.name if project.own else spec.settings_ref)
    if project.compute_config is not None:
        _set(manifest, api.path("project.computeConfigName"), project.compute_config.name)
        _set(manifest, api.path("project.computeConfigNamespace"), project.compute_config_namespace)
    for role in ("admin", "editor", "viewer"):
        _set(manifest, api.path(f"project.{role}"), list(getattr(project.role_mapping, role)) or None)
    if spec.deployment_namespaces is not None:
        _set(manifest, api.path("project.allow"), list(spec.deployment_namespaces.allow) or None)
        _set(manifest, api.path("project.disallow"), list(spec.deployment_namespaces.disallow) or None)
    return _with_extra(manifest, spec.extra_spec, api)


def settings_object(
    settings: PlannedSettings,
    fingerprint: Any,
    proof: Any,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    api: PaletteApi,
) -> Manifest:
    """The Settings, which names its Secrets. Its annotations hold the fingerprint and the proof of its credential."""
    spec = settings.spec
    manifest = _object(
        api.api_version,
        "Settings",
        settings.name,
        settings.namespace,
        {**labels, **spec.labels},
        {**annotations, **spec.annotations},
    )
    for secret in settings.secrets:
        _set(manifest, api.path(f"settings.{secret.type}"), secret.name)
    integration = settings.integration
    _set(manifest, FINGERPRINT_PATH, fingerprint)
    _set(manifest, PROOF_PATH, proof)
    if integration is not None and integration.existing_secret is not None:
        _set(manifest, CREDENTIAL_PATH, integration.credential)
    return _with_extra(manifest, spec.extra_spec, api)


def secret_object(
    secret: PlannedSecret,
    settings: PlannedSettings,
    encoded_document: Any,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    api: PaletteApi,
) -> Manifest:
    """The Secret with the Palette credential of a Settings.

    `encoded_document` is `palette_document` in base64, or a Pulumi secret of it; None for a Secret without data.
    """
    spec = settings.spec
    labels = {**labels, **spec.labels} if spec.secret_labels is None else spec.secret_labels
    annotations = {**annotations, **spec.annotations} if spec.secret_annotations is None else spec.secret_annotations
    manifest = _object("v1", "Secret", secret.name, secret.namespace, labels, annotations)
    manifest["type"] = "Opaque"
    _set(manifest, api.path(f"secret.{IntegrationType.PALETTE}"), encoded_document)
    return manifest


def palette_document(integration: IntegrationSpec, api_key: str) -> str:
    """The JSON document in the Secret: the four fields, always in this order.

    The key is in the form in which it is sent, which is also the form that the fingerprint is made of.
    """
    return json.dumps(
        {
            "apiKey": sent(api_key),
            "defaultProjectID": integration.default_project_id,
            "hostUrl": integration.host_url and sent_host(integration.host_url),
            "tenant": integration.tenant,
        }
    )


def _object(
    api_version: str,
    kind: str,
    name: str,
    namespace: str | None,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
) -> Manifest:
    metadata: dict[str, Any] = {"name": name}
    if namespace is not None:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def _set(manifest: Manifest, path: FieldPath, value: Any) -> None:
    if value is not None:
        path.write(manifest, value)


def _with_extra(manifest: Manifest, extra: Mapping[str, Any], api: PaletteApi) -> Manifest:
    if extra:
        merge(manifest.setdefault("spec", {}), extra, api.lists(manifest["kind"]), _SPEC)
    return manifest
