"""Configuration: the keys and the encrypted values under `config:`, as Pulumi reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from paletteai_components.encryption import ciphertext_of
from paletteai_components.pulumi_yaml.document import Path, items_of

NAMESPACE = "paletteai"


def qualified(key: str) -> str:
    """The key with its namespace. A plain key has the project's."""
    return key if ":" in key else f"{NAMESPACE}:{key}"


def malformed_keys(config: Mapping[str, Any]) -> Iterator[str]:
    """The keys with more than one colon.

    Pulumi reads `ns:config:name` as `ns:name`, and refuses any other.
    """
    return (key for key in config if key.count(":") > 1)


def ambiguous_keys(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The pairs of keys that are one key to Pulumi, which uses the value of either."""
    first: dict[str, str] = {}
    for key in config:
        namespace, _, name = qualified(key).partition(":")
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
