"""What a version would change in a repository that an earlier one has written, and what is left to its owners.

It is done as package managers do it with configuration files: what nobody has changed is replaced; of a file with
changes of its owner's, a newer version is put beside it; and what was removed does not come back.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from paletteai_components.repository.record import Record, digest


class Kind(Enum):
    """What there is to do about a file."""

    ADD = "add"
    """It is new in this version."""
    REPLACE = "replace"
    """This version writes it differently, and it is as the earlier one wrote it."""
    MERGE = "merge"
    """This version writes it differently, and its owner has changed it, too."""
    DROP = "drop"
    """This version does not write it any more."""


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between a repository and what a version writes."""

    path: str
    kind: Kind
    old: bytes | None
    """The content that is there. None if there is no file."""
    new: bytes | None
    """The content that the version writes. None if it writes no such file."""


def changes(present: Mapping[str, bytes], new: Mapping[str, bytes], record: Record | None) -> list[Change]:
    """The changes of a repository, by path.

    Args:
        present: The files that are there, of those that the version writes or the record lists.
        new: The files that the version writes.
        record: What an earlier version has written. Without it, any file that differs may have changes of its owner's.
    """
    recorded = record.digests if record is not None else {}
    paths = sorted(new.keys() | recorded.keys())
    found = ((path, _kind(present.get(path), new.get(path), recorded.get(path))) for path in paths)
    return [Change(path, kind, present.get(path), new.get(path)) for path, kind in found if kind is not None]


def _kind(old: bytes | None, new: bytes | None, recorded: str | None) -> Kind | None:
    if old == new:
        return None
    if new is None:
        return Kind.DROP
    if old is None:
        # What was written before and is not there was removed on purpose.
        return Kind.ADD if recorded is None else None
    if digest(old) == recorded:
        return Kind.REPLACE
    return None if digest(new) == recorded else Kind.MERGE


def patch(found: Iterable[Change]) -> Iterator[str]:
    """The lines of a patch, which `git apply` reads, with what the version writes in place of what is there."""
    for each in found:
        # No text has this byte: neither does what is no file, nor could `git apply` read a patch of it.
        if each.new is not None and b"\0" not in (each.old or b""):
            before = f"a/{each.path}" if each.old is not None else "/dev/null"
            yield from difflib.unified_diff(_lines(each.old or b""), _lines(each.new), before, f"b/{each.path}")


def _lines(content: bytes) -> list[str]:
    # Python would split at other characters, too, which do not end a line for git.
    *lines, last = content.decode(errors="surrogateescape").split("\n")
    return [*(f"{line}\n" for line in lines), *([f"{last}\n\\ No newline at end of file\n"] if last else [])]
