"""What on a cluster differs from the stack files, and what is no difference."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from support.applied import ACME, BETA, FINGERPRINT, KEY, on_cluster, without_nulls
from support.observations import EVERY_KIND, api_key, document, manifest, manifests_of, observed, project, settings
from support.samples import HOST, stack
from support.topologies import sound_workspaces, workspace_of

from paletteai_components.changes.drift import Drift, drift_between
from paletteai_components.changes.fields import Redacted
from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.manifests import FINGERPRINT_PATH, Manifest
from paletteai_components.kube.openapi import Schema
from paletteai_components.observation.objects import ObservedObject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace


def drift(
    objects: Iterable[Manifest],
    *stacks: Stack,
    beside: tuple[Stack, ...] = (),
    complete: frozenset[str] = EVERY_KIND,
    unreadable: tuple[str, ...] = (),
    **more: Any,
) -> Drift:
    every = list(objects)
    seen = [ObservedObject(each, lambda path: SourceLocation("")) for each in every]
    declared = Workspace((*stacks, *beside), unreadable=unreadable)
    return drift_between(stacks, declared, seen, observed(every, complete=complete), complete, **more)


@pytest.fixture
def acme() -> Stack:
    return stack(ACME)


def test_what_was_applied_has_no_drift_whatever_a_server_and_others_add(acme: Stack) -> None:
    found = drift(on_cluster(acme).values(), acme)
    assert found == Drift(agreeing=len(list(acme.objects)))
    assert found.is_empty


def test_what_is_declared_and_not_there_is_missing(acme: Stack) -> None:
    objects = on_cluster(acme)
    del objects["Project/lab/lab"], objects["Secret/tenant-acme/default-palette"]
    found = drift(objects.values(), acme)
    assert [(each.stack, each.reference) for each in found.missing] == [
        ("acme.dev", "Secret/tenant-acme/default-palette"),
        ("acme.dev", "Project/lab/lab"),
    ]


def changed_at(path: str, value: Any) -> Callable[[Manifest], None]:
    def change(each: Manifest) -> None:
        FieldPath(tuple(path.split("."))).write(each, value)

    return change


@pytest.mark.parametrize(
    ("reference", "change", "field", "before", "after"),
    [
        ("Tenant/acme", changed_at("spec.displayName", "Other"), "spec.displayName", "Other", "Acme"),
        ("Tenant/acme", lambda each: each["metadata"].pop("labels"), "metadata.labels.team", Redacted.ABSENT, "a"),
        ("Tenant/acme", changed_at("metadata.labels.team", "b"), "metadata.labels.team", "b", "a"),
        (
            "Project/vision/vision",
            lambda each: each["spec"]["limits"][0].update(count=2),
            "spec.limits",
            [{"name": "gpu", "count": 2}],
            [{"name": "gpu", "count": 1}],
        ),
        (
            "Project/vision/vision",
            lambda each: each["spec"]["limits"].append({"name": "cpu"}),
            "spec.limits",
            [{"name": "gpu", "count": 1}, {"name": "cpu"}],
            [{"name": "gpu", "count": 1}],
        ),
        ("Project/vision/vision", changed_at("spec.ratio", 2), "spec.ratio", 2, 1.0),
        (
            "Settings/tenant-acme/default",
            changed_at("spec.integrations.palette.secretRef.name", "other"),
            "spec.integrations.palette.secretRef.name",
            "other",
            "default-palette",
        ),
        ("Secret/tenant-acme/default-palette", changed_at("type", "custom"), "type", "custom", "Opaque"),
    ],
)
def test_a_declared_field_that_differs_is_told_with_both_values(
    acme: Stack, reference: str, change: Callable[[Manifest], None], field: str, before: Any, after: Any
) -> None:
    objects = on_cluster(acme)
    change(objects[reference])
    found = drift(objects.values(), acme)
    (differing,) = found.differing
    (told,) = differing.fields
    assert (differing.stack, differing.reference) == ("acme.dev", reference)
    assert (str(told.path), told.before, told.after) == (field, before, after)


def test_a_field_that_nobody_declares_is_no_difference_in_the_element_of_a_list_either(acme: Stack) -> None:
    objects = on_cluster(acme)
    objects["Project/vision/vision"]["spec"]["limits"][0]["enabled"] = True
    objects["Project/vision/vision"]["spec"]["description"] = "by hand"
    objects["Tenant/acme"]["metadata"]["annotations"] = {"by": "hand"}
    assert drift(objects.values(), acme).is_empty


def written(each: Manifest, **fields: Any) -> None:
    """Note that Pulumi applied some fields of an object."""
    inside = {f"f:{name}": inner for name, inner in fields.items()}
    entry = {"manager": "pulumi-kubernetes-1", "operation": "Apply", "fieldsV1": inside}
    each["metadata"]["managedFields"] = [entry]


def test_what_pulumi_wrote_and_no_file_declares_any_more_differs(acme: Stack) -> None:
    objects = on_cluster(acme)
    it = objects["Project/vision/vision"]
    it["spec"] |= {"description": "old", "theirs": 1}
    it["metadata"]["annotations"] = {"note": "old", "pulumi.com/patchForce": "true"}
    it["metadata"]["labels"] |= {"team": "b"}
    annotations: dict[str, Any] = {"f:note": {}, "f:pulumi.com/patchForce": {}}
    metadata = {"f:annotations": annotations, "f:labels": {"f:team": {}}, "f:finalizers": {'v:"theirs"': {}}}
    written(it, metadata=metadata, spec={"f:description": {}, "f:displayName": {}}, status={"f:conditions": {}})
    (differing,) = drift(objects.values(), acme).differing
    assert {str(each.path): (each.before, each.after) for each in differing.fields} == {
        "metadata.annotations.note": ("old", Redacted.ABSENT),
        "metadata.labels.team": ("b", Redacted.ABSENT),
        "spec.description": ("old", Redacted.ABSENT),
    }


def test_what_pulumi_wrote_into_a_secret_is_not_told(acme: Stack) -> None:
    objects = on_cluster(acme)
    it = objects["Secret/tenant-acme/default-palette"]
    it["data"] |= {"more": KEY}
    written(it, data={"f:palette": {}, "f:more": {}}, stringData={"f:more": {}})
    assert drift(objects.values(), acme).is_empty


def test_lists_are_compared_by_the_schema_of_their_kind(acme: Stack) -> None:
    objects = on_cluster(acme)
    limits = objects["Project/vision/vision"]["spec"]["limits"]
    limits.insert(0, {"name": "cpu"})
    assert not drift(objects.values(), acme).is_empty
    listed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    spec = {"properties": {"limits": listed}}
    schemas = {"Project": Schema({"properties": {"spec": spec}})}
    assert drift(objects.values(), acme, schemas=schemas).is_empty
    limits[1]["count"] = 2
    (differing,) = drift(objects.values(), acme, schemas=schemas).differing
    assert [(str(each.path), each.before, each.after) for each in differing.fields] == [
        ("spec.limits[name=gpu].count", 2, 1)
    ]


def test_another_version_of_the_api_is_no_difference(acme: Stack) -> None:
    objects = on_cluster(acme)
    objects["Tenant/acme"]["apiVersion"] = "spectrocloud.com/v1beta1"
    assert drift(objects.values(), acme).is_empty


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"hostUrl": "https://other.example"}, ["hostUrl"]),
        ({"tenant": "other", "defaultProjectID": None}, ["tenant", "defaultProjectID"]),
        ({"apiKey": api_key("another")}, ["apiKey"]),
        ({"hostUrl": f"{HOST}/"}, []),
        ({"more": "fields"}, []),
    ],
)
def test_the_document_of_a_secret_is_compared_and_no_value_of_it_told(
    acme: Stack, fields: dict[str, Any], wrong: list[str]
) -> None:
    objects = on_cluster(acme)
    objects["Secret/tenant-acme/default-palette"]["data"] = document(**{"key": KEY, **fields})
    found = drift(objects.values(), acme)
    told = [field for each in found.differing for field in each.fields]
    assert [str(each.path) for each in told] == [f"data.palette.{name}" for name in wrong]
    assert {each.after for each in told} <= {Redacted.CONFIDENTIAL}
    assert {each.before for each in told} <= {Redacted.CONFIDENTIAL, Redacted.ABSENT}
    assert KEY not in repr(found)
    assert "other" not in repr(found).replace("another", "")


@pytest.mark.parametrize("data", [None, {}, {"palette": ""}, {"palette": "bm90IGpzb24="}, {"other": "eA=="}])
def test_a_document_that_cannot_be_used_differs(acme: Stack, data: object) -> None:
    objects = on_cluster(acme)
    objects["Secret/tenant-acme/default-palette"]["data"] = data
    (differing,) = drift(objects.values(), acme).differing
    assert [str(each.path) for each in differing.fields] == ["data.palette"]


def test_without_a_fingerprint_keys_are_not_compared_and_that_is_said() -> None:
    acme = stack(ACME.replace(f"    fingerprint: {FINGERPRINT}\n", ""))
    found = drift(on_cluster(acme).values(), acme)
    assert found.is_empty
    (uncompared,) = found.uncompared
    assert uncompared.reference == "Secret/tenant-acme/default-palette"
    assert "fingerprint" in uncompared.reason


def test_another_fingerprint_on_the_settings_differs_and_is_not_shown(acme: Stack) -> None:
    objects = on_cluster(acme)
    FINGERPRINT_PATH.write(objects["Settings/tenant-acme/default"], f"pai1:{'c' * 40}")
    (differing,) = drift(objects.values(), acme).differing
    (field,) = differing.fields
    assert (field.path, field.before, field.after) == (FINGERPRINT_PATH, Redacted.HIDDEN, Redacted.HIDDEN)


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_a_kind_that_could_not_be_listed_is_not_taken_for_missing(acme: Stack, kind: str) -> None:
    objects = [each for each in on_cluster(acme).values() if each["kind"] != kind]
    found = drift(objects, acme, complete=EVERY_KIND - {kind})
    assert found.missing == ()
    assert {each.reference.partition("/")[0] for each in found.uncompared} == {kind}


def test_what_no_file_declares_is_told_of_the_tenants_that_were_chosen(acme: Stack) -> None:
    beta = stack(BETA, "beta.dev")
    extra = [project("extra"), settings("tenant-acme", "edge"), project("theirs", "gamma"), manifest("Tenant", "gamma")]
    objects = [*on_cluster(acme, beta).values(), *extra]
    assert drift(objects, acme, beside=(beta,)).undeclared == ("Settings/tenant-acme/edge", "Project/extra/extra")


def test_what_belongs_to_nobody_is_told_if_all_stacks_of_the_cluster_were_chosen(acme: Stack) -> None:
    beta = stack(BETA, "beta.dev")
    extra = [project("theirs", "gamma"), manifest("Tenant", "gamma"), settings("lost", "old")]
    objects = [*on_cluster(acme, beta).values(), *extra]
    everything = ("Tenant/gamma", "Project/theirs/theirs", "Settings/lost/old")
    assert drift(objects, acme, beta, everything=True).undeclared == everything
    assert drift(objects, acme, beta).undeclared == ()
    assert drift(objects, acme, beside=(beta,), everything=True).undeclared == ()
    assert drift(objects, acme, beta, unreadable=("gamma.dev",), everything=True).undeclared == ()
    elsewhere = stack(BETA.replace("context: dev", "context: other"), "beta.prod")
    assert drift(objects, acme, beside=(elsewhere,), everything=True).undeclared[-3:] == everything


def test_what_a_file_only_refers_to_is_not_undeclared() -> None:
    text = ACME.replace("  name: acme\n", "  name: acme\n  existing: true\n  existingSettings: [edge]\n")
    acme = stack(text.replace("  displayName: Acme\n", "").replace("  labels: {team: a}\n", ""))
    objects = [*on_cluster(acme).values(), manifest("Tenant", "acme"), settings("tenant-acme", "edge")]
    assert drift(objects, acme).undeclared == ()


def test_values_that_look_like_keys_are_not_told(acme: Stack) -> None:
    objects = on_cluster(acme)
    objects["Tenant/acme"]["spec"]["displayName"] = "ck7f3aCANARY91xQ4tZ8mWd2"
    assert "CANARY" not in repr(drift(objects.values(), acme))


def test_values_from_an_esc_environment_are_not_known() -> None:
    acme = replace(stack(ACME), imports=("shared",))
    (uncompared,) = drift(on_cluster(acme).values(), acme).uncompared
    assert "Pulumi ESC" in uncompared.reason


@given(sound_workspaces())
def test_what_stacks_declare_has_no_drift_from_itself(files: dict[str, Any]) -> None:
    workspace, _ = workspace_of(files)
    clusters = {each.cluster_name for each in workspace.stacks}
    for cluster in clusters:
        stacks = tuple(each for each in workspace.stacks if each.cluster_name == cluster)
        objects = [json.loads(json.dumps(without_nulls(each))) for one in stacks for each in manifests_of(one)]
        for each in objects:
            if each["kind"] == "Secret":
                _without_its_key(each)
        found = drift(
            objects, *stacks, beside=tuple(each for each in workspace.stacks if each not in stacks), everything=True
        )
        assert (found.missing, found.differing, found.undeclared) == ((), (), ())


def _without_its_key(secret: Manifest) -> None:
    """Which key is behind a ciphertext is not known."""
    opened = json.loads(base64.b64decode(secret["data"]["palette"]))
    secret["data"] = document("", **{**opened, "apiKey": None})


def test_what_another_tool_manages_is_told_beside_the_differences(acme: Stack) -> None:
    objects = on_cluster(acme)
    metadata = objects["Tenant/acme"]["metadata"]
    metadata["annotations"] = {**metadata.get("annotations", {}), "meta.helm.sh/release-name": "apps"}
    found = drift(objects.values(), acme)
    assert [(each.stack, each.reference, each.manager.name) for each in found.contested] == [
        ("acme.dev", "Tenant/acme", "Helm release `apps`")
    ]
    assert found.is_empty
    assert found.totals()["contested"] == 1


def test_a_label_that_the_stack_itself_declares_shows_no_other_tool() -> None:
    own = stack(ACME.replace("labels: {team: a}", "labels: {team: a, app.kubernetes.io/managed-by: pulumi}", 1))
    assert any("app.kubernetes.io/managed-by" in str(each.manifest) for each in own.objects)
    assert drift(on_cluster(own).values(), own).contested == ()
