"""A comparison: how one tenant differs between two environments.

Objects are paired by the part they play, not by name: a namespace may have another name in another
environment, which is reported once. Credentials should differ, so a different one is not reported.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.manifests import Manifest, PlannedObject
from paletteai_components.model.identity import below_the_tenant
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack

# Fields that follow from the tenant's name or namespace.
_TENANT_FIELDS = ("namespace.tenant", "project.tenant", "project.tenantName")
_OF_THE_TENANT = (FieldPath(("apiVersion",)), FieldPath(("metadata", "namespace")))
_NAME = FieldPath(("metadata", "name"))
_NAMESPACES = ("tenant.settingsNamespace", "project.computeConfigNamespace")


@dataclass(frozen=True, slots=True)
class PartChange:
    """A part that both stacks have, and that differs."""

    part: str
    """What it is, for example ``Project vision``."""
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two stacks differ."""

    first: str
    second: str
    facts: tuple[FieldChange, ...] = ()
    """The tenant, its namespace and where it is deployed, where they differ."""
    only_in_first: tuple[str, ...] = ()
    """The objects and integrations that the second stack lacks."""
    only_in_second: tuple[str, ...] = ()
    """The objects and integrations that the first stack lacks."""
    parts: tuple[PartChange, ...] = ()
    """The objects that differ, and the integrations of Settings that differ."""
    sources: tuple[SourceChange, ...] = ()
    removals: tuple[RemovalChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the two stacks do not differ."""
        return not any((self.facts, self.only_in_first, self.only_in_second, self.parts, self.sources, self.removals))

    def totals(self) -> dict[str, int]:
        """How much there is of everything, by the names that the JSON has."""
        return {
            "facts": len(self.facts),
            "onlyInFirst": len(self.only_in_first),
            "onlyInSecond": len(self.only_in_second),
            "parts": len(self.parts),
            "sources": len(self.sources),
            "removals": len(self.removals),
        }


def comparison_between(first: Stack, second: Stack, shown: tuple[bool, bool] = (True, True)) -> Comparison:
    """How two stacks differ. `shown` says for each of them whether its values may be shown."""
    pairs, removed, added = paired(list(first.objects), list(second.objects), _part)
    parts = [
        PartChange(named(_part(new)), fields)
        for old, new in pairs
        if (
            fields := field_changes(
                _without_names(old, first),
                _without_names(new, second),
                shown=shown,
                lists={**first.api.lists(old.kind), **second.api.lists(new.kind)},
            )
        )
    ]
    return Comparison(
        first.name,
        second.name,
        field_changes(_facts(first), _facts(second)),
        (*_names(removed), *_integrations_without(first, second)),
        (*_names(added), *_integrations_without(second, first)),
        (*parts, *_integration_changes(first, second, shown)),
        tuple(each for each in source_changes(first, second) if each.before is not None),
        tuple(removal_changes(first, second)),
    )


def _names(objects: Iterable[PlannedObject]) -> Iterator[str]:
    return (named(_part(each)) for each in objects)


def _part(each: PlannedObject) -> str:
    below = _below(each)
    return f"{each.kind} {below}" if below else each.kind


def _below(each: PlannedObject | PlannedSettings) -> str:
    return "/".join(below_the_tenant(each.logical_name))


def _without_names(each: PlannedObject, stack: Stack) -> Manifest:
    """The object without what is reported once for the tenant, and without names that follow from its part."""
    manifest, api = copy.deepcopy(each.manifest), stack.api
    dropped = [*_OF_THE_TENANT, *CREDENTIALS, *map(api.path, _TENANT_FIELDS)]
    for path in dropped if each.kind == "Secret" else [*dropped, _NAME]:
        path.remove(manifest)
    for path in map(api.path, _NAMESPACES):
        if stack.plan and path.read(manifest) == stack.plan.tenant.namespace:
            path.remove(manifest)
    return manifest


def _facts(stack: Stack) -> dict[str, str]:
    tenant = stack.plan.tenant if stack.plan else None
    return {**({"tenant": tenant.name, "namespace": tenant.namespace} if tenant else {}), **deployment_of(stack)}


def _integrations_without(one: Stack, other: Stack) -> Iterator[str]:
    return (f"integration {named(key)}" for key in one.integrations if key not in other.integrations)


def _settings(stack: Stack) -> dict[str, PlannedSettings]:
    return {_below(settings): settings for settings in (stack.plan.settings if stack.plan else ())}


def _integration_changes(first: Stack, second: Stack, shown: tuple[bool, bool]) -> Iterator[PartChange]:
    here = _settings(first)
    for part, settings in _settings(second).items():
        was, now = here[part].integration if part in here else None, settings.integration
        if was and now:
            names = field_changes({"integration": here[part].palette}, {"integration": settings.palette})
            if fields := (*names, *integration_fields(was, now, shown)):
                yield PartChange(f"the integration of Settings {named(part)}", fields)
