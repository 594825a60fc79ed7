"""`paletteai graph`: tenants, Settings and projects as a diagram."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from paletteai_components.cli.files import refuse_links, replace, write_new
from paletteai_components.cli.output.report import as_json, counted, json_text, plural, show
from paletteai_components.cli.selection import choosing_stacks, selected
from paletteai_components.diagnostics import escaped
from paletteai_components.errors import UserError
from paletteai_components.stacks.files import bytes_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.views.graph import Graph, IntegrationNode, ProjectNode, SettingsNode, StackNode, graph_of

# How each form begins: by it an earlier graph is known, which may be written over.
_BEGINNINGS = (
    b"flowchart LR\n  accTitle: Tenants, their Settings and projects",
    b"<!doctype html>\n<!-- paletteai graph -->\n",
    b'{\n  "stacks": [',
)


@click.command("graph")
@choosing_stacks
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "html", "json"]),
    default="mermaid",
    show_default=True,
    help="A Mermaid flowchart for Markdown, one page for a browser, or JSON.",
)
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there, not on the screen.")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], folder: Path, form: str, output: Path | None) -> None:
    """Draw the tenants of the named STACKs with their Settings and projects, where each project's
    Palette integration comes from, and the problems where they belong.
    """
    earlier = _earlier(output) if output is not None else None
    selection = selected(names, folder)
    unread = [Stack(name, str(folder / f"Pulumi.{name}.yaml")) for name in selection.unreadable if name != str(folder)]
    graph = graph_of([*selection.stacks, *unread], selection.problems)
    text = _drawn(graph, form)
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
    if selection.problems:
        show(selection.problems, err=True)
        click.echo(f"{counted(selection.problems)}; `paletteai explain CODE` says more.", err=True)
    ctx.exit(selection.exit_code)


def _drawn(graph: Graph, form: str) -> str:
    if form == "json":
        return json_text(_as_json(graph)) + "\n"
    if form == "html":
        from paletteai_components.views.page import page_of

        return page_of(graph)
    from paletteai_components.cli.output.mermaid import MAX_CHARACTERS, MAX_EDGES, flowchart_of

    chart = flowchart_of(graph)
    if not chart.is_drawn:
        click.echo(
            f"{click.style('note', fg='cyan', bold=True)}: {plural(chart.edges, 'edge')} and {len(chart.text):,} "
            f"characters are more than Mermaid draws ({MAX_EDGES} and {MAX_CHARACTERS:,}), so a hosted page shows an "
            "error in its place. Name fewer stacks, or use `--format html`.",
            err=True,
        )
    return chart.text


def _earlier(output: Path) -> bytes | None:
    """The earlier graph that stands where one is to be written. Refuses what is none, before any work is done."""
    if output.name.startswith("Pulumi."):
        raise UserError(f"{output} has the name of a file of Pulumi's, which a graph would destroy.", "Name another.")
    refuse_links(output)
    if os.path.islink(output):
        raise UserError(f"{output} is a link, so nothing was written.", "Name a file, or remove the link first.")
    if not output.exists():
        return None
    if not output.is_file():
        raise UserError(f"{output} is no file, so nothing was written.", "Name a file.")
    try:
        old = bytes_of(output)
    except OSError as error:
        raise UserError(
            f"{output} could not be read ({error.strerror}), so it was left as it is.", "Name another."
        ) from None
    if old and not old.startswith(_BEGINNINGS):
        raise UserError(
            f"{output} is there already and is no graph, so it was left as it is.",
            "Name another, or remove it first.",
        )
    return old


def _as_json(graph: Graph) -> dict[str, Any]:
    return {
        "stacks": [_stack(stack) for stack in graph.stacks],
        "problems": [as_json(problem) for problem in graph.problems],
    }


def _stack(stack: StackNode) -> dict[str, Any]:
    tenant = stack.tenant
    return {
        "name": stack.name,
        "file": stack.file,
        "environment": stack.environment,
        "cluster": stack.cluster,
        "tenant": tenant
        and {
            "name": tenant.name,
            "namespace": tenant.namespace,
            "displayName": tenant.display_name,
            "existing": tenant.existing,
            "line": tenant.line,
            "problems": list(tenant.problems),
        },
        "integrations": [_integration(each) for each in tenant.integrations] if tenant else [],
        "settings": [_settings(each) for each in tenant.settings] if tenant else [],
        "projects": [_project(each) for each in tenant.projects] if tenant else [],
        "problems": list(stack.problems),
    }


def _integration(integration: IntegrationNode) -> dict[str, Any]:
    return {
        "name": integration.name,
        "made": integration.made,
        "feeds": integration.feeds,
        "overridden": integration.overridden,
        "credential": integration.credential,
        "line": integration.line,
        "problems": list(integration.problems),
    }


def _settings(settings: SettingsNode) -> dict[str, Any]:
    return {
        "name": settings.name,
        "namespace": settings.namespace,
        "binding": settings.binding.value,
        "integration": settings.integration,
        "default": settings.default,
        "own": settings.own,
        "line": settings.line,
        "problems": list(settings.problems),
    }


def _project(project: ProjectNode) -> dict[str, Any]:
    return {
        "name": project.name,
        "source": project.source.value,
        "settings": project.settings,
        "own": project.own,
        "reason": project.reason,
        "line": project.line,
        "problems": list(project.problems),
    }
