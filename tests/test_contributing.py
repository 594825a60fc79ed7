"""The pages for contributors: what they say of the house, the commands and the forms is so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT

PACKAGE = ROOT / "paletteai_components"
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
# The package itself and how it is called: not parts of the house but its doors.
DOORS = {"__init__", "__main__"}


def rows() -> dict[str, list[str]]:
    """The rows of the house, from the top, with their modules."""
    table = PAGE.partition("| row | modules |")[2].partition("\n\n")[0]
    return {
        row: re.findall(r"`(\w+)`", listed) for row, listed in re.findall(r"^\| (\w+) \| (.*) \|$", table, re.MULTILINE)
    }


def modules() -> set[str]:
    """Every module or folder directly in the package."""
    files = {file.stem for file in PACKAGE.glob("*.py")}
    return files.union(file.parent.name for file in PACKAGE.glob("*/__init__.py")) - DOORS


def imports() -> Iterator[tuple[str, str]]:
    """Which part of the package imports which other."""
    for file in PACKAGE.rglob("*.py"):
        part = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if part in DOORS:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                first, *inside = node.module.split(".")
                if first == PACKAGE.name:
                    yield from ((part, each) for each in (inside[:1] or [name.name for name in node.names]))


def test_every_part_of_the_package_has_its_place_in_the_house() -> None:
    placed = [module for listed in rows().values() for module in listed]
    assert sorted(placed) == sorted(modules())


def test_no_row_of_the_house_imports_from_one_below_it() -> None:
    row_of = {module: number for number, listed in enumerate(rows().values()) for module in listed}
    upside_down = {(part, other) for part, other in imports() if row_of.get(other, 0) > row_of[part]}
    assert upside_down == set()


def test_no_component_imports_in_a_circle_not_even_for_its_types() -> None:
    imported: dict[str, set[str]] = {}
    for file in (PACKAGE / "components").glob("*.py"):
        nodes = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.ImportFrom)]
        imported[file.stem] = {str(node.module).rpartition("components.components.")[2] for node in nodes}
    assert list(TopologicalSorter(imported).static_order())


def test_only_what_is_said_to_be_about_an_engine_imports_pulumi() -> None:
    importing = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if any(name.partition(".")[0] in {"pulumi", "pulumi_kubernetes"} for name in names):
                importing.add(file.relative_to(PACKAGE).parts[0].removesuffix(".py"))
    (said,) = re.findall(r"^Only (.*) are about a running engine or a cluster\.", PAGE, re.MULTILINE)
    assert importing <= set(re.findall(r"`(\w+)`", said))


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
