"""Editor: writes fingerprints into a stack file, or leaves entries out, and changes no other byte.

PyYAML says where values start and end. The result is read again, and is used only if it has the values that it should.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import getitem
from typing import Any

import yaml

from paletteai_components.diagnostics import StackFileError
from paletteai_components.errors import UserError
from paletteai_components.model.spec import FingerprintSpec
from paletteai_components.pulumi_yaml.document import Document, Path, document_from
from paletteai_components.redaction import named
from paletteai_components.stacks.sources import Sources

_BOM = b"\xef\xbb\xbf"
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_LINE_END = re.compile(r"\r\n?|\n|\Z")

# Where the replaced text starts and ends, and the new text.
_Edit = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class _Node:
    """A value in a text: its first event, where it starts and ends, and the keys and values of a mapping.

    The keys of a list are its positions.
    """

    event: Any
    start: int
    end: int
    entries: dict[str, tuple[_Node, _Node]]


def with_fingerprints(data: bytes, read: Document, fingerprints: Mapping[str, FingerprintSpec]) -> bytes:
    """The bytes of a stack file with fingerprints added, by the keys of their integrations.

    Raises:
        UserError: The file is written in a way that cannot be edited safely.
    """
    _, path = Sources((read,)).found(("integrations",)) or (read, ("config", "integrations"))
    fields = {name: each.model_dump(by_alias=True) for name, each in fingerprints.items()}
    with contextlib.suppress(LookupError, StackFileError):
        result = _edited(data, path, fields)
        if document_from(result, read.file).value == _expected(read, path, fields):
            return result
    lines = [f"    {named(name)}:\n      fingerprint: {_flow_mapping(each)}" for name, each in fields.items()]
    fact = f"{read.file} is written in a way that this command cannot edit, so it was left unchanged."
    raise UserError(fact, "\n".join(["Add these lines:", *lines]))


def without_entries(data: bytes, read: Document, paths: Iterable[Path]) -> bytes:
    """The bytes of a stack file without some entries of its mappings, for a copy.

    Raises:
        UserError: The file is written in a way that cannot be edited safely.
    """
    result = _without(data, read, paths)
    if result is not None:
        return result
    raise UserError(
        f"{read.file} is written in a way that this command cannot copy without its keys, so no file was written.",
        "Copy it by hand, without `apiKey`, `fingerprint` and what Pulumi writes below `config`.",
    )


def without_imports(data: bytes, read: Document, paths: Iterable[Path]) -> bytes:
    """The bytes of a stack file without some `importIds`.

    Raises:
        UserError: The file is written in a way that cannot be edited safely.
    """
    result = _without(data, read, paths)
    if result is not None:
        return result
    fact = f"{read.file} is written in a way that this command cannot edit, so it was left unchanged."
    raise UserError(fact, "Remove `importIds` by hand.")


def _without(data: bytes, read: Document, paths: Iterable[Path]) -> bytes | None:
    """The bytes without some entries, or None if the file cannot be edited safely."""
    paths = list(paths)
    with contextlib.suppress(LookupError, StackFileError):
        text = data.removeprefix(_BOM).decode()
        root = _root(text)
        result = _applied(data, text, {_removal(text, root, path) for path in paths})
        value = deepcopy(read.value)
        for path in paths:
            reduce(getitem, path[:-1], value).pop(path[-1], None)
        if document_from(result, read.file).value == value:
            return result
    return None


def _removal(text: str, root: _Node, path: Path) -> _Edit:
    holder = _found(root, path[:-1])
    key, value = holder.entries[str(path[-1])]
    if not holder.event.flow_style:
        start = max(text.rfind("\n", 0, key.start), text.rfind("\r", 0, key.start)) + 1
        if text[start : key.start].strip(" "):
            raise LookupError("something else begins on the line")
        return start, next(_LINE_END.finditer(text, value.end)).end(), ""
    entries = list(holder.entries.values())
    at = entries.index((key, value))
    if at + 1 < len(entries):
        return key.start, entries[at + 1][0].start, ""
    return (entries[at - 1][1].end if at else key.start), value.end, ""


def _root(text: str) -> _Node:
    events: Iterator[Any] = yaml.parse(text, _LOADER)
    _, _, first = islice(events, 3)
    return _node(text, first, events, {})


def _found(node: _Node, path: Path) -> _Node:
    for step in path:
        _, node = node.entries[str(step)]
    return node


def _edited(data: bytes, path: Path, fingerprints: Mapping[str, dict[str, str]]) -> bytes:
    """The edited bytes. Raises LookupError if an integration is not written in the file."""
    text = data.removeprefix(_BOM).decode()
    node = _found(_root(text), path)
    edits = {edit for name, each in fingerprints.items() for edit in _edits(text, node.entries[name][1], each)}
    return _applied(data, text, edits)


def _applied(data: bytes, text: str, edits: Iterable[_Edit]) -> bytes:
    pieces: list[str] = []
    done = 0
    for start, end, new in sorted(edits):
        # Two neighbours that are removed share what is between them.
        pieces += text[done : max(start, done)], new
        done = max(end, done)
    return (_BOM if data.startswith(_BOM) else b"") + "".join([*pieces, text[done:]]).encode()


def _expected(read: Document, path: Path, fingerprints: Mapping[str, dict[str, str]]) -> Any:
    value = deepcopy(read.value)
    integrations = reduce(getitem, path, value)
    for name, fields in fingerprints.items():
        integrations[name]["fingerprint"] = fields
    return value


def _node(text: str, event: Any, events: Iterator[Any], anchors: dict[str, _Node]) -> _Node:
    """The value that starts with an event. An alias is where it is written, and has the entries of its anchor."""
    start, end, kind = event.start_mark.index, event.end_mark.index, type(event)
    if kind is yaml.AliasEvent:
        return replace(anchors[event.anchor], start=start, end=end)
    inside: list[_Node] = []
    if kind is yaml.ScalarEvent:
        # PyYAML ends the text of a `|` or `>` below its line breaks.
        end = start + len(text[start:end].rstrip())
    else:
        while type(last := next(events)) not in _ENDS:
            inside.append(_node(text, last, events, anchors))
        # It ends a block where the next value starts, below comments.
        end = last.end_mark.index if event.flow_style else inside[-1].end
    pairs = zip(inside[::2], inside[1::2], strict=True) if kind is yaml.MappingStartEvent else ()
    entries = {key.event.value: (key, value) for key, value in pairs}
    if kind is yaml.SequenceStartEvent:
        entries = {str(at): (each, each) for at, each in enumerate(inside)}
    node = _Node(event, start, end, entries)
    if event.anchor is not None:
        anchors[event.anchor] = node
    return node


def _edits(text: str, integration: _Node, fields: Mapping[str, str]) -> Iterator[_Edit]:
    if "fingerprint" not in integration.entries:
        yield _insertion(text, integration, fields)
        return
    key, old = integration.entries["fingerprint"]
    if old.entries.keys() == fields.keys():
        for name, (_, value) in old.entries.items():
            quote = "'" if text.startswith("'", value.start) else '"'
            yield _replacement(text, value, f"{quote}{fields[name]}{quote}")
    else:
        yield _replacement(text, old, _flow_mapping(fields, key.event.style or ""))


def _replacement(text: str, old: _Node, new: str) -> _Edit:
    if "#" in text[old.start : old.end]:
        raise LookupError("a comment would be lost")
    # A null without a word is at the colon.
    return old.start, old.end, new if old.end > old.start else f" {new}"


def _insertion(text: str, integration: _Node, fields: Mapping[str, str]) -> _Edit:
    # An integration without a key of its own merges one.
    key, value = integration.entries.get("apiKey") or [*integration.entries.values()][-1]
    quote = key.event.style or ""
    entry = f"{quote}fingerprint{quote}: {_flow_mapping(fields, quote)}"
    if integration.event.flow_style:
        return value.end, value.end, f", {entry}"
    line = text[max(text.rfind("\n", 0, key.start), text.rfind("\r", 0, key.start)) + 1 : key.start]
    indent = line[: len(line) - len(line.lstrip(" "))]
    end = next(_LINE_END.finditer(text, value.end))
    return end.start(), end.start(), f"{end[0] or next(_LINE_END.finditer(text))[0]}{indent}{entry}"


def _flow_mapping(fields: Mapping[str, str], quote: str = "") -> str:
    entries = (f'{quote}{name}{quote}: "{text}"' for name, text in fields.items())
    return f"{{{', '.join(entries)}}}"
