"""The comment of a pull request: what is posted, where, and what is never told."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.ci_scripts import CI, Answer, Asked, Ran, Server, run_file, run_script

from paletteai_components.cli.output.comment import comment_of
from paletteai_components.cli.output.line import Section, Untrusted

# These are no part of the package.
pytestmark = pytest.mark.no_cover

MARKER = "<!-- paletteai diff -->"
TEXT = f"{MARKER}\n### 1 stack changes\n\n`acme.dev` gains the project `lab`.\n"
TOKEN = "ghs_CANARY91x"
SHA = "1" * 40
PAGE = 2


class Platform:
    """A platform's API, as far as a comment needs it, with small pages. The pull request has the number 7."""

    prefix: str
    update: str
    bot: dict[str, Any]
    person: dict[str, Any]

    def __init__(self) -> None:
        """It has no comments."""
        self.comments: list[dict[str, Any]] = []
        self.refusals: list[tuple[str, Answer]] = []
        self.server = Server(self._answer)

    def has(self, author: dict[str, Any], body: str) -> int:
        """Put a comment there and return its number."""
        number = 100 + len(self.comments)
        self.comments.append({"id": number, "body": body, **author})
        return number

    def refuse(self, method: str, code: int, *headers: tuple[str, str], times: int = 1, content: Any = None) -> None:
        """Refuse the next requests of a method."""
        self.refusals += [(method, Answer(content, code, headers))] * times

    @property
    def bodies(self) -> list[str]:
        """The texts of all comments."""
        return [each["body"] for each in self.comments]

    def other(self, asked: Asked) -> Answer:
        """What else the API knows."""
        raise NotImplementedError

    def _answer(self, asked: Asked) -> Answer:
        for position, (method, answer) in enumerate(self.refusals):
            if method == asked.method:
                del self.refusals[position]
                return answer
        if asked.path == self.prefix and asked.method == "GET":
            return self.paged(asked, self.comments)
        if asked.path == self.prefix and asked.method == "POST":
            self.has(self.bot, asked.body["body"])
            return Answer({}, 201)
        updated = re.fullmatch(self.update, f"{asked.method} {asked.path}")
        if updated:
            (comment,) = (each for each in self.comments if each["id"] == int(updated[1]))
            comment["body"] = asked.body["body"]
            return Answer({})
        return self.other(asked)

    def paged(self, asked: Asked, entries: list[dict[str, Any]]) -> Answer:
        """One page of a list, with a link to the next one that nobody may follow."""
        end = int(asked.query["page"]) * PAGE
        link = ("Link", '<http://elsewhere.invalid/?page=9>; rel="next"') if end < len(entries) else ("X-None", "")
        return Answer(entries[end - PAGE : end], 200, (link,))


class OnGitHub(Platform):
    """GitHub, with the pull requests that are open."""

    prefix = "/repos/acme/fleet/issues/7/comments"
    update = r"PATCH /repos/acme/fleet/issues/comments/(\d+)"
    bot = {"user": {"login": "github-actions[bot]"}}  # noqa: RUF012
    person = {"user": {"login": "mallory"}}  # noqa: RUF012

    def __init__(self) -> None:
        """Number 7 is of a branch of the repository itself."""
        super().__init__()
        self.pulls = [self.pull(7)]
        self.archive: bytes | None = None
        self.artifacts: list[dict[str, Any]] = []

    def pull(self, number: int, sha: str = SHA, repository: str | None = "acme/fleet") -> dict[str, Any]:
        """A pull request."""
        return {"number": number, "head": {"sha": sha, "repo": repository and {"full_name": repository}}}

    def other(self, asked: Asked) -> Answer:
        """Pull requests and artifacts."""
        if asked.path == "/repos/acme/fleet/pulls":
            return self.paged(asked, self.pulls)
        if asked.path == "/repos/acme/fleet/actions/runs/99/artifacts":
            return Answer({"artifacts": self.artifacts})
        if asked.path == "/repos/acme/fleet/actions/artifacts/5/zip":
            away = self.server.url.replace("127.0.0.1", "localhost")
            return Answer(None, 302, (("Location", f"{away}/blob"),))
        return Answer(self.archive) if asked.path == "/blob" else Answer({"message": "Not Found"}, 404)


