"""Pulumi for one stack, as a job of a workflow runs it."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from paletteai_components.ci.log import run_for_log
from paletteai_components.deployment.command import WORKS_WITHOUT, find_command
from paletteai_components.deployment.decryption import EngineError
from paletteai_components.errors import UserError

FLAGS = {"preview": ("--diff",), "up": ("--yes",)}
"""The operations, and how Pulumi is called for each."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONTENT = "KUBECONFIG_CONTENT"
# A workflow sees a missing secret as an empty variable, and Pulumi takes an empty passphrase for a passphrase.
_SECRETS = ("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", _CONTENT)


def run_stack(operation: str, stack: str, project: Path) -> int:
    """Run an operation on a stack, and return Pulumi's exit code.

    Args:
        operation: One of `FLAGS`.
        stack: The name of the stack.
        project: The folder of the Pulumi project, in which this process runs.

    Raises:
        UserError: The name is not one of a stack, or there is no pulumi command.
    """
    if not _NAME.fullmatch(stack):
        raise UserError(
            f"{stack!a} cannot be the name of a stack in a workflow, so Pulumi was not run.",
            "Use only letters, digits and . _ -.",
        )
    command = find_command(project)
    if command is None:
        raise EngineError(
            "there is no `pulumi` command on PATH, so no stack was touched.",
            f"Install it in the job. {WORKS_WITHOUT}",
        )
    flags = (*FLAGS[operation], "--non-interactive", "--color", "never")
    sys.stdout.flush()
    with _environment() as environment:
        return run_for_log([command, operation, "--stack", stack, *flags], environment, sys.stdout.buffer)


@contextmanager
def _environment() -> Iterator[dict[str, str]]:
    """The environment for Pulumi. A kubeconfig in a variable is a private file meanwhile."""
    environment = {name: value for name, value in os.environ.items() if value or name not in _SECRETS}
    environment["PULUMI_SKIP_UPDATE_CHECK"] = "true"
    content = environment.pop(_CONTENT, None)
    if content is None:
        yield environment
        return
    with tempfile.NamedTemporaryFile("w", prefix="kubeconfig-", encoding="utf-8") as file:
        file.write(f"{content}\n")
        file.flush()
        yield {**environment, "KUBECONFIG": file.name}
