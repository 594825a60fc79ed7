"""Manifests: exactly these objects, in this order, with every vendor's field where it belongs."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.checkout import CRD_FOLDER
from support.oracle import Files
from support.samples import HOST, PROJECT_ID, PROOF, declared_credential, digest, stack
from support.topologies import sound_workspaces, workspace_of

from paletteai_components.kube.conformance import diagnostics_in
from paletteai_components.kube.crds import crds_from
from paletteai_components.kube.manifests import Manifest, objects_of, palette_document, secret_object
from paletteai_components.kube.palette_api import API_VERSION, FIELDS, KINDS, PaletteApi
from paletteai_components.model.spec import IntegrationSpec, OnRemoval
from paletteai_components.rules import diagnostics_of, diagnostics_of_stack
from paletteai_components.stacks.stack import Stack

FINGERPRINT = f"pai1:{'1' * 40}"
CRDS = crds_from(CRD_FOLDER)

FULL = f"""
paletteai:integrations:
  shared:
    hostUrl: {HOST}
    tenant: example-tenant
    defaultProjectID: "{PROJECT_ID}"
    apiKey: {{secure: v1:a}}
    fingerprint: {{value: "{FINGERPRINT}", ciphertext: {digest("v1:a")}, proof: "{PROOF}"}}
  vaulted: {{existingSecret: lab-palette, credential: "vault://lab"}}
paletteai:tenant:
  name: acme
  displayName: Acme
  description: Makes things.
  groups: [acme-admins]
  labels: {{team: ml}}
  annotations: {{why: tests}}
  extraSpec: {{gpuQuota: {{limit: 4}}, tenantRoleMapping: {{strict: true}}}}
  computeConfigRef: {{name: default}}
  roleMapping: {{admin: [admins]}}
  settings:
    default:
      palette: shared
      huggingFace: {{existingSecret: hf}}
      nvidia: {{existingSecret: ngc}}
      labels: {{team: platform}}
      annotations: {{how: so}}
      extraSpec: {{integrations: {{palette: {{retry: 3}}}}}}
  projects:
    - name: vision
      displayName: Vision
      description: Sees things.
      labels: {{team: vision}}
      annotations: {{who: eyes}}
      roleMapping: {{admin: [a], editor: [e], viewer: [v]}}
      deploymentNamespaces: {{allow: [jobs], disallow: [prod]}}
    - name: lab
      createNamespace: false
      labels: {{team: lab}}
      annotations: {{where: cellar}}
      computeConfigRef: {{name: big, namespace: pool}}
      settings: {{name: own, palette: vaulted}}
      extraSpec: {{maintenance: sunday}}
    - {{name: other, settingsRef: default}}
"""

OBJECTS = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: tenant-acme, labels: {{team: ml, palette.ai/tenant: acme}}, annotations: {{why: tests}}}}
---
apiVersion: v1
kind: Secret
metadata:
  name: default-palette
  namespace: tenant-acme
  labels: {{team: platform}}
  annotations: {{why: tests, how: so}}
type: Opaque
---
apiVersion: spectrocloud.com/v1alpha1
kind: Settings
metadata:
  name: default
  namespace: tenant-acme
  labels: {{team: platform}}
  annotations: {{why: tests, how: so, paletteai-components/credential-fingerprint: "{FINGERPRINT}"}}
spec:
  integrations:
    palette: {{secretRef: {{name: default-palette}}, retry: 3}}
    huggingFace: {{secretRef: {{name: hf}}}}
    nvidia: {{secretRef: {{name: ngc}}}}
---
apiVersion: spectrocloud.com/v1alpha1
kind: Tenant
metadata: {{name: acme, labels: {{team: ml}}, annotations: {{why: tests}}}}
spec:
  displayName: Acme
  description: Makes things.
  tenantRoleMapping: {{groups: [acme-admins], strict: true}}
  settingsRef: {{name: default, namespace: tenant-acme}}
  gpuQuota: {{limit: 4}}
---
apiVersion: v1
kind: Namespace
metadata: {{name: vision, labels: {{team: vision}}, annotations: {{who: eyes}}}}
---
apiVersion: spectrocloud.com/v1alpha1
kind: Project
metadata:
  name: vision
  namespace: vision
  labels: {{team: vision, palette.ai/tenant-name: acme}}
  annotations: {{who: eyes}}
spec:
  displayName: Vision
  description: Sees things.
  tenantRef: {{name: acme}}
  computeConfigRef: {{name: default, namespace: tenant-acme}}
  roleMapping: {{admin: [a], editor: [e], viewer: [v]}}
  admissionConfiguration:
    workloadConfiguration: {{deploymentNamespaces: {{allow: [jobs], disallow: [prod]}}}}
---
apiVersion: spectrocloud.com/v1alpha1
kind: Settings
metadata:
  name: own
  namespace: lab
  labels: {{team: lab}}
  annotations: {{where: cellar, paletteai-components/credential: "vault://lab"}}
spec: {{integrations: {{palette: {{secretRef: {{name: lab-palette}}}}}}}}
---
apiVersion: spectrocloud.com/v1alpha1
kind: Project
metadata:
  name: lab
  namespace: lab
  labels: {{team: lab, palette.ai/tenant-name: acme}}
  annotations: {{where: cellar}}
spec:
  tenantRef: {{name: acme}}
  settingsRef: {{name: own}}
  computeConfigRef: {{name: big, namespace: pool}}
  roleMapping: {{admin: [admins]}}
  maintenance: sunday
---
apiVersion: v1
kind: Namespace
metadata: {{name: other}}
---
apiVersion: spectrocloud.com/v1alpha1
kind: Project
metadata: {{name: other, namespace: other, labels: {{palette.ai/tenant-name: acme}}}}
spec:
  tenantRef: {{name: acme}}
  settingsRef: {{name: default}}
  computeConfigRef: {{name: default, namespace: tenant-acme}}
  roleMapping: {{admin: [admins]}}
"""


