"""A YAML file as Pulumi reads it, with the line of every value.

Pulumi reads a stack file with go-yaml v3, writes it, reads it again, converts it to JSON and passes that to the
program. PyYAML parses only the syntax here. Scalars are resolved by the rules of that chain, so an offline check sees
the values that the program would get.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NoReturn

import yaml

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, in_order
from paletteai_components.pulumi_yaml.reading import Mark, Reading, diagnostic, refuse
from paletteai_components.pulumi_yaml.shapes import shaped
from paletteai_components.pulumi_yaml.syntax import syntax_diagnostic

MAX_BYTES = 16 * 1024 * 1024
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """One YAML file. Its lines are parsed on first use, because most are never shown."""

    file: str
    """The file's name as messages show it."""
    value: Any
    """The value that the program would get from ``json.loads``.

    Mappings keep the order of the file (the program gets them sorted by key), and an encrypted ``secure:`` value stays
    encrypted. One quirk of Pulumi is left to the caller: direct children of ``config:`` that are neither lists nor
    mappings reach the program as text (``true`` as ``"true"``, null as ``""``, a number as its digits).
    """
    _data: bytes = field(repr=False, compare=False)
    _above: int = field(default=0, repr=False, compare=False)
    """The number of lines above it in the file."""

    @cached_property
    def _mark(self) -> Mark:
        return Reading(self.file, "", _LOADER(self._data).get_event).document()[1]

    def line(self, path: Path) -> int:
        """The line of the value at a path, counted from 1.

        For an entry of a mapping, it is the line of the key. If the path leads nowhere, it is the line of the nearest
        ancestor.
        """
        return self._walk(path)[0][0] + self._above

    def location(self, path: Path) -> SourceLocation:
        """The file and the line of the value at a path: see `line`."""
        return SourceLocation(self.file, self.line(path))

    def source(self, path: Path) -> str | None:
        """The characters of the scalar at a path if it is without quotes, else None."""
        (_, inside), complete = self._walk(path)
        return inside if complete and isinstance(inside, str) else None

    def _walk(self, path: Path) -> tuple[Mark, bool]:
        mark = self._mark
        for step in path:
            inside = mark[1]
            steps: Any = inside if isinstance(inside, dict) else ()
            if isinstance(inside, list):
                steps = range(len(inside))
            if step not in steps:
                return mark, False
            mark = inside[step]
        return mark, True


def items_of(value: Any) -> Iterable[tuple[str | int, Any]]:
    """The entries of a mapping or a list with their keys or positions. Nothing for any other value."""
    return value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()


def path_within(value: Any, path: Path) -> Path:
    """The beginning of a path that leads to something in a value."""
    for length, step in enumerate(path):
        entries = dict(items_of(value))
        if step not in entries:
            return path[:length]
        value = entries[step]
    return path


def document_from(data: bytes, file: str) -> Document:
    """The document in the bytes of a YAML file, whose name is for messages.

    Raises:
        StackFileError: Pulumi refuses the file, or would pass on other values than it contains. The diagnostics never
            quote the file, except the name of a repeated key in its three outermost levels.
    """
    if len(data) > MAX_BYTES:
        refuse(file, 1, "the file is larger than 16 MiB, so it was not read", "Split the file.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        refuse(file, line, "the file is not UTF-8 text, so it was not read", "Save it as UTF-8.")
    if (start := f"\n{text}".find("\n%")) >= 0:
        line = text.count("\n", 0, start) + 1
        refuse(file, line, "a line starts with `%`, a directive that Pulumi may ignore", "Remove the line.")
    if "\ufeff" in text:
        _refuse_control(file, text)
    value, mark = _read(data, text, file)
    if value is None:
        refuse(file, 1, "the file is empty, so it declares nothing", "Write a key, such as `config:`.")
    if not isinstance(value, dict):
        fact = "the file is not a mapping of keys to values, so it declares nothing"
        refuse(file, mark[0], fact, "Start it with a key, such as `config:`.")
    return Document(file, value, data)


def manifest_from(data: bytes, file: str, above: int = 0) -> Document | None:
    """The document in the bytes of one Kubernetes manifest, whose values are those that kubectl would send.

    What only Pulumi would refuse is accepted.

    Args:
        data: The YAML or JSON of one document.
        file: The name of its file, for messages.
        above: The number of lines above it in the file.

    Returns:
        The document, or None if it is empty or not a mapping.

    Raises:
        StackFileError: It is not YAML, or too large. The diagnostics never quote it.
    """
    try:
        text = data.decode("utf-8")
        value = shaped(text, _parsed)
        if value is None:
            value = _parsed(data, file)
    except UnicodeDecodeError:
        refuse(file, above + 1, "the file is not UTF-8 text, so it was not read", "Save it as UTF-8.")
    except yaml.reader.ReaderError:
        fact = "there is an invisible control character below here, so nothing in the file was read"
        refuse(file, above + 1, fact, "Remove it.")
    except yaml.MarkedYAMLError as error:
        lines, fact, remedy = syntax_diagnostic(error, text)
        raise StackFileError([diagnostic(file, [above + line for line in lines], fact, remedy)]) from None
    except StackFileError as error:
        raise StackFileError(_moved(each, above) for each in error.diagnostics) from None
    return Document(file, value, data, above) if isinstance(value, dict) else None


def _parsed(data: bytes, file: str = "") -> Any:
    return Reading(file, "", _LOADER(data).get_event).document()[0]


def _moved(found: Diagnostic, lines: int) -> Diagnostic:
    where = (SourceLocation(each.file, (each.line or 1) + lines) for each in found.where)
    return replace(found, where=tuple(where))


def _read(data: bytes, text: str, file: str) -> tuple[Any, Mark]:
    """The value of a file and its marks. Raises StackFileError with every diagnostic."""
    try:
        reading = Reading(file, text, _LOADER(data).get_event)
        root = reading.document()
    except yaml.reader.ReaderError:
        _refuse_control(file, text)
    except yaml.MarkedYAMLError as error:
        lines, fact, remedy = syntax_diagnostic(error, text)
        raise StackFileError([diagnostic(file, lines, fact, remedy)]) from None
    if reading.diagnostics:
        raise StackFileError(in_order(reading.diagnostics))
    return root


def _refuse_control(file: str, text: str) -> NoReturn:
    found = _CONTROL.search(text)
    line = text.count("\n", 0, found.start() if found else len(text)) + 1
    refuse(file, line, "there is an invisible control character here, so the file was not read", "Remove it.")
