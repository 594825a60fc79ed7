"""The objects in YAML or JSON documents, as kubectl reads them, with the line of every value."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

from paletteai_components.diagnostics import SourceLocation, StackFileError
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.pulumi_yaml.document import Document, Path, manifest_from

_AT_START = re.compile(rb"---(?=[ \t\r\n]|\Z)")
_SEPARATOR = re.compile(rb"\n" + _AT_START.pattern)
# A document without any of these words has no object that concerns PaletteAI, so it is not read. A namespace that does
# not say whose it is, is nobody's.
_GROUP, _LABELS = b"spectrocloud.com", b"palette.ai/"
_KIND = re.compile(rb"\b(?:Secret|SealedSecret|ExternalSecret|\w*List)\b")
# In quotes, a character may be written as an escape, and a word over two lines.
_HIDDEN = re.compile(rb"\\[xuU/\r\n]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def objects_in(data: bytes, file: str) -> Iterator[ObservedObject]:
    """The objects in the bytes of a file: documents of YAML, or of JSON, and the items of lists.

    Documents without any object that concerns PaletteAI are passed over.

    Raises:
        StackFileError: A document that may concern PaletteAI cannot be read.
    """
    data = data.removeprefix(_BYTE_ORDER_MARK)
    if data.lstrip()[:1] == b"{" and (read := _json_in(data)) is not None:
        yield from _objects(read, _LazyDocument(data, file))
        return
    if data.startswith(_OTHER_ENCODINGS):
        # No word in it can be found. This refuses it.
        manifest_from(data, file)
    first = _AT_START.match(data)
    separators = [(found.start() + 1, found.end()) for found in _SEPARATOR.finditer(data)]
    above = counted = 0
    for (_, start), (end, _) in pairwise([(0, first.end() if first else 0), *separators, (len(data), len(data))]):
        part = data[start:end]
        if _may_concern_paletteai(part):
            above += data.count(b"\n", counted, start)
            counted = start
            document = manifest_from(part, file, above)
            if document is not None:
                yield from _objects(document.value, document)


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


class _LazyDocument:
    """A JSON file that is read as YAML when a line in it is needed."""

    def __init__(self, data: bytes, file: str) -> None:
        self._data, self._file = data, file

    @cached_property
    def _document(self) -> Document | None:
        try:
            return manifest_from(self._data, self._file)
        except StackFileError:
            return None

    def location(self, path: Path) -> SourceLocation:
        """The location of the value at a path; the complete file, if YAML cannot express it."""
        return self._document.location(path) if self._document else SourceLocation(self._file)


class _Element(NamedTuple):
    """An element of a list in a document."""

    document: Document | _LazyDocument
    path: Path

    def location(self, inner: Path) -> SourceLocation:
        return self.document.location((*self.path, *inner))


def _objects(value: Any, document: Document | _LazyDocument, path: Path = ()) -> Iterator[ObservedObject]:
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
            yield from _objects(item, document, (*path, "items", position))
    elif isinstance(value.get("metadata"), dict):
        # Methods can be pickled, other than functions.
        yield ObservedObject(value, _Element(document, path).location if path else document.location)
