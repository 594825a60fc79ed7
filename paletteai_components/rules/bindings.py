"""Rules about bindings: integrations and Secrets are bound once, and every declaration is used."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import ProjectSpec, TenantSpec
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks import ownership
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

_MANAGED_TENANT_FIELDS = {
    *("display_name", "description", "groups", "create_namespace", "extra_spec"),
    *("namespace_labels", "namespace_annotations"),
}
_OF_NAMESPACES = ("namespace_labels", "namespace_annotations")
_OF_SECRETS = ("secret_name", "secret_labels", "secret_annotations")


@rule(
    "PAI001",
    "An integration is bound to one Settings only",
    origins={
        Origin.FOUNDING_DOCUMENT: "No two Settings may share a Palette integration, "
        "because of race conditions on compute such as edge devices."
    },
)
def integration_bound_once(stack: Stack) -> Iterator[Diagnostic]:
    """Two Settings with one Palette integration race for the compute that it discovers.

    Wrong, because the tenant and a project bind the integration `shared`:

    ```yaml
    paletteai:tenant:
      settings:
        default: {palette: shared}
      projects:
        - {name: vision, settings: {palette: shared}}
    ```

    Bind it in the tenant's default Settings instead and leave `settings` out of the project.
    The project then falls back to the tenant's.
    A project that must be kept apart needs an integration with another key.
    """
    if stack.plan and not stack.is_observed:
        claims = (
            claim
            for settings in stack.plan.settings
            for claim in ownership.binding_claims(settings, stack, code="PAI001")
        )
        yield from map(ownership.conflict, ownership.conflicts(claims))


@rule(
    "PAI002",
    "A Secret is used by one Settings only, in that Settings' namespace",
    Scope.WORKSPACE,
    origins={
        Origin.FOUNDING_DOCUMENT: "The Secret is in the namespace of its Settings, and no two Settings may share one.",
        Origin.OWN: "A stack without a cluster of its own shares one with the stacks of its environment.",
    },
)
def secret_used_once(workspace: Workspace) -> Iterator[Diagnostic]:
    """A Settings takes its credentials from a Secret in its own namespace.

    Two Settings that share a Secret share its credentials.
    They race like two Settings that share an integration.

    All stacks of one cluster are checked together.
    A stack's cluster is `paletteai:cluster`, or else `kubernetes:context`.
    A stack that names neither is compared with every stack of its environment.

    An existing Secret has to be in the namespace of the Settings.
    One that is written as `namespace/name` is refused if the namespace is another one.
    To fix it, create the Secret in the Settings' namespace and refer to it by name only.
    """
    claims: list[ownership.Claim] = []
    bound = ((stack, settings) for stack, plan in workspace.planned for settings in plan.settings)
    for stack, settings in bound:
        if not stack.identified:
            continue
        claims.extend(ownership.binding_claims(settings, stack, code="PAI002"))
        for secret in settings.secrets:
            if secret.namespace != settings.namespace:
                yield Diagnostic(
                    "PAI002",
                    f"Secret `{named(secret.namespace)}/{named(secret.name)}` is not in the namespace of Settings "
                    f"`{named(str(settings))}`, which takes its credentials from its own namespace.",
                    "Create the Secret in the Settings' namespace, and refer to it by name only.",
                    (stack.location(*secret.path),),
                )
    yield from map(ownership.conflict, ownership.conflicts_on_clusters(claims))


@rule(
    "PAI011",
    "Every declaration is used",
    severity=Severity.WARNING,
    holds_for_parts=False,
    origins={
        Origin.OWN: "Nothing is written to the cluster for an integration that no Settings binds, "
        "or for these fields.\nA silence applies to warnings and notes only.",
        Origin.BELIEF: "A Settings without an integration has no effect.",
    },
)
def declaration_is_used(stack: Stack) -> Iterator[Diagnostic]:
    """A declaration without effect is often a leftover or a typing mistake.

    These declarations have no effect:

    - an integration that no Settings binds,
    - `secretName`, `secretLabels` and `secretAnnotations` of a Settings whose Secret this stack does not write,
    - `namespaceLabels` and `namespaceAnnotations` beside `createNamespace: false`,
    - fields of an external Tenant, and
    - an entry of `paletteai:silence` for which the stack has no warning.

    A Settings without any integration probably has none.

    A silence is only judged where its rule was checked completely.
    What depends on the cluster's answers is judged in a preview that got them.
    A stack that ESC environments add to, or whose file is partly invalid, is not judged.

    Use the declaration or delete it, and revoke a key that is no longer used.
    """
    if stack.spec is None or stack.plan is None:
        return
    bound = {settings.palette for settings in stack.plan.settings}
    # A binding with a wrong name (PAI005) probably means one of the unused integrations.
    dangles = any(name is not None and name not in stack.spec.integrations for name in bound)
    for name in stack.spec.integrations:
        if name not in bound and not dangles:
            yield _unused(
                f"integration `{named(name)}` is not bound to a Settings, so it is unused",
                f"Bind it with `palette: {named(name)}`, or delete it and revoke its key.",
                stack.location("integrations", name),
            )
    tenant = stack.spec.tenant
    for field in sorted(tenant.model_fields_set & _MANAGED_TENANT_FIELDS) if tenant.existing else ():
        name = to_camel(field)
        yield _unused(
            f"`{name}` of tenant `{named(tenant.name)}` has no effect: the Tenant is external",
            "Delete it, or set it where the Tenant is managed.",
            stack.location("tenant", name),
        )
    for settings in stack.plan.settings:
        if not settings.secrets:
            yield _unused(
                f"Settings `{named(str(settings))}` has no integration, so it probably has no effect",
                "Add `palette`, `huggingFace` or `nvidia`, or delete it.",
                stack.location(*settings.path),
            )
        secret = settings.palette_secret
        for field in _OF_SECRETS if not stack.is_observed and (secret is None or not secret.managed) else ():
            if getattr(settings.spec, field) is not None:
                yield _unused(
                    f"`{to_camel(field)}` of Settings `{named(str(settings))}` has no effect: no Secret is written for "
                    "it",
                    "Delete it.",
                    stack.location(*settings.path, to_camel(field)),
                )
    owners: list[tuple[str, TenantSpec | ProjectSpec, Path]] = [
        (f"project `{named(each.name)}`", each.spec, each.path) for each in stack.plan.projects
    ]
    owners += [] if tenant.existing else [(f"tenant `{named(tenant.name)}`", tenant, ("tenant",))]
    for owner, spec, path in owners:
        for field in () if spec.create_namespace else _OF_NAMESPACES:
            if getattr(spec, field) is not None:
                yield _unused(
                    f"`{to_camel(field)}` of {owner} has no effect: this stack does not create the namespace",
                    "Delete it, or leave out `createNamespace: false`.",
                    stack.location(*path, to_camel(field)),
                )


def _unused(fact: str, remedy: str, location: SourceLocation) -> Diagnostic:
    return Diagnostic("PAI011", f"{fact}.", remedy, (location,), Severity.WARNING)
