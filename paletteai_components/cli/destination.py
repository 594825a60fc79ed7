"""Where the output of a command goes: the option `-o FILE`."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Any, cast

import click
from click.core import ParameterSource

from paletteai_components.cli.folder import Command
from paletteai_components.diagnostics import escaped
from paletteai_components.errors import UserError

# The format that an extension stands for.
_FORMATS = {
    ".html": "html",
    ".json": "json",
    ".md": "markdown",
    ".mmd": "mermaid",
    ".sarif": "sarif",
    ".txt": "text",
    ".xml": "junit",
    ".yaml": "yaml",
    ".yml": "yaml",
}

RENDERED = "# paletteai render\n"
"""The first line of a file with manifests."""

# Other tools write SARIF, too.
_SARIF = """{
  "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "paletteai",
"""

# How the files begin that commands write. Only a file that begins so may be overwritten.
_BEGINNINGS = tuple(
    beginning.encode()
    for beginning in (
        "flowchart LR\n  accTitle: Tenants, their Settings and projects",
        "<!doctype html>\n<!-- paletteai graph -->\n",
        "<!-- paletteai diff -->\n",
        "<!-- paletteai doctor -->\n",
        RENDERED,
        '{\n  "problems": [',
        _SARIF,
        # A Code Quality report of GitLab.
        "[]\n",
        '[\n  {\n    "check_name": "PAI',
        "<?xml version='1.0' encoding='us-ascii'?>\n<testsuites name=\"paletteai\"",
        '{\n  "stacks": [',
        '{\n  "version": 1,\n  "base": {\n    "name": ',
        '{\n  "version": 1,\n  "first": ',
        '{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "title": "A PaletteAI stack file"',
        '{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "title": "What `paletteai ',
    )
)


def to_a_file(command: Command, /, only: str | None = None, first_line: str = "") -> Command:
    """Add the option `-o FILE` to a command, which prints as if there were none.

    Without `--format`, the format follows from the file's extension. A file that no command has written is never
    overwritten.

    Args:
        command: The command, with or without the option `--format`.
        only: The format of a command without that option.
        first_line: What a file begins with, besides what is printed.
    """

    @wraps(command)
    def with_destination(*arguments: Any, output: Path | None, **options: Any) -> None:
        context = click.get_current_context()
        if output is None or output == Path("-"):
            command(*arguments, **options)
            return
        earlier = _earlier(output)
        chosen = _format_for(output, context, only)
        if only is None:
            options["output_format"] = chosen
        _write(output, earlier, lambda: command(*arguments, **options), first_line)

    option = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path, allow_dash=True),
        metavar="FILE",
        help="Write to a file; - is standard output. Its extension names the format.",
    )
    return cast("Command", option(with_destination))


def _format_for(output: Path, context: click.Context, only: str | None) -> str:
    """The format of a file: what `--format` says, else what its extension says, else the command's default."""
    chosen = only or str(context.params["output_format"])
    if context.get_parameter_source("output_format") is ParameterSource.COMMANDLINE:
        return chosen
    # As in `report.sarif.json`.
    named = "sarif" if output.name.lower().endswith(".sarif.json") else _FORMATS.get(output.suffix.lower())
    if named is None:
        return chosen
    types = (each.type for each in context.command.params if each.name == "output_format")
    formats = next((list(each.choices) for each in types if isinstance(each, click.Choice)), [only])
    if named not in formats:
        *first, last = (f"`{extension}`" for extension, form in _FORMATS.items() if form in formats)
        extensions = f"{', '.join(first)} or {last}" if first else last
        raise UserError(
            f"the command `{context.info_name}` has no format for `{escaped(output.suffix)}`, so nothing was written.",
            f"Name a file that ends in {extensions}.",
        )
    return named


def _write(path: Path, earlier: bytes | None, run: Callable[[], None], first_line: str) -> None:
    """Run a command and write what it prints into a file, also if it ends with an error then."""
    from paletteai_components.cli.files import replace, write_new

    printed = io.TextIOWrapper(
        io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="", write_through=True
    )
    ended: click.exceptions.Exit | UserError | None = None
    try:
        with redirect_stdout(printed):
            run()
    except (click.exceptions.Exit, UserError) as error:
        ended = error
    # Colours that are forced are for whoever looks at the output.
    text = click.unstyle(printed.buffer.getvalue().decode())
    if text:
        data = (first_line + text).encode()
        if earlier is None:
            write_new(path, data)
        else:
            replace(path, earlier, data)
        click.echo(f"Wrote {escaped(str(path))}, {-(-len(data) // 1024):,} KiB.")
    if ended is not None:
        raise ended


def _earlier(path: Path) -> bytes | None:
    """Read the output to overwrite, if there is one. Refuses any other file, before any work starts."""
    from paletteai_components.cli.files import refuse_links
    from paletteai_components.stacks.files import bytes_of

    if path.name.startswith("Pulumi."):
        raise UserError(f"{path} is named like a file of Pulumi, so nothing was written there.", "Name another file.")
    refuse_links(path)
    if os.path.islink(path):
        raise UserError(f"{path} is a link, so nothing was written.", "Name a file, or remove the link first.")
    if not path.exists():
        return None
    if not path.is_file():
        raise UserError(f"{path} is not a file, so nothing was written.", "Name a file.")
    try:
        old = bytes_of(path)
    except OSError as error:
        raise UserError(
            f"{path} could not be read ({error.strerror}), so it was left as it is.", "Name another file."
        ) from None
    if old and not old.startswith(_BEGINNINGS):
        raise UserError(
            f"{path} already exists and is not an earlier output, so it was left as it is.",
            "Name another file, or remove it first.",
        )
    return old
