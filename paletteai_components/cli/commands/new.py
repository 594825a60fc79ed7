"""`paletteai new`: a stack file to start from."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from paletteai_components.cli.files import write_new
from paletteai_components.cli.folder import in_a_folder, stacks_option
from paletteai_components.cli.output.report import show
from paletteai_components.diagnostics import Diagnostic, escaped, shell_word
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

  # Palette credentials, keyed by a name that you choose. Bind each to one Settings only.
  paletteai:integrations:
    default:
      hostUrl: https://api.spectrocloud.com
      # The name of the Palette tenant, and the Palette project to use by default. Fill in:
      # tenant: example-tenant
      # defaultProjectID: "651234567890123456789012"
      # Pulumi encrypts the key; never write it by hand:
      #   pulumi config set --secret --path 'paletteai:integrations.default.apiKey' --stack {stack}

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
    too_long = f"has {len(stack)} characters, but Pulumi allows {_STACK_LIMIT}"
    diagnostics = [
        Diagnostic(
            "PAI007", f"{what} `{redacted(escaped(name))}` {why}, so no file was written.", "Choose another name."
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
    path = folder / f"Pulumi.{stack}.yaml"
    at_home = (folder.parent / _SCHEMA).is_file()
    text = _TEMPLATE.format(
        schema=_SCHEMA.as_posix() if at_home else _OWN_SCHEMA,
        tenant=tenant,
        environment=environment,
        stack=stack,
        name=quoted(tenant),
        display_name=quoted(" ".join(word.capitalize() for word in tenant.split("-") if word)),
    )
    write_new(path, text.encode())
    click.echo(f"Wrote {escaped(str(path))}. Next:\n")
    for step in _steps(stack, folder, at_home):
        click.echo(f"  {step}")


def _steps(stack: str, folder: Path, at_home: bool) -> list[str]:
    project = folder.parent
    pulumi = "pulumi" if project == Path() else f"pulumi --cwd {shell_word(project)}"
    steps = [] if at_home else [f"paletteai schema > {shell_word(project / _OWN_SCHEMA)}"]
    return [
        *steps,
        f"{pulumi} stack init {stack}",
        f"{pulumi} config set --secret --path 'paletteai:integrations.default.apiKey' --stack {stack}",
        f"paletteai check {stack}{stacks_option(folder)}",
    ]
