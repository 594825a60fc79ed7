"""The hooks for pre-commit: what they are run for, and that their entry is the command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from support.checkout import ROOT
from support.observations import settings, tenant
from support.projects import Project, changed

from paletteai_components.cli import main

HOOK, MANIFESTS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def called(hook: Any, monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: str) -> Result:
    """The result of a hook as pre-commit runs it: its entry, then its arguments or those of the configuration."""
    command, *entry = shlex.split(hook["entry"])
    assert command == "paletteai"
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, [*entry, *(arguments or hook.get("args", ()))])


def test_the_hooks_judge_everything_together_and_once() -> None:
    assert [each["id"] for each in (HOOK, MANIFESTS)] == ["paletteai-check", "paletteai-check-manifests"]
    for hook in (HOOK, MANIFESTS):
        assert hook["language"] == "python"
        assert hook["pass_filenames"] is False
        assert hook["require_serial"] is True
        assert {*hook} - {"args"} == {
            *("id", "name", "description", "entry"),
            *("language", "files", "pass_filenames", "require_serial"),
        }


OURS = [f"stacks/{file.name}" for file in (ROOT / "stacks").iterdir()]


@pytest.mark.parametrize(
    ("file", "read"),
    [
        *((file, True) for file in ("stacks/Pulumi.acme.dev.yaml", "stacks/Pulumi.a.yaml", "Pulumi.yaml", *OURS)),
        *((f"stacks/{name}", False) for name in ("notes.yaml", "Pulumi.yaml.bak")),
        *((file, False) for file in ("docs/Pulumi.yaml", "other/stacks/Pulumi.a.yaml", "README.md")),
    ],
)
def test_the_hook_is_run_for_what_the_check_reads_and_for_nothing_else(file: str, read: bool) -> None:
    assert bool(re.search(HOOK["files"], file)) is read


@pytest.mark.parametrize(("old", "new", "code"), [("vision", "vision", 0), ("palette: shared", "palette: other", 1)])
def test_the_entry_lets_a_commit_through_only_where_the_check_does(
    old: str, new: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch)
    project.stack(changed(old, new))
    ran = called(HOOK, monkeypatch, tmp_path)
    assert ran.exit_code == code, ran.output


@pytest.mark.parametrize("file", ["all.yaml", "clusters/dev/a tenant.yml", "a/b.json"])
def test_the_hook_for_manifests_is_run_for_what_it_reads(file: str) -> None:
    assert re.search(MANIFESTS["files"], file)
    assert not re.search(MANIFESTS["files"], f"{file}.md")


@pytest.mark.parametrize("arguments", [(), ("--manifests", "the dev cluster")])
@pytest.mark.parametrize(("secrets", "code"), [(("one", "other"), 0), (("one", "one"), 1)])
def test_the_hook_for_manifests_sees_what_is_wrong_across_files_whatever_their_names(
    arguments: tuple[str, ...], secrets: tuple[str, str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "the dev cluster"
    folder.mkdir()
    one, other = (settings(name=name, secret=each) for name, each in zip(("default", "edge"), secrets, strict=True))
    for name, each in {"one' thing": one, "an*other;": other, "$(x) -q": tenant()}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(each))
    ran = called(MANIFESTS, monkeypatch, tmp_path, *arguments)
    assert ran.exit_code == code, ran.output
    if code:
        assert "error PAI002: Secret `tenant-acme/one`" in ran.output
        assert "the dev cluster/one' thing.yaml" in ran.output
