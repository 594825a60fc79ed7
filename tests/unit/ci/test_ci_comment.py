"""The comment of a pull request: what is posted, where, and what is never told."""

from __future__ import annotations

import io
import re
import time
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.ci_scripts import Answer, Asked, Ran, Server, run_ci

from paletteai_components.ci.sanitizer import sanitized
from paletteai_components.cli.output.comment import Links, comment_of
from paletteai_components.cli.output.line import Entry, Mark, RuleCode, Section, Untrusted
from paletteai_components.diagnostics import SourceLocation, escaped

MARKER = "<!-- paletteai diff -->"
TEXT = f"{MARKER}\n### 1 stack changes\n\n`acme.dev` gains the project `lab`.\n"
TOKEN = "ghs_CANARY91x"
SHA = "1" * 40
PAGE = 2
SOURCE_URL = f"https://git.example/acme/fleet/blob/{SHA}/{{file}}#L{{line}}"
RULES_URL = "https://git.example/acme/fleet/blob/HEAD/docs/rules/{code}.md"


class Platform:
    """A platform's API, as far as a comment needs it, with small pages. The pull request has the number 7."""

    name: str
    prefix: str
    update: str
    bot: dict[str, Any]
    person: dict[str, Any]

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It has no comments, and a workflow has set what it sets."""
        self.comments: list[dict[str, Any]] = []
        self.refusals: list[tuple[str, Answer]] = []
        self.waits: list[float] = []
        self.file = folder / "diff.md"
        self.server = Server(self._answer)
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(time, "sleep", self.waits.append)
        monkeypatch.delenv("COMMENT_AUTHOR", raising=False)
        self.set("HEAD_REPOSITORY", "GITHUB_REPOSITORY", to="acme/fleet")
        self.set("GITHUB_API_URL", "CI_API_V4_URL", to=self.server.url)
        self.set("GITHUB_TOKEN", "COMMENT_TOKEN", to=TOKEN)
        self.set("SOURCE_URL", to=SOURCE_URL)
        self.set("RULES_URL", to=RULES_URL)
        others = {"HEAD_BRANCH": "more & more", "HEAD_SHA": SHA, "RUN_ID": "99", "no_proxy": "*"}
        for name, value in {**others, "CI_MERGE_REQUEST_PROJECT_ID": "5", "CI_MERGE_REQUEST_IID": "7"}.items():
            self.set(name, to=value)

    def set(self, *names: str, to: str) -> None:
        """Set variables of the environment."""
        for name in names:
            self._monkeypatch.setenv(name, to)

    def run(self, *arguments: str) -> Ran:
        """Run `paletteai ci`, and see to it that the token is told to nobody but the API."""
        ran = run_ci(*arguments)
        assert TOKEN not in ran.out + ran.err
        assert all(TOKEN not in f"{each.path}{each.query}{each.body}" for each in self.server.asked)
        return ran

    def comment(self, text: str | bytes = TEXT) -> Ran:
        """Post a text."""
        self.file.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.run("comment", self.name, str(self.file))

    def posted(self, text: str | bytes) -> str:
        """Post a text, and return the bot's only comment without the marker."""
        assert self.comment(text).code == 0
        (body,) = self.bodies
        first, _, rest = body.partition("\n")
        assert first == MARKER
        return str(rest)

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
    """GitHub, with the pull requests that are open: number 7 is of a branch of the repository itself."""

    name = "github"
    prefix = "/repos/acme/fleet/issues/7/comments"
    update = r"PATCH /repos/acme/fleet/issues/comments/(\d+)"
    bot = {"user": {"login": "github-actions[bot]"}}  # noqa: RUF012
    person = {"user": {"login": "mallory"}}  # noqa: RUF012

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self.pulls = [self.pull(7)]
        self.archive: bytes | None = None
        self.artifacts: list[dict[str, Any]] = [{"id": 5, "expired": False}]

    def pull(self, number: int, sha: str = SHA, repository: str | None = "acme/fleet") -> dict[str, Any]:
        """A pull request."""
        return {"number": number, "head": {"sha": sha, "repo": repository and {"full_name": repository}}}

    def fetch(self, content: bytes) -> Ran:
        """Post what is in an artifact."""
        self.archive = content
        return self.run("comment", "github")

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

    name = "gitlab"
    prefix = "/projects/5/merge_requests/7/notes"
    update = r"PUT /projects/5/merge_requests/7/notes/(\d+)"
    bot = {"author": {"id": 1}}  # noqa: RUF012
    person = {"author": {"id": 2}}  # noqa: RUF012

    def other(self, asked: Asked) -> Answer:
        """The token's user."""
        return Answer({"id": 1}) if asked.path == "/user" else Answer({"message": "404 Not found"}, 404)


