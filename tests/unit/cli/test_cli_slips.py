"""Slips of a newcomer: each is one problem with a remedy, and what follows from it is not told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.commands import commands_in
from support.projects import KEY, Project
from support.slips import SLIPS, Slip

CONSEQUENCE = re.compile(r", so |, which would |\. (?:It|PaletteAI|Only one of them) (?:could|would|can) ")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path, monkeypatch)
    project.declare()
    return project


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_a_slip_is_one_problem_that_says_what_to_write(slip: Slip, project: Project) -> None:
    project.stack(slip.text)
    result = project.run("check", "--format", "json")
    (diagnostic,) = json.loads(result.stdout)["problems"]
    line = slip.text[: slip.text.index(slip.line)].count("\n") + 1
    assert (diagnostic["severity"], diagnostic["code"]) == (slip.kind, slip.code)
    assert diagnostic["where"][0] == {"file": "stacks/Pulumi.acme.dev.yaml", "line": line}
    assert slip.fact in diagnostic["message"]
    assert CONSEQUENCE.search(diagnostic["message"]), "the message says no consequence"
    assert diagnostic["help"].endswith((".", "?"))
    assert diagnostic["help"].startswith(slip.remedy)
    assert KEY not in result.stdout
    assert all("--stack acme.dev" in each for each in commands_in(diagnostic["help"]) if "config set" in each)


def test_there_are_enough_slips_and_no_two_alike() -> None:
    assert len({slip.text for slip in SLIPS}) == len({slip.name for slip in SLIPS}) == len(SLIPS) >= 45
