"""`paletteai ci`: what the workflows on GitHub and GitLab run, beside the commands that everyone runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components import shell
from paletteai_components.cli.folder import project_of
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import show
from paletteai_components.cli.since import slice_in
from paletteai_components.cli.usage import unknown_command
from paletteai_components.errors import UserError
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.slices import Slice
    from paletteai_components.stacks.stack import Stack

_on_a_host = click.argument("host", metavar="github|gitlab", type=click.Choice(["github", "gitlab"]))


class _Tasks(Command, click.Group):
    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            raise unknown_command(args[0], ctx)
        return super().resolve_command(ctx, args)


@click.group("ci", cls=_Tasks)
def command() -> None:
    """Choose jobs, preview, deploy and comment, in a workflow.

    The workflows that `paletteai init` writes call these commands, and nothing else does.
    """


@command.command("deployed", short_help="Print the commit that was deployed last, completely.")
@_on_a_host
def _deployed(host: str) -> None:
    """Print the commit that was deployed last, in all environments and completely; nothing if there is none.

    On GitHub, it is that of the newest run of the same workflow that succeeded, and GITHUB_TOKEN reads the runs. If
    that run is newer than this one, there is an error: this one would undo what came after it.

    On GitLab, it is that of the newest deployment to the environment `deployed`, and CI_JOB_TOKEN reads them.
    """
    from paletteai_components.ci.deployed import deployed_on_github, deployed_on_gitlab

    commit = deployed_on_github() if host == "github" else deployed_on_gitlab()
    if commit is not None:
        click.echo(commit)


@command.command("jobs", short_help="Print a job for each slice of the stacks to run.")
@_on_a_host
@click.argument("pull_request", metavar="[REF COMMIT]", nargs=-1)
@click.option(
    "--since", "revision", metavar="COMMIT", help="Only the stacks that a change since COMMIT reaches; empty for all."
)
@click.option(
    "--env", "environments", multiple=True, metavar="ENV", help="Only the stacks of this environment. Repeatable."
)
@click.option(
    "--slices",
    "count",
    metavar="N",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="How many slices an environment has.",
)
@click.pass_context
def _jobs(
    ctx: click.Context,
    host: str,
    pull_request: tuple[str, ...],
    revision: str | None,
    environments: tuple[str, ...],
    count: int,
) -> None:
    """Print a job for each slice with a stack to run: a line for GITHUB_OUTPUT, or a child pipeline for GitLab.

    Which slice of its environment a stack is in depends on its name alone. Stacks with errors get jobs, too, which
    refuse them and deploy the others.

    With the REF and the newest COMMIT of a pull request, the jobs are previews of the stacks that it reaches, and its
    stack files are copied into the checkout, as `paletteai ci checkout` does. If one of them has errors, there are no
    jobs.
    """
    from paletteai_components.ci.jobs import for_github, for_gitlab, jobs_of

    if len(pull_request) not in {0, 2} or (pull_request and revision is not None):
        raise UserError(
            "a pull request is its ref and its newest commit, without `--since`, so there are no jobs.",
            f"Write `{shell.command('paletteai ci jobs', host, 'REF', 'COMMIT')}`, or neither of the two.",
        )
    ref_and_commit = (pull_request[0], pull_request[1]) if pull_request else None
    if ref_and_commit and not _taken(*ref_and_commit):
        raise UserError("the pull request changes no stack file, so there is nothing to preview.")
    since = "HEAD" if ref_and_commit else revision or None
    stacks = _stacks_to_run(since, environments)
    if ref_and_commit:
        _refuse_errors(ctx, stacks)
    jobs = jobs_of(((stack.name, named(stack.environment)) for stack in stacks), count)
    click.echo(for_github(jobs) if host == "github" else for_gitlab(jobs, revision or None, ref_and_commit))


@command.command("checkout", short_help="Copy the stack files of a pull request, as data.")
@click.argument("ref")
@click.argument("commit")
def _checkout(ref: str, commit: str) -> None:
    """Copy the stack files of a pull request, as data, into a checkout of its target branch.

    REF is refs/pull/NUMBER/head or refs/merge-requests/NUMBER/head, and COMMIT its newest commit. The names of the
    stacks that change are printed.

    Nothing else of the pull request is copied, and none of its values that make Pulumi do more than describe a tenant.
    If GIT_TOKEN is set, git fetches with it.
    """
    for name in _taken(ref, commit):
        click.echo(name)


@command.command("preview", short_help="Preview a slice of what a pull request reaches, for the log of a job.")
@click.argument("environment")
@click.argument("part", metavar="K/N", callback=slice_in)
@click.pass_context
def _preview(ctx: click.Context, environment: str, part: Slice) -> None:
    """Preview the K-th of N slices of ENVIRONMENT, for the log of a job: the stacks that differ from HEAD.

    `paletteai ci checkout` has copied the stack files of a pull request. Every difference is shown, one stack after the
    other, so that the server runs no line of it as a command. KUBECONFIG_CONTENT may hold a kubeconfig.
    """
    from paletteai_components.ci.pulumi import preview

    project = project_of(_folder())
    stacks = _stacks_to_run("HEAD")
    ctx.exit(preview((each.name for each in stacks if each.environment == environment and each.name in part), project))


@command.command("up", short_help="Deploy a slice of an environment, for the log of a job.")
@click.argument("environment")
@click.argument("part", metavar="K/N", callback=slice_in)
@click.option("--since", "revision", metavar="COMMIT", help="As for `up`; empty for all stacks.")
@click.pass_context
def _up(ctx: click.Context, environment: str, part: Slice, revision: str | None) -> None:
    """Deploy the K-th of N slices of ENVIRONMENT, without asking, for the log of a job.

    It runs `paletteai up`, and shows what that prints so that the server runs no line of it as a command.
    KUBECONFIG_CONTENT may hold a kubeconfig.
    """
    from paletteai_components.ci.pulumi import deploy

    project_of(_folder())
    ctx.exit(deploy(environment, part, revision or None))


@command.command("comment", short_help="Write or update the comment on a pull request.")
@_on_a_host
@click.argument("file", type=click.Path(path_type=Path), required=False)
def _comment(host: str, file: Path | None) -> None:
    """Write or update the bot's one comment on a pull request.

    Its text is in FILE, as `paletteai diff` writes it; on GitHub without FILE, in the artifact of the run RUN_ID.
    It may come from a fork's code, so it is made harmless.

    On GitHub, the variables HEAD_REPOSITORY, HEAD_BRANCH and HEAD_SHA say which pull request was checked, and
    GITHUB_TOKEN writes the comment. On GitLab, COMMENT_TOKEN does. SOURCE_URL and RULES_URL are the addresses that
    the comment may link to, as they were given to `paletteai diff`.
    """
    from paletteai_components.ci.artifact import left_by_the_check
    from paletteai_components.ci.comment import WITHOUT_TEXT, post, text_in

    if file is None and host == "gitlab":
        raise UserError("`paletteai ci comment gitlab` lacks FILE, so nothing was posted.", "Name the file.")
    text = left_by_the_check() if file is None else text_in(file)
    click.echo(post(host, WITHOUT_TEXT.encode() if text is None else text))


def _taken(ref: str, commit: str) -> list[str]:
    from paletteai_components.ci.checkout import take_stack_files

    return take_stack_files(ref, commit)


def _stacks_to_run(revision: str | None, environments: tuple[str, ...] = ()) -> list[Stack]:
    """All stacks of some environments, or those that a change reaches. Says on the error stream which, and why."""
    from paletteai_components.cli.selection import Choice, chosen_from
    from paletteai_components.cli.since import asking, every_stack, since

    folder = _folder()
    workspace, stacks = every_stack(folder)
    choice = Choice(environments=environments)
    names = chosen_from(stacks, choice, folder)
    if revision is not None:
        reached, _ = since(revision, folder, workspace, names, choice, None, asking("paletteai ci jobs", folder=folder))
        names = frozenset(reached.reasons)
        for line in reached.lines():
            click.echo(line, err=True)
    return [stack for stack in stacks if stack.name in names]


def _refuse_errors(ctx: click.Context, stacks: Sequence[Stack]) -> None:
    """Show the problems of stacks, and exit if they have errors."""
    from paletteai_components.cli.selection import Choice, selected

    selection = selected(Choice(tuple(shell.exactly(stack.name) for stack in stacks)), _folder(), may_be_empty=True)
    if selection.exit_code:
        show(selection.diagnostics, err=True)
        ctx.exit(selection.exit_code)


def _folder() -> StackFolder:
    from paletteai_components.stacks.folder import stack_folder

    return stack_folder()
