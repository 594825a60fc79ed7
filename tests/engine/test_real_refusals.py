"""What the preview refuses because of what the cluster holds, or lacks, and how each is mended."""

from __future__ import annotations

import json

import pytest
from support.checkout import CRD_FOLDER
from support.cluster.control_plane import ControlPlane
from support.programs import written
from support.real import Outcome, Real, RealProject

pytestmark = [pytest.mark.engine, pytest.mark.cluster]

UIDS = "jsonpath={.items[*].metadata.uid}"
UNBOUND = "sharedClusterOnly: true"
BOUND = "settings: {default: {palette: shared}}"


class Scene:
    """A project with one stack: a tenant with the projects vision and lab."""

    def __init__(self, project: RealProject, tenant: str) -> None:
        self.project = project
        self.tenant = tenant
        self.name = f"{tenant}.dev"
        self.vision, self.lab = (f"{{name: {tenant}-{name}}}" for name in ("vision", "lab"))
        self.write()
        project.init(self.name)

    def write(self, *lines: str, palette: str = UNBOUND, lab: str = "{}", top: str = "") -> None:
        """Declares the tenant with further lines, and further fields for its project lab, or None without it."""
        both = [f"{{name: {self.tenant}-vision}}", f"{{name: {self.tenant}-lab, {lab[1:-1]}}}" if lab else ""]
        shared = "{shared: {existingSecret: theirs, credential: of somebody else}}" if palette == BOUND else "{}"
        text = [
            "kubernetes:context: dev",
            f"paletteai:integrations: {shared}",
            *([top] if top else []),
            "paletteai:tenant:",
            *(f"  {line}" for line in (f"name: {self.tenant}", "displayName: Acme", palette, *lines)),
            "  computeConfigRef: {name: default}",
            "  projects:",
            *(f"    - {each}" for each in both if each),
        ]
        written(self.project.stacks, self.name, "\n".join(text))

    def refused(self, *said: str) -> Outcome:
        """The preview refuses, with these words, and so does `up`, which registers nothing."""
        before = self.registered()
        preview = self.project.preview(self.name, check=False)
        for outcome in (preview, self.project.up(self.name, check=False)):
            assert outcome.code != 0
            assert "Traceback" not in outcome.printed
            for each in said:
                assert each in outcome.printed
        assert self.registered() == before
        return preview

    def registered(self) -> list[str]:
        """The URNs in the state, without those of the engine's own."""
        return [each["urn"] for each in self.project.resources(self.name) if not each["type"].startswith("pulumi:")]


def create(cluster: ControlPlane, kind: str, name: str, namespace: str | None = None, **more: object) -> None:
    api = "v1" if kind in {"Namespace", "Secret"} else "spectrocloud.com/v1alpha1"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    manifest = json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, **more})
    cluster.kubectl("create", "-f", "-", input=manifest)


def test_objects_that_exist_are_refused_and_taken_over_where_that_is_stated(real: Real, cluster: ControlPlane) -> None:
    scene = Scene(real(), "taken")
    create(cluster, "Tenant", "taken", spec={"displayName": "Theirs", "description": "made by hand"})
    cluster.kubectl("wait", "--for=create", "namespace/tenant-taken", "--timeout=30s")
    create(cluster, "Namespace", "taken-lab")
    uids = cluster.kubectl("get", "tenant/taken", "ns/tenant-taken", "ns/taken-lab", "-o", UIDS)
    told = scene.refused(
        "PAI018: `Tenant/taken` already exists in the cluster of context dev", "`Namespace/taken-lab` already exists in"
    )
    assert told.printed.count("error PAI018") == 3

    scene.write("importIds: [Tenant/taken, Namespace/tenant-taken]", lab="{importIds: [Namespace/taken-lab]}")
    steps = scene.project.steps(scene.name)
    assert len(steps["import"]) == 3
    assert "delete" not in steps
    assert "replace" not in steps
    scene.project.up(scene.name)
    assert scene.project.steps(scene.name) == {}
    live = json.loads(cluster.kubectl("get", "tenant/taken", "-o", "json"))
    assert live["spec"] == {"displayName": "Acme"}

    # The lines have done their work. What they left on the objects goes with them.
    scene.write()
    assert set(scene.project.steps(scene.name)) == {"update"}
    scene.project.up(scene.name)
    assert scene.project.steps(scene.name) == {}
    live = json.loads(cluster.kubectl("get", "tenant/taken", "-o", "json"))
    assert "annotations" not in live["metadata"]
    assert cluster.kubectl("get", "tenant/taken", "ns/tenant-taken", "ns/taken-lab", "-o", UIDS) == uids


