"""Which problems a command reports, and which make it fail: `--select`, `--ignore` and `--fail-on`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

import click

from paletteai_components.cli.completion import rules
from paletteai_components.cli.folder import Command
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.errors import UserError
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import redacted


@dataclass(frozen=True, slots=True)
class Filter:
    """Which problems count."""

    select: frozenset[str] = frozenset()
    """The codes of the only rules that are reported; empty for all."""
    ignore: frozenset[str] = frozenset()
    """The codes of rules that are not reported."""
    lowest: Severity = Severity.ERROR
    """The lowest severity that makes the command fail."""

    def reports(self, code: str) -> bool:
        """Whether the problems of a rule are reported."""
        return (not self.select or code in self.select) and code not in self.ignore

    def kept(self, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """The problems that are reported."""
        return tuple(each for each in diagnostics if self.reports(each.code))

    def fails(self, diagnostics: Iterable[Diagnostic]) -> bool:
        """Whether one of the problems makes the command fail."""
        return any(diagnostic.severity.rank <= self.lowest.rank for diagnostic in diagnostics)


def filtering(command: Command) -> Command:
    """Add the options to a command, which takes a `Filter` called `counting`."""

    @wraps(command)
    def with_filter(
        *arguments: Any, select: frozenset[str], ignore: frozenset[str], fail_on: str, **options: Any
    ) -> None:
        command(*arguments, counting=Filter(select, ignore, Severity(fail_on)), **options)

    decorated: Any = with_filter
    for option in (
        click.option(
            "--fail-on",
            type=click.Choice([Severity.ERROR.value, Severity.WARNING.value, Severity.NOTE.value]),
            default=Severity.ERROR.value,
            show_default=True,
            help="The lowest severity that makes the exit code 1.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            metavar="CODE",
            callback=_codes,
            shell_complete=rules,
            help="Do not report these rules. Repeatable.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="CODE",
            callback=_codes,
            shell_complete=rules,
            help="Report these rules only. Repeatable.",
        ),
    ):
        decorated = option(decorated)
    return cast("Command", decorated)


def _codes(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    """The codes of rules, which may be separated by commas."""
    codes = [code.strip().upper() for each in given for code in each.split(",") if code.strip()]
    if not codes:
        # The rules take long to import: see `selection.selected`.
        return frozenset()
    from paletteai_components.rules import RULES

    for code in codes:
        if code not in RULES:
            raise UserError(
                f"`{redacted(code)}` is no rule's code, so nothing was checked.",
                did_you_mean(code, RULES) or "`paletteai explain` lists the codes.",
            )
    return frozenset(codes)
