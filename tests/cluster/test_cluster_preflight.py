"""What is asked of a real API server before anything is registered, and what follows from its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.cluster.vendor import Api, Vendor
from support.programs import deployed, key_in, refused, written
from support.recording import Recording
from urllib3.connectionpool import HTTPConnectionPool

from paletteai_components.credentials import settings_proof_of

Put = Callable[..., None]

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("fresh_cluster")]

STACK = """\
kubernetes:context: dev
paletteai:integrations:
  shared:
    hostUrl: https://api.spectrocloud.com
    tenant: example-tenant
    defaultProjectID: "651234567890123456789012"
    apiKey: {secure: "v1:AAAA:1111"}
paletteai:tenant:
  name: acme
  displayName: Acme
  settings: {default: {palette: shared}}
  computeConfigRef: {name: default}
  projects: [{name: vision}, {name: lab}]
"""
ASKED = "Asked the cluster of context dev for CRDs, namespaces and existing objects."


@pytest.fixture(autouse=True)
def requests(cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are asked for, of the cluster of the tests."""
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig))
    paths: list[str] = []
    send = HTTPConnectionPool.urlopen

    def counted(self: HTTPConnectionPool, method: str, url: str, *more: object, **and_more: object) -> object:
        paths.append(f"{method} {url}")
        return send(self, method, url, *more, **and_more)  # type: ignore[arg-type]

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", counted)
    return paths


@pytest.fixture
def put(cluster: ControlPlane, vendor: Vendor) -> Iterator[Put]:
    """Puts an object into the cluster, as somebody else's who uses kubectl. After the test, there is nothing."""
    with Api(cluster) as api:

        def put(kind: str, name: str, namespace: str | None = None, **manifest: Any) -> None:
            version = "v1" if kind in {"Namespace", "Secret"} else "spectrocloud.com/v1alpha1"
            group = f"/api/{version}" if version == "v1" else f"/apis/{version}"
            where = f"/namespaces/{namespace}" if namespace else ""
            manifest["metadata"] = {**manifest.get("metadata", {}), "name": name}
            collection = f"{group}{where}/{kind.lower().removesuffix('s')}s"
            created = {"apiVersion": version, "kind": kind, **manifest}
            api.ask("POST", f"{collection}?fieldManager=kubectl-create", created)
            if kind == "Tenant":
                # The vendor makes a namespace for it.
                vendor.settle()

        yield put
    empty(cluster)


def logged(recording: Recording) -> list[str]:
    return [text for severity, text in recording.messages if severity == "INFO"]


def test_a_cluster_is_asked_nine_times(tmp_path: Path, requests: list[str]) -> None:
    written(tmp_path, "acme.dev", STACK)
    first = deployed(tmp_path, "acme.dev")
    assert first.error is None
    assert logged(first) == [ASKED]
    assert len(requests) == 9
    assert all(each.startswith("GET ") for each in requests)
    requests.clear()
    again = deployed(tmp_path, "acme.dev", outputs=first.exports)
    assert again.error is None
    assert len(requests) == 9
    assert "readStackResourceOutputs" not in str(first.invokes + again.invokes)


def test_the_number_of_requests_does_not_grow_with_the_stack(tmp_path: Path, requests: list[str]) -> None:
    projects = [f"{{name: project-{number}}}" for number in range(100)]
    written(tmp_path, "acme.dev", STACK.replace("{name: vision}, {name: lab}", ", ".join(projects)))
    assert deployed(tmp_path, "acme.dev").error is None
    assert len(requests) == 9