@pytest.fixture(params=[OnGitHub, OnGitLab], ids=["github", "gitlab"])
def platform(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """Either platform, and a workflow on it."""
    platform: Platform = request.param(tmp_path, monkeypatch)
    yield platform
    platform.server.stop()


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnGitHub]:
    """GitHub, and a workflow on it."""
    platform = OnGitHub(tmp_path, monkeypatch)
    yield platform
    platform.server.stop()


# --- One comment ------------------------------------------------------------------------------------------------


def test_the_first_run_writes_a_comment(platform: Platform) -> None:
    assert platform.comment() == Ran(0, "A comment was written.\n", "")
    assert platform.bodies == [TEXT]


def test_a_later_run_updates_the_comment_in_place(platform: Platform) -> None:
    platform.has(platform.person, "First!")
    number = platform.has(platform.bot, f"{MARKER}\r\nold")
    assert platform.comment().out == "The comment was updated.\n"
    assert platform.bodies == ["First!", TEXT]
    assert platform.comments[1]["id"] == number


def test_a_comment_that_says_it_already_is_left_alone(platform: Platform) -> None:
    platform.has(platform.bot, TEXT.replace("\n", "\r\n").strip())
    assert platform.comment().out == "The comment is up to date.\n"
    assert {each.method for each in platform.server.asked} == {"GET"}


def test_the_bots_comment_is_found_on_any_page(platform: Platform) -> None:
    for position in range(2 * PAGE):
        platform.has(platform.person, f"{position}")
    platform.has(platform.bot, f"{MARKER}\nold")
    platform.comment()
    assert platform.bodies == [*map(str, range(2 * PAGE)), TEXT]


def test_another_comment_of_the_same_bot_or_of_somebody_else_is_not_touched(platform: Platform) -> None:
    others = [f"Coverage is fine. {MARKER}\n{MARKER}", ""]
    platform.has(platform.person, f"{MARKER}\nmine")
    for other in others:
        platform.has(platform.bot, other)
    assert platform.comment().code == 0
    assert platform.bodies == [f"{MARKER}\nmine", *others, TEXT]


# --- Which pull request -----------------------------------------------------------------------------------------


def test_the_pull_request_is_the_open_one_with_the_head_that_was_checked(github: OnGitHub) -> None:
    others = [github.pull(1, sha="2" * 40), github.pull(2, repository="mallory/fleet"), github.pull(3, repository=None)]
    github.pulls = [*others, *github.pulls]
    github.comment()
    assert github.bodies == [TEXT]
    assert github.server.asked[0].query["head"] == "acme:more & more"
    assert github.server.asked[0].query["state"] == "open"


def test_nothing_is_posted_where_the_pull_request_has_moved_on_or_there_are_two(github: OnGitHub) -> None:
    github.pulls = [github.pull(7, sha="2" * 40)]
    ran = github.comment()
    assert (ran.code, github.bodies) == (0, [])
    assert "there is nothing to comment on" in ran.out
    github.pulls = [github.pull(7), github.pull(8)]
    ran = github.comment()
    assert (ran.code, github.bodies) == (2, [])
    assert "#7, #8 have this head" in ran.err


def test_the_text_of_a_fork_is_called_that(github: OnGitHub) -> None:
    github.set("HEAD_REPOSITORY", to="mallory/fleet")
    github.pulls = [github.pull(7, repository="mallory/fleet")]
    notice = "> Written by the code of the fork `mallory/fleet`, not by this repository's code.\n\n"
    assert github.posted(TEXT).startswith(f"{notice}###")


