"""What is on a cluster is adopted as it is: the engine takes every object over, and changes none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import Api, Vendor
from support.observations import api_key, document, manifest
from support.real import Real

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, Manifest

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(1800)]

TENANTS = 20
_AT_ONCE = 3
KINDS = ("tenants", "projects", "settings", "secrets", "namespaces")
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
TAKEN_OVER = "pulumi.com/patchForce"


def objects(number: int) -> Iterator[Manifest]:
    """A Tenant in one of the layouts that people make."""
    name = f"t{number}"
    home = (f"tenant-{name}", name, f"home-of-{name}")[number % 3]
    own: dict[str, Any] = {"labels": {"team": f"team-{number}", "on": "1"}} if number % 2 else {}
    notes: dict[str, Any] = {"annotations": {"example.com/note": 'a: "b" # c\n'}} if number % 5 == 0 else {}
    their = {**own.get("labels", {}), "palette.ai/tenant": name}
    yield manifest("Namespace", home, labels=their if number % 4 else {**their, "pod-security": "baseline"}, **notes)
    reference = {"settingsRef": {"name": "default", "namespace": home}}
    more = {"tenantRoleMapping": {"groups": ["admins", "0123"]}, "description": "on: yes"} if number % 2 else {}
    yield manifest("Tenant", name, spec={**reference, **more}, **own, **notes)
    yield from _settings(home, "default", f"{number}", own | notes)
    if number % 4 == 1:
        annotated = {"annotations": {CREDENTIAL_ANNOTATION: f"vault-{number}", **notes.get("annotations", {})}}
        yield from _settings(home, "edge", f"{number}-edge", {**own, **notes, **annotated}, nvidia="ngc")
    for at in range(2):
        yield from _project(f"{name}-{at}", name, home, has_own=(number + at) % 3 == 0, is_edge=bool(at))


def _project(name: str, of: str, home: str, *, has_own: bool, is_edge: bool) -> Iterator[Manifest]:
    guarded: dict[str, Any] = {"labels": {"istio-injection": "enabled"}} if is_edge else {}
    yield manifest("Namespace", name, **guarded)
    spec: dict[str, Any] = {
        "tenantRef": {"name": of},
        "displayName": f"Line {name.replace('-', ' ')}",
        "computeConfigRef": {"name": "default", "namespace": "mural-system" if is_edge else home},
        "roleMapping": {"admin": ["staff"], "viewer": ["7"]},
    }
    if has_own:
        spec["settingsRef"] = {"name": "own"}
        yield from _settings(name, "own", name, {"labels": {"kind": "own"}})
    yield manifest("Project", name, name, labels={"palette.ai/tenant-name": of}, spec=spec)


def _settings(namespace: str, name: str, key: str, metadata: dict[str, Any], nvidia: str = "") -> Iterator[Manifest]:
    data = document(api_key(key), tenant=f"tenant-{key}")
    yield manifest("Secret", f"{name}-key", namespace, data=data, type="Opaque")
    integrations = {"palette": {"secretRef": {"name": f"{name}-key"}}}
    if nvidia:
        yield manifest("Secret", nvidia, namespace, data={"nvidia": "eA=="}, type="Opaque")
        integrations["nvidia"] = {"secretRef": {"name": nvidia}}
    yield manifest("Settings", name, namespace, spec={"integrations": integrations}, **metadata)


def create(cluster: ControlPlane, number: int) -> None:
    """As a program makes it, or as somebody with kubectl does."""
    every = list(objects(number))
    if number % 2:
        cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(every))
        return
    with Api(cluster) as api:
        for each in every:
            kind, namespace = each["kind"], each["metadata"].get("namespace")
            group = "/api/v1" if each["apiVersion"] == "v1" else f"/apis/{each['apiVersion']}"
            plural = kind.lower() + ("" if kind == "Settings" else "s")
            api.ask("POST", f"{group}/{f'namespaces/{namespace}/' if namespace else ''}{plural}", each)


def held(cluster: ControlPlane) -> dict[tuple[str, str, str], dict[str, Any]]:
    """All objects: what they are, without what controllers and tools note."""
    found = {}
    for each in json.loads(cluster.kubectl("get", ",".join(KINDS), "--all-namespaces", "-o", "json"))["items"]:
        metadata = each["metadata"]
        annotations = {key: value for key, value in metadata.get("annotations", {}).items() if key != LAST_APPLIED}
        key = each["kind"], metadata.get("namespace", ""), metadata["name"]
        found[key] = {
            **{field: each.get(field) for field in ("spec", "data", "type")},
            "uid": metadata["uid"],
            "labels": metadata.get("labels", {}),
            "annotations": annotations,
        }
    return found


def without_mark(every: dict[tuple[str, str, str], dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The same without what an import writes until `importIds` is gone."""
    kept = {}
    for key, each in every.items():
        annotations = {name: value for name, value in each["annotations"].items() if name != TAKEN_OVER}
        kept[key] = {**each, "annotations": annotations}
    return kept


def test_tenants_that_others_made_are_taken_over_as_they_are(real: Real, cluster: ControlPlane, vendor: Vendor) -> None:
    project = real()
    for number in range(TENANTS):
        create(cluster, number)
    vendor.settle()
    before = held(cluster)
    context = yaml.safe_load(cluster.kubeconfig.read_text())["current-context"]
    told = project.paletteai("adopt", "--context", context, "--env", "dev")
    assert "would change" not in told.stdout
    assert "In no stack file" not in told.stdout

    stacks = [f"t{number}.dev" for number in range(TENANTS)]

    def take_over(stack: str) -> None:
        project.init(stack)
        project.up(stack)

    def deploy_again(stack: str) -> None:
        project.up(stack)
        assert set(project.steps(stack, "--refresh")) <= {"refresh"}

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(take_over, stacks))
    assert without_mark(held(cluster)) == before
    written = {
        (kind, namespace, name)
        for stack in stacks
        for reference in project.outputs(stack)["lastDeployment"]["objects"]
        for kind, *place in [reference.split("/")]
        for namespace, name in [place if len(place) == 2 else ("", *place)]
    }
    assert {key for key, each in held(cluster).items() if TAKEN_OVER in each["annotations"]} == written

    project.paletteai("adopt", "--finish")
    assert not any("importIds" in path.read_text() for path in project.stacks.iterdir())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(deploy_again, stacks))
    assert held(cluster) == before
