"""`paletteai crds` reads a real cluster, and what is written as it says is taken there as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import Api, Refused, wait_until
from support.projects import PULUMI_YAML, Project, changed
from support.settings_layouts import LAYOUTS, SettingsLayout, crds_with
from urllib3.connectionpool import HTTPConnectionPool

pytestmark = pytest.mark.cluster

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# Each layout is that of a group of its own, so the vendor's kinds stay as they are.
GROUPS = {layout.name: f"layout-{at}.example" for at, layout in enumerate(LAYOUTS)}
VENDORS = "spectrocloud.com"


@pytest.fixture(scope="module")
def served(cluster: ControlPlane) -> Iterator[Api]:
    """The API server, which serves every layout."""
    crds = [crd for layout in LAYOUTS for crd in crds_with(layout.spec, GROUPS[layout.name])]
    kinds = [f"/apis/{crd['spec']['group']}/v1alpha1/{crd['spec']['names']['plural']}" for crd in crds]
    with Api(cluster) as api:
        for crd in crds:
            api.ask("POST", CRDS, crd)
        wait_until("every layout is served", lambda: all(map(api.has, kinds)))
        yield api
        for crd in crds:
            api.ask("DELETE", f"{CRDS}/{crd['metadata']['name']}")


@pytest.fixture(autouse=True)
def kubeconfig(cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The requests that are sent."""
    sent: list[str] = []
    send = HTTPConnectionPool.urlopen

    def noted(self: HTTPConnectionPool, method: str, url: str, *more: object, **and_more: object) -> object:
        sent.append(f"{method} {url}")
        return send(self, method, url, *more, **and_more)  # type: ignore[arg-type]

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", noted)
    return sent


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_what_it_finds_on_the_cluster_is_taken_there_as_it_is_written(
    layout: SettingsLayout, served: Api, project: Project
) -> None:
    group = GROUPS[layout.name]
    project.declare(f"{PULUMI_YAML}config:\n  paletteai:apiVersion: {group}/v1alpha1\n")
    body: dict[str, Any] = {"palette": "shared", "nvidia": {"existingSecret": "ngc"}}
    body |= {"huggingFace": {"existingSecret": "hf"}}
    body |= {"extraSpec": layout.extra} if layout.extra else {}
    project.stack(changed("{palette: shared}", json.dumps(body)))
    found = project.run("crds", "--context", "dev", "--write", "--format", "json")
    assert found.stderr.startswith("Wrote 3 paths to Pulumi.yaml.\n")
    assert json.loads(found.stdout)["layouts"][0]["vendorFields"] == layout.paths
    for each in yaml.safe_load_all(project.printed("render")):
        if each["apiVersion"] == "v1":
            continue
        where = f"/namespaces/default/{each['kind'].lower()}" if each["kind"] != "Tenant" else "/tenant"
        each["metadata"] |= {"namespace": "default"} if each["kind"] != "Tenant" else {}
        path = f"/apis/{each['apiVersion']}{where.removesuffix('s')}s/{each['metadata']['name']}"
        strictly = "fieldManager=test&fieldValidation=Strict"
        taken = served.ask("PATCH", f"{path}?{strictly}", json.dumps(each).encode(), "application/apply-patch+yaml")
        assert holds(taken["spec"], each["spec"])


def holds(taken: Any, sent: Any) -> bool:
    """Whether all that was sent is there. Defaults may be there as well."""
    if isinstance(sent, dict):
        return all(holds(taken.get(name), inner) for name, inner in sent.items())
    return bool(taken == sent) if not isinstance(sent, list) else all(map(holds, taken, sent))


def test_the_paths_that_are_assumed_are_refused_where_it_says_that_they_do_not_fit(served: Api) -> None:
    for layout in LAYOUTS:
        group = GROUPS[layout.name]
        spec = {"integrations": {"palette": {"secretRef": {"name": "key"}}}}
        settings = {
            "apiVersion": f"{group}/v1alpha1",
            "kind": "Settings",
            "metadata": {"name": "default"},
            "spec": spec,
        }
        path = f"/apis/{group}/v1alpha1/namespaces/default/settings?dryRun=All&fieldValidation=Strict"
        with pytest.raises(Refused):
            served.ask("POST", path, settings)


def test_without_a_context_the_current_one_is_read_with_five_requests(
    cluster: ControlPlane, project: Project, requests: list[str]
) -> None:
    printed = project.printed("crds")
    assert printed.startswith(f"CRDs of the cluster at {cluster.url}\n")
    assert printed.endswith("\n20 fields: 20 fit\n")
    kinds = [f"GET {CRDS}/{plural}.{VENDORS}" for plural in ("projects", "settings", "tenants")]
    listed = [f"GET /apis/{VENDORS}", f"GET /apis/{VENDORS}/v1alpha1"]
    assert [each.replace(cluster.url, "").replace("%2F", "/") for each in requests] == [*listed, *kinds]


def test_stacks_of_another_context_are_for_another_cluster(cluster: ControlPlane, project: Project) -> None:
    wrong = changed(
        "  paletteai:tenant:", "  paletteai:vendorFields: {settings.palette: spec.other}\n  paletteai:tenant:"
    )
    project.stack(wrong)
    assert "What stack acme.dev sets: paletteai:vendorFields" in project.printed("crds", "--context", "dev", code=1)
    printed = project.printed("crds", "--context", "prod")
    assert "note: these stacks are not for context `prod`, so what they set themselves was not compared" in printed


def test_every_group_that_a_stack_writes_is_read(served: Api, project: Project) -> None:
    group = GROUPS[LAYOUTS[0].name]
    own = {"paletteai:apiVersion": f"{group}/v1alpha1", "paletteai:vendorFields": LAYOUTS[0].paths}
    lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in own.items())
    project.stack(changed("  paletteai:tenant:", f"{lines}  paletteai:tenant:"))
    default, other = project.printed("crds", "--context", "dev").split("\nWhat ")[1:]
    assert other.startswith("stack acme.dev sets: paletteai:apiVersion, paletteai:vendorFields\n")
    assert f"Tenant, Project, Settings: {group}/v1alpha1, served and stored\n" in other
    assert default.endswith("20 fields: 20 fit\n")


def test_a_cluster_without_the_vendors_kinds_is_said_to_have_none(cluster: ControlPlane, project: Project) -> None:
    project.declare(f"{PULUMI_YAML}config:\n  paletteai:apiVersion: nobody.example/v1\n")
    said = project.refused("crds", "--context", "prod")
    assert "the cluster of context prod has no CRD of Tenant, Project or Settings" in said


def test_who_may_not_read_the_crds_is_told_so(cluster: ControlPlane, project: Project) -> None:
    cluster.kubeconfig_of("nobody", Path("kubeconfig"))
    said = project.refused("crds", "--kubeconfig", "kubeconfig")
    assert "this user may not read the CRD `projects.spectrocloud.com`; this user may not read" in said


def test_a_certificate_that_is_not_verified_is_noted(cluster: ControlPlane, project: Project) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": cluster.url, "insecure-skip-tls-verify": True}
    Path("kubeconfig").write_text(yaml.safe_dump(config))
    printed = project.printed("crds", "--kubeconfig", "kubeconfig", "--context", "dev")
    assert "\nnote: the certificate of the API server was not verified: the kubeconfig says so.\n" in printed
