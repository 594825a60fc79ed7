"""`paletteai doctor`: what is wrong on a cluster, and how it differs from the stack files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.filter import Filter, filtering
from paletteai_components.cli.folder import in_a_format
from paletteai_components.cli.output.report import are_many, as_json, counted, plural, show, show_codes, show_json
from paletteai_components.cli.selection import Choice, choosing_stacks
from paletteai_components.cli.vendor import describing_the_vendor
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.cli.live import Live
    from paletteai_components.diagnostics import Diagnostic
    from paletteai_components.stacks.folder import StackFolder


@click.command("doctor")
@choosing_stacks
@click.option("--context", metavar="NAME", help="The context of the kubeconfig to use.  [default: the current one]")
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="The kubeconfig to use.  [default: KUBECONFIG, else ~/.kube/config]",
)
@click.option("--no-secrets", is_flag=True, help="Send no request for Secrets; annotations tell the credentials.")
@describing_the_vendor
@in_a_format("text", "json")
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
    """Report what is wrong on a cluster. Nothing is written to it.

    Reads its Tenants, Projects, Settings and namespaces, and the Secrets that the Settings use, and judges them by the
    rules, whoever made them. The rights `get` and `list` are enough; what the user may not list is named, and the
    rest is judged.
    """
    from paletteai_components.cli.live import live
    from paletteai_components.kube.snapshot import Request

    request = Request(vendor_fields, secrets=not no_secrets)
    found = live(str(kubeconfig) if kubeconfig else None, context, request, merges=merged_settings is not False)
    diagnostics = counting.kept(found.diagnostics)
    if output_format == "json":
        show_json(_as_json(found, diagnostics))
    else:
        show(diagnostics, each=verbose, together=found.kind_at)
        if are_many(diagnostics):
            show_codes(diagnostics)
        for note in _notes(found, reads_secrets=not no_secrets):
            click.echo(f"{click.style('note', fg='cyan', bold=True)}: {note}")
        click.echo(_summary(found, diagnostics))
    ctx.exit(int(counting.fails(diagnostics)))


def _notes(found: Live, *, reads_secrets: bool) -> Iterator[str]:
    """What was not read, and what follows from it."""
    yield from (f"{each.reason}." for each in found.snapshot.unread)
    if found.unjudged:
        yield f"these rules need what was not listed, so they were not judged: {', '.join(found.unjudged)}."
    if not reads_secrets:
        yield "Secrets were not read, so only annotations tell which credentials there are."
    if not found.is_verified:
        yield "the certificate of the API server was not verified: the kubeconfig says so."


def _summary(found: Live, diagnostics: Sequence[Diagnostic]) -> str:
    number = _numbers(found)
    read = f"{plural(number['Tenant'], 'tenant')}, {plural(number['Project'], 'project')}"
    return f"{found.cluster}, {read}: {counted(diagnostics)}"


def _as_json(found: Live, diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    snapshot = found.snapshot
    return {
        "problems": [as_json(diagnostic) for diagnostic in diagnostics],
        "context": named(snapshot.context),
        "apiVersion": snapshot.api.api_version,
        "objects": _numbers(found),
        "unread": [{"kind": each.subject, "reason": each.reason} for each in snapshot.unread],
        "unjudged": found.unjudged,
    }


def _numbers(found: Live) -> Counter[str]:
    """How many objects of each kind were read."""
    return Counter(each.kind for each in found.objects)
