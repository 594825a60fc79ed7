"""`paletteai check`: every problem in the stack files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.output.report import as_json, counted, plural, show, show_codes, show_json
from paletteai_components.cli.selection import Choice, Selection, choosing_stacks, selected
from paletteai_components.diagnostics import Severity, folded, reported
from paletteai_components.errors import UserError
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack


# With so many problems on the screen, a table of their rules follows.
_MANY = 10


def _codes(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    """The codes of rules, which may be separated by commas."""
    from paletteai_components.rules import RULES

    codes = [code.strip().upper() for each in given for code in each.split(",") if code.strip()]
    for code in codes:
        if code not in RULES:
            raise UserError(
                f"`{redacted(code)}` is no rule's code, so nothing was checked.",
                did_you_mean(code, RULES) or "`paletteai explain` lists the codes.",
            )
    return frozenset(codes)


@click.command("check")
@choosing_stacks
@in_a_format("text", "json")
@to_a_file
@click.option("--select", multiple=True, metavar="CODE", callback=_codes, help="Report these rules only. Repeatable.")
@click.option("--ignore", multiple=True, metavar="CODE", callback=_codes, help="Do not report these rules. Repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice([Severity.ERROR.value, Severity.WARNING.value, Severity.NOTE.value]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The lowest severity that makes the exit code 1.",
)
@click.option("--statistics", is_flag=True, help="Show the number of problems of each rule instead of the problems.")
@click.option("-v", "--verbose", is_flag=True, help="Show every problem in full, also one that is like another.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing but problems.")
@click.pass_context
def command(
    ctx: click.Context,
    choice: Choice,
    folder: StackFolder,
    output_format: str,
    select: frozenset[str],
    ignore: frozenset[str],
    fail_on: str,
    statistics: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Report every problem in the stack files, with file, line, reason and remedy.

    All stack files of the folder are checked together. Of chosen stacks, only their problems are shown.

    Problems of a file that are alike are shown once, and so is one that explains others.
    """
    selection = _narrowed(selected(choice, folder), select, ignore)
    if output_format == "json":
        diagnostics = [as_json(diagnostic) for diagnostic in selection.diagnostics]
        show_json({"problems": diagnostics, "stacks": [_as_json(stack) for stack in selection.stacks]})
    else:
        shown = 0 if statistics else show(selection.diagnostics, each=verbose)
        if statistics or (shown > _MANY and not quiet):
            show_codes(selection.diagnostics)
        if not quiet:
            hidden = (
                0 if statistics or verbose else sum(len(each) for _, each in folded(reported(selection.diagnostics)))
            )
            click.echo(_summary(selection, hidden))
    ctx.exit(selection.exit_code or int(_reaches(selection, Severity(fail_on))))


def _narrowed(selection: Selection, select: frozenset[str], ignore: frozenset[str]) -> Selection:
    """The selection with the problems of some rules only."""
    kept = (each for each in selection.diagnostics if (not select or each.code in select) and each.code not in ignore)
    return replace(selection, diagnostics=tuple(kept))


def _reaches(selection: Selection, lowest: Severity) -> bool:
    return any(diagnostic.severity.rank <= lowest.rank for diagnostic in selection.diagnostics)


def _as_json(stack: Stack) -> dict[str, Any]:
    return {
        "name": stack.name,
        "file": stack.file,
        "environment": named(stack.environment),
        "cluster": stack.cluster and redacted(stack.cluster),
    }


def _summary(selection: Selection, hidden: int) -> str:
    read, unread = len(selection.stacks), len(selection.unreadable)
    stacks = plural(read + unread, "stack")
    problems = counted(selection.diagnostics)
    if not reported(selection.diagnostics):
        projects = sum(len(stack.spec.tenant.projects) for stack in selection.stacks if stack.spec)
        return f"{stacks}, {plural(projects, 'project')}: {problems}"
    if not read:
        return f"{problems}; nothing could be read"
    text = f"{problems} in {stacks}" + (f", {unread} of which could not be read" if unread else "")
    if hidden:
        text += f"; {hidden:,} {'follows' if hidden == 1 else 'follow'} from another, shown with `--verbose`"
    return text
