"""`paletteai check --format sarif|github|gitlab|junit`: what code scanning, forges and test reports read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from support.forges import SARIF, code_quality_issues, junit_suites, outcomes_of, sarif_run, workflow_commands
from support.mistakes import CASES, Case
from support.observations import WHOLE, settings
from support.pasted import EVERYTHING, keys, pasted, text
from support.projects import STACK, Project, changed
from support.repository import Repository

from paletteai_components import __version__
from paletteai_components.cli.output.place import Repository as Places
from paletteai_components.cli.output.sarif import sarif_of
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.rules import RULES, page_of

WARNED = changed("    computeConfigRef: {name: default}\n", "")
BETA = STACK.replace("acme", "beta").replace("Acme", "Beta").replace("vision", "sight").replace("v1:", "v1:b")
BETA = BETA.replace("9012", "9013")
# One problem with two places.
WRONG = changed("{name: vision}", "{name: vision, settings: {palette: shared}}")
SILENT = WARNED.replace("config:\n", "config:\n  paletteai:silence: {PAI015: It is set elsewhere.}\n", 1)
FORMATS = ("sarif", "github", "gitlab", "junit")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the project in a folder below its top."""
    folder = tmp_path / "top" / "deploy"
    folder.mkdir(parents=True)
    made = Repository(folder, monkeypatch)
    os.rename(folder / ".git", folder.parent / ".git")
    made.declare()
    made.stack(WRONG)
    return made


def results(project: Project, *arguments: str, code: int = 1) -> list[dict[str, Any]]:
    return list(sarif_run(project.printed(*arguments, "check", "--format", "sarif", code=code))["results"])


def place(location: dict[str, Any]) -> tuple[str, int | None]:
    physical = location["physicalLocation"]
    assert physical["artifactLocation"]["uriBaseId"] == "%SRCROOT%"
    return physical["artifactLocation"]["uri"], physical.get("region", {}).get("startLine")


# --- Every format is valid, and says what text says -----------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mistake_is_in_every_report(case: Case, project: Project) -> None:
    project.stack(case.text)
    for name, other in case.others:
        project.stack(other, name)
    told = json.loads(project.printed("check", "--format", "json", code=case.code))["problems"]
    files = {location["file"] for each in told for location in each["where"]}
    expected = sorted((each["code"], each["where"][0]["line"]) for each in told)

    def printed(form: str, *options: str) -> str:
        return project.printed("check", "--format", form, *options, code=case.code)

    run = sarif_run(printed("sarif"))
    assert sorted((each["ruleId"], place(each["locations"][0])[1]) for each in run["results"]) == expected
    assert run["invocations"] == [{"executionSuccessful": case.code != 2, "exitCode": case.code}]
    issues = code_quality_issues(printed("gitlab"))
    assert sorted((each["check_name"], each["location"]["lines"]["begin"]) for each in issues) == [
        (code, line or 1) for code, line in expected
    ]
    assert {each["location"]["path"] for each in issues} <= files
    commands = workflow_commands(printed("github", "--verbose"))
    lines = [(each.properties["title"][:6], each.properties.get("line")) for each in commands]
    assert sorted(lines) == sorted((code, None if line is None else str(line)) for code, line in expected)
    suites = junit_suites(printed("junit"))
    failed = {code for suite in suites.values() for code, outcome in outcomes_of(suite).items() if outcome == "failure"}
    assert failed == {each["code"] for each in told if each["severity"] == "error"}


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_without_problems_is_valid_and_ends_with_0(form: str, project: Project) -> None:
    project.stack()
    printed = project.printed("check", "--format", form)
    match form:
        case "sarif":
            assert sarif_run(printed)["results"] == []
        case "gitlab":
            assert printed == "[]\n"
        case "github":
            assert printed == "1 stack, 1 project: no problems\n"
        case "junit":
            (suite,) = junit_suites(printed).values()
            assert outcomes_of(suite) == {}
            assert len(suite) > 10


@pytest.mark.parametrize("form", FORMATS)
def test_what_has_no_stack_file_is_an_error_and_no_report(form: str, project: Project) -> None:
    assert "there is no stack file in `stacks`" in project.refused("check", "--format", form)


