"""The vendor's API: group, version, kinds, and every field path that is written or read.

No other module knows a field path. Each one has a note on where it was seen, or is assumed. `paletteai:vendorFields`
replaces an assumed path. The CRDs of a real cluster show whether the paths are right: see `crds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paletteai_components.kube.field_path import FieldPath, FieldPathError, FieldPaths, parsed, selecting, selector_of

API_GROUP = "spectrocloud.com"
API_VERSION = f"{API_GROUP}/v1alpha1"
KINDS = ("Tenant", "Project", "Settings")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the vendor's API."""

    kind: str
    path: FieldPath
    seen: str
    """Where the path was seen; empty for one that is assumed."""
    is_list: bool = False
    """Whether its value is a list of texts; otherwise it is a text."""


SUPPLIERS = {
    ("bitnami.com", "SealedSecret"): ("sealedsecrets", FieldPath(("spec", "template", "metadata", "name"))),
    ("external-secrets.io", "ExternalSecret"): ("externalsecrets", FieldPath(("spec", "target", "name"))),
}
"""The groups and kinds of others whose controllers write Secrets: how a server calls them, and where the Secret's name
is, which is their own by default."""

_DOCS = "the vendor's public documentation"
_MANIFEST = "a user's manifest and the vendor's public documentation"
_METADATA, _SPEC = FieldPath(("metadata",)), FieldPath(("spec",))
_SETTINGS = _SPEC / "integrations"
_NAMESPACES = _SPEC / "admissionConfiguration" / "workloadConfiguration" / "deploymentNamespaces"

FIELDS: dict[str, Field] = {
    "namespace.tenant": Field("Namespace", _METADATA / "labels" / "palette.ai/tenant", _DOCS),
    "secret.palette": Field("Secret", FieldPath(("data", "palette")), _DOCS),
    "tenant.displayName": Field("Tenant", _SPEC / "displayName", _MANIFEST),
    "tenant.description": Field("Tenant", _SPEC / "description", _DOCS),
    "tenant.settingsName": Field("Tenant", _SPEC / "settingsRef" / "name", _MANIFEST),
    "tenant.settingsNamespace": Field("Tenant", _SPEC / "settingsRef" / "namespace", _MANIFEST),
    "tenant.groups": Field("Tenant", _SPEC / "tenantRoleMapping" / "groups", _MANIFEST, is_list=True),
    "settings.palette": Field("Settings", _SETTINGS / "palette" / "secretRef" / "name", ""),
    "settings.huggingFace": Field("Settings", _SETTINGS / "huggingFace" / "secretRef" / "name", ""),
    "settings.nvidia": Field("Settings", _SETTINGS / "nvidia" / "secretRef" / "name", ""),
    "project.tenant": Field("Project", _METADATA / "labels" / "palette.ai/tenant-name", _MANIFEST),
    "project.displayName": Field("Project", _SPEC / "displayName", _MANIFEST),
    "project.description": Field("Project", _SPEC / "description", _DOCS),
    "project.tenantName": Field("Project", _SPEC / "tenantRef" / "name", _MANIFEST),
    "project.settingsName": Field("Project", _SPEC / "settingsRef" / "name", _MANIFEST),
    "project.computeConfigName": Field("Project", _SPEC / "computeConfigRef" / "name", _MANIFEST),
    "project.computeConfigNamespace": Field("Project", _SPEC / "computeConfigRef" / "namespace", _MANIFEST),
    "project.admin": Field("Project", _SPEC / "roleMapping" / "admin", _MANIFEST, is_list=True),
    "project.editor": Field("Project", _SPEC / "roleMapping" / "editor", _MANIFEST, is_list=True),
    "project.viewer": Field("Project", _SPEC / "roleMapping" / "viewer", _MANIFEST, is_list=True),
    "project.allow": Field("Project", _NAMESPACES / "allow", _DOCS, is_list=True),
    "project.disallow": Field("Project", _NAMESPACES / "disallow", _DOCS, is_list=True),
}
ASSUMED = tuple(name for name, field in FIELDS.items() if not field.seen)
"""The fields whose path is assumed: the only ones that can have another."""
_PATHS = {name: field.path for name, field in FIELDS.items()}


