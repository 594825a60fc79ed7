"""The JSON Schema of a stack file, for editors. `make schema` writes it to `stack.json` beside this file.

It is generated from `spec`: the fields, their types and, as descriptions, their docstrings. The rules check whether
the values fit together.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import Any

from paletteai_components.model import spec
from paletteai_components.naming import NAME_LIMIT
from paletteai_components.stacks.configuration import NAMESPACE

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_PART = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_LABEL = {"pattern": f"^{_PART}$", "maxLength": NAME_LIMIT}
_TENANT = {"pattern": f"^{_PART}(\\.{_PART})*$", "maxLength": NAME_LIMIT}
# No ASCII punctuation. Letters of other languages are a warning of the rules.
_DISPLAY_NAME = {"pattern": "^[^\\x00-\\x1f!-/:-@\\[-`{-~]*$"}
_FORMS = {
    ("TenantSpec", "name"): _TENANT,
    ("TenantSpec", "namespace"): _LABEL,
    ("ProjectSpec", "name"): _LABEL,
    ("ProjectSpec", "displayName"): _DISPLAY_NAME,
    ("ProjectSettingsSpec", "name"): _LABEL,
}

Schema = dict[str, Any]


def stack_schema() -> Schema:
    """The JSON Schema of a stack file."""
    declaration = spec.StackSpec.model_json_schema(by_alias=True)
    models: dict[str, Schema] = {"StackSpec": declaration, **declaration.pop("$defs")}
    docs = {(model, field): text for model, field, text in _field_docstrings()}
    for model, schema in models.items():
        for name, field in schema.get("properties", {}).items():
            simplify(field)
            field.update(_FORMS.get((model, name), {}))
            if text := _description(model, name, docs):
                field["description"] = text
        schema.pop("title", None)
    models["TenantSpec"]["properties"]["settings"]["propertyNames"] = _LABEL
    return {
        "$schema": DRAFT,
        "title": "A PaletteAI stack file",
        "description": "One tenant in one environment: stacks/Pulumi.<tenant>.<environment>.yaml",
        "type": "object",
        "required": ["config"],
        "properties": {"config": _config_schema(models.pop("StackSpec")), **_PULUMI},
        "additionalProperties": False,
        "$defs": models,
    }


_PULUMI: Schema = {
    "environment": {"type": ["array", "object"], "description": "The Pulumi ESC environments to import."},
    "encryptionsalt": {"type": "string", "description": "Written by Pulumi: the salt of the stack's passphrase."},
    "secretsprovider": {
        "type": "string",
        "description": "Written by Pulumi: the provider that encrypts the stack's secrets.",
    },
    "encryptedkey": {"type": "string", "description": "Written by Pulumi: the stack's encrypted data key."},
}


def _config_schema(declaration: Schema) -> Schema:
    ours = declaration["properties"]
    return {
        "type": "object",
        "description": inspect.cleandoc(spec.StackSpec.__doc__ or ""),
        "properties": {
            **{f"{NAMESPACE}:{name}": field for name, field in ours.items()},
            # To Pulumi, a key without a namespace has the project's.
            **ours,
            "kubernetes:context": {"description": "The cluster: a context of your kubeconfig."},
        },
        "patternProperties": {f"^(?!{NAMESPACE}:)[^:]+:.+$": True},
        "additionalProperties": False,
        "anyOf": [{"required": [f"{NAMESPACE}:tenant"]}, {"required": ["tenant"]}],
    }


def simplify(field: Schema) -> None:
    """Take away from a field's schema what pydantic adds and no reader needs."""
    field.pop("title", None)
    if field.get("default", ...) is None:
        del field["default"]
    options = field.get("anyOf", [])
    types = [option.get("type") for option in options]
    if options and all(isinstance(each, str) and len(option) == 1 for each, option in zip(types, options, strict=True)):
        del field["anyOf"]
        field["type"] = types
    if text := field.get("description"):
        field["description"] = " ".join(text.split())


def _field_docstrings() -> Iterator[tuple[str, str, str]]:
    """The docstring of every field in `spec`: class, field and text.

    They are parsed here because pydantic's own option for them costs a tenth of a second at start-up.
    """
    for model in ast.parse(inspect.getsource(spec)).body:
        if not isinstance(model, ast.ClassDef):
            continue
        for field, below in zip(model.body, model.body[1:], strict=False):
            match field, below:
                case (ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text)))):
                    yield model.name, name, inspect.cleandoc(text)


def _description(model: str, alias: str, docs: dict[tuple[str, str], str]) -> str | None:
    declared = getattr(spec, model, None)
    for base in declared.__mro__ if declared else ():
        for name, info in getattr(base, "model_fields", {}).items():
            if info.alias == alias and (base.__name__, name) in docs:
                return docs[base.__name__, name]
    return None
