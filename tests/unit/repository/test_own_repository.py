"""This repository is one that `paletteai init` makes, but for differences that are declared."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.ci_scripts import CI

import paletteai_components

SOURCE = ROOT / "paletteai_components" / "repository" / "files"
FILES = sorted(str(file.relative_to(SOURCE)) for file in SOURCE.rglob("*") if file.is_file())


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(CI))
    return importlib.import_module("repository")


def test_every_file_of_the_source_is_here_or_it_is_said_why_not(repository: Any) -> None:
    assert set(repository.paths()) | repository.NOT_HERE.keys() == set(FILES)
    assert not set(repository.paths()) & repository.NOT_HERE.keys()


@pytest.mark.parametrize("path", FILES)
def test_a_file_is_the_one_of_the_source_with_the_declared_differences(path: str, repository: Any) -> None:
    if path not in repository.NOT_HERE:
        assert (ROOT / path).read_text() == repository.here(path), "make repository writes it again"


def test_every_difference_is_one_and_of_a_file_that_is_here(repository: Any) -> None:
    for each in repository.DIFFERENCES:
        assert each.theirs != each.ours
        assert each.path in repository.paths()


def test_few_lines_differ(repository: Any) -> None:
    # What differs is not tried here by those who develop the package, so it is little.
    changed = {path for path in repository.paths() if (ROOT / path).read_text() != (SOURCE / path).read_text()}
    workflows = {f".github/workflows/{name}.yaml" for name in ("check", "comment", "deploy")}
    assert changed == {*workflows, ".ci/install", ".editorconfig", ".gitignore", ".gitlab-ci.yml"}


def test_an_outdated_difference_is_noticed(repository: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    outdated = repository.Difference("Pulumi.yaml", "nowhere", "x")
    monkeypatch.setattr(repository, "DIFFERENCES", (outdated,))
    with pytest.raises(ValueError, match=r"Pulumi\.yaml of the source does not have this exactly once"):
        repository.here("Pulumi.yaml")


def test_the_pins_are_ours_with_the_package_itself(repository: Any) -> None:
    pins = (SOURCE / "requirements.txt").read_text()
    assert pins == repository.pins(), "make repository writes them again"
    made = [line for line in pins.splitlines() if not line.startswith("#")]
    ours = re.findall(r"^(\S+==[^\\\n]+?) \\$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert made[0] == f"paletteai-components=={paletteai_components.__version__}"
    assert made[1:] == [pin for pin in ours if not pin.startswith("flit-core==")]
    assert len(made) > 30


def test_the_files_are_written_as_they_are_compared(
    repository: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in repository.paths():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "requirements.txt").write_bytes((ROOT / "requirements.txt").read_bytes())
    monkeypatch.setattr(repository, "ROOT", tmp_path)
    monkeypatch.setattr(repository, "PINS", tmp_path / "pins")
    repository.main()
    assert capsys.readouterr().out.splitlines() == [f"Wrote {path}" for path in repository.paths()]
    for path in repository.paths():
        assert (tmp_path / path).read_bytes() == (ROOT / path).read_bytes()
    assert (tmp_path / "pins").read_bytes() == (SOURCE / "requirements.txt").read_bytes()


def test_git_ignores_no_file_of_the_source() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("needs a clone")
    command = ["git", "check-ignore", "--no-index", "--", *(str(SOURCE / path) for path in FILES)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout == ""
