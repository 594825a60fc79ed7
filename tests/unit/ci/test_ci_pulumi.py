"""How Pulumi is run for one stack in a workflow: with which secrets, and what its output cannot do there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.ci_scripts import Ran
from support.projects import PULUMI_YAML

BASH = shutil.which("bash") or "/bin/bash"
PALETTEAI = (sys.executable, "-m", "paletteai_components", "ci")


class Machine:
    """A machine with the usual tools, and a Pulumi that only pretends; a project is the working directory."""

    def __init__(self, folder: Path) -> None:
        """It has no secret."""
        self.folder = folder
        self.bin = folder / "bin"
        for each in (self.bin, folder / "tmp"):
            each.mkdir()
        (folder / "Pulumi.yaml").write_text(PULUMI_YAML)
        self.environment = {"PATH": f"{self.bin}:{os.defpath}", "HOME": str(folder), "TMPDIR": str(folder / "tmp")}

    def pulumi(self, text: str) -> None:
        """Put a `pulumi` on PATH."""
        file = self.bin / "pulumi"
        file.write_text(f"#!{BASH}\n{text}\n")
        file.chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> Ran:
        """Run `paletteai ci`."""
        done = subprocess.run(
            [*PALETTEAI, *arguments],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def deploying(self, *arguments: str, **environment: str) -> Ran:
        """Run Pulumi, which tells how it was called and what it found."""
        self.pulumi(
            'echo "$*"\nenv | grep -E "^(PULUMI|KUBE)" | sort\n'
            'if [[ -n ${KUBECONFIG:-} ]]; then stat -c %a "$KUBECONFIG"; cat "$KUBECONFIG"; fi\nexit ${ENDS:-0}'
        )
        return self.run(*arguments, **environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("preview", "preview --stack acme.dev --diff --non-interactive --color never"),
        ("up", "up --stack acme.dev --yes --non-interactive --color never"),
    ],
)
def test_pulumi_is_run_for_one_stack_and_a_secret_that_is_not_set_is_not_an_empty_one(
    command: str, called: str, machine: Machine
) -> None:
    unset = dict.fromkeys(("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "KUBECONFIG_CONTENT"), "")
    ran = machine.deploying(command, "acme.dev", **unset, PULUMI_BACKEND_URL="s3://state")
    assert ran.out.splitlines() == [called, "PULUMI_BACKEND_URL=s3://state", "PULUMI_SKIP_UPDATE_CHECK=true"]


def test_the_kubeconfig_is_a_private_file_for_as_long_as_it_takes(machine: Machine) -> None:
    ran = machine.deploying("up", "acme.dev", KUBECONFIG_CONTENT="apiVersion: v1\nkind: Config", ENDS="7")
    assert ran.code == 7
    assert ran.out.endswith("\n600\napiVersion: v1\nkind: Config\n")
    assert "KUBECONFIG_CONTENT" not in ran.out
    assert list((machine.folder / "tmp").iterdir()) == []


def test_a_kubeconfig_that_is_there_is_used(machine: Machine) -> None:
    (machine.folder / "mine").write_text("mine\n")
    ran = machine.deploying("up", "acme.dev", KUBECONFIG=str(machine.folder / "mine"), KUBECONFIG_CONTENT="")
    assert ran.out.endswith("mine\n")


def test_pulumi_is_run_for_nothing_else(machine: Machine) -> None:
    for arguments in (("destroy", "acme.dev"), ("up", "--", "--target"), ("up", "a b"), ("up", "a", "b")):
        ran = machine.deploying(*arguments)
        assert (ran.code, ran.out) == (2, "")


def test_without_pulumi_or_a_project_nothing_is_run(machine: Machine) -> None:
    ran = machine.run("up", "acme.dev", PATH=str(machine.bin))
    assert (ran.code, ran.out) == (2, "")
    assert "there is no `pulumi` command on PATH" in ran.err
    (machine.folder / "Pulumi.yaml").unlink()
    ran = machine.deploying("up", "acme.dev")
    assert (ran.code, ran.out) == (2, "")
    assert "no Pulumi project was found" in ran.err


HOSTILE = (
    r"printf '::set-output name=matrix::x\n  ::error::y\n##[group]z\r\033[0Ksection_start:1:a\r\033[0K'; echo e >&2"
)


def test_what_pulumi_prints_is_no_command_to_github(machine: Machine) -> None:
    machine.pulumi(f"{HOSTILE}; exit 3")
    words = set()
    for command in ("preview", "up"):
        ran = machine.run(command, "acme.dev", GITHUB_ACTIONS="true")
        first, *printed, last = ran.out.splitlines()
        assert (ran.code, ran.err) == (3, "")
        stop, _, word = first.rpartition("::")
        assert stop == "::stop-commands"
        assert len(word) >= 32
        assert last == f"::{word}::"
        assert "::error::y" in printed[1]
        words.add(word)
    assert len(words) == 2


@pytest.mark.parametrize("server", ["", "true"])
def test_what_pulumi_prints_can_neither_colour_nor_fold_a_log(server: str, machine: Machine) -> None:
    machine.pulumi(HOSTILE)
    out = machine.run("up", "acme.dev", GITHUB_ACTIONS=server).out
    assert "#\\x23[group]z\\r\\x1b[0Ksection_start:1:a" in out
    assert all(character == "\n" or character.isprintable() for character in out)


@pytest.mark.parametrize("whole_group", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_an_interrupted_pulumi_says_last_is_shown_and_it_is_asked_once(
    whole_group: bool, number: signal.Signals, machine: Machine
) -> None:
    asked = "asked=0; trap 'asked=$((asked + 1))' INT; trap 'echo $asked; exit 5' TERM"
    machine.pulumi(f"{asked}; echo ready; until ((asked)); do sleep 0.1; done; sleep 0.3; echo over $asked; exit 5")
    with subprocess.Popen(
        [*PALETTEAI, "up", "acme.dev"],
        cwd=machine.folder,
        env=machine.environment | {"KUBECONFIG_CONTENT": "x"},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        (os.killpg if whole_group else os.kill)(process.pid, number)
        assert process.stdout.read() == "over 1\n"
    assert process.returncode == 5
    assert list((machine.folder / "tmp").iterdir()) == []
