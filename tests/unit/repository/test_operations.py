"""The pages for those who run it are run: here as far as no Pulumi CLI is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.checkout import ROOT
from support.operations import FOLDER, PAGES, cloned, environment
from support.scenarios import Command, run, steps_of, without_pulumi


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this project, as far as the commands look at it."""
    clone = cloned(tmp_path / "clone")
    (clone / "Pulumi.yaml").write_bytes((ROOT / "Pulumi.yaml").read_bytes())
    return clone


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page: Path, clone: Path) -> None:
    run(without_pulumi(steps_of(page.read_text(encoding="utf-8"))), clone, environment(), {})


def test_every_page_is_listed_and_says_when_it_worked_and_how_to_go_back() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8").lower()
        assert page.name == "README.md" or f"({page.name})" in index
        assert page.stem in ("README", "access") or ("it worked when" in text and "to go back" in text), page.name


@pytest.mark.parametrize(("text", "shown"), [("echo one", "two\n"), ("echo one", ""), ("echo one; exit 1", "one\n")])
def test_what_is_printed_otherwise_is_seen(text: str, shown: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with"):
        run([Command(text, shown)], tmp_path, environment(), {})