def objects(declared: Stack) -> list[Manifest]:
    assert declared.plan
    return [each.manifest for each in objects_of(declared.plan, declared.api)]


def test_each_object_knows_its_name_where_it_is_declared_and_what_removing_it_does() -> None:
    declared = stack(FULL.replace("- name: lab", "- name: lab\n      onRemoval: retain"))
    assert declared.plan
    written = objects_of(declared.plan, declared.api)
    refuse, retain = OnRemoval.REFUSE, OnRemoval.RETAIN
    tenant, default = ("tenant", "name"), ("tenant", "settings", "default")
    assert [(each.reference, each.logical_name, each.path, each.removal) for each in written] == [
        ("Namespace/tenant-acme", "acme", tenant, refuse),
        ("Secret/tenant-acme/default-palette", "acme.default", default, None),
        ("Settings/tenant-acme/default", "acme.default", default, None),
        ("Tenant/acme", "acme", tenant, refuse),
        ("Namespace/vision", "acme.vision", ("tenant", "projects", 0, "name"), refuse),
        ("Project/vision/vision", "acme.vision", ("tenant", "projects", 0, "name"), refuse),
        ("Settings/lab/own", "acme.lab.own", ("tenant", "projects", 1, "settings"), None),
        ("Project/lab/lab", "acme.lab", ("tenant", "projects", 1, "name"), retain),
        ("Namespace/other", "acme.other", ("tenant", "projects", 2, "name"), refuse),
        ("Project/other/other", "acme.other", ("tenant", "projects", 2, "name"), refuse),
    ]


def test_a_full_declaration_is_exactly_these_objects_in_this_order() -> None:
    declared = stack(FULL)
    assert diagnostics_of_stack(declared) == []
    assert objects(declared) == list(yaml.safe_load_all(OBJECTS))


def test_the_least_declaration_is_a_namespace_and_a_tenant() -> None:
    assert objects(stack("paletteai:tenant: {name: acme}")) == [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "tenant-acme", "labels": {"palette.ai/tenant": "acme"}},
        },
        {"apiVersion": API_VERSION, "kind": "Tenant", "metadata": {"name": "acme"}},
    ]


def test_what_is_passed_through_may_be_all_that_there_is() -> None:
    declared = stack("paletteai:tenant: {name: acme, extraSpec: {gpuQuota: {limit: 4}}}")
    assert objects(declared)[-1]["spec"] == {"gpuQuota": {"limit": 4}}


def test_a_tenant_made_elsewhere_is_not_written_but_its_settings_and_projects_are() -> None:
    declared = stack(
        """
        paletteai:tenant:
          name: acme
          existing: true
          existingSettings: [default]
          settings: {ngc: {nvidia: {existingSecret: ngc}}}
          projects: [{name: vision}]
        """
    )
    assert [each["kind"] for each in objects(declared)] == ["Settings", "Namespace", "Project"]