def test_no_request_asks_for_a_secrets_data(tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    put("Namespace", "elsewhere")
    put("Secret", "theirs", "elsewhere", stringData={"palette": "CANARY"})
    bodies: list[bytes] = []
    send = HTTPConnectionPool.urlopen

    def kept(self: HTTPConnectionPool, *more: object, **and_more: object) -> object:
        answer = send(self, *more, **and_more)  # type: ignore[arg-type]
        bodies.append(answer.data)
        return answer

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", kept)
    written(tmp_path, "acme.dev", STACK)
    assert deployed(tmp_path, "acme.dev").error is None
    assert any(b'"theirs"' in body for body in bodies)
    assert not any(b"CANARY" in body or b"Q0FOQVJZ" in body for body in bodies)


def test_objects_of_somebody_else_are_refused_all_at_once(tmp_path: Path, put: Put) -> None:
    put("Tenant", "acme", spec={"displayName": "Theirs"})
    put("Namespace", "vision")
    put("Project", "vision", "vision", spec={"tenantRef": {"name": "acme"}})
    file = written(tmp_path, "acme.dev", STACK)
    recording = deployed(tmp_path, "acme.dev")
    # The namespace of the tenant is the vendor's work: it appears with the Tenant.
    assert set(refused(recording)) == {"PAI018"}
    told = str(recording.error)
    assert "`Tenant/acme` already exists in the cluster of context dev" in told
    assert "`Namespace/vision` already exists in" in told
    assert "`Project/vision/vision` already exists in" in told
    assert f"{file.name}:" in told


def test_what_is_in_the_stacks_own_state_is_its_own_also_after_a_deployment_that_failed(
    tmp_path: Path, put: Put
) -> None:
    written(tmp_path, "acme.dev", STACK)
    whole = deployed(tmp_path, "acme.dev")
    put("Namespace", "vision")
    # What failed on its way has a state and no outputs.
    again = deployed(tmp_path, "acme.dev", state=whole.resources)
    assert again.error is None
    assert "pulumi:pulumi:readStackResourceOutputs" in [token for token, _ in again.invokes]


def test_an_object_is_taken_over_where_that_is_stated(tmp_path: Path, put: Put) -> None:
    put("Namespace", "vision")
    written(tmp_path, "acme.dev", STACK.replace("{name: vision}", "{name: vision, importIds: [Namespace/vision]}"))
    recording = deployed(tmp_path, "acme.dev")
    assert recording.error is None
    imported = {each.import_id: each for each in recording.objects if each.import_id}
    assert imported.keys() == {"vision"}
    namespace = imported["vision"]
    assert namespace.ref == ("Namespace", None, "vision")
    assert namespace.inputs["metadata"]["annotations"] == {"pulumi.com/patchForce": "true"}


def test_a_namespace_that_is_missing_or_on_its_way_out_is_refused(
    tmp_path: Path, cluster: ControlPlane, put: Put
) -> None:
    written(tmp_path, "acme.dev", STACK.replace("{name: lab}", "{name: lab, createNamespace: false}"))
    assert refused(deployed(tmp_path, "acme.dev")) == ["PAI017"]
    put("Namespace", "lab")
    assert deployed(tmp_path, "acme.dev").error is None
    held = {"metadata": {"finalizers": ["example.com/held"]}}
    put("Secret", "held", "lab")
    cluster.kubectl("-n", "lab", "patch", "secret", "held", "--type=merge", "-p", json.dumps(held))
    cluster.kubectl("delete", "namespace", "lab", "--wait=false")
    recording = deployed(tmp_path, "acme.dev")
    assert refused(recording) == ["PAI017"]
    assert "namespace `lab` is being deleted" in str(recording.error)


def test_a_credential_that_settings_of_another_stack_still_carry_is_refused(
    tmp_path: Path, cluster: ControlPlane, put: Put
) -> None:
    written(tmp_path, "acme.dev", STACK)
    recording = deployed(tmp_path, "acme.dev")
    (settings,) = [each for each in recording.objects if each.kind == "Settings"]
    annotations = settings.inputs["metadata"]["annotations"]
    put("Namespace", "elsewhere")
    put("Settings", "theirs", "elsewhere", spec={"integrations": {}})

    def annotate(**more: str) -> None:
        text = json.dumps({"metadata": {"annotations": {**annotations, **more}}})
        cluster.kubectl("-n", "elsewhere", "patch", "settings", "theirs", "--type=merge", "-p", text)

    # Whoever may write Settings can copy what stands on another one.
    annotate()
    recording = deployed(tmp_path, "acme.dev")
    assert recording.error is None
    assert "error" not in "".join(recording.warnings)
    assert "`Settings/elsewhere/theirs` in the cluster of context dev is annotated with" in "".join(recording.warnings)
    # Only who knows the key can make the proof for this one.
    proof = settings_proof_of(key_in("v1:AAAA:1111"), "elsewhere/theirs")
    annotate(**{"paletteai-components/credential-proof": proof})
    recording = deployed(tmp_path, "acme.dev")
    assert refused(recording) == ["PAI003"]
    assert "`Settings/elsewhere/theirs` in the cluster of context dev carries the credential of" in str(recording.error)


def test_what_kubectl_wrote_is_told_before_an_update_drops_it(tmp_path: Path, cluster: ControlPlane, put: Put) -> None:
    text = STACK.replace("{name: vision}", "{name: vision, importIds: [Namespace/vision, Project/vision/vision]}")
    written(tmp_path, "acme.dev", text)
    put("Namespace", "vision")
    put("Project", "vision", "vision", spec={"tenantRef": {"name": "acme"}})
    assert deployed(tmp_path, "acme.dev").warnings == []
    roles = json.dumps({"spec": {"roleMapping": {"viewer": ["everybody"]}}, "metadata": {"labels": {"a": "b"}}})
    cluster.kubectl("-n", "vision", "patch", "project", "vision", "--type=merge", "-p", roles)
    cluster.kubectl(
        "-n",
        "vision",
        "patch",
        "project",
        "vision",
        "--type=merge",
        "--field-manager=palette-ui",
        "-p",
        '{"spec": {"roleMapping": {"editor": ["from the UI"]}}}',
    )
    (warning,) = deployed(tmp_path, "acme.dev").warnings
    assert (
        "`Project/vision/vision` has `metadata.labels.a`, `spec.roleMapping.viewer`, written with `kubectl" in warning
    )
    assert "PAI019" in warning


def moved(text: str) -> str:
    """The stack with its credential in the Project vision, not in the tenant's default Settings."""
    own = "{name: vision, settings: {palette: shared}}"
    return text.replace("settings: {default: {palette: shared}}", "sharedClusterOnly: true").replace(
        "{name: vision}", own
    )


def carrying(put: Put, recording: Recording) -> None:
    """Puts the tenant's default Settings there, as they were registered."""
    put("Namespace", "tenant-acme")
    registered = recording.object("Settings", "acme.default").inputs
    put("Settings", "default", "tenant-acme", metadata=registered["metadata"], spec=registered["spec"])


def test_a_move_that_failed_on_its_way_is_still_made_in_order(tmp_path: Path, put: Put) -> None:
    written(tmp_path, "acme.dev", STACK)
    before = deployed(tmp_path, "acme.dev")
    carrying(put, before)
    written(tmp_path, "acme.dev", moved(STACK))
    # The outputs already say what a failed deployment was meant to do. The old Settings could not be deleted.
    failed = deployed(tmp_path, "acme.dev", outputs=before.exports, state=before.resources)
    again = deployed(tmp_path, "acme.dev", outputs=failed.exports, state=before.resources)
    assert again.error is None
    (former,) = again.component("PaletteIntegration", "acme.vision.default").aliases
    assert former == before.component("PaletteIntegration", "acme.default").urn


def test_a_credential_that_could_not_be_taken_out_is_not_put_elsewhere(tmp_path: Path, put: Put) -> None:
    nvidia = "nvidia: {existingSecret: ngc}"
    text = STACK.replace("{palette: shared}", f"{{palette: shared, {nvidia}}}")
    written(tmp_path, "acme.dev", text)
    before = deployed(tmp_path, "acme.dev")
    carrying(put, before)
    without = STACK.replace("{palette: shared}", f"{{{nvidia}}}").replace(
        "  name: acme\n", "  name: acme\n  sharedClusterOnly: true\n"
    )
    written(tmp_path, "acme.dev", without)
    failed = deployed(tmp_path, "acme.dev", outputs=before.exports, state=before.resources)
    assert failed.error is None
    written(tmp_path, "acme.dev", without.replace("{name: vision}", "{name: vision, settings: {palette: shared}}"))
    again = deployed(tmp_path, "acme.dev", outputs=failed.exports, state=before.resources)
    assert refused(again) == ["PAI003"]
    assert "Use two deployments: first remove the credential from Settings `tenant-acme/default`" in str(again.error)


def test_a_version_of_the_api_that_is_not_served_is_refused_for_every_kind(tmp_path: Path) -> None:
    written(tmp_path, "acme.dev", STACK + "paletteai:apiVersion: spectrocloud.com/v9\n")
    recording = deployed(tmp_path, "acme.dev")
    assert refused(recording) == ["PAI016", "PAI016", "PAI016"]
    assert "does not serve Settings of `spectrocloud.com/v9`" in str(recording.error)


def test_a_field_that_the_clusters_crd_would_drop_is_refused(tmp_path: Path) -> None:
    written(tmp_path, "acme.dev", STACK + "paletteai:vendorFields: {settings.palette: spec.nothing.secretRef.name}\n")
    recording = deployed(tmp_path, "acme.dev")
    assert set(refused(recording)) == {"PAI016"}
    assert "has no field `spec.nothing`" in str(recording.error)


def test_a_user_who_may_ask_little_is_told_what_was_not_asked(
    tmp_path: Path, cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig_of("nobody", tmp_path / "kubeconfig")))
    written(tmp_path, "acme.dev", STACK)
    recording = deployed(tmp_path, "acme.dev")
    assert recording.error is None
    told = "\n".join(logged(recording))
    assert "this user may not list all objects of kind Namespace" in told
    assert "this user may not read the CRD `settings.spectrocloud.com`" in told
    assert told.endswith(" Not checked on the cluster: PAI003, PAI016, PAI017, PAI018, PAI019.")


