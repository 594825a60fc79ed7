"""The comment of a pull request: what a reviewer decides by, and what nobody can forge."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from support.projects import KEY, STACK, changed
from support.repository import Repository

from paletteai_components.ci.sanitizer import MARKER
from paletteai_components.cli.output.comment import LEAST, LIMIT, Links, comment_of
from paletteai_components.cli.output.line import Entry, Line, Mark, RuleCode, Section, Untrusted
from paletteai_components.diagnostics import SourceLocation, escaped
from paletteai_components.views.source_link import source_link

# What acts on the pages of a host, and what would act in one of its logs.
FORGERIES = (
    *re.split(
        r"\s{2,}",
        r"""@everyone  a@example.com  #123  GH-7  gh-7  !1  ~label  %1  $1  &1  owner/name#1  https://evil.example/x
        www.evil.example  mailto:a@b.example  :tada:  <!-- paletteai diff -->  <b>x</b>  <details><summary>x</summary>
        </details>  &lt;b&gt;  &#60;b&#62;  **x**  _x_  ~~x~~  [x](https://evil.example)
        ![x](https://evil.example/x.png)  `x`  ``  \`  x\  # x  - x  1. x  > x  /close  ::error::x  ##[error]x
        $$x$$""",
    ),
    *("```\nx\n```", "| a | b |\n|---|---|", "\n\n# x\n\n", "\x1b[31mx\x1b[0m", "\u202ex", " x ", ""),
)
TEXTS = st.one_of(
    st.sampled_from(FORGERIES),
    st.text(max_size=40),
    st.lists(st.sampled_from([*FORGERIES, *"`*_<>[]()!@#&\\ \n~|"]), max_size=6).map("".join),
)
MENTION = re.compile(r"(^|\W)@[a-z0-9]", re.IGNORECASE)
REFERENCE = re.compile(r"(^|\W)(#\d|![0-9]|~[a-z0-9]|%\d|\$\d|&\d|GH-\d)|[a-z0-9._+-]@[a-z0-9]", re.IGNORECASE)
ADDRESS = re.compile(r"[a-z]://|www\.", re.IGNORECASE)


def flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def parsed(comment: str) -> list[Token]:
    """The elements of a comment, as a host's own reader of Markdown finds them."""
    return list(flat(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(comment)))


def shape(comment: str) -> list[tuple[str, str]]:
    """Every element of a comment but code, which is text; of markup as it is written, all of it."""
    tokens = [each for each in parsed(comment) if each.type not in {"text", "code_inline"}]
    return [(each.type, each.content if "html" in each.type else "") for each in tokens]


def page(*texts: str) -> str:
    """A comment with the texts in every place where one may stand."""
    lines: list[Line] = [
        ("our word ", Untrusted(text), ": ", Untrusted(text, sentence=True), " ours") for text in texts
    ]
    entries = [Entry(line, (("more ", *line),), Mark.CHANGED) for line in lines]
    sections = [Section(("Title ",), entries), Section(("Stack ", Untrusted("x"), ": 1"), entries, folded=True)]
    return comment_of(("all",), sections, about=("About ", Untrusted(texts[0])))


@given(TEXTS)
@example("`" * 7)
def test_no_text_from_a_file_makes_an_element(text: str) -> None:
    assert shape(page(text, "x")) == shape(page("x", "x"))


@given(TEXTS)
def test_no_title_from_a_file_makes_an_element(text: str) -> None:
    def folded(title: str) -> str:
        return comment_of(("all",), [Section(("Stack ", Untrusted(title)), [Entry(("x",))], folded=True)])

    tokens = parsed(folded(text))
    (opening, closing) = (
        token.content for token in tokens if token.type == "html_block" and "details" in token.content
    )
    assert re.fullmatch(r"<details><summary>Stack <code>[^<>]*</code></summary>\n?", opening)
    assert closing.strip() == "</details>"
    assert [token.type for token in tokens] == [token.type for token in parsed(folded("x"))]


@given(TEXTS)
def test_outside_of_code_nobody_is_called_and_nothing_referred_to(text: str) -> None:
    comment = page(text)
    read = "\n".join(token.content for token in parsed(comment) if token.type == "text")
    for pattern in (MENTION, REFERENCE, ADDRESS):
        assert not pattern.search(read)
    # What makes a link of an address looks at the text as it is written.
    outside = re.sub(r"(`+)[^`].*?\1", "", comment)
    assert not ADDRESS.search(outside)
    assert ":tada:" not in read


@given(TEXTS)
def test_a_text_from_a_file_can_be_read_as_it_is(text: str) -> None:
    line = (Untrusted(text), "; ", Untrusted(text, sentence=True))
    comment = comment_of(("all",), [Section(("T",), [Entry(line)])])
    read = [token.content for token in parsed(comment) if token.type in {"text", "code_inline"}]
    shown = escaped(text)
    codes = [token.content for token in parsed(comment) if token.type == "code_inline"]
    assert codes[0].strip() == shown.strip()
    # Backticks of a sentence say where its code is.
    assert "".join("".join(read[2:]).replace("`", "").split()).endswith("".join(shown.replace("`", "").split()))


@given(TEXTS)
def test_every_line_begins_with_our_own_words_and_steers_nothing(text: str) -> None:
    comment = page(text)
    assert comment.startswith(f"{MARKER}\n**all**\n")
    assert comment.isprintable() or all(line.isprintable() for line in comment.splitlines())
    for line in comment.splitlines()[1:]:
        assert re.match(r"\*\*all|About |### Title|- `~` our word |  - more our word |<details>|</details>|$", line)
        assert "##[" not in line


@given(st.lists(st.tuples(TEXTS, st.integers(0, 2_000)), max_size=40), st.integers(LEAST, 20_000))
def test_a_comment_keeps_to_its_limit_and_is_never_cut(texts: list[tuple[str, int]], limit: int) -> None:
    lines = [(Untrusted(text + "x" * more), Untrusted(text, sentence=True)) for text, more in texts]
    entries = [Entry(line, (line,)) for line in lines]
    sections = [Section(("T",), entries), Section(("S ", Untrusted("x")), entries, folded=True)]
    comment = comment_of(("all",), sections, limit=limit)
    assert len(comment) <= limit
    whole = comment_of(("all",), sections, limit=10_000_000)
    assert {line for line in comment.splitlines() if line.startswith("- ")} <= set(whole.splitlines())
    opened, closed = (sum(line.startswith(tag) for line in comment.splitlines()) for tag in ("<details>", "</details>"))
    assert opened == closed
    kept = sum(line.startswith("- ") for line in comment.splitlines())
    told = re.search(r"\n([\d,]+) more entr(?:y|ies) do(?:es)? not fit", comment)
    assert kept + (int(told[1].replace(",", "")) if told else 0) == 2 * len(lines)


def test_the_important_is_kept_and_no_section_takes_all_the_room() -> None:
    def lines(number: int, word: str) -> list[Entry]:
        return [Entry((f"{word} {at:04} {'x' * 90}",)) for at in range(number)]

    sections = [
        Section(("Problems",), lines(1_000, "problem")),
        Section(("Deleted",), lines(10, "deletion")),
        Section(("Stack",), lines(1_000, "detail"), folded=True),
    ]
    comment = comment_of(("all",), sections, limit=20_000)
    assert comment.count("deletion") == 10
    assert comment.count("problem 0") > comment.count("detail")
    assert comment.index("### Problems") < comment.index("### Deleted")
    assert "problem 0000" in comment


def test_a_name_without_end_is_shortened() -> None:
    comment = page("x" * 100_000)
    assert len(comment) < LIMIT
    assert "x…`" in comment


@given(TEXTS, st.one_of(st.none(), st.integers(1, 99)))
@example("{line}`](https://evil.example)", 1)
def test_a_link_leads_to_the_place_that_it_names_and_nowhere_else(file: str, line: int | None) -> None:
    location = SourceLocation(file, line)
    entry = Entry(("error ", RuleCode("PAI003"), " ", Untrusted(str(location) or "x", location=location)))
    links = Links("https://git.example/blob/{file}#L{line}", "https://git.example/{code}.md")
    comment = comment_of(("all",), [Section(("T",), [entry])], links=links)
    found = [str(token.attrs["href"]) for token in parsed(comment) if token.type == "link_open"]
    address = source_link(str(links.source_url), location)
    assert found == ["https://git.example/PAI003.md", *([address] if address else [])]
    assert "`" not in (address or "")


# --- As it is written -----------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path, monkeypatch)
    repository.stack()
    repository.commit()
    return repository


def test_nothing_to_tell_is_told(repository: Repository) -> None:
    printed = repository.run("diff", "HEAD", "--format", "markdown").stdout
    commit = repository.git("rev-parse", "HEAD")[:12]
    assert printed == f"{MARKER}\n**no difference**\n\nCompared with `HEAD` (`{commit}`).\n"


def test_a_reviewer_sees_what_matters_first(repository: Repository) -> None:
    repository.stack(changed("      - {name: vision}\n", "      - {name: lab, displayName: '@all'}\n"))
    result = repository.run("diff", "HEAD", "--format", "markdown")
    lines = result.stdout.splitlines()
    assert lines[1] == (
        "**1 error introduced, 2 changes refused by `pulumi up`, 2 objects created; 0 stacks unchanged**"
    )
    assert [line for line in lines if line.startswith(("###", "<"))] == [
        MARKER,
        "### Problems introduced (1)",
        "### Refused by `pulumi up` (2)",
        "<details><summary>Stack <code>acme.dev</code>: 2 created</summary>",
        "</details>",
    ]
    assert "- error PAI008 `stacks/Pulumi.acme.dev.yaml:16`: the display name of project `lab`" in result.stdout
    assert (
        "- error: stack `acme.dev`: `Namespace/vision`, `Project/vision/vision` are protected, so `pulumi up`"
    ) in result.stdout
    assert result.exit_code == 1
    assert KEY not in result.stdout


def test_two_environments_make_a_comment_too(repository: Repository) -> None:
    other = STACK.replace("displayName: Acme", "displayName: Sight").replace("v1:", "v1:b")
    repository.stack(other.replace("context: dev", "context: prod"), "acme.prod")
    printed = repository.run("diff", "acme.dev", "acme.prod", "--format", "markdown").stdout
    assert "\nCompared `acme.dev` with `acme.prod`.\n" in printed
    assert '- `Tenant`: `spec.displayName`: `"Acme"` in `acme.dev`, `"Sight"` in `acme.prod`\n' in printed


def test_a_file_with_an_evil_name_is_no_markup(repository: Repository) -> None:
    name = "<img src=x>@all`.dev"
    repository.stack(STACK, name)
    printed = repository.run("diff", "HEAD", "--format", "markdown").stdout
    assert [token.content for token in parsed(printed) if token.type == "html_inline"] == []
    assert "<summary>Stack <code>&lt;img src=x&gt;@all`.dev</code>: " in printed


def test_as_many_stacks_as_there_are_make_one_comment(repository: Repository) -> None:
    for number in range(60):
        repository.stack(STACK.replace("acme", f"t{number}").replace("vision", f"p-{number}"), f"t{number}.dev")
    printed = repository.run("diff", "--format", "markdown", "--limit", "5000").stdout
    assert len(printed) <= 5_000
    assert printed.count(MARKER) == 1
    assert "360 objects created" in printed
    assert re.search(r"\n\d+ more entries do not fit; `paletteai diff` prints them all\.\n$", printed)
