"""A cluster: what it holds of what a stack is about, as far as it was asked and has answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paletteai_components.crds import Crds


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object that is there.

    Fields:
        terminating: whether it is being deleted.
        fingerprint: of the credential it carries, as its annotation gives it.
    """

    terminating: bool = False
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a cluster holds.

    Fields:
        name: what messages call it, for example ``the cluster of context dev``.
        api_version: group and version of the vendor's API that was asked for.
        kinds: the kinds of it that are served; None where that is not known.
        objects: what is there, by kind and then by reference; see `manifests.reference_of`. Of a kind that
            is missing nothing is known.
        owned: the references of what the stack's state holds already.
        crds: the schemas of the vendor's kinds; None where they are not known.
        unanswered: what could not be asked, and why, in words.
    """

    name: str
    api_version: str = ""
    kinds: frozenset[str] | None = None
    objects: Mapping[str, Mapping[str, LiveObject]] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    crds: Crds | None = None
    unanswered: tuple[str, ...] = ()

    def live(self, reference: str) -> LiveObject | None:
        """The object of a reference, where it is known to be there."""
        return self.objects.get(reference.partition("/")[0], {}).get(reference)
