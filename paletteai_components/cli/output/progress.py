"""The progress of deployments: a live line each on a terminal; elsewhere, a line when each begins and ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from paletteai_components.cli.output.console import console_on
from paletteai_components.cli.output.streams import discard
from paletteai_components.deployment import Deployment, State
from paletteai_components.diagnostics import escaped

Tell = Callable[[Deployment], None]
"""A function that is called, from any thread, whenever a deployment has news."""

COLOURS = {
    State.SUCCEEDED: "green",
    State.FAILED: "red",
    State.REFUSED: "red",
    State.INTERRUPTED: "yellow",
    State.WAITING: "yellow",
}


@contextmanager
def progress(stacks: int, doing: str) -> Iterator[Tell]:
    """Show the progress of so many stacks on the error stream; yields the function to call with each change."""
    if not sys.stderr.isatty():
        yield _undisturbed(_tell_in_lines(doing))
        return
    with _live(stacks, doing) as tell:
        yield _undisturbed(tell)


def _undisturbed(tell: Tell) -> Tell:
    def told(deployment: Deployment) -> None:
        # A deployment goes on when the error stream is gone: pulumi would die of an output that nobody reads.
        try:
            tell(deployment)
        except OSError:
            discard(sys.stderr)

    return told


def _tell_in_lines(doing: str) -> Tell:
    states: dict[str, State] = {}

    def tell(deployment: Deployment) -> None:
        if states.get(deployment.stack) is deployment.state:
            return
        states[deployment.stack] = deployment.state
        running = deployment.state is State.RUNNING
        news = doing if running else f"{deployment.state}, {deployment.seconds:.1f} s"
        click.echo(f"{escaped(deployment.stack)}: {news}", err=True)

    return tell


@contextmanager
def _live(stacks: int, doing: str) -> Iterator[Tell]:
    from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    # Names come from files, so markup in them is ignored.
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console_on(sys.stderr), transient=True) as shown:
        ended: list[str] = []
        tasks: dict[str, TaskID] = {}
        overall = shown.add_task(doing, total=None, done=f"0 of {stacks} stacks")

        def tell(deployment: Deployment) -> None:
            name = deployment.stack
            if name not in tasks:
                tasks[name] = shown.add_task(escaped(name), total=None, done="")
            if deployment.state is State.RUNNING:
                shown.update(tasks[name], done=f"{deployment.done} resources")
                return
            shown.remove_task(tasks[name])
            line = f"{escaped(name)}: {deployment.state}, {deployment.seconds:.1f} s"
            shown.console.print(line, style=COLOURS[deployment.state], markup=False)
            ended.append(name)
            shown.update(overall, done=f"{len(ended)} of {stacks} stacks")

        yield tell
