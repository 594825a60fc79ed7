"""Manifests as YAML text that means the same to every reader, of YAML 1.1 as of 1.2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import yaml

# What no reader takes for anything but text. kubectl reads `on`, `0o17`, `1e3` and `12:30` otherwise.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*( [A-Za-z0-9./-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"})

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def quoted(text: str) -> str:
    """A printable text without quotes or backslashes as YAML, in quotes where it needs them."""
    return text if _is_plain(text) else f'"{text}"'


def yaml_of(manifests: Iterable[dict[str, Any]]) -> str:
    """The manifests as one stream of documents."""
    # The emitter is asked directly: to represent each value first takes three times as long.
    text: str = yaml.emit(_events(manifests), Dumper=_DUMPER, width=2**31 - 1)
    # A # is always between double quotes. In a log, a CI server would find commands behind two of them.
    return text.replace("##", "#\\x23")


def _events(manifests: Iterable[dict[str, Any]]) -> Iterator[Any]:
    yield yaml.StreamStartEvent()
    for manifest in manifests:
        yield yaml.DocumentStartEvent(explicit=True)
        yield from _events_of(manifest)
        yield yaml.DocumentEndEvent(explicit=False)
    yield yaml.StreamEndEvent()


def _events_of(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield yaml.MappingStartEvent(None, None, True, flow_style=False)
        for key, inner in value.items():
            yield _scalar(key)
            if isinstance(inner, str):
                yield _scalar(inner)
            else:
                yield from _events_of(inner)
        yield yaml.MappingEndEvent()
    elif isinstance(value, list):
        yield yaml.SequenceStartEvent(None, None, True, flow_style=False)
        for inner in value:
            yield from _events_of(inner)
        yield yaml.SequenceEndEvent()
    else:
        yield _scalar(value) if isinstance(value, str) else _other(value)


@lru_cache(10_000)
def _scalar(text: str) -> yaml.ScalarEvent:
    return yaml.ScalarEvent(None, None, (True, True), text, style=None if _is_plain(text) else '"')


def _other(value: object) -> yaml.ScalarEvent:
    """A number, a boolean or null."""
    written = yaml.representer.SafeRepresenter().represent_data(value)
    return yaml.ScalarEvent(None, None, (True, True), written.value)
