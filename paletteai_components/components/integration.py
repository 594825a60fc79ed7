"""A Palette integration that is added to a tenant's namespace: one more Settings and its Secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

import pulumi

from paletteai_components import naming
from paletteai_components.components.credential import PaletteCredential
from paletteai_components.components.declaration import Declaration, extended
from paletteai_components.components.registry import DeclarationError, Ledger
from paletteai_components.components.resource import of_the_tenant
from paletteai_components.components.settings import SecretReferenceArgs, SecretReferenceArgsDict, SettingsComponent
from paletteai_components.components.tenant import TenantOwner
from paletteai_components.diagnostics import Place, Problem
from paletteai_components.model.plan import planned_tenant
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.stacks.ownership import binding_claims, settings_claims


@dataclass
class PaletteIntegrationArgs:
    """A Palette integration added to a tenant's namespace: a Settings and its Secret.

    Fields:
        tenant: the `Tenant` or `TenantReference` it is added to.
        name: the Settings' name, by which Projects refer to it.
        credential: the Palette credential, bound here and nowhere else.
        secret_name, hugging_face, nvidia, labels, annotations, extra_spec: as of `SettingsArgs`.
        import_ids: its Settings and Secret, where they exist and are taken over; see `TenantReferenceArgs`.
    """

    tenant: TenantOwner
    name: str
    credential: PaletteCredential
    secret_name: str | None = None
    hugging_face: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    nvidia: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    import_ids: Sequence[str] = ()


class PaletteIntegrationArgsDict(TypedDict):
    """`PaletteIntegrationArgs` as a dict."""

    tenant: TenantOwner
    name: str
    credential: PaletteCredential
    secret_name: NotRequired[str]
    hugging_face: NotRequired[SecretReferenceArgs | SecretReferenceArgsDict]
    nvidia: NotRequired[SecretReferenceArgs | SecretReferenceArgsDict]
    labels: NotRequired[Mapping[str, str]]
    annotations: NotRequired[Mapping[str, pulumi.Input[str]]]
    extra_spec: NotRequired[Mapping[str, Any]]
    import_ids: NotRequired[Sequence[str]]


class PaletteIntegration(SettingsComponent):
    """A Palette integration that is added to a `Tenant` or a `TenantReference`, for Projects to refer to.

    Raises DeclarationError, before anything is registered, where it is wrong or its credential,
    Secret or name is another's. A key that is an Output is judged when it is known; then its Secret
    and Settings are not registered.

    Its outputs are those of every Settings: see `SettingsComponent`.
    """

    def __init__(
        self,
        name: str,
        args: PaletteIntegrationArgs | PaletteIntegrationArgsDict,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Checks the integration against the program so far, then registers its Secret and Settings."""
        tenant, settings = _admitted(name, args)
        super().__init__(name, tenant._placement(settings), of_the_tenant(tenant, opts))
        tenant.integrations[self.settings_name] = self


def _admitted(name: str, args: object) -> tuple[TenantOwner, PlannedSettings]:
    """The tenant, and the new Settings, which are in its declaration now.

    Raises DeclarationError where they are wrong, or a name of them is taken.
    """
    declaration = Declaration("PaletteIntegration", name, PaletteIntegrationArgs, args)
    owner = declaration.take("tenant", TenantOwner, "a Tenant or TenantReference")
    called = declaration.take("name", str, "text")
    palette = declaration.take("credential", PaletteCredential, "a PaletteCredential")
    import_ids = declaration.stated.pop("import_ids", ())
    settings = {called: {**declaration.stated, "palette": palette}}
    alone = {"name": owner.tenant_name, "settings": settings, "import_ids": import_ids}
    added = declaration.spec(("tenant", "settings", called), tenant=alone)
    stack, tenant = owner._stack, owner._planned.spec
    default = tenant.settings_ref or naming.DEFAULT_SETTINGS
    if called in (*tenant.settings, *tenant.existing_settings) or (called == default and not tenant.existing):
        fact = f"tenant {named(tenant.name)} has or refers to Settings {named(called)} already"
        remedy = "Put default Settings into the tenant's own args; give others another name."
        place = (Place(declaration.part),)
        raise DeclarationError([Problem("PAI006", f"{fact}, so these would take their place.", remedy, place)])
    spec = extended(
        owner._stack,
        added,
        settings={**tenant.settings, **added.tenant.settings},
        import_ids=(*tenant.import_ids, *added.tenant.import_ids),
    )
    stack = replace(owner._stack, spec=spec, part=declaration.part)
    planned = planned_tenant(spec.tenant, spec.integrations, merges=spec.merged_settings)
    new = next(each for each in planned.settings if each.name == called)
    Ledger.of_this_program().admit(stack, [*settings_claims(new, stack), *binding_claims(new, stack)])
    owner._planned, owner._stack = planned, stack
    return owner, new
