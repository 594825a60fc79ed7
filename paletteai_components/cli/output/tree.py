"""A tree of text: in colour on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

import click

from paletteai_components.cli.output.console import is_coloured
from paletteai_components.cli.output.paragraph import width_of, wrapped
from paletteai_components.diagnostics import escaped

_ATTRIBUTES = ("bold", "dim")


@dataclass(slots=True)
class Tree:
    """A line of text and the lines below it."""

    parts: list[tuple[str, str]]
    """The pieces of the line, each with its style: `bold`, `dim` or a colour, several of them with spaces between."""
    branches: list[Tree] = field(default_factory=list)

    def add(self, *parts: tuple[str, str]) -> Tree:
        """Add a branch with these parts and return it."""
        branch = Tree(list(parts))
        self.branches.append(branch)
        return branch

    def __str__(self) -> str:
        return "".join(escaped(text) for text, _ in self.parts).rstrip()


_DRAWN = ("├── ", "│   ", "└── ", "    ")
_DRAWN_IN_ASCII = ("|-- ", "|   ", "`-- ", "    ")


def show(tree: Tree) -> None:
    """Print a tree. A line that is too long for a terminal goes on below, indented a little."""
    try:
        "".join(_DRAWN).encode(sys.stdout.encoding or "ascii")
        guides = _DRAWN
    except UnicodeEncodeError:
        guides = _DRAWN_IN_ASCII
    lines = _lines(tree, "", "", guides, width_of(sys.stdout))
    coloured = is_coloured(sys.stdout)
    click.echo("\n".join(_coloured(indent, line, each) if coloured else indent + line for each, indent, line in lines))


def _lines(
    tree: Tree, first: str, rest: str, guides: tuple[str, str, str, str], width: int | None
) -> Iterator[tuple[Iterator[tuple[str, str]], str, str]]:
    """Each line: the characters of its tree that are left, with their styles; its indent; and its text."""
    fork, bar, last, gap = guides
    further = rest + (bar if tree.branches else gap)[:2]
    lines = [f"{first}{tree}"] if width is None else wrapped(str(tree), width, first, further)
    characters = ((character, style) for text, style in tree.parts for character in escaped(text))
    for indent, line in zip([first, *[further] * (len(lines) - 1)], lines, strict=True):
        yield characters, indent, line[len(indent) :]
    for branch in tree.branches:
        final = branch is tree.branches[-1]
        yield from _lines(branch, rest + (last if final else fork), rest + (gap if final else bar), guides, width)


def _coloured(indent: str, line: str, characters: Iterator[tuple[str, str]]) -> str:
    # The spaces at which the text is broken are in no line.
    found = (next(each for each in characters if each[0] == character) for character in line)
    pieces = (
        (style, "".join(character for character, _ in run)) for style, run in groupby(found, lambda each: each[1])
    )
    text = "".join(_in_style(text, style.split()) for style, text in pieces)
    return click.style(indent, dim=True) + text if indent else text


def _in_style(text: str, style: list[str]) -> str:
    if not style:
        return text
    colour = next((each for each in style if each not in _ATTRIBUTES), None)
    return click.style(text, fg=colour, bold="bold" in style or None, dim="dim" in style or None)
