"""A YAML file as Pulumi reads it, with the line of every value.

Pulumi reads a stack file with go-yaml v3, writes it out, reads it again, turns it into JSON and
hands that to the program. PyYAML supplies only the syntax here; what a scalar means is decided by
the rules of that chain, so a check made offline judges the values the program would receive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

import yaml

from paletteai_components.problem import Place, Problem, Unreadable, in_order

CODE = "PAI012"
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_VALUES = 1_000_000

Path = tuple[str | int, ...]

# Where a value stands: its line and, inside it, the marks of what it holds (for a mapping by key,
# with the line of the key), the characters of a plain scalar, or None for a quoted one.
_Mark = tuple[int, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file that was read.

    Fields:
        file: the file's name as shown to people.
        value: what the program would get from ``json.loads``. Mappings keep the order of the file
            (the program gets them sorted by key) and an encrypted ``secure:`` value stays as it is
            written. One quirk of Pulumi is left to the caller: the direct children of ``config:``
            that are neither lists nor mappings reach the program as text (``true`` as ``"true"``,
            null as ``""``, a number as its digits).
    """

    file: str
    value: Any
    _mark: _Mark = field(repr=False, compare=False)

    def line(self, path: Path) -> int:
        """The line, counted from 1, of what stands at the path.

        For a mapping's entry it is the line of its key; where the path leads nowhere, it is the
        line of the nearest ancestor that exists.
        """
        return self._walk(path)[0][0]

    def source(self, path: Path) -> str | None:
        """The characters of the scalar at the path if it is written without quotes, else None."""
        (_, inside), complete = self._walk(path)
        return inside if complete and isinstance(inside, str) else None

    def _walk(self, path: Path) -> tuple[_Mark, bool]:
        mark = self._mark
        for step in path:
            inside = mark[1]
            known = (isinstance(inside, dict) and step in inside) or (
                isinstance(inside, list) and isinstance(step, int) and 0 <= step < len(inside)
            )
            if not known:
                return mark, False
            mark = inside[step]
        return mark, True


def document_from(data: bytes, file: str) -> Document:
    """Read the bytes of a YAML file.

    Raises:
        Unreadable: the file is not what Pulumi could hand to a program unchanged. It holds every
            such problem found, and never a value or a part of the file's text, save the name of a
            repeated key in the three outermost levels.
    """
    if len(data) > MAX_BYTES:
        _refuse(file, "the file is larger than 16 MiB, so it was not read", "split the file")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _refuse(file, "the file is not UTF-8 text, so it was not read", "save it as UTF-8", line)
    if data.startswith(b"%") or b"\n%" in data:
        line = 1 if data.startswith(b"%") else data.count(b"\n", 0, data.index(b"\n%")) + 2
        message = "a line starts with %, a directive that Pulumi may not follow"
        _refuse(file, message, "remove the line", line)
    reading = _Reading(file)
    try:
        for event in _events(data):
            reading.take(event)
    except yaml.reader.ReaderError:
        found = _CONTROL.search(text)
        line = text.count("\n", 0, found.start() if found else len(text)) + 1
        _refuse(file, "the file holds a control character, so it is not YAML", "remove it", line)
    except yaml.MarkedYAMLError as error:
        _refuse(file, *_syntax(error))
    if reading.problems:
        raise Unreadable(in_order(reading.problems))
    if reading.root is None or reading.root[0] is None:
        _refuse(file, "the file is empty, so it declares nothing", "write a mapping", 1)
    value, mark = reading.root
    if not isinstance(value, dict):
        message = "the file is not a mapping of keys to values at its top, so it declares nothing"
        _refuse(file, message, "start it with a key, such as config:", mark[0])
    return Document(file, value, mark)


def _refuse(file: str, message: str, remedy: str, *lines: int) -> NoReturn:
    where = tuple(Place(file, line) for line in lines) or (Place(file),)
    raise Unreadable([Problem(CODE, message, remedy, where)])


# --- Syntax -----------------------------------------------------------------------------------

_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

_CONTROL = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

