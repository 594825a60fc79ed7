"""A release: what it takes for one, and what is said of what is in it."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner
from flit_core import buildapi
from support.checkout import ROOT
from support.ci_scripts import CI

import paletteai_components
from paletteai_components.cli import main

BUNDLED = ROOT / "paletteai_components/views/page/bundled"
LICENCES = {"preact": "MIT", "htm": "Apache-2.0"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
RELEASED = UNRELEASED + "\n## [1.2.0] - 2030-12-31\n\n- New.\n\n## [1.1.0] - 2030-01-01\n\n- Old.\n"
Refusal = Callable[..., str]


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(CI))
    return importlib.import_module("release")


@pytest.fixture
def refusal(capsys: pytest.CaptureFixture[str]) -> Refusal:
    """What is said by a call that ends the script with 2."""

    def of(call: Callable[..., Any], *arguments: Any) -> str:
        with pytest.raises(SystemExit) as ended:
            call(*arguments)
        assert ended.value.code == 2
        return capsys.readouterr().err

    return of


def project(folder: Path, version: str = "1.2.0", changelog: str = RELEASED) -> Path:
    """What the script reads of a project."""
    (folder / "paletteai_components").mkdir()
    (folder / "paletteai_components" / "__init__.py").write_text(f'"""A package."""\n\n__version__ = "{version}"\n')
    (folder / "CHANGELOG.md").write_text(changelog)
    return folder


def test_the_version_is_stated_once_and_told_by_the_command(release: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "version" not in PROJECT
    assert PROJECT["dynamic"] == ["version"]
    printed = CliRunner().invoke(main, ["--version"])
    assert printed.stdout.startswith(f"paletteai {paletteai_components.__version__}\n")
    assert release.version_of(ROOT) == paletteai_components.__version__


def test_the_changelog_and_the_version_of_this_commit_agree() -> None:
    ran = subprocess.run([sys.executable, CI / "release.py", "version"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{paletteai_components.__version__}\n", "")


def test_a_tag_is_released_that_the_package_and_the_changelog_agree_with(release: Any, tmp_path: Path) -> None:
    root = project(tmp_path)
    assert release.agreed_version(root, "v1.2.0") == "1.2.0"
    assert release.notes_of(root) == "- New."
    # Without a tag, one can be built that the changelog does not know yet.
    (root / "paletteai_components" / "__init__.py").write_text('__version__ = "1.3.0"\n')
    assert release.agreed_version(root) == "1.3.0"


@pytest.mark.parametrize(
    ("version", "changelog", "tag", "says"),
    [
        ("1.2.0", RELEASED, "v1.2.1", "Tag it v1.2.0."),
        ("1.2.0", RELEASED, "1.2.0", "Tag it v1.2.0."),
        ("1.2.0", UNRELEASED, "v1.2.0", "has no heading for 1.2.0"),
        ("1.3.0", RELEASED, "v1.3.0", "has no heading for 1.3.0"),
        ("1.2.0", RELEASED.replace("ed]\n", "ed]\n\n- Newer.\n", 1), "v1.2.0", "Move them below the heading of 1.2.0."),
        ("1.1.0", RELEASED, None, "Raise __version__."),
        ("1.2", RELEASED, None, "is not a semantic version"),
        ("1.2.0rc1", RELEASED, None, "is not a semantic version"),
        ("1.2.0", RELEASED.replace("## [Unreleased]\n", ""), None, "does not begin with the heading"),
        ("1.2.0", RELEASED.replace(" - 2030-01-01", ""), None, "has the heading '## [1.1.0]'"),
        ("1.2.0", RELEASED.replace("1.1.0", "1.2.0"), None, "from newest to oldest"),
    ],
)
def test_where_version_tag_and_changelog_disagree_nothing_is_released(
    version: str, changelog: str, tag: str | None, says: str, refusal: Refusal, release: Any, tmp_path: Path
) -> None:
    said = refusal(release.agreed_version, project(tmp_path, version, changelog), tag)
    assert said.startswith("error: ")
    assert says in said


def test_a_version_without_notes_is_refused(refusal: Refusal, release: Any, tmp_path: Path) -> None:
    assert "has no changes for 1.2.0" in refusal(release.notes_of, project(tmp_path, changelog=UNRELEASED))


def test_nothing_is_built_into_a_folder_that_holds_something(refusal: Refusal, release: Any, tmp_path: Path) -> None:
    (tmp_path / "old.whl").touch()
    assert "is not empty" in refusal(release.build, tmp_path)


def test_what_is_bundled_is_listed_with_its_licence_and_its_bytes(release: Any) -> None:
    parts = release.bundled()
    assert {part["purl"].partition("@")[0] for part in parts} == {
        f"pkg:npm/{file.stem}" for file in BUNDLED.glob("*.LICENSE")
    }
    for part in parts:
        (own,) = part["licenses"]
        assert own["license"]["id"] == LICENCES[part["name"]]
        assert own["license"]["text"]["content"] == (BUNDLED / f"{part['name']}.LICENSE").read_text()
        (digest,) = part["hashes"]
        (file,) = BUNDLED.glob(f"{part['name']}.*js")
        assert digest["content"] == sha256(file.read_bytes()).hexdigest()


def test_the_bill_of_materials_is_about_the_package_and_has_what_it_needs_and_holds(release: Any) -> None:
    subject = {
        "bom-ref": "paletteai-components==1.2.0",
        "name": "paletteai-components",
        "version": "1.2.0",
        "type": "library",
        "externalReferences": [{"type": "distribution", "url": "file:///somewhere/of/the/machine.whl"}],
    }
    needed = {"bom-ref": "pulumi==3.0.0", "name": "pulumi", "version": "3.0.0", "type": "library"}
    before = {
        "components": [subject, needed],
        "dependencies": [{"ref": subject["bom-ref"], "dependsOn": ["pulumi==3.0.0"]}, {"ref": "pulumi==3.0.0"}],
    }
    after = release.with_bundled(before, "1.2.0")
    held = [part["bom-ref"] for part in release.bundled()]
    assert after["metadata"]["component"]["purl"] == "pkg:pypi/paletteai-components@1.2.0"
    assert sorted(each["bom-ref"] for each in after["components"]) == sorted(["pulumi==3.0.0", *held])
    depends = {each["ref"]: each.get("dependsOn", []) for each in after["dependencies"]}
    assert depends[subject["bom-ref"]] == sorted(["pulumi==3.0.0", *held])
    assert "somewhere" not in str(after)
    with pytest.raises(SystemExit):
        release.with_bundled(before, "1.3.0")


def test_the_wheel_says_whose_it_is_and_holds_every_licence_the_schema_and_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with ZipFile(tmp_path / buildapi.build_wheel(str(tmp_path))) as wheel:
        names = set(wheel.namelist())
        (about,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        (entry_points,) = (name for name in names if name.endswith("/entry_points.txt"))
        described, command = (wheel.read(name).decode() for name in (about, entry_points))
        schema = wheel.read("paletteai_components/schema/stack.json")
    assert f"Version: {paletteai_components.__version__}\n" in described
    assert "License-Expression: Apache-2.0 AND MIT\n" in described
    assert "Author: The paletteai-components authors\n" in described
    assert "Description-Content-Type: text/markdown\n" in described
    assert "Requires-Python: >=3.11" in described
    licences = {name.partition(".dist-info/licenses/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", *(str(file.relative_to(ROOT)) for file in BUNDLED.glob("*.LICENSE"))}
    assert "paletteai_components/py.typed" in names
    assert schema == (ROOT / "paletteai_components/schema/stack.json").read_bytes()
    assert "paletteai=paletteai_components.__main__:run" in command.replace(" ", "")
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_the_same_commit_is_always_built_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    built = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        files = [folder / buildapi.build_wheel(str(folder)), folder / buildapi.build_sdist(str(folder))]
        built.append([(file.name, file.read_bytes()) for file in files])
    assert built[0] == built[1]


def test_the_source_distribution_has_what_the_wheel_is_built_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / buildapi.build_sdist(str(tmp_path))) as source:
        names = {name.partition("/")[2] for name in source.getnames()}
    assert {"LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "requirements.txt"} <= names
    assert not [name for name in names if re.search(r"__pycache__|\.venv|\.(env|pem|key)$", name)]


def test_the_licence_is_the_apache_licence_as_it_was_published() -> None:
    digest = sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


def test_the_page_about_releases_names_every_file_that_is_published() -> None:
    page = (ROOT / "docs" / "releasing.md").read_text()
    names = ("paletteai_components-1.2.3-py3-none-any.whl", "paletteai_components-1.2.3.tar.gz")
    for name in (*names, "paletteai-components.cdx.json", ".publish.attestation", ".sigstore.json"):
        assert f"`{name}`" in page