@dataclass(frozen=True)
class PaletteApi:
    """The version of the vendor's API that the manifests are written for."""

    api_version: str = API_VERSION
    """Group and version of Tenant, Project and Settings."""
    fields: Mapping[str, str] | None = None
    """Other paths for fields whose path is assumed."""
    former_api_versions: tuple[str, ...] = ()
    """Versions that the objects may have been deployed with."""

    def path(self, name: str) -> FieldPath:
        """The path of a field. A replacement that `replacement` refuses, and so does a rule, is ignored."""
        return self._paths[name]

    def values(self, kind: str, manifest: Any) -> dict[str, Any]:
        """The values of the fields of a kind in an object, by name, without those that are not there."""
        return self._readers[kind].read(manifest)

    def lists(self, kind: str) -> Mapping[FieldPath, str]:
        """The lists of a kind that the paths lead through, each with the field that selects their elements."""
        return self._lists.get(kind, {})

    @cached_property
    def disputes(self) -> Mapping[str, tuple[str, FieldPath]]:
        """The fields whose path a replacement shows to be wrong.

        Each has the name of the replaced field, and what is a list to one of the paths and a mapping to the other.
        """
        return {
            name: (replaced, disputed)
            for replaced in self._replacements
            for name, field in FIELDS.items()
            if name not in self._replacements and field.kind == FIELDS[replaced].kind
            if (disputed := self.path(replaced).disputed_list(self.path(name)))
        }

    def modelled(self, kind: str) -> dict[str, FieldPath]:
        """The fields of a kind with their paths, without those whose path is disputed."""
        return {
            name: path for name, path in self._paths.items() if FIELDS[name].kind == kind and name not in self.disputes
        }

    def rival_of(self, name: str) -> str | None:
        """Another field of the same object whose path overlaps that of a field, or None."""
        path = self.path(name)
        others = self.modelled(FIELDS[name].kind).items()
        return next((other for other, its in others if other != name and path.overlaps(its)), None)

    def overlaps(self, kind: str, extra: Mapping[str, Any]) -> list[FieldPath]:
        """The fields of `extraSpec`, from there, that overlap a modelled field of the kind."""
        modelled = self.modelled(kind).values()
        return [
            FieldPath(leaf.steps[1:])
            for leaf in _leaves(extra, _SPEC, self.lists(kind))
            if any(map(leaf.overlaps, modelled))
        ]

    @cached_property
    def _replacements(self) -> Mapping[str, FieldPath]:
        replacements = {}
        for name, text in (self.fields or {}).items():
            if name in FIELDS:
                with suppress(FieldPathError):
                    replacements[name] = replacement(text)
        return replacements

    @cached_property
    def _paths(self) -> Mapping[str, FieldPath]:
        return {**_PATHS, **self._replacements} if self.fields else _PATHS

    @cached_property
    def _readers(self) -> Mapping[str, FieldPaths]:
        kinds: dict[str, dict[str, FieldPath]] = {}
        for name, path in self._paths.items():
            kinds.setdefault(FIELDS[name].kind, {})[name] = path
        return {kind: FieldPaths(paths) for kind, paths in kinds.items()}

    @cached_property
    def _lists(self) -> Mapping[str, Mapping[FieldPath, str]]:
        lists: dict[str, dict[FieldPath, str]] = {}
        for name, path in self._paths.items():
            if path.lists:
                lists.setdefault(FIELDS[name].kind, {}).update(path.lists)
        return lists


def replacement(text: str) -> FieldPath:
    """Another path for a field whose path is assumed.

    Raises:
        FieldPathError: The text is not the path of a field below `spec`.
    """
    path = parsed(text)
    if path.steps[0] != "spec" or len(path.steps) == 1:
        raise FieldPathError("is not below `spec`")
    return path


def fault_of(text: str) -> str:
    """Why `replacement` refuses a text; empty if it does not."""
    try:
        replacement(text)
    except FieldPathError as fault:
        return str(fault)
    return ""


def _leaves(value: Any, path: FieldPath, lists: Mapping[FieldPath, str]) -> Iterator[FieldPath]:
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, path / name, lists)
    elif value and (key := selecting(value, lists, path)):
        for element in value:
            # An element without a selector is added to the list.
            if selector := selector_of(element, key):
                yield from _leaves(element, path / selector, lists)
    else:
        yield path
