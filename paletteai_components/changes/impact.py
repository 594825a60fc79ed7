"""Reach: whom it concerns that a credential, or what stands behind it, is another one.

A Settings in a tenant's namespace serves every Project that falls back to it or names it. So one line
in a stack file can reach many Projects of which no manifest changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from operator import attrgetter, itemgetter

from paletteai_components.changes.fields import FieldChange, Unsaid, told_value
from paletteai_components.changes.pairs import paired
from paletteai_components.credentials import host_of, host_problem
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec, OnRemoval
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack


class KeyChange(StrEnum):
    """What became of a credential: another one, the same encrypted again, or one of the two."""

    ANOTHER = "another"
    ENCRYPTED_AGAIN = "encryptedAgain"
    UNDECIDED = "undecided"


class Steps(StrEnum):
    """How a credential gets from one Settings to another: in one deployment, in two, or stack after stack."""

    ONE = "one"
    TWO = "two"
    STACKS = "stacks"


@dataclass(frozen=True, slots=True)
class IntegrationChange:
    """A Settings whose Palette integration is another one, or says something else.

    Fields:
        stack: the stack it is in.
        settings: the Settings, ``namespace/name``.
        integration: the key of its integration.
        key: what became of the credential; None where it is the same.
        fields: what else the integration says differently.
        projects: those that get their integration from this Settings.
        overriding: the tenant's other projects, where this is what they all would fall back to.
    """

    stack: str
    settings: str
    integration: str
    key: KeyChange | None
    fields: tuple[FieldChange, ...]
    projects: tuple[str, ...]
    overriding: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A credential that was in one Settings and is in another.

    Fields:
        stack, settings: where it is.
        former_stack, former_settings: where it was.
        integration: the key of its integration.
        steps: see `Steps`.
    """

    stack: str
    settings: str
    former_stack: str
    former_settings: str
    integration: str
    steps: Steps


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A Project that gets its Palette integration from elsewhere.

    Fields:
        stack, project: the Project.
        before, after: where it comes from and why, in words; `before` is None for a new Project.
    """

    stack: str
    project: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class RemovalChange:
    """A tenant or project whose removal does something else.

    Fields:
        stack: the stack it is in.
        owner: the tenant or project, for example ``project vision``.
        before, after: its `onRemoval`, inherited or stated.
    """

    stack: str
    owner: str
    before: OnRemoval
    after: OnRemoval


def integration_changes(before: Stack, after: Stack, shown: tuple[bool, bool]) -> Iterator[IntegrationChange]:
    """The Settings of a stack that stay and carry another integration, or one that says something else."""
    if before.topology is None or after.topology is None:
        return
    users: dict[int, list[str]] = {}
    for project in after.topology.projects:
        users.setdefault(id(project.provider), []).append(project.name)
    default = after.topology.tenant.default
    # A name may be taken twice, which a rule refuses.
    there, here = list(before.topology.settings), list(after.topology.settings)
    for former, settings in paired(there, here, attrgetter("logical_name"))[0]:
        was, now = former.integration, settings.integration
        if was is None or now is None:
            continue
        key, fields = _key_change(was, now), integration_fields(was, now, shown)
        if key or fields:
            overriding = (each.name for each in after.topology.projects if each.provider is not default)
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
    """What two integrations say differently, besides their credential."""
    changes = []
    for field, old, new in (
        ("hostUrl", _host(before), _host(after)),
        ("tenant", before.tenant, after.tenant),
        ("defaultProjectID", before.default_project_id, after.default_project_id),
        ("existingSecret", before.existing_secret, after.existing_secret),
    ):
        if old != new:
            told = (
                told_value(Unsaid.ABSENT if value is None else value, (field,), may)
                for value, may in zip((old, new), shown, strict=True)
            )
            changes.append(FieldChange((field,), *told))
    return tuple(changes)


def _host(integration: IntegrationSpec) -> str | None:
    url = integration.host_url
    if url is None or host_problem(url) is None:
        return url and host_of(url)
    # What is no plain host may carry a password.
    return "an address that is refused"


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
    """The Projects of a stack that get their integration from elsewhere, and the new ones."""
    before_projects, projects = (
        list(stack.topology.projects) if stack and stack.topology else [] for stack in (before, after)
    )
    pairs, _, new = paired(before_projects, projects, attrgetter("name"))
    for was, project in pairs:
        if _origin_of(was) != _origin_of(project):
            yield SourceChange(after.name, named(project.name), was.reason, project.reason)
    yield from (SourceChange(after.name, named(project.name), None, project.reason) for project in new)


def _origin_of(project: PlannedProject) -> tuple[object, ...]:
    provider = project.provider
    # A Settings stays the same one where its namespace is given another name.
    return project.source, project.merged, provider and (provider.project is None, provider.name)


def removal_changes(before: Stack, after: Stack) -> Iterator[RemovalChange]:
    """The tenant and Projects of a stack whose removal does something else."""
    for (owner, was), (_, now) in paired(list(_removals_of(before)), list(_removals_of(after)), itemgetter(0))[0]:
        if was is not now:
            yield RemovalChange(after.name, named(owner), was, now)


def _removals_of(stack: Stack) -> Iterator[tuple[str, OnRemoval]]:
    if stack.topology is not None:
        tenant = stack.topology.tenant
        yield f"tenant {tenant.name}", tenant.spec.on_removal
        for project in stack.topology.projects:
            yield f"project {project.name}", project.on_removal


@dataclass(frozen=True, slots=True)
class _Holder:
    """A Settings with a credential in it; `name` is what Pulumi calls it."""

    stack: str
    name: str
    place: str
    integration: str


def moves_between(before: Iterable[Stack], after: Iterable[Stack]) -> Iterator[Move]:
    """The credentials that left one Settings and are in another now, each way told once."""
    before, after = list(before), list(after)
    was, now = _holders(before), _holders(after)
    held = {(stack, settings.logical_name) for stack, settings in _settings(before)}
    planned = {(stack, settings.logical_name) for stack, settings in _settings(after)}
    told: set[Move] = set()
    for identity, holders in now.items():
        former = was.get(identity, {})
        gone = [holder for key, holder in former.items() if key not in holders]
        first = {holder.stack: holder for holder in reversed(gone)}
        for key, holder in holders.items() if gone else ():
            if key in former:
                continue
            source = first.get(holder.stack, gone[0])
            if source.stack != holder.stack:
                steps = Steps.STACKS
            else:
                steps = Steps.TWO if (source.stack, source.name) in planned or key in held else Steps.ONE
            move = Move(holder.stack, holder.place, source.stack, source.place, holder.integration, steps)
            if move not in told:
                told.add(move)
                settings, former_settings = named(move.settings), named(move.former_settings)
                yield replace(
                    move, settings=settings, former_settings=former_settings, integration=named(move.integration)
                )


def _settings(stacks: Iterable[Stack]) -> Iterator[tuple[str, PlannedSettings]]:
    for stack in stacks:
        yield from ((stack.name, settings) for settings in (stack.topology.settings if stack.topology else ()))


def _holders(stacks: Iterable[Stack]) -> dict[object, dict[tuple[str, str], _Holder]]:
    found: dict[object, dict[tuple[str, str], _Holder]] = {}
    for stack, settings in _settings(stacks):
        integration = settings.integration
        if integration is None:
            continue
        name, key = settings.logical_name, str(settings.palette)
        # What cannot be recognised by itself is still the same declaration.
        identities: list[object] = [identity for _, identity in integration.identities]
        identities = identities or [("integration", stack, key)]
        for identity in identities:
            found.setdefault(identity, {}).setdefault((stack, name), _Holder(stack, name, str(settings), key))
    return found
