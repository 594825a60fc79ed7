"""Decryption: the pulumi command opens the encrypted keys of a stack.

Its output is never shown, because it may hold a key. No error raised here, and no error it is chained to, holds one.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from paletteai_components.errors import UserError
from paletteai_components.shell import command

TIMEOUT = 120

# Part of the command's error, which is never shown; the reason and the remedy that are shown instead.
_REASONS = (
    ("incorrect passphrase", "the passphrase is not this stack's", "Set PULUMI_CONFIG_PASSPHRASE to the right one."),
    (
        "passphrase must be set",
        "the stack's passphrase is not set",
        "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.",
    ),
    ("no stack named", "the stack is not in the backend", "Create it with `{init}`."),
    ("PULUMI_ACCESS_TOKEN", "you are not logged in to a backend", "Run `pulumi login`."),
    ("open state directory", "the backend cannot be reached", "Check PULUMI_BACKEND_URL or run `pulumi login`."),
)


class EngineError(UserError):
    """The pulumi command failed, or is not available."""


def opened_keys(stack: str, project: Path) -> dict[str, str]:
    """Decrypts a stack's keys. Returns them as plain text, by the integration's name.

    Raises:
        EngineError: Pulumi could not open them.
    """
    config = _read_config(stack, project)
    integrations = config.get("paletteai:integrations")
    declared = integrations.get("objectValue") if isinstance(integrations, dict) else None
    keys: dict[str, str] = {}
    for name, integration in declared.items() if isinstance(declared, dict) else ():
        key = integration.get("apiKey") if isinstance(integration, dict) else None
        if isinstance(key, str):
            keys[name] = key
    return keys


def elsewhere(project: Path) -> Path | None:
    """The folder of a project for a command that the user runs; None if it is the current folder."""
    return None if project.resolve() == Path.cwd() else project


def _read_config(stack: str, project: Path) -> dict[str, Any]:
    printed = run_pulumi(
        ["config", "--show-secrets", "--json", "--non-interactive", "--stack", stack],
        stack,
        project,
        only="can open encrypted keys",
        failed="open the keys",
    )
    try:
        config = json.loads(printed)
    except ValueError:
        config = None
    # Raised outside of the handler, because the decoder's error holds the complete text.
    if not isinstance(config, dict):
        raise EngineError(
            f"pulumi did not print the configuration of stack `{stack}`, so no key could be opened.",
            f"Run `{command('pulumi config --json', cwd=elsewhere(project), stack=stack)}` to see what it prints.",
        )
    return config


def pulumi_command(only: str) -> str:
    """The path of the pulumi command.

    Args:
        only: What only pulumi can do, for the error.

    Raises:
        EngineError: There is none.
    """
    import shutil

    pulumi = shutil.which("pulumi")
    if pulumi is None:
        raise EngineError(
            f"there is no `pulumi` command on PATH, and only it {only}.",
            "Install it from https://www.pulumi.com/docs/install. Commands that open no key work without it: "
            "`check`, `plan`, `render`, and `fingerprint --stdin` for a key that you type.",
        )
    return pulumi


def run_pulumi(
    arguments: list[str], stack: str, project: Path, *, only: str, failed: str, read: str | None = None
) -> str:
    """What a pulumi command prints, which may hold a key.

    Args:
        arguments: Its arguments, which others on this machine can see.
        stack: The stack it is for.
        project: The folder of the Pulumi project.
        only: What only pulumi can do, for the error.
        failed: What it could not do, for the error.
        read: What it reads on standard input, which may be a key.

    Raises:
        EngineError: It fails, or is not available.
    """
    import subprocess

    pulumi = pulumi_command(only)
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(  # noqa: S603
            [pulumi, *arguments],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL if read is None else None,
            input=read,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
        reason, remedy = f"it did not answer within {TIMEOUT} seconds", "Check that its backend can be reached."
    except OSError as error:
        done = None
        reason, remedy = f"it cannot be run ({error.strerror})", "Check the `pulumi` command on PATH."
    # Raised outside of the handlers, because the timeout's error holds what was printed so far.
    if done is not None and done.returncode == 0:
        return done.stdout
    if done is not None:
        reason, remedy = "it failed", "Run `{config}` to see its error."
        for words, known_reason, known_remedy in _REASONS:
            if words in done.stderr:
                reason, remedy = known_reason, known_remedy
                break
    cwd = elsewhere(project)
    init, config = command("pulumi stack init", stack, cwd=cwd), command("pulumi config", cwd=cwd, stack=stack)
    raise EngineError(
        f"pulumi could not {failed} of stack `{stack}`: {reason}. Nothing was written for it.",
        remedy.format(init=init, config=config),
    )
