"""Pasted keys: texts and names in a declaration that look like a key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import FingerprintSpec, Spec
from paletteai_components.redaction import SHORTEST_KEY, looks_like_key
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import shown_path

_LISTS = (list, tuple)


def pasted_keys(stack: Stack) -> Iterator[Diagnostic]:
    """A warning for each text that looks like a key, without the text. It is never certain that it is one."""
    for path, is_name in _suspects(stack.spec, (), "") if stack.spec else ():
        place = f"a name in `{shown_path(path[:-1])}`" if is_name else f"`{shown_path(path)}`"
        yield Diagnostic(
            "PAI010",
            f"{place} looks like a key. If it is one, everyone who can read the file knows it.",
            "If it is one, revoke and remove it: a Palette key belongs in `apiKey`, encrypted; any other in a Secret.",
            (stack.location(*path),),
            Severity.WARNING,
        )


def _suspects(value: Any, path: Path, name: str) -> Iterator[tuple[Path, bool]]:
    """The paths of what looks like a key in a model, mapping or list, and whether it is a name.

    `name` is the name of the value.
    """
    kind: type = type(value)
    if kind is dict:
        entries: Iterable[tuple[str | int, Any]] = value.items()
        for key in value:
            if looks_like_key(key):
                yield (*path, key), True
    elif kind in _LISTS:
        entries = enumerate(value)
    elif kind is FingerprintSpec:
        # A command writes it, and PAI009 checks its form.
        return
    else:
        aliases = _aliases(kind)
        fields = vars(value)
        entries = [(aliases[field], fields[field]) for field in value.model_fields_set]
    for step, inner in entries:
        # Nearly every value is a short text or nothing.
        if type(inner) is str:
            if len(inner) >= SHORTEST_KEY and looks_like_key(inner, name if kind in _LISTS else str(step)):
                yield (*path, step), False
        elif inner and _has_parts(inner.__class__):
            yield from _suspects(inner, (*path, step), name if kind in _LISTS else str(step))


@cache
def _has_parts(kind: type) -> bool:
    return issubclass(kind, (dict, *_LISTS, Spec))


@cache
def _aliases(model: type[BaseModel]) -> dict[str, str]:
    return {name: str(field.alias) for name, field in model.model_fields.items()}
