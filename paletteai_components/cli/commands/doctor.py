"""`paletteai doctor`: what is wrong on a cluster, and how it differs from the stack files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.filter import Filter, filtering
from paletteai_components.cli.folder import in_a_format, on_a_cluster
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import MANY, as_json, counted, plural, show, show_codes, show_json
from paletteai_components.cli.selection import Choice, Selection, choosing_stacks, of_one_cluster, selected
from paletteai_components.cli.vendor import describing_the_vendor
from paletteai_components.diagnostics import escaped
from paletteai_components.errors import UserError
from paletteai_components.redaction import named
from paletteai_components.shell import is_glob

if TYPE_CHECKING:
    from paletteai_components.changes.drift import Drift
    from paletteai_components.cli.live import Live
    from paletteai_components.cli.output.line import Line, Section
    from paletteai_components.cli.schema.drift import Diagnosis
    from paletteai_components.diagnostics import Diagnostic
    from paletteai_components.kube.snapshot import Request
    from paletteai_components.stacks.folder import StackFolder

MARKER = "<!-- paletteai doctor -->"


@click.command("doctor", cls=Command)
@choosing_stacks
@partial(on_a_cluster, default="that of the stacks, else the current one")
@click.option("--no-secrets", is_flag=True, help="Send no request for Secrets; annotations tell the credentials.")
@describing_the_vendor
@in_a_format("text", "json", "markdown")
@to_a_file
@filtering
@click.option("-v", "--verbose", is_flag=True, help="Show every problem in full, also one that is like another.")
@click.pass_context
def command(
    ctx: click.Context,
    choice: Choice,
    folder: StackFolder,
    context: str | None,
    kubeconfig: Path | None,
    no_secrets: bool,
    vendor_fields: dict[str, str],
    merged_settings: bool | None,
    output_format: str,
    counting: Filter,
    verbose: bool,
) -> None:
    """Report what is wrong on a cluster, and how it differs from the stacks. Nothing is written to it.

    Reads its Tenants, Projects, Settings and namespaces, and the Secrets that the Settings use, and judges them by the
    rules, whoever made them. The right to list them is enough; what the user may not list is named, and the rest is
    judged.

    With stacks, shows also what the cluster has and no file declares, what it lacks, and what differs: what a
    deployment would change. The stacks have to be for one cluster.
    """
    # A folder without stack files is no hindrance.
    selection = selected(choice, folder) if choice.is_narrow else None
    if selection and selection.exit_code:
        show(selection.diagnostics, err=True)
        click.echo(f"{counted(selection.diagnostics)}; nothing was compared.", err=True)
        ctx.exit(selection.exit_code)
    from paletteai_components.cli.live import live
    from paletteai_components.kube.snapshot import Request

    request, merges = Request(vendor_fields, secrets=not no_secrets), merged_settings is not False
    if selection:
        context = context or _context_of(selection, kubeconfig)
        request = _request_for(selection, request)
        merges = all(stack.spec.merged_settings for stack in selection.stacks if stack.spec) and merges
    found = live(str(kubeconfig) if kubeconfig else None, context, request, merges=merges)
    diagnostics, drift = counting.kept(found.diagnostics), _drift(selection, found, choice)
    notes = list(_notes(found, reads_secrets=request.secrets))
    match output_format:
        case "json":
            show_json(_as_json(found, diagnostics, drift))
        case "markdown":
            click.echo(_comment(found, diagnostics, drift, notes), nl=False)
        case _:
            _show(found, diagnostics, drift, notes, verbose=verbose)
    ctx.exit(int(counting.fails(diagnostics) or (drift is not None and not drift.is_empty)))


def _context_of(selection: Selection, kubeconfig: Path | None) -> str | None:
    """The context that the stacks are deployed with; None for the current one."""
    of_one_cluster(selection.stacks, "but one is read, so nothing was compared")
    own = next((stack.name for stack in selection.stacks if stack.kubeconfig is not None), None)
    if own is not None and kubeconfig is None:
        raise UserError(
            f"stack `{escaped(own)}` has a kubeconfig of its own, which is not read, so nothing was compared.",
            "Name the kubeconfig with `--kubeconfig FILE`.",
        )
    contexts = {stack.context for stack in selection.stacks if stack.context is not None}
    return contexts.pop() if len(contexts) == 1 else None


def _request_for(selection: Selection, request: Request) -> Request:
    """The request with what the stacks say of the vendor's API, and with the Secrets that they declare."""
    from dataclasses import replace

    stacks = selection.stacks
    fields = {name: path for stack in stacks for name, path in (stack.api.fields or {}).items()}
    secrets = {tuple(each.reference.split("/")) for stack in stacks for each in stack.objects if each.kind == "Secret"}
    return replace(
        request,
        fields={**fields, **request.fields},
        api_versions=tuple(dict.fromkeys(stack.api.api_version for stack in stacks)),
        also=frozenset((namespace, name) for _, namespace, name in secrets),
        to_compare=True,
    )