class OnGitLab(Platform):
    """GitLab, which says who a token is."""

    prefix = "/projects/5/merge_requests/7/notes"
    update = r"PUT /projects/5/merge_requests/7/notes/(\d+)"
    bot = {"author": {"id": 1}}  # noqa: RUF012
    person = {"author": {"id": 2}}  # noqa: RUF012

    def other(self, asked: Asked) -> Answer:
        """The token's user."""
        return Answer({"id": 1}) if asked.path == "/user" else Answer({"message": "404 Not found"}, 404)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the scripts would have waited."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[[Platform], None]:
    """Sets what a workflow sets."""

    def of(platform: Platform) -> None:
        values = {
            "GITHUB_API_URL": platform.server.url,
            "GITHUB_REPOSITORY": "acme/fleet",
            "GITHUB_TOKEN": TOKEN,
            "HEAD_REPOSITORY": "acme/fleet",
            "HEAD_BRANCH": "more & more",
            "HEAD_SHA": SHA,
            "RUN_ID": "99",
            "CI_API_V4_URL": platform.server.url,
            "CI_MERGE_REQUEST_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "COMMENT_TOKEN": TOKEN,
            "no_proxy": "*",
        }
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("COMMENT_AUTHOR", raising=False)

    return of


@pytest.fixture
def github(environment: Callable[[Platform], None], waits: list[float]) -> Iterator[OnGitHub]:
    """GitHub, and a workflow on it."""
    platform = OnGitHub()
    environment(platform)
    yield platform
    platform.server.stop()


@pytest.fixture(params=[OnGitHub, OnGitLab], ids=["github", "gitlab"])
def platform(
    request: pytest.FixtureRequest, environment: Callable[[Platform], None], waits: list[float]
) -> Iterator[Platform]:
    """Either platform, and a workflow on it."""
    platform: Platform = request.param()
    environment(platform)
    yield platform
    platform.server.stop()


@pytest.fixture
def comment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Posts a text, and sees to it that the token is told to nobody but the API."""

    def on(platform: Platform, text: str = TEXT) -> Ran:
        file = tmp_path / "diff.md"
        file.write_text(text)
        name = "github" if isinstance(platform, OnGitHub) else "gitlab"
        ran = run_script("comment", name, str(file), monkeypatch=monkeypatch, capsys=capsys)
        assert TOKEN not in ran.out + ran.err
        assert all(TOKEN not in f"{each.path}{each.query}{each.body}" for each in platform.server.asked)
        return ran

    return on


def posted(platform: Platform) -> str:
    """The text of the bot's only comment, without the marker."""
    (body,) = platform.bodies
    first, _, rest = body.partition("\n")
    assert first == MARKER
    return str(rest)


# --- One comment ------------------------------------------------------------------------------------------------


def test_the_first_run_writes_a_comment(platform: Platform, comment: Callable[..., Ran]) -> None:
    assert comment(platform) == Ran(0, "A comment was written.\n", "")
    assert platform.bodies == [TEXT]


def test_a_later_run_updates_the_comment_in_place(platform: Platform, comment: Callable[..., Ran]) -> None:
    platform.has(platform.person, "First!")
    number = platform.has(platform.bot, f"{MARKER}\r\nold")
    assert comment(platform).out == "The comment was updated.\n"
    assert platform.bodies == ["First!", TEXT]
    assert platform.comments[1]["id"] == number


def test_a_comment_that_says_it_already_is_left_alone(platform: Platform, comment: Callable[..., Ran]) -> None:
    platform.has(platform.bot, TEXT.replace("\n", "\r\n").strip())
    assert comment(platform).out == "The comment is up to date.\n"
    assert {each.method for each in platform.server.asked} == {"GET"}


