"""What a command writes and reads: links, signals, huge files, and what may not be read or written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.projects import KEY, PULUMI_YAML, Project
from support.repository import GIT, Repository
from support.samples import HOST, PROJECT_ID

INTEGRATIONS = {"shared": {"hostUrl": HOST, "tenant": "example-tenant", "defaultProjectID": PROJECT_ID, "apiKey": KEY}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    project = Project(folder, monkeypatch)
    project.stack()
    return project


def started(project: Project, *arguments: str, before: str = "", **more: object) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own. `before` is what Python does before."""
    script = f"import sys; sys.argv[0] = 'paletteai'; from paletteai_components.cli import main\n{before}\nmain()"
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=project.folder, **more)  # type: ignore[call-overload, no-any-return]


# --- Links ----------------------------------------------------------------------------------------------------------

WRITING: list[tuple[str, ...]] = [
    ("graph", "--output", "link/graph.mmd"),
    ("graph", "--format", "html", "--output", "link/below/graph.html"),
    ("render", "--with-secrets", "link/all.yaml"),
    ("new", "globex", "dev", "--stacks", "link"),
    ("fingerprint", "--stacks", "link"),
]


@pytest.mark.parametrize("arguments", WRITING, ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("in_a_repository", [True, False])
def test_nothing_is_written_through_a_folder_that_is_a_link_in_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], in_a_repository: bool
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "below").mkdir(parents=True)
    folder = tmp_path / "project"
    folder.mkdir()
    project = Repository(folder, monkeypatch) if in_a_repository else Project(folder, monkeypatch)
    project.stack()
    shutil.copy("stacks/Pulumi.acme.dev.yaml", elsewhere)
    project.pulumi(INTEGRATIONS)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{Path(str(GIT)).parent}")
    Path("link").symlink_to(elsewhere)
    if "--stacks" in arguments:
        project.declare(PULUMI_YAML.replace("stacks", "link"))
    before = {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()}
    told = f"leads through {folder / 'link'}, which is a link, so nothing was written."
    assert told in project.refused(*arguments)
    assert {path: path.read_bytes() for path in elsewhere.rglob("*") if path.is_file()} == before
    # One above the checkout is somebody's own.
    (tmp_path / "link").symlink_to(folder)
    assert project.run("graph", "--output", str(tmp_path / "link" / "graph.mmd")).exit_code == 0
    assert Path("graph.mmd").exists()


@pytest.mark.parametrize("link", ["all.yaml", "stacks/Pulumi.globex.dev.yaml"])
def test_nothing_is_written_through_a_file_that_is_a_link(project: Project, link: str) -> None:
    project.pulumi(INTEGRATIONS)
    Path(link).symlink_to(project.folder / "elsewhere")
    project.refused(*(("render", "--with-secrets", link) if link == "all.yaml" else ("new", "globex", "dev")))
    assert not Path("elsewhere").exists()


# --- Signals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    "arguments", [("render", "--with-secrets", "all.yaml"), ("fingerprint",)], ids=lambda each: each[0]
)
def test_a_signal_while_a_file_is_written_leaves_nothing_behind(
    project: Project, name: str, arguments: tuple[str, ...]
) -> None:
    project.pulumi(INTEGRATIONS)
    before = project.files()
    # The tests themselves may run under nohup.
    default = f"import signal; signal.signal(signal.{name}, signal.SIG_DFL)"
    signalled = f"import os, signal; os.fsync = lambda _: os.kill(os.getpid(), signal.{name})"
    done = started(project, *arguments, before=f"{default}; {signalled}")
    assert project.files() == before
    assert done.returncode == -getattr(signal, name)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert KEY not in done.stderr
    # As under nohup, what is ignored goes on being so.
    ignored = f"import signal; signal.signal(signal.{name}, signal.SIG_IGN); {signalled}"
    assert started(project, *arguments, before=ignored).returncode == 0
    assert project.files() != before


# --- What is huge, unreadable or full -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stacks/Pulumi.huge.dev.yaml", "Pulumi.yaml"])
def test_a_huge_file_is_not_read_whole(project: Project, name: str) -> None:
    with Path(name).open("wb") as file:
        file.truncate(6 * 1024**3)
    little = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))"
    done = started(project, "check", before=little)
    assert f"{name}:1: error PAI012: the file is larger than 16 MiB, so it was not read" in done.stdout
    assert done.returncode == 2


UNPRIVILEGED = [] if os.geteuid() else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.mark.skipif(bool(UNPRIVILEGED) and shutil.which("setpriv") is None, reason="needs setpriv on PATH")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("check", "--stacks", "shut/stacks"),
            "shut/stacks: error PAI012: the folder cannot be read (Permission denied)",
        ),
        (("graph", "--output", "shut/graph.mmd"), "shut/graph.mmd could not be read or written (Permission denied)"),
        (("explain", "acme.dev", "vision", "--stacks", "shut/stacks"), "shut/stacks"),
    ],
    ids=lambda each: each[0] if isinstance(each, tuple) else "",
)
def test_a_folder_that_may_not_be_read_is_told_in_a_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    shutil.copytree("stacks", "shut/stacks")
    command = [*UNPRIVILEGED, sys.executable, "-m", "paletteai_components", *arguments]
    monkeypatch.undo()
    (project.folder / "shut").chmod(0)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=project.folder)
    finally:
        (project.folder / "shut").chmod(0o755)
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_folder_whose_names_may_not_be_read_is_told_in_json_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> list[str]:
        raise PermissionError(13, "Permission denied")

    for name in ("listdir", "scandir"):
        monkeypatch.setattr(os, name, refused)
    (diagnostic,) = json.loads(project.printed("check", "--format", "json", code=2))["problems"]
    assert diagnostic["message"] == "the folder cannot be read (Permission denied), so no stack in it was checked."


@pytest.mark.parametrize(
    "arguments",
    [
        *(("graph", "--output", "graph.mmd"), ("render", "--with-secrets", "all.yaml")),
        *(("new", "globex", "dev"), ("fingerprint",)),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_full_disk_leaves_every_file_as_it_was_and_no_half_of_one(
    project: Project, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    project.pulumi(INTEGRATIONS)
    before = project.files()
    monkeypatch.setattr(os, "fsync", full)
    said = project.refused(*arguments)
    assert "could not be written (No space left on device)." in said
    assert "the free disk space" in said
    assert project.files() == before