def test_namespaces_that_are_missing_or_on_their_way_out_are_refused(real: Real, cluster: ControlPlane) -> None:
    scene = Scene(real(), "spaced")
    scene.write(lab="{createNamespace: false}")
    scene.refused("PAI017: namespace `spaced-lab` is not in the cluster of context dev")
    create(cluster, "Namespace", "spaced-lab")
    create(cluster, "Secret", "held", "spaced-lab", data={})
    finalizers = '{"metadata": {"finalizers": %s}}'
    cluster.kubectl("-n", "spaced-lab", "patch", "secret", "held", "--type=merge", "-p", finalizers % '["x.test/held"]')
    cluster.kubectl("delete", "namespace", "spaced-lab", "--wait=false")
    scene.refused("PAI017: namespace `spaced-lab` is being deleted in the cluster of context dev")
    cluster.kubectl("-n", "spaced-lab", "patch", "secret", "held", "--type=merge", "-p", finalizers % "null")
    cluster.kubectl("wait", "--for=delete", "namespace/spaced-lab", "--timeout=60s")
    scene.write()
    scene.project.up(scene.name)


def test_removals_are_refused_until_they_were_allowed_by_a_deployment_of_their_own(
    real: Real, cluster: ControlPlane
) -> None:
    scene = Scene(real(), "kept")
    scene.project.up(scene.name)
    scene.write(lab="")
    preview = scene.project.preview(scene.name, check=False)
    assert preview.code != 0
    assert "cannot be deleted" in preview.printed
    assert "protect" in preview.printed
    assert scene.project.run("destroy", "--yes", "--stack", scene.name, check=False).code != 0
    cluster.kubectl("get", "project", "kept-lab", "-n", "kept-lab")

    scene.write("onRemoval: delete")
    scene.project.up(scene.name)
    scene.write("onRemoval: delete", lab="")
    assert len(scene.project.steps(scene.name)["delete"]) == 3
    scene.project.up(scene.name)
    assert "kept-lab" not in cluster.kubectl("get", "projects,namespaces", "-A", "-o", "name")


def test_default_settings_that_projects_depend_on_cannot_be_removed(real: Real, cluster: ControlPlane) -> None:
    scene = Scene(real(), "leaning")
    scene.write(palette=BOUND)
    scene.project.up(scene.name)
    scene.write(palette="description: without any")
    scene.refused("PAI004: project `leaning-vision` gets no Palette integration", "project `leaning-lab` gets no")
    cluster.kubectl("get", "settings", "default", "-n", "tenant-leaning")
    # Stating what it means makes it possible.
    scene.write()
    scene.project.up(scene.name)
    assert "leaning" not in cluster.kubectl("get", "settings", "-A", "-o", "name")


def test_a_cluster_without_the_crds_is_told_before_anything_is_registered(real: Real, cluster: ControlPlane) -> None:
    scene = Scene(real(), "early")
    scene.write(top="paletteai:apiVersion: spectrocloud.com/v2")
    scene.refused("PAI016: the cluster of context dev does not serve Project of `spectrocloud.com/v2`")
    scene.write(palette=BOUND)
    cluster.kubectl("delete", "crd", "settings.spectrocloud.com", "--wait=true")
    try:
        scene.refused("does not serve Settings of `spectrocloud.com/v1alpha1`, so 1 of the declared objects")
    finally:
        cluster.kubectl("apply", "--server-side", "-f", str(CRD_FOLDER / "settings.yaml"))
        cluster.kubectl("wait", "--for=condition=Established", "crd/settings.spectrocloud.com", "--timeout=30s")


def test_a_field_that_the_cluster_would_drop_is_refused(real: Real) -> None:
    scene = Scene(real(), "pruned")
    scene.write(palette=BOUND, top="paletteai:vendorFields: {settings.palette: spec.integrations.palette.secret}")
    scene.refused("PAI016", "has no field `spec.integrations.palette.secret`")
    assert "secretRef" in scene.project.preview(scene.name, check=False).printed


@pytest.mark.parametrize(("name", "imported"), [("mill", False), ("plant", True)])
def test_objects_that_get_another_name_in_pulumi_are_created_before_they_are_deleted(
    real: Real, cluster: ControlPlane, name: str, imported: bool
) -> None:
    project, vision = real(), f"{name}-vision"

    def declare(tenant: str, *imports: str) -> None:
        own, others = (f"importIds: [{', '.join(each)}]" for each in (imports[:1], imports[1:]))
        lines = [f"name: {tenant}", f"namespace: {name}", "onRemoval: delete", UNBOUND, own]
        lines.append(f"projects: [{{name: {vision}, {others}}}]")
        text = ["kubernetes:context: dev", "paletteai:tenant:", *(f"  {line}" for line in lines)]
        # The name of such a stack names no tenant.
        written(project.stacks, name, "\n".join(text))

    declare(name)
    project.init(name)
    project.up(name)
    uids = cluster.kubectl("get", f"ns/{name}", f"ns/{vision}", "-o", UIDS)
    if imported:
        declare(f"{name}-2", f"Namespace/{name}", f"Namespace/{vision}", f"Project/{vision}/{vision}")
        project.up(name)
        assert name not in cluster.kubectl("get", "ns", "-o", "name")
        return
    declare(f"{name}-2")
    failed = project.up(name, check=False)
    assert failed.code != 0
    assert "already exists" in failed.printed
    assert cluster.kubectl("get", f"ns/{name}", f"ns/{vision}", "-o", UIDS) == uids
