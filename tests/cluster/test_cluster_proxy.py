"""The proxy that tests put in front of the API server: what it passes on, and what it does instead."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.proxy import FAULTS, Choice, Fault, Proxy, at_random

pytestmark = pytest.mark.cluster

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def proxy(cluster: ControlPlane) -> Iterator[Proxy]:
    with Proxy(cluster) as proxy:
        yield proxy


@pytest.fixture
def kubectl(proxy: Proxy, tmp_path: Path) -> Callable[..., str]:
    """What kubectl prints through the proxy, errors too."""
    command = ["kubectl", "--kubeconfig", str(proxy.kubeconfig(tmp_path / "kubeconfig"))]

    def run(*arguments: str, input: str | None = None) -> str:
        told = subprocess.run([*command, *arguments], input=input, capture_output=True, text=True, check=False)
        return told.stdout + told.stderr

    return run


def ask(cluster: ControlPlane, url: str, method: str, path: str, body: Any = None) -> tuple[int, dict[str, str], Any]:
    """One request without a second try: status, headers and answer."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}", "Content-Type": "application/json"}
    trust = ssl.create_default_context(cafile=cluster.certificate)
    connection = http.client.HTTPSConnection(url.removeprefix("https://"), context=trust, timeout=10)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), json.loads(response.read())
    finally:
        connection.close()


def made(cluster: ControlPlane) -> set[str]:
    items = ask(cluster, cluster.url, "GET", CONFIGMAPS)[2]["items"]
    return {each["metadata"]["name"] for each in items}


def named(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def only(fault: Fault) -> Choice:
    return lambda method, path: fault if path.startswith(CONFIGMAPS) else None


def test_answers_are_those_of_the_api_server(cluster: ControlPlane, proxy: Proxy) -> None:
    big = named("big", text="ä" * 400_000)
    requests = [
        ("GET", "/version", None),
        ("GET", "/api/v1/namespaces/default", None),
        ("GET", "/api/v1", None),
        ("GET", f"{CONFIGMAPS}/none", None),
        ("POST", f"{CONFIGMAPS}?dryRun=All", big),
        ("POST", CONFIGMAPS, {"metadata": {"name": "Not a name"}}),
    ]
    for request in requests:
        direct = ask(cluster, cluster.url, *request)
        passed = ask(cluster, proxy.url, *request)
        for _, headers, answer in (direct, passed):
            for varies in ("Date", "Audit-Id", "Content-Length", "Transfer-Encoding"):
                headers.pop(varies, None)
            for varies in ("uid", "creationTimestamp", "managedFields"):
                answer.get("metadata", {}).pop(varies, None)
        assert passed == direct
    assert proxy.requests == [request[:2] for request in requests]
    assert not proxy.delivered


def test_a_user_works_through_it_as_without(cluster: ControlPlane, proxy: Proxy, kubectl: Callable[..., str]) -> None:
    assert "admin" in kubectl("auth", "whoami")
    text = json.dumps(named("works", a="1"))
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", input=text)
    assert "patched" in kubectl("patch", "configmap", "works", "--type=merge", "--patch", '{"data": {"a": "2"}}')
    assert kubectl("get", "configmap", "works", "--output=jsonpath={.data.a}") == "2"
    assert "deleted" in kubectl("delete", "configmap", "works")
    assert "works" not in made(cluster)


def test_an_event_of_a_watch_comes_while_the_watch_goes_on(cluster: ControlPlane, proxy: Proxy, tmp_path: Path) -> None:
    config = str(proxy.kubeconfig(tmp_path / "kubeconfig"))
    command = [
        "kubectl",
        "--kubeconfig",
        config,
        "get",
        "--raw",
        f"{CONFIGMAPS}?watch=1&fieldSelector=metadata.name=seen",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watch:
        assert watch.stdout is not None
        for what in ("ADDED", "DELETED"):
            method, path, body = ("POST", "", named("seen")) if what == "ADDED" else ("DELETE", "/seen", None)
            ask(cluster, cluster.url, method, CONFIGMAPS + path, body)
            assert json.loads(watch.stdout.readline())["type"] == what
            assert watch.poll() is None
        watch.kill()


@pytest.mark.parametrize(("fault", "code"), [(Fault.THROTTLED, 429), (Fault.BROKEN, 500)])
def test_a_refusal_is_one_that_clients_understand(cluster: ControlPlane, proxy: Proxy, fault: Fault, code: int) -> None:
    proxy.choose = only(fault)
    status, headers, answer = ask(cluster, proxy.url, "POST", CONFIGMAPS, named(f"refused-{code}"))
    assert (status, answer["kind"], answer["code"]) == (code, "Status", code)
    assert ("Retry-After" in headers) == (fault is Fault.THROTTLED)
    assert f"refused-{code}" not in made(cluster)
    assert proxy.delivered == {fault: 1}


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.LOST])
def test_a_connection_is_reset_before_or_after_the_request_is_carried_out(
    cluster: ControlPlane, proxy: Proxy, kubectl: Callable[..., str], fault: Fault
) -> None:
    name = fault.name.lower()
    proxy.choose = only(fault)
    assert "connection reset by peer" in kubectl("create", "configmap", name)
    assert (name in made(cluster)) == (fault is Fault.LOST)
    proxy.choose = lambda method, path: None
    assert "created" in kubectl("create", "configmap", f"{name}-no-more")


