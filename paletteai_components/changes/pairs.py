"""Pairs: what is the same thing in two lists, found by a key that may occur more than once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import TypeVar

Item = TypeVar("Item")


def paired(
    before: list[Item], after: list[Item], key: Callable[[Item], Hashable]
) -> tuple[list[tuple[Item, Item]], list[Item], list[Item]]:
    """The items of two lists that have an equal key, in the second one's order, and what is left over of each."""
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
