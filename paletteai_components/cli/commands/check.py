"""`paletteai check`: every problem in the stack files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.output.report import as_json, counted, plural, show, show_codes, show_json
from paletteai_components.cli.selection import Choice, Selection, choosing_stacks, selected
from paletteai_components.diagnostics import Severity, folded, reported
from paletteai_components.errors import UserError
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack


# With so many problems on the screen, a table of their rules follows.
_MANY = 10


def _codes(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    """The codes of rules, which may be separated by commas."""
    from paletteai_components.rules import RULES

    codes = [code.strip().upper() for each in given for code in each.split(",") if code.strip()]
    for code in codes:
        if code not in RULES:
            raise UserError(
                f"`{redacted(code)}` is no rule's code, so nothing was checked.",
                did_you_mean(code, RULES) or "`paletteai explain` lists the codes.",
            )
    return frozenset(codes)


def _vendor_fields(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Other paths of the vendor's fields, each given as `NAME=PATH`, by the rules of `paletteai:vendorFields`."""
    from paletteai_components.kube.palette_api import ASSUMED, FIELDS, PaletteApi, fault_of

    def refused(fact: str) -> click.BadParameter:
        return click.BadParameter(fact, ctx, parameter)

    found: dict[str, str] = {}
    for each in given:
        name, _, path = each.partition("=")
        if name not in ASSUMED:
            hint = did_you_mean(name, ASSUMED) or f"There are these: {', '.join(f'`{each}`' for each in ASSUMED)}."
            raise refused(f"`{redacted(name)}` is no field whose path is assumed. {hint}")
        if fault := fault_of(path):
            raise refused(f"the path of `{name}` {fault}. Write it like `{name}={FIELDS[name].path}`.")
        if found.setdefault(name, path) != path:
            raise refused(f"`{name}` has two paths. Keep one of them.")
    api = PaletteApi(fields=found)
    for name in found:
        if rival := api.rival_of(name):
            raise refused(f"the path of `{name}` overlaps the path of `{rival}`. Give each field its own path.")
    return found


@click.command("check")
@choosing_stacks
@click.option(
    "--manifests",
    multiple=True,
    metavar="FILE|DIR|-",
    help="Check Kubernetes manifests instead of stack files. Repeatable; all of them are checked together.",
)
@click.option(
    "--vendor-field",
    "vendor_fields",
    multiple=True,
    metavar="NAME=PATH",
    callback=_vendor_fields,
    help="With --manifests: the path of a vendor field that this package assumes. Repeatable.",
)
@click.option(
    "--merged-settings/--no-merged-settings",
    default=True,
    show_default=True,
    help="With --manifests: whether this PaletteAI merges Settings per integration (1.1 and later do).",
)
@in_a_format("text", "json")
@to_a_file
@click.option("--select", multiple=True, metavar="CODE", callback=_codes, help="Report these rules only. Repeatable.")
@click.option("--ignore", multiple=True, metavar="CODE", callback=_codes, help="Do not report these rules. Repeatable.")
@click.option(
    "--fail-on",
    type=click.Choice([Severity.ERROR.value, Severity.WARNING.value, Severity.NOTE.value]),
    default=Severity.ERROR.value,
    show_default=True,
    help="The lowest severity that makes the exit code 1.",
)
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
    merged_settings: bool,
    select: frozenset[str],
    ignore: frozenset[str],
    fail_on: str,
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

        everything = observed(manifests, vendor_fields, merges=merged_settings)
    elif vendor_fields or not merged_settings:
        raise UserError(
            "`--vendor-field` and `--no-merged-settings` are for `--manifests`, so nothing was checked.",
            "Set `paletteai:vendorFields` and `paletteai:mergedSettings` in the stack files.",
        )
    else:
        everything = selected(choice, folder)
    selection = _narrowed(everything, select, ignore)
    if output_format == "json":
        diagnostics = [as_json(diagnostic) for diagnostic in selection.diagnostics]
        if manifests:
            tenants = [named(stack.part) for stack in selection.stacks]
            show_json({"problems": diagnostics, "tenants": tenants})
        else:
            show_json({"problems": diagnostics, "stacks": [_as_json(stack) for stack in selection.stacks]})
    else:
        shown = 0 if statistics else show(selection.diagnostics, each=verbose)
        if statistics or (shown > _MANY and not quiet):
            show_codes(selection.diagnostics)
        if not quiet:
            hidden = (
                0 if statistics or verbose else sum(len(each) for _, each in folded(reported(selection.diagnostics)))
            )
            click.echo(_summary(selection, hidden, "tenant" if manifests else "stack"))
    ctx.exit(selection.exit_code or int(_reaches(selection, Severity(fail_on))))


def _narrowed(selection: Selection, select: frozenset[str], ignore: frozenset[str]) -> Selection:
    """The selection with the problems of some rules only."""
    kept = (each for each in selection.diagnostics if (not select or each.code in select) and each.code not in ignore)
    return replace(selection, diagnostics=tuple(kept))


def _reaches(selection: Selection, lowest: Severity) -> bool:
    return any(diagnostic.severity.rank <= lowest.rank for diagnostic in selection.diagnostics)


def _as_json(stack: Stack) -> dict[str, Any]:
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
    if not read:
        return f"{problems}; nothing could be read"
    text = f"{problems} in {stacks}" + (f", {unread} of which could not be read" if unread else "")
    if hidden:
        text += f"; {hidden:,} {'follows' if hidden == 1 else 'follow'} from another, shown with `--verbose`"
    return text
