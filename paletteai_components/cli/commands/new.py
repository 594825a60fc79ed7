"""`paletteai new`: a stack file to start from."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from paletteai_components import shell
from paletteai_components.cli.files import write_new
from paletteai_components.cli.folder import in_a_folder, stacks_option
from paletteai_components.cli.output.report import show
from paletteai_components.diagnostics import Diagnostic, escaped
from paletteai_components.naming import NAME_LIMIT, label_problem, tenant_namespace
from paletteai_components.pulumi_yaml.writer import quoted
from paletteai_components.redaction import redacted

_SCHEMA = Path("paletteai_components", "schema", "stack.json")
_STACK_LIMIT = 100
_OWN_SCHEMA = "stack.schema.json"

_TEMPLATE = """\
# yaml-language-server: $schema=../{schema}
#
# Tenant {tenant} in {environment}. `paletteai check {stack}` reports what is missing or wrong.
config:
  # The cluster: the name of a context in your kubeconfig.
  # kubernetes:context: {environment}

  # Palette credentials, by names of your choice. Bind each to one Settings only.
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


@click.command("new")
@click.argument("tenant")
@click.argument("environment", metavar="ENV")
@partial(in_a_folder, purpose="The folder for the stack file.")
@click.pass_context
def command(ctx: click.Context, tenant: str, environment: str, folder: Path) -> None:
    """Write a stack file to start from, for TENANT in environment ENV, such as dev.

    An existing file is never overwritten.
    """
    stack = f"{tenant}.{environment}"
    diagnostics = [
        Diagnostic(
            "PAI007", f"{what} `{redacted(escaped(name))}` {why}, so no file was written.", "Choose another name."
        )
        for what, name, why in (
            ("tenant", tenant, label_problem(tenant, NAME_LIMIT - len(tenant_namespace("")))),
            ("environment", environment, label_problem(environment)),
            ("stack", stack, _too_long(stack)),
        )
        if why is not None
    ]
    if diagnostics:
        show(diagnostics, err=True)
        ctx.exit(2)
    path = folder / f"Pulumi.{stack}.yaml"
    at_home = (folder.parent / _SCHEMA).is_file()
    text = _TEMPLATE.format(
        schema=_SCHEMA.as_posix() if at_home else _OWN_SCHEMA,
        tenant=tenant,
        environment=environment,
        stack=stack,
        set_key=shell.set_key("default", stack),
        name=quoted(tenant),
        display_name=quoted(" ".join(word.capitalize() for word in tenant.split("-") if word)),
    )
    write_new(path, text.encode())
    click.echo(f"Wrote {escaped(str(path))}. Next:\n")
    for step in _steps(stack, folder, at_home):
        click.echo(f"  {step}")


def _steps(stack: str, folder: Path, at_home: bool) -> list[str]:
    project = folder.parent
    cwd = None if project == Path() else project
    steps = [] if at_home else [f"paletteai schema > {shell.word(project / _OWN_SCHEMA)}"]
    return [
        *steps,
        shell.command("pulumi stack init", stack, cwd=cwd),
        shell.set_key("default", stack, cwd),
        shell.command("paletteai check", stack, stacks=stacks_option(folder)),
    ]


def _too_long(stack: str) -> str | None:
    return f"has {len(stack)} characters, but Pulumi allows {_STACK_LIMIT}" if len(stack) > _STACK_LIMIT else None