def test_the_author_can_be_another_app(github: OnGitHub) -> None:
    github.set("COMMENT_AUTHOR", to="fleet[bot]")
    github.has({"user": None}, f"{MARKER}\nnobody's")
    github.has({"user": {"login": "fleet[bot]"}}, f"{MARKER}\nold")
    github.comment()
    assert github.bodies == [f"{MARKER}\nnobody's", TEXT]


# --- What a text cannot do --------------------------------------------------------------------------------------


# What hosts find in a text: mentions, references to anything of theirs, labels, addresses, commands, pictures.
ACTING = re.split(
    r"\s{2,}",
    r"""@user  @acme/admins  a@example.com  x@0123abcd  ^alert#1  #12  !12  &1  $12  ~bug  ~12  ~"two words"  %1.0
    %"1.0"  %12  GH-12  gh-12  GL-12  JIRA-12  owner/repo#12  group/project!3  owner/repo@0123abc  0123abc  DEADBEEF
    0123456789abcdef0123456789abcdef01234567  abcdef0...abcdef1  [issue:12]  [vulnerability:1]  [feature_flag:1]
    [epic&1]  [cadence:1]  *iteration:"x"  [work_item:1]  https://github.com/o/r/issues/12
    https://gitlab.com/o/r/-/issues/3  http://x  www.evil.example  ftp://x  mailto:a@b.example  :tada:
    [x](https://evil.example)  ![x](https://evil.example/x.png)  [x]: y  [^1]  <img src=x>  <a href=x>
    <!-- another bot's marker -->  <details open>  <summary>x</summary>  </b>  &#64;acme  &#x40;acme  &commat;acme
    &num;12  &#x202e;b  &lt;b&gt;  \@acme  `  ``  ```mermaid  /close  /label ~bug  /assign me  {+ x +}  [- x -]
    $`x`$  $$x$$  ~~~suggestion  [[_TOC_]]  [TOC]  **x**  _x_  # x  > x  >>>  | a | b |  |---|---|  ***  ---  ===
    - [ ] x  ::include{file=x}""",
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
def test_what_could_act_is_code(acting: str) -> None:
    for location in PLACES:
        outside = shown_outside_of_code(sanitized(f"{MARKER}\n{location.format(acting)}\n"))
        assert not set(outside) & set("@#$&%~^*/<>[]{}\\_|`")
        assert not re.search(r"!\S|\b(GH|gh|GL|JIRA)-|[0-9a-fA-F]{7}|www|:\w", outside)


@given(TEXTS)
def test_whatever_is_written_only_plain_words_are_outside_of_code(text: str) -> None:
    once = sanitized(f"{MARKER}\n{text}")
    for folded in (f"{MARKER}\n<details><summary>{text}</summary>\n{text}", f"{MARKER}\n</details>\n{text}"):
        shown_outside_of_code(sanitized(folded))
    outside = shown_outside_of_code(once)
    assert not set(outside) & set("@#$&%~^*/<>[]{}\\_|`")
    assert not re.search(r"-\d|\b[0-9a-fA-F]{7,}\b|[:.]\w", outside)
    assert not {unicodedata.category(each) for each in once if each != "\n"} & {"Cc", "Cf", "Zl", "Zp"}
    assert sanitized(once) == once


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("ask @acme/admins, please", "ask `@acme/admins,` please"),
        ("see #12 and GH-3 (closes 0123abc).", "see `#12` and `GH-3` (closes `0123abc).`"),
        ("a\r  /approve", "a\n`/approve`"),
        ("x `@a` and ``b`c``", "x `@a` and ``b`c``"),
        ("evil\u202elive\u200b \x1b[31m", "evillive `[31m`"),
        ("`open @a", "`` `open `` `@a`"),
        *(
            (text, text)
            for text in (
                "1,234 single-line words → it's “fine”: (yes)!",
                "**1 error introduced; 0 stacks unchanged**\n\n### Deleted (1)\n\n- stack `acme.dev`: `a/b` → `“2”`",
                "<details><summary>Stack <code>acme.prod</code>: 1 created</summary>\n\n- creates `x`\n\n</details>",
            )
        ),
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
def test_what_could_act_is_still_read(written: str, shown: str, platform: Platform) -> None:
    assert platform.posted(f"{MARKER}\n{written}\n") == f"{shown}\n"


def test_what_the_command_writes_is_posted_as_it_was_written(platform: Platform) -> None:
    for hostile in (*ACTING, " ".join(ACTING), "", " ", "  x ", "` `", "`a", "a`", "``a`b```", "x" * 700, "é ü"):
        line = ("project ", Untrusted(hostile), " says ", Untrusted(hostile, sentence=True))
        both = (Untrusted(hostile), Untrusted(hostile, sentence=True))
        entries = [Entry(line, (both, line), Mark.REPLACED), Entry(both)] * 3
        folded = Section(("Stack ", Untrusted(hostile)), entries, folded=True)
        # What is shown differently than it is called is posted without a link.
        same = hostile == escaped(hostile) and hostile == str(PurePosixPath(hostile)) and len(hostile) < 500
        file = hostile if same else "a"
        place = Untrusted(f"{file}:7", location=SourceLocation(file, 7))
        linked = Entry(("error ", RuleCode("PAI003"), " ", place, ": ours"), (("also: ", place),))
        sections = [Section(("New",), [linked]), folded]
        text = comment_of(("1 error is new",), sections, about=line, links=Links(SOURCE_URL, RULES_URL))
        platform.comments.clear()
        platform.comment(text)
        (body,) = platform.bodies
        assert body.splitlines() == [each.rstrip() for each in text.splitlines()]


OURS = SOURCE_URL.partition("{")[0]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"[`a b:7`]({OURS}a%20b#L7):", f"[`a b:7`]({OURS}a%20b#L7):"),
        (f"[`a:7`]({OURS}a#L8) [`a:7`]({OURS}b#L7)", "`a:7` `a:7`"),
        ("[`a:7`](https://evil.example/a#L7)", "`a:7`"),
        (f"[`a.yaml`]({OURS}a.yaml) [`a.yaml`]({OURS}a.yaml#L1)", f"[`a.yaml`]({OURS}a.yaml) `a.yaml`"),
        (f"[`b/../../c:7`]({OURS}b/../../c#L7)", "`b/../../c:7`"),
        (f"[`a:7`]({OURS.replace(SHA, '2' * 40)}a#L7)", "`a:7`"),
        (f"[a:7]({OURS}a#L7)", f"`[a:7]({OURS}a#L7)`"),
        (f"![`a:7`]({OURS}a#L7)", f"! [`a:7`]({OURS}a#L7)"),
        ("[PAI003](https://evil.example)", "`[PAI003](https://evil.example)`"),
        (f"[PAI003]({RULES_URL.format(code='PAI003')})", f"[PAI003]({RULES_URL.format(code='PAI003')})"),
        (f"[PAI003]({RULES_URL.format(code='PAI004')})", f"`[PAI003]({RULES_URL.format(code='PAI004')})`"),
    ],
)
def test_only_a_link_to_what_its_text_says_is_a_link(written: str, shown: str, platform: Platform) -> None:
    assert platform.posted(f"{MARKER}\n- {written}\n") == f"- {shown}\n"


