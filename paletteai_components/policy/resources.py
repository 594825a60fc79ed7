"""The resources of a stack, turned into the Kubernetes objects that concern PaletteAI, by the cluster they are on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.manifests import SHARED_CLUSTER_ONLY_ANNOTATION
from paletteai_components.kube.palette_api import API_GROUP, FIELDS, KINDS, SUPPLIERS, PaletteApi
from paletteai_components.observation.objects import DEFAULT_NAMESPACE, ObservedObject
from paletteai_components.pulumi_yaml.document import Path, path_within
from paletteai_components.stacks.validation import shown_path

_KUBERNETES = "kubernetes:"
_PATCH = "Patch"
_CORE = frozenset({("", "Secret"), ("", "Namespace")})
_NAMESPACED = frozenset({"Settings", "Project", "Secret", *(kind for _, kind in SUPPLIERS)})
# What tells a provider's cluster from that of another.
_OF_A_CLUSTER = ("kubeconfig", "context", "cluster", "renderYamlToDirectory")
# The fields of each kind on which it depends what belongs together. No other field decides more than about its object.
_REFERENCES = {
    "Namespace": ("namespace.tenant",),
    "Tenant": ("tenant.settingsName", "tenant.settingsNamespace"),
    "Settings": ("settings.palette", "settings.huggingFace", "settings.nvidia"),
    "Project": (
        "project.tenant",
        "project.tenantName",
        "project.settingsName",
        "project.computeConfigName",
    ),
}
_SHARED_CLUSTER_ONLY = FieldPath(("metadata", "annotations", SHARED_CLUSTER_ONLY_ANNOTATION))


@dataclass(frozen=True, slots=True)
class Properties:
    """Plain values, as far as they are known."""

    known: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The values, in plain text those of a Secret, too. One that is not known is left out, or None in a list."""
    unknown: tuple[Path, ...] = ()
    """The paths of the values that only the deployment knows."""


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of a resource."""

    urn: str
    properties: Properties = field(default_factory=Properties, repr=False)

    @property
    def cluster(self) -> tuple[object, ...]:
        """What is the same for providers of one cluster. It may hold a kubeconfig, so it is for comparing only."""
        if any(path[0] in _OF_A_CLUSTER for path in self.properties.unknown):
            return (self.urn,)
        return tuple(repr(self.properties.known.get(name)) for name in _OF_A_CLUSTER)

    @property
    def name(self) -> str:
        """Its name in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, slots=True)
class StackResource:
    """A resource of a stack."""

    urn: str
    type: str
    """Its type, for example ``kubernetes:core/v1:Secret``."""
    properties: Properties = field(default_factory=Properties, repr=False)
    """Its outputs; in a preview, its inputs with what the cluster would add."""
    provider: Provider = field(default_factory=lambda: Provider(""))
    may_be_elsewhere: bool = False
    """Whether this is a preview, and its metadata depends on other resources. The Kubernetes provider puts its default
    namespace in the place of one that is not known."""

    @property
    def default_namespace(self) -> str:
        """The namespace of an object that names none."""
        namespace = self.provider.properties.known.get("namespace")
        return namespace if isinstance(namespace, str) and namespace else DEFAULT_NAMESPACE


@dataclass
class ClusterObjects:
    """The objects of a stack on one cluster."""

    name: str
    """A name for the cluster that no other of the stack has."""
    objects: list[ObservedObject] = field(default_factory=list)
    unknown: list[SourceLocation] = field(default_factory=list)
    """Where an identity or a reference is that only the deployment knows. What seems to be missing may be there."""
    unknown_secrets: list[ObservedObject] = field(default_factory=list)
    """The Secrets whose identity or content only the deployment knows. They are not among the objects."""


def concerns_paletteai(type: str) -> bool:
    """Whether a resource of a type may be an object that concerns PaletteAI."""
    group, _, kind = _type_of(type)
    kind = kind.removesuffix(_PATCH).removesuffix("List")
    return (group, kind) in _CORE or (group, kind) in SUPPLIERS or (group == API_GROUP and kind in KINDS)


def clusters_of(resources: Iterable[StackResource], api: PaletteApi) -> list[ClusterObjects]:
    """The objects that concern PaletteAI, for each cluster."""
    clusters: dict[tuple[object, ...], ClusterObjects] = {}
    names: set[str] = set()
    # The engine passes them in another order each time.
    for resource in sorted(resources, key=lambda resource: resource.urn):
        if not concerns_paletteai(resource.type):
            continue
        key = resource.provider.cluster
        if key not in clusters:
            name = f"the cluster of provider {resource.provider.name}"
            name = f"{name} ({len(names)})" if name in names else name
            names.add(name)
            clusters[key] = ClusterObjects(name)
        _add(resource, clusters[key], api)
    return list(clusters.values())


