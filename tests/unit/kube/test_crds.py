from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from support.checkout import CRD_FOLDER
from support.structural_schemas import ANYTHING, TEXT, VENDOR, Schema, fits, lab, lab_crd, object_of, prune, schemas

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, StackFileError, in_order
from paletteai_components.kube.conformance import diagnostics_in
from paletteai_components.kube.crds import MAX_BYTES, MAX_DEPTH, Crds, crds_from
from paletteai_components.kube.field_path import parsed

FILES = {kind: CRD_FOLDER / f"{kind.lower()}.yaml" for kind in ("Tenant", "Project", "Settings", "ComputeConfig")}


@pytest.fixture(scope="module")
def vendor() -> Crds:
    return crds_from(CRD_FOLDER)


def manifest(kind: str, name: str, namespace: str | None, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": VENDOR, "kind": kind, "metadata": metadata, "spec": spec}


def settings(**integrations: dict[str, Any]) -> dict[str, Any]:
    integrations = integrations or {"palette": {"secretRef": {"name": "default-palette"}}}
    return manifest("Settings", "default", "tenant-acme", {"integrations": integrations})


def project(**spec: Any) -> dict[str, Any]:
    return manifest("Project", "vision", "vision", {"tenantRef": {"name": "acme"}, **spec})


def with_metadata(**fields: Any) -> dict[str, Any]:
    whole = settings()
    return {**whole, "metadata": {**whole["metadata"], **fields}}


def compute(**pool: Any) -> dict[str, Any]:
    spec = {"paletteClusterConfig": {"defaults": {"controlPlanePool": pool}}}
    return manifest("ComputeConfig", "default", "tenant-acme", spec)


@pytest.fixture
def crds_of(tmp_path: Path) -> Callable[..., Crds]:
    def read(*documents: Any, name: str = "crds.yaml") -> Crds:
        file = tmp_path / name
        # Through JSON, for YAML would write an alias for what stands in two places.
        file.write_text(yaml.safe_dump_all(json.loads(json.dumps(documents))))
        return crds_from(file)

    return read


def read_schema(path: Path, spec: Schema) -> Crds:
    file = path / "lab.json"
    file.write_text(json.dumps(lab_crd(spec)))
    return crds_from(file)


def messages(diagnostics: list[Diagnostic]) -> list[str]:
    assert {diagnostic.code for diagnostic in diagnostics} <= {"PAI016"}
    return [diagnostic.message for diagnostic in diagnostics]


def only(diagnostics: list[Diagnostic]) -> Diagnostic:
    assert len(diagnostics) == 1, messages(diagnostics)
    return diagnostics[0]


# What is accepted


@pytest.mark.parametrize(
    "whole",
    [
        manifest(
            "Tenant",
            "acme",
            None,
            {
                "displayName": "Acme",
                "description": "The first one",
                "settingsRef": {"name": "default", "namespace": "tenant-acme"},
                "tenantRoleMapping": {"groups": ["acme-admins"]},
            },
        ),
        settings(
            palette={"secretRef": {"name": "default-palette"}},
            huggingFace={"secretRef": {"name": "hf"}},
            nvidia={"secretRef": {"name": "ngc"}},
        ),
        project(
            displayName="Vision 1",
            settingsRef={"name": "default"},
            computeConfigRef={"name": "default", "namespace": "tenant-acme"},
            roleMapping={"admin": ["a"], "editor": [], "viewer": ["b", "c"]},
            admissionConfiguration={
                "workloadConfiguration": {"deploymentNamespaces": {"allow": ["x"], "disallow": []}}
            },
        ),
        compute(nodeCount=1, workerNodeEligible=True),
        with_metadata(
            labels={"palette.ai/tenant": "acme"},
            annotations={"a/b": "c"},
            finalizers=["x/y"],
            ownerReferences=[{"kind": "Tenant"}],
            creationTimestamp=None,
        ),
    ],
    ids=lambda whole: str(whole["kind"]),
)
def test_a_manifest_of_every_kind_with_every_field_keeps_to_the_schemas(vendor: Crds, whole: dict[str, Any]) -> None:
    assert diagnostics_in(whole, vendor) == []


def test_objects_of_other_groups_are_not_judged(vendor: Crds) -> None:
    for api_version, kind in (("v1", "Secret"), ("v1", "Namespace"), ("apps/v1", "Deployment"), ("", "")):
        assert diagnostics_in({"apiVersion": api_version, "kind": kind, "whatever": 1}, vendor) == []
    assert diagnostics_in({}, vendor) == []
    assert vendor.groups == {"spectrocloud.com"}


# Unknown fields


def test_an_unknown_field_is_named_with_the_nearest_one_beside_it(vendor: Crds) -> None:
    diagnostic = only(diagnostics_in(settings(palette={"secretRef": {"name": "x"}, "secretReference": {}}), vendor))
    assert diagnostic.message == (
        "Settings `tenant-acme/default`: the CRD of `spectrocloud.com/v1alpha1` has no field "
        "`spec.integrations.palette.secretReference`; the API server would silently prune it, or at best refuse "
        "the manifest."
    )
    assert diagnostic.help == (
        "Nearest known field: `spec.integrations.palette.secretRef`. Set another path with `paletteai:vendorFields`, "
        "which `paletteai crds` finds, or update the package."
    )
    assert diagnostic.where == (SourceLocation(str(FILES["Settings"])),)
    assert diagnostic.severity is Severity.ERROR


def test_the_places_given_stand_before_the_crd(vendor: Crds) -> None:
    mine = (SourceLocation("stacks/Pulumi.acme.dev.yaml", 7), SourceLocation("b"))
    diagnostic = only(diagnostics_in(project(nope=1), vendor, mine))
    assert diagnostic.where == (*mine, SourceLocation(str(FILES["Project"])))


@pytest.mark.parametrize(
    ("whole", "unknown", "help"),
    [
        (project(dispalyName="x"), "spec.dispalyName", "Nearest known field: `spec.displayName`."),
        (
            project(deploymentNamespaces={}),
            "spec.deploymentNamespaces",
            "Nearest known field: `spec.admissionConfiguration.",
        ),
        (project(**{"roleMapping.admin": []}), 'spec["roleMapping.admin"]', "Nearest known field: `spec.roleMapping`."),
        (project(roleMapping={"editors_": []}), "spec.roleMapping.editors_", "field: `spec.roleMapping.editor`."),
        (project(tenantRef={"name": "x", "names": 1}), "spec.tenantRef.names", "field: `spec.tenantRef.name`."),
        (project(zzz={"deep": {}}), "spec.zzz", "Known fields there: `admissionConfiguration`, `computeConfigRef`, "),
        ({**settings(), "integrations": {}}, "integrations", "Nearest known field: `spec.integrations`."),
        (with_metadata(lables={"a": "b"}), "metadata.lables", "Nearest known field: `metadata.labels`."),
        # What a status preserves is known.
        (
            {**project(), "status": {"effectiveSettings": {"any": [1]}, "else": {}}},
            "status.else",
            "Known fields there: ",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_the_nearest_field_is_a_sibling_else_a_namesake_else_what_is_known(
    vendor: Crds, whole: dict[str, Any], unknown: str, help: str
) -> None:
    diagnostic = only(diagnostics_in(whole, vendor))
    assert f" has no field `{unknown}`;" in diagnostic.message
    assert help in diagnostic.help


def test_all_unknown_fields_are_told_at_once_and_only_the_outermost_of_each(vendor: Crds) -> None:
    found = messages(diagnostics_in(project(a={"b": {"c": 1}}, d=1, roleMapping={"admins": []}), vendor))
    assert sorted(re.findall(r"no field `(\S+)`;", " ".join(found))) == ["spec.a", "spec.d", "spec.roleMapping.admins"]


def test_a_control_character_in_a_name_is_not_obeyed(vendor: Crds) -> None:
    whole = manifest("Project", "a\x1b[2J", "b\n", {"tenantRef": {"name": "acme"}, "\x1b[31m": 1})
    text = str(only(diagnostics_in(whole, vendor)))
    assert all(part.isprintable() for part in text.split("\n"))
    assert "PAI016: Project `<redacted>`: the CRD of " in text
    assert 'has no field `spec["\\u001b[31m"]`' in text


# Values, kinds and scopes

REFUSED = "the API server would refuse"


@pytest.mark.parametrize(
    ("whole", "facts"),
    [
        (project(tenantRef={}), [f"requires `spec.tenantRef.name`, which is missing; {REFUSED}"]),
        (project(displayName=5), [f"requires `spec.displayName` to be of type string, but it is integer; {REFUSED}"]),
        (project(displayName=True), ["requires `spec.displayName` to be of type string, but it is boolean;"]),
        (project(displayName="Line-1"), ["requires `spec.displayName` to match `^[A-Za-z0-9 ]+$`;"]),
        (project(displayName="Line 1\n"), ["requires `spec.displayName` to match `^[A-Za-z0-9 ]+$`;"]),
        (project(displayName=None), ["of type string, but it is null; the API server would silently prune it"]),
        (project(roleMapping=[]), ["requires `spec.roleMapping` to be of type object, but it is array;"]),
        (project(roleMapping={"admin": "me"}), ["`spec.roleMapping.admin` to be of type array, but it is string;"]),
        (
            project(roleMapping={"admin": ["a", {}]}),
            ["`spec.roleMapping.admin[1]` to be of type string, but it is obj"],
        ),
        (project(roleMapping={"admin": [None]}), [f"admin[0]` to be of type string, but it is null; {REFUSED}"]),
        (project(tenantRef={"name": ""}), ["requires `spec.tenantRef.name` to satisfy `minLength` 1;"]),
        (project(computeConfigRef={}), ["`spec.computeConfigRef.name`, "]),
        (
            project(tenantRef={}, displayName="-", extra=1, roleMapping=3),
            ["no field `spec.extra`", "`spec.displayName`", "`spec.roleMapping`", "`spec.tenantRef.name`"],
        ),
        # A wrong type is told once, whatever else it breaks.
        (compute(nodeCount="two"), ["nodeCount` to be of type integer, but it is string;"]),
        (
            compute(nodeCount=2, workerNodeEligible="yes"),
            ["nodeCount` to be one of 1, 3, 5;", "workerNodeEligible` to be of type boolean, but it is string;"],
        ),
        (with_metadata(name="Default"), ["requires `metadata.name` to match "]),
        (with_metadata(name="a" * 64), ["requires `metadata.name` to satisfy `maxLength` 63"]),
        ({"apiVersion": VENDOR, "kind": "Settings"}, ["`metadata.namespace` is missing"]),
        (
            {"apiVersion": VENDOR, "kind": "Settings", "metadata": "x", "spec": 1},
            ["`metadata` to be of type object", "`spec` to be of type object", "`metadata.namespace` is missing"],
        ),
        (manifest("Settings", "default", None, {}), ["`metadata.namespace` is missing"]),
        (
            manifest("Tenant", "acme", "tenant-acme", {}),
            ["makes the kind cluster-scoped, but the manifest has a `metadata.namespace`; the API server would"],
        ),
        (manifest("Setting", "default", "x", {}), ["` define ComputeConfig, Project, Settings, Tenant, not this kind"]),
    ],
)
def test_every_mistake_of_a_manifest_is_one_problem(vendor: Crds, whole: dict[str, Any], facts: list[str]) -> None:
    diagnostics = diagnostics_in(whole, vendor)
    found = messages(diagnostics)
    assert len(found) == len(facts), found
    assert all(any(fact in message for message in found) for fact in facts), found
    assert all(message.endswith(".") for message in found)
    assert all(diagnostic.help and diagnostic.where for diagnostic in diagnostics)


@pytest.mark.parametrize(
    ("whole", "shown"),
    [
        (project(a=1), "Project `vision/vision`"),
        (manifest("Settings", "default", None, {}), "Settings `default`"),
        ({"apiVersion": VENDOR, "kind": "Settings"}, "Settings `(no name)`"),
    ],
)
def test_a_problem_begins_with_the_object(vendor: Crds, whole: dict[str, Any], shown: str) -> None:
    assert only(diagnostics_in(whole, vendor)).message.startswith(f"{shown}: ")


def test_no_value_of_a_manifest_is_ever_repeated(vendor: Crds) -> None:
    key = "sk-4242"
    spec = {
        "displayName": f"-{key}",
        "tenantRef": key,
        "settingsRef": {"name": [key]},
        "computeConfigRef": [key],
        "roleMapping": {"admin": key, "nope": key},
    }
    diagnostics = diagnostics_in(project(**spec), vendor)
    assert len(diagnostics) == 6
    assert key not in "".join(map(str, diagnostics))


# Lists whose elements a path selects

REFERENCE = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}
SELECTED = parsed("spec.integrations[type=palette].secretRef.name")


def listed(**fields: Schema) -> Schema:
    """A spec with a list of elements that have these fields."""
    items = {"type": "object", "required": [*fields][:1], "properties": fields}
    keys = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [*fields][:1]}
    return object_of(integrations={"type": "array", "items": items, **keys})


def selected(crds: Crds, **fields: Any) -> list[Diagnostic]:
    """The problems of an element that a path selects, and that is not the first of its list."""
    spec: dict[str, Any] = {"integrations": [{"type": "other", "secretRef": {"name": "x"}}]}
    SELECTED.write({"spec": spec}, "default-palette")
    spec["integrations"][1] |= fields
    return diagnostics_in(lab(spec), crds, (), SELECTED.lists)


def test_a_selected_element_that_keeps_to_the_schema_has_no_problems(tmp_path: Path) -> None:
    crds = read_schema(tmp_path, listed(type=TEXT, secretRef=REFERENCE))
    assert selected(crds) == []


def test_an_unknown_field_of_a_selected_element_is_told_with_its_path(tmp_path: Path) -> None:
    crds = read_schema(tmp_path, listed(type=TEXT, secretRef=REFERENCE))
    diagnostic = only(selected(crds, secretReference={}))
    assert "has no field `spec.integrations[type=palette].secretReference`;" in diagnostic.message
    assert diagnostic.help.startswith("Nearest known field: `spec.integrations[*].secretRef`. Set another path")


def test_the_field_that_selects_an_element_has_to_be_in_the_schema(tmp_path: Path) -> None:
    crds = read_schema(tmp_path, listed(types=TEXT, secretRef=REFERENCE))
    missing, unknown = [each for each in selected(crds) if "[type=palette]" in each.message]
    assert "has no field `spec.integrations[type=palette].type`;" in unknown.message
    assert unknown.help.startswith("Nearest known field: `spec.integrations[*].types`. Set another path")
    assert "requires `spec.integrations[type=palette].types`, which is missing" in missing.message


def test_the_value_that_selects_an_element_has_to_be_in_the_schema(tmp_path: Path) -> None:
    crds = read_schema(tmp_path, listed(type={**TEXT, "enum": ["Palette", "other"]}, secretRef=REFERENCE))
    diagnostic = only(selected(crds))
    assert 'requires `spec.integrations[type=palette].type` to be one of "Palette", "other";' in diagnostic.message
    assert diagnostic.help.startswith("Select the element by another value in `paletteai:vendorFields`.")


@pytest.mark.parametrize("keys", [["type"], []])
def test_a_mapping_in_the_place_of_a_list_is_told_how_an_element_is_selected(tmp_path: Path, keys: list[str]) -> None:
    schema = listed(type=TEXT, secretRef=REFERENCE)
    schema["properties"]["integrations"]["x-kubernetes-list-map-keys"] = keys
    element = f"`spec.integrations[{keys[0] if keys else 'KEY'}=palette]`"
    spec = {"integrations": {"palette": {"secretRef": {"name": "x"}}}}
    diagnostic = only(diagnostics_in(lab(spec), read_schema(tmp_path, schema)))
    assert "requires `spec.integrations` to be of type array, but it is object;" in diagnostic.message
    assert diagnostic.help == (
        f"A path leads through an element of the list like this: {element}. Set another path with "
        "`paletteai:vendorFields`, which `paletteai crds` finds, or update the package."
    )


def test_a_list_in_the_place_of_a_mapping_is_told(vendor: Crds) -> None:
    whole = manifest("Settings", "default", "tenant-acme", {"integrations": [{"type": "palette"}]})
    diagnostic = only(diagnostics_in(whole, vendor, (), SELECTED.lists))
    assert "requires `spec.integrations` to be of type object, but it is array;" in diagnostic.message
    assert diagnostic.help.startswith("A path leads through it without `[KEY=VALUE]`. Set another path")


def test_a_key_that_selects_an_element_is_not_repeated(tmp_path: Path) -> None:
    crds = read_schema(tmp_path, listed(type=TEXT))
    key = "q9Zkj38sPPw1fakekey77"
    path = parsed(f"spec.integrations[type={key}].secretRef.name")
    holder: dict[str, Any] = {}
    path.write(holder, "x")
    diagnostic = only(diagnostics_in(lab(holder["spec"]), crds, (), path.lists))
    assert "`spec.integrations[type=<redacted>].secretRef`" in diagnostic.message
    assert key not in str(diagnostic)


# Versions


def test_a_kind_without_a_crd_is_shown_where_the_crds_are(vendor: Crds) -> None:
    unknown = only(diagnostics_in(manifest("Setting", "default", "x", {}), vendor))
    assert unknown.where == (SourceLocation(str(CRD_FOLDER)),)


def test_a_version_that_is_not_served_is_a_problem_that_names_those_that_are(crds_of: Callable[..., Crds]) -> None:
    crd = lab_crd({"type": "object"})
    (first,) = crd["spec"]["versions"]
    crd["spec"]["versions"] = [first, {**first, "name": "v2"}, {**first, "name": "v0", "served": False}]
    crds = crds_of(crd)
    for gone in ("v0", "v3"):
        diagnostic = only(diagnostics_in({**lab({}), "apiVersion": f"lab.example/{gone}"}, crds))
        assert f"its CRD serves `lab.example/v1`, `lab.example/v2`, not `lab.example/{gone}`;" in diagnostic.message
        assert "paletteai:apiVersion" in diagnostic.help
    for served in ("v1", "v2"):
        assert diagnostics_in({**lab({}), "apiVersion": f"lab.example/{served}"}, crds) == []


def test_a_kind_of_which_no_version_is_served_is_a_problem(crds_of: Callable[..., Crds]) -> None:
    crd = lab_crd({"type": "object"})
    crd["spec"]["versions"][0]["served"] = False
    assert "its CRD serves no version, not `lab.example/v1`;" in only(diagnostics_in(lab({}), crds_of(crd))).message


# The features of structural schemas

Judged = list[tuple[Any, str]]
OK = ""


# Which fields are kept and dropped is for the oracle below, which draws them.
FEATURES: dict[str, tuple[Schema, Judged]] = {
    "anything at all": (
        {"x-kubernetes-preserve-unknown-fields": True},
        [(1, OK), ([{"a": 1}, None], OK), ({"a": {"b": None}}, OK)],
    ),
    "a list of objects": (
        {"type": "array", "items": object_of(a=TEXT)},
        [
            ([{"a": "x"}, {}], OK),
            ([{}, {"b": 1}], "no field `spec.x[1].b`"),
            ([{"a": 1}], "spec.x[0].a` to be of type string"),
        ],
    ),
    "a map of objects": (
        {"type": "object", "additionalProperties": object_of(a=TEXT)},
        [
            ({"k": {"a": "x"}}, OK),
            ({"k.io/l": {"b": 1}}, 'no field `spec.x["k.io/l"].b`'),
            ({"k": 1}, "spec.x.k` to be"),
        ],
    ),
    "a map of anything keeps no object's fields": (
        {"type": "object", "additionalProperties": True},
        [({"k": 1, "l": [1]}, OK), ({"k": {"a": 1}}, "no field `spec.x.k.a`"), ({"k": [{"a": 1}]}, "spec.x.k[0].a")],
    ),
    "an integer or a string": (
        {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        [
            (80, OK),
            ("http", OK),
            (1.5, "requires `spec.x` to be of type integer or string, but it is number"),
            ({"a": 1}, "requires `spec.x` to be of type integer or string, but it is object"),
            (None, "but it is null"),
        ],
    ),
    "an integer or a string within limits": (
        {"x-kubernetes-int-or-string": True, "nullable": True, "maximum": 9, "pattern": "^[0-9]+%$"},
        [(9, OK), ("10%", OK), (None, OK), (10, "`maximum` 9"), ("10", "to match `^[0-9]+%$`")],
    ),
    "a value that may be null": (
        {**object_of(a=TEXT), "nullable": True, "required": ["a"], "not": {"required": ["b"]}},
        [
            (None, OK),
            ({"a": "x"}, OK),
            ({}, "requires `spec.x.a`"),
            (1, "requires `spec.x` to be of type object or null"),
        ],
    ),
    "an embedded object": (
        {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": object_of(a=TEXT)}},
        [
            ({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "spec": {"a": "x"}}, OK),
            ({"kind": "K"}, "requires `spec.x.apiVersion`"),
            ({"apiVersion": "v1", "kind": 1}, "requires `spec.x.kind` to be of type string"),
            ({"apiVersion": "v1", "kind": "K", "status": {}}, "no field `spec.x.status`"),
            ({"apiVersion": "v1", "kind": "K", "metadata": {"nmae": "n"}}, "no field `spec.x.metadata.nmae`"),
        ],
    ),
    "a default makes up for what is required": (
        {**object_of(a={"type": "string", "default": "x"}), "required": ["a"], "anyOf": [{"required": ["a"]}]},
        [({}, OK), ({"a": 1}, "requires `spec.x.a` to be of type string")],
    ),
    "a default inside a list": (
        {"type": "array", "items": {**object_of(a=object_of(b={"type": "integer", "default": 1}))}},
        [([{"a": {}}], OK), ([{"a": {"b": "1"}}], "spec.x[0].a.b` to be of type integer")],
    ),
    "one of two": (
        {**object_of(a=TEXT, b=TEXT), "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        [
            ({"a": "x"}, OK),
            ({}, "restricts `spec.x` with `oneOf`"),
            ({"a": "x", "b": "x"}, "restricts `spec.x` with `oneOf`"),
        ],
    ),
    "all of and not, which declare nothing": (
        {**object_of(a=TEXT, b=TEXT), "allOf": [{"properties": {"a": {"maxLength": 1}}}], "not": {"required": ["b"]}},
        [
            ({"a": "x"}, OK),
            ({"a": "xx"}, "spec.x.a` to satisfy `maxLength` 1"),
            ({"b": "x"}, "restricts `spec.x` with `not`"),
        ],
    ),
    "bounds as OpenAPI writes them": (
        {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1, "exclusiveMaximum": False},
        [(0.5, OK), (1, OK), (0, "`exclusiveMinimum` 0"), (2, "`maximum` 1")],
    ),
    "a whole number": (
        {"type": "integer", "multipleOf": 2},
        [(4, OK), (4.0, OK), (3, "`multipleOf` 2"), (True, "but it is boolean"), (2.5, "but it is number")],
    ),
    "a format": (
        {"type": "string", "format": "date"},
        [("2024-02-29", OK), ("2023-02-29", "requires `spec.x` to satisfy `format` date")],
    ),
    "a format that nobody knows": ({"type": "string", "format": "made-up"}, [("x", OK)]),
    "a pattern as Go reads it": (
        {"type": "string", "pattern": r"^(?:\w+|[$\]]\$)\z"},
        [("ab", OK), ("$$", OK), ("]$", OK), ("ab\n", r"to match `^(?:\w+|[$\]]\$)$`"), ("é", "to match")],
    ),
    "a pattern of lines": (
        {"type": "string", "pattern": "(?m)^a$"},
        [("b\na\nc", OK), ("b", "requires `spec.x` to match `(?m)^a$`")],
    ),
}


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_of_structural_schemas_is_understood(tmp_path: Path, feature: str) -> None:
    schema, judged = FEATURES[feature]
    crds = read_schema(tmp_path, object_of(x=schema))
    for value, fact in judged:
        found = messages(diagnostics_in(lab({"x": value}), crds))
        if fact:
            assert len(found) == 1, found
            assert fact in found[0]
        else:
            assert found == []


def test_what_is_not_evaluated_is_told_in_a_note_once_for_a_kind(tmp_path: Path) -> None:
    rule = {"x-kubernetes-validations": [{"rule": "self.a != ''"}]}
    crds = read_schema(tmp_path, {**object_of(a={"type": "string", "pattern": r"^\pL+$"}, b={**TEXT, **rule}), **rule})
    notes = in_order([*diagnostics_in(lab({"a": "1"}), crds, (SourceLocation("x"),)), *diagnostics_in(lab({}), crds)])
    note = only(notes)
    assert note.severity is Severity.NOTE
    assert "a CEL rule of `Lab.spec`, the pattern of `Lab.spec.a`, a CEL rule of `Lab.spec.b`;" in note.message
    assert note.where == (SourceLocation(str(tmp_path / "lab.json")),)


@pytest.mark.parametrize("pattern", [r"\pL", "[[:alpha:]]+", "a(?i)b", r"\Qa\E", "(?U)a+"])
def test_a_pattern_that_only_go_can_read_is_not_guessed_at(tmp_path: Path, pattern: str) -> None:
    crds = read_schema(tmp_path, object_of(a={"type": "string", "pattern": pattern}))
    note = only(diagnostics_in(lab({"a": "1"}), crds))
    assert note.severity is Severity.NOTE


def test_a_crd_that_keeps_all_unknown_fields_has_none(crds_of: Callable[..., Crds]) -> None:
    crds = crds_of(lab_crd(object_of(a=TEXT), preserveUnknownFields=True))
    assert diagnostics_in(lab({"z": {"y": 1}}), crds) == []
    assert "to be of type string" in only(diagnostics_in(lab({"a": 1}), crds)).message


# Files


def test_many_documents_of_many_kinds_and_a_list_are_read_and_json_as_well(tmp_path: Path) -> None:
    documents = [yaml.safe_load(file.read_text()) for file in FILES.values()]
    others = [None, "text", {"apiVersion": "v1", "kind": "ConfigMap"}, {"kind": "List", "items": None}]
    listed = {"apiVersion": "v1", "kind": "List", "items": [documents[2], others[2], documents[3]]}
    file = tmp_path / "crds.yaml"
    file.write_text(yaml.safe_dump_all([others[0], documents[0], *others[1:], documents[1], listed]))
    crds = crds_from(file)
    assert {kind for _, kind in crds.versions} == set(FILES)
    assert {api_version for api_version, _ in crds.versions} == {VENDOR}
    assert {version.file for version in crds.versions.values()} == {str(file)}
    assert crds.source == str(file)
    assert crds.versions[VENDOR, "Tenant"].scope == "Cluster"
    assert "no field `spec.nope`;" in only(diagnostics_in(project(nope=1), crds)).message
    file = tmp_path / "crds.JSON"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}, indent="\t"))
    assert {kind for _, kind in crds_from(file).versions} == set(FILES)


def test_a_directory_is_read_without_what_is_below_it_and_what_is_not_yaml(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "kustomization.yaml", "README.md", "z.yaml/below.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("kind: Kustomization\nresources: [b.yaml]")
    (tmp_path / "b.yaml").write_text(FILES["Tenant"].read_text())
    (tmp_path / "a.yml").write_text(FILES["Project"].read_text())
    (tmp_path / "README.md").write_text("{{")
    (tmp_path / "z.yaml/below.yaml").write_text("{{")
    crds = crds_from(tmp_path)
    assert {version.file for version in crds.versions.values()} == {str(tmp_path / "a.yml"), str(tmp_path / "b.yaml")}
    assert crds.source == str(tmp_path)


def test_the_same_crd_twice_is_fine_and_two_that_differ_are_not(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(lab_crd(object_of(a=TEXT))))
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(lab_crd(object_of(a=TEXT))))
    assert len(crds_from(tmp_path).versions) == 1
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(lab_crd(object_of(b=TEXT))))
    with pytest.raises(
        StackFileError, match=r"Lab `lab\.example/v1` is defined differently in `.*a\.yaml`, so nothing was checked"
    ):
        crds_from(tmp_path)


