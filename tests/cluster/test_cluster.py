"""The control plane of the tests and the stand-in for PaletteAI hold what other tests rely on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.checkout import TESTS
from support.cluster.control_plane import PROGRAMS, ControlPlane
from support.cluster.namespaces import remove_namespace
from support.cluster.vendor import FINALIZER, MANAGER, VENDORS_OWN, Api, Refused, Vendor, wait_until

pytestmark = pytest.mark.cluster

GROUP = "spectrocloud.com/v1alpha1"
CORE = "/api/v1/namespaces"
VENDORS = f"/apis/{GROUP}"

TETHERED = """\
import sys, time
from pathlib import Path
from support.cluster.control_plane import ControlPlane
cluster = ControlPlane(Path(sys.argv[1]), Path(sys.argv[2]))
cluster.run("etcd")
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def api(cluster: ControlPlane) -> Iterator[Api]:
    with Api(cluster) as api:
        yield api


def namespaced(kind: str, namespace: str, name: str = "") -> str:
    group = CORE.removesuffix("/namespaces") if kind in {"secrets", "configmaps"} else VENDORS
    return f"{group}/namespaces/{namespace}/{kind}/{name}".rstrip("/")


def make_namespace(api: Api, name: str, **labels: str) -> None:
    api.ask("POST", CORE, {"metadata": {"name": name, "labels": labels}})


def make_tenant(api: Api, name: str, **spec: Any) -> None:
    api.ask(
        "POST", f"{VENDORS}/tenants", {"apiVersion": GROUP, "kind": "Tenant", "metadata": {"name": name}, "spec": spec}
    )


def make_settings(api: Api, namespace: str, name: str, **secrets: str) -> None:
    integrations = {integration: {"secretRef": {"name": secret}} for integration, secret in secrets.items()}
    body = {"apiVersion": GROUP, "kind": "Settings", "metadata": {"name": name}, "spec": {"integrations": integrations}}
    api.ask("POST", namespaced("settings", namespace), body)


def make_project(api: Api, name: str, tenant: str, namespace: str | None = None, **spec: Any) -> None:
    spec = {"tenantRef": {"name": tenant}, **spec}
    body = {"apiVersion": GROUP, "kind": "Project", "metadata": {"name": name}, "spec": spec}
    api.ask("POST", namespaced("projects", namespace or name), body)


def managers(thing: dict[str, Any]) -> dict[str, set[str]]:
    """Who wrote which parts."""
    return {
        f"{each['manager']} {each.get('subresource', '')}".strip(): {
            field.removeprefix("f:") for part in each["fieldsV1"].values() for field in part
        }
        for each in thing["metadata"]["managedFields"]
    }


# The vendor's controllers


def test_a_new_tenant_gets_a_namespace_and_is_ready(api: Api, vendor: Vendor) -> None:
    make_tenant(api, "plain")
    vendor.settle()
    namespace = api.ask("GET", f"{CORE}/tenant-plain")
    assert namespace["metadata"]["labels"]["palette.ai/tenant"] == "plain"
    assert list(managers(namespace)) == [MANAGER]
    tenant = api.ask("GET", f"{VENDORS}/tenants/plain")
    assert tenant["status"]["childProjectCount"] == 0
    (ready,) = tenant["status"]["conditions"]
    assert (ready["type"], ready["status"], ready["observedGeneration"]) == ("Ready", "True", 1)
    assert set(managers(tenant)) == {f"{MANAGER} status", "unknown"}


def test_a_tenant_that_has_a_namespace_gets_no_other_and_what_is_there_is_left_as_it_is(
    api: Api, vendor: Vendor
) -> None:
    make_namespace(api, "dev-labelled", **{"palette.ai/tenant": "labelled"})
    make_namespace(api, "tenant-named")
    before = api.ask("GET", f"{CORE}/tenant-named")
    make_tenant(api, "labelled")
    make_tenant(api, "named")
    vendor.settle()
    assert not api.has(f"{CORE}/tenant-labelled")
    assert api.ask("GET", f"{CORE}/tenant-named") == before


