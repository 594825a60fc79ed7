"""A Tenant: its namespace, its Settings and itself. A TenantReference: one that is made elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

import pulumi

from paletteai_components.components.declaration import Declaration
from paletteai_components.components.registry import Ledger
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

_OF_THE_STACK = ("api_version", "vendor_fields", "merged_settings")


@dataclass
class ComputeConfigRefArgs:
    """Which ComputeConfig a Project deploys with.

    Fields:
        name: the ComputeConfig's name.
        namespace: its namespace. Default: the tenant's.
    """

    name: str
    namespace: str | None = None


class ComputeConfigRefArgsDict(TypedDict):
    """`ComputeConfigRefArgs` as a dict."""

    name: str
    namespace: NotRequired[str]


@dataclass
class RoleMappingArgs:
    """Groups of the identity provider and their roles in a Project.

    Fields:
        admin, editor, viewer: the groups that hold each role.
    """

    admin: Sequence[pulumi.Input[str]] = ()
    editor: Sequence[pulumi.Input[str]] = ()
    viewer: Sequence[pulumi.Input[str]] = ()


class RoleMappingArgsDict(TypedDict, total=False):
    """`RoleMappingArgs` as a dict."""

    admin: Sequence[pulumi.Input[str]]
    editor: Sequence[pulumi.Input[str]]
    viewer: Sequence[pulumi.Input[str]]


@dataclass
class TenantReferenceArgs:
    """A Tenant made elsewhere, and what is added to its namespace.

    Fields:
        name: the Tenant's name. It cannot be changed later.
        namespace: the tenant namespace. Default: ``tenant-<name>``.
        settings: Settings objects to write into it, by name; ``default`` is every Project's fallback.
        existing_settings: Settings in it that are made elsewhere.
        settings_ref: the Settings that Projects fall back to, where it is not ``default``.
        shared_cluster_only: True to go without Palette in every Project that brings none.
        compute_config_ref, role_mapping: inherited by Projects.
        labels, annotations: for every object that is written for the Tenant itself.
        on_removal: refuse, retain or delete; inherited by Projects.
        import_ids: objects of the Tenant itself that exist and are taken over, as ``Kind/name`` or
            ``Kind/namespace/name``. Take them out again when that is done.
        former_api_versions: versions of the vendor's API that it was deployed with, besides the one this
            package was written for; changing `api_version` then recreates nothing.
        api_version, vendor_fields, merged_settings: see the stack file's fields of those names.
    """

    name: str
    namespace: str | None = None
    settings: Mapping[str, SettingsArgs | SettingsArgsDict] = field(default_factory=dict)
    existing_settings: Sequence[str] = ()
    settings_ref: str | None = None
    shared_cluster_only: bool | None = None
    compute_config_ref: ComputeConfigRefArgs | ComputeConfigRefArgsDict | None = None
    role_mapping: RoleMappingArgs | RoleMappingArgsDict | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    on_removal: OnRemoval | str = OnRemoval.REFUSE
    import_ids: Sequence[str] = ()
    api_version: str | None = None
    vendor_fields: Mapping[str, str] = field(default_factory=dict)
    merged_settings: bool = True
    former_api_versions: Sequence[str] = ()


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
    """A Tenant made here.

    Fields, besides those of `TenantReferenceArgs`:
        create_namespace: whether the namespace is made here, or only referred to.
        display_name: letters, digits and spaces.
        description: a sentence for people.
        groups: groups that hold the tenant role.
        extra_spec: fields of `spec` that are not modelled, passed through.
    """

    create_namespace: bool = True
    display_name: str | None = None
    description: pulumi.Input[str] | None = None
    groups: Sequence[pulumi.Input[str]] = ()
    extra_spec: Mapping[str, Any] = field(default_factory=dict)


class TenantArgsDict(TenantReferenceArgsDict, total=False):
    """`TenantArgs` as a dict."""

    create_namespace: bool
    display_name: str
    description: pulumi.Input[str]
    groups: Sequence[pulumi.Input[str]]
    extra_spec: Mapping[str, Any]


class TenantOwner(pulumi.ComponentResource):
    """What `Tenant` and `TenantReference` have in common: Settings, and Projects that refer to it.

    Both are of one resource type, so taking over a Tenant made elsewhere changes no URN below it.

    Outputs, which are plain because they are known before anything is registered:
        tenant_name, namespace: the Tenant and the namespace of its Settings.
        integrations: the components of its Settings, by name; any of them is a `settings_ref` of a Project.
        resource: the Tenant resource; None for one that is made elsewhere.
    """

    tenant_name: str
    namespace: str
    integrations: dict[str, SettingsComponent]
    resource: pulumi.CustomResource | None

    def __init__(
        self,
        name: str,
        planned: PlannedTenant,
        stack: Stack,
        opts: pulumi.ResourceOptions | None = None,
        former_urns: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Registers what is written for a Tenant of a stack.

        `former_urns` gives, by the Settings' name, former URNs of its component, and of its Settings and Secret.
        """
        super().__init__(identity.TENANT, name, None, opts)
        self.tenant_name, self.namespace = planned.name, planned.namespace
        self.integrations = {}
        self.resource = None
        # An exported component shows what is in its attributes, but for these.
        self._planned, self._stack = planned, stack
        self._namespace: list[pulumi.Resource] = []
        self._register(name, opts, former_urns or {})
        self.register_outputs({"tenantName": self.tenant_name, "namespace": self.namespace})

    def _register(
        self, name: str, opts: pulumi.ResourceOptions | None, former_urns: Mapping[str, Sequence[str]]
    ) -> None:
        tenant, vendor = self._planned, self._stack.vendor
        on_removal, import_ids = tenant.spec.on_removal, tenant.spec.import_ids
        if tenant.spec.create_namespace and not tenant.spec.existing:
            manifest = tenant_namespace(tenant, vendor)
            options = child_options(self, opts, [], on_removal)
            self._namespace = [kubernetes_resource(manifest, name, options, vendor, import_ids)]
        for settings in tenant.settings:
            if settings.made:
                placement = self._placement(settings, former_urns.get(settings.name, ()))
                self.integrations[settings.name] = settings_below(self, name, placement, opts)
        # What a Project waits for.
        self._ready = [*self._namespace, *(each.settings for each in self.integrations.values())]
        if not tenant.spec.existing:
            # The vendor refuses to delete a Tenant with Projects, so theirs depend on this one.
            options = child_options(self, opts, self._ready, on_removal)
            self.resource = kubernetes_resource(tenant_object(tenant, vendor), name, options, vendor, import_ids)
            self._ready = [self.resource]

    def _placement(self, settings: PlannedSettings, former_urns: Sequence[str] = ()) -> Placement:
        """Where Settings in the tenant's namespace go."""
        spec = self._planned.spec
        return Placement(
            settings, self._stack, spec.labels, spec.annotations, self._namespace, spec.import_ids, former_urns
        )


