"""`paletteai check`: everything that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.output.report import as_json, counted, plural, show, show_json
from paletteai_components.cli.selection import Selection, choosing_stacks, selected
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.stacks.stack import Stack


@click.command("check")
@choosing_stacks
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], folder: Path, form: str) -> None:
    """Say everything that is wrong in the stack files, with file, line, reason and remedy.

    All stack files of the folder are judged together; what concerns the named STACKs is shown.
    """
    selection = selected(names, folder)
    if form == "json":
        problems = [as_json(problem) for problem in selection.problems]
        show_json({"problems": problems, "stacks": [_as_json(stack) for stack in selection.stacks]})
    else:
        show(selection.problems)
        click.echo(_sum(selection))
    ctx.exit(selection.exit_code)


def _as_json(stack: Stack) -> dict[str, Any]:
    return {
        "name": stack.name,
        "file": stack.file,
        "environment": named(stack.environment),
        "cluster": stack.cluster and redacted(stack.cluster),
    }


def _sum(selection: Selection) -> str:
    read, unread = len(selection.stacks), len(selection.unreadable)
    stacks = plural(read + unread, "stack")
    if not selection.problems:
        projects = sum(len(stack.spec.tenant.projects) for stack in selection.stacks if stack.spec)
        return f"{stacks}, {plural(projects, 'project')}: no problems"
    told = counted(selection.problems)
    if not read:
        return f"{told}; nothing could be read"
    return f"{told} in {stacks}" + (f", {unread} of which could not be read" if unread else "")
