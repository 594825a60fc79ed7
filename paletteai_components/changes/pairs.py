"""Pairs: items of two lists with the same key, which may occur more than once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import TypeVar

Item = TypeVar("Item")


def paired(
    before: list[Item], after: list[Item], key: Callable[[Item], Hashable]
) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """The pairs with equal keys in the order of `after`, then the items of each list that have no partner."""
    waiting: dict[Hashable, deque[Item]] = {}
    for item in before:
        waiting.setdefault(key(item), deque()).append(item)
    pairs: list[tuple[Item, Item]] = []
    rest: list[Item] = []
    for item in after:
        found = waiting.get(key(item))
        if found:
            pairs.append((found.popleft(), item))
        else:
            rest.append(item)
    left = {id(item) for items in waiting.values() for item in items}
    return pairs, [item for item in before if id(item) in left], rest
