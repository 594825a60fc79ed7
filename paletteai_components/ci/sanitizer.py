"""Makes a comment harmless that may come from a fork's code, before it is posted under the bot's name."""

from __future__ import annotations

import html
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from paletteai_components.errors import UserError

MARKER = "<!-- paletteai diff -->"
# GitHub takes 65,536 characters, GitLab more.
MOST = 65_000
_CUT = "\n\n*The rest is left out: a comment has a maximum length. The job's log has all of it.*"

_FOLD_START = re.compile(r"<details><summary>(.*)</summary>")
_FOLD_END = "</details>"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_STARTS = ("### ", "- ", "")
_DETAIL = "  - "
_LINE = re.compile(r"(.+):(\d{1,9})")
_RULE_LINK = re.compile(r"\[(PAI\d{3})\]\(([^()\s]+)\)")
_LINK_END = re.compile(r"\]\(([^()\s]*)\)")
# A word that neither GitHub nor GitLab turns into a reference, and punctuation between words. The command's own
# comments are written with it, so that they are posted unchanged.
_PLAIN = re.compile(r"[(“\"]{0,2}[^\W_]+(?:[-'’][^\W\d_]+|,\d+)*[)”\".,:;!?…]{0,4}|[)”\".,:;!?…]{1,4}|[(“\"→=+–-]")
_COMMIT = re.compile(r"\b[0-9a-fA-F]{7,64}\b")


@dataclass(frozen=True)
class Links:
    """What a comment may link to: lines of the files that were checked, and the pages of rules."""

    source_url: str = ""
    """The address of a line of a file, with `{file}` and `{line}`."""
    rules_url: str = ""
    """The address of a rule's page, with `{code}`."""

    @classmethod
    def from_environment(cls) -> Links:
        """The addresses in SOURCE_URL and RULES_URL, which the workflow sets."""
        return cls(os.environ.get("SOURCE_URL", ""), os.environ.get("RULES_URL", ""))

    def allow_line(self, text: str, address: str) -> bool:
        """Whether an address is that of the place that a text names. A fork could write any other."""
        found = _LINE.fullmatch(text)
        file, line = found.groups() if found else (text, "1")
        template = self.source_url if found else self.source_url.partition("#")[0]
        # A browser resolves `..`, so it could lead to another repository.
        outside = file.startswith("/") or ".." in file.split("/")
        expected = template.replace("{line}", line).replace("{file}", quote(file, errors="replace"))
        return bool(template) and not outside and address == expected

    def allow_rule(self, code: str, address: str) -> bool:
        """Whether an address is that of the rule's page."""
        return bool(self.rules_url) and address == self.rules_url.replace("{code}", code)


_NO_LINKS = Links()


def sanitized(text: str, notice: str = "", links: Links = _NO_LINKS) -> str:
    """The text, safe to post under the bot's name, and no longer than a comment may be.

    Lines and words of known forms stay as they are. Everything else becomes code, in which GitHub and GitLab find no
    mention, reference, image or command. Characters that hide or reorder text are removed.

    Args:
        text: The text, which may come from a fork.
        notice: What to print above it.
        links: What it may link to. Of any other link, only the text is posted.

    Raises:
        UserError: The text does not begin with the marker.
    """
    first, *rest = text.splitlines() or [""]
    if first.rstrip() != MARKER:
        raise UserError(f"the text does not begin with the line {MARKER}, so it was not posted.")
    head, end = f"{MARKER}\n{notice}", f"\n\n{_FOLD_END}"
    room = MOST - len(head) - len(end) - len(_CUT) - 1
    shown: list[str] = []
    folded = False
    for line in rest:
        visible = _visible(line)
        new = _safe_line(visible.strip(), folded, links)
        if visible.startswith(_DETAIL) and new.startswith("- ") and shown and shown[-1].lstrip().startswith("- "):
            new = f"  {new}"
        if new and shown and shown[-1].startswith("<"):
            # Up to an empty line everything is HTML, in which backticks are not code.
            new = f"\n{new}"
        room -= len(new) + 1
        if room < 0:
            break
        shown.append(new)
        folded ^= new.lstrip().startswith("<")
    body = "\n".join(shown).rstrip() + (end if folded else "") + (_CUT if room < 0 else "")
    return f"{head}{body}\n"


def _safe_line(line: str, folded: bool, links: Links) -> str:
    if folded and line == _FOLD_END:
        return line
    if not folded and (found := _FOLD_START.fullmatch(line)):
        title = re.split("<code>([^<>]*)</code>", found[1])
        title[::2] = ["".join(_safe_words(each, _html_code)) for each in title[::2]]
        title[1::2] = [_html_code(_visible(html.unescape(each))) for each in title[1::2]]
        return f"<details><summary>{''.join(title)}</summary>"
    start = next(each for each in _STARTS if line.startswith(each))
    rest, end = line[len(start) :], ""
    if not start and len(line) > 4 and line.startswith("**") and line.endswith("**"):
        start, rest, end = "**", line[2:-2], "**"
    shown = ""
    for piece in _safe_pieces(rest, links):
        # Without a space, adjacent code spans would merge, and a link would become an image.
        apart = (shown[-1:], piece[:1]) in {("`", "`"), ("!", "[")}
        shown += f" {piece}" if apart else piece
    return f"{start}{shown}{end}"


def _safe_pieces(text: str, links: Links) -> Iterator[str]:
    """The words, code spans and links of a line."""
    runs = list(re.finditer("`+", text))
    following: list[int | None] = [None] * len(runs)
    last: dict[int, int] = {}
    for number in reversed(range(len(runs))):
        length = len(runs[number][0])
        following[number] = last.get(length)
        last[length] = number
    done = number = 0
    while number < len(runs):
        closing = following[number]
        if closing is None:
            number += 1
            continue
        before = text[done : runs[number].start()]
        inside = text[runs[number].end() : runs[closing].start()]
        # Markdown strips one space at each end.
        padded = inside.startswith(" ") and inside.endswith(" ") and inside.strip(" ")
        inside = inside[1:-1] if padded else inside
        done, number = runs[closing].end(), closing + 1
        link = _LINK_END.match(text, done) if before.endswith("[") else None
        if link is None:
            yield from _safe_words(before, _code, links)
            yield _code(inside)
            continue
        yield from _safe_words(before[:-1], _code, links)
        allowed = inside.strip(" ") and links.allow_line(inside, link[1])
        yield f"[{_code(inside)}]({link[1]})" if allowed else _code(inside)
        done = link.end()
        # What the address held is not read again.
        while number < len(runs) and runs[number].start() < done:
            number += 1
    yield from _safe_words(text[done:], _code, links)


def _safe_words(text: str, code: Callable[[str], str], links: Links = _NO_LINKS) -> Iterator[str]:
    for word in re.split("( +)", text):
        rule = _RULE_LINK.fullmatch(word)
        if rule and links.allow_rule(rule[1], rule[2]):
            yield word
            continue
        yield word if not word.strip(" ") or is_plain(word) else code(word)


def is_plain(word: str) -> bool:
    """Whether a word is nothing but a word, or punctuation, to every host of comments."""
    return _PLAIN.fullmatch(word) is not None and _COMMIT.search(word) is None


def _code(text: str) -> str:
    if not text.strip(" "):
        return f"`{text}`" if text else ""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{space}{text}{space}{fence}"


def _html_code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _visible(text: str) -> str:
    """The text without characters that hide or reorder text."""
    return "".join(each for each in text.replace("\t", " ") if unicodedata.category(each) not in _INVISIBLE)
