"""CRDs of made-up kinds, values for them, and an oracle: what Kubernetes drops, written down apart from the package."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

VENDOR = "spectrocloud.com/v1alpha1"
LAB = "lab.example/v1"
Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
NAMES = ("a", "b", "c", "kind")
PRESERVE, EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"


def lab(spec: Any) -> dict[str, Any]:
    return {"apiVersion": LAB, "kind": "Lab", "metadata": {"name": "one", "namespace": "here"}, "spec": spec}


def lab_crd(spec: Schema, **changes: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "labs.lab.example"},
        "spec": {
            "group": "lab.example",
            "names": {"kind": "Lab", "plural": "labs"},
            "scope": "Namespaced",
            "versions": [version],
            **changes,
        },
    }


def object_of(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties}


def prune(value: Any, schema: Schema | None, path: str = "") -> tuple[Any, set[str]]:
    """The value without what a structural schema drops, and the paths of that."""
    schema_keeps = bool(schema and schema.get(PRESERVE))
    return _prune_kept(value, schema or {}, path) if schema_keeps else _prune_closed(value, schema, path)


def _prune_closed(value: Any, schema: Schema | None, path: str) -> tuple[Any, set[str]]:
    if isinstance(value, list):
        pairs = [prune(item, (schema or {}).get("items"), f"{path}[{at}]") for at, item in enumerate(value)]
        return [item for item, _ in pairs], {gone for _, paths in pairs for gone in paths}
    if not isinstance(value, dict):
        return value, set()
    return _prune_fields(value, schema or {}, path, keeps=False)


def _prune_kept(value: Any, schema: Schema, path: str) -> tuple[Any, set[str]]:
    if isinstance(value, list):
        items = schema.get("items")
        pairs = [
            (item, set()) if items is None else _prune_kept(item, items, f"{path}[{at}]")
            for at, item in enumerate(value)
        ]
        return [item for item, _ in pairs], {gone for _, paths in pairs for gone in paths}
    if not isinstance(value, dict):
        return value, set()
    return _prune_fields(value, schema, path, keeps=True)


def _prune_fields(value: dict[str, Any], schema: Schema, path: str, *, keeps: bool) -> tuple[Any, set[str]]:
    left: dict[str, Any] = {}
    gone: set[str] = set()
    for name, item in value.items():
        below, more = f"{path}.{name}" if path else name, set[str]()
        if schema.get(EMBEDDED) and name in {"apiVersion", "kind", "metadata"}:
            left[name] = item
        elif name in schema.get("properties", {}):
            left[name], more = prune(item, schema["properties"][name], below)
        elif schema.get("additionalProperties"):
            rest = schema["additionalProperties"]
            left[name], more = prune(item, None if rest is True else rest, below)
        elif keeps:
            left[name] = item
        else:
            more = {below}
        gone |= more
    return left, gone


def _flags(draw: st.DrawFn) -> Schema:
    return {flag: True for flag in (PRESERVE, "nullable") if draw(st.integers(0, 4)) == 0}


@st.composite
def schemas(draw: st.DrawFn, depth: int = 3) -> Schema:
    kinds = ["string", "integer", "int-or-string", "anything", "object", "map", "array", "free map", "embedded"]
    kind = draw(st.sampled_from(kinds if depth else kinds[:4]))
    below = schemas(depth - 1)
    match kind:
        case "int-or-string":
            return {"x-kubernetes-int-or-string": True}
        case "anything":
            return {PRESERVE: True}
        case "object" | "embedded":
            embedded = {EMBEDDED: True} if kind == "embedded" else {}
            names = st.sampled_from(NAMES[:3])
            properties = draw(st.dictionaries(names, below, min_size=len(embedded), max_size=3))
            return {"type": "object", "properties": properties, **embedded, **_flags(draw)}
        case "map":
            return {"type": "object", "additionalProperties": draw(below), **_flags(draw)}
        case "free map":
            return {"type": "object", "additionalProperties": True, **_flags(draw)}
        case "array":
            return {"type": "array", "items": draw(below), **_flags(draw)}
    return {"type": kind}


def fits(schema: Schema) -> st.SearchStrategy[Any]:
    """Values of the types a schema wants, with fields it may not know."""
    if schema.get("x-kubernetes-int-or-string"):
        return _INT64 | st.text(max_size=3)
    match schema.get("type"):
        case "string":
            return st.text(max_size=3)
        case "integer":
            return _INT64
        case "array":
            return st.lists(fits(schema["items"]), max_size=3)
        case "object":
            rest = schema.get("additionalProperties")
            known = {name: fits(child) for name, child in schema.get("properties", {}).items()}
            others = {name: fits(rest) if isinstance(rest, dict) else ANYTHING for name in NAMES}
            always = {name: st.just("v1") for name in ("apiVersion", "kind") if schema.get(EMBEDDED)}
            return st.fixed_dictionaries(
                always, optional={name: each for name, each in {**others, **known}.items() if name not in always}
            )
    # Where anything may stand, a null is dropped.
    return ANYTHING.filter(lambda value: value is not None)


_INT64 = st.integers(-(2**63), 2**63 - 1)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(st.sampled_from(NAMES), below, max_size=3),
    max_leaves=6,
)
