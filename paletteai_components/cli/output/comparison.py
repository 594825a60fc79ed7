"""The differences between two environments, as sections. The two are places, neither of which is the earlier one."""

from __future__ import annotations

from collections.abc import Iterable

from paletteai_components.changes.comparison import Comparison
from paletteai_components.cli.output.difference import alike, projects, with_details
from paletteai_components.cli.output.field import field_between
from paletteai_components.cli.output.line import Entry, Line, Section, Untrusted, joined, listed


def comparison_verdict(comparison: Comparison) -> Line:
    """The comparison in one line."""
    if comparison.is_empty:
        return ("no difference",)
    total = comparison.totals()
    counts: list[tuple[int, Line]] = [
        (total["onlyInFirst"], (" only in ", Untrusted(comparison.first))),
        (total["onlyInSecond"], (" only in ", Untrusted(comparison.second))),
        (total["parts"], (" differs" if total["parts"] == 1 else " differ",)),
        (total["sources"], (" with a different integration source",)),
        (total["removals"], (" with a different onRemoval",)),
    ]
    lines: list[Line] = [(f"{number:,}", *what) for number, what in counts if number]
    return joined(lines, ", ") or ("deployed differently, otherwise the same",)


def comparison_sections(comparison: Comparison) -> list[Section]:
    """How two stacks differ, the most visible differences first."""
    first, second = comparison.first, comparison.second
    sections = [
        _section(
            ("Deployed differently",), (Entry(field_between(each, first, second)) for each in comparison.facts), "cyan"
        ),
        _section(("Only in ", Untrusted(first)), _names(comparison.only_in_first), "yellow"),
        _section(("Only in ", Untrusted(second)), _names(comparison.only_in_second), "yellow"),
        _section(
            ("Differs",),
            (
                with_details((Untrusted(each.part),), (field_between(field, first, second) for field in each.fields))
                for each in comparison.parts
            ),
            "yellow",
        ),
        _section(
            ("Integration source differs",),
            (
                Entry(
                    projects(group),
                    (
                        ("in ", Untrusted(first), ": ", Untrusted(str(group[0].before), sentence=True)),
                        ("in ", Untrusted(second), ": ", Untrusted(group[0].after, sentence=True)),
                    ),
                )
                for group in alike(comparison.sources, lambda each: (each.before, each.after))
            ),
            "cyan",
        ),
        _section(
            ("onRemoval differs",),
            (
                Entry(
                    (
                        *listed(each.owner for each in group),
                        *(f": {group[0].before.value} in ", Untrusted(first)),
                        *(f", {group[0].after.value} in ", Untrusted(second)),
                    )
                )
                for group in alike(comparison.removals, lambda each: (each.before, each.after))
            ),
            "cyan",
        ),
    ]
    return [section for section in sections if section.entries]


def _section(title: Line, entries: Iterable[Entry], colour: str) -> Section:
    found = list(entries)
    return Section((*title, f" ({len(found):,})"), found, colour)


def _names(names: Iterable[str]) -> Iterable[Entry]:
    return (Entry((Untrusted(name),)) for name in names)