def _add(resource: StackResource, cluster: ClusterObjects, api: PaletteApi) -> None:
    group, version, kind = _type_of(resource.type)
    if kind.endswith(_PATCH):
        # It changes an object of somebody else, of which the rest is not here.
        if group == API_GROUP:
            cluster.unknown.append(SourceLocation(resource.urn))
        return
    stated = {"apiVersion": f"{group}/{version}".removeprefix("/"), "kind": kind}
    properties = resource.properties
    for path, manifest in _items({**stated, **properties.known}):
        unknown = [each[len(path) :] for each in properties.unknown if each[: len(path)] == path]
        each = _object(manifest, path, resource)
        is_identified = each.name and not _is_elsewhere(each, unknown, resource)
        if each.kind not in _REFERENCES:
            # Secrets, and what supplies them.
            is_readable = each.kind != "Secret" or not any(at[0] in _CONTENT for at in unknown)
            (cluster.objects if is_identified and is_readable else cluster.unknown_secrets).append(each)
            continue
        if is_identified:
            cluster.objects.append(each)
        if (not is_identified and _may_matter(each, unknown)) or _are_among(unknown, *_references(each.kind, api)):
            cluster.unknown.append(each.location())


_CONTENT = ("data", "stringData")


def _is_elsewhere(each: ObservedObject, unknown: Iterable[Path], resource: StackResource) -> bool:
    """Whether an object may be in another namespace than it seems to be."""
    if each.kind not in _NAMESPACED:
        return False
    is_by_default = each.stated_namespace in ("", resource.default_namespace)
    return _are_among(unknown, FieldPath(("metadata", "namespace"))) or (is_by_default and resource.may_be_elsewhere)


def _may_matter(each: ObservedObject, unknown: Iterable[Path]) -> bool:
    """Whether an object without an identity may belong to a Tenant. A namespace without its label does not."""
    if each.kind != "Namespace" or not isinstance(each.manifest.get("metadata"), dict):
        return True
    label = FIELDS["namespace.tenant"].path
    return label.is_in(each.manifest) or _are_among(unknown, label)


def _type_of(type: str) -> tuple[str, str, str]:
    """The group, the version and the kind of a resource's type; all empty if it is no Kubernetes object."""
    if not type.startswith(_KUBERNETES):
        return "", "", ""
    group_version, _, kind = type.removeprefix(_KUBERNETES).rpartition(":")
    group, _, version = group_version.rpartition("/")
    return "" if group == "core" else group, version, kind


def _items(value: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """An object, or the items of a list of objects, each with its path."""
    items = value.get("items")
    if isinstance(items, list) and str(value["kind"]).endswith("List"):
        stated = {"apiVersion": value["apiVersion"], "kind": str(value["kind"]).removesuffix("List")}
        for position, item in enumerate(items):
            if isinstance(item, dict):
                yield from _items({**stated, **item}, (*path, "items", position))
    else:
        yield path, dict(value)


def _object(manifest: dict[str, Any], path: Path, resource: StackResource) -> ObservedObject:
    # What is on the cluster is for `doctor`: in a deployment, nothing is ready yet.
    manifest.pop("status", None)
    metadata, default = manifest.get("metadata"), resource.default_namespace
    if isinstance(metadata, dict) and manifest["kind"] in _NAMESPACED and default != DEFAULT_NAMESPACE:
        manifest["metadata"] = {"namespace": default, **metadata}
    return ObservedObject(manifest, partial(_location, manifest, resource.urn, path))


def _location(manifest: Mapping[str, Any], urn: str, above: Path, path: Path) -> SourceLocation:
    """The location of the value at a path of an object, or of its nearest ancestor."""
    path = (*above, *path_within(manifest, path))
    return SourceLocation(urn, field=shown_path(path) if path else "")


def _references(kind: str, api: PaletteApi) -> Iterator[FieldPath]:
    yield from map(api.path, _REFERENCES.get(kind, ()))
    if kind == "Project":
        yield _SHARED_CLUSTER_ONLY


def _are_among(unknown: Iterable[Path], *paths: FieldPath) -> bool:
    """Whether a value at one of the paths may be among those that are not known."""
    # Which element of a list a selector means cannot be known without the element.
    return any(
        all(isinstance(step, int) or step == wanted for step, wanted in zip(at, path.steps, strict=False))
        for at in unknown
        for path in paths
    )
