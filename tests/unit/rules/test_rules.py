"""All rules together, against an oracle and against what must never make a difference."""

from __future__ import annotations

import copy
import re
import tempfile
from collections import Counter
from pathlib import Path as FilePath
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.oracle import Files, Path, Thing
from support.oracle_rules import Finding, findings
from support.samples import PROOF, codes, digest, stack, workspace
from support.topologies import line_of, sound_workspaces, stack_of, workspace_of, workspaces, written

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.manifests import objects_of
from paletteai_components.rules import RULES, diagnostics_of, diagnostics_of_stack, page_of
from paletteai_components.rules.rule import Scope
from paletteai_components.stacks.stack import Stack, stack_from_config
from paletteai_components.stacks.workspace import Workspace, workspace_from

Lines = dict[str, dict[Path, int]]

# What is true of every workspace shows in fewer of them.
FEW = settings(max_examples=settings().max_examples // 5)


def found(diagnostic: Diagnostic, lines: Lines) -> Finding:
    """The problem as the oracle would tell it: what takes part is read off the lines it shows."""
    by_line = {
        (f"stacks/Pulumi.{name}.yaml", line): (name, path) for name in lines for path, line in lines[name].items()
    }
    things = {by_line[location.file, location.line or 0] for location in diagnostic.where}
    return Finding(diagnostic.code, diagnostic.severity, frozenset((name, _declared(path)) for name, path in things))


def _declared(path: Path) -> Path:
    # A file's `config` itself is the path to nothing that is declared.
    return (str(path[1]).removeprefix("paletteai:"), *path[2:]) if len(path) > 1 else ()


def expected(finding: Finding, lines: Lines) -> Finding:
    """What the oracle tells, by what is written: a field that is not there is told of what is around it."""

    def shown(thing: Thing) -> Thing:
        name, path = thing
        line = line_of(lines[name], path)
        return name, _declared(next(path for path, at in lines[name].items() if at == line))

    return finding._replace(things=frozenset(map(shown, finding.things)))


@given(workspaces())
def test_the_rules_find_exactly_what_the_oracle_finds(files: Files) -> None:
    judged, lines = workspace_of(files)
    wanted = Counter(expected(finding, lines) for finding in findings(files))
    assert Counter(found(diagnostic, lines) for diagnostic in diagnostics_of(judged)) == wanted


@given(workspaces(most=2))
@FEW
def test_files_on_disk_are_judged_as_their_text_is(files: Files) -> None:
    judged, _ = workspace_of(dict(sorted(files.items(), key=lambda each: f"Pulumi.{each[0]}.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        for name, file in files.items():
            (FilePath(folder) / f"Pulumi.{name}.yaml").write_text(written(file)[0])
        read = diagnostics_of(workspace_from(FilePath(folder)))
        # A command names the folder, unless it is the default.
        told = [
            re.sub(rf" --(cwd|stacks) {folder}", "", str(diagnostic)).replace(f"{folder}/", "stacks/")
            for diagnostic in read
        ]
    assert told == [str(diagnostic) for diagnostic in diagnostics_of(judged)]


@given(workspaces())
@FEW
def test_every_problem_shows_a_line_says_a_sentence_and_a_remedy_and_repeats_no_key(files: Files) -> None:
    judged, _ = workspace_of(files)
    for diagnostic in diagnostics_of(judged):
        assert diagnostic.where
        assert all(location.file and location.line for location in diagnostic.where)
        assert re.fullmatch(r"[^\n]+\.", diagnostic.message)
        assert re.fullmatch(r"[^\n]+[.?]", diagnostic.help)
        assert "v1:" not in str(diagnostic)
        assert "as-text" not in str(diagnostic)


@given(workspaces())
@FEW
def test_problems_are_told_once_and_errors_before_the_rest(files: Files) -> None:
    diagnostics = diagnostics_of(workspace_of(files)[0])
    assert len(set(diagnostics)) == len(diagnostics)
    rank = [list(Severity).index(diagnostic.severity) for diagnostic in diagnostics]
    assert rank == sorted(rank)


@given(workspaces(most=3))
@FEW
def test_a_stack_is_judged_by_itself_as_in_the_fleet_where_a_rule_sees_one_stack(files: Files) -> None:
    judged, _ = workspace_of(files)
    alone = {diagnostic for each in judged.stacks for diagnostic in diagnostics_of_stack(each)}
    together = set(diagnostics_of(judged))
    narrow = {code for code, rule in RULES.items() if rule.scope is Scope.STACK}
    assert {each for each in alone if each.code in narrow} == {each for each in together if each.code in narrow}


@given(workspaces())
@FEW
def test_the_order_of_projects_changes_no_problem(files: Files) -> None:
    turned = copy.deepcopy(files)
    for file in turned.values():
        file["config"]["paletteai:tenant"].get("projects", []).reverse()

    def back(finding: Finding) -> Finding:
        def turn(thing: Thing) -> Thing:
            name, path = thing
            if path[:2] != ("tenant", "projects"):
                return thing
            last = len(files[name]["config"]["paletteai:tenant"]["projects"]) - 1
            return name, (*path[:2], last - int(path[2]), *path[3:])

        return finding._replace(things=frozenset(map(turn, finding.things)))

    def told(files: Files, *, turn: bool) -> Counter[Finding]:
        judged, lines = workspace_of(files)
        every = (found(diagnostic, lines) for diagnostic in diagnostics_of(judged))
        # Which of several equal credentials speaks for them in this warning is no matter.
        spoken = (each._replace(things=frozenset()) if each[:2] == ("PAI003", "warning") else each for each in every)
        return Counter(back(each) if turn else each for each in spoken)

    assert told(turned, turn=True) == told(files, turn=False)


@given(workspaces(), st.randoms(use_true_random=False))
@FEW
def test_the_order_of_stacks_changes_no_problem(files: Files, random: Any) -> None:
    judged, _ = workspace_of(files)
    shuffled = random.sample(judged.stacks, len(judged.stacks))

    def told(judged: Workspace) -> Counter[tuple[str, Severity]]:
        return Counter((diagnostic.code, diagnostic.severity) for diagnostic in diagnostics_of(judged))

    assert told(Workspace(tuple(shuffled))) == told(judged)


ELSEWHERE = """
kubernetes:context: on-the-moon
paletteai:integrations:
  theirs:
    hostUrl: https://palette.moon.example
    tenant: moon
    defaultProjectID: "659999999999999999999999"
    apiKey: {secure: v1:moon:moon}
    fingerprint: {value: "pai1:5555555555555555555555555555555555555555", ciphertext: DIGEST, proof: PROOF}
paletteai:tenant:
  name: moon
  computeConfigRef: {name: default}
  settings: {default: {palette: theirs}}
  projects: [{name: base}]
""".replace("DIGEST", digest("v1:moon:moon")).replace("PROOF", f'"{PROOF}"')


@given(workspaces(most=3))
@FEW
def test_an_unrelated_stack_adds_no_problem(files: Files) -> None:
    judged, _ = workspace_of(files)
    apart = stack(ELSEWHERE, "moon.dev")
    assert diagnostics_of(workspace(apart)) == []

    def told(judged: Workspace) -> list[str]:
        # Only the note on what is not decided counts over all.
        return [str(diagnostic) for diagnostic in diagnostics_of(judged) if diagnostic.severity is not Severity.NOTE]

    assert told(Workspace((*judged.stacks, apart))) == told(judged)


@given(workspaces(most=1))
@FEW
def test_renaming_an_integrations_key_changes_no_manifest(files: Files) -> None:
    ((name, file),) = files.items()
    renamed = copy.deepcopy(file)
    config, tenant = renamed["config"], renamed["config"]["paletteai:tenant"]
    config["paletteai:integrations"] = {f"{key}-2": value for key, value in config["paletteai:integrations"].items()}
    own = [project["settings"] for project in tenant.get("projects", []) if "settings" in project]
    for body in [*tenant["settings"].values(), *own]:
        if "palette" in body:
            body["palette"] += "-2"
    before, after = stack_of(name, file)[0], stack_of(name, renamed)[0]
    assert before.plan
    assert after.plan
    was, now = objects_of(before.plan, before.api), objects_of(after.plan, after.api)
    assert [each.manifest for each in now] == [each.manifest for each in was]


@given(workspaces(most=1))
@FEW
def test_what_is_found_does_not_depend_on_where_it_is_written(files: Files) -> None:
    ((name, file),) = files.items()
    judged, _ = stack_of(name, file)
    bare = stack_from_config(name, file["config"], judged.file, imports=judged.imports)

    def told(stack: Stack) -> set[tuple[str, str, str]]:
        return {(diagnostic.code, diagnostic.message, diagnostic.help) for diagnostic in diagnostics_of_stack(stack)}

    assert told(bare) == told(judged)


def test_everything_that_is_wrong_with_a_fleet_is_told_at_once() -> None:
    wrong = stack(
        """
        paletteai:integrations:
          shared: {hostUrl: "http://api.spectrocloud.com", tenant: CHANGE_ME, apiKey: as-text}
          unused: {existingSecret: there, credential: there}
        paletteai:tenant:
          name: beta
          displayName: "Beta!"
          nmae: beta
          settings:
            default: {palette: shared}
            edge: {palette: shared, secretName: default-palette}
            lab: {palette: gone}
            bare: {}
          projects:
            - {name: kube-vision, settingsRef: nowhere}
            - {name: line-1, sharedClusterOnly: true}
            - {name: line-1, settings: {nvidia: {existingSecret: tenant-beta/ngc}}}
        """,
        "acme.dev",
    )
    told = set(codes(diagnostics_of(workspace(wrong))))
    assert told == {
        code
        for code in RULES
        if code not in ("PAI003", "PAI004", *(f"PAI0{number}" for number in (16, 17, 18, 19, 20)))
    }


@given(sound_workspaces())
@FEW
def test_a_fleet_with_nothing_wrong_has_no_problem(files: Files) -> None:
    assert [str(diagnostic) for diagnostic in diagnostics_of(workspace_of(files)[0])] == []


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page_that_says_what_must_hold_and_why(code: str) -> None:
    rule = RULES[code]
    page = page_of(rule)
    assert rule.code == code
    assert page.startswith(f"# {code}: {rule.holds}\n\nChecked ")
    assert len(page.split()) > 40
    assert ("does not refuse the plan" in page) == (rule.severity is not Severity.ERROR)


def test_the_codes_are_numbered_without_a_gap() -> None:
    assert sorted(RULES) == [f"PAI{number:03}" for number in range(1, len(RULES) + 1)]


@given(workspaces(most=1))
@FEW
def test_a_warning_or_note_comes_only_from_rules_that_promise_nothing_graver(files: Files) -> None:
    diagnostics = diagnostics_of(workspace_of(files)[0])
    assume(diagnostics)
    order = list(Severity)
    for diagnostic in diagnostics:
        assert order.index(diagnostic.severity) >= order.index(RULES[diagnostic.code].severity)
