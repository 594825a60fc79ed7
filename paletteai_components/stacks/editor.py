"""Editor: writes fingerprints into a stack file and vendor fields into a project file, or leaves entries out.

It changes no other byte.

PyYAML says where values start and end. The result is read again, and is used only if it has the values that it should.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from paletteai_components.stacks.configuration import NAMESPACE, is_own
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.sources import Sources

_BOM = b"\xef\xbb\xbf"
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
# The path of a field that needs no quotes in a block.
_PLAIN = re.compile(r"[\w.\[\]=/-]+")
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


def with_vendor_fields(data: bytes, project: PulumiProject, fields: Mapping[str, str]) -> bytes:
    """The bytes of a project file with these paths as the default of `paletteai:vendorFields`.

    Raises:
        UserError: The file is written in a way that cannot be edited safely.
    """
    read, path = project.document, vendor_fields_path(project)
    with contextlib.suppress(LookupError, StackFileError):
        if sum(each.qualified == f"{NAMESPACE}:vendorFields" for each in project.entries) > 1:
            raise LookupError("Pulumi uses either of two keys")
        text = data.removeprefix(_BOM).decode()
        result = _applied(data, text, _settings_of(text, _root(text), path, fields))
        value = holder = deepcopy(read.value)
        for step in path:
            # A mapping without entries may be written as nothing at all.
            holder[step] = {} if holder.get(step) is None else holder[step]
            holder = holder[step]
        holder.update(fields)
        if document_from(result, read.file).value == value:
            return result
    raise UserError(
        f"{read.file} is written in a way that this command cannot edit, so it was left unchanged.",
        "\n".join(["Add these lines:", *vendor_field_lines(path, fields)]),
    )


def vendor_fields_path(project: PulumiProject | None) -> tuple[str, ...]:
    """The path of the default of `paletteai:vendorFields` in a project file."""
    name, key = project.name if project else NAMESPACE, f"{NAMESPACE}:vendorFields"
    entry = next((each for each in project.entries if each.qualified == key), None) if project else None
    key = entry.key if entry else key
    written = project.document.value["config"][key] if project and entry else None
    # Pulumi takes either for a key of the project's own namespace, and not both.
    has_value = isinstance(written, dict) and "value" in written
    return "config", key, "default" if is_own(key, name) and not has_value else "value"


def vendor_field_lines(path: Sequence[str], fields: Mapping[str, str]) -> list[str]:
    """The lines that say the same in a project file."""
    return list(_block(path, fields, "", "  ", ""))


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


def _settings_of(text: str, root: _Node, path: Sequence[str], fields: Mapping[str, str]) -> set[_Edit]:
    """The edits that set some texts in the mapping at a path, and make what is missing of it.

    Raises LookupError where it cannot be told what to edit.
    """
    key, node = None, root
    for depth, step in enumerate(path):
        if isinstance(node.event, yaml.SequenceStartEvent):
            raise LookupError("a list is no mapping")
        if step not in node.entries:
            return {_added(text, key, node, path[depth:], fields, depth)}
        key, node = node.entries[step]
    old = {name: node.entries[name][1] for name in fields.keys() & node.entries}
    edits = {
        _replacement(text, each, _text(fields[name], each, node))
        for name, each in old.items()
        if getattr(each.event, "value", None) != fields[name]
    }
    new = {name: each for name, each in fields.items() if name not in node.entries}
    return edits | ({_added(text, key, node, (), new, len(path))} if new else set())


def _added(
    text: str, key: _Node | None, holder: _Node, path: Sequence[str], fields: Mapping[str, str], depth: int
) -> _Edit:
    """The edit that adds a mapping at a path, or its entries, to what is there."""
    entries = list(holder.entries.values())
    beside = entries[-1][0] if entries else key
    quote = beside.event.style or "" if beside else ""
    if getattr(holder.event, "flow_style", False):
        entry = _flow(path, fields, quote)
        if entries:
            return entries[-1][1].end, entries[-1][1].end, f", {entry}"
        return holder.start + 1, holder.start + 1, entry
    if entries:
        after, indent = entries[-1][1].end, _indentation(text, entries[-1][0])
    elif key is not None and holder.start == holder.end:
        after, indent = holder.end, _indentation(text, key) + "  "
    else:
        raise LookupError("a value stands where the mapping has to be")
    end = next(_LINE_END.finditer(text, after))
    newline = end[0] or next(_LINE_END.finditer(text))[0] or "\n"
    width = indent[: len(indent) // depth] if depth else "  "
    lines = _block(path, fields, indent, width or "  ", quote)
    return end.start(), end.start(), "".join(f"{newline}{line}" for line in lines)


def _block(path: Sequence[str], fields: Mapping[str, str], indent: str, width: str, quote: str) -> Iterator[str]:
    for step in path:
        yield f"{indent}{quote}{step}{quote}:"
        indent += width
    for name, value in fields.items():
        yield f"{indent}{quote}{name}{quote}: {value if _PLAIN.fullmatch(value) and not quote else _quoted(value)}"


def _flow(path: Sequence[str], fields: Mapping[str, str], quote: str) -> str:
    entry = ", ".join(f"{quote}{name}{quote}: {_quoted(value)}" for name, value in fields.items())
    for step in reversed(path):
        entry = f"{quote}{step}{quote}: {{{entry}}}"
    return entry


def _text(value: str, old: _Node, holder: _Node) -> str:
    """A text in place of another: with the quotes of that one, or with those that it needs."""
    style = getattr(old.event, "style", None)
    if style == "'":
        return f"'{value}'"
    return _quoted(value) if style or holder.event.flow_style or not _PLAIN.fullmatch(value) else value


def _quoted(value: str) -> str:
    # The path of a field has neither a quote nor a space; of a backslash, JSON knows what YAML does.
    return json.dumps(value, ensure_ascii=False)


def _indentation(text: str, key: _Node) -> str:
    line = text[max(text.rfind("\n", 0, key.start), text.rfind("\r", 0, key.start)) + 1 : key.start]
    return line[: len(line) - len(line.lstrip(" "))]


def _insertion(text: str, integration: _Node, fields: Mapping[str, str]) -> _Edit:
    # An integration without a key of its own merges one.
    key, value = integration.entries.get("apiKey") or [*integration.entries.values()][-1]
    quote = key.event.style or ""
    entry = f"{quote}fingerprint{quote}: {_flow_mapping(fields, quote)}"
    if integration.event.flow_style:
        return value.end, value.end, f", {entry}"
    end = next(_LINE_END.finditer(text, value.end))
    newline = end[0] or next(_LINE_END.finditer(text))[0]
    return end.start(), end.start(), f"{newline}{_indentation(text, key)}{entry}"


def _flow_mapping(fields: Mapping[str, str], quote: str = "") -> str:
    entries = (f'{quote}{name}{quote}: "{text}"' for name, text in fields.items())
    return f"{{{', '.join(entries)}}}"
