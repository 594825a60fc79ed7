"""How a cluster differs from stack files, as sections and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from paletteai_components.changes.drift import Contested, Drift
from paletteai_components.changes.fields import CREDENTIALS, FieldChange, Redacted
from paletteai_components.cli.output.difference import alike, with_details
from paletteai_components.cli.output.field import field_between
from paletteai_components.cli.output.line import Entry, Line, Mark, Section, Untrusted, listed
from paletteai_components.cli.output.records import record_as_json
from paletteai_components.observation.managers import Manager

if TYPE_CHECKING:
    from paletteai_components.cli.schema import drift as printed

_CLUSTER = "the cluster"


def drift_verdict(drift: Drift) -> Line:
    """The drift in one line."""
    total = drift.totals()
    counts = [
        (total["missing"], "object not on the cluster", "objects not on the cluster"),
        (total["differing"], "object differs", "objects differ"),
        (total["undeclared"], "object in no stack file", "objects in no stack file"),
    ]
    texts = [f"{number:,} {one if number == 1 else many}" for number, one, many in counts if number]
    agreeing = f"{total['agreeing']:,} as declared"
    return (f"{', '.join(texts) or 'no drift'}; {agreeing}",)


def drift_sections(drift: Drift) -> list[Section]:
    """The sections of a drift, the most important first."""
    sections = [
        _section(
            "Not on the cluster",
            len(drift.missing),
            (
                Entry((*_stack(stack), *listed(each.reference for each in group)), mark=Mark.DELETED)
                for stack, group in _by_stack(drift.missing)
            ),
        ),
        _section(
            "Differs",
            len(drift.differing),
            (
                with_details(
                    (*_stack(group[0].stack), *listed(each.reference for each in group)),
                    (_field(field, group[0].stack) for field in group[0].fields),
                    Mark.CHANGED,
                )
                for group in alike(drift.differing, lambda each: (each.stack, repr(each.fields)))
            ),
        ),
        _section(
            "In no stack file",
            len(drift.undeclared),
            (
                Entry(listed(group), mark=Mark.CREATED)
                for group in alike(drift.undeclared, lambda reference: reference.partition("/")[0])
            ),
        ),
        _section(
            "Not compared",
            len(drift.uncompared),
            (
                Entry((*_stack(group[0].stack), *listed(each.reference for each in group if each.reference)), ((why,),))
                for group in alike(drift.uncompared, attrgetter("stack", "reason"))
                if (why := group[0].reason)
            ),
            "cyan",
        ),
        contested_section(drift.contested, is_of_one_stack=False),
    ]
    return [section for section in sections if section.entries]


def contested_section(contested: Sequence[Contested], *, is_of_one_stack: bool = True) -> Section:
    """The objects that another tool manages, too: what shows it, what the tool does, and what to do first."""
    groups = alike(contested, lambda each: (None if is_of_one_stack else each.stack, each.manager))
    return _section(
        "Managed by another tool, too",
        len(contested),
        (
            Entry(
                (
                    *(() if is_of_one_stack else _stack(group[0].stack)),
                    *listed(each.reference for each in group),
                    ": ",
                    Untrusted(_tool(group[0].manager), sentence=True),
                ),
                ((group[0].manager.effect,), (group[0].manager.remedy,)),
            )
            for group in groups
        ),
    )


def _tool(manager: Manager) -> str:
    return f"{manager.name}, as {manager.seen} shows"


def drift_as_json(drift: Drift) -> printed.Drift:
    """A drift as JSON: described in docs/json.md."""
    sides = ("cluster", "declared")
    value = {"totals": drift.totals(), **record_as_json(drift, without=("agreeing",), sides=sides)}
    return cast("printed.Drift", value)


def _section(title: str, number: int, entries: Iterable[Entry], colour: str = "yellow") -> Section:
    return Section((f"{title} ({number:,})",), list(entries), colour)


def _stack(name: str) -> Line:
    return ("stack ", Untrusted(name), ": ")


def _by_stack(items: Iterable[Any]) -> Iterable[tuple[str, list[Any]]]:
    return ((group[0].stack, group) for group in alike(items, attrgetter("stack")))


def _field(change: FieldChange, stack: str) -> Line:
    if change.path in CREDENTIALS:
        if change.before is Redacted.ABSENT:
            return ("does not say which credential it has",)
        return ("says that it has another credential than in ", Untrusted(stack))
    return field_between(change, _CLUSTER, stack)
