"""The page on the command shows what it prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.projects import Project

from paletteai_components.cli import COMMANDS

PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
STACK = re.findall(r"```yaml\n(config:.*?)```", PAGE, re.DOTALL)[0]
SHOWN = re.findall(r"```console\n\$ paletteai (.*?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("arguments", "printed"), SHOWN, ids=[arguments for arguments, _ in SHOWN])
def test_a_command_prints_what_its_page_shows(
    arguments: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, monkeypatch)
    project.declare()
    project.stack(STACK)
    assert project.run(*arguments.split()).output == printed


def test_every_command_has_a_section() -> None:
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == list(COMMANDS)
