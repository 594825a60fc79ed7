"""Equality: which integrations hold one credential, as far as it shows without opening it."""

from __future__ import annotations

from collections.abc import Iterable

from paletteai_components.model.spec import IntegrationSpec


def equal_credentials(integrations: Iterable[IntegrationSpec]) -> list[list[int]]:
    """The positions of the integrations, those of one credential together, in the order of the first of each.

    Two that are recognised by one thing hold one credential, and so does whoever shares another with either.
    """
    first: list[int] = []
    known: dict[object, int] = {}

    def leader(position: int) -> int:
        while first[position] != position:
            first[position] = position = first[first[position]]
        return position

    for position, integration in enumerate(integrations):
        first.append(position)
        for _, identity in integration.identities:
            earlier, later = sorted((leader(position), leader(known.setdefault(identity, position))))
            first[later] = earlier
    groups: dict[int, list[int]] = {}
    for position in range(len(first)):
        groups.setdefault(leader(position), []).append(position)
    return list(groups.values())
