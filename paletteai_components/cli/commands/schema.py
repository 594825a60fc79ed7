"""`paletteai schema`: the JSON Schema of a stack file, or of what a command prints."""

from __future__ import annotations

from functools import partial

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.help import Command
from paletteai_components.cli.output.report import show_json
from paletteai_components.errors import UserError
from paletteai_components.listing import listed
from paletteai_components.naming import did_you_mean
from paletteai_components.redaction import redacted


def _commands(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from paletteai_components.cli.schema import RECORDS

    line = " ".join((*(ctx.params.get("words") or ()), incomplete))
    return [name.removeprefix(line.removesuffix(incomplete)).split()[0] for name in RECORDS if name.startswith(line)]


@click.command("schema", cls=Command)
@click.argument("words", metavar="[COMMAND]", nargs=-1, shell_complete=_commands)
@partial(to_a_file, only="json")
def command(words: tuple[str, ...]) -> None:
    """Print the JSON Schema of a stack file, which editors use to complete and check it.

    The first line of a stack file names the schema: # yaml-language-server: $schema=PATH

    With COMMAND, print the schema of what that command prints with `--format json`.
    """
    if not words:
        from paletteai_components.schema import stack_schema

        show_json(stack_schema())
        return
    from paletteai_components.cli.schema import RECORDS, output_schema

    name = " ".join(words)
    if name not in RECORDS:
        known = listed((f"`{each}`" for each in RECORDS), len(RECORDS))
        raise UserError(
            f"the command `{redacted(name)}` prints no JSON that has a schema, so nothing was done.",
            did_you_mean(name, RECORDS) or f"These commands do: {known}.",
        )
    show_json(output_schema(name))
