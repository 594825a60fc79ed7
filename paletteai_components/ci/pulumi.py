"""Pulumi for the stacks of a slice, as a job of a workflow runs it."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paletteai_components.ci.log import run_for_log
from paletteai_components.deployment.command import WORKS_WITHOUT, find_command
from paletteai_components.deployment.decryption import EngineError
from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted
from paletteai_components.stacks.slices import Slice

# An environment's name is an argument, so it does not begin with a dash.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONTENT = "KUBECONFIG_CONTENT"
# A workflow sees a missing secret as an empty variable, and Pulumi takes an empty passphrase for a passphrase.
_SECRETS = ("PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", _CONTENT)


def deploy(environment: str, part: Slice, since: str | None) -> int:
    """Deploy a slice of an environment, and return the exit code. A stack that fails stops no other.

    Args:
        environment: The environment.
        part: The slice of its stacks.
        since: The commit that a change since has to reach a stack, or None for all stacks.

    Raises:
        UserError: The name is not one of an environment.
    """
    if not _NAME.fullmatch(environment):
        raise UserError(
            f"{redacted(environment)!a} cannot be the name of an environment in a workflow, so Pulumi was not run.",
            "Use only letters, digits and . _ -.",
        )
    # Without the working directory in the path of modules: it has files of the repository.
    command = [sys.executable, "-P", "-m", "paletteai_components", "--color", "never", "up", environment]
    options = ["--yes", "--verbose", "--slice", str(part), *(["--since", since] if since is not None else [])]
    sys.stdout.flush()
    with _environment() as variables:
        return run_for_log([[*command, *options]], variables, sys.stdout.buffer)


def preview(stacks: Iterable[str], project: Path) -> int:
    """Preview stacks one after the other, with every difference, and return the highest exit code.

    Args:
        stacks: The names of the stacks.
        project: The folder of the Pulumi project, in which this process runs.

    Raises:
        EngineError: There is no pulumi command.
    """
    command = find_command(project)
    if command is None:
        raise EngineError(
            "there is no `pulumi` command on PATH, so no stack was touched.",
            f"Install it in the job. {WORKS_WITHOUT}",
        )
    flags = ("--diff", "--non-interactive", "--color=never")
    sys.stdout.flush()
    with _environment() as variables:
        commands = ([str(command), "preview", f"--stack={stack}", *flags] for stack in stacks)
        return run_for_log(commands, variables, sys.stdout.buffer)


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