@pytest.mark.parametrize(
    ("part", "change", "reason"),
    [
        ("clusters", {"cluster": {"server": "https://127.0.0.1:1"}}, "it cannot be reached"),
        ("clusters", {"cluster": {"server": "OF THE CLUSTER"}}, "it cannot be reached"),
        ("users", {"user": {"token": "wrong"}}, "it does not accept the user of the kubeconfig"),
        ("contexts", {"name": "elsewhere"}, "the kubeconfig has no usable context `dev`"),
    ],
)
def test_a_cluster_that_cannot_be_asked_is_told_and_stops_nothing(
    tmp_path: Path,
    cluster: ControlPlane,
    monkeypatch: pytest.MonkeyPatch,
    part: str,
    change: dict[str, Any],
    reason: str,
) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    if "OF THE CLUSTER" in str(change):
        # Without its certificate nobody trusts it.
        change = {"cluster": {"server": cluster.url}}
    config[part][0] |= change
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    written(tmp_path, "acme.dev", STACK)
    recording = deployed(tmp_path, "acme.dev")
    assert recording.error is None
    (line,) = logged(recording)
    assert line.startswith(f"The cluster was not asked: {reason}")
    assert recording.warnings == []


def test_a_certificate_that_is_not_verified_is_told_once_and_without_warnings(
    tmp_path: Path, cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": cluster.url, "insecure-skip-tls-verify": True}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    written(tmp_path, "acme.dev", STACK)
    # A warning of a library would be an error here.
    recording = deployed(tmp_path, "acme.dev")
    assert recording.error is None
    assert logged(recording) == [f"{ASKED} Its certificate was not verified: the kubeconfig says so."]
    assert recording.warnings == []


@pytest.mark.parametrize("as_content", [True, False])
def test_the_providers_own_kubeconfig_is_followed(
    tmp_path: Path, cluster: ControlPlane, monkeypatch: pytest.MonkeyPatch, as_content: bool
) -> None:
    monkeypatch.delenv("KUBECONFIG")
    given = cluster.kubeconfig.read_text() if as_content else str(cluster.kubeconfig)
    config = {"kubernetes:kubeconfig": given, **yaml.safe_load(STACK)}
    (tmp_path / "Pulumi.acme.dev.yaml").write_text(json.dumps({"config": config}))
    assert logged(deployed(tmp_path, "acme.dev")) == [ASKED]


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("kubernetes:cluster", "test", ["The cluster was not asked: `kubernetes:cluster` is set"]),
        (
            "kubernetes:renderYamlToDirectory",
            "out",
            ["The cluster was not asked: `kubernetes:renderYamlToDirectory` is set"],
        ),
    ],
)
def test_what_only_the_provider_can_follow_is_not_asked(
    tmp_path: Path, requests: list[str], key: str, value: str, told: list[str]
) -> None:
    written(tmp_path, "acme.dev", f"{key}: {value}\n{STACK}")
    lines = logged(deployed(tmp_path, "acme.dev"))
    assert [line.partition(",")[0] for line in lines] == told
    assert requests == []
