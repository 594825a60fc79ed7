"""The report of problems: for people, and as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import click

from paletteai_components.diagnostics import Problem, Severity, StackFileError, escaped
from paletteai_components.errors import UserError

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def show(problems: Iterable[Problem], *, err: bool = False) -> None:
    """Print problems, in colour on a terminal."""
    for problem in problems:
        click.echo("\n".join(_lines(problem)), err=err)


def show_error(error: UserError) -> None:
    """Print why a command could not do what it was asked for."""
    if isinstance(error, StackFileError):
        show(error.problems, err=True)
    else:
        first, *others = map(escaped, error.help.split("\n"))
        help = [f"  help: {first}", *others] if first else []
        click.echo("\n".join([f"Error: {escaped(error.message)}", *help]), err=True)


def _lines(problem: Problem) -> Iterator[str]:
    head, *others = (escaped(str(place)) for place in problem.where) if problem.where else ("",)
    said = click.style(f"{problem.severity.value} {problem.code}", fg=_COLOURS[problem.severity], bold=True)
    yield (
        f"{click.style(head, bold=True)}: {said}: {escaped(problem.message)}"
        if head
        else (f"{said}: {escaped(problem.message)}")
    )
    for place in others:
        yield click.style(f"  also: {place}", dim=True)
    yield f"  help: {escaped(problem.help)}"


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """A value as JSON, in which a CI server finds no command."""
    return json.dumps(value, indent=2).replace("##", "#\\u0023")


def as_json(problem: Problem) -> dict[str, Any]:
    """A problem as JSON shows it."""
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "message": problem.message,
        "help": problem.help,
        "where": [{"file": place.file, "line": place.line} for place in problem.where],
    }


def counted(problems: Iterable[Problem]) -> str:
    """How many problems there are of each severity, for example ``3 errors, 1 note``."""
    numbers = Counter(problem.severity for problem in problems)
    return ", ".join(plural(numbers[each], each.value) for each in Severity if numbers[each]) or "no problems"


def plural(number: int, noun: str) -> str:
    """A number of things, for example ``2 stacks``."""
    return f"{number:,} {noun}" if number == 1 or noun.endswith("s") else f"{number:,} {noun}s"
