"""`paletteai preview`: what would change in each stack of an environment."""

from __future__ import annotations

from typing import Any

import click

from paletteai_components.cli.help import Command
from paletteai_components.cli.request import Request, on_an_environment


@click.command("preview", cls=Command)
@on_an_environment
@click.pass_context
def command(ctx: click.Context, /, **options: Any) -> None:
    """Show what `up` would change in each stack of environment ENV. Needs the command `pulumi`.

    All stack files of the folder are checked first. A stack with an error is refused; the others
    are previewed.
    """
    from paletteai_components.cli.environment import preview

    ctx.exit(preview(Request(**options)))
