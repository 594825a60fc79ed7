"""Pulumi's own command, asked for the one thing that needs a key: to open what it has encrypted.

What it prints is never shown: it may hold a key. The errors raised here carry none, nor does
anything they lead back to.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from paletteai_components.errors import UserError

TIMEOUT = 120

# The command's own words choose a sentence and are never shown.
_REASONS = (
    ("incorrect passphrase", "the passphrase is not this stack's", "Set PULUMI_CONFIG_PASSPHRASE to the right one."),
    (
        "passphrase must be set",
        "the stack's passphrase is not known",
        "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.",
    ),
    ("no stack named", "the stack is not in the backend", "Make it with `pulumi stack init {stack}`."),
    ("PULUMI_ACCESS_TOKEN", "nobody is logged in", "Run `pulumi login`."),
    ("open state directory", "the backend cannot be reached", "Check PULUMI_BACKEND_URL or run `pulumi login`."),
)


class EngineError(UserError):
    """Pulumi could not do what it was asked for, such as to open the keys of a stack."""


def opened_keys(stack: str, project: Path) -> dict[str, str]:
    """The API key of each integration of a stack, as text.

    `project` is the folder with `Pulumi.yaml`. Raises EngineError.
    """
    config = _config(stack, project)
    integrations = config.get("paletteai:integrations")
    declared = integrations.get("objectValue") if isinstance(integrations, dict) else None
    keys: dict[str, str] = {}
    for name, integration in declared.items() if isinstance(declared, dict) else ():
        key = integration.get("apiKey") if isinstance(integration, dict) else None
        if isinstance(key, str):
            keys[name] = key
    return keys


def _config(stack: str, project: Path) -> dict[str, Any]:
    printed = _printed(["config", "--show-secrets", "--json", "--non-interactive", "--stack", stack], stack, project)
    try:
        config = json.loads(printed)
    except ValueError:
        config = None
    # Raised outside of the handler: the decoder's error holds the whole text.
    if not isinstance(config, dict):
        raise EngineError(
            f"pulumi did not answer with the configuration of stack {stack}, so no key could be opened.",
            f"Run `pulumi config --json --stack {stack}` to see what it says.",
        )
    return config


def _printed(arguments: list[str], stack: str, project: Path) -> str:
    import shutil
    import subprocess

    command = shutil.which("pulumi")
    if command is None:
        raise EngineError(
            "there is no `pulumi` command on PATH, and only it can open encrypted keys.",
            "Install it from https://www.pulumi.com/docs/install. Everything that opens no key works without: "
            "`check`, `plan`, `render`, and `fingerprint --stdin` for a key you type in.",
        )
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        done = subprocess.run(  # noqa: S603
            [command, *arguments],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
        reason, remedy = f"it gave no answer in {TIMEOUT} seconds", "Check that its backend can be reached."
    except OSError as error:
        done = None
        reason, remedy = f"it cannot be run ({error.strerror})", "Check the `pulumi` command on PATH."
    # Raised outside of the handlers: the timeout's error holds what was printed so far.
    if done is not None and done.returncode == 0:
        return done.stdout
    if done is not None:
        reason, remedy = "it refused", "Run `pulumi config --stack {stack}` to see what it says."
        for words, its_reason, its_remedy in _REASONS:
            if words in done.stderr:
                reason, remedy = its_reason, its_remedy
                break
    raise EngineError(
        f"pulumi could not open the keys of stack {stack}: {reason}. Nothing was written for it.",
        remedy.format(stack=stack),
    )
