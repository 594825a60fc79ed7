"""`paletteai explain`: the page of a rule, or where a project gets its integrations."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from paletteai_components import shell
from paletteai_components.cli.completion import rules_or_stacks
from paletteai_components.cli.folder import in_a_folder, in_a_format, stacks_option
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.console import console_on
from paletteai_components.cli.output.paragraph import paragraphs_on
from paletteai_components.cli.output.report import show_json
from paletteai_components.diagnostics import errors_in
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.cli.schema.explanation import ExplainedRule
    from paletteai_components.rules.rule import Rule
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack

_LISTED = 10


@click.command("explain", cls=Command)
@click.argument("subject", metavar="[CODE | STACK PROJECT]", nargs=-1, shell_complete=rules_or_stacks)
@in_a_folder
@in_a_format("text", "json")
@click.pass_context
def command(ctx: click.Context, subject: tuple[str, ...], folder: StackFolder, output_format: str) -> None:
    """Explain where each integration of PROJECT comes from.

    Shows which Settings were considered, which one applies and why, and which other projects its
    credential feeds.

    With the CODE of a rule, such as PAI004, explains the rule. Without arguments, lists all rules.
    """
    from paletteai_components.rules import RULES, page_of

    if len(subject) > 2 or (len(subject) == 2 and subject[0].upper() in RULES):
        raise UserError(
            "`paletteai explain` takes one rule, or a stack and one of its projects.",
            "Name a rule, such as `PAI004`, or a stack and a project.",
        )
    if len(subject) == 2:
        ctx.exit(_explain_project(*subject, folder, output_format))
    rules = [_rule_of(code, folder) for code in subject] or list(RULES.values())
    if output_format == "json":
        shown = [_as_json(rule) for rule in rules]
        show_json(shown[0] if subject else {"rules": shown})
    elif subject:
        _show_page(page_of(rules[0]))
    else:
        paragraph = paragraphs_on(sys.stdout)
        for rule in rules:
            head = f"{rule.code}  {rule.severity.value:<7}  "
            click.echo("\n".join(paragraph(f"{head}{rule.holds}", " " * len(head))))


def _explain_project(stack_name: str, project_name: str, folder: StackFolder, output_format: str) -> int:
    from paletteai_components.cli.output.explanation import show_explanation
    from paletteai_components.cli.output.report import show
    from paletteai_components.cli.selection import Choice, selected, several_stacks
    from paletteai_components.views.explanation import explanation_of

    selection = selected(Choice((stack_name,)), folder)
    names = [*(stack.name for stack in selection.stacks), *selection.unreadable]
    if len(names) > 1:
        raise several_stacks(stack_name, names, "`paletteai explain`")
    if not selection.stacks:
        show(selection.diagnostics, err=True)
        return 2
    (stack,) = selection.stacks
    plan = stack.plan
    project = next((each for each in plan.projects if each.name == project_name), None) if plan else None
    if plan is None or project is None:
        raise _unknown_project(project_name, stack, folder)
    explanation = explanation_of(project, stack, plan, selection.workspace)
    diagnostics = [diagnostic for diagnostic in selection.diagnostics if explanation.concerns(diagnostic)]
    show_explanation(explanation, diagnostics, len(selection.diagnostics) - len(diagnostics), output_format)
    return int(bool(errors_in(diagnostics)))


def _unknown_project(name: str, stack: Stack, folder: StackFolder) -> UserError:
    known = [project.name for project in stack.plan.projects] if stack.plan else []
    remedy = did_you_mean(name, map(named, known)) or (_project_list(known) if known else "")
    if not stack.is_complete:
        check = shell.command("paletteai check", shell.exactly(stack.name), stacks=stacks_option(folder))
        remedy += f" Parts of the file could not be read; run `{check}`."
    none = "" if known else ", which has no projects"
    fact = f"there is no project `{redacted(name)}` in stack `{stack.name}`{none}."
    return UserError(fact, remedy.strip())


def _project_list(names: list[str]) -> str:
    projects = listed((f"`{named(name)}`" for name in names), _LISTED)
    return f"The stack has {'this project' if len(names) == 1 else 'these projects'}: {projects}."


def _rule_of(code: str, folder: StackFolder) -> Rule:
    from paletteai_components.rules import RULES

    rule = RULES.get(code.upper())
    if rule is None:
        question = did_you_mean(code.upper(), RULES, 0.5)
        if not question:
            _refuse_stack(code, folder)
        raise UserError(f"there is no rule `{redacted(code)}`.", question or "`paletteai explain` lists all rules.")
    return rule


def _refuse_stack(name: str, folder: StackFolder) -> None:
    """Raise UserError if `name` is a stack: its project is missing."""
    if not (folder.file_of(name)).is_file():
        return
    from paletteai_components.cli.selection import Choice, selected

    selection = selected(Choice((shell.exactly(name),)), folder)
    names = [project.name for stack in selection.stacks if stack.plan for project in stack.plan.projects]
    remedy = _project_list(names) if names else ""
    raise UserError(f"`{name}` is a stack, not a rule; name one of its projects, too.", remedy)


def _as_json(rule: Rule) -> ExplainedRule:
    from paletteai_components.rules import page_of

    return {
        "code": rule.code,
        "holds": rule.holds,
        "severity": rule.severity,
        "scope": rule.scope,
        "origins": [{"origin": origin, "says": says} for origin, says in rule.origins.items()],
        "page": page_of(rule),
    }


def _show_page(page: str) -> None:
    if not sys.stdout.isatty():
        click.echo(page, nl=False)
        return
    from rich.markdown import Markdown

    console = console_on(sys.stdout)
    console.print(Markdown(page), width=min(console.width, 100))
