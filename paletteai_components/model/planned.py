"""Planned records: a Tenant, its Settings and their Secrets, with every default applied."""

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
    """A Secret that a Settings uses."""

    name: str
    namespace: str
    """The namespace of the Settings, or another declared one, which a rule refuses."""
    type: IntegrationType
    """The type of the integration whose credential it holds."""
    managed: bool
    """True if this package writes it, False if it is external."""
    path: Path


@dataclass(frozen=True, slots=True)
class PlannedSettings:
    """A Settings object."""

    name: str
    namespace: str
    """Its namespace: the tenant's, or the project's for a project's own Settings."""
    tenant: str
    project: str | None
    """The name of its Project, or None for Settings of the tenant."""
    spec: SettingsSpec
    """Its declaration. Empty for external Settings."""
    managed: bool
    """True if this package writes it, False if it is external."""
    palette: str | None
    """The key of its Palette integration, or None."""
    integration: IntegrationSpec | None
    """The declaration of that integration, or None if the key leads nowhere."""
    secrets: tuple[PlannedSecret, ...]
    """The Secrets it uses. Empty for external Settings."""
    path: Path

    @property
    def owner(self) -> str:
        """The Tenant or Project it belongs to, in words, for example ``project vision``."""
        return f"tenant {self.tenant}" if self.project is None else f"project {self.project}"

    @property
    def logical_name(self) -> str:
        """The logical name in Pulumi of its PaletteIntegration, and of the Settings and Secret in it."""
        owners = (self.tenant,) if self.project is None else (self.tenant, self.project)
        return logical_name(*owners, self.name)

    @property
    def has_palette(self) -> bool:
        """Whether a Project that uses it gets a Palette integration. External Settings are assumed to have one."""
        return self.palette is not None or not self.managed

    @property
    def palette_secret(self) -> PlannedSecret | None:
        """The Secret with the Palette credential."""
        return next((secret for secret in self.secrets if secret.type is IntegrationType.PALETTE), None)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class PlannedTenant:
    """A Tenant with its namespace and Settings."""

    name: str
    namespace: str
    """The tenant namespace, which holds its Settings."""
    spec: TenantSpec
    settings: tuple[PlannedSettings, ...]
    """Its Settings, the external ones last."""
    default: PlannedSettings | None
    """The Settings that its Projects fall back to, or None."""
    merges: bool = True
    """Whether PaletteAI merges tenant and project Settings per integration."""

    @property
    def logical_name(self) -> str:
        """Its logical name in Pulumi."""
        return logical_name(self.name)

    def settings_named(self, name: str | None) -> PlannedSettings | None:
        """The tenant's Settings of a name, or None."""
        return self._by_name.get(name) if name is not None else None

    @cached_property
    def _by_name(self) -> dict[str, PlannedSettings]:
        # If two have one name, the first counts.
        return {settings.name: settings for settings in reversed(self.settings)}
