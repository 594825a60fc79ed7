"""What `paletteai init` makes, as whoever installs the package gets it: the wheel, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import STACK
from support.wheel import Elsewhere

import paletteai_components
from paletteai_components.repository import files_for


@pytest.mark.parametrize("command", ["paletteai", "paletteai-components"])
def test_the_command_of_either_name_makes_the_repository(command: str, elsewhere: Elsewhere) -> None:
    ran = elsewhere.run(command, "init", "fleet", "--ci", "github")
    assert (ran.code, ran.err) == (0, "")
    made = elsewhere.folder / "fleet"
    files = {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    del files[".paletteai.json"]
    assert files == files_for("github")
    assert list(elsewhere.home.iterdir()) == []


def test_it_is_checked_from_its_first_commit_on(elsewhere: Elsewhere) -> None:
    elsewhere.paletteai("init", "fleet")
    fleet = elsewhere.folder / "fleet"
    assert "There is no stack file yet" in elsewhere.paletteai("check", cwd=fleet)
    printed = elsewhere.paletteai("new", "acme", "dev", cwd=fleet)
    assert printed.startswith("Wrote stacks/Pulumi.acme.dev.yaml. ")
    (fleet / "stacks" / "Pulumi.acme.dev.yaml").write_text(STACK)
    assert elsewhere.paletteai("check", cwd=fleet) == "1 stack, 1 project: no problems\n"
    assert '"environment":"dev"' in elsewhere.paletteai("ci", "jobs", "github", cwd=fleet)


def test_its_first_pull_request_is_compared_with_a_branch_that_has_nothing(elsewhere: Elsewhere) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com")
        assert elsewhere.run("git", *who, *arguments).code == 0

    git("init", "--quiet")
    (elsewhere.folder / "LICENSE").write_text("ours\n")
    git("add", "--all")
    git("commit", "--quiet", "--message", "base")
    elsewhere.paletteai("init", "--ci", "github")
    (elsewhere.folder / "stacks" / "Pulumi.acme.dev.yaml").write_text(STACK)
    git("add", "--all")
    git("commit", "--quiet", "--message", "change")
    elsewhere.paletteai("diff", "--output", "diff.md", "HEAD^1")
    text = (elsewhere.folder / "diff.md").read_text()
    assert text.startswith("<!-- paletteai diff -->\n**")
    assert "objects created" in text


def test_an_upgrade_is_a_patch_on_the_standard_output(elsewhere: Elsewhere) -> None:
    elsewhere.paletteai("init")
    main = elsewhere.folder / "__main__.py"
    main.write_text("mine\n")
    (elsewhere.folder / ".paletteai.json").unlink()
    patch = elsewhere.paletteai("init", "--upgrade")
    assert patch.startswith("--- a/__main__.py\n+++ b/__main__.py\n")
    assert elsewhere.run("git", "apply", input=patch).code == 0
    assert main.read_bytes() == files_for(None)["__main__.py"]


def test_its_script_installs_what_is_pinned(elsewhere: Elsewhere) -> None:
    elsewhere.paletteai("init")
    pins = elsewhere.folder / "requirements.txt"
    own = f"paletteai-components=={paletteai_components.__version__}"
    assert own in pins.read_text().splitlines()
    # The package's own pin alone, from the built wheel: nothing is asked on the network.
    pins.write_text(f"{own}\n")
    (elsewhere.home / "python3").symlink_to(sys.executable)
    ran = elsewhere.run(
        "bash",
        ".ci/install",
        env={
            **{"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_COMPILE": "1", "PIP_CONFIG_FILE": "/dev/null"},
            "PIP_FIND_LINKS": str(elsewhere.site.parent),
            "PYTHONPATH": "",
            "PATH": f"{elsewhere.home}:{elsewhere.environment['PATH']}",
        },
    )
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert (elsewhere.folder / ".venv" / "bin" / "paletteai").exists()


@pytest.mark.parametrize(
    ("lock", "installed"),
    [(False, "--requirement requirements.txt"), (True, "--require-hashes --requirement requirements.lock")],
)
def test_its_script_holds_what_it_installs_to_the_hashes_of_a_lock(lock: bool, installed: str, tmp_path: Path) -> None:
    for folder in (".ci", "bin"):
        (tmp_path / folder).mkdir()
    (tmp_path / ".ci" / "install").write_bytes(files_for(None)[".ci/install"])
    if lock:
        (tmp_path / "requirements.lock").touch()
    python = tmp_path / "bin" / "python3"
    python.write_text(
        '#!/bin/sh\necho "$@" >>called\n[ -e .venv ] || { mkdir -p .venv/bin; cp "$0" .venv/bin/python; }\n'
    )
    python.chmod(0o755)
    environment = {"PATH": f"{python.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", ".ci/install"], cwd=tmp_path, env=environment, check=True)
    pip = "-m pip install --quiet --disable-pip-version-check"
    assert (tmp_path / "called").read_text().splitlines() == ["-m venv .venv", f"{pip} {installed}"]


def test_its_pins_are_those_of_its_release(elsewhere: Elsewhere) -> None:
    elsewhere.paletteai("init")
    lines = (elsewhere.folder / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", pin) for pin in pins), pins
