"""What `paletteai doctor` prints."""

from __future__ import annotations

from typing_extensions import TypedDict

from paletteai_components.cli.schema.change import DriftedField
from paletteai_components.cli.schema.problem import Problem
from paletteai_components.cli.schema.record import record


@record
class UnreadKind(TypedDict):
    """What the user may not read."""

    kind: str
    """A kind of objects, or `kinds` or `schemas` of the API."""
    reason: str
    """Why not."""


@record
class DriftTotals(TypedDict):
    """How many objects there are of each kind of difference."""

    missing: int
    """Not on the cluster."""
    differing: int
    """Another one on the cluster."""
    undeclared: int
    """In no stack file."""
    uncompared: int
    """Not compared."""
    contested: int
    """Managed by another tool, too."""
    agreeing: int
    """As declared."""


@record
class MissingObject(TypedDict):
    """A declared object that is not on the cluster."""

    stack: str
    """Its stack."""
    reference: str
    """The object, for example `Project/lab/lab`."""


@record
class DifferingObject(TypedDict):
    """A declared object that is another one on the cluster."""

    stack: str
    """Its stack."""
    reference: str
    """The object, for example `Project/lab/lab`."""
    fields: list[DriftedField]
    """The fields that differ."""


@record
class UncomparedObject(TypedDict):
    """What could not be compared."""

    stack: str
    """Its stack."""
    reference: str
    """The object; empty for the complete stack."""
    reason: str
    """Why not."""


@record
class ObjectManager(TypedDict):
    """Another tool that manages an object."""

    name: str
    """The tool, for example a release of Helm."""
    seen: str
    """What shows it."""
    effect: str
    """What the tool does with the object."""
    remedy: str
    """What to do first."""


@record
class ContestedObject(TypedDict):
    """A declared object that another tool manages, too."""

    stack: str
    """Its stack."""
    reference: str
    """The object, for example `Project/lab/lab`."""
    manager: ObjectManager
    """The tool."""


@record
class Drift(TypedDict):
    """How the cluster differs from the chosen stacks."""

    totals: DriftTotals
    """How much there is of everything."""
    missing: list[MissingObject]
    """What is declared and not on the cluster."""
    differing: list[DifferingObject]
    """What a deployment would change."""
    undeclared: list[str]
    """The Tenants, Projects and Settings that no stack file declares, for example `Project/lab/lab`."""
    uncompared: list[UncomparedObject]
    """What is not known."""
    contested: list[ContestedObject]
    """What another tool manages, too."""


@record
class Diagnosis(TypedDict):
    """What is wrong on a cluster, and how it differs from stack files."""

    problems: list[Problem]
    """The problems of the objects on the cluster."""
    context: str
    """The context of the kubeconfig."""
    apiVersion: str
    """The version of the vendor's API that was read."""
    objects: dict[str, int]
    """The number of objects that were read, by kind."""
    unread: list[UnreadKind]
    """What the user may not read."""
    unjudged: list[str]
    """The codes of the rules that need that."""
    drift: Drift | None
    """How the cluster differs from the chosen stacks; null if none were chosen."""
