"""The values of a field that changes, or that differs between two stacks."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import Any

from paletteai_components.changes.fields import CREDENTIALS, FieldChange, Redacted
from paletteai_components.cli.output.line import Line, Untrusted, joined, listed

_LONGEST = 80
# Whether there was nothing before, and whether there is nothing after.
_CREDENTIAL_CHANGES = {
    (False, False): "different credential",
    (True, False): "now identifies its credential",
    (False, True): "no longer identifies its credential",
}
_HIDDEN_CHANGES = {(False, False): "changed", (True, False): "set", (False, True): "removed"}


def field_line(change: FieldChange) -> Line:
    """The value of a field before and after."""
    before, after = change.before, change.after
    absent = before is Redacted.ABSENT, after is Redacted.ABSENT
    if change.path in CREDENTIALS:
        return (_CREDENTIAL_CHANGES[absent],)
    line: Line = (Untrusted(str(change.path)),)
    if why := _why_hidden(change):
        return (*line, f" {_HIDDEN_CHANGES[absent]}", "" if absent[1] else why)
    if isinstance(before, list) and isinstance(after, list):
        added, removed = _missing(after, before), _missing(before, after)
        if not added and not removed:
            return (*line, " reordered, or with different duplicates")
        return (*line, ": ", *_lists((added, (" added",)), (removed, (" removed",))))
    if absent[0]:
        return (*line, " = ", *_value(after))
    if absent[1]:
        return (*line, " removed, was ", *_value(before))
    old, new = _both(change)
    return (*line, ": ", old, " → ", new)


def field_between(change: FieldChange, first: str, second: str) -> Line:
    """The value of a field in two stacks."""
    before, after = change.before, change.after
    line: Line = (Untrusted(str(change.path)),)
    for absent, value, stack in ((before, after, second), (after, before, first)):
        if absent is Redacted.ABSENT:
            only: Line = (*line, " only in ", Untrusted(stack))
            return (*only, _why_hidden(change) or ": ", *(() if isinstance(value, Redacted) else _value(value)))
    if why := _why_hidden(change):
        return (*line, " differs", why)
    if isinstance(before, list) and isinstance(after, list):
        here, there = _missing(before, after), _missing(after, before)
        if not here and not there:
            return (*line, " in another order, or with different duplicates")
        only_in = ((here, (" only in ", Untrusted(first))), (there, (" only in ", Untrusted(second))))
        return (*line, ": ", *_lists(*only_in))
    old, new = _both(change)
    return (*line, ": ", old, " in ", Untrusted(first), ", ", new, " in ", Untrusted(second))


def _why_hidden(change: FieldChange) -> str:
    sides = change.before, change.after
    if Redacted.HIDDEN in sides:
        return " (not shown: the file has errors)"
    if Redacted.CONFIDENTIAL in sides:
        return " (not shown: it is in a Secret)"
    return " (not shown: it looks like a key)" if Redacted.KEYLIKE in sides else ""


def _lists(*lists: tuple[list[Any], Line]) -> Line:
    return joined((*listed(_shortened(_json(item)) for item in items), *what) for items, what in lists if items)


def _missing(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that are not among the others. Lists may be very long, and items are not hashable."""
    known = {json.dumps(each, sort_keys=True) for each in others}
    return [each for each in items if json.dumps(each, sort_keys=True) not in known]


def _value(value: Any) -> Line:
    return (Untrusted(_shortened(_json(value))),)


def _both(change: FieldChange) -> tuple[Untrusted, Untrusted]:
    """Both values, from shortly before the place where they begin to differ."""
    old, new = _json(change.before), _json(change.after)
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    return Untrusted(_shortened(old, at)), Untrusted(_shortened(new, at))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str, at: int = 0) -> str:
    """A text short enough for a line, around a position in it."""
    start = max(0, at - _LONGEST // 2) if len(text) > _LONGEST else 0
    end = start + _LONGEST
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
