"""A Tenant with its namespace and its Settings, and a TenantReference to an external one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from paletteai_components.components.declaration import Declaration
from paletteai_components.components.registry import Registry
from paletteai_components.components.resource import child_options, kubernetes_resource
from paletteai_components.components.settings import (
    Placement,
    SettingsArgs,
    SettingsArgsDict,
    SettingsComponent,
    settings_below,
)
from paletteai_components.kube.manifests import tenant_namespace, tenant_object
from paletteai_components.model import identity
from paletteai_components.model.plan import planned_tenant
from paletteai_components.model.planned import PlannedSettings, PlannedTenant
from paletteai_components.model.spec import OnRemoval
from paletteai_components.stacks.ownership import binding_claims, tenant_claims
from paletteai_components.stacks.stack import Stack

_STACK_FIELDS = ("api_version", "vendor_fields", "merged_settings")


@dataclass
class ComputeConfigRefArgs:
    """The ComputeConfig that a Project deploys with."""

    name: str
    """The ComputeConfig's name."""
    namespace: str | None = None
    """The ComputeConfig's namespace. Default: the tenant's. If it is empty, the Project states none."""


class ComputeConfigRefArgsDict(TypedDict):
    """`ComputeConfigRefArgs` as a dict."""

    name: str
    namespace: NotRequired[str]


@dataclass
class RoleMappingArgs:
    """Groups of the identity provider and their roles in a Project."""

    admin: pulumi.Input[Sequence[pulumi.Input[str]]] = ()
    """Groups that administer it."""
    editor: pulumi.Input[Sequence[pulumi.Input[str]]] = ()
    """Groups that edit it."""
    viewer: pulumi.Input[Sequence[pulumi.Input[str]]] = ()
    """Groups that view it."""


class RoleMappingArgsDict(TypedDict, total=False):
    """`RoleMappingArgs` as a dict."""

    admin: pulumi.Input[Sequence[pulumi.Input[str]]]
    editor: pulumi.Input[Sequence[pulumi.Input[str]]]
    viewer: pulumi.Input[Sequence[pulumi.Input[str]]]


@dataclass
class TenantReferenceArgs:
    """An external Tenant, and the Settings that are added to its namespace."""

    name: str
    """The Tenant's name. It cannot be changed later."""
    namespace: str | None = None
    """The tenant namespace. Default: ``tenant-<name>``."""
    settings: Mapping[str, SettingsArgs | SettingsArgsDict] = field(default_factory=dict)
    """The Settings in that namespace, by name. ``default`` is the fallback of every Project."""
    existing_settings: Sequence[str] = ()
    """Names of external Settings in that namespace."""
    settings_ref: str | None = None
    """The Settings that Projects fall back to, if not ``default``."""
    shared_cluster_only: bool | None = None
    """True to go without Palette in every Project without an integration."""
    compute_config_ref: ComputeConfigRefArgs | ComputeConfigRefArgsDict | None = None
    """The ComputeConfig of its Projects, unless they name their own."""
    role_mapping: RoleMappingArgs | RoleMappingArgsDict | None = None
    """The groups that hold each role in its Projects, unless they name their own."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of every object of the Tenant, but not of its Projects."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Annotations of every object of the Tenant, but not of its Projects."""
    on_removal: OnRemoval | str = OnRemoval.REFUSE
    """``refuse``, ``retain`` or ``delete``. Projects inherit it."""
    import_ids: Sequence[str] = ()
    """Objects of the Tenant that exist and are taken over, as ``Kind/name`` or ``Kind/namespace/name``.
    Remove them once that is deployed."""
    api_version: str | None = None
    """As `paletteai:apiVersion` of a stack file."""
    vendor_fields: Mapping[str, str] = field(default_factory=dict)
    """As `paletteai:vendorFields` of a stack file."""
    merged_settings: bool = True
    """As `paletteai:mergedSettings` of a stack file."""
    former_api_versions: Sequence[str] = ()
    """Versions of the vendor's API that it was deployed with, besides the one this package was written for.
    Then a change of `api_version` recreates nothing."""


class TenantReferenceArgsDict(TypedDict):
    """`TenantReferenceArgs` as a dict."""

    name: str
    namespace: NotRequired[str]
    settings: NotRequired[Mapping[str, SettingsArgs | SettingsArgsDict]]
    existing_settings: NotRequired[Sequence[str]]
    settings_ref: NotRequired[str]
    shared_cluster_only: NotRequired[bool]
    compute_config_ref: NotRequired[ComputeConfigRefArgs | ComputeConfigRefArgsDict]
    role_mapping: NotRequired[RoleMappingArgs | RoleMappingArgsDict]
    labels: NotRequired[Mapping[str, str]]
    annotations: NotRequired[Mapping[str, pulumi.Input[str]]]
    on_removal: NotRequired[OnRemoval | str]
    import_ids: NotRequired[Sequence[str]]
    api_version: NotRequired[str]
    vendor_fields: NotRequired[Mapping[str, str]]
    merged_settings: NotRequired[bool]
    former_api_versions: NotRequired[Sequence[str]]


