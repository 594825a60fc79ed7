"""Records as JSON: the names of their fields in camelCase, or as docs/json.md has them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from typing import Any

from pydantic.alias_generators import to_camel

from paletteai_components.changes.fields import FieldChange, Redacted
from paletteai_components.cli.output.report import as_json
from paletteai_components.diagnostics import Diagnostic

_NAMES = {"managed": "made", "diagnostics": "problems", "removal_effect": "fate", "presence": "change"}


def record_as_json(value: Any, without: Collection[str] = (), sides: tuple[str, str] = ("before", "after")) -> Any:
    """A record, or a list of records, as JSON.

    Args:
        value: The record.
        without: Fields to leave out, of it and of the records in it.
        sides: What to call the fields `before` and `after`.
    """
    if isinstance(value, Diagnostic):
        return as_json(value)
    if isinstance(value, FieldChange):
        return _field(value, sides)
    if isinstance(value, list | tuple):
        return [record_as_json(each, without, sides) for each in value]
    if is_dataclass(value):
        names = {**_NAMES, "before": sides[0], "after": sides[1]}
        return {
            names.get(each.name, to_camel(each.name)): record_as_json(getattr(value, each.name), without, sides)
            for each in fields(value)
            if each.name not in without
        }
    return value


def _field(change: FieldChange, names: tuple[str, str]) -> dict[str, Any]:
    """A field's path and values. An absent value has no entry; one that is not shown is listed in `hidden`."""
    sides = dict(zip(names, (change.before, change.after), strict=True))
    values = {side: value for side, value in sides.items() if not isinstance(value, Redacted)}
    hidden = [side for side, value in sides.items() if isinstance(value, Redacted) and value is not Redacted.ABSENT]
    path = [step if isinstance(step, str) else {step.key: step.value} for step in change.path.steps]
    return {"path": path, **values, **({"hidden": hidden} if hidden else {})}
