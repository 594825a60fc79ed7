"""The record of what a version has written, by which a newer one knows what was changed since."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from paletteai_components.errors import UserError
from paletteai_components.repository import HOSTS

RECORD = ".paletteai.json"
"""The name of its file."""

_ABOUT = "What `paletteai init` has written: `paletteai init --upgrade` reads this, so commit it."


@dataclass(frozen=True, slots=True)
class Record:
    """What a version has written."""

    version: str
    """The version, for example ``1.2.3``."""
    host: str | None
    """The host of the workflows, or None."""
    digests: Mapping[str, str]
    """The digest of each file that this version writes, by path."""

    @classmethod
    def of(cls, version: str, host: str | None, files: Mapping[str, bytes]) -> Record:
        """The record of files that are written."""
        return cls(version, host, {path: digest(content) for path, content in files.items()})

    @classmethod
    def read(cls, content: bytes, file: str) -> Record:
        """The record in a file.

        Raises:
            UserError: The file is no record.
        """
        try:
            value: Any = json.loads(content)
            version, host, digests = value["version"], value["ci"], value["files"]
        except (ValueError, KeyError, TypeError, RecursionError):
            version = host = digests = None
        if (
            not isinstance(version, str)
            or host not in {None, *HOSTS}
            or not isinstance(digests, dict)
            or not all(isinstance(each, str) for each in digests.values())
        ):
            raise UserError(
                f"{file} is not a record of `paletteai init`, so nothing was compared.",
                "Restore it from your repository's history, or remove it: every difference is shown then.",
            )
        return cls(version, host, digests)

    def to_bytes(self) -> bytes:
        """The content of its file."""
        value = {"about": _ABOUT, "version": self.version, "ci": self.host, "files": dict(sorted(self.digests.items()))}
        return f"{json.dumps(value, indent=2)}\n".encode()

    def is_newer_than(self, version: str) -> bool:
        """Whether it is of a newer version than another."""
        return _numbers(self.version) > _numbers(version)


def digest(content: bytes) -> str:
    """The digest of a file's content."""
    return f"sha256:{sha256(content).hexdigest()}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d{1,9}", version)[:3])
