"""`paletteai adopt`: stack files of what is on a cluster already."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components import shell
from paletteai_components.cli.completion import stacks
from paletteai_components.cli.folder import (
    home_of,
    in_a_folder,
    on_a_cluster,
    project_of,
    project_steps,
    schema_in,
    stacks_option,
)
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.columns import section_lines
from paletteai_components.cli.output.report import counted, plural, show, show_error
from paletteai_components.cli.selection import stacks_named_by, unknown_stack
from paletteai_components.cli.vendor import describing_the_vendor
from paletteai_components.diagnostics import StackFileError, errors_in, escaped
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.naming import did_you_mean, label_problem
from paletteai_components.pulumi_yaml.document import Document
from paletteai_components.redaction import named, redacted

if TYPE_CHECKING:
    from paletteai_components.changes.adoption import Adopted, Target
    from paletteai_components.cli.adoption import Filed
    from paletteai_components.cli.live import Live
    from paletteai_components.diagnostics import Diagnostic
    from paletteai_components.observation.stack import ObservedStack
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack

_LISTED = 10


@click.command("adopt", cls=Command)
@click.argument("words", nargs=-1, metavar="[STACK]...", shell_complete=stacks)
@on_a_cluster
@click.option("--tenant", "tenants", multiple=True, metavar="NAME", help="Adopt this Tenant. Repeatable.")
@click.option("--env", "environment", metavar="ENV", help="The environment.  [default: the name of the context]")
@in_a_folder
@click.option("--encrypt", is_flag=True, help="Encrypt the keys into the files with pulumi, to manage their Secrets.")
@click.option("--dry-run", is_flag=True, help="Print the files, and write none.")
@click.option("--finish", is_flag=True, help="Remove `importIds` from the files of stacks that own the objects.")
@click.option("--no-secrets", is_flag=True, help="Send no request for Secrets; annotations tell the credentials.")
@describing_the_vendor
@click.pass_context
def command(
    ctx: click.Context,
    words: tuple[str, ...],
    context: str | None,
    kubeconfig: Path | None,
    tenants: tuple[str, ...],
    environment: str | None,
    folder: StackFolder,
    encrypt: bool,
    dry_run: bool,
    finish: bool,
    no_secrets: bool,
    vendor_fields: dict[str, str],
    merged_settings: bool | None,
) -> None:
    """Write stack files for what is on a cluster already, so that Pulumi takes it over as it is.

    Writes one file for each Tenant, with its Settings and Projects, and `importIds` for all of them. Nothing is
    written to the cluster, and no key to a file: Settings keep the Secrets that they have.

    With --encrypt, the stacks manage these Secrets, too. The pulumi command encrypts their keys, which are never in
    plain text in a file or an argument. Each stack has to exist: `pulumi stack init STACK`.

    Says what the first deployment would change all the same, what the files cannot declare, and what other tools
    manage.

    A file that exists is never overwritten: it is shown how the new one differs.

    With --finish, removes `importIds` from the files of the chosen stacks, or of all, once they are deployed.
    """
    if folder.unreadable:
        raise StackFileError(folder.unreadable)
    if finish:
        ctx.exit(_finish(words, folder))
    if words:
        fact = f"`{redacted(words[0])}` names a stack, which is for `--finish`, so no file was written."
        raise UserError(fact, "Name Tenants with `--tenant NAME`.")
    from paletteai_components.changes.adoption import adoptable, draft_of, of_nobody, tenant_namespaces
    from paletteai_components.cli.adoption import filed, print_file, write_file
    from paletteai_components.cli.live import live
    from paletteai_components.kube.snapshot import Request
    from paletteai_components.observation.custody import Custody

    project = _encrypting(folder, secrets=not no_secrets) if encrypt else None
    request = Request(vendor_fields, secrets=not no_secrets)
    found = live(str(kubeconfig) if kubeconfig else None, context, request, merges=merged_settings is not False)
    target = _target(found, environment, folder)
    stacks = _chosen(list(adoptable(found.workspace)), tenants, found)
    inventory, homes = found.inventory, tenant_namespaces(found.workspace)
    custody = Custody(inventory, found.snapshot.api) if encrypt else None
    drafts = [draft_of(stack, homes, inventory, target, custody) for stack in stacks]
    codes, files, ready = [0], [], []
    # A bar that shows the progress would take what is printed meanwhile for its own.
    for each in list(filed(drafts, folder, project)):
        if isinstance(each, UserError):
            show_error(each)
            codes.append(2)
            continue
        files.append(each.adopted)
        codes.append(print_file(each) if dry_run else write_file(each))
        ready += [each] if not codes[-1] else []
    _report(files, found, err=dry_run)
    if not tenants:
        for left in of_nobody(found.workspace, inventory):
            _note(f"{left.reference} is in no file: {left.reason}.", err=dry_run)
    diagnostics = found.diagnostics if not tenants else _about(found, stacks)
    show(diagnostics, err=dry_run)
    summary = f"{found.cluster}, {plural(len(files), 'stack file')}: {counted(diagnostics)}"
    click.echo(summary, err=dry_run)
    if ready and not dry_run:
        click.echo("Next:\n")
        for line in _steps(ready, target, folder):
            click.echo(f"  {line}")
    ctx.exit(max(*codes, int(bool(errors_in(diagnostics)))))


def _encrypting(folder: StackFolder, *, secrets: bool) -> Path:
    """The folder of the Pulumi project that encrypts keys. Raises UserError if nothing can be encrypted."""
    from paletteai_components.deployment.decryption import pulumi_command

    if not secrets:
        fact = "`--no-secrets` reads no Secret, so there is no key to encrypt, and no file was written."
        raise UserError(fact, "Leave out `--no-secrets` or `--encrypt`.")
    pulumi_command("can encrypt keys")
    return project_of(folder)


def _target(found: Live, environment: str | None, folder: StackFolder) -> Target:
    """What the files are for."""
    from paletteai_components.changes.adoption import Target

    context = found.snapshot.context
    name = environment or context
    if why := label_problem(name):
        fact = f"the environment `{redacted(escaped(name))}` {why}, so no file was written."
        raise UserError(fact, "Name one with `--env ENV`, such as `--env dev`.")
    schema = schema_in(home_of(folder))
    shown = Path(os.path.relpath(schema, folder.path)).as_posix() if schema else None
    return Target(name, context, folder.extension, folder.project, shown)


def _chosen(stacks: list[ObservedStack], tenants: Sequence[str], found: Live) -> list[ObservedStack]:
    """The stacks of some Tenants, or of all."""
    known = [stack.part for stack in stacks]
    for name in tenants:
        if name not in known:
            fact = f"there is no Tenant `{redacted(escaped(name))}` in {found.cluster}, so no file was written."
            there = listed((f"`{named(each)}`" for each in known), _LISTED) if known else "none"
            raise UserError(fact, did_you_mean(name, known) or f"There are: {there}.")
    return [stack for stack in stacks if not tenants or stack.part in tenants]


def _report(files: Sequence[Adopted], found: Live, *, err: bool) -> None:
    """Print what the files would change on the cluster, and what they cannot declare."""
    from paletteai_components.cli.output.adoption import adoption_sections
    from paletteai_components.kube.cluster import KINDS

    for section in adoption_sections(files):
        click.echo("\n".join(section_lines(section)), err=err)
    for each in found.snapshot.unread:
        _note(f"{each.reason}, so the files declare none." if each.subject != KINDS else f"{each.reason}.", err=err)
    if not found.is_verified:
        _note("the certificate of the API server was not verified: the kubeconfig says so.", err=err)


def _about(found: Live, stacks: Sequence[ObservedStack]) -> list[Diagnostic]:
    """The problems of some Tenants."""
    places = {str(each.location()) for stack in stacks for each in stack.objects_by_path.values()}
    return [each for each in found.diagnostics if any(str(location) in places for location in each.where)]


def _note(text: str, *, err: bool) -> None:
    click.echo(f"{click.style('note', fg='cyan', bold=True)}: {text}", err=err)


def _steps(files: Sequence[Filed], target: Target, folder: StackFolder) -> Iterator[str]:
    """The commands that check the first files and take their objects over."""
    names = [f"{each.adopted.tenant}.{target.environment}" for each in files]
    home = home_of(folder)
    cwd = None if home == Path() or folder.given is None else home
    yield shell.command("paletteai check", *map(shell.exactly, names[:_LISTED]), stacks=stacks_option(folder))
    yield from project_steps(folder)
    # What has a file or an encrypted key, Pulumi knows.
    if files[0].place.document is None and not files[0].adopted.encrypted:
        yield shell.command("pulumi stack init", names[0], cwd=cwd)
    yield shell.command("pulumi preview", cwd=cwd, stack=names[0])
    yield shell.command("pulumi up", cwd=cwd, stack=names[0])
    yield shell.command("paletteai adopt --finish", shell.exactly(names[0]), stacks=stacks_option(folder))


def _finish(words: Sequence[str], folder: StackFolder) -> int:
    """Remove `importIds` from stack files, whatever happens to one of them, and return the exit code."""
    from paletteai_components.stacks.files import document_in
    from paletteai_components.stacks.stack_file import stack_from_document

    files = {name: path for path in folder.files() if (name := folder.stack_of(path.name)) is not None}
    chosen = set(files) if not words else set()
    for word in words:
        named_by_it = stacks_named_by(word, list(files), folder)
        if not named_by_it:
            raise unknown_stack(word, list(files), folder)
        chosen |= named_by_it
    codes = [0]
    for name in sorted(chosen):
        try:
            document = document_in(files[name])
            codes.append(_finish_one(stack_from_document(document, folder.project), document, folder))
        except UserError as error:
            show_error(error)
            codes.append(2)
    return max(codes)


def _finish_one(stack: Stack, document: Document, folder: StackFolder) -> int:
    """Remove the `importIds` of a stack whose last deployment wrote all that they name."""
    from paletteai_components.cli.files import edit
    from paletteai_components.deployment.outputs import deployed_objects
    from paletteai_components.stacks.editor import without_imports

    imports: dict[tuple[str | int, ...], list[str]] = {}
    for reference, path in stack.plan.import_ids if stack.plan else ():
        imports.setdefault(path[:-1], []).append(reference)
    if not imports:
        click.echo(f"{escaped(stack.name)}: has no `importIds`.")
        return 0
    owned = deployed_objects(stack.name, project_of(folder))
    missing = [each for references in imports.values() for each in references if each not in owned]
    done = [path for path, references in imports.items() if owned.issuperset(references)]
    places = [place for path in done if (place := stack.own_path(*path)) is not None]
    if places:
        edit(document, lambda old: without_imports(old, document, places))
        number = sum(len(imports[path]) for path in done)
        click.echo(f"{escaped(stack.name)}: removed the `importIds` of {plural(number, 'object')}.")
    if missing:
        names = listed((f"`{named(each)}`" for each in missing), _LISTED)
        click.echo(f"{escaped(stack.name)}: kept others, because the last deployment did not write {names}.")
    return int(bool(missing))
