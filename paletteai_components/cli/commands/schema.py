"""`paletteai schema`: the JSON Schema of a stack file."""

from __future__ import annotations

from functools import partial

import click

from paletteai_components.cli.destination import to_a_file
from paletteai_components.cli.output.report import show_json


@click.command("schema")
@partial(to_a_file, only="json")
def command() -> None:
    """Print the JSON Schema of a stack file, which editors use to complete and check it.

    The first line of a stack file names the schema: # yaml-language-server: $schema=PATH
    """
    from paletteai_components.schema import stack_schema

    show_json(stack_schema())
