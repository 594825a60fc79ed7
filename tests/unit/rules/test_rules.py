"""All rules together, against an oracle and against what must never make a difference."""

from __future__ import annotations

import copy
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
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
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config
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
        read = diagnostics_of(workspace_from(stack_folder(FilePath(folder))))
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
    apart = stack(ELSEWHERE, "moon.apart")
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
    bare = replace(stack_from_config(name, file["config"], judged.file), imports=judged.imports)

    def told(stack: Stack) -> set[tuple[str, str, str]]:
        return {(diagnostic.code, diagnostic.message, diagnostic.help) for diagnostic in diagnostics_of_stack(stack)}

    assert told(bare) == told(judged)


# Each line says which problems are told there.
MARKED = """
paletteai:mergedSettings: false
paletteai:vendorFields:
  settings.nvidia: metadata.name  # PAI012
  project.tenant: spec.a  # PAI012
  settings.pallete: spec.a  # PAI012
paletteai:integrations:
  web:  # PAI003
    hostUrl: http://a.example  # PAI009
    tenant: TODO  # PAI009
    defaultProjectID: ''  # PAI009
    apiKey: {secure: v1:a}
    fingerprint:  # PAI003 PAI009
      value: pai1:short
      ciphertext: none
      proof: none
  half:  # PAI009
    tenant: t
    defaultProjectID: p
    apiKey: as-text  # PAI010
    credential: c  # PAI009
  vault:  # PAI003
    existingSecret: other/vault  # PAI002
    hostUrl: https://a.example  # PAI009
    tenant: t
paletteai:tenant:
  name: Acme  # PAI007 PAI014
  namespace: kube-acme  # PAI007
  nmae: Acme  # PAI012
  displayName: Acme!  # PAI008
  settingsRef: nowhere  # PAI005
  importIds:
    - Tenant/Acme
    - Tenant/other  # PAI005
  computeConfigRef:
    name: A  # PAI007
    namespace: a.b  # PAI007
  labels:
    team: a b  # PAI007
  annotations:
    paletteai-components/credential: a  # PAI007
  extraSpec:  # PAI012
    displayName: Acme
  settings:
    default:
      palette: gone  # PAI005
      secretName: N  # PAI007
    web:
      palette: web
      labels:
        a b: c  # PAI007
      annotations:
        a b: c  # PAI007
      nvidia:
        existingSecret: elsewhere/n  # PAI002
      extraSpec:  # PAI012
        integrations: 1
    half:
      palette: half  # PAI001
      huggingFace:
        existingSecret: H  # PAI007
    vault:
      palette: vault  # PAI001
      secretName: unread  # PAI011
    bare:  # PAI011
      extraSpec: {}
  existingSettings:
    - fine
    - Edge  # PAI007
  projects:
    - displayName: Vision!  # PAI008
      name: Vision  # PAI007
      settingsRef: gone  # PAI005
      importIds: [Tenant/Acme]  # PAI005
      labels:
        a b: c  # PAI007
      annotations:
        a b: c  # PAI007
      extraSpec:  # PAI012
        tenantRef: {name: a}
      computeConfigRef:
        name: A  # PAI007
        namespace: a.b  # PAI007
      deploymentNamespaces:
        allow:
          - fine
          - A  # PAI007
        disallow:
          - B  # PAI007
    - displayName: Lab
      name: lab  # PAI006
      settingsRef: web  # PAI005
      settings:  # PAI005
        palette: vault  # PAI001
        name: a.b  # PAI007
    - displayName: Lab
      name: lab  # PAI006
      sharedClusterOnly: true
    - displayName: Dry
      name: dry  # PAI004
      settings:
        nvidia: {existingSecret: n}
    - name: idle
      sharedClusterOnly: true  # PAI013
      settings:  # PAI013
        palette: half  # PAI001
"""


def test_everything_that_is_wrong_is_told_at_once_and_at_its_line() -> None:
    lines = enumerate(MARKED.strip().splitlines(), 2)
    diagnostics = diagnostics_of(workspace(stack(MARKED)))
    assert {(location.line, diagnostic.code) for diagnostic in diagnostics for location in diagnostic.where} == {
        (number, code) for number, line in lines for code in re.findall(r"PAI\d+", line)
    }
    assert set(codes(diagnostics)) == {f"PAI{number:03}" for number in range(1, 15)}


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
    assert len(page.partition("\n## Where this is from\n")[0].split()) > 40
    assert ("does not refuse the plan" in page) == (rule.severity is not Severity.ERROR)


@pytest.mark.parametrize("code", RULES)
def test_every_page_says_where_each_statement_is_from(code: str) -> None:
    rule = RULES[code]
    _, _, origins = page_of(rule).partition("\n## Where this is from\n\n")
    assert re.findall(r"(?m)^- \*\*(.+?)\*\*: \S", origins) == [origin.value for origin in rule.origins]
    for line in origins.splitlines():
        assert re.fullmatch(r"(- \*\*[^*]+\*\*:|  ) ?\S.*[^.]\.", line), line


def check_nothing(_: object) -> Iterator[Diagnostic]:
    yield from ()


def test_a_rule_that_does_not_say_where_it_is_from_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="origins"):
        rule("PAI999", "Something holds")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="PAI999 does not say where it is from"):
        rule("PAI999", "Something holds", origins={})(check_nothing)


def test_what_is_only_believed_cannot_be_an_error() -> None:
    believed = {Origin.BELIEF: "It holds."}
    with pytest.raises(ValueError, match="PAI999 is only believed, so it cannot be an error"):
        rule("PAI999", "Something holds", origins=believed)(check_nothing)
    warns = rule("PAI999", "Something holds", severity=Severity.WARNING, origins=believed)(check_nothing)
    assert warns.severity is Severity.WARNING


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
