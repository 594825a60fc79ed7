"""What an apply would change, by the semantics of each list and map. An API server is asked in `tests/cluster`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from paletteai_components.changes.fields import Redacted
from paletteai_components.changes.merge import Change, abandoned_changes, applied_changes
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.openapi import Schema

KEYED = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
    "items": {
        "type": "object",
        "properties": {"port": {}, "protocol": {"default": "TCP"}, "name": {}, "on": {"default": True}},
    },
}
SET = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
ATOMIC = {"type": "array", "items": {"type": "object", "properties": {"name": {}, "on": {"default": True}}}}
WHOLE = {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {}, "on": {"default": True}}}


def schema(node: dict[str, Any]) -> Schema:
    return Schema({"properties": {"x": node}})


def told(changes: Iterable[Change]) -> list[tuple[str, Any, Any]]:
    def value(each: Any) -> Any:
        return None if each is Redacted.ABSENT else each

    return [(str(path), value(before), value(after)) for path, before, after in changes]


@pytest.mark.parametrize(
    ("node", "live", "declared", "changes"),
    [
        # Merged by keys: in any order, with others' elements and fields, and keys that are filled in.
        (KEYED, [{"port": 2}, {"port": 1, "protocol": "TCP", "on": True}], [{"port": 1}], []),
        (KEYED, [{"port": 1, "protocol": "TCP", "name": "a"}], [{"port": 1}], []),
        (
            KEYED,
            [{"port": 1, "protocol": "TCP", "name": "a"}],
            [{"port": 1, "name": "b"}],
            [("x[port=1][protocol=TCP].name", "a", "b")],
        ),
        (
            KEYED,
            [{"port": 1, "protocol": "TCP"}],
            [{"port": 1, "protocol": "UDP"}],
            [("x[port=1][protocol=UDP].port", None, 1), ("x[port=1][protocol=UDP].protocol", None, "UDP")],
        ),
        (KEYED, [{"port": 1, "protocol": "TCP"}], [], []),
        # What the server would refuse is shown as a whole.
        (KEYED, [], [{"port": 1}, {"port": 1}], [("x", [], [{"port": 1}, {"port": 1}])]),
        (KEYED, [], [{"name": "a"}], [("x", [], [{"name": "a"}])]),
        # Sets: in any order, with others' elements.
        (SET, ["c", "b", "a"], ["a", "b"], []),
        (SET, ["c", "b"], ["a", "b"], [("x", ["b"], ["a", "b"])]),
        # Atomic lists: as they are, but for what is filled in.
        (ATOMIC, [{"name": "a", "on": True}], [{"name": "a"}], []),
        (ATOMIC, [{"name": "a", "on": True}], [{"name": "a", "on": None}], []),
        (ATOMIC, [{"name": "a", "more": 1}], [{"name": "a"}], [("x", [{"name": "a", "more": 1}], [{"name": "a"}])]),
        (ATOMIC, [{"name": "b"}, {"name": "a"}], [{"name": "a"}, {"name": "b"}], ...),
        (ATOMIC, [{"name": "a"}, {"name": "b"}], [{"name": "a"}], ...),
        # Atomic maps.
        (WHOLE, {"a": 1, "on": True}, {"a": 1}, []),
        (WHOLE, {"a": 1, "b": 2}, {"a": 1}, [("x", {"a": 1, "b": 2}, {"a": 1})]),
        # An open schema: lists are atomic, and nothing is filled in.
        ({}, [{"a": 1, "b": 2}], [{"a": 1}], ...),
        ({}, {"a": 1, "b": 2}, {"a": 1}, []),
        # Another type.
        (SET, "a", ["a"], ...),
        ({}, {"a": 1}, 1, ...),
        ({}, 1, {"a": 1}, ...),
        ({}, True, 1, ...),
        ({}, 1, 1.0, []),
        ({}, {}, {}, []),
    ],
)
def test_a_value_is_compared_by_the_semantics_of_its_schema(
    node: dict[str, Any], live: Any, declared: Any, changes: Any
) -> None:
    whole = [("x", live, declared)] if changes is ... else changes
    assert told(applied_changes({"x": live}, {"x": declared}, schema(node))) == whole


def test_what_is_not_there_is_told_field_by_field() -> None:
    declared = {"x": {"a": 1, "b": {"c": None, "d": []}}, "e": {}, "f": None}
    assert told(applied_changes({}, declared)) == [("x.a", None, 1), ("x.b.d", None, []), ("e", None, {})]


@pytest.mark.parametrize(
    ("live", "declared", "is_change"),
    [
        ([{"a": 1, "more": 2}], [{"a": 1}], False),
        ([{"a": [{"b": 1, "more": 2}]}], [{"a": [{"b": 1}]}], False),
        ([{"a": 1}, {"b": 1}], [{"b": 1}, {"a": 1}], True),
        ([{"a": 1}, {"b": 1}], [{"a": 1}], True),
        ([1], [1.0], False),
        ([{"a": 1}], [{"a": 1, "b": None}], False),
        ([1], [{"a": 1}], True),
    ],
)
def test_without_a_schema_a_list_is_atomic_and_what_may_have_been_filled_in_is_no_change(
    live: Any, declared: Any, is_change: bool
) -> None:
    assert bool(told(applied_changes({"x": live}, {"x": declared}))) is is_change


def test_without_a_schema_the_lists_that_paths_lead_through_are_merged() -> None:
    lists = {FieldPath(("spec", "all")): "type"}
    live = {"spec": {"all": [{"type": "b"}, {"type": "a", "name": "x", "by": "others"}, "odd"]}}
    declared = {"spec": {"all": [{"type": "a", "name": "y"}, {"type": "c"}]}}
    assert told(applied_changes(live, declared, None, lists)) == [
        ("spec.all[type=a].name", "x", "y"),
        ("spec.all[type=c].type", None, "c"),
    ]
    # With one, only the schema counts.
    (change,) = applied_changes(live, declared, Schema({"properties": {"spec": {}}}), lists)
    assert str(change[0]) == "spec.all"


@pytest.mark.parametrize(
    ("node", "managed", "live", "declared", "changes"),
    [
        ({}, {"f:a": {}, "f:b": {}}, {"a": 1, "b": 2}, {"a": 1}, [("x.b", 2, None)]),
        ({}, {"f:a": {}}, {}, {}, []),
        ({}, {"f:a": {".": {}, "f:b": {}}}, {"a": {"b": 1}}, {}, [("x.a.b", 1, None)]),
        ({"properties": {"a": {"default": 1}}}, {"f:a": {}}, {"a": 1}, {}, []),
        ({"properties": {"a": {"default": 1}}}, {"f:a": {}}, {"a": 2}, {}, [("x.a", 2, 1)]),
        (SET, {'v:"a"': {}, 'v:"b"': {}}, ["a", "b", "c"], ["a"], [("x", ["a", "b"], ["a"])]),
        (SET, {'v:"a"': {}}, ["a", "c"], None, [("x", ["a"], None)]),
        (
            KEYED,
            {'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:name": {}}},
            [{"port": 1, "protocol": "TCP", "name": "a"}],
            [{"port": 1}],
            [("x[port=1][protocol=TCP].name", "a", None)],
        ),
        (KEYED, {'k:{"port":1,"protocol":"TCP"}': {".": {}}}, [{"port": 1, "protocol": "TCP"}], [{"port": 1}], []),
        (KEYED, {'k:{"port":1,"protocol":"TCP"}': {".": {}}}, [], None, []),
    ],
)
def test_what_was_written_before_and_is_no_longer_declared_is_removed(
    node: dict[str, Any], managed: Any, live: Any, declared: Any, changes: Any
) -> None:
    wanted = {} if declared is None else {"x": declared}
    assert told(abandoned_changes({"f:x": managed}, {"x": live}, wanted, schema(node))) == changes


def test_fields_that_are_json_are_read_as_json() -> None:
    text = json.dumps({"port": 1, "protocol": "TCP"})
    managed: dict[str, Any] = {"f:x": {f"k:{text}": {"f:name": {}}}}
    live = {"x": [{"port": 1, "protocol": "TCP", "name": "a"}]}
    assert [path for path, *_ in told(abandoned_changes(managed, live, {}, schema(KEYED)))] == [
        "x[port=1][protocol=TCP].name"
    ]