def test_a_slow_answer_is_the_right_one(cluster: ControlPlane, proxy: Proxy) -> None:
    proxy.choose, proxy.delay = only(Fault.SLOW), 1.0
    began = time.monotonic()
    status, _, answer = ask(cluster, proxy.url, "GET", f"{CONFIGMAPS}/kube-root-ca.crt")
    assert (status, answer["kind"]) == (200, "ConfigMap")
    assert time.monotonic() - began >= proxy.delay


def test_an_answer_that_is_held_does_not_come_but_the_request_was_carried_out(cluster: ControlPlane) -> None:
    with Proxy(cluster, only(Fault.HELD)) as proxy:
        arguments = (cluster, proxy.url, "POST", CONFIGMAPS, named("held"))
        ends: list[BaseException] = []
        thread = threading.Thread(target=_raising, args=(ends, *arguments))
        thread.start()
        while "held" not in made(cluster):
            time.sleep(0.02)
        assert thread.is_alive()
        assert ends == []
    thread.join(timeout=5)
    assert [isinstance(each, ConnectionResetError) for each in ends] == [True]


def test_faults_come_at_their_rate_and_are_the_same_for_a_seed() -> None:
    chosen = [[choose("GET", "/") for _ in range(5000)] for choose in (at_random(0.1, seed=1), at_random(0.1, seed=1))]
    assert chosen[0] == chosen[1]
    assert chosen[0] != [choose("GET", "/") for choose in [at_random(0.1, seed=2)] for _ in range(5000)]
    counted = Counter(chosen[0])
    assert counted[None] == pytest.approx(4500, rel=0.03)
    assert all(counted[fault] == pytest.approx(125, rel=0.3) for fault in FAULTS)


def test_it_ends_with_connections_open_and_leaves_no_thread(cluster: ControlPlane, tmp_path: Path) -> None:
    before = threading.enumerate()
    with Proxy(cluster) as proxy:
        config = str(proxy.kubeconfig(tmp_path / "kubeconfig"))
        watch = subprocess.Popen(
            ["kubectl", "--kubeconfig", config, "get", "--raw", "/api/v1/namespaces?watch=1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert watch.stdout is not None
        assert watch.stdout.readline()
        began = time.monotonic()
    assert time.monotonic() - began < 2
    with watch:
        assert watch.wait(timeout=5) is not None
    assert threading.enumerate() == before


def _raising(ends: list[BaseException], *arguments: Any) -> None:
    try:
        ask(*arguments)
    except Exception as error:
        ends.append(error)
