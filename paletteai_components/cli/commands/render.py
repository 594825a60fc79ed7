"""`paletteai render`: the manifests of stacks as YAML, for kubectl."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from paletteai_components import shell
from paletteai_components.cli.destination import RENDERED, to_a_file
from paletteai_components.cli.folder import stacks_option
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import counted, plural, show
from paletteai_components.cli.selection import Choice, choosing_stacks, of_one_cluster, selected
from paletteai_components.diagnostics import Diagnostic, escaped
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.redaction import named

if TYPE_CHECKING:
    from paletteai_components.kube.manifests import Manifest
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack

_LISTED = 10


@click.command("render", cls=Command)
@choosing_stacks
@partial(to_a_file, only="yaml", first_line=RENDERED)
@click.option(
    "--crds",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR|-",
    help="The cluster's CRDs. A manifest that does not match them is an error.",
)
@click.option(
    "--with-secrets",
    "secrets_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write all objects, including Secrets, to a new file that only you can read. Needs the pulumi command.",
)
@click.pass_context
def command(
    ctx: click.Context, choice: Choice, folder: StackFolder, crds: Path | None, secrets_file: Path | None
) -> None:
    """Print the manifests of the chosen stacks, which must be for one cluster.

    The output is for `kubectl apply --server-side -f -`.

    Secrets are left out: a Secret without its key would destroy the real one. If there are errors,
    nothing is printed.
    """
    if secrets_file is not None and ctx.params["output"] is not None:
        raise UserError(
            "`--with-secrets` writes to a file of its own, so nothing was written.", "Leave out `--output`."
        )
    selection = selected(choice, folder, crds)
    if selection.exit_code:
        _refuse(ctx, selection.diagnostics, selection.exit_code)
    of_one_cluster(selection.stacks, "but kubectl applies to one, so nothing was rendered")
    if secrets_file is not None:
        from paletteai_components.cli.files import refuse_existing, write_new
        from paletteai_components.cli.opened import manifests_with_data, opened

        refuse_existing(secrets_file)
        diagnostics, stacks, keys = opened(selection, folder)
        if diagnostics:
            _refuse(ctx, diagnostics, 1)
        manifests = list(manifests_with_data(stacks, keys))
        write_new(secrets_file, _yaml_of(manifests).encode(), private=True)
        click.echo(f"Wrote {plural(len(manifests), 'object')} to {escaped(str(secrets_file))}, including keys.")
        return
    objects = (each for stack in selection.stacks for each in stack.objects)
    manifests = [each.manifest for each in objects if each.kind != "Secret"]
    show([each for each in selection.diagnostics if each.code == "PAI016"], err=True)
    click.echo(_yaml_of(manifests), nl=False)
    _note_omissions(selection.stacks, folder)


def _yaml_of(manifests: list[Manifest]) -> str:
    from paletteai_components.pulumi_yaml.writer import yaml_of

    return yaml_of(manifests)


def _note_omissions(stacks: Iterable[Stack], folder: StackFolder) -> None:
    managed = [
        settings
        for stack in stacks
        if stack.plan
        for settings in stack.plan.settings
        if settings.palette_secret and settings.palette_secret.managed
    ]
    if managed:
        secrets = [f"{each.namespace}/{each.palette_secret.name}" for each in managed if each.palette_secret]
        _note(
            f"left out: Secret {_quoted_list(secrets)}. Applied without its key, it would destroy the real one; "
            "`--with-secrets FILE` writes all objects."
        )
    unknown = [str(each) for each in managed if each.integration and each.integration.fingerprint_in_force is None]
    if unknown:
        fingerprint = shell.command("paletteai fingerprint", stacks=stacks_option(folder))
        _note(
            f"without fingerprint: Settings {_quoted_list(unknown)}. The cluster will not show which credential it "
            f"carries; `{fingerprint}` writes the fingerprints."
        )
    imported = [stack.name for stack in stacks if stack.imports]
    if imported:
        _note(f"not included: what stack {_quoted_list(imported)} imports from Pulumi ESC.")


def _quoted_list(names: Iterable[str]) -> str:
    return listed((f"`{named(name)}`" for name in names), _LISTED)


def _note(text: str) -> None:
    click.echo(f"{click.style('note', fg='cyan', bold=True)}: {text}", err=True)


def _refuse(ctx: click.Context, diagnostics: Iterable[Diagnostic], code: int) -> NoReturn:
    diagnostics = list(diagnostics)
    show(diagnostics, err=True)
    click.echo(f"{counted(diagnostics)}; nothing was rendered.", err=True)
    ctx.exit(code)
