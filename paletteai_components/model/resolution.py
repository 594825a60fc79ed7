"""Resolution: the Settings that a Project's integration can come from, searched in order.

The plan uses the step that gives the integration. `paletteai explain` shows all steps, and why the others did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from paletteai_components.model.planned import IntegrationType, Path, PlannedSettings, PlannedTenant, Source
from paletteai_components.model.spec import ProjectSpec
from paletteai_components.redaction import named

INTEGRATION_NAMES = {
    IntegrationType.PALETTE: "Palette",
    IntegrationType.HUGGING_FACE: "Hugging Face",
    IntegrationType.NVIDIA: "NVIDIA",
}


class Outcome(StrEnum):
    """The outcome of a step: unknown if its Settings are external, absent if the step is not declared."""

    TAKEN = "taken"
    PASSED_OVER = "passed over"
    UNKNOWN = "unknown"
    ABSENT = "absent"


class Step(NamedTuple):
    """One step of the search. A tuple, which is made fastest: there are more of them than Projects."""

    source: Source
    outcome: Outcome
    reason: str
    """The reason for the outcome, with a ``{}`` for `about`."""
    settings: PlannedSettings | None = None
    path: Path | None = None
    """Where the step is declared, or None if it is not."""
    about: object = None
    """The subject of the reason: other Settings, a type of integration, an owner."""

    @property
    def why(self) -> str:
        """The reason for the outcome, in words. They are formatted on demand, because most steps are never shown."""
        return self.reason.format(named(str(self.about)) if isinstance(self.about, PlannedSettings) else self.about)


_GIVING = (Outcome.TAKEN, Outcome.UNKNOWN)
# Most projects have neither.
_NO_OWN = Step(Source.OWN, Outcome.ABSENT, "the Project has no own Settings")
_NO_SETTINGS_REF = Step(Source.SETTINGS_REF, Outcome.ABSENT, "not set")


def steps_of(
    kind: IntegrationType, spec: ProjectSpec, own: PlannedSettings | None, tenant: PlannedTenant, path: Path
) -> Iterator[Step]:
    """The steps of the search for a Project's integration of one type, in order. At most one is taken."""
    first = _own_step(kind, own)
    yield first
    second = _settings_ref_step(kind, spec, own, tenant, path)
    yield second
    third = _default_step(kind, spec, own, tenant, given_by((first, second)))
    yield third
    if kind is IntegrationType.PALETTE:
        yield _shared_cluster_only_step(spec, tenant, path, given_by((first, second, third)))


def given_by(found: Iterable[Step]) -> Step | None:
    """The step that gives the integration, or may give it; None if no step does."""
    for each in found:
        if each.outcome in _GIVING:
            return each
    return None


def _own_step(kind: IntegrationType, own: PlannedSettings | None) -> Step:
    if own is None:
        return _NO_OWN
    return _settings_step(Source.OWN, kind, own, own.path)


def _settings_ref_step(
    kind: IntegrationType, spec: ProjectSpec, own: PlannedSettings | None, tenant: PlannedTenant, path: Path
) -> Step:
    if spec.settings_ref is None:
        return _NO_SETTINGS_REF
    source, settings = Source.SETTINGS_REF, tenant.settings_named(spec.settings_ref)
    at = (*path, "settingsRef")
    if own is not None:
        why = "the Project's own Settings replace it"
    elif settings is None:
        why = "it does not match any Settings of the tenant"
    elif settings is tenant.default:
        why = "it names the tenant's default Settings"
    else:
        return _settings_step(source, kind, settings, at)
    return Step(source, Outcome.PASSED_OVER, why, settings, at)


def _default_step(
    kind: IntegrationType, spec: ProjectSpec, own: PlannedSettings | None, tenant: PlannedTenant, before: Step | None
) -> Step:
    source, settings = Source.FALLBACK, tenant.default
    if settings is None:
        if tenant.spec.settings_ref is None:
            return Step(source, Outcome.ABSENT, "the tenant has no default Settings")
        why = "the tenant's `settingsRef` does not match any of its Settings"
        return Step(source, Outcome.ABSENT, why, path=("tenant", "settingsRef"))
    if before is not None:
        return Step(source, Outcome.PASSED_OVER, "{} comes first", settings, settings.path, before.settings)
    chosen = own or tenant.settings_named(spec.settings_ref)
    overrides = own is not None or spec.settings_ref is not None
    if overrides and chosen is not settings and not tenant.merges:
        why = "this PaletteAI does not merge Settings: `paletteai:mergedSettings` is false"
        return Step(source, Outcome.PASSED_OVER, why, settings, ("mergedSettings",))
    found = _settings_step(source, kind, settings, settings.path)
    if found.outcome is not Outcome.TAKEN or chosen is None or chosen is settings:
        return found
    why = f"merged in, because {{}} holds no {INTEGRATION_NAMES[kind]} integration"
    return Step(source, found.outcome, why, settings, settings.path, chosen)


def _shared_cluster_only_step(spec: ProjectSpec, tenant: PlannedTenant, path: Path, before: Step | None) -> Step:
    source, owner, stated = Source.SHARED_CLUSTER_ONLY, "the Project", spec.shared_cluster_only
    if stated is None:
        owner, path, stated = "the tenant", ("tenant",), tenant.spec.shared_cluster_only
    if stated is None:
        return Step(source, Outcome.ABSENT, "not set")
    at = (*path, "sharedClusterOnly")
    if not stated:
        return Step(source, Outcome.ABSENT, "false on {}", path=at, about=owner)
    if before is not None:
        return Step(source, Outcome.PASSED_OVER, "{} comes first", path=at, about=before.settings)
    return Step(source, Outcome.TAKEN, "true on {}, so the Project gets no Palette integration", path=at, about=owner)


def _settings_step(source: Source, kind: IntegrationType, settings: PlannedSettings, path: Path) -> Step:
    if kind is IntegrationType.PALETTE:
        holds = settings.has_palette
    elif not settings.managed:
        return Step(source, Outcome.UNKNOWN, "external, so its contents are unknown", settings, path)
    else:
        holds = any(secret.type is kind for secret in settings.secrets)
    reason = "holds the integration for {}" if holds else "holds no {} integration"
    return Step(
        source, Outcome.TAKEN if holds else Outcome.PASSED_OVER, reason, settings, path, INTEGRATION_NAMES[kind]
    )
