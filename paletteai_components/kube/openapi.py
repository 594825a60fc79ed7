"""The schemas that an API server publishes to every user: how it merges what is applied, and what it fills in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_LIST_TYPE, _MAP_TYPE = "x-kubernetes-list-type", "x-kubernetes-map-type"
_LIST_KEYS, _KIND = "x-kubernetes-list-map-keys", "x-kubernetes-group-version-kind"
_REFERENCE = "#/components/schemas/"
_MOST_REFERENCES = 10


@dataclass(frozen=True, slots=True)
class Schema:
    """The schema of a value. Where a schema is open, it says nothing: maps are merged, and lists are atomic."""

    node: Mapping[str, Any] = field(default_factory=dict, repr=False)
    named: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The schemas that others refer to."""

    def of_field(self, name: str) -> Schema:
        """The schema of a field of the value."""
        inner = _mapping(self.node.get("properties")).get(name)
        return self._inside(inner if inner is not None else self.node.get("additionalProperties"))

    @property
    def of_elements(self) -> Schema:
        """The schema of the elements of the value, if that is a list."""
        return self._inside(self.node.get("items"))

    @property
    def is_atomic_map(self) -> bool:
        """Whether a mapping is replaced as a whole."""
        return self.node.get(_MAP_TYPE) == "atomic"

    @property
    def is_set(self) -> bool:
        """Whether the elements of a list have no order, and each has its own manager."""
        return self.node.get(_LIST_TYPE) == "set"

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that together tell the elements of a list apart; empty if it is not merged by them."""
        keys = self.node.get(_LIST_KEYS)
        is_merged = self.node.get(_LIST_TYPE) == "map" and isinstance(keys, list)
        return tuple(map(str, keys)) if is_merged and isinstance(keys, list) else ()

    @property
    def default(self) -> Any:
        """What is filled in for a value that is not there, or None."""
        return self.node.get("default")

    def filled(self, value: Any) -> Any:
        """A value as the server stores it: without nulls, and with defaults."""
        if isinstance(value, Mapping):
            stated = {name: inner for name, inner in value.items() if inner is not None}
            missing = {
                name: default
                for name in _mapping(self.node.get("properties")).keys() - stated.keys()
                if (default := self.of_field(name).default) is not None
            }
            return {name: self.of_field(name).filled(inner) for name, inner in {**stated, **missing}.items()}
        if isinstance(value, list | tuple):
            elements = self.of_elements
            return [elements.filled(each) for each in value]
        return value

    def _inside(self, node: Any) -> Schema:
        return Schema(_resolved(_mapping(node), self.named), self.named)


def schemas_in(answer: Mapping[str, Any], api_version: str) -> dict[str, Schema]:
    """The schemas of the kinds of a version in what the API server publishes as OpenAPI, version 3."""
    group, _, version = api_version.rpartition("/")
    named = _mapping(_mapping(answer.get("components")).get("schemas"))
    found: dict[str, Schema] = {}
    for node in map(_mapping, named.values()):
        stated = node.get(_KIND)
        for each in map(_mapping, stated if isinstance(stated, list) else ()):
            if (each.get("group"), each.get("version")) == (group, version):
                found[str(each.get("kind"))] = Schema(node, named)
    return found


def _resolved(node: Mapping[str, Any], named: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema instead of the reference to it, which may have a default beside it."""
    beside: dict[str, Any] = {}
    for _ in range(_MOST_REFERENCES):
        every = node.get("allOf")
        reference = _mapping(every[0]) if isinstance(every, list) and len(every) == 1 else node
        target = reference.get("$ref")
        if not isinstance(target, str):
            break
        beside = {**{word: value for word, value in node.items() if word not in ("allOf", "$ref")}, **beside}
        node = _mapping(named.get(target.removeprefix(_REFERENCE)))
    return {**node, **beside} if beside else node


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
