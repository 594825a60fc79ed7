"""The report of problems: as text and as JSON."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.output.line import explained
from paletteai_components.cli.output.paragraph import Paragraph, paragraphs_on
from paletteai_components.diagnostics import (
    Diagnostic,
    Severity,
    SourceLocation,
    StackFileError,
    escaped,
    folded,
    reported,
)
from paletteai_components.errors import UserError
from paletteai_components.listing import listed

if TYPE_CHECKING:
    from paletteai_components.cli.schema.problem import Problem

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_VALUE = re.compile("`[^`]*`")
# So many problems that are alike get a place each in the first one's list.
_LIKEWISE = 10
# With so many problems on the screen, a table of their rules follows.
MANY = 10


def _file_of(location: SourceLocation) -> str:
    return location.file


def show(
    diagnostics: Iterable[Diagnostic],
    *,
    err: bool = False,
    each: bool = False,
    together: Callable[[SourceLocation], str] = _file_of,
) -> int:
    """Print problems as text, without those that are silenced; on a terminal in colour and within its width.

    Args:
        diagnostics: The problems.
        err: Whether to print them on the error stream.
        each: Whether to print every problem in full, also one that is like another or follows from one.
        together: Within what problems that are alike are printed once, for the place of the first.

    Returns:
        How many places on the screen they take: alike ones and those that follow from one have none of their own.
    """
    stream = sys.stderr if err else sys.stdout
    paragraph = paragraphs_on(stream)
    groups = grouped(diagnostics, each=each, together=together)
    for group in groups:
        click.echo("\n".join(_lines(*group, paragraph, stream.isatty())), err=err)
    return len(groups)


def text_of(cause: Diagnostic, alike: Sequence[Diagnostic] = (), consequences: Sequence[Diagnostic] = ()) -> str:
    """A problem in full as plain text: its place, severity, code and message, other places and the remedy.

    Args:
        cause: The problem.
        alike: Others that are told with it, because they are like it.
        consequences: Others that are told with it, because they follow from it.
    """
    return click.unstyle("\n".join(_lines(cause, alike, consequences, lambda text, _: [text], False)))


def show_with_summary(diagnostics: Sequence[Diagnostic]) -> None:
    """Print problems on the error stream, with their number and the command that explains the first."""
    if reported(diagnostics):
        show(diagnostics, err=True)
        code = diagnostics[0].code
        click.echo(f"{counted(diagnostics)}; {explained(code)}", err=True)


def show_codes(diagnostics: Iterable[Diagnostic]) -> None:
    """Print how many problems each rule found, and what the rule says."""
    from paletteai_components.rules import RULES

    paragraph = paragraphs_on(sys.stdout)
    numbers = Counter((diagnostic.severity, diagnostic.code) for diagnostic in reported(diagnostics))
    width = len(f"{max(numbers.values(), default=0):,}")
    for (severity, code), number in sorted(numbers.items(), key=lambda each: (each[0][0].rank, -each[1], each[0][1])):
        head = f"{number:>{width},}  {severity.value:<7}  {code}  "
        # The spaces in front of a further line stand for what is above them.
        first, *rest = paragraph(f"{head}{RULES[code].holds}", " " * len(head))
        click.echo("\n".join([_labelled(first, f"{severity.value:<7}  {code}", severity), *rest]))


# A problem, those that are like it, and those that follow from it.
_Group = tuple[Diagnostic, list[Diagnostic], list[Diagnostic]]


def grouped(
    diagnostics: Iterable[Diagnostic], *, each: bool = False, together: Callable[[SourceLocation], str] = _file_of
) -> Collection[_Group]:
    """The problems that are not silenced, in order: each with the others that are told with it.

    Args:
        diagnostics: The problems.
        each: Whether every problem is told alone.
        together: Within what problems that are alike are told once, for the place of the first.
    """
    shown = reported(diagnostics)
    if each:
        return [(every, [], []) for every in shown]
    groups: dict[object, _Group] = {}
    for cause, consequences in folded(shown):
        around = together(cause.where[0]) if cause.where else ""
        key = (around, cause.code, cause.severity, _VALUE.sub("", cause.message)) if not consequences else cause
        first, alike, _ = groups.setdefault(key, (cause, [], consequences))
        if first is not cause:
            alike.append(cause)
    return groups.values()


def _likewise(first: Diagnostic, alike: Sequence[Diagnostic]) -> str:
    """Problems that are like the first one, by the first value in which they differ, and their lines."""
    every = [first, *alike]
    values = [_VALUE.findall(diagnostic.message) for diagnostic in every]
    differing = next((at for at, column in enumerate(zip(*values, strict=True)) if len(set(column)) > 1), None)
    lines = [str(each.where[0].line) if each.where and each.where[0].line else "" for each in every]
    texts = [
        " ".join(filter(None, (value[differing] if differing is not None else "", line and f"(line {line})")))
        for value, line in zip(values[1:], lines[1:], strict=True)
    ]
    return listed(texts, _LIKEWISE)


def show_error(error: UserError) -> None:
    """Print why a command failed."""
    if isinstance(error, StackFileError):
        show(error.diagnostics, err=True)
    else:
        paragraph = paragraphs_on(sys.stderr)
        first, *rest = paragraph(f"error: {escaped(error.message)}", "  ")
        first = _labelled(first, "error:", Severity.ERROR)
        remedy, *below = map(escaped, error.help.split("\n"))
        # What stands below the remedy is to be copied, so it is not broken.
        help = [*paragraph(f"  help: {remedy}", "    "), *below] if remedy else []
        click.echo("\n".join([first, *rest, *help]), err=True)


def _lines(
    diagnostic: Diagnostic,
    alike: Sequence[Diagnostic],
    consequences: Sequence[Diagnostic],
    paragraph: Paragraph,
    on_terminal: bool,
) -> Iterator[str]:
    head = escaped(str(diagnostic.where[0])) if diagnostic.where else ""
    place = f"{head}: " if head else ""
    kind = f"{diagnostic.severity.value} {diagnostic.code}"
    first, *rest = paragraph(f"{place}{kind}: {escaped(diagnostic.message)}", "  ")
    first = _labelled(first, kind, diagnostic.severity)
    yield first.replace(head, click.style(head, bold=True), 1) if head else first
    yield from rest
    if diagnostic.where and on_terminal:
        # It needs the reader of YAML, which a command without problems does not.
        from paletteai_components.cli.output.source import source_lines

        yield from (click.style(line, dim=True) for line in source_lines(diagnostic.where[0]))
    for places in _other_places(diagnostic):
        yield from (click.style(line, dim=True) for line in paragraph(f"  also: {places}", "    "))
    if alike:
        yield from paragraph(f"  likewise: {escaped(_likewise(diagnostic, alike))}", "    ")
    if consequences:
        numbers = Counter(each.code for each in consequences)
        codes = ", ".join(f"{number:,} {code}" for code, number in sorted(numbers.items()))
        yield from paragraph(f"  explains: {codes}", "    ")
    yield from paragraph(f"  help: {escaped(diagnostic.help)}", "    ")


def _labelled(line: str, label: str, severity: Severity) -> str:
    """A line with its label in the colour of a severity."""
    return line.replace(label, click.style(label, fg=_COLOURS[severity], bold=True), 1)


def _other_places(diagnostic: Diagnostic) -> Iterator[str]:
    """The locations after the first one, those in one file together."""
    lines: dict[str, list[str]] = defaultdict(list)
    for location in diagnostic.where[1:]:
        lines[location.file].append("" if location.line is None else str(location.line))
    for file, numbers in lines.items():
        yield escaped(file) + (f":{listed(numbers, _LIKEWISE)}" if any(numbers) else "")


def show_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json_text(value))


def json_text(value: Any) -> str:
    """A value as JSON. `##` is escaped, which a CI server would take for a command."""
    return json.dumps(value, indent=2).replace("##", "#\\u0023")


def as_json(diagnostic: Diagnostic) -> Problem:
    """A problem as JSON."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
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
