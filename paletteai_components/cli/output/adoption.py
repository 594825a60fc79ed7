"""What the first deployment of adopted stack files would change, and what they do not declare, as sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from paletteai_components.changes.adoption import Adopted, Left, Undeclared
from paletteai_components.cli.output.difference import alike, with_details
from paletteai_components.cli.output.drift import contested_section
from paletteai_components.cli.output.field import field_line
from paletteai_components.cli.output.line import Entry, Line, Mark, Section, Untrusted, listed


def adoption_sections(files: Sequence[Adopted]) -> list[Section]:
    """The sections of adopted stack files; none of what all of them declare as it is."""
    changed = [one for each in files for one in each.changed]
    undeclared = [one for each in files for one in each.undeclared]
    encrypted = [one for each in files for one in each.encrypted]
    sections = [
        contested_section([one for each in files for one in each.contested]),
        Section(
            (f"The first deployment would change ({len(changed):,})",),
            [
                with_details(listed(one.reference for one in group), map(field_line, group[0].fields), Mark.CHANGED)
                for group in alike(changed, lambda one: repr(one.fields))
            ],
            "yellow",
        ),
        Section(
            (f"In no stack file, so Pulumi removes what kubectl wrote of it ({len(undeclared):,})",),
            [
                with_details(listed(one.reference for one in group), _fields(group[0]), Mark.DELETED)
                for group in alike(undeclared, lambda one: one.fields)
            ],
            "yellow",
        ),
        Section(
            (f"Encrypted, so the first deployment adds fingerprints to their Settings ({len(encrypted):,})",),
            [Entry(listed(encrypted))] if encrypted else [],
        ),
        _left(
            "Left to others, because a stack cannot manage them as they are",
            [one for each in files for one in each.external],
        ),
        _left("Left as it is", [one for each in files for one in each.left]),
    ]
    return [section for section in sections if section.entries]


def _fields(each: Undeclared) -> Iterator[Line]:
    yield from ((Untrusted(field),) for field in each.fields)


def _left(title: str, left: Sequence[Left]) -> Section:
    return Section(
        (f"{title} ({len(left):,})",),
        [
            Entry(listed(one.reference for one in group), ((Untrusted(group[0].reason, sentence=True),),))
            for group in alike(left, lambda one: one.reason)
        ],
    )
