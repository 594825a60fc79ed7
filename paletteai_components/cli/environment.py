"""An environment's stacks, run through Pulumi: what `preview`, `up` and `refresh` have in common."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

from paletteai_components.cli.folder import Command, in_a_folder
from paletteai_components.cli.output import outcome
from paletteai_components.cli.output.progress import progress
from paletteai_components.cli.reading import reading
from paletteai_components.deployment import Deployment, Operation, State
from paletteai_components.deployment.command import WORKS_WITHOUT, found, install, judged, pinned
from paletteai_components.deployment.decryption import EngineError
from paletteai_components.deployment.language_host import prepare
from paletteai_components.deployment.runs import Runs, default_parallel
from paletteai_components.diagnostics import Problem, Severity
from paletteai_components.errors import UserError
from paletteai_components.redaction import named, redacted
from paletteai_components.rules import problems_of
from paletteai_components.stacks.stack import PROJECT_FILE, Stack, defaults_from_file
from paletteai_components.stacks.workspace import concerning, fleet_from


@dataclass(frozen=True, slots=True)
class Request:
    """How a command was called.

    Fields:
        environment: whose stacks are meant.
        folder: the folder with the stack files.
        parallel: how many stacks may run at a time.
        installs: whether Pulumi is to be installed for the project where it is missing.
        verbose: whether everything that was said is shown, of stacks that succeeded too.
        form: ``text`` or ``json``.
    """

    environment: str
    folder: Path
    parallel: int
    installs: bool
    verbose: bool
    form: str


@dataclass(frozen=True, slots=True)
class Environment:
    """The stacks of an environment, judged.

    Fields:
        stacks: the names of those that may run.
        refused: those that may not, each with the errors it takes part in.
        unreadable: whether one of them could not even be read.
    """

    stacks: tuple[str, ...]
    refused: dict[str, list[Problem]]
    unreadable: bool


def on_an_environment(command: Command) -> Command:
    """The arguments of a command that runs an environment's stacks. It is called with a `Request`."""
    for decorate in (
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True),
        click.option("--verbose", is_flag=True, help="Show everything that was said, also where nothing failed."),
        click.option("--install", "installs", is_flag=True, help="Install Pulumi for this project if it is missing."),
        click.option(
            "--parallel",
            type=click.IntRange(min=1),
            metavar="N",
            default=default_parallel,
            help="How many stacks run at a time.  [default: three for two CPUs]",
        ),
        in_a_folder,
        click.argument("environment", metavar="ENV"),
    ):
        command = decorate(command)
    return command


def preview(request: Request) -> int:
    """Shows what would change in each stack. Returns the exit code."""
    judgement, project = _judged(request, Operation.PREVIEW)
    began = time.monotonic()
    deployments = _run(request, Operation.PREVIEW, judgement.stacks, project)
    return _show(request, Operation.PREVIEW, judgement, deployments, time.monotonic() - began)


def change(request: Request, operation: Operation, foresight: Operation, *, yes: bool) -> int:
    """Runs an operation that changes something; unless `yes`, a preview comes first and a question. Returns the exit
    code.
    """
    if not yes and (request.form == "json" or not _asks()):
        raise UserError(
            "without a terminal, and with `--format json`, nobody can be asked, so nothing is changed without `--yes`.",
            "`paletteai preview` shows what it would do.",
        )
    judgement, project = _judged(request, operation)
    began = time.monotonic()
    stacks, left_out = judgement.stacks, []
    if not yes and stacks:
        foreseen = _run(request, foresight, stacks, project)
        stacks = tuple(each.stack for each in foreseen if each.state is State.SUCCEEDED)
        left_out = [each for each in foreseen if each.state is not State.SUCCEEDED]
        code = _show(request, foresight, judgement, foreseen, time.monotonic() - began)
        if not stacks or any(each.state in {State.INTERRUPTED, State.WAITING} for each in left_out):
            return code
        question = (
            f"{operation.value[0]}: run it on {'this stack' if len(stacks) == 1 else f'these {len(stacks)} stacks'}?"
        )
        if not click.confirm(question, err=True):
            click.echo("Nothing was changed.", err=True)
            return 1
        began = time.monotonic()
    deployments = [*_run(request, operation, stacks, project), *left_out]
    deployments.sort(key=lambda each: each.stack)
    return _show(request, operation, judgement, deployments, time.monotonic() - began)


