"""The registration of a complete plan: a Tenant with its Settings and all of its Projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from paletteai_components.components.project import ProjectComponent
from paletteai_components.components.settings import SettingsComponent, fingerprint_input
from paletteai_components.components.tenant import TenantOwner
from paletteai_components.model import identity
from paletteai_components.model.plan import Plan
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.stacks.ownership import Claim, binding_claims, project_claims, tenant_claims
from paletteai_components.stacks.stack import Stack


@dataclass(frozen=True)
class Registration:
    """What was registered for a plan."""

    tenant: TenantOwner
    """The Tenant's component."""
    projects: tuple[ProjectComponent, ...]
    """The components of its Projects."""

    @property
    def settings(self) -> list[SettingsComponent]:
        """The components of all managed Settings: the tenant's, then those of the Projects."""
        own = (each.integration for each in self.projects if each.integration is not None)
        return [*self.tenant.integrations.values(), *own]


def registration(
    name: str,
    stack: Stack,
    plan: Plan,
    former_urns: Mapping[str, Sequence[str]],
    opts: pulumi.ResourceOptions | None = None,
    outputs: Mapping[str, Any] | None = None,
) -> Registration:
    """Registers a plan without checking it.

    Args:
        name: The logical name of the Tenant's component, with which all others begin.
        stack: The stack that the plan follows from.
        plan: The plan.
        former_urns: Those of each Settings, its component and its Secret, by ``namespace/name`` of the Settings.
        opts: The options of the Tenant's component.
        outputs: The outputs of the Tenant's component, if not those of a `TenantOwner`.
    """

    def former(settings: PlannedSettings) -> Sequence[str]:
        return former_urns.get(str(settings), ())

    own = {each.name: former(each) for each in plan.tenant.settings if each.managed}
    tenant = TenantOwner(name, plan.tenant, stack, opts, former_urns=own, outputs=outputs)
    projects = (
        ProjectComponent(
            identity.logical_name(name, each.name),
            tenant,
            each,
            stack,
            former_urns=former(each.own) if each.own else (),
        )
        for each in plan.projects
    )
    return Registration(tenant, tuple(projects))


def claims_of(stack: Stack, plan: Plan) -> Iterator[Claim]:
    """What a registration claims in its program. The other components there have neither cluster nor environment."""
    yield from tenant_claims(plan.tenant, stack)
    for project in plan.projects:
        yield from project_claims(project, stack)
    for settings in plan.settings:
        # No claim on an integration's name: a credential of the program may have the same one.
        yield from binding_claims(settings, stack, code="PAI002")
        for claim in binding_claims(settings, stack, code="PAI003"):
            # So the owner is not the integration of that name, but that of this plan.
            yield claim._replace(owner=("plan", stack.part, claim.owner))


def outputs_of(plan: Plan) -> dict[str, Any]:
    """The outputs that follow from a plan: its namespaces, the binding of each Settings, the source of each Project."""
    return {
        "tenant": plan.tenant.name,
        "namespaces": {"tenant": plan.tenant.namespace, "projects": [each.namespace for each in plan.projects]},
        "settings": {str(each): _binding(each) for each in plan.settings},
        "projects": {
            each.name: _without_none(
                source=each.source.value,
                settings=str(each.effective_settings) if each.effective_settings else None,
                integration=each.effective_settings.palette if each.effective_settings else None,
                reason=each.reason,
            )
            for each in plan.projects
        },
    }


def _binding(settings: PlannedSettings) -> dict[str, Any]:
    secret, integration = settings.palette_secret, settings.integration
    key = integration.api_key.secret if integration and integration.api_key else None
    return _without_none(
        integration=settings.palette,
        secret=f"{secret.namespace}/{secret.name}" if secret else None,
        fingerprint=fingerprint_input(integration, key),
        credential=integration.credential if integration else None,
    )


def _without_none(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
