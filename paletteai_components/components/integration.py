"""A Palette integration: a Settings object and the Secret with its credential, in one namespace."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from paletteai_components.components.args import PaletteIntegrationArgs
from paletteai_components.components.resource import child_options, kubernetes_resource
from paletteai_components.credential import fingerprint_of
from paletteai_components.manifests import Vendor, palette_document, secret_object, settings_object
from paletteai_components.spec import IntegrationSpec
from paletteai_components.topology import PlannedSettings


@dataclass
class Placement:
    """Where a Settings goes, as its owner worked it out.

    Fields:
        settings: the Settings and its Secrets.
        labels, annotations: the owner's.
        vendor: the vendor API to write for.
        depends_on: what has to be there first.
    """

    settings: PlannedSettings
    vendor: Vendor
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    depends_on: list[pulumi.Resource] = field(default_factory=list)


class PaletteIntegration(pulumi.ComponentResource):
    """A Settings object and the Secret with its Palette credential.

    A `Tenant` and a `Project` make one for each of their Settings. In a program of your own, add one
    to a `Tenant` or a `TenantReference` to give Projects another Settings to refer to.

    Raises DeclarationError, before anything is registered, where it is wrong or its credential,
    Secret or name is another's.

    Outputs:
        settings_name, namespace, reference: where the Settings is; `reference` is ``namespace/name``.
        palette: what its credential is called; None without one.
        secret_name: the Secret with it, ``namespace/name``; None without one.
        credential: what is in an existing Secret, as far as that is stated.
        fingerprint: of its credential; None for an existing Secret.
        settings: the Settings resource.
        secret: the Secret resource; None for an existing Secret.
    """

    settings_name: str
    namespace: str
    reference: str
    palette: str | None
    secret_name: str | None
    credential: str | None
    fingerprint: pulumi.Input[str] | None
    settings: pulumi.CustomResource
    secret: pulumi.CustomResource | None

    def __init__(
        self,
        name: str,
        args: PaletteIntegrationArgs | Placement,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Checks the integration against the program so far, then registers its Secret and Settings."""
        if isinstance(args, PaletteIntegrationArgs):
            opts = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=args.tenant), opts)
            placement = args.tenant.admitted(args)
        else:
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
        self.fingerprint = _fingerprint(planned.integration)
        self.secret = self._secret(name, placement, opts)
        before = [*placement.depends_on, *([self.secret] if self.secret else [])]
        self.settings = kubernetes_resource(
            settings_object(planned, self.fingerprint, placement.labels, placement.annotations, placement.vendor),
            name,
            _movable(child_options(self, opts, before)),
        )
        if isinstance(args, PaletteIntegrationArgs):
            args.tenant.integrations[planned.name] = self
        self.register_outputs(
            {"settingsName": self.settings_name, "namespace": self.namespace, "fingerprint": self.fingerprint}
        )

    def _secret(
        self, name: str, placement: Placement, opts: pulumi.ResourceOptions | None
    ) -> pulumi.CustomResource | None:
        planned, secret = placement.settings, placement.settings.palette_secret
        integration = planned.integration
        if secret is None or not secret.made or integration is None or integration.api_key is None:
            return None

        def encoded(api_key: str) -> str:
            return base64.b64encode(palette_document(integration, api_key).encode()).decode()

        document = pulumi.Output.secret(integration.api_key.secret).apply(encoded)
        manifest = secret_object(secret, planned, document, placement.labels, placement.annotations, placement.vendor)
        return kubernetes_resource(manifest, name, _movable(child_options(self, opts, placement.depends_on)))


def _movable(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    # One credential must never be live in two places, so the old place is cleared first.
    opts.delete_before_replace = True
    return opts


def _fingerprint(integration: IntegrationSpec | None) -> pulumi.Input[str] | None:
    key = integration.api_key if integration else None
    if integration is None or key is None or integration.host_url is None:
        return None
    if key.fingerprint is not None:
        return key.fingerprint
    host = integration.host_url
    opened: pulumi.Output[Any] = pulumi.Output.from_input(key.secret)
    # It is one way, and useless to a reviewer while it is shown as [secret].
    return pulumi.Output.unsecret(opened.apply(lambda text: fingerprint_of(host, text)))
