"""`paletteai check`: every problem in the stack files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.filter import Filter, filtering
from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.place import Repository
from paletteai_components.cli.output.report import MANY, as_json, counted, json_text, plural, show, show_codes
from paletteai_components.cli.selection import (
    Choice,
    Selection,
    choosing_stacks,
    command_for_a_new_stack,
    selected,
)
from paletteai_components.cli.vendor import describing_the_vendor
from paletteai_components.diagnostics import folded, reported
from paletteai_components.errors import UserError
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.cli.schema.check import CheckedManifests, CheckedStack, CheckedStacks
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack


@click.command("check", cls=Command)
@choosing_stacks
@click.option(
    "--manifests",
    multiple=True,
    metavar="FILE|DIR|-",
    help="Check Kubernetes manifests instead of stack files. Repeatable; all of them are checked together.",
)
@partial(describing_the_vendor, purpose="with --manifests: ")
@in_a_format(
    "text",
    "json",
    *("sarif", "github", "gitlab", "junit"),
    purpose="The output format: for people, for scripts, for code scanning, as annotations of a GitHub workflow, as a "
    "Code Quality report of GitLab, or for test reports.",
)
@to_a_file
@filtering
@click.option("--statistics", is_flag=True, help="Show the number of problems of each rule instead of the problems.")
@click.option("-v", "--verbose", is_flag=True, help="Show every problem in full, also one that is like another.")
@click.option("-q", "--quiet", is_flag=True, help="Show nothing but problems.")
@click.pass_context
def command(
    ctx: click.Context,
    choice: Choice,
    folder: StackFolder,
    output_format: str,
    manifests: tuple[str, ...],
    vendor_fields: dict[str, str],
    merged_settings: bool | None,
    counting: Filter,
    statistics: bool,
    verbose: bool,
    quiet: bool,
) -> None:
    """Report every problem in the stack files, with file, line, reason and remedy.

    All stack files of the folder are checked together. Of chosen stacks, only their problems are shown.

    Problems of a file that are alike are shown once, and so is one that explains others.
    """
    if manifests:
        if choice.is_narrow:
            raise UserError(
                "`--manifests` checks manifests instead of stacks, so no stack can be chosen.",
                "Leave out the stacks, or `--manifests`.",
            )
        from paletteai_components.cli.manifests import observed

        everything = observed(manifests, vendor_fields, merges=merged_settings is not False)
    elif vendor_fields or merged_settings is not None:
        raise UserError(
            "`--vendor-field` and `--no-merged-settings` are for `--manifests`, so nothing was checked.",
            "Set `paletteai:vendorFields` and `paletteai:mergedSettings` in the stack files.",
        )
    else:
        everything = selected(choice, folder, may_be_empty=True)
    selection = replace(everything, diagnostics=counting.kept(everything.diagnostics))
    exit_code = selection.exit_code or int(counting.fails(selection.diagnostics))
    noun = "tenant" if manifests else "stack"
    match output_format:
        case "text":
            shown = 0 if statistics else show(selection.diagnostics, each=verbose)
            if statistics or (shown > MANY and not quiet):
                show_codes(selection.diagnostics)
        case "github":
            from paletteai_components.cli.output.annotation import annotations_of

            for line in annotations_of(selection.diagnostics, Repository.here(), each=verbose):
                click.echo(line)
        case _:
            click.echo(_report(selection, noun, output_format, counting, exit_code), nl=False)
            ctx.exit(exit_code)
    if not quiet:
        hidden = 0 if statistics or verbose else sum(len(each) for _, each in folded(reported(selection.diagnostics)))
        click.echo(_summary(selection, hidden, noun))
        if not manifests and not selection.workspace.names and not selection.unreadable:
            click.echo(f"There is no stack file yet; `{command_for_a_new_stack(folder)}` writes one.")
    ctx.exit(exit_code)


def _report(selection: Selection, noun: str, output_format: str, counting: Filter, exit_code: int) -> str:
    """Everything that was found, for a program."""
    from paletteai_components.rules import RULES

    diagnostics, codes = selection.diagnostics, list(filter(counting.reports, RULES))
    if output_format == "sarif":
        from paletteai_components.cli.output.sarif import sarif_of

        return json_text(sarif_of(diagnostics, codes, Repository.here(), exit_code=exit_code)) + "\n"
    if output_format == "junit":
        from paletteai_components.cli.output.junit import junit_of

        stacks = selection.stacks if noun == "stack" else None
        return junit_of(diagnostics, stacks, codes, counting.lowest, Repository.here())
    if output_format == "gitlab":
        from paletteai_components.cli.output.quality import quality_report_of

        report = quality_report_of(diagnostics, Repository.here())
        if report.left_out:
            number = plural(report.left_out, "problem")
            text = f"{number} not in the report: in no file of the repository. `--format text` shows all."
            click.echo(f"{click.style('note', fg='cyan', bold=True)}: {text}", err=True)
        return json_text(report.issues) + "\n"
    problems = list(map(as_json, diagnostics))
    if noun == "tenant":
        tenants: CheckedManifests = {
            "problems": problems,
            "tenants": [named(stack.part) for stack in selection.stacks],
        }
        return json_text(tenants) + "\n"
    stacks_read: CheckedStacks = {"problems": problems, "stacks": list(map(_as_json, selection.stacks))}
    return json_text(stacks_read) + "\n"


def _as_json(stack: Stack) -> CheckedStack:
    return {
        "name": stack.name,
        "file": stack.file,
        "environment": named(stack.environment),
        "cluster": stack.cluster and redacted(stack.cluster),
    }


def _summary(selection: Selection, hidden: int, noun: str) -> str:
    read, unread = len(selection.stacks), len(selection.unreadable)
    stacks = plural(read + unread, noun)
    problems = counted(selection.diagnostics)
    if not reported(selection.diagnostics):
        projects = sum(len(stack.spec.tenant.projects) for stack in selection.stacks if stack.spec)
        return f"{stacks}, {plural(projects, 'project')}: {problems}"
    if unread and not read:
        return f"{problems}; nothing could be read"
    text = f"{problems} in {stacks}" + (f", {unread} of which could not be read" if unread else "")
    if hidden:
        text += f"; {hidden:,} {'follows' if hidden == 1 else 'follow'} from another, shown with `--verbose`"
    return text
