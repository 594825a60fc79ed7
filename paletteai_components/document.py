"""A YAML file as Pulumi reads it, with the line of every value.

Pulumi reads a stack file with go-yaml v3, writes it out, reads it again, turns it into JSON and hands that to
the program. PyYAML supplies only the syntax here; what a scalar means is decided by the rules of that chain, so
that a check made offline judges the values the program would get.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn

import yaml

from paletteai_components.problem import Place, Problem, StackFileError, in_order
from paletteai_components.quick import UnsupportedYaml, quick_value
from paletteai_components.redaction import holds_key
from paletteai_components.scalar import SCALAR_TAGS, TAG, resolved
from paletteai_components.syntax import syntax_problem

CODE = "PAI012"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
MAX_PROBLEMS = 1000
# A larger file is counted as it is read.
_QUICK_BYTES = 1024 * 1024

Path = tuple[str | int, ...]

# A value's line, and what is inside it: the marks of a list or, by key, of a mapping (with the lines of the keys),
# the characters of a scalar without quotes, or None for one in quotes.
_Mark = tuple[int, Any]


@dataclass(frozen=True)
class Document:
    """One YAML file that was read. Its lines are found when the first of them is asked for.

    Fields:
        file: the file's name as shown to people.
        value: what the program would get from ``json.loads``. Mappings keep the order of the file (the program
            gets them sorted by key) and an encrypted ``secure:`` value stays as it is written. One quirk of Pulumi
            is left to the caller: direct children of ``config:`` that are neither lists nor mappings reach the
            program as text (``true`` as ``"true"``, null as ``""``, a number as its digits).
    """

    file: str
    value: Any
    _data: bytes = field(repr=False, compare=False)

    @cached_property
    def _mark(self) -> _Mark:
        _, mark = _read(self._data, self._data.decode(), self.file)
        return mark

    def line(self, path: Path) -> int:
        """The line, counted from 1, of what stands at the path.

        For an entry of a mapping it is the line of its key; where the path leads nowhere, it is the line of the
        nearest ancestor that exists.
        """
        return self._walk(path)[0][0]

    def place(self, path: Path) -> Place:
        """The file and the line of what stands at the path; see `line`."""
        return Place(self.file, self.line(path))

    def source(self, path: Path) -> str | None:
        """The characters of the scalar at the path if it is written without quotes, else None."""
        (_, inside), complete = self._walk(path)
        return inside if complete and isinstance(inside, str) else None

    def _walk(self, path: Path) -> tuple[_Mark, bool]:
        mark = self._mark
        for step in path:
            inside = mark[1]
            known: Any = inside if isinstance(inside, dict) else ()
            if isinstance(inside, list):
                known = range(len(inside))
            if step not in known:
                return mark, False
            mark = inside[step]
        return mark, True


def items_of(value: Any) -> Iterable[tuple[str | int, Any]]:
    """What is in a mapping or a list, with its keys or positions; nothing for any other value."""
    return value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()


def document_from(data: bytes, file: str) -> Document:
    """Read the bytes of a YAML file.

    Raises:
        StackFileError: the file is not what Pulumi could hand to a program as it is written. The problems name lines,
            and never a part of the file's text except the name of a repeated key in the three outermost levels.
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
        _refuse(file, line, "a line starts with %, a directive that Pulumi may not follow", "Remove the line.")
    if "\ufeff" in text:
        _refuse_control(file, text)
    if len(data) <= _QUICK_BYTES and b"\\/" not in data:
        try:
            return Document(file, _quickly_read(data), data)
        except (UnsupportedYaml, yaml.YAMLError):
            pass
    value, mark = _read(data, text, file)
    if value is None:
        _refuse(file, 1, "the file is empty, so it declares nothing", "Write a key, such as `config:`.")
    if not isinstance(value, dict):
        fact = "the file is not a mapping of keys to values, so it declares nothing"
        _refuse(file, mark[0], fact, "Start it with a key, such as `config:`.")
    return Document(file, value, data)


def _quickly_read(data: bytes) -> dict[str, Any]:
    loader = _LOADER(data)
    try:
        value = quick_value(loader.get_event, MAX_VALUES, MAX_DEPTH)
    finally:
        loader.dispose()
    if not isinstance(value, dict):
        raise UnsupportedYaml
    return value


def _read(data: bytes, text: str, file: str) -> tuple[Any, _Mark]:
    """The value of a file and its marks, all problems told."""
    reading = _Reading(file, text)
    try:
        for event in _events(data):
            reading.take(event)
    except yaml.reader.ReaderError:
        _refuse_control(file, text)
    except yaml.MarkedYAMLError as error:
        lines, fact, remedy = syntax_problem(error)
        raise StackFileError([_problem(file, lines, fact, remedy)]) from None
    if reading.problems:
        raise StackFileError(in_order(reading.problems))
    return reading.root


def _problem(file: str, lines: Iterable[int], fact: str, remedy: str) -> Problem:
    return Problem(CODE, f"{fact}.", remedy, tuple(Place(file, line) for line in lines))


