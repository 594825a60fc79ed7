#!/usr/bin/env python3
"""Posts what `paletteai diff` wrote as the one comment of a pull request, or updates that comment.

    comment.py github|gitlab FILE

The text may come from the code of a fork, so it is posted only as far as it can do no harm. All else is
taken from the environment: see `GitHub.from_environment` and `GitLab.from_environment`.
"""

from __future__ import annotations

import html
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from api import Api, ApiError, exit_with, with_retries

MARKER = "<!-- paletteai diff -->"
# GitHub takes 65,536 characters, GitLab more.
MOST = 65_000
_CUT = "\n\n*The rest is left out here, because a comment has an end. The log of the job has all of it.*"

_FOLDED = re.compile(r"<details><summary>(.*)</summary>")
_UNFOLDED = "</details>"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_STARTS = ("### ", "- ", "")
# A word that refers to nothing on any host, and what stands between words; the same as in the command's own
# comments, which so come out as they were written.
_PLAIN = re.compile(r"[(“\"]{0,2}[^\W_]+(?:[-'’][^\W\d_]+|,\d+)*[)”\".,:;!?…]{0,4}|[)”\".,:;!?…]{1,4}|[(“\"→=+–-]")
_COMMIT = re.compile(r"\b[0-9a-fA-F]{7,64}\b")


def sanitized(text: str, notice: str = "") -> str:
    """The text as it may be posted under the bot's name.

    It is not searched for what could act. Lines and words of known forms are let through, and all else becomes code,
    in which no host finds a mention, a reference, an image or a command. Characters that hide or reorder text are
    gone. The result fits a comment, and `notice` stands in front of what others wrote. Raises ApiError where the text
    does not begin with the marker.
    """
    first, *rest = text.splitlines() or [""]
    if first.rstrip() != MARKER:
        raise ApiError(f"the file does not begin with the line {MARKER}, so it was not posted.")
    head, end = f"{MARKER}\n{notice}", f"\n\n{_UNFOLDED}"
    room = MOST - len(head) - len(end) - len(_CUT) - 1
    shown: list[str] = []
    folded = False
    for line in rest:
        new = _line(_seen(line).strip(), folded)
        if new and shown and shown[-1].startswith("<"):
            # Up to an empty line all is HTML, in which nothing is code.
            new = f"\n{new}"
        room -= len(new) + 1
        if room < 0:
            break
        shown.append(new)
        folded ^= new.lstrip().startswith("<")
    body = "\n".join(shown).rstrip() + (end if folded else "") + (_CUT if room < 0 else "")
    return f"{head}{body}\n"


def _line(line: str, folded: bool) -> str:
    if folded and line == _UNFOLDED:
        return line
    if not folded and (found := _FOLDED.fullmatch(line)):
        title = re.split("<code>([^<>]*)</code>", found[1])
        title[::2] = ["".join(_words(each, _html_code)) for each in title[::2]]
        title[1::2] = [_html_code(_seen(html.unescape(each))) for each in title[1::2]]
        return f"<details><summary>{''.join(title)}</summary>"
    start = next(each for each in _STARTS if line.startswith(each))
    rest, end = line[len(start) :], ""
    if not start and len(line) > 4 and line.startswith("**") and line.endswith("**"):
        start, rest, end = "**", line[2:-2], "**"
    shown = ""
    for piece in _pieces(rest):
        # Two pieces of code that touch would become another one.
        shown += f" {piece}" if shown.endswith("`") and piece.startswith("`") else piece
    return f"{start}{shown}{end}"


def _pieces(text: str) -> Iterator[str]:
    """The words of a line, and the code in it."""
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
        yield from _words(text[done : runs[number].start()], _code)
        inside = text[runs[number].end() : runs[closing].start()]
        # Markdown takes away one space at both ends.
        padded = inside.startswith(" ") and inside.endswith(" ") and inside.strip(" ")
        yield _code(inside[1:-1] if padded else inside)
        done, number = runs[closing].end(), closing + 1
    yield from _words(text[done:], _code)


def _words(text: str, code: Callable[[str], str]) -> Iterator[str]:
    for word in re.split("( +)", text):
        plain = not word.strip(" ") or (_PLAIN.fullmatch(word) and not _COMMIT.search(word))
        yield word if plain else code(word)


def _code(text: str) -> str:
    if not text.strip(" "):
        return f"`{text}`" if text else ""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{fence}{space}{text}{space}{fence}"


def _html_code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _seen(text: str) -> str:
    """The text without the characters that hide or turn what is seen."""
    return "".join(each for each in text.replace("\t", " ") if unicodedata.category(each) not in _UNSEEN)


class Platform(Protocol):
    """The comments of one pull request."""

    notice: str

    def own(self) -> Iterator[tuple[int, str]]:
        """The comments that this bot wrote: their number and text."""

    def create(self, body: str) -> None:
        """Write a new comment."""

    def update(self, number: int, body: str) -> None:
        """Replace the text of a comment."""


