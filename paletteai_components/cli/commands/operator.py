"""`paletteai operator`: Stack objects of the Pulumi Kubernetes Operator, one for each stack of an environment."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.completion import environments
from paletteai_components.cli.folder import in_a_folder, project_of, stacks_option
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import plural
from paletteai_components.cli.references import (
    backend_url,
    checked_url,
    environment_before,
    kubernetes_name,
    repository,
    secret_key,
    secret_variables,
)
from paletteai_components.cli.selection import Choice, naming_stacks
from paletteai_components.cli.since import asking, reached_stacks, since_a_revision
from paletteai_components.diagnostics import escaped
from paletteai_components.errors import UserError
from paletteai_components.kube.operator import (
    OPERATOR_FILE,
    Prerequisite,
    Running,
    SecretKey,
    Source,
    object_name,
    stack_object,
)
from paletteai_components.listing import listed
from paletteai_components.redaction import named
from paletteai_components.shell import command as shell_command

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack

_LISTED = 10
_SHORTEST = 60


@click.command("operator", cls=Command)
@click.argument("environment", metavar="ENV", shell_complete=environments)
@naming_stacks
@in_a_folder
@since_a_revision
@click.option("--repo", metavar="URL", callback=repository, help="The git repository.  [default: the remote origin]")
@click.option("--commit", metavar="REV", help="Deploy this commit.  [default: HEAD]")
@click.option("--branch", metavar="NAME", help="Follow a branch instead of a commit.")
@click.option("--git-token", metavar="SECRET/KEY", callback=secret_key, help="The repository's access token.")
@click.option("--git-ssh-key", metavar="SECRET/KEY", callback=secret_key, help="The repository's private SSH key.")
@click.option("--organization", metavar="NAME", help="The stacks' organization; `organization` for an own backend.")
@click.option("--backend", metavar="URL", callback=backend_url, help="The state.  [default: Pulumi Cloud]")
@click.option(
    "--secret",
    "variables",
    metavar="VARIABLE=SECRET/KEY",
    multiple=True,
    callback=secret_variables,
    help="An environment variable of Pulumi, such as PULUMI_CONFIG_PASSPHRASE. Repeatable.",
)
@click.option(
    "--kubeconfig-secret", metavar="SECRET/KEY", callback=secret_key, help="The kubeconfig with the stacks' contexts."
)
@click.option(
    "--after",
    metavar="ENV[=DURATION]",
    callback=environment_before,
    help="Deploy a tenant only after its stack in this environment has succeeded, within a duration such as 24h.",
)
@click.option(
    "--resync",
    metavar="SECONDS",
    type=click.IntRange(min=_SHORTEST),
    help="Refresh and deploy again after so long, which mends drift.  [default: only when the commit changes]",
)
@click.option(
    "--namespace",
    metavar="NAME",
    callback=kubernetes_name,
    default="paletteai",
    show_default=True,
    help="The namespace of the objects, and of the Secrets that they name.",
)
@click.option(
    "--service-account",
    metavar="NAME",
    callback=kubernetes_name,
    default="pulumi",
    show_default=True,
    help="The ServiceAccount of the pods that run Pulumi.",
)
@click.option("--image", metavar="IMAGE", help="The image with Pulumi.  [default: Pulumi's own, in this SDK's version]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False, allow_dash=True),
    metavar="DIR",
    help="Write a file for each stack into a folder; - is standard output.",
)
def command(
    environment: str,
    words: tuple[str, ...],
    clusters: tuple[str, ...],
    folder: StackFolder,
    revision: str | None,
    repo: str | None,
    commit: str | None,
    branch: str | None,
    git_token: SecretKey | None,
    git_ssh_key: SecretKey | None,
    output: Path | None,
    after: tuple[str, str | None] | None,
    image: str | None,
    **running: Any,
) -> None:
    """Write a Stack object of the Pulumi Kubernetes Operator for each stack of environment ENV.

    The operator deploys each stack from the git repository. Nothing secret is in the objects: options that end in
    SECRET/KEY name a Secret and a key in it.

    With `--since`, only the stacks that a change reaches get an object with the new commit; the others keep theirs.
    """
    for one, other in (("--branch", branch and commit), ("--git-token", git_token and git_ssh_key)):
        if other:
            pair = "--commit" if one == "--branch" else "--git-ssh-key"
            raise UserError(f"`{one}` and `{pair}` exclude each other, so nothing was written.", "Leave out one.")
    project_of(folder)
    source = _source(folder, repo, commit, branch, git_token, git_ssh_key)
    how = Running(image or _default_image(), **{name.removesuffix("_secret"): value for name, value in running.items()})
    again = asking("paletteai operator", environment, *words, folder=folder)
    stacks, every, reached = reached_stacks(Choice(words, (environment,), clusters), folder, revision, None, again)
    for line in reached.lines() if reached else ():
        click.echo(line, err=True)
    project = folder.project.name if folder.project else ""
    manifests = {
        stack.name: stack_object(
            stack.name, named(stack.environment), project, source, how, _prerequisite(stack, every, after)
        )
        for stack in stacks
    }
    if output is None or output == Path("-"):
        click.echo("".join(_text(name, manifest) for name, manifest in manifests.items()), nl=False)
    else:
        _write(manifests, output, {object_name(stack.name) for stack in every})
    if source.commit is not None:
        _note_differences(folder, source.commit)


def _source(
    folder: StackFolder,
    repo: str | None,
    commit: str | None,
    branch: str | None,
    token: SecretKey | None,
    ssh_key: SecretKey | None,
) -> Source:
    from paletteai_components.changes import git
    from paletteai_components.changes.revision import revision_named

    head = revision_named("HEAD" if commit is None else commit, folder)
    inside = project_of(folder).relative_to(head.top)
    if repo is None:
        _, origin, _ = git.run(head.top, "config", "--get", "remote.origin.url")
        repo = checked_url(origin, "remote.origin.url") if origin else None
    if repo is None:
        raise UserError(
            "this repository has no remote `origin`, so it is not known where the operator finds it.",
            "Name the repository with `--repo URL`.",
        )
    place = "" if inside == Path() else inside.as_posix()
    return Source(repo, place, None if branch else head.commit, branch, token, ssh_key)


def _default_image() -> str:
    from paletteai_components.deployment.command import pinned

    # The operator runs its pods without root.
    return f"pulumi/pulumi:{pinned()}-nonroot"


def _prerequisite(stack: Stack, every: Iterable[Stack], after: tuple[str, str | None] | None) -> Prerequisite | None:
    """The stack of the same tenant that has to succeed before."""
    if after is None:
        return None
    environment, within = after
    tenant = stack.name.removesuffix(f".{stack.environment}")
    name = f"{tenant}.{environment}"
    if name == stack.name or not any(each.name == name for each in every):
        return None
    return Prerequisite(name, within)


def _text(stack: str, manifest: dict[str, Any]) -> str:
    from paletteai_components.pulumi_yaml.writer import yaml_of

    return f"{_first(stack)}{yaml_of([manifest])}"


def _first(stack: str) -> str:
    """The first line of a file, by which a later run knows that it may replace it."""
    return f"{OPERATOR_FILE}{escaped(stack)}\n"


def _write(manifests: dict[str, dict[str, Any]], folder: Path, known: set[str]) -> None:
    """Write a file for each object, all of them or none where another file is in the way."""
    from paletteai_components.cli.files import refuse_links, write_together
    from paletteai_components.stacks.files import bytes_of

    refuse_links(folder / "x")
    earlier: dict[Path, bytes] = {}
    texts = {folder / f"{object_name(name)}.yaml": _text(name, each).encode() for name, each in manifests.items()}
    for path in texts:
        if os.path.lexists(path):
            old = b"" if path.is_symlink() or not path.is_file() else bytes_of(path)
            if not old.startswith(OPERATOR_FILE.encode()):
                raise UserError(
                    f"{path} already exists and was not written by this command, so nothing was written.",
                    "Name another folder with `--output DIR`, or remove the file first.",
                )
            earlier[path] = old
    changed = [(path, earlier.get(path), data) for path, data in texts.items() if earlier.get(path) != data]
    write_together(changed)
    same = len(texts) - len(changed)
    rest = f", {same:,} {'is' if same == 1 else 'are'} the same" if same else ""
    click.echo(f"Wrote {plural(len(changed), 'file')} to {escaped(str(folder))}{rest}.")
    _note_leftovers(folder, known)


def _note_leftovers(folder: Path, known: set[str]) -> None:
    """Tell of the files of an earlier run whose stacks are gone."""
    from paletteai_components.stacks.files import bytes_of

    gone = [
        path.name
        for path in sorted(folder.glob("*.yaml"))
        if path.stem not in known and path.is_file() and bytes_of(path).startswith(OPERATOR_FILE.encode())
    ]
    if gone:
        names = listed((f"`{escaped(named(name))}`" for name in gone), _LISTED)
        remedy = shell_command("pulumi destroy", stack="STACK")
        _note(
            f"no stack file is left for {names}. Deleting such an object deletes nothing that its stack has deployed: "
            f"run `{remedy}` first, then delete the file."
        )


def _note_differences(folder: StackFolder, commit: str) -> None:
    from paletteai_components.changes.revision import checkout_of

    checkout = checkout_of(folder)
    if checkout is not None and (checkout.changed or checkout.commit != commit):
        options = stacks_option(folder)
        diff = shell_command("paletteai diff", commit[:12], stacks=options)
        _note(
            f"the stack files here are not those of commit {commit[:12]}, which the operator deploys; `{diff}` shows "
            "how they differ."
        )


def _note(text: str) -> None:
    click.echo(f"{click.style('note', fg='cyan', bold=True)}: {text}", err=True)
