"""What a cluster holds, or lacks, and what is refused because of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.samples import PROOF, codes, declared_credential, digest, stack

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.cluster import Cluster, LiveObject, fields_taken_over
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

FINGERPRINT = "pai1:" + "1" * 40
VERSION = "spectrocloud.com/v1alpha1"
KINDS = ("Namespace", "Secret", "Settings", "Tenant", "Project")


def acme(*lines: str) -> Stack:
    """A tenant with one project, vision, and a default Settings."""
    fingerprint = {"value": FINGERPRINT, "ciphertext": digest("v1:AAAA:1111"), "proof": PROOF}
    config = [
        f"paletteai:integrations: {json.dumps({'shared': declared_credential(fingerprint=fingerprint)})}",
        "paletteai:tenant:",
        "  name: acme",
        "  settings: {default: {palette: shared}}",
        "  computeConfigRef: {name: default}",
        *(f"  {line}" for line in lines or ["projects: [{name: vision}]"]),
    ]
    return stack("\n".join(config), "acme.dev")


def judged(declared: Stack, *live: str, known: tuple[str, ...] = KINDS, **cluster: Any) -> list[Diagnostic]:
    """The problems of a stack in a cluster where these objects are. One that ends in `!` is being deleted."""
    objects: dict[str, dict[str, LiveObject]] = {kind: {} for kind in known}
    for each in live:
        reference = each.removesuffix("!")
        objects[reference.split("/")[0]][reference] = LiveObject(each != reference)
    given = Cluster("the cluster of context dev", VERSION, **{"objects": objects, **cluster})
    return diagnostics_of(Workspace((declared,), cluster=given))


def test_where_nothing_is_there_everything_can_be_created() -> None:
    assert judged(acme()) == []


@pytest.mark.parametrize(
    ("reference", "line"),
    [
        ("Namespace/tenant-acme", 4),
        ("Tenant/acme", 4),
        ("Settings/tenant-acme/default", 5),
        ("Secret/tenant-acme/default-palette", 5),
        ("Namespace/vision", 7),
        ("Project/vision/vision", 7),
    ],
)
def test_an_object_that_is_there_and_not_in_the_state_is_refused_with_the_way_to_take_it_over(
    reference: str, line: int
) -> None:
    (diagnostic,) = judged(acme(), reference)
    assert diagnostic.code == "PAI018"
    assert diagnostic.message.startswith(f"`{reference}` already exists in the cluster of context dev and ")
    assert f"importIds: [{reference}]" in diagnostic.help
    assert diagnostic.where[0].line == line


def test_of_two_projects_of_one_name_each_is_told_at_its_own_line() -> None:
    twice = acme("projects:", "- {name: vision}", "- {name: vision}")
    told = [each for each in judged(twice, "Project/vision/vision") if each.code == "PAI018"]
    assert [each.where[0].line for each in told] == [8, 9]


def test_a_secret_that_nothing_uses_yet_may_be_deleted_instead() -> None:
    advice = "`kubectl delete secret --namespace tenant-acme default-palette`"
    (alone,) = judged(acme(), "Secret/tenant-acme/default-palette")
    assert advice in alone.help
    used = judged(acme(), "Secret/tenant-acme/default-palette", "Settings/tenant-acme/default")
    assert [diagnostic.code for diagnostic in used if "kubectl delete" in diagnostic.help] == []
    assert codes(used) == ["PAI018", "PAI018"]


def test_an_object_that_the_state_holds_is_no_surprise() -> None:
    assert judged(acme(), "Tenant/acme", owned=frozenset({"Tenant/acme"})) == []


def test_an_object_that_is_taken_over_is_expected_to_be_there() -> None:
    declared = acme("importIds: [Tenant/acme]", "projects: [{name: vision, importIds: [Namespace/vision]}]")
    assert judged(declared, "Tenant/acme", "Namespace/vision") == []
    (diagnostic,) = judged(declared, "Tenant/acme")
    assert diagnostic.code == "PAI018"
    assert diagnostic.message.startswith("`Namespace/vision` is listed in `importIds` and is not in the cluster")
    assert diagnostic.help == "Remove it from `importIds`: it will be created."
    assert diagnostic.where[0].line == 8


def test_of_kinds_that_were_not_told_nothing_is_concluded() -> None:
    declared = acme("importIds: [Tenant/acme]", "projects: [{name: vision, createNamespace: false}]")
    assert judged(declared, known=()) == []


def test_a_namespace_that_is_only_referred_to_has_to_be_there() -> None:
    declared = acme("createNamespace: false", "projects: [{name: vision, createNamespace: false}]")
    diagnostics = judged(declared)
    assert codes(diagnostics) == ["PAI017", "PAI017"]
    assert [diagnostic.message.split(" is ")[0] for diagnostic in diagnostics] == [
        "namespace `tenant-acme`",
        "namespace `vision`",
    ]
    assert judged(declared, "Namespace/tenant-acme", "Namespace/vision") == []


def test_the_namespace_of_a_tenant_made_elsewhere_has_to_be_there_where_something_goes_into_it() -> None:
    assert codes(judged(acme("existing: true"))) == ["PAI017"]
    assert judged(acme("existing: true"), "Namespace/tenant-acme") == []
    bare = stack("paletteai:tenant: {name: acme, existing: true, existingSettings: [default]}", "acme.dev")
    assert judged(bare) == []


@pytest.mark.parametrize("owned", [True, False])
def test_a_namespace_that_is_being_deleted_takes_nothing_in(owned: bool) -> None:
    state = frozenset({"Namespace/vision"} if owned else ())
    declared = acme() if owned else acme("projects: [{name: vision, createNamespace: false}]")
    (diagnostic,) = judged(declared, "Namespace/vision!", owned=state)
    assert diagnostic.code == "PAI017"
    assert "namespace `vision` is being deleted" in diagnostic.message
    assert "kubectl wait --for=delete namespace/vision" in diagnostic.help


def test_a_credential_that_other_settings_carry_there_is_in_use() -> None:
    live = {"Settings": {"Settings/lab/default": LiveObject(fingerprint=FINGERPRINT)}}
    (diagnostic,) = judged(acme(), objects=live)
    assert diagnostic.code == "PAI003"
    assert diagnostic.severity is Severity.WARNING
    assert diagnostic.message.startswith(
        "`Settings/lab/default` in the cluster of context dev is annotated with the cred"
    )
    assert diagnostic.help.startswith("First deploy the stack that gives the credential up")
    assert FINGERPRINT not in str(diagnostic)


@pytest.mark.parametrize(
    ("reference", "fingerprint"),
    [("Settings/lab/default", "pai1:" + "2" * 40), ("Settings/lab/default", None), ("Settings/lab/own", FINGERPRINT)],
)
def test_other_settings_of_another_credential_and_those_of_the_stack_are_in_nobodys_way(
    reference: str, fingerprint: str | None
) -> None:
    live = {"Settings": {reference: LiveObject(fingerprint=fingerprint)}}
    assert judged(acme(), objects=live, owned=frozenset({"Settings/lab/own"})) == []


def managed(
    fields: dict[str, Any], manager: str = "kubectl-edit", others: list[dict[str, Any]] | None = None, **more: str
) -> LiveObject:
    others = others or []
    entry = {"manager": manager, "operation": "Update", "fieldsV1": fields, **more}
    return LiveObject(taken_over=tuple(fields_taken_over([entry, *others])))


OURS = {"manager": "pulumi-kubernetes", "fieldsV1": {"f:spec": {"f:displayName": {}}}}


@pytest.mark.parametrize(
    ("reference", "live", "told"),
    [
        (
            "Project/vision/vision",
            managed({"f:spec": {"f:roleMapping": {".": {}, "f:viewer": {}}}}),
            "spec.roleMapping",
        ),
        ("Tenant/acme", managed({"f:metadata": {"f:labels": {"f:team": {}}}}, "kubectl"), "metadata.labels.team"),
        ("Namespace/vision", managed({"f:metadata": {"f:labels": {"f:x": {}}}}, "before-first-apply"), "labels.x"),
        ("Secret/tenant-acme/default-palette", managed({"f:data": {"f:other": {}}}), "data.other"),
        (
            "Tenant/acme",
            managed({"f:spec": {"f:displayName": {}}}),
            "has `spec.displayName` changed with `kubectl-edit`",
        ),
        ("Tenant/acme", managed({"f:spec": {"f:displayName": {}}}, others=[OURS]), None),
        ("Tenant/acme", managed({"f:status": {"f:ready": {}}}, subresource="status"), None),
        ("Tenant/acme", managed({"f:spec": {"f:quota": {}}}, "palette-ui"), None),
        ("Namespace/vision", managed({"f:metadata": {"f:labels": {"f:kubernetes.io/metadata.name": {}}}}), None),
        ("Secret/tenant-acme/default-palette", managed({"f:data": {"f:palette": {}}}), "has `data.palette` changed"),
        (
            "Project/vision/vision",
            managed({"f:spec": {"f:roleMapping": {"f:admin": {}}}}, "kubectl-patch"),
            "has `spec.roleMapping.admin` changed with `kubectl-patch`",
        ),
        ("Tenant/beta", managed({"f:spec": {"f:quota": {}}}), None),
    ],
)
def test_a_field_that_the_provider_would_take_over_and_drop_is_told(
    reference: str, live: LiveObject, told: str | None
) -> None:
    declared = acme("displayName: Acme", "projects: [{name: vision, roleMapping: {admin: [ours]}}]")
    objects: dict[str, dict[str, LiveObject]] = {kind: {} for kind in KINDS} | {
        reference.split("/")[0]: {reference: live}
    }
    diagnostics = judged(declared, objects=objects, owned=frozenset({reference}))
    assert codes(diagnostics) == (["PAI019"] if told else [])
    assert all(
        diagnostic.severity is Severity.WARNING and str(told) in diagnostic.message for diagnostic in diagnostics
    )


def test_a_kind_that_the_cluster_does_not_serve_is_told_once() -> None:
    declared = acme("projects: [{name: vision}, {name: lab}]")
    (diagnostic,) = judged(declared, kinds=frozenset({"Tenant", "Settings"}))
    assert diagnostic.code == "PAI016"
    assert "does not serve Project of `spectrocloud.com/v1alpha1`, so 2 of the declared objects" in diagnostic.message
    assert judged(declared, kinds=frozenset({"Tenant", "Settings", "Project"})) == []
    assert judged(declared, kinds=None) == []
    assert len(judged(declared, kinds=frozenset())) == 3


@pytest.mark.parametrize("wrong", ["Namespace/vision", "Tenant/beta", "acme", "", "Tenant/ck7f3aCANARY91x"])
def test_what_is_taken_over_is_an_object_that_is_written(wrong: str) -> None:
    (diagnostic,) = judged(acme(f"importIds: [{json.dumps(wrong)}]"))
    assert diagnostic.code == "PAI005"
    assert "importIds" in diagnostic.message
    assert "Declared: `Namespace/tenant-acme`, `Secret/tenant-acme/default-palette`," in diagnostic.help
    assert "CANARY" not in str(diagnostic)
    assert diagnostic.where[0].line == 7
