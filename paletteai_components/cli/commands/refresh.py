"""`paletteai refresh`: updates Pulumi's state of each stack of an environment from the cluster."""

from __future__ import annotations

from typing import Any

import click

from paletteai_components.cli.help import Command
from paletteai_components.cli.request import Request, on_an_environment


@click.command("refresh", cls=Command)
@on_an_environment
@click.option("--yes", "-y", is_flag=True, help="Refresh without a preview and without asking.")
@click.pass_context
def command(ctx: click.Context, /, yes: bool, **options: Any) -> None:
    """Update Pulumi's state of each stack of environment ENV from the cluster. Needs the command `pulumi`.

    Nothing on the cluster changes. Without `--yes`, every refresh is previewed first, and you confirm
    once for all.
    """
    from paletteai_components.cli.environment import change
    from paletteai_components.deployment import Operation

    ctx.exit(change(Request(**options), Operation.REFRESH, Operation.PREVIEW_REFRESH, yes=yes))
