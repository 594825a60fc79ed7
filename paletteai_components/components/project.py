"""A Project: its namespace, Settings of its own where it has them, and itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

import pulumi

from paletteai_components.components.declaration import Declaration, extended
from paletteai_components.components.registry import DeclarationError, Ledger
from paletteai_components.components.resource import child_options, kubernetes_resource, of_the_tenant
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
from paletteai_components.diagnostics import Place, Problem
from paletteai_components.kube.manifests import project_namespace, project_object
from paletteai_components.model import identity
from paletteai_components.model.plan import PlannedProject, planned_project
from paletteai_components.model.spec import OnRemoval
from paletteai_components.redaction import named
from paletteai_components.stacks.ownership import binding_claims, project_claims
from paletteai_components.stacks.stack import Stack

# Where a Project stands in the declaration of its tenant with nothing but itself, in which it is judged.
_PATH = ("tenant", "projects", 0)


@dataclass
class DeploymentNamespacesArgs:
    """Into which namespaces a Project's workloads may be deployed.

    Fields:
        allow, disallow: the namespaces.
    """

    allow: Sequence[str] = ()
    disallow: Sequence[str] = ()


class DeploymentNamespacesArgsDict(TypedDict, total=False):
    """`DeploymentNamespacesArgs` as a dict."""

    allow: Sequence[str]
    disallow: Sequence[str]


@dataclass
class ProjectArgs:
    """A Project. Its name is its namespace.

    Fields:
        tenant: the `Tenant` or `TenantReference` it belongs to.
        name: its name, and its namespace's. It cannot be changed later.
        display_name: letters, digits and spaces.
        create_namespace: whether the namespace is made here, or only referred to.
        settings: Settings of its own, which override the tenant's.
        settings_ref: another Settings of the tenant, by name or as its component.
        shared_cluster_only: True to go without Palette.
        compute_config_ref, role_mapping: default to the tenant's.
        deployment_namespaces: where workloads may be deployed.
        labels, annotations: for every object of the Project.
        extra_spec: fields of `spec` that are not modelled, passed through.
        on_removal: refuse, retain or delete. Default: the tenant's.
        import_ids: objects of the Project that exist and are taken over; see `TenantReferenceArgs`.
    """

    tenant: TenantOwner
    name: str
    display_name: str | None = None
    create_namespace: bool = True
    settings: SettingsArgs | SettingsArgsDict | None = None
    settings_ref: str | SettingsComponent | None = None
    shared_cluster_only: bool | None = None
    compute_config_ref: ComputeConfigRefArgs | ComputeConfigRefArgsDict | None = None
    role_mapping: RoleMappingArgs | RoleMappingArgsDict | None = None
    deployment_namespaces: DeploymentNamespacesArgs | DeploymentNamespacesArgsDict | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    on_removal: OnRemoval | str | None = None
    import_ids: Sequence[str] = ()


class ProjectArgsDict(TypedDict):
    """`ProjectArgs` as a dict."""

    tenant: TenantOwner
    name: str
    display_name: NotRequired[str]
    create_namespace: NotRequired[bool]
    settings: NotRequired[SettingsArgs | SettingsArgsDict]
    settings_ref: NotRequired[str | SettingsComponent]
    shared_cluster_only: NotRequired[bool]
    compute_config_ref: NotRequired[ComputeConfigRefArgs | ComputeConfigRefArgsDict]
    role_mapping: NotRequired[RoleMappingArgs | RoleMappingArgsDict]
    deployment_namespaces: NotRequired[DeploymentNamespacesArgs | DeploymentNamespacesArgsDict]
    labels: NotRequired[Mapping[str, str]]
    annotations: NotRequired[Mapping[str, pulumi.Input[str]]]
    extra_spec: NotRequired[Mapping[str, Any]]
    on_removal: NotRequired[OnRemoval | str]
    import_ids: NotRequired[Sequence[str]]


class ProjectComponent(pulumi.ComponentResource):
    """A Project with its namespace and, where it has them, Settings of its own.

    Outputs, which are plain because they are known before anything is registered:
        project_name, namespace: the Project; the two are equal.
        source: where its Palette integration comes from, a `Source`.
        settings: the Settings that gives it, ``namespace/name``; None without one.
        integration: the component of Settings of its own, or None.
        resource: the Project resource.
    """

    project_name: str
    namespace: str
    source: str
    settings: str | None
    integration: SettingsComponent | None
    resource: pulumi.CustomResource

    def __init__(
        self,
        name: str,
        tenant: TenantOwner,
        planned: PlannedProject,
        stack: Stack,
        opts: pulumi.ResourceOptions | None = None,
        former_urns: Sequence[str] = (),
    ) -> None:
        """Registers what is written for a Project of a stack.

        `former_urns` gives former URNs of the component of its own Settings, and of that and its Secret.
        """
        opts = of_the_tenant(tenant, opts)
        provider = str(planned.provider) if planned.provider else None
        # Told as inputs: registered outputs would make a seventh more checkpoints to write in a first deployment.
        told = {"namespace": planned.namespace, "source": planned.source.value, "settings": provider}
        super().__init__(identity.PROJECT, name, told, opts)
        # The SDK has made Outputs of them, but nothing has to be awaited.
        self.project_name, self.namespace = planned.name, planned.namespace
        self.source, self.settings = planned.source.value, provider
        self.integration = None
        used = {planned.spec.settings_ref, planned.provider.name if planned.provider else None}
        before = [*tenant._ready, *(each.settings for name_, each in tenant.integrations.items() if name_ in used)]
        spec, vendor = planned.spec, stack.vendor
        if spec.create_namespace:
            options = child_options(self, opts, before, planned.on_removal)
            before = [kubernetes_resource(project_namespace(planned), name, options, vendor, spec.import_ids)]
        if planned.own is not None:
            placement = Placement(
                planned.own, stack, spec.labels, spec.annotations, before, spec.import_ids, former_urns
            )
            self.integration = settings_below(self, name, placement, opts)
            before = [*before, self.integration.settings]
        options = child_options(self, opts, before, planned.on_removal)
        self.resource = kubernetes_resource(project_object(planned, vendor), name, options, vendor, spec.import_ids)


class Project(ProjectComponent):
    """A Project with its namespace and, where it has them, Settings of its own.

    Raises DeclarationError, before anything is registered, where it is wrong, resolves to no Palette
    integration without saying so, or something of it is another's.

    For its outputs see `ProjectComponent`.
    """

    def __init__(
        self, name: str, args: ProjectArgs | ProjectArgsDict, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Checks the Project against the program so far, then registers it."""
        super().__init__(name, *_admitted(name, args), opts)


