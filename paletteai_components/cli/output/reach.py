"""What a change reaches of the stacks that a command is for: as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from paletteai_components.changes.reach import Reason
from paletteai_components.changes.tree import Revision
from paletteai_components.cli.output.report import plural
from paletteai_components.diagnostics import escaped
from paletteai_components.listing import listed
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.cli.schema.reach import ReachReason, SinceRevision

_LISTED = 10


@dataclass(frozen=True, slots=True)
class Since:
    """What a change since a revision reaches, of the stacks that a command is for."""

    revision: Revision
    reasons: Mapping[str, tuple[Reason, ...]]
    """Why it reaches each stack that it reaches, by name."""
    left_out: tuple[str, ...]
    """The stacks that it does not reach."""
    removed: tuple[str, ...]
    """The stacks whose files are gone."""

    def lines(self) -> Iterator[str]:
        """The stacks and the reasons, those with equal reasons in one line; then the others."""
        name, commit = self.revision.name, self.revision.commit
        yield f"Since {commit[:12]}:" if commit.startswith(name) else f"Since {escaped(name)} ({commit[:12]}):"
        groups: dict[str, list[str]] = {}
        for name, reasons in self.reasons.items():
            groups.setdefault("; ".join(reason.text for reason in reasons), []).append(name)
        for text, names in groups.items():
            yield f"  {_listed(names)}: {escaped(text)}"
        if not groups:
            yield "  no stack is reached"
        if self.left_out:
            number = plural(len(self.left_out), "stack")
            verb, what = ("is", "it") if len(self.left_out) == 1 else ("are", "them")
            yield f"  {number} {verb} left out, because nothing since then reaches {what}: {_listed(self.left_out)}"
        if self.removed:
            yield f"  nothing is run for stacks whose files are gone: {_listed(self.removed)}"

    def as_json(self) -> SinceRevision:
        """The revision and the stacks that are not reached."""
        return {
            "revision": self.revision.name,
            "commit": self.revision.commit,
            "leftOut": list(self.left_out),
            "removed": list(self.removed),
        }

    def reasons_as_json(self, stack: str) -> list[ReachReason]:
        """Why a stack is reached."""
        return [{"cause": each.cause, "text": each.text} for each in self.reasons.get(stack, ())]


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return listed((escaped(named(name)) for name in names), _LISTED)
