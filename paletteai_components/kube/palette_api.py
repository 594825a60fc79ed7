"""The vendor's API: group, version, kinds, and every field path that is written or read.

No other module knows a field path. Each one has a note on where it was seen, or is assumed. `paletteai:vendorFields`
replaces an assumed path. The CRDs of a real cluster show whether the paths are right: see `crds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

API_GROUP = "spectrocloud.com"
API_VERSION = f"{API_GROUP}/v1alpha1"
KINDS = ("Tenant", "Project", "Settings")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the vendor's API."""

    kind: str
    path: tuple[str, ...]
    seen: str
    """Where the path was seen; empty for one that is assumed."""


_DOCS = "the vendor's public documentation"
_DEPLOYMENT_NAMESPACES = ("spec", "admissionConfiguration", "workloadConfiguration", "deploymentNamespaces")
_MANIFEST = "a user's manifest and the vendor's public documentation"

FIELDS: dict[str, Field] = {
    "namespace.tenant": Field("Namespace", ("metadata", "labels", "palette.ai/tenant"), _DOCS),
    "secret.palette": Field("Secret", ("data", "palette"), _DOCS),
    "tenant.displayName": Field("Tenant", ("spec", "displayName"), _MANIFEST),
    "tenant.description": Field("Tenant", ("spec", "description"), _DOCS),
    "tenant.settingsName": Field("Tenant", ("spec", "settingsRef", "name"), _MANIFEST),
    "tenant.settingsNamespace": Field("Tenant", ("spec", "settingsRef", "namespace"), _MANIFEST),
    "tenant.groups": Field("Tenant", ("spec", "tenantRoleMapping", "groups"), _MANIFEST),
    "settings.palette": Field("Settings", ("spec", "integrations", "palette", "secretRef", "name"), ""),
    "settings.huggingFace": Field("Settings", ("spec", "integrations", "huggingFace", "secretRef", "name"), ""),
    "settings.nvidia": Field("Settings", ("spec", "integrations", "nvidia", "secretRef", "name"), ""),
    "project.tenant": Field("Project", ("metadata", "labels", "palette.ai/tenant-name"), _MANIFEST),
    "project.displayName": Field("Project", ("spec", "displayName"), _MANIFEST),
    "project.description": Field("Project", ("spec", "description"), _DOCS),
    "project.tenantName": Field("Project", ("spec", "tenantRef", "name"), _MANIFEST),
    "project.settingsName": Field("Project", ("spec", "settingsRef", "name"), _MANIFEST),
    "project.computeConfigName": Field("Project", ("spec", "computeConfigRef", "name"), _MANIFEST),
    "project.computeConfigNamespace": Field("Project", ("spec", "computeConfigRef", "namespace"), _MANIFEST),
    "project.admin": Field("Project", ("spec", "roleMapping", "admin"), _MANIFEST),
    "project.editor": Field("Project", ("spec", "roleMapping", "editor"), _MANIFEST),
    "project.viewer": Field("Project", ("spec", "roleMapping", "viewer"), _MANIFEST),
    "project.allow": Field("Project", (*_DEPLOYMENT_NAMESPACES, "allow"), _DOCS),
    "project.disallow": Field("Project", (*_DEPLOYMENT_NAMESPACES, "disallow"), _DOCS),
}


@dataclass(frozen=True, slots=True)
class PaletteApi:
    """The version of the vendor's API that the manifests are written for."""

    api_version: str = API_VERSION
    """Group and version of Tenant, Project and Settings."""
    fields: Mapping[str, str] | None = None
    """Other paths, dotted, for fields whose path is assumed."""
    former_api_versions: tuple[str, ...] = ()
    """Versions that the objects may have been deployed with."""

    def path(self, name: str) -> tuple[str, ...]:
        """The path of a field. A replacement outside of `spec`, which a rule refuses, is ignored."""
        replacement = (self.fields or {}).get(name, "")
        return tuple(replacement.split(".")) if replacement.startswith("spec.") else FIELDS[name].path


def overlaps(kind: str, extra: Mapping[str, Any], vendor_fields: Mapping[str, str]) -> list[str]:
    """The fields of `extraSpec`, dotted, that overlap a modelled field of the kind."""
    api = PaletteApi(fields=vendor_fields)
    modelled = [api.path(name) for name, field in FIELDS.items() if field.kind == kind]
    return [
        ".".join(leaf[1:])
        for leaf in _leaves(extra, ("spec",))
        if any(leaf[: len(path)] == path or path[: len(leaf)] == leaf for path in modelled)
    ]


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    else:
        yield path
