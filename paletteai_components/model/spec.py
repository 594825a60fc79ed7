"""The spec: what a user declares, one tenant in one environment, as frozen pydantic models.

The models define the fields and their types. The rules check whether the values fit together. Names are camelCase in
files, as in the vendor's API, and snake_case here. For a field with a counterpart in that API, `kube/palette_api.py`
says where it was seen or that it is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from paletteai_components.credentials import ApiKey, KeyState, digest_of, fingerprint_of, host_of, proof_of


class Spec(BaseModel):
    """The base of all declarations: frozen, exact types, unknown fields refused, inputs never echoed."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
        # Half of the start-up time goes into building validators that only a StackSpec needs.
        defer_build=True,
    )


Texts = Annotated[tuple[str, ...], Field(strict=False)]
Labels = dict[str, str]
ExtraSpec = dict[str, Any]


class OnRemoval(StrEnum):
    """What removing a tenant or project from the declaration does to its objects."""

    REFUSE = "refuse"
    RETAIN = "retain"
    DELETE = "delete"


Removal = Annotated[OnRemoval, Field(strict=False)]


class FingerprintSpec(Spec):
    """The fingerprint of an encrypted key, written by `paletteai fingerprint`, never by hand."""

    value: str
    """The one-way fingerprint of the key: `pai1:` and 40 hexadecimal digits."""
    ciphertext: str
    """A digest of the ciphertext this fingerprint was made for. With another ciphertext, it is stale."""
    proof: str
    """Made with the key for this stack, host and ciphertext. `pulumi preview` verifies it."""

    @classmethod
    def of(cls, key: str, stack: str, host_url: str, ciphertext: str) -> FingerprintSpec:
        """The fingerprint of a key, which is not kept, as one stack has it with its ciphertext."""
        return cls(
            value=fingerprint_of(key),
            ciphertext=digest_of(ciphertext),
            proof=proof_of(key, stack, host_url, ciphertext),
        )


