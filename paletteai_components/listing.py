"""Lists in sentences: the first entries, and how many more there are."""

from __future__ import annotations

from collections.abc import Iterable


def listed(texts: Iterable[str], most: int) -> str:
    """At most `most` of the texts and the number of the others, for example ``a, b and 3 more``."""
    every = list(texts)
    return ", ".join(every[:most]) + more(len(every) - most)


def more(number: int) -> str:
    """The end of a list that leaves out `number` entries. Empty if it leaves out none."""
    return f" and {number:,} more" if number > 0 else ""
