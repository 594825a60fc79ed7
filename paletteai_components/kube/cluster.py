"""A cluster: the existing objects of the kinds that a stack declares, as far as the API server reported them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from paletteai_components.kube.field_path import FieldPath

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


KINDS = "kinds"
CRDS = "CRDs"
SCHEMAS = "schemas"


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request that was refused, or whose answer cannot be used."""

    subject: str
    """What was asked for: a kind whose objects are listed, `KINDS`, `CRDS` or `SCHEMAS`."""
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
