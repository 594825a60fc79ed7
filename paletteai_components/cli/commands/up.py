"""`paletteai up`: deploys each stack of an environment."""

from __future__ import annotations

from typing import Any

import click

from paletteai_components.cli.help import Command
from paletteai_components.cli.request import Request, on_an_environment


@click.command("up", cls=Command)
@on_an_environment
@click.option("--yes", "-y", is_flag=True, help="Deploy without a preview and without asking.")
@click.pass_context
def command(ctx: click.Context, /, yes: bool, **options: Any) -> None:
    """Deploy each stack of environment ENV. Needs the command `pulumi`.

    All stack files of the folder are checked first. A stack with an error is refused; the others
    are deployed. Without `--yes`, every stack is previewed first, and you confirm once for all.
    """
    from paletteai_components.cli.environment import change
    from paletteai_components.deployment import Operation

    ctx.exit(change(Request(**options), Operation.UP, Operation.PREVIEW, yes=yes))
