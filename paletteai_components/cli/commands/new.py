"""`paletteai new`: a stack file to start from."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paletteai_components import shell
from paletteai_components.cli.completion import environments, stacks
from paletteai_components.cli.files import write_new
from paletteai_components.cli.folder import home_of, in_a_folder, project_steps, schema_in, stacks_option
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.paragraph import paragraphs_on
from paletteai_components.cli.output.report import show
from paletteai_components.cli.selection import the_stack
from paletteai_components.diagnostics import Diagnostic, StackFileError, escaped
from paletteai_components.errors import UserError
from paletteai_components.naming import NAME_LIMIT, better_name, label_problem, tenant_namespace
from paletteai_components.pulumi_yaml.writer import quoted
from paletteai_components.redaction import redacted
from paletteai_components.repository import SCHEMA

if TYPE_CHECKING:
    from paletteai_components.stacks.folder import StackFolder

_STACK_LIMIT = 100

_TEMPLATE = """\
# yaml-language-server: $schema={schema}
#
# Tenant {tenant} in {environment}. `paletteai check {stack}` reports what is missing or wrong.
config:
  # The cluster: the name of a context in your kubeconfig.
  # kubernetes:context: {environment}

  # Palette credentials, keyed by a name that you choose. Bind each to one Settings only.
  paletteai:integrations:
    default:
      hostUrl: https://api.spectrocloud.com
      # The name of the Palette tenant, and the Palette project to use by default. Fill in:
      # tenant: example-tenant
      # defaultProjectID: "651234567890123456789012"
      # Pulumi encrypts the key; never write it by hand:
      #   {set_key}

  paletteai:tenant:
    name: {name}
    displayName: {display_name}
    # Groups of the identity provider that have the tenant role.
    # groups: [{tenant}-admins]
    # The ComputeConfig, in the tenant's namespace, of every project that names none.
    computeConfigRef: {{name: default}}
    settings:
      # Every project falls back to the Settings named default.
      default: {{palette: default}}
    projects:
      - name: {tenant}-first
        displayName: First
        # roleMapping: {{admin: [{tenant}-admins]}}
"""


@click.command("new", cls=Command)
@click.argument("tenant")
@click.argument("environment", metavar="ENV", shell_complete=environments)
@click.option(
    "--from",
    "source",
    metavar="STACK",
    shell_complete=stacks,
    help="Start from the file of the tenant in another environment.",
)
@partial(in_a_folder, purpose="The folder for the stack file.")
@click.pass_context
def command(ctx: click.Context, tenant: str, environment: str, source: str | None, folder: StackFolder) -> None:
    """Write a stack file to start from, for TENANT in environment ENV, such as dev.

    With --from, it is a copy with comments, without keys, their fingerprints and what names the other environment's
    cluster.

    An existing file is never overwritten.
    """
    stack = f"{tenant}.{environment}"
    too_long = f"has {len(stack)} characters, but Pulumi allows {_STACK_LIMIT}"
    diagnostics = [
        Diagnostic(
            "PAI007", f"{what} `{redacted(escaped(name))}` {why}, so no file was written.", f"{better_name(name)}."
        )
        for what, name, why in (
            ("tenant", tenant, label_problem(tenant, NAME_LIMIT - len(tenant_namespace("")))),
            ("environment", environment, label_problem(environment)),
            ("stack", stack, too_long if len(stack) > _STACK_LIMIT else None),
        )
        if why is not None
    ]
    if diagnostics:
        show(diagnostics, err=True)
        ctx.exit(2)
    if folder.unreadable:
        raise StackFileError(folder.unreadable)
    if folder.other is not None:
        raise UserError(
            f"Pulumi would not read a stack file in {folder}: {folder.other.file} has its stack files in "
            f"{folder.other.stack_folder}. No file was written.",
            "Leave out `--stacks`, or correct `stackConfigDir` in that file.",
        )
    path = folder.file_of(stack)
    home = home_of(folder)
    schema = schema_in(home)
    if source is not None:
        known = [name for file in folder.files() if (name := folder.stack_of(file.name)) is not None]
        source = the_stack(source, known, folder, "`--from`")
        data, lacking = _copy_of(source, tenant, folder)
        # The copied file names its schema.
        steps = _steps(stack, folder, home, lacking)
        what = f", a copy of {escaped(source)} without its keys. Next:"
    else:
        named_schema = schema or home / SCHEMA
        data = _template(tenant, environment, Path(os.path.relpath(named_schema, folder.path))).encode()
        writing = f"{shell.command('paletteai schema')} > {shell.word(shell.as_typed(named_schema))}"
        steps = [*([] if schema else [writing]), *_steps(stack, folder, home, _Lacking(("default",), False))]
        what = ". Fill in the Palette tenant and project, then:"
    write_new(path, data)
    for line in paragraphs_on(sys.stdout)(f"Wrote {escaped(str(path))}{what}", "  "):
        click.echo(line)
    click.echo()
    for step in steps:
        click.echo(f"  {step}")


def _template(tenant: str, environment: str, schema: Path) -> str:
    stack = f"{tenant}.{environment}"
    return _TEMPLATE.format(
        schema=schema.as_posix(),
        tenant=tenant,
        environment=environment,
        stack=stack,
        set_key=shell.set_key("default", stack),
        name=quoted(tenant),
        display_name=quoted(" ".join(word.capitalize() for word in tenant.split("-") if word)),
    )


@dataclass(frozen=True, slots=True)
class _Lacking:
    """What a new file lacks that Pulumi has to write."""

    keys: tuple[str, ...]
    """The integrations whose keys are to be set."""
    context: bool
    """Whether the context is to be set."""


def _copy_of(source: str, tenant: str, folder: StackFolder) -> tuple[bytes, _Lacking]:
    """The file of another stack without what is its own, and what the copy lacks.

    Raises:
        UserError: It is not of the tenant, or cannot be copied.
        StackFileError: Its file cannot be read.
    """
    from paletteai_components.stacks.editor import without_entries
    from paletteai_components.stacks.files import bytes_of, document_in
    from paletteai_components.stacks.stack_file import stack_from_document

    path = folder.file_of(source)
    document = document_in(path)
    stack = stack_from_document(document, folder.project)
    if stack.spec is None or stack.spec.tenant.name != tenant:
        raise UserError(
            f"stack `{escaped(source)}` does not declare tenant `{redacted(tenant)}`, so no file was written.",
            "Name a stack of the same tenant: a copy of another tenant's would claim its objects.",
        )
    removed = list(stack.own_entries())
    keys = (name for name, integration in stack.integrations.items() if integration.existing_secret is None)
    return without_entries(bytes_of(path), document, removed), _Lacking(tuple(keys), stack.context is not None)


def _steps(stack: str, folder: StackFolder, home: Path, lacking: _Lacking) -> list[str]:
    cwd = None if home == Path() or folder.given is None else home
    return [
        *project_steps(folder),
        shell.command("pulumi stack init", stack, cwd=cwd),
        *(
            [shell.command("pulumi config set", "kubernetes:context", "CONTEXT", cwd=cwd, stack=stack)]
            * lacking.context
        ),
        *(shell.set_key(name, stack, cwd) for name in lacking.keys),
        shell.command("paletteai fingerprint", stack, stacks=stacks_option(folder)),
        shell.command("paletteai check", stack, stacks=stacks_option(folder)),
    ]
