"""What commands print as JSON is what their schemas say, and so is the page on it."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.checkout import CRD_FOLDER, ROOT
from support.ci_scripts import CI, run_ci
from support.environments import said, step, summed
from support.fleets import Fleet
from support.observations import project as project_of
from support.observations import tenant
from support.projects import STACK, Project, changed
from support.schemas import command_of, refuse_another, validator
from support.settings_layouts import LAYOUTS, as_yaml, crds_with
from support.wheel import Elsewhere

from paletteai_components.cli.schema import RECORDS, file_of, output_schema

PAGE = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
OTHER = changed("tenant: example-tenant", "tenant: other-tenant", changed("name: acme", "name: globex"))
BROKEN = "config:\n  paletteai:tenant: [\n"


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    return Fleet(tmp_path, monkeypatch)


# The schemas


@pytest.mark.parametrize("command", RECORDS)
def test_the_schema_in_the_package_is_current_and_is_printed(command: str, project: Project) -> None:
    text = files("paletteai_components.schema").joinpath(file_of(command)).read_text("utf-8")
    assert project.printed("schema", *command.split()) == text, "run `make schema`"
    Draft202012Validator.check_schema(json.loads(text))


@pytest.mark.parametrize("command", RECORDS)
def test_a_record_takes_no_field_that_it_does_not_declare_and_describes_each(command: str) -> None:
    for name, record in records(command):
        assert record["additionalProperties"] is False, name
        for field, schema in record["properties"].items():
            assert schema.get("description", "").endswith("."), f"{name}.{field}"


def test_every_command_with_a_format_for_scripts_has_a_schema() -> None:
    from paletteai_components.cli import COMMANDS, main

    with_json = set()
    for name in COMMANDS:
        command = main.get_command(main.make_context("paletteai", [name, "x"], resilient_parsing=True), name)
        assert command is not None
        if any("json" in getattr(each.type, "choices", ()) for each in command.params):
            with_json.add(name)
    assert with_json == RECORDS.keys() - {"ci jobs"}


def test_a_command_without_json_has_no_schema_and_the_nearest_one_is_asked_for(project: Project) -> None:
    assert "These commands do: `check`, `plan`, " in project.refused("schema", "render")
    assert "Did you mean `check`?" in project.refused("schema", "chek")
    assert project.refused("schema", "\x1b[31m").startswith("error: the command `\\x1b[31m` prints no JSON")


def test_a_schema_is_written_to_a_file_and_again(project: Project) -> None:
    for command in ("diff", "graph"):
        assert project.printed("schema", command, "-o", "out.json").startswith("Wrote out.json, ")
        assert (project.folder / "out.json").read_text() == project.printed("schema", command)


# What is printed


def records(command: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records in the schema of a command."""
    schema = output_schema(command)
    for name, each in [("", schema), *schema["$defs"].items()]:
        if "properties" in each:
            yield name, each


def printed_by(fleet: Fleet) -> Iterator[tuple[str, Any]]:
    """What each command prints: clean and with problems, and with everything that there is to say."""

    def call(*arguments: str, input: str | None = None) -> tuple[str, Any]:
        command = command_of(arguments)
        assert command is not None, arguments
        result = fleet.call(*arguments, input=input)
        assert result.stdout, result.output
        return command, json.loads(result.stdout)

    def every(project: str) -> Iterator[tuple[str, Any]]:
        yield call("check", "--format", "json")
        yield call("plan", "--format", "json")
        yield call("graph", "--format", "json")
        yield call("explain", "acme.dev", project, "--format", "json")
        yield call("stacks", "--since", "HEAD", "--slices", "4", "--format", "json")
        yield call("diff", "HEAD", "--format", "json")
        yield call("diff", "acme.dev", "beta.dev", "--format", "json")

    yield from every("acme-vision")
    manifests = [tenant(settings=None), project_of()]
    yield call("check", "--manifests", "-", "--format", "json", input=yaml.safe_dump_all(manifests))
    yield call("explain", "--format", "json")
    yield call("explain", "PAI001", "--format", "json")
    yield call("crds", str(CRD_FOLDER), "--format", "json")
    fleet.file("bin/crds.yaml", as_yaml(crds_with(LAYOUTS[0].spec)))
    yield call("crds", "bin/crds.yaml", "--format", "json")
    fleet.play("acme.dev", step("create"), summed(create=1))
    fleet.play("beta.dev", said("no"), code=1)
    operations = (["preview"], ["up", "--yes"], ["refresh", "--yes"])
    for operation in operations:
        yield call(*operation, "dev", "--format", "json")
    yield "ci jobs", json.loads(run_ci("jobs", "github").out.removeprefix("matrix="))
    # Everything changes, and something is wrong.
    fleet.stack(OTHER.replace("{palette: shared}", "{palette: nothing}"), "acme.dev")
    fleet.edit("beta.dev", "      - {name: beta-vision}", "      - {name: lab, settings: {palette: shared}}")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better\n    onRemoval: delete")
    fleet.edit("beta.dev", "https://api.spectrocloud.com", "https://palette.example.com")
    fleet.stack(STACK, "moved.dev")
    own = "- {name: vision, onRemoval: delete, settings: {palette: shared}}"
    fleet.stack(
        changed("- {name: vision}", own).replace("      default: {palette: shared}", "      default: {}"), "moved.prod"
    )
    yield call("diff", "moved.dev", "moved.prod", "--format", "json")
    fleet.stack(BROKEN, "broken.dev")
    (fleet.stacks / "Pulumi.gamma.dev.yaml").unlink()
    yield from every("vision")
    fleet.stack(STACK.replace("name: acme", "name: copied"), "copied.dev")
    yield call("explain", "moved.dev", "vision", "--format", "json")
    yield call("check", "--manifests", "-", "--format", "json", input="kind: [")
    for operation in operations:
        yield call(*operation, "dev", "--since", "HEAD", "--format", "json")


