"""Explanation: where each integration of one Project comes from, and why.

What was looked through in order, which Settings won and why the others did not, what carries it on the
cluster, what else it feeds in this stack and in the fleet, and what the Project inherits. Nothing here
judges, and nothing holds a key, a ciphertext or a fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from paletteai_components.diagnostics import Place, Problem
from paletteai_components.model.plan import PlannedProject, Topology
from paletteai_components.model.planned import IntegrationType, PlannedSecret, PlannedSettings, PlannedTenant, Source
from paletteai_components.model.resolution import Step, given_by, steps_of
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Fleet

# What a tenant says that reaches into its Projects.
_OF_THE_TENANT = (
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
    """Other Settings that carry the same credential.

    Fields:
        stack, settings: which ones, and the stack they belong to.
        how: by what the two are known to be the same.
        place: where they are bound.
    """

    stack: str
    settings: PlannedSettings
    how: str
    place: Place


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a Project's integration of one type comes from.

    Fields:
        type: which type.
        source: the step that gave it.
        steps: every step, in order.
        settings: the Settings that gives it, or None.
        secret: the Secret with it, where that is known.
        projects: the other Projects of the stack that get it from the same Settings.
        uses: other Settings of the fleet with the same credential.
    """

    type: IntegrationType
    source: Source
    steps: tuple[Step, ...]
    settings: PlannedSettings | None
    secret: PlannedSecret | None
    projects: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Inherited:
    """A field that a Project states or inherits.

    Fields:
        field: its name in the stack file.
        value: what is in force; None for nothing.
        origin: ``project``, ``tenant`` or ``default``.
        place: where it is stated, or None.
    """

    field: str
    value: Any
    origin: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say of one Project's integrations.

    Fields:
        stack, project: which Project.
        resolutions: one for each type of integration.
        inherited: see `Inherited`.
        places: where what takes part in it is declared.
    """

    stack: Stack
    project: PlannedProject
    resolutions: tuple[Resolution, ...]
    inherited: tuple[Inherited, ...]
    places: frozenset[Place]

    def concerns(self, problem: Problem) -> bool:
        """Whether a problem is about something that takes part."""
        return not self.places.isdisjoint(problem.where)


def explanation_of(project: PlannedProject, stack: Stack, topology: Topology, fleet: Fleet) -> Explanation:
    """The explanation of a Project of a stack, which is one of the fleet."""
    resolutions = tuple(_resolution(kind, project, stack, topology, fleet) for kind in IntegrationType)
    return Explanation(
        stack,
        project,
        resolutions,
        tuple(_inherited(project, topology.tenant, stack)),
        frozenset(_places(project, stack, topology.tenant)),
    )


def _resolution(
    kind: IntegrationType, project: PlannedProject, stack: Stack, topology: Topology, fleet: Fleet
) -> Resolution:
    tenant = topology.tenant
    found = tuple(steps_of(kind, project.spec, project.own, tenant, project.path))
    given = given_by(found)
    source = given.source if given else Source.NOWHERE
    settings = given.settings if given else None
    if settings is None:
        return Resolution(kind, source, found, None, None)
    others = tuple(
        each.name
        for each in topology.projects
        if each is not project
        and (other := given_by(steps_of(kind, each.spec, each.own, tenant, each.path)))
        and other.settings is settings
    )
    secret = next((each for each in settings.secrets if each.type is kind), None)
    uses = tuple(_uses(settings, stack, fleet)) if kind is IntegrationType.PALETTE else ()
    return Resolution(kind, source, found, settings, secret, others, uses)


def _uses(settings: PlannedSettings, stack: Stack, fleet: Fleet) -> Iterator[Use]:
    """Other Settings of the fleet that carry the credential of these."""
    if settings.integration is None:
        return
    ours = {mark: how for how, mark in settings.integration.identities}
    for other in fleet.stacks:
        for each in other.topology.settings if other.topology else ():
            if other.name == stack.name and each.path == settings.path:
                continue
            marks = (ours.get(mark) for _, mark in (each.integration.identities if each.integration else ()))
            how = next((f"equal {how}" for how in marks if how), None)
            if other.name == stack.name and each.palette == settings.palette:
                how = "the same integration"
            if how is not None:
                yield Use(other.name, each, how, other.place(*each.path))


def _inherited(project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Iterator[Inherited]:
    config = project.compute_config
    compute = {"name": named(config.name), "namespace": named(project.compute_config_namespace)} if config else None
    mapping = project.role_mapping.model_dump(exclude_defaults=True, mode="json")
    roles = {role: list(map(redacted, groups)) for role, groups in mapping.items()} or None
    for name, field, value in (
        ("compute_config_ref", "computeConfigRef", compute),
        ("role_mapping", "roleMapping", roles),
        ("on_removal", "onRemoval", project.on_removal.value),
    ):
        if getattr(project.spec, name) is not None:
            yield Inherited(field, value, "project", stack.place(*project.path, field))
        elif name in tenant.spec.model_fields_set:
            yield Inherited(field, value, "tenant", stack.place("tenant", field))
        else:
            yield Inherited(field, value, "default", None)


def _places(project: PlannedProject, stack: Stack, tenant: PlannedTenant) -> Iterator[Place]:
    """Where everything is declared that the Project is made of, what nobody understands in it included."""
    yield from stack.places(*project.path)
    yield stack.place("mergedSettings")
    for field in _OF_THE_TENANT:
        yield from stack.places("tenant", field)
    for settings in (project.own, tenant.settings_named(project.spec.settings_ref), tenant.default):
        if settings is not None and settings.made and settings.project is None:
            yield from stack.places(*settings.path)
    if project.provider is not None and project.provider.palette is not None:
        yield from stack.places("integrations", project.provider.palette)
