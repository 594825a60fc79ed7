"""Pasted keys: texts and names in a declaration that look like a key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import FingerprintSpec
from paletteai_components.redaction import looks_like_key
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import shown_path


def pasted_keys(stack: Stack) -> Iterator[Diagnostic]:
    """A warning for each text that looks like a key, without the text. It is never certain that it is one."""
    for path, is_name in _suspects(stack.spec, (), ""):
        place = f"a name in `{shown_path(path[:-1])}`" if is_name else f"`{shown_path(path)}`"
        yield Diagnostic(
            "PAI010",
            f"{place} looks like a key. If it is one, everyone who can read the file knows it.",
            "If it is one, revoke and remove it: a Palette key belongs in `apiKey`, encrypted; any other in a Secret.",
            (stack.location(*path),),
            Severity.WARNING,
        )


def _suspects(value: Any, path: Path, name: str) -> Iterator[tuple[Path, bool]]:
    """The paths of what looks like a key, and whether it is a name. `name` is the name of the value."""
    match value:
        case str():
            if looks_like_key(value, name):
                yield path, False
        case FingerprintSpec():
            # A command writes it, and PAI009 checks its form.
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
