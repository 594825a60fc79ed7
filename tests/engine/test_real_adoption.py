"""What is on a cluster is adopted as it is: the engine takes every object over, and changes none."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import Api, Vendor
from support.observations import api_key, document, manifest
from support.programs import leaks
from support.real import Real

from paletteai_components.credentials import fingerprint_of
from paletteai_components.kube.manifests import (
    CREDENTIAL_ANNOTATION,
    FINGERPRINT_ANNOTATION,
    PROOF_ANNOTATION,
    Manifest,
)

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
        "computeConfigRef": {"name": "default", **({"namespace": "mural-system"} if is_edge else {})},
        "roleMapping": {"admin": ["staff"], "viewer": ["7"]},
    }
    if has_own:
        spec["settingsRef"] = {"name": "own"}
        yield from _settings(name, "own", name, {"labels": {"kind": "own"}})
    yield manifest("Project", name, name, labels={"palette.ai/tenant-name": of}, spec=spec)


def _settings(namespace: str, name: str, key: str, metadata: dict[str, Any], nvidia: str = "") -> Iterator[Manifest]:
    data = document(api_key(key), tenant=f"tenant-{key}")
    labels: dict[str, Any] = {"labels": {"rotated": "monthly"}} if name == "own" else {}
    yield manifest("Secret", f"{name}-key", namespace, data=data, type="Opaque", **labels)
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
    """The same without what this package notes: until `importIds` is gone, and of a key that the stack manages."""
    notes = {TAKEN_OVER, FINGERPRINT_ANNOTATION, PROOF_ANNOTATION}
    return {
        key: {**each, "annotations": {name: value for name, value in each["annotations"].items() if name not in notes}}
        for key, each in every.items()
    }


def keys() -> list[str]:
    """Every key on the cluster."""
    names = [str(number) for number in range(TENANTS)]
    return [api_key(each) for name in names for each in (name, f"{name}-edge", f"t{name}-0", f"t{name}-1")]


def kept(folder: Path) -> list[str]:
    """What every file says that the project, its backend and its home have."""
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [(gzip.decompress(each) if each[:2] == b"\x1f\x8b" else each).decode(errors="replace") for each in files]


def test_tenants_that_others_made_are_taken_over_as_they_are(
    real: Real, cluster: ControlPlane, vendor: Vendor, tmp_path: Path
) -> None:
    project = real()
    for number in range(TENANTS):
        create(cluster, number)
    vendor.settle()
    before = held(cluster)
    context = yaml.safe_load(cluster.kubeconfig.read_text())["current-context"]
    stacks = [f"t{number}.dev" for number in range(TENANTS)]
    # The keys of half of them are managed, whoever made the objects.
    encrypted = [stack for number, stack in enumerate(stacks) if number % 4 in (1, 2)]

    def adopt(*arguments: str) -> str:
        told = project.paletteai("adopt", "--context", context, "--env", "dev", *arguments)
        assert not leaks([told.printed], *keys())
        assert "would change" not in told.stdout
        assert "In no stack file" not in told.stdout
        assert "createNamespace" not in told.stdout
        return told.stdout

    for stack in encrypted:
        # It writes how the stack encrypts into the file.
        project.run("stack", "init", stack)
    chosen = [word for stack in encrypted for word in ("--tenant", stack.removesuffix(".dev"))]
    told = adopt("--encrypt", *chosen)
    assert told.count("Completed ") == len(encrypted)
    # What a Settings calls by a name, another tool writes.
    assert told.count("its Settings names the credential") == len(
        [each for each in encrypted if int(each[1:-4]) % 4 == 1]
    )
    rest = [word for stack in stacks if stack not in encrypted for word in ("--tenant", stack.removesuffix(".dev"))]
    assert adopt(*rest).count("Wrote ") == TENANTS - len(encrypted)
    assert "error" not in project.paletteai("check").stdout
    assert ": written" not in project.paletteai("fingerprint", *encrypted).stdout
    files = "".join(path.read_text() for path in project.stacks.iterdir())
    assert all(text in files for text in ("namespaceLabels:", 'namespace: ""', "secretLabels:", "secure:"))

    def take_over(stack: str) -> None:
        if stack not in encrypted:
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
    assert {kind for kind, _, _ in written} == {"Tenant", "Project", "Settings", "Secret", "Namespace"}

    project.paletteai("adopt", "--finish")
    assert not any("importIds" in path.read_text() for path in project.stacks.iterdir())
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(deploy_again, stacks))
    after = held(cluster)
    assert without_mark(after) == before
    assert not any(TAKEN_OVER in each["annotations"] for each in after.values())

    # A Secret is the stack's now: a key that is rotated there changes on the cluster, in place. What another program
    # than kubectl wrote it still owns, until Pulumi has won once.
    for stack, secret, forced in (
        ("t1.dev", ("Secret", "t1", "default-key"), {}),
        ("t2.dev", ("Secret", "home-of-t2", "default-key"), {"PULUMI_K8S_ENABLE_PATCH_FORCE": "true"}),
        ("t2.dev", ("Secret", "home-of-t2", "default-key"), {}),
    ):
        new = api_key(f"rotated {stack} {bool(forced)}")
        project.set_key(stack, "default", new)
        if forced:
            assert "conflict" in project.up(stack, check=False).printed
        before = held(cluster)
        project.up(stack, env=forced)
        rotated = held(cluster)
        _, home, _ = secret
        assert rotated["Settings", home, "default"]["annotations"][FINGERPRINT_ANNOTATION] == fingerprint_of(new)
        assert rotated[secret]["uid"] == before[secret]["uid"]
        differing = {key for key, each in without_mark(rotated).items() if each != without_mark(before)[key]}
        assert differing == {secret}
        assert not leaks(kept(tmp_path), *keys(), new)
