"""A comment: a difference as Markdown, for a pull request.

Text from files is shown and never interpreted. Names and values are code; in a sentence, so is every word that
Markdown, HTML or the host of the comment could interpret. No character is invisible, so what is copied is what is
seen. `.ci/comment.py` posts nothing else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from paletteai_components.cli.output.line import Line, Section, Untrusted
from paletteai_components.diagnostics import escaped

MARKER = "<!-- paletteai diff -->"
LIMIT = 60_000
LEAST = 2_000

# Longer than any message of ours: a longer text holds an overlong name or value.
_LONGEST = 600
# A word that no host interprets, or punctuation between words; the same as in .ci/comment.py.
_PLAIN = re.compile(r"[(“\"]{0,2}[^\W_]+(?:[-'’][^\W\d_]+|,\d+)*[)”\".,:;!?…]{0,4}|[)”\".,:;!?…]{1,4}|[(“\"→=+–-]")
_COMMIT = re.compile(r"\b[0-9a-fA-F]{7,64}\b")
_ROOM_TO_END = 160


@dataclass(slots=True)
class _Block:
    """Lines that are kept or left out one by one, between an opening and a closing text."""

    opening: str
    lines: list[str]
    closing: str = ""
    kept: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.opening}{''.join(self.kept)}{self.closing}"


def comment_of(verdict: str, sections: Sequence[Section], *, about: Line = (), limit: int = LIMIT) -> str:
    """The comment: its marker, the verdict, then as many lines of the sections as fit.

    Lines that do not fit are left out completely and counted.

    Args:
        verdict: The first line.
        sections: The sections, the most important first.
        about: What was compared.
        limit: The most characters that the comment may have.
    """
    head = f"{MARKER}\n**{verdict}**\n"
    head += f"\n{_markdown(about)}\n" if about else ""
    blocks = [_block(section) for section in sections]
    room = limit - len(head) - _ROOM_TO_END
    # No important section uses up the room of all others.
    for block, section in zip(blocks, sections, strict=True):
        room -= 0 if section.folded else _fill(block, room // 2)
    for block in blocks:
        room -= _fill(block, room)
    left_out = sum(len(block.lines) - len(block.kept) for block in blocks)
    body = "".join(str(block) for block in blocks if block.kept)
    more = f"\n{left_out:,} more lines do not fit; `paletteai diff` prints them all.\n" if left_out else ""
    return f"{head}{body}{more}"


def _fill(block: _Block, room: int) -> int:
    """Keep the lines that fit, and return how many characters they take."""
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
        # A summary is HTML: Markdown has no effect in it.
        title = "".join(
            part if isinstance(part, str) else f"<code>{html.escape(_fitting(part.text))}</code>"
            for part in section.title
        )
        return _Block(f"\n<details><summary>{title}</summary>\n\n", lines, "\n</details>\n")
    return _Block(f"\n### {_markdown(section.title)}\n\n", lines)


def _markdown(line: Line) -> str:
    return _joined(part if isinstance(part, str) else _markdown_of(part) for part in line)


def _markdown_of(untrusted: Untrusted) -> str:
    return _joined(_sentence(_fitting(untrusted.text))) if untrusted.sentence else _code(_fitting(untrusted.text))


def _joined(parts: Iterable[str]) -> str:
    """The parts as one text. Two pieces of code that touched would merge, so a space separates them."""
    text = ""
    for part in parts:
        text += f" {part}" if text.endswith("`") and part.startswith("`") else part
    return text


def _sentence(text: str) -> Iterator[str]:
    """A sentence in which every text between backticks, and every word that is not plain, is code."""
    for position, part in enumerate(text.split("`")):
        if position % 2:
            yield _code(part)
        else:
            for word in re.split("( +)", part):
                yield word if not word.strip(" ") or _is_plain(word) else _code(word)


def _is_plain(word: str) -> bool:
    return _PLAIN.fullmatch(word) is not None and _COMMIT.search(word) is None


def _code(text: str) -> str:
    """A text as code, between enough backticks."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    # Markdown removes one space from each end if there is one at both.
    space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) or not text else ""
    return f"{fence}{space}{text}{space}{fence}"


def _fitting(text: str) -> str:
    text = escaped(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
