"""`kill -9` at any moment of a deployment: what the next one makes of it."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.cluster.proxy import Fault, Proxy
from support.cluster.watch import ObjectRef, Watch
from support.real import Real, RealProject
from support.real_stacks import Objects, edit, held

from paletteai_components.credentials import proof_of, settings_proof_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900)]

# Half of them strike a first deployment, half one that changes it.
KILLS = int(os.environ.get("KILLS", "30"))
SEED = 20

BASIS = "basis"
HOST = "https://palette.example.com"
KEYS = {
    "shared": "The-1st-key-of-shared-in-the-mine",
    "edge": "The-1st-key-of-edge-in-the-mine",
    "lab": "The-1st-key-of-lab-in-the-mine",
}
ROTATED = "The-2nd-key-of-shared-in-the-mine"
TENANT = """\
  paletteai:tenant:
    name: basis
    displayName: Basis
    groups: [basis-admins]
    computeConfigRef: {name: default}
    labels: {team: basis}
    settings:
      default: {palette: shared}
      edge: {palette: edge}
    projects:
      - {name: basis-vision, displayName: Vision}
      - {name: basis-line, displayName: Line, settingsRef: edge}
      - {name: basis-lab, displayName: Lab, settings: {palette: lab}, annotations: {note: made of glass}}
"""
# The edge credential moves from the tenant's Settings to the only project that uses it.
MOVE = (
    ("      edge: {palette: edge}\n", ""),
    ("displayName: Line, settingsRef: edge", "displayName: Line, settings: {palette: edge}"),
)


class LiveTwice(AssertionError):
    """A credential was in two Settings, or in two Secrets, at one moment."""


@dataclass(frozen=True)
class Undisturbed:
    """A deployment that nothing happened to.

    Fields:
        text: the stack's file.
        seconds: how long the deployment took.
        objects: what the cluster held afterwards.
        urns: what the state held afterwards.
    """

    text: str
    seconds: float
    objects: Objects
    urns: list[str]


# A first deployment, and one that changes it.
Pair = tuple[Undisturbed, Undisturbed]


@pytest.fixture(scope="module")
def undisturbed(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A first deployment, and one that rotates a key and moves a credential."""
    project, stack = RealProject(tmp_path_factory.mktemp("basis"), cluster), f"{BASIS}.dev"
    path = project.stacks / f"Pulumi.{stack}.yaml"
    project.init(stack)
    integrations = "".join(
        f'    {name}: {{hostUrl: {HOST}, tenant: example, defaultProjectID: "65123456789012345678901{at}"}}\n'
        for at, name in enumerate(KEYS)
    )
    path.write_text(f"config:\n  paletteai:integrations:\n{integrations}{TENANT}{path.read_text()}")
    for name, key in KEYS.items():
        project.set_key(stack, name, key)

    def deployed() -> Undisturbed:
        began = time.monotonic()
        project.up(stack)
        seconds = time.monotonic() - began
        return Undisturbed(path.read_text(), seconds, of_tenant(cluster, BASIS), _urns(project, BASIS))

    first = deployed()
    project.set_key(stack, "shared", ROTATED)
    edit(project, stack, *MOVE)
    return first, deployed()


@pytest.fixture(autouse=True)
def alone(undisturbed: Pair, cluster: ControlPlane) -> None:
    """Each tenant has the same keys, so nothing of another one may be left on the cluster."""
    empty(cluster)


