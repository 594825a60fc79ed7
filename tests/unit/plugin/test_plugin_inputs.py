"""Whatever the inputs hold at any place, they are read or refused, in words and without a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pulumi
import pytest
from pulumi.output import UNKNOWN
from support.pasted import EVERYTHING, keys, paths
from support.programs import leaks
from support.recording import run
from support.served import Given, inputs_of

from paletteai_components.plugin.inputs import InputStack, declared_stack
from paletteai_components.rules import diagnostics_of_stack

KEY = keys()["Palette"]

# Made when a program runs: an Output needs one.
FORMS: dict[str, Callable[[], Any]] = {
    "unknown": lambda: UNKNOWN,
    "unknown output": lambda: pulumi.Output.from_input(UNKNOWN),
    "unknown secret": lambda: pulumi.Output.secret(UNKNOWN),
    "secret": lambda: pulumi.Output.secret(KEY),
    "output": lambda: pulumi.Output.from_input(KEY),
    "output of an object": lambda: pulumi.Output.from_input({KEY: [UNKNOWN, KEY]}),
    "text": lambda: KEY,
    "object": lambda: {KEY: {KEY: KEY}},
    "list": lambda: [KEY, [KEY]],
    "number": lambda: 6.5e23,
    "infinite number": lambda: float("inf"),
    "boolean": lambda: True,
    "nothing": lambda: None,
    "asset": lambda: pulumi.StringAsset(KEY),
    "resource": lambda: pulumi.resource.DependencyResource("urn:pulumi:acme.dev::paletteai::other:index:Thing::x"),
}


def opened(value: Any) -> Any:
    """Inputs as the SDK opens them: a key is an Output."""
    match value:
        case Given():
            return pulumi.Output.secret(value.value)
        case dict():
            return {key: opened(inner) for key, inner in value.items()}
        case list():
            return [opened(inner) for inner in value]
    return value


def places(inputs: Any) -> Iterator[tuple[str | int, ...]]:
    """Where something may be in the inputs: in place of each value, and beside each field."""
    yield from paths(inputs)
    yield from ((*path, "new") for path in paths(inputs) if isinstance(at(inputs, path), dict))
    yield ("new",)


def at(inputs: Any, path: tuple[str | int, ...]) -> Any:
    """The value at a path."""
    for step in path:
        inputs = inputs[step]
    return inputs


@pytest.mark.parametrize("form", FORMS)
def test_anything_in_any_place_is_read_or_refused(form: str) -> None:
    declared = deepcopy(EVERYTHING)
    del declared["paletteai:integrations"]["shared"]["fingerprint"]

    def program() -> list[InputStack]:
        found = []
        for path in places(inputs_of(declared)):
            inputs = opened(inputs_of(deepcopy(declared)))
            at(inputs, path[:-1])[path[-1]] = FORMS[form]()
            found.append(declared_stack("Tenant acme", inputs))
        return found

    recording = run(program)
    stacks: list[InputStack] = recording.returned
    assert len(stacks) > 100
    for stack in stacks:
        diagnostics = diagnostics_of_stack(stack)
        assert leaks([str(each) for each in diagnostics], KEY) == []
        assert stack.spec is not None or diagnostics
