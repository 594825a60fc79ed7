"""How Pulumi reads the property path of `pulumi config --path`, written down again from its grammar."""

from __future__ import annotations

import re

# A quote after a backslash is part of the name, always. Any other backslash is one.
_QUOTED = re.compile(r'\["((?:\\"|\\(?!")|[^"\\])*)"\]')
_INDEX = re.compile(r"\[(\d+)\]")
_BARE = re.compile(r"[^.\[]+")


def segments(path: str) -> list[str | int]:
    """The segments of a path. Raises ValueError where Pulumi refuses it."""
    found: list[str | int] = []
    position = 0
    while position < len(path):
        if match := _QUOTED.match(path, position):
            found.append(match[1].replace('\\"', '"'))
        elif match := _INDEX.match(path, position):
            found.append(int(match[1]))
        else:
            dot = bool(found) and path[position] == "."
            match = _BARE.match(path, position + dot)
            if match is None:
                raise ValueError(f"neither a name nor an index at {position}")
            found.append(match[0])
        position = match.end()
    return found
