"""Lists in sentences: the first of many, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable


def listed(texts: Iterable[str], most: int) -> str:
    """The texts in a row, at most so many of them, for example ``a, b and 3 more``."""
    every = list(texts)
    return ", ".join(every[:most]) + more(len(every) - most)


def more(number: int) -> str:
    """The end of a list that leaves so many out; empty where it leaves none out."""
    return f" and {number:,} more" if number > 0 else ""
