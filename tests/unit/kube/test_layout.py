"""Which fields fit real CRDs, and where those may be that do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.pasted import keys
from support.settings_layouts import FIELDS, LAYOUTS, OPEN, SettingsLayout, crds_with

from paletteai_components.kube.candidates import Candidate
from paletteai_components.kube.crds import crds_of
from paletteai_components.kube.fit import Fit
from paletteai_components.kube.layout import FieldLayout, Layout, layout_of
from paletteai_components.kube.palette_api import FIELDS as EVERY_FIELD
from paletteai_components.kube.palette_api import KINDS, PaletteApi

Change = Callable[[list[dict[str, Any]]], None]
NONE: dict[str, str] = {}
TEXT: dict[str, Any] = {"type": "string"}


def layout(spec: str | dict[str, Any], fields: dict[str, str] = NONE, change: Change | None = None) -> Layout:
    """The layout of Settings with a `spec`, in CRDs with a change."""
    parsed = {"type": "object", "properties": yaml.safe_load(spec)} if isinstance(spec, str) else spec
    crds = crds_with(parsed)
    if change:
        change(crds)
    return layout_of(crds_of(crds, "crds.yaml"), PaletteApi(fields=fields))


def field(found: Layout, name: str = "settings.palette") -> FieldLayout:
    return next(each for each in found.fields if each.name == name)


def candidates(spec: str, name: str = "settings.palette") -> list[Candidate]:
    return list(field(layout(spec), name).candidates)


def paths(spec: str, name: str = "settings.palette") -> list[str]:
    return [str(each.path) for each in candidates(spec, name)]


def schema_of(crds: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    crd = next(each for each in crds if each["spec"]["names"]["kind"] == kind)
    schema: dict[str, Any] = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


@pytest.mark.parametrize("known", LAYOUTS, ids=str)
def test_of_every_layout_the_right_paths_come_first_and_nothing_else_is_as_good(known: SettingsLayout) -> None:
    found = layout(known.spec)
    assert not found.fits
    assert found.replaced == known.paths
    for name in FIELDS:
        each = field(found, name)
        assert each.fit in {Fit.MISSING, Fit.MISMATCH}
        assert each.candidates[0].is_certain is known.certain
        assert not any(other.is_certain for other in each.candidates[1:])
        assert not each.is_ambiguous


@pytest.mark.parametrize("known", LAYOUTS, ids=str)
def test_with_the_right_paths_every_field_fits_or_says_what_it_needs(known: SettingsLayout) -> None:
    found = layout(known.spec, known.paths)
    needs = {each.name: list(map(str, each.judgement.needs)) for each in found.fields if each.judgement.needs}
    assert needs == ({"settings.palette": [known.needs]} if known.needs else {})
    assert {each.fit for each in found.fields} <= {Fit.FITS, Fit.NEEDS_MORE}
    assert found.fits is not bool(known.needs)
    assert found.found == {}


def test_there_is_a_line_for_every_field_of_the_vendors_kinds() -> None:
    found = layout(LAYOUTS[0].spec)
    assert [each.name for each in found.fields] == sorted(
        (name for name, each in EVERY_FIELD.items() if each.kind in KINDS),
        key=lambda name: KINDS.index(EVERY_FIELD[name].kind),
    )


# What does not fit, and why


def test_a_list_in_the_place_of_a_mapping_does_not_fit() -> None:
    each = field(layout("integrations: {type: array, items: {type: object}}"))
    assert (each.fit, each.judgement.reason) == (Fit.MISMATCH, "`spec.integrations` is of type array, not object")


def test_a_mapping_in_the_place_of_a_list_does_not_fit() -> None:
    path = {"settings.palette": "spec.integrations[type=palette].secretRef.name"}
    each = field(layout("integrations: {type: object}", path))
    assert (each.fit, each.judgement.reason) == (Fit.MISMATCH, "`spec.integrations` is of type object, not array")


def test_an_element_that_cannot_be_selected_so_does_not_fit() -> None:
    spec = """
    integrations:
      type: array
      items: {type: object, properties: {%s: {type: string, enum: [%s]}, ref: {type: string}}}
    """
    path = {"settings.palette": "spec.integrations[type=palette].ref"}
    other_key, other_value = (field(layout(spec % each, path)) for each in (("kind", "palette"), ("type", "Palette")))
    assert other_key.fit is Fit.MISSING
    assert other_key.judgement.reason == "there is no `spec.integrations[type=palette].type`"
    assert other_value.fit is Fit.MISMATCH
    assert other_value.judgement.reason == "`spec.integrations[type=palette].type` is one of `Palette`"


@pytest.mark.parametrize(
    ("leaf", "reason"),
    [
        ("{type: object}", "`spec.palette.secret` is of type object, not string"),
        ("{type: string, enum: [one, two]}", "`spec.palette.secret` is one of `one`, `two`"),
    ],
)
def test_a_field_with_another_type_or_only_some_values_does_not_fit(leaf: str, reason: str) -> None:
    spec = f"palette: {{type: object, properties: {{secret: {leaf}}}}}"
    each = field(layout(spec, {"settings.palette": "spec.palette.secret"}))
    assert (each.fit, each.judgement.reason) == (Fit.MISMATCH, reason)


def test_what_one_of_several_schemas_demands_does_not_fit() -> None:
    spec = """
    palette:
      type: object
      properties: {secret: {type: string}, inline: {type: string}}
      oneOf: [{required: [inline]}, {required: [token]}]
    """
    each = field(layout(spec, {"settings.palette": "spec.palette.secret"}))
    assert (each.fit, each.judgement.reason) == (Fit.MISMATCH, "`spec.palette` is restricted with `oneOf`")


def test_a_required_field_that_the_schema_supplies_is_not_needed() -> None:
    spec = """
    palette:
      type: object
      required: [region, secret]
      properties: {secret: {type: string}, region: {type: string, default: eu}}
    """
    assert field(layout(spec, {"settings.palette": "spec.palette.secret"})).fit is Fit.FITS


def test_what_the_spec_requires_is_needed_by_every_integration_and_by_no_other_kind() -> None:
    spec = {**LAYOUTS[0].spec, "required": ["displayName"]}
    found = layout(spec, LAYOUTS[0].paths)
    assert {each.name for each in found.fields if each.fit is Fit.NEEDS_MORE} == set(FIELDS)
    assert {str(path) for each in found.fields for path in each.judgement.needs} == {"spec.displayName"}


def test_an_object_that_has_to_have_more_entries_does_not_fit() -> None:
    spec = "palette: {type: object, minProperties: 2, properties: {secret: {type: string}}}"
    each = field(layout(spec, {"settings.palette": "spec.palette.secret"}))
    assert (each.fit, each.judgement.reason) == (Fit.MISMATCH, "`spec.palette` has to have more entries")


def test_of_a_kind_without_a_spec_every_field_is_missing() -> None:
    def without(crds: list[dict[str, Any]]) -> None:
        del schema_of(crds, "Settings")["properties"]["spec"]

    each = field(layout({"type": "object"}, change=without))
    assert (each.fit, each.judgement.reason, each.candidates) == (Fit.MISSING, "there is no `spec`", ())


def test_a_value_that_only_an_example_violates_is_no_reason() -> None:
    spec = "palette: {type: object, properties: {secret: {type: string, pattern: '^[0-9]+$', maxLength: 2}}}"
    assert field(layout(spec, {"settings.palette": "spec.palette.secret"})).fit is Fit.FITS


def test_a_field_with_a_known_path_that_is_gone_has_no_candidates() -> None:
    def renamed(crds: list[dict[str, Any]]) -> None:
        properties = schema_of(crds, "Project")["properties"]["spec"]["properties"]
        properties["title"] = properties.pop("displayName")

    found = layout(LAYOUTS[0].spec, LAYOUTS[0].paths, renamed)
    each = field(found, "project.displayName")
    assert (each.fit, each.judgement.reason, each.candidates) == (Fit.MISSING, "there is no `spec.displayName`", ())
    assert [other.name for other in found.fields if other.fit is not Fit.FITS] == ["project.displayName"]


# What is not known


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "object", OPEN: True},
        {"type": "object", "properties": {"integrations": {"type": "object", OPEN: True}}},
        {"type": "object", "properties": {"integrations": {OPEN: True}}},
    ],
    ids=["the spec", "below it", "anything"],
)
def test_of_an_open_schema_nothing_is_known_and_nothing_is_wrong(spec: dict[str, Any]) -> None:
    found = layout(spec)
    assert {(each.fit, each.judgement.reason) for each in found.fields if each.name in FIELDS} == {
        (Fit.UNKNOWN, "the schema is open there")
    }
    assert found.fits
    assert found.found == {}


def test_of_a_crd_that_keeps_everything_nothing_is_known() -> None:
    def keeps(crds: list[dict[str, Any]]) -> None:
        crds[2]["spec"]["preserveUnknownFields"] = True

    assert field(layout({"type": "object"}, change=keeps)).fit is Fit.UNKNOWN


def test_what_an_open_schema_tells_is_still_a_candidate() -> None:
    spec = {**LAYOUTS[0].spec, OPEN: True}
    spec["properties"] = {"palette": {"type": "object", "properties": {"secretName": {"type": "string"}}}}
    found = layout(spec)
    assert field(found).fit is Fit.UNKNOWN
    assert found.replaced == {"settings.palette": "spec.palette.secretName"}


def two_versions(crds: list[dict[str, Any]], served: bool = True) -> None:
    """A newer version of Settings, in which they are stored."""
    (old,) = crds[2]["spec"]["versions"]
    old |= {"storage": False, "served": served}
    crds[2]["spec"]["versions"] = [{**old, "name": "v1beta1", "storage": True, "served": True}, old]


def test_of_several_versions_the_one_that_is_written_counts() -> None:
    found = layout(LAYOUTS[0].spec, LAYOUTS[0].paths, two_versions)
    settings = found.kinds[2]
    assert found.fits
    assert settings.api_version == "spectrocloud.com/v1alpha1"
    assert set(settings.served) == {"spectrocloud.com/v1alpha1", "spectrocloud.com/v1beta1"}
    assert settings.stored == "spectrocloud.com/v1beta1"


def test_a_version_that_is_not_served_says_which_one_is() -> None:
    found = layout(LAYOUTS[0].spec, LAYOUTS[0].paths, lambda crds: two_versions(crds, served=False))
    assert not found.fits
    assert found.kinds[2].api_version is None
    assert {(each.fit, each.judgement.reason) for each in found.fields if each.name in FIELDS} == {
        (Fit.UNKNOWN, "the CRD serves `spectrocloud.com/v1beta1`")
    }


def test_a_kind_without_a_crd_does_not_fit() -> None:
    found = layout(LAYOUTS[0].spec, LAYOUTS[0].paths, lambda crds: crds.__delitem__(0))
    assert not found.fits
    assert field(found, "tenant.groups").judgement.reason == "there is no CRD"
    assert field(found, "project.admin").fit is Fit.FITS


# Where a field may be


PALETTE = "palette: {type: object, properties: {%s}}"


@pytest.mark.parametrize(
    "leaf",
    [
        "secretName: {type: string}",
        "secretRef: {type: string}",
        "existingSecret: {type: string}",
        "credentialsSecretName: {type: string}",
        "apiKeySecretRef: {type: object, properties: {name: {type: string}}}",
        "credentials_ref: {type: object, properties: {name: {type: string}}}",
        "secret: {type: object, properties: {name: {type: string}}}",
        "secretKeyRef: {type: object, properties: {name: {type: string}, key: {type: string}}}",
    ],
)
def test_a_field_named_for_a_secret_beside_the_type_is_certain(leaf: str) -> None:
    (only,) = candidates(PALETTE % leaf)
    assert only.is_certain


@pytest.mark.parametrize(
    "leaf",
    [
        "authRef: {type: object, properties: {name: {type: string}}}",
        "credentials: {type: string}",
        "clientSecret: {type: string}",
        "using: {type: string, description: The name of a secret.}",
        "config: {type: object, properties: {secretRef: {type: object, properties: {name: {type: string}}}}}",
        "caSecretRef: {type: object, properties: {name: {type: string}}}",
        "secretRef: {type: object, description: Deprecated., properties: {name: {type: string}}}",
    ],
)
def test_what_may_be_something_else_is_only_plausible(leaf: str) -> None:
    (only,) = candidates(PALETTE % leaf)
    assert not only.is_certain


@pytest.mark.parametrize(
    "leaf",
    [
        "apiKey: {type: string}",
        "secretKey: {type: string}",
        "secretNamespace: {type: string}",
        "secretName: {type: integer}",
        "secretName: {type: string, enum: [one, two]}",
        "host: {type: string, description: The name of the Secret is elsewhere.}",
        "name: {type: string}",
        "secretRefs: {type: array, items: {type: string}}",
        "'secret.name': {type: string}",
    ],
)
def test_what_cannot_be_the_name_of_a_secret_is_no_candidate(leaf: str) -> None:
    assert candidates(PALETTE % leaf) == []


@pytest.mark.parametrize(
    ("name", "integration"),
    [
        ("palette", "settings.palette"),
        ("spectroCloud", "settings.palette"),
        ("hugging-face", "settings.huggingFace"),
        ("huggingface", "settings.huggingFace"),
        ("HF", "settings.huggingFace"),
        ("nvidiaNGC", "settings.nvidia"),
        ("NGC", "settings.nvidia"),
    ],
)
def test_an_integration_is_known_by_other_names_as_well(name: str, integration: str) -> None:
    spec = f"{name}: {{type: object, properties: {{secretName: {{type: string}}}}}}"
    found = {each: paths(spec, each) for each in FIELDS}
    assert found == {**{each: [] for each in FIELDS}, integration: [f"spec.{name}.secretName"]}


@pytest.mark.parametrize("name", ["paletteAI", "paletteai", "PaletteAI", "mirror"])
def test_the_vendors_product_is_no_integration(name: str) -> None:
    assert paths(f"{name}: {{type: object, properties: {{secretName: {{type: string}}}}}}") == []


def test_the_nearest_type_counts() -> None:
    spec = """
    paletteIntegrations:
      type: object
      properties: {nvidia: {type: object, properties: {secretName: {type: string}}}}
    """
    assert paths(spec) == []
    assert paths(spec, "settings.nvidia") == ["spec.paletteIntegrations.nvidia.secretName"]


def test_two_that_are_equally_good_are_said_to_be() -> None:
    spec = (
        PALETTE % "secretName: {type: string}"
        + "\nspectroCloud: {type: object, properties: {secretName: {type: string}}}"
    )
    each = field(layout(spec))
    assert each.is_ambiguous
    assert len(each.candidates) == 2


def test_of_many_candidates_only_the_best_are_named() -> None:
    spec = "\n".join(
        f"palette{letter}: {{type: object, properties: {{secretName: {{type: string}}}}}}" for letter in "BCDEFGHK"
    )
    assert len(candidates(spec)) == 5


def test_a_candidate_that_needs_more_says_what_and_comes_after_one_that_does_not() -> None:
    spec = """
    palette:
      type: object
      properties:
        other: {type: object, required: [key], properties: {secretName: {type: string}, key: {type: string}}}
        plain: {type: object, properties: {secretName: {type: string}}}
    """
    first, second = candidates(spec)
    assert (str(first.path), first.needs) == ("spec.palette.plain.secretName", ())
    assert list(map(str, second.needs)) == ["spec.palette.other.key"]


def test_a_map_with_any_keys_has_the_name_of_the_type() -> None:
    spec = """
    credentials:
      type: object
      additionalProperties: {type: object, properties: {secretName: {type: string}}}
    labels: {type: object, additionalProperties: {type: string, description: The name of a Secret of Palette.}}
    """
    (only,) = candidates(spec)
    assert (str(only.path), only.is_certain) == ("spec.credentials.palette.secretName", False)


LIST = """
%s:
  type: array
