"""The quick reading of a file: it says what the thorough one says, or leaves the file to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from support.checkout import ROOT

from paletteai_components.diagnostics import StackFileError
from paletteai_components.pulumi_yaml import document
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.pulumi_yaml.quick import UnsupportedYaml, quick_value

SCALARS = st.sampled_from(
    [
        *("a", "b c", "true", "~", "", "1", "0x1f", "-7", "1_000", "1.5", ".inf", "2001-01-01", "x?y", "<<"),
        *("'a'", "'1'", '"\\tb"', '"\\n c"', '"\\/d"', "'<<'", '"\\u2028\\ne"', '"é"', "'?'"),
        *("&x a", "*x", "!!str 1", "! a", "!!int '1'"),
    ]
)
KEYS = st.one_of(st.sampled_from("abcdef"), st.sampled_from("abcdef"), SCALARS)


def _flow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    entries = st.lists(st.tuples(KEYS, inner), max_size=3)
    mapping = entries.map(lambda drawn: "{" + ", ".join(f"{key} : {value}" for key, value in drawn) + "}")
    return mapping | st.lists(inner, max_size=3).map(lambda drawn: f"[{', '.join(drawn)}]")


ENTRIES = st.tuples(KEYS, st.recursive(SCALARS, _flow, max_leaves=6))
TEXTS = st.lists(ENTRIES, min_size=1, max_size=4).map(
    lambda entries: "".join(f"{key}: {value}\n" for key, value in entries)
)


def quickly(text: str, most_values: int = 1000, most_depth: int = 100) -> Any:
    """What the quick reading makes of a text."""
    loader: Any = document._LOADER(text.encode())
    return quick_value(loader.get_event, most_values, most_depth)


@given(TEXTS)
def test_what_is_read_quickly_is_what_the_thorough_reading_says(text: str) -> None:
    try:
        value = quickly(text)
    except (UnsupportedYaml, yaml.YAMLError):
        assume(False)
    if '"\\/' not in text:
        thorough, _ = document._read(text.encode(), text, "test.yaml")
        assert repr(value) == repr(thorough)


@given(TEXTS)
def test_whether_a_file_is_refused_does_not_depend_on_how_it_is_read(text: str) -> None:
    refused: list[bool] = []
    for most_bytes in (document._QUICK_BYTES, 0):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(document, "_QUICK_BYTES", most_bytes)
            try:
                document_from(text.encode(), "test.yaml")
                refused.append(False)
            except StackFileError:
                refused.append(True)
    assert refused[0] == refused[1]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1",
        "a: {b: 1}\nc: &x {d: 1}",
        "a: !!str 1",
        "a: !!map {b: 1}",
        "a: {b: *x}",
        "a: 1\na: 2",
        "a: 1\n'a': 2",
        "<<: {b: 1}",
        "'<<': {b: 1}",
        "1: a",
        "~: a",
        "2001-01-01: a",
        "{a: 1}: b",
        "a: 1.5",
        "a: 99999999999999999999",
        "a: .nan",
        "a: x?y",
        "{x?y : a}",
        'a: "\\tb"',
        "a: 1\n---\nb: 2",
        "a",
        "",
        "# nothing",
    ],
)
def test_what_may_mean_more_is_left_to_the_thorough_reading(text: str) -> None:
    with pytest.raises(UnsupportedYaml):
        quickly(text)


def test_the_bounds_are_those_of_the_thorough_reading() -> None:
    text = "a: [1, {b: c}]\nd: e"
    # The document, two keys, a list, a number, an object with a key and a text, and a text.
    assert quickly(text, most_values=9, most_depth=3) == {"a": [1, {"b": "c"}], "d": "e"}
    with pytest.raises(UnsupportedYaml):
        quickly(text, most_values=8)
    with pytest.raises(UnsupportedYaml):
        quickly(text, most_depth=2)


@pytest.mark.parametrize("file", sorted((ROOT / "stacks").glob("*.yaml")), ids=lambda file: file.name)
def test_an_ordinary_stack_file_is_read_quickly_and_still_has_its_lines(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(document, "_read", lambda *_: pytest.fail("read thoroughly"))
        read = document_from(file.read_bytes(), file.name)
    assert file.read_text().splitlines()[read.line(("config", "paletteai:tenant", "name")) - 1].split() == [
        "name:",
        read.value["config"]["paletteai:tenant"]["name"],
    ]


def test_a_file_is_read_thoroughly_once_however_many_lines_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read = document_from(b"a: 1\nb: 2\n", "test.yaml")
    thorough, times = document._read, []

    def counted(*arguments: Any) -> Any:
        times.append(arguments)
        return thorough(*arguments)

    monkeypatch.setattr(document, "_read", counted)
    assert [read.line(("a",)), read.line(("b",)), read.source(("b",))] == [1, 2, "2"]
    assert len(times) == 1
