"""What moves, is renamed or changes its version, on the real CLI and a real API server, seen at every moment."""

from __future__ import annotations

import json

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import wait_until
from support.cluster.watch import ObjectRef, Watch
from support.programs import KEY
from support.real import Real, RealProject
from support.real_stacks import changes, edit, start, views
from support.samples import HOST

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION
from paletteai_components.kube.palette_api import API_GROUP, API_VERSION

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900), pytest.mark.usefixtures("emptied")]

Change = tuple[str, ObjectRef]

VENDORS_KINDS = ("tenants", "projects", "settings")
NEXT_VERSION = f"{API_GROUP}/v1beta1"

# What has no line of its own in the example stack acme.dev, or another one.
OWN_LAB, OWN_VAULTED = "        settings: {palette: lab}\n", "        settings: {palette: vaulted}\n"
TENANTS_DEFAULT = "      default: {palette: shared, secretName: dev-palette-api-secret}\n"
TENANTS_EDGE, REFERS_TO_EDGE = "      edge: {palette: edge}\n", "        settingsRef: edge\n"
OWN_EDGE = "        settings: {palette: edge}\n"
LAB, VISION = "        displayName: Lab\n", "        displayName: Vision\n"


def test_an_integration_that_moves_is_never_in_two_places(real: Real, cluster: ControlPlane) -> None:
    project, stack = real(), "acme.dev"
    start(project, stack)
    project.up(stack)

    def moved(*edits: tuple[str, str]) -> set[Change]:
        edit(project, stack, *edits)
        with Watch(cluster) as watch:
            project.up(stack)
        assert watch.shared(FINGERPRINT_ANNOTATION) + watch.shared(CREDENTIAL_ANNOTATION) == []
        assert watch.recreated("Namespace", "Tenant", "Project") == []
        _assert_settled(project, cluster, stack)
        return set(changes(watch))

    lab, edge, line_1 = _both("lab", "default"), _both("dev-tenant", "edge"), _both("line-1", "default")
    rim, vision = _both("dev-tenant", "rim"), _both("vision", "default")
    # A project loses its own integration.
    assert moved((OWN_LAB, "")) == {*_gone(lab), _modified("lab")}
    # It gets it again; another one goes from the tenant's Settings to a project's.
    assert moved((LAB, LAB + OWN_LAB), (TENANTS_EDGE, ""), (REFERS_TO_EDGE, OWN_EDGE)) == {
        *_new(lab),
        *_gone(edge),
        *_new(line_1),
        *map(_modified, ("lab", "line-1")),
    }
    # And back; the first one goes from one project to another.
    assert moved(
        (TENANTS_DEFAULT, TENANTS_DEFAULT + TENANTS_EDGE),
        (OWN_EDGE, REFERS_TO_EDGE),
        (OWN_LAB, ""),
        (VISION, VISION + OWN_LAB),
    ) == {*_gone(line_1), *_new(edge), *_gone(lab), *_new(vision), *map(_modified, ("line-1", "lab", "vision"))}
    # From one of the tenant's Settings to another; an existing Secret's is one as well.
    assert moved(
        (TENANTS_EDGE, "      rim: {palette: edge}\n"),
        (REFERS_TO_EDGE, "        settingsRef: rim\n"),
        (OWN_VAULTED, ""),
        (LAB, LAB + OWN_VAULTED),
    ) == {
        *_gone([*edge, ("Settings", "robotics", "default")]),
        *_new([*rim, ("Settings", "lab", "default")]),
        *map(_modified, ("line-1", "robotics", "lab")),
    }


