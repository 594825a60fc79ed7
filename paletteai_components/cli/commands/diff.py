"""`paletteai diff`: what a change to the stack files does, or how two environments differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components import shell
from paletteai_components.changes.git import GitError
from paletteai_components.cli.address import of_a_line, of_a_rule
from paletteai_components.cli.completion import stacks
from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.folder import in_a_folder, in_a_format, stacks_option
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.columns import section_lines, wrapped
from paletteai_components.cli.output.comment import LEAST, LIMIT, Links, comment_of
from paletteai_components.cli.output.line import Entry, Line, Section, Untrusted
from paletteai_components.cli.output.report import counted, show_json
from paletteai_components.cli.reading import reading
from paletteai_components.cli.selection import stacks_named_by, the_stack, unknown_stack
from paletteai_components.diagnostics import StackFileError, errors_in, escaped
from paletteai_components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paletteai_components.cli.schema import difference as printed
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.workspace import Workspace


@dataclass(frozen=True, slots=True)
class _Answer:
    verdict: Line
    about: Line
    """What was compared."""
    sections: list[Section]
    value: printed.Difference | printed.Comparison
    """The same for `--format json`."""
    code: int


@click.command("diff", cls=Command)
@click.argument("names", metavar="[BASE | STACK STACK]", nargs=-1, shell_complete=stacks)
@in_a_folder
@in_a_format("text", "json", "markdown", purpose="The output format. Markdown is one comment for a pull request.")
@to_a_file
@click.option(
    "--limit",
    metavar="CHARACTERS",
    type=click.IntRange(min=LEAST),
    default=LIMIT,
    show_default=True,
    help="The maximum length of the Markdown output.",
)
@click.option(
    "--source-url",
    metavar="TEMPLATE",
    callback=of_a_line,
    help="The address of a line of a file, with {file} and {line}. The Markdown output links to it.",
)
@click.option(
    "--rules-url",
    metavar="TEMPLATE",
    callback=of_a_rule,
    help="The address of a rule's page, with {code}. The Markdown output links to it.",
)
@click.pass_context
def command(
    ctx: click.Context,
    names: tuple[str, ...],
    folder: StackFolder,
    output_format: str,
    limit: int,
    source_url: str | None,
    rules_url: str | None,
) -> None:
    """Show what the stack files change compared with the git revision BASE.

    Lists what is created, changed, deleted and replaced, which projects a credential change affects,
    and which problems are new. Without BASE, compares with the commit where HEAD left the main branch.

    With two STACKs, shows how one tenant differs between two environments. Each is a name, the path of a file, or a
    glob that matches one stack.
    """
    links = Links(source_url, rules_url)
    try:
        answer = (
            _compare_stacks(names[0], names[1], folder) if len(names) == 2 else _compare_with_revision(names, folder)
        )
    except UserError as error:
        if output_format == "markdown":
            click.echo(_error_comment(error, limit, links), nl=False)
        raise
    if output_format == "json":
        show_json(answer.value)
    elif output_format == "markdown":
        text = comment_of(answer.verdict, answer.sections, about=answer.about, limit=limit, links=links)
        click.echo(text, nl=False)
    else:
        _print_answer(answer)
    ctx.exit(answer.code)


def _compare_with_revision(names: tuple[str, ...], folder: StackFolder) -> _Answer:
    if len(names) > 2:
        raise UserError("`paletteai diff` compares one revision or two stacks, so nothing was compared.", "Name fewer.")
    now = _read_workspace(folder)
    from paletteai_components.changes.difference import difference_between
    from paletteai_components.changes.history import history_since
    from paletteai_components.changes.reach import reach_of
    from paletteai_components.changes.revision import revision_named, workspace_at
    from paletteai_components.cli.output.difference import reach_sections, sections_of, verdict_of
    from paletteai_components.cli.output.difference_json import difference_as_json, reached_as_json

    try:
        revision = revision_named(names[0] if names else None, folder)
    except GitError:
        if found := sorted(stacks_named_by(names[0], now.names, folder)) if names else []:
            raise _no_revision(names[0], found, folder) from None
        raise
    difference = difference_between(workspace_at(revision, folder, now), now)
    about: Line = ("Compared with ", Untrusted(revision.name), " (", Untrusted(revision.commit[:12]), ").")
    code = 2 if now.unreadable else int(difference.has_errors)
    value = difference_as_json(difference, revision)
    sections = sections_of(difference)
    if folder.project is not None:
        # A merge is one change, whatever its commits are.
        reach = reach_of(now, difference, history_since(revision, folder, deployed=False))
        value["reached"] = reached_as_json(reach)
        sections += reach_sections(reach)
    return _Answer(verdict_of(difference), about, sections, value, code)


def _compare_stacks(first: str, second: str, folder: StackFolder) -> _Answer:
    workspace = _read_workspace(folder)
    from paletteai_components.changes.comparison import comparison_between
    from paletteai_components.cli.output.comparison import comparison_sections, comparison_verdict
    from paletteai_components.cli.output.difference_json import comparison_as_json
    from paletteai_components.rules import diagnostics_of
    from paletteai_components.stacks.stack import Stack
    from paletteai_components.stacks.workspace import concerning

    first, second = (_stack_named(word, workspace.names, folder) for word in (first, second))
    stacks = [
        stack for name in (first, second) if (stack := workspace.stack_named(name)) and stack.spec and stack.is_complete
    ]
    diagnostics = diagnostics_of(workspace)
    if len(stacks) < 2:
        both = [Stack(name, str(folder.file_of(name))) for name in (first, second)]
        raise StackFileError(concerning([each for each in diagnostics if each.code == "PAI012"], both))
    wrong = errors_in(diagnostics)
    sound = [not concerning(wrong, [stack]) for stack in stacks]
    comparison = comparison_between(stacks[0], stacks[1], (sound[0], sound[1]))
    about: Line = ("Compared ", Untrusted(first), " with ", Untrusted(second), ".")
    value = comparison_as_json(comparison)
    return _Answer(comparison_verdict(comparison), about, comparison_sections(comparison), value, 0)


def _no_revision(word: str, stacks: list[str], folder: StackFolder) -> UserError:
    """The error of stacks that are named where a revision belongs."""
    what, first, other = (
        ("names a stack", stacks[0], "it with another stack")
        if len(stacks) == 1
        else (f"matches {len(stacks):,} stacks", "STACK", "two of them")
    )
    return UserError(
        f"`{escaped(word)}` {what} and no git revision, so nothing was compared.",
        f"`{_diff_command(folder)}` shows what changed in all stacks; "
        f"`{_diff_command(folder, first, 'STACK')}` compares {other}.",
    )


def _stack_named(word: str, names: Sequence[str], folder: StackFolder) -> str:
    is_path = folder.stack_of(Path(word).name) is not None
    if stacks_named_by(word, names, folder) or shell.is_glob(word) or is_path:
        return the_stack(word, names, folder, "each side of `paletteai diff`")
    # It may be meant as a revision.
    error = unknown_stack(word, names, folder)
    raise UserError(
        f"{error.message.removesuffix('.')}, and two revisions cannot be compared.",
        f"{error.help} `{_diff_command(folder, 'BASE')}` compares the files with one revision.",
    )


def _diff_command(folder: StackFolder, *names: str) -> str:
    return shell.command("paletteai diff", *names, stacks=stacks_option(folder))


def _read_workspace(folder: StackFolder) -> Workspace:
    with reading(folder) as outcomes:
        # Other processes read during this import; see `selection`.
        from paletteai_components.changes import difference  # noqa: F401
        from paletteai_components.stacks.workspace import workspace_from

        return workspace_from(folder, outcomes)


def _print_answer(answer: _Answer) -> None:
    for section in answer.sections:
        for line in section_lines(section):
            click.echo(line)
    for line in (*wrapped(answer.about), *wrapped(answer.verdict)):
        click.echo(line)


def _error_comment(error: UserError, limit: int, links: Links) -> str:
    """A comment that tells the reviewer why nothing could be compared."""
    from paletteai_components.cli.output.difference import diagnostic_entries

    if isinstance(error, StackFileError):
        entries = diagnostic_entries(error.diagnostics)
        verdict = f"The stack files could not be compared: {counted(error.diagnostics)}."
    else:
        help: tuple[Line, ...] = (("help: ", Untrusted(error.help, sentence=True)),) if error.help else ()
        entries = [Entry((Untrusted(error.message, sentence=True),), help)]
        verdict = "The stack files could not be compared."
    return comment_of((verdict,), [Section(("Why",), entries)], limit=limit, links=links)
