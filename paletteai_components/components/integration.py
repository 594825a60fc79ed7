"""A Palette integration: a Settings object and the Secret with its credential, in one namespace."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pulumi

from paletteai_components.claims import binding_claims
from paletteai_components.components.args import PaletteIntegrationArgs, opened_key
from paletteai_components.components.ledger import DeclarationError, Ledger, expect
from paletteai_components.components.providers import warn_of_replaced_secrets
from paletteai_components.components.resource import child_options, kubernetes_resource, of_kind, of_the_tenant
from paletteai_components.credential import fingerprint_of, settings_proof_of
from paletteai_components.manifests import palette_document, secret_object, settings_object
from paletteai_components.planned import PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.spec import IntegrationSpec
from paletteai_components.stack import Stack


@dataclass
class Placement:
    """Where a Settings goes, as its owner worked it out.

    Fields:
        settings: the Settings and its Secrets.
        labels, annotations: the owner's.
        stack: the declaration it is part of.
        depends_on: what has to be there first.
        import_ids: the references of objects that are taken over.
        former_urns: URNs under which the integration, its Settings and its Secret may be known.
    """

    settings: PlannedSettings
    stack: Stack
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    depends_on: list[pulumi.Resource] = field(default_factory=list)
    import_ids: Collection[str] = ()
    former_urns: Sequence[str] = ()


class PaletteIntegration(pulumi.ComponentResource):
    """A Settings object and the Secret with its Palette credential.

    A `Tenant` and a `Project` make one for each of their Settings. In a program of your own, add one
    to a `Tenant` or a `TenantReference` to give Projects another Settings to refer to.

    Raises DeclarationError, before anything is registered, where it is wrong or its credential,
    Secret or name is another's. A key that is an Output is judged when it is known; then its Secret
    and Settings are not registered.

    Outputs:
        settings_name, namespace, reference: where the Settings is; `reference` is ``namespace/name``.
        palette: what its credential is called; None without one.
        secret_name: the Secret with it, ``namespace/name``; None without one.
        credential: what is in an existing Secret, as far as that is stated.
        fingerprint: of its credential; None for an existing Secret.
        settings: the Settings resource.
        secret: the Secret resource; None for an existing Secret.
    """

    def __init__(
        self,
        name: str,
        args: PaletteIntegrationArgs | Placement,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Checks the integration against the program so far, then registers its Secret and Settings."""
        if isinstance(args, PaletteIntegrationArgs):
            placement = _admitted(name, args)
            opts = of_the_tenant(args.tenant, opts)
        else:
            expect(args, Placement, f"PaletteIntegration {named(name)}", "args", "a PaletteIntegrationArgs")
            placement = args
        super().__init__("paletteai:index:PaletteIntegration", name, None, opts)
        planned = placement.settings
        self.settings_name = planned.name
        self.namespace = planned.namespace
        self.reference = str(planned)
        self.palette = planned.palette
        secret = planned.palette_secret
        self.secret_name = f"{secret.namespace}/{secret.name}" if secret else None
        self.credential = planned.integration.credential if planned.integration else None
        key = _judged_key(placement)
        self.fingerprint = _fingerprint(planned.integration, key)
        self.secret = self._secret(name, placement, key, opts)
        before = [*placement.depends_on, *([self.secret] if self.secret else [])]
        self.settings = kubernetes_resource(
            settings_object(
                planned,
                self.fingerprint,
                _proof(planned, key),
                placement.labels,
                placement.annotations,
                placement.stack.vendor,
            ),
            name,
            _movable(child_options(self, opts, before, aliases=_former(placement, "Settings"))),
            placement.stack.vendor,
            placement.import_ids,
        )
        if isinstance(args, PaletteIntegrationArgs):
            args.tenant.integrations[planned.name] = self
        self.register_outputs(
            {"settingsName": self.settings_name, "namespace": self.namespace, "fingerprint": self.fingerprint}
        )

    def _secret(
        self,
        name: str,
        placement: Placement,
        key: pulumi.Output[str] | None,
        opts: pulumi.ResourceOptions | None,
    ) -> pulumi.CustomResource | None:
        planned, secret = placement.settings, placement.settings.palette_secret
        integration = planned.integration
        if secret is None or not secret.made or integration is None or key is None:
            return None

        def encoded(api_key: str) -> str:
            return base64.b64encode(palette_document(integration, api_key).encode()).decode()

        labels, annotations, vendor = placement.labels, placement.annotations, placement.stack.vendor
        manifest = secret_object(secret, planned, key.apply(encoded), labels, annotations, vendor)
        options = _movable(child_options(self, opts, placement.depends_on, aliases=_former(placement, "Secret")))
        warn_of_replaced_secrets(self.get_provider("kubernetes:core/v1:Secret"), f"PaletteIntegration {named(name)}")
        return kubernetes_resource(manifest, name, options, vendor, placement.import_ids)


def _admitted(name: str, args: PaletteIntegrationArgs) -> Placement:
    from paletteai_components.components.tenant import TenantOwner

    expect(args.tenant, TenantOwner, f"PaletteIntegration {named(name)}", "the tenant", "a Tenant or TenantReference")
    return args.tenant.admitted(name, args)


def _former(placement: Placement, kind: str) -> list[str | pulumi.Alias]:
    """Under what an object of the integration may be known, besides what its parent's aliases lead to.

    A deployment that was killed during a move leaves it below the new integration, by its old name.
    """
    urns = placement.former_urns
    names_before = [urn.rpartition("::")[2] for urn in of_kind(urns, "PaletteIntegration")]
    return [*of_kind(urns, kind), *(pulumi.Alias(name=name) for name in names_before)]


def _movable(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    # One credential must never be live in two places, so the old place is cleared first.
    opts.delete_before_replace = True
    return opts


def _judged_key(placement: Placement) -> pulumi.Output[str] | None:
    """The key as a secret. One that is an Output is judged when it is known, by the same rules.

    What is wrong is raised from `apply` then: Pulumi prints a RunError as it is, and neither the
    Secret nor the Settings is registered.
    """
    settings = placement.settings
    integration = settings.integration
    if integration is None or integration.api_key is None:
        return None
    secret = pulumi.Output.secret(integration.api_key.secret)
    if integration.api_key.fingerprint is not None:
        return secret
    ledger = Ledger.of_this_program()

    def judged(text: Any) -> str:
        key = text if isinstance(text, str) else ""
        opened = integration.model_copy(update={"api_key": opened_key(key)})
        spec = placement.stack.spec
        if spec is not None:
            spec = spec.model_copy(update={"integrations": {**spec.integrations, str(settings.palette): opened}})
        stack = replace(placement.stack, spec=spec)
        try:
            ledger.admit(stack, binding_claims(replace(settings, integration=opened), stack, code="PAI003"))
        except DeclarationError as error:
            raise DeclarationError(error.problems, "its Secret and Settings were not registered") from None
        return key

    return secret.apply(judged)


def _fingerprint(integration: IntegrationSpec | None, key: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
    if integration is None or key is None or integration.api_key is None:
        return None
    if integration.api_key.fingerprint is not None:
        return integration.api_key.fingerprint
    # It is one way, and useless to a reviewer while it is shown as [secret].
    return pulumi.Output.unsecret(key.apply(fingerprint_of))


def _proof(settings: PlannedSettings, key: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
    if settings.integration is None or key is None or settings.integration.api_key is None:
        return None
    known = settings.integration.api_key.settings_proof(str(settings))
    return known or pulumi.Output.unsecret(key.apply(lambda text: settings_proof_of(text, str(settings))))
