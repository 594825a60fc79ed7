"""A difference and a comparison as JSON: stable, and documented in docs/command.md."""

from __future__ import annotations

from collections import Counter
from typing import Any

from paletteai_components.changes.comparison import Comparison
from paletteai_components.changes.difference import Difference, Presence
from paletteai_components.changes.fields import FieldChange, Redacted
from paletteai_components.changes.impact import RemovalChange
from paletteai_components.changes.objects import ObjectChange
from paletteai_components.cli.output.report import as_json as diagnostic_as_json
from paletteai_components.diagnostics import Severity


def as_json(difference: Difference) -> dict[str, Any]:
    """A difference as JSON."""
    kept = Counter(diagnostic.severity for diagnostic in difference.kept)
    return {
        "problems": {
            "introduced": list(map(diagnostic_as_json, difference.introduced)),
            "mended": list(map(diagnostic_as_json, difference.fixed)),
            "kept": {severity.value: kept[severity] for severity in Severity},
        },
        "stacks": [
            {
                "name": change.stack,
                "file": change.file,
                "change": "changes" if change.presence is Presence.STAYS else change.presence.value,
                "fields": list(map(_field, change.fields)),
            }
            for change in difference.stacks
        ],
        "objects": list(map(_object, difference.objects)),
        "moves": [
            {
                "stack": move.stack,
                "settings": move.settings,
                "formerStack": move.former_stack,
                "formerSettings": move.former_settings,
                "integration": move.integration,
                "steps": move.steps.value,
            }
            for move in difference.moves
        ],
        "integrations": [
            {
                "stack": change.stack,
                "settings": change.settings,
                "integration": change.integration,
                "key": change.key.value if change.key else None,
                "fields": list(map(_field, change.fields)),
                "projects": list(change.projects),
                "overriding": list(change.overriding),
            }
            for change in difference.integrations
        ],
        "sources": [
            {"stack": each.stack, "project": each.project, "before": each.before, "after": each.after}
            for each in difference.sources
        ],
        "removals": [{"stack": each.stack, **_removal(each)} for each in difference.removals],
        "uncompared": list(difference.uncompared),
        "unchanged": difference.unchanged,
    }


def comparison_as_json(comparison: Comparison) -> dict[str, Any]:
    """A comparison as JSON."""
    return {
        "first": comparison.first,
        "second": comparison.second,
        "facts": list(map(_field, comparison.facts)),
        "onlyInFirst": list(comparison.only_in_first),
        "onlyInSecond": list(comparison.only_in_second),
        "parts": [{"part": each.part, "fields": list(map(_field, each.fields))} for each in comparison.parts],
        "sources": [
            {"project": each.project, "before": each.before, "after": each.after} for each in comparison.sources
        ],
        "removals": list(map(_removal, comparison.removals)),
    }


def _object(change: ObjectChange) -> dict[str, Any]:
    return {
        "action": change.action.value,
        "stack": change.stack,
        "cluster": change.cluster,
        "reference": change.reference,
        "name": change.name,
        "formerStack": change.former_stack,
        "formerReference": change.former_reference,
        "formerName": change.former_name,
        "fate": change.removal_effect.value if change.removal_effect else None,
        "fields": list(map(_field, change.fields)),
    }


def _field(change: FieldChange) -> dict[str, Any]:
    """A field's path and values. An absent value has no entry; one that is not shown is listed in `hidden`."""
    sides = {"before": change.before, "after": change.after}
    values = {side: value for side, value in sides.items() if not isinstance(value, Redacted)}
    hidden = [side for side, value in sides.items() if value in (Redacted.HIDDEN, Redacted.KEYLIKE)]
    return {"path": list(change.path), **values, **({"hidden": hidden} if hidden else {})}


def _removal(change: RemovalChange) -> dict[str, Any]:
    return {"owner": change.owner, "before": change.before.value, "after": change.after.value}
