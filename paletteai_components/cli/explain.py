"""`paletteai explain`: the page of a rule."""

from __future__ import annotations

import difflib
import sys
from typing import Any

import click

from paletteai_components.cli.report import show_json
from paletteai_components.problem import escaped
from paletteai_components.rules import RULES, page_of
from paletteai_components.rules.rule import Rule


@click.command("explain")
@click.argument("subject", metavar="[CODE]", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(subject: tuple[str, ...], form: str) -> None:
    """Explain the rule with a CODE such as PAI004; without one, list all rules."""
    if len(subject) > 1:
        raise click.UsageError("name one rule, for example PAI004.")
    rules = [_rule_of(code) for code in subject] or list(RULES.values())
    if form == "json":
        shown = [_as_json(rule) for rule in rules]
        show_json(shown[0] if subject else {"rules": shown})
    elif subject:
        _show_page(page_of(rules[0]))
    else:
        for rule in rules:
            click.echo(f"{rule.code}  {rule.severity.value:<7}  {rule.holds}")


def _rule_of(code: str) -> Rule:
    rule = RULES.get(code.upper())
    if rule is None:
        nearest = difflib.get_close_matches(code.upper(), RULES, 1, 0.5)
        remedy = f"Did you mean {nearest[0]}?" if nearest else "`paletteai explain` lists them all."
        raise click.UsageError(f"there is no rule {escaped(code)}. {remedy}")
    return rule


def _as_json(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "holds": rule.holds,
        "severity": rule.severity.value,
        "scope": rule.scope.value,
        "page": page_of(rule),
    }


def _show_page(page: str) -> None:
    if not sys.stdout.isatty():
        click.echo(page, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console(highlight=False)
    console.print(Markdown(page), width=min(console.width, 100))
