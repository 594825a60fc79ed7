"""The differences between two environments, as sections."""

from __future__ import annotations

from collections.abc import Iterable

from paletteai_components.changes.comparison import Comparison
from paletteai_components.cli.output.difference import field_line, removal_lines, source_lines
from paletteai_components.cli.output.line import Line, Section, Untrusted, joined


def comparison_verdict(comparison: Comparison) -> str:
    """The comparison in one line, without any text from a file."""
    if comparison.is_empty:
        return "no difference"
    differing = len(comparison.parts)
    counts = (
        (len(comparison.only_in_first), "only in the first"),
        (len(comparison.only_in_second), "only in the second"),
        (differing, "differs" if differing == 1 else "differ"),
        (len(comparison.sources), "with a different integration source"),
        (len(comparison.removals), "with a different onRemoval"),
    )
    return (
        ", ".join(f"{number:,} {what}" for number, what in counts if number)
        or "deployed differently, otherwise the same"
    )


def comparison_sections(comparison: Comparison) -> list[Section]:
    """How two stacks differ, the most visible differences first."""
    sections = [
        Section(("Deployed",), list(map(field_line, comparison.facts))),
        Section(("Only in ", Untrusted(comparison.first)), _names(comparison.only_in_first), "red"),
        Section(("Only in ", Untrusted(comparison.second)), _names(comparison.only_in_second), "green"),
        Section(
            ("Different",),
            [(Untrusted(each.part), ": ", *joined(map(field_line, each.fields))) for each in comparison.parts],
            "yellow",
        ),
        Section(("Integration sources",), source_lines(comparison.sources)),
        Section(("Removal",), removal_lines(comparison.removals)),
    ]
    return [section for section in sections if section.lines]


def _names(names: Iterable[str]) -> list[Line]:
    return [(Untrusted(name),) for name in names]
