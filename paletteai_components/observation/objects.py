"""Observed objects: plain Kubernetes objects with their locations, and an index of those that concern PaletteAI."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.palette_api import API_GROUP, FIELDS, SUPPLIERS
from paletteai_components.pulumi_yaml.document import Path

if TYPE_CHECKING:
    from paletteai_components.kube.manifests import Manifest
    from paletteai_components.kube.palette_api import PaletteApi
    from paletteai_components.model.planned import IntegrationType

DEFAULT_NAMESPACE = "default"
_LISTS = frozenset(name for name, each in FIELDS.items() if each.is_list)


Key = tuple[str, str]
"""A namespace and a name."""


@dataclass(frozen=True, slots=True)
class ObservedObject:
    """A Kubernetes object and where it was found."""

    manifest: Manifest = field(repr=False)
    """The object, which may be a Secret."""
    locate: Callable[[Path], SourceLocation] = field(repr=False, compare=False)
    """The location of the value at a path of the object, or of its nearest ancestor."""
    kind: str = field(init=False, compare=False)
    """Its kind."""
    group: str = field(init=False, compare=False)
    """Its API group, which is empty for the core group."""
    name: str = field(init=False, compare=False)
    """Its name. Empty if it has none yet, as with `generateName`."""
    stated_namespace: str = field(init=False, compare=False)
    """The namespace that it names; empty if it names none."""

    def __post_init__(self) -> None:
        # They are read more often than there are objects.
        manifest = self.manifest
        metadata = manifest.get("metadata")
        name, namespace = (metadata.get("name"), metadata.get("namespace")) if isinstance(metadata, dict) else ("", "")
        kind, version = manifest.get("kind"), manifest.get("apiVersion")
        setting = object.__setattr__
        setting(self, "kind", kind if isinstance(kind, str) else "")
        setting(self, "group", version.rpartition("/")[0] if isinstance(version, str) else "")
        setting(self, "name", name if isinstance(name, str) else "")
        setting(self, "stated_namespace", namespace if isinstance(namespace, str) else "")

    def __repr__(self) -> str:
        return f"<{self.reference}>"

    @property
    def namespace(self) -> str:
        """Its namespace; that of whoever applies it, if it names none."""
        return self.stated_namespace or DEFAULT_NAMESPACE

    @property
    def key(self) -> Key:
        """Its namespace and its name."""
        return self.namespace, self.name

    @property
    def labels(self) -> dict[str, str]:
        """Its labels, as far as they are text."""
        return texts_of(self.manifest, "labels")

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations, as far as they are text."""
        return texts_of(self.manifest, "annotations")

    @property
    def reference(self) -> str:
        """Its name in messages: ``Kind/name``, or ``Kind/namespace/name``."""
        return "/".join(part for part in (self.kind, self.stated_namespace, self.name) if part)

    def location(self, *path: str | int) -> SourceLocation:
        """The location of the value at a path, or of its nearest ancestor."""
        return self.locate(path)

    def field_location(self, path: FieldPath) -> SourceLocation:
        """The location of the field at a path, or of its nearest ancestor."""
        return self.locate(path.positions_in(self.manifest))


@dataclass(frozen=True)
class Inventory:
    """The objects that concern PaletteAI."""

    tenants: Mapping[str, ObservedObject]
    projects: Mapping[Key, ObservedObject]
    settings: Mapping[Key, ObservedObject]
    secrets: Mapping[Key, ObservedObject]
    suppliers: Mapping[Key, ObservedObject]
    """What puts a Secret into a namespace, by the key of the Secret."""
    namespaces: Mapping[str, ObservedObject]
    repeated: tuple[tuple[ObservedObject, ObservedObject], ...]
    """The pairs of objects with one identity, the one that counts last."""

    def at(self, reference: str) -> ObservedObject | None:
        """The object of a reference, or None; see `manifests.reference_of`."""
        kind, *place = reference.split("/")
        kinds: dict[str, Mapping[Any, ObservedObject]] = {
            "Tenant": self.tenants,
            "Project": self.projects,
            "Settings": self.settings,
            "Secret": self.secrets,
            "Namespace": self.namespaces,
        }
        return kinds[kind].get(tuple(place) if len(place) > 1 else place[0])


