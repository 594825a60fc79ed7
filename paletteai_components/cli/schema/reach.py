"""What a change reaches, for `stacks`, `diff`, and those that run Pulumi."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.changes.reach import Cause
from paletteai_components.cli.schema.record import record


@record
class ReachReason(TypedDict):
    """Why a change reaches a stack."""

    cause: Cause
    """The cause, in a word."""
    text: str
    """The same in words."""


@record
class SinceRevision(TypedDict):
    """The revision since which a change has to reach a stack: `--since`."""

    revision: str
    """The revision as it was named."""
    commit: str
    """Its commit."""
    leftOut: list[str]
    """The stacks that are not reached."""
    removed: list[str]
    """The stacks whose files are gone."""
