"""The layouts of projects and stack files, read by the real CLI: what is recorded is what it answers."""

from __future__ import annotations

from typing import Any

import pytest
from support.layouts import answers_of_the_cli, recorded
from support.real import PULUMI


@pytest.mark.engine
@pytest.mark.timeout(900)
@pytest.mark.skipif(PULUMI is None, reason="needs pulumi on PATH")
def test_the_recorded_answers_are_those_of_the_real_cli() -> None:
    def told(answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
        return {name: "refused" if "refused" in answer else answer for name, answer in answers.items()}

    assert told(answers_of_the_cli()) == told(recorded())
