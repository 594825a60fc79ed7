"""What `paletteai explain` prints: the explanation of a project, or of rules."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from paletteai_components.cli.schema.problem import Place, Problem
from paletteai_components.cli.schema.record import record
from paletteai_components.diagnostics import Severity
from paletteai_components.model.planned import Source
from paletteai_components.model.resolution import Outcome
from paletteai_components.rules.rule import Origin, Scope


@record
class ExplainedNamespace(TypedDict):
    """The namespace of a project."""

    name: str
    """Its name."""
    made: bool
    """Whether the stack makes it; false for an external one."""


@record
class ExplainedStep(TypedDict):
    """A step of the search for an integration."""

    step: Source
    """Where was searched. `nowhere` is no step."""
    settings: str | None
    """The Settings that were found there, `namespace/name`."""
    outcome: Outcome
    """What came of it: `unknown` if the Settings are external, `absent` if there is nothing."""
    why: str
    """The reason for the outcome, in words."""
    where: Place | None
    """Where the step is declared."""


@record
class ExplainedSecret(TypedDict):
    """The Secret with an integration."""

    name: str
    """Its name."""
    namespace: str
    """Its namespace."""
    made: bool
    """Whether the stack makes it; false for an external one."""
    where: Place | None
    """Where it is declared."""


@record
class ExplainedCredential(TypedDict):
    """A credential of Palette. It holds no key."""

    key: str
    """The name of the integration in the stack file."""
    host: str | None
    """The host of Palette."""
    tenant: str | None
    """The tenant in Palette."""
    defaultProjectID: str | None
    """The default project in Palette."""
    existingSecret: bool
    """Whether it is in an existing Secret."""
    recognisedBy: Literal["fingerprint", "credential"] | None
    """What identifies it; null if nothing does."""
    where: Place | None
    """Where it is declared."""


@record
class ExplainedUse(TypedDict):
    """Other Settings with the same credential."""

    stack: str
    """The stack of the Settings."""
    settings: str
    """The Settings, `namespace/name`."""
    how: str
    """What shows that the credentials are the same."""
    where: Place | None
    """Where the Settings are declared."""


@record
class ExplainedIntegration(TypedDict):
    """Where a project's integration of one type comes from."""

    source: Source
    """Where it comes from."""
    chain: list[ExplainedStep]
    """Every step of the search, in order."""
    settings: str | None
    """The Settings with it, `namespace/name`; null if there are none."""
    secret: ExplainedSecret | None
    """Its Secret; null where that is not known."""
    integration: ExplainedCredential | None
    """The credential; null if none is declared, and for other types than Palette."""
    otherProjects: list[str]
    """The other projects that get it from the same Settings."""
    alsoIn: list[ExplainedUse]
    """Other Settings with the same credential."""


@record
class ExplainedIntegrations(TypedDict):
    """A project's integrations, by type."""

    palette: ExplainedIntegration
    """That of Palette."""
    huggingFace: ExplainedIntegration
    """That of Hugging Face."""
    nvidia: ExplainedIntegration
    """That of NVIDIA."""


# `from` is a word of Python, so this one is not a class.
InheritedField = TypedDict(
    "InheritedField",
    {
        "value": Annotated[Any, Field(description="The value; null if there is none.")],
        "from": Annotated[Literal["project", "tenant", "default"], Field(description="What sets it.")],
        "where": Annotated[Place | None, Field(description="Where it is set.")],
    },
)
record(InheritedField)


@record
class InheritedFields(TypedDict):
    """What a project sets or inherits."""

    computeConfigRef: InheritedField
    """Its compute config: an object with `name` and perhaps `namespace`."""
    roleMapping: InheritedField
    """Its groups, by role."""
    onRemoval: InheritedField
    """What its removal does: `refuse`, `retain` or `delete`."""


@record
class ExplainedProject(TypedDict):
    """Where the integrations of a project come from, and why: `paletteai explain STACK PROJECT`."""

    stack: str
    """The name of the stack."""
    environment: str
    """Its environment."""
    cluster: str | None
    """Its cluster; null if its file names none."""
    tenant: str
    """The name of the tenant."""
    project: str
    """The name of the project."""
    where: Place | None
    """Where the project is declared."""
    namespace: ExplainedNamespace
    """Its namespace."""
    mergedSettings: bool
    """Whether Settings are merged per integration."""
    integrations: ExplainedIntegrations
    """Its integrations."""
    inherited: InheritedFields
    """What it sets or inherits."""
    problems: list[Problem]
    """The problems that concern any of this."""
    otherProblems: int
    """How many other problems the stack has."""


@record
class RuleOrigin(TypedDict):
    """Where a statement of a rule is from."""

    origin: Origin
    """The kind of source."""
    says: str
    """What is from there."""


@record
class ExplainedRule(TypedDict):
    """A rule: `paletteai explain CODE`."""

    code: str
    """Its code, for example `PAI004`."""
    holds: str
    """What must hold, in one sentence."""
    severity: Severity
    """The highest severity of its problems."""
    scope: Scope
    """What it checks: one stack, all stacks, the cluster before a deployment, or what runs on a cluster."""
    origins: list[RuleOrigin]
    """Where its statements are from."""
    page: str
    """Its page, in Markdown."""


@record
class ExplainedRules(TypedDict):
    """Every rule: `paletteai explain`."""

    rules: list[ExplainedRule]
    """The rules, by code."""
