"""The documentation: every page is found from its index, and quotes what is really printed."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest
import yaml
from support.checkout import ROOT

from paletteai_components.cli.version import DOCUMENTED, TESTED
from paletteai_components.deployment.command import OLDEST

DOCS = ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
# An index lists these.
LISTED_ELSEWHERE = ("rules/", "operations/")


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def links(name: str) -> set[str]:
    return set(re.findall(r"\]\(([^)#\s]+)", page(name)))


def texts_of_the_package() -> str:
    """Every text in the package's code, one on each line, with … for what is put in."""
    found = []
    for path in (ROOT / "paletteai_components").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def test_the_index_leads_to_every_page() -> None:
    listed = links("README.md")
    pages = {name for name in PAGES if not name.startswith(LISTED_ELSEWHERE)} - {"README.md"}
    assert pages <= listed
    assert {"operations/README.md", "rules/README.md"} <= listed


def test_every_index_of_a_folder_leads_to_each_of_its_pages() -> None:
    for folder in LISTED_ELSEWHERE:
        pages = {name.removeprefix(folder) for name in PAGES if name.startswith(folder)} - {"README.md"}
        assert pages <= links(f"{folder}README.md")


def test_the_site_has_every_page_in_a_menu() -> None:
    menu = yaml.safe_load(re.sub(r"!ENV", "", (ROOT / "mkdocs.yml").read_text(encoding="utf-8")))["nav"]

    def names(entry: object) -> set[str]:
        match entry:
            case str():
                return {entry}
            case list():
                return set().union(*map(names, entry))
            case dict():
                return set().union(*map(names, entry.values()))
        raise AssertionError(entry)

    assert {name for name in PAGES if not name.startswith("rules/")} <= names(menu)
    assert "rules/" in names(menu)


def messages() -> list[str]:
    """What is printed, without Markdown's own marks."""
    table = page("troubleshooting.md").split("## From `paletteai`")[1].split("## ")[0]
    cells = [row.split("|")[1].strip().strip("`") for row in table.splitlines() if row.startswith("| `")]
    return [message.strip(" …") for cell in cells for message in cell.split("`, `")]


@pytest.mark.parametrize("message", messages())
def test_a_message_in_the_troubleshooting_is_one_that_is_printed(message: str) -> None:
    assert message in texts_of_the_package().replace("`", "")


def test_the_versions_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pythons = [name.rpartition(" ")[2] for name in project["classifiers"] if "Python :: 3." in name]
    oldest = {part.split(">=")[0]: part.split(">=")[1].split(",")[0] for part in project["dependencies"]}
    compatibility = page("compatibility.md")
    assert f"| Python | {pythons[0]} to {pythons[-1]} |" in compatibility
    assert f"| the Pulumi CLI | from {'.'.join(map(str, OLDEST))} |" in compatibility
    assert f"from {oldest['pulumi-kubernetes']} " in compatibility


def test_the_versions_of_the_tests_are_those_that_the_command_prints() -> None:
    compatibility = page("compatibility.md")
    for what, between in (("Pulumi CLI", "and"), ("Kubernetes provider", "to"), ("Kubernetes", "to")):
        assert f"ran on {f' {between} '.join(TESTED[what])}" in compatibility
    assert f"documentation of {' to '.join(DOCUMENTED)}," in compatibility
