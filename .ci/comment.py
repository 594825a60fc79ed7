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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from api import Api, ApiError, politely, run

MARKER = "<!-- paletteai diff -->"
# GitHub takes 65,536 characters, GitLab more.
MOST = 65_000
_CUT = "\n\n*The rest is left out here, because a comment has an end. The log of the job has all of it.*"

# What would notify people, refer to an issue, load an image, be HTML or another bot's marker, or, at the start of
# a line, be a command to GitLab. Two tags are let through.
_RISKY = re.compile(
    r"@|<(?!/?(?:details|summary)>)|[#!$&%~](?=\d)|!(?=\[)|^[ \t]*/|&(?:#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);",
    re.MULTILINE,
)
# An entity is the character it stands for by the time that a host looks for what it knows.
_RISKY_ENTITIES = frozenset("@#!$&%~")
_JOINER = "\u2060"
_PARTING = "\u200b"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")


def harmless(text: str, notice: str = "") -> str:
    """The text as it may be posted under the bot's name.

    Behind whatever could act there is an invisible character, so that it is only shown. Characters that hide or
    reorder text are gone. The result fits a comment, and `notice` stands in front of what others wrote. Raises
    ApiError where the text does not begin with the marker.
    """
    first, _, rest = "\n".join(text.splitlines()).partition("\n")
    if first.rstrip() != MARKER:
        raise ApiError(f"the file does not begin with the line {MARKER}, so it was not posted.")
    seen = "".join(each for each in rest if each in "\n\t" or _is_seen(each))
    shown = _RISKY.sub(_parted, seen).rstrip()
    head = f"{MARKER}\n{notice}"
    room = MOST - len(head) - len(_CUT) - 100
    if len(shown) > room:
        kept = shown[:room].rpartition("\n")[0] or shown[:room]
        shown = kept + _end_of_code(kept) + _CUT
    return f"{head}{shown}\n"


def _parted(found: re.Match[str]) -> str:
    """What acts, parted from what it would act on; an entity only where it has to be."""
    if not found[0].endswith(";"):
        return found[0] + _JOINER
    character = html.unescape(found[0])
    if character in {_PARTING, _JOINER}:
        return found[0]
    if not all(map(_is_seen, character)):
        return ""
    return found[0] + (_JOINER if character in _RISKY_ENTITIES else "")


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs"}


def _end_of_code(text: str) -> str:
    """What closes a block of code that the text leaves open."""
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if found and not fence:
            fence = found[1]
        elif found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
    return f"\n{fence[:80]}" if fence else ""


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
            for each in politely(lambda: list(api.pages(f"repos/{repository}/pulls", state="open", head=branch)))
            if each["head"]["sha"] == sha and (each["head"]["repo"] or {}).get("full_name") == head
        ]
        if len(found) > 1:
            listed = ", ".join(f"#{number}" for number in found)
            raise ApiError(f"{listed} have this head, so it cannot be told which was compared. Nothing was posted.")
        notice = (
            f"> Written by the code of the fork {head}, not by this repository's.\n\n" if head != repository else ""
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
    body = harmless(text, platform.notice)
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
        text = Path(arguments[1]).read_bytes()[: 10 * MOST].decode(errors="replace")
    except OSError as error:
        raise ApiError(f"the file cannot be read ({error.strerror}), so nothing was posted.") from None
    try:
        platform: Any = GitHub.from_environment() if arguments[0] == "github" else GitLab.from_environment()
        if platform is None:
            return "No open pull request has this head any more: there is nothing to comment on."
        return politely(lambda: publish(platform, text))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ApiError("the API's answer has another form than is documented, so it was not understood.") from None


def _needed(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ApiError(f"{name} is not set, so nothing was posted. The workflow sets it.")
    return value


if __name__ == "__main__":
    run(main)
