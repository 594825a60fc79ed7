"""The pulumi command: missing, too old, installed for a project."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.error import URLError

import pytest
from support.environments import Backend

from paletteai_components.cli import environment
from paletteai_components.deployment import command as installation


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    return Backend(tmp_path, monkeypatch)


def test_without_pulumi_it_says_what_works_without(project: Backend) -> None:
    (project.bin / "pulumi").unlink()
    result = project.call("up", "dev", "--yes")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: there is no `pulumi` command on PATH, so no stack was touched.\n"
        f"  help: Pass `--install` to install Pulumi {installation.pinned()} into this project's .pulumi folder, or "
        "install it from https://www.pulumi.com/docs/install. Commands that only read files work without it, such as "
        "`check`, `plan`, `render` and `explain`.\n"
    )


def installing(project: Backend, monkeypatch: pytest.MonkeyPatch, error: Exception | None = None) -> list[str]:
    """Puts the fake command where Pulumi would be downloaded to; or else it cannot be."""
    roots: list[str] = []

    def install(root: str) -> None:
        roots.append(root)
        project.command(Path(root) / "bin" / "pulumi")
        # It plays what the other one plays, and notes into the same file.
        for name in ("plays.json", "notes"):
            (Path(root) / "bin" / name).symlink_to(project.bin / name)
        if error is not None:
            raise error

    monkeypatch.setattr("pulumi.automation.PulumiCommand.install", install)
    return roots


def test_pulumi_is_installed_for_the_project_and_found_there_later(
    project: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.bin / "pulumi").unlink()
    roots = installing(project, monkeypatch)
    assert project.call("up", "dev", "--yes", "--install").exit_code == 0
    assert project.call("preview", "dev").exit_code == 0
    assert project.call("preview", "dev", "--install").exit_code == 0
    assert len(roots) == 1
    own = project.folder / ".pulumi" / "versions" / installation.pinned()
    assert [each.name for each in own.parent.iterdir()] == [own.name]
    assert project.notes("began")[0]["environment"]["PATH"] == f"{own / 'bin'}{os.pathsep}{project.bin}"


def test_on_a_terminal_it_offers_to_install_pulumi(
    project: Backend, monkeypatch: pytest.MonkeyPatch, asking: None
) -> None:
    (project.bin / "pulumi").unlink()
    roots = installing(project, monkeypatch)
    refused = project.call("preview", "dev", input="n\n")
    assert f"Install Pulumi {installation.pinned()} into this project's .pulumi folder? [y/N]" in refused.stderr
    assert (refused.exit_code, roots) == (2, [])
    assert project.call("preview", "dev", input="y\n").exit_code == 0
    assert len(roots) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (URLError("no route to host"), "no route to host"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (subprocess.CalledProcessError(1, "install.sh"), "CalledProcessError"),
    ],
)
def test_where_pulumi_cannot_be_downloaded_nothing_is_left_behind(
    project: Backend, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    (project.bin / "pulumi").unlink()
    installing(project, monkeypatch, error)
    result = project.call("up", "dev", "--yes", "--install")
    assert result.exit_code == 2
    assert f"could not be downloaded and installed ({reason}), so no stack was touched" in result.stderr
    assert "`check`, `plan`, `render`" in result.stderr
    assert not (project.folder / ".pulumi").exists()


@pytest.mark.parametrize(
    ("version", "said"), [("v3.237.9", "is Pulumi v3.237.9"), ("", "does not print its version"), ("v2.9.0", "v2.9.0")]
)
def test_a_pulumi_that_is_too_old_is_told_and_can_be_replaced(
    project: Backend, monkeypatch: pytest.MonkeyPatch, version: str, said: str
) -> None:
    project.command(project.bin / "pulumi", version)
    result = project.call("up", "dev", "--yes")
    assert result.exit_code == 2
    assert f"{said}; this package needs 3.238 or newer, so no stack was touched." in result.stderr
    roots = installing(project, monkeypatch)
    assert project.call("up", "dev", "--yes", "--install").exit_code == 0
    assert len(roots) == 1


def test_a_pulumi_that_cannot_be_run_is_told(project: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.bin / "pulumi").write_text("#!/no/such/interpreter\n")
    assert "cannot be run (No such file or directory)" in project.call("preview", "dev").stderr
    (project.bin / "pulumi").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    monkeypatch.setattr(installation, "_TIMEOUT", 0.2)
    assert "it did not answer within 0.2 seconds" in project.call("preview", "dev").stderr


def test_a_pulumi_that_goes_away_is_a_failure_of_each_stack(project: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "check_version", lambda command: project.folder / "gone")
    result = project.call("preview", "dev")
    assert result.stdout.count("  pulumi cannot be run (No such file or directory)\n") == 3
    assert result.exit_code == 1
