"""Lines of output and their sections: our own words, kept apart from text of files.

So a comment can show the latter as what it is: text that anyone may have written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from paletteai_components.listing import more

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Untrusted:
    """A text from a file."""

    text: str
    """A name or a value, or a sentence that holds some."""
    sentence: bool = False


Line = tuple[str | Untrusted, ...]


@dataclass(slots=True)
class Section:
    """Lines under a title."""

    title: Line
    """The title; it may hold the name of a stack."""
    lines: list[Line] = field(default_factory=list)
    colour: str = "cyan"
    folded: bool = False
    """Whether a comment shows the lines only on demand."""


def listed(names: Iterable[str]) -> Line:
    """Names separated by commas: the first 20, and how many more there are."""
    texts = list(names)
    line = joined(((Untrusted(name),) for name in texts[:_LISTED]), ", ")
    return (*line, more(len(texts) - _LISTED)) if len(texts) > _LISTED else line


def joined(lines: Iterable[Line], between: str = "; ") -> Line:
    """Join several lines into one."""
    return tuple(part for position, line in enumerate(lines) for part in ((between, *line) if position else line))
