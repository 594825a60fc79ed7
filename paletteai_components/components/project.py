"""A Project with its namespace and its own Settings, if it has any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

import pulumi

from paletteai_components.components.declaration import Declaration, extended
from paletteai_components.components.registry import DeclarationError, Registry
from paletteai_components.components.resource import child_options, kubernetes_resource, tenant_child_options
from paletteai_components.components.settings import (
    Placement,
    SettingsArgs,
    SettingsArgsDict,
    SettingsComponent,
    settings_below,
)
from paletteai_components.components.tenant import (
    ComputeConfigRefArgs,
    ComputeConfigRefArgsDict,
    RoleMappingArgs,
    RoleMappingArgsDict,
    TenantOwner,
)
from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.kube.manifests import project_namespace, project_object
from paletteai_components.model import identity
from paletteai_components.model.plan import PlannedProject, planned_project
from paletteai_components.model.spec import OnRemoval
from paletteai_components.redaction import named
from paletteai_components.stacks.ownership import binding_claims, project_claims
from paletteai_components.stacks.stack import Stack

# A Project is checked in a spec of its tenant that has this one project.
_PATH = ("tenant", "projects", 0)


@dataclass
class DeploymentNamespacesArgs:
    """The namespaces that a Project's workloads may be deployed to."""

    allow: Sequence[str] = ()
    """Namespaces that are allowed: names, or patterns such as ``team-*``."""
    disallow: Sequence[str] = ()
    """Namespaces that are refused: names, or patterns."""


class DeploymentNamespacesArgsDict(TypedDict, total=False):
    """`DeploymentNamespacesArgs` as a dict."""

    allow: Sequence[str]
    disallow: Sequence[str]


@dataclass
class ProjectArgs:
    """A Project. Its name is also its namespace's."""

    tenant: TenantOwner
    """The `Tenant` or `TenantReference` that it belongs to."""
    name: str
    """The name of the Project and of its namespace. It cannot be changed later."""
    display_name: str | None = None
    """Letters, digits and spaces."""
    description: pulumi.Input[str] | None = None
    """A sentence for the reader."""
    create_namespace: bool = True
    """False if the namespace is external."""
    settings: SettingsArgs | SettingsArgsDict | None = None
    """Its own Settings, which override the tenant's."""
    settings_ref: str | SettingsComponent | None = None
    """The Settings of the tenant that it uses instead of the fallback: their name or component."""
    shared_cluster_only: bool | None = None
    """True to go without Palette."""
    compute_config_ref: ComputeConfigRefArgs | ComputeConfigRefArgsDict | None = None
    """The ComputeConfig that it deploys with. Default: the tenant's."""
    role_mapping: RoleMappingArgs | RoleMappingArgsDict | None = None
    """The groups that hold each role. Default: the tenant's."""
    deployment_namespaces: DeploymentNamespacesArgs | DeploymentNamespacesArgsDict | None = None
    """The namespaces that its workloads may be deployed to."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of every object of the Project."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Annotations of every object of the Project."""
    namespace_labels: Mapping[str, str] | None = None
    """All labels of the namespace. Default: `labels`."""
    namespace_annotations: Mapping[str, pulumi.Input[str]] | None = None
    """All annotations of the namespace. Default: `annotations`."""
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `spec` that are not modelled, passed through."""
    on_removal: OnRemoval | str | None = None
    """``refuse``, ``retain`` or ``delete``. Default: the tenant's."""
    import_ids: Sequence[str] = ()
    """Objects of the Project that exist and are taken over; see `TenantReferenceArgs`."""


class ProjectArgsDict(TypedDict):
    """`ProjectArgs` as a dict."""

    tenant: TenantOwner
    name: str
    display_name: NotRequired[str]
    description: NotRequired[pulumi.Input[str]]
    create_namespace: NotRequired[bool]
    settings: NotRequired[SettingsArgs | SettingsArgsDict]
    settings_ref: NotRequired[str | SettingsComponent]
    shared_cluster_only: NotRequired[bool]
    compute_config_ref: NotRequired[ComputeConfigRefArgs | ComputeConfigRefArgsDict]
    role_mapping: NotRequired[RoleMappingArgs | RoleMappingArgsDict]
    deployment_namespaces: NotRequired[DeploymentNamespacesArgs | DeploymentNamespacesArgsDict]
    labels: NotRequired[Mapping[str, str]]
    annotations: NotRequired[Mapping[str, pulumi.Input[str]]]
    namespace_labels: NotRequired[Mapping[str, str]]
    namespace_annotations: NotRequired[Mapping[str, pulumi.Input[str]]]
    extra_spec: NotRequired[Mapping[str, Any]]
    on_removal: NotRequired[OnRemoval | str]
    import_ids: NotRequired[Sequence[str]]


