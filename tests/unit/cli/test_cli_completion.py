"""Completion in bash, zsh and fish, as somebody who types meets it."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.checkout import ROOT
from support.projects import PULUMI_YAML, STACK, Project
from support.wheel import Elsewhere

from paletteai_components.cli import COMMANDS
from paletteai_components.cli.completion import SHELLS, VARIABLE

PAGE = (ROOT / "docs" / "command.md").read_text(encoding="utf-8")
# Each would do something, or look like something else, if a shell or a terminal took it for more than a text.
HOSTILE = (
    "$(touch pwned).dev",
    "`touch pwned`.dev",
    "a;touch pwned;.dev",
    "a b.dev",
    "a\ntouch pwned\n.dev",
    "a\x1b[31m.dev",
    "a\r.dev",
    "-rf.dev",
    "*.dev",
    "a,b.dev",
    "a:b.dev",
    "a'b.dev",
    'a"b.dev',
    "a\\b.dev",
    "~root.dev",
    "!!.dev",
    "\u202edev.a",
    "\udcff.dev",
)


class Line:
    """A line that somebody types in a folder, where the command is the one of these tests."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.project = Project(folder, monkeypatch)
        self.project.declare()
        for name in ("acme.dev", "acme.prod", "beta.dev"):
            self.project.stack(STACK, name)
        self._bin = folder.parent / f"{folder.name}-bin"
        self._bin.mkdir()
        command = self._bin / "paletteai"
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m paletteai_components "$@"\n')
        command.chmod(0o755)
        self.home = self._bin / "home"
        self.home.mkdir()
        self.environment = {
            "PATH": f"{self._bin}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
        }
        if cached := os.environ.get("PYTHONPYCACHEPREFIX"):
            self.environment["PYTHONPYCACHEPREFIX"] = cached

    def completed(self, shell: str, line: str) -> list[str]:
        """What the shell offers at the end of a line, in order of the alphabet. Nothing may be printed beside it."""
        asked = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}[shell]
        done = subprocess.run(
            [which(shell), *asked],
            cwd=self.project.folder,
            env={**self.environment, "LINE": line},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=120,
            check=False,
        )
        assert done.stderr == "", done.stderr
        return sorted({each for each in done.stdout.splitlines() if each})


_BASH = (
    "--norc",
    "-c",
    """
    eval "$(paletteai completion bash)"
    read -ra COMP_WORDS <<< "$LINE"
    [[ $LINE == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    compopt() { :; }
    function=$(complete -p paletteai | sed -E 's/.*-F ([^ ]+) .*/\\1/')
    "$function" paletteai "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
    printf '%s\\n' "${COMPREPLY[@]}"
    """,
)
# What the widget of a user would add, without a terminal: the function that `compdef` names, and what it adds.
_ZSH = (
    "-f",
    "-c",
    """
    compdef() { completing=$1 }
    compadd() { local -a plain; plain=(${(P)@[-1]}); print -rl -- $plain }
    _describe() { local -a described; described=(${(P)3}); print -rl -- ${described%%:*} }
    _path_files() { : }
    eval "$(paletteai completion zsh)"
    words=(${(z)LINE})
    [[ $LINE == *' ' ]] && words+=('')
    CURRENT=${#words}
    $completing
    """,
)
_FISH = ("--no-config", "-c", "paletteai completion fish | source; complete -C $LINE | string replace -r '\\t.*' ''")


