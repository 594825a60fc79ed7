"""`paletteai schema`: the JSON Schema of a stack file."""

from __future__ import annotations

import click

from paletteai_components.cli.output.report import show_json


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a stack file, which editors use to complete and check it.

    The first line of a stack file names the schema: # yaml-language-server: $schema=PATH
    """
    from paletteai_components.schema import stack_schema

    show_json(stack_schema())