class ProjectComponent(pulumi.ComponentResource):
    """A Project with its namespace and its own Settings, if it has any.

    Its outputs are plain values, because they are known before anything is registered.
    """

    project_name: str
    """The Project's name."""
    namespace: str
    """The Project's namespace, which has the same name."""
    source: str
    """Where its Palette integration comes from: ``own``, ``settingsRef``, ``fallback``, ``sharedClusterOnly``
    or ``nowhere``."""
    settings: str | None
    """Its effective Settings, as ``namespace/name``; None without any."""
    integration: SettingsComponent | None
    """The component of its own Settings; None without any."""
    resource: pulumi.CustomResource
    """The Project resource."""

    def __init__(
        self,
        name: str,
        tenant: TenantOwner,
        planned: PlannedProject,
        stack: Stack,
        opts: pulumi.ResourceOptions | None = None,
        former_urns: Sequence[str] = (),
    ) -> None:
        """Registers the objects of a planned Project.

        `former_urns` are those of the component of its own Settings, of those Settings and of their Secret.
        """
        opts = tenant_child_options(tenant, opts)
        effective = str(planned.effective_settings) if planned.effective_settings else None
        # Passed as inputs: registered outputs would add a seventh to the checkpoints of a first deployment.
        inputs = {"namespace": planned.namespace, "source": planned.source.value, "settings": effective}
        super().__init__(identity.PROJECT, name, inputs, opts)
        # The SDK has set them to Outputs, but their values are already known.
        self.project_name, self.namespace = planned.name, planned.namespace
        self.source, self.settings = planned.source.value, effective
        self.integration = None
        used = {planned.spec.settings_ref, planned.effective_settings.name if planned.effective_settings else None}
        before = [*tenant._ready, *(each.settings for name_, each in tenant.integrations.items() if name_ in used)]
        spec, api = planned.spec, stack.api
        if spec.create_namespace:
            options = child_options(self, opts, before, planned.on_removal)
            before = [kubernetes_resource(project_namespace(planned), name, options, api, spec.import_ids)]
        if planned.own is not None:
            placement = Placement(
                planned.own, stack, spec.labels, spec.annotations, before, spec.import_ids, former_urns
            )
            self.integration = settings_below(self, name, placement, opts)
            before = [*before, self.integration.settings]
        options = child_options(self, opts, before, planned.on_removal)
        self.resource = kubernetes_resource(project_object(planned, api), name, options, api, spec.import_ids)


class Project(ProjectComponent):
    """A Project with its namespace and its own Settings, if it has any.

    Its outputs are those of `ProjectComponent`.
    """

    def __init__(
        self, name: str, args: ProjectArgs | ProjectArgsDict, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Checks the Project against the program so far, then registers it.

        Raises:
            DeclarationError: it is wrong, resolves to no Palette integration without `shared_cluster_only`, or
                something else has one of its objects. Nothing of it is registered.
        """
        super().__init__(name, *_admitted(name, args), opts)


def _admitted(name: str, args: object) -> tuple[TenantOwner, PlannedProject, Stack]:
    """The tenant, its new Project, and the declaration of both."""
    declaration = Declaration("Project", name, ProjectArgs, args)
    tenant = declaration.take("tenant", TenantOwner, "a Tenant or TenantReference")
    referred = declaration.stated.get("settings_ref")
    if isinstance(referred, SettingsComponent):
        if referred.namespace != tenant.namespace:
            raise DeclarationError([_foreign_settings(referred, tenant, declaration.part)])
        declaration.stated["settings_ref"] = referred.settings_name
    alone = declaration.spec(_PATH, tenant={"name": tenant.tenant_name, "projects": [declaration.stated]})
    spec = extended(tenant._stack, alone, projects=alone.tenant.projects)
    stack = replace(tenant._stack, spec=spec, part=declaration.part)
    planned = planned_project(spec.tenant.projects[0], tenant._planned, spec.integrations, _PATH)
    bindings = binding_claims(planned.own, stack) if planned.own else ()
    Registry.of_this_program().register(stack, [*project_claims(planned, stack), *bindings])
    return tenant, planned, stack


def _foreign_settings(referred: SettingsComponent, tenant: TenantOwner, part: str) -> Diagnostic:
    return Diagnostic(
        "PAI005",
        f"it refers to Settings `{named(referred.reference)}`, which is not in the namespace of tenant "
        f"`{named(tenant.tenant_name)}`, so PaletteAI would never find it.",
        "Refer to a Settings of its own tenant.",
        (SourceLocation(part),),
    )
