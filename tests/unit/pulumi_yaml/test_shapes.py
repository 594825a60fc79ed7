"""Documents of one shape are parsed once, and read as if each of them had been parsed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paletteai_components.diagnostics import StackFileError
from paletteai_components.pulumi_yaml import document, shapes
from paletteai_components.pulumi_yaml.document import manifest_from
from paletteai_components.pulumi_yaml.scalars import KEYWORDS

PROJECT = """\
apiVersion: spectrocloud.com/v1alpha1
kind: Project
metadata:
  name: {}
  labels: {{palette.ai/tenant-name: acme}}
  annotations:
    # of: {}
    description: "{}"
spec:
  displayName: {}
  roleMapping:
    admin:
    - {}
"""
# What a text may be in, whether or not a document may have it there. Each has a place for a text.
AROUND = (
    "a{n}: {}",
    'a{n}: "{}"',
    "a{n}: '{}'",
    "- {}",
    '- "{}"',
    "- b{n}: {}",
    "  - {}",
    "  c{n}: {}",
    "    d{n}: {}",
    "a{n}:\n  - {}",
    "a{n}: |\n  e: {}\n  - {}",
    "a{n}: >-\n  - {}",
    'a{n}: "one\n  f: {}\n  - {}"',
    "a{n}: 'one\n  - {}\n  f: {}'",
    "a{n}: one\n  - {}",
    "a{n}: {}\n  - {}",
    "# g: {}",
    "a{n}: &h {}",
    "a{n}: &h\n  i: {}\n  j: *h",
    "a{n}: &h{n}\n  i: {}",
    "a{n}: *h{n}",
    "<<: {}",
    "<<: *h0",
    "a: {}",
    "a{n}: !!str {}",
    "a{n}: !!int\n  {}",
    "- !!str\n- {}",
    "a{n}: [k,\n l: {}\n , m]",
    "a{n}: {{o: {}\n}}",
    'a{n}: {{o: "{}"\n: p}}',
    "? a{n}: {}\n: q",
    "? - {}\n: - {}",
    "a{n}: 5",
    "a{n}: {{}}",
    "a{n}: %s %d 100% \\",
    'a{n}: "\\x: {}"',
    "\ta{n}: {}",
    "a{n}: {}\\\n",
    "a{n}: -\n  - {}",
    "a{n}: 'r'\n- {}",
    "--- {}",
    "---",
    "...",
    "%YAML 1.1\n---",
    "%FOO: {}",
    "# \x00",
    "a{n}: \u2028 - {}",
    "Stands-for-a-text-0: {}",
    "a{n}: [Stands-for-a-text-0, {}]\ns: {}",
)
TEXTS = (
    *filter(None, KEYWORDS),
    *("x", "y", "v1", "no", "5", "0x1f", "1e3", "0o7", "1_000", "2001-01-01", "12:30", "a b", "a - b", "a- b", "a-"),
    *(
        "a: b",
        "a:b",
        "a:",
        "http://a/b",
        "a #b",
        "a#b",
        "#",
        "=",
        "a=",
        "YQ==",
        "a, b",
        "a]",
        "a?",
        "? a",
        "a'b",
        'a"b',
    ),
    *(
        "x" * 300,
        "a " * 600 + "a",
        "%s",
        "100%",
        "é",
        "a\tb",
        "a ",
        "<<",
        "*h",
        "---",
        "a|",
        "a >",
        "a: |",
        "!a",
        "a\\",
    ),
    "Stands-for-a-text-0",
)
SOME_TEXT = st.one_of(st.sampled_from(TEXTS), st.text("abAB19 ./:-", min_size=1, max_size=8))


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    shapes._shape.cache_clear()
    yield
    shapes._shape.cache_clear()


def read(text: str) -> Any:
    """What a document is read as, or what is wrong with it."""
    try:
        found = manifest_from(text.encode(), "all.yaml", 7)
    except StackFileError as refused:
        return refused.diagnostics
    return found and (repr(found.value), found.location(("a0",)))


def parsed(text: str) -> Any:
    """The same, without any shape."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "shaped", lambda text, parse: None)
        return read(text)


def times_parsed(texts: list[str]) -> int:
    count = 0

    def counting(data: bytes, file: str = "") -> Any:
        nonlocal count
        count += 1
        return original(data, file)

    original = document._parsed
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "_parsed", counting)
        for text in texts:
            read(text)
    return count


@pytest.mark.parametrize("around", AROUND)
def test_whatever_a_text_is_in_it_is_read_as_if_it_were_parsed(around: str) -> None:
    # The first two are for the shape.
    for text in map(around.replace("{n}", "0").format, *[("x", "y", *TEXTS)] * 2):
        assert read(text) == parsed(text)


@given(st.data())
def test_whatever_is_in_a_document_it_is_read_as_if_it_were_parsed(data: st.DataObject) -> None:
    around = data.draw(st.lists(st.sampled_from(AROUND), min_size=1, max_size=6))
    end = data.draw(st.sampled_from(["\n", "\r\n", "\n", "\r"]))
    template = "\n".join(each.replace("{n}", str(at)) for at, each in enumerate(around)).replace("\n", end)
    plain = [("x", "y", "z") * 4] * 2
    for texts in [*plain, *data.draw(st.lists(st.lists(SOME_TEXT, min_size=12, max_size=12), max_size=2))]:
        text = template.format(*texts)
        assert read(text) == parsed(text)


@given(st.lists(st.lists(SOME_TEXT, min_size=5, max_size=5), min_size=1, max_size=4))
def test_projects_with_any_texts_are_read_as_if_they_were_parsed(many: list[list[str]]) -> None:
    for texts in [["x"] * 5, ["y"] * 5, *many]:
        text = PROJECT.format(*texts)
        assert read(text) == parsed(text)


def test_documents_that_differ_in_texts_are_parsed_twice_however_many_they_are() -> None:
    many = [PROJECT.format(f"vision-{at}", f"v{at}", f"Of {at}", f"Vision {at}", f"group{at}") for at in range(50)]
    assert times_parsed(many) == 2
    assert [read(text) for text in many] == [parsed(text) for text in many]


def test_a_document_that_comes_once_is_parsed_once() -> None:
    assert times_parsed([PROJECT.format("a", "b", "c", "d", "e")]) == 1


def test_a_text_that_is_a_part_of_another_is_left_to_the_parser() -> None:
    many = [f"a: |\n  - x{at}\n" for at in range(5)]
    # Once more than there are: to find out.
    assert times_parsed(many) == 6


def test_a_number_and_a_text_have_different_shapes() -> None:
    assert [read(f"a: {value}\n")[0] for value in ("x", "y", "z", "5", "6", '"7"', '"8"', '"9"', "null", "true")] == [
        f"{{'a': {value!r}}}" for value in ("x", "y", "z", 5, 6, "7", "8", "9", None, True)
    ]


@pytest.mark.parametrize("line", ["a- " * 5000, "a: " * 5000, "- " * 7000, "x: a " + "b " * 7000 + "!", ": '" * 5000])
def test_a_long_line_takes_no_longer_than_in_proportion(line: str) -> None:
    began = time.process_time()
    for _ in range(20):
        shapes._TEXT.split(line)
    assert time.process_time() - began < 1
