"""Validation: turns plain data into a spec, and mistakes in it into PAI012 diagnostics.

Values that cannot be used are left out, so the rest can still be checked. A diagnostic never quotes a value: a wrong
file may contain a key anywhere.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.model.spec import StackSpec
from paletteai_components.naming import subdomain_problem
from paletteai_components.pulumi_yaml.document import Path
from paletteai_components.redaction import holds_key, named
from paletteai_components.shell import folder_of, set_key
from paletteai_components.stacks.configuration import NAMESPACE, encrypted_values, is_key_field
from paletteai_components.stacks.sources import Sources
from paletteai_components.stacks.spelling import meant_field, respelt, suggestion

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
# The fields that identify a stack's cluster, and its tenant there.
_IDENTITY = {("cluster",), ("environment",), ("tenant", "existing"), ("tenant", "namespace")}


@dataclass(frozen=True, slots=True)
class Validated:
    """A validated declaration."""

    spec: StackSpec | None
    """The declaration, or None if it has no usable tenant."""
    diagnostics: tuple[Diagnostic, ...]
    is_complete: bool
    """False if more than unknown fields was left out."""
    left_out: frozenset[int]
    """The positions of the projects that were left out."""
    identified: bool = True
    """False if a field was left out that identifies the cluster, or the tenant there."""
    file_diagnostics: tuple[Diagnostic, ...] = ()
    """One for each encrypted value that would become plain text."""


def validated(declared: dict[str, Any], sources: Sources, *, is_opened: bool = False) -> Validated:
    """The spec in plain data, without the values that cannot be used.

    A misspelt field is a problem, and the rest is checked as if it had been written right.

    Args:
        declared: The data.
        sources: Where it is declared.
        is_opened: Whether Pulumi has decrypted it, so that it has no ciphertext.
    """
    misspelt: list[Diagnostic] = []
    whole_spec, errors = _spec_in(declared)
    while meant := _misspelt_fields(declared, errors):
        misspelt += (_invalid_field(error, sources, declared) for error in errors if error["loc"] in meant)
        declared = respelt(declared, meant)
        whole_spec, errors = _spec_in(declared)
    encrypted = frozenset(
        () if is_opened else (path for path, _ in encrypted_values(declared) if not is_key_field(path))
    )
    exposed = tuple(_exposed_secret(path, sources.location(path)) for path in sorted(encrypted, key=str))
    if whole_spec is not None:
        return Validated(whole_spec, tuple(misspelt), True, frozenset(), file_diagnostics=exposed)
    diagnostics = (
        *misspelt,
        *(_invalid_field(error, sources, declared) for error in errors if not _is_below(error["loc"], encrypted)),
    )
    is_complete = all(error["type"] == "extra_forbidden" for error in errors)
    left_out = {_pruned_path(error) for error in errors}
    projects = frozenset(
        path[2]
        for path in left_out
        if len(path) == 3 and path[:2] == ("tenant", "projects") and isinstance(path[2], int)
    )
    pruned = _without(_copy(declared), left_out)
    spec = _spec_in(pruned)[0] if pruned is not None else None
    identified = _IDENTITY.isdisjoint(left_out)
    return Validated(spec, diagnostics, is_complete and spec is not None, projects, identified, exposed)


def _spec_in(declared: dict[str, Any]) -> tuple[StackSpec | None, list[ErrorDetails]]:
    try:
        return StackSpec.model_validate(declared, by_alias=True, by_name=False), []
    except ValidationError as invalid:
        # Inputs and contexts may contain a key.
        return None, invalid.errors(include_input=False, include_url=False, include_context=False)


def _misspelt_fields(declared: dict[str, Any], errors: Iterable[ErrorDetails]) -> dict[Path, str]:
    """The paths of the unknown fields that certainly mean one that is not set, each with the name of that one."""
    meant: dict[Path, str] = {}
    taken: set[Path] = set()
    for error in errors:
        path: Path = error["loc"]
        if error["type"] != "extra_forbidden":
            continue
        name = meant_field(str(path[-1]), _fields_at(path[:-1]))
        if name is None or name in _value_at(declared, path[:-1]) or (*path[:-1], name) in taken:
            continue
        meant[path] = name
        taken.add((*path[:-1], name))
    return meant


def _value_at(declared: Any, path: Path) -> Any:
    return reduce(getitem, path, declared)


def misread(location: SourceLocation, fact: str, remedy: str) -> Diagnostic:
    """A PAI012 diagnostic."""
    return Diagnostic("PAI012", f"{fact}.", remedy, (location,))


def missing_key(name: str, location: SourceLocation, prefix: str = f"{NAMESPACE}:") -> Diagnostic:
    """The diagnostic of a required key that is missing."""
    lacking = "the configuration lacks" if prefix else "the inputs lack"
    return misread(location, f"{lacking} `{prefix}{name}`, so nothing is declared", f"Add `{prefix}{name}`.")


def unknown_field(location: SourceLocation, name: str, known: Iterable[str], inside: str) -> Diagnostic:
    """The diagnostic of an unknown field of the object `inside`, with the nearest known one as the remedy."""
    known = list(known)
    missing = f"no field `{name}`" if is_word(name) else "no such field"
    known_fields = f"Known fields: {', '.join(sorted(known)) or 'none'}."
    remedy = suggestion(name, known) or known_fields
    return misread(location, f"{inside} has {missing}, so it would have no effect", remedy)


def is_word(name: str) -> bool:
    """Whether a name may be shown: a key pasted in the wrong place can become one, so it has to be a plain word."""
    return re.fullmatch(r"[A-Za-z][A-Za-z_.]{0,40}", name) is not None and not holds_key(name)


def _invalid_field(error: ErrorDetails, sources: Sources, declared: dict[str, Any]) -> Diagnostic:
    location = sources.location
    path: Path = error["loc"]
    shown = _quoted(path)
    if isinstance(path[-1], str) and model_at(path[:-1]) is None:
        # A key pasted without a value becomes such a name, so a name with a wrong value is not shown.
        shown = f"an entry of {_quoted(path[:-1])}"
    match error["type"]:
        case "extra_forbidden":
            return unknown_field(location(path), str(path[-1]), _fields_at(path[:-1]), _quoted(path[:-1]))
        case "missing":
            if len(path) == 1:
                return missing_key(str(path[0]), location(()), sources.prefix)
            fact = f"{_quoted(path[:-1])} lacks the field `{path[-1]}`, so it was left out"
            return misread(location(path[:-1]), fact, f"Add `{path[-1]}`.")
        case "string_type" if sources.is_plain(path):
            fact = (
                f"{shown} is text, but without quotes it reads as a number, a boolean, a date or nothing, so Pulumi "
                "would pass on another value"
            )
            return misread(location(path), fact, "Write the value in quotes.")
        case "enum":
            fact = f"{shown} has none of its possible values, so it was left out"
            return misread(location(path), fact, "Write `refuse`, `retain` or `delete`.")
        case _ if path[-1:] == ("apiKey",):
            remedy = f"Run `{set_key(str(path[-2]), sources.stack, folder_of(sources.name))}`."
            return misread(location(path), f"{shown} is not an encrypted key, so it cannot be used", remedy)
        case kind:
            expected = _EXPECTED.get(kind, "another type")
            fact = f"{shown} should be {expected}, so it was left out"
            return misread(
                location(path),
                fact,
                _remedy(path, kind, _value_at(declared, path), sources.prefix) or f"Make it {expected}.",
            )


# The field of an object that a text, or a list, in its place is meant for.
_SHORT_FORMS = {
    "ComputeConfigRefSpec": "name",
    "SecretReferenceSpec": "existingSecret",
    "SettingsSpec": "palette",
    "ProjectSettingsSpec": "palette",
    "ProjectSpec": "name",
    "TenantSpec": "name",
}
_LIST_FORMS = {"DeploymentNamespacesSpec": "allow", "RoleMappingSpec": "admin"}


def _remedy(path: Path, kind: str, value: Any, prefix: str) -> str:
    """What to write instead of a value of a wrong type; empty if that cannot be said."""
    key = str(path[-1])
    if model_at(path[:-1]) is None and key in _fields_at(path):
        return f"Give it a name, for example `default: {{{key}: {_shown(value)}}}`."
    match kind, value:
        case "bool_type", _:
            return "Write `true` or `false`, without quotes."
        case "tuple_type", str():
            return f"Write `{key}: [{_shown(value)}]`."
        case "tuple_type", dict():
            return "Begin each entry with `- `, as in `- name: NAME`."
        case "dict_type", list() if path == ("silence",):
            return f"Write each rule's code with the reason, as in `{prefix}silence: {{PAI015: REASON}}`."
        case "dict_type", list():
            return "Write each entry as `NAME: …`, without `- `."
    model = model_at(path)
    short = (_LIST_FORMS if isinstance(value, list) else _SHORT_FORMS).get(model.__name__ if model else "")
    if short is None or isinstance(value, dict):
        return ""
    inside = f"{{{short}: {'[…]' if isinstance(value, list) else _shown(value)}}}"
    if isinstance(path[-1], int):
        return f"Write `- {inside}`."
    if len(path) == 1:
        key = f"{prefix}{key}"
    elif model_at(path[:-1]) is None and not isinstance(value, str):
        # A key pasted without a value becomes such a name.
        key = "NAME"
    return f"Write `{named(key)}: {inside}`."


def _shown(value: Any) -> str:
    """A value in a remedy: a word that stands for it, unless it is a name that messages show."""
    is_name = isinstance(value, str) and not subdomain_problem(value) and named(value) == value
    return value if is_name else "NAME"


def _exposed_secret(path: Path, location: SourceLocation) -> Diagnostic:
    fact = f"{_quoted(path)} is encrypted, but Pulumi would write it as plain text to the cluster and the state"
    remedy = "Only the `apiKey` of an integration is kept secret. Put other secrets in a Secret and refer to it."
    return misread(location, fact, remedy)


def _is_below(path: Path, others: frozenset[Path]) -> bool:
    return any(path[:length] in others for length in range(1, len(path) + 1))


def _pruned_path(error: ErrorDetails) -> Path:
    path: Path = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    # An object that lacks a required field cannot be used either.
    while path and _is_required(path):
        path = path[:-1]
    return path


def _copy(value: Any) -> Any:
    # Only containers: a handle on a key cannot be copied, and does not have to be.
    if isinstance(value, dict):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _without(declared: dict[str, Any], paths: set[Path]) -> dict[str, Any] | None:
    """The data without the values at the paths, or None if nothing is left."""
    if () in paths:
        return None
    # Backwards, so that the positions of a list stay valid.
    for path in sorted(paths, key=lambda path: [(isinstance(step, str), step) for step in path], reverse=True):
        holder: Any = declared
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
    return declared


def _fields_at(path: Path) -> list[str]:
    model = model_at(path)
    return [str(info.alias) for info in model.model_fields.values()] if model else []


def _is_required(path: Path) -> bool:
    model = model_at(path[:-1])
    return model is not None and any(
        info.alias == path[-1] and info.is_required() for info in model.model_fields.values()
    )


def model_at(path: Path) -> type[BaseModel] | None:
    """The model of the value at a path, or None if it is not an object with fixed fields.

    A path may have the field names of stack files or of Python.
    """
    annotation: Any = StackSpec
    for step in path:
        if _is_model(annotation):
            fields = annotation.model_fields.items()
            annotation = next((info.annotation for name, info in fields if step in (name, info.alias)), None)
        else:
            # A list or an object with free keys: the X of `tuple[X, ...]` or `dict[str, X]`.
            annotation = next((part for part in reversed(typing.get_args(annotation)) if part is not ...), None)
        parts = typing.get_args(annotation)
        if type(None) in parts:
            annotation = next(part for part in parts if part is not type(None))
    return annotation if _is_model(annotation) else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _quoted(path: Path) -> str:
    return f"`{shown_path(path)}`" if path else shown_path(path)


def shown_path(path: Path) -> str:
    """A path as messages show it, for example ``tenant.projects[0].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{named(step)}" for step in path)
    return text.lstrip(".") or "the configuration"
