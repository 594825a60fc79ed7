"""The line of a file that a problem is about, as a terminal shows it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from paletteai_components.diagnostics import SourceLocation, escaped
from paletteai_components.redaction import holds_key
from paletteai_components.stacks.files import bytes_of

# What stands beside one of these words, or below it, may be a key that nothing else shows as one.
_SECRET = re.compile(r"(?i)key|secure|secret|token|passw|credential")


def source_lines(location: SourceLocation) -> Iterator[str]:
    """The line at a location, with its number and a mark below it. Nothing if it may hold a key, or is unusual."""
    lines = _lines_of(location.file)
    if location.line is None or location.line > len(lines):
        return
    line = lines[location.line - 1].rstrip()
    if not line or escaped(line) != line or _may_hold_key(lines, location.line - 1):
        return
    number = str(location.line)
    room = shutil.get_terminal_size().columns - len(number) - len("   | ")
    if len(line) > room:
        line = f"{line[: max(room - 1, 0)]}…"
    indent = " " * (len(line) - len(line.lstrip()))
    yield f"  {number} | {line}"
    marked = line.partition(" #")[0].strip() or line.lstrip()
    yield f"  {' ' * len(number)} | {indent}{'^' * len(marked)}"


def _may_hold_key(lines: tuple[str, ...], at: int) -> bool:
    """Whether a line, or one that it is below of, names a secret; or the line has a word that looks like a key."""
    if holds_key(lines[at]) or any(map(_SECRET.search, lines[max(at - 1, 0) : at + 1])):
        return True
    indent = len(lines[at]) + 1
    for line in reversed(lines[: at + 1]):
        text = line.lstrip(" ")
        if not text.strip() or len(line) - len(text) >= indent:
            continue
        indent = len(line) - len(text)
        if _SECRET.search(text):
            return True
        if indent == 0:
            return False
    return False


def _lines_of(file: str) -> tuple[str, ...]:
    try:
        found = os.stat(file)
        return _lines_in(file, (found.st_dev, found.st_ino, found.st_mtime_ns))
    except (OSError, UnicodeDecodeError):
        return ()


@lru_cache(maxsize=8)
def _lines_in(file: str, version: tuple[int, ...]) -> tuple[str, ...]:
    # A relative path is another file in another folder, and a file may change: its version tells.
    return tuple(bytes_of(Path(file)).decode("utf-8").splitlines())