@pytest.mark.parametrize(("form", "file"), [*zip(FORMATS, FORMATS, strict=True), ("sarif", "a.sarif.json")])
def test_a_report_can_be_a_file(form: str, file: str, project: Project) -> None:
    project.stack(WRONG)
    printed = project.printed("check", "--format", form, code=1)
    assert project.printed("check", "--format", form, "-o", file, code=1).startswith(f"Wrote {file}, ")
    assert Path(file).read_text() == printed


@pytest.mark.parametrize(("file", "form"), [("a.sarif", "sarif"), ("a.sarif.json", "sarif"), ("a.xml", "junit")])
def test_the_extension_names_the_format(file: str, form: str, project: Project) -> None:
    for given in (WRONG, WARNED):
        project.stack(given)
        project.run("check", "-o", file)
        assert Path(file).read_text() == project.run("check", "--format", form).stdout


@pytest.mark.parametrize("form", ["sarif", "gitlab", "junit"])
def test_a_report_is_written_again_but_one_of_another_tool_is_not(form: str, project: Project) -> None:
    project.stack(WRONG)
    project.run("check", "--format", form, "-o", "report")
    project.stack()
    project.printed("check", "--format", form, "-o", "report")
    project.printed("check", "--format", form, "-o", "report")
    mine = Path("report").read_text().replace("paletteai", "another") if form != "gitlab" else '[\n  {"check_name": 1}]'
    Path("report").write_text(mine)
    assert "is not an earlier output" in project.refused("check", "--format", form, "-o", "report")


