"""Configuration: the keys and the encrypted values under `config:`, as Pulumi reads them."""

from __future__ import annotations

import difflib
from collections.abc import Container, Iterator, Mapping
from typing import Any

from paletteai_components.encryption import ciphertext_of
from paletteai_components.pulumi_yaml.document import Path, items_of

NAMESPACE = "paletteai"


def qualified(key: str, project: str = NAMESPACE) -> str:
    """The key with its namespace. A plain key has the name of the Pulumi project as its namespace."""
    return key if ":" in key else f"{project}:{key}"


def is_own(key: str, project: str) -> bool:
    """Whether the namespace of a key is the name of the Pulumi project."""
    return ":" not in key or key.startswith(f"{project}:")


def near_misses(
    config: Mapping[str, Any], every: Container[str], project: str, names: Container[str]
) -> Iterator[tuple[str, str]]:
    """The keys of a file that look like this package's and are not, each with the key that was probably meant.

    Args:
        config: The keys of the file.
        every: The keys of the stack, in all of its files.
        project: The name of the Pulumi project.
        names: The names of this package's keys, without the namespace.
    """
    # Another program may have such keys of its own, but hardly in a stack that lacks its tenant.
    guesses = f"{NAMESPACE}:tenant" not in every
    for key in config:
        namespace, _, name = qualified(key, project).partition(":")
        if namespace == NAMESPACE or name not in names or f"{NAMESPACE}:{name}" in every:
            continue
        if guesses if namespace == project else _is_misspelt(namespace):
            yield key, f"{NAMESPACE}:{name}"


def _is_misspelt(namespace: str) -> bool:
    namespace = namespace.lower()
    return namespace.startswith("palette") or bool(difflib.get_close_matches(namespace, [NAMESPACE], 1, 0.8))


def malformed_keys(config: Mapping[str, Any]) -> Iterator[str]:
    """The keys with more than one colon.

    Pulumi reads `ns:config:name` as `ns:name`, and refuses any other.
    """
    return (key for key in config if key.count(":") > 1)


def ambiguous_keys(config: Mapping[str, Any], project: str = NAMESPACE) -> Iterator[tuple[str, str]]:
    """The pairs of keys that are one key to Pulumi, which uses the value of either."""
    first: dict[str, str] = {}
    for key in config:
        namespace, _, name = qualified(key, project).partition(":")
        other = first.setdefault(f"{namespace}:{name.removeprefix('config:')}", key)
        if other != key:
            yield other, key


def encrypted_values(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """The paths of the encrypted values in an object or a list, each with its ciphertext."""
    for key, inner in items_of(value):
        # Most values are text, for which the call would cost more than everything else here.
        if isinstance(inner, dict | list):
            ciphertext = ciphertext_of(inner)
            if ciphertext is None:
                yield from encrypted_values(inner, (*path, key))
            else:
                yield (*path, key), ciphertext


def is_key_field(path: Path) -> bool:
    """Whether a path under the namespace leads to an integration's key, the only field that may be encrypted."""
    return len(path) == 3 and path[0] == "integrations" and path[2] == "apiKey"
