"""The outcome of `preview`, `up` and `refresh` for an environment: as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.output.progress import COLOURS
from paletteai_components.cli.output.reach import Since
from paletteai_components.cli.output.report import as_json, plural, show, show_json
from paletteai_components.deployment import Deployment, Message, Operation, State, Step
from paletteai_components.deployment.coverage import NO_COVERAGE, Coverage
from paletteai_components.diagnostics import Diagnostic, escaped
from paletteai_components.listing import listed
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.cli.schema import environment as printed

# How many steps of a stack are shown, besides those that remove something.
_SHOWN = 20
_SYMBOLS = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red"), "replace": ("±", "red")}
_DONE = {
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "delete": "deleted",
    "import": "imported",
    "same": "unchanged",
}
_SEVERITIES = {"error": "red", "warning": "yellow"}
# By whether the cluster was asked.
_GAPS = {True: ("cluster not fully checked",), False: ("cluster not checked",)}
_LISTED = 10


# What is printed while an operation runs, and once it has succeeded.
DOING = {
    Operation.PREVIEW: "previewing",
    Operation.UP: "deploying",
    Operation.PREVIEW_REFRESH: "previewing the refresh",
    Operation.REFRESH: "refreshing",
}
_DONE_OPERATIONS = {
    Operation.PREVIEW: "previewed",
    Operation.UP: "deployed",
    Operation.PREVIEW_REFRESH: "previewed",
    Operation.REFRESH: "refreshed",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of an operation for all stacks of an environment."""

    environment: str
    operation: Operation
    deployments: list[Deployment]
    refused: Mapping[str, list[Diagnostic]]
    seconds: float
    since: Since | None = None
    """Why the stacks were run, and which were left out. None if all stacks that were chosen are among them."""

    def show_json(self) -> None:
        """Print it as JSON."""
        value: printed.DeployedEnvironment = {
            "environment": self.environment,
            "operation": self.operation.value[0],
            "preview": self.operation.is_preview,
            "seconds": round(self.seconds, 1),
            "since": self.since.as_json() if self.since else None,
            "stacks": [self._as_json(each) for each in self.deployments],
        }
        show_json(value)

    def _as_json(self, deployment: Deployment) -> printed.DeployedStack:
        messages: list[printed.PulumiMessage] = [
            {"severity": each.severity, "about": redacted(each.about), "text": each.text}
            for each in deployment.messages
        ]
        return {
            "name": deployment.stack,
            "state": deployment.state,
            "reasons": self.since.reasons_as_json(deployment.stack) if self.since else [],
            "seconds": round(deployment.seconds, 1),
            "changes": dict(deployment.changes),
            "steps": [
                {"operation": each.operation, "kind": each.kind, "name": named(each.name)} for each in deployment.steps
            ],
            "cluster": _coverage_as_json(self._coverage(deployment)),
            "messages": messages,
            "problems": [as_json(diagnostic) for diagnostic in self.refused.get(deployment.stack, [])],
        }

    def show(self, *, verbose: bool) -> None:
        """Print it as text: the details of each stack, then one line a stack, the gaps and the sum."""
        for deployment in self.deployments:
            lines = list(self._lines(deployment, verbose))
            if lines or deployment.stack in self.refused:
                click.echo(click.style(escaped(deployment.stack), bold=True))
            for line in lines:
                click.echo(f"  {line}")
            show(self.refused.get(deployment.stack, []))
        width = max((len(each.stack) for each in self.deployments), default=0)
        for deployment in self.deployments:
            state = click.style(f"{self._state(deployment):<11}", fg=COLOURS[deployment.state])
            rest = self._counts(deployment)
            click.echo(f"{escaped(deployment.stack):<{width}}  {state}  {rest}".rstrip())
        for line in self._gaps():
            click.echo(line)
        states = Counter(self._state(each) for each in self.deployments)
        if self.since and self.since.left_out:
            states["left out"] = len(self.since.left_out)
        counts = ", ".join(f"{number:,} {state}" for state, number in states.items()) or "nothing to run"
        stacks = plural(states.total(), "stack")
        click.echo(f"{stacks} of {named(self.environment)}: {counts} in {self.seconds:.1f} s")

    def _gaps(self) -> Iterator[str]:
        """A line for each reason why rules were not checked on the cluster."""
        stacks: dict[Coverage, list[str]] = {}
        for deployment in self.deployments:
            coverage = self._coverage(deployment)
            if coverage is not None and coverage.unchecked:
                stacks.setdefault(coverage, []).append(deployment.stack)
        warning = click.style("warning", fg=_SEVERITIES["warning"])
        for coverage, names in stacks.items():
            of = listed((f"`{escaped(name)}`" for name in names), _LISTED)
            fact = "was not fully checked on the cluster" if coverage.asked else "was not checked on the cluster"
            fact = fact if len(names) == 1 else fact.replace("was", "were")
            yield f"{warning}: {of} {fact}: {escaped(coverage.reason)}."
            yield f"  not checked there: {', '.join(coverage.unchecked)}"

    def _coverage(self, deployment: Deployment) -> Coverage | None:
        """What was checked on the cluster; None if nothing was to be checked, or it failed before."""
        if deployment.coverage is None and deployment.state is State.SUCCEEDED and self.operation.runs_the_program:
            return NO_COVERAGE
        return deployment.coverage

    def _state(self, deployment: Deployment) -> str:
        return _DONE_OPERATIONS[self.operation] if deployment.state is State.SUCCEEDED else deployment.state.value

    def _counts(self, deployment: Deployment) -> str:
        if deployment.state is State.REFUSED:
            return plural(len(self.refused[deployment.stack]), "error")
        if deployment.state is State.WAITING:
            return ""
        counts = [_counted(each, number, self.operation) for each, number in _in_order(deployment.changes)]
        coverage = self._coverage(deployment)
        gap = _GAPS[coverage.asked] if coverage is not None and coverage.unchecked else ()
        return ", ".join([*counts, f"{deployment.seconds:.1f} s", *gap])

    def _lines(self, deployment: Deployment, verbose: bool) -> Iterator[str]:
        everything = verbose or deployment.state in {State.FAILED, State.INTERRUPTED}
        if everything or self.operation.is_preview:
            yield from _steps(deployment.steps, everything)
        for message in deployment.messages:
            if everything or message.severity in _SEVERITIES:
                yield from _message_lines(message)
        if deployment.remedy:
            yield f"help: {escaped(deployment.remedy)}"


