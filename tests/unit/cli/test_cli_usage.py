"""A wrong call: what is wrong with it, and what to type instead."""

from __future__ import annotations

import re
import shlex

import pytest
from support.commands import check, commands_in
from support.projects import KEY, Project
from support.terminals import terminal

WRONG = {
    "chek": ("there is no command `chek`", "Did you mean `check`?"),
    "xyzzy": ("there is no command `xyzzy`", "`paletteai --help` lists the commands."),
    "--colour always check": ("`paletteai` has no option `--colour`", "Did you mean `--color`?"),
    "--stacks DIR check": (
        "`paletteai` has no option `--stacks`",
        "Write a command's options after its name; `paletteai --help` lists the others.",
    ),
    "--color blue check": ("`--color` cannot be `blue`", "Write `auto`, `always` or `never`."),
    "-C": ("`-C` lacks its value", "Write `-C DIR`."),
    "check --sttacks x": ("`paletteai check` has no option `--sttacks`", "Did you mean `--stacks`?"),
    "check --foo": ("`paletteai check` has no option `--foo`", "`paletteai check --help` lists its options."),
    "check -x": ("`paletteai check` has no option `-x`", "`paletteai check --help` lists its options."),
    "check --color always": (
        "`paletteai check` has no option `--color`",
        "Write it before the command: `paletteai --color … check`.",
    ),
    "check --format xml": (
        "`--format` cannot be `xml`",
        "Write `text`, `json`, `sarif`, `github`, `gitlab` or `junit`.",
    ),
    "check --format jsn": ("`--format` cannot be `jsn`", "Did you mean `json`?"),
    "check --format": ("`--format` lacks its value", "Write `text`, `json`, `sarif`, `github`, `gitlab` or `junit`."),
    "check --env": ("`--env` lacks its value", "Write `--env ENV`."),
    "check --quiet=yes": ("`--quiet` takes no value", "Write `--quiet` alone."),
    "new acme": ("`paletteai new` lacks ENV", "Write `paletteai new TENANT ENV`."),
    "up": ("`paletteai up` lacks ENV", "Write `paletteai up ENV [STACK]...`."),
    "new acme dev prod": (
        "`paletteai new` does not take `prod`",
        "Write `paletteai new TENANT ENV`; `paletteai new --help` lists its options.",
    ),
    "schema a b": (
        "the command `a b` prints no JSON that has a schema",
        "These commands do: `check`, `plan`, `crds`, `diff`, `explain`, `graph`, `doctor`, `stacks`, `preview`, `up`, "
        "`refresh`, `ci jobs`.",
    ),
    "preview dev --parallel 0": ("`--parallel` cannot be `0`", "Write a whole number from 1 up."),
    "preview dev --parallel all": ("`--parallel` cannot be `all`", "Write a whole number from 1 up."),
}


@pytest.mark.parametrize("call", WRONG)
def test_a_wrong_call_is_told_in_two_lines(project: Project, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fact, remedy = WRONG[call]
    said = project.refused(*shlex.split(call))
    assert said == f"error: {fact}, so nothing was done.\n  help: {remedy}\n"
    monkeypatch.undo()
    for line in commands_in(remedy):
        if "…" not in line and "[" not in line:
            check(line)


def test_help_is_no_error(project: Project) -> None:
    assert project.run().output == project.run("--help").output


@pytest.mark.parametrize(
    "call", [f"check --{KEY}", f"check --format {KEY}", f"new a b {KEY}", KEY, f"diff --limit {KEY}"]
)
def test_a_key_in_a_wrong_call_is_not_repeated(project: Project, call: str) -> None:
    assert KEY not in project.refused(*shlex.split(call))


def test_a_terminal_shows_an_error_in_colour_and_in_lines_of_its_width(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = terminal(monkeypatch, "stderr")
    from paletteai_components.cli import main

    with pytest.raises(SystemExit):
        main(["new", "acme", "dev", "prod"])
    first, *_ = lines = shown.getvalue().splitlines()
    assert first.startswith("\x1b[31m\x1b[1merror:\x1b[0m `paletteai new`")
    plain = [re.sub(r"\x1b\[\d+m", "", line) for line in lines]
    assert max(map(len, plain)) <= 60
    assert " ".join(" ".join(plain).split()) == " ".join(project.refused("new", "acme", "dev", "prod").split())
