"""Lines of what is told, and their sections: our own words, and what comes from files.

They are kept apart so that a page can show the latter as what it is: text that anybody may have written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from paletteai_components.listing import more

_LISTED = 20


@dataclass(frozen=True, slots=True)
class Foreign:
    """A text from a file: a name or a value, or a sentence that holds some."""

    text: str
    sentence: bool = False


Line = tuple[str | Foreign, ...]


@dataclass(slots=True)
class Section:
    """Lines under a title.

    Fields:
        title: the title; the name of a stack may stand in it.
        lines: what is told, a line each.
        colour: how it is marked on a terminal.
        folded: True for what is read only by those who want to know more.
    """

    title: Line
    lines: list[Line] = field(default_factory=list)
    colour: str = "cyan"
    folded: bool = False


def listed(names: Iterable[str]) -> Line:
    """Names in a row; of very many the first ones, and how many more there are."""
    every = list(names)
    line = joined(((Foreign(name),) for name in every[:_LISTED]), ", ")
    return (*line, more(len(every) - _LISTED)) if len(every) > _LISTED else line


def joined(lines: Iterable[Line], between: str = "; ") -> Line:
    """Several lines as one."""
    return tuple(part for position, line in enumerate(lines) for part in ((between, *line) if position else line))