# The parser's own sentences may quote the file, so they choose a sentence and are never shown.
_SYNTAX = (
    ("tab", "a tab stands where only spaces may", "indent with spaces"),
    ("cannot start any token", "a value starts with a reserved character", "write it in quotes"),
    ("mapping values are not allowed", "a colon stands where none may", "quote or indent the text"),
    ("could not find expected ':'", "a key has no colon", "write `key: value`"),
    ("expected key", "a line is indented unlike its neighbours", "align it with them"),
    ("<block end>", "a line is indented unlike its neighbours", "align it with them"),
    ("'-' indicator", "a line is indented unlike its neighbours", "align it with them"),
    ("or ']'", "a list in brackets is not closed", "close it with ]"),
    ("or '}'", "a mapping in braces is not closed", "close it with }"),
    ("end of stream", "a quote is not closed", "close it"),
    ("escape", "a text in double quotes holds an unknown escape", "write \\\\ for a backslash"),
    ("tag handle", "a tag has an unknown handle", "remove the tag"),
)


def _events(data: bytes) -> Iterator[yaml.Event]:
    loader = _LOADER(data)
    try:
        while (event := loader.get_event()) is not None:
            yield event
    finally:
        loader.dispose()


def _syntax(error: yaml.MarkedYAMLError) -> tuple[Any, ...]:
    marks = [mark for mark in (error.problem_mark, error.context_mark) if mark is not None]
    lines = [mark.line + 1 for mark in marks]
    said = error.problem or ""
    fact, remedy = "the text is not valid YAML", "correct the syntax at this line"
    for fragment, its_fact, its_remedy in _SYNTAX:
        if fragment in said:
            fact, remedy = its_fact, its_remedy
            break
    if "not closed" in fact:
        lines.reverse()
    return f"{fact}, so nothing in the file was read", remedy, *dict.fromkeys(lines)


# --- Structure --------------------------------------------------------------------------------

_SHOWN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{0,60}")
_NEXT, _MERGE, _DROPPED = object(), object(), object()


