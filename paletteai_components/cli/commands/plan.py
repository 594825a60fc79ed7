"""`paletteai plan`: what the stack files amount to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from paletteai_components.cli.output.report import as_json, counted, plural, show, show_json
from paletteai_components.cli.output.tree import Tree
from paletteai_components.cli.output.tree import show as show_tree
from paletteai_components.cli.selection import choosing_stacks, selected
from paletteai_components.kube.manifests import objects_of
from paletteai_components.listing import listed
from paletteai_components.model.plan import PlannedProject, Topology
from paletteai_components.model.planned import PlannedSettings, Source
from paletteai_components.model.spec import OnRemoval
from paletteai_components.naming import display_name_problem
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.stack import Stack

# How many projects of a stack that all fall back the same way are shown one by one.
_SHOWN = 25
_KINDS = ("Namespace", "Tenant", "Project", "Settings", "Secret")
_STYLES = {
    Source.OWN: "magenta",
    Source.SETTINGS_REF: "cyan",
    Source.FALLBACK: "green",
    Source.SHARED_CLUSTER_ONLY: "yellow",
    Source.NOWHERE: "bold red",
}
_REMOVALS = {
    OnRemoval.RETAIN: ("on removal: everything stays on the cluster", "yellow"),
    OnRemoval.DELETE: ("on removal: everything is deleted", "bold red"),
}


@click.command("plan")
@choosing_stacks
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], folder: Path, form: str) -> None:
    """Show what the named STACKs amount to: tenants, Settings, projects and where each project's
    Palette integration comes from.

    What the cluster already has is not known here; `pulumi preview` shows what would change.
    """
    selection = selected(names, folder)
    planned = [(stack, stack.topology) for stack in selection.stacks]
    if form == "json":
        stacks = [_as_json(stack, topology) for stack, topology in planned if topology]
        show_json({"stacks": stacks, "problems": [as_json(problem) for problem in selection.problems]})
        ctx.exit(selection.exit_code)
    for stack, topology in planned:
        if topology:
            show_tree(_tree(stack, topology))
    total = sum((_objects(stack, topology) for stack, topology in planned if topology), Counter[str]())
    click.echo(f"{plural(len(planned), 'stack')}: {_listed(total)}")
    if selection.problems:
        show(selection.problems, err=True)
        click.echo(f"{counted(selection.problems)}; `paletteai explain CODE` says more.", err=True)
    ctx.exit(selection.exit_code)


def _objects(stack: Stack, topology: Topology) -> Counter[str]:
    return Counter(each.kind for each in objects_of(topology, stack.vendor))


def _listed(objects: Counter[str]) -> str:
    kinds = ", ".join(
        plural(objects[kind], kind) if kind != "Settings" else f"{objects[kind]:,} Settings"
        for kind in _KINDS
        if objects[kind]
    )
    return f"{plural(objects.total(), 'object')} written" + (f": {kinds}" if kinds else "")


def _tree(stack: Stack, topology: Topology) -> Tree:
    tenant = topology.tenant
    cluster = f"cluster {redacted(stack.cluster)}" if stack.cluster else "no cluster named"
    root = Tree([(stack.name, "bold"), (f"  environment {named(stack.environment)}, {cluster}", "dim")])
    line = root.add(("Tenant ", ""), (named(tenant.name), "bold"))
    # One that is refused may be anything, a key too.
    if tenant.spec.display_name and display_name_problem(tenant.spec.display_name) is None:
        line.parts.append((f" “{named(tenant.spec.display_name)}”", ""))
    if tenant.spec.existing:
        line.parts.append(("  made elsewhere, only referred to", "yellow"))
    if said := _REMOVALS.get(tenant.spec.on_removal):
        line.parts += [("  ", ""), said]
    line = root.add(("Namespace ", ""), (named(tenant.namespace), "bold"))
    if tenant.spec.existing or not tenant.spec.create_namespace:
        line.parts.append(("  made elsewhere", "yellow"))
    for settings in tenant.settings:
        role = "the default of its projects" if settings is tenant.default else ""
        root.branches.append(_settings(settings, role))
    root.branches.extend(_projects(topology))
    return root


def _settings(settings: PlannedSettings, role: str) -> Tree:
    line = Tree([("Settings ", ""), (named(str(settings)), "bold")])
    if not settings.made:
        line.parts.append(("  made elsewhere", "yellow"))
    elif settings.palette is not None:
        line.parts += [("  integration ", "dim"), (_declared(settings) or "not declared", "green")]
    for secret in settings.secrets:
        line.parts.append((f", Secret {named(secret.name)}", "dim"))
        if not secret.made:
            line.parts.append((f" for {secret.type}, made elsewhere", "yellow"))
    if role:
        line.parts.append((f"  ({role})", ""))
    return line


def _projects(topology: Topology) -> Iterator[Tree]:
    plain = [project for project in topology.projects if _is_plain(project, topology)]
    together = {project.name for project in plain} if len(plain) > _SHOWN else set()
    shown = [project for project in topology.projects if project.name not in together]
    width = min(max((len(named(project.name)) for project in shown), default=0), 32)
    bound = min(max((len(_integration(project)) for project in shown), default=0), 32)
    for project in shown:
        line = Tree([("Project ", ""), (f"{named(project.name):<{width}}", "bold")])
        line.parts += [("  ", ""), (f"{_integration(project):<{bound}}", _STYLES[project.source])]
        line.parts.append((f"  {project.reason}", "dim"))
        if not project.spec.create_namespace:
            line.add(("its namespace is made elsewhere, yet deleting the Project deletes it too", "yellow"))
        if project.on_removal is not topology.tenant.spec.on_removal:
            line.add(_REMOVALS.get(project.on_removal, ("on removal: refused", "")))
        if project.own is not None:
            line.branches.append(_settings(project.own, ""))
        yield line
    if together:
        first = plain[0]
        line = Tree([(f"{len(plain):,} projects", "bold")])
        line.parts += [("  ", ""), (_integration(first), _STYLES[first.source]), (f"  {first.reason}: ", "dim")]
        line.parts.append((listed((named(project.name) for project in plain), 5), ""))
        yield line


def _is_plain(project: PlannedProject, topology: Topology) -> bool:
    return (
        project.source is Source.FALLBACK
        and not project.merged
        and project.spec.create_namespace
        and project.on_removal is topology.tenant.spec.on_removal
    )


def _integration(project: PlannedProject) -> str:
    if project.provider is None:
        return "none"
    if not project.provider.made:
        return "made elsewhere"
    return _declared(project.provider) or "not declared"


def _declared(settings: PlannedSettings) -> str | None:
    # A reference that leads nowhere may be anything, a key too.
    return named(settings.palette) if settings.palette is not None and settings.integration else None


def _as_json(stack: Stack, topology: Topology) -> dict[str, Any]:
    tenant = topology.tenant
    own = [project.own for project in topology.projects if project.own is not None]
    objects = _objects(stack, topology)
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
                "source": project.source.value,
                "settings": named(str(project.provider)) if project.provider else None,
                "integration": _declared(project.provider) if project.provider else None,
                "reason": project.reason,
            }
            for project in topology.projects
        ],
        "objects": {kind: objects[kind] for kind in _KINDS},
    }


def _settings_as_json(settings: PlannedSettings) -> dict[str, Any]:
    return {
        "name": named(settings.name),
        "namespace": named(settings.namespace),
        "owner": named(settings.owner),
        "integration": _declared(settings),
        "secrets": [
            {
                "name": named(secret.name),
                "namespace": named(secret.namespace),
                "type": secret.type.value,
                "made": secret.made,
            }
            for secret in settings.secrets
        ],
    }
