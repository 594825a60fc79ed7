"""The report of problems: as text and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from paletteai_components.diagnostics import Diagnostic, Severity, StackFileError, escaped, reported
from paletteai_components.errors import UserError
from paletteai_components.shell import command

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show(diagnostics: Iterable[Diagnostic], *, err: bool = False) -> None:
    """Print problems as text, in colour on a terminal, without those that are silenced."""
    for diagnostic in reported(diagnostics):
        click.echo("\n".join(_lines(diagnostic)), err=err)


def show_with_summary(diagnostics: Sequence[Diagnostic]) -> None:
    """Print problems on the error stream, with their number and the command that explains the first."""
    if reported(diagnostics):
        show(diagnostics, err=True)
        code = diagnostics[0].code
        click.echo(f"{counted(diagnostics)}; `{command('paletteai explain', code)}` explains the first.", err=True)


def show_error(error: UserError) -> None:
    """Print why a command failed."""
    if isinstance(error, StackFileError):
        show(error.diagnostics, err=True)
    else:
        first, *others = map(escaped, error.help.split("\n"))
        help = [f"  help: {first}", *others] if first else []
        click.echo("\n".join([f"Error: {escaped(error.message)}", *help]), err=True)


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    head, *others = (escaped(str(location)) for location in diagnostic.where) if diagnostic.where else ("",)
    label = click.style(f"{diagnostic.severity.value} {diagnostic.code}", fg=_COLOURS[diagnostic.severity], bold=True)
    yield (
        f"{click.style(head, bold=True)}: {label}: {escaped(diagnostic.message)}"
        if head
        else (f"{label}: {escaped(diagnostic.message)}")
    )
    for location in others:
        yield click.style(f"  also: {location}", dim=True)
    yield f"  help: {escaped(diagnostic.help)}"


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """A value as JSON. `##` is escaped, which a CI server would take for a command."""
    return json.dumps(value, indent=2).replace("##", "#\\u0023")


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """A problem as JSON."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "help": diagnostic.help,
        "where": [{"file": location.file, "line": location.line} for location in diagnostic.where],
    }


def counted(diagnostics: Iterable[Diagnostic]) -> str:
    """The number of problems by severity, for example ``3 errors, 1 note, 2 silenced``."""
    numbers = Counter(diagnostic.severity for diagnostic in diagnostics)
    silenced = numbers.pop(Severity.SILENCED, 0)
    problems = ", ".join(plural(numbers[each], each.value) for each in Severity if numbers[each]) or "no problems"
    return f"{problems}, {silenced:,} silenced" if silenced else problems


def plural(number: int, noun: str) -> str:
    """A number and a noun, for example ``2 stacks``."""
    return f"{number:,} {noun}" if number == 1 or noun.endswith("s") else f"{number:,} {noun}s"
