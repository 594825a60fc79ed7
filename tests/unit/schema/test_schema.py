"""The JSON Schema of a stack file says what the spec says."""

from __future__ import annotations

import json
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support.checkout import ROOT
from support.pasted import EVERYTHING, paths
from support.projects import STACK

from paletteai_components import naming
from paletteai_components.cli import main
from paletteai_components.credentials import KeyState
from paletteai_components.schema import stack_schema
from paletteai_components.stacks.stack_file import stack_from_config

SCHEMA = stack_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
EXAMPLES = sorted((ROOT / "stacks").glob("Pulumi.*.yaml"))

FULL: dict[str, Any] = {"config": {"kubernetes:context": "dev", **EVERYTHING}}


def test_it_is_a_valid_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_file_in_the_package_is_current() -> None:
    printed = CliRunner().invoke(main, ["schema"]).stdout
    assert files("paletteai_components.schema").joinpath("stack.json").read_text("utf-8") == printed, (
        "run `make schema`"
    )
    assert json.loads(printed) == SCHEMA


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_keep_to_it(example: Path) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(example.read_text()))) == []


@pytest.mark.parametrize("stack", [FULL, yaml.safe_load(STACK)])
def test_what_the_spec_takes_it_takes(stack: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors(stack)) == []
    assert _taken(stack)


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("paletteai:tenants", False),
        ("tenants", False),
        ("paletteai:", False),
        ("mergedSettings", True),
        ("kubernetes:namespace", True),
        ("aws:region", True),
    ],
)
def test_unknown_keys_are_refused_in_our_namespace_only(key: str, taken: bool) -> None:
    stack = deepcopy(FULL)
    stack["config"][key] = True
    assert VALIDATOR.is_valid(stack) is taken
    assert _taken(stack) is taken


def test_every_field_is_described() -> None:
    models = [*SCHEMA["$defs"].values(), SCHEMA["properties"]["config"], SCHEMA]
    fields = [field for model in models for field in model.get("properties", {}).values()]
    assert all(field.get("description") for field in fields)
    assert SCHEMA["$defs"]["IntegrationSpec"]["properties"]["defaultProjectID"]["description"] == (
        "The Palette project that is used by default. Quote it: it looks like a number."
    )


_TEXTS = st.text(st.sampled_from("aZ09-._ !é"), max_size=6) | st.text("a", min_size=60, max_size=66)


@given(_TEXTS)
def test_the_forms_of_names_are_those_of_the_rules(text: str) -> None:
    tenant, project = (SCHEMA["$defs"][model]["properties"] for model in ("TenantSpec", "ProjectSpec"))
    assert Draft202012Validator(project["name"]).is_valid(text) is (naming.label_problem(text) is None)
    problem = naming.subdomain_problem(text, naming.NAME_LIMIT)
    assert Draft202012Validator(tenant["name"]).is_valid(text) is (problem is None)
    assert Draft202012Validator(project["displayName"]).is_valid(text) is not naming.has_other_signs(text)


_VALUES = st.sampled_from([None, True, 0, 1.5, "abc", [], ["abc"], [1], {}, {"abc": "abc"}, {"secure": "abc"}])


_PATHS = [path for path in paths(FULL) if len(path) > 1 and path[1] != "kubernetes:context"]


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """The full stack file with a few things replaced, added or taken away."""
    stack: dict[str, Any] = deepcopy(FULL)
    for path in draw(st.lists(st.sampled_from(_PATHS), min_size=1, max_size=3)):
        holder: Any = stack
        for step in path[:-1]:
            known = isinstance(holder, dict) and step in holder
            known = known or (isinstance(holder, list) and isinstance(step, int) and step < len(holder))
            if not known:
                break
            holder = holder[step]
        else:
            _change(holder, path[-1], draw)
    return stack


def _change(holder: Any, key: Any, draw: st.DrawFn) -> None:
    if isinstance(holder, dict):
        match draw(st.sampled_from(["replace", "add", "remove"])):
            case "replace":
                holder[key] = draw(_VALUES)
            case "add":
                holder[draw(st.sampled_from(["abc", "name", "apiKey", "extraSpec"]))] = draw(_VALUES)
            case "remove":
                holder.pop(key, None)
    elif isinstance(holder, list) and isinstance(key, int) and key < len(holder):
        holder[key] = draw(_VALUES)


@given(mutants())
def test_the_schema_and_the_spec_take_the_same(stack: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(stack) is _taken(stack)


def _taken(stack: dict[str, Any]) -> bool:
    """Whether the spec takes it, and no key in plain text: that is another rule's there."""
    if not isinstance(stack["config"], dict):
        return False
    config = {key if ":" in key else f"paletteai:{key}": value for key, value in stack["config"].items()}
    read = stack_from_config("abc.dev", config)
    # An `extraSpec` that is encrypted, or holds what is, is the rules' to find.
    wrong = [each for each in read.file_diagnostics if ".extraSpec" not in each.message]
    if read.diagnostics or wrong or read.spec is None:
        return False
    keys = [integration.api_key for integration in read.spec.integrations.values()]
    return not any(key is not None and key.state is KeyState.PLAINTEXT for key in keys)
