"""A field change: what one field of an object says before and after."""

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
# These tell which credential it is. That it is another one is all there is to say to people.
CREDENTIALS = tuple((*_ANNOTATIONS, key) for key in (FINGERPRINT_ANNOTATION, CREDENTIAL_ANNOTATION))


class Unsaid(Enum):
    """What stands for a value: there is none, or it is not shown, as its file has errors or it looks like a key."""

    ABSENT = "absent"
    HIDDEN = "hidden"
    KEYLIKE = "keylike"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that says something else.

    Fields:
        path: where it stands, step by step.
        before, after: its values, as JSON has them, or an `Unsaid`.
    """

    path: Path
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        """The path as people write it, for example ``metadata.labels[palette.ai/tenant]``."""
        first, *rest = self.path
        return first + "".join(f"[{step}]" if "." in step or "/" in step else f".{step}" for step in rest)


def field_changes(before: Any, after: Any, *, shown: tuple[bool, bool] = (True, True)) -> tuple[FieldChange, ...]:
    """The fields of two objects that differ, down to what holds no further fields.

    `shown` says for each side whether its values may be told. A value that is not shown, and the name of a
    credential, is `HIDDEN`; one that looks like a key is `KEYLIKE`.
    """
    return tuple(
        FieldChange(tuple(map(redacted, path)), told_value(old, path, shown[0]), told_value(new, path, shown[1]))
        for path, old, new in _differing(before, after, ())
    )


def _differing(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if _holds_fields(before, after) or _holds_fields(after, before):
        old, new = (each if isinstance(each, dict) else {} for each in (before, after))
        for key in (*old, *(key for key in new if key not in old)):
            yield from _differing(old.get(key, Unsaid.ABSENT), new.get(key, Unsaid.ABSENT), (*path, key))
    elif not _same(before, after):
        yield path, before, after


def _holds_fields(one: Any, other: Any) -> bool:
    return isinstance(one, dict) and (isinstance(other, dict) or (bool(one) and other is Unsaid.ABSENT))


def _same(before: Any, after: Any) -> bool:
    # Python takes true for 1, which no API server does.
    if type(before) is not type(after):
        return False
    if isinstance(before, list):
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return bool(before == after)


def told_value(value: Any, path: Path, shown: bool) -> Any:
    """The value at a path, or the `Unsaid` that stands for it."""
    if value is Unsaid.ABSENT:
        return value
    if not shown or path in CREDENTIALS:
        return Unsaid.HIDDEN
    return Unsaid.KEYLIKE if holds_key(value, path[-1]) else value
