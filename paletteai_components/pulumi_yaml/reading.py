"""Reading: the value of a YAML file and the lines in it, built from the parser's events.

Scalars and mappings are read by the rules of Pulumi's chain: go-yaml v3, written, read again, and converted to JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NoReturn

import yaml

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, in_order
from paletteai_components.pulumi_yaml.scalars import FIRST_TEXT, KEYWORDS, SCALAR_TAGS, TAG, resolved
from paletteai_components.redaction import holds_key

CODE = "PAI012"
MAX_DEPTH = 100
MAX_VALUES = 1_000_000
MAX_DIAGNOSTICS = 1000

_MAPPING, _LIST = f"{TAG}map", f"{TAG}seq"
_SHOWN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9:_-]{0,60}")
_ESCAPED_SLASH = re.compile(r"(?<!\\)(?:\\\\)*\\/")
_NOT_A_BLOCK = re.compile("[^\t\n -~\xa0-\ufefe\uff00-\ufffd]| (?:[\n\u2028\u2029]|$)")
# Pulumi writes most texts of several lines as a block. Reading it back fails on an initial tab and loses an initial
# line break.
_LOST_START = ("\t", "\n", "\u2028", "\u2029")
_FEWER = "Use fewer aliases, or split the file."

# A value's line and its content: the marks of a list or, by key, of a mapping (with the lines of the keys), the
# characters of a scalar without quotes, or None for a scalar in quotes.
Mark = tuple[int, Any]


def diagnostic(file: str, lines: Iterable[int], fact: str, remedy: str) -> Diagnostic:
    """What is wrong at some lines of a file."""
    return Diagnostic(CODE, f"{fact}.", remedy, tuple(SourceLocation(file, line) for line in lines))


def refuse(file: str, line: int, fact: str, remedy: str) -> NoReturn:
    """Refuse a file because of a line. Raises StackFileError."""
    # The error being handled may quote the file.
    raise StackFileError([diagnostic(file, [line], fact, remedy)]) from None


class Reading:
    """Builds the value and the marks of a file from the parser's events. `take` returns the next event.

    What is wrong is in `diagnostics`, unless the rest cannot be read: then StackFileError is raised.
    """

    def __init__(self, file: str, text: str, take: Callable[[], Any]) -> None:
        self.file = file
        self.text = text if "\\/" in text else ""
        self.take = take
        self.diagnostics: list[Diagnostic] = []
        self.values = self.aliased = 0
        # An anchor's list is empty until its value is complete.
        self.anchors: dict[str, list[tuple[Any, Mark]]] = {}

    def document(self) -> tuple[Any, Mark]:
        """The value of the only document in the file, and its mark."""
        start: Any = yaml.DocumentStartEvent
        self.take()
        if type(self.take()) is not start:
            return None, (1, None)
        root = self._node(self.take(), 0, False)
        self.take()
        if type(event := self.take()) is start:
            fact = "a second document starts here, and Pulumi would ignore it"
            refuse(self.file, event.start_mark.line + 1, fact, "Keep one document in the file.")
        return root

    def _node(self, event: Any, depth: int, flow: bool) -> tuple[Any, Mark]:
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
        found: list[tuple[Any, Mark]] = []
        if event.anchor is not None:
            self.anchors[event.anchor] = found
        value, inside = read(depth + 1, event.flow_style)
        found.append((value, (line, inside)))
        return found[0]

    def _list(self, depth: int, flow: bool) -> tuple[list[Any], list[Mark]]:
        values, marks = [], []
        while type(event := self.take()) is not yaml.SequenceEndEvent:
            value, mark = self._node(event, depth, flow)
            values.append(value)
            marks.append(mark)
        return values, marks

    def _mapping(self, depth: int, flow: bool) -> tuple[dict[str, Any], dict[str, Mark]]:
        values: dict[str, Any] = {}
        marks: dict[str, Mark] = {}
        merged: list[tuple[dict[str, Any], dict[str, Mark]]] = []
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

    def _merged(self, event: Any, depth: int, flow: bool) -> list[tuple[dict[str, Any], dict[str, Mark]]]:
        """The mappings that `<<` merges, with the marks inside them."""
        many = type(event) is yaml.SequenceStartEvent
        value, mark = self._node(event, depth, flow)
        values, marks = (value, mark[1]) if many else ([value], [mark])
        if all(isinstance(each, dict) for each in values):
            return [(each, inside) for each, (_, inside) in zip(values, marks, strict=True)]
        fact = "`<<` has a value other than mappings, so there is nothing to merge"
        self._diagnostic(fact, "Set it to an alias of a mapping, or to a list of them.", mark[0])
        return []

    def _key_problem(self, key: Any, line: int, source: Any, marks: dict[str, Mark], depth: int) -> None:
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

    def _alias(self, name: str, depth: int, line: int) -> tuple[Any, Mark]:
        found = self.anchors.get(name)
        if found is None:
            fact = "an alias (`*`) comes before the anchor (`&`) of its name, so it has no value"
            refuse(self.file, line, fact, "Put the anchor above it.")
        if not found:
            fact = "an anchor (`&`) contains an alias (`*`) of itself, so its value has no end"
            refuse(self.file, line, fact, "Remove the alias.")
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
            refuse(self.file, line, "aliases repeat so much that Pulumi refuses the file", _FEWER)
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
        self.diagnostics.append(diagnostic(self.file, lines, fact, remedy))
        if len(self.diagnostics) == MAX_DIAGNOSTICS:
            raise StackFileError(in_order(self.diagnostics))

    def _check_bounds(self, depth: int, line: int) -> None:
        """Raises StackFileError if there are too many values, or this one is nested too deep."""
        if self.values > MAX_VALUES:
            fact = f"the file has more than {MAX_VALUES:,} values, so it was not read"
            refuse(self.file, line, fact, _FEWER)
        if depth > MAX_DEPTH:
            fact = f"values are nested deeper than {MAX_DEPTH} levels, so the file was not read"
            refuse(self.file, line, fact, "Nest them less.")