@pytest.mark.untraced
def test_everything_that_is_printed_keeps_to_its_schema_and_no_record_is_for_nothing(fleet: Fleet) -> None:
    seen: dict[str, set[str]] = {command: set() for command in RECORDS}
    for command, value in printed_by(fleet):
        refuse_another(command, json.dumps(value))
        seen[command] |= set(met(command, value))
        _refused_with_another_field(command, value)
    missing = {command: {name for name, _ in records(command)} - seen[command] for command in RECORDS}
    assert {command: names for command, names in missing.items() if names and command != "doctor"} == ELSEWHERE


# A move is for the tests of `diff`, each of whose calls is held to the schema, too. A refresh runs no program, which
# would say what it has asked the cluster.
ELSEWHERE = {"diff": {"MovedCredential"}, "refresh": {"ClusterCoverage"}}


def test_a_recorded_drift_keeps_to_its_schema_and_has_each_of_its_records() -> None:
    printed = (ROOT / "tests" / "recorded" / "doctor" / "drift.json").read_text()
    value = refuse_another("doctor", printed)
    _refused_with_another_field("doctor", value)
    # The others are for the tests of `doctor`, each of whose calls is held to the schema, too.
    assert {name for name, _ in records("doctor")} - set(met("doctor", value)) == {"UncomparedObject", "UnreadKind"}


def met(command: str, value: Any) -> Iterator[str]:
    """The records of which there is one in a value."""
    schema = output_schema(command)
    known = {name: each for name, each in [("", schema), *schema["$defs"].items()] if "properties" in each}

    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, each in known.items():
                fields, given = each["properties"].keys(), value.keys()
                if set(each["required"]) <= given <= fields:
                    yield name
        for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from walk(each)

    yield from walk(value)


def _refused_with_another_field(command: str, value: Any) -> None:
    """What the schema takes, it no longer takes with one field more, or with one field less."""
    known = validator(command)
    assert not known.is_valid({**value, "another": 1})
    assert not known.is_valid({name: each for name, each in value.items() if name != next(iter(value))})
    for stack in range(len(value.get("stacks", ()))):
        if isinstance(value["stacks"][stack], dict):
            other = deepcopy(value)
            other["stacks"][stack]["another"] = 1
            assert not known.is_valid(other)


# The page, and the wheel


def test_the_page_is_what_the_schemas_say() -> None:
    assert runpy.run_path(str(CI / "json_page.py"))["page"]() == PAGE, "run `make docs`"


def test_every_link_of_the_page_leads_to_a_record() -> None:
    headings = {
        re.sub(r"[^a-z -]", "", each.lower()).replace(" ", "-") for each in re.findall(r"^##+ (.*)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= headings


def test_the_installed_wheel_prints_schemas_that_its_output_keeps_to(elsewhere: Elsewhere) -> None:
    elsewhere.paletteai("init", ".", "--ci", "none")
    for number, code in (("clean", 0), ("broken", 2)):
        (elsewhere.folder / "stacks" / "Pulumi.acme.dev.yaml").write_text(STACK if number == "clean" else BROKEN)
        for command in ("check", "plan", "graph"):
            ran = elsewhere.run("paletteai", command, "--format", "json")
            assert ran.code == code, ran
            schema = json.loads(elsewhere.paletteai("schema", command))
            assert list(Draft202012Validator(schema).iter_errors(json.loads(ran.out))) == []
