"""Runs the stacks of an environment through Pulumi, for `preview`, `up` and `refresh`."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

from paletteai_components.cli.folder import project_of
from paletteai_components.cli.output import outcome
from paletteai_components.cli.output.progress import progress
from paletteai_components.cli.output.reach import Since
from paletteai_components.cli.request import Request
from paletteai_components.cli.selection import Choice, chosen_from
from paletteai_components.cli.since import asking, every_stack, since
from paletteai_components.deployment import Deployment, Operation, State
from paletteai_components.deployment.command import WORKS_WITHOUT, check_version, find_command, install, pinned
from paletteai_components.deployment.decryption import EngineError
from paletteai_components.deployment.language_host import prepare
from paletteai_components.deployment.runs import Runs
from paletteai_components.diagnostics import Diagnostic, errors_in
from paletteai_components.errors import UserError
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.workspace import concerning


@dataclass(frozen=True, slots=True)
class Environment:
    """The stacks of an environment, checked."""

    stacks: tuple[str, ...]
    refused: dict[str, list[Diagnostic]]
    """The errors of each stack that may not run, by stack name."""
    unreadable: bool
    """Whether a stack file of the environment could not be read."""
    since: Since | None
    """What the change reaches, and what is left out. None if nothing is."""


def preview(request: Request) -> int:
    """Preview every stack, show what would change, and return the exit code."""
    environment, project = _check_environment(request, Operation.PREVIEW)
    began = time.monotonic()
    deployments = _run_stacks(request, Operation.PREVIEW, environment.stacks, project)
    return _show(request, Operation.PREVIEW, environment, deployments, time.monotonic() - began)


def change(request: Request, operation: Operation, foresight: Operation, *, yes: bool) -> int:
    """Run an operation on every stack and return the exit code.

    Args:
        request: How the command was called.
        operation: What to run.
        foresight: The preview of `operation`.
        yes: Whether to run at once, without `foresight` and without asking.

    Raises:
        UserError: There is no terminal to ask on, or the stacks cannot be run at all.
    """
    if not yes and (request.output_format == "json" or not _can_ask()):
        why = "with `--format json`" if request.output_format == "json" else "without a terminal"
        raise UserError(
            f"{why}, the command cannot ask for confirmation, so nothing was changed.",
            f"Pass `--yes` to run `{operation.value[0]}` without a preview and without asking.",
        )
    environment, project = _check_environment(request, operation)
    began = time.monotonic()
    stacks, left_out = environment.stacks, []
    if not yes and stacks:
        foreseen = _run_stacks(request, foresight, stacks, project)
        stacks = tuple(each.stack for each in foreseen if each.state is State.SUCCEEDED)
        left_out = [each for each in foreseen if each.state is not State.SUCCEEDED]
        code = _show(request, foresight, environment, foreseen, time.monotonic() - began)
        if not stacks or any(each.state in {State.INTERRUPTED, State.WAITING} for each in left_out):
            return code
        targets = "this stack" if len(stacks) == 1 else f"these {len(stacks)} stacks"
        if not click.confirm(f"Run `{operation.value[0]}` on {targets}?", err=True):
            click.echo("Nothing was changed.", err=True)
            return 1
        began = time.monotonic()
    deployments = [*_run_stacks(request, operation, stacks, project), *left_out]
    deployments.sort(key=lambda each: each.stack)
    return _show(request, operation, environment, deployments, time.monotonic() - began)


def _check_environment(request: Request, operation: Operation) -> tuple[Environment, Path]:
    """The environment's stacks, checked together with all stacks of the folder, and the Pulumi project's folder."""
    project = project_of(request.folder)
    if operation.runs_the_program:
        prepare(project)
    # The environment of a file that cannot be read comes from its name alone.
    workspace, every = every_stack(request.folder)
    choice = Choice(request.words, (request.environment,), request.clusters)
    names = chosen_from(every, choice, request.folder)
    if request.part is not None:
        names = frozenset(name for name in names if name in request.part)
    reached: Since | None = None
    if request.revision is None:
        errors = errors_in(diagnostics_of(workspace))
    else:
        again = asking(f"paletteai {operation.value[0]}", request.environment, *request.words, folder=request.folder)
        reached, difference = since(request.revision, request.folder, workspace, names, choice, request.part, again)
        names, errors = frozenset(reached.reasons), errors_in((*difference.introduced, *difference.kept))
    chosen = [stack for stack in every if stack.name in names]
    refused = {stack.name: own for stack in chosen if (own := concerning(errors, [stack]))}
    stacks = tuple(stack.name for stack in chosen if stack.name not in refused)
    unreadable = any(stack.name in workspace.unreadable for stack in chosen)
    if reached is not None and request.output_format == "text":
        for line in reached.lines():
            click.echo(line)
    return Environment(stacks, refused, unreadable, reached), project


def _run_stacks(request: Request, operation: Operation, stacks: tuple[str, ...], project: Path) -> list[Deployment]:
    if not stacks:
        return []
    command = _find_pulumi(request, project)
    with progress(len(stacks), outcome.DOING[operation]) as show_progress:
        return Runs(command, project, request.parallel, show_progress).run(operation, stacks)


def _find_pulumi(request: Request, project: Path) -> Path:
    command = find_command(project)
    if command is not None and not request.installs:
        return check_version(command)
    if command is not None:
        try:
            return check_version(command)
        except EngineError:
            return install(project)
    question = f"There is no `pulumi` command. Install Pulumi {pinned()} into this project's .pulumi folder?"
    if request.installs or (_can_ask() and click.confirm(question, err=True)):
        return install(project)
    raise EngineError(
        "there is no `pulumi` command on PATH, so no stack was touched.",
        f"Pass `--install` to install Pulumi {pinned()} into this project's .pulumi folder, or install it from "
        f"https://www.pulumi.com/docs/install. {WORKS_WITHOUT}",
    )


def _can_ask() -> bool:
    """Whether the command runs on a terminal, so that it can ask a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _show(
    request: Request, operation: Operation, environment: Environment, deployments: list[Deployment], seconds: float
) -> int:
    every = [*deployments, *(Deployment(name, State.REFUSED) for name in environment.refused)]
    every.sort(key=lambda each: each.stack)
    report = outcome.Report(request.environment, operation, every, environment.refused, seconds, environment.since)
    if request.output_format == "json":
        report.show_json()
    else:
        report.show(verbose=request.verbose)
    if environment.unreadable:
        return 2
    return int(any(each.state is not State.SUCCEEDED for each in every))
