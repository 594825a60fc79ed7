"""The `paletteai` command.

Each subcommand is a module in `commands/`, imported only when it is called: no command pays for another's imports.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from paletteai_components.cli.completion import VARIABLE, answering
from paletteai_components.cli.help import Command
from paletteai_components.cli.inside import inside
from paletteai_components.cli.output.report import show_error
from paletteai_components.cli.output.streams import discard, end_without_reader, prepare_streams
from paletteai_components.cli.version import show_version
from paletteai_components.errors import UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": "Make a repository for stack files.",
    "check": "Report every problem in the stack files.",
    "plan": "Show what the stack files declare.",
    "render": "Print the manifests of stacks, for kubectl.",
    "crds": "Hold the vendor's fields against the CRDs of a cluster.",
    "diff": "Show what a change to the stack files does.",
    "explain": "Explain a rule, or where a project gets its integrations.",
    "graph": "Draw tenants, Settings and projects, for Markdown or a browser.",
    "schema": "Print the JSON Schema of a stack file, or of a command's JSON.",
    "new": "Write a stack file to start from.",
    "fingerprint": "Write a fingerprint beside each encrypted key.",
    "doctor": "Report what is wrong on a cluster, whoever made it.",
    "adopt": "Write stack files for what is on a cluster already.",
    "stacks": "List the stacks, or those that a change reaches.",
    "preview": "Show what would change in each stack of an environment.",
    "up": "Deploy each stack of an environment.",
    "refresh": "Update Pulumi's state from the cluster.",
    "operator": "Write Stack objects for the Pulumi Kubernetes Operator.",
    "ci": "Choose jobs, preview, deploy and comment, in a workflow.",
    "completion": "Print the script with which a shell completes all this.",
}


class _Commands(Command, click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"{__name__}.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in COMMANDS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        from paletteai_components.cli.usage import unknown_command

        raise unknown_command(name, ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        # No command is imported for its line of help.
        commands = [
            CompletionItem(name, help=summary) for name, summary in COMMANDS.items() if name.startswith(incomplete)
        ]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if VARIABLE in os.environ:
            with answering():
                return super().main(*args, **kwargs)
        prepare_streams()
        _keep_libraries_quiet()
        try:
            return super().main(*args, **kwargs)
        except UserError as error:
            show_error(error)
            sys.exit(error.exit_code)
        except BrokenPipeError:
            end_without_reader()
        except OSError as error:
            _show_os_error(error)
            sys.exit(2)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        # It prints `--help`.
        with _ended_without_reader(), _in_own_form(click.Context(self)):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _ended_without_reader():
            try:
                with _in_own_form(ctx):
                    return super().invoke(ctx)
            except UserError as error:
                show_error(error)
                ctx.exit(error.exit_code)


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_version,
    help="Show the versions of this package, of Python, of the libraries that matter and of Pulumi.",
)
@click.option(
    "-C",
    "folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Run as if started in DIR. Paths in options and in the output are relative to it.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Whether the output has colours. With auto, on a terminal; NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE count.",
)
@click.pass_context
def main(ctx: click.Context, folders: tuple[Path, ...], color: str) -> None:
    """PaletteAI as code: check, plan and render stack files.

    Most commands read files only. `crds` reads files or a cluster. `fingerprint` and
    `render --with-secrets` call pulumi to decrypt the keys; `preview`, `up` and `refresh` run pulumi.
    """
    ctx.color = _is_coloured(color)
    for folder in folders:
        ctx.with_resource(inside(folder))


def _is_coloured(option: str) -> bool | None:
    """Whether the output has colours; None if each stream decides, by whether it is a terminal."""
    if option != "auto":
        return option == "always"
    if os.environ.get("NO_COLOR"):
        return False
    forced = (os.environ.get(name, "") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    return True if any(value not in {"", "0", "false"} for value in forced) else None


@contextlib.contextmanager
def _ended_without_reader() -> Iterator[None]:
    # click would exit with 1, which means that errors were found.
    try:
        yield
    except BrokenPipeError:
        end_without_reader()


@contextlib.contextmanager
def _in_own_form(context: click.Context) -> Iterator[None]:
    """Raise a wrong call of the command of a context, or of its subcommand, as a UserError."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        from paletteai_components.cli.usage import wrong_call

        raise wrong_call(error, context) from None


def _keep_libraries_quiet() -> None:
    # A library's warning is for us and not for the user. The filters stay as they are, so tests see it.
    if not sys.warnoptions:
        warnings.showwarning = lambda *_, **__: None


def _show_os_error(error: OSError) -> None:
    reason = error.strerror or "the system gives no reason"
    if error.filename is None:
        shown = UserError(
            f"the command stopped early ({reason}), so its output is incomplete.", "Check its destination."
        )
    else:
        fact = f"{os.fsdecode(error.filename)} could not be read or written ({reason}), so the command stopped."
        shown = UserError(fact, "Check the path and its permissions.")
    # The error stream may be full, too.
    with contextlib.suppress(OSError):
        show_error(shown)
    discard(sys.stdout, sys.stderr)
