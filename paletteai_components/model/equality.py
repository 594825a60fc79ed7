"""Equality: which integrations have the same credential, as far as this is known without decrypting it."""

from __future__ import annotations

from collections.abc import Iterable

from paletteai_components.model.spec import IntegrationSpec


def equal_credentials(integrations: Iterable[IntegrationSpec]) -> list[list[int]]:
    """The positions of the integrations, grouped by credential, in the order of their first positions.

    Two integrations have the same credential if they share an identity, directly or through others.
    """
    first: list[int] = []
    first_with: dict[object, int] = {}

    def leader(position: int) -> int:
        while first[position] != position:
            first[position] = position = first[first[position]]
        return position

    for position, integration in enumerate(integrations):
        first.append(position)
        for _, identity in integration.identities:
            earlier, later = sorted((leader(position), leader(first_with.setdefault(identity, position))))
            first[later] = earlier
    groups: dict[int, list[int]] = {}
    for position in range(len(first)):
        groups.setdefault(leader(position), []).append(position)
    return list(groups.values())
