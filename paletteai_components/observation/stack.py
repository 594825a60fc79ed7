"""An observed stack: a Tenant and what belongs to it, as objects show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.plan import Plan
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import StackSpec
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.stacks.stack import Stack

_METADATA = {field: FieldPath(("metadata", field)) for field in ("name", "namespace", "labels", "annotations")}
# Where the fields of a spec are in an object: under these names of `palette_api.FIELDS`.
_VENDOR = {
    "Tenant": {
        "displayName": "tenant.displayName",
        "description": "tenant.description",
        "groups": "tenant.groups",
        "settingsRef": "tenant.settingsName",
    },
    "Project": {
        "displayName": "project.displayName",
        "description": "project.description",
        "settingsRef": "project.settingsName",
        "computeConfigRef": "project.computeConfigName",
    },
    "Settings": {
        "palette": "settings.palette",
        "secretName": "settings.palette",
        "huggingFace": "settings.huggingFace",
        "nvidia": "settings.nvidia",
    },
}


@dataclass(frozen=True)
class Places:
    """The object that each part of a declaration was read from, by the path of the part."""

    objects: dict[Path, ObservedObject]
    api: PaletteApi

    def location(self, path: Path) -> SourceLocation:
        """The location of the value at a path of the spec, or of its nearest ancestor."""
        for length in range(len(path), 0, -1):
            found = self.objects.get(path[:length])
            if found is not None:
                return found.field_location(self._path_in_object(found.kind, path[length:]))
        return SourceLocation("")

    def _path_in_object(self, kind: str, path: Path) -> FieldPath:
        name = str(path[0]) if path else ""
        vendor = _VENDOR.get(kind, {}).get(name)
        return self.api.path(vendor) if vendor else _METADATA.get(name, FieldPath())


@dataclass(frozen=True)
class ObservedStack(Stack):
    """A stack that was read from objects. It has no name, because nobody has named it; its part is its Tenant."""

    observed: Plan | None = None
    places: Places = field(default_factory=lambda: Places({}, PaletteApi()), repr=False)

    @property
    def is_observed(self) -> bool:
        """True."""
        return True

    @cached_property
    def plan(self) -> Plan | None:
        """What the objects say. Not what follows from `spec`, which cannot declare all of it."""
        return self.observed

    def location(self, *path: str | int) -> SourceLocation:
        """The location of the value at a path of the spec, in the object that it was read from."""
        return self.places.location(path)

    def locations(self, *path: str | int) -> Iterator[SourceLocation]:
        """The location of the value at a path of the spec."""
        yield self.places.location(path)

    @property
    def cluster_location(self) -> SourceLocation:
        """The location of the Tenant: nothing names the cluster."""
        return self.places.location(("tenant", "name"))

    @property
    def read_spec(self) -> StackSpec:
        """The spec, which a stack that was read from objects always has."""
        if self.spec is None:
            raise ValueError("an observed stack without a spec")
        return self.spec

    @property
    def objects_by_path(self) -> Mapping[Path, ObservedObject]:
        """The objects that it was read from, by the paths of the parts of the spec."""
        return self.places.objects
