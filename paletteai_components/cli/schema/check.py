"""What `paletteai check` prints."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.problem import Problem
from paletteai_components.cli.schema.record import record


@record
class CheckedStack(TypedDict):
    """A stack that was checked."""

    name: str
    """The name of the stack."""
    file: str
    """Its file, as you would type it."""
    environment: str
    """Its environment."""
    cluster: str | None
    """Its cluster; null if its file names none."""


@record
class CheckedStacks(TypedDict):
    """What was checked: stack files."""

    problems: list[Problem]
    """The problems of the chosen stacks."""
    stacks: list[CheckedStack]
    """The chosen stacks that could be read."""


@record
class CheckedManifests(TypedDict):
    """What was checked: manifests, with `--manifests`."""

    problems: list[Problem]
    """The problems of the manifests."""
    tenants: list[str]
    """The names of the Tenants in the manifests."""
