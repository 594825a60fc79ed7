"""What the components take: plain Python records. Only a secret value may be a Pulumi Input.

Names, bindings and references are plain values, because what is not known at plan time cannot be
checked at plan time. Every record becomes a spec, and is judged by the same rules as a stack file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

import pulumi
from pydantic.alias_generators import to_camel

from paletteai_components.credential import ApiKey, KeyState
from paletteai_components.spec import OnRemoval

if TYPE_CHECKING:
    from paletteai_components.components.integration import PaletteIntegration
    from paletteai_components.components.tenant import TenantOwner


@dataclass(frozen=True, eq=False)
class PaletteCredential:
    """A Palette credential. Bind it to one Settings: a second binding is refused.

    Fields:
        name: what messages call it.
        host_url: the Palette API, for example https://api.spectrocloud.com.
        tenant: the Palette tenant's name.
        default_project_id: the Palette project used when none is named.
        api_key: the key; becomes a Pulumi secret if it is none yet.
        existing_secret: instead of the four above, a Secret that somebody else puts in place.
        credential: any name for what is in that Secret; the same name means the same credential.
    """

    name: str
    # What is shown is the name: a key that was put into a wrong field must not be told either.
    host_url: str | None = field(default=None, repr=False)
    tenant: str | None = field(default=None, repr=False)
    default_project_id: str | None = field(default=None, repr=False)
    api_key: pulumi.Input[str] | ApiKey | None = field(default=None, repr=False)
    existing_secret: str | None = field(default=None, repr=False)
    credential: str | None = field(default=None, repr=False)

    def declared(self) -> dict[str, Any]:
        """The credential as an integration of a stack file, its key a handle."""
        declared = {
            "hostUrl": self.host_url,
            "tenant": self.tenant,
            "defaultProjectID": self.default_project_id,
            "apiKey": None if self.api_key is None else self._handle(self.api_key),
            "existingSecret": self.existing_secret,
            "credential": self.credential,
        }
        return {name: value for name, value in declared.items() if value is not None}

    def _handle(self, key: Any) -> Any:
        match key:
            case ApiKey():
                return key
            case str():
                return opened_key(key)
            case pulumi.Output():
                # The Output itself: two credentials with one Output are recognised by it.
                return ApiKey(KeyState.DECRYPTED, secret=key)
            case _ if isawaitable(key):
                return ApiKey(KeyState.DECRYPTED, secret=pulumi.Output.secret(key))
        # A list is no key, so it is refused with whatever else is wrong. It must not hold what may be one.
        return []


def opened_key(text: str, ciphertext: str | None = None) -> ApiKey:
    """The handle on a key whose text is known, the text a Pulumi secret."""
    return ApiKey.opened(text, secret=pulumi.Output.secret(text), ciphertext=ciphertext)


@dataclass
class SecretReferenceArgs:
    """A Secret that somebody else puts into the Settings' namespace.

    Fields:
        existing_secret: its name.
    """

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
    hugging_face: SecretReferenceArgs | None = None
    nvidia: SecretReferenceArgs | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None


@dataclass
class ComputeConfigRefArgs:
    """Which ComputeConfig a Project deploys with.

    Fields:
        name: the ComputeConfig's name.
        namespace: its namespace. Default: the tenant's.
    """

    name: str
    namespace: str | None = None


@dataclass
class RoleMappingArgs:
    """Groups of the identity provider and their roles in a Project.

    Fields:
        admin, editor, viewer: the groups that hold each role.
    """

    admin: Sequence[str] = ()
    editor: Sequence[str] = ()
    viewer: Sequence[str] = ()


@dataclass
class DeploymentNamespacesArgs:
    """Into which namespaces a Project's workloads may be deployed.

    Fields:
        allow, disallow: the namespaces.
    """

    allow: Sequence[str] = ()
    disallow: Sequence[str] = ()


@dataclass
class TenantReferenceArgs:
    """A Tenant made elsewhere, and what is added to its namespace.

    Fields:
        name: the Tenant's name. It cannot be changed later.
        namespace: the tenant namespace. Default: ``tenant-<name>``.
        settings: Settings objects to write into it, by name; ``default`` is every Project's fallback.
        existing_settings: Settings in it that are made elsewhere.
        settings_ref: the Settings that Projects fall back to, where it is not ``default``.
        shared_cluster_only: True to go without Palette in every Project that brings none.
        compute_config_ref, role_mapping: inherited by Projects.
        labels, annotations: for every object that is written for the Tenant itself.
        on_removal: refuse, retain or delete; inherited by Projects.
        import_ids: objects of the Tenant itself that exist and are taken over, as ``Kind/name`` or
            ``Kind/namespace/name``. Take them out again when that is done.
        former_api_versions: versions of the vendor's API that it was deployed with, besides the one this
            package was written for; changing `api_version` then recreates nothing.
        api_version, vendor_fields, merged_settings: see the stack file's fields of those names.
    """

    name: str
    namespace: str | None = None
    settings: Mapping[str, SettingsArgs] = field(default_factory=dict)
    existing_settings: Sequence[str] = ()
    settings_ref: str | None = None
    shared_cluster_only: bool | None = None
    compute_config_ref: ComputeConfigRefArgs | None = None
    role_mapping: RoleMappingArgs | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    on_removal: OnRemoval | str = OnRemoval.REFUSE
    import_ids: Sequence[str] = ()
    api_version: str | None = None
    vendor_fields: Mapping[str, str] = field(default_factory=dict)
    merged_settings: bool = True
    former_api_versions: Sequence[str] = ()


@dataclass
class TenantArgs(TenantReferenceArgs):
    """A Tenant made here.

    Fields, besides those of `TenantReferenceArgs`:
        create_namespace: whether the namespace is made here, or only referred to.
        display_name: letters, digits and spaces.
        description: a sentence for people.
        groups: groups that hold the tenant role.
        extra_spec: fields of `spec` that are not modelled, passed through.
    """

    create_namespace: bool = True
    display_name: str | None = None
    description: str | None = None
    groups: Sequence[str] = ()
    extra_spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class ProjectArgs:
    """A Project. Its name is its namespace.

    Fields:
        tenant: the `Tenant` or `TenantReference` it belongs to.
        name: its name, and its namespace's. It cannot be changed later.
        display_name: letters, digits and spaces.
        create_namespace: whether the namespace is made here, or only referred to.
        settings: Settings of its own, which override the tenant's.
        settings_ref: another Settings of the tenant, by name or as a `PaletteIntegration`.
        shared_cluster_only: True to go without Palette.
        compute_config_ref, role_mapping: default to the tenant's.
        deployment_namespaces: where workloads may be deployed.
        labels, annotations: for every object of the Project.
        extra_spec: fields of `spec` that are not modelled, passed through.
        on_removal: refuse, retain or delete. Default: the tenant's.
        import_ids: objects of the Project that exist and are taken over; see `TenantReferenceArgs`.
    """

    tenant: TenantOwner
    name: str
    display_name: str | None = None
    create_namespace: bool = True
    settings: SettingsArgs | None = None
    settings_ref: str | PaletteIntegration | None = None
    shared_cluster_only: bool | None = None
    compute_config_ref: ComputeConfigRefArgs | None = None
    role_mapping: RoleMappingArgs | None = None
    deployment_namespaces: DeploymentNamespacesArgs | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    on_removal: OnRemoval | str | None = None
    import_ids: Sequence[str] = ()


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
    hugging_face: SecretReferenceArgs | None = None
    nvidia: SecretReferenceArgs | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    extra_spec: Mapping[str, Any] = field(default_factory=dict)
    import_ids: Sequence[str] = ()

    def settings(self) -> SettingsArgs:
        """The Settings it is made of."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        for left_out in ("tenant", "name", "credential", "import_ids"):
            del own[left_out]
        return SettingsArgs(palette=self.credential, **own)


@dataclass
class Declaration:
    """Records turned into the plain data of a stack file, credentials replaced by keys for them.

    Fields:
        key_of: gives a credential its key.
        integrations: the declarations of the credentials met so far, by key.
    """

    key_of: Callable[[PaletteCredential], str]
    integrations: dict[str, dict[str, Any]] = field(default_factory=dict)

    def of(self, record: Any, leave_out: Collection[str] = ()) -> dict[str, Any]:
        """A record under the names that stack files use. What is not stated is left out."""
        return {
            to_camel(each.name): self._plain(value)
            for each in fields(record)
            if each.name not in leave_out and (value := getattr(record, each.name)) is not None
        }

    def _plain(self, value: Any) -> Any:
        match value:
            case PaletteCredential():
                key = self.key_of(value)
                self.integrations[key] = value.declared()
                return key
            case OnRemoval():
                return value.value
            case Mapping():
                return {key: self._plain(inner) for key, inner in value.items()}
            case list() | tuple():
                return [self._plain(inner) for inner in value]
            case _ if isinstance(value, _RECORDS):
                return self.of(value)
        return value


_RECORDS = (SettingsArgs, SecretReferenceArgs, ComputeConfigRefArgs, RoleMappingArgs, DeploymentNamespacesArgs)
