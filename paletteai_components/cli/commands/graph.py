"""`paletteai graph`: tenants, Settings and projects as a diagram."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.files import refuse_links, replace, write_new
from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.output.records import record_as_json
from paletteai_components.cli.output.report import json_text, plural, show_with_summary
from paletteai_components.cli.selection import choosing_stacks, selected
from paletteai_components.diagnostics import escaped, reported
from paletteai_components.errors import UserError
from paletteai_components.stacks.files import bytes_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.views.graph import Graph, StackNode, graph_of

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder

# How each format begins. Only a file that begins so is an earlier graph, which may be overwritten.
_BEGINNINGS = (
    b"flowchart LR\n  accTitle: Tenants, their Settings and projects",
    b"<!doctype html>\n<!-- paletteai graph -->\n",
    b'{\n  "stacks": [',
)


@click.command("graph")
@choosing_stacks
@in_a_format("mermaid", "html", "json", purpose="A Mermaid flowchart for Markdown, a page for a browser, or JSON.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file instead of the standard output."
)
@click.pass_context
def command(
    ctx: click.Context, names: tuple[str, ...], folder: StackFolder, output_format: str, output: Path | None
) -> None:
    """Draw the tenants of the named STACKs with their Settings and projects.

    Shows where each project's Palette integration comes from, and each problem at what it concerns.
    """
    earlier = _read_earlier(output) if output is not None else None
    selection = selected(names, folder)
    unread = [Stack(name, str(folder.file_of(name))) for name in selection.unreadable if name != str(folder)]
    graph = graph_of([*selection.stacks, *unread], reported(selection.diagnostics))
    text = _drawn(graph, output_format)
    if output is None:
        click.echo(text, nl=False)
    else:
        if earlier is None:
            write_new(output, text.encode())
        else:
            replace(output, earlier, text.encode())
        projects = sum(len(stack.tenant.projects) for stack in graph.stacks if stack.tenant)
        drawn = f"{plural(len(graph.stacks), 'stack')}, {plural(projects, 'project')}"
        click.echo(f"Wrote {escaped(str(output))}: {drawn}, {-(-len(text) // 1024):,} KiB.")
    show_with_summary(selection.diagnostics)
    ctx.exit(selection.exit_code)


def _drawn(graph: Graph, output_format: str) -> str:
    if output_format == "json":
        stacks = [_stack_as_json(stack) for stack in graph.stacks]
        return json_text({"stacks": stacks, "problems": record_as_json(graph.diagnostics)}) + "\n"
    if output_format == "html":
        from paletteai_components.views.page import page_of

        return page_of(graph)
    from paletteai_components.cli.output.mermaid import MAX_CHARACTERS, MAX_EDGES, flowchart_of

    chart = flowchart_of(graph)
    if not chart.is_drawn:
        click.echo(
            f"{click.style('note', fg='cyan', bold=True)}: {plural(chart.edges, 'edge')} and {len(chart.text):,} "
            f"characters are more than Mermaid draws ({MAX_EDGES} and {MAX_CHARACTERS:,}), so GitHub and GitLab show "
            "an error instead. Name fewer stacks, or use `--format html`.",
            err=True,
        )
    return chart.text


def _read_earlier(output: Path) -> bytes | None:
    """Read the graph to overwrite, if there is one. Refuses any other file, before any work starts."""
    if output.name.startswith("Pulumi."):
        raise UserError(
            f"{output} is named like a file of Pulumi, so no graph was written there.", "Name another file."
        )
    refuse_links(output)
    if os.path.islink(output):
        raise UserError(f"{output} is a link, so nothing was written.", "Name a file, or remove the link first.")
    if not output.exists():
        return None
    if not output.is_file():
        raise UserError(f"{output} is not a file, so nothing was written.", "Name a file.")
    try:
        old = bytes_of(output)
    except OSError as error:
        raise UserError(
            f"{output} could not be read ({error.strerror}), so it was left as it is.", "Name another file."
        ) from None
    if old and not old.startswith(_BEGINNINGS):
        raise UserError(
            f"{output} already exists and is not a graph, so it was left as it is.",
            "Name another file, or remove it first.",
        )
    return old


def _stack_as_json(stack: StackNode) -> dict[str, Any]:
    tenant, lists = stack.tenant, ("integrations", "settings", "projects")
    return {
        **record_as_json(stack, without=("tenant", "diagnostics")),
        "tenant": record_as_json(tenant, without=lists),
        **{name: record_as_json(getattr(tenant, name, ())) for name in lists},
        "problems": stack.diagnostics,
    }
