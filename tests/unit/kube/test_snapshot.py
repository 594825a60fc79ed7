"""What is read of a cluster, in which order, and what of it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_api import FakeApi, Reply
from support.observations import WHOLE, manifest, project, secret, settings, tenant

from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable
from paletteai_components.kube.manifests import Manifest, reference_of
from paletteai_components.kube.snapshot import Request, Snapshot, snapshot_of

Sent = dict[str, Any]


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi([*WHOLE, manifest("Namespace", "vision"), *OTHERS]) as api:
        yield api


OTHERS: list[Manifest] = [
    secret("tenant-acme", "other"),
    secret("vision", "key"),
    {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "s", "namespace": "vision"}},
    {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": "e", "namespace": "vision"},
    },
]


def read(api: FakeApi, folder: Path, **request: Any) -> Snapshot:
    return snapshot_of(ApiServer(api.kubeconfig(folder), None), Request(**request))


def references(snapshot: Snapshot) -> set[str]:
    return {reference_of(each) for each in snapshot.objects}


def test_everything_that_concerns_paletteai_is_read_with_get_alone(api: FakeApi, tmp_path: Path) -> None:
    snapshot = read(api, tmp_path)
    assert references(snapshot) == {
        "Tenant/acme",
        "Settings/tenant-acme/default",
        "Secret/tenant-acme/key",
        "Project/vision/vision",
        "Namespace/vision",
        "SealedSecret/vision/s",
        "ExternalSecret/vision/e",
    }
    assert snapshot.complete == {
        "Tenant",
        "Settings",
        "Secret",
        "Project",
        "Namespace",
        "SealedSecret",
        "ExternalSecret",
    }
    assert {method for method, _ in api.requests} == {"GET"}
    assert len(api.requests) == 9


def test_the_items_say_what_they_are(api: FakeApi, tmp_path: Path) -> None:
    kinds = {(each["apiVersion"], each["kind"]) for each in read(api, tmp_path).objects}
    assert ("spectrocloud.com/v1alpha1", "Tenant") in kinds
    assert ("external-secrets.io/v1", "ExternalSecret") in kinds
    assert ("v1", "Secret") in kinds


def managed(each: Manifest, manager: str) -> Manifest:
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {"f:a": {}}}}
    return {**each, "metadata": {**each["metadata"], "managedFields": [entry]}}


def test_who_wrote_what_is_kept_only_to_compare_and_only_of_pulumi(tmp_path: Path) -> None:
    objects = [managed(tenant(), "pulumi-kubernetes-1"), managed(project(), "kubectl")]
    whole = objects[0]["metadata"]["managedFields"]
    for to_compare, kept in ((True, whole), (False, [{"manager": "pulumi-kubernetes-1"}])):
        with FakeApi(objects) as api:
            snapshot = read(api, tmp_path, to_compare=to_compare)
            managers = {reference_of(each): each["metadata"].get("managedFields") for each in snapshot.objects}
            assert managers == {"Tenant/acme": kept, "Project/vision/vision": None}
            assert any("/openapi/" in path for path in api.paths) is to_compare
            assert set(snapshot.schemas) == ({"Tenant", "Project", "Settings"} if to_compare else set())


@pytest.mark.parametrize("reply", [Reply(403), Reply(404), Reply(500), Reply(200, {})])
def test_without_the_schemas_the_rest_is_read_and_that_is_noted(tmp_path: Path, reply: Reply) -> None:
    with FakeApi(WHOLE) as api:
        api.choose = lambda path, times: reply if path.startswith("/openapi") else None
        snapshot = read(api, tmp_path, to_compare=True)
    assert snapshot.schemas == {}
    assert "Tenant" in snapshot.complete
    (unread,) = snapshot.unread
    assert unread.subject == "schemas"


def test_who_refers_is_listed_before_what_it_refers_to(api: FakeApi, tmp_path: Path) -> None:
    read(api, tmp_path)
    lists = [path.rpartition("/")[2] for path in api.paths[2:]]
    assert lists == ["projects", "tenants", "settings", "sealedsecrets", "externalsecrets", "secrets", "namespaces"]


def test_a_secret_that_no_settings_uses_is_dropped_unless_it_is_asked_for(api: FakeApi, tmp_path: Path) -> None:
    assert "Secret/tenant-acme/other" not in references(read(api, tmp_path))
    assert "Secret/tenant-acme/other" in references(read(api, tmp_path, also=frozenset({("tenant-acme", "other")})))


def test_without_secrets_no_request_asks_for_one(api: FakeApi, tmp_path: Path) -> None:
    snapshot = read(api, tmp_path, secrets=False)
    assert "Secret" not in snapshot.complete
    assert not any("/secrets" in path for path in api.paths)


def test_where_no_settings_uses_a_secret_none_are_read(tmp_path: Path) -> None:
    with FakeApi([tenant(), project(), secret()]) as api:
        read(api, tmp_path)
        assert not any("/secrets" in path for path in api.paths)


def test_of_a_secret_only_the_credential_is_kept_and_of_no_object_who_wrote_it(tmp_path: Path) -> None:
    full = secret()
    full["data"] |= {"ca.crt": "Q0FOQVJZ"}
    full["metadata"] |= {
        "managedFields": [{"manager": "CANARY"}],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "CANARY", "kept": "yes"},
    }
    with FakeApi([tenant(), settings(), full, project()]) as api:
        (kept,) = [each for each in read(api, tmp_path).objects if each["kind"] == "Secret"]
    assert kept["data"] == {**secret()["data"], "ca.crt": ""}
    assert kept["metadata"]["annotations"] == {"kept": "yes"}
    assert "CANARY" not in str(kept)


def test_a_snapshot_does_not_show_what_is_in_it(api: FakeApi, tmp_path: Path) -> None:
    snapshot = read(api, tmp_path)
    assert secret()["data"]["palette"][:20] not in repr(snapshot)


@pytest.mark.parametrize("kind", ["secrets", "tenants", "projects", "settings", "namespaces"])
def test_what_may_not_be_listed_is_named_and_the_rest_is_read(api: FakeApi, tmp_path: Path, kind: str) -> None:
    api.forbidden = {kind}
    snapshot = read(api, tmp_path)
    (unread,) = snapshot.unread
    assert unread.subject.lower().rstrip("s") == kind.rstrip("s")
    assert unread.subject not in snapshot.complete
    assert len(snapshot.complete) >= 5


def test_a_user_who_may_list_nothing_of_paletteais_is_told_so(api: FakeApi, tmp_path: Path) -> None:
    api.forbidden = {"tenants", "projects", "settings"}
    with pytest.raises(ClusterUnavailable, match="may list no objects of kind Project, Tenant, Settings"):
        read(api, tmp_path)


def test_a_user_who_may_not_list_what_is_served_reads_the_usual_version(api: FakeApi, tmp_path: Path) -> None:
    api.choose = lambda path, before: Reply(403) if path in ("/apis", "/apis/spectrocloud.com/v1alpha1") else None
    snapshot = read(api, tmp_path)
    assert {"Tenant/acme", "Project/vision/vision"} <= references(snapshot)
    assert [each.reason for each in snapshot.unread] == ["this user may not list the API groups"]


def test_a_cluster_without_paletteai_is_told(tmp_path: Path) -> None:
    with FakeApi() as api:
        api.versions = ["example.com/v1"]
        with pytest.raises(ClusterUnavailable, match=r"does not serve `spectrocloud\.com`"):
            read(api, tmp_path)
        api.choose = lambda path, before: Reply(403) if path == "/apis" else None
        with pytest.raises(ClusterUnavailable, match=r"does not serve `spectrocloud\.com`"):
            read(api, tmp_path)


def test_the_version_is_the_one_that_the_server_prefers_or_one_that_is_wanted_and_served(
    api: FakeApi, tmp_path: Path
) -> None:
    api.versions = ["spectrocloud.com/v1beta1", "spectrocloud.com/v1alpha1"]
    assert read(api, tmp_path).api.api_version == "spectrocloud.com/v1beta1"
    assert "/apis/spectrocloud.com/v1beta1/tenants" in api.paths
    wanted = ("spectrocloud.com/v2", "spectrocloud.com/v1alpha1")
    assert read(api, tmp_path, api_versions=wanted).api.api_version == "spectrocloud.com/v1alpha1"


def test_the_context_is_the_current_one_if_none_is_named(api: FakeApi, tmp_path: Path) -> None:
    assert read(api, tmp_path).context == "dev"
    assert snapshot_of(ApiServer(api.kubeconfig(tmp_path), "prod"), Request()).context == "prod"


def test_secrets_are_found_where_another_path_says(tmp_path: Path) -> None:
    other = manifest("Settings", "default", "tenant-acme", spec={"palette": {"credentials": "key"}})
    with FakeApi([tenant(), other, secret(), project()]) as api:
        snapshot = read(api, tmp_path, fields={"settings.palette": "spec.palette.credentials"})
    assert "Secret/tenant-acme/key" in references(snapshot)
