"""Impact: which projects a change of a credential or of its host affects.

A Settings in a tenant's namespace serves every Project that falls back to it or names it. So one line
in a stack file can affect many Projects although none of their manifests changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter, itemgetter

from paletteai_components.changes.fields import FieldChange, Redacted, redacted_value
from paletteai_components.changes.pairs import paired
from paletteai_components.credentials import host_of, host_problem
from paletteai_components.diagnostics import Diagnostic
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec, OnRemoval
from paletteai_components.redaction import named
from paletteai_components.stacks.ownership import refused_move
from paletteai_components.stacks.stack import Stack


class KeyChange(StrEnum):
    """How a credential changes: a different one, the same encrypted again, or one of the two."""

    ANOTHER = "another"
    ENCRYPTED_AGAIN = "encryptedAgain"
    UNDECIDED = "undecided"


class Steps(StrEnum):
    """How a credential moves between Settings: in one deployment, in two, or one stack after the other."""

    ONE = "one"
    TWO = "two"
    STACKS = "stacks"


@dataclass(frozen=True, slots=True)
class IntegrationChange:
    """A Settings whose Palette integration changes."""

    stack: str
    settings: str
    integration: str
    """The name of its integration in the stack file."""
    key: KeyChange | None
    fields: tuple[FieldChange, ...]
    projects: tuple[str, ...]
    """The projects that get their integration from this Settings."""
    overriding: tuple[str, ...]
    """The projects that do not use it although it is the tenant's default."""


