"""Sections as text, in lines of at most 80 columns.

A line is broken only between words, and never in a name, a value or a command that fits a line: each can be copied.
"""

from __future__ import annotations

from collections.abc import Iterator

import click

from paletteai_components.cli.output import paragraph
from paletteai_components.cli.output.line import Entry, Line, Mark, RuleCode, Section, Untrusted, explained
from paletteai_components.diagnostics import escaped

WIDTH = 80

# Where an entry begins, where its details do, and how much further a line that goes on.
_ENTRY, _DETAIL, _FURTHER = 4, 6, 2
_COLOURS = {Mark.CREATED: "green", Mark.DELETED: "red", Mark.CHANGED: "yellow", Mark.REPLACED: "yellow"}


def section_lines(section: Section) -> Iterator[str]:
    """The lines of a section, in colour for a terminal."""
    yield from (click.style(line, fg=section.colour, bold=True) for line in wrapped(section.title))
    for entry in section.entries:
        yield from _entry_lines(entry)
    if section.rule:
        yield from wrapped((explained(section.rule),), _ENTRY)


def _entry_lines(entry: Entry) -> Iterator[str]:
    first, *others = wrapped(entry.line, _ENTRY, _ENTRY + _FURTHER)
    if entry.mark:
        first = f"  {click.style(entry.mark.value, fg=_COLOURS[entry.mark], bold=True)} {first.lstrip(' ')}"
    yield first
    yield from others
    for detail in entry.details:
        yield from wrapped(detail, _DETAIL, _DETAIL + _FURTHER)


def wrapped(line: Line, indent: int = 0, further: int = 0) -> list[str]:
    """A line as lines of at most 80 columns, the first with one indent and the others with another."""
    text = "".join(_breakable(part, WIDTH - further) for part in line)
    # A CI server reads commands where a line begins.
    return [escaped(each) for each in paragraph.wrapped(text, WIDTH, " " * indent, " " * further)]


def _breakable(part: str | Untrusted | RuleCode, room: int) -> str:
    """A part of a line, with what is not to be broken."""
    if isinstance(part, RuleCode):
        return part.code
    if isinstance(part, Untrusted) and not part.sentence:
        return _whole(escaped(part.text), room)
    pieces = (part if isinstance(part, str) else escaped(part.text)).split("`")
    # What stands between two backticks is code.
    closed = len(pieces) - (len(pieces) % 2 == 0)
    pieces[1:closed:2] = [_whole(piece, room) for piece in pieces[1:closed:2]]
    return "`".join(pieces)


def _whole(text: str, room: int) -> str:
    return paragraph.unbroken(text) if len(text) <= room else text
