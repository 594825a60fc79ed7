"""Shapes: what documents have in common that differ in nothing but plain texts. Each shape is parsed once.

Manifests come by the thousand, and most are like many others. Of a shape that was seen before, a document's value is
the value of the shape with the document's texts in it, which is the value that the parser would find.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
    return _shape(tuple(parts)).filled(texts, parse)


class _Shape:
    """What is around the texts of documents that are alike."""

    def __init__(self, around: tuple[str, ...]) -> None:
        self._around = around
        self._is_seen = self._is_read = False
        # Every mapping and list of the value, the outermost first. Empty if a text is only a part of a value.
        self._holders: list[Any] = []
        # What is at a place of a holder: another one, or a text. Those in comments have no place.
        self._inner: list[tuple[int, Any, int]] = []
        self._texts: list[tuple[int, Any, int]] = []

    def filled(self, texts: list[str], parse: Callable[[bytes], Any]) -> Any:
        """The value with these texts, or None if only the parser knows it."""
        if not self._is_seen:
            # What comes once need not be read twice.
            self._is_seen = True
            return None
        if not self._is_read:
            self._is_read = True
            self._read(parse)
        if not self._holders:
            return None
        holders = [holder.copy() for holder in self._holders]
        for holder, key, inner in self._inner:
            holders[holder][key] = holders[inner]
        for holder, key, text in self._texts:
            holders[holder][key] = texts[text]
        return holders[0]

    def _read(self, parse: Callable[[bytes], Any]) -> None:
        if any(_STAND_IN in part for part in self._around):
            return
        parts = [f"{part}{_STAND_IN}{at // 2}" if at % 2 else part for at, part in enumerate(self._around)]
        try:
            value = parse("".join(parts).encode())
            if isinstance(value, (dict, list)):
                self._add(value)
        except (yaml.YAMLError, StackFileError, _PartOfValue):
            self._holders = []

    def _add(self, value: Any) -> int:
        """Add a mapping or list, and what is in it. Returns its position."""
        at = len(self._holders)
        self._holders.append(value)
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(inner, (dict, list)):
                self._inner.append((at, key, self._add(inner)))
            elif isinstance(inner, str) and (found := _NUMBERED.fullmatch(inner)):
                self._texts.append((at, key, int(found[1])))
            elif _STAND_IN in f"{key}{inner}":
                raise _PartOfValue
        return at


class _PartOfValue(Exception):
    """A text is not all of a value, as in a text of several lines."""


_shape = lru_cache(maxsize=_MAX_SHAPES)(_Shape)