class IntegrationSpec(Spec):
    """A Palette credential: either its four fields, or an external Secret."""

    host_url: str | None = None
    """The URL of the Palette API, for example https://api.spectrocloud.com. Self-hosted Palette has another."""
    tenant: str | None = None
    """The name of the Palette tenant, not of the PaletteAI Tenant."""
    default_project_id: Annotated[str | None, Field(alias="defaultProjectID")] = None
    """The Palette project that is used by default. Quote it: it looks like a number."""
    api_key: ApiKey | None = None
    """The encrypted key. Set it with
    `pulumi config set --secret --path --stack STACK paletteai:integrations.INTEGRATION.apiKey`."""
    fingerprint: FingerprintSpec | None = None
    """The fingerprint of the encrypted key, which does not reveal it. Written by `paletteai fingerprint`."""
    existing_secret: str | None = None
    """The name of an external Secret in the namespace of the Settings."""
    credential: str | None = None
    """Any name for the credential in an existing Secret. The same name means the same credential."""

    @property
    def has_stale_fingerprint(self) -> bool:
        """Whether the fingerprint was made for another ciphertext than the key has now."""
        key, written = self.api_key, self.fingerprint
        if key is not None and key.state is KeyState.DECRYPTED:
            # A decrypted key is compared with the fingerprint itself.
            return False
        return bool(key and key.ciphertext and written and written.ciphertext != digest_of(key.ciphertext))

    @property
    def fingerprint_in_force(self) -> str | None:
        """The key's fingerprint, or None if it is missing or stale."""
        if self.api_key is not None and self.api_key.state is KeyState.DECRYPTED:
            return self.api_key.fingerprint
        return self.fingerprint.value if self.fingerprint and not self.has_stale_fingerprint else None

    def sealed(self, key: str, stack: str, ciphertext: str) -> IntegrationSpec:
        """The same with its key encrypted for a stack, and the fingerprint of the key.

        Args:
            key: The text of the key, which is not kept.
            stack: The stack's name.
            ciphertext: The key, encrypted.
        """
        sealed = ApiKey(KeyState.ENCRYPTED, ciphertext=ciphertext)
        fingerprint = FingerprintSpec.of(key, stack, self.host_url or "", ciphertext)
        return self.model_copy(update={"api_key": sealed, "fingerprint": fingerprint})

    def is_proven_by(self, key: ApiKey, stack: str) -> bool:
        """Whether the fingerprint has a proof made with this key for this stack, host and ciphertext."""
        written = self.fingerprint
        return (
            written is not None
            and written.value == key.fingerprint
            and self.api_key is not None
            and key.proves(written.proof, stack, self.host_url, self.api_key.ciphertext)
        )

    @property
    def identities(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """What identifies the credential without decrypting it: a word for messages, and what is compared."""
        if self.fingerprint_in_force:
            yield "fingerprint", ("fingerprint", self.fingerprint_in_force)
        if self.api_key is not None and self.api_key.ciphertext:
            yield "ciphertext", ("ciphertext", self.api_key.ciphertext)
        if self.api_key is not None and self.api_key.secret is not None and self.api_key.fingerprint is None:
            # The value of an Output is not known yet, but the same object has the same value.
            yield "Output", ("output", str(id(self.api_key.secret)))
        if self.credential:
            yield "`credential`", ("credential", self.credential)

    @property
    def compute(self) -> tuple[str, str, str] | None:
        """The compute it reaches: host, Palette tenant and default project. None unless all are declared."""
        if self.host_url and self.tenant and self.default_project_id:
            return host_of(self.host_url), self.tenant, self.default_project_id
        return None


class SecretReferenceSpec(Spec):
    """An external Secret in the namespace of the Settings."""

    existing_secret: str
    """The Secret's name."""


class SettingsSpec(Spec):
    """A Settings object: at most one integration of each type."""

    palette: str | None = None
    """The key of a declared integration."""
    secret_name: str | None = None
    """The name of the Secret with the Palette credential. Default: `<settings>-palette`."""
    hugging_face: SecretReferenceSpec | None = None
    """The Secret of a Hugging Face integration (PaletteAI 1.0 and later)."""
    nvidia: SecretReferenceSpec | None = None
    """The Secret of an NVIDIA NGC integration (PaletteAI 1.0 and later)."""
    labels: Labels = Field(default_factory=dict)
    """Labels for the Settings and its Secret."""
    annotations: Labels = Field(default_factory=dict)
    """Annotations for the Settings and its Secret."""
    secret_labels: Labels | None = None
    """All labels for the Secret that this stack writes. Default: those of the Settings."""
    secret_annotations: Labels | None = None
    """All annotations for that Secret. Default: those of the Settings."""
    extra_spec: ExtraSpec = Field(default_factory=dict)
    """Other fields of the object's `spec`, passed through unchanged."""


class ProjectSettingsSpec(SettingsSpec):
    """A Project's own Settings object, in the Project's namespace."""

    name: str = "default"
    """The object's name. It cannot be changed later."""


class ComputeConfigRefSpec(Spec):
    """Which ComputeConfig a Project deploys with."""

    name: str
    """The ComputeConfig's name."""
    namespace: str | None = None
    """Its namespace. Default: the tenant's namespace. If it is empty, the Project states none."""


class RoleMappingSpec(Spec):
    """Which groups of the identity provider hold which role in a Project."""

    admin: Texts = ()
    """Groups whose members administer the Project."""
    editor: Texts = ()
    """Groups whose members deploy to the Project."""
    viewer: Texts = ()
    """Groups whose members can see the Project."""


class DeploymentNamespacesSpec(Spec):
    """The namespaces that a Project's workloads may be deployed to."""

    allow: Texts = ()
    """Namespaces that are allowed: names, or patterns such as `team-*`."""
    disallow: Texts = ()
    """Namespaces that are refused: names, or patterns."""


class ProjectSpec(Spec):
    """A Project. Its namespace has its name: PaletteAI refuses any other."""

    name: str
    """The name of the Project and of its namespace. It cannot be changed later."""
    display_name: str | None = None
    """Letters, digits and spaces."""
    description: str | None = None
    """A sentence for the reader."""
    create_namespace: bool = True
    """Whether this stack creates the namespace, or only refers to it."""
    settings: ProjectSettingsSpec | None = None
    """The Project's own Settings, which override the tenant's."""
    settings_ref: str | None = None
    """The name of another Settings of the tenant, for a Project that does not use the default one."""
    shared_cluster_only: bool | None = None
    """True to go without Palette: no compute is discovered, and no dedicated cluster can be created."""
    compute_config_ref: ComputeConfigRefSpec | None = None
    """The ComputeConfig. Default: the tenant's."""
    role_mapping: RoleMappingSpec | None = None
    """Groups and roles. Default: the tenant's."""
    deployment_namespaces: DeploymentNamespacesSpec | None = None
    """Where workloads may be deployed."""
    labels: Labels = Field(default_factory=dict)
    """Labels for every object of the Project."""
    annotations: Labels = Field(default_factory=dict)
    """Annotations for every object of the Project."""
    namespace_labels: Labels | None = None
    """All labels for the namespace that this stack creates. Default: `labels`."""
    namespace_annotations: Labels | None = None
    """All annotations for that namespace. Default: `annotations`."""
    extra_spec: ExtraSpec = Field(default_factory=dict)
    """Other fields of the object's `spec`, passed through unchanged."""
    on_removal: Removal | None = None
    """What removing the Project from the declaration does. Default: the tenant's."""
    import_ids: Texts = ()
    """Existing objects to take over, by the names that messages show, for example `Namespace/vision`."""


class TenantSpec(Spec):
    """A Tenant, its Settings and its Projects."""

    name: str
    """The Tenant's name. It cannot be changed later."""
    existing: bool = False
    """True for an external Tenant, which is only referred to."""
    namespace: str | None = None
    """The tenant namespace. Default: `tenant-<name>`."""
    create_namespace: bool = True
    """Whether this stack creates the namespace, or only refers to it."""
    display_name: str | None = None
    """Letters, digits and spaces."""
    description: str | None = None
    """A sentence for the reader."""
    groups: Texts = ()
    """Groups of the identity provider that hold the tenant role."""
    settings: dict[str, SettingsSpec] = Field(default_factory=dict)
    """Settings objects in the tenant namespace, by name."""
    existing_settings: Texts = ()
    """External Settings objects in the tenant namespace that have a Palette integration."""
    settings_ref: str | None = None
    """The Settings that every Project falls back to. Default: `default`, if it is declared."""
    shared_cluster_only: bool | None = None
    """The `sharedClusterOnly` of every Project that does not set it."""
    compute_config_ref: ComputeConfigRefSpec | None = None
    """The ComputeConfig of every Project that does not name one."""
    role_mapping: RoleMappingSpec | None = None
    """Groups and roles of every Project without its own."""
    projects: Annotated[tuple[ProjectSpec, ...], Field(strict=False)] = ()
    """The Projects of the Tenant."""
    labels: Labels = Field(default_factory=dict)
    """Labels for every object of the Tenant itself."""
    annotations: Labels = Field(default_factory=dict)
    """Annotations for every object of the Tenant itself."""
    namespace_labels: Labels | None = None
    """All labels for the namespace that this stack creates. Default: `labels`."""
    namespace_annotations: Labels | None = None
    """All annotations for that namespace. Default: `annotations`."""
    extra_spec: ExtraSpec = Field(default_factory=dict)
    """Other fields of the object's `spec`, passed through unchanged."""
    on_removal: Removal = OnRemoval.REFUSE
    """What removing the Tenant from the declaration does: refuse, retain or delete."""
    import_ids: Texts = ()
    """Existing objects to take over, by the names that messages show, for example `Namespace/tenant-acme`."""


class StackSpec(Spec):
    """One tenant in one environment: the `paletteai:` part of a stack's configuration."""

    integrations: dict[str, IntegrationSpec] = Field(default_factory=dict)
    """Palette credentials, keyed by a name that you choose. Nothing on the cluster is named after it."""
    tenant: TenantSpec
    """The tenant."""
    environment: str | None = None
    """The environment. Default: what follows the last dot of the stack's name."""
    cluster: str | None = None
    """A name for the cluster. Default: `kubernetes:context`."""
    merged_settings: bool = True
    """Whether this PaletteAI merges tenant and project Settings per integration (1.1 and later do)."""
    api_version: str | None = None
    """The group and version of the vendor's API. Default: those that this package is written for."""
    silence: Labels = Field(default_factory=dict)
    """Warnings that are acceptable here: the rule's code, and the reason. Errors cannot be silenced."""
    vendor_fields: Labels = Field(default_factory=dict)
    """Other paths for the vendor's fields whose path is assumed, by their names in this package. A path may lead
    through a list, as `spec.integrations[type=palette].secretRef.name` does."""