def _refuse(file: str, line: int, fact: str, remedy: str) -> NoReturn:
    # An error that is being handled may quote the file.
    raise StackFileError([_problem(file, [line], fact, remedy)]) from None


def _refuse_control(file: str, text: str) -> NoReturn:
    found = _CONTROL.search(text)
    line = text.count("\n", 0, found.start() if found else len(text)) + 1
    _refuse(file, line, "an invisible control character stands here, so the file was not read", "Remove it.")


# --- Syntax -----------------------------------------------------------------------------------------------------

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _events(data: bytes) -> Iterator[Any]:
    loader = _LOADER(data)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


# --- Structure --------------------------------------------------------------------------------------------------

_SHOWN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{0,60}")
_ESCAPED_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_NOT_A_BLOCK = re.compile("[^\t\n -~\xa0-\ufefe\uff00-\ufffd]| (?:[\n\u2028\u2029]|$)")
_NEXT, _MERGE, _DROPPED = object(), object(), object()


@dataclass(slots=True)
class _Open:
    """A list or a mapping whose end has not been read; `key` is what the next value belongs to."""

    value: Any
    mark: _Mark
    anchored: list[Any]
    flow: bool
    key: Any = _NEXT
    key_line: int = 0
    merge_line: int = 0
    merged: list[tuple[dict[str, Any], dict[str, _Mark]]] = field(default_factory=list)

    def at_key(self) -> bool:
        return self.key is _NEXT and isinstance(self.value, dict)


