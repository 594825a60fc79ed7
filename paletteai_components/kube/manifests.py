"""Manifests: the planned Kubernetes objects of a stack, as plain dicts with their owners."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paletteai_components.credentials import sent
from paletteai_components.kube.palette_api import Vendor
from paletteai_components.model.plan import PlannedProject, Topology
from paletteai_components.model.planned import IntegrationType, Path, PlannedSecret, PlannedSettings, PlannedTenant
from paletteai_components.model.spec import IntegrationSpec, OnRemoval

FINGERPRINT_ANNOTATION = "paletteai-components/credential-fingerprint"
PROOF_ANNOTATION = "paletteai-components/credential-proof"
CREDENTIAL_ANNOTATION = "paletteai-components/credential"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """An object that is written for a stack.

    Fields:
        manifest: the object. A Secret comes without its data: no key is opened to make it.
        owner: what it is written for; a Settings also owns its Secret.
        path: where it is declared.
        removal: the `onRemoval` that holds for it; None for what is always deleted.
    """

    manifest: Manifest
    owner: PlannedTenant | PlannedProject | PlannedSettings
    path: Path
    removal: OnRemoval | None = None

    @property
    def kind(self) -> str:
        """Its kind."""
        kind: str = self.manifest["kind"]
        return kind

    @property
    def logical_name(self) -> str:
        """What Pulumi calls it: as what it is written for."""
        return self.owner.logical_name

    @property
    def reference(self) -> str:
        """The object as messages call it; see `reference_of`."""
        return reference_of(self.manifest)


def objects_of(topology: Topology, vendor: Vendor) -> Iterator[PlannedObject]:
    """Every object that is written for a stack, in the order in which they are created."""
    yield from tenant_objects(topology.tenant, vendor)
    for project in topology.projects:
        yield from project_objects(project, vendor)


def tenant_objects(tenant: PlannedTenant, vendor: Vendor) -> Iterator[PlannedObject]:
    """The objects that are written for a Tenant itself."""
    spec, path = tenant.spec, ("tenant", "name")
    if spec.create_namespace and not spec.existing:
        yield PlannedObject(tenant_namespace(tenant, vendor), tenant, path, spec.on_removal)
    for settings in tenant.settings:
        if settings.made:
            yield from _settings_with_secret(settings, spec.labels, spec.annotations, vendor)
    if not spec.existing:
        yield PlannedObject(tenant_object(tenant, vendor), tenant, path, spec.on_removal)


def project_objects(project: PlannedProject, vendor: Vendor) -> Iterator[PlannedObject]:
    """The objects that are written for a Project."""
    spec, path = project.spec, (*project.path, "name")
    if spec.create_namespace:
        yield PlannedObject(project_namespace(project), project, path, project.on_removal)
    if project.own is not None:
        yield from _settings_with_secret(project.own, spec.labels, spec.annotations, vendor)
    yield PlannedObject(project_object(project, vendor), project, path, project.on_removal)


def reference_of(manifest: Mapping[str, Any]) -> str:
    """An object as messages call it: ``Kind/name``, or ``Kind/namespace/name``."""
    metadata = manifest["metadata"]
    parts = (manifest["kind"], metadata.get("namespace"), metadata["name"])
    return "/".join(part for part in parts if part)


def _settings_with_secret(
    settings: PlannedSettings,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    vendor: Vendor,
) -> Iterator[PlannedObject]:
    secret = settings.palette_secret
    if secret is not None and secret.made:
        manifest = secret_object(secret, settings, None, labels, annotations, vendor)
        yield PlannedObject(manifest, settings, settings.path)
    integration = settings.integration
    fingerprint = integration.fingerprint_in_force if integration else None
    proof = integration.api_key.settings_proof(str(settings)) if integration and integration.api_key else None
    manifest = settings_object(settings, fingerprint, proof, labels, annotations, vendor)
    yield PlannedObject(manifest, settings, settings.path)


def tenant_namespace(tenant: PlannedTenant, vendor: Vendor) -> Manifest:
    """The tenant namespace, labelled so that PaletteAI knows it for the Tenant's."""
    manifest = _object("v1", "Namespace", tenant.namespace, None, tenant.spec.labels, tenant.spec.annotations)
    _put(manifest, vendor.path("namespace.tenant"), tenant.name)
    return manifest


def project_namespace(project: PlannedProject) -> Manifest:
    """A Project's namespace."""
    return _object("v1", "Namespace", project.namespace, None, project.spec.labels, project.spec.annotations)