def changed(crd: dict[str, Any], *path: str | int, to: Any = None) -> dict[str, Any]:
    crd = deepcopy(crd)
    node: Any = crd
    for step in path[:-1]:
        node = node[step]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return crd


GOOD = lab_crd(object_of(a=TEXT))
SCHEMA = ("spec", "versions", 0, "schema", "openAPIV3Schema")
INNER = (*SCHEMA, "properties", "spec")


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "it contains no CustomResourceDefinition"),
        ("just words", "it contains no CustomResourceDefinition"),
        ("kind: ConfigMap", "it contains no CustomResourceDefinition"),
        ("a: [", "the file is not valid YAML"),
        ("{{ if .Values.crds }}", "the file is not valid YAML"),
        ("a: \x00", "the file is not valid YAML"),
        (b"\xff\xfe\xfa", "the file is not valid YAML"),
        ("kind: !!python/object:os.system x", "the file is not valid YAML"),
        ("kind: List\nitems: 5", "the file has no usable schema"),
        ("a: &a [x]\nb: *a", "a YAML alias, which no CRD needs"),
        ("a: &a {b: *a}", "a YAML alias, which no CRD needs"),
        ("[" * 100_000, f"more than {MAX_DEPTH} levels"),
        (b"#" * (MAX_BYTES + 1), "the file is larger than 16 MiB"),
        (changed(GOOD, "spec"), "spec is not a mapping"),
        (changed(GOOD, "spec", to=[]), "spec is not a mapping"),
        (changed(GOOD, "spec", "names"), "spec.names is not a mapping"),
        (changed(GOOD, "spec", "group"), "lacks `spec.group`, `spec.names.kind` or a `spec.scope`"),
        (changed(GOOD, "spec", "scope", to="Everywhere"), "lacks `spec.group`, `spec.names.kind` or a `spec.scope`"),
        (changed(GOOD, "spec", "versions"), "the CRD of Lab has no `spec.versions`"),
        (changed(GOOD, "spec", "versions", to=[5]), "spec.versions is not a mapping"),
        (changed(GOOD, "spec", "versions", 0, "schema"), "the CRD of Lab has no schema for `lab.example/v1`"),
        (changed(GOOD, *SCHEMA), "the CRD of Lab has no schema for `lab.example/v1`"),
        (changed(GOOD, *SCHEMA, to=[1]), "the schema of Lab is not a mapping"),
        (changed(GOOD, *SCHEMA, "type", to="thing"), "the schema of `Lab` is not a valid schema"),
        (changed(GOOD, *SCHEMA, "type", to=["object"]), "the schema of `Lab` is not a valid schema"),
        (changed(GOOD, *INNER, to={"minLength": "5"}), "the schema of `Lab.spec` is not a valid schema"),
        (changed(GOOD, *INNER, to={"multipleOf": 0}), "the schema of `Lab.spec` is not a valid schema"),
        (changed(GOOD, *INNER, to=["x"]), "the schema of Lab.spec is not a mapping"),
        (changed(GOOD, *INNER, to={"allOf": 5}), "the file has no usable schema"),
        (changed(GOOD, *INNER, "properties", to={True: {}}), "properties of Lab.spec is not"),
        (
            {**changed(GOOD, "spec", "versions", 0, "schema"), "apiVersion": "apiextensions.k8s.io/v1beta1"},
            "the CRD of Lab has no schema for `lab.example/v1`",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_a_file_that_no_schema_can_be_made_of_is_unreadable(tmp_path: Path, text: Any, fact: str) -> None:
    file = tmp_path / "crds.yaml"
    written = text if isinstance(text, str | bytes) else yaml.safe_dump(text)
    file.write_bytes(written if isinstance(written, bytes) else written.encode())
    with pytest.raises(StackFileError) as raised:
        crds_from(file)
    diagnostic = only(list(raised.value.diagnostics))
    assert fact in diagnostic.message
    assert diagnostic.message.endswith(", so nothing was checked against the cluster's CRDs.")
    assert diagnostic.where[0].file == str(file)
    assert "kubectl get crds -o yaml" in diagnostic.help


def test_the_line_of_a_mistake_in_the_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "crds.yaml"
    for text, line in (("a: 1\nb: [\n", 3), ("a: &a {}\nb: 1\nc: *a\n", 3)):
        file.write_text(text)
        with pytest.raises(StackFileError) as raised:
            crds_from(file)
        assert raised.value.diagnostics[0].where == (SourceLocation(str(file), line),)


# Deeper than a schema is followed.
DEEP = json.dumps(lab_crd({"nested": 1})).replace('{"nested": 1}', '{"properties":{"a":' * 480 + "{}" + "}}" * 480)


@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"a": 1} {"b": 2}', '"\\ud800', DEEP])
def test_json_that_no_schema_can_be_made_of_is_unreadable(tmp_path: Path, text: str) -> None:
    file = tmp_path / "crds.json"
    file.write_text(text)
    with pytest.raises(StackFileError, match="the file has no usable schema"):
        crds_from(file)


