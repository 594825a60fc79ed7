"""What an API server publishes of its kinds, read as far as it is needed, whatever else is in it."""

from __future__ import annotations

from typing import Any

import pytest

from paletteai_components.kube.openapi import Schema, schemas_in

VERSION = "spectrocloud.com/v1alpha1"


def published(node: dict[str, Any], **others: Any) -> dict[str, Any]:
    mark = [{"group": "spectrocloud.com", "version": "v1alpha1", "kind": "Tenant"}]
    return {"components": {"schemas": {"it": {**node, "x-kubernetes-group-version-kind": mark}, **others}}}


def test_the_kinds_of_a_version_are_found_and_no_others() -> None:
    assert set(schemas_in(published({"type": "object"}), VERSION)) == {"Tenant"}
    assert schemas_in(published({"type": "object"}), "spectrocloud.com/v1") == {}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"components": None},
        {"components": {"schemas": []}},
        {"components": {"schemas": {"it": None}}},
        {"components": {"schemas": {"it": {"x-kubernetes-group-version-kind": {"kind": "Tenant"}}}}},
        {"components": {"schemas": {"it": {"x-kubernetes-group-version-kind": ["Tenant"]}}}},
    ],
)
def test_an_answer_without_schemas_has_none(answer: dict[str, Any]) -> None:
    assert schemas_in(answer, VERSION) == {}


@pytest.mark.parametrize("node", [{"properties": None}, {"properties": {"a": []}}, {"properties": {"a": {}}}, {}])
def test_an_open_schema_says_nothing_of_what_is_in_it(node: dict[str, Any]) -> None:
    inner = Schema(node).of_field("a").of_elements
    assert (inner.keys, inner.is_set, inner.is_atomic_map, inner.default) == ((), False, False, None)
    assert inner.filled({"a": None, "b": [1]}) == {"b": [1]}


def test_a_reference_leads_to_a_schema_and_keeps_the_default_beside_it() -> None:
    node = {"properties": {"a": {"allOf": [{"$ref": "#/components/schemas/other"}], "default": {"b": 2}}}}
    node["properties"]["c"] = {"$ref": "#/components/schemas/other"}
    (found,) = schemas_in(published(node, other={"properties": {"d": {"default": 3}}}), VERSION).values()
    assert found.filled({"c": {}}) == {"a": {"b": 2, "d": 3}, "c": {"d": 3}}


@pytest.mark.parametrize("target", ["#/components/schemas/loop", "#/components/schemas/gone", "elsewhere", 7])
def test_a_reference_that_leads_nowhere_is_an_open_schema(target: object) -> None:
    node = {"properties": {"a": {"$ref": target}}}
    loop = {"$ref": "#/components/schemas/loop"}
    (found,) = schemas_in(published(node, loop=loop), VERSION).values()
    assert found.of_field("a").of_field("b").default is None


def test_keys_and_sets_are_told() -> None:
    node = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"]}
    assert Schema(node).keys == ("a", "b")
    assert Schema({**node, "x-kubernetes-list-type": "atomic"}).keys == ()
    assert Schema({"x-kubernetes-list-type": "set"}).is_set
