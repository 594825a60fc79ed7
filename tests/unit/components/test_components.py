"""What the components register: which resources, with what in them, under which names, in which order."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pulumi
import pytest
import yaml
from support.programs import KEY, acme, another, credential, output
from support.recording import Recording, Registered, ref_of, run, without_data
from support.samples import declared_credential

from paletteai_components import (
    ComputeConfigRefArgs,
    DeclarationError,
    DeploymentNamespacesArgs,
    PaletteCredential,
    PaletteIntegration,
    PaletteIntegrationArgs,
    Project,
    ProjectArgs,
    RoleMappingArgs,
    SecretReferenceArgs,
    SettingsArgs,
    Tenant,
    TenantArgs,
    TenantReference,
    TenantReferenceArgs,
)
from paletteai_components.credentials import fingerprint_of, settings_proof_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION, PROOF_ANNOTATION, objects_of
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.plan import plan_of
from paletteai_components.model.spec import StackSpec


def factory() -> dict[str, Any]:
    """A program with one of everything."""
    tenant = Tenant(
        "acme",
        TenantArgs(
            name="acme",
            namespace="dev-tenant",
            display_name="Acme",
            description="Vision",
            groups=["acme-admins"],
            settings={
                "default": SettingsArgs(
                    palette=credential(), secret_name="dev-secret", labels={"tier": "one"}, secret_labels={"key": "yes"}
                ),
                "edge": SettingsArgs(palette=another("edge"), nvidia=SecretReferenceArgs("ngc")),
            },
            compute_config_ref=ComputeConfigRefArgs("default", namespace="platform"),
            role_mapping=RoleMappingArgs(admin=["acme-admins"], viewer=("auditors", "guests")),
            labels={"team": "vision"},
            annotations={"example.com/owner": "Acme"},
            namespace_annotations={},
            extra_spec={"quota": {"gpus": 4, "burst": True, "zones": ["a", None]}},
            vendor_fields={"settings.nvidia": "spec.ngc.secret"},
        ),
    )
    vision = Project("acme.vision", ProjectArgs(tenant=tenant, name="vision", display_name="Vision"))
    line = Project("acme.line-1", ProjectArgs(tenant=tenant, name="line-1", settings_ref="edge"))
    lab = Project(
        "acme.lab",
        ProjectArgs(
            tenant=tenant,
            name="lab",
            settings=SettingsArgs(
                palette=another("lab"),
                hugging_face=SecretReferenceArgs("hf"),
                annotations={"example.com/rotated": "monthly"},
                name="own",
            ),
            compute_config_ref=ComputeConfigRefArgs("small", namespace=""),
            namespace_labels={"istio-injection": "enabled"},
            role_mapping=RoleMappingArgs(editor=["lab"]),
            deployment_namespaces=DeploymentNamespacesArgs(allow=["lab-jobs"], disallow=["lab-old"]),
            labels={"team": "lab"},
            extra_spec={"note": "x"},
        ),
    )
    vaulted = PaletteCredential("vaulted", existing_secret="robotics-palette", credential="vault://robotics")
    robotics = Project(
        "acme.robotics",
        ProjectArgs(tenant=tenant, name="robotics", create_namespace=False, settings=SettingsArgs(palette=vaulted)),
    )
    return {"tenant": tenant, "vision": vision, "line": line, "lab": lab, "robotics": robotics}


@cache
def recorded_factory() -> Recording:
    return run(factory)


DECLARED = yaml.safe_load("""
vendorFields: {settings.nvidia: spec.ngc.secret}
tenant:
  name: acme
  namespace: dev-tenant
  displayName: Acme
  description: Vision
  groups: [acme-admins]
  settings:
    default: {palette: shared, secretName: dev-secret, labels: {tier: one}, secretLabels: {key: "yes"}}
    edge: {palette: edge, nvidia: {existingSecret: ngc}}
  computeConfigRef: {name: default, namespace: platform}
  roleMapping: {admin: [acme-admins], viewer: [auditors, guests]}
  labels: {team: vision}
  annotations: {example.com/owner: Acme}
  namespaceAnnotations: {}
  extraSpec: {quota: {gpus: 4, burst: true, zones: [a, null]}}
  projects:
    - {name: vision, displayName: Vision}
    - {name: line-1, settingsRef: edge}
    - name: lab
      settings:
        palette: lab
        huggingFace: {existingSecret: hf}
        annotations: {example.com/rotated: monthly}
        name: own
      computeConfigRef: {name: small, namespace: ""}
      namespaceLabels: {istio-injection: enabled}
      roleMapping: {editor: [lab]}
      deploymentNamespaces: {allow: [lab-jobs], disallow: [lab-old]}
      labels: {team: lab}
      extraSpec: {note: x}
    - {name: robotics, createNamespace: false, settings: {palette: vaulted}}
