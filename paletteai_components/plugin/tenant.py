"""The component that the package serves: a complete tenant, as a stack file declares it."""

# No `from __future__ import annotations`: the analyzer of the SDK reads the annotations as they are.

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import pulumi

from paletteai_components.components.registration import claims_of, outputs_of, registration
from paletteai_components.components.registry import Registry, admit
from paletteai_components.deployment.previous import previous_deployment_of
from paletteai_components.plugin.inputs import declared_stack
from paletteai_components.plugin.rotation import warn_of_rotation
from paletteai_components.plugin.types import inputs_type
from paletteai_components.redaction import named
from paletteai_components.rules import diagnostics_of_stack

if TYPE_CHECKING:
    TenantInputs = Mapping[str, Any]
else:
    TenantInputs = inputs_type()


class Namespaces(TypedDict):
    """The namespaces of a tenant."""

    tenant: str
    """The tenant namespace, which holds its Settings."""
    projects: list[str]
    """The namespace of each Project, in the order of the Projects."""


class SettingsBinding(TypedDict):
    """What a Settings binds."""

    integration: NotRequired[str]
    """The Palette integration."""
    secret: NotRequired[str]
    """The Secret with its credential, as `namespace/name`."""
    fingerprint: NotRequired[str]
    """The one-way fingerprint of its key."""
    credential: NotRequired[str]
    """The name of the credential in an external Secret."""


class ProjectSource(TypedDict):
    """Where the Palette integration of a Project comes from."""

    source: str
    """`own`, `settingsRef`, `fallback`, `sharedClusterOnly` or `nowhere`."""
    settings: NotRequired[str]
    """The Settings that it comes from, as `namespace/name`."""
    integration: NotRequired[str]
    """The integration."""
    reason: str
    """Where it comes from and why, in words."""


class Tenant:
    """A PaletteAI Tenant with its Settings, their Secrets and all of its Projects, as a stack file declares them.

    Everything is checked before anything is registered. An error lists every problem, each with the path of the input.
    """

    tenant_name: str
    """The name of the Tenant."""
    namespaces: Namespaces
    """The namespaces of the Tenant and of its Projects."""
    settings: dict[str, SettingsBinding]
    """What each Settings binds, by `namespace/name`."""
    projects: dict[str, ProjectSource]
    """Where the Palette integration of each Project comes from, by the Project's name."""

    def __init__(self, name: str, args: TenantInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Checks the tenant against the program so far, then registers it.

        Raises:
            DeclarationError: it is wrong, or another component has one of its objects. Nothing of it is registered.
        """
        stack = declared_stack(f"Tenant {named(name)}", args)
        admit(diagnostics_of_stack(stack), stack)
        plan = stack.plan
        if plan is None:
            raise AssertionError("a stack without a plan was admitted")
        previous = previous_deployment_of(name, plan.tenant.name)
        admit(previous.diagnostics(stack), stack)
        Registry.of_this_program().take(claims_of(stack, plan))
        if any(secret.managed for settings in plan.settings for secret in settings.secrets):
            warn_of_rotation(stack.part, opts)
        outputs = outputs_of(plan)
        self.tenant_name = outputs["tenant"]
        self.namespaces = outputs["namespaces"]
        self.settings = outputs["settings"]
        self.projects = outputs["projects"]
        registered = {
            "tenantName": self.tenant_name,
            "namespaces": self.namespaces,
            "settings": self.settings,
            "projects": self.projects,
        }
        if stack.depends_on:
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=list(stack.depends_on)))
        stack = replace(stack, former_api_versions=previous.api_versions)
        former_urns = {str(each): previous.former_urns(each) for each in plan.settings}
        self._component = registration(name, stack, plan, former_urns, opts, registered).tenant

    @property
    def urn(self) -> pulumi.Output[str]:
        """The URN of the component."""
        return self._component.urn
