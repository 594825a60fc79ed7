"""Programs of somebody's own, which declare Tenants, Projects and integrations in Python, on the real engine."""

from __future__ import annotations

import json
import re

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.watch import ObjectRef, Watch
from support.programs import leaks
from support.real import Real, RealProject

from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION

pytestmark = [pytest.mark.engine, pytest.mark.cluster]


HEAD = """
import os, pulumi, pulumi_kubernetes as kubernetes
from paletteai_components import *

def settings(name, key=None):
    return SettingsArgs(palette=credential(name, key))

def credential(name, key=None):
    host, number = "https://api.spectrocloud.com", "651234567890123456789012"
    return PaletteCredential(name, host, "example-tenant", number, key or f"Key-0f-{name}-of-the-2nd-mine")
"""

ELSEWHERE = """
apiVersion: v1
kind: Namespace
metadata: {name: tenant-beta, labels: {palette.ai/tenant: beta}}
---
apiVersion: spectrocloud.com/v1alpha1
kind: Tenant
metadata: {name: beta}
spec: {displayName: Made elsewhere}
"""

REFERENCE = """
beta = TenantReference("beta", TenantReferenceArgs("beta", on_removal="delete"))
edge = PaletteIntegration("beta.edge", PaletteIntegrationArgs(beta, "edge", credential("edge")))
Project("beta.sight", ProjectArgs(beta, "sight", settings_ref=edge))
"""


def started(real: Real, program: str, stack: str = "dev", **env: str) -> RealProject:
    """A project with a program and one stack."""
    project = real(HEAD + program)
    project.init(stack)
    project.env |= env
    return project


def refs(watch: Watch, what: str) -> set[ObjectRef]:
    """The objects to which something happened."""
    return {event.ref for event in watch.events if event.what == what}


def test_an_integration_and_a_project_are_added_to_a_tenant_made_elsewhere(real: Real, cluster: ControlPlane) -> None:
    cluster.kubectl("apply", "--filename=-", input=ELSEWHERE)
    project = started(real, REFERENCE)
    with Watch(cluster) as deployed:
        project.up("dev")
    assert refs(deployed, "ADDED") == {
        ("Secret", "tenant-beta", "edge-palette"),
        ("Settings", "tenant-beta", "edge"),
        ("Namespace", None, "sight"),
        ("Project", "sight", "sight"),
    }
    sight = json.loads(cluster.kubectl("get", "projects", "sight", "--namespace=sight", "--output=json"))
    assert sight["spec"] == {"tenantRef": {"name": "beta"}, "settingsRef": {"name": "edge"}}
    assert project.steps("dev") == {}
    with Watch(cluster) as destroyed:
        project.run("destroy", "--yes", "--stack", "dev")
    assert refs(destroyed, "DELETED") == refs(deployed, "ADDED")
    assert "Made elsewhere" in cluster.kubectl("get", "tenants", "beta", "--output=yaml")


TWO = """
class Team(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("example:index:Team", name, None, opts)
        own = {"default": settings("one", os.environ["KEY"])}
        below = pulumi.ResourceOptions(parent=self)
        tenant = Tenant("one", TenantArgs("one", settings=own, on_removal="delete"), below)
        Project("one.vision", ProjectArgs(tenant, "vision"))
        self.register_outputs({})

def marked(args):
    if not args.type_.startswith("kubernetes:"):
        return None
    metadata = dict(args.props["metadata"])
    metadata["annotations"] = {**metadata.get("annotations", {}), "mark": "two"}
    return pulumi.ResourceTransformResult({**args.props, "metadata": metadata}, args.opts)

team = Team("team", pulumi.ResourceOptions(providers=[kubernetes_provider("dev", context="dev")]))
said = pulumi.ResourceOptions(
    provider=kubernetes_provider("prod", context="prod"),
    protect=os.environ["PROTECT"] == "yes",
    depends_on=[team],
    transforms=[marked],
)
two = Tenant("two", TenantArgs("two", settings={"default": settings("two")}, on_removal="delete"), said)
edge = PaletteIntegration("two.edge", PaletteIntegrationArgs(two, "edge", credential("edge")))
Project("two.sight", ProjectArgs(two, "sight-two", settings_ref=edge))
Project("two.lab", ProjectArgs(two, "lab-two", settings=settings("lab")))
"""


def test_what_is_said_of_a_component_holds_for_everything_below_it(real: Real, cluster: ControlPlane) -> None:
    project = started(real, TWO, KEY="Key-0f-one-of-the-2nd-mine", PROTECT="yes")
    with Watch(cluster) as deployed:
        project.up("dev")
    made = {each["urn"]: each for each in project.resources("dev") if each["type"].startswith("kubernetes:")}
    ones = {urn for urn in made if "::example:index:Team$paletteai:index:Tenant$" in urn}
    names = {urn: each["provider"].split("::")[3] for urn, each in made.items()}
    assert len(made) == 18
    assert names == {urn: "dev" if urn in ones else "prod" for urn in made}
    assert {bool(made[urn].get("protect")) for urn in made.keys() - ones} == {True}
    moments = {event.ref: number for number, event in reversed(list(enumerate(deployed.events)))}
    marked = {event.ref for event in deployed.events if "mark" in (event.object["metadata"].get("annotations") or {})}
    assert len(marked) == len(made) - len(ones)
    assert max(moments[ref] for ref in moments.keys() - marked) < min(moments[ref] for ref in marked)
    assert project.steps("dev") == {}
    project.env["KEY"] = "An0ther-key-of-one-in-the-mine"
    with Watch(cluster) as rotated:
        project.up("dev")
    assert rotated.recreated() == []
    assert set(rotated.of("Secret", "tenant-one", "default-palette")) == {"MODIFIED"}
    assert "protected" in project.run("destroy", "--yes", "--skip-preview", "--stack", "dev", check=False).printed
    project.env["PROTECT"] = "no"
    project.up("dev")
    project.run("destroy", "--yes", "--skip-preview", "--stack", "dev")


