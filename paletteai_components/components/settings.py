"""A Settings object and the Secret with its credential, registered as they are planned."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import pulumi

from paletteai_components.components.credential import PaletteCredential, opened_key
from paletteai_components.components.provider import warn_of_replaced_secrets
from paletteai_components.components.registry import DeclarationError, Registry
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
    """An external Secret in the Settings' namespace: another tool writes it."""

    existing_secret: str
    """The Secret's name."""


class SecretReferenceArgsDict(TypedDict):
    """`SecretReferenceArgs` as a dict."""

    existing_secret: str


@dataclass
class SettingsArgs:
    """A Settings object: at most one integration of each type."""

    palette: PaletteCredential | None = None
    """The credential of its Palette integration, bound here and nowhere else."""
    secret_name: str | None = None
    """The name of the Secret with that credential. Default: ``<settings>-palette``."""
    hugging_face: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    """The external Secret of its Hugging Face integration."""
    nvidia: SecretReferenceArgs | SecretReferenceArgsDict | None = None
    """The external Secret of its NVIDIA integration."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """Labels of the Settings and its Secret."""
    annotations: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Annotations of the Settings and its Secret."""
    secret_labels: Mapping[str, str] | None = None
    """All labels of the Secret. Default: those of the Settings."""
    secret_annotations: Mapping[str, pulumi.Input[str]] | None = None
    """All annotations of the Secret. Default: those of the Settings."""
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `spec` that are not modelled, passed through."""
    name: str | None = None
    """The object's name, for a Project's own Settings only. Default: ``default``."""


class SettingsArgsDict(TypedDict, total=False):
    """`SettingsArgs` as a dict."""

    palette: PaletteCredential
    secret_name: str
    hugging_face: SecretReferenceArgs | SecretReferenceArgsDict
    nvidia: SecretReferenceArgs | SecretReferenceArgsDict
    labels: Mapping[str, str]
    annotations: Mapping[str, pulumi.Input[str]]
    secret_labels: Mapping[str, str]
    secret_annotations: Mapping[str, pulumi.Input[str]]
    extra_spec: Mapping[str, Any]
    name: str


@dataclass(frozen=True)
class Placement:
    """A planned Settings, with what its owner adds to it."""

    settings: PlannedSettings
    """The Settings and its Secrets."""
    stack: Stack
    """The declaration that it is part of."""
    labels: Mapping[str, str]
    """The owner's labels."""
    annotations: Mapping[str, str]
    """The owner's annotations."""
    depends_on: list[pulumi.Resource]
    """The resources that come first."""
    import_ids: Collection[str]
    """References of the objects that are taken over."""
    former_urns: Sequence[str] = ()
    """URNs that the component, its Settings and its Secret may have in Pulumi's state."""


class SettingsComponent(pulumi.ComponentResource):
    """A Settings object and the Secret with its credential.

    A `Tenant` and a `Project` register one for each of their Settings. A `PaletteIntegration` is one that is
    added to a tenant. Outputs that are known before anything is registered are plain values.
    """

    settings_name: str
    """The Settings' name."""
    namespace: str
    """The Settings' namespace."""
    reference: str
    """The Settings, as ``namespace/name``."""
    palette: str | None
    """The name of its Palette integration; None without one."""
    secret_name: str | None
    """The Secret with its credential, as ``namespace/name``; None without an integration."""
    credential: str | None
    """The name of the credential in an external Secret, if it is declared."""
    fingerprint: pulumi.Output[str] | None
    """The fingerprint of its key; None for an external Secret."""
    settings: pulumi.CustomResource
    """The Settings resource."""
    secret: pulumi.CustomResource | None
    """The Secret resource; None for an external Secret."""

    def __init__(self, name: str, placement: Placement, opts: pulumi.ResourceOptions | None = None) -> None:
        """Registers the Secret and the Settings of a placement."""
        super().__init__(identity.INTEGRATION, name, None, opts)
        planned, integration = placement.settings, placement.settings.integration
        self.settings_name, self.namespace, self.reference = planned.name, planned.namespace, str(planned)
        self.palette = planned.palette
        secret = planned.palette_secret
        self.secret_name = f"{secret.namespace}/{secret.name}" if secret else None
        self.credential = integration.credential if integration else None
        key = _checked_key(placement)
        fingerprint = fingerprint_input(integration, key)
        self.fingerprint = None if fingerprint is None else pulumi.Output.from_input(fingerprint)
        self.secret = self._secret(name, placement, key, opts)
        before = [*placement.depends_on, *([self.secret] if self.secret else [])]
        proof, api = _proof(planned, key), placement.stack.api
        self.settings = kubernetes_resource(
            settings_object(planned, fingerprint, proof, placement.labels, placement.annotations, api),
            name,
            _movable(child_options(self, opts, before, aliases=_former_aliases(placement, "Settings"))),
            api,
            placement.import_ids,
        )
        self.register_outputs(
            {"settingsName": self.settings_name, "namespace": self.namespace, "fingerprint": fingerprint}
        )

    def _secret(
        self, name: str, placement: Placement, key: pulumi.Output[str] | None, opts: pulumi.ResourceOptions | None
    ) -> pulumi.CustomResource | None:
        planned, secret = placement.settings, placement.settings.palette_secret
        integration = planned.integration
        if secret is None or not secret.managed or integration is None or key is None:
            return None

        def encoded(api_key: str) -> str:
            return base64.b64encode(palette_document(integration, api_key).encode()).decode()

        labels, annotations, api = placement.labels, placement.annotations, placement.stack.api
        manifest = secret_object(secret, planned, key.apply(encoded), labels, annotations, api)
        options = _movable(
            child_options(self, opts, placement.depends_on, aliases=_former_aliases(placement, "Secret"))
        )
        warn_of_replaced_secrets(self.get_provider(identity.SECRET), f"PaletteIntegration `{named(name)}`")
        return kubernetes_resource(manifest, name, options, api, placement.import_ids)


