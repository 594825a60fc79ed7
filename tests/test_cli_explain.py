"""`paletteai explain` and the pages of the rules."""

from __future__ import annotations

import io
import json
import runpy
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from paletteai_components.cli import explain, main
from paletteai_components.rules import RULES, page_of

PAGES = Path(__file__).resolve().parent.parent / "docs" / "rules"
REMEDY = "run `python -m paletteai_components.rules docs/rules`"


def run(*arguments: str) -> tuple[str, str, int]:
    result = CliRunner().invoke(main, ["explain", *arguments])
    return result.stdout, result.stderr, result.exit_code


@pytest.mark.parametrize("code", RULES)
def test_every_rule_has_a_page(code: str) -> None:
    page, _, exit_code = run(code)
    assert page == page_of(RULES[code])
    assert page.startswith(f"# {code}: ")
    assert exit_code == 0


def test_a_code_may_be_typed_in_small_letters() -> None:
    assert run("pai004") == run("PAI004")


def test_without_a_code_every_rule_has_a_line() -> None:
    lines = run()[0].splitlines()
    assert [line.split()[0] for line in lines] == list(RULES)
    assert lines[10] == "PAI011  warning  What is declared is used"


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    _, stderr, exit_code = run("PAI0044")
    assert "there is no rule PAI0044. Did you mean PAI004?" in stderr
    assert exit_code == 2


def test_a_code_like_no_other_is_answered_with_where_they_are_listed() -> None:
    _, stderr, exit_code = run("what\x1b[31m")
    assert "there is no rule what\\x1b[31m. `paletteai explain` lists them all." in stderr
    assert exit_code == 2


def test_only_one_rule_is_explained_at_a_time() -> None:
    assert run("PAI001", "PAI002")[2] == 2


def test_json_has_the_page() -> None:
    value = json.loads(run("PAI011", "--format", "json")[0])
    assert list(value) == ["code", "holds", "severity", "scope", "page"]
    assert value["severity"] == "warning"
    assert [rule["code"] for rule in json.loads(run("--format", "json")[0])["rules"]] == list(RULES)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_the_page_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    assert explain.command.callback is not None
    explain.command.callback(("PAI004",), "text")
    assert "PAI004" in stream.getvalue()
    assert "```" not in stream.getvalue()


def test_the_pages_in_the_docs_are_current() -> None:
    written = {path.stem: path.read_text(encoding="utf-8") for path in PAGES.glob("*.md")}
    assert written == {code: page_of(rule) for code, rule in RULES.items()}, REMEDY


def test_the_pages_are_written_by_one_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["rules", str(tmp_path / "rules")])
    runpy.run_module("paletteai_components.rules", run_name="__main__")
    assert len(list((tmp_path / "rules").glob("PAI*.md"))) == len(RULES)
