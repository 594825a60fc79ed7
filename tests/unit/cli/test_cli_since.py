"""`--since`: which stacks a change reaches, and that no other is run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.fleets import Fleet
from support.projects import PULUMI_YAML, changed

ALL = ["acme.dev", "beta.dev", "gamma.dev"]
TENANT = ("declaration", "its `paletteai:tenant` changed")


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    return Fleet(tmp_path, monkeypatch)


# What is run, and what is said


def test_only_the_stack_that_a_change_reaches_is_run(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    result = fleet.call("up", "dev", "--yes", "--since", "HEAD")
    assert fleet.ran() == [("up --yes --skip-preview", "beta.dev")]
    assert result.exit_code == 0
    commit = fleet.git("rev-parse", "HEAD")[:12]
    assert result.stdout.startswith(
        f"Since HEAD ({commit}):\n"
        "  beta.dev: its `paletteai:tenant` changed\n"
        "  2 stacks are left out, because nothing since then reaches them: acme.dev, gamma.dev\n"
        "beta.dev  deployed "
    )
    assert "\n3 stacks of dev: 1 deployed, 2 left out in " in result.stdout


def test_a_commit_is_named_once(fleet: Fleet) -> None:
    commit = fleet.git("rev-parse", "HEAD")
    assert fleet.printed("stacks", "--since", commit).startswith(f"Since {commit[:12]}:\n")
    assert fleet.listed("--since", commit)["since"]["revision"] == commit


def test_a_project_whose_stack_files_are_beside_its_own_is_compared_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = Fleet(tmp_path, monkeypatch)
    for name in ALL:
        fleet.git("mv", f"stacks/Pulumi.{name}.yaml", f"Pulumi.{name}.yaml")
    fleet.declare("name: paletteai\nruntime: python\n")
    fleet.commit()
    file = fleet.folder / "Pulumi.beta.dev.yaml"
    file.write_text(file.read_text().replace("displayName: Beta", "displayName: Better"))
    assert fleet.reached() == {"beta.dev": [TENANT]}
    fleet.file("stacks.py", "x")
    assert sorted(fleet.reached()) == ALL


@pytest.mark.parametrize("operation", ["preview", "refresh"])
def test_the_other_operations_leave_out_the_same(fleet: Fleet, operation: str) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    confirmed = ["--yes"] if operation == "refresh" else []
    assert fleet.call(operation, "dev", *confirmed, "--since", "HEAD").exit_code == 0
    assert [stack for _, stack in fleet.ran()] == ["beta.dev"]


def test_where_nothing_is_reached_pulumi_is_not_needed(fleet: Fleet) -> None:
    (fleet.bin / "pulumi").unlink()
    result = fleet.call("up", "dev", "--yes", "--since", "HEAD")
    assert result.exit_code == 0
    assert "  no stack is reached\n  3 stacks are left out" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("3 stacks of dev: 3 left out in ")
    assert fleet.call("up", "dev", "--since", "HEAD", "--yes", "--slice", "1/999").exit_code == 0


def test_the_json_has_what_is_reached_and_what_is_left_out(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    (fleet.stacks / "Pulumi.gamma.dev.yaml").unlink()
    value = json.loads(fleet.call("up", "dev", "--yes", "--since", "HEAD", "--format", "json").stdout)
    commit = fleet.git("rev-parse", "HEAD")
    expected = {"revision": "HEAD", "commit": commit, "leftOut": ["acme.dev"], "removed": ["gamma.dev"]}
    assert value["since"] == expected
    reasons = [{"cause": "declaration", "text": "its `paletteai:tenant` changed"}]
    assert [(each["name"], each["state"], each["reasons"]) for each in value["stacks"]] == [
        ("beta.dev", "succeeded", reasons)
    ]
    without = json.loads(fleet.call("up", "dev", "--yes", "--format", "json").stdout)
    assert without["since"] is None
    assert [each["reasons"] for each in without["stacks"]] == [[], []]


def test_names_globs_and_clusters_choose_among_what_is_reached(fleet: Fleet) -> None:
    for name in ("acme", "beta"):
        fleet.edit(f"{name}.dev", "{name: default}", "{name: other}")
    value = json.loads(
        fleet.call("up", "dev", "[bg]*", "--cluster", "dev", "--yes", "--since", "HEAD", "--format", "json").stdout
    )
    assert [each["name"] for each in value["stacks"]] == ["beta.dev"]
    assert value["since"]["leftOut"] == ["gamma.dev"]


def test_an_error_in_what_is_left_out_would_not_be_hidden(fleet: Fleet) -> None:
    # acme stays as it is, but beta takes its credential.
    fleet.edit("beta.dev", "v1:beta", "v1:acme")
    result = fleet.call("up", "dev", "--yes", "--since", "HEAD", "--format", "json")
    stacks = {each["name"]: each for each in json.loads(result.stdout)["stacks"]}
    assert result.exit_code == 1
    assert {name: each["state"] for name, each in stacks.items()} == {"acme.dev": "refused", "beta.dev": "refused"}
    assert stacks["acme.dev"]["reasons"] == [{"cause": "problems", "text": "it has errors that it did not have"}]
    assert stacks["acme.dev"]["problems"][0]["code"] == "PAI003"


def test_equal_reasons_are_said_once(fleet: Fleet) -> None:
    fleet.file("requirements.txt", "paletteai-components==1.1\n")
    text = fleet.printed("stacks", "--since", "HEAD")
    assert "  acme.dev, beta.dev, gamma.dev: `requirements.txt` changed, a part of the program\n" in text
    assert text.endswith("\n3 stacks\n")
    assert "left out" not in text


def test_names_alone_are_for_scripts(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    assert fleet.printed("stacks", "--since", "HEAD", "--format", "name") == "beta.dev\n"
    assert fleet.printed("stacks", "--format", "name").splitlines() == ALL


# What a reviewer is told


def test_a_reviewer_sees_which_stacks_a_merge_reaches_and_that_a_program_reaches_all_of_them(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    value = json.loads(fleet.printed("diff", "HEAD", "--format", "json"))
    assert value["reached"] == [
        {"name": "beta.dev", "reasons": [{"cause": "declaration", "text": "its `paletteai:tenant` changed"}]}
    ]
    assert "Reaches every stack" not in fleet.printed("diff", "HEAD")
    fleet.file("requirements.txt", "paletteai-components==1.1\n")
    text = fleet.printed("diff", "HEAD")
    assert "\nReaches every stack\n    `requirements.txt` changed, a part of the program\nCompared with " in text
    comment = fleet.printed("diff", "HEAD", "--format", "markdown")
    assert "### Reaches every stack\n\n- `requirements.txt` changed, a part of the program\n" in comment
    assert len(json.loads(fleet.printed("diff", "HEAD", "--format", "json"))["reached"]) == 3


def test_a_file_that_git_does_not_know_is_in_no_merge_and_yet_part_of_what_runs(fleet: Fleet) -> None:
    fleet.file("module.py", "x = 1\n")
    assert json.loads(fleet.printed("diff", "HEAD", "--format", "json"))["reached"] == []
    assert sorted(fleet.reached()) == ALL
    fleet.git("add", "module.py")
    assert len(json.loads(fleet.printed("diff", "HEAD", "--format", "json"))["reached"]) == 3


def test_a_pull_request_is_one_change_whatever_its_commits_are(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    base = fleet.git("rev-parse", "HEAD")
    for name in ("Better", "Beta"):
        fleet.edit("beta.dev", f"displayName: {'Beta' if name == 'Better' else 'Better'}", f"displayName: {name}")
        fleet.commit()
    assert json.loads(fleet.printed("diff", base, "--format", "json"))["reached"] == []
    # Nor does it need the commits in between.
    clone = shallow(fleet, 1, monkeypatch)
    subprocess.run(["git", "fetch", "--quiet", "--depth=1", "origin", base], cwd=clone, check=True)
    assert json.loads(fleet.printed("diff", base, "--format", "json"))["reached"] == []


# What a change reaches


def test_a_change_that_pulumi_does_not_see_reaches_nothing(fleet: Fleet) -> None:
    path = fleet.stacks / "Pulumi.beta.dev.yaml"
    path.write_text(f"# A comment.\n{path.read_text()}".replace("name: beta\n", "'name': \"beta\"\n"))
    fleet.declare(f"{PULUMI_YAML}description: Other words.\n")
    assert fleet.reached() == {}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("encryptionsalt: v1:abc=", "encryptionsalt"),
        ("secretsprovider: awskms://alias/x", "secretsprovider"),
        ("environment: [shared]", "environment"),
        ("config:\n  kubernetes:namespace: other\n", "kubernetes:namespace"),
    ],
)
def test_everything_that_pulumi_reads_of_a_stack_file_counts(fleet: Fleet, line: str, key: str) -> None:
    path = fleet.stacks / "Pulumi.beta.dev.yaml"
    text = path.read_text()
    path.write_text(text.replace("config:\n", line) if line.startswith("config") else f"{text}{line}\n")
    assert fleet.reached() == {"beta.dev": [("declaration", f"its `{key}` changed")]}


def test_a_default_reaches_the_stacks_that_use_it(fleet: Fleet) -> None:
    fleet.edit("acme.dev", "config:\n", "config:\n  kubernetes:namespace: own\n")
    fleet.declare(f"{PULUMI_YAML}config:\n  kubernetes:namespace: {{value: one}}\n")
    fleet.commit()
    fleet.declare(f"{PULUMI_YAML}config:\n  kubernetes:namespace: {{value: two}}\n")
    why = [("defaults", "the default of `kubernetes:namespace` in `Pulumi.yaml` changed")]
    assert fleet.reached() == {"beta.dev": why, "gamma.dev": why}


def test_a_default_that_becomes_a_stacks_own_value_reaches_nothing(fleet: Fleet) -> None:
    fleet.declare(f"{PULUMI_YAML}config:\n  kubernetes:namespace: {{value: one}}\n")
    fleet.commit()
    fleet.edit("acme.dev", "config:\n", "config:\n  kubernetes:namespace: one\n")
    assert fleet.reached() == {}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (f"{PULUMI_YAML}main: src\n", "main"),
        (PULUMI_YAML.replace("python", "{name: python, options: {virtualenv: other}}"), "runtime"),
        (f"{PULUMI_YAML}plugins: {{}}\n", "plugins"),
        (f"{PULUMI_YAML}config: {{other: {{type: string, default: x}}}}\n", "config.other"),
    ],
)
def test_how_pulumi_runs_the_program_reaches_every_stack(fleet: Fleet, text: str, what: str) -> None:
    fleet.declare(text)
    assert {name: why[0] for name, why in fleet.reached().items()} == dict.fromkeys(
        ALL, ("program", f"`{what}` of `Pulumi.yaml` changed")
    )


@pytest.mark.parametrize(
    "name", ["__main__.py", "requirements.txt", "more/module.py", "pyproject.toml", "data.json", ".python-version"]
)
@pytest.mark.parametrize("committed", [True, False])
def test_the_program_reaches_every_stack(fleet: Fleet, name: str, committed: bool) -> None:
    fleet.file(name, "changed\n")
    if committed:
        fleet.commit()
    # A folder that git does not know is one.
    said = name if committed else name.partition("/")[0]
    why = [("program", f"`{said}` changed, a part of the program")]
    assert fleet.reached("HEAD^" if committed else "HEAD") == dict.fromkeys(ALL, why)


@pytest.mark.parametrize(
    "name",
    ["README.md", "docs/x.py", "tests/x.py", ".github/workflows/x.yaml", ".gitlab-ci.yml", ".ci/x", "bin/x", "LICENSE"],
)
def test_what_no_program_reads_reaches_nothing(fleet: Fleet, name: str) -> None:
    fleet.file(name, "changed\n")
    fleet.git("add", "--all")
    assert fleet.reached() == {}
    if not name.startswith("bin"):
        fleet.commit()
        assert fleet.reached("HEAD^") == {}


def test_a_program_that_is_deleted_counts(fleet: Fleet) -> None:
    (fleet.folder / "requirements.txt").unlink()
    assert [why for why, *_ in fleet.reached().values()] == [
        ("program", "`requirements.txt` changed, a part of the program")
    ] * 3


def test_a_file_that_was_only_touched_is_the_same(fleet: Fleet) -> None:
    (fleet.folder / "__main__.py").touch()
    (fleet.stacks / "Pulumi.acme.dev.yaml").touch()
    assert fleet.reached() == {}


def test_a_new_stack_is_reached_and_a_renamed_one_is_new_and_gone(fleet: Fleet) -> None:
    fleet.add("delta")
    fleet.git("mv", "stacks/Pulumi.acme.dev.yaml", "stacks/Pulumi.acme.eu.yaml")
    value = fleet.listed("--since", "HEAD")
    new = [{"cause": "new", "text": "its file is new"}]
    assert [(each["name"], each["reasons"]) for each in value["stacks"]] == [("acme.eu", new), ("delta.dev", new)]
    assert value["since"]["removed"] == ["acme.dev"]
    result = fleet.call("up", "dev", "--yes", "--since", "HEAD")
    assert "  nothing is run for stacks whose files are gone: acme.dev\n" in result.stdout
    assert fleet.ran() == [("up --yes --skip-preview", "delta.dev")]
    assert fleet.listed("--since", "HEAD", "--env", "eu")["since"]["removed"] == []


def test_an_object_that_another_stack_changes_reaches_the_stacks_that_use_it(fleet: Fleet) -> None:
    tenant = "{name: base, sharedClusterOnly: true, computeConfigRef: {name: default}"
    fleet.stack(f"config:\n  kubernetes:context: dev\n  paletteai:tenant: {tenant}}}\n", "base.dev")
    more = f"{tenant}, existing: true, projects: [{{name: p}}]"
    fleet.stack(f"config:\n  kubernetes:context: dev\n  paletteai:tenant: {more}}}\n", "base.lab")
    fleet.commit()
    fleet.edit("base.dev", "name: base,", "name: base, labels: {a: b},")
    assert fleet.reached() == {
        "base.dev": [TENANT],
        "base.lab": [("relation", "it uses `Namespace/tenant-base`, which is changed by stack `base.dev`")],
    }
    (fleet.stacks / "Pulumi.base.dev.yaml").unlink()
    why = "it uses `Namespace/tenant-base`, which is no longer declared by stack `base.dev`"
    assert fleet.reached() == {"base.lab": [("relation", why)]}


def test_an_object_that_another_stack_may_have_changed_meanwhile_counts(fleet: Fleet) -> None:
    tenant = "{name: base, sharedClusterOnly: true, computeConfigRef: {name: default}"
    fleet.stack(f"config:\n  kubernetes:context: dev\n  paletteai:tenant: {tenant}}}\n", "base.dev")
    more = f"{tenant}, existing: true, projects: [{{name: p}}]"
    fleet.stack(f"config:\n  kubernetes:context: dev\n  paletteai:tenant: {more}}}\n", "base.lab")
    base = fleet.commit()
    fleet.edit("base.dev", "name: base,", "name: base, namespace: other,")
    fleet.commit()
    fleet.edit("base.dev", "name: base, namespace: other,", "name: base,")
    fleet.commit()
    assert fleet.reached(base)["base.lab"] == [
        ("relation", "it uses `Namespace/tenant-base`, which stack `base.dev` may change")
    ]


def test_a_stack_that_had_errors_may_not_be_deployed_as_it_was_declared(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "v1:beta", "v1:acme")
    fleet.commit()
    fleet.edit("beta.dev", "v1:acme", "v1:beta")
    assert fleet.reached() == {
        "acme.dev": [("problems", "it had errors, so it may not be deployed as it was declared")],
        "beta.dev": [
            ("declaration", "its `paletteai:integrations` changed"),
            ("problems", "it had errors, so it may not be deployed as it was declared"),
        ],
    }


def test_a_file_that_cannot_be_read_is_not_left_out(fleet: Fleet) -> None:
    fleet.stack("config: [", "beta.dev")
    result = fleet.call("up", "dev", "--yes", "--since", "HEAD", "--format", "json")
    assert result.exit_code == 2
    (stack,) = json.loads(result.stdout)["stacks"]
    assert (stack["name"], stack["state"]) == ("beta.dev", "refused")
    assert stack["reasons"] == [{"cause": "unknown", "text": "its file cannot be read"}]
    fleet.commit()
    fleet.add("beta")
    assert fleet.reached()["beta.dev"] == [("unknown", "its file cannot be read completely, or could not be")]


# What was deployed since


def test_a_change_that_was_taken_back_may_have_been_deployed(fleet: Fleet) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    fleet.edit("beta.dev", "displayName: Better", "displayName: Beta")
    fleet.commit()
    assert fleet.git("diff", "--name-only", "HEAD^^") == ""
    assert fleet.reached("HEAD^^") == {"beta.dev": [("meanwhile", "its `paletteai:tenant` was different in between")]}


def test_a_default_that_was_taken_back_may_have_been_deployed(fleet: Fleet) -> None:
    fleet.edit("acme.dev", "config:\n", "config:\n  kubernetes:namespace: own\n")
    base = fleet.commit()
    fleet.declare(f"{PULUMI_YAML}config:\n  kubernetes:namespace: {{value: one}}\n")
    fleet.commit()
    fleet.declare()
    fleet.commit()
    why = [("meanwhile", "its `kubernetes:namespace` was different in between")]
    assert fleet.reached(base) == {"beta.dev": why, "gamma.dev": why}


def test_a_program_that_was_taken_back_may_have_run(fleet: Fleet) -> None:
    fleet.git("commit", "--quiet", "--allow-empty", "-m", "x")
    fleet.file("requirements.txt", "paletteai-components==1.1\n")
    fleet.commit()
    fleet.git("revert", "--no-edit", "HEAD")
    assert sorted(fleet.reached("HEAD^^")) == ALL


def test_a_file_that_was_gone_or_there_in_between_counts(fleet: Fleet) -> None:
    base = fleet.git("rev-parse", "HEAD")
    text = (fleet.stacks / "Pulumi.beta.dev.yaml").read_text()
    (fleet.stacks / "Pulumi.beta.dev.yaml").unlink()
    fleet.add("delta")
    fleet.commit()
    fleet.stack(text, "beta.dev")
    (fleet.stacks / "Pulumi.delta.dev.yaml").unlink()
    fleet.commit()
    value = fleet.listed("--since", base)
    assert [(each["name"], each["reasons"][0]["text"]) for each in value["stacks"]] == [
        ("beta.dev", "its file was gone in between")
    ]
    assert value["since"]["removed"] == ["delta.dev"]


def test_the_merge_of_an_old_branch_reaches_what_the_branch_changes(fleet: Fleet) -> None:
    fleet.git("branch", "old")
    fleet.edit("acme.dev", "displayName: Acme", "displayName: Other")
    base = fleet.commit()
    fleet.git("checkout", "--quiet", "old")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    fleet.git("checkout", "--quiet", "main")
    fleet.git("merge", "--quiet", "--no-edit", "old")
    assert list(fleet.reached(base)) == ["beta.dev"]


def test_a_branch_that_was_brought_up_to_date_reaches_no_more(fleet: Fleet) -> None:
    fleet.git("branch", "old")
    fleet.edit("acme.dev", "displayName: Acme", "displayName: Other")
    base = fleet.commit()
    fleet.git("checkout", "--quiet", "old")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    fleet.git("merge", "--quiet", "--no-edit", "main")
    fleet.git("checkout", "--quiet", "main")
    fleet.git("merge", "--quiet", "--no-ff", "--no-edit", "old")
    assert list(fleet.reached(base)) == ["beta.dev"]


def test_what_only_a_merge_changes_counts(fleet: Fleet) -> None:
    base = fleet.git("rev-parse", "HEAD")
    fleet.git("checkout", "--quiet", "-b", "side")
    fleet.file("README.md", "x\n")
    fleet.commit()
    fleet.git("checkout", "--quiet", "main")
    fleet.git("merge", "--quiet", "--no-ff", "--no-commit", "side")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    fleet.edit("beta.dev", "displayName: Better", "displayName: Beta")
    fleet.commit()
    assert list(fleet.reached(base)) == ["beta.dev"]


def test_a_revision_on_another_branch_counts_with_all_that_is_there(fleet: Fleet) -> None:
    fleet.git("checkout", "--quiet", "-b", "side")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    fleet.edit("beta.dev", "displayName: Better", "displayName: Beta")
    fleet.edit("acme.dev", "displayName: Acme", "displayName: Other")
    fleet.commit()
    fleet.git("checkout", "--quiet", "main")
    assert sorted(fleet.reached("side")) == ["acme.dev", "beta.dev"]


# Clones and layouts


@pytest.mark.parametrize("revision", ["nowhere", "", "0" * 40, "-x"])
def test_a_revision_that_is_not_there_runs_nothing(fleet: Fleet, revision: str) -> None:
    said = fleet.refused("up", "dev", "--yes", f"--since={revision}")
    assert f"error: this clone has no revision `{revision}`, so there is nothing to compare with." in said
    assert fleet.ran() == []


def test_the_remedy_for_a_branch_is_the_command_that_was_called(fleet: Fleet) -> None:
    said = fleet.refused("up", "dev", "acme.dev", "--yes", "--since", "release")
    assert "run `paletteai up --since origin/release dev acme.dev`" in said
    said = fleet.refused("stacks", "--since", "release")
    assert "run `paletteai stacks --since origin/release`" in said


def shallow(fleet: Fleet, depth: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    clone = fleet.bin / "clone"
    fleet.git("clone", "--quiet", "--depth", str(depth), f"file://{fleet.folder}", str(clone))
    monkeypatch.chdir(clone)
    return clone


def test_a_shallow_clone_without_the_revision_runs_nothing(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    base = fleet.git("rev-parse", "HEAD")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    shallow(fleet, 1, monkeypatch)
    said = fleet.refused("stacks", "--since", base)
    assert f"this clone has no revision `{base}`" in said
    assert "`fetch-depth: 0`" in said


def test_a_shallow_clone_with_the_revision_but_not_what_is_between_runs_nothing(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = fleet.git("rev-parse", "HEAD")
    for name in ("Better", "Best"):
        fleet.stack(changed("Acme", name), "acme.dev")
        fleet.commit()
    clone = shallow(fleet, 1, monkeypatch)
    subprocess.run(["git", "fetch", "--quiet", "--depth=1", "origin", base], cwd=clone, check=True)
    said = fleet.refused("stacks", "--since", base)
    assert f"this clone lacks part of the history since `{base}`" in said
    assert "`fetch-depth: 0`" in said


def test_a_shallow_clone_that_is_deep_enough_is_enough(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    shallow(fleet, 2, monkeypatch)
    assert list(fleet.reached("HEAD^")) == ["beta.dev"]


def nested(fleet: Fleet) -> None:
    """The same project, in a folder of a larger repository."""
    (fleet.folder / "deploy").mkdir()
    for name in ("Pulumi.yaml", "__main__.py", "requirements.txt", "stacks"):
        fleet.git("mv", name, f"deploy/{name}")
    fleet.commit()


@pytest.mark.parametrize(
    ("name", "reaches"),
    [
        ("other/x.py", False),
        ("requirements.txt", True),
        ("uv.lock", True),
        ("deploy/x.py", True),
        ("deploy/docs/x.md", False),
    ],
)
def test_in_a_larger_repository_the_projects_folder_is_the_program(fleet: Fleet, name: str, reaches: bool) -> None:
    nested(fleet)
    fleet.file(name, "x\n")
    fleet.commit()
    assert bool(fleet.reached("HEAD^", "--stacks", "deploy")) == reaches


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "-r ../lib/requirements.txt\n"),
        ("pyproject.toml", "lib = {path = '../lib'}\n"),
        ("__main__.py", "import sys\nsys.path.append('/x')\n"),
        ("link", ""),
    ],
)
def test_a_program_that_leads_out_of_its_folder_is_all_of_the_repository(fleet: Fleet, name: str, text: str) -> None:
    nested(fleet)
    if text:
        fleet.file(f"deploy/{name}", text)
    else:
        (fleet.folder / "deploy" / name).symlink_to("../lib")
    fleet.commit()
    fleet.file("lib/x.py", "x\n")
    fleet.commit()
    assert sorted(fleet.reached("HEAD^", "--stacks", "deploy")) == ALL


def test_a_project_that_was_elsewhere_reaches_every_stack(fleet: Fleet) -> None:
    nested(fleet)
    reached = fleet.reached("HEAD^", "--stacks", "deploy")
    assert sorted(reached) == ALL
    assert ("unknown", "`Pulumi.yaml` was not there at that revision or since then") in reached["acme.dev"]


def test_stack_files_that_were_elsewhere_are_new(fleet: Fleet) -> None:
    fleet.git("mv", "stacks", "other")
    fleet.declare(PULUMI_YAML.replace("stackConfigDir: stacks", "stackConfigDir: other"))
    fleet.commit()
    reached = fleet.reached("HEAD^")
    assert sorted(reached) == ALL
    assert ("program", "`stackConfigDir` of `Pulumi.yaml` changed") in reached["acme.dev"]


def test_a_folder_that_became_a_link_reaches_every_stack(fleet: Fleet) -> None:
    fleet.git("mv", "stacks", "other")
    fleet.stacks.symlink_to("other")
    fleet.commit()
    reached = fleet.reached("HEAD^")
    assert sorted(reached) == ALL
    assert reached["acme.dev"][0][0] == "unknown"


def test_hostile_names_are_said_as_data(fleet: Fleet) -> None:
    fleet.file("x\n::error::\x1b[1m.py", "x")
    fleet.stack(changed("Acme", "Other"), "a ::set-output name=x::y")
    text = fleet.printed("stacks", "--since", "HEAD", "--slices", "4")
    assert "\x1b" not in text
    assert not any(line.startswith("::") for line in text.splitlines())
    assert sorted(fleet.reached())[0] == "a ::set-output name=x::y"


# Slices


def test_every_stack_is_in_one_slice_whatever_else_there_is(fleet: Fleet) -> None:
    parts = [fleet.printed("stacks", "--format", "name", "--slice", f"{number}/2").split() for number in (1, 2)]
    assert sorted(parts[0] + parts[1]) == ALL
    before = {each["name"]: each["slice"] for each in fleet.listed("--slices", "7")["stacks"]}
    fleet.add("delta")
    (fleet.stacks / "Pulumi.beta.dev.yaml").unlink()
    after = {each["name"]: each["slice"] for each in fleet.listed("--slices", "7")["stacks"]}
    assert {name: after[name] for name in ("acme.dev", "gamma.dev")} == {
        name: before[name] for name in ("acme.dev", "gamma.dev")
    }


def test_a_slice_runs_what_is_reached_in_it(fleet: Fleet) -> None:
    for name in ("acme", "beta"):
        fleet.edit(f"{name}.dev", "{name: default}", "{name: other}")
    value = fleet.listed("--since", "HEAD", "--slices", "5")
    for part in value["slices"]:
        fleet.call("up", part["environment"], "--yes", "--since", "HEAD", "--slice", part["slice"])
    assert [stack for part in value["slices"] for stack in part["stacks"]] != []
    assert [stack for _, stack in fleet.ran()] == ["acme.dev", "beta.dev"]


@pytest.mark.parametrize("part", ["0/3", "4/3", "3", "1/0", "a/b", "-1/3", "1/2/3"])
def test_a_slice_that_is_none_is_a_wrong_call(fleet: Fleet, part: str) -> None:
    said = fleet.refused("up", "dev", "--yes", f"--slice={part}")
    assert "is no slice, so nothing was done." in said
