"""The report of problems: for people, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click

from paletteai_components.diagnostics import Diagnostic, Severity, StackFileError, escaped
from paletteai_components.errors import UserError

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show(diagnostics: Iterable[Diagnostic], *, err: bool = False) -> None:
    """Print problems, in colour on a terminal."""
    for diagnostic in diagnostics:
        click.echo("\n".join(_lines(diagnostic)), err=err)


def show_error(error: UserError) -> None:
    """Print why a command could not do what it was asked for."""
    if isinstance(error, StackFileError):
        show(error.diagnostics, err=True)
    else:
        first, *others = map(escaped, error.help.split("\n"))
        help = [f"  help: {first}", *others] if first else []
        click.echo("\n".join([f"Error: {escaped(error.message)}", *help]), err=True)


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    head, *others = (escaped(str(location)) for location in diagnostic.where) if diagnostic.where else ("",)
    said = click.style(f"{diagnostic.severity.value} {diagnostic.code}", fg=_COLOURS[diagnostic.severity], bold=True)
    yield (
        f"{click.style(head, bold=True)}: {said}: {escaped(diagnostic.message)}"
        if head
        else (f"{said}: {escaped(diagnostic.message)}")
    )
    for location in others:
        yield click.style(f"  also: {location}", dim=True)
    yield f"  help: {escaped(diagnostic.help)}"


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """A value as JSON, in which a CI server finds no command."""
    return json.dumps(value, indent=2).replace("##", "#\\u0023")


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A problem as JSON shows it."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "where": [{"file": location.file, "line": location.line} for location in diagnostic.where],
    }


def counted(diagnostics: Iterable[Diagnostic]) -> str:
    """How many problems there are of each severity, for example ``3 errors, 1 note``."""
    numbers = Counter(diagnostic.severity for diagnostic in diagnostics)
    return ", ".join(plural(numbers[each], each.value) for each in Severity if numbers[each]) or "no problems"


def plural(number: int, noun: str) -> str:
    """A number of things, for example ``2 stacks``."""
    return f"{number:,} {noun}" if number == 1 or noun.endswith("s") else f"{number:,} {noun}s"
