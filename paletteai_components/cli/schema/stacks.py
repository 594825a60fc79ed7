"""What `paletteai stacks` prints."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.reach import ReachReason, SinceRevision
from paletteai_components.cli.schema.record import record


@record
class ListedStack(TypedDict):
    """A stack, whether or not its file can be read."""

    name: str
    """The name of the stack."""
    file: str
    """Its file, as you would type it."""
    environment: str
    """Its environment."""
    cluster: str | None
    """Its cluster; null if its file names none."""
    slice: str | None
    """The slice that it is in, for example `3/16`; null without `--slices`."""
    reasons: list[ReachReason]
    """Why a change reaches it; empty without `--since`."""


@record
class SliceOfStacks(TypedDict):
    """A slice of an environment that has a stack."""

    environment: str
    """The environment."""
    slice: str
    """The slice, for example `3/16`."""
    stacks: list[str]
    """The names of its stacks."""


@record
class StackList(TypedDict):
    """The chosen stacks."""

    since: SinceRevision | None
    """The revision; null without `--since`."""
    stacks: list[ListedStack]
    """The stacks, or those that a change reaches."""
    slices: list[SliceOfStacks]
    """The slices; empty without `--slices`."""
