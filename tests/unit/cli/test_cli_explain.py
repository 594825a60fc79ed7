"""`paletteai explain`: the pages of the rules, and where a project's integrations come from."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from support.checkout import ROOT
from support.oracle import Files
from support.projects import KEY, STACK, Project, changed
from support.samples import PROOF
from support.terminals import terminal
from support.topologies import workspace_of, workspaces

from paletteai_components.cli import main
from paletteai_components.credentials import digest_of
from paletteai_components.model.planned import IntegrationType, Source
from paletteai_components.model.resolution import Outcome, steps_of
from paletteai_components.rules import RULES, index_page, page_of

PAGES = ROOT / "docs" / "rules"
REMEDY = "run `python -m paletteai_components.rules docs/rules`"


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page(code: str, project: Project) -> None:
    page = project.printed("explain", code)
    assert page == page_of(RULES[code])
    assert page.startswith(f"# {code}: ")


def test_a_code_may_be_typed_in_small_letters(project: Project) -> None:
    assert project.printed("explain", "pai004") == page_of(RULES["PAI004"])


def test_without_a_code_every_rule_has_a_line(project: Project) -> None:
    lines = project.printed("explain").splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    assert lines[10] == "PAI011  warning  Every declaration is used"


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        (["PAI0044"], "there is no rule `PAI0044`.\n  help: Did you mean `PAI004`?"),
        (["what\x1b[31m"], "there is no rule `what\\x1b[31m`.\n  help: `paletteai explain` lists all rules."),
        (["PAI001", "PAI002"], "takes one rule, or a stack and one of its projects."),
    ],
)
def test_an_unknown_code_is_answered_and_only_one_is_explained_at_a_time(
    codes: list[str], says: str, project: Project
) -> None:
    project.stack()
    assert says in project.refused("explain", *codes)


def test_json_has_the_page(project: Project) -> None:
    value = json.loads(project.printed("explain", "PAI011", "--format", "json"))
    assert list(value) == ["code", "holds", "severity", "scope", "origins", "page"]
    assert value["severity"] == "warning"
    rules = json.loads(project.printed("explain", "--format", "json"))["rules"]
    assert [rule["code"] for rule in rules] == list(RULES)


def test_a_terminal_gets_the_page_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    main.main(["explain", "PAI004"], standalone_mode=False)
    assert "PAI004" in shown.getvalue()
    assert "```" not in shown.getvalue()


def test_the_pages_in_the_docs_are_current() -> None:
    written = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    current = {code: page_of(rule) for code, rule in RULES.items()}
    assert written == {"README": index_page(), **current}, REMEDY


def test_the_pages_are_written_by_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["rules", str(tmp_path / "rules")])
    runpy.run_module("paletteai_components.rules", run_name="__main__")
    assert len(list((tmp_path / "rules").glob("PAI*.md"))) == len(RULES)


# A project


SEALED = f'      apiKey: {{secure: "v1:{KEY}"}}\n'
FINGERPRINT = f"pai1:{'a' * 40}"
MIXED = f"""\
config:
  kubernetes:context: dev
  paletteai:integrations:
    shared:
      hostUrl: https://api.spectrocloud.com
      tenant: example-tenant
      defaultProjectID: "651234567890123456789012"
{SEALED}    vaulted: {{existingSecret: lab-palette, credential: vault://lab}}
  paletteai:tenant:
    name: acme
    computeConfigRef: {{name: default}}
    settings:
      default: {{palette: shared, nvidia: {{existingSecret: ngc}}}}
      models: {{huggingFace: {{existingSecret: hf}}}}
    existingSettings: [elsewhere]
    projects:
      - {{name: vision}}
      - {{name: line-1, settingsRef: models, roleMapping: {{viewer: [all, others]}}}}
      - {{name: lab, settings: {{palette: vaulted}}, onRemoval: delete, createNamespace: false}}
      - {{name: far, settingsRef: elsewhere}}
"""


def explained(project: Project, name: str, text: str = MIXED) -> Any:
    project.stack(text)
    return json.loads(project.run("explain", "acme.dev", name, "--format", "json").stdout)


def steps(resolution: Any) -> list[tuple[str, str]]:
    return [(each["step"], each["outcome"]) for each in resolution["chain"]]


@given(workspaces())
def test_one_step_is_taken_the_one_that_the_topology_resolves_to_or_none(files: Files) -> None:
    for stack in workspace_of(files)[0].stacks:
        plan = stack.plan
        assert plan is not None
        for planned in plan.projects:
            every = steps_of(IntegrationType.PALETTE, planned.spec, planned.own, plan.tenant, planned.path)
            taken = [step for step in every if step.outcome is Outcome.TAKEN]
            assert [step.settings for step in taken] == ([planned.effective_settings] if taken else [])
            assert [step.source for step in taken] == ([] if planned.source is Source.NOWHERE else [planned.source])


@pytest.mark.parametrize(
    ("name", "palette", "nvidia", "hugging_face"),
    [
        ("vision", "tenant-acme/default", "tenant-acme/default", None),
        ("line-1", "tenant-acme/default", "tenant-acme/default", "tenant-acme/models"),
        ("lab", "lab/default", "tenant-acme/default", None),
        ("far", "tenant-acme/elsewhere", "tenant-acme/elsewhere", "tenant-acme/elsewhere"),
    ],
)
@pytest.mark.parametrize("merges", [True, False])
def test_each_type_of_integration_is_looked_for_by_itself_where_settings_are_merged(
    project: Project, name: str, palette: str, nvidia: str, hugging_face: str | None, merges: bool
) -> None:
    said = "" if merges else "  paletteai:mergedSettings: false\n"
    value = explained(project, name, changed("config:\n", f"config:\n{said}", MIXED))
    found = {kind: each["settings"] for kind, each in value["integrations"].items()}
    alone = {
        "line-1": {"palette": None, "huggingFace": hugging_face, "nvidia": None},
        "lab": {"palette": palette, "huggingFace": None, "nvidia": None},
    }
    both = {"palette": palette, "huggingFace": hugging_face, "nvidia": nvidia}
    assert found == (both if merges else alone.get(name, both))
    assert value["mergedSettings"] is merges


def test_every_step_says_what_became_of_it_and_where_it_is_declared(project: Project) -> None:
    line = {"file": "stacks/Pulumi.acme.dev.yaml", "line": 14}
    palette = explained(project, "line-1")["integrations"]["palette"]
    assert [tuple(each[key] for key in ("step", "outcome", "why", "where")) for each in palette["chain"]] == [
        ("own", "absent", "the Project has no own Settings", None),
        ("settingsRef", "passed over", "holds no Palette integration", {**line, "line": 19}),
        ("fallback", "taken", "merged in, because tenant-acme/models holds no Palette integration", line),
        ("sharedClusterOnly", "absent", "not set", None),
    ]
    assert palette["secret"] == {"name": "default-palette", "namespace": "tenant-acme", "made": True, "where": line}


def test_what_settings_made_elsewhere_hold_is_not_guessed(project: Project) -> None:
    value = explained(project, "far")["integrations"]
    assert steps(value["palette"])[1] == ("settingsRef", "taken")
    assert steps(value["nvidia"])[1] == ("settingsRef", "unknown")
    assert (value["palette"]["integration"], value["palette"]["secret"]) == (None, None)
    told = "Palette  from Settings tenant-acme/elsewhere, external\n"
    assert told in project.printed("explain", "acme.dev", "far")


def test_what_is_inherited_is_told_with_its_origin(project: Project) -> None:
    def origins(name: str) -> dict[str, tuple[Any, str]]:
        return {field: (each["value"], each["from"]) for field, each in explained(project, name)["inherited"].items()}

    config = ({"name": "default", "namespace": "tenant-acme"}, "tenant")
    assert origins("line-1") == {
        "computeConfigRef": config,
        "roleMapping": ({"viewer": ["all", "others"]}, "project"),
        "onRemoval": ("refuse", "default"),
    }
    own = {"roleMapping": (None, "default"), "onRemoval": ("delete", "project")}
    assert origins("lab") == {"computeConfigRef": config, **own}
    assert "├── Namespace lab  external\n" in project.run("explain", "acme.dev", "lab").stdout


def fingerprinted(ciphertext: str) -> str:
    made_for = digest_of(ciphertext)
    return f"      fingerprint: {{value: '{FINGERPRINT}', ciphertext: {made_for!r}, proof: '{PROOF}'}}\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "how"),
    [
        ("", STACK, "equal ciphertext"),
        (
            fingerprinted(f"v1:{KEY}"),
            changed(SEALED, SEALED.replace("v1:", "v1:b") + fingerprinted(f"v1:b{KEY}")),
            "equal fingerprint",
        ),
    ],
)
def test_other_settings_with_the_credential_are_named_wherever_they_are(
    project: Project, ours: str, theirs: str, how: str
) -> None:
    project.stack(theirs.replace("acme", "beta").replace("vision", "sight"), "beta.prod")
    value = explained(project, "vision", changed(SEALED, SEALED + ours, MIXED))
    location = {"file": "stacks/Pulumi.beta.prod.yaml", "line": 14 + bool(ours)}
    expected = {"stack": "beta.prod", "settings": "tenant-beta/default", "how": how, "where": location}
    assert value["integrations"]["palette"]["alsoIn"] == [expected]
    assert value["integrations"]["palette"]["otherProjects"] == ["line-1"]
    result = project.run("explain", "acme.dev", "vision")
    assert f"Settings tenant-beta/default of beta.prod carries the same credential: {how}  (" in result.stdout
    assert "Settings tenant-acme/default also used by line-1" in result.stdout
    assert "error PAI003" in result.stderr
    assert result.exit_code == 1


def test_an_existing_secret_is_the_same_by_its_credential_and_an_integration_by_its_key(project: Project) -> None:
    text = changed("{name: vision}", "{name: vision, settings: {palette: vaulted}}", MIXED)
    other = "{existingSecret: c, credential: vault://lab}"
    text = changed("    vaulted:", f"    more: {other}\n    vaulted:", text)
    text = changed("      models: {", "      models: {palette: more, ", text)
    used = explained(project, "lab", text)["integrations"]["palette"]
    assert [(each["settings"], each["how"]) for each in used["alsoIn"]] == [
        ("tenant-acme/models", "equal `credential`"),
        ("vision/default", "the same integration"),
    ]
    assert used["integration"] == {
        "key": "vaulted",
        **dict.fromkeys(("host", "tenant", "defaultProjectID")),
        "existingSecret": True,
        "recognisedBy": "credential",
        "where": {"file": "stacks/Pulumi.acme.dev.yaml", "line": 10},
    }


def test_where_the_credential_cannot_be_recognised_that_nobody_else_has_it_is_no_promise(project: Project) -> None:
    project.stack(MIXED)
    said = "no other Settings carries this credential"
    unsure = f"{said}, but this is uncertain without a fingerprint or `credential`\n"
    assert unsure in project.run("explain", "acme.dev", "vision").stdout
    assert f"{said}\n" in project.run("explain", "acme.dev", "lab").stdout


def test_long_lists_end_with_how_many_more_there_are(project: Project) -> None:
    more = "".join(f"      - {{name: p{number}}}\n" for number in range(15))
    project.stack(MIXED + more)
    for number in range(12):
        project.stack(STACK.replace("acme", f"t{number}").replace("vision", f"v{number}"), f"t{number}.dev")
    result = project.run("explain", "acme.dev", "vision")
    assert "also used by line-1, p0, p1, p2, p3, p4, p5, p6, p7, p8 and 6 more\n" in result.stdout
    assert "and 2 more Settings" in result.stdout
    shown = "`vision`, `line-1`, `lab`, `far`, `p0`, `p1`, `p2`, `p3`, `p4`, `p5` and 9 more."
    assert shown in project.run("explain", "acme.dev").stderr


@pytest.mark.parametrize(
    "edit",
    [
        ("https://api.spectrocloud.com", f"https://user:{KEY}@api.spectrocloud.com"),
        ("https://api.spectrocloud.com", f"https://user:{KEY}@api.spectrocloud.com:99999"),
        ("default: {palette: shared", f"default: {{palette: {KEY}"),
        ("credential: vault://lab", f"credential: {KEY}"),
        ("{name: vision}", f"{{name: vision, settingsRef: {KEY}}}"),
        (SEALED, f"      apiKey: {KEY}\n"),
        (SEALED, SEALED + fingerprinted(f"v1:{KEY}")),
    ],
)
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_key_ciphertext_or_fingerprint_is_told(project: Project, edit: tuple[str, str], form: str) -> None:
    project.stack(changed(*edit, MIXED))
    for name in ("vision", "line-1", "lab"):
        output = project.run("explain", "acme.dev", name, "--format", form).output
        assert name in output
        # A host is told in small letters.
        assert KEY.lower() not in output.lower()
        assert FINGERPRINT not in output


def test_an_integration_is_described_as_far_as_it_is_declared(project: Project) -> None:
    fields = '      tenant: example-tenant\n      defaultProjectID: "651234567890123456789012"\n'
    project.stack(changed(fields, "", MIXED))
    told = "on api.spectrocloud.com, no Palette tenant, no default project"
    assert told in project.run("explain", "acme.dev", "vision").stdout
    project.stack(changed("default: {palette: shared", "default: {palette: x", MIXED))
    assert "integration not declared" in project.run("explain", "acme.dev", "vision").stdout


def test_the_problems_are_those_of_the_project_and_the_others_are_counted(project: Project) -> None:
    wrong = changed("{name: lab,", "{name: lab, displayName: La-b,", MIXED)
    wrong = changed('"651234567890123456789012"', "CHANGE_ME", wrong)
    project.stack(wrong.replace("{name: vision}", "name: vision\n        settingRef: models", 1))
    vision, lab = (project.run("explain", "acme.dev", name) for name in ("vision", "lab"))
    assert "error PAI012: `tenant.projects[0]` has no field `settingRef`" in vision.stderr
    assert "error PAI009: integration `shared` has a `defaultProjectID` that is empty" in vision.stderr
    assert "PAI008" not in vision.stderr
    assert "error PAI008" in lab.stderr
    assert "PAI012" not in lab.stderr
    assert "PAI009" not in lab.stderr
    assert "; 3 other problems in the stack, see `paletteai check acme.dev`\n" in lab.stderr
    assert (vision.exit_code, lab.exit_code) == (1, 1)
    fine = project.run("explain", "acme.dev", "far")
    assert "error" not in fine.stderr
    assert fine.exit_code == 0
    assert json.loads(project.run("explain", "acme.dev", "far", "--format", "json").stdout)["otherProblems"] == 4


def test_the_defaults_of_the_project_file_count_too(project: Project) -> None:
    tenant = MIXED.partition("  paletteai:tenant:\n")
    inner = "".join(f"    {line}\n" for line in tenant[2].splitlines())
    (project.folder / "Pulumi.yaml").write_text(
        f"name: paletteai\nruntime: python\nconfig:\n  paletteai:tenant:\n    default:\n{inner}stackConfigDir: stacks\n"
    )
    project.stack(tenant[0])
    printed = project.printed("explain", "acme.dev", "vision")
    assert "taken: holds the integration for Palette  (Pulumi.yaml:9)" in printed
    path = project.folder / "Pulumi.yaml"
    path.write_text(path.read_text().replace("{name: vision}", "{name: vision, displayName: Vi-sion}"))
    assert "error PAI008" in project.run("explain", "acme.dev", "vision").stderr


def test_a_project_with_nothing_says_so_and_what_made_it_so(project: Project) -> None:
    project.stack(
        "config:\n  paletteai:mergedSettings: false\n  paletteai:tenant: {name: acme, projects: [{name: vision}]}\n"
    )
    result = project.run("explain", "acme.dev", "vision")
    assert "├── Palette  none  nothing to fall back to\n" in result.stdout
    merged = "├── mergedSettings  false  only the first Settings is used  (stacks/Pulumi.acme.dev.yaml:2)\n"
    assert merged in result.stdout
    assert "error PAI004" in result.stderr
    assert result.exit_code == 1


def test_nothing_without_problems_is_said_of_problems(project: Project) -> None:
    project.stack()
    result = project.run("explain", "acme.dev", "vision")
    assert (result.stderr, result.exit_code) == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["acme.dev", "visoin"], "there is no project `visoin` in stack `acme.dev`.\n  help: Did you mean `vision`?"),
        (
            ["acme.dev", "q\x1b"],
            "there is no project `q\\x1b` in stack `acme.dev`.\n"
            "  help: The stack has these projects: `vision`, `line-1`, `lab`, `far`.",
        ),
        (["acm.dev", "vision"], "there is no stack `acm.dev` in `stacks`.\n  help: Did you mean `acme.dev`?"),
        (
            ["acme.dev"],
            "`acme.dev` is a stack, not a rule; name one of its projects, too.\n"
            "  help: The stack has these projects: `vision`, `line-1`, `lab`, `far`.",
        ),
        (["beta.dev"], "`beta.dev` is a stack, not a rule; name one of its projects, too.\n"),
        (["beta.dev", "vision"], "there is no project `vision` in stack `beta.dev`, which has no projects."),
        (["one.dev", "x"], "The stack has this project: `vision`."),
        (
            ["part.dev", "lab"],
            "The stack has this project: `vision`. "
            "Parts of the file could not be read; run `paletteai check part.dev`.",
        ),
        (["acme.dev", "vision", "lab"], "Name a rule, such as `PAI004`, or a stack and a project."),
    ],
)
def test_a_project_that_is_not_there_is_answered_with_those_that_are(
    project: Project, arguments: list[str], said: str
) -> None:
    project.stack(MIXED)
    project.stack("config: {paletteai:tenant: {name: beta}}", "beta.dev")
    project.stack(STACK, "one.dev")
    project.stack(STACK + "      - {name: 5}\n", "part.dev")
    assert said in project.refused("explain", *arguments)


def test_a_stack_that_cannot_be_read_ends_with_two(project: Project) -> None:
    project.stack("config: [")
    assert "error PAI012" in project.refused("explain", "acme.dev", "vision")
