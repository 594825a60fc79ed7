"""The script that builds the linter of the workflows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from support.ci_scripts import Ran, run_file

BASH = shutil.which("bash") or "/bin/bash"


class Machine:
    """A machine with the usual tools, and a Go that only pretends."""

    def __init__(self, folder: Path) -> None:
        """It has an empty cache."""
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.environment = {"PATH": f"{self.bin}:{os.defpath}", "HOME": str(folder)}

    def go(self, text: str) -> None:
        """Put a Go on PATH."""
        file = self.bin / "go"
        file.write_text(f"#!{BASH}\n{text}\n")
        file.chmod(0o755)

    def run(self) -> Ran:
        """Run the script."""
        return run_file("actionlint", folder=self.folder, environment=self.environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_actionlint_is_built_once_as_it_is_pinned(machine: Machine) -> None:
    machine.go('echo "noise $*"\necho "$*" >>calls\necho x >"$GOBIN/actionlint"\nchmod +x "$GOBIN/actionlint"')
    first, second = machine.run(), machine.run()
    assert first.out == second.out
    assert first.out.startswith(str(machine.folder / ".cache" / "paletteai-components" / "actionlint-v"))
    (call,) = (machine.folder / "calls").read_text().splitlines()
    assert call.startswith("install github.com/rhysd/actionlint/cmd/actionlint@v")


def test_actionlint_that_cannot_be_built_is_no_path(machine: Machine) -> None:
    machine.go("exit 1")
    assert machine.run().out == ""
    del machine.environment["HOME"]
    ran = machine.run()
    assert ran.code != 0
    assert "HOME is not set" in ran.err
