"""The log of a CI job: no name and no value in a stack file is a command to the server that reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.environments import Backend, said, step
from support.projects import STACK, changed
from support.repository import Repository

from paletteai_components.diagnostics import escaped

EVIL = "##[error]x"
SEVERAL = "::error::x ##[error]x ##vso[x]"
# GitHub takes the first for a command anywhere in a line, the second where a line begins.
HOSTILE = changed(
    "    displayName: Acme\n",
    f"    displayName: '{EVIL}'\n    labels: {{'{EVIL}': '::error::x', '{SEVERAL}': a}}\n"
    f"    annotations: {{'::error::x': '{EVIL}'}}\n"
    f'    extraSpec: {{"{EVIL}": "{EVIL}", "a\\n::error::x": "b\\n::error::x"}}\n',
)


def commands_in(output: str) -> list[str]:
    """The lines that GitHub would obey."""
    return [line for line in output.splitlines() if re.search(r"##\w*\[", line) or line.strip().startswith("::")]


@pytest.mark.parametrize(
    "arguments",
    [
        *(("check",), ("plan",), ("render",), ("graph",), ("diff", "HEAD"), ("explain", "::error::x.dev", "vision")),
        *((command, "--format", "json") for command in ("check", "plan", "graph")),
        *(("diff", "HEAD", "--format", form) for form in ("json", "markdown")),
        ("diff", "acme.dev", f"{EVIL}.dev", "--format", "json"),
        ("explain", f"{EVIL}.dev", EVIL, "--format", "json"),
        ("explain", f"{EVIL}.dev", EVIL),
        ("graph", "--format", "html"),
    ],
    ids=" ".join,
)
def test_no_name_and_no_value_is_a_command_to_the_server(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path, monkeypatch)
    repository.stack()
    repository.commit()
    repository.stack(HOSTILE)
    repository.stack(STACK, "::error::x.dev")
    repository.stack(HOSTILE.replace("name: vision", f"name: '{EVIL}', displayName: '::error::x'"), f"{EVIL}.dev")
    for folder in ((), ("--stacks", ".")):
        if folder:
            monkeypatch.chdir(repository.stacks)
        result = repository.run(*arguments, *folder)
        assert commands_in(result.output) == []
        if "json" in arguments:
            assert EVIL in json.dumps(json.loads(result.stdout), ensure_ascii=False)
        # A flowchart shows no name that is none.
        if "render" not in arguments and arguments != ("graph",):
            assert "error]x" in result.output


def test_what_is_rendered_means_the_same_without_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    repository = Repository(tmp_path, monkeypatch)
    repository.stack(
        changed("    displayName: Acme\n", f'    extraSpec: {{"{EVIL}": ["\\\\##", "b\\n::error::x", "###"]}}\n')
    )
    printed = repository.run("render").stdout
    assert commands_in(printed) == []
    (tenant,) = (each for each in yaml.safe_load_all(printed) if each["kind"] == "Tenant")
    assert tenant["spec"][EVIL] == ["\\##", "b\n::error::x", "###"]


def test_nothing_that_pulumi_says_is_a_command_to_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Backend(tmp_path, monkeypatch)
    lines = [step("delete", name=EVIL), said(f"a\n::error::x\n  ::set-output name=matrix::x {EVIL}"), "::error::x"]
    project.play("acme.dev", *lines, code=1)
    for form in ("text", "json"):
        result = project.call("up", "dev", "--yes", "--format", form)
        assert "error]x" in result.output
        assert commands_in(result.output) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("##[error]x", "#\\x23[error]x"),
        ("a ###vso[x]", "a #\\x23#vso[x]"),
        ("::error::x", ":\\x3aerror::x"),
        ("  ::error::x", "  :\\x3aerror::x"),
        ("urn:pulumi:dev::paletteai", "urn:pulumi:dev::paletteai"),
        ("# one", "# one"),
        ("\r::error::x", "\\r::error::x"),
    ],
)
def test_a_command_is_shown_by_its_characters(text: str, shown: str) -> None:
    assert escaped(text) == shown
    assert escaped(shown) == shown