@dataclass(frozen=True, slots=True)
class View:
    """What is known of the objects as a whole."""

    cluster: str
    """The name of the cluster they are on, or would be on."""
    complete: frozenset[str] = frozenset()
    """The kinds of which every object is among them, as in a list of a cluster: what is not there does not exist."""
    merges: bool = True
    """Whether this PaletteAI merges Settings per integration."""

    @property
    def is_partial(self) -> bool:
        """Whether no kind is known to be complete, as in files. Whoever lists a cluster is told what it hides."""
        return not self.complete


def inventory_of(objects: Iterable[ObservedObject]) -> Inventory:
    """The index of the objects that concern PaletteAI. Of two with one identity, the last counts, as when applied."""
    found: dict[str, dict[Any, ObservedObject]] = {
        kind: {} for kind in ("Tenant", "Project", "Settings", "Secret", "Namespace", "supplier")
    }
    repeated: list[tuple[ObservedObject, ObservedObject]] = []
    for each in objects:
        kind, key = _place_of(each)
        if not kind or not each.name:
            continue
        earlier = found[kind].get(key)
        if earlier is not None and kind != "supplier":
            repeated.append((earlier, each))
        found[kind][key] = each
    return Inventory(
        tenants=found["Tenant"],
        projects=found["Project"],
        settings=found["Settings"],
        secrets=found["Secret"],
        suppliers=found["supplier"],
        namespaces=found["Namespace"],
        repeated=tuple(repeated),
    )


def _place_of(each: ObservedObject) -> tuple[str, Key | str]:
    """The kind under which an object is indexed, empty if it does not concern PaletteAI, and its key."""
    kind, group = each.kind, each.group
    if group == API_GROUP:
        match kind:
            case "Tenant":
                return kind, each.name
            case "Settings":
                return kind, each.key
            case "Project":
                # PaletteAI refuses a Project in a namespace of another name, so it can be in that one only.
                return kind, (each.stated_namespace or each.name, each.name)
    elif not group and kind == "Secret":
        return kind, each.key
    elif not group and kind == "Namespace":
        return kind, each.name
    elif supplier := SUPPLIERS.get((group, kind)):
        _, path = supplier
        return "supplier", (each.namespace, text_at(each.manifest, path) or each.name)
    return "", ""


def text_at(value: Any, path: FieldPath) -> str | None:
    """The text at a path, or None if there is none or it is empty."""
    found = path.read(value)
    return found if isinstance(found, str) and found else None


def fields_of(each: ObservedObject, api: PaletteApi) -> dict[str, Any]:
    """What `text_at` and `list_at` find in the fields that an object has, by their names in `palette_api.FIELDS`."""
    found: dict[str, Any] = {}
    for name, value in api.values(each.kind, each.manifest).items():
        if name in _LISTS:
            if isinstance(value, list):
                found[name] = tuple(text for text in value if isinstance(text, str))
        elif value and isinstance(value, str):
            found[name] = value
    return found


def texts_of(manifest: Manifest, field: str, without: Collection[str] = ()) -> dict[str, str]:
    """The labels or annotations of an object, as far as they are text, without some of them."""
    metadata = manifest.get("metadata")
    entries = metadata.get(field) if isinstance(metadata, dict) else None
    if not isinstance(entries, dict):
        return {}
    return {str(key): text for key, text in entries.items() if isinstance(text, str) and key not in without}


def secret_name_in(settings: ObservedObject, kind: IntegrationType, api: PaletteApi) -> str | None:
    """The name of the Secret that a Settings uses for a type of integration, or None."""
    return text_at(settings.manifest, api.path(f"settings.{kind}"))


def list_at(value: Any, path: FieldPath) -> tuple[str, ...]:
    """The texts in the list at a path."""
    found = path.read(value)
    return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
