"""Unmodelled fields: what the `spec` of an observed object has that no field of a stack file declares."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from paletteai_components.encryption import ciphertext_of
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.observation.metadata import survives
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.redaction import holds_key


def unmodelled(each: ObservedObject, api: PaletteApi) -> dict[str, Any]:
    """The fields of an object's `spec` that are not modelled, without what cannot be in a stack file."""
    spec = each.manifest.get("spec")
    if not isinstance(spec, dict):
        return {}
    holder = {"spec": deepcopy(spec)}
    for path in api.modelled(each.kind).values():
        if path.steps[0] == "spec":
            path.remove(holder)
    extra = _kept(holder.get("spec") or {})
    # What is where a modelled field would be cannot be in `extraSpec`.
    while extra and (overlapping := api.overlaps(each.kind, extra)):
        before = deepcopy(extra)
        for path in overlapping:
            path.remove(extra)
        if extra == before:
            return {}
    return dict(extra)


def _kept(value: Any, name: str = "") -> Any:
    """A value of a spec without nulls, and without what looks like a key or would be another value in a file."""
    if isinstance(value, dict):
        inside = {
            key: _kept(inner, key)
            for key, inner in value.items()
            if inner is not None and _is_kept(inner, key) and not holds_key(key) and survives(key, is_key=True)
        }
        return {key: inner for key, inner in inside.items() if inner != {} or value[key] == {}}
    return value


def _is_kept(value: Any, name: str) -> bool:
    # A list without some of its elements would be another one.
    return ciphertext_of(value) is None if isinstance(value, dict) else not holds_key(value, name) and _is_whole(value)


def _is_whole(value: Any) -> bool:
    """Whether all of a value is the same in a file."""
    if isinstance(value, dict):
        keys = all(survives(key, is_key=True) for key in value)
        return keys and ciphertext_of(value) is None and all(map(_is_whole, value.values()))
    return all(map(_is_whole, value)) if isinstance(value, list) else survives(value)