""")
DECLARED["integrations"] = {
    **{name: declared_credential() for name in ("shared", "edge", "lab")},
    "vaulted": {"existingSecret": "robotics-palette", "credential": "vault://robotics"},
}

TENANT, INTEGRATION, PROJECT = (f"paletteai:index:{kind}" for kind in ("Tenant", "PaletteIntegration", "Project"))
API = "kubernetes:spectrocloud.com/v1alpha1"


def chain(registered: Registered, recording: Recording) -> str:
    """The logical names from the outermost component to a resource."""
    names = [registered.name]
    while registered.parent in {each.urn for each in recording.resources}:
        registered = recording.at(registered.parent)
        names.append(registered.name)
    return " > ".join(reversed(names))


def test_everything_has_the_type_the_name_and_the_parent_that_the_documentation_gives() -> None:
    recording = recorded_factory()
    assert sorted((each.type, chain(each, recording)) for each in recording.resources) == sorted(
        [
            (TENANT, "acme"),
            ("kubernetes:core/v1:Namespace", "acme > acme"),
            (f"{API}:Tenant", "acme > acme"),
            (INTEGRATION, "acme > acme.default"),
            ("kubernetes:core/v1:Secret", "acme > acme.default > acme.default"),
            (f"{API}:Settings", "acme > acme.default > acme.default"),
            (INTEGRATION, "acme > acme.edge"),
            ("kubernetes:core/v1:Secret", "acme > acme.edge > acme.edge"),
            (f"{API}:Settings", "acme > acme.edge > acme.edge"),
            (PROJECT, "acme > acme.vision"),
            ("kubernetes:core/v1:Namespace", "acme > acme.vision > acme.vision"),
            (f"{API}:Project", "acme > acme.vision > acme.vision"),
            (PROJECT, "acme > acme.line-1"),
            ("kubernetes:core/v1:Namespace", "acme > acme.line-1 > acme.line-1"),
            (f"{API}:Project", "acme > acme.line-1 > acme.line-1"),
            (PROJECT, "acme > acme.lab"),
            ("kubernetes:core/v1:Namespace", "acme > acme.lab > acme.lab"),
            (INTEGRATION, "acme > acme.lab > acme.lab.own"),
            ("kubernetes:core/v1:Secret", "acme > acme.lab > acme.lab.own > acme.lab.own"),
            (f"{API}:Settings", "acme > acme.lab > acme.lab.own > acme.lab.own"),
            (f"{API}:Project", "acme > acme.lab > acme.lab"),
            (PROJECT, "acme > acme.robotics"),
            (INTEGRATION, "acme > acme.robotics > acme.robotics.default"),
            (f"{API}:Settings", "acme > acme.robotics > acme.robotics.default > acme.robotics.default"),
            (f"{API}:Project", "acme > acme.robotics > acme.robotics"),
        ]
    )


def test_what_a_program_registers_is_what_render_prints_for_the_same_declaration() -> None:
    spec = StackSpec.model_validate(DECLARED, by_alias=True, by_name=False)
    objects = objects_of(plan_of(spec), PaletteApi(fields=spec.vendor_fields))
    manifests = {ref_of(each.manifest): each.manifest for each in objects}
    keys = {
        ("dev-tenant", "default"): KEY,
        ("dev-tenant", "edge"): "Key-0f-edge-of-the-2nd-mine",
        ("lab", "own"): "Key-0f-lab-of-the-2nd-mine",
    }
    for reference, key in keys.items():
        # No key is opened to render, so only the program can tell the fingerprints.
        metadata = manifests["Settings", *reference]["metadata"]
        annotations = metadata.setdefault("annotations", {})
        annotations[FINGERPRINT_ANNOTATION] = fingerprint_of(key)
        annotations[PROOF_ANNOTATION] = settings_proof_of(key, "/".join(reference))
    recording = recorded_factory()
    assert {each.ref: without_data(each) for each in recording.objects} == manifests
    assert len(recording.objects) == len(manifests) == 16


def test_namespace_secret_settings_tenant_and_projects_come_one_after_the_other() -> None:
    recording = recorded_factory()
    object_ = recording.object

    def come(*steps: Registered) -> None:
        for earlier, later in pairwise(steps):
            assert earlier.urn in later.dependencies, (earlier.urn, later.urn)

    tenant = object_("Tenant", "acme")
    for settings in ("acme.default", "acme.edge"):
        come(object_("Namespace", "acme"), object_("Secret", settings), object_("Settings", settings), tenant)
    for project in ("acme.vision", "acme.line-1", "acme.lab"):
        come(tenant, object_("Namespace", project), object_("Project", project))
    come(object_("Namespace", "acme.lab"), object_("Secret", "acme.lab.own"), object_("Settings", "acme.lab.own"))
    come(object_("Settings", "acme.lab.own"), object_("Project", "acme.lab"))
    # Where the namespace is another's, the tenant comes first all the same.
    come(tenant, object_("Settings", "acme.robotics.default"), object_("Project", "acme.robotics"))


def test_a_destroy_deletes_projects_before_their_tenant_and_a_namespace_after_what_is_in_it() -> None:
    recording = recorded_factory()
    position = {urn: at for at, urns in enumerate(recording.deletions()) for urn in urns}

    def deleted(kind: str, name: str) -> int:
        return position[recording.object(kind, name).urn]

    for project in ("acme.vision", "acme.line-1", "acme.lab", "acme.robotics"):
        assert deleted("Project", project) < deleted("Tenant", "acme")
    assert deleted("Project", "acme.lab") < deleted("Settings", "acme.lab.own") < deleted("Secret", "acme.lab.own")
    assert deleted("Secret", "acme.lab.own") < deleted("Namespace", "acme.lab") < deleted("Tenant", "acme")
    assert deleted("Tenant", "acme") < deleted("Settings", "acme.edge") < deleted("Secret", "acme.edge")
    assert deleted("Secret", "acme.edge") < deleted("Namespace", "acme") == max(position.values()) - 1


def test_a_component_tells_what_it_declared() -> None:
    told = recorded_factory().returned
    tenant, vision, line, lab, robotics = (told[key] for key in ("tenant", "vision", "line", "lab", "robotics"))
    assert (tenant.tenant_name, tenant.namespace, list(tenant.integrations)) == (
        "acme",
        "dev-tenant",
        ["default", "edge"],
    )
    assert [
        (each.project_name, each.namespace, each.source, each.settings) for each in (vision, line, lab, robotics)
    ] == [
        ("vision", "vision", "fallback", "dev-tenant/default"),
        ("line-1", "line-1", "settingsRef", "dev-tenant/edge"),
        ("lab", "lab", "own", "lab/own"),
        ("robotics", "robotics", "own", "robotics/default"),
    ]
    assert vision.integration is None
    assert lab.integration.reference == "lab/own"
    assert (lab.integration.palette, lab.integration.secret_name) == ("lab", "lab/own-palette")
    assert (robotics.integration.secret, robotics.integration.fingerprint) == (None, None)
    assert (robotics.integration.secret_name, robotics.integration.credential) == (
        "robotics/robotics-palette",
        "vault://robotics",
    )


def test_a_component_tells_what_a_reader_of_the_state_needs() -> None:
    recording = recorded_factory()
    told = {each.name: each.inputs | recording.outputs.get(each.urn, {}) for each in recording.components}
    assert told["acme"] == {"tenantName": "acme", "namespace": "dev-tenant"}
    assert told["acme.vision"] == {"namespace": "vision", "source": "fallback", "settings": "dev-tenant/default"}
    assert told["acme.edge"] == {
        "settingsName": "edge",
        "namespace": "dev-tenant",
        "fingerprint": fingerprint_of("Key-0f-edge-of-the-2nd-mine"),
    }


def test_a_project_costs_no_checkpoint_for_outputs_of_its_own() -> None:
    recording = recorded_factory()
    projects = {each.urn for each in recording.components if each.type == "paletteai:index:Project"}
    assert projects
    assert projects.isdisjoint(recording.outputs)


def test_components_can_be_exported_whole() -> None:
    def program() -> None:
        for name, component in factory().items():
            pulumi.export(name, component)

    recording = run(program)
    assert recording.exports["tenant"]["tenant_name"] == "acme"
    assert recording.exports["lab"]["settings"] == "lab/own"


def test_names_that_run_together_stay_apart() -> None:
    def program() -> None:
        tenant = acme(settings={}, shared_cluster_only=True)
        for project, settings in (("a", "b-c"), ("a-b", "c")):
            own = SettingsArgs(
                palette=credential(f"{project}/{settings}", f"Key-0f-{project}-of-the-2nd-mine"), name=settings
            )
            Project(f"acme.{project}", ProjectArgs(tenant=tenant, name=project, settings=own))

    recording = run(program)
    names = {each.name for each in recording.components if each.type == INTEGRATION}
    assert names == {"acme.a.b-c", "acme.a-b.c"}
    assert len({each.ref for each in recording.objects}) == len(recording.objects)


def test_two_tenants_of_one_program_keep_to_themselves() -> None:
    def program() -> None:
        for name in ("acme", "beta"):
            own = {"default": SettingsArgs(palette=credential(api_key=f"Key-0f-{name}-of-the-2nd-mine"))}
            tenant = Tenant(name, TenantArgs(name=name, settings=own))
            Project(f"{name}.vision", ProjectArgs(tenant=tenant, name=f"{name}-vision"))

    recording = run(program)
    for resource in recording.objects:
        other = "beta" if resource.name.startswith("acme") else "acme"
        assert not any(f"::{other}" in urn for urn in resource.dependencies)
        assert other not in str(resource.inputs)


def test_an_integration_that_is_added_can_be_referred_to_by_name_or_as_itself() -> None:
    def program() -> None:
        tenant = acme()
        edge = PaletteIntegrationArgs(tenant=tenant, name="edge", credential=another("edge"))
        added = PaletteIntegration("acme.edge", edge)
        Project("acme.one", ProjectArgs(tenant=tenant, name="one", settings_ref="edge"))
        Project("acme.two", ProjectArgs(tenant=tenant, name="two", settings_ref=added))
        Project("acme.three", ProjectArgs(tenant=tenant, name="three"))

    recording = run(program)
    settings = recording.object("Settings", "acme.edge")
    assert settings.ref == ("Settings", "tenant-acme", "edge")
    assert recording.at(settings.parent).parent == recording.component("Tenant", "acme").urn
    assert recording.object("Namespace", "acme").urn in settings.dependencies
    for project in ("acme.one", "acme.two"):
        assert settings.urn in recording.object("Namespace", project).dependencies
        assert recording.object("Project", project).inputs["spec"]["settingsRef"] == {"name": "edge"}
    assert settings.urn not in recording.object("Namespace", "acme.three").dependencies


def test_a_tenant_made_elsewhere_is_referred_to_and_never_written() -> None:
    def program() -> None:
        tenant = TenantReference("acme", TenantReferenceArgs(name="acme", labels={"team": "one"}))
        added = PaletteIntegrationArgs(tenant=tenant, name="default", credential=credential())
        PaletteIntegration("acme.default", added)
        Project("acme.vision", ProjectArgs(tenant=tenant, name="vision"))

    recording = run(program)
    assert [each.ref for each in recording.objects if each.parent == recording.component("Tenant", "acme").urn] == []
    assert recording.component("Tenant", "acme").type == TENANT
    settings = recording.object("Settings", "acme.default")
    assert settings.inputs["metadata"]["labels"] == {"team": "one"}
    # A fallback that was added is waited for as well.
    assert recording.object("Namespace", "acme.vision").dependencies == {settings.urn}


def test_a_namespace_of_somebody_else_is_not_written() -> None:
    def program() -> None:
        tenant = acme(create_namespace=False)
        Project("acme.vision", ProjectArgs(tenant=tenant, name="vision", create_namespace=False))

    recording = run(program)
    assert "Namespace" not in {each.kind for each in recording.objects}
    tenant, settings = recording.object("Tenant", "acme"), recording.object("Settings", "acme.default")
    assert tenant.dependencies == {settings.urn}
    assert recording.object("Project", "acme.vision").dependencies == {tenant.urn, settings.urn}


def test_settings_without_palette_have_no_secret_and_no_fingerprint() -> None:
    def program() -> None:
        acme(settings={"default": SettingsArgs(nvidia=SecretReferenceArgs("ngc"))})

    recording = run(program)
    settings = recording.object("Settings", "acme.default")
    assert settings.inputs["metadata"] == {"name": "default", "namespace": "tenant-acme"}
    assert settings.inputs["spec"] == {"integrations": {"nvidia": {"secretRef": {"name": "ngc"}}}}
    assert "Secret" not in {each.kind for each in recording.objects}


def test_a_path_through_a_list_is_written_with_what_extra_spec_adds_to_it() -> None:
    def program() -> None:
        extra = {"integrations": [{"type": "palette", "region": output("eu")}, {"type": output("other")}]}
        own = SettingsArgs(palette=another("lab"), nvidia=SecretReferenceArgs("ngc"), name="own")
        paths = {f"settings.{kind}": f"spec.integrations[type={kind}].secretRef.name" for kind in ("palette", "nvidia")}
        tenant = acme(settings={"default": SettingsArgs(palette=credential(), extra_spec=extra)}, vendor_fields=paths)
        Project("acme.lab", ProjectArgs(tenant=tenant, name="lab", settings=own))

    recording = run(program)
    assert recording.object("Settings", "acme.default").inputs["spec"] == {
        "integrations": [
            {"type": "palette", "secretRef": {"name": "default-palette"}, "region": "eu"},
            {"type": "other"},
        ]
    }
    assert recording.object("Settings", "acme.lab.own").inputs["spec"] == {
        "integrations": [
            {"type": "palette", "secretRef": {"name": "own-palette"}},
            {"type": "nvidia", "secretRef": {"name": "ngc"}},
        ]
    }


def test_a_path_that_is_none_is_refused_before_anything_is_registered() -> None:
    def program() -> None:
        with pytest.raises(DeclarationError, match="ends with an element, not with one of its fields"):
            acme(vendor_fields={"settings.palette": "spec.integrations[type=palette]"})

    assert run(program).resources == []


def test_a_preview_registers_what_an_update_does() -> None:
    preview, update = run(factory, preview=True), recorded_factory()
    assert {each.urn: each for each in preview.resources} == {each.urn: each for each in update.resources}


@pytest.mark.parametrize("version", ["spectrocloud.com/v1beta1", "palette.example/v1"])
def test_another_version_of_the_vendors_api_is_written_everywhere(version: str) -> None:
    def program() -> None:
        Project("acme.vision", ProjectArgs(tenant=acme(api_version=version), name="vision"))

    of_the_vendor = [each for each in run(program).objects if each.kind not in ("Namespace", "Secret")]
    assert {each.kind for each in of_the_vendor} == {"Tenant", "Project", "Settings"}
    assert {each.inputs["apiVersion"] for each in of_the_vendor} == {version}
    assert {each.type for each in of_the_vendor} == {f"kubernetes:{version}:{each.kind}" for each in of_the_vendor}
