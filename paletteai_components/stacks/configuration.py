"""Configuration: what the keys and the encrypted values below `config:` are to Pulumi."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from paletteai_components.encryption import ciphertext_of
from paletteai_components.pulumi_yaml.document import Path, items_of

NAMESPACE = "paletteai"


def qualified(key: str) -> str:
    """The key with its namespace: a plain one is the project's."""
    return key if ":" in key else f"{NAMESPACE}:{key}"


def malformed_keys(config: Mapping[str, Any]) -> Iterator[str]:
    """The keys with more than one colon.

    Pulumi reads `ns:config:name` as `ns:name`, and refuses every other.
    """
    return (key for key in config if key.count(":") > 1)


def ambiguous_keys(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The pairs of keys that are one key to Pulumi, which takes the value of either."""
    first: dict[str, str] = {}
    for key in config:
        namespace, _, name = qualified(key).partition(":")
        other = first.setdefault(f"{namespace}:{name.removeprefix('config:')}", key)
        if other != key:
            yield other, key


def encrypted_values(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where values are encrypted inside of an object or a list, each with its ciphertext."""
    for key, inner in items_of(value):
        # Most of a file is text, for which a call would cost more than all else here.
        if isinstance(inner, dict | list):
            ciphertext = ciphertext_of(inner)
            if ciphertext is None:
                yield from encrypted_values(inner, (*path, key))
            else:
                yield (*path, key), ciphertext


def is_key_field(path: Path) -> bool:
    """Whether a path below the namespace is that of an integration's key, which alone may be encrypted."""
    return len(path) == 3 and path[0] == "integrations" and path[2] == "apiKey"
