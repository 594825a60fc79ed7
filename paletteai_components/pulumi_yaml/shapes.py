"""Shapes: what documents have in common that differ in nothing but plain texts. Each shape is parsed once.

Manifests come by the thousand, and most are like many others. Of a shape that was seen before, a document's value is
the value of the shape with the document's texts in it, which is the value that the parser would find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any

import yaml

from paletteai_components.diagnostics import StackFileError
from paletteai_components.pulumi_yaml.scalars import KEYWORDS

_MAX_CHARACTERS = 16 * 1024
_MAX_SHAPES = 1_000
_WORDS = "|".join(filter(None, map(re.escape, KEYWORDS)))
_INSIDE = "[A-Za-z0-9._/+=@-]*+"
# The text at the end of a line, after `key: ` or `- `, with or without quotes. Its characters mean nothing to a YAML
# parser where they are here: whatever they are part of, the parser reads another such text there in the same way.
# Without quotes it is no number and no word such as `true`. None is searched twice, however long the line is.
_TEXT = re.compile(
    rf"([:-] (?:[\"']|(?=[A-Za-z])(?!(?:{_WORDS})(?:[\r\n]|\Z))))"
    rf"([A-Za-z0-9]{_INSIDE}(?:[ :](?<!- )[A-Za-z0-9/]{_INSIDE})*+)(?=[\"']?(?:[\r\n]|\Z))"
)
_STAND_IN = "Stands-for-a-text-"
_NUMBERED = re.compile(rf"{_STAND_IN}([0-9]+)")


def shaped(text: str, parse: Callable[[bytes], Any]) -> Any:
    """The value of a document of a shape that was seen before; None if it must be parsed.

    Args:
        text: The document.
        parse: What the document would be parsed with.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    parts = _TEXT.split(text)
    texts = parts[2::3]
    del parts[2::3]
    filled = _shape(tuple(parts)).filled(texts, parse)
    return None if filled is None else _value_of(filled)[0]


class _Shape:
    """What is around the texts of documents that are alike."""

    def __init__(self, around: tuple[str, ...]) -> None:
        self.around = around
        self.is_seen = self.is_read = False
        self.template: str | None = None
        """The value as JSON, with a place for each text. None if a text is only a part of a value."""
        self.order: list[int] = []
        """Which text is in which place. Those in comments are in none."""

    def filled(self, texts: list[str], parse: Callable[[bytes], Any]) -> str | None:
        """The value with these texts as JSON, or None if only the parser knows it."""
        if not self.is_seen:
            # What comes once need not be read twice.
            self.is_seen = True
            return None
        if not self.is_read:
            self.is_read = True
            self._read(parse)
        if self.template is None:
            return None
        return self.template % tuple([texts[at] for at in self.order])

    def _read(self, parse: Callable[[bytes], Any]) -> None:
        if any(_STAND_IN in part for part in self.around):
            return
        parts = [f"{part}{_STAND_IN}{at // 2}" if at % 2 else part for at, part in enumerate(self.around)]
        with suppress(yaml.YAMLError, StackFileError, _PartOfValue):
            self.template = self._json(parse("".join(parts).encode()))

    def _json(self, value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ",".join(f"{_constant(key)}:{self._json(inner)}" for key, inner in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(self._json, value)) + "]"
        if isinstance(value, str) and (found := _NUMBERED.fullmatch(value)):
            self.order.append(int(found[1]))
            return '"%s"'
        return _constant(value)


class _PartOfValue(Exception):
    """A text is not all of a value, as in a text of several lines."""


def _constant(value: Any) -> str:
    written = json.dumps(value)
    if _STAND_IN in written:
        raise _PartOfValue
    return written.replace("%", "%%")


_value_of = json.JSONDecoder().raw_decode
_shape = lru_cache(maxsize=_MAX_SHAPES)(_Shape)
