"""The inputs of a component that is served: read into a stack, as the configuration of a stack file is.

The engine gives plain data with Outputs in it. An Output whose value is known already is read as its value. One that is
not known yet, or secret, is left in place where no rule reads it, and refused everywhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.output import Unknown

from paletteai_components.components.declaration import OutputForm, output_form
from paletteai_components.components.registry import Registry
from paletteai_components.credentials import ApiKey, KeyState
from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import StackSpec
from paletteai_components.plugin.types import LEFT_OUT, input_fields
from paletteai_components.pulumi_yaml.document import path_within
from paletteai_components.sdk import Settled, settled
from paletteai_components.stacks.configuration import is_key_field
from paletteai_components.stacks.sources import Sources
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import misread, missing_key, model_at, shown_path, unknown_field, validated


@dataclass(frozen=True, slots=True)
class InputSources(Sources):
    """The inputs of one component. A location is a path in them."""

    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def prefix(self) -> str:
        """Nothing: an input has the name of a field."""
        return ""

    def location(self, path: Path) -> SourceLocation:
        """The path of an input, or of the nearest object or list that it would be in."""
        path = path_within(self.inputs, path)
        return SourceLocation(self.name, field=shown_path(path) if path else "")

    def locations(self, path: Path) -> Iterator[SourceLocation]:
        """The path of an input, if it is set."""
        found = self.location(path)
        if found.field == shown_path(path):
            yield found

    def key_location(self, key: str) -> SourceLocation:
        """The component: the inputs have no other keys than the fields."""
        return self.location(())

    def is_plain(self, path: Path) -> bool:
        """False: no input is read from a file."""
        return False


@dataclass(frozen=True)
class InputStack(Stack):
    """A stack that a program declares as the inputs of a component, which is its part."""

    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    depends_on: frozenset[pulumi.Resource] = field(default_factory=frozenset, repr=False)
    """The resources that inputs depend on whose values were read."""

    @property
    def key_input(self) -> str:
        """How a program sets a key."""
        return "a secret of the program's configuration, passed as `apiKey`"

    @property
    def _sources(self) -> InputSources:
        return InputSources(name=self.part, stack=self.name, inputs=self.inputs)


def declared_stack(part: str, inputs: Mapping[str, Any]) -> InputStack:
    """The stack that the inputs of a component declare. What is wrong with them is among its diagnostics.

    Args:
        part: The component, in messages.
        inputs: Its inputs, as the engine passes them.
    """
    return _Reading(part).stack(inputs)


class _Reading:
    """The inputs of one component, and every problem found in them before they are validated."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._registry = Registry.of_this_program()
        self._diagnostics: list[Diagnostic] = []
        self._refused: set[Path] = set()
        self._resources: set[pulumi.Resource] = set()

    def stack(self, inputs: Mapping[str, Any]) -> InputStack:
        declared = self._plain(inputs, ())
        sources = InputSources(name=self._part, stack=pulumi.get_stack(), inputs=declared)
        if "tenant" not in declared:
            self._diagnostics.append(missing_key("tenant", sources.location(()), sources.prefix))
            return InputStack(sources.stack, diagnostics=tuple(self._diagnostics), part=self._part, is_complete=False)
        result = validated(declared, sources, is_opened=True)
        told = {sources.location(path) for path in self._refused}
        return InputStack(
            sources.stack,
            spec=result.spec,
            # A value that was refused above is refused for its type again.
            diagnostics=(*self._diagnostics, *(each for each in result.diagnostics if told.isdisjoint(each.where))),
            is_complete=result.is_complete and not self._refused,
            left_out=result.left_out,
            identified=result.identified,
            part=self._part,
            inputs=declared,
            depends_on=frozenset(self._resources),
        )

    def _plain(self, value: Any, path: Path) -> Any:
        """A value as a stack file would have it, with stand-ins for Outputs that stay Outputs."""
        if isinstance(value, Unknown):
            value = pulumi.Output.from_input(value)
        if is_key_field(path):
            return self._key(value, path)
        match value:
            case pulumi.Output():
                return self._output(value, path)
            case Mapping():
                return self._object(value, path)
            case list():
                return [self._plain(inner, (*path, position)) for position, inner in enumerate(value)]
            case float() if value.is_integer():
                # Every number arrives as a float.
                return int(value)
            case None | str() | bool() | float():
                return value
        self._refuse(
            path, f"is of type {type(value).__name__}, which no field takes", "Pass text, numbers, lists and objects."
        )
        return value

    def _object(self, value: Mapping[str, Any], path: Path) -> dict[str, Any]:
        model = model_at(path)
        known = {name for name, _ in input_fields(model)} if model else set()
        left_out = LEFT_OUT.get(model, {}) if model else {}
        if model is StackSpec:
            # Nothing else sees an unknown one of these: they are the keys of a configuration.
            left_out = dict.fromkeys(value.keys() - known, "")
        declared: dict[str, Any] = {}
        for name, inner in value.items():
            if name in left_out:
                inside = f"`{shown_path(path)}`" if path else "the component"
                location = SourceLocation(self._part, field=shown_path(path) if path else "")
                self._diagnostics.append(unknown_field(location, name, known, inside))
            elif inner is not None or output_form((*path, name)) is OutputForm.MANIFEST:
                declared[name] = self._plain(inner, (*path, name))
        return declared

    def _output(self, output: pulumi.Output[Any], path: Path) -> Any:
        (found,) = settled([output])
        form = output_form(path)
        if form is not None and not _is_plain(found):
            return self._stand_in(output, form)
        # The SDK may pass on an object with a key in it as one secret.
        holds_keys = path[:1] == ("integrations",) and len(path) <= 2
        if found.is_secret and not holds_keys:
            fact = "is secret, but Pulumi would write it as plain text to the cluster and the state"
            remedy = (
                "Only the `apiKey` of an integration is kept secret. Put other secrets in a Secret and refer to it."
            )
            self._refuse(path, fact, remedy)
        elif not found.is_known:
            fact = (
                "is an Output whose value is not known yet, but it is checked before anything is registered, so it "
                "must be a plain value"
            )
            remedy = (
                "Pass a value that the program knows. Only `apiKey`, `description`, groups, annotations and what is in "
                "`extraSpec` may be Outputs."
            )
            self._refuse(path, fact, remedy)
        else:
            self._resources |= found.resources
            return self._plain(found.value, path)
        return output

    def _stand_in(self, output: pulumi.Output[Any], form: OutputForm) -> Any:
        if form is OutputForm.MANIFEST:
            return output
        if form is OutputForm.LIST:
            return [self._registry.stand_in(output, is_list=True)]
        return self._registry.stand_in(output)

    def _key(self, value: Any, path: Path) -> Any:
        secret: pulumi.Output[Any] = pulumi.Output.secret(value)
        if isinstance(value, pulumi.Output):
            (found,) = settled([value])
            if not found.is_known:
                # Only the deployment knows it: the component is checked again then, before anything is registered.
                return ApiKey(KeyState.DECRYPTED, secret=secret)
            value = found.value
        if isinstance(value, str):
            return ApiKey.opened(value, secret=secret)
        if value is not None:
            # Its value is not shown: it may hold a key.
            fact = "should be text or a secret Output of it"
            if isinstance(value, Mapping) and "secure" in value:
                fact = "is encrypted for a stack file, and only Pulumi decrypts it there"
            self._refuse(path, fact, f"Set the key with {InputStack('').key_input}.")
        return value

    def _refuse(self, path: Path, fact: str, remedy: str) -> None:
        shown = f"`{shown_path(path)}`"
        if isinstance(path[-1], str) and model_at(path[:-1]) is None and len(path) > 1:
            # A key pasted in the wrong place can become such a name.
            shown = f"an entry of `{shown_path(path[:-1])}`"
        location = SourceLocation(self._part, field=shown_path(path))
        self._diagnostics.append(misread(location, f"{shown} {fact}", remedy))
        self._refused.add(path)


def _is_plain(found: Settled) -> bool:
    return found.is_known and not found.is_secret and not found.resources
