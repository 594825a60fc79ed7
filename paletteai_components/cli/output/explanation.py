"""The explanation of a project: as a tree, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, cast

import click

from paletteai_components.cli.output.report import as_json, counted, plural, show, show_json
from paletteai_components.cli.output.tree import Tree
from paletteai_components.cli.output.tree import show as show_tree
from paletteai_components.credentials import host_of, host_problem
from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.listing import listed
from paletteai_components.model.planned import IntegrationType, Source
from paletteai_components.model.resolution import INTEGRATION_NAMES, Outcome, Step
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named, redacted
from paletteai_components.shell import command, exactly, folder_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.views.explanation import Explanation, Inherited, Resolution

if TYPE_CHECKING:
    from paletteai_components.cli.schema import explanation as printed
    from paletteai_components.cli.schema.problem import Place

_LISTED = 10
_STEPS = {
    Source.OWN: "own Settings",
    Source.SETTINGS_REF: "settingsRef",
    Source.FALLBACK: "the tenant's default",
    Source.SHARED_CLUSTER_ONLY: "sharedClusterOnly",
}
_MERGING = {
    True: "integrations missing from the first Settings come from the tenant's default",
    False: "only the first Settings is used",
}
_STYLES = {Outcome.TAKEN: "bold green", Outcome.UNKNOWN: "yellow", Outcome.PASSED_OVER: "", Outcome.ABSENT: "dim"}


def show_explanation(
    explanation: Explanation, diagnostics: Sequence[Diagnostic], others: int, output_format: str
) -> None:
    """Print an explanation, the problems that concern it, and how many others the stack has."""
    if output_format == "json":
        show_json(_as_json(explanation, diagnostics, others))
        return
    show_tree(_tree(explanation))
    show(diagnostics, err=True)
    if diagnostics or others:
        summary = f"{counted(diagnostics)} with project {named(explanation.project.name)}"
        stack = explanation.stack
        check = command("paletteai check", exactly(stack.name), stacks=folder_of(stack.file))
        more = f"; {plural(others, 'other problem')} in the stack, see `{check}`" if others else ""
        click.echo(summary + more, err=True)


def _tree(explanation: Explanation) -> Tree:
    stack, project = explanation.stack, explanation.project
    cluster = f"cluster {redacted(stack.cluster)}" if stack.cluster else "no cluster named"
    root = Tree([("Project ", ""), (named(project.name), "bold")])
    root.parts.append(
        (f" of tenant {named(project.tenant)}  {stack.name}, environment {named(stack.environment)}, {cluster}", "dim")
    )
    _add_place(root, stack.location(*project.path, "name"))
    for resolution in explanation.resolutions:
        root.branches.append(_resolution(resolution, stack))
    merges = bool(stack.spec and stack.spec.merged_settings)
    merging = Tree([("mergedSettings  ", ""), (str(merges).lower(), "bold"), (f"  {_MERGING[merges]}", "dim")])
    if stack.spec and "merged_settings" in stack.spec.model_fields_set:
        _add_place(merging, stack.location("mergedSettings"))
    root.branches.append(merging)
    external = "" if project.spec.create_namespace else "  external"
    root.add(("Namespace ", ""), (named(project.namespace), "bold"), (external, "yellow"))
    for inherited in explanation.inherited:
        root.branches.append(_inherited(inherited))
    return root


def _resolution(resolution: Resolution, stack: Stack) -> Tree:
    settings = resolution.settings
    line = Tree(
        [(f"{INTEGRATION_NAMES[resolution.type]}  ", ""), (_outcome(resolution), "bold" if settings else "yellow")]
    )
    looked_at = [each for each in resolution.steps if each.settings is not None]
    if settings is None and resolution.type is not IntegrationType.PALETTE:
        return line
    if not looked_at and resolution.source is Source.NOWHERE:
        line.parts.append(("  nothing to fall back to", "red"))
    for number, step in enumerate(resolution.steps, 1):
        line.branches.append(_step(number, step, stack))
    if resolution.secret is not None:
        secret = resolution.secret
        external = "" if secret.managed else ", external"
        branch = line.add(("Secret ", ""), (named(f"{secret.namespace}/{secret.name}"), "bold"), (external, "yellow"))
        _add_place(branch, stack.location(*secret.path))
    if settings is not None and resolution.type is IntegrationType.PALETTE:
        _add_credential(line, resolution, stack)
    if settings is not None:
        others = listed(map(named, resolution.projects), _LISTED)
        users = f"also used by {others}" if others else "used by no other project of this stack"
        line.add((f"Settings {named(str(settings))} {users}", ""))
    return line


def _outcome(resolution: Resolution) -> str:
    settings = resolution.settings
    if settings is None:
        return "none"
    if not settings.managed:
        return f"from Settings {named(str(settings))}, external"
    key = _key(resolution)
    given_by = f"integration {named(key)} from " if key else ""
    return f"{given_by}Settings {named(str(settings))}"


def _key(resolution: Resolution) -> str | None:
    # An undeclared reference may be anything, even a key.
    settings = resolution.settings
    if resolution.type is not IntegrationType.PALETTE or settings is None or settings.integration is None:
        return None
    return settings.palette


def _step(number: int, step: Step, stack: Stack) -> Tree:
    settings = f"{named(str(step.settings))}, " if step.settings else ""
    line = Tree([(f"{number}. {_STEPS[step.source]}: ", "")])
    result = step.why if step.outcome is Outcome.ABSENT else f"{settings}{step.outcome}: {step.why}"
    line.parts.append((result, _STYLES[step.outcome]))
    _add_place(line, _location(step, stack))
    return line


def _location(step: Step, stack: Stack) -> SourceLocation | None:
    return None if step.path is None else stack.location(*step.path)


def _add_credential(line: Tree, resolution: Resolution, stack: Stack) -> None:
    settings = resolution.settings
    if settings is None or not settings.managed:
        return
    integration, key = settings.integration, _key(resolution)
    if integration is None or key is None:
        line.add(("integration not declared", "red"))
        return
    branch = line.add((f"integration {named(key)}  ", ""), (_credential(integration), "dim"))
    _add_place(branch, stack.location("integrations", key))
    for use in resolution.uses[:_LISTED]:
        feeds = line.add(
            (f"Settings {named(str(use.settings))} of {use.stack} carries the same credential: {use.how}", "red")
        )
        _add_place(feeds, use.location)
    if len(resolution.uses) > _LISTED:
        line.add((f"and {len(resolution.uses) - _LISTED:,} more Settings", "red"))
    if not resolution.uses:
        is_known = _recognised_by(integration) is not None
        unsure = "" if is_known else ", but this is uncertain without a fingerprint or `credential`"
        line.add((f"no other Settings carries this credential{unsure}", "" if is_known else "yellow"))


def _credential(integration: IntegrationSpec) -> str:
    if integration.existing_secret is not None:
        return "existing Secret"
    parts = (
        f"on {_host(integration) or 'an invalid host'}",
        f"Palette tenant {redacted(integration.tenant)}" if integration.tenant else "no Palette tenant",
        f"default project {redacted(integration.default_project_id)}"
        if integration.default_project_id
        else "no default project",
    )
    return ", ".join(parts)


def _host(integration: IntegrationSpec) -> str | None:
    # An invalid URL may hold a password.
    if not integration.host_url or host_problem(integration.host_url):
        return None
    return redacted(host_of(integration.host_url))


def _recognised_by(integration: IntegrationSpec) -> Literal["fingerprint", "credential"] | None:
    if integration.fingerprint_in_force:
        return "fingerprint"
    return "credential" if integration.credential else None


def _inherited(inherited: Inherited) -> Tree:
    value = inherited.value
    if isinstance(value, dict):
        value = "  ".join(f"{key} {', '.join(each) if isinstance(each, list) else each}" for key, each in value.items())
    line = Tree([(f"{inherited.field}  ", ""), (str(value or "none"), "bold")])
    origin = {"project": "set here", "tenant": "from the tenant", "default": "not set"}
    line.parts.append((f"  {origin[inherited.origin]}", "dim"))
    _add_place(line, inherited.location)
    return line


def _add_place(line: Tree, location: SourceLocation | None) -> None:
    if location is not None:
        line.parts.append((f"  ({location})", "dim"))


def _as_json(explanation: Explanation, diagnostics: Sequence[Diagnostic], others: int) -> printed.ExplainedProject:
    stack, project = explanation.stack, explanation.project
    return {
        "stack": stack.name,
        "environment": named(stack.environment),
        "cluster": stack.cluster and redacted(stack.cluster),
        "tenant": named(project.tenant),
        "project": named(project.name),
        "where": _where(stack.location(*project.path, "name")),
        "namespace": {"name": named(project.namespace), "made": project.spec.create_namespace},
        "mergedSettings": bool(stack.spec and stack.spec.merged_settings),
        "integrations": cast(
            "printed.ExplainedIntegrations",
            {each.type.value: _resolution_as_json(each, stack) for each in explanation.resolutions},
        ),
        "inherited": cast(
            "printed.InheritedFields",
            {
                each.field: {"value": each.value, "from": each.origin, "where": _where(each.location)}
                for each in explanation.inherited
            },
        ),
        "problems": [as_json(diagnostic) for diagnostic in diagnostics],
        "otherProblems": others,
    }


def _resolution_as_json(resolution: Resolution, stack: Stack) -> printed.ExplainedIntegration:
    settings, secret, key = resolution.settings, resolution.secret, _key(resolution)
    return {
        "source": resolution.source,
        "chain": [
            {
                "step": each.source,
                "settings": named(str(each.settings)) if each.settings else None,
                "outcome": each.outcome,
                "why": each.why,
                "where": _where(_location(each, stack)),
            }
            for each in resolution.steps
        ],
        "settings": named(str(settings)) if settings else None,
        "secret": {
            "name": named(secret.name),
            "namespace": named(secret.namespace),
            "made": secret.managed,
            "where": _where(stack.location(*secret.path)),
        }
        if secret
        else None,
        "integration": _integration_as_json(key, settings.integration, stack)
        if key and settings and settings.integration
        else None,
        "otherProjects": list(map(named, resolution.projects)),
        "alsoIn": [
            {"stack": use.stack, "settings": named(str(use.settings)), "how": use.how, "where": _where(use.location)}
            for use in resolution.uses
        ],
    }


def _integration_as_json(key: str, integration: IntegrationSpec, stack: Stack) -> printed.ExplainedCredential:
    return {
        "key": named(key),
        "host": _host(integration),
        "tenant": integration.tenant and redacted(integration.tenant),
        "defaultProjectID": integration.default_project_id and redacted(integration.default_project_id),
        "existingSecret": integration.existing_secret is not None,
        "recognisedBy": _recognised_by(integration),
        "where": _where(stack.location("integrations", key)),
    }


def _where(location: SourceLocation | None) -> Place | None:
    return {"file": location.file, "line": location.line} if location else None