def test_without_addresses_nothing_is_a_link(platform: Platform) -> None:
    platform.set("SOURCE_URL", "RULES_URL", to="")
    written = f"{MARKER}\n[`a:7`]({OURS}a#L7) [PAI003](x)\n"
    assert platform.posted(written) == "`a:7` `[PAI003](x)`\n"


def test_a_file_that_leads_elsewhere_is_not_posted(platform: Platform) -> None:
    platform.file.with_name("secret").write_text(TEXT)
    platform.file.symlink_to("secret")
    ran = platform.run("comment", platform.name, str(platform.file))
    assert (ran.code, platform.bodies) == (2, [])
    assert "cannot be read (Too many levels of symbolic links), so nothing was posted." in ran.err


@pytest.mark.parametrize("text", ["", "hello", f" {MARKER}", f"x{MARKER}\n", f"\n{MARKER}\n"])
def test_a_text_without_the_marker_in_front_is_not_posted(text: str, platform: Platform) -> None:
    ran = platform.comment(text)
    assert (ran.code, platform.bodies) == (2, [])
    assert "does not begin with the line" in ran.err


def test_a_long_text_is_cut_at_a_line_and_nothing_in_it_stays_open(platform: Platform) -> None:
    body = platform.posted(f"{MARKER}\n<details><summary>x</summary>\n\n" + "- a `line` @of the text\n" * 5000)
    kept, end = body.split("\n\n</details>\n\n*The rest is left out")
    assert 64_000 < len(MARKER) + 1 + len(body) <= 65_000
    assert kept.endswith("\n- a `line` `@of` the text")
    assert end.endswith("has all of it.*\n")


