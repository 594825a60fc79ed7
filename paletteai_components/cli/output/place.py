"""Places in a repository: where a forge looks for the files of problems, and how it knows a problem again."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from paletteai_components.changes.git import top_of
from paletteai_components.diagnostics import Diagnostic

STANDARD_INPUT = "<stdin>"
"""The file of a problem in what was read from standard input."""


class Repository:
    """The git repository of a folder; the folder itself if it is in none.

    Its links are resolved, but a file or folder that is a link itself keeps its name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._top = top_of(self._folder) or self._folder
        # A folder may have thousands of stack files.
        self._parents: dict[str, Path] = {}

    @classmethod
    def here(cls) -> Repository:
        """The repository of the working directory."""
        return cls(Path.cwd())

    def path_of(self, file: str) -> str | None:
        """The path of a file from the top of the repository, with slashes; None if it is not in it.

        Args:
            file: The file as a problem names it: relative to the folder, or absolute.
        """
        if file in {"", STANDARD_INPUT}:
            return None
        parent, name = os.path.split(os.path.join(self._folder, file))
        if name in {"", ".", ".."}:
            parent, name = os.path.join(parent, name), ""
        if parent not in self._parents:
            self._parents[parent] = Path(os.path.realpath(parent))
        path = self._parents[parent] / name
        return path.relative_to(self._top).as_posix() if path.is_relative_to(self._top) else None


def fingerprints_of(diagnostics: Iterable[Diagnostic], repository: Repository) -> list[str]:
    """What identifies each problem from one run to the next, also if lines move or the command runs elsewhere.

    No two are equal: of problems that differ in their lines only, the second has another one than the first.
    """
    found: list[str] = []
    seen: Counter[str] = Counter()
    for diagnostic in diagnostics:
        code, message, files = diagnostic.identity
        identity = json.dumps([code, message, [repository.path_of(file) or file for file in files]])
        seen[identity] += 1
        found.append(hashlib.sha256(f"{identity} {seen[identity]}".encode()).hexdigest())
    return found