def test_the_bots_comment_is_found_on_any_page(platform: Platform, comment: Callable[..., Ran]) -> None:
    for position in range(2 * PAGE):
        platform.has(platform.person, f"{position}")
    platform.has(platform.bot, f"{MARKER}\nold")
    comment(platform)
    assert platform.bodies[-1] == TEXT
    assert len(platform.comments) == 2 * PAGE + 1


def test_somebody_elses_comment_with_the_marker_is_not_touched(platform: Platform, comment: Callable[..., Ran]) -> None:
    platform.has(platform.person, f"{MARKER}\nmine")
    assert comment(platform).code == 0
    assert platform.bodies == [f"{MARKER}\nmine", TEXT]


def test_another_comment_of_the_same_bot_is_not_touched(platform: Platform, comment: Callable[..., Ran]) -> None:
    other = f"Coverage is fine. {MARKER}\n{MARKER}"
    platform.has(platform.bot, other)
    platform.has(platform.bot, "")
    comment(platform)
    assert platform.bodies == [other, "", TEXT]


# --- Which pull request -----------------------------------------------------------------------------------------


def test_the_pull_request_is_the_open_one_with_the_head_that_was_checked(
    github: OnGitHub, comment: Callable[..., Ran]
) -> None:
    others = [github.pull(1, sha="2" * 40), github.pull(2, repository="mallory/fleet"), github.pull(3, repository=None)]
    github.pulls = [*others, *github.pulls]
    comment(github)
    assert github.bodies == [TEXT]
    assert github.server.asked[0].query["head"] == "acme:more & more"
    assert github.server.asked[0].query["state"] == "open"


def test_nothing_is_posted_where_the_pull_request_has_moved_on(github: OnGitHub, comment: Callable[..., Ran]) -> None:
    github.pulls = [github.pull(7, sha="2" * 40)]
    ran = comment(github)
    assert (ran.code, github.bodies) == (0, [])
    assert "there is nothing to comment on" in ran.out


def test_nothing_is_posted_where_two_pull_requests_have_the_head(github: OnGitHub, comment: Callable[..., Ran]) -> None:
    github.pulls = [github.pull(7), github.pull(8)]
    ran = comment(github)
    assert (ran.code, github.bodies) == (2, [])
    assert "#7, #8 have this head" in ran.err


def test_the_text_of_a_fork_is_called_that(
    github: OnGitHub, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEAD_REPOSITORY", "mallory/fleet")
    github.pulls = [github.pull(7, repository="mallory/fleet")]
    comment(github)
    assert posted(github).startswith(
        "> Written by the code of the fork `mallory/fleet`, not by this repository's code.\n\n###"
    )


def test_a_repository_that_is_no_name_is_refused(
    github: OnGitHub, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEAD_REPOSITORY", "mallory/fleet](x)")
    assert "is not an owner/name" in comment(github).err
    assert github.server.asked == []


def test_the_author_can_be_another_app(
    github: OnGitHub, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMENT_AUTHOR", "fleet[bot]")
    github.has({"user": None}, f"{MARKER}\nnobody's")
    github.has({"user": {"login": "fleet[bot]"}}, f"{MARKER}\nold")
    comment(github)
    assert github.bodies == [f"{MARKER}\nnobody's", TEXT]


# --- What a text cannot do --------------------------------------------------------------------------------------


# What hosts find in a text: mentions, references to anything of theirs, labels, addresses, commands, pictures.
ACTING = (
    *("@user", "@acme/admins", "a@example.com", "x@0123abcd", "^alert#1", "#12", "!12", "&1", "$12", "~bug", "~12"),
    *(
        '~"two words"',
        "%1.0",
        '%"1.0"',
        "%12",
        "GH-12",
        "gh-12",
        "GL-12",
        "JIRA-12",
        "owner/repo#12",
        "group/project!3",
    ),
    *("owner/repo@0123abc", "0123abc", "DEADBEEF", "0123456789abcdef0123456789abcdef01234567", "abcdef0...abcdef1"),
    *(
        "[issue:12]",
        "[vulnerability:1]",
        "[feature_flag:1]",
        "[epic&1]",
        "[cadence:1]",
        '*iteration:"x"',
        "[work_item:1]",
    ),
    *(
        "https://github.com/o/r/issues/12",
        "https://gitlab.com/o/r/-/issues/3",
        "http://x",
        "www.evil.example",
        "ftp://x",
    ),
    *(
        "mailto:a@b.example",
        ":tada:",
        "[x](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "[x]: y",
        "[^1]",
    ),
    *("<img src=x>", "<a href=x>", "<!-- another bot's marker -->", "<details open>", "<summary>x</summary>", "</b>"),
    *(
        "&#64;acme",
        "&#x40;acme",
        "&commat;acme",
        "&num;12",
        "&#x202e;b",
        "&lt;b&gt;",
        "\\@acme",
        "`",
        "``",
        "```mermaid",
    ),
    *(
        "/close",
        "/label ~bug",
        "/assign me",
        "{+ x +}",
        "[- x -]",
        "$`x`$",
        "$$x$$",
        "~~~suggestion",
        "[[_TOC_]]",
        "[TOC]",
    ),
    *(
        "**x**",
        "_x_",
        "# x",
        "> x",
        ">>>",
        "| a | b |",
        "|---|---|",
        "***",
        "---",
        "===",
        "- [ ] x",
        "::include{file=x}",
    ),
)
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(ACTING),
        st.sampled_from([*"`*_<>[]()!@#&~%$^:/\\ \n\t|-", "```", "12", "x"]),
        st.text(max_size=3),
    ),
    max_size=8,
).map("".join)
FOLD = re.compile(r"<details><summary>([^<>]|</?code>)*</summary>|</details>")


