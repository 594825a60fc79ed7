"""What a deployment that failed on its way leaves, and what the next one makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import wait_until
from support.cluster.watch import Watch
from support.programs import written
from support.real import Real

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION
from paletteai_components.kube.palette_api import API_GROUP

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900)]

STACK = """\
kubernetes:context: dev
paletteai:integrations: {edge: {existingSecret: there, credential: "vault://TENANT"}}
paletteai:tenant:
  name: TENANT
  sharedClusterOnly: GOES_WITHOUT
  settings: {default: {DEFAULT}}
  computeConfigRef: {name: default}
  projects: [{name: TENANT-lab, settings: {LAB}}]
"""
OTHER = "nvidia: {existingSecret: ngc}"
RULE = {"apiGroups": [API_GROUP], "apiVersions": ["*"], "resources": ["settings"], "operations": ["UPDATE", "DELETE"]}
SPECS = {
    "ValidatingAdmissionPolicy": {
        "matchConstraints": {"resourceRules": [RULE]},
        "validations": [{"expression": "!request.namespace.endsWith('-lab')", "message": "it is frozen"}],
    },
    "ValidatingAdmissionPolicyBinding": {"policyName": "frozen", "validationActions": ["Deny"]},
}


@contextmanager
def frozen(cluster: ControlPlane, namespace: str) -> Iterator[None]:
    """The Settings of a project lab cannot be changed or deleted."""
    api, name = "admissionregistration.k8s.io/v1", {"name": "frozen"}
    items = [{"apiVersion": api, "kind": kind, "metadata": name, "spec": spec} for kind, spec in SPECS.items()]
    cluster.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    try:
        wait_until("the policy is in force", lambda: _refuses(cluster, namespace))
        yield
    finally:
        cluster.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", "frozen")
        wait_until("the policy is gone", lambda: not _refuses(cluster, namespace))


def _refuses(cluster: ControlPlane, namespace: str) -> bool:
    target = ("settings/default", f"--namespace={namespace}")
    return "default" not in cluster.kubectl("label", *target, "probe=1", "--dry-run=server", "-o", "name", check=False)


def test_a_credential_that_could_not_be_taken_out_is_in_no_second_settings(real: Real, cluster: ControlPlane) -> None:
    def declare(default: str, lab: str) -> None:
        text = STACK.replace("TENANT", "half").replace("{DEFAULT}", f"{{{default}}}").replace("{LAB}", f"{{{lab}}}")
        text = text.replace("GOES_WITHOUT", "false" if "palette" in default else "true")
        written(project.stacks, "half.dev", text)

    project = real()
    declare("", f"palette: edge, {OTHER}")
    project.init("half.dev")
    project.up("half.dev")

    # Taken out in the file, the credential stays where it is, and the outputs still say so.
    with frozen(cluster, "half-lab"):
        declare("", OTHER)
        failed = project.up("half.dev", check=False)
    assert failed.code != 0
    assert "it is frozen" in failed.printed
    assert project.outputs("half.dev")["settings"]["half-lab/default"]["credential"] == "vault://half"

    declare("palette: edge", OTHER)
    for refused in (project.preview("half.dev", check=False), project.up("half.dev", check=False)):
        assert refused.code != 0
        assert (
            "PAI003: the credential of Settings `tenant-half/default` was in Settings `half-lab/default`"
            in refused.printed
        )

    with Watch(cluster) as watch:
        declare("", OTHER)
        project.up("half.dev")
        declare("palette: edge", OTHER)
        project.up("half.dev")
    assert watch.shared(CREDENTIAL_ANNOTATION) == []
    assert project.steps("half.dev") == {}


def test_the_last_thing_that_was_said_of_an_object_can_be_taken_back(real: Real, cluster: ControlPlane) -> None:
    project = real()
    text = """\
kubernetes:context: dev
paletteai:integrations: {edge: {existingSecret: there, credential: "vault://last"}}
paletteai:tenant:
  name: last
  displayName: Last
  sharedClusterOnly: true
  settings: {edge: {palette: edge}}
"""
    written(project.stacks, "last.dev", text)
    project.init("last.dev")
    project.up("last.dev")
    written(project.stacks, "last.dev", text.replace("  displayName: Last\n", "").replace("{palette: edge}", "{}"))
    project.up("last.dev")
    assert project.steps("last.dev") == {}
    assert "Last" not in cluster.kubectl("get", "tenant", "last", "-o", "yaml")
    assert "there" not in cluster.kubectl("get", "settings", "edge", "-n", "tenant-last", "-o", "yaml")
    written(project.stacks, "last.dev", text)
    project.up("last.dev")
