"""Whether the output has colours: what the option and the usual variables say, else whether it is a terminal."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from support.projects import Project, changed

NONE: dict[str, str] = {}
VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE")
COMMANDS = ["check", "plan", "explain acme.dev vision"]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path, monkeypatch)
    project.stack(changed("{palette: shared}", "{palette: nowhere}"))
    return project


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("option", "variables", "coloured"),
    [
        ((), NONE, False),
        (("--color", "auto"), NONE, False),
        (("--color", "always"), NONE, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "0"}, False),
        ((), {"CLICOLOR_FORCE": "1"}, True),
        ((), {"CLICOLOR_FORCE": "0"}, False),
        ((), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ((), {"NO_COLOR": "", "FORCE_COLOR": "1"}, True),
    ],
)
def test_where_there_is_no_terminal_colours_are_for_who_asks_and_no_line_is_wrapped(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    option: tuple[str, ...],
    variables: dict[str, str],
    coloured: bool,
) -> None:
    plain = project.run(*command.split()).stdout
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    shown = project.run(*option, *command.split()).stdout
    assert ("\x1b[" in shown) is coloured
    assert unstyled(shown) == unstyled(plain)


def unstyled(text: str) -> str:
    return "\n".join(line.rstrip() for line in click.unstyle(text).splitlines())
