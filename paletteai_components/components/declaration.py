"""A declaration in Python: the record that a component takes, made into a spec like that of a stack file."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from paletteai_components.components.credential import PaletteCredential, handle_of
from paletteai_components.components.registry import DeclarationError, Ledger
from paletteai_components.diagnostics import Place, Problem, in_order
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

# No rule needs these, nor what is in an `extra_spec`, so they may be known only while the program runs.
_LATE_TEXTS = {"description"}
_LATE_ENTRIES = {"annotations", "groups", "admin", "editor", "viewer"}


class Declaration:
    """What one component declares, and everything that is wrong with it.

    Fields:
        part: what messages call the component.
        stated: the fields of its record that are stated, as the caller gave them.
    """

    def __init__(self, kind: str, name: str, record: type, args: object) -> None:
        """Takes what a component of a kind and name is given: a record, or a dict of its fields."""
        self._ledger = Ledger.of_this_program()
        self.part = self._ledger.part_of(kind, name)
        self._at: Path = ()
        self._problems: list[Problem] = []
        self._integrations: dict[str, dict[str, Any]] = {}
        self.stated = self._stated(record, args)

    def take(self, field: str, kind: type[_Kind], wanted: str) -> _Kind:
        """Takes a field out that is no part of the spec. Raises DeclarationError where it is not of its kind."""
        value = self.stated.pop(field, None)
        if not isinstance(value, kind):
            self._mistyped(f"`{field}`", value, wanted)
            raise DeclarationError(in_order(self._problems))
        return value

    def take_texts(self, field: str) -> tuple[str, ...]:
        """Takes a list of texts out that is no part of the spec."""
        value = self.stated.pop(field, ())
        if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._mistyped(f"`{field}`", value, "a list of texts")
        return ()

    def spec(self, at: Path, **declared: Any) -> StackSpec:
        """The spec of what is declared; `at` is where in it the fields of the record stand.

        Raises DeclarationError where anything is missing or of a wrong type.
        """
        self._at = at
        plain = self._plain(declared, ())
        try:
            spec = StackSpec.model_validate({**plain, "integrations": self._integrations}, by_alias=False, by_name=True)
        except ValidationError as invalid:
            # Of an input only its type is told: it may hold a key.
            for error in invalid.errors(include_url=False):
                self._tell(error)
        if self._problems:
            raise DeclarationError(in_order(self._problems))
        return spec

    def _stated(self, record: type, args: object) -> dict[str, Any]:
        if isinstance(args, record) and is_dataclass(args):
            stated = {each.name: getattr(args, each.name) for each in fields(args)}
        elif isinstance(args, Mapping) and is_dataclass(record):
            known = [each.name for each in fields(record)]
            stated = {name: value for name, value in args.items() if name in known}
            for name in args.keys() - stated.keys():
                self._problems.append(unknown_field(Place(self.part), str(name), known, "`args`"))
        else:
            self._mistyped("`args`", args, f"a {record.__name__} or a dict of its fields")
            raise DeclarationError(self._problems)
        return {name: value for name, value in stated.items() if value is not None}

    def _plain(self, value: Any, path: Path) -> Any:
        """A value as a spec takes it: records as dicts of what they state, credentials as keys for them."""
        match value:
            case pulumi.Output() | Awaitable():
                return self._later(value, path)
            case str() if path[-1] == "palette" and model_at(path[:-1]) is not None:
                # A spec takes the key of an integration here.
                self._mistyped(self._said(path), value, "a PaletteCredential")
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
                # In all other places the spec knows what may stand there.
                said = self._said(path[: path.index("extra_spec") + 1])
                fact = f"{said} holds something of type {type(value).__name__}, which no manifest can hold"
                self._problems.append(misread(Place(self.part), fact, "Write text, numbers, lists and dicts only."))
            case PaletteCredential():
                return self._key_of(value)
            case _ if is_dataclass(value):
                stated = {each.name: getattr(value, each.name) for each in fields(value)}
                return self._plain({name: inner for name, inner in stated.items() if inner is not None}, path)
        return value

    def _later(self, value: Any, path: Path) -> Any:
        if "extra_spec" in path[:-1]:
            return pulumi.Output.from_input(value)
        if path[-1] in _LATE_TEXTS or (len(path) > 1 and path[-2] in _LATE_ENTRIES):
            return self._ledger.stand_in(value)
        return value

    def _is_text(self, name: object, path: Path) -> bool:
        if not isinstance(name, str):
            self._mistyped(f"a name in {self._said(path)}", name, "text")
        return isinstance(name, str)

    def _key_of(self, credential: PaletteCredential) -> str:
        name: object = credential.name
        if not isinstance(name, str):
            self._mistyped("`name` of a PaletteCredential", name, "text")
            return ""
        key = self._ledger.key_of(credential)
        stated = {each.name: getattr(credential, each.name) for each in fields(credential) if each.name != "name"}
        if credential.api_key is not None:
            stated["api_key"] = handle_of(credential.api_key)
            if stated["api_key"] is None:
                said = self._said(("integrations", key, "api_key"))
                self._mistyped(said, credential.api_key, "text or an Output of it")
        self._integrations[key] = stated
        return key

    def _tell(self, error: ErrorDetails) -> None:
        path, kind = error["loc"], error["type"]
        said = self._said(path)
        if kind == "missing":
            self._problems.append(misread(Place(self.part), f"{said} is missing", "State it."))
        elif kind == "extra_forbidden":
            model = model_at(path[:-1])
            known = model.model_fields if model else ()
            self._problems.append(unknown_field(Place(self.part), str(path[-1]), known, self._said(path[:-1])))
        elif kind == "model_type":
            record = str(error["ctx"]["class_name"]).removeprefix("Project").replace("Spec", "Args")
            self._mistyped(said, error["input"], f"a {record}")
        else:
            self._mistyped(said, error["input"], _EXPECTED.get(kind, "of another form"))

    def _mistyped(self, said: str, value: object, expected: str) -> None:
        if isinstance(value, pulumi.Output | Awaitable):
            fact = f"{said} is an Output; it is checked before anything is registered, so it has to be a plain value"
        else:
            fact = f"{said} should be {expected}, and is of type {type(value).__name__}"
        self._problems.append(misread(Place(self.part), fact, f"Make it {expected}."))

    def _said(self, path: Path) -> str:
        if path[0] == "integrations":
            return f"`{path[-1]}` of the credential {named(str(path[1]))}"
        if isinstance(path[-1], str) and model_at(path[:-1]) is None and model_at(path) is None:
            # A key may be pasted as a name, too.
            return f"an entry of {self._said(path[:-1])}"
        own = next(path[len(each) :] for each in (self._at, ("tenant",), ()) if path[: len(each)] == each)
        return f"`{shown_path(own)}`"


def extended(stack: Stack, added: StackSpec, **of_the_tenant: Any) -> StackSpec:
    """The spec of a tenant's stack with what one more component adds to it: integrations, and fields of the tenant."""
    spec = stack.spec or added
    integrations = {**spec.integrations, **added.integrations}
    tenant = spec.tenant.model_copy(update=of_the_tenant)
    return spec.model_copy(update={"integrations": integrations, "tenant": tenant})