def test_a_line_that_fits_no_comment_is_left_out(platform: Platform) -> None:
    assert platform.posted(f"{MARKER}\nfine\n" + "`@a " * 20_000).startswith("fine\n\n*The rest")


def test_bytes_that_are_no_text_do_no_harm(platform: Platform) -> None:
    assert platform.posted(MARKER.encode() + b"\n\xff\xfe\x00") == "`\ufffd\ufffd`\n"


# --- An API that refuses ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "content", "words"),
    [(code, {"message": f"No entry\x1b for {TOKEN}"}, r"\(No entry  for \*\*\*\) ") for code in (401, 403, 404, 422)]
    + [(403, content, "") for content in (b"", b"<html>", [1], {"message": None})],
)
def test_a_refusal_says_what_to_do(code: int, content: Any, words: str, platform: Platform) -> None:
    platform.refuse("POST", code, content=content)
    ran = platform.comment()
    assert (ran.code, ran.out, platform.waits) == (2, "", [])
    assert re.fullmatch(rf"error: the API answered {code} {words}to POST \S+, so .*\.\n  help: .*\.\n", ran.err)


@pytest.mark.parametrize(
    ("code", "headers", "waits"),
    [(code, (), [2.0]) for code in (429, 500, 502, 503, 504)]
    + [(code, (("Retry-After", "17"),), [17.0]) for code in (403, 429, 503)],
)
def test_a_busy_api_is_asked_again_after_a_while_or_after_what_it_says(
    code: int, headers: tuple[tuple[str, str], ...], waits: list[float], platform: Platform
) -> None:
    platform.refuse("POST", code, *headers)
    assert platform.comment().code == 0
    assert (platform.bodies, platform.waits) == ([TEXT], waits)


def test_the_time_to_wait_can_be_a_date(platform: Platform) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    for said in (soon, "a while", "Mon, 01 Jan 2024 00:00:00"):
        platform.refuse("POST", 503, ("Retry-After", said))
    assert platform.comment().code == 0
    assert 20 < platform.waits[0] <= 30
    assert platform.waits[1:] == [4.0, 8.0]


def test_patience_has_an_end(platform: Platform) -> None:
    platform.refuse("POST", 500, times=100)
    ran = platform.comment()
    assert (ran.code, platform.waits) == (2, [2.0, 4.0, 8.0, 16.0])
    assert re.fullmatch(
        r"error: the API did not answer in 5 attempts \(it answered 500 to POST .*\n  help: .*\n", ran.err
    )


def test_nobody_waits_for_an_hour(platform: Platform) -> None:
    platform.refuse("GET", 429, ("Retry-After", "3600"))
    ran = platform.comment()
    assert (ran.code, platform.waits) == (2, [])
    assert "asks to wait 3600 seconds" in ran.err


def test_a_comment_that_was_written_though_the_api_failed_is_not_written_twice(platform: Platform) -> None:
    answer = platform.server.answer

    def fails_afterwards(asked: Asked) -> Answer:
        done = answer(asked)
        return Answer(None, 502) if asked.method == "POST" else done

    platform.server.answer = fails_afterwards
    assert platform.comment().out == "The comment is up to date.\n"
    assert platform.bodies == [TEXT]


