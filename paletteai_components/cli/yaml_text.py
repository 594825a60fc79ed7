"""Manifests as YAML text that means the same to every reader, of YAML 1.1 as of 1.2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

from paletteai_components.manifests import Manifest

# What no reader takes for anything but text. kubectl reads `on`, `0o17`, `1e3` and `12:30` otherwise.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9./-]*( [A-Za-z0-9./-]+)*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "infinity"})

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_DUMPER):  # type: ignore[misc]
    def ignore_aliases(self, data: object) -> bool:
        return True


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _text(dumper: Any, text: str) -> yaml.ScalarNode:
    style = None if _is_plain(text) else '"'
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


_Dumper.add_representer(str, _text)


def quoted(text: str) -> str:
    """A printable text without quotes or backslashes as YAML, in quotes where it needs them."""
    return text if _is_plain(text) else f'"{text}"'


def yaml_of(manifests: Iterable[Manifest]) -> str:
    """The manifests as one stream of documents."""
    text: str = yaml.dump_all(
        manifests, Dumper=_Dumper, sort_keys=False, explicit_start=True, default_flow_style=False, width=2**31 - 1
    )
    return text