@pytest.mark.parametrize("trial", range((KILLS + 1) // 2))
def test_a_deployment_that_was_killed_is_finished_by_the_next_one(
    real: Real, cluster: ControlPlane, undisturbed: Pair, trial: int
) -> None:
    project, tenant = real(), f"trial-{trial:02}"
    for at, wanted in enumerate(undisturbed):
        (_write if at else begin)(project, tenant, wanted)
        after = wanted.seconds * _moments(at)[trial]
        with Watch(cluster) as watch:
            began = time.monotonic()
            with started(project, tenant) as up:
                time.sleep(max(0.0, after - (time.monotonic() - began)))
                kill(up)
            there = _uids(cluster, tenant)
            when = f"{'change' if at else 'first'} killed after {after:.1f} s with {len(there)} objects there"
            print(f"{when}: {finish(project, cluster, tenant, there)}")
        assert_finished(project, cluster, tenant, wanted, there, watch)


@pytest.mark.parametrize(
    ("method", "kind"), [("DELETE", "secrets"), ("POST", "secrets"), ("DELETE", "settings"), ("POST", "settings")]
)
def test_a_move_that_was_killed_at_any_of_its_steps_is_finished_by_the_next_deployment(
    real: Real, cluster: ControlPlane, undisturbed: Pair, tmp_path: Path, method: str, kind: str
) -> None:
    project, tenant, (first, changed) = real(), f"{method}-{kind}".lower(), undisturbed
    begin(project, tenant, first)
    project.up(f"{tenant}.dev")
    _write(project, tenant, changed)
    with Watch(cluster) as watch:
        killed_at(project, cluster, tenant, tmp_path, method, kind)
        there = _uids(cluster, tenant)
        print(finish(project, cluster, tenant, there))
    assert_finished(project, cluster, tenant, changed, there, watch)


def test_what_was_made_and_not_written_down_is_told_of_and_taken_over(
    real: Real, cluster: ControlPlane, undisturbed: Pair, tmp_path: Path
) -> None:
    project, tenant, (first, changed) = real(), "late", undisturbed
    stack = f"{tenant}.dev"
    begin(project, tenant, first)
    killed_at(project, cluster, tenant, tmp_path, "POST", "secrets")
    there = _uids(cluster, tenant)

    locked = project.up(stack, check=False)
    assert "the stack is currently locked by 1 lock(s)" in locked.printed
    assert "pulumi cancel" in locked.printed
    project.run("cancel", "--yes", "--stack", stack)
    refused = project.up(stack, check=False)
    assert refused.code != 0
    assert "interrupted while creating" in refused.printed
    secrets = [f"Secret/tenant-late/{name}-palette" for name in ("default", "edge")]
    assert project.take_over(stack, refused) == secrets

    assert "interrupted while creating" in project.up(stack, "--expect-no-changes").printed
    project.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack)
    assert "interrupted" not in project.up(stack, "--expect-no-changes").printed
    assert of_tenant(cluster, tenant) == first.objects
    assert _uids(cluster, tenant).items() >= there.items()

    # What was taken over belongs to this stack as if it had made it: it changes, and what goes is gone.
    _write(project, tenant, changed)
    edit(project, stack, (f"    labels: {{team: {tenant}}}\n", ""))
    project.up(stack)
    assert all("team" not in each["metadata"].get("labels", {}) for each in of_tenant(cluster, tenant).values())
    assert of_tenant(cluster, tenant).keys() == changed.objects.keys()


def test_a_move_that_was_killed_and_is_taken_back_never_has_a_credential_in_two_settings(
    real: Real, cluster: ControlPlane, undisturbed: Pair, tmp_path: Path
) -> None:
    project, tenant, (first, changed) = real(), "back", undisturbed
    begin(project, tenant, first)
    project.up(f"{tenant}.dev")
    _write(project, tenant, changed)
    # The last thing it does is to update the Project, which names its Settings now.
    killed_at(project, cluster, tenant, tmp_path, "PATCH", "projects")
    assert of_tenant(cluster, tenant).keys() == changed.objects.keys()
    _write(project, tenant, first)
    with Watch(cluster) as watch:
        finish(project, cluster, tenant, {})
    assert of_tenant(cluster, tenant) == first.objects
    never_live_twice(watch, tenant)


def test_a_move_after_a_first_deployment_that_was_killed_never_has_a_credential_in_two_settings(
    real: Real, cluster: ControlPlane, undisturbed: Pair, tmp_path: Path
) -> None:
    project, tenant, (first, changed) = real(), "soon", undisturbed
    begin(project, tenant, first)
    killed_at(project, cluster, tenant, tmp_path, "POST", "tenants")
    _write(project, tenant, changed)
    with Watch(cluster) as watch:
        finish(project, cluster, tenant, {})
    assert of_tenant(cluster, tenant) == changed.objects
    never_live_twice(watch, tenant)


def begin(project: RealProject, tenant: str, wanted: Undisturbed) -> None:
    """Puts the file of a new stack there, known to the backend."""
    _write(project, tenant, wanted)
    project.init(f"{tenant}.dev")


@contextlib.contextmanager
def started(project: RealProject, tenant: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A deployment in a session of its own, which makes every process of it known."""
    command = project.command("up", "--yes", "--skip-preview", "--stack", f"{tenant}.dev")
    up = subprocess.Popen(
        command,
        cwd=project.folder,
        env={**project.env, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield up
    finally:
        kill(up)


def kill(up: subprocess.Popen[bytes]) -> None:
    """Kills a deployment and everything it started. Plugins are in process groups of their own."""
    while alive := list(_alive(up)):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    up.wait()


def killed_at(project: RealProject, cluster: ControlPlane, tenant: str, folder: Path, method: str, kind: str) -> None:
    """Kills a deployment when such a request was carried out and its answer is not there yet."""

    def choose(asked: str, path: str) -> Fault | None:
        return Fault.HELD if asked == method and f"/{kind}" in path else None

    with Proxy(cluster, choose) as proxy:
        path = proxy.kubeconfig(folder / "kubeconfig")
        with started(project, tenant, KUBECONFIG=str(path)) as up:
            proxy.wait_for(Fault.HELD)
            # All that can be under way at the same time is.
            time.sleep(1)
            kill(up)


def finish(project: RealProject, cluster: ControlPlane, tenant: str, there: dict[ObjectRef, str]) -> str:
    """Does what a user is told to after a crash; what that was. What has to be deleted is no longer `there`."""
    stack, done = f"{tenant}.dev", []
    up = project.up(stack, check=False)
    if "currently locked" in up.printed:
        done.append("cancel")
        project.run("cancel", "--yes", "--stack", stack)
        up = project.up(stack, check=False)
    interrupted = [word for word in ("creating", "updating", "deleting") if f"interrupted while {word}" in up.printed]
    done += [f"interrupted while {word}" for word in interrupted]
    left = re.findall(r"`kubectl delete secret (?:--context \S+ )?--namespace (\S+) (\S+)`", up.printed)
    for namespace, name in left:
        cluster.kubectl("delete", "secret", name, "--namespace", namespace)
        there.pop(("Secret", namespace, name), None)
        done.append(f"deleted: {namespace}/{name}")
    if left:
        up = project.up(stack, check=False)
    if up.code != 0:
        taken_over = project.take_over(stack, up)
        assert taken_over, up.printed
        done.append(f"taken over: {', '.join(taken_over)}")
    if interrupted:
        project.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates", "--stack", stack)
    return ", ".join(done) or "nothing"


def assert_finished(
    project: RealProject,
    cluster: ControlPlane,
    tenant: str,
    wanted: Undisturbed,
    there: dict[ObjectRef, str],
    watch: Watch,
) -> None:
    """Nothing is lost or doubled, and what was `there` at the crash is the same object still."""
    assert of_tenant(cluster, tenant) == wanted.objects
    assert _urns(project, tenant) == wanted.urns
    now = _uids(cluster, tenant)
    assert {ref: now[ref] for ref in now.keys() & there.keys()} == {
        ref: there[ref] for ref in now.keys() & there.keys()
    }
    never_live_twice(watch, tenant)
    assert project.steps(f"{tenant}.dev") == {}


def of_tenant(cluster: ControlPlane, tenant: str) -> Objects:
    """What the cluster holds of a tenant, as if it were the one that was not disturbed."""
    every = {ref: each for ref, each in held(cluster).items() if _is_of(ref, tenant)}
    for each in every.values():
        if each["kind"] == "Secret":
            each["data"] = {name: base64.b64decode(text).decode() for name, text in each["data"].items()}
    return {_plain(ref, tenant): json.loads(_renamed(json.dumps(each), tenant, BASIS)) for ref, each in every.items()}


def never_live_twice(watch: Watch, tenant: str) -> None:
    """Raises LiveTwice for a credential of a tenant. Those of other tenants have the same keys."""
    pairs = [pair for pair in watch.shared(FINGERPRINT_ANNOTATION) if all(_is_of(ref, tenant) for ref in pair)]
    if pairs:
        raise LiveTwice(pairs)


def _write(project: RealProject, tenant: str, wanted: Undisturbed) -> None:
    (project.stacks / f"Pulumi.{tenant}.dev.yaml").write_text(_renamed(wanted.text, BASIS, tenant))


def _renamed(text: str, tenant: str, other: str) -> str:
    """A text about one tenant as one about another, with the proofs that whoever has the keys can make."""
    text = text.replace(tenant, other)
    for key in (*KEYS.values(), ROTATED):
        for ciphertext in re.findall(r"secure: '?(v1:[\w:+/=]+)", text):
            was, now = (proof_of(key, f"{each}.dev", HOST, ciphertext) for each in (tenant, other))
            text = text.replace(was, now)
        for settings in ("tenant-{}/default", "tenant-{}/edge", "{}-line/default", "{}-lab/default"):
            was, now = (settings_proof_of(key, settings.format(each)) for each in (tenant, other))
            text = text.replace(was, now)
    return text


def _moments(seed: int) -> list[float]:
    """Moments in random order, as parts of a whole, one in each stretch of it."""
    source, number = random.Random(SEED + seed), (KILLS + 1) // 2
    moments = [(at + source.random()) / number for at in range(number)]
    source.shuffle(moments)
    return moments


def _alive(up: subprocess.Popen[bytes]) -> Iterator[int]:
    listed = subprocess.run(["ps", "-A", "-o", "pid=,stat="], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        pid, state = line.split()
        with contextlib.suppress(ProcessLookupError):
            if not state.startswith("Z") and os.getsid(int(pid)) == up.pid:
                yield int(pid)


def _is_of(ref: ObjectRef, tenant: str) -> bool:
    _, namespace, name = ref
    home = namespace or name
    return home in {tenant, f"tenant-{tenant}"} or home.startswith(f"{tenant}-")


def _plain(ref: ObjectRef, tenant: str) -> ObjectRef:
    kind, namespace, name = ref
    return kind, namespace and namespace.replace(tenant, BASIS), name.replace(tenant, BASIS)


def _uids(cluster: ControlPlane, tenant: str) -> dict[ObjectRef, str]:
    kinds = "namespaces,secrets,tenants,projects,settings"
    listed: list[dict[str, Any]] = json.loads(cluster.kubectl("get", kinds, "--all-namespaces", "-o", "json"))["items"]
    every = {
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): each["metadata"]["uid"]
        for each in listed
    }
    return {ref: uid for ref, uid in every.items() if _is_of(ref, tenant)}


def _urns(project: RealProject, tenant: str) -> list[str]:
    return sorted(each["urn"].replace(tenant, BASIS) for each in project.resources(f"{tenant}.dev"))
