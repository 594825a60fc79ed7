"""A YAML file as Pulumi reads it, with the line of every value.

Pulumi reads a stack file with go-yaml v3, writes it, reads it again, converts it to JSON and passes that to the
program. PyYAML parses only the syntax here. Scalars are resolved by the rules of that chain, so an offline check sees
the values that the program would get.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn

import yaml

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, in_order
from paletteai_components.pulumi_yaml.scalars import FIRST_TEXT, KEYWORDS, SCALAR_TAGS, TAG, resolved
from paletteai_components.pulumi_yaml.syntax import syntax_diagnostic
from paletteai_components.redaction import holds_key

CODE = "PAI012"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
MAX_DIAGNOSTICS = 1000
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_MAPPING, _LIST = f"{TAG}map", f"{TAG}seq"
_SHOWN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{0,60}")
_ESCAPED_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_NOT_A_BLOCK = re.compile("[^\t\n -~\xa0-\ufefe\uff00-\ufffd]| (?:[\n\u2028\u2029]|$)")
# Pulumi writes most texts of several lines as a block. Reading it back fails on an initial tab and loses an initial
# line break.
_LOST_START = ("\t", "\n", "\u2028", "\u2029")
_FEWER = "Use fewer aliases, or split the file."

Path = tuple[str | int, ...]

# A value's line and its content: the marks of a list or, by key, of a mapping (with the lines of the keys), the
# characters of a scalar without quotes, or None for a scalar in quotes.
_Mark = tuple[int, Any]


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
    def _mark(self) -> _Mark:
        return _Reading(self.file, "", _LOADER(self._data).get_event).document()[1]

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

    def _walk(self, path: Path) -> tuple[_Mark, bool]:
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


def document_from(data: bytes, file: str) -> Document:
    """The document in the bytes of a YAML file, whose name is for messages.

    Raises:
        StackFileError: Pulumi refuses the file, or would pass on other values than it contains. The diagnostics never
            quote the file, except the name of a repeated key in its three outermost levels.
    """
    if len(data) > MAX_BYTES:
        _refuse(file, 1, "the file is larger than 16 MiB, so it was not read", "Split the file.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(file, line, "the file is not UTF-8 text, so it was not read", "Save it as UTF-8.")
    if (start := f"\n{text}".find("\n%")) >= 0:
        line = text.count("\n", 0, start) + 1
        _refuse(file, line, "a line starts with `%`, a directive that Pulumi may ignore", "Remove the line.")
    if "\ufeff" in text:
        _refuse_control(file, text)
    value, mark = _read(data, text, file)
    if value is None:
        _refuse(file, 1, "the file is empty, so it declares nothing", "Write a key, such as `config:`.")
    if not isinstance(value, dict):
        fact = "the file is not a mapping of keys to values, so it declares nothing"
        _refuse(file, mark[0], fact, "Start it with a key, such as `config:`.")
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
        reading = _Reading(file, "", _LOADER(data).get_event)
        value, _ = reading.document()
    except UnicodeDecodeError:
        _refuse(file, above + 1, "the file is not UTF-8 text, so it was not read", "Save it as UTF-8.")
    except yaml.reader.ReaderError:
        fact = "there is an invisible control character below here, so nothing in the file was read"
        _refuse(file, above + 1, fact, "Remove it.")
    except yaml.MarkedYAMLError as error:
        lines, fact, remedy = syntax_diagnostic(error, text)
        raise StackFileError([_diagnostic(file, [above + line for line in lines], fact, remedy)]) from None
    except StackFileError as error:
        raise StackFileError(_moved(each, above) for each in error.diagnostics) from None
    return Document(file, value, data, above) if isinstance(value, dict) else None


def _moved(diagnostic: Diagnostic, lines: int) -> Diagnostic:
    where = (SourceLocation(each.file, (each.line or 1) + lines) for each in diagnostic.where)
    return replace(diagnostic, where=tuple(where))


def _read(data: bytes, text: str, file: str) -> tuple[Any, _Mark]:
    """The value of a file and its marks. Raises StackFileError with every diagnostic."""
    try:
        reading = _Reading(file, text, _LOADER(data).get_event)
        root = reading.document()
    except yaml.reader.ReaderError:
        _refuse_control(file, text)
    except yaml.MarkedYAMLError as error:
        lines, fact, remedy = syntax_diagnostic(error, text)
        raise StackFileError([_diagnostic(file, lines, fact, remedy)]) from None
    if reading.diagnostics:
        raise StackFileError(in_order(reading.diagnostics))
    return root


def _diagnostic(file: str, lines: Iterable[int], fact: str, remedy: str) -> Diagnostic:
    return Diagnostic(CODE, f"{fact}.", remedy, tuple(SourceLocation(file, line) for line in lines))


def _refuse(file: str, line: int, fact: str, remedy: str) -> NoReturn:
    # The error being handled may quote the file.
    raise StackFileError([_diagnostic(file, [line], fact, remedy)]) from None


def _refuse_control(file: str, text: str) -> NoReturn:
    found = _CONTROL.search(text)
    line = text.count("\n", 0, found.start() if found else len(text)) + 1
    _refuse(file, line, "there is an invisible control character here, so the file was not read", "Remove it.")


class _Reading:
    """Builds the value and the marks of a file from the parser's events. `take` returns the next event."""

    def __init__(self, file: str, text: str, take: Callable[[], Any]) -> None:
        self.file = file
        self.text = text if "\\/" in text else ""
        self.take = take
        self.diagnostics: list[Diagnostic] = []
        self.values = self.aliased = 0
        # An anchor's list is empty until its value is complete.
        self.anchors: dict[str, list[tuple[Any, _Mark]]] = {}

    def document(self) -> tuple[Any, _Mark]:
        """The value of the only document in the file, and its mark."""
        start: Any = yaml.DocumentStartEvent
        self.take()
        if type(self.take()) is not start:
            return None, (1, None)
        root = self._node(self.take(), 0, False)
        self.take()
        if type(event := self.take()) is start:
            fact = "a second document starts here, and Pulumi would ignore it"
            _refuse(self.file, event.start_mark.line + 1, fact, "Keep one document in the file.")
        return root

    def _node(self, event: Any, depth: int, flow: bool) -> tuple[Any, _Mark]:
        """The value that starts with an event, inside `depth` lists and mappings."""
        line = event.start_mark.line + 1
        kind = type(event)
        if kind is yaml.ScalarEvent:
            return self._scalar(event, flow), (line, None if event.style else event.value)
        if kind is yaml.AliasEvent:
            return self._alias(event.anchor, depth, line)
        self.values += 1
        if self.values > MAX_VALUES or depth >= MAX_DEPTH:
            self._check_bounds(depth + 1, line)
        tag, read = (_MAPPING, self._mapping) if kind is yaml.MappingStartEvent else (_LIST, self._list)
        if event.tag is not None and event.tag != tag:
            self._tag_diagnostic(line)
        found: list[tuple[Any, _Mark]] = []
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        value, inside = read(depth + 1, event.flow_style)
        found.append((value, (line, inside)))
        return found[0]

    def _list(self, depth: int, flow: bool) -> tuple[list[Any], list[_Mark]]:
        values, marks = [], []
        while type(event := self.take()) is not yaml.SequenceEndEvent:
            value, mark = self._node(event, depth, flow)
            values.append(value)
            marks.append(mark)
        return values, marks

    def _mapping(self, depth: int, flow: bool) -> tuple[dict[str, Any], dict[str, _Mark]]:
        values: dict[str, Any] = {}
        marks: dict[str, _Mark] = {}
        merged: list[tuple[dict[str, Any], dict[str, _Mark]]] = []
        merge_line = 0
        scalar: Any = yaml.ScalarEvent
        take, end = self.take, yaml.MappingEndEvent
        while type(event := take()) is not end:
            if type(event) is scalar:
                key, line = self._scalar(event, flow), event.start_mark.line + 1
                source = None if event.style else event.value
            else:
                key, (line, source) = self._node(event, depth, flow)
            if type(key) is str and (source is None or source == key) and key not in values and key != "<<":
                event = take()
                if type(event) is scalar:
                    values[key] = self._scalar(event, flow)
                    marks[key] = line, None if event.style else event.value
                else:
                    values[key], (_, inside) = self._node(event, depth, flow)
                    marks[key] = line, inside
            elif source == "<<" and type(event) is scalar and event.tag is None and event.anchor is None:
                if merge_line:
                    self._repeated_key("<<", line, merge_line, depth)
                merge_line = line
                merged += self._merged(self.take(), depth, flow)
            else:
                self._key_problem(key, line, source, marks, depth)
                self._node(self.take(), depth, flow)
        for value, inside in merged:
            for key in value.keys() - values.keys():
                values[key], marks[key] = value[key], inside[key]
        return values, marks

    def _merged(self, event: Any, depth: int, flow: bool) -> list[tuple[dict[str, Any], dict[str, _Mark]]]:
        """The mappings that `<<` merges, with the marks inside them."""
        many = type(event) is yaml.SequenceStartEvent
        value, mark = self._node(event, depth, flow)
        values, marks = (value, mark[1]) if many else ([value], [mark])
        if all(isinstance(each, dict) for each in values):
            return [(each, inside) for each, (_, inside) in zip(values, marks, strict=True)]
        fact = "`<<` has a value other than mappings, so there is nothing to merge"
        self._diagnostic(fact, "Set it to an alias of a mapping, or to a list of them.", mark[0])
        return []

    def _key_problem(self, key: Any, line: int, source: Any, marks: dict[str, _Mark], depth: int) -> None:
        if not isinstance(key, str) or source not in (None, key):
            fact = "a key here is not text, so Pulumi would rename it or refuse the file"
            self._diagnostic(fact, "Write the key in quotes.", line)
        elif key == "<<":
            fact = "a key here is `<<` as text, which Pulumi turns into a merge"
            self._diagnostic(fact, "Rename the key.", line)
        else:
            self._repeated_key(key, line, marks[key][0], depth)

    def _scalar(self, event: Any, flow: bool) -> Any:
        self.values += 1
        if self.values > MAX_VALUES:
            self._check_bounds(0, event.start_mark.line + 1)
        text = event.value
        # Nearly every scalar is a text that cannot be wrong. Testing for it first is fastest.
        if event.tag is None and event.anchor is None:
            if not event.style:
                if text >= FIRST_TEXT and text not in KEYWORDS and not (flow and "?" in text):
                    return text
            elif not self.text and text[:1] not in _LOST_START:
                return text
        return self._checked_scalar(event, flow)

    def _checked_scalar(self, event: Any, flow: bool) -> Any:
        """The value of any scalar. Adds its diagnostics."""
        text, line, plain = event.value, event.start_mark.line + 1, not event.style
        if event.tag is not None:
            value = self._tagged(text, event.tag, plain, line)
        else:
            value = resolved(text) if plain else text
        if isinstance(value, float):
            value = self._number(value, line)
        elif plain and flow and "?" in text[1:]:
            fact = "a text without quotes inside brackets contains `?`, so Pulumi refuses the file"
            self._diagnostic(fact, "Write the text in quotes.", line)
        elif isinstance(value, str) and not plain:
            value = self._quoted(value, event, line)
        if event.anchor is not None:
            self.anchors[event.anchor] = [(value, (line, text if plain else None))]
        return value

    def _tagged(self, text: str, tag: str, plain: bool, line: int) -> Any:
        wanted = SCALAR_TAGS.get(tag, ())
        value = text if str in wanted else resolved(text)
        if type(value) not in wanted or (plain and not text):
            self._tag_diagnostic(line)
        return value

    def _quoted(self, text: str, event: Any, line: int) -> str:
        if self.text and event.style == '"':
            written = self.text[event.start_mark.index : event.end_mark.index]
            if _ESCAPED_SLASH.search(written):
                fact = "a text in double quotes contains the escape `\\/`, so Pulumi refuses the file"
                self._diagnostic(fact, "Write `/`.", line)
        if text[:1] in _LOST_START and "\n" in text:
            if _NOT_A_BLOCK.search(text):
                return text
            if text[0] == "\t":
                fact = "a text of several lines starts with a tab, so Pulumi refuses the file"
                self._diagnostic(fact, "Start it with another character.", line)
            return text[1:]
        return text

    def _number(self, value: float, line: int) -> int | float | None:
        if value - value != 0:
            fact = "a number here is not finite and has no JSON form, so Pulumi refuses the file"
            self._diagnostic(fact, "Write a finite number, or the text in quotes.", line)
            return None
        # Go writes an integral float below this bound as plain digits, which Python reads as an int.
        whole = value.is_integer() and abs(value) < 1e21
        return int(Decimal(repr(value))) if whole else value

    def _alias(self, name: str, depth: int, line: int) -> tuple[Any, _Mark]:
        found = self.anchors.get(name)
        if found is None:
            fact = "an alias (`*`) comes before the anchor (`&`) of its name, so it has no value"
            _refuse(self.file, line, fact, "Put the anchor above it.")
        if not found:
            fact = "an anchor (`&`) contains an alias (`*`) of itself, so its value has no end"
            _refuse(self.file, line, fact, "Remove the alias.")
        value, (_, inside) = found[0]
        self.values += 1
        return self._copied(value, depth, line), (line, inside)

    def _copied(self, value: Any, depth: int, line: int) -> Any:
        self.values += 1
        self.aliased += 1
        self._check_bounds(depth, line)
        # The share of aliased values at which Pulumi refuses the file.
        most = 0.99 - 0.89 * max(0, self.values - 400_000) / 3_600_000
        if self.values > 1000 and self.aliased > most * self.values:
            _refuse(self.file, line, "aliases repeat so much that Pulumi refuses the file", _FEWER)
        if isinstance(value, dict):
            self._check_bounds(depth + 1, line)
            return {key: self._copied(inner, depth + 1, line) for key, inner in value.items()}
        if isinstance(value, list):
            self._check_bounds(depth + 1, line)
            return [self._copied(inner, depth + 1, line) for inner in value]
        return value

    def _repeated_key(self, key: str, line: int, first: int, depth: int) -> None:
        shown = depth <= 3 and _SHOWN_KEY.fullmatch(key) and not holds_key(key)
        name = f"the key `{key}`" if shown else "a key"
        fact = f"{name} is repeated in one mapping, so Pulumi refuses the file"
        self._diagnostic(fact, "Keep one of the two.", line, first)

    def _tag_diagnostic(self, line: int) -> None:
        fact = "a tag (`!`) here changes the value on its way to the program"
        self._diagnostic(fact, "Remove the tag.", line)

    def _diagnostic(self, fact: str, remedy: str, *lines: int) -> None:
        self.diagnostics.append(_diagnostic(self.file, lines, fact, remedy))
        if len(self.diagnostics) == MAX_DIAGNOSTICS:
            raise StackFileError(in_order(self.diagnostics))

    def _check_bounds(self, depth: int, line: int) -> None:
        """Raises StackFileError if there are too many values, or this one is nested too deep."""
        if self.values > MAX_VALUES:
            fact = f"the file has more than {MAX_VALUES:,} values, so it was not read"
            _refuse(self.file, line, fact, _FEWER)
        if depth > MAX_DEPTH:
            fact = f"values are nested deeper than {MAX_DEPTH} levels, so the file was not read"
            _refuse(self.file, line, fact, "Nest them less.")
