"""The pages for contributors: what they say of the house, the commands and the forms is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT

PACKAGE = ROOT / "paletteai_components"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def rooms() -> set[str]:
    """Every module or folder directly in the package, but for the package itself and how it is called."""
    files = {file.stem for file in PACKAGE.glob("*.py")}
    return files.union(file.parent.name for file in PACKAGE.glob("*/__init__.py")) - {"__init__", "__main__"}


def test_the_table_of_rooms_lists_every_room_once() -> None:
    table = ARCHITECTURE.partition("| room | ")[2].partition("\n\n")[0]
    listed = [
        name for cell in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)/?`", cell)
    ]
    assert sorted(listed) == sorted(rooms())


def test_the_imports_of_every_room_are_held_to_the_layers() -> None:
    # `exhaustive` makes the linter itself fail on a room that no layer names.
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert contracts[0]["exhaustive"] is True
    assert {name for layer in contracts[0]["layers"] for name in layer.split(" | ")} == rooms()
    assert "lint-imports" in (ROOT / "Makefile").read_text()


def test_every_file_that_the_architecture_names_is_there() -> None:
    for name in re.findall(r"`([\w/]+\.py)`", ARCHITECTURE):
        assert (PACKAGE / name).exists() or (ROOT / name).exists(), name


def test_every_target_and_every_file_that_is_named_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^|`)make (\w+)", PAGE, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"`((?:tests|docs|paletteai_components|\.ci)/[\w./*-]+)[` ]", PAGE):
        assert list(ROOT.glob(path)), path
    for name in re.findall(r"`([\w/]+\.py)`", PAGE):
        assert (PACKAGE / name).exists() or (ROOT / name).exists(), name


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_every_form_for_an_issue_is_one_that_github_shows(form: Path) -> None:
    content = yaml.safe_load(form.read_text())
    if form.stem == "config":
        assert content == {"blank_issues_enabled": True}
        return
    assert content.keys() == {"name", "description", "body"}
    fields = [part for part in content["body"] if part["type"] != "markdown"]
    assert all(part["type"] in {"input", "textarea"} for part in fields)
    assert all(part["attributes"]["label"] for part in fields)
    assert len({part["id"] for part in fields}) == len(fields) > 0
    assert any(part.get("validations", {}).get("required") for part in fields)


def test_where_a_key_could_be_pasted_it_is_said_that_none_belongs_there() -> None:
    for file in (ROOT / "SECURITY.md", FORMS[1], ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md"):
        assert re.search(r"(?i)\bno (real )?key\b|No message, log or test holds a real key", file.read_text()), file
