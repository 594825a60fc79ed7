"""A declaration in Python: a component's arguments, converted into the same spec as a stack file."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from paletteai_components.components.credential import PaletteCredential, handle_of
from paletteai_components.components.registry import DeclarationError, Registry
from paletteai_components.diagnostics import Diagnostic, SourceLocation, in_order
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import StackSpec
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import misread, model_at, shown_path, unknown_field

_Kind = TypeVar("_Kind")

_EXPECTED = {
    "string_type": "text",
    "bool_type": "True or False",
    "tuple_type": "a list",
    "dict_type": "a dict",
    "enum": "refuse, retain or delete",
}

# No rule reads these, nor what is in `extra_spec`, so they may be Outputs.
OUTPUT_TEXTS = frozenset({"description"})
OUTPUT_LISTS = frozenset({"groups", "admin", "editor", "viewer"})
OUTPUT_ENTRIES = OUTPUT_LISTS | {
    "annotations",
    *("namespace_annotations", "namespaceAnnotations"),
    *("secret_annotations", "secretAnnotations"),
}
_EXTRA_SPEC = frozenset({"extra_spec", "extraSpec"})


class OutputForm(Enum):
    """What a value that may be an Output is part of."""

    MANIFEST = "manifest"
    """Fields that are passed through to a manifest."""
    TEXT = "text"
    """A text, or an entry of an object or list of texts."""
    LIST = "list"
    """A list of texts."""


def output_form(path: Path) -> OutputForm | None:
    """The form of the value at a path if it may be an Output. None if a rule reads it, so that it has to be plain.

    A path may have the field names of stack files or of Python.
    """
    if not _EXTRA_SPEC.isdisjoint(path[:-1]):
        return OutputForm.MANIFEST
    if model_at(path[:-1]) is not None:
        return OutputForm.TEXT if path[-1] in OUTPUT_TEXTS else OutputForm.LIST if path[-1] in OUTPUT_LISTS else None
    is_entry = len(path) > 1 and path[-2] in OUTPUT_ENTRIES and model_at(path[:-2]) is not None
    return OutputForm.TEXT if is_entry else None


class Declaration:
    """The arguments of one component, and every problem found in them."""

    part: str
    """The component in messages, for example ``Tenant acme``."""
    stated: dict[str, Any]
    """The arguments that are set, as the caller passed them."""

    def __init__(self, kind: str, name: str, record: type, args: object) -> None:
        """Reads the arguments of the component of a kind and name.

        Raises:
            DeclarationError: `args` is neither a `record` nor a dict of its fields.
        """
        self._registry = Registry.of_this_program()
        self.part = self._registry.part_of(kind, name)
        self._at: Path = ()
        self._diagnostics: list[Diagnostic] = []
        self._integrations: dict[str, dict[str, Any]] = {}
        self.stated = self._fields_set(record, args)

    def take(self, field: str, kind: type[_Kind], wanted: str) -> _Kind:
        """Removes and returns an argument that is not part of the spec.

        Raises:
            DeclarationError: it is not of this kind.
        """
        value = self.stated.pop(field, None)
        if not isinstance(value, kind):
            self._mistyped(f"`{field}`", value, wanted)
            raise DeclarationError(in_order(self._diagnostics))
        return value

    def take_texts(self, field: str) -> tuple[str, ...]:
        """Removes and returns a list of texts that is not part of the spec."""
        value = self.stated.pop(field, ())
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._mistyped(f"`{field}`", value, "a list of texts")
        return ()

    def spec(self, at: Path, **declared: Any) -> StackSpec:
        """The spec of the declared fields. The component's arguments are `at` this path of it.

        Raises:
            DeclarationError: anything is missing or of a wrong type.
        """
        self._at = at
        plain = self._plain(declared, ())
        try:
            spec = StackSpec.model_validate({**plain, "integrations": self._integrations}, by_alias=False, by_name=True)
        except ValidationError as invalid:
            # Only an input's type is reported: it may hold a key.
            for error in invalid.errors(include_url=False):
                self._add_invalid(error)
        if self._diagnostics:
            raise DeclarationError(in_order(self._diagnostics))
        return spec

    def _fields_set(self, record: type, args: object) -> dict[str, Any]:
        if isinstance(args, record) and is_dataclass(args):
            stated = {each.name: getattr(args, each.name) for each in fields(args)}
        elif isinstance(args, Mapping) and is_dataclass(record):
            known = [each.name for each in fields(record)]
            stated = {name: value for name, value in args.items() if name in known}
            for name in args.keys() - stated.keys():
                self._diagnostics.append(unknown_field(SourceLocation(self.part), str(name), known, "`args`"))
        else:
            self._mistyped("`args`", args, f"a {record.__name__} or a dict of its fields")
            raise DeclarationError(self._diagnostics)
        return {name: value for name, value in stated.items() if value is not None}

    def _plain(self, value: Any, path: Path) -> Any:
        """A value as the spec takes it: records as dicts of the fields set, a credential as its integration's name."""
        match value:
            case pulumi.Output() | Awaitable():
                return self._output(value, path)
            case str() if path[-1] == "palette" and model_at(path[:-1]) is not None:
                # The spec takes an integration's name here, so it would accept text.
                self._mistyped(self._described(path), value, "a PaletteCredential")
            case Mapping():
                return {
                    name: self._plain(inner, (*path, name))
                    for name, inner in value.items()
                    if self._is_text(name, path)
                }
            case list() | tuple():
                return [self._plain(inner, (*path, position)) for position, inner in enumerate(value)]
            case None | bool() | int() | float() | str():
                return value
            case _ if "extra_spec" in path:
                # Everywhere else the spec itself refuses a wrong type.
                place = self._described(path[: path.index("extra_spec") + 1])
                fact = f"{place} holds a value of type {type(value).__name__}, which a manifest cannot hold"
                self._add(fact, "Use only text, numbers, lists and dicts.")
            case PaletteCredential():
                return self._integration_name(value)
            case _ if is_dataclass(value):
                stated = {each.name: getattr(value, each.name) for each in fields(value)}
                return self._plain({name: inner for name, inner in stated.items() if inner is not None}, path)
        return value

    def _output(self, value: Any, path: Path) -> Any:
        match output_form(path):
            case OutputForm.MANIFEST:
                return pulumi.Output.from_input(value)
            case OutputForm.TEXT:
                return self._registry.stand_in(value)
            case OutputForm.LIST:
                return [self._registry.stand_in(value, is_list=True)]
        return value

    def _is_text(self, name: object, path: Path) -> bool:
        if not isinstance(name, str):
            self._mistyped(f"a name in {self._described(path)}", name, "text")
        return isinstance(name, str)

    def _integration_name(self, credential: PaletteCredential) -> str:
        name: object = credential.name
        if not isinstance(name, str):
            self._mistyped("`name` of a PaletteCredential", name, "text")
            return ""
        key = self._registry.integration_name(credential)
        stated = {each.name: getattr(credential, each.name) for each in fields(credential) if each.name != "name"}
        if credential.api_key is not None:
            stated["api_key"] = handle_of(credential.api_key)
            if stated["api_key"] is None:
                place = self._described(("integrations", key, "api_key"))
                self._mistyped(place, credential.api_key, "text or an Output of it")
        self._integrations[key] = stated
        return key

    def _add_invalid(self, error: ErrorDetails) -> None:
        path, kind = error["loc"], error["type"]
        place = self._described(path)
        if kind == "missing":
            self._add(f"{place} is missing", "Set it.")
        elif kind == "extra_forbidden":
            model = model_at(path[:-1])
            known = model.model_fields if model else ()
            self._diagnostics.append(
                unknown_field(SourceLocation(self.part), str(path[-1]), known, self._described(path[:-1]))
            )
        elif kind == "model_type":
            record = str(error["ctx"]["class_name"]).removeprefix("Project").replace("Spec", "Args")
            self._mistyped(place, error["input"], f"a {record}")
        elif path[-1] == "palette":
            self._mistyped(place, error["input"], "a PaletteCredential")
        else:
            self._mistyped(place, error["input"], _EXPECTED.get(kind, "of another form"))

    def _mistyped(self, place: str, value: object, expected: str) -> None:
        if isinstance(value, pulumi.Output | Awaitable):
            fact = f"{place} is an Output, but it is checked before anything is registered, so it must be a plain value"
            remedy = (
                "Pass a value that the program knows. Only `api_key`, `description`, groups, annotations and what is "
                "in `extra_spec` may be Outputs."
            )
        else:
            fact = f"{place} should be {expected}, but is of type {type(value).__name__}"
            remedy = f"Make it {expected}."
        self._add(fact, remedy)

    def _add(self, fact: str, remedy: str) -> None:
        self._diagnostics.append(misread(SourceLocation(self.part), fact, remedy))

    def _described(self, path: Path) -> str:
        if path[0] == "integrations":
            return f"`{path[-1]}` of the credential `{named(str(path[1]))}`"
        if isinstance(path[-1], str) and model_at(path[:-1]) is None and model_at(path) is None:
            # The name is not repeated: a key may have been pasted there.
            return f"an entry of {self._described(path[:-1])}"
        own = next(path[len(each) :] for each in (self._at, ("tenant",), ()) if path[: len(each)] == each)
        return f"`{shown_path(own)}`"


def extended(stack: Stack, added: StackSpec, **tenant_fields: Any) -> StackSpec:
    """The spec of a tenant's stack, extended by one more component's integrations and fields of the tenant."""
    spec = stack.spec or added
    integrations = {**spec.integrations, **added.integrations}
    tenant = spec.tenant.model_copy(update=tenant_fields)
    return spec.model_copy(update={"integrations": integrations, "tenant": tenant})
