"""`paletteai fingerprint`: writes a fingerprint beside each encrypted key."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from paletteai_components.cli.folder import project_of
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import plural, show, show_error
from paletteai_components.cli.selection import Choice, choosing_stacks, selected
from paletteai_components.diagnostics import escaped
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.redaction import named

# The most bytes of standard input that are read; no key is as long.
_LONGEST = 64 * 1024
_LISTED = 10

if TYPE_CHECKING:
    from paletteai_components.model.spec import FingerprintSpec, IntegrationSpec
    from paletteai_components.stacks.folder import StackFolder
    from paletteai_components.stacks.stack import Stack


@click.command("fingerprint", cls=Command)
@choosing_stacks
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read one key from the terminal or a pipe, and print its fingerprint."
)
@click.pass_context
def command(ctx: click.Context, choice: Choice, folder: StackFolder, from_stdin: bool) -> None:
    """Write a fingerprint beside each encrypted key of the chosen stacks.

    The pulumi command decrypts the keys; no key is printed or stored. A fingerprint shows only
    whether two keys are the same, so it is safe to commit.

    With --stdin nothing is written, and pulumi is not needed.
    """
    if from_stdin:
        if choice.is_narrow:
            raise UserError("`--stdin` reads one key, so it takes no stacks.", "Name stacks, or pass `--stdin`.")
        click.echo(_read_fingerprint())
        return
    selection = selected(choice, folder)
    if selection.unreadable:
        from paletteai_components.stacks.workspace import files_of

        files = files_of(selection.stacks)
        others = (each for each in selection.diagnostics if files.isdisjoint(at.file for at in each.where))
        show(others, err=True)
    ctx.exit(max(_write_all(selection.stacks, folder), 2 if selection.unreadable else 0))


def _read_fingerprint() -> str:
    from paletteai_components.credentials import fingerprint_of, key_problem

    key = click.prompt("API key", hide_input=True, err=True) if sys.stdin.isatty() else _piped_key()
    why = key_problem(key)
    if why:
        raise UserError(f"the key {why}.", "Type a Palette API key, or pipe one in.")
    return fingerprint_of(key)


def _piped_key() -> str:
    """The text on standard input, all of it: a second line would not be part of the key."""
    try:
        piped = sys.stdin.buffer.read(_LONGEST)
    except OSError as error:
        fact = f"standard input could not be read ({error.strerror}), so there is no key."
        raise UserError(fact, "Type a Palette API key, or pipe one in.") from None
    if piped.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UserError("standard input is in UTF-16, so no key was read.", "Pipe the key in as UTF-8.")
    # PowerShell writes the mark of UTF-8 in front.
    return piped.decode("utf-8-sig", errors="replace")


def _write_all(stacks: Sequence[Stack], folder: StackFolder) -> int:
    """Write the missing fingerprints of all stacks, whatever happens to one of them, and return the exit code."""
    done: list[bool] = []
    errors: dict[str, UserError] = {}
    for stack in stacks:
        try:
            done.append(_write_missing(stack, folder))
        except UserError as error:
            # Where pulumi is missing, every stack has the same error.
            if str(error) not in map(str, errors.values()):
                show_error(error)
            errors[stack.name] = error
    if errors and len(stacks) > 1:
        names = listed((f"`{escaped(name)}`" for name in errors), _LISTED)
        click.echo(f"{len(errors):,} of {plural(len(stacks), 'stack')} got no fingerprints: {names}.", err=True)
    return 2 if errors else int(not all(done))


def _write_missing(stack: Stack, folder: StackFolder) -> bool:
    """Write the missing fingerprints of a stack, and return whether every key has one now."""
    integrations = stack.integrations
    sealed = {name: each for name, each in integrations.items() if _is_sealed(each)}
    found, refused = _open_and_fingerprint(stack, sealed, folder) if sealed else ({}, {})
    written = {name: each for name, each in found.items() if integrations[name].fingerprint != each}
    if written:
        _write_fingerprints(stack, written)
    for name, integration in integrations.items():
        outcome = "written" if name in written else refused.get(name) or _no_fingerprint_reason(integration)
        click.echo(f"{escaped(stack.name)} {named(name)}: {outcome}")
    return not refused and not any(each.api_key and not _is_sealed(each) for each in integrations.values())


def _is_sealed(integration: IntegrationSpec) -> bool:
    return bool(integration.api_key and integration.api_key.ciphertext)


def _no_fingerprint_reason(integration: IntegrationSpec) -> str:
    if integration.existing_secret is not None:
        return "none, `credential` identifies an existing Secret"
    if integration.api_key is None:
        return "none, it has no key"
    return "unchanged" if _is_sealed(integration) else "none, the key is not encrypted"


def _open_and_fingerprint(
    stack: Stack, wanted: Mapping[str, IntegrationSpec], folder: StackFolder
) -> tuple[dict[str, FingerprintSpec], dict[str, str]]:
    """Decrypt keys, and return their fingerprints, and for the others why there is none."""
    from paletteai_components.credentials import key_problem
    from paletteai_components.deployment.decryption import opened_keys
    from paletteai_components.model.spec import FingerprintSpec

    keys = opened_keys(stack.name, project_of(folder))
    found: dict[str, FingerprintSpec] = {}
    refused: dict[str, str] = {}
    for name, integration in wanted.items():
        key, host, sealed = keys.get(name), integration.host_url, integration.api_key
        why = None if key is None else key_problem(key)
        if key is None or sealed is None or sealed.ciphertext is None:
            refused[name] = "none, pulumi returned no key for it"
        elif not host:
            refused[name] = "none, it has no `hostUrl`"
        elif why:
            refused[name] = f"none, its key {why}"
        else:
            found[name] = FingerprintSpec.of(key, stack.name, host, sealed.ciphertext)
    return found, refused


def _write_fingerprints(stack: Stack, fingerprints: Mapping[str, FingerprintSpec]) -> None:
    from paletteai_components.cli.files import edit
    from paletteai_components.stacks.editor import with_fingerprints

    # The keys were decrypted for the content read before; the file may have changed since.
    read = stack.documents[0]
    edit(read, lambda old: with_fingerprints(old, read, fingerprints))
