"""`paletteai explain`: the page of a rule, or where a project's integrations come from."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any

import click

from paletteai_components.cli.folder import in_a_folder
from paletteai_components.cli.output.report import show_json
from paletteai_components.diagnostics import Severity
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.redaction import named, redacted
from paletteai_components.rules import RULES, page_of
from paletteai_components.rules.rule import Rule
from paletteai_components.stacks.stack import Stack

_LISTED = 10


@click.command("explain")
@click.argument("subject", metavar="[CODE | STACK PROJECT]", nargs=-1)
@in_a_folder
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, subject: tuple[str, ...], folder: Path, form: str) -> None:
    """Explain where each integration of a PROJECT comes from, and why: which Settings were looked
    through, which one won, and what else its credential feeds.

    Or explain the rule with a CODE such as PAI004; without anything, list all rules.
    """
    if len(subject) > 2 or (len(subject) == 2 and subject[0].upper() in RULES):
        raise UserError("name one rule, for example PAI004, or a stack and one of its projects.")
    if len(subject) == 2:
        ctx.exit(_explain_project(*subject, folder, form))
    rules = [_rule_of(code, folder) for code in subject] or list(RULES.values())
    if form == "json":
        shown = [_as_json(rule) for rule in rules]
        show_json(shown[0] if subject else {"rules": shown})
    elif subject:
        _show_page(page_of(rules[0]))
    else:
        for rule in rules:
            click.echo(f"{rule.code}  {rule.severity.value:<7}  {rule.holds}")


def _explain_project(stack_name: str, project_name: str, folder: Path, form: str) -> int:
    from paletteai_components.cli.output.explanation import show_explanation
    from paletteai_components.cli.output.report import show
    from paletteai_components.cli.selection import selected
    from paletteai_components.views.explanation import explanation_of

    selection = selected((stack_name,), folder)
    if not selection.stacks:
        show(selection.problems, err=True)
        return 2
    (stack,) = selection.stacks
    topology = stack.topology
    project = next((each for each in topology.projects if each.name == project_name), None) if topology else None
    if topology is None or project is None:
        raise _unknown_project(project_name, stack)
    explanation = explanation_of(project, stack, topology, selection.fleet)
    problems = [problem for problem in selection.problems if explanation.concerns(problem)]
    show_explanation(explanation, problems, len(selection.problems) - len(problems), form)
    return int(any(problem.severity is Severity.ERROR for problem in problems))


def _unknown_project(name: str, stack: Stack) -> UserError:
    known = [project.name for project in stack.topology.projects] if stack.topology else []
    nearest = difflib.get_close_matches(name, known, 1)
    remedy = ""
    if nearest:
        remedy = f"Did you mean {named(nearest[0])}?"
    elif known:
        remedy = f"There {'is' if len(known) == 1 else 'are'}: {listed(map(named, known), _LISTED)}."
    if not stack.whole:
        remedy += f" Parts of the file are not understood: see `paletteai check {stack.name}`."
    none = "" if known else ", which has none"
    fact = f"there is no project {redacted(name)} in stack {stack.name}{none}."
    return UserError(fact, remedy.strip())


def _rule_of(code: str, folder: Path) -> Rule:
    rule = RULES.get(code.upper())
    if rule is None:
        nearest = difflib.get_close_matches(code.upper(), RULES, 1, 0.5)
        if not nearest:
            _refuse_stack(code, folder)
        remedy = f"Did you mean {nearest[0]}?" if nearest else "`paletteai explain` lists them all."
        raise UserError(f"there is no rule {redacted(code)}.", remedy)
    return rule


def _refuse_stack(name: str, folder: Path) -> None:
    """Refuse what is a stack and no rule: a project of it is missing."""
    if not (folder / f"Pulumi.{name}.yaml").is_file():
        return
    from paletteai_components.cli.selection import selected

    selection = selected((name,), folder)
    names = [project.name for stack in selection.stacks if stack.topology for project in stack.topology.projects]
    there = f"There are: {listed(map(named, names), _LISTED)}." if names else ""
    raise UserError(f"{name} is a stack; name one of its projects, too.", there)


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
