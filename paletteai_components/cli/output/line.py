"""Lines of output and their sections: our own words, kept apart from text of files.

So a comment can show the latter as what it is: text that anyone may have written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.listing import more
from paletteai_components.shell import command

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A text from a file."""

    text: str
    """A name or a value, or a sentence that holds some."""
    sentence: bool = False
    location: SourceLocation | None = None
    """The place that a name or a value is, which a comment links to."""


@dataclass(frozen=True, slots=True)
class RuleCode:
    """The code of a rule, which a comment links to its page."""

    code: str


Line = tuple[str | Untrusted | RuleCode, ...]


class Mark(StrEnum):
    """What happens to the objects of an entry, in one character."""

    CREATED = "+"
    DELETED = "-"
    CHANGED = "~"
    REPLACED = "±"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is reported."""

    line: Line
    details: tuple[Line, ...] = ()
    """What more there is to it, each on a line of its own."""
    mark: Mark = Mark.NONE


@dataclass(slots=True)
class Section:
    """Entries under a title."""

    title: Line
    """The title; it may hold the name of a stack."""
    entries: list[Entry] = field(default_factory=list)
    colour: str = "cyan"
    folded: bool = False
    """Whether a comment shows the entries only on demand."""
    rule: str | None = None
    """The code of the first entry's rule, whose explanation is shown below them, unless there is a link to it."""


def explained(code: str) -> str:
    """Which command explains the rule of the first of several problems."""
    return f"`{command('paletteai explain', code)}` explains the first."


def listed(names: Iterable[str]) -> Line:
    """Names separated by commas: the first 20, and how many more there are."""
    texts = list(names)
    line = joined(((Untrusted(name),) for name in texts[:_LISTED]), ", ")
    return (*line, more(len(texts) - _LISTED)) if len(texts) > _LISTED else line


def joined(lines: Iterable[Line], between: str = "; ") -> Line:
    """Join several lines into one."""
    return tuple(part for position, line in enumerate(lines) for part in ((between, *line) if position else line))
