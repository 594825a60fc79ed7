"""The value of a YAML file that holds nothing unusual, read quickly and without lines.

`document` reads all of YAML as Pulumi does, which takes most of the time of a `check`. Nearly every stack file
holds only mappings, lists, texts and whole numbers. What may mean anything else is left to `document`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import yaml

from paletteai_components.pulumi_yaml.scalars import resolved

# A text in quotes that starts so may lose its first character on Pulumi's way.
_SPECIAL_START = ("\t", "\n", "\u2028", "\u2029")


class UnsupportedYaml(Exception):
    """The file holds something that is not understood here."""


def quick_value(take: Callable[[], Any], most_values: int, most_depth: int) -> Any:
    """The value that a parser's events tell; `take` gives the next one.

    Raises UnsupportedYaml, or yaml.YAMLError where the text is no YAML.
    """
    reading = _Reading(take)
    take()
    if type(take()) is not yaml.DocumentStartEvent:
        raise UnsupportedYaml
    value = reading.inside(take(), most_depth)
    take()
    if type(take()) is not yaml.StreamEndEvent or reading.values > most_values:
        raise UnsupportedYaml
    return value


@lru_cache(10_000)
def _plain(text: str) -> Any:
    value = resolved(text)
    if type(value) is float or "?" in text:
        raise UnsupportedYaml
    return value


@lru_cache(10_000)
def _plain_key(text: str) -> str:
    if text == "<<" or "?" in text or resolved(text) != text:
        raise UnsupportedYaml
    return text


class _Reading:
    def __init__(self, take: Callable[[], Any]) -> None:
        self.take = take
        self.values = 1

    def inside(self, event: Any, depth: int) -> Any:
        """The list or mapping that starts with an event."""
        kind = type(event)
        if depth == 0 or kind is yaml.AliasEvent or event.anchor is not None or event.tag is not None:
            raise UnsupportedYaml
        if kind is yaml.MappingStartEvent:
            return self._mapping(depth - 1)
        if kind is yaml.SequenceStartEvent:
            return self._list(depth - 1)
        raise UnsupportedYaml

    def _mapping(self, depth: int) -> dict[str, Any]:
        take, scalar, found = self.take, yaml.ScalarEvent, dict[str, Any]()
        while type(event := take()) is scalar:
            key = _scalar(event, _plain_key)
            if key in found or key == "<<":
                raise UnsupportedYaml
            event = take()
            found[key] = _scalar(event, _plain) if type(event) is scalar else self.inside(event, depth)
        if type(event) is not yaml.MappingEndEvent:
            raise UnsupportedYaml
        self.values += 2 * len(found)
        return found

    def _list(self, depth: int) -> list[Any]:
        take, scalar, found = self.take, yaml.ScalarEvent, list[Any]()
        while type(event := take()) is not yaml.SequenceEndEvent:
            found.append(_scalar(event, _plain) if type(event) is scalar else self.inside(event, depth))
        self.values += len(found)
        return found


def _scalar(event: Any, plain: Callable[[str], Any]) -> Any:
    if event.tag is not None or event.anchor is not None:
        raise UnsupportedYaml
    text = event.value
    if not event.style:
        return plain(text)
    if text[:1] in _SPECIAL_START:
        raise UnsupportedYaml
    return text