class Tenant(TenantOwner):
    """A Tenant with its namespace and the Settings in it.

    Raises DeclarationError, before anything is registered, where it is wrong or something of it is
    another's. Projects are children of it unless they are given another parent, and so take over its
    provider and transforms.

    For its outputs see `TenantOwner`.
    """

    def __init__(
        self, name: str, args: TenantArgs | TenantArgsDict, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Checks the Tenant against the program so far, then registers it."""
        super().__init__(name, *_admitted(Declaration("Tenant", name, TenantArgs, args), existing=False), opts)


class TenantReference(TenantOwner):
    """A Tenant made elsewhere: it is referred to, and only Settings are added to its namespace.

    Raises DeclarationError, before anything is registered, where it is wrong.

    For its outputs see `TenantOwner`.
    """

    def __init__(
        self,
        name: str,
        args: TenantReferenceArgs | TenantReferenceArgsDict,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Checks the Tenant against the program so far, then registers its Settings."""
        declaration = Declaration("TenantReference", name, TenantReferenceArgs, args)
        super().__init__(name, *_admitted(declaration, existing=True), opts)


def _admitted(declaration: Declaration, *, existing: bool) -> tuple[PlannedTenant, Stack]:
    """A declared Tenant, planned, and its declaration. Raises DeclarationError where it is wrong."""
    former = declaration.take_texts("former_api_versions")
    tenant = {**declaration.stated, "existing": existing}
    of_the_stack = {
        key: tenant.pop(key) for key in ("api_version", "vendor_fields", "merged_settings") if key in tenant
    }
    spec = declaration.spec(("tenant",), tenant=tenant, **of_the_stack)
    stack = Stack(pulumi.get_stack(), spec=spec, part=declaration.part, former_api_versions=former)
    planned = planned_tenant(spec.tenant, spec.integrations, merges=spec.merged_settings)
    made = [settings for settings in planned.settings if settings.made]
    bindings = [claim for settings in made for claim in binding_claims(settings, stack)]
    Ledger.of_this_program().admit(stack, [*tenant_claims(planned, stack), *bindings])
    return planned, stack
