"""How the command starts: what it loads, how it is called, and how it ends."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
import time
from importlib import metadata

import pytest
from click.testing import CliRunner
from support.checkout import ROOT
from support.projects import Project

from paletteai_components import __version__
from paletteai_components.cli import COMMANDS, main
from paletteai_components.cli.version import DOCUMENTED, TESTED

HEAVY = ("pulumi", "pulumi_kubernetes", "grpc", "rich", "jsonschema")

_LOADED = """\
import json, sys
from paletteai_components.cli import main
try:
    main(sys.argv[1:], prog_name="paletteai")
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def in_a_process(project: Project, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "also"),
    [
        (["--help"], ("yaml", "pydantic")),
        (["--version"], ("yaml", "pydantic", "kubernetes")),
        (["check"], ()),
        (["plan"], ()),
        (["render"], ()),
        (["explain", "PAI001"], ()),
        (["new", "beta", "dev"], ()),
        (["init", "fleet"], ("pydantic",)),
        (["ci", "jobs", "github"], ()),
    ],
)
def test_a_command_loads_only_what_it_needs(project: Project, arguments: list[str], also: tuple[str, ...]) -> None:
    project.stack()
    done = in_a_process(project, "-c", _LOADED, *arguments)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert loaded.isdisjoint({*HEAVY, *also})


def test_help_lists_every_command_in_a_line() -> None:
    printed = CliRunner().invoke(main, ["--help"]).stdout
    for name, summary in COMMANDS.items():
        assert f"  {name:<11}  {summary}\n" in printed


def versions(project: Project, monkeypatch: pytest.MonkeyPatch, script: str | None = None) -> list[str]:
    """What `--version` prints where `pulumi` is a script, or is missing."""
    monkeypatch.setenv("PULUMI_HOME", str(project.folder / "home"))
    if script is not None:
        command = project.folder / "bin" / "pulumi"
        command.parent.mkdir(exist_ok=True)
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    return project.printed("--version").splitlines()


def test_the_version_is_followed_by_those_that_a_report_needs(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for plugin in ("resource-kubernetes-v4.9.0", "resource-kubernetes-v4.34.0", "resource-kubernetes-v4.34.0.lock"):
        (project.folder / "home" / "plugins" / plugin).mkdir(parents=True)
    printed = versions(project, monkeypatch, "echo v3.259.0")
    assert printed[:2] == [f"paletteai {__version__}", f"Python {platform.python_version()} on {sys.platform}"]
    packages = ("pulumi", "pulumi-kubernetes", "kubernetes", "pydantic", "PyYAML")
    assert dict(line.split() for line in printed[2:7]) == {name: metadata.version(name) for name in packages}
    assert printed[7:9] == ["Pulumi CLI 3.259.0", "Kubernetes provider 4.34.0, 4.9.0"]
    assert printed[9:] == [
        *(f"tested with {name} {' to '.join(tested)}" for name, tested in TESTED.items()),
        f"written for PaletteAI {' to '.join(DOCUMENTED)}, from its documentation",
    ]
    assert all(len(line) <= 80 for line in printed)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        (None, "is not on PATH"),
        ("echo 'v3.1.0 \033[31m'", "does not say its version"),
        ("/bin/sleep 60; echo v3.259.0", "does not say its version"),
        ("exit 1", "does not say its version"),
    ],
)
def test_a_pulumi_that_does_not_say_its_version_is_no_hindrance(
    script: str | None, says: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = time.monotonic()
    printed = versions(project, monkeypatch, script)
    assert printed[7] == f"Pulumi CLI {says}"
    assert printed[8].startswith("Kubernetes provider is not installed: ")
    assert time.monotonic() - began < 30


def test_a_package_without_a_version_is_said_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert "\npydantic is not installed\n" in CliRunner().invoke(main, ["--version"]).stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "-h"])
    assert result.stdout.startswith(f"Usage: main {name}")
    assert result.exit_code == 0


def test_a_stream_that_cannot_show_a_character_gets_its_code(project: Project) -> None:
    project.stack()
    done = in_a_process(project, "-m", "paletteai_components", "plan", PYTHONIOENCODING="latin-1")
    assert "|-- Tenant acme \\u201cAcme\\u201d\n" in done.stdout
    assert done.returncode == 0


def test_a_reader_that_goes_away_is_no_failure_of_ours(project: Project) -> None:
    project.stack()
    command = [sys.executable, "-m", "paletteai_components", "render", "acme.dev"]
    done = in_a_process(project, "-c", "import os; os.system(" + repr(f"{shlex.join(command)} | /bin/true") + ")")
    assert "Traceback" not in done.stderr