@dataclass(frozen=True)
class GitHub:
    """A pull request on GitHub. `author` is the login that the token writes under."""

    api: Api
    repository: str
    number: int
    author: str
    notice: str

    @classmethod
    def from_environment(cls) -> GitHub | None:
        """The open pull request whose head was checked, or None where there is none any more.

        HEAD_REPOSITORY, HEAD_BRANCH and HEAD_SHA come from the event, which GitHub fills in. Nothing that the run
        made says which pull request it is: a fork could name another.
        """
        api = Api(_needed("GITHUB_API_URL"), ("Authorization", "Bearer {}"), _needed("GITHUB_TOKEN"))
        repository, head, sha = _needed("GITHUB_REPOSITORY"), _needed("HEAD_REPOSITORY"), _needed("HEAD_SHA")
        for name in (repository, head):
            if not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", name):
                raise ApiError("GITHUB_REPOSITORY or HEAD_REPOSITORY is no owner/name, so nothing was posted.")
        branch = f"{head.partition('/')[0]}:{_needed('HEAD_BRANCH')}"
        found = [
            int(each["number"])
            for each in with_retries(lambda: list(api.pages(f"repos/{repository}/pulls", state="open", head=branch)))
            if each["head"]["sha"] == sha and (each["head"]["repo"] or {}).get("full_name") == head
        ]
        if len(found) > 1:
            listed = ", ".join(f"#{number}" for number in found)
            raise ApiError(f"{listed} have this head, so it cannot be told which was compared. Nothing was posted.")
        notice = (
            f"> Written by the code of the fork `{head}`, not by this repository's.\n\n" if head != repository else ""
        )
        author = os.environ.get("COMMENT_AUTHOR") or "github-actions[bot]"
        return cls(api, repository, found[0], author, notice) if found else None

    def own(self) -> Iterator[tuple[int, str]]:
        """The comments of the pull request by `author`."""
        for each in self.api.pages(f"repos/{self.repository}/issues/{self.number}/comments"):
            if (each["user"] or {}).get("login") == self.author:
                yield each["id"], each["body"] or ""

    def create(self, body: str) -> None:
        """Write a new comment."""
        self.api.send("POST", f"repos/{self.repository}/issues/{self.number}/comments", {"body": body})

    def update(self, number: int, body: str) -> None:
        """Replace the text of a comment."""
        self.api.send("PATCH", f"repos/{self.repository}/issues/comments/{number}", {"body": body})


@dataclass(frozen=True)
class GitLab:
    """A merge request on GitLab."""

    api: Api
    notes: str
    notice: str = ""

    @classmethod
    def from_environment(cls) -> GitLab:
        """The merge request of the pipeline."""
        api = Api(_needed("CI_API_V4_URL"), ("PRIVATE-TOKEN", "{}"), _needed("COMMENT_TOKEN"))
        project, number = _needed("CI_MERGE_REQUEST_PROJECT_ID"), _needed("CI_MERGE_REQUEST_IID")
        return cls(api, f"projects/{quote(project, safe='')}/merge_requests/{quote(number, safe='')}/notes")

    def own(self) -> Iterator[tuple[int, str]]:
        """The notes by the token's own user."""
        author = self.api.get("user")["id"]
        for each in self.api.pages(self.notes, sort="asc", order_by="created_at"):
            if each["author"]["id"] == author:
                yield each["id"], each["body"]

    def create(self, body: str) -> None:
        """Write a new note."""
        self.api.send("POST", self.notes, {"body": body})

    def update(self, number: int, body: str) -> None:
        """Replace the text of a note."""
        self.api.send("PUT", f"{self.notes}/{number}", {"body": body})


def publish(platform: Platform, text: str) -> str:
    """Put the text into the bot's comment and return what was done. Raises ApiError and Busy."""
    body = sanitized(text, platform.notice)
    for number, old in platform.own():
        lines = old.splitlines()
        if lines and lines[0].rstrip() == MARKER:
            if [line.rstrip() for line in lines] == [line.rstrip() for line in body.splitlines()]:
                return "The comment says this already."
            platform.update(number, body)
            return "The comment was updated."
    platform.create(body)
    return "A comment was written."


def main(arguments: list[str]) -> str:
    """Run the script and return what it did. Raises ApiError."""
    if len(arguments) != 2 or arguments[0] not in {"github", "gitlab"}:
        raise ApiError("comment.py takes a platform, github or gitlab, and a file; nothing was posted.")
    try:
        # What others made may be a link to a file of this machine, or have no end.
        with open(os.open(arguments[1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            text = file.read(10 * MOST).decode(errors="replace")
    except OSError as error:
        raise ApiError(f"the file cannot be read ({error.strerror}), so nothing was posted.") from None
    try:
        platform: Any = GitHub.from_environment() if arguments[0] == "github" else GitLab.from_environment()
        if platform is None:
            return "No open pull request has this head any more: there is nothing to comment on."
        return with_retries(lambda: publish(platform, text))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ApiError("the API's answer has another form than is documented, so it was not understood.") from None


def _needed(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ApiError(f"{name} is not set, so nothing was posted. The workflow sets it.")
    return value


if __name__ == "__main__":
    exit_with(main)
