"""What `paletteai ci jobs github` prints after `matrix=`. What it prints for GitLab is a pipeline of GitLab's."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.record import record


@record
class MatrixJob(TypedDict):
    """A job for a slice of an environment."""

    environment: str
    """The environment."""
    slice: str
    """The slice, for example `3/16`."""


@record
class JobMatrix(TypedDict):
    """A matrix of GitHub: `paletteai ci jobs github` prints it after `matrix=`, or nothing if there are no jobs."""

    include: list[MatrixJob]
    """The jobs."""
