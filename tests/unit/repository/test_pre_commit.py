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


def test_the_hook_judges_all_stacks_together_and_once() -> None:
    assert (HOOK["id"], HOOK["language"]) == ("paletteai-check", "python")
    assert HOOK["pass_filenames"] is False
    assert HOOK["require_serial"] is True
    assert set(HOOK) == {
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
    command, *arguments = shlex.split(HOOK["entry"])
    assert command == "paletteai"
    ran = project.run(*arguments)
    assert ran.exit_code == code, ran.output
