"""`paletteai plan`: what the stack files declare."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.paragraph import paragraphs_on
from paletteai_components.cli.output.report import as_json, counted, plural, show_json, show_with_summary
from paletteai_components.cli.output.tree import Tree
from paletteai_components.cli.output.tree import show as show_tree
from paletteai_components.cli.selection import Choice, Selection, choosing_stacks, selected
from paletteai_components.diagnostics import Diagnostic, escaped, reported
from paletteai_components.listing import listed
from paletteai_components.naming import display_name_problem
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.cli.schema import plan as printed
    from paletteai_components.model.plan import Plan, PlannedProject
    from paletteai_components.model.planned import PlannedSettings
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack

# Up to this many projects that fall back the same way get a line each.
_SHOWN = 25
# Up to this many stacks get a tree each.
_FEW = 10
_KINDS = ("Namespace", "Tenant", "Project", "Settings", "Secret")
# By the source of a project's integration.
_STYLES = {
    "own": "magenta",
    "settingsRef": "cyan",
    "fallback": "green",
    "sharedClusterOnly": "yellow",
    "nowhere": "bold red",
}
# By `onRemoval`.
_REMOVALS = {
    "retain": ("on removal: everything stays on the cluster", "yellow"),
    "delete": ("on removal: everything is deleted", "bold red"),
}


@click.command("plan", cls=Command)
@choosing_stacks
@in_a_format("text", "json")
@to_a_file
@click.option(
    "--tree/--table",
    default=None,
    help=f"A tree of each stack, or a line.  [default: a tree for up to {_FEW} stacks]",
)
@click.pass_context
def command(ctx: click.Context, choice: Choice, folder: StackFolder, output_format: str, tree: bool | None) -> None:
    """Show what the chosen stacks declare: tenants, Settings and projects.

    Shows where each project's Palette integration comes from. The cluster is not read;
    `paletteai preview ENV` shows what would change there.
    """
    selection = selected(choice, folder)
    planned = [(stack, stack.plan) for stack in selection.stacks]
    if output_format == "json":
        value: printed.Plan = {
            "stacks": [_plan_as_json(stack, plan) for stack, plan in planned if plan],
            "problems": [as_json(diagnostic) for diagnostic in selection.diagnostics],
        }
        show_json(value)
        ctx.exit(selection.exit_code)
    if tree if tree is not None else len(planned) <= _FEW:
        for stack, plan in planned:
            if plan:
                show_tree(_stack_tree(stack, plan))
    else:
        click.echo("\n".join(_table(selection)))
    total = Counter(each.kind for stack in selection.stacks for each in stack.objects)
    for line in paragraphs_on(sys.stdout)(f"{plural(len(planned), 'stack')}: {_object_counts(total)}", "  "):
        click.echo(line)
    show_with_summary(selection.diagnostics)
    ctx.exit(selection.exit_code)


def _table(selection: Selection) -> Iterator[str]:
    """A line for each stack."""
    rows: list[tuple[str, ...]] = [("STACK", "CLUSTER", "SETTINGS", "PROJECTS", "OBJECTS", "PROBLEMS")]
    problems: dict[str, list[Diagnostic]] = defaultdict(list)
    for diagnostic in reported(selection.diagnostics):
        for file in {location.file for location in diagnostic.where}:
            problems[file].append(diagnostic)
    for stack in selection.stacks:
        settings = len(list(stack.plan.settings)) if stack.plan else 0
        projects = len(stack.plan.projects) if stack.plan else 0
        numbers = (f"{number:,}" for number in (settings, projects, sum(1 for _ in stack.objects)))
        of_stack = problems[stack.file]
        rows.append((stack.name, redacted(stack.cluster or "-"), *numbers, counted(of_stack) if of_stack else "-"))
    widths = [max(len(escaped(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (
            f"{escaped(cell):{'>' if 1 < column < 5 else '<'}{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def _object_counts(objects: Counter[str]) -> str:
    kinds = ", ".join(
        plural(objects[kind], kind) if kind != "Settings" else f"{objects[kind]:,} Settings"
        for kind in _KINDS
        if objects[kind]
    )
    return f"{plural(objects.total(), 'object')} would be written" + (f": {kinds}" if kinds else "")


def _stack_tree(stack: Stack, plan: Plan) -> Tree:
    tenant = plan.tenant
    cluster = f"cluster {redacted(stack.cluster)}" if stack.cluster else "no cluster named"
    root = Tree([(stack.name, "bold"), (f"  environment {named(stack.environment)}, {cluster}", "dim")])
    line = root.add(("Tenant ", ""), (named(tenant.name), "bold"))
    # A display name that a rule refuses may be anything, even a key.
    if tenant.spec.display_name and display_name_problem(tenant.spec.display_name) is None:
        line.parts.append((f" “{named(tenant.spec.display_name)}”", ""))
    if tenant.spec.existing:
        line.parts.append(("  external, only referred to", "yellow"))
    if removal := _REMOVALS.get(tenant.spec.on_removal):
        line.parts += [("  ", ""), removal]
    line = root.add(("Namespace ", ""), (named(tenant.namespace), "bold"))
    if tenant.spec.existing or not tenant.spec.create_namespace:
        line.parts.append(("  external", "yellow"))
    for settings in tenant.settings:
        role = "the default of its projects" if settings is tenant.default else ""
        root.branches.append(_settings_tree(settings, role))
    root.branches.extend(_project_trees(plan))
    return root


def _settings_tree(settings: PlannedSettings, role: str) -> Tree:
    line = Tree([("Settings ", ""), (named(str(settings)), "bold")])
    if not settings.managed:
        line.parts.append(("  external", "yellow"))
    elif settings.palette is not None:
        line.parts += [("  integration ", "dim"), (_integration_name(settings) or "not declared", "green")]
    for secret in settings.secrets:
        line.parts.append((f", Secret {named(secret.name)}", "dim"))
        if not secret.managed:
            line.parts.append((f" for {secret.type}, external", "yellow"))
    if role:
        line.parts.append((f"  ({role})", ""))
    return line


def _project_trees(plan: Plan) -> Iterator[Tree]:
    plain = [project for project in plan.projects if _is_plain(project, plan)]
    together = {project.name for project in plain} if len(plain) > _SHOWN else set()
    shown = [project for project in plan.projects if project.name not in together]
    width = min(max((len(named(project.name)) for project in shown), default=0), 32)
    bound = min(max((len(_integration_text(project)) for project in shown), default=0), 32)
    for project in shown:
        line = Tree([("Project ", ""), (f"{named(project.name):<{width}}", "bold")])
        line.parts += [("  ", ""), (f"{_integration_text(project):<{bound}}", _STYLES[project.source])]
        line.parts.append((f"  {project.reason}", "dim"))
        if not project.spec.create_namespace:
            line.add(("its namespace is external, yet deleting the Project also deletes it", "yellow"))
        if project.on_removal is not plan.tenant.spec.on_removal:
            line.add(_REMOVALS.get(project.on_removal, ("on removal: refused", "")))
        if project.own is not None:
            line.branches.append(_settings_tree(project.own, ""))
        yield line
    if together:
        first = plain[0]
        line = Tree([(f"{len(plain):,} projects", "bold")])
        line.parts += [("  ", ""), (_integration_text(first), _STYLES[first.source]), (f"  {first.reason}: ", "dim")]
        line.parts.append((listed((named(project.name) for project in plain), 5), ""))
        yield line


def _is_plain(project: PlannedProject, plan: Plan) -> bool:
    return (
        project.source == "fallback"
        and not project.merged
        and project.spec.create_namespace
        and project.on_removal is plan.tenant.spec.on_removal
    )


def _integration_text(project: PlannedProject) -> str:
    if project.effective_settings is None:
        return "none"
    if not project.effective_settings.managed:
        return "external"
    return _integration_name(project.effective_settings) or "not declared"


def _integration_name(settings: PlannedSettings) -> str | None:
    # A reference to nothing declared may be anything, even a key.
    return named(settings.palette) if settings.palette is not None and settings.integration else None


def _plan_as_json(stack: Stack, plan: Plan) -> printed.PlannedStack:
    tenant = plan.tenant
    own = [project.own for project in plan.projects if project.own is not None]
    objects = Counter(each.kind for each in stack.objects)
    return {
        "name": stack.name,
        "environment": named(stack.environment),
        "cluster": stack.cluster and redacted(stack.cluster),
        "tenant": {
            "name": named(tenant.name),
            "namespace": named(tenant.namespace),
            "existing": tenant.spec.existing,
            "default": named(tenant.default.name) if tenant.default else None,
        },
        "settings": [_settings_as_json(settings) for settings in (*tenant.settings, *own)],
        "projects": [
            {
                "name": named(project.name),
                "namespace": named(project.namespace),
                "source": project.source,
                "settings": named(str(project.effective_settings)) if project.effective_settings else None,
                "integration": _integration_name(project.effective_settings) if project.effective_settings else None,
                "reason": project.reason,
            }
            for project in plan.projects
        ],
        "objects": {
            "Namespace": objects["Namespace"],
            "Tenant": objects["Tenant"],
            "Project": objects["Project"],
            "Settings": objects["Settings"],
            "Secret": objects["Secret"],
        },
    }


def _settings_as_json(settings: PlannedSettings) -> printed.PlannedSettings:
    return {
        "name": named(settings.name),
        "namespace": named(settings.namespace),
        "owner": named(settings.owner),
        "integration": _integration_name(settings),
        "secrets": [
            {
                "name": named(secret.name),
                "namespace": named(secret.namespace),
                "type": secret.type,
                "made": secret.managed,
            }
            for secret in settings.secrets
        ],
    }