def tenant_object(tenant: PlannedTenant, vendor: Vendor) -> Manifest:
    """The Tenant, which refers to its default Settings.

    Without anything to say it has no `spec`: an empty one turns to null, which is refused, when a server-side
    apply takes its last field away.
    """
    spec = tenant.spec
    manifest = _object(vendor.api_version, "Tenant", tenant.name, None, spec.labels, spec.annotations)
    _put(manifest, vendor.path("tenant.displayName"), spec.display_name)
    _put(manifest, vendor.path("tenant.description"), spec.description)
    _put(manifest, vendor.path("tenant.groups"), list(spec.groups) or None)
    if tenant.default is not None:
        _put(manifest, vendor.path("tenant.settingsName"), tenant.default.name)
        _put(manifest, vendor.path("tenant.settingsNamespace"), tenant.default.namespace)
    return _with_extra(manifest, spec.extra_spec)


def project_object(project: PlannedProject, vendor: Vendor) -> Manifest:
    """The Project. It names Settings only where it does not fall back to the tenant's default."""
    spec = project.spec
    manifest = _object(
        vendor.api_version,
        "Project",
        project.name,
        project.namespace,
        spec.labels,
        spec.annotations,
    )
    _put(manifest, vendor.path("project.tenant"), project.tenant)
    _put(manifest, vendor.path("project.displayName"), spec.display_name)
    _put(manifest, vendor.path("project.tenantName"), project.tenant)
    _put(
        manifest,
        vendor.path("project.settingsName"),
        project.own.name if project.own else spec.settings_ref,
    )
    if project.compute_config is not None:
        _put(manifest, vendor.path("project.computeConfigName"), project.compute_config.name)
        _put(
            manifest,
            vendor.path("project.computeConfigNamespace"),
            project.compute_config_namespace,
        )
    for role in ("admin", "editor", "viewer"):
        _put(
            manifest,
            vendor.path(f"project.{role}"),
            list(getattr(project.role_mapping, role)) or None,
        )
    if spec.deployment_namespaces is not None:
        _put(manifest, vendor.path("project.allow"), list(spec.deployment_namespaces.allow) or None)
        _put(
            manifest,
            vendor.path("project.disallow"),
            list(spec.deployment_namespaces.disallow) or None,
        )
    return _with_extra(manifest, spec.extra_spec)


def settings_object(
    settings: PlannedSettings,
    fingerprint: Any,
    proof: Any,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    vendor: Vendor,
) -> Manifest:
    """The Settings, which names its Secrets. The fingerprint tells which credential it carries, the proof who knows."""
    spec = settings.spec
    manifest = _object(
        vendor.api_version,
        "Settings",
        settings.name,
        settings.namespace,
        {**labels, **spec.labels},
        {**annotations, **spec.annotations},
    )
    for secret in settings.secrets:
        _put(manifest, vendor.path(f"settings.{secret.type}"), secret.name)
    integration = settings.integration
    _put(manifest, ("metadata", "annotations", FINGERPRINT_ANNOTATION), fingerprint)
    _put(manifest, ("metadata", "annotations", PROOF_ANNOTATION), proof)
    if integration is not None and integration.existing_secret is not None:
        _put(manifest, ("metadata", "annotations", CREDENTIAL_ANNOTATION), integration.credential)
    return _with_extra(manifest, spec.extra_spec)


def secret_object(
    secret: PlannedSecret,
    settings: PlannedSettings,
    encoded_document: Any,
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    vendor: Vendor,
) -> Manifest:
    """The Secret of a Settings' Palette credential; without data where the document is None.

    `encoded_document` is `palette_document` in base64, or a Pulumi secret of it.
    """
    spec = settings.spec
    manifest = _object(
        "v1",
        "Secret",
        secret.name,
        secret.namespace,
        {**labels, **spec.labels},
        {**annotations, **spec.annotations},
    )
    manifest["type"] = "Opaque"
    _put(manifest, vendor.path(f"secret.{IntegrationType.PALETTE}"), encoded_document)
    return manifest


def palette_document(integration: IntegrationSpec, api_key: str) -> str:
    """The JSON document in the Secret: the four fields, always in this order.

    The key stands in it as it is sent, of which the fingerprint is made, too.
    """
    return json.dumps(
        {
            "apiKey": sent(api_key),
            "defaultProjectID": integration.default_project_id,
            "hostUrl": integration.host_url,
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


def _put(manifest: Manifest, path: tuple[str, ...], value: Any) -> None:
    if value is None:
        return
    for step in path[:-1]:
        manifest = _within(manifest, step)
    manifest[path[-1]] = value


def _with_extra(manifest: Manifest, extra: Mapping[str, Any]) -> Manifest:
    if extra:
        _merge(manifest.setdefault("spec", {}), extra)
    return manifest


def _merge(into: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, Mapping):
            _merge(_within(into, key), value)
        else:
            into[key] = value


def _within(holder: dict[str, Any], step: str) -> dict[str, Any]:
    """The object at a step. Where something else stands there, which a rule refuses, it gives way."""
    if not isinstance(holder.get(step), dict):
        holder[step] = {}
    inner: dict[str, Any] = holder[step]
    return inner
