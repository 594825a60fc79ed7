"""A Tenant: its namespace, its Settings and itself. A TenantReference: one that is made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pulumi

from paletteai_components import names
from paletteai_components.claims import Claim, binding_claims, settings_claims, tenant_claims
from paletteai_components.components.args import (
    Declaration,
    PaletteIntegrationArgs,
    TenantArgs,
    TenantReferenceArgs,
)
from paletteai_components.components.integration import PaletteIntegration, Placement
from paletteai_components.components.ledger import DeclarationError, Ledger, spec_of
from paletteai_components.components.resource import child_options, kubernetes_resource
from paletteai_components.manifests import tenant_namespace, tenant_object
from paletteai_components.problem import Problem, escaped
from paletteai_components.stack import Stack
from paletteai_components.topology import PlannedSettings, planned_tenant

_OF_THE_STACK = ("api_version", "vendor_fields", "merged_settings")


class TenantOwner(pulumi.ComponentResource):
    """What `Tenant` and `TenantReference` have in common: Settings, and Projects that refer to it.

    Both are of one resource type, so taking over a Tenant made elsewhere changes no URN below it.

    Outputs:
        tenant_name, namespace: the Tenant and the namespace of its Settings.
        integrations: its `PaletteIntegration` components, by the Settings' name.
    """

    _existing: ClassVar[bool]

    tenant_name: str
    namespace: str
    integrations: dict[str, PaletteIntegration]

    def __init__(
        self,
        name: str,
        args: TenantReferenceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        integration_aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Checks the Tenant against the program so far, then registers what is written for it.

        `integration_aliases` gives, by the Settings' name, former URNs of its integrations.
        """
        ledger = Ledger.of_this_program()
        declaration = Declaration(ledger.key_of)
        tenant = declaration.of(args, leave_out=_OF_THE_STACK) | {"existing": self._existing}
        declared: dict[str, Any] = {
            "integrations": declaration.integrations,
            "vendorFields": dict(args.vendor_fields),
            "mergedSettings": args.merged_settings,
            "apiVersion": args.api_version,
        }
        part = f"{type(self).__name__} {name}"
        self.spec = spec_of(tenant, declared, part)
        self.stack = Stack(pulumi.get_stack(), spec=self.spec, part=part)
        self.planned = planned_tenant(self.spec.tenant, self.spec.integrations, merges=self.spec.merged_settings)
        ledger.admit(self.stack, self._claims(self.planned.settings))

        super().__init__("paletteai:index:Tenant", name, None, opts)
        self.tenant_name, self.namespace = self.planned.name, self.planned.namespace
        self.integrations = {}
        self.ready: list[pulumi.Resource] = []
        self._namespace: list[pulumi.Resource] = []
        self._register(name, opts, integration_aliases or {})
        self.register_outputs({"tenantName": self.tenant_name, "namespace": self.namespace})

    def admitted(self, args: PaletteIntegrationArgs) -> Placement:
        """Takes one more Settings into the tenant's namespace.

        Raises DeclarationError where it is wrong, or a name of it is taken.
        """
        ledger = Ledger.of_this_program()
        declaration = Declaration(ledger.key_of)
        settings = {args.name: declaration.of(args.settings())}
        part = self.stack.part
        tenant_of_its_own = {"name": self.tenant_name, "settings": settings}
        added = spec_of(tenant_of_its_own, {"integrations": declaration.integrations}, part)
        tenant = self.spec.tenant
        if args.name in tenant.settings or (args.name == self._default and not self._existing):
            fact = f"tenant {escaped(self.tenant_name)} has or refers to Settings {escaped(args.name)} already"
            remedy = "Put default Settings into the tenant's own args; give others another name."
            raise DeclarationError([Problem("PAI006", f"{fact}, so these would take their place.", remedy)])
        spec = self.spec.model_copy(
            update={
                "integrations": {**self.spec.integrations, **added.integrations},
                "tenant": tenant.model_copy(update={"settings": {**tenant.settings, **added.tenant.settings}}),
            }
        )
        stack = Stack(self.stack.name, spec=spec, part=part)
        planned = planned_tenant(spec.tenant, spec.integrations, merges=spec.merged_settings)
        new = [each for each in planned.settings if each.name == args.name]
        ledger.admit(stack, self._claims(new))
        self.spec, self.stack, self.planned = spec, stack, planned
        return self.placement(new[0])

    def placement(self, settings: PlannedSettings) -> Placement:
        """Where one of the tenant's Settings goes."""
        tenant = self.spec.tenant
        return Placement(settings, self.stack.vendor, tenant.labels, tenant.annotations, self._namespace)

    @property
    def _default(self) -> str:
        return self.spec.tenant.settings_ref or names.DEFAULT_SETTINGS

    def _claims(self, new: Sequence[PlannedSettings]) -> Iterator[Claim]:
        yield from tenant_claims(self.planned, self.stack)
        for settings in new:
            if settings.made:
                yield from settings_claims(settings, self.stack)
                yield from binding_claims(settings, self.stack)

    def _register(self, name: str, opts: pulumi.ResourceOptions | None, aliases: Mapping[str, Sequence[str]]) -> None:
        tenant, vendor = self.planned, self.stack.vendor
        on_removal = tenant.spec.on_removal
        if tenant.spec.create_namespace and not tenant.spec.existing:
            manifest = tenant_namespace(tenant, vendor)
            self._namespace = [kubernetes_resource(manifest, name, child_options(self, opts, [], on_removal))]
        for settings in tenant.settings:
            if settings.made:
                self.integrations[settings.name] = PaletteIntegration(
                    f"{name}.{settings.name}",
                    self.placement(settings),
                    child_options(self, opts, [], aliases=aliases.get(settings.name)),
                )
        self.ready = [*self._namespace, *(each.settings for each in self.integrations.values())]
        if not tenant.spec.existing:
            # The vendor refuses to delete a Tenant with Projects, so theirs depend on this one.
            self.ready = [
                kubernetes_resource(
                    tenant_object(tenant, vendor), name, child_options(self, opts, self.ready, on_removal)
                )
            ]


class Tenant(TenantOwner):
    """A Tenant with its namespace and the Settings in it.

    Raises DeclarationError, before anything is registered, where it is wrong or something of it is
    another's. Projects are children of it unless they are given another parent, and so take over its
    provider and transforms.
    """

    _existing = False

    def __init__(
        self,
        name: str,
        args: TenantArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        integration_aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Checks the Tenant against the program so far, then registers it."""
        super().__init__(name, args, opts, integration_aliases=integration_aliases)


class TenantReference(TenantOwner):
    """A Tenant made elsewhere: it is referred to, and only Settings are added to its namespace.

    Raises DeclarationError, before anything is registered, where it is wrong.
    """

    _existing = True
