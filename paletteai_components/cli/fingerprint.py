"""`paletteai fingerprint`: which credential an encrypted key is, written beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from paletteai_components.cli.report import show
from paletteai_components.cli.selection import choosing_stacks, selected
from paletteai_components.credential import (
    digest_of,
    fingerprint_of,
    host_problem,
    is_placeholder,
)
from paletteai_components.problem import escaped
from paletteai_components.spec import FingerprintSpec, IntegrationSpec
from paletteai_components.stack import Stack


@click.command("fingerprint")
@choosing_stacks
@click.option("--host", metavar="URL", help="Read a key and print its fingerprint on this Palette host instead.")
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...], folder: Path, host: str | None) -> None:
    """Write a fingerprint beside every encrypted key of the named STACKs that has none for it.

    The pulumi command opens the keys; none is shown or kept. A fingerprint tells that two keys are
    the same, and nothing else about them, so it can be committed.

    With --host nothing is written and pulumi is not needed: the key is typed in, or comes by a pipe.
    """
    if host is not None:
        if names:
            raise click.UsageError("name stacks, or a host with `--host`, not both.")
        click.echo(_typed(host))
        return
    selection = selected(names, folder)
    if not selection.complete:
        show(selection.problems, err=True)
        ctx.exit(2)
    for stack in selection.stacks:
        _write(stack, folder)


def _typed(host: str) -> str:
    why = host_problem(host)
    if why:
        raise click.UsageError(f"the host {why}. Write it like https://api.spectrocloud.com.")
    key = click.prompt("API key", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if is_placeholder(key):
        raise click.UsageError("the key is empty or a placeholder. Type it, or send it by a pipe.")
    return fingerprint_of(host, key)


def _write(stack: Stack, folder: Path) -> None:
    integrations = stack.spec.integrations if stack.spec else {}
    lacking = {name for name, each in integrations.items() if _ciphertext_of(each) and each.fingerprint_in_force is None}
    written: dict[str, FingerprintSpec] = {}
    if lacking:
        from paletteai_components.cli.opened import project_of
        from paletteai_components.cli.splice import with_fingerprints
        from paletteai_components.engine import opened_keys

        path = Path(stack.file)
        keys = opened_keys(stack.name, project_of(folder))
        for name in sorted(lacking & keys.keys()):
            host, ciphertext = integrations[name].host_url, _ciphertext_of(integrations[name])
            if host and ciphertext:
                value = fingerprint_of(host, keys[name])
                written[name] = FingerprintSpec(value=value, ciphertext=digest_of(ciphertext))
    for name, integration in integrations.items():
        ...
