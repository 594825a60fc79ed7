"""A problem, and the places in files that it and others name."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.record import record
from paletteai_components.diagnostics import Severity


@record
class Place(TypedDict):
    """A place in a file, or an object on a cluster."""

    file: str
    """The file as you would type it, or `context/Kind/namespace/name` for an object on a cluster."""
    line: int | None
    """The line, counted from 1; null if the place is the complete file, or no file."""


@record
class Problem(TypedDict):
    """Something that breaks a rule."""

    code: str
    """The code of the rule, for example `PAI004`. It never becomes that of another rule."""
    severity: Severity
    """Only an error refuses a plan. A silenced problem is a warning with a reason in `paletteai:silence`."""
    message: str
    """The fact and its consequence."""
    help: str
    """The remedy."""
    where: list[Place]
    """Every place involved, first the one to look at first."""
