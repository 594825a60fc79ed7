"""Encryption by Pulumi: the pulumi command encrypts keys as a stack's configuration.

A key goes to its standard input, and nowhere else. What it writes goes to a file of its own in a temporary folder, so
no stack file is touched, and none is left half written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from paletteai_components.deployment.decryption import EngineError, elsewhere, run_pulumi
from paletteai_components.diagnostics import StackFileError
from paletteai_components.encryption import PROVIDER_KEYS, ciphertext_of
from paletteai_components.pulumi_yaml.writer import yaml_of
from paletteai_components.shell import command
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.files import document_in


@dataclass(frozen=True, slots=True)
class Encrypted:
    """Keys, encrypted for one stack."""

    ciphertexts: Mapping[str, str]
    """By the names that the keys were given with."""
    provider: Mapping[str, str]
    """The keys of the stack's file that say how it encrypts: see `PROVIDER_KEYS`."""


def encrypted_keys(stack: str, keys: Mapping[str, str], project: Path, provider: Mapping[str, str]) -> Encrypted:
    """Encrypts keys for a stack that the backend knows.

    Args:
        stack: The stack's name.
        keys: The texts of the keys, by any names.
        project: The folder of the Pulumi project.
        provider: How the stack encrypts, as its file says; empty if it has no file yet.

    Raises:
        EngineError: Pulumi could not encrypt them.
    """
    config_keys = {name: f"{NAMESPACE}:key{position}" for position, name in enumerate(keys)}
    with tempfile.TemporaryDirectory(prefix="paletteai-") as folder:
        file = Path(folder, "stack.yaml")
        if provider:
            file.write_text(yaml_of([dict(provider)]), encoding="utf-8")
        for name, key in keys.items():
            where = ["--non-interactive", "--stack", stack, "--config-file", str(file)]
            run_pulumi(
                ["config", "set", "--secret", *where, "--", config_keys[name]],
                stack,
                project,
                only="can encrypt keys",
                failed="encrypt the keys",
                read=key,
            )
        try:
            written = document_in(file).value
        except StackFileError:
            written = {}
    config = written.get("config")
    found = {
        name: ciphertext_of(config.get(key)) if isinstance(config, dict) else None for name, key in config_keys.items()
    }
    if not all(found.values()):
        raise EngineError(
            f"pulumi did not write the encrypted keys of stack `{stack}`, so no file was written for it.",
            f"Run `{command('pulumi config', cwd=elsewhere(project), stack=stack)}` to see whether it can be used.",
        )
    return Encrypted(
        {name: ciphertext for name, ciphertext in found.items() if ciphertext},
        {key: str(written[key]) for key in PROVIDER_KEYS if written.get(key)},
    )
