"""Pasted keys: the texts and names of a declaration that look like a key, wherever one may be pasted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from paletteai_components.diagnostics import Problem, Severity
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import FingerprintSpec
from paletteai_components.redaction import looks_like_key
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import shown_path


def pasted_keys(stack: Stack) -> Iterator[Problem]:
    """The warnings of what looks like a key. It is not repeated, and never known for sure."""
    for path, is_name in _suspects(stack.spec, (), ""):
        said = f"a name in `{shown_path(path[:-1])}`" if is_name else f"`{shown_path(path)}`"
        yield Problem(
            "PAI010",
            f"{said} looks like a key. If it is one, everybody who reads the file knows it.",
            "Revoke it then, and take it out: a Palette key belongs in `apiKey`, encrypted; any other in a Secret.",
            (stack.place(*path),),
            Severity.WARNING,
        )


def _suspects(value: Any, path: Path, name: str) -> Iterator[tuple[Path, bool]]:
    """Where something looks like a key, and whether it is a name. `name` is what the value is called."""
    match value:
        case str():
            if looks_like_key(value, name):
                yield path, False
        case FingerprintSpec():
            # Written by a command, and judged by its form (PAI009).
            pass
        case BaseModel():
            fields = type(value).model_fields
            for field in value.model_fields_set:
                alias = str(fields[field].alias)
                yield from _suspects(getattr(value, field), (*path, alias), alias)
        case dict():
            for key, inner in value.items():
                if looks_like_key(key):
                    yield (*path, key), True
                yield from _suspects(inner, (*path, key), key)
        case list() | tuple():
            for position, inner in enumerate(value):
                yield from _suspects(inner, (*path, position), name)
