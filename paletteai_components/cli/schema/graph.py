"""What `paletteai graph` prints."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.problem import Problem
from paletteai_components.cli.schema.record import record
from paletteai_components.model.planned import Source
from paletteai_components.views.graph import Binding


@record
class GraphTenant(TypedDict):
    """The tenant of a stack."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    displayName: str | None
    """Its display name; null if it has none, or none that is valid."""
    existing: bool
    """Whether the stack only refers to it."""
    line: int | None
    """The line where it is declared."""
    problems: list[int]
    """The problems that concern it, as positions among all problems."""


@record
class GraphIntegration(TypedDict):
    """A declared Palette integration."""

    name: str
    """Its name in the stack file."""
    made: bool
    """Whether the stack makes its Secret; false for an external one."""
    feeds: int
    """How many projects get it."""
    overridden: int
    """How many projects do not get it although it is what they would fall back to."""
    credential: int | None
    """A number that integrations with the same credential share; null where no other one has it. The number means
    nothing outside of this output."""
    line: int | None
    """The line where it is declared."""
    problems: list[int]
    """The problems that concern it, as positions among all problems."""


@record
class GraphSettings(TypedDict):
    """A Settings object, the tenant's or a project's own."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    binding: Binding
    """Whether the integration that it binds for Palette is declared; `elsewhere` if the Settings are external."""
    integration: int | None
    """The position of that integration among those of the stack; null if it is not declared."""
    default: bool
    """Whether the projects of the tenant fall back to it."""
    own: bool
    """Whether it is a project's own."""
    line: int | None
    """The line where it, or the project that it belongs to, is declared."""
    problems: list[int]
    """The problems that concern it, as positions among all problems; none for a project's own."""


@record
class GraphProject(TypedDict):
    """A project."""

    name: str
    """Its name."""
    source: Source
    """Where its Palette integration comes from."""
    settings: int | None
    """The position of the Settings with it among those of the stack; null if there are none."""
    own: int | None
    """The position of its own Settings, which may lack a Palette integration; null if it has none."""
    reason: str
    """Why it comes from there, in words."""
    line: int | None
    """The line where it is declared."""
    problems: list[int]
    """The problems that concern it, as positions among all problems."""


@record
class GraphStack(TypedDict):
    """A stack: a tenant in an environment, with edges from integrations to Settings and from Settings to projects."""

    name: str
    """The name of the stack."""
    file: str
    """Its file, as you would type it."""
    environment: str
    """Its environment."""
    cluster: str | None
    """Its cluster; null if its file names none."""
    tenant: GraphTenant | None
    """Its tenant; null where it could not be read."""
    integrations: list[GraphIntegration]
    """The integrations, in the order of the file."""
    settings: list[GraphSettings]
    """The Settings of the tenant in the order of the file, then those of projects."""
    projects: list[GraphProject]
    """The projects, in the order of the file."""
    problems: list[int]
    """Every problem with a place in its file, as positions among all problems."""


@record
class Graph(TypedDict):
    """The fleet: every chosen stack, and what is wrong."""

    stacks: list[GraphStack]
    """The chosen stacks, also those that could not be read."""
    problems: list[Problem]
    """The problems, to which all others refer by position, from 0. Silenced ones are left out."""
