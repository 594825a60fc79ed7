"""The descriptions of the package: its own, and those of the fields of a stack file."""

from __future__ import annotations

import inspect
from typing import Any

from paletteai_components.plugin.types import FORMER_API_VERSIONS
from paletteai_components.schema import Schema, stack_schema
from paletteai_components.stacks.configuration import NAMESPACE

_PACKAGE = {
    "displayName": "PaletteAI",
    "description": "PaletteAI as code: a complete tenant as one component, checked before it is deployed.",
    "keywords": ["pulumi", "kubernetes", "paletteai", "category/infrastructure", "kind/component"],
    "license": "Apache-2.0",
}
_INPUTS = {
    ("IntegrationSpec", "apiKey"): "The key. Pass a secret, for example one of the program's configuration.",
    ("StackSpec", FORMER_API_VERSIONS): "Versions of the vendor's API that it was deployed with, besides the one this "
    "package is written for. Then a change of `apiVersion` recreates nothing.",
}


def described(package: Schema) -> Schema:
    """The schema of the package, with everything that the analyzer of the SDK cannot see in derived types.

    Args:
        package: The schema as the analyzer makes it.
    """
    stack = stack_schema()
    models: dict[str, Any] = stack["$defs"]
    models["StackSpec"] = stack["properties"]["config"]
    for token, declared in package["types"].items():
        name = token.rpartition(":")[2]
        declared["description"] = inspect.cleandoc(declared["description"])
        if name in models and "enum" not in declared:
            _describe(declared["properties"], name, models[name]["properties"])
    component = package["resources"][f"{NAMESPACE}:index:Tenant"]
    component["description"] = inspect.cleandoc(component["description"])
    _describe(component["inputProperties"], "StackSpec", models["StackSpec"]["properties"])
    package["types"][f"{NAMESPACE}:index:IntegrationSpec"]["properties"]["apiKey"]["secret"] = True
    return {**package, **_PACKAGE}


def _describe(inputs: dict[str, Any], model: str, fields: dict[str, Any]) -> None:
    for name, declared in inputs.items():
        text = _INPUTS.get((model, name)) or fields[name]["description"]
        default = fields.get(name, {}).get("default")
        if isinstance(default, bool | str):
            text = f"{text} Default: `{str(default).lower()}`."
        declared["description"] = text
