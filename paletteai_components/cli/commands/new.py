"""`paletteai new`: a stack file to start from."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from paletteai_components.cli.files import write_new
from paletteai_components.cli.folder import in_a_folder
from paletteai_components.cli.output.report import show
from paletteai_components.diagnostics import Problem, escaped
from paletteai_components.naming import NAME_LIMIT, label_problem, tenant_namespace
from paletteai_components.pulumi_yaml.writer import quoted
from paletteai_components.redaction import redacted

_SCHEMA = Path("paletteai_components", "schema", "stack.json")
_STACK_LIMIT = 100
_OWN_SCHEMA = "stack.schema.json"

_TEMPLATE = """\
# yaml-language-server: $schema=../{schema}
#
# Tenant {tenant} in {environment}. `paletteai check {stack}` says what is missing or wrong here.
config:
  # The cluster, as your kubeconfig calls it.
  # kubernetes:context: {environment}

  # Palette credentials, by a name of your choice. Each is bound to one Settings only.
  paletteai:integrations:
    default:
      hostUrl: https://api.spectrocloud.com
      # The Palette tenant's name, and the Palette project that is used when none is named. Fill in:
      # tenant: example-tenant
      # defaultProjectID: "651234567890123456789012"
      # The key is encrypted by Pulumi, never written by hand:
      #   pulumi config set --secret --path 'paletteai:integrations.default.apiKey' --stack {stack}

  paletteai:tenant:
    name: {name}
    displayName: {display_name}
    # Groups of the identity provider that hold the tenant role.
    # groups: [{tenant}-admins]
    # The ComputeConfig of every project that names none, in the tenant's namespace.
    computeConfigRef: {{name: default}}
    settings:
      # Every project falls back to the Settings called default.
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
    """Write the stack file of a TENANT in an environment (ENV), such as dev, to start from.

    A file that is there already is never written over.
    """
    stack = f"{tenant}.{environment}"
    problems = [
        Problem("PAI007", f"the {what} {redacted(escaped(name))} {why}; no file was written.", "Choose another name.")
        for what, name, why in (
            ("tenant", tenant, label_problem(tenant, NAME_LIMIT - len(tenant_namespace("")))),
            ("environment", environment, label_problem(environment)),
            ("stack", stack, _too_long(stack)),
        )
        if why is not None
    ]
    if problems:
        show(problems, err=True)
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
    chosen = "" if folder == Path("stacks") else f" --stacks {escaped(str(folder))}"
    steps = [] if at_home else [f"paletteai schema > {escaped(str(folder.parent / _OWN_SCHEMA))}"]
    return [
        *steps,
        f"pulumi stack init {stack}",
        f"pulumi config set --secret --path 'paletteai:integrations.default.apiKey' --stack {stack}",
        f"paletteai check {stack}{chosen}",
    ]


def _too_long(stack: str) -> str | None:
    return f"has {len(stack)} characters, Pulumi allows {_STACK_LIMIT}" if len(stack) > _STACK_LIMIT else None
