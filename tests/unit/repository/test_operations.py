"""The pages for those who run it are run: here as far as no Pulumi CLI is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.operations import FOLDER, PAGES, cloned, environment
from support.scenarios import Command, Edit, Step, run, steps_of, without_pulumi


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of this project, as far as the commands look at it."""
    return cloned(tmp_path / "clone")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page: Path, clone: Path) -> None:
    run(without_pulumi(steps_of(page.read_text(encoding="utf-8"))), clone, environment(), {})


def test_every_page_is_listed_and_says_when_it_worked_and_how_to_go_back() -> None:
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        text = page.read_text(encoding="utf-8").lower()
        assert page.name == "README.md" or f"({page.name})" in index
        assert page.stem in ("README", "access") or ("it worked when" in text and "to go back" in text), page.name


def test_the_steps_of_a_page_are_its_commands_and_edits_in_order() -> None:
    page = (
        "```sh\n$ no step\n```\n```console\n$ paletteai check\nfine\n$ pulumi up\n```\n"
        "```diff\n--- stacks/a\n one\n-two\n+three\n@@\n-four\n```\n"
        "```yaml\nnot: a file\n```\n```yaml\n# stacks/b\nfive: 5\n```\n"
    )
    check, up, *edits = steps_of(page)
    assert check == Command("paletteai check", "fine\n")
    assert up == Command("pulumi up", "")
    assert edits == [
        Edit("stacks/a", (("one\ntwo\n", "one\nthree\n"), ("four\n", ""))),
        Edit("stacks/b", ((None, "five: 5\n"),)),
    ]


def test_without_pulumi_the_steps_end_where_it_would_change_a_file() -> None:
    kept: list[Step] = [Command("paletteai check", ""), Edit("a", ()), Command("git diff", "")]
    skipped = Command("pulumi up --stack acme.dev", "")
    last = [Command("pulumi config set --secret x", ""), kept[0]]
    assert list(without_pulumi([kept[0], skipped, *kept[1:], *last])) == kept


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("echo one", "two\n"),
        ("echo one", ""),
        ("echo one; echo two", "one\n"),
        ("echo one.", "one…x\n"),
        ("echo one; exit 1", "one\n"),
        ("echo an error", "an error\n"),
    ],
)
def test_what_is_printed_otherwise_is_seen(text: str, shown: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with"):
        run([Command(text, shown)], tmp_path, environment(), {})


def test_what_is_left_out_may_be_anything(tmp_path: Path) -> None:
    steps: list[Step] = [
        Command("export NAME=value", ""),
        Command('printf "a\\nb\\n$NAME $(cat)\\nc"', "a\n…\nvalue ty…\n…\nc\n"),
        Command("echo an error; exit 3", "an error\n"),
        Edit("file", ((None, "one\ntwo\n"),)),
        Edit("file", (("one\n", ""),)),
        Command("cat file", "two\n"),
    ]
    run(steps, tmp_path, environment(), {"printf": "typed"})


def test_an_edit_has_to_fit_exactly_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("one\none\n")
    for old in ("one\n", "two\n"):
        with pytest.raises(AssertionError, match="times in file"):
            run([Edit("file", ((old, ""),))], tmp_path, environment(), {})