def settings_below(
    owner: pulumi.ComponentResource, name: str, placement: Placement, opts: pulumi.ResourceOptions | None
) -> SettingsComponent:
    """Registers the component of an owner's Settings, under the aliases that its former URNs give."""
    aliases = identity.of_kind(placement.former_urns, "PaletteIntegration")
    logical_name = identity.logical_name(name, placement.settings.name)
    return SettingsComponent(logical_name, placement, child_options(owner, opts, [], aliases=aliases))


def _former_aliases(placement: Placement, kind: str) -> list[str | pulumi.Alias]:
    """The aliases of a Settings or Secret, besides those that follow from its parent's aliases.

    A deployment that was killed during a move leaves the object below the new component, under its old name.
    """
    urns = placement.former_urns
    names_before = map(identity.name_of, identity.of_kind(urns, "PaletteIntegration"))
    return [*identity.of_kind(urns, kind), *(pulumi.Alias(name=name) for name in names_before)]


def _movable(opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    # A credential must never be live in two places, so the old object is deleted first.
    opts.delete_before_replace = True
    return opts


def _checked_key(placement: Placement) -> pulumi.Output[str] | None:
    """The key as a Pulumi secret. A key that is an Output is checked by the same rules once its value is known.

    An error is then raised from `apply`: Pulumi prints a RunError unchanged, and neither the Secret nor the
    Settings is registered.
    """
    settings = placement.settings
    integration = settings.integration
    if integration is None or integration.api_key is None:
        return None
    secret = pulumi.Output.secret(integration.api_key.secret)
    if integration.api_key.fingerprint is not None:
        return secret
    registry = Registry.of_this_program()

    def checked(text: Any) -> str:
        key = text if isinstance(text, str) else ""
        opened = integration.model_copy(update={"api_key": opened_key(key)})
        spec = placement.stack.spec
        if spec is not None:
            spec = spec.model_copy(update={"integrations": {**spec.integrations, str(settings.palette): opened}})
        stack = replace(placement.stack, spec=spec)
        try:
            registry.register(stack, binding_claims(replace(settings, integration=opened), stack, code="PAI003"))
        except DeclarationError as error:
            raise DeclarationError(error.diagnostics, "its Secret and Settings were not registered") from None
        return key

    return secret.apply(checked)


def fingerprint_input(integration: IntegrationSpec | None, key: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
    """The fingerprint of an integration's key, or None if it has no key. An Output if the key's text is not known."""
    if integration is None or key is None or integration.api_key is None:
        return None
    if integration.api_key.fingerprint is not None:
        return integration.api_key.fingerprint
    # A fingerprint is one-way, and a reviewer cannot use one that is shown as [secret].
    return pulumi.Output.unsecret(key.apply(fingerprint_of))


def _proof(settings: PlannedSettings, key: pulumi.Output[str] | None) -> pulumi.Input[str] | None:
    if settings.integration is None or key is None or settings.integration.api_key is None:
        return None
    proof = settings.integration.api_key.settings_proof(str(settings))
    return proof or pulumi.Output.unsecret(key.apply(lambda text: settings_proof_of(text, str(settings))))
