"""`paletteai check`, as people and machines see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.projects import STACK, Project, changed

BETA = STACK.replace("acme", "beta").replace("vision", "sight").replace("v1:", "v1:b").replace("9012", "9013")
WARNED = changed("    computeConfigRef: {name: default}\n", "")


def test_without_problems_it_says_what_was_judged(project: Project) -> None:
    project.stack()
    assert project.printed("check") == "1 stack, 1 project: no problems\n"


def test_a_problem_is_said_with_place_code_reason_and_remedy(project: Project) -> None:
    project.stack(changed("      default: {palette: shared}", "      edge: {palette: shared}"))
    first, second, total = project.printed("check", code=1).splitlines()
    assert first.startswith(
        "stacks/Pulumi.acme.dev.yaml:16: error PAI004: project `vision` gets no Palette integration"
    )
    assert second.startswith("  help: Give the tenant a default Settings")
    assert total == "1 error in 1 stack"


def test_the_other_places_of_a_problem_are_said_too(project: Project) -> None:
    project.stack(changed("{name: vision}", "{name: vision, settings: {palette: shared}}"))
    assert "\n  also: stacks/Pulumi.acme.dev.yaml:16\n" in project.printed("check", code=1)


def test_a_warning_does_not_fail_the_check(project: Project) -> None:
    project.stack(WARNED)
    printed = project.printed("check")
    assert "warning PAI015" in printed
    assert printed.endswith("\n1 warning in 1 stack\n")


def test_only_what_concerns_the_named_stacks_is_said(project: Project) -> None:
    project.stack()
    project.stack(BETA.replace("displayName: Acme", "displayName: Ac/me"), "beta.dev")
    assert "PAI008" not in project.printed("check", "acme.dev")
    assert "PAI008" in project.printed("check", "beta.dev")


def test_a_named_stack_is_still_judged_among_all_others(project: Project) -> None:
    project.stack()
    project.stack(BETA.replace("sight", "vision"), "beta.dev")
    assert "PAI006" in project.printed("check", "beta.dev", code=1)


def test_a_mistake_in_the_projects_defaults_concerns_every_stack(project: Project) -> None:
    project.stack()
    Path("Pulumi.yaml").write_text(
        "name: paletteai\nconfig:\n  paletteai:cluster:\n    default: [a]\nstackConfigDir: stacks\n"
    )
    assert "Pulumi.yaml:3: error PAI012" in project.printed("check", "acme.dev", code=1)


def test_an_unknown_stack_is_answered_with_the_nearest_one_or_with_all_of_them(project: Project) -> None:
    project.stack()
    project.stack(BETA, "beta.dev")
    said = project.refused("check", "acm.dev")
    assert "there is no stack `acm.dev` in `stacks`.\n  help: Did you mean `acme.dev`?" in said
    assert "There are these stacks: `acme.dev`, `beta.dev`." in project.refused("check", "zzz")


def test_a_file_that_cannot_be_read_outweighs_errors(project: Project) -> None:
    project.stack(changed("displayName: Acme", "displayName: [Acme]"))
    project.stack("config: [", "beta.dev")
    printed = project.printed("check", code=2)
    assert "Pulumi.beta.dev.yaml" in printed
    assert printed.endswith("2 errors in 2 stacks, 1 of which could not be read\n")


def test_another_file_that_cannot_be_read_is_noted_and_does_not_fail_the_named_ones(project: Project) -> None:
    project.stack()
    project.stack("config: [", "beta.dev")
    noted = "stacks/Pulumi.beta.dev.yaml: note PAI012: stack `beta.dev` could not be read"
    assert noted in project.printed("check", "acme.dev")
    assert project.run("check", "beta.dev").exit_code == 2


def test_a_folder_that_is_not_there_or_has_no_stack_files_cannot_be_judged(project: Project) -> None:
    assert "there is no folder `nowhere`" in project.printed("check", "--stacks", "nowhere", code=2)
    assert "there is no stack file in `stacks`" in project.refused("check")


def test_a_project_file_that_cannot_be_read_leaves_nothing_to_judge(project: Project) -> None:
    project.stack()
    Path("Pulumi.yaml").write_text("a: [")
    problems = json.loads(project.printed("check", "--format", "json", code=2))["problems"]
    assert [diagnostic["where"][0]["file"] for diagnostic in problems] == ["Pulumi.yaml"]


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
    hostile = '"vi\\e[31m\\u202e\\nsion##[x]"'
    text = changed("vision", f"{hostile}, labels: {{{hostile}: a}}")
    project.stack(changed("context: dev", f"context: {hostile}", text))
    assert "vi" not in project.run("check").output.replace("PaletteAI", "")
    output = project.run("plan").output
    assert "Project <redacted>" in output
    assert "cluster vi\\x1b[31m\\u202e\\nsion#\\x23[x]" in output
    assert "\x1b" not in output
