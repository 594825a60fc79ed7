"""The objects in YAML or JSON documents, as kubectl reads them, with the line of every value."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from paletteai_components.diagnostics import SourceLocation, StackFileError
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.pulumi_yaml.document import Document, Path, manifest_from

if TYPE_CHECKING:
    from paletteai_components.kube.manifests import Manifest

_AT_START = re.compile(rb"---(?=[ \t\r\n]|\Z)")
_SEPARATOR = re.compile(rb"\n" + _AT_START.pattern)
# A document without any of these words has no object that concerns PaletteAI, so it is not read. A namespace that does
# not say whose it is, is nobody's.
_GROUP, _LABELS = b"spectrocloud.com", b"palette.ai/"
_KIND = re.compile(rb"\b(?:Secret|SealedSecret|ExternalSecret|\w*List)\b")
# In quotes, a character may be written as an escape, and a word over two lines.
_HIDDEN = re.compile(rb"\\[xuU/\r\n]")
_JSON = re.compile(rb"\s*\{")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


Found = tuple[bytes, int, "list[tuple[Path, Manifest]]"]
"""A document: its bytes, the number of lines above it in its file, and its objects, each with its path in the document.
Plain values, which another process sends fast."""


def objects_in(data: bytes, file: str) -> Iterator[ObservedObject]:
    """The objects in the bytes of a file: see `documents_in`."""
    return objects_of(documents_in(data, file), file)


def objects_of(documents: Iterable[Found], file: str) -> Iterator[ObservedObject]:
    """The objects in documents of a file, with the line of every value."""
    for data, above, objects in documents:
        lines = _Lines(data, file, above)
        for path, manifest in objects:
            # A method can be pickled, as a function inside another cannot.
            yield ObservedObject(manifest, _Item(lines, path).location if path else lines.location)


def documents_in(data: bytes, file: str, above: int = 0) -> Iterator[Found]:
    """The documents of YAML, or of JSON, in the bytes of a file, with the objects and the items of lists in them.

    Documents without any object that concerns PaletteAI are passed over.

    Args:
        data: The bytes of the file, or a part of them from `parts_of`.
        file: The name of the file, for messages.
        above: The number of lines above the part in the file.

    Raises:
        StackFileError: A document that may concern PaletteAI cannot be read.
    """
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if _JSON.match(data) and (read := _json_in(data)) is not None:
        yield data, above, list(_objects(read))
        return
    if data.startswith(_OTHER_ENCODINGS):
        # No word in it can be found. This refuses it.
        manifest_from(data, file)
    first = _AT_START.match(data)
    separators = [(found.start() + 1, found.end()) for found in _SEPARATOR.finditer(data)]
    counted = 0
    for (_, start), (end, _) in pairwise([(0, first.end() if first else 0), *separators, (len(data), len(data))]):
        part = data[start:end]
        if _may_concern_paletteai(part):
            above += data.count(b"\n", counted, start)
            counted = start
            document = manifest_from(part, file, above)
            if document is not None:
                yield part, above, list(_objects(document.value))


def parts_of(data: bytes, size: int) -> Iterator[tuple[int, int, int]]:
    """Where the bytes of a file can be divided, so that its objects are those of the parts.

    Yields the start and the end of each part, and the number of lines above it. A part has a few bytes more than
    `size`, or one document that is larger.
    """
    start = above = 0
    is_json = _JSON.match(data.removeprefix(_BYTE_ORDER_MARK)) is not None
    while start < len(data):
        found = None if is_json else _SEPARATOR.search(data, start + size)
        end = found.start() + 1 if found else len(data)
        yield start, end, above
        above += data.count(b"\n", start, end)
        start = end


def _may_concern_paletteai(part: bytes) -> bool:
    # Looking for plain words first is fastest.
    if _GROUP in part or _LABELS in part:
        return True
    return ((b"Secret" in part or b"List" in part) and _KIND.search(part) is not None) or (
        b"\\" in part and _HIDDEN.search(part) is not None
    )


def _json_in(data: bytes) -> Any:
    """The value of a JSON file, or None if it is not one JSON value, and perhaps YAML."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


class _Lines:
    """The lines of a document, which is read again when the first of them is needed: most are never shown."""

    __slots__ = ("_above", "_data", "_document", "_file", "_is_yaml")

    def __init__(self, data: bytes, file: str, above: int) -> None:
        self._data, self._file, self._above = data, file, above
        self._document: Document | None = None
        self._is_yaml = True

    def location(self, path: Path) -> SourceLocation:
        """The location of the value at a path; the complete file, if it is JSON that YAML cannot express."""
        if self._document is None:
            self._document = Document(self._file, None, self._data, self._above)
        if self._is_yaml:
            try:
                return self._document.location(path)
            except (StackFileError, yaml.YAMLError):
                self._is_yaml = False
        return SourceLocation(self._file)


class _Item(NamedTuple):
    """An item of a list in a document."""

    lines: _Lines
    path: Path

    def location(self, inner: Path) -> SourceLocation:
        """The location of the value at a path in the item."""
        return self.lines.location((*self.path, *inner))


def _objects(value: Any, path: Path = ()) -> Iterator[tuple[Path, Manifest]]:
    """The object at a path of a document, or the items of the list there."""
    if not isinstance(value, dict):
        return
    kind, items = value.get("kind"), value.get("items")
    if isinstance(items, list) and (kind is None or str(kind).endswith("List")):
        for position, item in enumerate(items):
            # The items of a list of one kind need not say which.
            if isinstance(item, dict) and kind not in (None, "List") and "kind" not in item:
                of_list = {"apiVersion": value.get("apiVersion"), "kind": str(kind).removesuffix("List")}
                item = {**of_list, **item}
            yield from _objects(item, (*path, "items", position))
    elif isinstance(value.get("metadata"), dict):
        yield path, value
