"""The types of the component's inputs: typed dicts that follow from the spec of a stack file.

A program in another language declares what a stack file declares, under the same names. Left out is what only a file
has, and what only a comparison of files needs.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NotRequired, TypedDict

import pulumi
from pydantic import BaseModel

from paletteai_components.components.declaration import OUTPUT_ENTRIES, OUTPUT_LISTS, OUTPUT_TEXTS
from paletteai_components.credentials import ApiKey
from paletteai_components.model.spec import IntegrationSpec, StackSpec
from paletteai_components.stacks.configuration import NAMESPACE

LEFT_OUT: dict[type[BaseModel], dict[str, str]] = {
    StackSpec: {
        "environment": "compares the stack files of an environment",
        "cluster": "compares the stack files of a cluster",
    },
    IntegrationSpec: {"fingerprint": "identifies an encrypted key in a file; the key itself is known here"},
}
"""The fields of a stack file that are no inputs, each with the reason."""

# The analyzer of the SDK asks for these.
_Text = pulumi.Input[str]
_Texts = pulumi.Input[Sequence[pulumi.Input[str]]]


@cache
def inputs_type(model: type[BaseModel] = StackSpec) -> Any:
    """The typed dict of a model of the spec, with the names of a stack file."""
    fields = {name: _field_type(name, info.annotation) for name, info in input_fields(model)}
    required = {name for name, info in input_fields(model) if info.is_required()}
    declared = {name: kind if name in required else NotRequired[kind] for name, kind in fields.items()}
    made: Any = TypedDict(_name_of(model), declared)  # type: ignore[misc]
    made.__doc__ = model.__doc__
    # The analyzer looks for the source of a type once for each field, which takes half a second where there is none.
    made.__module__ = NAMESPACE
    return made


def input_fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    """The fields of a model that are inputs, by their names in a stack file."""
    for info in model.model_fields.values():
        if info.alias and info.alias not in LEFT_OUT.get(model, ()):
            yield info.alias, info


def _name_of(model: type[BaseModel]) -> str:
    return "TenantInputs" if model is StackSpec else model.__name__


def _field_type(name: str, annotation: Any) -> Any:
    if name in OUTPUT_TEXTS:
        return _Text
    if name in OUTPUT_LISTS:
        return _Texts
    return dict[str, _Text] if name in OUTPUT_ENTRIES else _type_of(annotation)


def _type_of(annotation: Any) -> Any:
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type_of(parts[0])
    if origin in (typing.Union, types.UnionType):
        (declared,) = (part for part in parts if part is not type(None))
        return _type_of(declared)
    if origin is tuple:
        return list[_type_of(parts[0])]  # type: ignore[misc]
    if origin is dict:
        return dict[str, _type_of(parts[1])]  # type: ignore[misc]
    if annotation is ApiKey:
        return _Text
    return inputs_type(annotation) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else annotation
