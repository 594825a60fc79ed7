"""What `paletteai crds` prints."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.record import record
from paletteai_components.kube.fit import Fit


@record
class CandidatePath(TypedDict):
    """Where a field may be."""

    path: str
    """The path, as `paletteai:vendorFields` takes it."""
    certain: bool
    """Whether the CRD itself says so; false if only a description or a guessed key does."""
    needs: list[str]
    """The paths that the CRD requires beside it."""
    description: str
    """Its description in the CRD."""


@record
class ComparedField(TypedDict):
    """A field that this package writes, held against the CRD."""

    name: str
    """Its name in this package, for example `settings.palette`."""
    kind: str
    """The kind of its object."""
    path: str
    """Its path in the object."""
    assumed: bool
    """Whether the path is assumed, so that it can be set to another."""
    result: Fit
    """Whether it fits."""
    reason: str
    """Why it does not; empty if it does."""
    needs: list[str]
    """The paths that the CRD requires beside it."""
    candidates: list[CandidatePath]
    """Where it may be, the best first."""
    ambiguous: bool
    """Whether two of these are equally likely."""


@record
class ComparedKind(TypedDict):
    """The CRD of a kind."""

    kind: str
    """The kind."""
    apiVersion: str | None
    """The version that is compared; null if it is not served."""
    served: list[str]
    """The versions that are served."""
    stored: str | None
    """The version that is stored; null if it is not known."""


@record
class ComparedLayout(TypedDict):
    """A set of paths, held against the CRDs."""

    stacks: list[str]
    """The stacks that it holds for."""
    sets: list[str]
    """The keys that these stacks set themselves; empty for the paths of the project."""
    apiVersion: str
    """The version of the objects that are written."""
    kinds: list[ComparedKind]
    """The CRDs."""
    fields: list[ComparedField]
    """Every field that is written."""
    vendorFields: dict[str, str]
    """The paths to set, by the names of the fields."""


@record
class ComparedLayouts(TypedDict):
    """The vendor's fields, held against CRDs."""

    source: str
    """What was compared with: files, or a cluster."""
    layouts: list[ComparedLayout]
    """First that of the project, then those of the stacks that set others."""
    notes: list[str]
    """What is not known, and why."""