def _drift(selection: Selection | None, found: Live, choice: Choice) -> Drift | None:
    if selection is None:
        return None
    from paletteai_components.changes.drift import drift_between

    # Whoever names a stack asks for its tenant, also where it is the only one that has a file.
    everything = all(map(is_glob, choice.words))
    snapshot = found.snapshot
    return drift_between(
        selection.stacks,
        selection.workspace,
        found.objects,
        found.workspace,
        snapshot.complete,
        everything=everything,
        schemas=snapshot.schemas,
    )


def _notes(found: Live, *, reads_secrets: bool) -> Iterator[str]:
    """What was not read, and what follows from it."""
    yield from (f"{each.reason}." for each in found.snapshot.unread)
    if found.unjudged:
        yield f"these rules need what was not listed, so they were not judged: {', '.join(found.unjudged)}."
    if not reads_secrets:
        yield "Secrets were not read, so only annotations tell which credentials there are."
    if not found.is_verified:
        yield "the certificate of the API server was not verified: the kubeconfig says so."


def _show(
    found: Live, diagnostics: Sequence[Diagnostic], drift: Drift | None, notes: Sequence[str], *, verbose: bool
) -> None:
    if show(diagnostics, each=verbose, together=found.kind_at) > MANY:
        show_codes(diagnostics)
    if drift is not None:
        from paletteai_components.cli.output.columns import section_lines, wrapped
        from paletteai_components.cli.output.drift import drift_sections, drift_verdict

        for section in drift_sections(drift):
            click.echo("\n".join(section_lines(section)))
        click.echo("\n".join(wrapped(drift_verdict(drift))))
    for note in notes:
        click.echo(f"{click.style('note', fg='cyan', bold=True)}: {note}")
    click.echo(f"{_read(found)}: {counted(diagnostics)}")


def _read(found: Live) -> str:
    """What was read, in words."""
    number = _numbers(found)
    return f"{found.cluster}, {plural(number['Tenant'], 'tenant')}, {plural(number['Project'], 'project')}"


def _comment(found: Live, diagnostics: Sequence[Diagnostic], drift: Drift | None, notes: Sequence[str]) -> str:
    from paletteai_components.cli.output.comment import comment_of
    from paletteai_components.cli.output.difference import diagnostic_entries
    from paletteai_components.cli.output.drift import drift_sections, drift_verdict
    from paletteai_components.cli.output.line import Entry, Section, Untrusted
    from paletteai_components.diagnostics import reported

    shown = reported(diagnostics)
    sections: list[Section] = [
        *([Section((f"Problems on the cluster ({len(shown):,})",), diagnostic_entries(shown))] if shown else []),
        *(drift_sections(drift) if drift is not None else []),
    ]
    if notes:
        sections.append(Section(("Not read",), [Entry((Untrusted(note, sentence=True),)) for note in notes]))
    verdict: Line = (counted(diagnostics), *(("; ", *drift_verdict(drift)) if drift is not None else ()))
    about: Line = ("Read ", Untrusted(_read(found)), ".")
    return comment_of(verdict, sections, about=about, marker=MARKER, printed_by="paletteai doctor")


def _as_json(found: Live, diagnostics: Sequence[Diagnostic], drift: Drift | None) -> Diagnosis:
    from paletteai_components.cli.output.drift import drift_as_json

    snapshot = found.snapshot
    return {
        "problems": [as_json(diagnostic) for diagnostic in diagnostics],
        "context": named(snapshot.context),
        "apiVersion": snapshot.api.api_version,
        "objects": _numbers(found),
        "unread": [{"kind": each.subject, "reason": each.reason} for each in snapshot.unread],
        "unjudged": found.unjudged,
        "drift": None if drift is None else drift_as_json(drift),
    }


def _numbers(found: Live) -> Counter[str]:
    """How many objects of each kind were read."""
    return Counter(each.kind for each in found.objects)
