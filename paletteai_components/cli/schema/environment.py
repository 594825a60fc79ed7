"""What `paletteai preview`, `paletteai up` and `paletteai refresh` print."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from paletteai_components.cli.schema.problem import Problem
from paletteai_components.cli.schema.reach import ReachReason, SinceRevision
from paletteai_components.cli.schema.record import record
from paletteai_components.deployment import State


@record
class PulumiStep(TypedDict):
    """A change of one object."""

    operation: str
    """Pulumi's word for it, for example `create`."""
    kind: str
    """The kind of the object."""
    name: str
    """Its name in Pulumi."""


@record
class PulumiMessage(TypedDict):
    """A message of Pulumi or of the program."""

    severity: str
    """Pulumi's word, for example `warning`; empty for plain text."""
    about: str
    """The kind and name of the resource that it is about; empty if it is about none."""
    text: str
    """One or more lines."""


@record
class ClusterCoverage(TypedDict):
    """What was checked on the cluster."""

    asked: bool
    """Whether the cluster was asked anything."""
    unchecked: list[str]
    """The codes of the rules that were not checked there, or not completely."""
    reason: str | None
    """Why not; null if every rule was checked."""


@record
class DeployedStack(TypedDict):
    """What became of a stack."""

    name: str
    """The name of the stack."""
    state: State
    """What became of it. `running` is never printed."""
    reasons: list[ReachReason]
    """Why a change reaches it; empty without `--since`."""
    seconds: float
    """How long it ran, in seconds."""
    changes: dict[str, int]
    """The number of resources for each of Pulumi's operations."""
    steps: list[PulumiStep]
    """The objects that change."""
    cluster: ClusterCoverage | None
    """What was checked on the cluster; null if nothing was to be checked, or the stack failed before."""
    messages: list[PulumiMessage]
    """What Pulumi and the program printed."""
    problems: list[Problem]
    """The errors for which it was refused."""


@record
class DeployedEnvironment(TypedDict):
    """What became of the stacks of an environment."""

    environment: str
    """The environment."""
    operation: Literal["preview", "up", "refresh"]
    """The command of Pulumi that was run."""
    preview: bool
    """Whether nothing was changed."""
    seconds: float
    """How long all of it took, in seconds."""
    since: SinceRevision | None
    """The revision; null without `--since`."""
    stacks: list[DeployedStack]
    """The stacks, by name."""
