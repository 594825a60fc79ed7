"""PAI016 and PAI007 say of a manifest what a real API server does with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.checkout import CRD_FOLDER
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import Api, Refused, wait_until
from support.structural_schemas import (
    ANYTHING,
    EMBEDDED,
    LAB,
    PRESERVE,
    TEXT,
    VENDOR,
    Schema,
    fits,
    lab_crd,
    object_of,
    schemas,
)

from paletteai_components import naming
from paletteai_components.diagnostics import Severity
from paletteai_components.kube.conformance import diagnostics_in
from paletteai_components.kube.crds import Crds, crds_from

pytestmark = pytest.mark.cluster

# Each is two requests, or a CRD and some hundred requests.
MOST = settings.default.max_examples if settings.default else 0
MOST_KINDS = MOST // 25

NAMESPACES = "/api/v1/namespaces"
KINDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
HERE = "schemas"

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def api(cluster: ControlPlane) -> Iterator[Api]:
    with Api(cluster) as api:
        api.ask("POST", NAMESPACES, {"metadata": {"name": HERE}})
        yield api


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crds")


@pytest.fixture(scope="module")
def vendors() -> Crds:
    return crds_from(CRD_FOLDER)


# What the API server does, and what is said of it


def answer(api: Api, collection: str, manifest: Manifest, validation: str) -> str:
    """Whether the API server takes a manifest as it is, or drops some of it, or refuses it."""
    try:
        made = api.ask("POST", f"{collection}?dryRun=All&fieldValidation={validation}", manifest)
    except Refused as refused:
        if refused.code not in {400, 422}:
            raise
        return "refused"
    return "taken" if holds(made, manifest) else "dropped"


def holds(made: Any, sent: Any) -> bool:
    """Whether all that was sent is there. Defaults may be there as well."""
    if isinstance(sent, dict):
        return isinstance(made, dict) and all(key in made and holds(made[key], value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(made, list) and len(made) == len(sent) and all(map(holds, made, sent))
    return bool(made == sent) and isinstance(made, bool) == isinstance(sent, bool)


def difference(api: Api, collection: str, crds: Crds, manifest: Manifest) -> str:
    """Where PAI016 is wrong about a manifest; nothing where it is right."""
    told = [each.message for each in diagnostics_in(manifest, crds) if each.severity is Severity.ERROR]
    unknown = [message for message in told if "has no field" in message]
    done, strictly = (answer(api, collection, manifest, validation) for validation in ("Ignore", "Strict"))
    verb = {"taken": "", "dropped": "would silently prune", "refused": "refuse"}[done]
    # What is unknown is all that a strict API server refuses and another one does not: it drops a null even so.
    right = bool(told) == bool(verb) and (strictly == "refused") == (done == "refused" or bool(unknown))
    right = right and (not verb or any(verb in message for message in told))
    return "" if right else f"{json.dumps(manifest)} is {done}, strictly {strictly}; told: {told}"


# The vendor's kinds


def whole(kind: str, spec: Manifest) -> Manifest:
    scope = {} if kind == "Tenant" else {"namespace": HERE}
    # The vendor's admission takes a Project of no other name.
    return {"apiVersion": VENDOR, "kind": kind, "metadata": {"name": HERE, **scope}, "spec": spec}


MANIFESTS = (
    whole(
        "Tenant",
        {
            "displayName": "Acme",
            "description": "Makes things",
            "settingsRef": {"name": "default", "namespace": "tenant-acme"},
            "tenantRoleMapping": {"groups": ["admins", "others"]},
        },
    ),
    whole(
        "Settings",
        {"integrations": {name: {"secretRef": {"name": "a"}} for name in ("palette", "huggingFace", "nvidia")}},
    ),
    whole(
        "Project",
        {
            "displayName": "Vision 1",
            "tenantRef": {"name": "acme"},
            "settingsRef": {"name": "default"},
            "computeConfigRef": {"name": "default", "namespace": "tenant-acme"},
            "roleMapping": {"admin": ["admins"], "editor": [], "viewer": ["all", "others"]},
            "admissionConfiguration": {
                "workloadConfiguration": {"deploymentNamespaces": {"allow": ["jobs"], "disallow": []}}
            },
        },
    ),
    whole(
        "ComputeConfig",
        {"paletteClusterConfig": {"defaults": {"controlPlanePool": {"nodeCount": 3, "workerNodeEligible": False}}}},
    ),
)
PLURALS = {"Tenant": "tenants", "Settings": "settings", "Project": "projects", "ComputeConfig": "computeconfigs"}
TEXTS = ("", "a b", "Line-1", "x" * 300)
VALUES: tuple[Any, ...] = (None, True, 1, 2, 0.5, *TEXTS, [], ["a", None], [{}], {}, {"name": None}, {"name": "a"})


def bounded(value: Any) -> Any:
    """The value with numbers of 64 bits."""
    if isinstance(value, dict):
        return {key: bounded(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [bounded(inner) for inner in value]
    return value % 2**62 if isinstance(value, int) and not isinstance(value, bool) else value


# They are put into manifests that change.
_values = st.sampled_from(VALUES).map(deepcopy) | ANYTHING.map(bounded)


def parts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, value
    if isinstance(value, Mapping | list):
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from parts(inner, (*path, key))


@st.composite
def mutated(draw: st.DrawFn) -> Manifest:
    """A manifest in which something is something else, or missing, or too much."""
    manifest = deepcopy(draw(st.sampled_from(MANIFESTS)))
    for _ in range(draw(st.integers(1, 2))):
        spec = [(path, value) for path, value in parts(manifest) if path[:1] == ("spec",)]
        if not spec:
            break
        path, value = draw(st.sampled_from(spec))
        match draw(st.sampled_from(["exchange", "exchange", "leave out", "add", "add", "append"])):
            case "exchange":
                at(manifest, path[:-1])[path[-1]] = draw(_values)
            case "leave out":
                del at(manifest, path[:-1])[path[-1]]
            case "append":
                for each in [value] if isinstance(value, list) else []:
                    each.extend(draw(st.lists(_values, min_size=1, max_size=3)))
            case "add":
                holders = [
                    each for _, each in [*spec, ((), manifest), ((), manifest["metadata"])] if isinstance(each, dict)
                ]
                holder = draw(st.sampled_from(holders))
                holder[draw(st.sampled_from(["zz", "nam e", *(f"{key}s" for key in holder)]))] = draw(_values)
    return manifest


def at(manifest: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        manifest = manifest[step]
    return manifest


@settings(max_examples=MOST)
@given(mutated())
def test_of_the_vendors_kinds_just_that_is_a_problem_which_the_api_server_refuses_or_drops(
    api: Api, vendors: Crds, manifest: Manifest
) -> None:
    where = "" if manifest["kind"] == "Tenant" else f"namespaces/{HERE}/"
    assert difference(api, f"/apis/{VENDOR}/{where}{PLURALS[manifest['kind']]}", vendors, manifest) == ""


@pytest.mark.parametrize(
    ("field", "value", "done", "told"),
    [
        ("lables", {}, "dropped", True),
        ("namespace", HERE, "dropped", True),
        # Of what is rendered, PAI007 judges these.
        ("name", "A", "refused", False),
        ("labels", {"a": "b!"}, "refused", False),
    ],
)
def test_of_metadata_the_names_of_the_fields_are_judged_and_not_the_values(
    api: Api, vendors: Crds, field: str, value: Any, done: str, told: bool
) -> None:
    manifest = {**MANIFESTS[0], "metadata": {**MANIFESTS[0]["metadata"], field: value}}
    assert answer(api, f"/apis/{VENDOR}/tenants", manifest, "Ignore") == done
    assert bool(diagnostics_in(manifest, vendors)) == told


# Kinds with a feature each

SCALARS: tuple[Any, ...] = (None, True, 1, 1.5, "", "a", "1")
OBJECTS: tuple[Any, ...] = ({}, {"a": "x"}, {"a": 1}, {"a": None}, {"z": {}})
LISTS: tuple[Any, ...] = ([], ["a"], [{}])
INT_OR_STRING: Schema = {"x-kubernetes-int-or-string": True}
A_OR_B = object_of(a=TEXT, b=TEXT)
EMBEDS: Schema = {"type": "object", EMBEDDED: True}
OBJECT: Schema = {"apiVersion": "v1", "kind": "K"}

FEATURES: dict[str, tuple[Schema, list[Any]]] = {
    "length": ({**TEXT, "minLength": 2, "maxLength": 3}, ["é", "éé", "ééé", "🙂🙂🙂🙂"]),
    "pattern": ({**TEXT, "pattern": r"^\w+$"}, ["a\n", "é", "a b"]),
    "part": ({**TEXT, "pattern": "[0-9]%"}, ["1", "a1%b"]),
    "enum": ({**TEXT, "enum": ["a", "b"]}, ["b", "c"]),
    "numbers": ({"type": "integer", "enum": [1, 3]}, [1.0, 2, 3]),
    "nullable-enum": ({**TEXT, "enum": ["a"], "nullable": True}, ["b"]),
    "open": ({"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 1}, [0, 0.5, 1, 1.01]),
    "even": ({"type": "integer", "multipleOf": 2, "maximum": 8}, [2, 2.0, 3, 8, 10, -4]),
    "boolean": ({"type": "boolean"}, [False, "true"]),
    "date": ({**TEXT, "format": "date"}, ["2024-02-29", "2023-02-29", "2024-2-1"]),
    "ipv6": ({**TEXT, "format": "ipv6"}, ["::1", "1.2.3.4", "::g"]),
    "made-up": ({**TEXT, "format": "made-up"}, ["b"]),
    "nullable": ({**object_of(a=TEXT), "nullable": True, "required": ["a"], "not": {"required": ["b"]}}, [{"b": "x"}]),
    "closed": ({"type": "object"}, []),
    "kept": ({"type": "object", PRESERVE: True, "properties": {"in": A_OR_B}}, [{"in": {"z": 1}}, {"z": [None, {}]}]),
    "anything": ({PRESERVE: True, "nullable": True}, [{"z": None}, [None, [{}]]]),
    "number-or-text": ({**INT_OR_STRING, "maximum": 9, "pattern": "^[0-9]+%$"}, [9, 10, "10%", "10"]),
    "nullable-or-text": ({**INT_OR_STRING, "nullable": True, "anyOf": [{"type": "integer"}, TEXT]}, [2]),
    "embedded": (
        {**EMBEDS, "properties": {"spec": A_OR_B}},
        [
            OBJECT,
            {"kind": "K"},
            {**OBJECT, "kind": 1},
            {**OBJECT, "spec": {"a": "x"}},
            {**OBJECT, "spec": {"z": 1}},
            {**OBJECT, "status": {}},
            {**OBJECT, "metadata": {"name": "n", "labels": {"a": "b"}}},
            {**OBJECT, "metadata": {"nmae": "n"}},
            {**OBJECT, "metadata": None},
        ],
    ),
    "any-embedded": ({**EMBEDS, PRESERVE: True}, [OBJECT, {**OBJECT, "any": {"z": None}}, {"apiVersion": "v1"}]),
    "map": ({"type": "object", "additionalProperties": A_OR_B}, [{"k": {"a": "x"}}, {"k": {"z": 1}}, {"k": None}]),
    "counts": (
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2},
        [{"k": 1}, {"k": 1, "l": 2, "m": 3}],
    ),
    "free-map": ({"type": "object", "additionalProperties": True}, [{"k": {"z": 1}}, {"k": [{"z": 1}]}, {"k": {}}]),
    "defaulted": ({**object_of(a={**TEXT, "default": "x"}, b=TEXT), "required": ["a"]}, [{"b": "x"}, {"b": None}]),
    "deep-default": (
        {
            "type": "array",
            "items": object_of(a={**object_of(b={"type": "integer", "default": 1}), "default": {}}),
        },
        [[{"a": {}}], [{"a": {"b": None}}], [{"a": {"b": "1"}}], [{"a": None}]],
    ),
    "list": ({"type": "array", "items": A_OR_B, "minItems": 1, "maxItems": 2}, [[{}, {"z": 1}], [{}, {}, {}], [None]]),
    "lists": ({"type": "array", "items": {"type": "array", "items": A_OR_B}}, [[[{}]], [[], [{"z": 1}]], [None]]),
    "nullable-items": ({"type": "array", "items": {**TEXT, "nullable": True}}, [[None], [1]]),
    "kept-items": (
        {"type": "array", PRESERVE: True, "items": object_of(a=object_of(b=TEXT))},
        [[{"z": 1}], [{"a": {"b": "x"}, "z": {}}], [{"a": {"z": 1}}]],
    ),
    "either": ({**A_OR_B, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, [{"b": "x"}, {"a": "x", "b": "x"}]),
    "some": (
        {**A_OR_B, "anyOf": [{"required": ["a"]}, {"properties": {"b": {"minLength": 2}}, "required": ["b"]}]},
        [{"b": "x"}, {"b": "xx"}],
    ),
    "both": (
        {**A_OR_B, "allOf": [{"properties": {"a": {"maxLength": 1}}}], "not": {"required": ["b"]}},
        [{"a": "xx"}, {"b": "x"}],
    ),
}


_numbers = count(1)


@contextmanager
def kind_with(api: Api, folder: Path, fields: Mapping[str, Schema]) -> Iterator[Callable[[str, Any], str]]:
    """A kind whose `spec` has these fields; tells where PAI016 is wrong about a value of one of them."""
    kind = f"Lab{next(_numbers)}"
    plural = f"{kind.lower()}s"
    crd = lab_crd(object_of(**fields), names={"kind": kind, "plural": plural})
    crd["metadata"]["name"] = f"{plural}.lab.example"
    file, collection = folder / f"{plural}.json", f"/apis/{LAB}/namespaces/{HERE}/{plural}"
    file.write_text(json.dumps(crd))
    crds = crds_from(file)

    def wrong_about(field: str, value: Any) -> str:
        metadata = {"name": "one", "namespace": HERE}
        manifest = {"apiVersion": LAB, "kind": kind, "metadata": metadata, "spec": {field: value}}
        return difference(api, collection, crds, manifest)

    api.ask("POST", KINDS, crd)
    wait_until(f"{plural} are served", lambda: api.has(collection))
    yield wrong_about
    # Every kind costs the API server time.
    api.ask("DELETE", f"{KINDS}/{plural}.lab.example")


def test_of_every_feature_just_that_is_a_problem_which_the_api_server_refuses_or_drops(api: Api, folder: Path) -> None:
    with kind_with(api, folder, {name: schema for name, (schema, _) in FEATURES.items()}) as wrong_about:
        wrong = [
            told
            for name, (schema, values) in FEATURES.items()
            # A list in place of a text with a format: see below.
            for value in (*SCALARS, *OBJECTS, *(() if "format" in schema else LISTS), *values)
            if (told := wrong_about(name, value))
        ]
    assert wrong == []


def sound(schema: Schema) -> Schema:
    """The schema, in which what may be anything may be null as well."""
    inner = {
        word: {name: sound(each) for name, each in schema[word].items()}
        if word == "properties"
        else sound(schema[word])
        for word in ("properties", "items", "additionalProperties")
        if isinstance(schema.get(word), dict)
    }
    untyped = "type" not in schema and "x-kubernetes-int-or-string" not in schema
    return {**schema, **inner, **({"nullable": True} if untyped else {})}


@st.composite
def examples(draw: st.DrawFn) -> tuple[Schema, list[Any]]:
    """A schema, and values that mostly are of the types it wants."""
    schema = sound(draw(schemas()))
    fitting = fits(schema)
    return schema, draw(st.lists((fitting | fitting | ANYTHING).map(bounded), min_size=4, max_size=4))


@settings(max_examples=MOST_KINDS, phases=[Phase.explicit, Phase.generate])
@given(st.lists(examples(), min_size=12, max_size=12))
def test_of_any_schema_just_that_is_a_problem_which_the_api_server_refuses_or_drops(
    api: Api, folder: Path, drawn: list[tuple[Schema, list[Any]]]
) -> None:
    fields = {f"field{number}": example for number, example in enumerate(drawn)}
    with kind_with(api, folder, {field: schema for field, (schema, _) in fields.items()}) as wrong_about:
        for field, (schema, values) in fields.items():
            for value in values:
                assert wrong_about(field, value) == "", schema


ODD: dict[str, Schema] = {
    **{form: {**TEXT, "format": form} for form in ("date", "ipv4", "ipv6")},
    "integer": {"type": "integer"},
    "number-or-text": INT_OR_STRING,
    "spaces": {**TEXT, "pattern": r"^\s+$"},
    "anything": {PRESERVE: True},
    "embedded": {**EMBEDS, PRESERVE: True},
}


@pytest.fixture(scope="module")
def wrong_about(api: Api, folder: Path) -> Iterator[Callable[[str, Any], str]]:
    with kind_with(api, folder, ODD) as wrong_about:
        yield wrong_about


@pytest.mark.parametrize("form", ["date", "ipv6"])
def test_a_list_in_place_of_a_text_with_a_format_is_a_problem_although_the_api_server_takes_it(
    wrong_about: Callable[[str, Any], str], form: str
) -> None:
    assert "is taken, strictly taken; told: [" in wrong_about(form, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("integer", 2**63, id="an integer of more than 64 bits is refused"),
        pytest.param("number-or-text", 2**63, id="so it is where it may be a text"),
        pytest.param("ipv4", "1.2.3.04", id="an address with a leading zero is taken"),
        pytest.param("spaces", "\v", id="to Go a vertical tab is no space"),
        pytest.param("anything", None, id="a null is dropped where anything else may stand"),
        pytest.param("embedded", {**OBJECT, "kind": ""}, id="an embedded object needs a kind"),
        pytest.param("embedded", {**OBJECT, "metadata": {"labels": {"a": 1}}}, id="and metadata of the right types"),
    ],
)
def test_it_is_right_in_corners_too(wrong_about: Callable[[str, Any], str], field: str, value: Any) -> None:
    assert wrong_about(field, value) == ""


# Names


def takes(api: Api, name: str = "one", kind: str = "configmaps", **metadata: Any) -> bool:
    """Whether the API server takes an object with such metadata."""
    collection = NAMESPACES if kind == "namespaces" else f"{NAMESPACES}/{HERE}/{kind}"
    return answer(api, collection, {"metadata": {"name": name, **metadata}}, "Strict") == "taken"


_letters = st.text("a-.", min_size=1, max_size=6) | st.text("aZ0-._é\n/", min_size=1, max_size=5)
_long = st.sampled_from([63, 64, 253, 254]).map(lambda length: "a" * length)
_dotted = st.lists(_letters | st.sampled_from(["a", "a" * 63, "a" * 64]), min_size=1, max_size=4).map(".".join)
_keys = st.builds("{}/{}".format, _letters | _long | _dotted, _letters | _long)


@settings(max_examples=MOST)
@given(_letters | _long | _dotted | _keys)
def test_a_name_is_a_problem_where_the_api_server_refuses_it(api: Api, text: str) -> None:
    assert (naming.label_problem(text) is None) == takes(api, text, "namespaces")
    assert (naming.subdomain_problem(text) is None) == takes(api, text, "secrets")
    assert (naming.label_value_problem(text) is None) == takes(api, labels={"a": text})
    assert (naming.label_key_problem(text) is None) == takes(api, labels={text: "a"})
    assert (naming.annotation_key_problem(text) is None) == takes(api, annotations={text: "a"})
