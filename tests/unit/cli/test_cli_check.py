"""`paletteai check`, as people and machines see it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from support.projects import STACK, Project, changed
from support.terminals import terminal

from paletteai_components.cli.output.report import show
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import workspace_from

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


def test_a_problem_of_several_stacks_starts_with_the_named_one(project: Project) -> None:
    project.stack()
    project.stack(BETA.replace("sight", "vision"), "beta.dev")
    for stack, other in (("acme.dev", "beta.dev"), ("beta.dev", "acme.dev")):
        printed = project.printed("check", stack, code=1)
        assert printed.startswith(f"stacks/Pulumi.{stack}.yaml:")
        assert f"\n  also: stacks/Pulumi.{other}.yaml:" in printed


def test_a_copied_stack_file_is_one_problem_that_explains_the_others(project: Project) -> None:
    salt = 'encryptionsalt: "v1:4DdLuoo5hxI=:v1:DR1cm2352SORDheA:Uws4JhHErYcwE0+nYegjp1Wfxj1pkg=="\n'
    project.stack(f"{salt}{STACK}")
    project.stack(f"{salt}{STACK}", "beta.dev")
    first, also, explains, help, *_, total = project.printed("check", code=1).splitlines()
    assert first.startswith("stacks/Pulumi.beta.dev.yaml:1: error PAI020: stack `beta.dev` is a copy of `acme.dev`: ")
    assert also == "  also: stacks/Pulumi.acme.dev.yaml:1"
    assert explains == "  explains: 1 PAI002, 1 PAI003, 3 PAI006, 1 PAI014"
    assert "`pulumi stack init beta.dev`" in help
    assert total == "7 errors in 2 stacks; 6 follow from another, shown with `--verbose`"
    assert project.printed("check", "--verbose", code=1).count(" error PAI") == 7


def test_problems_of_a_file_that_are_alike_are_shown_once(project: Project) -> None:
    entries = "".join(f"    spare-{at}: {{existingSecret: spare-{at}}}\n" for at in range(14))
    project.stack(changed("    shared:\n", f"{entries}    shared:\n"))
    shown, likewise, help, *_, total = project.printed("check").splitlines()
    assert shown.startswith("stacks/Pulumi.acme.dev.yaml:4: warning PAI011: integration `spare-0` is not bound")
    assert likewise.startswith("  likewise: `spare-1` (line 5), `spare-2` (line 6), ")
    assert likewise.endswith("`spare-10` (line 14) and 3 more")
    assert help == "  help: Bind it with `palette: spare-0`, or delete it and revoke its key."
    assert total == "14 warnings in 1 stack"


def test_only_some_rules_are_reported_on_demand(project: Project) -> None:
    project.stack(WARNED.replace("displayName: Acme", "displayName: Ac/me"))
    assert "PAI015" not in project.printed("check", "--select", "PAI008,pai012")
    assert project.printed("check", "--ignore", "PAI015", "--ignore", "PAI008") == "1 stack, 1 project: no problems\n"
    said = project.refused("check", "--ignore", "PAI0155")
    assert said == "error: `PAI0155` is no rule's code, so nothing was checked.\n  help: Did you mean `PAI015`?\n"


def test_warnings_fail_the_check_on_demand(project: Project) -> None:
    project.stack(WARNED)
    assert "1 warning" in project.printed("check", "--fail-on", "warning", code=1)
    assert "1 warning" in project.printed("check", "--fail-on", "error")
    project.stack()
    project.printed("check", "--fail-on", "note")


def test_a_quiet_check_without_problems_says_nothing(project: Project) -> None:
    project.stack()
    assert project.printed("check", "--quiet") == ""
    project.stack(WARNED)
    assert "1 warning" not in project.printed("check", "-q")


def test_statistics_count_the_problems_of_each_rule(project: Project) -> None:
    project.stack(WARNED.replace("displayName: Acme", "displayName: Ac/me"))
    assert project.printed("check", "--statistics").splitlines() == [
        "1  warning  PAI008  Display names are letters, digits and spaces",
        "1  warning  PAI015  Every Project has a compute config",
        "2 warnings in 1 stack",
    ]


def test_text_is_wrapped_between_words_on_a_terminal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.stack(re.sub(r"      apiKey: .*\n", "", STACK))
    plain = project.printed("check", code=1)
    monkeypatch.setenv("COLUMNS", "60")
    shown = terminal(monkeypatch)
    show(diagnostics_of(workspace_from(stack_folder())))
    lines = click.unstyle(shown.getvalue()).splitlines()
    (command,) = re.findall(r"`pulumi config set .*?`", plain)
    assert any(command in line for line in lines)
    assert all(len(line) <= 60 for line in lines if command not in line)
    unmarked = [line for line in lines if " | " not in line]
    assert " ".join(" ".join(unmarked).split()) in " ".join(plain.split())


def test_a_terminal_shows_the_line_of_a_problem_but_never_a_key(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = re.sub("apiKey: .*", "apiKey: hunter2-of-acme", WARNED)
    project.stack(plain)
    shown = terminal(monkeypatch)
    show(diagnostics_of(workspace_from(stack_folder())))
    text = click.unstyle(shown.getvalue())
    assert "\n  15 |       - {name: vision}\n     |       ^^^^^^^^^^^^^^^^\n" in text
    assert "PAI010" in text
    assert "hunter2" not in text
    assert " | " not in project.run("check").output


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
