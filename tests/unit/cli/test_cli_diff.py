"""`paletteai diff`: what people, machines and reviewers see."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.mistakes import CASES, Case
from support.projects import KEY, STACK, changed
from support.repository import Repository
from support.samples import PROOF

from paletteai_components.ci.sanitizer import MARKER
from paletteai_components.credentials import digest_of

PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
JSON = (ROOT / "docs" / "json.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## diff\n")[1].split("\n## ")[0]


def fingerprinted(ciphertext: str, letter: str) -> str:
    written = f'{{value: "pai1:{letter * 40}", ciphertext: "{digest_of(ciphertext)}", proof: "{PROOF}"}}'
    return f'{{secure: "{ciphertext}"}}\n      fingerprint: {written}'


WITH = changed(f'{{secure: "v1:{KEY}"}}', fingerprinted(f"v1:{KEY}", "a"))
ROTATED = changed(f'{{secure: "v1:{KEY}"}}', fingerprinted(f"v1:{KEY}2", "b"))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path, monkeypatch)
    repository.stack(WITH)
    repository.commit()
    return repository


def edited(*edits: tuple[str, str], text: str = WITH) -> str:
    """The stack file with some things changed."""
    for old, new in edits:
        text = changed(old, new, text)
    return text


def test_without_a_change_there_is_no_difference(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")[:12]
    assert repository.printed("diff") == f"Compared with merge base of HEAD and main ({commit}).\nno difference\n"


def test_errors_that_were_there_before_are_counted_and_do_not_fail(repository: Repository) -> None:
    repository.stack(edited(("{name: vision}", "{name: Vision}")))
    commit = repository.commit()[:12]
    assert repository.printed("diff", "HEAD") == f"Compared with HEAD ({commit}).\nno difference; 1 existing error\n"


def test_everything_is_told_in_the_order_of_its_weight(repository: Repository) -> None:
    file = changed("      - {name: vision}\n", "      - {name: lab, displayName: L-1}\n", ROTATED)
    repository.stack(changed("default: {palette: shared}", "default: {palette: shared, secretName: other}", file))
    result = repository.run("diff", "HEAD")
    told = [line for line in result.stdout.splitlines() if not line.startswith("  ")]
    assert told[:-3] == [
        "Problems introduced (1)",
        "Refused by `pulumi up` (2)",
        "Replaced (1)",
        "Integrations changed (1)",
        "Stack acme.dev: 2 created, 1 changed",
    ]
    assert re.fullmatch(r"Compared with HEAD \([0-9a-f]{12}\)\.", told[-3])
    assert " ".join(told[-2:]) == (
        "1 error introduced, 2 changes refused by `pulumi up`, 1 object replaced, 1 integration changed, 2 objects "
        "created, "
        "1 object changed; 0 stacks unchanged"
    )
    for line in (
        "    error PAI008 stacks/Pulumi.acme.dev.yaml:17: the display name of project\n      `lab` is not made of",
        "    error: stack acme.dev: Namespace/vision, Project/vision/vision are\n      protected, so `pulumi up`",
        "  ± stack acme.dev: Secret/tenant-acme/other takes the place of\n      Secret/tenant-acme/default-palette,",
        "  ~ stack acme.dev: integration shared in Settings tenant-acme/default\n      different credential\n",
        "      used by 1 project\n",
        "  + Namespace/lab, Project/lab/lab\n",
        "    project lab: falls back to the tenant's default Settings",
    ):
        assert line in result.stdout
    assert result.exit_code == 1
    assert KEY not in result.stdout


def test_a_folder_that_was_not_there_is_all_new(repository: Repository) -> None:
    shutil.copytree("stacks", "other")
    printed = repository.printed("diff", "--stacks", "other")
    assert "  + new stack file\n" in printed
    assert "6 objects created; 0 stacks unchanged\n" in printed


def test_a_stack_file_that_goes_leaves_its_objects(repository: Repository) -> None:
    (repository.stacks / "Pulumi.acme.dev.yaml").unlink()
    printed = repository.printed("diff")
    assert printed.startswith("Kept on the cluster (6)\n")
    assert "still in Pulumi's state, because no stack file is left to delete them" in " ".join(printed.split())
    assert "run\n      `pulumi destroy --stack acme.dev` first\n" in printed
    assert "Deleted" not in printed


def test_moves_and_objects_that_are_handed_over_are_told(repository: Repository) -> None:
    beta = STACK.replace("acme", "beta").replace("Acme", "Beta").replace("v1:", "v1:b").replace("9012", "9013")
    repository.stack(beta, "beta.dev")
    repository.stack(edited(("    projects:\n      - {name: vision}\n", "")))
    printed = repository.run("diff").stdout
    assert "Refused by `pulumi up` (2)\n" in printed
    assert "so `pulumi up` refuses to hand them over to stack beta.dev." in " ".join(printed.split())
    own = ("{name: vision}", "{name: vision, settings: {palette: shared}}")
    repository.stack(edited(own, ("    settings:\n      default: {palette: shared}\n", "")))
    (repository.stacks / "Pulumi.beta.dev.yaml").unlink()
    printed = repository.run("diff").stdout
    assert "Credentials moved (1)\n" in printed
    moves = "of integration shared moves from Settings tenant-acme/default to Settings vision/default"
    assert f"the credential {moves}; this takes one deployment" in " ".join(printed.split())


def test_the_way_out_of_a_refused_change_is_that_of_the_change(repository: Repository) -> None:
    def printed(*edits: tuple[str, str]) -> str:
        repository.stack(edited(*edits))
        return " ".join(repository.run("diff").stdout.split())

    removed = printed(("    projects:\n      - {name: vision}\n", ""))
    assert "help: First deploy `onRemoval: retain`, which keeps them, or `onRemoval: delete`; then this" in removed
    moved = printed(("    displayName: Acme\n", "    namespace: other\n"))
    assert "help: First deploy `onRemoval: retain`, which keeps the old one, or `onRemoval: delete`; then" in moved
    name, vision = ("    name: acme\n", "    name: beta\n"), "importIds: [Namespace/vision, Project/vision/vision]"
    renamed = printed(name)
    assert "refuses to rename them in Pulumi from acme.vision to beta.vision. help: First deploy " in renamed
    assert "`onRemoval: retain`; then this change. List them under `importIds`, or `pulumi up` would fail" in renamed
    imported = printed(name, ("{name: vision}", f"{{name: vision, {vision}}}"))
    assert "`onRemoval: retain`; then this change. `importIds` takes them over. " in imported


TWO = edited(
    ("{name: vision}", "{name: vision, settings: {palette: vaulted}}"),
    ("  paletteai:tenant:", "    vaulted: {existingSecret: vaulted, credential: vault}\n  paletteai:tenant:"),
)


def test_what_has_to_be_deployed_first_is_told_of_a_move(repository: Repository) -> None:
    repository.stack(TWO)
    repository.commit()
    default = ("default: {palette: shared}", "default: {palette: vaulted}")
    repository.stack(edited(("settings: {palette: vaulted}", "settings: {palette: shared}"), default, text=TWO))
    result = repository.run("diff", "HEAD")
    assert result.stdout.startswith("Refused by `pulumi up` (2)\n    error PAI003 stacks/Pulumi.acme.dev.yaml:16: ")
    assert "Credentials moved" not in result.stdout
    assert result.exit_code == 1
    beta = TWO.replace("acme", "beta").replace("vision", "sight").replace("9012", "9013")
    repository.stack(WITH)
    repository.stack(beta.replace(KEY, f"{KEY}3"), "beta.dev")
    told = "moves from Settings vision/default to Settings sight/default; deploy stack acme.dev first"
    assert told in " ".join(repository.run("diff", "HEAD").stdout.split())


def test_how_many_projects_override_an_integration_is_told(repository: Repository) -> None:
    lab = "{name: lab, settings: {palette: vaulted}}"
    three = f"{{name: vision}}\n      - {{name: sight}}\n      - {lab}"
    file = edited(("{name: vision, settings: {palette: vaulted}}", three), text=TWO)
    repository.stack(file)
    repository.commit()
    repository.stack(file.replace("9012", "9013"))
    assert "used by 2 projects, overridden by 1\n" in repository.run("diff", "HEAD").stdout


REMOVAL = [("    displayName: Acme\n", "    displayName: Acme\n    onRemoval: delete\n")]
REF_EDGE = ("{name: vision}", "{name: vision, settingsRef: edge}")
DEFAULT = "default: {palette: shared}"
MANY = "      - {name: vision}\n" + "".join(f"      - {{name: p-{number}}}\n" for number in range(31))


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        ([("    computeConfigRef: {name: default}\n", "")], "warning PAI015"),
        (
            [(DEFAULT, "edge: {palette: shared, secretName: default-palette}"), REF_EDGE],
            "± stack acme.dev: Secret/tenant-acme/default-palette: renamed in Pulumi from acme.default to acme.edge; "
            "the old one is deleted ",
        ),
        (
            [("context: dev", "context: plant")],
            '~ cluster: "dev" → "plant" ~ kubernetes:context: "dev" → "plant" ',
        ),
        (REMOVAL, " tenant acme, project vision: onRemoval refuse → delete "),
        (REMOVAL, "no object changes; 0 stacks unchanged"),
        (
            [(DEFAULT, "edge: {palette: shared}"), REF_EDGE],
            " project vision: settingsRef names the tenant's Settings tenant-acme/edge; before: falls back to the "
            "tenant's default Settings tenant-acme/default ",
        ),
        ([("      - {name: vision}\n", MANY)], " and 42 more "),
    ],
    ids=["a warning", "renamed", "cluster", "removal", "no objects", "another source", "many names"],
)
def test_a_change_is_told_and_does_not_fail(repository: Repository, edits: list[tuple[str, str]], told: str) -> None:
    repository.stack(edited(*edits))
    assert told in " ".join(repository.printed("diff").split())


def test_a_stack_that_only_loses_something_has_no_section_of_its_own(repository: Repository) -> None:
    repository.stack(changed("      - {name: vision}\n", "      - {name: vision}\n      - {name: lab}\n", WITH))
    repository.commit()
    repository.stack(WITH)
    assert "\nStack acme.dev" not in repository.run("diff", "HEAD").stdout


def test_fields_are_told_as_people_write_them(repository: Repository) -> None:
    lists = "    groups: [a, b]\n    extraSpec: {order: [1, 2], gone: x, long: " + "y" * 200 + "a}\n"
    repository.stack(changed("    displayName: Acme\n", f"    displayName: Acme\n{lists}", WITH))
    repository.commit()
    lists = "    groups: [b, c]\n    extraSpec: {order: [2, 1], new: true, long: " + "y" * 200 + "b}\n"
    repository.stack(changed("    displayName: Acme\n", f"    displayName: Sight\n{lists}", WITH))
    result = repository.run("diff", "HEAD")
    line = " ".join(result.stdout.partition("  ~ Tenant/acme\n")[2].split())
    assert 'spec.displayName: "Acme" → "Sight"' in line
    assert 'spec.tenantRoleMapping.groups: "c" added; "a" removed' in line
    assert "spec.order reordered, or with different duplicates" in line
    assert 'spec.gone removed, was "x"' in line
    assert "spec.new = true" in line
    assert "spec.long: …" in line
    assert 'ya" → …' in line


# --- What cannot be read --------------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_does_not_silence_the_others(repository: Repository) -> None:
    repository.stack(STACK.replace("acme", "beta").replace("vision", "sight").replace("v1:", "v1:b"), "beta.dev")
    repository.stack("config: [")
    printed = repository.printed("diff", code=2)
    assert "Not compared (1)\n    stack acme.dev: its file could not be read or parsed on one side" in printed
    assert "error PAI012 stacks/Pulumi.acme.dev.yaml:2" in printed
    assert "+ Namespace/tenant-beta" in printed


def test_a_file_that_is_mended_is_no_failure(repository: Repository) -> None:
    repository.stack("config: [")
    repository.commit()
    repository.stack(WITH)
    printed = repository.printed("diff", "HEAD")
    assert "Not compared (1)" in printed
    assert "Problems fixed (1)" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "this clone has no revision `nowhere`"),
        (["acme.dev"], "`acme.dev` names a stack and no git revision, so nothing was compared."),
        (["a*.d*"], "`a*.d*` names a stack and no git revision"),
        (["stacks/Pulumi.acme.dev.yaml"], "`paletteai diff acme.dev STACK` compares it with another stack."),
        (["main", "acme.dev"], "there is no stack `main` in `stacks`, and two revisions cannot be compared."),
        (["acme.dev", "acme.prod"], "there is no stack `acme.prod` in `stacks`"),
        (["a", "b", "c"], "`paletteai diff` compares one revision or two stacks"),
        (["--stacks", "nowhere"], "there is no folder `nowhere`"),
        (["--limit", "10"], "--limit"),
    ],
)
def test_a_wrong_call_is_answered(repository: Repository, arguments: list[str], said: str) -> None:
    assert said in " ".join(repository.refused("diff", *arguments).split())


def test_a_comment_is_there_also_when_there_is_nothing_to_compare(repository: Repository) -> None:
    for arguments in (["nowhere"], ["--stacks", "nowhere"]):
        result = repository.run("diff", *arguments, "--format", "markdown")
        assert result.stdout.startswith(f"{MARKER}\n**The stack files could not be compared")
        assert "### Why\n\n- " in result.stdout
        assert result.stderr
        assert result.exit_code == 2


def test_nothing_loads_what_it_does_not_need(repository: Repository) -> None:
    code = "import sys; from paletteai_components.cli import main\ntry: main(['diff'])\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert {"pulumi", "rich", "jsonschema"}.isdisjoint(done.stdout.split())
    assert "\nno difference\n" in done.stdout


@pytest.mark.untraced
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_mistake_ends_in_a_traceback_or_shows_a_key(case: Case, repository: Repository) -> None:
    repository.stack(case.text)
    for name, text in case.others:
        repository.stack(text, name)
    for form in ("text", "markdown"):
        result = repository.run("diff", "HEAD", "--format", form)
        assert result.exit_code == case.code
        assert KEY not in result.output
    # The other way round it is mended.
    repository.commit()
    shutil.rmtree("stacks")
    repository.stacks.mkdir()
    repository.stack(WITH)
    result = repository.run("diff", "HEAD")
    assert result.exit_code == 0
    assert KEY not in result.output


def test_what_was_wrong_before_is_not_known_to_be_deployed(repository: Repository) -> None:
    vision, lab = "      - {name: vision}\n", "      - {name: lab, displayName: L-1}\n"
    repository.stack(edited((vision, vision + lab)))
    repository.commit()
    repository.stack(edited((vision, lab)))
    printed = " ".join(repository.printed("diff", "HEAD").split())
    told = "Namespace/vision, Project/vision/vision are protected; if deployed, `pulumi up` refuses to delete them."
    assert f"warning: stack acme.dev: {told}" in printed


def test_a_field_of_an_element_has_a_path_for_people_and_one_for_machines(repository: Repository) -> None:
    top = '  paletteai:vendorFields: {settings.palette: "spec.integrations[type=palette].secretRef.name"}\n'
    repository.stack(WITH + top)
    repository.commit()
    repository.stack(edited(("default: {palette: shared}", "default: {palette: shared, secretName: other}")) + top)
    said = " ".join(repository.run("diff", "HEAD").stdout.split())
    assert 'spec.integrations[type=palette].secretRef.name: "default-palette" → "other"' in said
    objects = json.loads(repository.run("diff", "HEAD", "--format", "json").stdout)["objects"]
    (settings,) = (each for each in objects if each["reference"] == "Settings/tenant-acme/default")
    path = ["spec", "integrations", {"type": "palette"}, "secretRef", "name"]
    assert settings["fields"] == [{"path": path, "before": "default-palette", "after": "other"}]


# --- Machines -------------------------------------------------------------------------------------------------------


def test_json_has_exactly_the_documented_form(repository: Repository) -> None:
    file = changed("      - {name: vision}\n", "      - {name: lab}\n", ROTATED)
    repository.stack(changed("    displayName: Acme\n", "    displayName: Sight\n    onRemoval: retain\n", file))
    result = repository.run("diff", "HEAD", "--format", "json")
    value = json.loads(result.stdout)
    section = JSON.split("### Difference\n")[1].split("### ")[0]
    assert [*value, "reached"] == re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert value["base"] == {"name": "HEAD", "commit": repository.git("rev-parse", "HEAD")}
    kept = dict.fromkeys(("error", "warning", "note", "silenced"), 0)
    assert value["version"] == 1
    assert value["problems"] == {"introduced": [], "refused": [], "fixed": [], "kept": kept}
    totals = {each: number for each, number in value["totals"].items() if number}
    assert totals == {"refused": 2, "integrations": 1, "created": 2, "changed": 2}
    changed_object = next(each for each in value["objects"] if each["reference"] == "Tenant/acme")
    assert changed_object == {
        "action": "changed",
        "stack": "acme.dev",
        "cluster": "dev",
        "reference": "Tenant/acme",
        "name": "acme",
        **dict.fromkeys(("formerStack", "formerReference", "formerName", "fate")),
        "imported": False,
        "fields": [{"path": ["spec", "displayName"], "before": "Acme", "after": "Sight"}],
    }
    settings = next(each for each in value["objects"] if each["reference"] == "Settings/tenant-acme/default")
    path = ["metadata", "annotations", "paletteai-components/credential-fingerprint"]
    assert settings["fields"] == [{"path": path, "hidden": ["before", "after"]}]
    assert value["integrations"] == [
        {
            "stack": "acme.dev",
            "settings": "tenant-acme/default",
            "integration": "shared",
            "key": "another",
            "fields": [],
            "projects": ["lab"],
            "overriding": [],
        }
    ]
    assert value["removals"] == [{"stack": "acme.dev", "owner": "tenant acme", "before": "refuse", "after": "retain"}]
    assert (value["stacks"], value["moves"], value["uncompared"], value["unchanged"]) == ([], [], [], 0)
    assert KEY not in result.stdout


# --- Two environments -----------------------------------------------------------------------------------------------

PROD = f"""\
config:
  kubernetes:context: prod
  paletteai:integrations:
    main:
      hostUrl: https://palette.acme.example
      tenant: example-tenant
      defaultProjectID: "661234567890123456789012"
      apiKey: {{secure: "v1:{KEY}3"}}
    spare: {{existingSecret: spare}}
  paletteai:tenant:
    name: acme
    namespace: home
    displayName: Acme
    onRemoval: retain
    computeConfigRef: {{name: default}}
    settings:
      default: {{palette: main}}
    projects:
      - {{name: vision, displayName: Vision, onRemoval: refuse}}
      - {{name: lab, onRemoval: refuse}}
