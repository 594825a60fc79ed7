"""What `paletteai diff` prints: a difference from a revision, or a comparison of two stacks."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from paletteai_components.changes.difference import Presence
from paletteai_components.changes.impact import KeyChange, Steps
from paletteai_components.changes.objects import Action, RemovalEffect
from paletteai_components.cli.schema.change import ChangedField, DifferingField
from paletteai_components.cli.schema.problem import Problem
from paletteai_components.cli.schema.reach import ReachReason
from paletteai_components.cli.schema.record import record
from paletteai_components.model.spec import OnRemoval


@record
class Base(TypedDict):
    """A git revision."""

    name: str
    """The revision as it was named, or as it was found."""
    commit: str
    """Its commit."""


@record
class DifferenceTotals(TypedDict):
    """How much there is of everything. Each object is counted once."""

    errors: int
    """Errors introduced."""
    warnings: int
    """Warnings introduced."""
    notes: int
    """Notes introduced."""
    fixed: int
    """Problems fixed."""
    refused: int
    """Changes that `pulumi up` refuses."""
    deleted: int
    """Objects deleted."""
    replaced: int
    """Objects replaced."""
    kept: int
    """Objects that are no longer declared and stay on the cluster."""
    handedOver: int
    """Objects that move to another stack."""
    created: int
    """Objects created."""
    changed: int
    """Objects changed."""
    moved: int
    """Credentials that move to another Settings."""
    integrations: int
    """Integrations that change."""
    uncompared: int
    """Stacks that could not be compared."""
    unchanged: int
    """Stacks that do not change."""


@record
class KeptProblems(TypedDict):
    """How many problems there were before and still are."""

    error: int
    """Errors."""
    warning: int
    """Warnings."""
    note: int
    """Notes."""
    silenced: int
    """Silenced ones."""


@record
class ChangedProblems(TypedDict):
    """The problems that a change introduces and fixes."""

    introduced: list[Problem]
    """The new ones."""
    refused: list[Problem]
    """The moves of credentials that `pulumi up` refuses."""
    fixed: list[Problem]
    """Those that are gone."""
    kept: KeptProblems
    """How many of the others there are."""


@record
class ChangedStack(TypedDict):
    """A stack file that is new or gone, or a stack that is deployed differently."""

    name: str
    """The name of the stack."""
    file: str
    """Its file, as you would type it."""
    change: Presence
    """Whether the file is new, gone, or in both."""
    fields: list[ChangedField]
    """What differs in how it is deployed."""


@record
class ChangedObject(TypedDict):
    """What happens to an object."""

    action: Action
    """What happens."""
    stack: str
    """The stack that declares it, or declared it last."""
    cluster: str
    """Its cluster; empty if none is named."""
    reference: str
    """The object, for example `Project/lab/lab`."""
    name: str
    """Its name in Pulumi."""
    formerStack: str | None
    """The stack that it was in; null if that is the same."""
    formerReference: str | None
    """The object that it replaces; null if that is the same."""
    formerName: str | None
    """Its former name in Pulumi; null if that is the same."""
    fate: RemovalEffect | None
    """What becomes of the former object, where it is deleted, replaced or handed over."""
    imported: bool
    """Whether `importIds` takes it over, where it gets another name in Pulumi or moves to another stack."""
    fields: list[ChangedField]
    """The fields that differ, where both sides have the object."""


@record
class MovedCredential(TypedDict):
    """A credential that moves from one Settings to another."""

    stack: str
    """Its stack."""
    settings: str
    """Its Settings, `namespace/name`."""
    formerStack: str
    """The stack that it was in."""
    formerSettings: str
    """The Settings that it was in."""
    integration: str
    """The name of the integration in the stack file."""
    steps: Steps
    """How it can be deployed: in one deployment, in two, or one stack after the other."""


@record
class ChangedIntegration(TypedDict):
    """A Settings with another credential or host."""

    stack: str
    """Its stack."""
    settings: str
    """The Settings, `namespace/name`."""
    integration: str
    """The name of the integration in the stack file."""
    key: KeyChange | None
    """How the key changes; null if it does not."""
    fields: list[ChangedField]
    """The other fields that change."""
    projects: list[str]
    """The projects that use it."""
    overriding: list[str]
    """The projects that do not use it although they could fall back to it."""


@record
class ChangedSource(TypedDict):
    """A project whose integration comes from elsewhere."""

    stack: str
    """Its stack."""
    project: str
    """The name of the project."""
    before: str | None
    """Where it came from, in words; null for a new project."""
    after: str
    """Where it comes from, in words."""


@record
class ChangedRemoval(TypedDict):
    """A tenant or a project with another `onRemoval`."""

    stack: str
    """Its stack."""
    owner: str
    """The tenant or the project."""
    before: OnRemoval
    """The value before."""
    after: OnRemoval
    """The value after."""


@record
class ReachedStack(TypedDict):
    """A stack that the change reaches."""

    name: str
    """The name of the stack."""
    reasons: list[ReachReason]
    """Why it is reached."""


@record
class Difference(TypedDict):
    """What the stack files change since a revision: `paletteai diff`, `paletteai diff BASE`."""

    version: int
    """1. It is raised when a field is removed or gets another meaning, not when one is added."""
    base: Base
    """What the files are compared with."""
    totals: DifferenceTotals
    """How much there is of everything."""
    problems: ChangedProblems
    """The problems."""
    stacks: list[ChangedStack]
    """The stack files that are new or gone, and the stacks that are deployed differently."""
    objects: list[ChangedObject]
    """The objects that change."""
    moves: list[MovedCredential]
    """The credentials that move."""
    integrations: list[ChangedIntegration]
    """The integrations that change, and whom that affects."""
    sources: list[ChangedSource]
    """The projects that are new or whose integration comes from elsewhere."""
    removals: list[ChangedRemoval]
    """The tenants and projects with another `onRemoval`."""
    uncompared: list[str]
    """The stacks that could not be read on one side."""
    unchanged: int
    """How many stacks do not change."""
    reached: NotRequired[list[ReachedStack]]
    """The stacks that a deployment of the change has to run. It is missing if no Pulumi project reads the files."""


@record
class ComparisonTotals(TypedDict):
    """How many differences there are."""

    facts: int
    """Facts."""
    onlyInFirst: int
    """Parts of the first stack only."""
    onlyInSecond: int
    """Parts of the second stack only."""
    parts: int
    """Parts that differ."""
    sources: int
    """Projects whose integrations come from elsewhere."""
    removals: int
    """Differences of `onRemoval`."""


@record
class DifferingPart(TypedDict):
    """A part that both stacks have, and that differs."""

    part: str
    """What it is, for example `Project vision`."""
    fields: list[DifferingField]
    """The fields that differ."""


@record
class DifferingSource(TypedDict):
    """A project whose integration comes from elsewhere in the other stack."""

    project: str
    """The name of the project."""
    first: str | None
    """Where it comes from in the first stack, in words."""
    second: str
    """Where it comes from in the second stack, in words."""


@record
class DifferingRemoval(TypedDict):
    """A tenant or a project with another `onRemoval` in the other stack."""

    owner: str
    """The tenant or the project."""
    first: OnRemoval
    """The value in the first stack."""
    second: OnRemoval
    """The value in the second stack."""


@record
class Comparison(TypedDict):
    """How two stacks differ: `paletteai diff STACK STACK`."""

    version: int
    """1, as for a difference from a revision."""
    first: str
    """The name of the first stack."""
    second: str
    """The name of the second stack."""
    totals: ComparisonTotals
    """How much there is of everything."""
    facts: list[DifferingField]
    """The tenant, its namespace and where it is deployed, where they differ."""
    onlyInFirst: list[str]
    """The objects and integrations that the second stack lacks."""
    onlyInSecond: list[str]
    """The objects and integrations that the first stack lacks."""
    parts: list[DifferingPart]
    """The objects and integrations that differ."""
    sources: list[DifferingSource]
    """The projects whose integrations come from elsewhere."""
    removals: list[DifferingRemoval]
    """The tenants and projects with another `onRemoval`."""