def test_a_tenant_names_a_default_settings_that_is_made_elsewhere() -> None:
    declared = stack("paletteai:tenant: {name: acme, existingSettings: [main], settingsRef: main, namespace: ml}")
    assert objects(declared)[-1]["spec"] == {"settingsRef": {"name": "main", "namespace": "ml"}}


def test_a_namespace_that_is_only_referred_to_is_not_written() -> None:
    project = "{name: p, createNamespace: false}"
    declared = stack(f"paletteai:tenant: {{name: a, createNamespace: false, projects: [{project}]}}")
    assert [each["kind"] for each in objects(declared)] == ["Tenant", "Project"]


def test_a_namespace_and_a_secret_have_the_labels_and_annotations_of_their_owner_or_all_others() -> None:
    fields = "labels: {team: ml}\n  namespaceLabels: {pod-security: baseline}\n  namespaceAnnotations: {}"
    owners = FULL.replace("labels: {team: ml}", fields)
    owners = owners.replace("labels: {team: vision}", "labels: {team: vision}\n      namespaceAnnotations: {a: b}")
    secrets = "labels: {team: platform}\n      secretLabels: {}\n      secretAnnotations: {rotated: monthly}"
    declared = stack(owners.replace("labels: {team: platform}", secrets))
    assert diagnostics_of_stack(declared) == []
    expected = list(yaml.safe_load_all(OBJECTS))
    tenant, secret, vision = expected[0]["metadata"], expected[1]["metadata"], expected[4]["metadata"]
    tenant["labels"] = {"pod-security": "baseline", "palette.ai/tenant": "acme"}
    vision["annotations"] = {"a": "b"}
    secret["annotations"] = {"rotated": "monthly"}
    del tenant["annotations"], secret["labels"]
    assert objects(declared) == expected


def test_a_compute_config_of_an_empty_namespace_is_written_without_one() -> None:
    reference = "computeConfigRef: {name: gpu, namespace: ''}"
    declared = stack(f"paletteai:tenant: {{name: acme, sharedClusterOnly: true, {reference}, projects: [{{name: a}}]}}")
    assert diagnostics_of_stack(declared) == []
    assert objects(declared)[-1]["spec"]["computeConfigRef"] == {"name": "gpu"}


def test_another_version_of_the_api_changes_the_vendors_objects_only() -> None:
    before = objects(stack(FULL))
    after = objects(stack(FULL + "paletteai:apiVersion: spectrocloud.com/v1beta1\n"))
    assert [each["apiVersion"] for each in after] == [
        "v1" if each["apiVersion"] == "v1" else "spectrocloud.com/v1beta1" for each in before
    ]


def test_a_field_that_is_assumed_can_be_given_another_path() -> None:
    moved = objects(stack(FULL + "paletteai:vendorFields: {settings.palette: spec.palette.secretName}\n"))
    (tenants,) = [each for each in moved if each["kind"] == "Settings" and each["metadata"]["name"] == "default"]
    assert tenants["spec"]["palette"] == {"secretName": "default-palette"}
    assert tenants["spec"]["integrations"]["palette"] == {"retry": 3}
    assert PaletteApi(fields={"settings.palette": "spec.a"}).path("settings.nvidia") == FIELDS["settings.nvidia"].path


LISTED = {
    f"settings.{kind}": f"spec.integrations[type={kind}].secretRef.name"
    for kind in ("palette", "huggingFace", "nvidia")
}


def test_a_path_may_lead_through_the_elements_of_a_list() -> None:
    extra = "extraSpec: {integrations: [{type: other}, {type: palette, region: eu}], palette: {retry: 3}}"
    file = re.sub("extraSpec: {integrations.*", extra, FULL) + f"paletteai:vendorFields: {json.dumps(LISTED)}\n"
    assert diagnostics_of_stack(stack(file)) == []
    default = next(each for each in objects(stack(file)) if each["kind"] == "Settings")
    assert default["spec"] == {
        "integrations": [
            {"type": "palette", "secretRef": {"name": "default-palette"}, "region": "eu"},
            {"type": "huggingFace", "secretRef": {"name": "hf"}},
            {"type": "nvidia", "secretRef": {"name": "ngc"}},
            {"type": "other"},
        ],
        "palette": {"retry": 3},
    }


