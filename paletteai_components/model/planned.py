"""What is planned for a Tenant: its Settings and their Secrets, with every default applied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from paletteai_components.model.identity import logical_name
from paletteai_components.model.spec import IntegrationSpec, SettingsSpec, TenantSpec

Path = tuple[str | int, ...]


class IntegrationType(StrEnum):
    """The types of integration a Settings can hold, one of each."""

    PALETTE = "palette"
    HUGGING_FACE = "huggingFace"
    NVIDIA = "nvidia"


class Source(StrEnum):
    """Where a Project's Palette integration comes from."""

    OWN = "own"
    SETTINGS_REF = "settingsRef"
    FALLBACK = "fallback"
    SHARED_CLUSTER_ONLY = "sharedClusterOnly"
    NOWHERE = "nowhere"


@dataclass(frozen=True, slots=True)
class PlannedSecret:
    """A Secret that a Settings uses.

    Fields:
        name, namespace: its identity in the cluster. The namespace is the Settings', or what was
            declared in its place, which a rule refuses.
        type: the integration it serves.
        made: True where it is written here, False where somebody else puts it there.
        path: where it is declared.
    """

    name: str
    namespace: str
    type: IntegrationType
    made: bool
    path: Path


@dataclass(frozen=True, slots=True)
class PlannedSettings:
    """A Settings object.

    Fields:
        name, namespace: its identity in the cluster.
        tenant, project: the Tenant it belongs to, and the Project where it is a project's own.
        spec: its declaration; empty for one that is made elsewhere.
        made: True where it is written here, False where it is made elsewhere.
        palette: the key of its Palette integration, or None.
        integration: that integration's declaration, or None where the key leads to none.
        secrets: the Secrets it uses.
        path: where it is declared.
    """

    name: str
    namespace: str
    tenant: str
    project: str | None
    spec: SettingsSpec
    made: bool
    palette: str | None
    integration: IntegrationSpec | None
    secrets: tuple[PlannedSecret, ...]
    path: Path

    @property
    def owner(self) -> str:
        """The Tenant or Project it belongs to, in words, for example ``project vision``."""
        return f"tenant {self.tenant}" if self.project is None else f"project {self.project}"

    @property
    def logical_name(self) -> str:
        """What Pulumi calls its integration, and the Settings and Secret in it."""
        owners = (self.tenant,) if self.project is None else (self.tenant, self.project)
        return logical_name(*owners, self.name)

    @property
    def has_palette(self) -> bool:
        """Whether a Project that uses it gets a Palette integration."""
        return self.palette is not None or not self.made

    @property
    def palette_secret(self) -> PlannedSecret | None:
        """The Secret with the Palette credential."""
        return next((secret for secret in self.secrets if secret.type is IntegrationType.PALETTE), None)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class PlannedTenant:
    """A Tenant with its namespace and Settings.

    Fields:
        name, namespace: its identity and the namespace of its Settings.
        spec: its declaration.
        settings: its Settings, those made elsewhere last.
        default: the one its Projects fall back to, or None.
        merges: whether tenant and project Settings are merged per integration.
    """

    name: str
    namespace: str
    spec: TenantSpec
    settings: tuple[PlannedSettings, ...]
    default: PlannedSettings | None
    merges: bool = True

    @property
    def logical_name(self) -> str:
        """What Pulumi calls it."""
        return logical_name(self.name)

    def settings_named(self, name: str | None) -> PlannedSettings | None:
        """The tenant's Settings of a name, or None."""
        return self._by_name.get(name) if name is not None else None

    @cached_property
    def _by_name(self) -> dict[str, PlannedSettings]:
        # Of two of one name the first counts.
        return {settings.name: settings for settings in reversed(self.settings)}