# --- Where the files are --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("-C", "deploy"), ("-C", "deploy/stacks"), ("-C", "deploy/../deploy")])
def test_files_are_relative_to_the_top_of_the_repository_wherever_the_command_runs(
    arguments: tuple[str, ...], repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    if arguments:
        monkeypatch.chdir(repository.folder.parent)
    file = "deploy/stacks/Pulumi.acme.dev.yaml"
    (result,) = results(repository, *arguments)
    assert place(result["locations"][0]) == (file, 14)
    assert [place(each) for each in result["relatedLocations"]] == [(file, 16)]
    (issue,) = code_quality_issues(repository.printed(*arguments, "check", "--format", "gitlab", code=1))
    assert issue["location"] == {"path": file, "lines": {"begin": 14}}
    (command,) = workflow_commands(repository.printed(*arguments, "check", "--format", "github", code=1))
    assert (command.properties["file"], command.properties["line"]) == (file, "14")
    suites = junit_suites(repository.printed(*arguments, "check", "--format", "junit", code=1))
    assert suites["acme.dev"].get("file") == file


def test_a_file_outside_of_the_repository_is_in_no_code_quality_report_and_somebody_says_so(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = repository.folder.parent.parent / "elsewhere"
    outside.mkdir()
    monkeypatch.chdir(outside)
    stacks = ["check", "--stacks", str(repository.stacks), "--format"]
    result = repository.run(*stacks, "gitlab")
    assert (result.stdout, result.exit_code) == ("[]\n", 1)
    assert "1 problem not in the report: in no file of the repository." in result.stderr
    (command,) = workflow_commands(repository.printed(*stacks, "github", code=1))
    assert command.properties == {"title": f"PAI001: {RULES['PAI001'].holds}"}
    assert "Pulumi.acme.dev.yaml:14: error PAI001: " in command.data
    (found,) = sarif_run(repository.printed(*stacks, "sarif", code=1))["results"]
    (location,) = found["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {
        "uri": f"{repository.stacks.as_uri()}/Pulumi.acme.dev.yaml"
    }
    assert junit_suites(repository.printed(*stacks, "junit", code=1))["acme.dev"].get("file") is None


def test_a_link_above_a_file_is_followed_and_the_file_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "top" / ".git").mkdir(parents=True)
    (tmp_path / "top" / "real" / "stacks").mkdir(parents=True)
    (tmp_path / "top" / "linked").symlink_to("real/stacks")
    (tmp_path / "away").symlink_to(tmp_path / "top" / "real")
    (tmp_path / "top" / "real" / "file").symlink_to("/etc/hostname")
    places = Places(tmp_path / "away")
    assert places.path_of("stacks/a.yaml") == "real/stacks/a.yaml"
    assert places.path_of("../linked/a.yaml") == "real/stacks/a.yaml"
    assert places.path_of("file") == "real/file"
    assert places.path_of("..") == "."
    assert places.path_of("../..") is None
    assert places.path_of("../../a.yaml") is None
    assert places.path_of("") is None


def test_without_a_repository_files_are_relative_to_the_working_directory(project: Project) -> None:
    project.stack(WRONG)
    (result,) = results(project)
    assert place(result["locations"][0]) == ("stacks/Pulumi.acme.dev.yaml", 14)


def test_manifests_have_reports_too_and_standard_input_is_no_file(project: Project) -> None:
    objects = "".join(f"---\n{json.dumps(each)}\n" for each in [*WHOLE, settings(name="edge")])
    Path("all.yaml").write_text(objects)
    named = ["check", "--manifests", "all.yaml", "--format"]
    (result,) = sarif_run(project.printed(*named, "sarif", code=1))["results"]
    assert place(result["locations"][0])[0] == "all.yaml"
    (issue,) = code_quality_issues(project.printed(*named, "gitlab", code=1))
    assert issue["location"]["path"] == "all.yaml"
    (command,) = workflow_commands(project.printed(*named, "github", code=1))
    assert command.properties["file"] == "all.yaml"
    assert outcomes_of(junit_suites(project.printed(*named, "junit", code=1))["manifests"]) == {"PAI002": "failure"}
    piped = ["check", "--manifests", "-", "--format"]
    run = sarif_run(project.run(*piped, "sarif", input=objects).stdout)
    assert run["results"][0]["locations"][0]["message"]["text"].startswith("<stdin>:")
    result = project.run(*piped, "gitlab", input=objects)
    assert (result.stdout, result.exit_code) == ("[]\n", 1)
    assert "1 problem not in the report" in result.stderr


# --- What a report says ---------------------------------------------------------------------------------------------


def test_a_problem_keeps_its_fingerprint_when_lines_move_and_when_it_is_silenced(project: Project) -> None:
    def found() -> dict[str, str]:
        return {each["ruleId"]: each["partialFingerprints"]["paletteai/v1"] for each in results(project, code=0)}

    project.stack(WARNED)
    before = found()
    project.stack("# moved\n\n" + WARNED)
    assert found() == before
    (issue,) = code_quality_issues(project.printed("check", "--format", "gitlab"))
    assert before == {"PAI015": issue["fingerprint"]}
    project.stack(SILENT)
    assert found() == before
    project.stack(WARNED.replace("vision", "sight"))
    assert found() != before
    project.stacks.joinpath("Pulumi.acme.dev.yaml").rename(project.stacks / "Pulumi.acme.prod.yaml")
    assert before.items().isdisjoint(found().items())


def test_problems_that_differ_in_their_lines_only_have_fingerprints_of_their_own(project: Project) -> None:
    project.stack(changed("      - {name: vision}\n", "      - {name: vision}\n" * 3))
    found = results(project)
    assert len({each["partialFingerprints"]["paletteai/v1"] for each in found}) == len(found)


def test_each_rule_is_described_by_its_page(project: Project) -> None:
    project.stack()
    driver = sarif_run(project.printed("check", "--format", "sarif"))["tool"]["driver"]
    assert driver["version"] == __version__
    assert [each["id"] for each in driver["rules"]] == list(RULES)
    rule = driver["rules"][0]
    assert rule["help"]["markdown"] == page_of(RULES["PAI001"])
    assert rule["shortDescription"]["text"] == RULES["PAI001"].holds
    assert rule["fullDescription"]["text"] == (
        "Two Settings with one Palette integration race for the compute that it discovers."
    )
    selected = sarif_run(project.printed("check", "--format", "sarif", "--select", "PAI004"))
    assert [each["id"] for each in selected["tool"]["driver"]["rules"]] == ["PAI004"]


def test_what_is_silenced_is_suppressed_in_sarif_skipped_in_junit_and_in_no_other_report(project: Project) -> None:
    project.stack(SILENT)
    (result,) = results(project, code=0)
    assert result["level"] == "warning"
    reason = "Silenced in `acme.dev`: It is set elsewhere."
    assert result["suppressions"] == [{"kind": "inSource", "justification": reason}]
    (suite,) = junit_suites(project.printed("check", "--format", "junit")).values()
    assert outcomes_of(suite) == {"PAI015": "skipped"}
    (skipped,) = suite.iter("skipped")
    assert (skipped.get("message"), skipped.text) == (reason, reason)
    assert suite.get("skipped") == "1"
    assert project.printed("check", "--format", "gitlab") == "[]\n"
    assert workflow_commands(project.printed("check", "--format", "github")) == []


def test_every_result_of_a_log_says_whether_it_is_suppressed(project: Project) -> None:
    project.stack(SILENT)
    project.stack(BETA.replace("displayName: Beta", "displayName: Be/ta"), "beta.dev")
    found = [(each["ruleId"], len(each["suppressions"])) for each in results(project, code=0)]
    assert found == [("PAI008", 0), ("PAI003", 0), ("PAI015", 1)]


def test_a_test_case_fails_where_the_command_does(project: Project) -> None:
    project.stack(WARNED)
    (suite,) = junit_suites(project.printed("check", "--format", "junit")).values()
    assert outcomes_of(suite) == {"PAI015": "system-out"}
    assert suite.get("failures") == "0"
    printed = project.printed("check", "--format", "junit", "--fail-on", "warning", code=1)
    (suite,) = junit_suites(printed).values()
    assert outcomes_of(suite) == {"PAI015": "failure"}
    (failure,) = suite.iter("failure")
    assert failure.get("type") == "PAI015"
    assert str(failure.get("message")).startswith("no compute config for project `vision`;")
    assert str(failure.text).startswith("stacks/Pulumi.acme.dev.yaml:15: warning PAI015: no compute config")
    assert "\n  help: Add `computeConfigRef`" in str(failure.text)


def test_a_problem_of_two_stacks_fails_both_and_several_of_a_rule_are_one_test_case(project: Project) -> None:
    two = "projects:\n      - {name: line}\n"
    project.stack(changed("projects:\n", two))
    project.stack(BETA.replace("sight", "vision").replace("projects:\n", two), "beta.dev")
    suites = junit_suites(project.printed("check", "--format", "junit", code=1))
    assert [outcomes_of(suite)["PAI006"] for suite in suites.values()] == ["failure"] * 2
    (failure,) = suites["acme.dev"].iter("failure")
    assert str(failure.get("message")).endswith(" And 1 more problem.")
    assert str(failure.text).count("error PAI006: ") == 2


def test_what_belongs_to_no_stack_has_a_suite_of_its_own(project: Project) -> None:
    project.stack()
    project.stack("config: [", "beta.dev")
    project.declare("name: paletteai\nconfig:\n  paletteai:cluster:\n    default: [a]\nstackConfigDir: stacks\n")
    suites = junit_suites(project.printed("check", "--format", "junit", code=2))
    assert {name: outcomes_of(suite).get("PAI012") for name, suite in suites.items()} == {
        "acme.dev": None,
        "stacks/Pulumi.beta.dev.yaml": "failure",
        "Pulumi.yaml": "failure",
    }
    assert [len(suite) for suite in suites.values()][1:] == [1, 1]


def test_a_rule_that_needs_the_complete_file_is_skipped_where_a_part_cannot_be_read(project: Project) -> None:
    project.stack(changed("displayName: Acme", "displayName: [Acme]"))
    (suite,) = junit_suites(project.printed("check", "--format", "junit", code=1)).values()
    outcomes = outcomes_of(suite)
    assert outcomes.pop("PAI012") == "failure"
    assert set(outcomes.values()) == {"skipped"}
    assert all(not RULES[code].holds_for_parts for code in outcomes)


def test_only_rules_that_were_run_have_test_cases(project: Project) -> None:
    project.stack()
    (suite,) = junit_suites(project.printed("check", "--format", "junit", "--ignore", "PAI001")).values()
    codes = [str(case.get("name"))[:6] for case in suite]
    assert "PAI001" not in codes
    # These ask a cluster.
    assert not {"PAI017", "PAI018", "PAI019", "PAI022", "PAI023"} & set(codes)


def test_annotations_have_the_severity_and_the_whole_text(project: Project) -> None:
    project.stack(WRONG.replace("    computeConfigRef: {name: default}\n", ""))
    error, warning = workflow_commands(project.printed("check", "--format", "github", code=1))
    assert (error.name, warning.name) == ("error", "warning")
    assert error.properties == {
        "file": "stacks/Pulumi.acme.dev.yaml",
        "line": "13",
        "title": "PAI001: An integration is bound to one Settings only",
    }
    text = project.printed("check", code=1)
    assert text.startswith(f"{error.data}\n{warning.data}\n")


def test_a_note_is_a_notice(project: Project) -> None:
    project.stack()
    project.stack("config: [", "beta.dev")
    (command,) = workflow_commands(project.printed("check", "acme.dev", "--format", "github"))
    assert command.name == "notice"


def test_alike_problems_and_consequences_are_one_annotation_because_github_shows_ten(project: Project) -> None:
    entries = "".join(f"    spare-{at}: {{existingSecret: spare-{at}}}\n" for at in range(14))
    project.stack(changed("    shared:\n", f"{entries}    shared:\n"))
    (command,) = workflow_commands(project.printed("check", "--format", "github"))
    assert "\n  likewise: `spare-1` (line 5), " in command.data
    assert len(workflow_commands(project.printed("check", "--format", "github", "--verbose"))) == 14
    assert len(code_quality_issues(project.printed("check", "--format", "gitlab"))) == 14


# --- Hostile files --------------------------------------------------------------------------------------------------

HOSTILE = [
    "a,line=1,title=x::y",
    "%0A::add-mask::a",
    "a::error file=b::c",
    "##[add-mask]x",
    "a%2Cb",
    "ü b#?c",
    "a\nb::set-env name=X::y",
    "\n::add-mask::a",
    "a\r::set-env name=X::y",
    "\x1b[31m",
    "a\u202eb",
    "]]>&<'\"",
    "[[ATTACHMENT|x]]",
    "\udcff",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_the_name_of_a_file_injects_nothing_into_any_report(name: str, project: Project) -> None:
    project.declare()
    path = project.stack(WRONG, f"{name}.dev")
    printed = project.run("check", "--format", "github", "--verbose").stdout
    commands = workflow_commands(printed)
    assert {command.name for command in commands} <= {"error", "warning", "notice"}
    assert len(commands) == len(printed.split("\n")) - 2
    plain = name.isprintable() and "##" not in name
    for command in commands:
        assert command.properties.keys() == {"file", "line", "title"} if plain else {"title"}
        if plain:
            assert command.properties["file"] == str(path.relative_to(project.folder))
    found = results(project, code=2 if "\n" in name else 1)
    for each in found:
        uri, _ = place(each["locations"][0])
        assert unquote(uri, errors="surrogateescape") == str(path.relative_to(project.folder))
        assert "\x1b" not in each["message"]["text"]
    issues = code_quality_issues(project.run("check", "--format", "gitlab").stdout)
    assert len(issues) == (0 if "\udcff" in name else len(found))
    suites = junit_suites(project.run("check", "--format", "junit").stdout)
    assert len(suites) == 1


def test_a_text_of_a_file_is_neither_a_link_nor_a_placeholder_in_sarif(tmp_path: Path) -> None:
    hostile = Diagnostic(
        "PAI007", "name `[click](https://evil.example)` {0} [0]", "[a]b(c) \x1b", severity=Severity.NOTE
    )
    log = sarif_of([hostile], [], Places(tmp_path), exit_code=0)
    (result,) = log["runs"][0]["results"]
    assert result["message"]["text"] == "name `\\[click](https://evil.example)` {{0}} [0]\n[a]b(c) \\x1b"
    SARIF.validate(log)


@pytest.mark.parametrize("form", FORMATS)
def test_no_report_tells_a_key(form: str, project: Project) -> None:
    for kind, key in keys().items():
        for old in ("Acme Works", "vision", "shared", "acme", "https://api.spectrocloud.com", "example-tenant"):
            project.stack(pasted(old, key))
            result = project.run("check", "--format", form)
            assert key not in result.output, (kind, old)
    project.stack(text(EVERYTHING))
    assert "v1:aaaa" not in project.run("check", "--format", form).output


def test_the_summary_is_printed_below_the_annotations_unless_the_call_is_quiet(project: Project) -> None:
    project.stack(WRONG)
    assert project.printed("check", "--format", "github", code=1).endswith("\n1 error in 1 stack\n")
    assert "1 error in" not in project.printed("check", "--format", "github", "--quiet", code=1)
