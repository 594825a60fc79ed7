"""Time: no text that a pull request can write takes longer than its length lets expect."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import pytest
from support.patterns import Pattern, hard_texts, patterns, unread

from paletteai_components.changes.fields import FieldChange
from paletteai_components.cli.output.field import field_line
from paletteai_components.credentials import is_placeholder
from paletteai_components.kube.field_path import FieldPath

# A tracer takes time, too.
pytestmark = pytest.mark.untraced

# Four times the text may take four times as long; what is squared takes sixteen times as long, and what doubles with
# every character is found before it takes for ever.
STEPS = (16, 24, 36, 48, 64, 144, 576, 2304, 9216)
MOST = 9.0
# Seconds of this thread alone. Less than this is not told apart from chance.
LEAST = 0.005


def took(call: Callable[[str], object], text: str) -> float:
    began = time.thread_time()
    call(text)
    return time.thread_time() - began


def slow_text(call: Callable[[str], object], texts: Callable[[int], Iterable[str]]) -> str | None:
    """The start of a text that takes more than its share of time, or None."""
    longest = LEAST
    for length in STEPS:
        before, longest = longest, LEAST
        for text in texts(length):
            taken = took(call, text)
            if taken > before * MOST:
                taken = min(taken, took(call, text), took(call, text))
            if taken > before * MOST:
                return f"{text[:20]!r} of {len(text)} characters takes {taken:.2f} s"
            if taken > longest:
                # What else the machine does must not make the next one seem fast.
                longest = max(longest, min(taken, took(call, text)))
    return None


# --- Patterns ---------------------------------------------------------------------------------------------------


def test_every_pattern_is_read_but_those_of_the_vendors_schemas() -> None:
    assert len(patterns()) > 40
    assert {pattern.file.partition("/")[0] for pattern in patterns()} == {".ci", "paletteai_components"}
    translated, with_words = sorted(unread())
    assert translated == "paletteai_components/kube/structural.py: translated"
    # The words of YAML in it are computed. The tests of shapes hold it to its time.
    assert with_words.startswith("paletteai_components/pulumi_yaml/shapes.py: ")
    assert "{_WORDS}" in with_words


@pytest.mark.parametrize("pattern", patterns(), ids=str)
def test_no_pattern_takes_more_than_its_share_of_time(pattern: Pattern) -> None:
    assert slow_text(pattern.call, lambda length: hard_texts(pattern, length)) is None


@pytest.mark.parametrize(("source", "use"), [(r"\W*(x{3,}|\*{3,})\W*", "fullmatch"), (r" +$", "sub")])
def test_a_pattern_that_takes_more_is_found_out(source: str, use: str) -> None:
    pattern = Pattern("", source, 0, use)
    assert slow_text(pattern.call, lambda length: hard_texts(pattern, length))


def test_a_value_that_is_nearly_a_placeholder_is_judged_at_once() -> None:
    for opening, closing in (("<", ">"), ("${", "}"), ("{{", "}}"), ("*", "."), ("your-", "-"), ("x", "-")):
        text = opening * 200_000 + closing * 200_000
        assert took(is_placeholder, f"{text}a") < 0.5
        assert took(is_placeholder, f"-a-{text}\n" * 3) < 0.5


# --- Comparisons ------------------------------------------------------------------------------------------------


def test_two_long_lists_are_compared_at_once() -> None:
    def compared(length: int) -> float:
        before, after = ([{"k": number} for number in range(start, start + length)] for start in (0, length // 2))
        began = time.thread_time()
        line = field_line(FieldChange(FieldPath(("spec", "list")), before, after))
        assert f" and {length // 2 - 20:,} more" in line
        return time.thread_time() - began

    assert compared(40_000) < max(LEAST, compared(10_000)) * MOST