def shown_outside_of_code(text: str) -> str:
    """What a reader of Markdown takes for text, without code, and the HTML, after a look at it."""
    found = []
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text):
        assert token.type not in {"fence", "code_block", "table_open"}
        if token.type == "html_block":
            assert FOLD.fullmatch(token.content.strip()) or token.content.strip() == MARKER
            found.append(re.sub(r"<code>.*?</code>|<[^>]*>", "\0", token.content))
        for each in token.children or ():
            assert each.type in {"text", "code_inline", "softbreak", "strong_open", "strong_close"}
            found.append(each.content if each.type == "text" else "\0")
        found.append("\n")
    return "".join(found)


PLACES = ("{}", "x {} y", "- {}", "### {}", "**{}**", "  {}", "a\r{}", "a\u2028{}", "({}).", "{0} {0}")


@pytest.mark.parametrize("acting", ACTING)
def test_what_could_act_is_code(acting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for location in PLACES:
        outside = shown_outside_of_code(sanitized(monkeypatch, f"{MARKER}\n{location.format(acting)}\n"))
        assert not set(outside) & set("@#$&%~^*/<>[]{}\\_|`")
        assert not re.search(r"!\S|\b(GH|gh|GL|JIRA)-|[0-9a-fA-F]{7}|www|:\w", outside)


def sanitized(monkeypatch: pytest.MonkeyPatch, text: str) -> str:
    """The text as it is posted."""
    monkeypatch.syspath_prepend(str(CI))
    made: str = importlib.import_module("comment").sanitized(text)
    return made


@given(TEXTS)
def test_whatever_is_written_only_plain_words_are_outside_of_code(text: str) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        once = sanitized(monkeypatch, f"{MARKER}\n{text}")
        for folded in (f"{MARKER}\n<details><summary>{text}</summary>\n{text}", f"{MARKER}\n</details>\n{text}"):
            shown_outside_of_code(sanitized(monkeypatch, folded))
        outside = shown_outside_of_code(once)
        assert not set(outside) & set("@#$&%~^*/<>[]{}\\_|`")
        assert not re.search(r"-\d|\b[0-9a-fA-F]{7,}\b|[:.]\w", outside)
        assert not {unicodedata.category(each) for each in once if each != "\n"} & {"Cc", "Cf", "Zl", "Zp"}
        assert sanitized(monkeypatch, once) == once


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ask @acme/admins, please", "ask `@acme/admins,` please"),
        ("see #12 and GH-3 (closes 0123abc).", "see `#12` and `GH-3` (closes `0123abc).`"),
        ("a\r  /approve", "a\n`/approve`"),
        ("x `@a` and ``b`c``", "x `@a` and ``b`c``"),
        ("evil\u202elive\u200b \x1b[31m", "evillive `[31m`"),
        ("`open @a", "`` `open `` `@a`"),
        ("1,234 single-line words → it's “fine”: (yes)!", "1,234 single-line words → it's “fine”: (yes)!"),
        ("<details>\n@a", "`<details>`\n`@a`"),
        (
            "<details><summary>a @b</summary>\n@c\n</details>\n@d",
            "<details><summary>a <code>@b</code></summary>\n\n`@c`\n</details>\n\n`@d`",
        ),
        (
            "<details><summary>a</summary>\n\n<details><summary>b</summary>",
            "<details><summary>a</summary>\n\n`<details><summary>b</summary>`\n\n</details>",
        ),
    ],
)
def test_what_could_act_is_still_read(
    written: str, shown: str, platform: Platform, comment: Callable[..., Ran]
) -> None:
    comment(platform, f"{MARKER}\n{written}\n")
    assert posted(platform) == f"{shown}\n"


