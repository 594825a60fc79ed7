"""Spelling: the field that was meant by another word or a slip, and data read as if it had been written right.

What is read like that is refused all the same. It is read so that a slip is one problem, and not also each that follows
from a missing field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from paletteai_components.naming import did_you_mean, nearest
from paletteai_components.pulumi_yaml.document import Path

# Other words for a field, in lower case and without signs.
_OTHER_WORDS = {
    "integration": "palette",
    "integrationref": "palette",
    "endpoint": "hostUrl",
    "host": "hostUrl",
    "url": "hostUrl",
    "project": "defaultProjectID",
    "projectid": "defaultProjectID",
    "key": "apiKey",
    "token": "apiKey",
    "secret": "existingSecret",
    "roles": "roleMapping",
    "permissions": "roleMapping",
}


def meant_field(name: str, known: Iterable[str]) -> str | None:
    """The field that is certainly meant, whatever case and signs it is written with; or None."""
    lower = {field.lower(): field for field in known}
    plain = re.sub(r"[-_]", "", name.lower())
    other = _OTHER_WORDS.get(plain)
    return other if other in lower.values() else lower.get(nearest(plain, lower, 0.8) or "")


def suggestion(name: str, known: Iterable[str]) -> str:
    """The question whether a known field is meant; empty if none is like it."""
    known = list(known)
    meant = meant_field(name, known)
    return did_you_mean(meant, [meant]) if meant else did_you_mean(name, known)


def respelt(declared: dict[str, Any], meant: dict[Path, str]) -> dict[str, Any]:
    """The data with fields renamed, in their order.

    Args:
        declared: The data.
        meant: The paths of the fields, each with its right name.
    """
    result = dict(declared)
    for path, name in meant.items():
        holder: Any = result
        for step in path[:-1]:
            # Only what is on the way is copied: a handle on a key cannot be.
            inside = holder[step]
            holder[step] = dict(inside) if isinstance(inside, dict) else list(inside)
            holder = holder[step]
        renamed = {name if key == path[-1] else key: value for key, value in holder.items()}
        holder.clear()
        holder.update(renamed)
    return result
