"""What a cluster holds, or lacks, and what is refused because of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from support.samples import PROOF, codes, declared_credential, digest, stack

from paletteai_components.credentials import ApiKey, fingerprint_of, settings_proof_of
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.cluster import Cluster, LiveObject
from paletteai_components.kube.managed_fields import fields_taken_over
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config
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


@pytest.mark.parametrize(("context", "shown"), [("dev", "dev"), (f"hf_{'aB3' * 9}", "CONTEXT")])
def test_a_command_for_the_cluster_names_the_context_if_it_can_be_shown(context: str, shown: str) -> None:
    declared = replace(acme(), context=context)
    (exists,) = judged(declared, "Secret/tenant-acme/default-palette")
    assert f"`kubectl delete secret --context {shown} --namespace tenant-acme default-palette`" in exists.help
    (going,) = judged(declared, "Namespace/vision!", owned=frozenset({"Namespace/vision"}))
    assert f"`kubectl wait --for=delete --context {shown} namespace/vision`" in going.help


def test_an_object_that_the_state_holds_is_no_surprise() -> None:
    assert judged(acme(), "Tenant/acme", owned=frozenset({"Tenant/acme"})) == []


def test_an_object_that_is_taken_over_is_expected_to_be_there() -> None:
    tenants, projects = ("Tenant/acme", "Namespace/tenant-acme"), ("Project/vision/vision", "Namespace/vision")
    declared = acme(
        *("importIds:", *(f"- {each}" for each in tenants)),
        *("projects:", "- name: vision", "  importIds:", *(f"  - {each}" for each in projects)),
    )
    assert judged(declared, *tenants, *projects) == []
    for line, missing in ((9, tenants[1]), (14, projects[1])):
        (diagnostic,) = judged(declared, *({*tenants, *projects} - {missing}))
        assert diagnostic.code == "PAI018"
        assert diagnostic.message.startswith(f"`{missing}` is listed in `importIds` and is not in the cluster")
        assert diagnostic.help == "Remove it from `importIds`: it will be created."
        assert diagnostic.where[0].line == line


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
    assert [diagnostic.where[0].line for diagnostic in diagnostics] == [4, 8]
    assert {diagnostic.help for diagnostic in diagnostics} == {
        "Create it first, or leave out `createNamespace: false`."
    }
    assert judged(declared, "Namespace/tenant-acme", "Namespace/vision") == []


def test_the_namespace_of_a_tenant_made_elsewhere_has_to_be_there_where_something_goes_into_it() -> None:
    assert codes(judged(acme("existing: true"))) == ["PAI017"]
    assert judged(acme("existing: true"), "Namespace/tenant-acme") == []
    bare = stack("paletteai:tenant: {name: acme, existing: true, existingSettings: [default]}", "acme.dev")
    assert judged(bare) == []


def test_paletteai_may_create_the_namespace_of_a_tenant_without_settings() -> None:
    bare = stack("paletteai:tenant: {name: acme, createNamespace: false}", "acme.dev")
    assert judged(bare) == []


@pytest.mark.parametrize("owned", [True, False])
def test_a_namespace_that_is_being_deleted_takes_nothing_in(owned: bool) -> None:
    state = frozenset({"Namespace/vision"} if owned else ())
    declared = acme() if owned else acme("projects: [{name: vision, createNamespace: false}]")
    (diagnostic,) = judged(declared, "Namespace/vision!", owned=state)
    assert str(diagnostic) == (
        "stacks/Pulumi.acme.dev.yaml:7: error PAI017: namespace `vision` is being deleted in the cluster of context "
        "dev, so nothing can be created in it.\n"
        "  help: Wait until it is gone (`kubectl wait --for=delete namespace/vision`), then run this again."
    )


@pytest.mark.parametrize(
    ("lines", "namespace", "line"),
    [
        ((), "tenant-acme", 4),
        (("namespace: ml",), "ml", 7),
        (("projects:", "- displayName: Vision", "  name: vision"), "vision", 9),
    ],
)
def test_a_namespace_is_told_at_the_field_that_names_it(lines: tuple[str, ...], namespace: str, line: int) -> None:
    reference = f"Namespace/{namespace}"
    (diagnostic,) = judged(acme(*lines), f"{reference}!", owned=frozenset({reference}))
    assert (diagnostic.code, diagnostic.where[0].line) == ("PAI017", line)


def test_a_credential_that_other_settings_carry_there_is_in_use() -> None:
    live = {"Settings": {"Settings/lab/default": LiveObject(fingerprint=FINGERPRINT)}}
    (diagnostic,) = judged(acme(), objects=live)
    assert diagnostic.code == "PAI003"
    assert diagnostic.severity is Severity.WARNING
    assert diagnostic.where[0].line == 2
    assert FINGERPRINT not in str(diagnostic)


def test_a_credential_is_certainly_in_use_where_settings_prove_it() -> None:
    key, ours = "Key-0f-one-of-the-2nd-mine", "Settings/tenant-acme/default"
    config = {
        "paletteai:integrations": {"shared": declared_credential(apiKey=ApiKey.opened(key))},
        "paletteai:tenant": {"name": "acme", "settings": {"default": {"palette": "shared"}}},
    }
    proof = settings_proof_of(key, "lab/default")
    carriers = {
        reference: LiveObject(fingerprint=fingerprint_of(key), proof=proof)
        for reference in (ours, "Settings/lab/copy", "Settings/lab/default")
    }
    document = document_from(b"config:\n  paletteai:integrations:\n    shared: {}", "")
    declared = stack_from_config("acme.dev", config, documents=(document,))
    proven, copied = judged(declared, objects={"Settings": carriers}, owned=frozenset({ours}))
    assert (proven.severity, copied.severity) == (Severity.ERROR, Severity.WARNING)
    assert (proven.where[0].line, copied.where[0].line) == (3, 3)
    race = "PaletteAI would race for the same compute."
    assert proven.message == (
        "`Settings/lab/default` in the cluster of context dev carries the credential of integration `shared`, and is "
        f"not in this stack's state. {race}"
    )
    assert proven.help == ("First deploy the stack that gives the credential up, or create another API key in Palette.")
    assert copied.message == (
        "`Settings/lab/copy` in the cluster of context dev is annotated with the credential of integration `shared`, "
        f"without a proof. If the annotation is right, {race}"
    )
    assert copied.help == (
        "First deploy the stack that gives the credential up. If it is wrong, remove the annotation."
    )


@pytest.mark.parametrize(
    ("reference", "fingerprint"),
    [
        ("Settings/lab/default", "pai1:" + "2" * 40),
        ("Settings/lab/default", None),
        ("Settings/lab/own", FINGERPRINT),
        ("Settings/tenant-acme/default", FINGERPRINT),
    ],
)
def test_other_settings_of_another_credential_and_those_of_the_stack_are_in_nobodys_way(
    reference: str, fingerprint: str | None
) -> None:
    live = {"Settings": {reference: LiveObject(fingerprint=fingerprint)}}
    assert "PAI003" not in codes(judged(acme(), objects=live, owned=frozenset({"Settings/lab/own"})))


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
            "has `spec.roleMapping.viewer`, written with `kubectl-edit` and not declared. The next `pulumi up`",
        ),
        (
            "Tenant/acme",
            managed({"f:spec": {"f:b": {}, "f:a": {}}}, "kubectl"),
            "has `spec.a`, `spec.b`, written with `kubectl` and not declared. The next `pulumi up` that changes",
        ),
        ("Namespace/vision", managed({"f:metadata": {"f:labels": {"f:x": {}}}}, "before-first-apply"), "labels.x"),
        ("Secret/tenant-acme/default-palette", managed({"f:type": {"f:other": {}}}), "`type.other`, written with"),
        ("Secret/tenant-acme/default-palette", managed({"f:data": {"f:other": {}}}), "`data.other`, written with"),
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
        (
            "Namespace/vision",
            managed({"f:metadata": {"f:labels": {"f:a.b/c": {}}}}),
            "has `metadata.labels[a.b/c]`, written",
        ),
        (
            "Project/vision/vision",
            managed({"f:spec": {"f:pools": {".": {}, 'k:{"name":"a"}': {".": {}, "f:name": {}, "f:size": {}}}}}),
            "has `spec.pools[name=a].name`, `spec.pools[name=a].size`, written",
        ),
        # Elements with several keys, or other ones than texts, are told as their list.
        (
            "Project/vision/vision",
            managed({"f:spec": {"f:ports": {'k:{"port":80}': {"f:port": {}}}, "f:names": {'v:"a"': {}}}}),
            "has `spec.names`, `spec.ports`, written",
        ),
        (
            "Project/vision/vision",
            managed({"f:spec": {"f:ports": {'k:{"host":"a","name":"b"}': {"f:host": {}}}}}),
            "has `spec.ports`, written",
        ),
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
    for diagnostic in diagnostics:
        assert diagnostic.severity is Severity.WARNING
        assert diagnostic.message.startswith(f"`{reference}` ")
        assert str(told) in diagnostic.message
        assert diagnostic.help == "Declare it, under `extraSpec` if necessary, or give it up."


def test_an_element_that_somebody_else_added_to_a_list_is_told_and_not_the_declared_ones() -> None:
    declared = stack(
        """
        paletteai:vendorFields: {settings.palette: "spec.integrations[type=palette].secretRef.name"}
        paletteai:integrations: {vaulted: {existingSecret: lab-palette, credential: vault}}
        paletteai:tenant: {name: acme, settings: {default: {palette: vaulted}}}
        """
    )

    def entry(*types: str) -> dict[str, Any]:
        elements: dict[str, Any] = {
            f'k:{{"type":"{kind}"}}': {"f:type": {}, "f:secretRef": {"f:name": {}}} for kind in types
        }
        return {"f:spec": {"f:integrations": elements}}

    ours = {"manager": "pulumi-kubernetes", "fieldsV1": entry("palette")}
    live = managed(entry("palette", "nvidia"), others=[ours])
    reference = "Settings/tenant-acme/default"
    objects: dict[str, dict[str, LiveObject]] = {kind: {} for kind in KINDS} | {"Settings": {reference: live}}
    (told,) = [
        each for each in judged(declared, objects=objects, owned=frozenset({reference})) if each.code == "PAI019"
    ]
    assert (
        "has `spec.integrations[type=nvidia].secretRef.name`, `spec.integrations[type=nvidia].type`, written with "
        "`kubectl-edit` and not declared."
    ) in told.message


def test_a_kind_that_the_cluster_does_not_serve_is_told_once() -> None:
    declared = acme("projects: [{name: vision}, {name: lab}]")
    (diagnostic,) = judged(declared, kinds=frozenset({"Tenant", "Settings"}))
    assert str(diagnostic) == (
        "stacks/Pulumi.acme.dev.yaml:7: error PAI016: the cluster of context dev does not serve Project of "
        "`spectrocloud.com/v1alpha1`, so 2 of the declared objects could not be created.\n"
        "  help: Install PaletteAI or its CRDs there first, or set `paletteai:apiVersion` to a version that is served."
    )
    assert judged(declared, kinds=frozenset({"Tenant", "Settings", "Project"})) == []
    assert judged(declared, kinds=None) == []
    assert len(judged(declared, kinds=frozenset())) == 3


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("Namespace/vision", "`Namespace/vision`"),
        ("Tenant/beta", "`Tenant/beta`"),
        ("Project/lab/lab", "`Project/lab/lab`"),
        *((invalid, "an invalid reference") for invalid in ("acme", "", "Job/a", "Tenant/ck7f3aCANARY91x")),
    ],
)
def test_what_is_taken_over_is_an_object_that_is_written(reference: str, shown: str) -> None:
    (diagnostic,) = judged(acme(f"importIds: [{json.dumps(reference)}]"))
    assert str(diagnostic) == (
        f"stacks/Pulumi.acme.dev.yaml:7: error PAI005: `importIds` lists {shown}, which is not declared here, so "
        "nothing would be taken over.\n"
        "  help: Name an object as `Kind/name` or `Kind/namespace/name`. Declared: `Namespace/tenant-acme`, "
        "`Secret/tenant-acme/default-palette`, `Settings/tenant-acme/default`, `Tenant/acme`."
    )
