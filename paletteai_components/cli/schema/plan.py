"""What `paletteai plan` prints."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.problem import Problem
from paletteai_components.cli.schema.record import record
from paletteai_components.model.planned import IntegrationType, Source


@record
class PlannedTenant(TypedDict):
    """The tenant of a stack."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    existing: bool
    """Whether the stack only refers to it."""
    default: str | None
    """The name of its default Settings; null if it has none."""


@record
class PlannedSecret(TypedDict):
    """A Secret with an integration."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    type: IntegrationType
    """The type of the integration."""
    made: bool
    """Whether the stack makes it; false for an external one."""


@record
class PlannedSettings(TypedDict):
    """A Settings object."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    owner: str
    """Whose it is, for example `tenant acme`."""
    integration: str | None
    """The name of its Palette integration; null if it has none, or if that is not known."""
    secrets: list[PlannedSecret]
    """Its Secrets."""


@record
class PlannedProject(TypedDict):
    """A project."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    source: Source
    """Where its Palette integration comes from."""
    settings: str | None
    """The Settings with it, `namespace/name`; null if there are none."""
    integration: str | None
    """The name of the integration; null if there is none, or if it is external."""
    reason: str
    """Why it comes from there, in words."""


@record
class ObjectCounts(TypedDict):
    """How many objects would be written."""

    Namespace: int
    """Namespaces."""
    Tenant: int
    """Tenants."""
    Project: int
    """Projects."""
    Settings: int
    """Settings."""
    Secret: int
    """Secrets."""


@record
class PlannedStack(TypedDict):
    """What a stack declares."""

    name: str
    """The name of the stack."""
    environment: str
    """Its environment."""
    cluster: str | None
    """Its cluster; null if its file names none."""
    tenant: PlannedTenant
    """Its tenant."""
    settings: list[PlannedSettings]
    """The Settings of the tenant in the order of the file, then those of projects."""
    projects: list[PlannedProject]
    """Its projects, in the order of the file."""
    objects: ObjectCounts
    """How many objects a first deployment would write."""


@record
class Plan(TypedDict):
    """What the chosen stacks declare."""

    stacks: list[PlannedStack]
    """The chosen stacks whose tenants could be read."""
    problems: list[Problem]
    """The problems of the chosen stacks."""
