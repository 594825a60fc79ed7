"""The hook for pre-commit: what it is run for, and that its entry is the command."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.projects import Project, changed

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def test_the_hook_is_one_that_pre_commit_knows() -> None:
    assert HOOK.keys() == {
        "id",
        "name",
        "description",
        "entry",
        "language",
        "files",
        "pass_filenames",
        "require_serial",
    }
    assert HOOK["id"] == "paletteai-check"
    assert HOOK["language"] == "python"


def test_the_hook_judges_all_stacks_together_and_once() -> None:
    assert HOOK["pass_filenames"] is False
    assert HOOK["require_serial"] is True


@pytest.mark.parametrize("file", ["stacks/Pulumi.acme.dev.yaml", "stacks/Pulumi.a.yaml", "Pulumi.yaml"])
def test_the_hook_is_run_for_what_the_check_reads(file: str) -> None:
    assert re.search(HOOK["files"], file)


@pytest.mark.parametrize(
    "file",
    ["stacks/notes.yaml", "stacks/Pulumi.yaml.bak", "docs/Pulumi.yaml", "other/stacks/Pulumi.a.yaml", "README.md"],
)
def test_the_hook_is_not_run_for_other_files(file: str) -> None:
    assert not re.search(HOOK["files"], file)


def test_every_stack_file_of_the_project_is_one_the_hook_is_run_for() -> None:
    for file in (ROOT / "stacks").iterdir():
        assert re.search(HOOK["files"], f"stacks/{file.name}"), file


@pytest.mark.parametrize(("old", "new", "code"), [("vision", "vision", 0), ("palette: shared", "palette: other", 1)])
def test_the_entry_lets_a_commit_through_only_where_the_check_does(
    old: str, new: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch)
    project.stack(changed(old, new))
    command, *arguments = shlex.split(HOOK["entry"])
    assert command == "paletteai"
    ran = project.run(*arguments)
    assert ran.exit_code == code, ran.output
