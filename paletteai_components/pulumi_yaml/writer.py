"""Manifests as YAML text that parses to the same values as YAML 1.1 and as YAML 1.2."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import yaml

# Text that every parser reads as text. kubectl reads `on`, `0o17`, `1e3` and `12:30` differently.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*( [A-Za-z0-9./-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"})

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def quoted(text: str) -> str:
    """A printable text without quotes or backslashes as YAML, in quotes if it needs them."""
    return text if _is_plain(text) else f'"{text}"'


def yaml_of(manifests: Iterable[dict[str, Any]]) -> str:
    """The manifests as one stream of YAML documents."""
    # Events go straight to the emitter: building nodes first takes three times as long.
    text: str = yaml.emit(_events(manifests), Dumper=_DUMPER, width=2**31 - 1)
    # A # is always in double quotes. A CI server would run a log line with two of them as a command.
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
        yield _scalar(value) if isinstance(value, str) else _non_text_scalar(value)


@lru_cache(10_000)
def _scalar(text: str) -> yaml.ScalarEvent:
    return yaml.ScalarEvent(None, None, (True, True), text, style=None if _is_plain(text) else '"')


def _non_text_scalar(value: object) -> yaml.ScalarEvent:
    """A number, a boolean or null."""
    node = yaml.representer.SafeRepresenter().represent_data(value)
    return yaml.ScalarEvent(None, None, (True, True), node.value)