%s
  items:
    type: object
    properties: {type: {type: string%s}, id: {type: string}, secretName: {type: string}}
"""


def test_a_list_without_any_sign_of_integrations_is_passed_over() -> None:
    assert candidates(LIST % ("users", "", "")) == []
    assert paths(LIST % ("integrations", "", "")) == ["spec.integrations[type=palette].secretName"]


def test_a_list_of_other_types_is_not_for_this_one() -> None:
    spec = LIST % ("integrations", "", ", enum: [nvidia, other]")
    assert candidates(spec) == []
    assert paths(spec, "settings.nvidia") == ["spec.integrations[type=nvidia].secretName"]


def test_the_key_of_the_list_is_taken_before_another_field() -> None:
    spec = LIST.replace("id:", "name:") % ("providers", "  x-kubernetes-list-map-keys: [name]", "")
    assert paths(spec) == ["spec.providers[name=palette].secretName"]


NAMES = st.sampled_from(["integrations", "palette", "nvidiaNGC", "hf", "providers", "proxy", "a.b"])
LEAVES: tuple[dict[str, Any], ...] = (
    {"secretName": TEXT},
    {"secretRef": {"type": "object", "properties": {"name": TEXT, "namespace": TEXT}, "required": ["namespace"]}},
    {"credentialsRef": {"type": "object", "properties": {"name": TEXT}}, "region": TEXT},
    {"text": {**TEXT, "description": "The name of a Secret."}, "other": {"type": "integer"}},
)
KEYS: tuple[dict[str, Any], ...] = (
    {},
    TEXT,
    {**TEXT, "enum": ["palette", "ngc"]},
    {**TEXT, "enum": ["other"]},
    {"type": "integer"},
)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A `spec` with the names of Secrets below objects, maps and lists, which may require a field or be open."""

    def inside(depth: int) -> dict[str, Any]:
        properties: dict[str, Any] = dict(draw(st.sampled_from(LEAVES)))
        names = draw(st.lists(NAMES, min_size=min(depth, 1), max_size=2, unique=True)) if depth else []
        for name in names:
            inner = inside(depth - 1)
            match draw(st.sampled_from(["object", "object", "map", "list"])):
                case "object":
                    properties[name] = inner
                case "map":
                    properties[name] = {"type": "object", "additionalProperties": inner}
                case "list":
                    if key := draw(st.sampled_from(KEYS)):
                        inner["properties"]["type"] = key
                    properties[name] = {"type": "array", "items": inner}
        node: dict[str, Any] = {"type": "object", "properties": properties}
        node |= {"required": sorted(properties)[:1]} if draw(st.integers(0, 4)) == 0 else {}
        return node | ({OPEN: True} if draw(st.integers(0, 9)) == 0 else {})

    return inside(3)