def test_what_is_only_renamed_or_bound_or_of_another_version_is_never_recreated(
    real: Real, cluster: ControlPlane
) -> None:
    project, stack = real(), "globex.prod"
    start(project, stack)
    project.up(stack)

    def changed(*edits: tuple[str, str], api_version: str = API_VERSION) -> set[Change]:
        edit(project, stack, *edits)
        with Watch(cluster) as watch:
            project.up(stack)
        assert watch.recreated() == []
        assert watch.shared(FINGERPRINT_ANNOTATION) == []
        _assert_settled(project, cluster, stack, api_version)
        return set(changes(watch))

    tenant = ("MODIFIED", ("Tenant", None, "globex"))
    names = [(f"displayName: {name}", f"displayName: {name} 2") for name in ("Globex", "Forecasting")]
    bound = ("sharedClusterOnly: true", "settingsRef: batch")
    assert changed(*names, bound) == {tenant, _modified("forecasting"), _modified("pricing")}

    key = [("    batch:\n      hostUrl", "    bulk:\n      hostUrl"), ("{palette: batch}", "{palette: bulk}")]
    assert changed(*key) == set()
    assert project.outputs(stack)["settings"]["tenant-globex/batch"]["integration"] == "bulk"

    _serve_next_version(cluster)
    context = "  kubernetes:context: prod\n"
    # The same in the version that the watch is for.
    assert changed((context, f"{context}  paletteai:apiVersion: {NEXT_VERSION}\n"), api_version=NEXT_VERSION) == set()
    types = {each["type"] for each in project.resources(stack)}
    assert {f"kubernetes:{NEXT_VERSION}:{kind}" for kind in ("Tenant", "Project", "Settings")} <= types
    assert not [each for each in types if API_VERSION in each]


def test_two_settings_exchange_their_integrations_in_two_deployments(real: Real, cluster: ControlPlane) -> None:
    project, stack = real(), "acme.dev"
    start(project, stack)
    project.up(stack)
    exchanged = [
        (TENANTS_DEFAULT, TENANTS_DEFAULT.replace("shared", "edge")),
        (TENANTS_EDGE, "      edge: {palette: shared}\n"),
    ]
    path = project.stacks / f"Pulumi.{stack}.yaml"
    before = path.read_text()

    edit(project, stack, *exchanged)
    after = path.read_text()
    with Watch(cluster) as untouched:
        refused = project.preview(stack, check=False)
    assert refused.code != 0
    for old, new in (("edge", "default"), ("default", "edge")):
        first, then = f"first remove the credential from Settings `dev-tenant/{old}`", f"`dev-tenant/{new}`."
        assert f"help: Use two deployments: {first}, then bind it in Settings {then}" in refused.printed
    assert refused.printed.count("error PAI003") == 2
    assert changes(untouched) == []

    path.write_text(before)
    name = "    name: acme\n"
    with Watch(cluster) as watch:
        taken_out = [(TENANTS_DEFAULT, "      default: {}\n"), (TENANTS_EDGE, "      edge: {}\n")]
        edit(project, stack, *taken_out, (name, f"{name}    sharedClusterOnly: true\n"))
        project.up(stack)
        path.write_text(after)
        project.up(stack)
    assert watch.shared(FINGERPRINT_ANNOTATION) == []
    assert watch.recreated("Namespace", "Tenant", "Project", "Settings") == []
    _assert_settled(project, cluster, stack)


def test_a_credential_goes_from_one_stack_to_another_in_two_deployments(real: Real, cluster: ControlPlane) -> None:
    project = real()
    start(project, "globex.prod", "acme.prod")
    project.set_key("globex.prod", "batch", KEY)
    project.up("globex.prod")
    project.up("acme.prod")
    path = project.stacks / "Pulumi.acme.prod.yaml"
    before = path.read_text()

    edit(project, "acme.prod", *_declared("taken", f"{{hostUrl: {HOST}, tenant: acme, defaultProjectID: '6612'}}"))
    edit(project, "acme.prod", ("displayName: Vision}", "displayName: Vision, settings: {palette: taken}}"))
    project.set_key("acme.prod", "taken", KEY)
    after = path.read_text()
    with Watch(cluster) as untouched:
        refusals = [project.preview(stack, check=False) for stack in ("globex.prod", "acme.prod")]
        # Only the giver's file gives it up: its Settings on the cluster still carries the credential.
        edit(project, "globex.prod", ("    settings:\n      batch: {palette: batch}\n", ""))
        edit(project, "globex.prod", ("settingsRef: batch", "sharedClusterOnly: true"))
        too_early = {"taken": project.preview("acme.prod", check=False)}
        # The same where the taker gets it by a rotation.
        path.write_text(before)
        edit(project, "acme.prod", ("hostUrl: https://palette.acme.example", f"hostUrl: {HOST}"))
        project.set_key("acme.prod", "shared", KEY)
        too_early["shared"] = project.preview("acme.prod", check=False)
    for refused in refusals:
        assert refused.code != 0
        assert "error PAI003: one credential (equal fingerprint) is claimed by" in refused.printed
        assert "Settings `tenant-globex/batch` of tenant `globex` in stack `globex.prod`" in refused.printed
        assert "Settings `vision/default` of project `vision` in stack `acme.prod`" in refused.printed
    for integration, refused in too_early.items():
        assert refused.code != 0
        assert "error PAI003: `Settings/tenant-globex/batch` in the cluster" in refused.printed
        assert f"carries the credential of integration `{integration}`" in refused.printed
        assert "First deploy the stack that gives the credential up" in refused.printed
    assert changes(untouched) == []

    path.write_text(after)
    with Watch(cluster) as watch:
        project.up("globex.prod")
        project.up("acme.prod")
    assert watch.shared(FINGERPRINT_ANNOTATION) == []
    assert watch.recreated("Namespace", "Tenant", "Project") == []
    assert set(changes(watch)) == {
        *_gone(_both("tenant-globex", "batch")),
        *_new(_both("vision", "default")),
        *map(_modified, ("forecasting", "vision")),
    }
    for stack in ("globex.prod", "acme.prod"):
        project.preview(stack, "--refresh", "--expect-no-changes")


