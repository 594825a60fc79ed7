"""Provider keys: the keys under `config` that Pulumi and its Kubernetes provider read, and their types.

They are read in the source code of Pulumi 3.260 and of the provider 4.34. Another version may read others, and another
program may have keys of its own, so what is wrong with one is a warning.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from paletteai_components.encryption import ciphertext_of
from paletteai_components.naming import did_you_mean, nearest
from paletteai_components.redaction import named

# What Pulumi passes to the provider is text: a number or a boolean in a file is the same as its text.
_TEXT, _SWITCH, _OBJECT, _LIST, _ANY = "text", "`true` or `false`", "an object", "a list", "anything"

KUBERNETES_KEYS: Mapping[str, str] = {
    "alwaysRender": _SWITCH,
    "cluster": _TEXT,
    "clusterIdentifier": _TEXT,
    "context": _TEXT,
    "deleteUnreachable": _SWITCH,
    "enableConfigMapMutable": _SWITCH,
    "enablePatchForce": _SWITCH,
    "enableSecretMutable": _SWITCH,
    "enableServerSideApply": _SWITCH,
    "helmReleaseSettings": _OBJECT,
    "kubeClientSettings": _OBJECT,
    # Its content, also as an object, or its path.
    "kubeconfig": _ANY,
    "namespace": _TEXT,
    "renderYamlToDirectory": _TEXT,
    "skipUpdateUnreachable": _SWITCH,
    "suppressDeprecationWarnings": _SWITCH,
    "suppressHelmHookWarnings": _SWITCH,
    "upsertExistingObjects": _SWITCH,
    # The provider reads this one, and Pulumi the others, without a word in the schema.
    "rejectUnknownResources": _SWITCH,
    "pluginDownloadURL": _TEXT,
    "version": _TEXT,
}
"""The keys of the namespace `kubernetes`, each with its type."""

_PULUMI_KEYS = {"autonaming": _OBJECT, "disable-default-providers": _LIST, "tags": _OBJECT, "template": _TEXT}
_READERS = {
    "kubernetes": ("the Kubernetes provider", KUBERNETES_KEYS),
    "pulumi": ("Pulumi", _PULUMI_KEYS),
}


def provider_key_problems(config: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What is probably wrong with the keys of Pulumi and the Kubernetes provider: key, fact with consequence, remedy.

    Args:
        config: The configuration, by keys with namespaces.
    """
    for key, value in config.items():
        namespace, _, name = key.partition(":")
        name = name.removeprefix("config:")
        if namespace in _READERS:
            reader, known = _READERS[namespace]
            if name not in known:
                fact = f"{reader} is not known to read `{named(key)}`, so it probably has no effect"
                others = f"Known keys: {', '.join(known)}."
                yield key, fact, did_you_mean(key, [f"{namespace}:{each}" for each in known], 0.8) or others
            elif problem := _type_problem(key, known[name], value):
                yield key, *problem
        elif name in KUBERNETES_KEYS and nearest(namespace, ["kubernetes"], 0.8):
            fact = f"`{named(key)}` is no key of the Kubernetes provider, so it probably has no effect"
            yield key, fact, f"Did you mean `kubernetes:{name}`?"


def context_in(config: Mapping[str, Any]) -> str | None:
    """The context of the kubeconfig, as Pulumi passes it to the provider; None if there is none, or it is not text."""
    value = config.get("kubernetes:context")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) and value != "" else None


def _type_problem(key: str, kind: str, value: Any) -> tuple[str, str] | None:
    if ciphertext_of(value) is not None or _TYPES[kind](value):
        return None
    if value is None or value == "":
        return f"`{key}` has no value, so it has no effect", "Set it, or delete the line."
    if kind == _TEXT:
        fact = f"`{key}` is not text, so Pulumi would pass on its JSON"
        return fact, f"Write one value, for example `{key}: NAME`."
    return f"`{key}` is not {kind}, so it is not read as its author expects", f"Make it {kind}."


def _is_json(value: Any, kind: type) -> bool:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return False
    return isinstance(value, kind)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    _TEXT: lambda value: isinstance(value, str | bool | int) and value != "",
    _SWITCH: lambda value: value in (True, False, "true", "false"),
    _OBJECT: lambda value: _is_json(value, dict),
    # Pulumi reads an empty text as an empty list.
    _LIST: lambda value: value == "" or _is_json(value, list),
    _ANY: lambda value: value is not None,
}
