"""Slices: the stacks of a folder in parts that stay the same, for jobs that run side by side.

Which slice a stack is in depends on its name alone. So whatever changes between two runs, a lock on the slice is a lock
on each stack in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice of several."""

    number: int
    """From 1 to `count`."""
    count: int

    def __contains__(self, stack: str) -> bool:
        return slice_of(stack, self.count) == self

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def slice_of(stack: str, count: int) -> Slice:
    """The slice that a stack is in, by its name."""
    digest = hashlib.sha256(stack.encode("utf-8", "surrogateescape")).digest()
    return Slice(int.from_bytes(digest) % count + 1, count)