class _Reading:
    """Builds the value and the marks of a file from the parser's events, one at a time."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text if "\\/" in text else ""
        self.problems: list[Problem] = []
        self.root: tuple[Any, _Mark] = None, (1, None)
        self.documents = self.values = self.aliased = 0
        self.open: list[_Open] = []
        # An anchor's list is empty until all of what it names has been read.
        self.anchors: dict[str, list[tuple[Any, _Mark]]] = {}
        self.plain: dict[str, Any] = {}

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._start(event, {}, {}, TAG + "map")
        elif kind is yaml.SequenceStartEvent:
            self._start(event, [], [], TAG + "seq")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent:
            self.documents += 1
            if self.documents > 1:
                fact = "a second document starts here, and Pulumi would ignore it"
                _refuse(self.file, event.start_mark.line + 1, fact, "Keep one document in the file.")

    def _scalar(self, event: Any) -> None:
        text, line, plain = event.value, event.start_mark.line + 1, not event.style
        into = self.open[-1] if self.open else None
        self._count(line)
        value = text
        if plain and event.tag is None:
            if text == "<<" and event.anchor is None and into and into.at_key():
                self._merge_key(into, line)
                return
            if text in self.plain:
                value = self.plain[text]
            else:
                value = self.plain[text] = resolved(text)
        elif event.tag is not None:
            value = self._tagged(text, event.tag, plain, line)
        if isinstance(value, float):
            value = self._number(value, line)
        elif plain and "?" in text[1:] and into and into.flow:
            fact = "a ? stands in a text without quotes inside brackets, so Pulumi refuses the file"
            self._problem(fact, "Write the text in quotes.", line)
        elif isinstance(value, str) and not plain:
            value = self._quoted(value, event, line)
        mark = line, (text if plain else None)
        self._anchored(event).append((value, mark))
        self._place(value, mark)

    def _tagged(self, text: str, tag: str, plain: bool, line: int) -> Any:
        wanted = SCALAR_TAGS.get(tag, ())
        value = text if str in wanted else resolved(text)
        if type(value) not in wanted or (plain and not text):
            self._tag_problem(line)
        return value

    def _quoted(self, text: str, event: Any, line: int) -> str:
        if self.text and event.style == '"':
            written = self.text[event.start_mark.index : event.end_mark.index]
            if _ESCAPED_SLASH.search(written):
                fact = "a text in double quotes holds `\\/`, an escape for which Pulumi refuses the file"
                self._problem(fact, "Write `/` alone.", line)
        # Pulumi writes most texts of several lines as a block. Reading it back fails on a tab at its start and loses
        # a line break at its start.
        if text[:1] in ("\t", "\n", "\u2028", "\u2029") and "\n" in text:
            if _NOT_A_BLOCK.search(text):
                return text
            if text[0] == "\t":
                fact = "a text of several lines starts with a tab, so Pulumi refuses the file"
                self._problem(fact, "Start it with another character.", line)
            return text[1:]
        return text

    def _number(self, value: float, line: int) -> int | float | None:
        if value - value != 0:
            fact = "a number here is not finite, which JSON cannot say, so Pulumi refuses the file"
            self._problem(fact, "Write a finite number, or the text in quotes.", line)
            return None
        # Go writes a whole float below this bound as plain digits, which Python reads as an int.
        whole = value.is_integer() and abs(value) < 1e21
        return int(Decimal(repr(value))) if whole else value

    def _start(self, event: Any, value: Any, inside: Any, tag: str) -> None:
        line = event.start_mark.line + 1
        self._count(line)
        self._deep(len(self.open) + 1, line)
        if event.tag not in (None, tag):
            self._tag_problem(line)
        mark = line, inside
        self.open.append(_Open(value, mark, self._anchored(event), event.flow_style))

    def _end(self) -> None:
        done = self.open.pop()
        for value, inside in done.merged:
            for key in value.keys() - done.value.keys():
                done.value[key], done.mark[1][key] = value[key], inside[key]
        done.anchored.append((done.value, done.mark))
        self._place(done.value, done.mark)

    def _anchored(self, event: Any) -> list[Any]:
        found: list[Any] = []
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        return found

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        found = self.anchors.get(event.anchor)
        if found is None:
            fact = "an alias (*) stands before any anchor (&) of its name, so it means nothing"
            _refuse(self.file, line, fact, "Write the anchor above it.")
        if not found:
            fact = "an anchor (&) holds an alias (*) of itself, so its value has no end"
            _refuse(self.file, line, fact, "Remove the alias.")
        value, mark = found[0]
        self._count(line)
        self._place(self._copied(value, len(self.open), line), (line, mark[1]), aliased=True)

    def _copied(self, value: Any, depth: int, line: int) -> Any:
        self._count(line)
        self.aliased += 1
        # The share of aliased values at which Pulumi gives up.
        most = 0.99 - 0.89 * max(0, self.values - 400_000) / 3_600_000
        if self.values > 1000 and self.aliased > most * self.values:
            _refuse(self.file, line, "aliases repeat so much that Pulumi refuses the file", _FEWER)
        if isinstance(value, dict):
            self._deep(depth + 1, line)
            return {key: self._copied(inner, depth + 1, line) for key, inner in value.items()}
        if isinstance(value, list):
            self._deep(depth + 1, line)
            return [self._copied(inner, depth + 1, line) for inner in value]
        return value

    def _place(self, value: Any, mark: _Mark, aliased: bool = False) -> None:
        if not self.open:
            self.root = value, mark
            return
        into = self.open[-1]
        if isinstance(into.value, list):
            into.value.append(value)
            into.mark[1].append(mark)
        elif into.key is _NEXT:
            self._key(into, value, mark)
        else:
            key, into.key = into.key, _NEXT
            if key is _MERGE:
                self._merge(into, value, mark, aliased)
            elif key is not _DROPPED:
                into.value[key] = value
                into.mark[1][key] = into.key_line, mark[1]

    def _key(self, into: _Open, key: Any, mark: _Mark) -> None:
        line, source = mark
        into.key, into.key_line = _DROPPED, line
        if not isinstance(key, str) or source not in (None, key):
            fact = "a key here is not text, so Pulumi would rename it or refuse the file"
            self._problem(fact, "Write the key in quotes.", line)
        elif key == "<<":
            fact = "a key here is `<<` as a text, which Pulumi turns into a merge on its way"
            self._problem(fact, "Give the key another name.", line)
        elif key in into.value:
            self._repeated(key, line, into.mark[1][key][0])
        else:
            into.key = key

    def _merge_key(self, into: _Open, line: int) -> None:
        if into.merge_line:
            self._repeated("<<", line, into.merge_line)
        into.key, into.merge_line = _MERGE, line

    def _merge(self, into: _Open, value: Any, mark: _Mark, aliased: bool) -> None:
        many = isinstance(value, list) and not aliased
        values, marks = (value, mark[1]) if many else ([value], [mark])
        if all(isinstance(each, dict) for each in values):
            into.merged += [(each, its[1]) for each, its in zip(values, marks, strict=True)]
        else:
            fact = "`<<` is given something other than mappings, so there is nothing to merge"
            self._problem(fact, "Give it an alias of a mapping, or a list of them.", mark[0])

    def _repeated(self, key: str, line: int, first: int) -> None:
        shown = len(self.open) <= 3 and _SHOWN_KEY.fullmatch(key) and not holds_key(key)
        name = f"the key `{key}`" if shown else "a key"
        fact = f"{name} is written twice in one mapping, so Pulumi refuses the file"
        self._problem(fact, "Keep one of the two.", line, first)

    def _tag_problem(self, line: int) -> None:
        fact = "a tag (!) stands here whose value would not reach the program as it is written"
        self._problem(fact, "Remove the tag.", line)

    def _problem(self, fact: str, remedy: str, *lines: int) -> None:
        self.problems.append(_problem(self.file, lines, fact, remedy))
        if len(self.problems) == MAX_PROBLEMS:
            raise StackFileError(in_order(self.problems))

    def _count(self, line: int) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            fact = f"the file holds more than {MAX_VALUES:,} values, so it was not read"
            _refuse(self.file, line, fact, _FEWER)

    def _deep(self, depth: int, line: int) -> None:
        if depth > MAX_DEPTH:
            fact = f"values are nested deeper than {MAX_DEPTH} levels, so the file was not read"
            _refuse(self.file, line, fact, "Nest them less.")


_FEWER = "Use fewer aliases, or split the file."
