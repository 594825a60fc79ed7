"""The rules: what must hold, each with a stable code, one function and one page.

A rule reads a stack or a workspace and yields diagnostics. It never raises and never changes anything.
Its docstring and its origins are its page, in the documentation and in `paletteai explain`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

from paletteai_components.diagnostics import Diagnostic, Severity, in_order
from paletteai_components.rules import (
    bindings,
    cluster,
    credentials,
    environments,
    fallback,
    files,
    naming,
    reuse,
    schemas,
    status,
)
from paletteai_components.rules.rule import Rule, Scope
from paletteai_components.rules.silence import silence_diagnostics, with_silenced
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        bindings.integration_bound_once,
        bindings.secret_used_once,
        reuse.credential_used_once,
        fallback.project_resolves_to_an_integration,
        fallback.reference_leads_somewhere,
        naming.identity_is_unique,
        naming.name_is_valid,
        naming.display_name_is_plain,
        credentials.credential_is_complete,
        credentials.key_is_encrypted,
        bindings.declaration_is_used,
        files.file_is_understood,
        fallback.shared_cluster_only_is_true,
        files.file_name_agrees,
        fallback.project_has_a_compute_config,
        schemas.manifest_fits_the_cluster,
        cluster.namespace_is_there,
        cluster.object_is_new,
        cluster.field_is_declared,
        credentials.encryption_is_not_shared,
        environments.cluster_is_named,
        status.object_is_ready,
        status.effective_settings_agree,
    )
}


OF_EACH = tuple(rule for rule in RULES.values() if rule.scope is Scope.STACK)
"""The rules about one stack, whatever others there are."""
OF_ALL = tuple(rule for rule in RULES.values() if rule.scope is not Scope.STACK)
"""The rules about a workspace."""

_CHECKED = {
    Scope.STACK: "in each stack file separately",
    Scope.WORKSPACE: "across all stack files",
    Scope.CLUSTER: "by `pulumi preview` and `up`, against the cluster that the stack is deployed to",
    Scope.LIVE: "by `paletteai doctor`, and by `paletteai check --manifests FILE` if the objects have a `status`",
}


def diagnostics_of(workspace: Workspace, known: dict[int, list[Diagnostic]] | None = None) -> list[Diagnostic]:
    """Every problem of the workspace and of each of its stacks, in order. Those that are silenced come last.

    Args:
        workspace: The workspace.
        known: The problems that each stack has by itself, by the `id` of the stack. Those that it lacks are added: two
            workspaces may have most of their stacks in common.
    """
    if known is None:
        return completed(found_by(RULES.values(), workspace), workspace)
    for stack in workspace.stacks:
        if id(stack) not in known:
            known[id(stack)] = list(found_by(OF_EACH, Workspace((stack,))))
    own = (diagnostic for stack in workspace.stacks for diagnostic in known[id(stack)])
    return completed([*own, *found_by(OF_ALL, workspace)], workspace)


def diagnostics_of_stack(stack: Stack) -> list[Diagnostic]:
    """Every problem of one stack, checked without the others, in order."""
    return diagnostics_of(Workspace((stack,)))


def page_of(rule: Rule) -> str:
    """A rule's page, as Markdown."""
    kind = "" if rule.severity is Severity.ERROR else f"\nA {rule.severity.value}: it does not refuse the plan."
    page = inspect.cleandoc(rule.check.__doc__ or "")
    origins = "\n".join(f"- **{origin.value}**: {says}".replace("\n", "\n  ") for origin, says in rule.origins.items())
    head = f"# {rule.code}: {rule.holds}\n\nChecked {_CHECKED[rule.scope]}.{kind}"
    return f"{head}\n\n{page}\n\n## Where this is from\n\n{origins}\n"


def index_page() -> str:
    """The page that lists every rule, as Markdown."""
    lines = [f"| [{rule.code}]({rule.code}.md) | {rule.holds} | {rule.severity.value} |" for rule in RULES.values()]
    table = "\n".join(["| code | what must hold | severity |", "|---|---|---|", *lines])
    return (
        "# Rules\n\nWhat must hold, by code; each page says why, how to fix it, and where its statements are from.\n"
        "An error refuses the plan, a warning does not.\n"
        "`paletteai explain CODE` prints the same page.\n\n"
        f"{table}\n\n"
        "[A stack file](../stack-file.md) can silence a rule's warnings with `paletteai:silence`, with a reason.\n"
    )


def found_by(rules: Iterable[Rule], workspace: Workspace) -> Iterator[Diagnostic]:
    """What some of the rules find: a part of what `completed` takes."""
    for rule in rules:
        if rule.scope is not Scope.STACK:
            yield from rule.check(workspace)
            continue
        for stack in workspace.stacks:
            if stack.is_complete or rule.holds_for_parts:
                yield from rule.check(stack)


def completed(found: Iterable[Diagnostic], workspace: Workspace) -> list[Diagnostic]:
    """Every problem of the workspace, of what each of the rules has found: see `diagnostics_of`."""
    silences = (diagnostic for stack in workspace.stacks for diagnostic in silence_diagnostics(stack, RULES))
    return in_order(with_silenced([*workspace.diagnostics, *silences, *found], workspace, RULES))