class _Anchor:
    """What an anchor names: nothing until all of it has been read."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: tuple[Any, _Mark] | None = None


class _Open:
    """A list or a mapping whose end has not been read; `key` is what the next value belongs to."""

    __slots__ = ("anchor", "key", "key_line", "mark", "merge_line", "merged", "value")

    def __init__(self, value: Any, mark: _Mark, anchor: _Anchor | None) -> None:
        self.value = value
        self.mark = mark
        self.anchor = anchor
        self.key: Any = _NEXT
        self.key_line = self.merge_line = 0
        self.merged: list[tuple[dict[str, Any], dict[str, _Mark]]] = []


class _Reading:
    """Builds the value and the marks of a file from the parser's events, one at a time."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: tuple[Any, _Mark] | None = None
        self.values = 0
        self.open: list[_Open] = []
        self.anchors: dict[str, _Anchor] = {}
        self.plain: dict[str, Any] = {}

    def take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            self._scalar(event)
        elif kind is yaml.MappingStartEvent:
            self._start(event, {}, {}, "map")
        elif kind is yaml.SequenceStartEvent:
            self._start(event, [], [], "seq")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._end()
        elif kind is yaml.AliasEvent:
            self._alias(event)
        elif kind is yaml.DocumentStartEvent and self.root is not None:
            message = "a second document starts here, and Pulumi would ignore it without a word"
            _refuse(self.file, message, "keep one document", event.start_mark.line + 1)

    def _scalar(self, event: Any) -> None:
        text, tag, line, plain = event.value, event.tag, event.start_mark.line + 1, not event.style
        self._count(line)
        if tag == "!":
            tag = None
        if plain and text == "<<" and tag is None and self._at_key():
            self._merge_key(line)
            return
        if tag is not None:
            value = self._tagged(text, tag, line)
        elif not plain:
            value = text
        elif text in self.plain:
            value = self.plain[text]
        else:
            value = self.plain[text] = _resolved(text)
        if isinstance(value, float):
            value = self._number(value, line)
        mark = (line, text if plain else None)
        if event.anchor is not None:
            self._anchor(event.anchor).found = value, mark
        self._place(value, mark)

    def _tagged(self, text: str, tag: str, line: int) -> Any:
        wanted = _SCALAR_TAGS.get(tag)
        value = text if wanted == (str,) else _resolved(text)
        if wanted is None or type(value) not in wanted:
            self._tag_problem(line)
        return value

    def _number(self, value: float, line: int) -> int | float | None:
        if value - value != 0:
            message = "this number is not finite, so JSON cannot carry it and Pulumi refuses it"
            self._problem(message, "write a finite number, or the text in quotes", line)
            return None
        # Go writes a whole float below this bound as plain digits, which Python reads as an int.
        whole = value.is_integer() and abs(value) < 1e21
        return int(Decimal(repr(value))) if whole else value

    def _start(self, event: Any, value: Any, inside: Any, kind: str) -> None:
        line = event.start_mark.line + 1
        self._count(line)
        self._deep(len(self.open) + 1, line)
        if event.tag not in (None, "!", _TAG + kind):
            self._tag_problem(line)
        anchor = None if event.anchor is None else self._anchor(event.anchor)
        self.open.append(_Open(value, (line, inside), anchor))

    def _end(self) -> None:
        done = self.open.pop()
        for value, inside in done.merged:
            for key in value:
                if key not in done.value:
                    done.value[key], done.mark[1][key] = value[key], inside[key]
        if done.anchor is not None:
            done.anchor.found = done.value, done.mark
        self._place(done.value, done.mark)

    def _anchor(self, name: str) -> _Anchor:
        anchor = self.anchors[name] = _Anchor()
        return anchor

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            message = "an alias (*) stands before any anchor (&) of its name, so it means nothing"
            _refuse(self.file, message, "define the anchor above it", line)
        if anchor.found is None:
            message = "an anchor (&) holds an alias (*) of itself, so its value has no end"
            _refuse(self.file, message, "remove the alias", line)
        value, mark = anchor.found
        self._place(self._copied(value, len(self.open), line), (line, mark[1]), aliased=True)

    def _copied(self, value: Any, depth: int, line: int) -> Any:
        self._count(line)
        if isinstance(value, dict):
            self._deep(depth + 1, line)
            return {key: self._copied(inner, depth + 1, line) for key, inner in value.items()}
        if isinstance(value, list):
            self._deep(depth + 1, line)
            return [self._copied(inner, depth + 1, line) for inner in value]
        return value

    def _at_key(self) -> bool:
        return bool(self.open) and isinstance(self.open[-1].value, dict) and (self.open[-1].key is _NEXT)

    def _place(self, value: Any, mark: _Mark, aliased: bool = False) -> None:
        if not self.open:
            self.root = value, mark
            return
        into = self.open[-1]
        if isinstance(into.value, list):
            into.value.append(value)
            into.mark[1].append(mark)
        elif into.key is _NEXT:
            self._key(into, value, mark[0])
        else:
            key, into.key = into.key, _NEXT
            if key is _MERGE:
                self._merge(into, value, mark, aliased)
            elif key is not _DROPPED:
                into.value[key] = value
                into.mark[1][key] = into.key_line, mark[1]

    def _key(self, into: _Open, key: Any, line: int) -> None:
        into.key, into.key_line = _DROPPED, line
        if not isinstance(key, str):
            message = "a key here is not text, so Pulumi would rename it or refuse the file"
            self._problem(message, "write the key in quotes", line)
        elif key == "<<":
            message = "a key here is << in quotes, which Pulumi turns into a merge on its way"
            self._problem(message, "give the key another name", line)
        elif key in into.value:
            self._repeated(key, line, into.mark[1][key][0])
        else:
            into.key = key

    def _merge_key(self, line: int) -> None:
        into = self.open[-1]
        into.key = _DROPPED if into.merge_line else _MERGE
        if into.merge_line:
            self._repeated("<<", line, into.merge_line)
        into.merge_line = line

    def _merge(self, into: _Open, value: Any, mark: _Mark, aliased: bool) -> None:
        many = isinstance(value, list) and not aliased
        values, marks = (value, mark[1]) if many else ([value], [mark])
        if all(isinstance(each, dict) for each in values):
            into.merged += [(each, its[1]) for each, its in zip(values, marks, strict=True)]
        else:
            message = "<< is given something other than mappings, so there is nothing to merge"
            self._problem(message, "give it an alias of a mapping, or a list of them", mark[0])

    def _repeated(self, key: str, line: int, first: int) -> None:
        shown = len(self.open) <= 3 and _SHOWN_KEY.fullmatch(key)
        name = f"the key {key}" if shown else "a key"
        message = f"{name} is written twice in one mapping, so Pulumi refuses the file"
        self._problem(message, "keep one of the two", line, first)

    def _tag_problem(self, line: int) -> None:
        message = "a tag (!) here is one whose value would not arrive as plain JSON"
        self._problem(message, "remove the tag", line)

    def _problem(self, message: str, remedy: str, *lines: int) -> None:
        where = tuple(Place(self.file, line) for line in lines)
        self.problems.append(Problem(CODE, message, remedy, where))

    def _count(self, line: int) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            message = f"the file holds more than {MAX_VALUES:,} values, so it was not read"
            _refuse(self.file, message, "use fewer aliases, or split the file", line)

    def _deep(self, depth: int, line: int) -> None:
        if depth > MAX_DEPTH:
            message = f"values are nested deeper than {MAX_DEPTH} levels, so the file was not read"
            _refuse(self.file, message, "nest them less", line)


