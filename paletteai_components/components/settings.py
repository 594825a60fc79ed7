"""A Settings object and the Secret with its Palette credential, in one namespace, as they are planned."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import pulumi

from paletteai_components.components.credential import PaletteCredential, opened_key
from paletteai_components.components.provider import warn_of_replaced_secrets
from paletteai_components.components.registry import DeclarationError, Ledger
from paletteai_components.components.resource import child_options, kubernetes_resource
from paletteai_components.credentials import fingerprint_of, settings_proof_of
from paletteai_components.kube.manifests import palette_document, secret_object, settings_object
from paletteai_components.model import identity
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named
from paletteai_components.stacks.ownership import binding_claims
from paletteai_components.stacks.stack import Stack


@dataclass
class SecretReferenceArgs:
    """A Secret that somebody else puts into the Settings' namespace.

    Fields:
        existing_secret: its name.
    """

    existing_secret: str


class SecretReferenceArgsDict(TypedDict):
    """`SecretReferenceArgs` as a dict."""

    existing_secret: str


@dataclass
class SettingsArgs:
    """A Settings object.

    Fields:
        palette: its Palette credential, bound here and nowhere else.
        secret_name: the name of its Secret. Default: ``<settings>-palette``.
        hugging_face, nvidia: Secrets of other integrations.
        labels, annotations: for the Settings and its Secret.
        extra_spec: fields of `spec` that are not modelled, passed through.
        name: for a Project's own Settings, the object's name.
    """

    palette: PaletteCredential | None = None
    secret_name: str | None = None
    hugging_face: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    nvidia: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None


class SettingsArgsDict(TypedDict, total=False):
    """`SettingsArgs` as a dict."""

    palette: PaletteCredential
    secret_name: str
    hugging_face: SecretReferenceArgs | SecretReferenceArgsDict
    nvidia: SecretReferenceArgs | SecretReferenceArgsDict
    labels: Mapping[str, str]
    annotations: Mapping[str, pulumi.Input[str]]
    extra_spec: Mapping[str, Any]
    name: str


@dataclass(frozen=True)
class Placement:
    """Where a Settings goes, as its owner worked it out.

    Fields:
        settings: the Settings and its Secrets.
        stack: the declaration it is part of.
        labels, annotations: the owner's.
        depends_on: what has to be there first.
        import_ids: the references of objects that are taken over.
        former_urns: URNs under which the integration, its Settings and its Secret may be known.
    """

    settings: PlannedSettings
    stack: Stack
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    depends_on: list[pulumi.Resource]
    import_ids: Collection[str]
    former_urns: Sequence[str] = ()


class SettingsComponent(pulumi.ComponentResource):
    """A Settings object and the Secret with its Palette credential.

    A `Tenant` and a `Project` make one for each of their Settings; a `PaletteIntegration` is one that is
    added to a tenant.

    Outputs, which are plain where they are known before anything is registered:
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
    fingerprint: pulumi.Output[str] | None
    settings: pulumi.CustomResource
    secret: pulumi.CustomResource | None

    def __init__(self, name: str, placement: Placement, opts: pulumi.ResourceOptions | None = None) -> None:
        """Registers the Secret and the Settings of a placement."""
        super().__init__(identity.INTEGRATION, name, None, opts)
        planned, integration = placement.settings, placement.settings.integration
        self.settings_name, self.namespace, self.reference = planned.name, planned.namespace, str(planned)
        self.palette = planned.palette
        secret = planned.palette_secret
        self.secret_name = f"{secret.namespace}/{secret.name}" if secret else None
        self.credential = integration.credential if integration else None
        key = _judged_key(placement)
        fingerprint = _fingerprint(integration, key)
        self.fingerprint = None if fingerprint is None else pulumi.Output.from_input(fingerprint)
        self.secret = self._secret(name, placement, key, opts)
        before = [*placement.depends_on, *([self.secret] if self.secret else [])]
        proof, vendor = _proof(planned, key), placement.stack.vendor
        self.settings = kubernetes_resource(
            settings_object(planned, fingerprint, proof, placement.labels, placement.annotations, vendor),
            name,
            _movable(child_options(self, opts, before, aliases=_former(placement, "Settings"))),
            vendor,
            placement.import_ids,
        )
        self.register_outputs(
            {"settingsName": self.settings_name, "namespace": self.namespace, "fingerprint": fingerprint}
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
        warn_of_replaced_secrets(self.get_provider(identity.SECRET), f"PaletteIntegration {named(name)}")
        return kubernetes_resource(manifest, name, options, vendor, placement.import_ids)


def settings_below(
    owner: pulumi.ComponentResource, name: str, placement: Placement, opts: pulumi.ResourceOptions | None
) -> SettingsComponent:
    """The component of an owner's Settings, registered as what its former URNs say it was."""
    aliases = identity.of_kind(placement.former_urns, "PaletteIntegration")
    logical_name = identity.logical_name(name, placement.settings.name)
    return SettingsComponent(logical_name, placement, child_options(owner, opts, [], aliases=aliases))


def _former(placement: Placement, kind: str) -> list[str | pulumi.Alias]:
    """Under what an object of the integration may be known, besides what its parent's aliases lead to.

    A deployment that was killed during a move leaves it below the new integration, by its old name.
    """
    urns = placement.former_urns
    names_before = map(identity.name_of, identity.of_kind(urns, "PaletteIntegration"))
    return [*identity.of_kind(urns, kind), *(pulumi.Alias(name=name) for name in names_before)]


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
