"""How Pulumi is run for a slice in a workflow: with which secrets, and what its output cannot do there."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.ci_scripts import Ran, run_ci
from support.fleets import Fleet
from support.repository import GIT

from paletteai_components.stacks.slices import slice_of

BASH = shutil.which("bash") or "/bin/bash"
PALETTEAI = (sys.executable, "-m", "paletteai_components", "ci")


class Machine:
    """A machine with git and a Pulumi that only pretends; a repository of three stacks is the working directory."""

    def __init__(self, fleet: Fleet) -> None:
        """It has no secret."""
        self._fleet = fleet
        self.folder, self.bin = fleet.folder, fleet.bin
        (self.folder / "tmp").mkdir()
        fleet.file(".gitignore", "/bin/\n/tmp/\n")
        fleet.commit()
        path = os.pathsep.join((str(self.bin), os.path.dirname(str(GIT)), os.defpath))
        self.environment = {
            "PATH": path,
            "HOME": str(self.folder / "tmp"),
            "TMPDIR": str(self.folder / "tmp"),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
        }

    def changed(self, *tenants: str) -> None:
        """Change the stacks of tenants, so that they differ from HEAD."""
        for tenant in tenants:
            self._fleet.edit(f"{tenant}.dev", "{name: default}", "{name: other}")

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
            '[[ $1 == version ]] && echo v3.272.0 && exit\necho "$*"\nenv | grep -E "^(PULUMI|KUBE)" | sort\n'
            'if [[ -n ${KUBECONFIG:-} ]]; then stat -c %a "$KUBECONFIG"; cat "$KUBECONFIG"; fi\nexit ${ENDS:-0}'
        )
        return self.run(*arguments, **environment)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(Fleet(tmp_path, monkeypatch))


def test_a_slice_is_previewed_stack_by_stack_with_every_difference(machine: Machine) -> None:
    machine.changed("acme", "beta")
    unset = dict.fromkeys(("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "KUBECONFIG_CONTENT"), "")
    ran = machine.deploying("preview", "dev", "1/1", **unset, PULUMI_BACKEND_URL="s3://state", ENDS="3")
    # A secret that is not set is not an empty one. One that fails stops no other.
    assert ran.out.splitlines() == [
        line
        for name in ("acme", "beta")
        for line in (
            f"preview --stack={name}.dev --diff --non-interactive --color=never",
            "PULUMI_BACKEND_URL=s3://state",
            "PULUMI_SKIP_UPDATE_CHECK=true",
        )
    ]
    assert ran.code == 3
    assert "1 stack is left out, because nothing since then reaches it: gamma.dev" in ran.err


def test_a_slice_is_deployed_as_by_hand(machine: Machine) -> None:
    machine.changed("acme")
    ran = machine.deploying("up", "dev", "1/1", "--since", "HEAD", PULUMI_BACKEND_URL="s3://state")
    assert ran.code == 0
    assert "  up --yes --skip-preview --json --non-interactive --color=never --stack=acme.dev\n" in ran.out
    assert "  PULUMI_BACKEND_URL=s3://state\n" in ran.out
    assert "acme.dev  deployed " in ran.out
    assert "3 stacks of dev: 1 deployed, 2 left out in " in ran.out
    everything = machine.deploying("up", "dev", "1/1", "--since", "").out
    assert "3 stacks of dev: 3 deployed in " in everything


def test_a_stack_that_fails_stops_no_other(machine: Machine) -> None:
    machine.pulumi("[[ $1 == version ]] && echo v3.272.0 && exit; [[ $* != *acme* ]] || exit 1")
    ran = machine.run("up", "dev", "1/1")
    assert ran.code == 1
    assert "3 stacks of dev: 1 failed, 2 deployed in " in ran.out


def test_the_kubeconfig_is_a_private_file_for_as_long_as_it_takes(machine: Machine) -> None:
    machine.changed("acme")
    ran = machine.deploying("preview", "dev", "1/1", KUBECONFIG_CONTENT="apiVersion: v1\nkind: Config", ENDS="7")
    assert ran.code == 7
    assert ran.out.endswith("\n600\napiVersion: v1\nkind: Config\n")
    assert "KUBECONFIG_CONTENT" not in ran.out
    ran = machine.deploying("up", "dev", "1/1", "--since", "HEAD", KUBECONFIG_CONTENT="apiVersion: v1")
    assert "\n  600\n  apiVersion: v1\n" in ran.out
    assert "KUBECONFIG_CONTENT" not in ran.out
    assert list((machine.folder / "tmp").iterdir()) == []


def test_a_kubeconfig_that_is_there_is_used(machine: Machine) -> None:
    machine.changed("acme")
    (machine.folder / "tmp" / "mine").write_text("mine\n")
    file = str(machine.folder / "tmp" / "mine")
    ran = machine.deploying("preview", "dev", "1/1", KUBECONFIG=file, KUBECONFIG_CONTENT="")
    assert ran.out.endswith("mine\n")


def test_pulumi_is_run_for_nothing_else(machine: Machine) -> None:
    machine.changed("acme")
    for arguments in (
        ("destroy", "dev", "1/1"),
        ("up", "--", "--target", "1/1"),
        ("up", "a b", "1/1"),
        ("up", "dev"),
        ("up", "dev", "2/1"),
    ):
        ran = run_ci(*arguments)
        assert (ran.code, ran.out) == (2, "")


def test_without_pulumi_or_a_project_nothing_is_run(machine: Machine) -> None:
    machine.changed("acme")
    (machine.bin / "pulumi").unlink(missing_ok=True)
    assert "there is no `pulumi` command on PATH" in run_ci("preview", "dev", "1/1").err
    ran = machine.run("up", "dev", "1/1")
    assert ran.code == 2
    assert "there is no `pulumi` command on PATH" in ran.out
    (machine.folder / "Pulumi.yaml").unlink()
    ran = run_ci("up", "dev", "1/1")
    assert (ran.code, ran.out) == (2, "")
    assert "no Pulumi project was found" in ran.err


HOSTILE = (
    r"printf '::set-output name=matrix::x\n  ::error::y\n##[group]z\r\033[0Ksection_start:1:a\r\033[0K'; echo e >&2"
)


def test_what_pulumi_prints_is_no_command_to_github(machine: Machine) -> None:
    machine.changed("acme")
    machine.pulumi(f"[[ $1 == version ]] && echo v3.272.0 && exit; {HOSTILE}; exit 3")
    words = set()
    for arguments in (["preview", "dev", "1/1"], ["up", "dev", "1/1", "--since", "HEAD"]):
        ran = machine.run(*arguments, GITHUB_ACTIONS="true")
        first, *printed, last = ran.out.splitlines()
        stop, _, word = first.rpartition("::")
        assert stop == "::stop-commands"
        assert len(word) >= 32
        assert last == f"::{word}::"
        assert any("::error::y" in line or "\\x3aerror::y" in line for line in printed)
        # What this process itself says comes before, and is no command.
        assert not any(line.lstrip().startswith(("::", "##")) for line in ran.err.splitlines())
        words.add(word)
    assert len(words) == 2


@pytest.mark.parametrize(("operation", "server"), [("preview", ""), ("preview", "true"), ("up", "")])
def test_what_pulumi_prints_can_neither_colour_nor_fold_a_log(operation: str, server: str, machine: Machine) -> None:
    machine.changed("acme")
    machine.pulumi(f"[[ $1 == version ]] && echo v3.272.0 && exit; {HOSTILE}")
    out = machine.run(operation, "dev", "1/1", GITHUB_ACTIONS=server).out
    assert "section_start" in out
    assert "##" not in out
    assert all(character == "\n" or character.isprintable() for character in out)


@pytest.mark.parametrize(("whole_group", "number"), [(True, signal.SIGINT), (False, signal.SIGTERM)])
@pytest.mark.parametrize("operation", ["preview", "up"])
def test_what_an_interrupted_pulumi_says_last_is_shown_it_is_asked_once_and_no_other_starts(
    operation: str, whole_group: bool, number: signal.Signals, machine: Machine
) -> None:
    # They are in one slice.
    machine.changed("acme", "gamma")
    asked = "asked=0; trap 'asked=$((asked + 1))' INT; trap 'echo $asked; exit 5' TERM"
    ready = machine.folder / "tmp" / "ready"
    wait = f"{asked}; touch {ready}; until ((asked)); do sleep 0.1; done; sleep 0.3; echo over $asked; exit 5"
    machine.pulumi(f"[[ $1 == version ]] && echo v3.272.0 && exit; {wait}")
    options = ["--since", "HEAD"] if operation == "up" else []
    with subprocess.Popen(
        [*PALETTEAI, operation, "dev", str(slice_of("acme.dev", 2)), *options],
        cwd=machine.folder,
        env=machine.environment | {"KUBECONFIG_CONTENT": "x"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        while not ready.exists():
            time.sleep(0.02)
        (os.killpg if whole_group else os.kill)(process.pid, number)
        printed = process.stdout.read()
    # A deployment may have begun with both.
    assert printed.count("over 1\n") in ({1} if operation == "preview" else {1, 2})
    assert "over 2" not in printed
    assert process.returncode == (5 if operation == "preview" else 1)
    ready.unlink()
    assert list((machine.folder / "tmp").iterdir()) == []
