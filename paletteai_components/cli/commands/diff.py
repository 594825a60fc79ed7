"""`paletteai diff`: what a change of the stack files does, or how two environments differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.changes.git import GitError
from paletteai_components.cli.folder import in_a_folder
from paletteai_components.cli.output.comment import LEAST, LIMIT, comment_of
from paletteai_components.cli.output.line import Foreign, Line, Section
from paletteai_components.cli.output.report import counted, show_json
from paletteai_components.cli.reading import reading
from paletteai_components.diagnostics import Problem, Severity, StackFileError, escaped
from paletteai_components.errors import UserError

if TYPE_CHECKING:
    from paletteai_components.stacks.workspace import Fleet


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is told: the verdict, what was compared, the sections, the same for machines, and the exit code."""

    verdict: str
    about: Line
    sections: list[Section]
    value: dict[str, Any]
    code: int


@click.command("diff")
@click.argument("names", metavar="[BASE | STACK STACK]", nargs=-1)
@in_a_folder
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True)
@click.option(
    "--limit",
    metavar="CHARACTERS",
    type=click.IntRange(min=LEAST),
    default=LIMIT,
    show_default=True,
    help="The most that Markdown may take.",
)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], folder: Path, form: str, limit: int) -> None:
    """Say what the stack files do, compared with the git revision BASE: what is created, changed, deleted
    and replaced, whom a credential reaches, and which problems are new. Without BASE: since HEAD left the
    main branch.

    With the names of two STACKs: how one tenant differs between two environments.

    Exit code 1 says that errors were introduced; differences alone are no failure.
    """
    try:
        answer = _contrasted(names[0], names[1], folder) if len(names) == 2 else _compared(names, folder)
    except UserError as error:
        if form == "markdown":
            click.echo(_apology(error, limit), nl=False)
        raise
    if form == "json":
        show_json(answer.value)
    elif form == "markdown":
        click.echo(comment_of(answer.verdict, answer.sections, about=answer.about, limit=limit), nl=False)
    else:
        _show(answer)
    ctx.exit(answer.code)


def _compared(names: tuple[str, ...], folder: Path) -> _Answer:
    if len(names) > 2:
        raise UserError("one revision or two stacks can be compared.", "Name no more.")
    now = _read(folder)
    from paletteai_components.changes.difference import difference_between
    from paletteai_components.changes.revision import fleet_at, revision_named
    from paletteai_components.cli.output.difference import sections_of, verdict_of
    from paletteai_components.cli.output.difference_json import as_json

    try:
        revision = revision_named(names[0] if names else None, folder)
    except GitError:
        if names and names[0] in _known(now):
            raise UserError(
                f"{names[0]} is a stack and no revision.",
                "`paletteai diff` tells what changed in all stacks; "
                f"`paletteai diff {escaped(names[0])} STACK` compares it with another one.",
            ) from None
        raise
    difference = difference_between(fleet_at(revision, folder, now), now)
    about: Line = ("Compared with ", Foreign(revision.said), " (", Foreign(revision.commit[:12]), ").")
    base = {"name": revision.said, "commit": revision.commit}
    code = 2 if now.unreadable else int(difference.has_errors)
    value = {"base": base, **as_json(difference)}
    return _Answer(verdict_of(difference), about, sections_of(difference), value, code)


def _contrasted(first: str, second: str, folder: Path) -> _Answer:
    fleet = _read(folder)
    from paletteai_components.changes.comparison import contrast_between
    from paletteai_components.cli.output.comparison import sections_of_contrast, verdict_of_contrast
    from paletteai_components.cli.output.difference_json import contrast_as_json
    from paletteai_components.rules import problems_of

    known = _known(fleet)
    for name in (first, second):
        if name not in known:
            listed = f"There are: {', '.join(map(escaped, known)) or 'none'}. " if len(known) <= 10 else ""
            raise UserError(
                f"there is no stack {name} in {folder}, and two revisions cannot be compared.",
                f"{listed}`paletteai diff BASE` compares the files with a revision.",
            )
    stacks = [stack for name in (first, second) if (stack := fleet.stack_named(name)) and stack.spec and stack.whole]
    problems = problems_of(fleet)
    if len(stacks) < 2:
        files = [str(folder / f"Pulumi.{name}.yaml") for name in (first, second)]
        raise StackFileError(_of(files, [each for each in problems if each.code == "PAI012"]))
    wrong = [each for each in problems if each.severity is Severity.ERROR]
    sound = [not _of([stack.file, *(each.file for each in stack.documents)], wrong) for stack in stacks]
    contrast = contrast_between(stacks[0], stacks[1], (sound[0], sound[1]))
    about: Line = ("From ", Foreign(first), " to ", Foreign(second), ".")
    value = contrast_as_json(contrast)
    return _Answer(verdict_of_contrast(contrast), about, sections_of_contrast(contrast), value, 0)


def _read(folder: Path) -> Fleet:
    with reading(folder) as outcomes:
        # Meanwhile other processes read; see `selection`.
        from paletteai_components.changes import difference  # noqa: F401
        from paletteai_components.stacks.workspace import fleet_from

        return fleet_from(folder, outcomes)


def _known(fleet: Fleet) -> list[str]:
    return [*(stack.name for stack in fleet.stacks), *fleet.unreadable]


def _of(files: Iterable[str], problems: Iterable[Problem]) -> list[Problem]:
    return [problem for problem in problems if any(place.file in files for place in problem.where)]


def _show(answer: _Answer) -> None:
    for section in answer.sections:
        click.secho(_text(section.title), fg=section.colour, bold=True)
        for line in section.lines:
            click.echo(f"  - {_text(line)}")
    if answer.sections:
        click.echo(_text(answer.about))
    click.echo(answer.verdict)


def _text(line: Line) -> str:
    return "".join(part if isinstance(part, str) else escaped(part.text) for part in line)


def _apology(error: UserError, limit: int) -> str:
    """The comment for when there is nothing to compare: a reviewer should learn why."""
    from paletteai_components.cli.output.difference import problem_lines

    if isinstance(error, StackFileError):
        lines = problem_lines(error.problems)
        verdict = f"The stack files could not be compared: {counted(error.problems)}."
    else:
        lines = [(Foreign(escaped(error.message), sentence=True),)]
        verdict = "The stack files could not be compared."
    return comment_of(verdict, [Section(("Why",), lines)], limit=limit)