def _judged(request: Request, operation: Operation) -> tuple[Environment, Path]:
    """The environment's stacks, judged among all stacks of the folder, and the folder of the Pulumi project."""
    project = _project_of(request.folder)
    if operation.runs_the_program:
        prepare(project)
    with reading(request.folder) as outcomes:
        fleet = fleet_from(request.folder, outcomes)
    # Of a file that cannot be read only its name tells.
    unread = [Stack(name, str(request.folder / f"Pulumi.{name}.yaml")) for name in fleet.unreadable]
    every = sorted([*fleet.stacks, *unread], key=lambda stack: stack.name)
    chosen = [stack for stack in every if stack.environment == request.environment]
    if not chosen:
        there = ", ".join(sorted({named(stack.environment) for stack in every})) or "none"
        raise UserError(
            f"no stack in {request.folder} is of environment {redacted(request.environment)}.",
            f"The environments there are: {there}.",
        )
    errors = [problem for problem in problems_of(fleet) if problem.severity is Severity.ERROR]
    refused = {stack.name: told for stack in chosen if (told := concerning(errors, [stack]))}
    stacks = tuple(stack.name for stack in chosen if stack.name not in refused)
    unreadable = any(stack in unread for stack in chosen)
    return Environment(stacks, refused, unreadable), project


def _project_of(folder: Path) -> Path:
    """The folder of the project whose stack files these are. What was judged must be what Pulumi reads."""
    project = folder.resolve().parent
    path = project / PROJECT_FILE
    declared = defaults_from_file(path).value.get("stackConfigDir") if path.exists() else None
    if not isinstance(declared, str) or (project / declared).resolve() != folder.resolve():
        raise UserError(
            f"{folder} is not the `stackConfigDir` of a {PROJECT_FILE} beside it, so Pulumi would read "
            "other stack files than these.",
            "Run it in the project, or name its folder with `--stacks`.",
        )
    return project


def _run(request: Request, operation: Operation, stacks: tuple[str, ...], project: Path) -> list[Deployment]:
    if not stacks:
        return []
    command = _command(request, project)
    with progress(len(stacks), outcome.WORDS[operation].doing) as tell:
        return Runs(command, project, request.parallel, tell).run(operation, stacks)


def _command(request: Request, project: Path) -> Path:
    command = found(project)
    if command is not None and not request.installs:
        return judged(command)
    if command is not None:
        try:
            return judged(command)
        except EngineError:
            return install(project)
    question = f"There is no `pulumi` command. Install Pulumi {pinned()} into this project's .pulumi folder?"
    if request.installs or (_asks() and click.confirm(question, err=True)):
        return install(project)
    raise EngineError(
        "there is no `pulumi` command on PATH, so no stack was touched.",
        f"`--install` puts Pulumi {pinned()} into this project's .pulumi folder; or install it from "
        f"https://www.pulumi.com/docs/install. {WORKS_WITHOUT}",
    )


def _asks() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _show(
    request: Request, operation: Operation, judgement: Environment, deployments: list[Deployment], seconds: float
) -> int:
    every = [*deployments, *(Deployment(name, State.REFUSED) for name in judgement.refused)]
    every.sort(key=lambda each: each.stack)
    report = outcome.Report(request.environment, operation, every, judgement.refused, seconds)
    if request.form == "json":
        report.show_json()
    else:
        report.show(verbose=request.verbose)
    if judgement.unreadable:
        return 2
    return int(any(each.state is not State.SUCCEEDED for each in every))
