"""The source map: which part of a tenant is on which line of its stack file, to show a diagnostic with its part."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from paletteai_components.pulumi_yaml.document import Path, items_of
from paletteai_components.stacks.stack import Stack

Part = tuple[str, int]
"""``integrations``, ``settings`` or ``projects`` with a position in the plan, or `TENANT`."""

TENANT: Part = ("tenant", 0)


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The lines of the parts of one stack."""

    lines: dict[Part, int]
    """The first line of each part. A part that only the project's defaults declare has none."""
    _starts: tuple[tuple[int, Part], ...]

    def at(self, line: int | None) -> Part:
        """The part on a line. It is the tenant if several parts share the line, or none has it."""
        position = bisect_right(self._starts, line or 0, key=lambda start: start[0])
        return self._starts[position - 1][1] if position else TENANT


def source_map_of(stack: Stack) -> SourceMap:
    """The source map of a stack. It is empty for a declaration in Python."""
    if not stack.documents:
        return SourceMap({}, ())
    document = stack.documents[0]
    parts = {at: part for path, part in _part_paths(stack) if (at := stack.own_path(*path))}
    tenant = [at for at, part in parts.items() if part == TENANT]
    lines: dict[Part, int] = {}
    starts: dict[int, set[Part]] = defaultdict(set)
    for path in (*tenant, *_paths(document.value["config"], parts, ("config",)), *((key,) for key in document.value)):
        line, part = document.line(path), parts.get(path, TENANT)
        lines.setdefault(part, line)
        starts[line].add(part)
    return SourceMap(lines, tuple((line, _only(on_line)) for line, on_line in sorted(starts.items())))


def _only(parts: set[Part]) -> Part:
    """The only part besides the tenant, else the tenant."""
    others = parts - {TENANT}
    return others.pop() if len(others) == 1 else TENANT


def _part_paths(stack: Stack) -> Iterator[tuple[Path, Part]]:
    """The path of each part."""
    yield ("tenant",), TENANT
    plan = stack.plan
    for kind, paths in (
        ("integrations", [("integrations", key) for key in stack.integrations]),
        ("settings", [each.path for each in (plan.tenant.settings if plan else ())]),
        ("projects", [each.path for each in (plan.projects if plan else ())]),
    ):
        yield from ((path, (kind, position)) for position, path in enumerate(paths))


def _paths(value: Any, parts: Mapping[Path, Part], above: Path) -> Iterator[Path]:
    """The paths of the values under `config`, down to where another part can start."""
    for step, inner in items_of(value):
        path = (*above, step)
        yield path
        if len(path) < 4 and parts.get(path, TENANT) == TENANT:
            yield from _paths(inner, parts, path)
