"""The bot's one comment on a pull request, which says what `paletteai diff` has found.

The text may come from a fork's code, so it is made harmless first: see `sanitizer`. Everything else comes from
environment variables: see `Links`, `GitHub.from_environment` and `GitLab.from_environment`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from paletteai_components.ci.api import Api, ApiError, with_retries
from paletteai_components.ci.sanitizer import MARKER, MOST, Links, sanitized
from paletteai_components.errors import UserError

WITHOUT_TEXT = f"{MARKER}\nThe stack files could not be compared. The job's log has the reason.\n"
"""What is posted if there is no text: a comment without details is better than an old one about another commit."""


class Platform(Protocol):
    """The comments of one pull request."""

    notice: str
    """What to print above the text."""

    def own(self) -> Iterator[tuple[int, str]]:
        """Get the number and text of each comment by this bot."""

    def create(self, body: str) -> None:
        """Write a new comment."""

    def update(self, number: int, body: str) -> None:
        """Replace the text of a comment."""


@dataclass(frozen=True)
class GitHub:
    """A pull request on GitHub."""

    api: Api
    repository: str
    """``owner/name``."""
    number: int
    author: str
    """The login that the token writes as."""
    notice: str

    @classmethod
    def from_environment(cls) -> GitHub | None:
        """Find the open pull request whose head was checked; None if there is none any more.

        HEAD_REPOSITORY, HEAD_BRANCH and HEAD_SHA come from GitHub's event. The run's own output does not decide
        which pull request it is: a fork could name another one.

        Raises:
            ApiError: A variable is missing or not valid, or several pull requests have this head.
        """
        api = Api(
            _required_variable("GITHUB_API_URL"), ("Authorization", "Bearer {}"), _required_variable("GITHUB_TOKEN")
        )
        repository, head, sha = (
            _required_variable("GITHUB_REPOSITORY"),
            _required_variable("HEAD_REPOSITORY"),
            _required_variable("HEAD_SHA"),
        )
        for name in (repository, head):
            if not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", name):
                raise ApiError(
                    "GITHUB_REPOSITORY or HEAD_REPOSITORY is not an owner/name, so nothing was posted.",
                    "The workflow and GitHub set them.",
                )
        branch = f"{head.partition('/')[0]}:{_required_variable('HEAD_BRANCH')}"
        found = [
            int(each["number"])
            for each in with_retries(lambda: list(api.pages(f"repos/{repository}/pulls", state="open", head=branch)))
            if each["head"]["sha"] == sha and (each["head"]["repo"] or {}).get("full_name") == head
        ]
        if len(found) > 1:
            listed = ", ".join(f"#{number}" for number in found)
            raise ApiError(
                f"{listed} have this head, so it is not known which one was compared, and nothing was posted.",
                "Close all but one, and run the check again.",
            )
        notice = (
            f"> Written by the code of the fork `{head}`, not by this repository's code.\n\n"
            if head != repository
            else ""
        )
        author = os.environ.get("COMMENT_AUTHOR") or "github-actions[bot]"
        return cls(api, repository, found[0], author, notice) if found else None

    def own(self) -> Iterator[tuple[int, str]]:
        """Get the comments of the pull request by `author`."""
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
    """The path of its notes in the API."""
    notice: str = ""

    @classmethod
    def from_environment(cls) -> GitLab:
        """The merge request of this pipeline."""
        api = Api(_required_variable("CI_API_V4_URL"), ("PRIVATE-TOKEN", "{}"), _required_variable("COMMENT_TOKEN"))
        project, number = _required_variable("CI_MERGE_REQUEST_PROJECT_ID"), _required_variable("CI_MERGE_REQUEST_IID")
        return cls(api, f"projects/{quote(project, safe='')}/merge_requests/{quote(number, safe='')}/notes")

    def own(self) -> Iterator[tuple[int, str]]:
        """Get the notes by the token's own user."""
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
    """Write or update the bot's comment, and return a line that says which.

    Raises:
        UserError: The API refuses a request, or the text is not a comment.
        Busy: The API is busy or cannot be reached.
    """
    body = sanitized(text, platform.notice, Links.from_environment())
    for number, old in platform.own():
        lines = old.splitlines()
        if lines and lines[0].rstrip() == MARKER:
            if [line.rstrip() for line in lines] == [line.rstrip() for line in body.splitlines()]:
                return "The comment is up to date."
            platform.update(number, body)
            return "The comment was updated."
    platform.create(body)
    return "A comment was written."


def post(host: str, text: bytes) -> str:
    """Post a text as the bot's comment, and return a line that says what was done.

    Args:
        host: ``github`` or ``gitlab``.
        text: The text, which may come from a fork.

    Raises:
        UserError: The text is not a comment, a variable is missing, or the API cannot be asked or refuses.
    """
    try:
        platform: Any = GitHub.from_environment() if host == "github" else GitLab.from_environment()
        if platform is None:
            return "No open pull request has this head any more, so there is nothing to comment on."
        return with_retries(lambda: publish(platform, text.decode(errors="replace")))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise ApiError("the API's answer does not have the documented form, so it cannot be read.") from None


def text_in(file: Path) -> bytes:
    """The text to post: the content of a file, as far as it could be posted; if there is no file, `WITHOUT_TEXT`.

    Raises:
        UserError: The file cannot be read.
    """
    try:
        # A file from a fork may be a link to a file of this machine, or endless.
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
            return opened.read(10 * MOST)
    except FileNotFoundError:
        return WITHOUT_TEXT.encode()
    except OSError as error:
        raise UserError(
            f"{file} cannot be read ({error.strerror}), so nothing was posted.", "Name a file that is no link."
        ) from None


def _required_variable(name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ApiError(f"{name} is not set, so nothing was posted.", "The workflow or the host sets it.")
    return value