def test_an_api_that_cannot_be_reached_is_told(platform: Platform) -> None:
    platform.set("GITHUB_API_URL", "CI_API_V4_URL", to="http://127.0.0.1:9")
    ran = platform.comment()
    assert ran.code == 2
    assert re.fullmatch(
        r"error: the API did not answer in 5 attempts \(it could not be reached \(.*\).*\n  help: .*\n", ran.err
    )


@pytest.mark.parametrize("content", [b"<html>", {"message": "hello"}, [1], [{}]])
def test_an_answer_of_another_form_is_told(content: object, platform: Platform) -> None:
    platform.server.answer = lambda asked: Answer(content)
    ran = platform.comment()
    assert ran.code == 2
    assert re.fullmatch(r"error: the API's answer .* cannot be read\.\n(  help: .*\n)?", ran.err)


def test_the_api_cannot_send_the_token_elsewhere(platform: Platform) -> None:
    platform.server.answer = lambda asked: Answer(None, 302, (("Location", f"{platform.server.url}/elsewhere"),))
    assert "answered 302" in platform.comment().err
    assert len(platform.server.asked) == 1


def test_neither_a_list_nor_an_answer_without_an_end_is_read_for_ever(
    github: OnGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.server.answer = lambda asked: Answer([], 200, (("Link", '<x>; rel="next"'),))
    assert "more than 100 pages" in github.comment().err
    github.server.answer = lambda asked: Answer([{}] * 10)
    monkeypatch.setattr("paletteai_components.ci.api.MOST_BYTES", 10)
    assert "more than 10 bytes" in github.comment().err


# --- Called wrongly ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "name"),
    [(OnGitHub, name) for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "HEAD_SHA", "HEAD_BRANCH")]
    + [(OnGitLab, name) for name in ("CI_API_V4_URL", "COMMENT_TOKEN", "CI_MERGE_REQUEST_IID")],
    indirect=["platform"],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_named(name: str, platform: Platform) -> None:
    platform.set(name, to=" ")
    ran = platform.comment()
    assert (ran.code, platform.server.asked) == (2, [])
    assert ran.err.startswith(f"error: {name} is not set")


@pytest.mark.parametrize(
    ("names", "value", "says"),
    [
        *(
            (("GITHUB_TOKEN", "COMMENT_TOKEN"), token, "has characters that no token has")
            for token in (f"{TOKEN}\nX-Evil: 1", f"{TOKEN}é", f"two {TOKEN}")
        ),
        (("GITHUB_API_URL", "CI_API_V4_URL"), "file:///etc", "is not an http URL"),
    ],
)
def test_a_token_or_an_address_that_is_none_is_refused_and_not_quoted(
    names: tuple[str, ...], value: str, says: str, platform: Platform
) -> None:
    platform.set(*names, to=value)
    assert says in platform.comment().err
    assert platform.server.asked == []


def test_a_repository_that_is_no_name_is_refused(github: OnGitHub) -> None:
    github.set("HEAD_REPOSITORY", to="mallory/fleet](x)")
    assert "is not an owner/name" in github.comment().err
    assert github.server.asked == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "lacks github|gitlab"),
        (("gitlab",), "lacks FILE"),
        (("bitbucket", "x"), "cannot be `bitbucket`"),
        (("github", "x", "y"), "does not take `y`"),
    ],
)
def test_a_wrong_call_is_told(arguments: tuple[str, ...], says: str, github: OnGitHub) -> None:
    ran = github.run("comment", *arguments)
    assert (ran.code, ran.out, github.server.asked) == (2, "", [])
    assert ran.err.startswith("error: ")
    assert says in ran.err


# --- The artifact -----------------------------------------------------------------------------------------------


