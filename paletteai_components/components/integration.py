"""A Palette integration added to a tenant: one more Settings in its namespace, and the Secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NotRequired, TypedDict

import pulumi

from paletteai_components import naming
from paletteai_components.components.credential import PaletteCredential
from paletteai_components.components.declaration import Declaration, extended
from paletteai_components.components.registry import DeclarationError, Registry
from paletteai_components.components.resource import tenant_child_options
from paletteai_components.components.settings import SecretReferenceArgs, SecretReferenceArgsDict, SettingsComponent
from paletteai_components.components.tenant import TenantOwner
from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.model.plan import planned_tenant
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.stacks.ownership import binding_claims, settings_claims


@dataclass
class PaletteIntegrationArgs:
    """A Palette integration and the Settings in a tenant's namespace that binds it."""

    tenant: TenantOwner
    """The `Tenant` or `TenantReference` that it is added to."""
    name: str
    """The Settings' name, by which Projects refer to it."""
    credential: PaletteCredential
    """The integration's credential, bound here and nowhere else."""
    secret_name: str | None = None
    """The name of the Secret with the credential. Default: ``<name>-palette``."""
    hugging_face: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    """The external Secret of the Settings' Hugging Face integration."""
    nvidia: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    """The external Secret of the Settings' NVIDIA integration."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the Settings and its Secret."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Annotations of the Settings and its Secret."""
    secret_labels: Mapping[str, str] | None = None
    """All labels of the Secret. Default: those of the Settings."""
    secret_annotations: Mapping[str, pulumi.Input[str]] | None = None
    """All annotations of the Secret. Default: those of the Settings."""
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the Settings' `spec` that are not modelled, passed through."""
    import_ids: Sequence[str] = ()
    """Its Settings and Secret, if they exist and are taken over; see `TenantReferenceArgs`."""


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
    secret_labels: NotRequired[Mapping[str, str]]
    secret_annotations: NotRequired[Mapping[str, pulumi.Input[str]]]
    extra_spec: NotRequired[Mapping[str, Any]]
    import_ids: NotRequired[Sequence[str]]


class PaletteIntegration(SettingsComponent):
    """A Palette integration added to a `Tenant` or `TenantReference`, with the Settings that Projects refer to.

    Its outputs are those of `SettingsComponent`.
    """

    def __init__(
        self,
        name: str,
        args: PaletteIntegrationArgs | PaletteIntegrationArgsDict,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Checks the integration against the program so far, then registers its Secret and Settings.

        A key that is an Output is checked when its value is known. An error is raised then, and the Secret
        and Settings are not registered.

        Raises:
            DeclarationError: it is wrong, or something else has its credential, Secret or name. Nothing of it
                is registered.
        """
        tenant, settings = _admitted(name, args)
        super().__init__(name, tenant._placement(settings), tenant_child_options(tenant, opts))
        tenant.integrations[self.settings_name] = self


def _admitted(name: str, args: object) -> tuple[TenantOwner, PlannedSettings]:
    """Adds the new Settings to the tenant's declaration; returns the tenant and the Settings."""
    declaration = Declaration("PaletteIntegration", name, PaletteIntegrationArgs, args)
    owner = declaration.take("tenant", TenantOwner, "a Tenant or TenantReference")
    settings_name = declaration.take("name", str, "text")
    palette = declaration.take("credential", PaletteCredential, "a PaletteCredential")
    import_ids = declaration.stated.pop("import_ids", ())
    settings = {settings_name: {**declaration.stated, "palette": palette}}
    alone = {"name": owner.tenant_name, "settings": settings, "import_ids": import_ids}
    added = declaration.spec(("tenant", "settings", settings_name), tenant=alone)
    tenant = owner._planned.spec
    default = tenant.settings_ref or naming.DEFAULT_SETTINGS
    if settings_name in (*tenant.settings, *tenant.existing_settings) or (
        settings_name == default and not tenant.existing
    ):
        fact = f"tenant `{named(tenant.name)}` already has or refers to Settings `{named(settings_name)}`"
        remedy = "Pass default Settings in the tenant's own `settings`; give others another name."
        location = (SourceLocation(declaration.part),)
        raise DeclarationError([Diagnostic("PAI006", f"{fact}, so this component would replace it.", remedy, location)])
    spec = extended(
        owner._stack,
        added,
        settings={**tenant.settings, **added.tenant.settings},
        import_ids=(*tenant.import_ids, *added.tenant.import_ids),
    )
    stack = replace(owner._stack, spec=spec, part=declaration.part)
    planned = planned_tenant(spec.tenant, spec.integrations, merges=spec.merged_settings)
    new = next(each for each in planned.settings if each.name == settings_name)
    Registry.of_this_program().register(stack, [*settings_claims(new, stack), *binding_claims(new, stack)])
    owner._planned, owner._stack = planned, stack
    return owner, new
