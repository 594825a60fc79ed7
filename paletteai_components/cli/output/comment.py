"""A comment: a difference as Markdown, for a pull request.

Text from files is shown and never interpreted. Names and values are code; in a sentence, so is every word that
Markdown, HTML or the host of the comment could interpret. No character is invisible, so what is copied is what is
seen. The only links are to the pages of rules and to lines of files, and only if the caller gives their addresses.
`paletteai ci comment` posts nothing else.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from paletteai_components.ci.sanitizer import MARKER, is_plain
from paletteai_components.cli.output.line import Entry, Line, RuleCode, Section, Untrusted, explained
from paletteai_components.diagnostics import escaped
from paletteai_components.views.source_link import source_link

LIMIT = 60_000
LEAST = 2_000

# Longer than any message of ours: a longer text holds an overlong name or value.
_LONGEST = 600
_ROOM_TO_END = 160


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses that a comment links to."""

    source_url: str | None = None
    """The address of a line of a file, with `{file}` and `{line}`; see `source_link`."""
    rules_url: str | None = None
    """The address of a rule's page, with `{code}`."""


_NO_LINKS = Links()


@dataclass(slots=True)
class _Block:
    """Entries that are kept or left out one by one, between an opening and a closing text."""

    opening: str
    entries: list[str]
    closing: str = ""
    kept: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.opening}{''.join(self.kept)}{self.closing}"


def comment_of(
    verdict: Line,
    sections: Sequence[Section],
    *,
    about: Line = (),
    limit: int = LIMIT,
    links: Links = _NO_LINKS,
    marker: str = MARKER,
    printed_by: str = "paletteai diff",
) -> str:
    """The comment: its marker, the verdict, then as many entries of the sections as fit.

    Entries that do not fit are left out completely and counted.

    Args:
        verdict: The first line.
        sections: The sections, the most important first.
        about: What was compared.
        limit: The most characters that the comment may have.
        links: The addresses that it links to.
        marker: Its first line, by which it is found again.
        printed_by: The command that prints what does not fit.
    """
    head = f"{marker}\n**{_markdown(verdict, links)}**\n"
    head += f"\n{_markdown(about, links)}\n" if about else ""
    blocks = [_block(section, links) for section in sections]
    room = limit - len(head) - _ROOM_TO_END
    # No important section uses up the room of all others.
    for block, section in zip(blocks, sections, strict=True):
        room -= 0 if section.folded else _fill(block, room // 2)
    for block in blocks:
        room -= _fill(block, room)
    left_out = sum(len(block.entries) - len(block.kept) for block in blocks)
    body = "".join(str(block) for block in blocks if block.kept)
    entries, do, them = ("entry", "does", "it") if left_out == 1 else ("entries", "do", "them all")
    more = f"\n{left_out:,} more {entries} {do} not fit; `{printed_by}` prints {them}.\n" if left_out else ""
    return f"{head}{body}{more}"


def _fill(block: _Block, room: int) -> int:
    """Keep the entries that fit, and return how many characters they take."""
    taken = 0 if block.kept else len(block.opening) + len(block.closing)
    for entry in block.entries[len(block.kept) :]:
        if taken + len(entry) > room:
            break
        block.kept.append(entry)
        taken += len(entry)
    return taken if block.kept else 0


def _block(section: Section, links: Links) -> _Block:
    entries = [_item(entry, links) for entry in section.entries]
    rule = section.rule if links.rules_url is None else None
    closing = f"\n{_markdown((explained(rule),), links)}\n" if rule else ""
    if section.folded:
        # A summary is HTML: Markdown has no effect in it.
        title = "".join(
            f"<code>{html.escape(_fitting(part.text))}</code>" if isinstance(part, Untrusted) else str(part)
            for part in section.title
        )
        return _Block(f"\n<details><summary>{title}</summary>\n\n", entries, f"{closing}\n</details>\n")
    return _Block(f"\n### {_markdown(section.title, links)}\n\n", entries, closing)


def _item(entry: Entry, links: Links) -> str:
    mark = f"`{entry.mark.value}` " if entry.mark else ""
    details = "".join(f"  - {_markdown(detail, links)}\n" for detail in entry.details)
    return f"- {mark}{_markdown(entry.line, links)}\n{details}"


def _markdown(line: Line, links: Links) -> str:
    return _joined(part if isinstance(part, str) else _markdown_of(part, links) for part in line)


def _markdown_of(part: Untrusted | RuleCode, links: Links) -> str:
    if isinstance(part, RuleCode):
        return f"[{part.code}]({links.rules_url.replace('{code}', part.code)})" if links.rules_url else part.code
    text = _fitting(part.text)
    if part.sentence:
        return _joined(_sentence(text))
    address = source_link(links.source_url, part.location) if links.source_url and part.location else None
    return f"[{_code(text)}]({address})" if address else _code(text)


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
                yield word if not word.strip(" ") or is_plain(word) else _code(word)


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
