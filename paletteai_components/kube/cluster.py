"""A cluster: the existing objects of the kinds that a stack declares, as far as the API server reported them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from paletteai_components.kube.field_path import FieldPath, Selector, Step

if TYPE_CHECKING:
    from paletteai_components.kube.crds import Crds
    from paletteai_components.model.spec import IntegrationSpec


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object that exists in the cluster."""

    terminating: bool = False
    fingerprint: str | None = None
    """The fingerprint of the credential it carries, from its annotation."""
    proof: str | None = None
    credential: str | None = None
    """The name of the credential it carries, from its annotation."""
    taken_over: tuple[tuple[str, FieldPath], ...] = ()
    """The fields that Pulumi's provider takes over with its next update, each as field manager and path."""


PULUMIS_WRITERS = "pulumi-"
"""How the names of the field managers of Pulumi's provider begin."""
KINDS = "kinds"
CRDS = "CRDs"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that was refused, or whose answer cannot be used."""

    subject: str
    """What was asked for: a kind whose objects are listed, `KINDS` or `CRDS`."""
    reason: str
    """Why there is no answer, in words."""


@dataclass(frozen=True)
class Cluster:
    """The contents of a cluster."""

    name: str
    """Its name in messages, for example ``the cluster of context dev``."""
    api_version: str = ""
    """Group and version of the vendor's API that the cluster was asked for."""
    kinds: frozenset[str] | None = None
    """The kinds of that API that are served; None where unknown."""
    objects: Mapping[str, Mapping[str, LiveObject]] = field(default_factory=dict)
    """The existing objects, by kind and then by reference; see `manifests.reference_of`.
    Nothing is known about a kind that is not among the keys."""
    owned: frozenset[str] = frozenset()
    """The references of the objects in the stack's state."""
    crds: Crds | None = None
    """The schemas of the vendor's kinds; None where unknown."""
    unanswered: tuple[Unanswered, ...] = ()
    """The requests that were refused."""

    def carriers(self, integration: IntegrationSpec) -> Iterator[str]:
        """The references of the Settings that carry the credential of an integration."""
        for identity in enumerate((integration.fingerprint_in_force, integration.credential)):
            yield from self._by_credential.get(identity, ())

    @cached_property
    def _by_credential(self) -> dict[tuple[int, str | None], list[str]]:
        found: dict[tuple[int, str | None], list[str]] = {}
        for reference, each in self.objects.get("Settings", {}).items():
            for position, identity in enumerate((each.fingerprint, each.credential)):
                if identity is not None:
                    found.setdefault((position, identity), []).append(reference)
        return found

    def live(self, reference: str) -> LiveObject | None:
        """The object of a reference, or None where it is not known to exist."""
        return self.objects.get(reference.partition("/")[0], {}).get(reference)


def fields_taken_over(managed: Iterable[Mapping[str, Any]]) -> list[tuple[str, FieldPath]]:
    """The fields in `metadata.managedFields` that Pulumi's provider takes over, each as field manager and path.

    Before it updates an object, the provider takes over the fields that any kubectl command wrote, and those that were
    there before the first server-side apply. Fields that it already manages are not affected.
    """
    entries = [(str(entry.get("manager", "")), entry) for entry in managed if not entry.get("subresource")]
    taken = [(manager, entry) for manager, entry in entries if manager.startswith(("kubectl", "before-first-apply"))]
    # The provider alone manages most objects, so their fields need not be read.
    pulumis = [entry for manager, entry in entries if manager.startswith(PULUMIS_WRITERS)] if taken else []
    safe = {path for entry in pulumis for path in _field_paths(entry)}
    return [(manager, path) for manager, entry in taken for path in _field_paths(entry) if path not in safe]


def _field_paths(entry: Mapping[str, Any]) -> Iterator[FieldPath]:
    return _leaves(entry.get("fieldsV1") or {}, FieldPath())


def _leaves(fields: Mapping[str, Any], path: FieldPath) -> Iterator[FieldPath]:
    inner = {step: value for key, value in fields.items() if (step := _step(key))}
    # A list whose items have no selector stands for them.
    if not inner and path.steps:
        yield path
    for step, value in inner.items():
        yield from _leaves(value if isinstance(value, dict) else {}, path / step)


def _step(key: str) -> Step | None:
    """The step that a key of managed fields stands for: ``f:name``, or ``k:{"type":"palette"}`` for an element."""
    kind, _, text = key.partition(":")
    if kind == "k":
        match list(json.loads(text).items()):
            case [(str(name), str(value))]:
                return Selector(name, value)
    return text if kind == "f" else None
