"""A field change: the value of one field of an object, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from paletteai_components.kube.field_path import FieldPath, Step, selector_of
from paletteai_components.kube.manifests import CREDENTIAL_PATH, FINGERPRINT_PATH
from paletteai_components.redaction import holds_key, redacted

# These identify a credential. Only whether it changes is shown to users.
CREDENTIALS = (FINGERPRINT_PATH, CREDENTIAL_PATH)
_NO_LISTS: Mapping[FieldPath, str] = {}


class Redacted(Enum):
    """Why a value is not shown: it is absent, its file has errors, it looks like a key, or it is in a Secret."""

    ABSENT = "absent"
    HIDDEN = "hidden"
    KEYLIKE = "keylike"
    CONFIDENTIAL = "confidential"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field whose value changes."""

    path: FieldPath
    before: Any
    """The old value as in JSON, or a `Redacted`."""
    after: Any
    """The new value as in JSON, or a `Redacted`."""


def field_changes(
    before: Any, after: Any, *, shown: tuple[bool, bool] = (True, True), lists: Mapping[FieldPath, str] = _NO_LISTS
) -> tuple[FieldChange, ...]:
    """The fields of two objects that differ and hold no further fields.

    `shown` says for each object whether its values may be shown. A value that may not be shown, or that
    identifies a credential, is `HIDDEN`; one that looks like a key is `KEYLIKE`. The elements of `lists` are compared
    one by one: see `PaletteApi.lists`.
    """
    return tuple(field_change(path, old, new, shown) for path, old, new in _differing(before, after, (), lists))


def field_change(path: FieldPath, before: Any, after: Any, shown: tuple[bool, bool] = (True, True)) -> FieldChange:
    """The change of the field at a path, without what must not be shown of it."""
    old, new = (redacted_value(*each) for each in ((before, path, shown[0]), (after, path, shown[1])))
    return FieldChange(path.mapped(redacted), old, new)


def _differing(
    before: Any, after: Any, path: tuple[Step, ...], lists: Mapping[FieldPath, str]
) -> Iterator[tuple[FieldPath, Any, Any]]:
    if lists and (key := lists.get(FieldPath(path))):
        before, after = _by_selector(before, after, key)
    if _holds_fields(before, after) or _holds_fields(after, before):
        old, new = (each if isinstance(each, dict) else {} for each in (before, after))
        for step in (*old, *(step for step in new if step not in old)):
            yield from _differing(old.get(step, Redacted.ABSENT), new.get(step, Redacted.ABSENT), (*path, step), lists)
    elif not _same(before, after):
        yield FieldPath(path), before, after


def _by_selector(before: Any, after: Any, key: str) -> tuple[Any, Any]:
    """The elements of two lists by their selectors; both lists as they are if that would hide a difference."""
    old, new = (
        {selector_of(element, key): element for element in each} if isinstance(each, list) else {}
        for each in (before, after)
    )
    for side, elements in (before, old), (after, new):
        is_whole = len(elements) == len(side) if isinstance(side, list) else side is Redacted.ABSENT
        if not is_whole or None in elements:
            return before, after
    in_order = [each for each in old if each in new] == [each for each in new if each in old]
    return (old, new) if in_order and (old or new) else (before, after)


def _holds_fields(one: Any, other: Any) -> bool:
    return isinstance(one, dict) and (isinstance(other, dict) or (bool(one) and other is Redacted.ABSENT))


def _same(before: Any, after: Any) -> bool:
    # To Python true equals 1, to an API server it does not.
    if type(before) is not type(after):
        return False
    if isinstance(before, list):
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return bool(before == after)


def redacted_value(value: Any, path: FieldPath, shown: bool) -> Any:
    """The value at a path, or the `Redacted` that is shown in its place."""
    if value is Redacted.ABSENT:
        return value
    if not shown or path in CREDENTIALS:
        return Redacted.HIDDEN
    return Redacted.KEYLIKE if holds_key(value, str(path.steps[-1])) else value
