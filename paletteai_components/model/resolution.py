"""Resolution: the Settings that a Project's integration may come from, looked through in order.

The steps are made once, here. The topology takes the one that gives the integration; an explanation tells all of
them, and why the others did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from paletteai_components.model.planned import IntegrationType, Path, PlannedSettings, PlannedTenant, Source
from paletteai_components.model.spec import ProjectSpec
from paletteai_components.redaction import named

WORDS = {
    IntegrationType.PALETTE: "Palette",
    IntegrationType.HUGGING_FACE: "Hugging Face",
    IntegrationType.NVIDIA: "NVIDIA",
}


class Outcome(StrEnum):
    """What became of a step: unknown is what only the maker of a Settings knows, absent what is not declared."""

    TAKEN = "taken"
    PASSED_OVER = "passed over"
    UNKNOWN = "unknown"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the search.

    Fields:
        source: which step it is.
        outcome: what became of it.
        reason: why, with a place in it for what `about` is called.
        settings: the Settings that were looked at, or None.
        path: where the step is declared, or None where it is not.
        about: what the reason is about: other Settings, a type, an owner.
    """

    source: Source
    outcome: Outcome
    reason: str
    settings: PlannedSettings | None = None
    path: Path | None = None
    about: object = None

    @property
    def why(self) -> str:
        """Why this became of it, in words. They are made when they are told: most steps never are."""
        return self.reason.format(named(str(self.about)) if isinstance(self.about, PlannedSettings) else self.about)


def steps_of(
    kind: IntegrationType, spec: ProjectSpec, own: PlannedSettings | None, tenant: PlannedTenant, path: Path
) -> Iterator[Step]:
    """What is looked through for a Project's integration of a type, in order: one of it is taken, or none.

    `own` are its own Settings, and `path` is where the Project is declared.
    """
    first = _own(kind, own)
    yield first
    second = _referred_to(kind, spec, own, tenant, path)
    yield second
    third = _default(kind, spec, own, tenant, given_by((first, second)))
    yield third
    if kind is IntegrationType.PALETTE:
        yield _going_without(spec, tenant, path, given_by((first, second, third)))


def given_by(found: Iterable[Step]) -> Step | None:
    """The step that gives the integration, or may do so; None where none does."""
    return next((each for each in found if each.outcome in (Outcome.TAKEN, Outcome.UNKNOWN)), None)


def _own(kind: IntegrationType, own: PlannedSettings | None) -> Step:
    if own is None:
        return Step(Source.OWN, Outcome.ABSENT, "the Project has no Settings of its own")
    return _looked_at(Source.OWN, kind, own, own.path)


def _referred_to(
    kind: IntegrationType, spec: ProjectSpec, own: PlannedSettings | None, tenant: PlannedTenant, path: Path
) -> Step:
    source, settings = Source.SETTINGS_REF, tenant.settings_named(spec.settings_ref)
    if spec.settings_ref is None:
        return Step(source, Outcome.ABSENT, "not stated")
    at = (*path, "settingsRef")
    if own is not None:
        why = "the Project's own Settings take its place"
    elif settings is None:
        why = "it leads to no Settings of the tenant"
    elif settings is tenant.default:
        why = "it names the tenant's default Settings"
    else:
        return _looked_at(source, kind, settings, at)
    return Step(source, Outcome.PASSED_OVER, why, settings, at)


def _default(
    kind: IntegrationType,
    spec: ProjectSpec,
    own: PlannedSettings | None,
    tenant: PlannedTenant,
    before: Step | None,
) -> Step:
    source, settings = Source.FALLBACK, tenant.default
    if settings is None:
        if tenant.spec.settings_ref is None:
            return Step(source, Outcome.ABSENT, "the tenant has no default Settings")
        why = "the tenant's `settingsRef` leads to no Settings"
        return Step(source, Outcome.ABSENT, why, path=("tenant", "settingsRef"))
    if before is not None:
        return Step(source, Outcome.PASSED_OVER, "{} comes first", settings, settings.path, before.settings)
    chosen = own or tenant.settings_named(spec.settings_ref)
    overrides = own is not None or spec.settings_ref is not None
    if overrides and chosen is not settings and not tenant.merges:
        why = "this PaletteAI does not merge Settings: `paletteai:mergedSettings` is false"
        return Step(source, Outcome.PASSED_OVER, why, settings, ("mergedSettings",))
    found = _looked_at(source, kind, settings, settings.path)
    if found.outcome is not Outcome.TAKEN or chosen is None or chosen is settings:
        return found
    why = f"merged in, because {{}} holds no {WORDS[kind]} integration"
    return Step(source, found.outcome, why, settings, settings.path, chosen)


def _going_without(spec: ProjectSpec, tenant: PlannedTenant, path: Path, before: Step | None) -> Step:
    source, owner, stated = Source.SHARED_CLUSTER_ONLY, "the Project", spec.shared_cluster_only
    if stated is None:
        owner, path, stated = "the tenant", ("tenant",), tenant.spec.shared_cluster_only
    if stated is None:
        return Step(source, Outcome.ABSENT, "not stated")
    at = (*path, "sharedClusterOnly")
    if not stated:
        return Step(source, Outcome.ABSENT, "false on {}", path=at, about=owner)
    if before is not None:
        return Step(source, Outcome.PASSED_OVER, "{} comes first", path=at, about=before.settings)
    return Step(source, Outcome.TAKEN, "stated on {}, so it goes without Palette", path=at, about=owner)


def _looked_at(source: Source, kind: IntegrationType, settings: PlannedSettings, path: Path) -> Step:
    holds = any(secret.type is kind for secret in settings.secrets)
    if kind is IntegrationType.PALETTE:
        holds = settings.has_palette
    elif not settings.made:
        return Step(source, Outcome.UNKNOWN, "made elsewhere, so what it holds is not known here", settings, path)
    reason = "holds a {} integration" if holds else "holds no {} integration"
    return Step(source, Outcome.TAKEN if holds else Outcome.PASSED_OVER, reason, settings, path, WORDS[kind])
