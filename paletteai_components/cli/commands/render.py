"""`paletteai render`: the manifests of stacks as YAML for kubectl."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

import click

from paletteai_components.cli.output.report import counted, plural, show
from paletteai_components.cli.selection import choosing_stacks, selected
from paletteai_components.diagnostics import Problem, escaped
from paletteai_components.errors import UserError
from paletteai_components.kube.manifests import Manifest, objects_of
from paletteai_components.listing import listed
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.stack import Stack

_LISTED = 10


@click.command("render")
@choosing_stacks
@click.option(
    "--crds",
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="The cluster's CRDs; a manifest that does not keep to them is refused.",
)
@click.option(
    "--with-secrets",
    "secrets_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write everything, Secrets too, into a new file that only you can read. Needs the pulumi command.",
)
@click.pass_context
def command(
    ctx: click.Context, names: tuple[str, ...], folder: Path, crds: Path | None, secrets_file: Path | None
) -> None:
    """Print the manifests of the named STACKs, which are of one cluster, for

        kubectl apply --server-side -f -

    Secrets are left out: without their keys they would destroy the real ones. Nothing is printed
    where there are errors.
    """
    selection = selected(names, folder, crds)
    if selection.exit_code:
        _refuse(ctx, selection.problems, selection.exit_code)
    clusters = dict.fromkeys(redacted(stack.cluster_name) for stack in selection.stacks)
    if len(clusters) > 1:
        raise UserError(
            f"these stacks are of {len(clusters)} clusters ({', '.join(clusters)}), and kubectl applies to one.",
            "Name the stacks of one cluster.",
        )
    if secrets_file is not None:
        from paletteai_components.cli.files import refuse_existing, write_new
        from paletteai_components.cli.opened import manifests_with_data, opened

        refuse_existing(secrets_file)
        problems, stacks, keys = opened(selection, folder)
        if problems:
            _refuse(ctx, problems, 1)
        manifests = list(manifests_with_data(stacks, keys))
        write_new(secrets_file, _yaml_of(manifests).encode(), private=True)
        click.echo(f"{plural(len(manifests), 'object')} written to {escaped(str(secrets_file))}, keys among them.")
        return
    manifests = [
        each.manifest
        for stack in selection.stacks
        if stack.topology
        for each in objects_of(stack.topology, stack.vendor)
        if each.kind != "Secret"
    ]
    show([each for each in selection.problems if each.code == "PAI016"], err=True)
    click.echo(_yaml_of(manifests), nl=False)
    _tell(selection.stacks)


def _yaml_of(manifests: list[Manifest]) -> str:
    from paletteai_components.pulumi_yaml.writer import yaml_of

    return yaml_of(manifests)


def _tell(stacks: Iterable[Stack]) -> None:
    """Say what is missing in what was printed."""
    made = [
        settings
        for stack in stacks
        if stack.topology
        for settings in stack.topology.settings
        if settings.palette_secret and settings.palette_secret.made
    ]
    if made:
        secrets = [f"{each.namespace}/{each.palette_secret.name}" for each in made if each.palette_secret]
        _note(
            f"left out: Secret {listed(map(named, secrets), _LISTED)}. Without a key it would destroy the real one; "
            "`--with-secrets FILE` writes everything."
        )
    unknown = [str(each) for each in made if each.integration and each.integration.fingerprint_in_force is None]
    if unknown:
        _note(
            f"without fingerprint: Settings {listed(map(named, unknown), _LISTED)}. On the cluster nobody could tell "
            "which credential it carries; `paletteai fingerprint` writes them."
        )
    imported = [stack.name for stack in stacks if stack.imports]
    if imported:
        _note(f"not known here: what stack {listed(map(named, imported), _LISTED)} imports from Pulumi ESC.")


def _note(text: str) -> None:
    click.echo(f"{click.style('note', fg='cyan', bold=True)}: {text}", err=True)


def _refuse(ctx: click.Context, problems: Iterable[Problem], code: int) -> NoReturn:
    problems = list(problems)
    show(problems, err=True)
    click.echo(f"{counted(problems)}; nothing was rendered.", err=True)
    ctx.exit(code)