@given(sound_workspaces())
@settings(max_examples=settings().max_examples // 4)
def test_another_layout_of_settings_changes_nothing_else(files: Files) -> None:
    moved = {
        name: {**file, "config": {**file["config"], "paletteai:vendorFields": LISTED}} for name, file in files.items()
    }
    before, after = workspace_of(files)[0], workspace_of(moved)[0]
    assert list(map(str, diagnostics_of(after))) == list(map(str, diagnostics_of(before)))
    for mapped, listed in zip(before.stacks, after.stacks, strict=True):
        expected = objects(mapped)
        for manifest in expected:
            if manifest["kind"] == "Settings" and "spec" in manifest:
                integrations = manifest["spec"]["integrations"].items()
                manifest["spec"]["integrations"] = [{"type": kind, **fields} for kind, fields in integrations]
        assert objects(listed) == expected


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_says_whether_it_was_seen_and_appears_in_an_object(name: str) -> None:
    field = FIELDS[name]
    assert field.seen.startswith(("the vendor's", "a user's")) or name.startswith("settings."), "assumed"
    assert field.kind in {*KINDS, "Namespace", "Secret"}
    plan = stack(FULL).plan
    assert plan
    written = [each.manifest for each in objects_of(plan, PaletteApi())]
    default = next(plan.settings)
    secret = default.palette_secret
    assert secret
    written.append(secret_object(secret, default, "ZG9jdW1lbnQ=", {}, {}, PaletteApi()))
    assert any(each["kind"] == field.kind and field.path.is_in(each) for each in written)


def test_only_the_layout_of_settings_is_assumed() -> None:
    assert {name for name, field in FIELDS.items() if not field.seen} == {
        "settings.palette",
        "settings.huggingFace",
        "settings.nvidia",
    }


def test_the_objects_keep_to_the_crds_but_for_what_is_passed_through() -> None:
    plain = re.sub("extraSpec: .*", "extraSpec: {}", FULL)
    assert [
        str(diagnostic) for manifest in objects(stack(plain)) for diagnostic in diagnostics_in(manifest, CRDS)
    ] == []
    unknown = [diagnostic.message for manifest in objects(stack(FULL)) for diagnostic in diagnostics_in(manifest, CRDS)]
    extra = ["spec.integrations.palette.retry", "spec.gpuQuota", "spec.tenantRoleMapping.strict", "spec.maintenance"]
    assert len(unknown) == len(extra)
    assert all(any(field in message for message in unknown) for field in extra)


@given(sound_workspaces())
@settings(max_examples=settings().max_examples // 4)
def test_what_no_rule_refuses_the_crds_accept(files: Files) -> None:
    for declared in workspace_of(files)[0].stacks:
        assert [
            str(diagnostic) for manifest in objects(declared) for diagnostic in diagnostics_in(manifest, CRDS)
        ] == []


def needed(manifest: Manifest) -> list[tuple[str, str | None, str]]:
    """What has to be there before an object: kind, namespace and name."""
    meta, spec = manifest["metadata"], manifest.get("spec", {})
    namespace = meta.get("namespace")
    needs: list[tuple[str, str | None, str]] = [("Namespace", None, namespace)] if namespace else []
    if manifest["kind"] == "Settings":
        needs += [("Secret", namespace, each["secretRef"]["name"]) for each in spec.get("integrations", {}).values()]
    if manifest["kind"] == "Tenant" and "settingsRef" in spec:
        needs.append(("Settings", spec["settingsRef"]["namespace"], spec["settingsRef"]["name"]))
    if manifest["kind"] == "Project":
        needs.append(("Tenant", None, spec["tenantRef"]["name"]))
        needs += [("Settings", namespace, spec["settingsRef"]["name"])] if "settingsRef" in spec else []
    return needs


@given(sound_workspaces())
@settings(max_examples=settings().max_examples // 4)
def test_everything_is_written_once_and_after_what_it_needs(files: Files) -> None:
    for declared in workspace_of(files)[0].stacks:
        written = objects(declared)
        order = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in written]
        assert len(set(order)) == len(order)
        for position, manifest in enumerate(written):
            for need in needed(manifest):
                assert need not in order[position:]


@given(st.text(), st.text(), st.text())
def test_the_document_in_a_secret_has_four_fields_in_a_stable_order(key: str, tenant: str, project: str) -> None:
    integration = IntegrationSpec(host_url=HOST, tenant=tenant, default_project_id=project)
    text = palette_document(integration, key)
    assert text.isascii()
    assert list(json.loads(text).items()) == [
        ("apiKey", key.strip()),
        ("defaultProjectID", project),
        ("hostUrl", HOST),
        ("tenant", tenant),
    ]


def test_the_document_is_written_the_same_way_for_ever() -> None:
    integration = IntegrationSpec.model_validate(declared_credential())
    assert palette_document(integration, 'a"b\\é') == (
        '{"apiKey": "a\\"b\\\\\\u00e9", "defaultProjectID": "651234567890123456789012", '
        '"hostUrl": "https://api.spectrocloud.com", "tenant": "example-tenant"}'
    )


def test_a_secret_is_rendered_without_data_unless_it_is_handed_its_document() -> None:
    plan = stack(FULL).plan
    assert plan
    default = next(plan.settings)
    secret = default.palette_secret
    assert secret
    assert "data" not in secret_object(secret, default, None, {}, {}, PaletteApi())
    assert secret_object(secret, default, "ZG9j", {}, {}, PaletteApi())["data"] == {"palette": "ZG9j"}


def test_a_stale_fingerprint_is_not_written_on_the_settings() -> None:
    stale = stack(FULL.replace("{secure: v1:a}", "{secure: v1:b}"))
    (default,) = [each for each in objects(stale) if each["metadata"]["name"] == "default"]
    assert "paletteai-components/credential-fingerprint" not in default["metadata"]["annotations"]


def test_only_an_existing_secret_is_called_by_its_credential() -> None:
    named = stack(FULL.replace("hostUrl:", "credential: vault\n    hostUrl:"))
    (default,) = [
        each for each in objects(named) if (each["kind"], each["metadata"]["name"]) == ("Settings", "default")
    ]
    assert "paletteai-components/credential" not in default["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("kind", "extra", "fields"),
    [
        ("Tenant", {"gpuQuota": 1, "settingsRef": {"kind": "x"}}, []),
        ("Tenant", {"displayName": "x", "settingsRef": {"name": "x"}}, ["displayName", "settingsRef.name"]),
        ("Tenant", {"settingsRef": None, "tenantRoleMapping": {}}, ["settingsRef", "tenantRoleMapping"]),
        ("Project", {"roleMapping": {"admin": ["x"], "owner": ["y"]}}, ["roleMapping.admin"]),
        ("Project", {"groups": ["x"], "settings": "x"}, []),
        ("Settings", {"integrations": {"nvidia": {"secretRef": {"key": "x"}}}}, []),
        ("Settings", {"integrations": {"nvidia": {"secretRef": "x"}}}, ["integrations.nvidia.secretRef"]),
    ],
)
def test_extra_spec_overlaps_where_it_says_what_a_field_says(
    kind: str, extra: dict[str, Any], fields: list[str]
) -> None:
    assert list(map(str, PaletteApi().overlaps(kind, extra))) == fields


@pytest.mark.parametrize(
    ("extra", "fields"),
    [
        ([{"type": "palette", "region": "eu"}, {"type": "other"}, {"secretRef": 1}, 1], []),
        ([{"type": "palette", "secretRef": {"name": "x"}}], ["integrations[type=palette].secretRef.name"]),
        ([{"type": "palette", "secretRef": None}], ["integrations[type=palette].secretRef"]),
        # A mapping or an empty list would replace the list.
        ({"palette": {"region": "eu"}}, ["integrations.palette.region"]),
        ([], ["integrations"]),
    ],
)
def test_extra_spec_overlaps_a_field_of_an_element_and_not_the_list(extra: Any, fields: list[str]) -> None:
    api = PaletteApi(fields={"settings.palette": LISTED["settings.palette"]})
    assert list(map(str, api.overlaps("Settings", {"integrations": extra}))) == fields


def test_making_manifests_changes_no_declaration() -> None:
    declared = stack(FULL)
    before = repr(declared.spec)
    for manifest in objects(declared):
        manifest["metadata"].setdefault("labels", {})["spoilt"] = "yes"
        manifest.setdefault("spec", {}).clear()
    assert repr(declared.spec) == before
    assert objects(replace(declared)) == list(yaml.safe_load_all(OBJECTS))
