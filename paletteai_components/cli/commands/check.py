"""`paletteai check`: every problem in the stack files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.output.report import as_json, counted, plural, show, show_json
from paletteai_components.cli.selection import Selection, choosing_stacks, selected
from paletteai_components.diagnostics import reported
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack


@click.command("check")
@choosing_stacks
@in_a_format("text", "json")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], folder: StackFolder, output_format: str) -> None:
    """Report every problem in the stack files, with file, line, reason and remedy.

    All stack files of the folder are checked together. With STACKs, only their problems are shown.
    """
    selection = selected(names, folder)
    if output_format == "json":
        diagnostics = [as_json(diagnostic) for diagnostic in selection.diagnostics]
        show_json({"problems": diagnostics, "stacks": [_as_json(stack) for stack in selection.stacks]})
    else:
        show(selection.diagnostics)
        click.echo(_summary(selection))
    ctx.exit(selection.exit_code)


def _as_json(stack: Stack) -> dict[str, Any]:
    return {
        "name": stack.name,
        "file": stack.file,
        "environment": named(stack.environment),
        "cluster": stack.cluster and redacted(stack.cluster),
    }


def _summary(selection: Selection) -> str:
    read, unread = len(selection.stacks), len(selection.unreadable)
    stacks = plural(read + unread, "stack")
    problems = counted(selection.diagnostics)
    if not reported(selection.diagnostics):
        projects = sum(len(stack.spec.tenant.projects) for stack in selection.stacks if stack.spec)
        return f"{stacks}, {plural(projects, 'project')}: {problems}"
    if not read:
        return f"{problems}; nothing could be read"
    return f"{problems} in {stacks}" + (f", {unread} of which could not be read" if unread else "")