def archive(packed: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    """An archive with these files; a file is named as here, with dots for underscores."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", packed) as opened:
        for name, content in files.items():
            opened.writestr(name.replace("_", "."), content)
    return written.getvalue()


def not_used(github: OnGitHub, content: bytes) -> str:
    """What says why an artifact is not used."""
    ran = github.fetch(content)
    assert (ran.code, ran.out, github.bodies) == (2, "", [])
    assert re.fullmatch(r"error: .*\n(  help: .*\n)?", ran.err)
    return ran.err


def test_the_text_that_the_check_left_is_posted(github: OnGitHub) -> None:
    github.artifacts = [{"id": 4, "expired": False}, {"id": 5, "expired": False}, {"id": 6, "expired": True}]
    assert github.fetch(archive(diff_md=TEXT.encode())).code == 0
    assert github.bodies == [TEXT]
    assert github.server.asked[0].query == {"name": "paletteai-diff"}


def test_the_token_stays_with_the_api_when_a_download_leads_elsewhere(github: OnGitHub) -> None:
    github.fetch(archive(diff_md=TEXT.encode()))
    first = github.server.asked[0]
    (last,) = (each for each in github.server.asked if each.path == "/blob")
    assert f"Bearer {TOKEN}" in first.headers.values()
    assert TOKEN not in str(last.headers)


@pytest.mark.parametrize(
    "content",
    [
        lambda: archive(diff_md=b"x", more_md=b"x"),
        lambda: archive(other_md=b"x"),
        archive,
        lambda: b"no archive",
        lambda: archive(diff_md=b"hello" * 100)[:60] + b"\0" * 40 + archive(diff_md=b"hello" * 100)[100:],
        lambda: archive(diff_md=b"0" * (1024 * 1024 + 1)),
        lambda: archive(diff_md=b"0" * (200 * 1024 * 1024)),
        lambda: b"0" * (1024 * 1024 + 1),
    ],
    ids=["two files", "another file", "empty", "no archive", "broken", "too large", "bomb", "too large to fetch"],
)
def test_an_artifact_that_is_not_as_expected_is_not_used(content: Callable[[], bytes], github: OnGitHub) -> None:
    not_used(github, content())


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_packed_so_that_a_little_becomes_a_lot_is_never_unpacked(
    packed: int, github: OnGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = archive(packed, diff_md=TEXT.encode()), archive(packed, diff_md=b"0" * (8 * 1024 * 1024))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    for content in contents:
        assert "has an unusual compression" in not_used(github, content)


def test_a_size_that_an_archive_states_is_not_believed(github: OnGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = (archive(diff_md=b"0" * size) for size in (1024 * 1024 + 1, 3))
    stated = (1024 * 1024 + 1).to_bytes(4, "little")
    # Whoever says less than there is gets less; whoever says more is not read at all.
    not_used(github, large.replace(stated, (3).to_bytes(4, "little")))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    assert "larger than" in not_used(github, small.replace((3).to_bytes(4, "little"), stated))


def test_whatever_breaks_the_reader_of_archives_is_told(github: OnGitHub) -> None:
    whole = archive(zipfile.ZIP_LZMA, diff_md=TEXT.encode())
    for position in range(0, len(whole), 3):
        not_used(github, whole[:position] + b"\xff" + whole[position + 1 :])


def test_a_check_that_left_nothing_replaces_what_the_comment_said(github: OnGitHub) -> None:
    github.artifacts = []
    github.has(github.bot, TEXT)
    assert github.fetch(b"") == Ran(0, "The comment was updated.\n", "")
    (body,) = github.bodies
    assert body == f"{MARKER}\nThe stack files could not be compared. The job's log has the reason.\n"


def test_what_the_check_left_and_is_gone_says_nothing_of_the_check(github: OnGitHub) -> None:
    github.artifacts = [{"id": 5, "expired": True}]
    github.has(github.bot, TEXT)
    ran = github.fetch(b"")
    assert (ran.code, github.bodies) == (2, [TEXT])
    assert "has expired" in ran.err


def test_a_file_that_the_check_has_not_written_replaces_what_the_comment_said(platform: Platform) -> None:
    platform.has(platform.bot, TEXT)
    assert platform.run("comment", platform.name, str(platform.file)).code == 0
    (body,) = platform.bodies
    assert "could not be compared" in body


def test_a_list_of_artifacts_of_another_form_and_a_run_that_is_none_are_told(github: OnGitHub) -> None:
    github.artifacts = [{"id": "x", "expired": False}]
    assert "cannot be read" in not_used(github, b"")
    github.set("RUN_ID", to="../1")
    assert "RUN_ID is not set" in not_used(github, b"")