def _admitted(name: str, args: object) -> tuple[TenantOwner, PlannedProject, Stack]:
    """The tenant, its new Project, and the declaration of both. Raises DeclarationError where it is wrong."""
    declaration = Declaration("Project", name, ProjectArgs, args)
    tenant = declaration.take("tenant", TenantOwner, "a Tenant or TenantReference")
    referred = declaration.stated.get("settings_ref")
    if isinstance(referred, SettingsComponent):
        if referred.namespace != tenant.namespace:
            raise DeclarationError([_foreign(referred, tenant, declaration.part)])
        declaration.stated["settings_ref"] = referred.settings_name
    alone = declaration.spec(_PATH, tenant={"name": tenant.tenant_name, "projects": [declaration.stated]})
    spec = extended(tenant._stack, alone, projects=alone.tenant.projects)
    stack = replace(tenant._stack, spec=spec, part=declaration.part)
    planned = planned_project(spec.tenant.projects[0], tenant._planned, spec.integrations, _PATH)
    bindings = binding_claims(planned.own, stack) if planned.own else ()
    Ledger.of_this_program().admit(stack, [*project_claims(planned, stack), *bindings])
    return tenant, planned, stack


def _foreign(referred: SettingsComponent, tenant: TenantOwner, part: str) -> Problem:
    return Problem(
        "PAI005",
        f"the Settings {named(referred.reference)} that it refers to are not in the namespace of tenant "
        f"{named(tenant.tenant_name)}, so it would never find them.",
        "Refer to Settings of its own tenant.",
        (Place(part),),
    )
