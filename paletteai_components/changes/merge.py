"""A merge: what a server-side apply of a declared object would change in the one that is on a cluster.

Maps are merged by their fields. Lists are atomic, which means replaced as a whole, unless the schema says that they are
sets, or maps by certain keys. What is filled in, and what other managers wrote, is no change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from paletteai_components.changes.fields import Redacted
from paletteai_components.kube.field_path import FieldPath, Selector
from paletteai_components.kube.managed_fields import Fields
from paletteai_components.kube.openapi import Schema

Change = tuple[FieldPath, Any, Any]
"""A path, the value there on the cluster and the one that it would get; `Redacted.ABSENT` for none."""
_NO_LISTS: Mapping[FieldPath, str] = {}
_ROOT = FieldPath()


def applied_changes(
    live: Any,
    declared: Any,
    schema: Schema | None = None,
    lists: Mapping[FieldPath, str] = _NO_LISTS,
    at: FieldPath = _ROOT,
) -> Iterator[Change]:
    """What of a value on the cluster is another one as it is declared.

    Args:
        live: The value on the cluster.
        declared: The declared one.
        schema: The schema of the value. Without one, what is filled in is not known either: then what only the cluster
            has in an element of a list is no change.
        lists: Without a schema, the lists whose elements are merged by a field: see `PaletteApi.lists`.
        at: The path of the value.
    """
    if isinstance(declared, Mapping) and not (schema and schema.is_atomic_map):
        # An empty mapping that is not there has no field that could be missing.
        if isinstance(live, Mapping) or (live is Redacted.ABSENT and declared):
            there = live if isinstance(live, Mapping) else {}
            for name, value in declared.items():
                inner = schema and schema.of_field(name)
                if value is not None:
                    yield from applied_changes(there.get(name, Redacted.ABSENT), value, inner, lists, at / name)
            return
    elif isinstance(declared, list | tuple) and isinstance(live, list):
        keys = schema.keys if schema else (lists[at],) if at in lists else ()
        ours, theirs = (_by_keys(each, keys, schema) for each in (declared, live))
        if keys and len(ours) == len(declared):
            for key, value in ours.items():
                there = theirs.get(key, Redacted.ABSENT)
                inner = schema and schema.of_elements
                yield from applied_changes(there, value, inner, lists, _element(at, keys, key))
            return
        if schema and schema.is_set:
            # What else is in it may be others'.
            wanted = [*map(_as_json, declared)]
            present = [each for each in live if _as_json(each) in wanted]
            if {*map(_as_json, present)} != {*wanted}:
                yield at, present, declared
            return
    if not _agrees(live, declared, schema):
        yield at, live, declared


def abandoned_changes(
    managed: Fields,
    live: Any,
    declared: Any,
    schema: Schema | None = None,
    at: FieldPath = _ROOT,
) -> Iterator[Change]:
    """What a manager wrote, nobody else has and is no longer declared: a server-side apply removes it.

    Args:
        managed: The fields of the manager; see `managed_fields.fields_of_pulumi`.
        live: The value on the cluster.
        declared: The declared one, or `Redacted.ABSENT`.
        schema: The schema of the value, by which elements are told apart whose keys are not stated.
        at: The path of the value.
    """
    gone: list[str] = []
    # What is filled in is so only as long as there is something to fill it in.
    others = isinstance(live, Mapping) and any(f"f:{name}" not in managed for name in live)
    for key, inner in managed.items():
        kind, _, text = key.partition(":")
        if kind == "f" and isinstance(live, Mapping) and text in live:
            ours = declared.get(text) if isinstance(declared, Mapping) else None
            path, there, of_field = at / text, live[text], schema and schema.of_field(text)
        elif kind == "k" and isinstance(live, list):
            wanted = json.loads(text)
            keys = tuple(wanted)
            found, known = (
                next((each for each in every if _keys_of(each, keys, schema) == tuple(wanted.values())), None)
                for every in (live, declared if isinstance(declared, list | tuple) else ())
            )
            if found is None:
                continue
            ours, there, of_field = known, found, schema and schema.of_elements
            path = _element(at, keys, tuple(wanted.values()))
        else:
            gone += [_as_json(json.loads(text))] if kind == "v" else []
            continue
        if inner.keys() - {"."}:
            yield from abandoned_changes(inner, there, Redacted.ABSENT if ours is None else ours, of_field, path)
        elif ours is None:
            filled = of_field.default if of_field and (declared is not Redacted.ABSENT or others) else None
            if filled is None or _as_json(filled) != _as_json(there):
                yield path, there, Redacted.ABSENT if filled is None else filled
    wanted = [_as_json(each) for each in declared] if isinstance(declared, list | tuple) else []
    if isinstance(live, list) and any(_as_json(each) in gone and _as_json(each) not in wanted for each in live):
        yield at, [each for each in live if _as_json(each) in (*wanted, *gone)], declared


def _by_keys(elements: Sequence[Any], keys: tuple[str, ...], schema: Schema | None) -> dict[tuple[Any, ...], Any]:
    """The elements of a list by the values of their keys, without those that lack one."""
    found = ((_keys_of(each, keys, schema), each) for each in elements)
    return {key: each for key, each in found if key is not None}


def _keys_of(element: Any, keys: tuple[str, ...], schema: Schema | None) -> tuple[Any, ...] | None:
    """The values of the keys of an element, or None if it lacks one that nothing is filled in for."""
    if not isinstance(element, Mapping):
        return None
    values = tuple(element.get(key, schema and schema.of_elements.of_field(key).default) for key in keys)
    return values if all(isinstance(each, str | int | float) for each in values) else None


def _element(at: FieldPath, keys: tuple[str, ...], values: tuple[Any, ...]) -> FieldPath:
    """The path of an element: a selector for each of its keys."""
    for key, value in zip(keys, values, strict=True):
        at /= Selector(key, value if isinstance(value, str) else json.dumps(value))
    return at


def _agrees(live: Any, declared: Any, schema: Schema | None) -> bool:
    """Whether a value that is not merged is on the cluster as it is declared."""
    if live is Redacted.ABSENT:
        return False
    if schema is None:
        return _is_in(declared, live)
    ours, theirs = schema.filled(declared), schema.filled(live)
    return _as_json(ours) == _as_json(theirs)


def _is_in(declared: Any, live: Any) -> bool:
    """Whether a value has all that is declared of it, where it is not known what is filled in."""
    if isinstance(declared, Mapping):
        return isinstance(live, Mapping) and all(
            value is None or (name in live and _is_in(value, live[name])) for name, value in declared.items()
        )
    if isinstance(declared, list | tuple):
        is_as_long = isinstance(live, list) and len(live) == len(declared)
        return is_as_long and all(_is_in(*pair) for pair in zip(declared, live, strict=True))
    return _as_json(declared) == _as_json(live)


def _as_json(value: Any) -> str:
    """A value as text that is equal for equal values. To an API server 1.0 equals 1, and true does not."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
