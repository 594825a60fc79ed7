"""A field change: the value of one field of an object, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION
from paletteai_components.redaction import holds_key, redacted

Path = tuple[str, ...]

_ANNOTATIONS = ("metadata", "annotations")
# These identify a credential. Only whether it changes is shown to users.
CREDENTIALS = tuple((*_ANNOTATIONS, key) for key in (FINGERPRINT_ANNOTATION, CREDENTIAL_ANNOTATION))


class Redacted(Enum):
    """Why a value is not shown: it is absent, its file has errors, or it looks like a key."""

    ABSENT = "absent"
    HIDDEN = "hidden"
    KEYLIKE = "keylike"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field whose value changes."""

    path: Path
    """The field's path, a key each."""
    before: Any
    """The old value as in JSON, or a `Redacted`."""
    after: Any
    """The new value as in JSON, or a `Redacted`."""

    @property
    def dotted(self) -> str:
        """The path as users write it, for example ``metadata.labels[palette.ai/tenant]``."""
        first, *rest = self.path
        return first + "".join(f"[{step}]" if "." in step or "/" in step else f".{step}" for step in rest)


def field_changes(before: Any, after: Any, *, shown: tuple[bool, bool] = (True, True)) -> tuple[FieldChange, ...]:
    """The fields of two objects that differ and hold no further fields.

    `shown` says for each object whether its values may be shown. A value that may not be shown, or that
    identifies a credential, is `HIDDEN`; one that looks like a key is `KEYLIKE`.
    """
    return tuple(
        FieldChange(
            tuple(map(redacted, path)), redacted_value(old, path, shown[0]), redacted_value(new, path, shown[1])
        )
        for path, old, new in _differing(before, after, ())
    )


def _differing(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if _holds_fields(before, after) or _holds_fields(after, before):
        old, new = (each if isinstance(each, dict) else {} for each in (before, after))
        for key in (*old, *(key for key in new if key not in old)):
            yield from _differing(old.get(key, Redacted.ABSENT), new.get(key, Redacted.ABSENT), (*path, key))
    elif not _same(before, after):
        yield path, before, after


def _holds_fields(one: Any, other: Any) -> bool:
    return isinstance(one, dict) and (isinstance(other, dict) or (bool(one) and other is Redacted.ABSENT))


def _same(before: Any, after: Any) -> bool:
    # To Python true equals 1, to an API server it does not.
    if type(before) is not type(after):
        return False
    if isinstance(before, list):
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return bool(before == after)


def redacted_value(value: Any, path: Path, shown: bool) -> Any:
    """The value at a path, or the `Redacted` that is shown in its place."""
    if value is Redacted.ABSENT:
        return value
    if not shown or path in CREDENTIALS:
        return Redacted.HIDDEN
    return Redacted.KEYLIKE if holds_key(value, path[-1]) else value
