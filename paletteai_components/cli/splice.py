"""Fingerprints put into the text of a stack file, of which nothing else changes.

A YAML writer would set spaces, quotes and line breaks anew. So the parser only tells the places, the
text is cut there, and the outcome is read again to see that it says what it should.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import click
import yaml

from paletteai_components.document import Document, document_from
from paletteai_components.problem import Unreadable, escaped
from paletteai_components.spec import FingerprintSpec

_BOM = b"\xef\xbb\xbf"
_KEYS = ("paletteai:integrations", "integrations")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Edit = tuple[int, int, str]


def with_fingerprints(data: bytes, read: Document, fingerprints: Mapping[str, FingerprintSpec]) -> bytes:
    """The bytes of a stack file with a fingerprint in each of these integrations.

    `read` is what the bytes say. Raises click.ClickException where the text cannot be cut safely.
    """
    bom, text = (_BOM, data[len(_BOM) :].decode()) if data.startswith(_BOM) else (b"", data.decode())
    edits = [edit for name, each in fingerprints.items() for edit in _edits(text, name, each)]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    result = bom + text.encode()
    if not edits or _value_of(result, read.file) != _expected(read, fingerprints):
        raise click.UsageError(_by_hand(read.file, fingerprints))
    return result


def _expected(read: Document, fingerprints: Mapping[str, FingerprintSpec]) -> Any:
    value = deepcopy(read.value)
    integrations: Any = next((value["config"][key] for key in _KEYS if key in value["config"]), {})
    for name, fingerprint in fingerprints.items():
        # One that stands in the project file is not in this one, so the outcome will differ.
        integrations.setdefault(name, {})["fingerprint"] = fingerprint.model_dump(by_alias=True)
    return value


def _value_of(data: bytes, file: str) -> Any:
    try:
        return document_from(data, file).value
    except Unreadable:
        return None


def _edits(text: str, name: str, fingerprint: FingerprintSpec) -> Iterator[_Edit]:
    integrations = _entry(_entry(yaml.compose(text, Loader=_LOADER), "config"), *_KEYS)
    integration = _entry(integrations, name)
    written, key = _entry(integration, "fingerprint"), _entry(integration, "apiKey")
    if isinstance(written, yaml.MappingNode):
        for field, new in fingerprint.model_dump().items():
            old = _entry(written, field)
            if isinstance(old, yaml.ScalarNode):
                yield old.start_mark.index, old.end_mark.index, f'"{new}"'
    elif isinstance(integration, yaml.MappingNode) and key is not None:
        line = f'fingerprint: {{value: "{fingerprint.value}", ciphertext: "{fingerprint.ciphertext}"}}'
        if integration.flow_style:
            yield key.end_mark.index, key.end_mark.index, f", {line}"
        else:
            at = _after_line(text, _last(key).end_mark.index)
            indent = " " * integration.value[0][0].start_mark.column
            yield at, at, _line(text, at, f"{indent}{line}")


def _entry(node: yaml.Node | None, *names: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in names:
                found: yaml.Node = value
                return found
    return None


def _last(node: yaml.Node) -> yaml.Node:
    # A block ends only where the next thing begins; the last value in it ends where it ends.
    while isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        node = node.value[-1][1]
    return node


def _after_line(text: str, end: int) -> int:
    if text[end - 1] == "\n":
        return end
    at = text.find("\n", end)
    return len(text) if at < 0 else at + 1


def _line(text: str, at: int, line: str) -> str:
    ending = "\r\n" if text[:at].endswith("\r\n") else "\n"
    return f"{line}{ending}" if text[:at].endswith("\n") else f"{ending}{line}"


def _by_hand(file: str, fingerprints: Mapping[str, FingerprintSpec]) -> str:
    lines = [
        f'  {escaped(name)}: fingerprint: {{value: "{each.value}", ciphertext: "{each.ciphertext}"}}'
        for name, each in fingerprints.items()
    ]
    said = f"{escaped(file)} is written in a way that this command cannot add to, so it was left as it is. Add there:"
    return "\n".join([said, *lines])
