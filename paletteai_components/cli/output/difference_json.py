"""A difference as JSON: stable, and documented in docs/command.md."""

from __future__ import annotations

from collections import Counter
from typing import Any

from paletteai_components.changes.difference import Difference
from paletteai_components.cli.output.records import record_as_json
from paletteai_components.diagnostics import Severity


def as_json(difference: Difference) -> dict[str, Any]:
    """A difference as JSON."""
    kept = Counter(diagnostic.severity for diagnostic in difference.kept)
    return {
        "problems": {
            "introduced": record_as_json(difference.introduced),
            "mended": record_as_json(difference.fixed),
            "kept": {severity.value: kept[severity] for severity in Severity},
        },
        "stacks": [{"name": each.stack, **record_as_json(each, without=("stack",))} for each in difference.stacks],
        **record_as_json(difference, without=("stacks", "introduced", "fixed", "kept")),
    }