def which(shell: str) -> str:
    found = shutil.which(shell, path="/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin")
    if found is None:
        pytest.skip(f"needs {shell} on PATH")
    return found


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    folder = tmp_path / "fleet"
    folder.mkdir()
    return Line(folder, monkeypatch)


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_options_values_stacks_and_environments_are_completed(shell: str, line: Line) -> None:
    assert line.completed(shell, "paletteai ") == sorted(COMMANDS)
    assert line.completed(shell, "paletteai pl") == ["plan"]
    assert line.completed(shell, "paletteai ci ") == ["checkout", "comment", "deployed", "jobs", "preview", "up"]
    assert "--fail-on" in line.completed(shell, "paletteai check --f")
    assert line.completed(shell, "paletteai check --format gi") == ["github", "gitlab"]
    assert line.completed(shell, "paletteai check ac") == ["acme.dev", "acme.prod"]
    assert line.completed(shell, "paletteai check acme.dev ") == ["acme.prod", "beta.dev"]
    assert line.completed(shell, "paletteai up ") == ["dev", "prod"]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_stacks_are_those_of_the_folder_that_is_named(shell: str, line: Line) -> None:
    other = line.project.folder / "other"
    (other / "stacks").mkdir(parents=True)
    (other / "Pulumi.yaml").write_text(PULUMI_YAML)
    (other / "stacks" / "Pulumi.gamma.dev.yaml").write_text(STACK)
    shutil.copytree(other, line.home / "fleet")
    assert line.completed(shell, "paletteai -C other check ") == ["gamma.dev"]
    assert line.completed(shell, "paletteai -C ~/fleet check ") == ["gamma.dev"]
    assert line.completed(shell, "paletteai check --stacks other ") == ["gamma.dev"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_name_that_is_more_than_a_word_is_not_offered_and_nothing_of_it_runs(shell: str, line: Line) -> None:
    for name in HOSTILE:
        line.project.stack(STACK, name)
    assert line.completed(shell, "paletteai check ") == ["acme.dev", "acme.prod", "beta.dev"]
    assert line.completed(shell, "paletteai diff a") == ["acme.dev", "acme.prod"]
    assert line.completed(shell, "paletteai up ") == ["dev", "prod"]
    assert not list(line.project.folder.rglob("pwned"))


@pytest.mark.parametrize("shell", SHELLS)
def test_where_nothing_can_be_offered_nothing_is_printed(shell: str, line: Line) -> None:
    for words in ("-C nowhere check ", "check --stacks Pulumi.yaml ", "ci nothing ", "stacks x --since "):
        assert line.completed(shell, f"paletteai {words}") == []
    # What is wrong with a project is for its commands to say.
    (line.project.folder / "Pulumi.yaml").write_text("a: [")
    assert line.completed(shell, "paletteai check b") == ["beta.dev"]


def test_the_codes_of_rules_are_completed(line: Line) -> None:
    assert line.completed("bash", "paletteai explain PAI02") == ["PAI020", "PAI021", "PAI022", "PAI023"]
    assert line.completed("bash", "paletteai explain a") == ["acme.dev", "acme.prod"]
    assert line.completed("bash", "paletteai check --select pai00")[:2] == ["PAI001", "PAI002"]
    assert line.completed("bash", "paletteai schema c") == ["check", "ci", "crds"]
    assert line.completed("bash", "paletteai schema ci ") == ["jobs"]


# On a terminal


@pytest.mark.parametrize(
    ("shell", "options", "setup"),
    [
        ("bash", ["--norc", "-i"], 'eval "$(paletteai completion bash)"'),
        ("zsh", ["-f", "-i"], 'autoload -Uz compinit && compinit -u && eval "$(paletteai completion zsh)"'),
    ],
)
def test_tab_completes_the_word_that_is_typed(shell: str, options: list[str], setup: str, line: Line) -> None:
    line.project.stack(STACK, "zeta.prod")
    line.project.stack(STACK, "z$(touch pwned).dev")
    with terminal([which(shell), *options], line) as (read_until, write):
        write(f"{setup}; echo set''up\n")
        read_until("setup")
        write("paletteai check z\t")
        assert "error" not in read_until("zeta.prod").lower()
    assert not list(line.project.folder.rglob("pwned"))


@contextmanager
def terminal(command: list[str], line: Line) -> Iterator[tuple[Callable[[str], str], Callable[[str], object]]]:
    """A program on a terminal of its own: reads what it shows up to a text, and types."""
    pid, end = pty.fork()
    if pid == 0:
        os.chdir(line.project.folder)
        os.execve(command[0], command, {**line.environment, "TERM": "xterm"})

    def read_until(text: str) -> str:
        shown, until = "", time.monotonic() + 100
        while text not in shown:
            assert time.monotonic() < until, shown
            if select.select([end], [], [], 1)[0]:
                shown += os.read(end, 4096).decode(errors="replace")
        return shown

    try:
        yield read_until, lambda text: os.write(end, text.encode())
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(end)


# What it costs, and the wheel

_LOADED = """\
import sys
from paletteai_components.cli import main
try:
    main(prog_name="paletteai")
except SystemExit:
    print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize("typed", ["check a", "diff a", "up d", "operator d", "new acme d", "--st"])
def test_completion_loads_no_more_than_the_names_need(typed: str, line: Line) -> None:
    words = f"paletteai {typed}"
    asked = {VARIABLE: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-c", _LOADED],
        cwd=line.project.folder,
        env={**line.environment, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    *_, loaded = done.stdout.splitlines()
    assert set(loaded.split()).isdisjoint({"pulumi", "pydantic", "grpc", "kubernetes", "rich", "jsonschema"})


def test_the_installed_wheel_completes_in_bash(elsewhere: Elsewhere) -> None:
    elsewhere.paletteai("init", ".", "--ci", "none")
    elsewhere.paletteai("new", "acme", "dev")
    script = 'eval "$(paletteai completion bash)"; COMP_WORDS=(paletteai plan a); COMP_CWORD=2; '
    ran = elsewhere.run("bash", "-c", f"{script}_paletteai_completion paletteai a plan; echo $COMPREPLY")
    assert (ran.out, ran.err) == ("acme.dev\n", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_the_page_says_how_each_shell_is_set_up(shell: str) -> None:
    section = PAGE.split("\n## completion\n")[1].split("\n## ")[0]
    assert f"paletteai completion {shell}" in section
