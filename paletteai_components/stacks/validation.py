"""Validation: a spec made from plain data, and what is wrong with the data said as PAI012 problems.

What cannot be understood is left out, so that the rest can still be judged. No value is ever
repeated in a problem: a key may stand anywhere in a file that is wrong.
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from paletteai_components.diagnostics import Place, Problem
from paletteai_components.model.spec import StackSpec
from paletteai_components.pulumi_yaml.document import Path
from paletteai_components.redaction import holds_key, named
from paletteai_components.stacks.sources import Written

_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


_IDENTITY = {("cluster",), ("environment",), ("tenant", "existing"), ("tenant", "namespace")}


@dataclass(frozen=True, slots=True)
class Validated:
    """A validated declaration.

    Fields:
        spec: the declaration, or None where not even a tenant could be made out.
        problems: what is wrong with the data.
        whole: False where more than an unknown field was left out.
        left_out: the positions of the projects that were left out.
        identified: False where what tells the cluster or the tenant's place in it was left out.
        file_problems: the values that are encrypted where they would become plain text.
    """

    spec: StackSpec | None
    problems: tuple[Problem, ...]
    whole: bool
    left_out: frozenset[int]
    identified: bool = True
    file_problems: tuple[Problem, ...] = ()


def validated(
    declared: dict[str, Any],
    written: Written,
    encrypted: frozenset[Path] = frozenset(),
) -> Validated:
    """The spec in plain data, as far as it can be made out.

    `written` tells where and how it is declared; `encrypted` are the paths of encrypted values that are no keys.
    """
    exposed = tuple(_exposed(path, written.place(path)) for path in sorted(encrypted, key=str))
    try:
        whole_spec = StackSpec.model_validate(declared, by_alias=True, by_name=False)
        return Validated(whole_spec, (), True, frozenset(), file_problems=exposed)
    except ValidationError as invalid:
        # Inputs and contexts stay out: they may hold a key.
        errors = invalid.errors(include_input=False, include_url=False, include_context=False)
    problems = tuple(_misread(error, written) for error in errors if not _is_below(error["loc"], encrypted))
    whole = all(error["type"] == "extra_forbidden" for error in errors)
    left_out = {_pruned_path(error) for error in errors}
    projects = frozenset(
        path[2]
        for path in left_out
        if len(path) == 3 and path[:2] == ("tenant", "projects") and isinstance(path[2], int)
    )
    pruned = _without(_copied(declared), left_out)
    try:
        spec = StackSpec.model_validate(pruned, by_alias=True, by_name=False) if pruned is not None else None
    except ValidationError:
        spec = None
    identified = _IDENTITY.isdisjoint(left_out)
    return Validated(spec, problems, whole and spec is not None, projects, identified, exposed)


def misread(place: Place, fact: str, remedy: str) -> Problem:
    """A PAI012 problem."""
    return Problem("PAI012", f"{fact}.", remedy, (place,))


def unknown_field(place: Place, name: str, known: Iterable[str], inside: str) -> Problem:
    """The problem of a field that is not known, with the nearest one that is."""
    known = list(known)
    plain = {field.lower(): field for field in known}
    nearest = difflib.get_close_matches(name, known, 1, 0.6) or difflib.get_close_matches(
        re.sub(r"[-_]", "", name.lower()), plain, 1, 0.8
    )
    # A key pasted in the wrong place can become a field's name, so only a plain word is repeated.
    plain_word = re.fullmatch(r"[A-Za-z][A-Za-z_.]{0,40}", name) and not holds_key(name)
    said = f"no field `{name}`" if plain_word else "no such field"
    remedy = (
        f"Did you mean `{plain.get(nearest[0], nearest[0])}`?"
        if nearest
        else f"Known are: {', '.join(sorted(known)) or 'none'}."
    )
    return misread(place, f"{inside} has {said}, so it would have no effect", remedy)


def _misread(error: ErrorDetails, written: Written) -> Problem:
    place = written.place
    path: Path = error["loc"]
    shown = shown_path(path)
    if isinstance(path[-1], str) and model_at(path[:-1]) is None:
        # A key pasted without a value becomes such a name, so one with a wrong value is not repeated.
        shown = f"an entry of {shown_path(path[:-1])}"
    match error["type"]:
        case "extra_forbidden":
            return unknown_field(place(path), str(path[-1]), _fields_at(path[:-1]), shown_path(path[:-1]))
        case "missing":
            effect = "it was left out" if len(path) > 1 else "nothing is declared"
            fact = f"{shown_path(path[:-1])} lacks the field `{path[-1]}`, so {effect}"
            return misread(place(path[:-1]), fact, f"Add `{path[-1]}`.")
        case "string_type" if written.is_plain(path):
            fact = (
                f"{shown} is text but reads as a number, a boolean, a date or nothing; "
                "Pulumi would pass on something else than what stands here"
            )
            return misread(place(path), fact, "Write the value in quotes.")
        case "enum":
            fact = f"{shown} is none of the values it may have, so it was left out"
            return misread(place(path), fact, "Write refuse, retain or delete.")
        case _ if path[-1:] == ("apiKey",):
            remedy = f"Run `pulumi config set --secret --path 'paletteai:{shown}'`."
            return misread(place(path), f"{shown} is no encrypted key, so it cannot be used", remedy)
        case kind:
            expected = _EXPECTED.get(kind, "of another form")
            fact = f"{shown} should be {expected}, so it was left out"
            return misread(place(path), fact, f"Make it {expected}.")


def _exposed(path: Path, place: Place) -> Problem:
    fact = (
        f"{shown_path(path)} is encrypted; Pulumi opens it, and it would be plain text in the cluster and in the state"
    )
    remedy = "Only the `apiKey` of an integration is kept secret. Put other secrets into a Secret and refer to that."
    return misread(place, fact, remedy)


def _is_below(path: Path, others: frozenset[Path]) -> bool:
    return any(path[:length] in others for length in range(1, len(path) + 1))


def _pruned_path(error: ErrorDetails) -> Path:
    path: Path = error["loc"][:-1] if error["type"] == "missing" else error["loc"]
    # What lacks a field that it must have cannot be understood either.
    while path and _is_required(path):
        path = path[:-1]
    return path


def _copied(value: Any) -> Any:
    # Containers only: a handle on a key cannot be copied, and need not be.
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _without(declared: dict[str, Any], paths: set[Path]) -> dict[str, Any] | None:
    """The data without what stands at the paths; None where that is everything."""
    if () in paths:
        return None
    # From the back, so that a list's positions hold until they are used.
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
    """The model of what stands at a path, or None where that is no object of fixed fields.

    A path may name fields as stack files do, or as Python does.
    """
    annotation: Any = StackSpec
    for step in path:
        if _is_model(annotation):
            fields = annotation.model_fields.items()
            annotation = next((info.annotation for name, info in fields if step in (name, info.alias)), None)
        else:
            # A list or an object of free keys: `tuple[X, ...]` and `dict[str, X]` hold X.
            annotation = next((part for part in reversed(typing.get_args(annotation)) if part is not ...), None)
        parts = typing.get_args(annotation)
        if type(None) in parts:
            annotation = next(part for part in parts if part is not type(None))
    return annotation if _is_model(annotation) else None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def shown_path(path: Path) -> str:
    """A path as messages tell it, for example ``tenant.projects[0].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{named(step)}" for step in path)
    return text.lstrip(".") or "the configuration"
