"""The descriptions of the package: its own, and those of the fields of a stack file."""

from __future__ import annotations

import inspect
from typing import Any

from paletteai_components.schema import Schema, stack_schema
from paletteai_components.stacks.configuration import NAMESPACE

_PACKAGE = {
    "displayName": "PaletteAI",
    "description": "PaletteAI as code: a complete tenant as one component, checked before it is deployed.",
    "keywords": ["pulumi", "kubernetes", "paletteai", "category/infrastructure", "kind/component"],
    "license": "Apache-2.0",
}
_KEY = "The key. Pass a secret, for example one of the program's configuration."


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
            _describe(declared["properties"], models[name]["properties"])
    component = package["resources"][f"{NAMESPACE}:index:Tenant"]
    component["description"] = inspect.cleandoc(component["description"])
    _describe(component["inputProperties"], models["StackSpec"]["properties"])
    integration = package["types"][f"{NAMESPACE}:index:IntegrationSpec"]
    integration["properties"]["apiKey"] |= {"description": _KEY, "secret": True}
    return {**package, **_PACKAGE}


def _describe(inputs: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, declared in inputs.items():
        text, default = fields[name]["description"], fields[name].get("default")
        if isinstance(default, bool | str):
            text = f"{text} Default: `{str(default).lower()}`."
        declared["description"] = text
