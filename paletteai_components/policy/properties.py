"""The properties of resources as Pulumi's SDK for policies passes them, read into plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResource
from pulumi_policy.proxy import UnknownValueError

from paletteai_components.policy.resources import Properties, Provider, StackResource, concerns_paletteai
from paletteai_components.pulumi_yaml.document import Path

_UNKNOWN: Any = object()


def resources_of(resources: Sequence[PolicyResource], *, is_preview: bool) -> Iterator[StackResource]:
    """The resources of a stack that may concern PaletteAI. The properties of others are not even read."""
    providers: dict[str, Provider] = {}
    for each in resources:
        if concerns_paletteai(each.resource_type):
            provider = each.provider
            if provider is not None and provider.urn not in providers:
                providers[provider.urn] = _provider(provider)
            yield StackResource(
                each.urn,
                each.resource_type,
                properties_of(each.props),
                Provider("") if provider is None else providers[provider.urn],
                may_be_elsewhere=is_preview and bool(each.property_dependencies.get("metadata")),
            )


def properties_of(values: Mapping[str, Any]) -> Properties:
    """Plain values of what the SDK passes. It raises an error at each access to a value that is not known."""
    unknown: list[Path] = []
    known = _plain(values, (), unknown)
    return Properties(known, tuple(unknown))


def _provider(provider: PolicyProviderResource) -> Provider:
    return Provider(provider.urn, properties_of(provider.props))


def _plain(value: Any, path: Path, unknown: list[Path]) -> Any:
    if isinstance(value, Mapping):
        entries = {key: _entry(value, key, path, unknown) for key in value}
        return {key: inner for key, inner in entries.items() if inner is not _UNKNOWN}
    if isinstance(value, Sequence) and not isinstance(value, str):
        elements = [_entry(value, position, path, unknown) for position in range(len(value))]
        return [None if inner is _UNKNOWN else inner for inner in elements]
    return value


def _entry(holder: Any, key: Any, path: Path, unknown: list[Path]) -> Any:
    inside = (*path, key)
    try:
        value = holder[key]
    except UnknownValueError:
        unknown.append(inside)
        return _UNKNOWN
    return _plain(value, inside, unknown)