def test_what_the_diff_is_made_of_stays_as_it_is(platform: Platform, comment: Callable[..., Ran]) -> None:
    text = (
        f"{MARKER}\n**1 error introduced; 0 stacks unchanged**\n\n"
        "### Deleted (1)\n\n- stack `acme.dev`: `a/b` → `“2”`\n\n"
        "<details><summary>Stack <code>acme.prod</code>: 1 created</summary>\n\n- creates `x`, `y`\n\n</details>\n"
    )
    comment(platform, text)
    assert platform.bodies == [text]


def test_what_the_command_writes_is_posted_as_it_was_written(platform: Platform, comment: Callable[..., Ran]) -> None:
    for hostile in (*ACTING, " ".join(ACTING), "", " ", "  x ", "` `", "`a", "a`", "``a`b```", "x" * 700, "é ü"):
        line = ("project ", Untrusted(hostile), " says ", Untrusted(hostile, sentence=True))
        both = (Untrusted(hostile), Untrusted(hostile, sentence=True))
        folded = Section(("Stack ", Untrusted(hostile)), [line, both] * 3, folded=True)
        text = comment_of("1 error is new", [Section(("New",), [line]), folded], about=line)
        platform.comments.clear()
        comment(platform, text)
        (body,) = platform.bodies
        assert body.splitlines() == [each.rstrip() for each in text.splitlines()]


