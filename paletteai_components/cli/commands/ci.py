"""`paletteai ci`: what the workflows on GitHub and GitLab run, beside the commands that everyone runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components import shell
from paletteai_components.cli.folder import project_of
from paletteai_components.cli.output.report import show
from paletteai_components.cli.usage import unknown_command
from paletteai_components.errors import UserError

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder

_on_a_host = click.argument("host", metavar="github|gitlab", type=click.Choice(["github", "gitlab"]))


class _Tasks(click.Group):
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


@command.command("jobs", short_help="Print a job for each stack.")
@_on_a_host
@click.argument("pull_request", metavar="[REF COMMIT]", nargs=-1)
@click.pass_context
def _jobs(ctx: click.Context, host: str, pull_request: tuple[str, ...]) -> None:
    """Print a job for each stack: a line for GITHUB_OUTPUT, or a child pipeline for GitLab.

    With the REF and the newest COMMIT of a pull request, the jobs are previews of the stacks that it changes, and its
    stack files are copied into the checkout, as `paletteai ci checkout` does.

    Exit code 1 means that a stack has errors, and 2 that its file could not be read; then there are no jobs.
    """
    from paletteai_components.ci.jobs import for_github, for_gitlab

    if len(pull_request) not in {0, 2}:
        raise UserError(
            "a pull request is its ref and its newest commit, so there are no jobs.",
            f"Write `{shell.command('paletteai ci jobs', host, 'REF', 'COMMIT')}`, or neither of the two.",
        )
    ref_and_commit = (pull_request[0], pull_request[1]) if pull_request else None
    names = _taken(*ref_and_commit) if ref_and_commit else ()
    if ref_and_commit and not names:
        raise UserError("the pull request changes no stack file, so there is nothing to preview.")
    stacks = _stacks_to_run(ctx, names)
    click.echo(for_github(stacks) if host == "github" else for_gitlab(stacks, ref_and_commit))


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


@command.command("preview", short_help="Preview a stack, for the log of a job.")
@click.argument("stack")
@click.pass_context
def _preview(ctx: click.Context, stack: str) -> None:
    """Preview a stack, for the log of a job.

    What Pulumi prints is shown so that the server runs no line of it as a command. KUBECONFIG_CONTENT may hold a
    kubeconfig.
    """
    ctx.exit(_run(stack, "preview"))


@command.command("up", short_help="Deploy a stack, for the log of a job.")
@click.argument("stack")
@click.pass_context
def _up(ctx: click.Context, stack: str) -> None:
    """Deploy a stack, without asking, for the log of a job.

    What Pulumi prints is shown so that the server runs no line of it as a command. KUBECONFIG_CONTENT may hold a
    kubeconfig.
    """
    ctx.exit(_run(stack, "up"))


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


def _stacks_to_run(ctx: click.Context, names: tuple[str, ...] | list[str]) -> list[tuple[str, str]]:
    """The named stacks, or all, with their environments. Shows their problems and exits if they have errors."""
    from paletteai_components.cli.selection import Choice, selected

    selection = selected(Choice(tuple(names), (), ()), _folder(), may_be_empty=True)
    if selection.exit_code:
        show(selection.diagnostics, err=True)
        ctx.exit(selection.exit_code)
    return [(stack.name, stack.environment) for stack in selection.stacks]


def _run(stack: str, operation: str) -> int:
    from paletteai_components.ci.pulumi import run_stack

    return run_stack(operation, stack, project_of(_folder()))


def _folder() -> StackFolder:
    from paletteai_components.stacks.folder import stack_folder

    return stack_folder()
