"""The pages for those who run it, and the rights they need, on the real CLI and a real API server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane
from support.cluster.proxy import Proxy
from support.operations import FOLDER, IDENTITY, PAGES, cloned, environment
from support.real import Real
from support.real_stacks import edit, held, start
from support.scenarios import Command, run, steps_of

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900), pytest.mark.usefixtures("emptied")]

UNINSTALLING = ROOT / "docs" / "uninstalling.md"
# The stacks that are deployed when a page begins.
DEPLOYED = {
    "rotate-a-key": ["acme.dev"],
    "move-an-integration": ["globex.prod", "acme.prod"],
    "offboard": ["acme.dev", "globex.dev"],
    "interrupted": ["acme.dev"],
    "change-a-passphrase": ["acme.dev"],
    "lost-passphrase": ["globex.prod"],
}
# What a person types in: a new key, and the new passphrase of the page.
TYPED = {
    "pulumi config set --secret": "A-2nd-key-of-these-pages",
    "pulumi stack change-secrets-provider passphrase": "correct-horse-battery-staple\n",
}
SCENARIOS = [page for page in PAGES if any(isinstance(each, Command) for each in steps_of(page.read_text()))]
VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}


@pytest.mark.parametrize("page", SCENARIOS, ids=lambda page: page.stem)
def test_a_page_can_be_followed_from_its_first_step_to_its_last(real: Real, page: Path) -> None:
    project = real()
    start(project, *DEPLOYED.get(page.stem, []))
    for stack in DEPLOYED.get(page.stem, []):
        project.up(stack)
    cloned(project.folder)
    env = {**project.env, **IDENTITY, "PATH": environment()["PATH"], "PULUMI_SKIP_CONFIRMATIONS": "true"}
    run(steps_of(page.read_text(encoding="utf-8")), project.folder, env, TYPED)


def test_a_stack_that_the_package_leaves_keeps_its_tenant_and_can_be_taken_back(
    real: Real, cluster: ControlPlane
) -> None:
    project = real()
    start(project, "acme.dev")
    project.up("acme.dev")
    file = project.stacks / "Pulumi.acme.dev.yaml"
    before, text = held(cluster), file.read_text()
    env = {**project.env, "PULUMI_SKIP_CONFIRMATIONS": "true"}

    def follow(block: str) -> None:
        for line in block.splitlines():
            subprocess.run(line, shell=True, cwd=project.folder, env=env, check=True, capture_output=True)

    leave, annotations, come_back, _ = re.findall(
        r"^```sh\n(.*?)^```$", UNINSTALLING.read_text(), re.DOTALL | re.MULTILINE
    )
    follow(leave)
    assert project.run("stack", "ls", "--json").stdout.strip() == "[]"
    assert held(cluster) == before
    follow(annotations)
    assert "paletteai-components/" not in cluster.kubectl("get", "settings,projects,tenants", "-A", "-o", "yaml")
    follow(come_back)
    assert held(cluster) == before
    assert project.steps("acme.dev") == {}
    assert file.read_text() == text


def test_the_deployer_has_the_rights_it_needs_and_no_other(real: Real, cluster: ControlPlane, tmp_path: Path) -> None:
    role = _role("paletteai-deployer")
    project = real()
    start(project, "acme.dev")
    with Proxy(cluster) as proxy:
        project.env["KUBECONFIG"] = str(_account(cluster, proxy, role, tmp_path))
        told = project.preview("acme.dev").printed
        assert "Asked the cluster of context dev for CRDs, namespaces and existing objects.\n" in told
        project.up("acme.dev")
        renamed = [("displayName: Acme", "displayName: Acme 2"), ("displayName: Vision", "displayName: Seeing")]
        deletable = ("    name: acme\n", "    name: acme\n    onRemoval: delete\n    labels: {team: vision}\n")
        project.set_key("acme.dev", "shared", TYPED["pulumi config set --secret"])
        edit(project, "acme.dev", *renamed, deletable)
        project.up("acme.dev")
        project.run("refresh", "--yes", "--skip-preview", "--expect-no-changes", "--stack", "acme.dev")
        project.run("destroy", "--yes", "--skip-preview", "--stack", "acme.dev")
        asked = set(map(_right, proxy.requests))
    # The provider looks for events about what it waits for, and goes on without them.
    assert {right for right in asked if right and right[1] != "events"} == _rights(role)


def test_the_reader_can_preview_a_first_deployment_and_a_change_and_read_no_secret(
    real: Real, cluster: ControlPlane, tmp_path: Path
) -> None:
    role = _role("paletteai-reader")
    project, administrators = real(), str(cluster.kubeconfig)
    start(project, "acme.dev")
    with Proxy(cluster) as proxy:
        readers = {"KUBECONFIG": str(_account(cluster, proxy, role, tmp_path))}
        first = project.preview("acme.dev", env=readers)
        assert "+ 27 to create" in first.printed
        assert "Not everything was checked: this user may not list all objects of kind Secret." in first.printed
        project.up("acme.dev", env={"KUBECONFIG": administrators})
        project.set_key("acme.dev", "shared", TYPED["pulumi config set --secret"])
        proxy.requests.clear()
        assert "~ 2 to update" in project.preview("acme.dev", env=readers).printed
        assert "is forbidden" in project.up("acme.dev", check=False, env=readers).printed
        said = cluster.kubectl("--kubeconfig", readers["KUBECONFIG"], "get", "secrets", "-A", check=False)
    assert said == ""
    assert not {verb for _, resource, verb in _rights(role) if resource == "secrets" or verb not in ("get", "list")}


def _role(name: str) -> dict[str, Any]:
    """A ClusterRole of the page on access."""
    page = (FOLDER / "access.md").read_text(encoding="utf-8")
    every = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    (role,) = (each for each in every if each["metadata"]["name"] == name)
    return dict(role)


def _account(cluster: ControlPlane, proxy: Proxy, role: Mapping[str, Any], folder: Path) -> Path:
    """A kubeconfig of an account that has this role and no other, through a proxy."""
    name = role["metadata"]["name"]
    cluster.kubectl("apply", "--filename=-", input=json.dumps(role))
    cluster.kubectl("create", "serviceaccount", name, "--namespace=default")
    cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--serviceaccount=default:{name}")
    path = proxy.kubeconfig(folder / name)
    config = yaml.safe_load(path.read_text())
    config["users"][0]["user"] = {"token": cluster.kubectl("create", "token", name, "--namespace=default").strip()}
    path.write_text(yaml.safe_dump(config))
    return path


def _rights(role: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """The rights of a role: group, resource and verb."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def _right(request: tuple[str, str]) -> tuple[str, str, str] | None:
    """The right that a request needs; None where it asks for no object."""
    method, (path, _, query) = request[0], request[1].partition("?")
    match path.strip("/").split("/"):
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case _:
            return None
    if not rest:
        return None
    if rest[0] == "namespaces" and len(rest) > 2:
        rest = rest[2:]
    reads = "get" if len(rest) > 1 else "watch" if "watch=" in query else "list"
    return group, rest[0], VERBS.get(method, reads)
