"""A comment: a difference as Markdown, for a pull request.

What comes from files is shown and never acts: names and values are code, sentences are written in
entities where a character could mean something to Markdown, HTML or the host of the comment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from paletteai_components.cli.diff.line import Foreign, Line, Section, printable

MARKER = "<!-- paletteai diff -->"
LIMIT = 60_000
LEAST = 2_000

# Longer than any sentence of ours; what is longer holds a name that nobody meant.
_LONGEST = 600
_PLAIN = re.compile(r"[^A-Za-z0-9 ,()/-]")
_REFERENCE = re.compile(r"(?i)(?<=gh-)(?=\d)|(?<=www)(?=&#x2e;)")
_PARTS = "@#!~$%&:^*["
_ROOM_TO_END = 160


@dataclass(slots=True)
class _Block:
    """Lines that are kept or left out one by one, between what opens and what closes them."""

    opening: str
    lines: list[str]
    closing: str = ""
    kept: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.opening}{''.join(self.kept)}{self.closing}"


def comment_of(verdict: str, sections: Sequence[Section], *, about: Line = (), limit: int = LIMIT) -> str:
    """The comment: its marker, the verdict, then as much of the sections as fits into a number of characters.

    What is left out is counted. A line is never cut.
    """
    head = f"{MARKER}\n**{verdict}**\n"
    head += f"\n{_markdown(about)}\n" if about else ""
    blocks = [_block(section) for section in sections]
    room = limit - len(head) - _ROOM_TO_END
    # None of the important ones takes the place of all others.
    for block, section in zip(blocks, sections, strict=True):
        room -= 0 if section.folded else _fill(block, room // 2)
    for block in blocks:
        room -= _fill(block, room)
    left_out = sum(len(block.lines) - len(block.kept) for block in blocks)
    body = "".join(str(block) for block in blocks if block.kept)
    more = f"\n{left_out:,} more lines do not fit here; `paletteai diff` prints all of them.\n" if left_out else ""
    return f"{head}{body}{more}"


def _fill(block: _Block, room: int) -> int:
    """Keeps the lines for which there is room, and says how much they take."""
    taken = 0 if block.kept else len(block.opening) + len(block.closing)
    for line in block.lines[len(block.kept) :]:
        if taken + len(line) > room:
            break
        block.kept.append(line)
        taken += len(line)
    return taken if block.kept else 0


def _block(section: Section) -> _Block:
    lines = [f"- {_markdown(line)}\n" for line in section.lines]
    if section.folded:
        title = "".join(part if isinstance(part, str) else _in_entities(part.text) for part in section.title)
        return _Block(f"\n<details><summary>{title}</summary>\n\n", lines, "\n</details>\n")
    return _Block(f"\n### {_markdown(section.title)}\n\n", lines)


def _markdown(line: Line) -> str:
    return "".join(part if isinstance(part, str) else _shown(part) for part in line)


def _shown(foreign: Foreign) -> str:
    return _in_entities(foreign.text) if foreign.sentence else _code(foreign.text)


def _code(text: str) -> str:
    """A text between as many backticks as it takes."""
    text = _fitting(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    # Markdown takes away one space at both ends, where there are two.
    space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) or not text else ""
    return f"{fence}{space}{text}{space}{fence}"


def _in_entities(text: str) -> str:
    """A sentence in which nothing but letters, digits and a few signs stands for itself.

    A character that is not seen parts what would call somebody or refer to something.
    """
    text = _PLAIN.sub(lambda found: f"&#x{ord(found[0]):x};{'&#x200b;' if found[0] in _PARTS else ''}", _fitting(text))
    return _REFERENCE.sub("&#x200b;", text)


def _fitting(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
