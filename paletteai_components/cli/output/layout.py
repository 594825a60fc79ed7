"""The fields of the vendor's kinds and whether they fit the CRDs: as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from paletteai_components.diagnostics import escaped
from paletteai_components.kube.candidates import Candidate
from paletteai_components.kube.fit import Fit
from paletteai_components.kube.layout import FieldLayout, KindLayout, Layout
from paletteai_components.listing import listed
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.editor import vendor_field_lines, vendor_fields_path
from paletteai_components.stacks.pulumi_project import PulumiProject

if TYPE_CHECKING:
    from paletteai_components.cli.schema.layout import ComparedLayout, ComparedLayouts

VENDOR_FIELDS = f"{NAMESPACE}:vendorFields"
_LISTED = 10
_RESULTS = {
    Fit.FITS: ("fits", "green"),
    Fit.MISSING: ("is not there", "red"),
    Fit.MISMATCH: ("does not fit", "red"),
    Fit.NEEDS_MORE: ("needs more beside it", "yellow"),
    Fit.UNKNOWN: ("not known", "yellow"),
}


def show_layouts(
    layouts: Sequence[Layout], project: PulumiProject | None, notes: Iterable[str], *, is_written: bool
) -> None:
    """Print every field with its path and whether it fits, where those may be that do not, and the lines to set them.

    Args:
        layouts: The fields: what the project sets, and what stacks set themselves.
        project: The project that the lines are for.
        notes: What else the reader has to know.
        is_written: Whether the lines for the project are written into its file afterwards.
    """
    first, *others = layouts
    click.echo(escaped(f"CRDs of {first.source}"))
    _show(first, first.fields, project, heading=bool(others or first.sets), is_written=is_written)
    for each in others:
        known = {field.name: field for field in first.fields}
        differing = [field for field in each.fields if field != known[field.name] or field.fit is not Fit.FITS]
        click.echo()
        _show(each, differing, project, heading=True, is_written=False)
    remarks = [*notes, *dict.fromkeys(text for each in layouts for text in _unjudged(each))]
    if remarks:
        click.echo()
    for note in remarks:
        click.echo(f"{click.style('note', fg='cyan', bold=True)}: {escaped(note)}")


def _show(
    layout: Layout, fields: Sequence[FieldLayout], project: PulumiProject | None, *, heading: bool, is_written: bool
) -> None:
    """Print some fields of a layout, what to do about them, and how many there are of all."""
    file = escaped(str(project.file)) if project else "Pulumi.yaml"
    if heading:
        click.echo(click.style(escaped(_heading(layout, file)), bold=True))
    for line in _kind_lines(layout):
        click.echo(escaped(line))
    if fields:
        click.echo()
    for line in _table(fields):
        click.echo(line)
    for line in _advice(layout):
        click.echo(line)
    own = VENDOR_FIELDS in layout.sets
    if layout.found and not is_written:
        where = f"the file of {'this stack' if len(layout.stacks) == 1 else 'each of these stacks'}" if own else file
        click.echo(f"\nSet this in {where}{'' if own or layout.sets else ', or let `--write` do it'}:\n")
        path = ("config", VENDOR_FIELDS) if own else vendor_fields_path(project)
        for line in vendor_field_lines(path, _replaced(layout)):
            click.echo(escaped(line))
    click.echo(f"\n{_summary(layout)}")


def _heading(layout: Layout, file: str) -> str:
    """Whose paths these are, in words."""
    stacks = f"{'stack' if len(layout.stacks) == 1 else 'stacks'} {listed(layout.stacks, _LISTED)}"
    if layout.sets:
        return f"What {stacks} {'sets' if len(layout.stacks) == 1 else 'set'}: {', '.join(layout.sets)}"
    return f"What {file} sets, for {stacks if layout.stacks else 'no stack'}"


def layouts_as_json(layouts: Sequence[Layout], notes: Iterable[str]) -> ComparedLayouts:
    """The same as JSON."""
    return {
        "source": layouts[0].source,
        "layouts": [_as_json(each) for each in layouts],
        "notes": [*notes, *dict.fromkeys(text for each in layouts for text in _unjudged(each))],
    }


def _as_json(layout: Layout) -> ComparedLayout:
    return {
        "stacks": list(layout.stacks),
        "sets": list(layout.sets),
        "apiVersion": named(layout.api.api_version),
        "kinds": [
            {
                "kind": each.kind,
                "apiVersion": each.api_version and named(each.api_version),
                "served": list(each.served),
                "stored": each.stored,
            }
            for each in layout.kinds
        ],
        "fields": [
            {
                "name": each.name,
                "kind": each.kind,
                "path": each.path.redacted,
                "assumed": each.is_movable,
                "result": each.fit,
                "reason": each.judgement.reason,
                "needs": [path.redacted for path in each.judgement.needs],
                "candidates": [
                    {
                        "path": str(candidate.path),
                        "certain": candidate.is_certain,
                        "needs": [path.redacted for path in candidate.needs],
                        "description": candidate.description,
                    }
                    for candidate in each.candidates
                ],
                "ambiguous": each.is_ambiguous,
            }
            for each in layout.fields
        ],
        "vendorFields": _replaced(layout),
    }


def _replaced(layout: Layout) -> dict[str, str]:
    # Somebody may have pasted a key into the project file.
    return {name: redacted(path) for name, path in layout.replaced.items()}


def _kind_lines(layout: Layout) -> Iterator[str]:
    """What the CRDs of the kinds are, those with the same versions in one line."""
    by_text: dict[str, list[str]] = {}
    for each in layout.kinds:
        by_text.setdefault(_versions(each, named(layout.api.api_version)), []).append(each.kind)
    for text, kinds in by_text.items():
        yield f"{', '.join(kinds)}: {text}"


def _versions(each: KindLayout, wanted: str) -> str:
    served = listed(each.served, _LISTED)
    if each.api_version is None:
        if not each.served and each.stored is None:
            return "there is no CRD"
        return f"`{wanted}` is not served, but {served or 'no version'}; set `paletteai:apiVersion`"
    others = listed((version for version in each.served if version != wanted), _LISTED)
    stored = "stored" if each.stored == wanted else f"stored as {each.stored}" if each.stored else "not stored"
    return f"{wanted}, served and {stored}" + (f"; also served: {others}" if others else "")


def _table(fields: Sequence[FieldLayout]) -> Iterator[str]:
    if not fields:
        return
    names = max(len(each.name) for each in fields)
    results = max(len(word) for word, _ in _RESULTS.values())
    yield click.style(f"{'FIELD':<{names}}  {'RESULT':<{results}}  PATH", bold=True)
    for each in fields:
        word, colour = _RESULTS[each.fit]
        reason = f"  ({each.judgement.reason})" if each.judgement.reason else ""
        path = escaped(f"{each.path.redacted}{reason}")
        yield f"{each.name:<{names}}  {click.style(f'{word:<{results}}', fg=colour)}  {path}"


def _advice(layout: Layout) -> Iterator[str]:
    """What to do about each field that does not fit."""
    versions = {each.kind: each.api_version for each in layout.kinds}
    for each in layout.fields:
        if each.fit is Fit.FITS or versions[each.kind] is None:
            continue
        if each.fit is Fit.NEEDS_MORE:
            yield f"\n{each.name}: set what it needs with `extraSpec` of the {each.kind}."
        elif each.candidates:
            yield f"\n{each.name} may be at:"
            yield from map(_candidate_line, each.candidates)
            if each.is_ambiguous:
                yield "  The first two are equally likely: choose one."
        elif each.is_movable:
            yield f"\n{each.name}: no field of the CRD looks like it."
            yield "  `kubectl explain settings.spec --recursive` shows all of them."
        elif each.fit is not Fit.UNKNOWN:
            yield f"\n{each.name}: its path is known from the vendor and cannot be replaced; update the package."


def _candidate_line(candidate: Candidate) -> str:
    told = [] if candidate.is_certain else ["only plausible"]
    if candidate.needs:
        needed = listed((f"`{path.redacted}`" for path in candidate.needs), _LISTED)
        told.append(f"needs {needed} beside it, from `extraSpec`")
    if candidate.description and not candidate.is_certain:
        told.append(f"described as “{candidate.description}”")
    return escaped(f"  {candidate.path}" + (f"  ({'; '.join(told)})" if told else ""))


def _unjudged(layout: Layout) -> Iterator[str]:
    for each in layout.kinds:
        if each.unjudged:
            yield f"{each.kind} has constraints that are not evaluated here: {listed(map(redacted, each.unjudged), 5)}"


def _summary(layout: Layout) -> str:
    numbers = Counter(each.fit for each in layout.fields)
    texts = {
        Fit.MISSING: ("is not there", "are not there"),
        Fit.MISMATCH: ("does not fit", "do not fit"),
        Fit.NEEDS_MORE: ("needs more", "need more"),
        Fit.UNKNOWN: ("is not known", "are not known"),
        Fit.FITS: ("fits", "fit"),
    }
    parts = [f"{numbers[fit]:,} {text[numbers[fit] > 1]}" for fit, text in texts.items() if numbers[fit]]
    return f"{len(layout.fields):,} fields: {', '.join(parts)}"