def test_a_project_gets_a_finalizer_and_is_told_which_settings_are_in_force(api: Api, vendor: Vendor) -> None:
    make_namespace(api, "tenant-told", **{"palette.ai/tenant": "told"})
    make_settings(api, "tenant-told", "default", palette="default-palette", nvidia="ngc")
    make_settings(api, "tenant-told", "edge", palette="edge-palette")
    make_tenant(api, "told", settingsRef={"name": "default", "namespace": "tenant-told"})
    projects = ("falls-back", "names-one", "has-its-own")
    for project in projects:
        make_namespace(api, project)
    make_project(api, "falls-back", "told")
    make_project(api, "names-one", "told", settingsRef={"name": "edge"})
    make_settings(api, "has-its-own", "mine", palette="my-palette", huggingFace="hf")
    make_project(api, "has-its-own", "told", settingsRef={"name": "mine"})
    vendor.settle()
    reported = {each: api.ask("GET", namespaced("projects", each, each)) for each in projects}
    assert {
        name: {
            integration: ref["secretRef"]["name"]
            for integration, ref in each["status"]["effectiveSettings"]["integrations"].items()
        }
        for name, each in reported.items()
    } == {
        "falls-back": {"palette": "default-palette", "nvidia": "ngc"},
        "names-one": {"palette": "edge-palette", "nvidia": "ngc"},
        "has-its-own": {"palette": "my-palette", "nvidia": "ngc", "huggingFace": "hf"},
    }
    for each in reported.values():
        assert each["metadata"]["finalizers"] == [FINALIZER]
        assert each["status"]["conditions"][0]["type"] == "Ready"
        written = managers(each)
        assert (written[MANAGER], written[f"{MANAGER} status"]) == (
            {"finalizers"},
            {"conditions", "effectiveSettings", "."},
        )
    assert api.ask("GET", f"{VENDORS}/tenants/told")["status"]["childProjectCount"] == 3


def test_a_project_takes_its_namespace_along_and_a_tenant_stays_until_then_and_leaves_its_own_behind(
    api: Api, vendor: Vendor
) -> None:
    make_tenant(api, "left")
    make_namespace(api, "work")
    make_project(api, "work", "left")
    inside = [namespaced(kind, "work", "inside") for kind in ("secrets", "configmaps")]
    for path in inside:
        api.ask("POST", path.removesuffix("/inside"), {"metadata": {"name": "inside"}})
    vendor.settle()
    tenant, project = f"{VENDORS}/tenants/left", namespaced("projects", "work", "work")
    with pytest.raises(Refused, match=r"^403: .*Tenant left still has Projects: 1$"):
        api.ask("DELETE", tenant)
    api.ask("DELETE", project)
    assert api.has(project)
    assert all(api.has(path) for path in inside)
    wait_until("the Project is gone", lambda: not api.has(project))
    assert not any(api.has(path) for path in inside)
    # In the very next moment, as an engine does.
    api.ask("DELETE", tenant)
    wait_until("the Project's namespace is gone", lambda: not api.has(f"{CORE}/work"))
    vendor.settle()
    assert not api.has(tenant)
    assert api.ask("GET", f"{CORE}/tenant-left")["status"]["phase"] == "Active"


def test_a_namespace_that_is_deleted_after_its_tenant_is_not_made_again(api: Api, vendor: Vendor) -> None:
    make_tenant(api, "gone")
    vendor.settle()
    api.ask("DELETE", f"{VENDORS}/tenants/gone")
    remove_namespace(api, "tenant-gone")
    assert not api.has(f"{CORE}/tenant-gone")
    vendor.settle()
    assert not api.has(f"{CORE}/tenant-gone")


# What is refused


def test_a_project_is_refused_where_its_name_is_not_its_namespaces(api: Api) -> None:
    make_namespace(api, "somewhere")
    with pytest.raises(
        Refused, match=r"^403: .*a Project is called as its namespace, and this one is called vision in"
    ):
        make_project(api, "vision", "any", "somewhere")
    assert not api.has(namespaced("projects", "somewhere", "vision"))
    make_project(api, "somewhere", "any")


def test_a_project_is_refused_in_the_namespace_of_the_vendors_own(api: Api) -> None:
    with pytest.raises(Refused, match=r"^403: .*the namespace mural-system is PaletteAI's own and takes no Project$"):
        make_project(api, VENDORS_OWN, "any")


def test_a_field_that_the_kind_does_not_know_is_dropped_without_a_word_or_refused_if_asked_to(
    cluster: ControlPlane, api: Api
) -> None:
    def settings(name: str) -> str:
        spec = {"integrations": {"palette": {"secretRef": {"name": "x"}, "secretReference": {}}}, "palette": 1}
        return json.dumps({"apiVersion": GROUP, "kind": "Settings", "metadata": {"name": name}, "spec": spec})

    assert cluster.kubectl("apply", "-n", "default", "--validate=ignore", "-f", "-", input=settings("pruned"))
    pruned = api.ask("GET", namespaced("settings", "default", "pruned"))
    assert pruned["spec"] == {"integrations": {"palette": {"secretRef": {"name": "x"}}}}
    with pytest.raises(subprocess.CalledProcessError) as error:
        cluster.kubectl("apply", "-n", "default", "--validate=strict", "-f", "-", input=settings("strict"))
    assert 'unknown field "spec.integrations.palette.secretReference"' in error.value.stderr
    assert 'unknown field "spec.palette"' in error.value.stderr
    assert not api.has(namespaced("settings", "default", "strict"))


# The control plane


