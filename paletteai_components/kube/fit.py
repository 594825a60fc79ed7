"""A fit: whether a field that this package writes matches the CRD of its kind, at a path.

It fits if an object with it matches the CRD as PAI016 checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paletteai_components.kube import structural
from paletteai_components.kube.crds import Version
from paletteai_components.kube.field_path import FieldPath, Selector
from paletteai_components.kube.palette_api import FIELDS
from paletteai_components.listing import listed
from paletteai_components.redaction import named

_LISTED = 8


class Fit(StrEnum):
    """Whether a field fits the CRD."""

    FITS = "fits"
    MISSING = "missing"
    MISMATCH = "mismatch"
    """It is there, with another type or other values."""
    NEEDS_MORE = "needsMore"
    """The CRD requires fields beside it that this package does not write."""
    UNKNOWN = "unknown"
    """The schema is open there, or there is none for this version."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a field fits, and why not."""

    fit: Fit
    reason: str = ""
    """Why it does not fit, in words. It repeats no description, and names nothing that looks like a key."""
    needs: tuple[FieldPath, ...] = ()
    """The fields that the CRD requires beside it."""


def judged(version: Version, path: FieldPath, name: str, others: Mapping[str, FieldPath]) -> Judgement:
    """Whether the field of a name fits at a path, in an object that has some other fields, each at its path."""
    manifest: dict[str, Any] = {"apiVersion": version.api_version, "kind": version.kind, "metadata": {}}
    for other, its in {**others, name: path}.items():
        its.write(manifest, ["example"] if FIELDS[other].is_list else "example")
    positions = path.positions_in(manifest)
    missing: list[str] = []
    wrong: list[str] = []
    needs: dict[FieldPath, None] = {}
    for error in version.validator.iter_errors(structural.defaulted(manifest, version.schema)):
        depth, wants = len(error.absolute_path), error.validator_value
        here = _written_to(tuple(error.absolute_path), path, positions)
        if here is None:
            continue
        match error.validator:
            case "additionalProperties":
                unknown = error.instance.keys() - error.schema.get("properties", {}).keys()
                inside = _written_at(path, depth)
                missing += [f"there is no `{(here / step).redacted}`" for step in inside if step in unknown]
            case "type":
                wrong.append(
                    f"`{here.redacted}` is of type {' or '.join(wants)}, not {structural.type_of(error.instance)}"
                )
            case "enum":
                allowed = listed((f"`{named(str(each))}`" for each in wants), _LISTED)
                wrong.append(f"`{here.redacted}` is one of {allowed}")
            case "required":
                needs |= {here / each: None for each in wants if each not in error.instance}
            case "anyOf" | "oneOf" | "not":
                wrong.append(f"`{here.redacted}` is restricted with `{error.validator}`")
            case "minProperties" | "minItems":
                wrong.append(f"`{here.redacted}` has to have more entries")
    if missing:
        return Judgement(Fit.MISSING, missing[0])
    if wrong:
        return Judgement(Fit.MISMATCH, wrong[0])
    if _is_open(version.schema, path):
        return Judgement(Fit.UNKNOWN, "the schema is open there")
    if needs:
        paths = listed((f"`{each.redacted}`" for each in needs), _LISTED)
        return Judgement(Fit.NEEDS_MORE, f"the CRD requires {paths}", tuple(needs))
    return Judgement(Fit.FITS)


def _written_to(at: tuple[str | int, ...], path: FieldPath, positions: tuple[str | int, ...]) -> FieldPath | None:
    """The part of a path that leads to a position, or to the key of an element on the way; None for another place."""
    depth = len(at)
    if at == positions[:depth]:
        return FieldPath(path.steps[:depth])
    holder = path.steps[depth - 2] if depth > 1 else None
    if isinstance(holder, Selector) and at == (*positions[: depth - 1], holder.key):
        return FieldPath(path.steps[: depth - 1]) / holder.key
    return None


def _written_at(path: FieldPath, depth: int) -> list[str]:
    """The fields that writing a path puts into the object at a depth: the next name, and the key of an element."""
    names = [step for step in path.steps[depth : depth + 1] if isinstance(step, str)]
    keys = [step.key for step in path.steps[:depth][-1:] if isinstance(step, Selector)]
    return [*names, *keys]


def _is_open(schema: Any, path: FieldPath) -> bool:
    """Whether a path leads through an object that takes any field, to one that its schema does not tell."""
    for step in path.steps:
        if isinstance(step, Selector):
            inner = schema.get("items")
        else:
            inner = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
        if inner is None:
            return True
        schema = inner
    return False
