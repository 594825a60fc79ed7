"""`paletteai check`, as people and machines see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.projects import STACK, Project, changed

BETA = STACK.replace("acme", "beta").replace("vision", "sight").replace("v1:", "v1:b").replace("9012", "9013")
WARNED = changed("    computeConfigRef: {name: default}\n", "")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_without_problems_it_says_what_was_judged(project: Project) -> None:
    project.stack()
    result = project.run("check")
    assert (result.stdout, result.exit_code) == ("1 stack, 1 project: no problems\n", 0)


def test_a_problem_is_said_with_place_code_reason_and_remedy(project: Project) -> None:
    project.stack(changed("      default: {palette: shared}", "      edge: {palette: shared}"))
    result = project.run("check")
    first, second, total = result.stdout.splitlines()
    assert first.startswith(
        "stacks/Pulumi.acme.dev.yaml:16: error PAI004: project `vision` gets no Palette integration"
    )
    assert second.startswith("  help: Give the tenant a default Settings")
    assert total == "1 error in 1 stack"
    assert result.exit_code == 1


def test_the_other_places_of_a_problem_are_said_too(project: Project) -> None:
    project.stack(changed("{name: vision}", "{name: vision, settings: {palette: shared}}"))
    assert "\n  also: stacks/Pulumi.acme.dev.yaml:16\n" in project.run("check").stdout


def test_a_warning_does_not_fail_the_check(project: Project) -> None:
    project.stack(WARNED)
    result = project.run("check")
    assert "warning PAI015" in result.stdout
    assert result.stdout.endswith("\n1 warning in 1 stack\n")
    assert result.exit_code == 0


def test_only_what_concerns_the_named_stacks_is_said(project: Project) -> None:
    project.stack()
    project.stack(BETA.replace("displayName: Acme", "displayName: Ac/me"), "beta.dev")
    assert "PAI008" not in project.run("check", "acme.dev").stdout
    assert "PAI008" in project.run("check", "beta.dev").stdout
    assert project.run("check", "acme.dev").exit_code == 0


def test_a_named_stack_is_still_judged_among_all_others(project: Project) -> None:
    project.stack()
    project.stack(BETA.replace("sight", "vision"), "beta.dev")
    result = project.run("check", "beta.dev")
    assert "PAI006" in result.stdout
    assert result.exit_code == 1


def test_a_mistake_in_the_projects_defaults_concerns_every_stack(project: Project) -> None:
    project.stack()
    (project.folder / "Pulumi.yaml").write_text(
        "name: paletteai\nconfig:\n  paletteai:cluster:\n    default: [a]\nstackConfigDir: stacks\n"
    )
    result = project.run("check", "acme.dev")
    assert "Pulumi.yaml:3: error PAI012" in result.stdout
    assert result.exit_code == 1


def test_an_unknown_stack_is_answered_with_the_nearest_one(project: Project) -> None:
    project.stack()
    result = project.run("check", "acm.dev")
    assert "there is no stack `acm.dev` in `stacks`.\n  help: Did you mean `acme.dev`?" in result.stderr
    assert (result.stdout, result.exit_code) == ("", 2)


def test_an_unknown_stack_that_is_like_none_is_answered_with_all_of_them(project: Project) -> None:
    project.stack()
    project.stack(BETA, "beta.dev")
    assert "There are these stacks: `acme.dev`, `beta.dev`." in project.run("check", "zzz").stderr


def test_a_file_that_cannot_be_read_outweighs_errors(project: Project) -> None:
    project.stack(changed("displayName: Acme", "displayName: [Acme]"))
    project.stack("config: [", "beta.dev")
    result = project.run("check")
    assert "Pulumi.beta.dev.yaml" in result.stdout
    assert result.stdout.endswith("2 errors in 2 stacks, 1 of which could not be read\n")
    assert result.exit_code == 2


def test_another_file_that_cannot_be_read_is_noted_and_does_not_fail_the_named_ones(project: Project) -> None:
    project.stack()
    project.stack("config: [", "beta.dev")
    result = project.run("check", "acme.dev")
    assert "stacks/Pulumi.beta.dev.yaml: note PAI012: stack `beta.dev` could not be read" in result.stdout
    assert result.exit_code == 0
    assert project.run("check", "beta.dev").exit_code == 2


def test_a_folder_that_is_not_there_cannot_be_judged(project: Project) -> None:
    result = project.run("check", "--stacks", "nowhere")
    assert "there is no folder `nowhere`" in result.stdout
    assert result.exit_code == 2


def test_a_folder_without_stack_files_is_taken_for_the_wrong_one(project: Project) -> None:
    result = project.run("check")
    assert "there is no stack file in `stacks`" in result.stderr
    assert result.exit_code == 2


def test_a_project_file_that_cannot_be_read_leaves_nothing_to_judge(project: Project) -> None:
    project.stack()
    (project.folder / "Pulumi.yaml").write_text("a: [")
    result = project.run("check", "--format", "json")
    assert [diagnostic["where"][0]["file"] for diagnostic in json.loads(result.stdout)["problems"]] == ["Pulumi.yaml"]
    assert result.exit_code == 2


def test_json_has_exactly_the_documented_form(project: Project) -> None:
    project.stack(WARNED)
    result = project.run("check", "--format", "json")
    (diagnostic,) = json.loads(result.stdout)["problems"]
    assert diagnostic == {
        "code": "PAI015",
        "severity": "warning",
        "message": diagnostic["message"],
        "help": diagnostic["help"],
        "where": [{"file": "stacks/Pulumi.acme.dev.yaml", "line": 15}],
    }
    assert json.loads(result.stdout)["stacks"] == [
        {"name": "acme.dev", "file": "stacks/Pulumi.acme.dev.yaml", "environment": "dev", "cluster": "dev"}
    ]


def test_colour_is_for_terminals_only(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.stack(WARNED)
    assert "\x1b[" not in project.run("check").output
    assert "\x1b[33m" in project.run("check", color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in project.run("check", color=True).output


def test_a_name_cannot_steer_the_terminal(project: Project) -> None:
    hostile = '"vi\\e[31m\\u202e\\nsion"'
    project.stack(changed("context: dev", f"context: {hostile}", changed("name: vision", f"name: {hostile}")))
    assert "vi" not in project.run("check").output.replace("PaletteAI", "")
    output = project.run("plan").output
    assert "Project <redacted>" in output
    assert "cluster vi\\x1b[31m\\u202e\\nsion" in output
    assert "\x1b" not in output