def _coverage_as_json(coverage: Coverage | None) -> printed.ClusterCoverage | None:
    if coverage is None:
        return None
    return {"asked": coverage.asked, "unchecked": list(coverage.unchecked), "reason": coverage.reason or None}


def _steps(steps: list[Step], everything: bool) -> Iterator[str]:
    shown = 0
    for step in steps:
        symbol, colour = _SYMBOLS.get(step.operation, ("*", "cyan"))
        removes = colour == "red"
        shown += not removes
        if everything or removes or shown <= _SHOWN:
            yield click.style(f"{symbol} {redacted(escaped(str(step)))}", fg=colour)
    if shown > _SHOWN and not everything:
        yield f"and {shown - _SHOWN:,} more; `--verbose` shows them all"


def _message_lines(message: Message) -> Iterator[str]:
    first, *others = message.text.splitlines()
    about = f"{redacted(escaped(message.about))}: " if message.about else ""
    severity = f"{click.style(message.severity, fg=_SEVERITIES.get(message.severity))}: " if message.severity else ""
    yield f"{severity}{about}{escaped(first)}"
    for line in others:
        yield f"  {escaped(line)}"


def _in_order(changes: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    order = list(_DONE)
    # Unknown operations come before `same`.
    return iter(sorted(changes.items(), key=lambda each: order.index(each[0]) if each[0] in order else len(order) - 2))


def _counted(operation: str, number: int, of: Operation) -> str:
    if operation == "same" or not of.is_preview:
        return f"{number:,} {_DONE.get(operation, operation)}"
    return f"{number:,} to {operation}"