@dataclass(frozen=True, slots=True)
class Move:
    """A credential that moves from one Settings to another."""

    stack: str
    settings: str
    former_stack: str
    former_settings: str
    integration: str
    """The name of its integration in the stack file."""
    steps: Steps
    refusal: Diagnostic | None = None
    """Why `pulumi up` refuses it; None if it does not, or could not know that the credential is the same."""


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A Project whose Palette integration has a different source."""

    stack: str
    project: str
    before: str | None
    """The old source in words; None for a new Project."""
    after: str
    """The new source in words."""


@dataclass(frozen=True, slots=True)
class RemovalChange:
    """A tenant or project whose `onRemoval` changes."""

    stack: str
    owner: str
    before: OnRemoval
    after: OnRemoval


def integration_changes(before: Stack, after: Stack, shown: tuple[bool, bool]) -> Iterator[IntegrationChange]:
    """The Settings in both versions of a stack whose integration changes. `shown`: see `field_changes`."""
    if before.plan is None or after.plan is None:
        return
    users: dict[int, list[str]] = {}
    for project in after.plan.projects:
        users.setdefault(id(project.effective_settings), []).append(project.name)
    default = after.plan.tenant.default
    # Two Settings may have one name, which a rule refuses.
    old, new = list(before.plan.settings), list(after.plan.settings)
    for former, settings in paired(old, new, attrgetter("logical_name"))[0]:
        was, now = former.integration, settings.integration
        if was is None or now is None:
            continue
        key, fields = _key_change(was, now), integration_fields(was, now, shown)
        if key or fields:
            overriding = (each.name for each in after.plan.projects if each.effective_settings is not default)
            yield IntegrationChange(
                after.name,
                named(str(settings)),
                named(str(settings.palette)),
                key,
                fields,
                tuple(map(named, users.get(id(settings), ()))),
                tuple(map(named, overriding)) if settings is default else (),
            )


def integration_fields(
    before: IntegrationSpec, after: IntegrationSpec, shown: tuple[bool, bool]
) -> tuple[FieldChange, ...]:
    """The fields of two integrations that differ, except their credentials. `shown`: see `field_changes`."""
    changes = []
    for field, old, new in (
        ("hostUrl", _host(before), _host(after)),
        ("tenant", before.tenant, after.tenant),
        ("defaultProjectID", before.default_project_id, after.default_project_id),
        ("existingSecret", before.existing_secret, after.existing_secret),
    ):
        if old != new:
            path = FieldPath((field,))
            values = (
                redacted_value(Redacted.ABSENT if value is None else value, path, is_shown)
                for value, is_shown in zip((old, new), shown, strict=True)
            )
            changes.append(FieldChange(path, *values))
    return tuple(changes)


def _host(integration: IntegrationSpec) -> str | None:
    url = integration.host_url
    if url is None or host_problem(url) is None:
        return url and host_of(url)
    # An invalid address may hold a password.
    return "an invalid address"


def _key_change(before: IntegrationSpec, after: IntegrationSpec) -> KeyChange | None:
    was, now = dict(before.identities), dict(after.identities)
    if was == now:
        return None
    for how, change in (("fingerprint", KeyChange.ENCRYPTED_AGAIN), ("`credential`", None)):
        if how in was and how in now:
            if was[how] != now[how]:
                return KeyChange.ANOTHER
            return change if was.get("ciphertext") != now.get("ciphertext") else None
    same_encryption = "ciphertext" in was and was["ciphertext"] == now.get("ciphertext")
    return None if same_encryption else KeyChange.UNDECIDED


def source_changes(before: Stack | None, after: Stack) -> Iterator[SourceChange]:
    """The Projects of a stack whose integration has a different source, and the new Projects."""
    before_projects, projects = (list(stack.plan.projects) if stack and stack.plan else [] for stack in (before, after))
    pairs, _, new = paired(before_projects, projects, attrgetter("name"))
    for was, project in pairs:
        if _source_of(was) != _source_of(project):
            yield SourceChange(after.name, named(project.name), was.reason, project.reason)
    yield from (SourceChange(after.name, named(project.name), None, project.reason) for project in new)


def _source_of(project: PlannedProject) -> tuple[object, ...]:
    provider = project.effective_settings
    # A Settings remains the same when its namespace is renamed.
    return project.source, project.merged, provider and (provider.project is None, provider.name)


def removal_changes(before: Stack, after: Stack) -> Iterator[RemovalChange]:
    """The tenant and Projects of a stack whose `onRemoval` changes."""
    for (owner, was), (_, now) in paired(list(_removals_of(before)), list(_removals_of(after)), itemgetter(0))[0]:
        if was is not now:
            yield RemovalChange(after.name, named(owner), was, now)


def _removals_of(stack: Stack) -> Iterator[tuple[str, OnRemoval]]:
    if stack.plan is not None:
        tenant = stack.plan.tenant
        yield f"tenant {tenant.name}", tenant.spec.on_removal
        for project in stack.plan.projects:
            yield f"project {project.name}", project.on_removal


_Key = tuple[str, str]
"""A stack, and the logical name of a Settings in it."""

# Stands for the identity of a credential that has none: it is at least the same declaration.
_DECLARED = "integration"


def moves_between(before: Iterable[Stack], after: Iterable[Stack]) -> list[Move]:
    """The credentials that move from one Settings to another, each move once."""
    after = list(after)
    stacks = {stack.name: stack for stack in after}
    held, planned = _settings(before), _settings(after)
    was, now = _holders(held), _holders(planned)
    occupied, stays = {key for key, _ in held}, dict(planned)
    moves: dict[object, Move] = {}
    for identity, holders in now.items():
        former = was.get(identity, {})
        released = [key for key in former if key not in holders]
        first = {key[0]: key for key in reversed(released)}
        for key, settings in holders.items() if released else ():
            if key in former:
                continue
            stack, source = key[0], first.get(key[0], released[0])
            if source[0] != stack:
                steps = Steps.STACKS
            else:
                steps = Steps.TWO if source in stays or key in occupied else Steps.ONE
            names = (str(settings), str(former[source]), str(settings.palette))
            new, old, integration = map(named, names)
            if (stack, source[0], names, steps) in moves:
                continue
            refusal = (
                refused_move(stacks[stack], settings, names[1], str(stays.get(source, settings)), "before this change")
                if steps is Steps.TWO and identity[0] != _DECLARED
                else None
            )
            moves[stack, source[0], names, steps] = Move(stack, new, source[0], old, integration, steps, refusal)
    return list(moves.values())


def _settings(stacks: Iterable[Stack]) -> list[tuple[_Key, PlannedSettings]]:
    return [
        ((stack.name, settings.logical_name), settings)
        for stack in stacks
        if stack.plan
        for settings in stack.plan.settings
    ]


def _holders(found: Iterable[tuple[_Key, PlannedSettings]]) -> dict[tuple[str, ...], dict[_Key, PlannedSettings]]:
    """The Settings that hold each credential."""
    holders: dict[tuple[str, ...], dict[_Key, PlannedSettings]] = {}
    for key, settings in found:
        if settings.integration is None:
            continue
        identities: list[tuple[str, ...]] = [identity for _, identity in settings.integration.identities]
        for identity in identities or [(_DECLARED, key[0], str(settings.palette))]:
            holders.setdefault(identity, {}).setdefault(key, settings)
    return holders
