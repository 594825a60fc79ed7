"""`paletteai graph`: tenants, Settings and projects as a diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.address import of_a_line
from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.folder import in_a_format, stacks_option
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import counted, json_text, plural
from paletteai_components.cli.selection import Choice, Selection, choosing_stacks, matching, selected
from paletteai_components.diagnostics import reported
from paletteai_components.errors import UserError
from paletteai_components.shell import command as shell_command

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.views.changed_graph import ChangedGraph
    from paletteai_components.views.graph import Graph, StackNode


@click.command("graph", cls=Command)
@choosing_stacks
@in_a_format("mermaid", "html", "json", purpose="A Mermaid flowchart for Markdown, a page for a browser, or JSON.")
@to_a_file
@click.option(
    "--source-url",
    metavar="TEMPLATE",
    callback=of_a_line,
    help="With `--format html`: makes file:line a link. An address with {file} and {line}.",
)
@click.option(
    "--diff",
    "base",
    metavar="BASE",
    help="With `--format html`: marks what changes compared with the git revision BASE.",
)
@click.pass_context
def command(
    ctx: click.Context,
    choice: Choice,
    folder: StackFolder,
    output_format: str,
    source_url: str | None,
    base: str | None,
) -> None:
    """Draw the tenants of the chosen stacks with their Settings and projects.

    Shows where each project's Palette integration comes from, and each problem at what it concerns.
    """
    if output_format != "html" and (source_url is not None or base is not None):
        option = "--diff" if base is not None else "--source-url"
        raise UserError(f"only the page has use for `{option}`, so nothing was drawn.", "Add `--format html`.")
    selection = selected(choice, folder)
    from paletteai_components.stacks.workspace import unread_stacks
    from paletteai_components.views.graph import graph_of

    unread = [each for each in unread_stacks(selection.workspace, folder) if each.name in selection.unreadable]
    graph = graph_of([*selection.stacks, *unread], reported(selection.diagnostics))
    if output_format == "html":
        changed = _changed(graph, selection, choice, folder, base) if base is not None else graph
        text = _page(changed, folder, source_url)
    else:
        text = _drawn(graph, output_format)
    click.echo(text, nl=False)
    _tell_problems(selection, choice, folder, output_format)
    ctx.exit(selection.exit_code)


def _drawn(graph: Graph, output_format: str) -> str:
    if output_format == "json":
        from paletteai_components.cli.output.records import record_as_json

        stacks = [_stack_as_json(stack) for stack in graph.stacks]
        return json_text({"stacks": stacks, "problems": record_as_json(graph.diagnostics)}) + "\n"
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


def _changed(graph: Graph, selection: Selection, choice: Choice, folder: StackFolder, base: str) -> ChangedGraph:
    """What has changed since a revision, with what no graph shows: keys, and whom a changed integration affects."""
    from paletteai_components.changes.difference import difference_between
    from paletteai_components.changes.impact import KeyChange
    from paletteai_components.changes.revision import revision_named, workspace_at
    from paletteai_components.views.changed_graph import Change, What, changed_graph
    from paletteai_components.views.graph import Graph, graph_of

    revision = revision_named(base, folder)
    workspace = workspace_at(revision, folder, selection.workspace)
    difference = difference_between(workspace, selection.workspace)
    names = matching(workspace.stacks, choice, folder)
    chosen = [stack for stack in workspace.stacks if stack.name in names]
    # What could not be read on one side would look new, so it counts as unchanged.
    known = [stack for stack in graph_of(chosen, ()).stacks if stack.name not in difference.uncompared]
    unknown = [stack for stack in graph.stacks if stack.name in difference.uncompared]
    keys = {
        KeyChange.ANOTHER: "another API key",
        KeyChange.ENCRYPTED_AGAIN: "the same API key, encrypted again",
        KeyChange.UNDECIDED: "another API key, or the same one encrypted again",
    }
    others: dict[tuple[str, str, str], Change] = {}
    for each in difference.integrations:
        if each.key is not None:
            others[each.stack, "integrations", each.integration] = Change(What.CHANGED, keys[each.key])
        if each.key is not KeyChange.ENCRYPTED_AGAIN or each.fields:
            affected = Change(What.AFFECTED, f"integration {each.integration} changes")
            others.update(((each.stack, "projects", project), affected) for project in each.projects)
    shown = f"{revision.name} ({revision.commit[:12]})"
    return changed_graph(Graph((*known, *unknown), ()), graph, shown, others, difference.introduced)


def _page(graph: Graph | ChangedGraph, folder: StackFolder, source_url: str | None) -> str:
    from paletteai_components.changes.revision import checkout_of
    from paletteai_components.views.page import About, page_of

    checkout = checkout_of(folder)
    if checkout is None:
        return page_of(graph, About(source_url=source_url))
    return page_of(graph, About(checkout.commit, checkout.branch, checkout.time, checkout.changed, source_url))


def _tell_problems(selection: Selection, choice: Choice, folder: StackFolder, output_format: str) -> None:
    """Say in one line how many problems there are: the diagram has them, or marks what they are about."""
    problems = len(reported(selection.diagnostics))
    if problems:
        check = shell_command(
            "paletteai check",
            *choice.words,
            env=choice.environments,
            cluster=choice.clusters,
            stacks=stacks_option(folder),
        )
        where = f"see the page, or run `{check}`" if output_format == "html" else f"run `{check}` to read them"
        click.echo(f"{plural(problems, 'problem')}: {counted(selection.diagnostics)}; {where}.", err=True)


def _stack_as_json(stack: StackNode) -> dict[str, Any]:
    from paletteai_components.cli.output.records import record_as_json

    tenant, lists = stack.tenant, ("integrations", "settings", "projects")
    # Where a credential is, only the page shows.
    left_out = ("host", "palette_tenant", "secrets")
    return {
        **record_as_json(stack, without=("tenant", "diagnostics")),
        "tenant": record_as_json(tenant, without=lists),
        **{name: record_as_json(getattr(tenant, name, ()), without=left_out) for name in lists},
        "problems": stack.diagnostics,
    }