@given(specs())
def test_whatever_the_schema_is_a_candidate_is_there(spec: dict[str, Any]) -> None:
    for each in layout(spec).fields:
        for candidate in each.candidates:
            tried = field(layout(spec, {each.name: str(candidate.path)}), each.name)
            assert tried.path == candidate.path
            assert tried.fit in {Fit.FITS, Fit.NEEDS_MORE, Fit.UNKNOWN}
            assert tried.judgement.needs == candidate.needs


def test_a_schema_that_is_very_wide_or_has_lists_in_lists_takes_seconds_at_most() -> None:
    values = [f"palette-{number}" for number in range(30)]
    nested: dict[str, Any] = {"type": "object", "properties": {"secretName": {"type": "string"}}}
    for _ in range(20):
        keyed = {**nested, "properties": {**nested["properties"], "type": {"type": "string", "enum": values}}}
        nested = {"type": "object", "properties": {"list": {"type": "array", "items": keyed}}}
    wide = {f"palette{number}": {"type": "object", "properties": {"secretName": TEXT}} for number in range(2_000)}
    started = time.process_time()
    found = layout({"type": "object", "properties": {"deep": nested, **wide}})
    assert len(field(found).candidates) == 5
    assert time.process_time() - started < 10


# Keys that somebody pasted


