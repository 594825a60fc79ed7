"""A tree of text: in colour on a terminal, in plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from paletteai_components.cli.output.console import console_on, is_coloured
from paletteai_components.diagnostics import escaped


@dataclass(slots=True)
class Tree:
    """A line of text and the lines below it."""

    parts: list[tuple[str, str]]
    """The pieces of the line, each with its style as rich names it, or an empty one."""
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
    """Print a tree."""
    if sys.stdout.isatty() or is_coloured(sys.stdout):
        _show_with_rich(tree)
        return
    try:
        "".join(_DRAWN).encode(sys.stdout.encoding or "ascii")
        guides = _DRAWN
    except UnicodeEncodeError:
        guides = _DRAWN_IN_ASCII
    click.echo("\n".join(_lines(tree, "", "", guides)))


def _lines(tree: Tree, first: str, rest: str, guides: tuple[str, str, str, str]) -> Iterator[str]:
    yield f"{first}{tree}"
    fork, bar, last, gap = guides
    for branch in tree.branches:
        final = branch is tree.branches[-1]
        yield from _lines(branch, rest + (last if final else fork), rest + (gap if final else bar), guides)


def _show_with_rich(tree: Tree) -> None:
    from rich.text import Text
    from rich.tree import Tree as RichTree

    # Names come from files: `Text` ignores markup in them.
    def line(tree: Tree) -> Text:
        return Text.assemble(*((escaped(text), style) for text, style in tree.parts))

    def grown(tree: Tree, into: RichTree) -> RichTree:
        for branch in tree.branches:
            grown(branch, into.add(line(branch)))
        return into

    console_on(sys.stdout).print(grown(tree, RichTree(line(tree), guide_style="dim")))
