"""A difference and a comparison as JSON: stable, and described in docs/json.md."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from paletteai_components.changes.comparison import Comparison
from paletteai_components.changes.difference import Difference
from paletteai_components.changes.reach import Reach
from paletteai_components.changes.tree import Revision
from paletteai_components.cli.output.records import record_as_json
from paletteai_components.diagnostics import Severity

if TYPE_CHECKING:
    from paletteai_components.cli.schema import difference as printed

# Raised when a field is removed, or gets another meaning. A new field does not raise it.
VERSION = 1


def difference_as_json(difference: Difference, revision: Revision) -> printed.Difference:
    """A difference from a revision as JSON."""
    kept = Counter(diagnostic.severity for diagnostic in difference.kept)
    value = {
        "version": VERSION,
        "base": {"name": revision.name, "commit": revision.commit},
        "totals": difference.totals(),
        "problems": {
            "introduced": record_as_json(difference.introduced),
            "refused": record_as_json(difference.refused),
            "fixed": record_as_json(difference.fixed),
            "kept": {severity.value: kept[severity] for severity in Severity},
        },
        "stacks": [{"name": each.stack, **record_as_json(each, without=("stack",))} for each in difference.stacks],
        **record_as_json(difference, without=("stacks", "introduced", "fixed", "kept", "refusal", "unsound")),
    }
    return cast("printed.Difference", value)


def reached_as_json(reach: Reach) -> list[printed.ReachedStack]:
    """The stacks that a deployment of the change has to run, and why."""
    return [
        {"name": stack, "reasons": [{"cause": each.cause, "text": each.text} for each in reasons]}
        for stack, reasons in reach.reached.items()
    ]


def comparison_as_json(comparison: Comparison) -> printed.Comparison:
    """A comparison as JSON. It names the two stacks once, so no part of it does."""
    value = record_as_json(comparison, without=("stack",), sides=("first", "second"))
    names = {side: value.pop(side) for side in ("first", "second")}
    return cast("printed.Comparison", {"version": VERSION, **names, "totals": comparison.totals(), **value})
