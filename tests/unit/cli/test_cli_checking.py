"""Rules that two processes run find what one finds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.bench.workspaces import many_stacks

from paletteai_components.cli import checking
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import workspace_from


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize("many", [1, 10_000])
def test_two_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(checking, "MANY_PROJECTS", many)
    workspace = workspace_from(stack_folder(many_stacks(tmp_path / "stacks", 5, 3, faulty=True)))
    found = checking.checked(workspace)
    assert found == diagnostics_of(workspace)
    assert found