"""


def test_two_environments_are_compared_by_the_parts_that_objects_play(repository: Repository) -> None:
    repository.stack(PROD, "acme.prod")
    assert repository.printed("diff", "acme.dev", "acme.prod") == (
        "Deployed differently (4)\n"
        '    namespace: "tenant-acme" in acme.dev, "home" in acme.prod\n'
        '    cluster: "dev" in acme.dev, "prod" in acme.prod\n'
        '    kubernetes:context: "dev" in acme.dev, "prod" in acme.prod\n'
        '    environment: "dev" in acme.dev, "prod" in acme.prod\n'
        "Only in acme.dev (1)\n"
        "    integration shared\n"
        "Only in acme.prod (4)\n"
        "    Namespace lab\n"
        "    Project lab\n"
        "    integration main\n"
        "    integration spare\n"
        "Differs (2)\n"
        '    Project vision: spec.displayName only in acme.prod: "Vision"\n'
        "    the integration of Settings default\n"
        '      integration: "shared" in acme.dev, "main" in acme.prod\n'
        '      hostUrl: "api.spectrocloud.com" in acme.dev, "palette.acme.example" in\n'
        "        acme.prod\n"
        '      defaultProjectID: "651234567890123456789012" in acme.dev,\n'
        '        "661234567890123456789012" in acme.prod\n'
        "onRemoval differs (1)\n"
        "    tenant acme: refuse in acme.dev, retain in acme.prod\n"
        "Compared acme.dev with acme.prod.\n"
        "1 only in acme.dev, 4 only in acme.prod, 2 differ, 1 with a different onRemoval\n"
    )


def test_two_environments_need_no_git(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.stack(PROD, "acme.prod")
    monkeypatch.setenv("PATH", "/nowhere")
    value = json.loads(repository.run("diff", "acme.dev", "acme.prod", "--format", "json").stdout)
    form = ["facts", "onlyInFirst", "onlyInSecond", "parts", "sources", "removals"]
    assert list(value) == ["version", "first", "second", "totals", *form]
    assert value["totals"] == {name: len(value[name]) for name in form}
    assert value["removals"] == [{"owner": "tenant acme", "first": "refuse", "second": "retain"}]
    assert value["parts"][0] == {
        "part": "Project vision",
        "fields": [{"path": ["spec", "displayName"], "second": "Vision"}],
    }


def test_an_environment_that_is_only_deployed_otherwise_or_the_same_says_so(repository: Repository) -> None:
    repository.stack(STACK.replace("context: dev", "context: prod").replace("v1:", "v1:b"), "acme.prod")
    printed = repository.printed("diff", "acme.dev", "acme.prod")
    assert printed.endswith("\ndeployed differently, otherwise the same\n")
    assert repository.printed("diff", "acme.dev", "acme.dev") == "Compared acme.dev with acme.dev.\nno difference\n"


def test_projects_and_compute_that_differ_between_environments_are_told(repository: Repository) -> None:
    own = "      - {name: vision, settings: {palette: spare}, computeConfigRef: {name: default, namespace: other}}\n"
    shown = PROD.replace("      - {name: vision, displayName: Vision, onRemoval: refuse}\n", own)
    repository.stack(shown.replace("    namespace: home\n", ""), "acme.prod")
    printed = repository.run("diff", "acme.dev", "acme.prod").stdout
    assert "    Settings vision/default\n" in printed
    assert 'spec.computeConfigRef.namespace only in acme.prod: "other"' in printed
    assert "      in acme.prod: its own Settings vision/default\n" in printed


def test_what_an_error_was_found_in_is_not_shown_between_environments(repository: Repository) -> None:
    repository.stack(changed("displayName: Vision", f'displayName: "{KEY}!"', PROD), "acme.prod")
    printed = repository.run("diff", "acme.dev", "acme.prod").stdout
    assert KEY not in printed
    assert "spec.displayName only in acme.prod (not shown: the file has errors)" in " ".join(printed.split())


@pytest.mark.parametrize("text", ["config: [", "config: {}", "config: {'paletteai:tenant': {name: acme, groups: 1}}"])
def test_an_environment_that_cannot_be_read_is_refused(repository: Repository, text: str) -> None:
    repository.stack(text, "acme.prod")
    said = repository.refused("diff", "acme.dev", "acme.prod")
    assert "error PAI012" in said
    assert said.startswith("stacks/Pulumi.acme.prod.yaml:")


# --- The page -------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path, monkeypatch)
    before = re.findall(r"```yaml\n(config:.*?)```", PAGE, re.DOTALL)[0]
    repository.stack(before)
    repository.commit()
    after = changed("{name: vision}", "{name: vision, displayName: Vision}", before)
    repository.stack(changed("      - {name: lab, settings: {palette: vaulted}}\n", "", after))
    shown = re.findall(r"```text\n\$ paletteai (diff.*?)\n(.*?)```", SECTION, re.DOTALL)
    assert len(shown) >= 1
    for arguments, expected in shown:
        printed = repository.run(*arguments.split()).stdout
        assert re.sub(r"\([0-9a-f]{12}\)", "(1a2b3c4d5e6f)", printed) == expected
