"""Managed fields: who wrote which field of an object, as an API server notes it in `metadata.managedFields`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from paletteai_components.kube.field_path import FieldPath, Selector, Step

PULUMI = "pulumi-"
"""How the names of the managers begin that Pulumi's provider writes as."""
# The mark that a manager has the map or the element itself.
_ITSELF = "."

Fields = Mapping[str, Any]
"""A set of fields as in `fieldsV1`: `f:NAME`, `k:{KEYS}` and `v:VALUE`, each with what is inside."""


def fields_taken_over(managed: Iterable[Mapping[str, Any]]) -> list[tuple[str, FieldPath]]:
    """The fields that Pulumi's provider takes over with its next update, each as field manager and path.

    Before it updates an object, the provider takes over the fields that any kubectl command wrote, and those that were
    there before the first server-side apply. Fields that it already manages are not affected.
    """
    entries = [(str(entry.get("manager", "")), entry) for entry in managed if not entry.get("subresource")]
    taken = [(manager, entry) for manager, entry in entries if manager.startswith(("kubectl", "before-first-apply"))]
    # The provider alone manages most objects, so their fields need not be read.
    pulumis = [entry for manager, entry in entries if manager.startswith(PULUMI)] if taken else []
    safe = {path for entry in pulumis for path in _field_paths(entry)}
    return [(manager, path) for manager, entry in taken for path in _field_paths(entry) if path not in safe]


def is_managed_by_pulumi(managed: Iterable[Mapping[str, Any]]) -> bool:
    """Whether Pulumi's provider has applied the object."""
    return any(_is_pulumis(entry) for entry in managed)


def fields_of_pulumi(managed: Iterable[Mapping[str, Any]]) -> Fields:
    """The fields that Pulumi's provider applied last and nobody else manages.

    It removes those that are not declared any more.
    """
    entries = list(managed)
    pulumis = [entry for entry in entries if _is_pulumis(entry)]
    if not pulumis:
        return {}
    # An object that was moved from one stack to another may have two.
    last = max(pulumis, key=lambda entry: str(entry.get("time", "")))
    left: Fields = last.get("fieldsV1") or {}
    for entry in entries:
        if entry is not last:
            left = _without(left, entry.get("fieldsV1") or {})
    return left


def _is_pulumis(entry: Mapping[str, Any]) -> bool:
    is_applied = entry.get("operation") == "Apply" and not entry.get("subresource")
    return is_applied and str(entry.get("manager", "")).startswith(PULUMI)


def _without(fields: Fields, others: Fields) -> Fields:
    """Some fields without those that are among others."""
    left = {}
    for key, inner in fields.items():
        rest = _without(inner, others[key]) if key in others else inner
        if key not in others or rest.keys() - {_ITSELF}:
            left[key] = rest
    return left


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
