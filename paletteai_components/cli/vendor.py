"""What a command has to be told of the PaletteAI whose objects it reads: `--vendor-field` and `--merged-settings`."""

from __future__ import annotations

from typing import Any, cast

import click

from paletteai_components.cli.folder import Command
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import redacted


def describing_the_vendor(command: Command, /, purpose: str = "") -> Command:
    """Add the options to a command, which takes `vendor_fields` and `merged_settings`; the latter is None if not given.

    Args:
        command: The command.
        purpose: What their help texts begin with.
    """
    fields, merged = (
        f"{(purpose + text)[0].upper()}{(purpose + text)[1:]}"
        for text in (
            "the path of a vendor field that this package assumes. Repeatable.",
            "whether this PaletteAI merges Settings per integration (1.1 and later do).  [default: merged-settings]",
        )
    )
    decorated: Any = click.option("--merged-settings/--no-merged-settings", default=None, help=merged)(command)
    option = click.option(
        "--vendor-field", "vendor_fields", multiple=True, metavar="NAME=PATH", callback=_vendor_fields, help=fields
    )
    return cast("Command", option(decorated))


def _vendor_fields(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """Other paths of the vendor's fields, each given as `NAME=PATH`, by the rules of `paletteai:vendorFields`."""
    if not given:
        return {}
    from paletteai_components.kube.palette_api import ASSUMED, FIELDS, PaletteApi, fault_of

    def refused(fact: str) -> click.BadParameter:
        return click.BadParameter(fact, ctx, parameter)

    found: dict[str, str] = {}
    for each in given:
        name, _, path = each.partition("=")
        if name not in ASSUMED:
            hint = did_you_mean(name, ASSUMED) or f"There are these: {', '.join(f'`{each}`' for each in ASSUMED)}."
            raise refused(f"`{redacted(name)}` is no field whose path is assumed. {hint}")
        if fault := fault_of(path):
            raise refused(f"the path of `{name}` {fault}. Write it like `{name}={FIELDS[name].path}`.")
        if found.setdefault(name, path) != path:
            raise refused(f"`{name}` has two paths. Keep one of them.")
    api = PaletteApi(fields=found)
    for name in found:
        if rival := api.rival_of(name):
            raise refused(f"the path of `{name}` overlaps the path of `{rival}`. Give each field its own path.")
    return found
