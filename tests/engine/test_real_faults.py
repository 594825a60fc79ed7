"""Deployments while requests fail, answers are lost, and the API server or its store is restarted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.cluster.proxy import Fault, Proxy, at_random
from support.cluster.watch import Watch
from support.programs import KEY, leaks
from support.real import Outcome, Real, RealProject
from support.real_stacks import MOVE, edit, held, objects, start

from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900)]

STACK = "acme.dev"
KEYS = {name: f"{KEY}-of-{name}" for name in ("shared", "edge", "lab")}
ROTATED = f"{KEY}-rotated"
# What an `up` says about a request that failed, by what befell it.
SAID_BY_PROGRAMS = ("connection refused", "connection reset by peer", "code = Unavailable", "etcdserver", "EOF")
SAID = ("the proxy is broken", "the proxy is throttling", "connection reset by peer")


@pytest.fixture
def project(real: Real, cluster: ControlPlane) -> Iterator[RealProject]:
    project = real()
    start(project, STACK)
    for name, key in KEYS.items():
        project.set_key(STACK, name, key)
    yield project
    empty(cluster)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_deployment_on_a_bad_line_is_finished_or_says_why_and_the_next_ones_finish_it(
    project: RealProject, cluster: ControlPlane, tmp_path: Path, seed: int
) -> None:
    told: list[Outcome] = []
    with Proxy(cluster, at_random(0.1, seed)) as proxy:
        line = {"KUBECONFIG": str(proxy.kubeconfig(tmp_path / "kubeconfig"))}
        for _ in ("deployed", "changed"):
            for _ in range(5):
                told.append(project.up(STACK, check=False, env=line))
                if told[-1].code == 0:
                    break
            project.set_key(STACK, "shared", ROTATED)
            edit(project, STACK, ("displayName: Vision", f"displayName: Vision {len(told)}"))
        print(dict(proxy.delivered), [each.code for each in told])
        assert proxy.delivered
    told.append(project.up(STACK))
    assert_settled(project, cluster)
    for each in told:
        assert each.code == 0 or any(words in each.stdout for words in SAID), each.printed
    assert leaks([each.printed for each in told], *KEYS.values(), ROTATED) == []


def test_an_object_whose_answer_was_lost_is_named_by_the_next_deployment(
    project: RealProject, cluster: ControlPlane, tmp_path: Path
) -> None:
    with Proxy(cluster, only(Fault.LOST, "POST", "/namespaces/lab/settings")) as proxy:
        lost = project.up(STACK, check=False, env={"KUBECONFIG": str(proxy.kubeconfig(tmp_path / "kubeconfig"))})
    assert lost.code != 0
    assert "connection reset by peer" in lost.printed
    refused = project.up(STACK, check=False)
    assert refused.code != 0
    assert "error PAI018: `Settings/lab/default` already exists in" in refused.printed
    assert project.take_over(STACK, refused) == ["Settings/lab/default"]
    assert_settled(project, cluster)


@pytest.mark.parametrize("kind", ["settings", "secrets"])
def test_a_move_of_which_a_step_was_refused_never_has_a_credential_in_two_settings(
    project: RealProject, cluster: ControlPlane, tmp_path: Path, kind: str
) -> None:
    project.up(STACK)
    edit(project, STACK, *MOVE)
    with Watch(cluster) as watch:
        with Proxy(cluster, only(Fault.BROKEN, "DELETE", f"/{kind}")) as proxy:
            broken = project.up(STACK, check=False, env={"KUBECONFIG": str(proxy.kubeconfig(tmp_path / "kubeconfig"))})
        assert broken.code != 0
        assert "the proxy is broken" in broken.printed
        project.up(STACK)
    assert_settled(project, cluster)
    assert watch.shared(FINGERPRINT_ANNOTATION) == []


@pytest.mark.parametrize("program", ["kube-apiserver", "etcd"])
def test_a_deployment_during_which_the_api_server_goes_down_is_finished_by_the_next_one(
    project: RealProject, cluster: ControlPlane, program: str
) -> None:
    with ThreadPoolExecutor(1) as executor:
        up = executor.submit(project.up, STACK, check=False)
        while not cluster.kubectl("get", "namespace", "dev-tenant", "--ignore-not-found") and not up.done():
            time.sleep(0.05)
        cluster.kill(program)
        time.sleep(1)
        cluster.run(program)
        told = up.result()
    last = finish(project)
    assert_settled(project, cluster)
    assert told.code == 0 or any(words in told.printed for words in SAID_BY_PROGRAMS), told.printed
    print([line.strip() for line in told.printed.splitlines() if " error: resource" in line])
    assert leaks([told.printed, last.printed], *KEYS.values()) == []


def finish(project: RealProject) -> Outcome:
    """Deploys again, and takes over what was created while nobody could say so."""
    up = project.up(STACK, check=False)
    if up.code != 0 and not project.take_over(STACK, up):
        assert "already exists" in up.printed, up.printed
        project.up(STACK, env={"PULUMI_K8S_UPSERT_EXISTING_OBJECTS": "true"})
    return up


def only(fault: Fault, method: str, path: str) -> Callable[[str, str], Fault | None]:
    """This fault for such requests."""
    return lambda asked, at: fault if asked == method and path in at else None


def assert_settled(project: RealProject, cluster: ControlPlane) -> None:
    """The cluster holds what the stack file says, and the preview has nothing to do."""
    path = project.folder / "rendered.yaml"
    path.unlink(missing_ok=True)
    project.paletteai("render", "--with-secrets", str(path), STACK)
    assert held(cluster) == objects(path.read_text())
    assert project.steps(STACK) == {}