def test_a_file_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="cannot be read: No such file or directory"):
        crds_from(tmp_path / "nowhere.yaml")


def test_a_directory_that_may_not_be_listed_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(StackFileError, match="the directory cannot be read: Permission denied"):
        crds_from(tmp_path)


def test_all_unreadable_files_of_a_directory_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("{{")
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(lab_crd({"type": "object"})))
    (tmp_path / "c.json").write_text("{{")
    (tmp_path / "d.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StackFileError) as raised:
        crds_from(tmp_path)
    assert [Path(diagnostic.where[0].file).name for diagnostic in raised.value.diagnostics] == [
        "a.yaml",
        "c.json",
        "d.yaml",
    ]


def test_a_v1beta1_crd_drops_unknown_fields_only_if_it_says_so(crds_of: Callable[..., Crds]) -> None:
    beta = {**lab_crd(object_of(a=TEXT)), "apiVersion": "apiextensions.k8s.io/v1beta1"}
    assert diagnostics_in(lab({"z": 1}), crds_of(beta)) == []
    closed = {**lab_crd(object_of(a=TEXT), preserveUnknownFields=False), "apiVersion": beta["apiVersion"]}
    assert "no field `spec.z`;" in only(diagnostics_in(lab({"z": 1}), crds_of(closed))).message


def test_the_crds_for_these_tests_say_that_they_are_not_the_vendors() -> None:
    for file in FILES.values():
        assert file.read_text().startswith("# A reconstruction of ours, for the tests of this project: not the CRD of")


# An oracle: what Kubernetes drops, written down apart from how the module finds it


def judge(folder: Path, schema: Schema, value: Any) -> tuple[set[str], list[str]]:
    """The unknown fields, and whatever else is wrong."""
    found = messages(diagnostics_in(lab(value), read_schema(folder, schema)))
    unknown = [re.search(r"has no field `(\S+)`;", message) for message in found]
    return {hit[1] for hit in unknown if hit}, [m for m, hit in zip(found, unknown, strict=True) if not hit]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("oracle")


@effort(deadline=None)
@given(st.data())
def test_of_values_of_the_right_types_just_that_is_unknown_which_kubernetes_would_drop(
    folder: Path, data: st.DataObject
) -> None:
    schema = data.draw(schemas().filter(lambda drawn: drawn.get("type") == "object"))
    value = data.draw(fits(schema))
    pruned, gone = prune(value, schema, "spec")
    unknown, others = judge(folder, schema, value)
    assert others == []
    assert unknown == gone
    assert bool(unknown) == (pruned != value)


@effort(deadline=None)
@given(schemas(), ANYTHING)
def test_of_any_value_nothing_is_unknown_that_kubernetes_keeps_and_nothing_is_dropped_in_silence(
    folder: Path, schema: Schema, value: Any
) -> None:
    pruned, gone = prune(value, schema, "spec")
    unknown, others = judge(folder, schema, value)
    assert unknown <= gone
    assert unknown == gone or others
    assert unknown or others or pruned == value
