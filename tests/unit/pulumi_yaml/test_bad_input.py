"""Bad input: each mistake has its code and its line, and nothing else happens.

Every case is run through every command. None may end in a traceback, write a file or show a key.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.mistakes import CASES, Case
from support.projects import KEY, Project

COMMANDS = (
    ["check"],
    ["check", "acme.dev", "--format", "json"],
    ["plan"],
    ["plan", "--format", "json"],
    ["render"],
    ["render", "--with-secrets", "all.yaml"],
    ["ci", "jobs", "github"],
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def line_of(piece: str, text: str | bytes) -> int:
    """The number of the first line with this piece."""
    text = text if isinstance(text, str) else text.decode("latin-1")
    return text[: text.index(piece)].count("\n") + 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_has_its_code_and_its_line(case: Case, project: Project) -> None:
    project.stack(case.text)
    for name, text in case.others:
        project.stack(text, name)
    before = project.files()
    result = project.run("check", "--format", "json")
    diagnostics = json.loads(result.stdout)["problems"]
    first = [
        (diagnostic["code"], diagnostic["where"][0]["file"], diagnostic["where"][0]["line"])
        for diagnostic in diagnostics
    ]
    file = "stacks/Pulumi.acme.dev.yaml"
    assert first == [(code, file, line_of(piece, case.text)) for code, piece in case.diagnostics]
    assert case.says in " ".join(f"{diagnostic['message']} {diagnostic['help']}" for diagnostic in diagnostics)
    assert result.exit_code == case.code
    for command in COMMANDS:
        output = project.run(*command).output
        assert KEY not in output
        assert "Traceback" not in output
        assert "\x1b" not in output
    assert project.files() == before


def test_every_code_that_a_file_alone_can_break_is_met_here() -> None:
    met = {code for case in CASES for code, _ in case.diagnostics}
    # Of the others one is a matter of the cluster, and one is a warning about what is not there.
    assert met | {"PAI015", "PAI016"} == {f"PAI{number:03}" for number in range(1, 17)}


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("nowhere.yaml", "there is no such file"),
        ("Pulumi.acme.dev.yaml", "it is a symbolic link that leads back to itself"),
        ("/etc/hostname", "the file is a symbolic link out of its folder"),
        ("../Pulumi.yaml", "the file is a symbolic link out of its folder"),
    ],
)
def test_a_link_is_followed_inside_its_folder_only(project: Project, target: str, says: str) -> None:
    project.declare(f"name: {KEY}\nstackConfigDir: stacks\n")
    (project.stacks / "Pulumi.acme.dev.yaml").symlink_to(target)
    for command in COMMANDS:
        result = project.run(*command)
        assert KEY not in result.output
        if command[0] == "ci":
            # No stack is left out in silence: its job runs, and says so.
            assert result.stdout.startswith('matrix={"include":[{')
        else:
            assert says in result.output
            assert result.exit_code == 2


def test_a_file_that_pulumi_would_not_find_is_told(project: Project) -> None:
    project.declare()
    project.stack()
    (project.stacks / "Pulumi.beta.dev.yml").write_text("config: {}\n")
    result = project.run("check")
    assert "stacks/Pulumi.beta.dev.yml: error PAI014: the file looks like a stack file" in result.stdout
    assert result.exit_code == 1
