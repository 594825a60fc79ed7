"""The documentation says what is so: its tables and samples are compared with the code."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import BaseModel
from support.checkout import ROOT
from support.projects import Project, changed

from paletteai_components.cli import main
from paletteai_components.kube.palette_api import FIELDS
from paletteai_components.model import spec
from paletteai_components.rules import RULES
from paletteai_components.rules.rule import Scope

README = (ROOT / "README.md").read_text()
DOCS = sorted((ROOT / "docs").rglob("*.md"))
SPECS = [
    model
    for _, model in inspect.getmembers(spec, inspect.isclass)
    if issubclass(model, BaseModel) and model is not spec.Spec
]


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


def test_the_readme_shows_the_plan_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    printed = CliRunner().invoke(main, ["plan", "acme.dev"])
    sample = README.split("for the first of the four example stacks:\n\n```\n")[1].split("```")[0]
    assert sample.strip() in printed.stdout


def test_the_readme_lists_every_rule_and_who_sees_it() -> None:
    listed = {row[0]: row[2] for row in rows(README) if row[0].startswith("PAI")}
    words = {Scope.STACK: "stack", Scope.WORKSPACE: "all stacks", Scope.CLUSTER: "preview", Scope.LIVE: "doctor"}
    assert listed.keys() == RULES.keys()
    assert {code: seen for code, seen in listed.items() if code != "PAI016"} == {
        code: words[rule.scope] for code, rule in RULES.items() if code != "PAI016"
    }


def test_the_error_in_the_readme_is_the_one_that_is_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, monkeypatch)
    example = (ROOT / "stacks" / "Pulumi.acme.dev.yaml").read_text()
    project.stack(changed("settings: {palette: lab}", "settings: {palette: shared}", example))
    sample = README.split("## The errors you will meet\n\n```\n")[1].split("```")[0]
    assert sample.strip() in project.printed("check", code=1)


def test_every_field_of_a_stack_file_is_described() -> None:
    page = (ROOT / "docs" / "stack-file.md").read_text()
    described = {re.sub(r"`|paletteai:| \(required\)", "", row[0]) for row in rows(page)}
    fields = {
        info.alias for model in SPECS if model is not spec.FingerprintSpec for info in model.model_fields.values()
    }
    assert fields <= described


def test_every_field_of_a_stack_file_has_a_docstring() -> None:
    tree = ast.parse(inspect.getsource(spec))
    undocumented = [
        f"{node.name}.{ast.unparse(field.target)}"
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for field, after in zip(node.body, [*node.body[1:], None], strict=True)
        if isinstance(field, ast.AnnAssign)
        and not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant))
    ]
    assert undocumented == []


def test_every_field_of_the_vendors_is_listed_with_where_it_was_seen() -> None:
    listed = {row[0].strip("`"): row for row in rows((ROOT / "docs" / "vendor-api.md").read_text())}
    for name, field in FIELDS.items():
        assert listed[name] == [f"`{name}`", field.kind, f"`{field.path}`", field.seen or "**assumed**"]


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *DOCS], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link