def test_a_file_that_leads_elsewhere_is_not_posted(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret").write_text(TEXT)
    (tmp_path / "link").symlink_to("secret")
    name = "github" if isinstance(platform, OnGitHub) else "gitlab"
    ran = run_script("comment", name, str(tmp_path / "link"), monkeypatch=monkeypatch, capsys=capsys)
    assert (ran.code, platform.bodies) == (2, [])
    assert "cannot be read" in ran.err


@pytest.mark.parametrize("text", ["", "hello", f" {MARKER}", f"x{MARKER}\n", f"\n{MARKER}\n"])
def test_a_text_without_the_marker_in_front_is_not_posted(
    text: str, platform: Platform, comment: Callable[..., Ran]
) -> None:
    ran = comment(platform, text)
    assert (ran.code, platform.bodies) == (2, [])
    assert "does not begin with the line" in ran.err


def test_a_long_text_is_cut_at_a_line_and_nothing_in_it_stays_open(
    platform: Platform, comment: Callable[..., Ran]
) -> None:
    comment(platform, f"{MARKER}\n<details><summary>x</summary>\n\n" + "- a `line` @of the text\n" * 5000)
    body = posted(platform)
    kept, end = body.split("\n\n</details>\n\n*The rest is left out")
    assert 64_000 < len(MARKER) + 1 + len(body) <= 65_000
    assert kept.endswith("\n- a `line` `@of` the text")
    assert end.endswith("has all of it.*\n")


def test_a_line_that_fits_no_comment_is_left_out(platform: Platform, comment: Callable[..., Ran]) -> None:
    comment(platform, f"{MARKER}\nfine\n" + "`@a " * 20_000)
    assert posted(platform).startswith("fine\n\n*The rest")


def test_bytes_that_are_no_text_do_no_harm(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(MARKER.encode() + b"\n\xff\xfe\x00")
    name = "github" if isinstance(platform, OnGitHub) else "gitlab"
    assert run_script("comment", name, str(file), monkeypatch=monkeypatch, capsys=capsys).code == 0
    assert posted(platform) == "`\ufffd\ufffd`\n"


# --- An API that refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [401, 403, 404, 422])
def test_a_refusal_is_one_line_that_says_what_to_do(
    code: int, platform: Platform, comment: Callable[..., Ran], waits: list[float]
) -> None:
    platform.refuse("POST", code, content={"message": f"No entry\x1b for {TOKEN}"})
    ran = comment(platform)
    assert (ran.code, ran.out, waits) == (2, "", [])
    assert re.fullmatch(rf"error: the API answered {code} \(No entry  for \*\*\*\) to POST \S+, so .*\.\n", ran.err)


@pytest.mark.parametrize("content", [b"", b"<html>", [1], {"message": None}])
def test_a_refusal_without_words_is_told_without_them(
    content: object, platform: Platform, comment: Callable[..., Ran]
) -> None:
    platform.refuse("POST", 403, content=content)
    assert re.fullmatch(r"error: the API answered 403 to POST .*\n", comment(platform).err)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_busy_api_is_asked_again_after_a_while(
    code: int, platform: Platform, comment: Callable[..., Ran], waits: list[float]
) -> None:
    platform.refuse("POST", code)
    assert comment(platform).code == 0
    assert (platform.bodies, waits) == ([TEXT], [2.0])


@pytest.mark.parametrize("code", [403, 429, 503])
def test_an_api_that_says_how_long_to_wait_is_obeyed(
    code: int, platform: Platform, comment: Callable[..., Ran], waits: list[float]
) -> None:
    platform.refuse("POST", code, ("Retry-After", "17"))
    assert comment(platform).code == 0
    assert waits == [17.0]


def test_the_time_to_wait_can_be_a_date(platform: Platform, comment: Callable[..., Ran], waits: list[float]) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    platform.refuse("POST", 503, ("Retry-After", soon))
    platform.refuse("POST", 503, ("Retry-After", "a while"))
    platform.refuse("POST", 503, ("Retry-After", "Mon, 01 Jan 2024 00:00:00"))
    assert comment(platform).code == 0
    assert 20 < waits[0] <= 30
    assert waits[1:] == [4.0, 8.0]


def test_patience_has_an_end(platform: Platform, comment: Callable[..., Ran], waits: list[float]) -> None:
    platform.refuse("POST", 500, times=100)
    ran = comment(platform)
    assert (ran.code, waits) == (2, [2.0, 4.0, 8.0, 16.0])
    assert re.fullmatch(r"error: the API did not answer in 5 attempts \(it answered 500 to POST .*\n", ran.err)


def test_nobody_waits_for_an_hour(platform: Platform, comment: Callable[..., Ran], waits: list[float]) -> None:
    platform.refuse("GET", 429, ("Retry-After", "3600"))
    ran = comment(platform)
    assert (ran.code, waits) == (2, [])
    assert "asks to wait 3600 seconds" in ran.err


def test_a_comment_that_was_written_though_the_api_failed_is_not_written_twice(
    platform: Platform, comment: Callable[..., Ran]
) -> None:
    answer = platform.server.answer

    def fails_afterwards(asked: Asked) -> Answer:
        done = answer(asked)
        return Answer(None, 502) if asked.method == "POST" else done

    platform.server.answer = fails_afterwards
    assert comment(platform).out == "The comment is up to date.\n"
    assert platform.bodies == [TEXT]


def test_an_api_that_cannot_be_reached_is_told_in_one_line(
    platform: Platform, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_API_URL", "CI_API_V4_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    ran = comment(platform)
    assert ran.code == 2
    assert re.fullmatch(r"error: the API did not answer in 5 attempts \(it could not be reached \(.*\).*\n", ran.err)


@pytest.mark.parametrize("content", [b"<html>", {"message": "hello"}, [1], [{}]])
def test_an_answer_of_another_form_is_told_in_one_line(
    content: object, platform: Platform, comment: Callable[..., Ran]
) -> None:
    platform.server.answer = lambda asked: Answer(content)
    ran = comment(platform)
    assert ran.code == 2
    assert re.fullmatch(r"error: the API's answer .* cannot be read\..*\n", ran.err)


def test_the_api_cannot_send_the_token_elsewhere(platform: Platform, comment: Callable[..., Ran]) -> None:
    platform.server.answer = lambda asked: Answer(None, 302, (("Location", f"{platform.server.url}/elsewhere"),))
    assert "answered 302" in comment(platform).err
    assert len(platform.server.asked) == 1


def test_a_list_without_an_end_is_not_read_for_ever(github: OnGitHub, comment: Callable[..., Ran]) -> None:
    github.server.answer = lambda asked: Answer([], 200, (("Link", '<x>; rel="next"'),))
    assert "more than 100 pages" in comment(github).err


def test_an_answer_without_an_end_is_not_read_for_ever(
    github: OnGitHub, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    comment(github)
    monkeypatch.setattr("api.MOST_BYTES", 10)
    assert "more than 10 bytes" in comment(github).err


# --- Called wrongly ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "name"),
    [(OnGitHub, name) for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "HEAD_SHA", "HEAD_BRANCH")]
    + [(OnGitLab, name) for name in ("CI_API_V4_URL", "COMMENT_TOKEN", "CI_MERGE_REQUEST_IID")],
    indirect=["platform"],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_named(
    name: str, platform: Platform, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, " ")
    ran = comment(platform)
    assert (ran.code, platform.server.asked) == (2, [])
    assert ran.err.startswith(f"error: {name} is not set")


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-Evil: 1", f"{TOKEN}é", f"two {TOKEN}"])
def test_a_token_that_cannot_be_sent_is_not_quoted(
    token: str, platform: Platform, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    monkeypatch.setenv("COMMENT_TOKEN", token)
    assert "has characters that no token has" in comment(platform).err


def test_an_address_that_is_no_address_is_refused(
    platform: Platform, comment: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_API_URL", "CI_API_V4_URL"):
        monkeypatch.setenv(name, "file:///etc")
    assert "is not an http URL" in comment(platform).err


@pytest.mark.parametrize("arguments", [(), ("github",), ("bitbucket", "x"), ("github", "x", "y")])
def test_a_wrong_call_is_told_in_one_line(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run_script("comment", *arguments, monkeypatch=monkeypatch, capsys=capsys)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("name", ["fetch_artifact.py", "comment.py"])
def test_the_scripts_are_commands_that_need_nothing_installed(name: str, tmp_path: Path) -> None:
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -E -s -S "$@"\n')
    python.chmod(0o755)
    ran = run_file(name, folder=tmp_path, environment={"PATH": f"{tmp_path}:{os.defpath}"})
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {name} takes")


def test_a_file_that_is_not_there_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run_script("comment", "github", "nowhere", monkeypatch=monkeypatch, capsys=capsys)
    assert ran.err == "error: the file cannot be read (No such file or directory), so nothing was posted.\n"


# --- The artifact -----------------------------------------------------------------------------------------------


def archive(packed: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    """An archive with these files; a file is named as here, with dots for underscores."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packed) as opened:
        for name, content in files.items():
            opened.writestr(name.replace("_", "."), content)
    return written.getvalue()


@pytest.fixture
def fetch(
    tmp_path: Path, github: OnGitHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Fetches an artifact into the file `fetched`."""

    def of(content: bytes) -> Ran:
        github.archive = content
        github.artifacts = github.artifacts or [{"id": 5, "expired": False}]
        monkeypatch.chdir(tmp_path)
        return run_script("fetch_artifact", "fetched", monkeypatch=monkeypatch, capsys=capsys)

    return of


def test_the_text_that_the_check_left_is_fetched(fetch: Callable[..., Ran], github: OnGitHub) -> None:
    github.artifacts = [{"id": 4, "expired": False}, {"id": 5, "expired": False}, {"id": 6, "expired": True}]
    assert fetch(archive(diff_md=TEXT.encode())).code == 0
    assert Path("fetched").read_text() == TEXT
    assert github.server.asked[0].query == {"name": "paletteai-diff"}


def test_the_token_stays_with_the_api_when_a_download_leads_elsewhere(
    fetch: Callable[..., Ran], github: OnGitHub
) -> None:
    fetch(archive(diff_md=b""))
    first, *_, last = github.server.asked
    assert last.path == "/blob"
    assert f"Bearer {TOKEN}" in first.headers.values()
    assert TOKEN not in str(last.headers)


@pytest.mark.parametrize(
    "content",
    [
        archive(diff_md=b"x", more_md=b"x"),
        archive(other_md=b"x"),
        archive(),
        b"no archive",
        archive(diff_md=b"hello" * 100)[:60] + b"\0" * 40 + archive(diff_md=b"hello" * 100)[100:],
        archive(diff_md=b"0" * (1024 * 1024 + 1)),
        archive(diff_md=b"0" * (200 * 1024 * 1024)),
        b"0" * (1024 * 1024 + 1),
    ],
    ids=["two files", "another file", "empty", "no archive", "broken", "too large", "bomb", "too large to fetch"],
)
def test_an_artifact_that_is_not_as_expected_is_not_used(content: bytes, fetch: Callable[..., Ran]) -> None:
    ran = fetch(content)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert not Path("fetched").exists()


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_so_that_a_little_becomes_a_lot_is_never_unpacked(
    packed: int, fetch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = archive(packed, diff_md=TEXT.encode()), archive(packed, diff_md=b"0" * (8 * 1024 * 1024))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    for content in contents:
        ran = fetch(content)
        assert (ran.code, ran.err.count("\n")) == (2, 1)
        assert "has an unusual compression" in ran.err
    assert not Path("fetched").exists()


def test_a_size_that_an_archive_states_is_not_believed(
    fetch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    large, small = (archive(diff_md=b"0" * size) for size in (1024 * 1024 + 1, 3))
    stated = (1024 * 1024 + 1).to_bytes(4, "little")
    # Whoever says less than there is gets less; whoever says more is not read at all.
    lying = large.replace(stated, (3).to_bytes(4, "little"))
    assert fetch(lying).code == 2
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    assert "larger than" in fetch(small.replace((3).to_bytes(4, "little"), stated)).err
    assert not Path("fetched").exists()


def test_whatever_breaks_the_reader_of_archives_is_told_in_one_line(fetch: Callable[..., Ran]) -> None:
    whole = archive(zipfile.ZIP_LZMA, diff_md=TEXT.encode())
    for position in range(0, len(whole), 3):
        ran = fetch(whole[:position] + b"\xff" + whole[position + 1 :])
        assert (ran.code, ran.err.count("\n")) == (2, 1)


def test_a_run_that_left_nothing_is_no_failure(fetch: Callable[..., Ran], github: OnGitHub) -> None:
    github.artifacts = [{"id": 5, "expired": True}]
    assert fetch(b"") == Ran(0, "The run left no artifact, so there is nothing to post.\n", "")
    assert not Path("fetched").exists()


def test_a_list_of_artifacts_of_another_form_is_told_in_one_line(fetch: Callable[..., Ran], github: OnGitHub) -> None:
    github.artifacts = [{"id": "x", "expired": False}]
    assert "cannot be read" in fetch(b"").err


def test_fetching_without_a_run_or_a_file_is_refused(
    fetch: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_script("fetch_artifact", monkeypatch=monkeypatch, capsys=capsys).code == 2
    monkeypatch.setenv("RUN_ID", "../1")
    assert "RUN_ID is not set" in fetch(b"").err
