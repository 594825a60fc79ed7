"""`paletteai completion`: the script with which a shell completes the command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from paletteai_components.cli.completion import SHELLS, VARIABLE
from paletteai_components.cli.help import Command

if TYPE_CHECKING:
    from click.shell_completion import ShellComplete


@click.command("completion", cls=Command)
@click.argument("shell", metavar="bash|zsh|fish", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the script with which a shell completes commands, options, their values and the names of stacks.

    The names are those of the stack files that the command would read, also after `-C DIR` and `--stacks DIR`.

    Bash has to be 4.4 or newer.
    """
    from click.shell_completion import BashComplete, FishComplete, ZshComplete

    of_shell: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}
    click.echo(of_shell[shell](ctx.find_root().command, {}, "paletteai", VARIABLE).source(), nl=False)
