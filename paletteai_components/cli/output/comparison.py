"""What is different between two environments, in words."""

from __future__ import annotations

from collections.abc import Iterable

from paletteai_components.changes.comparison import Contrast
from paletteai_components.cli.output.difference import field_line, removal_lines, source_lines
from paletteai_components.cli.output.line import Foreign, Line, Section, joined


def verdict_of_contrast(contrast: Contrast) -> str:
    """The contrast in one line, without a word from a file."""
    if contrast.is_empty:
        return "no difference"
    differing = len(contrast.parts)
    counts = (
        (len(contrast.only_in_first), "only in the first"),
        (len(contrast.only_in_second), "only in the second"),
        (differing, "differs" if differing == 1 else "differ"),
        (len(contrast.sources), "with another source of its integration"),
        (len(contrast.removals), "with another onRemoval"),
    )
    return ", ".join(f"{number:,} {what}" for number, what in counts if number) or "deployed otherwise, else the same"


def sections_of_contrast(contrast: Contrast) -> list[Section]:
    """How two stacks differ, the most visible first."""
    sections = [
        Section(("Deployed",), list(map(field_line, contrast.facts))),
        Section(("Only in ", Foreign(contrast.first)), _names(contrast.only_in_first), "red"),
        Section(("Only in ", Foreign(contrast.second)), _names(contrast.only_in_second), "green"),
        Section(
            ("Different",),
            [(Foreign(each.part), ": ", *joined(map(field_line, each.fields))) for each in contrast.parts],
            "yellow",
        ),
        Section(("Where integrations come from",), source_lines(contrast.sources)),
        Section(("Removal",), removal_lines(contrast.removals)),
    ]
    return [section for section in sections if section.lines]


def _names(names: Iterable[str]) -> list[Line]:
    return [(Foreign(name),) for name in names]
