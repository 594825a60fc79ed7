"""Completion in a shell: the stacks, environments and rules that a word can be. click asks for them, and answers.

The shell puts what is chosen on its command line, and names of files may come from a pull request that nobody has
reviewed. So only a name that is a plain word to every shell is offered. Pulumi takes no other as the name of a stack.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from paletteai_components.cli.inside import inside

VARIABLE = "_PALETTEAI_COMPLETE"
"""The environment variable in which the shell asks."""

SHELLS = ("bash", "zsh", "fish")

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """Answer the shell, or say nothing: no error belongs on the line that somebody types."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            yield
        except SystemExit:
            raise
        except BaseException:
            sys.exit(1)


def stacks(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The stacks that a word can be, but those that are named already."""
    given = ctx.params.get(parameter.name or "")
    named = given if isinstance(given, tuple) else ()
    return [name for name in _stacks(ctx) if name.startswith(incomplete) and name not in named]


def environments(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The environments that a word can be: those that end the names of stacks. The files are not read for it."""
    found = dict.fromkeys(name.rpartition(".")[2] for name in _stacks(ctx) if "." in name)
    return sorted(name for name in found if name.startswith(incomplete))


def rules(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The codes of rules that a word can be."""
    from paletteai_components.rules import RULES

    return [code for code in RULES if code.startswith(incomplete.upper())]


def rules_or_stacks(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The codes that a word can be, or the stacks. Rules are slow to import, and without a letter they are too many."""
    codes = rules(ctx, parameter, incomplete) if incomplete and "PAI".startswith(incomplete.upper()[:3]) else []
    return [*codes, *stacks(ctx, parameter, incomplete)]


def _stacks(ctx: click.Context) -> Iterator[str]:
    """The stacks of the folder that the command would read, by the names of their files."""
    # The reader of YAML is not needed for anything else.
    from paletteai_components.stacks.folder import stack_folder

    with contextlib.ExitStack() as elsewhere:
        for folder in ctx.find_root().params.get("folders") or ():
            elsewhere.enter_context(inside(folder.expanduser()))
        given = ctx.params.get("folder")
        folder = stack_folder(given.expanduser() if isinstance(given, Path) else None)
        files = folder.files() if folder.path.is_dir() else []
    for file in files:
        name = folder.stack_of(file.name)
        if name is not None and _PLAIN.fullmatch(name):
            yield name
