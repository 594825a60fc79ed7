"""`paletteai stacks`: the stacks that there are, or that a change reaches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import plural, show_json
from paletteai_components.cli.selection import Choice, choosing_stacks
from paletteai_components.cli.since import asking, in_a_slice, reached_stacks, since_a_revision
from paletteai_components.diagnostics import escaped
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.slices import Slice, slice_of

if TYPE_CHECKING:
    from paletteai_components.cli.output.reach import Since
    from paletteai_components.cli.schema.stacks import StackList
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack


@click.command("stacks", cls=Command)
@choosing_stacks
@since_a_revision
@in_a_slice
@click.option(
    "--slices",
    "count",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help="Say which of N slices each stack is in.",
)
@in_a_format("text", "name", "json")
def command(
    choice: Choice,
    folder: StackFolder,
    revision: str | None,
    part: Slice | None,
    count: int | None,
    output_format: str,
) -> None:
    """List the chosen stacks, and with `--since` those that a change reaches, and why.

    `preview`, `up` and `refresh` with the same `--since` and `--slice` run these stacks. A stack is listed by the name
    of its file, whether or not the file can be read.
    """
    again = asking("paletteai stacks", *choice.words, folder=folder)
    stacks, _, reached = reached_stacks(choice, folder, revision, part, again)
    if output_format == "json":
        show_json(_as_json(stacks, reached, count))
    elif output_format == "name":
        for stack in stacks:
            click.echo(escaped(stack.name))
    else:
        for line in _lines(stacks, reached, count):
            click.echo(line)


def _as_json(stacks: list[Stack], reached: Since | None, count: int | None) -> StackList:
    slices: dict[tuple[str, Slice], list[str]] = {}
    if count is not None:
        for stack in stacks:
            slices.setdefault((stack.environment, slice_of(stack.name, count)), []).append(stack.name)
    in_order = sorted(slices.items(), key=lambda each: (each[0][0], each[0][1].number))
    return {
        "since": reached.as_json() if reached else None,
        "stacks": [
            {
                "name": stack.name,
                "file": stack.file,
                "environment": named(stack.environment),
                "cluster": redacted(stack.cluster) if stack.cluster else None,
                "slice": str(slice_of(stack.name, count)) if count is not None else None,
                "reasons": reached.reasons_as_json(stack.name) if reached else [],
            }
            for stack in stacks
        ],
        "slices": [
            {"environment": named(environment), "slice": str(part), "stacks": names}
            for (environment, part), names in in_order
        ],
    }


def _lines(stacks: list[Stack], reached: Since | None, count: int | None) -> Iterator[str]:
    if reached is not None:
        yield from reached.lines()
    rows = [
        [
            escaped(named(stack.name)),
            escaped(named(stack.environment)),
            escaped(redacted(stack.cluster or "")),
            str(slice_of(stack.name, count)) if count is not None else "",
        ]
        for stack in stacks
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    yield plural(len(stacks), "stack")
