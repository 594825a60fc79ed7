"""The command: what can be known from files alone, without an engine, a cluster or a key.

Each subcommand is a module here. It is imported when it is called, so that none pays for another.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from importlib import import_module
from typing import Any, TextIO

import click

from paletteai_components import __version__
from paletteai_components.cli.output.report import show_error
from paletteai_components.errors import UserError

COMMANDS = {
    "check": "Say everything that is wrong in the stack files.",
    "plan": "Show what the stack files amount to.",
    "render": "Print the manifests of stacks, for kubectl.",
    "diff": "Say what a change of the stack files does.",
    "explain": "Explain a rule, or where a project's integrations come from.",
    "graph": "Draw tenants, Settings and projects, for Markdown or a browser.",
    "schema": "Print the JSON Schema of a stack file.",
    "new": "Write a stack file to start from.",
    "fingerprint": "Write the fingerprints of encrypted keys beside them.",
    "preview": "Show what would change in each stack of an environment.",
    "up": "Deploy each stack of an environment.",
    "refresh": "Read what the cluster has into Pulumi's state.",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            _give_up(error)
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UserError as error:
            show_error(error)
            ctx.exit(error.exit_code)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="paletteai")
@click.pass_context
def main(ctx: click.Context) -> None:
    """PaletteAI as code: check, plan and render stack files.

    Nothing here needs the pulumi command, a cluster or an API key, except `fingerprint` and
    `render --with-secrets`, which ask pulumi to open the keys, and `preview`, `up` and `refresh`,
    which run it.

    Exit code 0: fine. 1: problems were found. 2: something could not be read, or the command was
    called wrongly.
    """
    # A command is over soon, and nearly everything it makes is needed to its end.
    gc.set_threshold(500_000, 50, 100)
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    for stream in (sys.stdout, sys.stderr):
        _never_fails(stream)


def _give_up(error: OSError) -> None:
    """Say what could not be read or written."""
    reason = error.strerror or "the system does not say why"
    if error.filename is None:
        fact = f"the command ended before its end ({reason}), so its output is not complete."
        told = UserError(fact, "Check where that goes to.")
    else:
        fact = f"{os.fsdecode(error.filename)} could not be read or written ({reason}), so the command ended."
        told = UserError(fact, "Check the path and its permissions.")
    # The error stream may be as full.
    with contextlib.suppress(OSError):
        show_error(told)
    # What is still to be written would fail once more at the end.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with contextlib.suppress(OSError, ValueError):
            descriptor = stream.fileno()
            os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def _never_fails(stream: TextIO) -> None:
    # A terminal that cannot show a character gets its code instead of a traceback.
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
