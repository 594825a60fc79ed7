"""The vendor's API: group, version, kinds, and every field path that is written or read.

This is the only place that knows a field path. Each says where it was seen, or that it is assumed; an assumed one
can be given another path by `paletteai:vendorFields`. Whether the paths are those of a real cluster is for its CRDs
to say: see `crds`.
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
    """A field of the vendor's API.

    Fields:
        kind: the object it belongs to.
        path: where it stands in the object.
        seen: where the path was seen; empty for one that is assumed.
    """

    kind: str
    path: tuple[str, ...]
    seen: str


_DOCS = "the vendor's public documentation"
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
    "project.tenantName": Field("Project", ("spec", "tenantRef", "name"), _MANIFEST),
    "project.settingsName": Field("Project", ("spec", "settingsRef", "name"), _MANIFEST),
    "project.computeConfigName": Field("Project", ("spec", "computeConfigRef", "name"), _MANIFEST),
    "project.computeConfigNamespace": Field("Project", ("spec", "computeConfigRef", "namespace"), _MANIFEST),
    "project.admin": Field("Project", ("spec", "roleMapping", "admin"), _MANIFEST),
    "project.editor": Field("Project", ("spec", "roleMapping", "editor"), _MANIFEST),
    "project.viewer": Field("Project", ("spec", "roleMapping", "viewer"), _MANIFEST),
    "project.allow": Field(
        "Project",
        (
            "spec",
            "admissionConfiguration",
            "workloadConfiguration",
            "deploymentNamespaces",
            "allow",
        ),
        _DOCS,
    ),
    "project.disallow": Field(
        "Project",
        (
            "spec",
            "admissionConfiguration",
            "workloadConfiguration",
            "deploymentNamespaces",
            "disallow",
        ),
        _DOCS,
    ),
}


@dataclass(frozen=True, slots=True)
class Vendor:
    """Which vendor API the manifests are written for.

    Fields:
        api_version: group and version of Tenant, Project and Settings.
        fields: other paths, dotted, for fields whose path is assumed.
        former_api_versions: those the objects may have been deployed with.
    """

    api_version: str = API_VERSION
    fields: Mapping[str, str] | None = None
    former_api_versions: tuple[str, ...] = ()

    def path(self, name: str) -> tuple[str, ...]:
        """The path of a field. A given one that leads out of `spec`, which a rule refuses, is not followed."""
        given = (self.fields or {}).get(name, "")
        return tuple(given.split(".")) if given.startswith("spec.") else FIELDS[name].path


def overlaps(kind: str, extra: Mapping[str, Any], vendor_fields: Mapping[str, str]) -> list[str]:
    """The fields of `extraSpec` that a modelled field of the kind already says, dotted."""
    vendor = Vendor(fields=vendor_fields)
    modelled = [vendor.path(name) for name, field in FIELDS.items() if field.kind == kind]
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