def test_both_contexts_are_this_cluster_and_somebody_else_may_read_nothing(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    for context in ("dev", "prod"):
        assert "kube-system" in cluster.kubectl("--context", context, "get", "namespaces")
    nobody = cluster.kubeconfig_of("nobody", tmp_path / "nobody")
    for asked, answer in (("list", "no"), ("create", "no")):
        said = cluster.kubectl("--kubeconfig", str(nobody), "auth", "can-i", asked, "secrets", check=False)
        assert said.strip() == answer


def test_it_can_be_reached_by_another_address(cluster: ControlPlane, tmp_path: Path) -> None:
    other = cluster.kubeconfig_at(cluster.url.replace("127.0.0.1", "localhost"), tmp_path / "other")
    assert "kube-system" in cluster.kubectl("--kubeconfig", str(other), "get", "namespaces")


# Where the server ends between connection and handshake, Python's own ssl forgets to close the socket.
@pytest.mark.filterwarnings(r"ignore:unclosed <ssl\.SSLSocket:ResourceWarning")
def test_what_is_written_outlives_a_crash_and_the_vendors_part_goes_on_or_ends_after_it(
    cluster: ControlPlane, vendor: Vendor
) -> None:
    with Api(cluster) as api:
        make_tenant(api, "before-the-crash")
        vendor.settle()
    threads = threading.active_count()
    with Vendor(cluster):
        assert threading.active_count() > threads
        for program in reversed(PROGRAMS):
            cluster.kill(program)
    assert threading.active_count() == threads
    for program in PROGRAMS:
        cluster.run(program)
    with Api(cluster) as api:
        # The first that is asked of it: the admission is in force again.
        with pytest.raises(Refused, match=r"^403: .*ValidatingAdmissionPolicy"):
            make_project(api, VENDORS_OWN, "any")
        assert api.has(f"{VENDORS}/tenants/before-the-crash")
        make_tenant(api, "after-the-crash")
        wait_until("the controllers are at it again", lambda: api.has(f"{CORE}/tenant-after-the-crash"))


# What the rules state of the API server


def test_the_label_with_a_namespaces_name_is_overwritten(api: Api) -> None:
    labels = {"kubernetes.io/metadata.name": "other"}
    made = api.ask("POST", CORE, {"metadata": {"name": "labelled-otherwise", "labels": labels}})
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "labelled-otherwise"}


def test_a_tenant_may_have_a_dot_in_its_name_and_a_namespace_may_not(api: Api, vendor: Vendor) -> None:
    make_namespace(api, "dotted", **{"palette.ai/tenant": "dotted.eu"})
    make_tenant(api, "dotted.eu")
    make_project(api, "dotted", "dotted.eu")
    vendor.settle()
    with pytest.raises(Refused, match=r"^422: .*must not contain dots"):
        make_namespace(api, "tenant-dotted.eu")


def test_a_tenants_name_has_to_fit_into_the_labels_that_hold_it(api: Api) -> None:
    with pytest.raises(Refused, match=r"^422: .*must be no more than 63 bytes"):
        make_namespace(api, "too-long", **{"palette.ai/tenant": "a" * 64})


def test_what_a_custom_object_refers_to_is_not_looked_up(api: Api) -> None:
    make_namespace(api, "dangling")
    make_project(api, "dangling", "nobody", settingsRef={"name": "nowhere"})
    assert api.has(namespaced("projects", "dangling", "dangling"))


def test_nothing_is_created_in_a_namespace_that_is_missing_or_terminating(api: Api) -> None:
    with pytest.raises(Refused, match=r"^404: "):
        make_settings(api, "missing", "default")
    make_namespace(api, "leaving")
    held = {"metadata": {"name": "held", "finalizers": ["x.test/held"]}}
    api.ask("POST", namespaced("configmaps", "leaving"), held)
    api.ask("DELETE", f"{CORE}/leaving")
    with pytest.raises(Refused, match=r"^403: .*because it is being terminated"):
        make_settings(api, "leaving", "default")
    loose = {"metadata": {"finalizers": None}}
    api.ask("PATCH", namespaced("configmaps", "leaving", "held"), loose, "application/merge-patch+json")


def test_a_program_ends_with_the_process_that_started_it_even_if_that_is_killed(programs: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", TETHERED, str(programs), str(tmp_path)]
    with subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "started\n"
            assert running_in(tmp_path)
        finally:
            process.send_signal(signal.SIGKILL)
    wait_until("it has ended", lambda: running_in(tmp_path) == [])


def test_a_program_that_does_not_come_up_is_told_with_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "etcd").write_text("#!/bin/sh\necho no disk >&2\nexit 1\n")
    (tmp_path / "etcd").chmod(0o755)
    cluster = ControlPlane(tmp_path, tmp_path / "cluster")
    try:
        with pytest.raises(RuntimeError, match=r"^etcd did not come up\nno disk$"):
            cluster.start()
    finally:
        cluster.stop()


def running_in(folder: Path) -> list[str]:
    """The running commands that name the folder, but for the Python that may have started them."""
    commands = subprocess.run(["ps", "-axww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in commands.splitlines() if str(folder) in line and TETHERED.splitlines()[0] not in line]
