"""A Tenant: its namespace, its Settings and itself. A TenantReference: one that is made elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import pulumi

from paletteai_components import names
from paletteai_components.claims import Claim, binding_claims, settings_claims, tenant_claims
from paletteai_components.components.args import (
    Declaration,
    PaletteCredential,
    PaletteIntegrationArgs,
    TenantArgs,
    TenantReferenceArgs,
)
from paletteai_components.components.integration import PaletteIntegration, Placement
from paletteai_components.components.ledger import DeclarationError, Ledger, expect, spec_of
from paletteai_components.components.resource import child_options, kubernetes_resource, of_kind
from paletteai_components.manifests import tenant_namespace, tenant_object
from paletteai_components.planned import PlannedSettings, PlannedTenant
from paletteai_components.problem import Place, Problem
from paletteai_components.redaction import named
from paletteai_components.spec import StackSpec
from paletteai_components.stack import Stack
from paletteai_components.topology import planned_tenant

_OF_THE_STACK = ("apiVersion", "vendorFields", "mergedSettings")


class TenantOwner(pulumi.ComponentResource):
    """What `Tenant` and `TenantReference` have in common: Settings, and Projects that refer to it.

    Both are of one resource type, so taking over a Tenant made elsewhere changes no URN below it.

    Outputs:
        tenant_name, namespace: the Tenant and the namespace of its Settings.
        integrations: its `PaletteIntegration` components, by the Settings' name.
    """

    _existing: ClassVar[bool]

    def __init__(
        self,
        name: str,
        args: TenantReferenceArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        integration_aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Checks the Tenant against the program so far, then registers what is written for it.

        `integration_aliases` gives, by the Settings' name, former URNs of its integrations, and of their Settings
        and Secrets.
        """
        ledger = Ledger.of_this_program()
        part = ledger.part_of(type(self).__name__, name)
        expect(args, TenantReferenceArgs, part, "args", "a TenantReferenceArgs" if self._existing else "a TenantArgs")
        declaration = Declaration(ledger.key_of)
        tenant = declaration.of(args, leave_out={"former_api_versions"}) | {"existing": self._existing}
        declared: dict[str, Any] = {key: tenant.pop(key) for key in _OF_THE_STACK if key in tenant}
        self._spec = spec_of(tenant, {"integrations": declaration.integrations, **declared}, part)
        former = tuple(args.former_api_versions)
        self._stack = Stack(pulumi.get_stack(), spec=self._spec, part=part, former_api_versions=former)
        self._planned = planned_tenant(self._spec.tenant, self._spec.integrations, merges=self._spec.merged_settings)
        ledger.admit(self._stack, [*tenant_claims(self._planned, self._stack), *self._bindings(self._stack)])

        super().__init__("paletteai:index:Tenant", name, None, opts)
        self.tenant_name, self.namespace = self.planned.name, self.planned.namespace
        self.integrations: dict[str, PaletteIntegration] = {}
        self._ready: list[pulumi.Resource] = []
        self._namespace: list[pulumi.Resource] = []
        self._register(name, opts, integration_aliases or {})
        self.register_outputs({"tenantName": self.tenant_name, "namespace": self.namespace})

    # Properties, because an exported component shows what is in its attributes.

    @property
    def spec(self) -> StackSpec:
        """The declaration so far."""
        return self._spec

    @property
    def stack(self) -> Stack:
        """The declaration as a stack."""
        return self._stack

    @property
    def planned(self) -> PlannedTenant:
        """What the declaration amounts to so far."""
        return self._planned

    @property
    def ready(self) -> Sequence[pulumi.Resource]:
        """What a Project of the Tenant has to wait for."""
        return self._ready

    def admitted(self, name: str, args: PaletteIntegrationArgs) -> Placement:
        """Takes one more Settings into the tenant's namespace, for the component of a name.

        Raises DeclarationError where it is wrong, or a name of it is taken.
        """
        ledger = Ledger.of_this_program()
        part = ledger.part_of("PaletteIntegration", name)
        expect(args.credential, PaletteCredential, part, "the credential", "a PaletteCredential")
        declaration = Declaration(ledger.key_of)
        settings = {args.name: declaration.of(args.settings())}
        tenant_of_its_own = {"name": self.tenant_name, "settings": settings, "importIds": list(args.import_ids)}
        added = spec_of(tenant_of_its_own, {"integrations": declaration.integrations}, part)
        tenant = self._spec.tenant
        taken = args.name in (*tenant.settings, *tenant.existing_settings)
        if taken or (args.name == self._default and not self._existing):
            fact = f"tenant {named(self.tenant_name)} has or refers to Settings {named(args.name)} already"
            remedy = "Put default Settings into the tenant's own args; give others another name."
            place = (Place(part),)
            raise DeclarationError([Problem("PAI006", f"{fact}, so these would take their place.", remedy, place)])
        spec = self._spec.model_copy(
            update={
                "integrations": {**self._spec.integrations, **added.integrations},
                "tenant": tenant.model_copy(
                    update={
                        "settings": {**tenant.settings, **added.tenant.settings},
                        "import_ids": (*tenant.import_ids, *added.tenant.import_ids),
                    }
                ),
            }
        )
        stack = replace(self._stack, spec=spec, part=part)
        planned = planned_tenant(spec.tenant, spec.integrations, merges=spec.merged_settings)
        new = next(each for each in planned.settings if each.name == args.name)
        ledger.admit(stack, [*settings_claims(new, stack), *binding_claims(new, stack)])
        self._spec, self._stack, self._planned = spec, stack, planned
        return self._placement(new)

    def _placement(self, settings: PlannedSettings, former_urns: Sequence[str] = ()) -> Placement:
        tenant = self._spec.tenant
        return Placement(
            settings, self._stack, tenant.labels, tenant.annotations, self._namespace, tenant.import_ids, former_urns
        )

    @property
    def _default(self) -> str:
        return self._spec.tenant.settings_ref or names.DEFAULT_SETTINGS

    def _bindings(self, stack: Stack) -> Iterator[Claim]:
        for settings in self._planned.settings:
            if settings.made:
                yield from binding_claims(settings, stack)

    def _register(self, name: str, opts: pulumi.ResourceOptions | None, aliases: Mapping[str, Sequence[str]]) -> None:
        tenant, vendor = self._planned, self._stack.vendor
        on_removal = tenant.spec.on_removal
        if tenant.spec.create_namespace and not tenant.spec.existing:
            manifest = tenant_namespace(tenant, vendor)
            options = child_options(self, opts, [], on_removal)
            self._namespace = [kubernetes_resource(manifest, name, options, vendor, tenant.spec.import_ids)]
        for settings in tenant.settings:
            if settings.made:
                former = aliases.get(settings.name, ())
                self.integrations[settings.name] = PaletteIntegration(
                    f"{name}.{settings.name}",
                    self._placement(settings, former),
                    child_options(self, opts, [], aliases=of_kind(former, "PaletteIntegration")),
                )
        self._ready = [*self._namespace, *(each.settings for each in self.integrations.values())]
        if not tenant.spec.existing:
            # The vendor refuses to delete a Tenant with Projects, so theirs depend on this one.
            options = child_options(self, opts, self._ready, on_removal)
            manifest = tenant_object(tenant, vendor)
            self._ready = [kubernetes_resource(manifest, name, options, vendor, tenant.spec.import_ids)]


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