@dataclass
class TenantArgs(TenantReferenceArgs):
    """A managed Tenant: the fields of `TenantReferenceArgs`, and those of the Tenant object."""

    create_namespace: bool = True
    """False if the namespace is external."""
    display_name: str | None = None
    """Letters, digits and spaces."""
    description: pulumi.Input[str] | None = None
    """Free text."""
    groups: pulumi.Input[Sequence[pulumi.Input[str]]] = ()
    """Groups of the identity provider that hold the tenant role."""
    namespace_labels: Mapping[str, str] | None = None
    """All labels of the namespace. Default: `labels`."""
    namespace_annotations: Mapping[str, pulumi.Input[str]] | None = None
    """All annotations of the namespace. Default: `annotations`."""
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `spec` that are not modelled, passed through."""


class TenantArgsDict(TenantReferenceArgsDict, total=False):
    """`TenantArgs` as a dict."""

    create_namespace: bool
    display_name: str
    description: pulumi.Input[str]
    groups: pulumi.Input[Sequence[pulumi.Input[str]]]
    namespace_labels: Mapping[str, str]
    namespace_annotations: Mapping[str, pulumi.Input[str]]
    extra_spec: Mapping[str, Any]


class TenantOwner(pulumi.ComponentResource):
    """A `Tenant` or a `TenantReference`.

    Both have one resource type, so taking over an external Tenant changes no URN below it. The outputs are
    plain values, because they are known before anything is registered.
    """

    tenant_name: str
    """The Tenant's name."""
    namespace: str
    """The tenant namespace, which holds its Settings."""
    integrations: dict[str, SettingsComponent]
    """The components of its Settings, by name. A Project takes any of them as `settings_ref`."""
    resource: pulumi.CustomResource | None
    """The Tenant resource; None for an external Tenant."""

    def __init__(
        self,
        name: str,
        planned: PlannedTenant,
        stack: Stack,
        opts: pulumi.ResourceOptions | None = None,
        former_urns: Mapping[str, Sequence[str]] | None = None,
        outputs: Mapping[str, Any] | None = None,
    ) -> None:
        """Registers the objects of a planned Tenant.

        `former_urns` are those of each component, of its Settings and its Secret, by the Settings' name.
        `outputs` are registered instead of its own.
        """
        super().__init__(identity.TENANT, name, None, opts)
        self.tenant_name, self.namespace = planned.name, planned.namespace
        self.integrations = {}
        self.resource = None
        # Private, because `pulumi.export` of a component shows its public attributes.
        self._planned, self._stack = planned, stack
        self._namespace: list[pulumi.Resource] = []
        self._register(name, opts, former_urns or {})
        own = {"tenantName": self.tenant_name, "namespace": self.namespace}
        self.register_outputs(own if outputs is None else dict(outputs))

    def _register(
        self, name: str, opts: pulumi.ResourceOptions | None, former_urns: Mapping[str, Sequence[str]]
    ) -> None:
        tenant, api = self._planned, self._stack.api
        on_removal, import_ids = tenant.spec.on_removal, tenant.spec.import_ids
        if tenant.spec.create_namespace and not tenant.spec.existing:
            manifest = tenant_namespace(tenant, api)
            options = child_options(self, opts, [], on_removal)
            self._namespace = [kubernetes_resource(manifest, name, options, api, import_ids)]
        for settings in tenant.settings:
            if settings.managed:
                placement = self._placement(settings, former_urns.get(settings.name, ()))
                self.integrations[settings.name] = settings_below(self, name, placement, opts)
        # The resources that a Project waits for.
        self._ready = [*self._namespace, *(each.settings for each in self.integrations.values())]
        if not tenant.spec.existing:
            # PaletteAI refuses to delete a Tenant that has Projects, so Projects depend on this resource.
            options = child_options(self, opts, self._ready, on_removal)
            self.resource = kubernetes_resource(tenant_object(tenant, api), name, options, api, import_ids)
            self._ready = [self.resource]

    def _placement(self, settings: PlannedSettings, former_urns: Sequence[str] = ()) -> Placement:
        """A Settings in the tenant's namespace, with what the tenant adds to it."""
        spec = self._planned.spec
        return Placement(
            settings, self._stack, spec.labels, spec.annotations, self._namespace, spec.import_ids, former_urns
        )


class Tenant(TenantOwner):
    """A Tenant with its namespace and the Settings in it.

    Projects are its children unless they are given another parent, and inherit its provider and transforms.
    Its outputs are those of `TenantOwner`.
    """

    def __init__(
        self, name: str, args: TenantArgs | TenantArgsDict, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Checks the Tenant against the program so far, then registers it.

        Raises:
            DeclarationError: it is wrong, or something else has one of its objects. Nothing of it is registered.
        """
        super().__init__(name, *_admitted(Declaration("Tenant", name, TenantArgs, args), existing=False), opts)


class TenantReference(TenantOwner):
    """An external Tenant. Only the Settings that are added to its namespace are registered.

    Its outputs are those of `TenantOwner`.
    """

    def __init__(
        self, name: str, args: TenantReferenceArgs | TenantReferenceArgsDict, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Checks the Tenant against the program so far, then registers its Settings.

        Raises:
            DeclarationError: it is wrong. Nothing of it is registered.
        """
        declaration = Declaration("TenantReference", name, TenantReferenceArgs, args)
        super().__init__(name, *_admitted(declaration, existing=True), opts)


def _admitted(declaration: Declaration, *, existing: bool) -> tuple[PlannedTenant, Stack]:
    """The planned Tenant, and its declaration."""
    former = declaration.take_texts("former_api_versions")
    tenant = {**declaration.stated, "existing": existing}
    stack_fields = {key: tenant.pop(key) for key in _STACK_FIELDS if key in tenant}
    spec = declaration.spec(("tenant",), tenant=tenant, **stack_fields)
    stack = Stack(pulumi.get_stack(), spec=spec, part=declaration.part, former_api_versions=former)
    planned = planned_tenant(spec.tenant, spec.integrations, merges=spec.merged_settings)
    managed = [settings for settings in planned.settings if settings.managed]
    bindings = [claim for settings in managed for claim in binding_claims(settings, stack)]
    Registry.of_this_program().register(stack, [*tenant_claims(planned, stack), *bindings])
    return planned, stack
