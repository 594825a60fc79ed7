"""A contrast: how one tenant differs between two environments.

Objects are paired by the part they play, not by name: a namespace may be called otherwise in another
environment, and that is said once. Credentials have to differ, so that they do is not told.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from paletteai_components.changes.difference import deployment_of
from paletteai_components.changes.fields import CREDENTIALS, FieldChange, field_changes
from paletteai_components.changes.impact import (
    RemovalChange,
    SourceChange,
    integration_fields,
    removal_changes,
    source_changes,
)
from paletteai_components.changes.pairs import paired
from paletteai_components.kube.manifests import Manifest, PlannedObject, objects_of
from paletteai_components.model.identity import below_the_tenant
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack

# What follows from the tenant's name and namespace.
_OF_THE_TENANT = ("namespace.tenant", "project.tenant", "project.tenantName")
_NAMESPACES = ("tenant.settingsNamespace", "project.computeConfigNamespace")


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part that is played on both sides, and differs.

    Fields:
        part: what it is, for example ``Project vision``.
        fields: the fields that differ.
    """

    part: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Contrast:
    """How two stacks differ.

    Fields:
        first, second: the names of the stacks.
        facts: the tenant, its namespace, and where it is deployed, where they differ.
        only_in_first, only_in_second: the objects and integrations that the other one lacks.
        parts: the objects that differ, and the integrations of Settings.
        sources: the Projects that get their integration from elsewhere.
        removals: the tenant and Projects whose removal does something else.
    """

    first: str
    second: str
    facts: tuple[FieldChange, ...] = ()
    only_in_first: tuple[str, ...] = ()
    only_in_second: tuple[str, ...] = ()
    parts: tuple[PartChange, ...] = ()
    sources: tuple[SourceChange, ...] = ()
    removals: tuple[RemovalChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the two say the same."""
        return not any((self.facts, self.only_in_first, self.only_in_second, self.parts, self.sources, self.removals))


def contrast_between(first: Stack, second: Stack, shown: tuple[bool, bool] = (True, True)) -> Contrast:
    """How two stacks differ. `shown` says for each whether its values may be told."""
    pairs, gone, made = paired(_objects(first), _objects(second), _part)
    parts = [
        PartChange(named(_part(new)), fields)
        for old, new in pairs
        if (fields := field_changes(_neutral(old, first), _neutral(new, second), shown=shown))
    ]
    return Contrast(
        first.name,
        second.name,
        field_changes(_facts(first), _facts(second)),
        (*_told(gone), *_integrations_without(first, second)),
        (*_told(made), *_integrations_without(second, first)),
        (*parts, *_integrations(first, second, shown)),
        tuple(each for each in source_changes(first, second) if each.before is not None),
        tuple(removal_changes(first, second)),
    )


def _objects(stack: Stack) -> list[PlannedObject]:
    return list(objects_of(stack.topology, stack.vendor)) if stack.topology else []


def _told(objects: Iterable[PlannedObject]) -> Iterator[str]:
    return (named(_part(each)) for each in objects)


def _part(each: PlannedObject) -> str:
    below = _below(each)
    return f"{each.kind} {below}" if below else each.kind


def _below(each: PlannedObject | PlannedSettings) -> str:
    return "/".join(below_the_tenant(each.logical_name))


def _neutral(each: PlannedObject, stack: Stack) -> Manifest:
    """The object without what is said once for the whole tenant, and without names that its part tells."""
    manifest, vendor = copy.deepcopy(each.manifest), stack.vendor
    gone = [("apiVersion",), ("metadata", "namespace"), *CREDENTIALS, *map(vendor.path, _OF_THE_TENANT)]
    for path in gone if each.kind == "Secret" else [*gone, ("metadata", "name")]:
        _drop(manifest, path)
    for path in map(vendor.path, _NAMESPACES):
        _drop(manifest, path, _namespace(stack))
    return manifest


def _drop(holder: Any, path: tuple[str, ...], only: str | None = None) -> None:
    """Takes a field out, where it is `only` this, and what is empty without it."""
    first, *rest = path
    if not isinstance(holder, dict) or first not in holder:
        return
    if rest:
        _drop(holder[first], tuple(rest), only)
    if not holder[first] if rest else only in (None, holder[first]):
        del holder[first]


def _namespace(stack: Stack) -> str | None:
    return stack.topology.tenant.namespace if stack.topology else None


def _facts(stack: Stack) -> dict[str, str]:
    tenant = stack.topology.tenant if stack.topology else None
    return {**({"tenant": tenant.name, "namespace": tenant.namespace} if tenant else {}), **deployment_of(stack)}


def _integrations_without(one: Stack, other: Stack) -> Iterator[str]:
    declared, also = (stack.spec.integrations if stack.spec else {} for stack in (one, other))
    yield from (f"integration {named(key)}" for key in declared if key not in also)


def _settings(stack: Stack) -> dict[str, PlannedSettings]:
    return {_below(settings): settings for settings in (stack.topology.settings if stack.topology else ())}


def _integrations(first: Stack, second: Stack, shown: tuple[bool, bool]) -> Iterator[PartChange]:
    here = _settings(first)
    for part, settings in _settings(second).items():
        was, now = here[part].integration if part in here else None, settings.integration
        if was and now:
            names = field_changes({"integration": here[part].palette}, {"integration": settings.palette})
            if fields := (*names, *integration_fields(was, now, shown)):
                yield PartChange(f"the integration of Settings {named(part)}", fields)
