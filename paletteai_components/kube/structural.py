"""Structural schemas, as in CRDs, and JSON Schemas that accept what the API server accepts.

Such a JSON Schema also reports as an error what the API server would silently prune.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

_PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
_DEFAULTS = "x-defaults"
LIST_KEYS = "x-kubernetes-list-map-keys"
EMPTY = {"$ref": "#/$defs/empty"}
# Only these: Go and Python disagree on other formats, such as addresses.
FORMATS = FormatChecker(formats=("date", "ipv6"))
TYPES = ["array", "boolean", "integer", "number", "object", "string"]
_INT64 = {"minimum": -(2**63), "maximum": 2**63 - 1}
_TEXTS = {"type": ["object"], "additionalProperties": {"type": ["string"]}}
_KIND = {"type": ["string"], "minLength": 1}
_API_VERSION = {"type": ["string"], "minLength": 1, "pattern": r"^[^/]*(/[^/]*)?\Z"}
_BOUNDS = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}
_COPIED: dict[str, type | tuple[type, ...]] = {
    "enum": list,
    "format": str,
    "required": list,
    LIST_KEYS: list,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), int),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), (int, float)),
}
_SPACE = r"\t\n\f\r "
_SPACES = {r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]"}
_METADATA = (
    *("name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences", "managedFields"),
    *("uid", "resourceVersion", "generation", "selfLink"),
    *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
)


class UnusableSchema(Exception):
    """A CRD contains something that cannot be used as a schema."""

    def __init__(self, fact: str, line: int | None = None) -> None:
        super().__init__(fact)
        self.line = line


def json_schema_of(
    node: object, at: str, unjudged: list[str], *, drops: bool = True, kept: bool = False
) -> dict[str, Any]:
    """The JSON Schema of a structural node and of all nodes below it.

    Args:
        node: The node of the CRD.
        at: Its path, for messages.
        unjudged: Gets a text for each constraint that is not translated.
        drops: Whether unknown fields are pruned here; not below allOf, anyOf, oneOf and not, which only restrict fields
            that are declared elsewhere.
        kept: Whether the list around the node keeps unknown fields of its items.

    Raises:
        UnusableSchema: The node is not a valid schema.
    """
    source = mapping_in(node, f"the schema of {at}")
    result = _constraints(source, at, unjudged)
    kept = kept or source.get(_PRESERVE) is True
    below = {
        name: json_schema_of(child, f"{at}.{name}", unjudged, drops=drops)
        for name, child in mapping_in(source.get("properties") or {}, f"properties of {at}").items()
    }
    if source.get(EMBEDDED) is True:
        metadata = below.get("metadata", {})
        known = {**dict.fromkeys(_METADATA, True), "labels": _TEXTS, "annotations": _TEXTS}
        known |= metadata.get("properties", {})
        metadata = {"type": ["object"], **metadata, "properties": known, "additionalProperties": False}
        for name, required in ("apiVersion", _API_VERSION), ("kind", _KIND):
            below[name] = {**required, **below.get(name, {})}
        below["metadata"] = metadata
        result["required"] = [*result.get("required", ()), "apiVersion", "kind"]
    if below:
        result["properties"] = below
    rest = source.get("additionalProperties")
    if isinstance(rest, Mapping):
        result["additionalProperties"] = json_schema_of(rest, f"{at}[*]", unjudged, drops=drops)
    elif drops and rest is True:
        # Any key is allowed, but every field of an object below the key is pruned.
        result["additionalProperties"] = EMPTY
    elif drops and not kept and "object" in result.get("type", TYPES):
        result["additionalProperties"] = False
    if source.get("items") is not None:
        result["items"] = json_schema_of(source["items"], f"{at}[*]", unjudged, drops=drops, kept=kept)

    choices: dict[str, Any] = {
        word: [json_schema_of(each, at, unjudged, drops=False) for each in source[word]]
        for word in ("allOf", "anyOf", "oneOf")
        if source.get(word)
    }
    if source.get("not") is not None:
        choices["not"] = json_schema_of(source["not"], at, unjudged, drops=False)
    # The API server does not check these for a null that is allowed.
    return {**result, "if": {"type": "null"}, "else": choices} if choices else result


def _constraints(source: Mapping[str, Any], at: str, unjudged: list[str]) -> dict[str, Any]:
    """The keywords of a node that do not concern the nodes below it."""
    result = {word: source[word] for word in _COPIED if word in source}
    is_valid = all(isinstance(value, _COPIED[word]) for word, value in result.items())
    if not is_valid or result.get("multipleOf") == 0 or source.get("type", "object") not in TYPES:
        raise UnusableSchema(f"the schema of `{at}` is not a valid schema")
    for bound, excluded in _BOUNDS.items():
        if source.get(excluded) is True and bound in result:
            result[excluded] = result.pop(bound)
    either = source.get("x-kubernetes-int-or-string") is True
    if either or "type" in source:
        types = ["integer", "string"] if either else [source["type"]]
        result["type"] = [*types, "null"] if source.get("nullable") is True else types
        if "integer" in types:
            # Go reads a larger integer as a floating-point number.
            result["minimum"] = max(result.get("minimum", _INT64["minimum"]), _INT64["minimum"])
            result["maximum"] = min(result.get("maximum", _INT64["maximum"]), _INT64["maximum"])
    elif source.get(_PRESERVE) is True and source.get("nullable") is not True:
        # Any value is allowed except null, which is pruned.
        result["type"] = TYPES
    children = source.get("properties") or {}
    defaults = {name: child["default"] for name, child in children.items() if "default" in child}
    if defaults:
        result[_DEFAULTS] = defaults
    if source.get("x-kubernetes-validations"):
        unjudged.append(f"a CEL rule of `{at}`")
    if pattern := source.get("pattern"):
        result["pattern"] = _pattern(str(pattern))
        if not result["pattern"]:
            unjudged.append(f"the pattern of `{at}`")
    return result


def _pattern(pattern: str) -> str:
    """The pattern for Python; empty where Python cannot express what it means in Go."""
    # In Go, $ matches only at the end, \d and \w are ASCII, and \s does not include the vertical tab.
    # An unterminated class extends to the end of the invalid pattern, so that many `[` do not cost quadratic time.
    parts = re.split(r"(?s)(\\.|\[\^?\]?(?:\\.|[^\]\\])*+(?:\]|\\?\Z))", pattern)
    if not re.search(r"\(\?\w*m", pattern):
        parts[::2] = [part.replace("$", r"\Z") for part in parts[::2]]
    parts[1::2] = [
        _SPACES.get(part) or re.sub(r"\\(.)", lambda found: _SPACE if found[1] == "s" else found[0], part)
        for part in parts[1::2]
    ]
    translated = "(?a)" + "".join(r"\Z" if part == r"\z" else part for part in parts)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(translated)
        except (re.error, Warning, OverflowError, RecursionError):
            return ""
    return translated


def defaulted(value: Any, schema: Any) -> Any:
    """The value with the schema's defaults, which the API server applies before it validates."""
    keywords = schema if isinstance(schema, dict) else {}
    if isinstance(value, Mapping):
        properties, rest = keywords.get("properties", {}), keywords.get("additionalProperties")
        filled = {**keywords.get(_DEFAULTS, {}), **value}
        return {name: defaulted(item, properties.get(name, rest)) for name, item in filled.items()}
    if isinstance(value, list | tuple):
        return [defaulted(item, keywords.get("items")) for item in value]
    return value


def type_of(value: object) -> str:
    """The type of a value as schemas name it."""
    is_type = Draft202012Validator.TYPE_CHECKER.is_type
    return next((each for each in ("null", *TYPES) if is_type(value, each)), "something else")


def mapping_in(value: object, what: str) -> Mapping[str, Any]:
    """The value as a mapping with text keys.

    Raises:
        UnusableSchema: The value is not such a mapping.
    """
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return value
    raise UnusableSchema(f"{what} is not a mapping with text keys")
