"""Parts: which part of a tenant stands on which line of its stack file, so that a problem is shown where it belongs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from paletteai_components.configuration import NAMESPACE
from paletteai_components.stack import Stack

Part = tuple[str, int]
"""``integrations``, ``settings`` or ``projects`` with a position in the topology, or `TENANT`."""

TENANT: Part = ("tenant", 0)
_SEVERAL: Part = ("several", 0)


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one stack.

    Fields:
        lines: where each part begins. A part that only the project's defaults declare is not among them.
    """

    lines: dict[Part, int]
    _starts: tuple[tuple[int, Part], ...]

    def at(self, line: int | None) -> Part:
        """The part on a line. It is the tenant where several share the line, or none is there."""
        position = bisect_right(self._starts, line or 0, key=lambda start: start[0])
        return self._starts[position - 1][1] if position else TENANT


def parts_of(stack: Stack) -> Parts:
    """The parts of a stack whose tenant could be made out; none for a declaration made in Python."""
    lines: dict[Part, int] = {}
    starts: dict[int, Part] = {}
    for line, part in _begun(stack):
        lines.setdefault(part, line)
        other = starts.setdefault(line, part)
        if other == TENANT:
            starts[line] = part
        elif part not in (other, TENANT):
            starts[line] = _SEVERAL
    tidy = {line: TENANT if part == _SEVERAL else part for line, part in starts.items()}
    return Parts(lines, tuple(sorted(tidy.items())))


def _begun(stack: Stack) -> Iterator[tuple[int, Part]]:
    """Every line on which something begins, with the part it belongs to."""
    if not stack.documents:
        return
    document = stack.documents[0]
    config = document.value["config"]
    for key, value in config.items():
        name = key.removeprefix(f"{NAMESPACE}:")
        at = ("config", key)
        if name == "tenant" and isinstance(value, dict):
            yield document.line(at), TENANT
            for field, inner in value.items():
                yield document.line((*at, field)), TENANT
                for position, part in _inside(stack, field, inner):
                    yield document.line((*at, field, position)), part
    for key, value in config.items():
        yield document.line(("config", key)), TENANT
        if key.removeprefix(f"{NAMESPACE}:") == "integrations" and isinstance(value, dict):
            known = {each: position for position, each in enumerate(stack.spec.integrations if stack.spec else ())}
            for each in value:
                yield document.line(("config", key, each)), _part("integrations", known.get(each))
    for key in document.value:
        yield document.line((key,)), TENANT


def _inside(stack: Stack, field: str, value: object) -> Iterator[tuple[str | int, Part]]:
    """The key or position of each thing in a field of the tenant, with the part that it is."""
    settings = stack.topology.tenant.settings if stack.topology else ()
    made = {each.name: position for position, each in enumerate(settings) if each.made}
    if field == "settings" and isinstance(value, dict):
        for name in value:
            yield name, _part("settings", made.get(name))
    elif field == "existingSettings" and isinstance(value, list):
        for position in range(len(settings) - len(made)):
            yield position, ("settings", len(made) + position)
    elif field == "projects" and isinstance(value, list):
        kept = [position for position in range(len(value)) if position not in stack.left_out]
        known = {written: position for position, written in enumerate(kept)}
        for written in range(len(value)):
            yield written, _part("projects", known.get(written))


def _part(kind: str, position: int | None) -> Part:
    return TENANT if position is None else (kind, position)
