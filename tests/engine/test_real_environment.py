"""An environment's stacks on the real CLI and a real API server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import wait_until
from support.programs import written
from support.real import Real, RealProject
from support.real_stacks import held

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(600), pytest.mark.usefixtures("emptied")]

STACK = """\
kubernetes:context: dev
paletteai:integrations: {own: {existingSecret: there, credential: "vault://TENANT"}}
paletteai:tenant:
  name: TENANT
  onRemoval: delete
  settings: {default: {palette: own}}
  computeConfigRef: {name: default}
  projects: [{name: TENANT-lab}]
"""


@pytest.fixture
def project(real: Real) -> RealProject:
    """A project with two stacks of one environment, and a third that somebody has selected."""
    project = real()
    for tenant in ("acme", "beta"):
        declare(project, tenant)
        project.init(f"{tenant}.lab")
    written(project.stacks, "other.prod", STACK.replace("TENANT", "other"))
    project.init("other.prod")
    project.run("stack", "select", "other.prod")
    return project


def declare(project: RealProject, tenant: str, *changes: tuple[str, str]) -> None:
    text = STACK.replace("TENANT", tenant)
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    written(project.stacks, f"{tenant}.lab", text)


def told_of(project: RealProject, *arguments: str, code: int = 0) -> dict[str, Any]:
    """What the command says of each stack."""
    outcome = project.paletteai(*arguments, "--format", "json", check=False)
    assert outcome.code == code, outcome.printed
    return {each["name"]: each for each in json.loads(outcome.stdout)["stacks"]}


def selected(project: RealProject) -> dict[str, str]:
    """What Pulumi keeps of what is selected in which folder."""
    folder = Path(project.env["PULUMI_HOME"]) / "workspaces"
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def locks(project: RealProject) -> list[Path]:
    return [path for path in (project.state / ".pulumi" / "locks").rglob("*.json") if path.is_file()]


def test_the_stacks_of_an_environment_are_deployed_and_then_stay_as_they_are(
    project: RealProject, cluster: ControlPlane
) -> None:
    before = selected(project)
    assert before
    previewed = told_of(project, "preview", "lab")
    assert {name: each["changes"] for name, each in previewed.items()} == {
        "acme.lab": {"create": 9},
        "beta.lab": {"create": 9},
    }
    assert held(cluster) == {}

    first = told_of(project, "up", "lab", "--yes")
    assert {name: each["changes"] for name, each in first.items()} == {
        name: each["changes"] for name, each in previewed.items()
    }
    for tenant in ("acme", "beta"):
        refs = {("Namespace", None, f"tenant-{tenant}"), ("Project", f"{tenant}-lab", f"{tenant}-lab")}
        assert refs <= held(cluster).keys()

    again = told_of(project, "up", "lab", "--yes")
    refreshed = told_of(project, "refresh", "lab", "--yes")
    assert [each["changes"] for each in (*again.values(), *refreshed.values())] == [{"same": 9}] * 4
    assert all(each["steps"] == [] for each in (*again.values(), *refreshed.values()))
    assert selected(project) == before
    # What was deployed is what a plain `pulumi` deploys.
    assert project.steps("acme.lab") == {}


@pytest.mark.parametrize("hosted", [True, False], ids=["here", "by Pulumi"])
def test_a_stack_that_fails_tells_why_and_the_other_is_deployed(project: RealProject, hosted: bool) -> None:
    if not hosted:
        # The same environment by another name: Pulumi then runs the program itself.
        path = project.folder / "Pulumi.yaml"
        other = project.folder / "elsewhere"
        other.mkdir()
        for each in Path(sys.prefix).iterdir():
            (other / each.name).symlink_to(each)
        path.write_text(path.read_text().replace(f"virtualenv: {sys.prefix}", "virtualenv: elsewhere"))
    declare(project, "beta", ("{name: beta-lab}", "{name: beta-lab, createNamespace: false}"))
    result = told_of(project, "up", "lab", "--yes", code=1)
    assert {name: each["state"] for name, each in result.items()} == {"acme.lab": "succeeded", "beta.lab": "failed"}
    errors = [each["text"] for each in result["beta.lab"]["messages"] if each["severity"] == "error"]
    assert "PAI017: namespace `beta-lab` is not in the cluster" in errors[0]
    assert len(errors) == (1 if hosted else 2)
    # It is no other environment for Pulumi, wherever the program runs.
    assert project.steps("acme.lab") == {}
    # The stack itself is registered before the program runs.
    traced = {each["type"] for each in project.resources("acme.lab") if {"stackTrace", "sourcePosition"} & each.keys()}
    assert traced <= {"pulumi:pulumi:Stack"}


def committed(project: RealProject) -> str:
    """Commits everything that the project is made of, and says the commit."""
    plain = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    for arguments in (
        ["add", "Pulumi.yaml", "__main__.py", "stacks"],
        ["commit", "--quiet", "--allow-empty", "-m", "x"],
    ):
        subprocess.run([*plain, *arguments], cwd=project.folder, check=True, capture_output=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project.folder, check=True, capture_output=True, text=True)
    return head.stdout.strip()


def test_only_what_changed_since_everything_was_deployed_is_deployed_and_a_failure_is_not_forgotten(
    project: RealProject,
) -> None:
    subprocess.run(["git", "init", "--quiet", str(project.folder)], check=True, capture_output=True)
    deployed = committed(project)
    told_of(project, "up", "lab", "--yes")

    # The first merge fails in part. What it deploys of beta is taken back by the second, which mends acme.
    declare(project, "acme", ("onRemoval: delete", "onRemoval: delete\n  annotations: {note: '" + "x" * 300_000 + "'}"))
    declare(project, "beta", ("name: beta-lab}", "name: beta-lab, displayName: Other}"))
    committed(project)
    first = told_of(project, "up", "lab", "--yes", "--since", deployed, code=1)
    assert {name: each["state"] for name, each in first.items()} == {"acme.lab": "failed", "beta.lab": "succeeded"}
    assert first["beta.lab"]["changes"] == {"same": 8, "update": 1}

    declare(project, "acme", ("name: acme-lab}", "name: acme-lab, displayName: Lab}"))
    declare(project, "beta")
    committed(project)
    second = told_of(project, "up", "lab", "--yes", "--since", deployed)
    assert second["beta.lab"]["changes"] == {"same": 8, "update": 1}
    assert second["beta.lab"]["reasons"] == [
        {"cause": "meanwhile", "text": "its `paletteai:tenant` was different in between"}
    ]
    again = told_of(project, "up", "lab", "--yes")
    assert {name: each["changes"] for name, each in again.items()} == {
        "acme.lab": {"same": 9},
        "beta.lab": {"same": 9},
    }
    # Pulumi has written the salt of each stack into its file.
    assert told_of(project, "up", "lab", "--yes", "--since", committed(project)) == {}


def test_what_the_api_server_refuses_is_told_and_the_rest_is_kept(project: RealProject) -> None:
    declare(project, "beta", ("onRemoval: delete", "onRemoval: delete\n  annotations: {note: '" + "x" * 300_000 + "'}"))
    result = told_of(project, "up", "lab", "--yes", code=1)
    assert result["acme.lab"]["state"] == "succeeded"
    assert any("Too long" in each["text"] for each in result["beta.lab"]["messages"] if each["severity"] == "error")
    assert "an unhandled error" not in str(result["beta.lab"]["messages"])


def test_a_stack_that_pulumi_does_not_know_is_said_how_to_make(project: RealProject) -> None:
    written(project.stacks, "gamma.lab", STACK.replace("TENANT", "gamma"))
    outcome = project.paletteai("up", "lab", "--yes", check=False)
    assert outcome.code == 1
    assert "help: Create it with `pulumi stack init gamma.lab`" in outcome.stdout
    assert "3 stacks of lab: 2 deployed, 1 failed in " in outcome.stdout


def test_interrupted_stacks_leave_no_lock_and_are_finished_by_the_next_run_or_as_it_says(
    project: RealProject, cluster: ControlPlane
) -> None:
    many = ", ".join(f"{{name: acme-lab-{number}}}" for number in range(150))
    declare(project, "acme", ("{name: acme-lab}", many))
    command = [str(Path(sys.executable).with_name("paletteai")), "up", "lab", "--yes", "--parallel", "1"]
    with subprocess.Popen(
        [*command, "--format", "json"],
        cwd=project.folder,
        env=project.env,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + 120
        while not any(name.startswith("acme-lab") for _, _, name in held(cluster)) and time.monotonic() < until:
            time.sleep(0.2)
        assert locks(project)
        # As a terminal does it: everything in its foreground gets the signal.
        os.killpg(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    stacks = {each["name"]: each["state"] for each in json.loads(printed)["stacks"]}
    assert stacks == {"acme.lab": "interrupted", "beta.lab": "not started"}
    assert locks(project) == []
    # The process that hosts are forked from sees that its parent is gone, and ends.
    wait_until("nothing of it runs", lambda: left_of(process.pid) == [])

    finished = project.paletteai("up", "lab", "--yes", check=False)
    if finished.code:
        # The provider gave up waiting for an answer: the object is named, and can be taken over.
        assert project.take_over("acme.lab", finished)
    assert project.steps("acme.lab") == project.steps("beta.lab") == {}


def left_of(session: int) -> list[str]:
    """What still runs of a session of processes."""
    listed = subprocess.run(
        ["ps", "-s", str(session), "-o", "args="], capture_output=True, text=True, check=False
    ).stdout
    # What has ended and nobody has asked for yet does not run.
    return [line for line in listed.splitlines() if not line.endswith("<defunct>")]


@pytest.mark.timeout(600)
def test_a_cluster_without_verification_is_told_in_one_line_and_one_that_is_not_asked_in_the_summary(
    project: RealProject, cluster: ControlPlane, tmp_path: Path
) -> None:
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["clusters"][0]["cluster"] = {"server": cluster.url, "insecure-skip-tls-verify": True}
    unverified, elsewhere = tmp_path / "unverified", tmp_path / "elsewhere"
    unverified.write_text(yaml.safe_dump(config))
    config["contexts"][0]["name"] = "elsewhere"
    elsewhere.write_text(yaml.safe_dump(config))

    # Pulumi starts the program in the first case, and this package's own host in the second.
    printed = project.preview("acme.lab", env={"KUBECONFIG": str(unverified)}).printed
    diagnostics = printed.partition("Diagnostics:")[2]
    assert diagnostics.count("Its certificate was not verified: the kubeconfig says so.") == 1
    assert "InsecureRequestWarning" not in printed
    assert "site-packages" not in printed
    project.env["KUBECONFIG"] = str(unverified)
    told = told_of(project, "preview", "lab")["acme.lab"]
    assert told["cluster"] == {"asked": True, "unchecked": [], "reason": None}
    assert "InsecureRequestWarning" not in str(told["messages"])
    assert "site-packages" not in str(told["messages"])

    project.env["KUBECONFIG"] = str(elsewhere)
    shown = project.paletteai("preview", "lab").stdout
    assert (
        "warning: `acme.lab`, `beta.lab` were not checked on the cluster: the kubeconfig has no usable context `dev`.\n"
        "  not checked there: PAI003, PAI016, PAI017, PAI018, PAI019\n"
        "2 stacks of lab: 2 previewed in "
    ) in shown