# --- Scalars ----------------------------------------------------------------------------------

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, tuple[type, ...]] = {
    f"{_TAG}str": (str,),
    f"{_TAG}int": (int,),
    f"{_TAG}float": (int, float),
    f"{_TAG}bool": (bool,),
    f"{_TAG}null": (type(None),),
}
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)"
    r"|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
# go-yaml looks at what follows a lower-case prefix once more, and takes a sign there.
_LATE_SIGN = re.compile(r"0(?:b(?P<bin>[-+][01]+)|o(?P<oct>[-+][0-7]+))")
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TIME = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})"
    r"(?:(?P<t>[Tt ])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2}):(?P<second>[0-9]{1,2})"
    r"(?:[.,](?P<fraction>[0-9]+))?(?P<zone>Z|(?P<east>[-+])(?P<h>[0-9]{2}):(?P<m>[0-9]{2}))?)?"
)


def _resolved(text: str) -> Any:
    """What go-yaml v3 makes of a plain scalar; an integer above 64 signed bits is a float here."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if (time := _TIME.fullmatch(text)) is not None and (written := _time(time)) is not None:
        return written
    # Only a scalar that starts with a sign or a digit may have underscores between its digits.
    digits = text if text[0] == "." else text.replace("_", "")
    if (match := _INTEGER.fullmatch(digits) or _LATE_SIGN.fullmatch(digits)) is not None:
        base = str(match.lastgroup)
        number = int(match[base], _BASES[base])
        number = -number if match.groupdict().get("sign") == "-" else number
        if -(2**63) <= number < 2**63:
            return number
        # Pulumi reads its own JSON again, where an integer of 64 unsigned bits becomes a float.
        if number < 2**64 and digits[0] not in "+-":
            return float(number)
    if _FLOAT.fullmatch(digits) is not None and abs(number := float(digits)) != float("inf"):
        return number
    return text


def _time(match: re.Match[str]) -> str | None:
    """Go's text of a time, as Pulumi puts it in place of a date, or None if there is no such day.

    A zone is written by its offset; Go would write the name of the machine's own zone.
    """
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    longest = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    zoned = match["zone"] is not None
    if not (1 <= month <= 12 and 1 <= day <= longest[month - 1]):
        return None
    if not (hour < 24 and minute < 60 and second < 60):
        return None
    if match["t"] is not None and zoned != (match["t"] in "Tt"):
        return None
    fraction = (match["fraction"] or "")[:9].rstrip("0")
    offset = f"{match['east']}{match['h']}{match['m']}" if match["east"] else "+0000"
    zone = "+0000 UTC" if offset[1:] == "0000" else f"{offset} {offset}"
    clock = f"{hour:02}:{minute:02}:{second:02}" + (f".{fraction}" if fraction else "")
    return f"{year:04}-{month:02}-{day:02} {clock} {zone}"
