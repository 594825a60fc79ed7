"""An explanation: where each integration of one Project comes from, and why.

It lists the steps of the search in order, the Settings and the Secret that carry the integration, who else uses
them, and what the Project inherits. It checks nothing, and holds no key, ciphertext or fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import IntegrationType, PlannedSecret, PlannedSettings, PlannedTenant, Source
from paletteai_components.model.resolution import Step, given_by, steps_of
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

# The tenant's fields that affect its Projects.
_TENANT_FIELDS = (
    "name",
    "existing",
    "namespace",
    "settingsRef",
    "sharedClusterOnly",
    "computeConfigRef",
    "roleMapping",
    "onRemoval",
)


@dataclass(frozen=True, slots=True)
class Use:
    """Another Settings that carries the same credential."""

    stack: str
    settings: PlannedSettings
    how: str
    """What shows that the credentials are the same."""
    location: SourceLocation


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a Project's integration of one type comes from."""

    type: IntegrationType
    source: Source
    steps: tuple[Step, ...]
    settings: PlannedSettings | None
    secret: PlannedSecret | None
    """The Secret with it, or None where that is not known."""
    projects: tuple[str, ...] = ()
    """The other Projects of the stack that get it from the same Settings."""
    uses: tuple[Use, ...] = ()
    """The other Settings of the workspace with the same credential."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """A field that a Project sets or inherits."""

    field: str
    """Its name in the stack file."""
    value: Any
    origin: str
    """Where it is set: ``project``, ``tenant`` or ``default``."""
    location: SourceLocation | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the integrations of one Project come from."""

    stack: Stack
    project: PlannedProject
    resolutions: tuple[Resolution, ...]
    inherited: tuple[Inherited, ...]
    locations: frozenset[SourceLocation]
    """Where everything that takes part in it is declared."""

    def concerns(self, diagnostic: Diagnostic) -> bool:
        """Whether a problem is about something that takes part in the explanation."""
        return not self.locations.isdisjoint(diagnostic.where)


def explanation_of(project: PlannedProject, stack: Stack, plan: Plan, workspace: Workspace) -> Explanation:
    """Explain a Project of a stack, which is one of the workspace."""
    resolutions = tuple(_resolution(kind, project, stack, plan, workspace) for kind in IntegrationType)
    return Explanation(
        stack,
        project,
        resolutions,
        tuple(_inherited(project, plan.tenant, stack)),
        frozenset(_locations(project, stack, plan.tenant)),
    )


def _resolution(
    kind: IntegrationType, project: PlannedProject, stack: Stack, plan: Plan, workspace: Workspace
) -> Resolution:
    tenant = plan.tenant
    found = tuple(steps_of(kind, project.spec, project.own, tenant, project.path))
    given = given_by(found)
    source = given.source if given else Source.NOWHERE
    settings = given.settings if given else None
    if settings is None:
        return Resolution(kind, source, found, None, None)
    others = tuple(
        each.name
        for each in plan.projects
        if each is not project
        and (other := given_by(steps_of(kind, each.spec, each.own, tenant, each.path)))
        and other.settings is settings
    )
    secret = next((each for each in settings.secrets if each.type is kind), None)
    uses = tuple(_uses(settings, stack, workspace)) if kind is IntegrationType.PALETTE else ()
    return Resolution(kind, source, found, settings, secret, others, uses)


def _uses(settings: PlannedSettings, stack: Stack, workspace: Workspace) -> Iterator[Use]:
    """The other Settings of the workspace that carry the same credential."""
    if settings.integration is None:
        return
    ours = {mark: how for how, mark in settings.integration.identities}
    for other in workspace.stacks:
        for each in other.plan.settings if other.plan else ():
            if other.name == stack.name and each.path == settings.path:
                continue
            marks = (ours.get(mark) for _, mark in (each.integration.identities if each.integration else ()))
            how = next((f"equal {how}" for how in marks if how), None)
            if other.name == stack.name and each.palette == settings.palette:
                how = "the same integration"
            if how is not None:
                yield Use(other.name, each, how, other.location(*each.path))


def _inherited(project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Iterator[Inherited]:
    config, namespace = project.compute_config, project.compute_config_namespace
    compute = {"name": named(config.name)} | ({"namespace": named(namespace)} if namespace else {}) if config else None
    mapping = project.role_mapping.model_dump(exclude_defaults=True, mode="json")
    roles = {role: list(map(redacted, groups)) for role, groups in mapping.items()} or None
    for name, field, value in (
        ("compute_config_ref", "computeConfigRef", compute),
        ("role_mapping", "roleMapping", roles),
        ("on_removal", "onRemoval", project.on_removal.value),
    ):
        if getattr(project.spec, name) is not None:
            yield Inherited(field, value, "project", stack.location(*project.path, field))
        elif name in tenant.spec.model_fields_set:
            yield Inherited(field, value, "tenant", stack.location("tenant", field))
        else:
            yield Inherited(field, value, "default", None)


def _locations(project: PlannedProject, stack: Stack, tenant: PlannedTenant) -> Iterator[SourceLocation]:
    """Where everything that affects the Project is declared, including what could not be parsed."""
    yield from stack.locations(*project.path)
    yield stack.location("mergedSettings")
    for field in _TENANT_FIELDS:
        yield from stack.locations("tenant", field)
    for settings in (project.own, tenant.settings_named(project.spec.settings_ref), tenant.default):
        if settings is not None and settings.managed and settings.project is None:
            yield from stack.locations(*settings.path)
    if project.effective_settings is not None and project.effective_settings.palette is not None:
        yield from stack.locations("integrations", project.effective_settings.palette)
