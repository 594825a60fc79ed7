"""The schemas of what commands print as JSON, and the command that a call is of."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from paletteai_components.cli.schema import RECORDS, file_of


@functools.cache
def validator(command: str) -> Draft202012Validator:
    """The validator of what a command prints, by the schema in the package."""
    text = files("paletteai_components.schema").joinpath(file_of(command)).read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def command_of(arguments: Sequence[str]) -> str | None:
    """The command that a call prints JSON of, which has a schema; None for every other call."""
    is_json = "--format=json" in arguments or ("--format", "json") in itertools.pairwise(arguments)
    command = next((each for each in arguments if each in RECORDS), None)
    elsewhere = any(each.startswith(("-o", "--output", "--help")) for each in arguments)
    return command if is_json and not elsewhere else None


def refuse_another(command: str, printed: str) -> Any:
    """What a command has printed, as a value. Raises AssertionError where its schema refuses it."""
    __tracebackhide__ = True
    value = json.loads(printed)
    wrong = [f"{each.json_path}: {each.message}" for each in _leaves(validator(command).iter_errors(value))]
    assert not wrong, "\n".join([f"the schema of `paletteai {command}` refuses what it prints:", *wrong])
    return value


def _leaves(errors: Iterable[Any]) -> Iterable[Any]:
    """The errors in the branches of a choice instead of the choice itself."""
    for error in errors:
        yield from _leaves(error.context) if error.context else [error]
