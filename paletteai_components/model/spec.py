"""What a user declares: one tenant in one environment, as frozen pydantic models.

The models say what may be written and of which type. Whether it makes sense together is for the
topology and the rules. Names are camelCase in files, as in the vendor's API, and snake_case here.
Where a field has a counterpart in that API, `manifests` says where it was seen or that it is assumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from paletteai_components.credentials import ApiKey, KeyState, digest_of, host_of


class Spec(BaseModel):
    """What all declarations have in common: frozen, exact types, unknown fields refused, inputs never echoed."""

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
    """`pai1:` and 40 hexadecimal digits: one way, of the key."""
    ciphertext: str
    """A digest of the encryption this fingerprint was made for; it tells when the fingerprint is stale."""
    proof: str
    """Made with the key for this stack, host and encryption. `pulumi preview` verifies it."""


class IntegrationSpec(Spec):
    """A Palette credential: either the four fields of one, or a Secret that somebody else puts in place."""

    host_url: str | None = None
    """The Palette API, for example https://api.spectrocloud.com; differs on self-hosted Palette."""
    tenant: str | None = None
    """The Palette tenant's name. Not the PaletteAI Tenant."""
    default_project_id: Annotated[str | None, Field(alias="defaultProjectID")] = None
    """The Palette project used when none is named. Quote it: it looks like a number."""
    api_key: ApiKey | None = None
    """The encrypted key. Set it with `pulumi config set --secret --path`."""
    fingerprint: FingerprintSpec | None = None
    """Which credential the encrypted key is, without telling it. Written by `paletteai fingerprint`."""
    existing_secret: str | None = None
    """The name of a Secret that is put into the Settings' namespace by somebody else."""
    credential: str | None = None
    """Any name for the credential in an existing Secret; the same name means the same credential."""

    @property
    def has_stale_fingerprint(self) -> bool:
        """Whether the fingerprint was made for another encryption than the key has now."""
        key, written = self.api_key, self.fingerprint
        if key is not None and key.state is KeyState.DECRYPTED:
            # Whoever can open the key compares the fingerprint itself.
            return False
        return bool(key and key.ciphertext and written and written.ciphertext != digest_of(key.ciphertext))

    @property
    def fingerprint_in_force(self) -> str | None:
        """The key's fingerprint, or None where it is missing or stale."""
        if self.api_key is not None and self.api_key.state is KeyState.DECRYPTED:
            return self.api_key.fingerprint
        return self.fingerprint.value if self.fingerprint and not self.has_stale_fingerprint else None

    def is_proven_by(self, key: ApiKey, stack: str) -> bool:
        """Whether the fingerprint was written for this stack, host and encryption by who knows this key."""
        written = self.fingerprint
        return (
            written is not None
            and written.value == key.fingerprint
            and self.api_key is not None
            and key.proves(written.proof, stack, self.host_url, self.api_key.ciphertext)
        )

    @property
    def identities(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """By what the credential can be recognised without opening it: how, and what is compared."""
        if self.fingerprint_in_force:
            yield "fingerprint", ("fingerprint", self.fingerprint_in_force)
        if self.api_key is not None and self.api_key.ciphertext:
            yield "ciphertext", ("ciphertext", self.api_key.ciphertext)
        if self.api_key is not None and self.api_key.secret is not None and self.api_key.fingerprint is None:
            # A key that is still to be known is at least the same where it is the same object.
            yield "Output", ("output", str(id(self.api_key.secret)))
        if self.credential:
            yield "`credential`", ("credential", self.credential)

    @property
    def compute(self) -> tuple[str, str, str] | None:
        """The compute it reaches: host, Palette tenant and default project, where all are declared."""
        if self.host_url and self.tenant and self.default_project_id:
            return host_of(self.host_url), self.tenant, self.default_project_id
        return None


class SecretReferenceSpec(Spec):
    """A Secret that somebody else puts into the Settings' namespace."""

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
    extra_spec: ExtraSpec = Field(default_factory=dict)
    """Fields of `spec` that are not modelled here, passed through as they are."""


class ProjectSettingsSpec(SettingsSpec):
    """A Settings object of a Project's own, in the Project's namespace."""

    name: str = "default"
    """The object's name. It cannot be changed later."""


class ComputeConfigRefSpec(Spec):
    """Which ComputeConfig a Project deploys with."""

    name: str
    """The ComputeConfig's name."""
    namespace: str | None = None
    """Its namespace. Default: the tenant's namespace."""


class RoleMappingSpec(Spec):
    """Which groups of the identity provider hold which role in a Project."""

    admin: Texts = ()
    """Groups whose members administer the Project."""
    editor: Texts = ()
    """Groups whose members deploy in the Project."""
    viewer: Texts = ()
    """Groups whose members see the Project."""


class DeploymentNamespacesSpec(Spec):
    """Into which namespaces a Project's workloads may be deployed."""

    allow: Texts = ()
    """Namespaces that are allowed."""
    disallow: Texts = ()
    """Namespaces that are refused."""


class ProjectSpec(Spec):
    """A Project. Its name is its namespace: PaletteAI refuses anything else."""

    name: str
    """The Project's name, and its namespace's. It cannot be changed later."""
    display_name: str | None = None
    """Letters, digits and spaces."""
    create_namespace: bool = True
    """Whether the namespace is made here, or only referred to."""
    settings: ProjectSettingsSpec | None = None
    """Settings of the Project's own, which override the tenant's."""
    settings_ref: str | None = None
    """The name of another Settings of the tenant, for a Project that should not use the default one."""
    shared_cluster_only: bool | None = None
    """True to go without Palette: no compute is discovered and no dedicated cluster can be made."""
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
    extra_spec: ExtraSpec = Field(default_factory=dict)
    """Fields of `spec` that are not modelled here, passed through as they are."""
    on_removal: Removal | None = None
    """What removing the Project from this file does. Default: the tenant's."""
    import_ids: Texts = ()
    """Objects that exist and are taken over, as messages call them, for example `Namespace/vision`."""


class TenantSpec(Spec):
    """A Tenant, its Settings and its Projects."""

    name: str
    """The Tenant's name. It cannot be changed later."""
    existing: bool = False
    """True for a Tenant made elsewhere: it is referred to and never written."""
    namespace: str | None = None
    """The tenant namespace. Default: `tenant-<name>`."""
    create_namespace: bool = True
    """Whether the namespace is made here, or only referred to."""
    display_name: str | None = None
    """Letters, digits and spaces."""
    description: str | None = None
    """A sentence for people."""
    groups: Texts = ()
    """Groups of the identity provider that hold the tenant role."""
    settings: dict[str, SettingsSpec] = Field(default_factory=dict)
    """Settings objects in the tenant namespace, by name."""
    existing_settings: Texts = ()
    """Settings objects in the tenant namespace that are made elsewhere and carry a Palette integration."""
    settings_ref: str | None = None
    """The Settings every Project falls back to. Default: `default`, where there is one."""
    shared_cluster_only: bool | None = None
    """True to go without Palette in every Project that does not bring its own."""
    compute_config_ref: ComputeConfigRefSpec | None = None
    """The ComputeConfig of every Project that names none."""
    role_mapping: RoleMappingSpec | None = None
    """Groups and roles of every Project that names none."""
    projects: Annotated[tuple[ProjectSpec, ...], Field(strict=False)] = ()
    """The Tenant's Projects."""
    labels: Labels = Field(default_factory=dict)
    """Labels for every object of the Tenant itself."""
    annotations: Labels = Field(default_factory=dict)
    """Annotations for every object of the Tenant itself."""
    extra_spec: ExtraSpec = Field(default_factory=dict)
    """Fields of `spec` that are not modelled here, passed through as they are."""
    on_removal: Removal = OnRemoval.REFUSE
    """What removing the Tenant from this file does: refuse, retain or delete."""
    import_ids: Texts = ()
    """Objects that exist and are taken over, as messages call them, for example `Namespace/tenant-acme`."""


class StackSpec(Spec):
    """One tenant in one environment: the `paletteai:` part of a stack's configuration."""

    integrations: dict[str, IntegrationSpec] = Field(default_factory=dict)
    """Palette credentials by a key of your choice. The key names nothing on the cluster."""
    tenant: TenantSpec
    """The tenant."""
    environment: str | None = None
    """The environment. Default: what follows the last dot of the stack's name."""
    cluster: str | None = None
    """A name for the cluster. Default: `kubernetes:context`."""
    merged_settings: bool = True
    """Whether this PaletteAI merges tenant and project Settings per integration (1.1 and later do)."""
    api_version: str | None = None
    """Group and version of the vendor's API. Default: the one this package was written for."""
    vendor_fields: Labels = Field(default_factory=dict)
    """Other paths for the vendor's fields whose path is assumed, by the name `manifests` gives them."""
