"""A cluster: what it holds of what a stack is about, as far as it was asked and has answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from paletteai_components.kube.crds import Crds
    from paletteai_components.model.spec import IntegrationSpec


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object that is there.

    Fields:
        terminating: whether it is being deleted.
        fingerprint, proof, credential: which credential it carries, as its annotations give it.
        taken_over: the fields that Pulumi's provider takes over with its next update, each with who wrote it.
    """

    terminating: bool = False
    fingerprint: str | None = None
    proof: str | None = None
    credential: str | None = None
    taken_over: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
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

    def carriers(self, integration: IntegrationSpec) -> Iterator[str]:
        """The references of the Settings that carry the credential of an integration."""
        for identity in enumerate((integration.fingerprint_in_force, integration.credential)):
            yield from self._by_credential.get(identity, ())

    @cached_property
    def _by_credential(self) -> dict[tuple[int, str | None], list[str]]:
        found: dict[tuple[int, str | None], list[str]] = {}
        for reference, each in self.objects.get("Settings", {}).items():
            for how, identity in enumerate((each.fingerprint, each.credential)):
                if identity is not None:
                    found.setdefault((how, identity), []).append(reference)
        return found

    def live(self, reference: str) -> LiveObject | None:
        """The object of a reference, where it is known to be there."""
        return self.objects.get(reference.partition("/")[0], {}).get(reference)


def fields_taken_over(managed: Iterable[Mapping[str, Any]]) -> list[tuple[str, tuple[str, ...]]]:
    """Who wrote which fields, of `metadata.managedFields`, where Pulumi's provider takes them over.

    It does so before it updates an object, with what kubectl wrote by whichever command, and with what
    was there before the first server-side apply. What is its own already is in no danger.
    """
    entries = [(str(entry.get("manager", "")), entry) for entry in managed if not entry.get("subresource")]
    taken = [(manager, entry) for manager, entry in entries if manager.startswith(("kubectl", "before-first-apply"))]
    # Most of what a cluster holds is nobody's but the provider's, and needs no look at each field.
    pulumis = [entry for manager, entry in entries if manager.startswith("pulumi-")] if taken else []
    safe = {path for entry in pulumis for path in _written(entry)}
    return [(manager, path) for manager, entry in taken for path in _written(entry) if path not in safe]


def _written(entry: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    return _leaves(entry.get("fieldsV1") or {}, ())


def _leaves(fields: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    inner = {key: value for key, value in fields.items() if key.startswith("f:")}
    # Items of a list are told by their list.
    if not inner and path:
        yield path
    for key, value in inner.items():
        yield from _leaves(value if isinstance(value, dict) else {}, (*path, key.removeprefix("f:")))