def test_an_existing_secret_that_another_stack_has_not_given_up_on_the_cluster_is_warned_of(
    real: Real, cluster: ControlPlane
) -> None:
    project = real()
    start(project, "globex.dev", "acme.prod")
    add = _declared("vaulted", "{existingSecret: vaulted, credential: vault://one}")
    pricing = "displayName: Pricing"
    edit(project, "globex.dev", ("  paletteai:tenant:", "  paletteai:integrations:\n  paletteai:tenant:"), *add)
    edit(project, "globex.dev", (pricing, f"{pricing}, settings: {{palette: vaulted}}"))
    project.up("globex.dev")
    edit(project, "globex.dev", (f"{pricing}, settings: {{palette: vaulted}}", pricing))
    edit(project, "acme.prod", *add, ("displayName: Vision}", "displayName: Vision, settings: {palette: vaulted}}"))
    # What `credential` says is only a name: nothing proves that it is the same.
    told = project.preview("acme.prod").printed
    assert "warning PAI003: `Settings/pricing/default` in the cluster of context prod is annotated with" in told
    assert "the credential of integration `vaulted`, without a proof" in told


def _declared(integration: str, fields: str) -> list[tuple[str, str]]:
    """The edit that adds an integration after the last one."""
    return [("  paletteai:tenant:\n", f"    {integration}: {fields}\n  paletteai:tenant:\n")]


def _assert_settled(project: RealProject, cluster: ControlPlane, stack: str, api_version: str = API_VERSION) -> None:
    """It is the same from every side, and nothing is left to do."""
    seen = views(project, cluster, stack, api_version=api_version)
    assert seen.registered == seen.rendered
    assert seen.held == seen.rendered
    assert seen.told == seen.planned
    project.preview(stack, "--refresh", "--expect-no-changes")


def _both(namespace: str, settings: str) -> list[ObjectRef]:
    """A Settings and its Secret."""
    return [("Settings", namespace, settings), ("Secret", namespace, f"{settings}-palette")]


def _gone(refs: list[ObjectRef]) -> list[Change]:
    return [("DELETED", ref) for ref in refs]


def _new(refs: list[ObjectRef]) -> list[Change]:
    return [("ADDED", ref) for ref in refs]


def _modified(project: str) -> Change:
    return "MODIFIED", ("Project", project, project)


def _serve_next_version(cluster: ControlPlane) -> None:
    """The API server serves another version of the vendor's kinds, with the schema of the first."""
    for kind in VENDORS_KINDS:
        crd = f"{kind}.{API_GROUP}"
        first = json.loads(cluster.kubectl("get", "crd", crd, "--output=json"))["spec"]["versions"][0]
        second = {**first, "name": NEXT_VERSION.rpartition("/")[2], "storage": False}
        patch = [{"op": "add", "path": "/spec/versions/-", "value": second}]
        cluster.kubectl("patch", "crd", crd, "--type=json", "--patch", json.dumps(patch))

    def served(kind: str) -> bool:
        return bool(cluster.kubectl("get", "--raw", f"/apis/{NEXT_VERSION}/{kind}", check=False))

    wait_until(f"{NEXT_VERSION} is served", lambda: all(map(served, VENDORS_KINDS)))
