"""Candidates: the Settings that a Project's integration may come from, looked through in order.

`topology` says which one wins; here is why, and why the others did not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from paletteai_components.problem import Place
from paletteai_components.redaction import named
from paletteai_components.stack import Stack
from paletteai_components.topology import (
    IntegrationType,
    PlannedProject,
    PlannedSettings,
    PlannedTenant,
    Source,
)

WORDS = {
    IntegrationType.PALETTE: "Palette",
    IntegrationType.HUGGING_FACE: "Hugging Face",
    IntegrationType.NVIDIA: "NVIDIA",
}


class Outcome(StrEnum):
    """What became of a candidate: unknown is what only its maker knows, absent what is not declared."""

    TAKEN = "taken"
    PASSED_OVER = "passed over"
    UNKNOWN = "unknown"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One step of the search.

    Fields:
        step: which step it is.
        outcome, why: what became of it, and the reason in words.
        settings: the Settings that were looked at, or None.
        place: where the step is declared, or None where it is not.
    """

    step: Source
    outcome: Outcome
    why: str
    settings: PlannedSettings | None = None
    place: Place | None = None


def chain_of(
    kind: IntegrationType, project: PlannedProject, tenant: PlannedTenant, stack: Stack
) -> tuple[Candidate, ...]:
    """What is looked through for a Project's integration of a type, in order: one of it is taken, or none."""
    chain = [_own(kind, project, stack), _referred_to(kind, project, tenant, stack)]
    chain.append(_default(kind, project, tenant, stack, given_by(chain)))
    if kind is IntegrationType.PALETTE:
        chain.append(_going_without(project, tenant, stack, given_by(chain)))
    return tuple(chain)


def given_by(chain: Iterable[Candidate]) -> Candidate | None:
    """The candidate that gives the integration, or may do so; None where none does."""
    return next((each for each in chain if each.outcome in (Outcome.TAKEN, Outcome.UNKNOWN)), None)


def _own(kind: IntegrationType, project: PlannedProject, stack: Stack) -> Candidate:
    if project.own is None:
        return Candidate(Source.OWN, Outcome.ABSENT, "the Project has no Settings of its own")
    return _looked_at(Source.OWN, kind, project.own, stack.place(*project.own.path))


def _referred_to(kind: IntegrationType, project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Candidate:
    step, settings = Source.SETTINGS_REF, tenant.settings_named(project.spec.settings_ref)
    if project.spec.settings_ref is None:
        return Candidate(step, Outcome.ABSENT, "not stated")
    place = stack.place(*project.path, "settingsRef")
    if project.own is not None:
        why = "the Project's own Settings take its place"
    elif settings is None:
        why = "it leads to no Settings of the tenant"
    elif settings is tenant.default:
        why = "it names the tenant's default Settings"
    else:
        return _looked_at(step, kind, settings, place)
    return Candidate(step, Outcome.PASSED_OVER, why, settings, place)


def _default(
    kind: IntegrationType,
    project: PlannedProject,
    tenant: PlannedTenant,
    stack: Stack,
    before: Candidate | None,
) -> Candidate:
    step, settings = Source.FALLBACK, tenant.default
    if settings is None:
        stated = tenant.spec.settings_ref is not None
        why = "the tenant's `settingsRef` leads to no Settings" if stated else "the tenant has no default Settings"
        return Candidate(step, Outcome.ABSENT, why, place=stack.place("tenant", "settingsRef") if stated else None)
    place = stack.place(*settings.path)
    if before is not None:
        why = f"{named(str(before.settings))} comes first"
        return Candidate(step, Outcome.PASSED_OVER, why, settings, place)
    chosen = project.own or tenant.settings_named(project.spec.settings_ref)
    overrides = project.own is not None or project.spec.settings_ref is not None
    if overrides and chosen is not settings and not tenant.merges:
        why = "this PaletteAI does not merge Settings: `paletteai:mergedSettings` is false"
        return Candidate(step, Outcome.PASSED_OVER, why, settings, stack.place("mergedSettings"))
    found = _looked_at(step, kind, settings, place)
    if found.outcome is not Outcome.TAKEN or chosen is None or chosen is settings:
        return found
    why = f"merged in, because {named(str(chosen))} holds no {WORDS[kind]} integration"
    return Candidate(step, found.outcome, why, settings, place)


def _going_without(project: PlannedProject, tenant: PlannedTenant, stack: Stack, before: Candidate | None) -> Candidate:
    step = Source.SHARED_CLUSTER_ONLY
    owner, path = "the Project", project.path
    stated = project.spec.shared_cluster_only
    if stated is None:
        owner, path, stated = "the tenant", ("tenant",), tenant.spec.shared_cluster_only
    place = None if stated is None else stack.place(*path, "sharedClusterOnly")
    if not stated:
        return Candidate(step, Outcome.ABSENT, "not stated" if stated is None else f"false on {owner}", place=place)
    if before is not None:
        return Candidate(step, Outcome.PASSED_OVER, f"{named(str(before.settings))} comes first", place=place)
    return Candidate(step, Outcome.TAKEN, f"stated on {owner}, so it goes without Palette", place=place)


def _looked_at(step: Source, kind: IntegrationType, settings: PlannedSettings, place: Place) -> Candidate:
    holds = any(secret.type is kind for secret in settings.secrets)
    if kind is IntegrationType.PALETTE:
        holds = settings.has_palette
    elif not settings.made:
        why = "made elsewhere, so what it holds is not known here"
        return Candidate(step, Outcome.UNKNOWN, why, settings, place)
    outcome = Outcome.TAKEN if holds else Outcome.PASSED_OVER
    return Candidate(step, outcome, f"holds {'a' if holds else 'no'} {WORDS[kind]} integration", settings, place)