RENAMED = """
name, former = os.environ["NAME"], os.environ.get("FORMER")
opts = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=former)]) if former else None
tenant = Tenant(name, TenantArgs("acme", settings={"default": settings("shared")}), opts)
edge = PaletteIntegration(f"{name}.edge", PaletteIntegrationArgs(tenant, "edge", credential("edge")))
Project(f"{name}.sight", ProjectArgs(tenant, "line", settings_ref=edge))
Project(f"{name}.lab", ProjectArgs(tenant, "lab", settings=settings("lab")))
"""


def test_a_tenant_gets_another_name_in_the_program_and_everything_below_it_follows(
    real: Real, cluster: ControlPlane
) -> None:
    project = started(real, RENAMED, NAME="old")
    project.up("dev")
    before = {each["urn"]: each.get("id") for each in project.resources("dev")}
    project.env["NAME"] = "new"
    assert "protected" in project.preview("dev", check=False).printed
    project.env["FORMER"] = "old"
    assert project.steps("dev") == {}
    with Watch(cluster) as renamed:
        project.up("dev")
    assert renamed.events == []
    after = {each["urn"]: each.get("id") for each in project.resources("dev")}
    assert after == {re.sub(r"::old\b", "::new", urn): id for urn, id in before.items()}
    # Once deployed, the former name need not be told any more.
    del project.env["FORMER"]
    assert project.steps("dev") == {}


REFUSED = """
def second(palette):
    own = {"default": SettingsArgs(palette=palette)}
    Tenant(f"{case}.second", TenantArgs(f"{case}-second", settings=own))

case = pulumi.get_stack()
shared = credential("shared", "default/vault-0f-the-2nd-mine" if case == "output" else f"Key-0f-{case}-of-the-2nd-mine")
owner = Tenant(f"{case}.first", TenantArgs(f"{case}-first", settings={"default": SettingsArgs(palette=shared)}))
match case:
    case "name":
        Project(f"{case}.second", ProjectArgs(owner, f"{case}-second", display_name="R&D"))
    case "handle":
        second(shared)
    case "key":
        second(credential("copied", f"Key-0f-{case}-of-the-2nd-mine"))
    case "output":
        # An id is known only when the object is there: here it is default/vault-0f-the-2nd-mine.
        name = os.environ["VAULT"]
        second(credential("copied", kubernetes.core.v1.ConfigMap(name, metadata={"name": name}).id))
"""
HELP = {
    "name": "Use ASCII letters, digits and spaces only",
    "handle": "Bind it once",
    "key": "Bind the credential once",
}


@pytest.mark.parametrize(("case", "code"), [("name", "PAI008"), ("handle", "PAI001"), ("key", "PAI003")])
def test_nothing_of_a_component_that_is_refused_is_registered_and_what_was_right_before_it_is(
    real: Real, cluster: ControlPlane, case: str, code: str
) -> None:
    project = started(real, REFUSED, case)
    with Watch(cluster) as watch:
        refusals = [run(case, check=False) for run in (project.preview, project.up)]
    for refusal in refusals:
        assert refusal.code != 0
        told = refusal.printed.partition("Diagnostics:")[2]
        assert "1 problem in the declaration; none of it was registered." in told
        assert all(each in told for each in (f" {case}.second", f"error {code}: ", f"help: {HELP[case]}"))
        assert "Traceback" not in refusal.printed
        assert leaks([refusal.printed], f"Key-0f-{case}-of-the-2nd-mine") == []
    assert logical_names(project, case) == {f"{case}.first", f"{case}.first.default"}
    assert refs(watch, "ADDED") == {
        ("Namespace", None, f"tenant-{case}-first"),
        ("Secret", f"tenant-{case}-first", "default-palette"),
        ("Settings", f"tenant-{case}-first", "default"),
        ("Tenant", None, f"{case}-first"),
    }


def test_a_key_that_turns_out_to_be_bound_twice_is_refused_when_it_is_known(real: Real, cluster: ControlPlane) -> None:
    project = started(real, REFUSED, "output", VAULT="vault-0f-the-2nd-mine")
    project.preview("output")
    with Watch(cluster) as watch:
        refusal = project.up("output", check=False)
        assert cluster.kubectl("get", "secrets,settings", "--namespace=tenant-output-second") == ""
        project.env["VAULT"] = "another-vault-of-the-1st-mine"
        project.up("output")
    assert refusal.code != 0
    told = refusal.printed.partition("Diagnostics:")[2]
    assert "1 problem in the declaration; its Secret and Settings were not registered." in told
    assert all(each in told for each in ("Tenant output.second", "error PAI003: ", "help: Bind the credential once"))
    assert "Traceback" not in refusal.printed
    assert watch.shared(FINGERPRINT_ANNOTATION) == []
    assert {("Settings", "tenant-output-first", "default"), ("Settings", "tenant-output-second", "default")} <= refs(
        watch, "ADDED"
    )


def logical_names(project: RealProject, stack: str) -> set[str]:
    """The names in a stack's state, without those of the stack and its providers."""
    found = project.resources(stack)
    return {each["urn"].rpartition("::")[2] for each in found if not each["type"].startswith("pulumi:")}