@pytest.mark.parametrize("kind", keys())
def test_a_key_is_told_nowhere(kind: str) -> None:
    key = keys()[kind]
    spec = f"""
    palette:
      type: object
      description: "Use {key}"
      required: ["{key}"]
      properties:
        secretName: {{type: string, description: "Name of the Secret, such as {key}", enum: ["{key}"]}}
        secretRef: {{type: object, properties: {{name: {{type: string, description: "a Secret, {key}"}}}}}}
        "{key}": {{type: object, properties: {{secretName: {{type: string}}}}}}
        by: {{type: array, items: {{type: object, properties: {{type: {{type: string, enum: ["palette-{key}"]}},
          secretName: {{type: string}}}}}}}}
    """
    for fields in ({}, {"settings.palette": "spec.palette.secretName"}, {"settings.palette": f"spec.palette.{key}"}):
        found = layout(spec, fields)
        told = [
            (
                each.judgement.reason,
                each.path.redacted,
                [path.redacted for path in each.judgement.needs],
                each.candidates,
            )
            for each in found.fields
        ]
        needed = [path.redacted for each in found.fields for one in each.candidates for path in one.needs]
        shown = [(str(each.path), each.description) for _, _, _, several in told for each in several]
        assert key not in repr([one[:3] for one in told]) + repr(needed) + repr(shown)
    assert "spec.palette.secretRef.name" in repr(shown)
