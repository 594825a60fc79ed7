"""The schema of the package says what a stack file can say, as `pulumi package add` reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from support.checkout import ROOT
from support.recorded import is_as_recorded

import paletteai_components
from paletteai_components.model import spec
from paletteai_components.model.spec import StackSpec
from paletteai_components.plugin.host import TenantProvider
from paletteai_components.plugin.types import LEFT_OUT
from paletteai_components.schema import stack_schema

PROVIDER = TenantProvider()
SCHEMA: dict[str, Any] = json.loads(PROVIDER.schema or "")
(COMPONENT,) = SCHEMA["resources"].values()
TYPES = {token.rpartition(":")[2]: declared for token, declared in SCHEMA["types"].items()}
MODELS: dict[str, Any] = {
    "StackSpec": stack_schema()["properties"]["config"],
    **{name: model for name, model in stack_schema()["$defs"].items() if "properties" in model},
}
del MODELS["FingerprintSpec"]
LEFT = {model.__name__: fields for model, fields in LEFT_OUT.items()}


def test_it_is_as_recorded() -> None:
    is_as_recorded("package-schema.json", json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n")


def test_it_has_the_name_and_the_version_of_the_package_and_one_component() -> None:
    assert (SCHEMA["name"], SCHEMA["version"]) == ("paletteai", paletteai_components.__version__)
    assert list(SCHEMA["resources"]) == ["paletteai:index:Tenant"]
    assert COMPONENT["isComponent"]


@pytest.mark.parametrize("model", MODELS)
def test_an_object_has_the_fields_of_a_stack_file_under_their_names(model: str) -> None:
    properties = MODELS[model]["properties"]
    if model == "StackSpec":
        inputs, required = dict(COMPONENT["inputProperties"]), set(COMPONENT["requiredInputs"])
        fields = {name for name in properties if ":" not in name}
        assert required == {"tenant"}
    else:
        inputs, required = TYPES[model]["properties"], set(TYPES[model].get("required", ()))
        fields = set(properties)
        assert required == set(MODELS[model].get("required", ()))
    left_out = LEFT.get(model, {})
    assert inputs.keys() == fields - left_out.keys()
    assert left_out.keys() < fields
    for name, declared in inputs.items():
        text = properties[name].get("description", "")
        assert declared["description"].startswith(text) or name == "apiKey"


@pytest.mark.parametrize("model", [name for name in MODELS if name != "StackSpec"])
def test_a_field_has_the_type_that_it_has_in_a_stack_file(model: str) -> None:
    for name, declared in TYPES[model]["properties"].items():
        field = MODELS[model]["properties"][name]
        assert kind_of(declared) == ("string" if name == "apiKey" else kind_in_file(field)), name


def kind_of(declared: dict[str, Any]) -> Any:
    """The type of an input: its name, or that of what it holds in a list or an object."""
    if "$ref" in declared:
        return declared["$ref"].rpartition(":")[2].rpartition("#/")[2]
    inner = declared.get("items") or declared.get("additionalProperties")
    return [declared["type"], kind_of(inner)] if inner else declared["type"]


def kind_in_file(field: dict[str, Any]) -> Any:
    """The same, of a field of a stack file."""
    if options := [each for each in field.get("anyOf", ()) if each.get("type") != "null"]:
        (field,) = options
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2]
    if field.get("additionalProperties") is True:
        return ["object", "Any"]
    inner = field.get("items") or field.get("additionalProperties")
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    (kind,) = (each for each in kinds if each != "null")
    return [kind, kind_in_file(inner)] if inner else kind


def test_only_what_no_rule_reads_may_be_an_output() -> None:
    taken = {
        f"{model}.{name}"
        for model in MODELS
        if model in TYPES
        for name, declared in TYPES[model]["properties"].items()
        if not declared.get("plain") or not (declared.get("additionalProperties") or {"plain": True}).get("plain")
    }
    assert taken == {
        "IntegrationSpec.apiKey",
        "ProjectSettingsSpec.annotations",
        "ProjectSettingsSpec.secretAnnotations",
        "ProjectSpec.annotations",
        "ProjectSpec.description",
        "ProjectSpec.namespaceAnnotations",
        "RoleMappingSpec.admin",
        "RoleMappingSpec.editor",
        "RoleMappingSpec.viewer",
        "SettingsSpec.annotations",
        "SettingsSpec.secretAnnotations",
        "TenantSpec.annotations",
        "TenantSpec.description",
        "TenantSpec.groups",
        "TenantSpec.namespaceAnnotations",
    }
    assert all(declared["plain"] for declared in COMPONENT["inputProperties"].values())


def test_only_the_key_is_secret() -> None:
    assert [path for path, value in entries(SCHEMA) if path.endswith(".secret") and value is True] == [
        ".types.paletteai:index:IntegrationSpec.properties.apiKey.secret"
    ]


def test_everything_has_a_description() -> None:
    described = [COMPONENT, *TYPES.values(), *COMPONENT["inputProperties"].values(), *COMPONENT["properties"].values()]
    described += [each for declared in TYPES.values() for each in declared.get("properties", {}).values()]
    assert all(each["description"] for each in described)
    assert all("\n    " not in each["description"] for each in described)


def test_every_reference_leads_somewhere() -> None:
    references = {str(value) for path, value in entries(SCHEMA) if path.endswith("$ref")}
    assert references - {"pulumi.json#/Any"} == {f"#/types/paletteai:index:{name}" for name in TYPES}


def test_what_removing_does_is_one_of_the_values_of_a_stack_file() -> None:
    assert [each["value"] for each in TYPES["OnRemoval"]["enum"]] == list(spec.OnRemoval)


def test_every_reason_to_leave_a_field_out_is_about_a_field() -> None:
    for model, fields in LEFT_OUT.items():
        assert fields.keys() <= {info.alias for info in model.model_fields.values()}
    assert StackSpec in LEFT_OUT


def test_the_folder_of_the_package_serves_it() -> None:
    # As the language host runs it, with the address of an engine that does not have to be there.
    command = [sys.executable, str(ROOT / "plugin"), "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            address = f"127.0.0.1:{int(served.stdout.readline())}"
            with grpc.insecure_channel(address) as channel:
                provider = provider_pb2_grpc.ResourceProviderStub(channel)
                assert json.loads(provider.GetSchema(provider_pb2.GetSchemaRequest()).schema) == SCHEMA
        finally:
            served.terminate()


def entries(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a schema, with its path."""
    yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from entries(inner, f"{path}.{key}")
