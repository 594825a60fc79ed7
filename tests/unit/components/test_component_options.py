"""What the options of Pulumi do with the components: which reach their children, and which must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from support.programs import acme, another
from support.recording import Recording, run, urn_of

from paletteai_components import (
    DeclarationError,
    PaletteIntegration,
    PaletteIntegrationArgs,
    Project,
    ProjectArgs,
    SettingsArgs,
    Tenant,
    TenantReference,
    TenantReferenceArgs,
    kubernetes_provider,
)
from paletteai_components.kube.palette_api import API_VERSION
from paletteai_components.model.spec import OnRemoval

Options = pulumi.ResourceOptions


def program(
    tenant: Options | None = None,
    project: Options | None = None,
    integration: Options | None = None,
    name: str = "acme",
    **fields: Any,
) -> tuple[Tenant, Project]:
    """A tenant, a project with Settings of its own and an integration that is added, each with options."""
    of_project = {key.removeprefix("project_"): fields.pop(key) for key in list(fields) if key.startswith("project_")}
    declared = acme(name, tenant, **fields)
    own = SettingsArgs(palette=another("lab"))
    lab = Project(f"{name}.lab", ProjectArgs(tenant=declared, name="lab", settings=own, **of_project), project)
    edge = PaletteIntegrationArgs(tenant=declared, name="edge", credential=another("edge"))
    PaletteIntegration(f"{name}.edge", edge, integration)
    return declared, lab


class Team(pulumi.ComponentResource):
    """Somebody's own component."""

    def __init__(self, name: str = "team", opts: Options | None = None) -> None:
        super().__init__("example:index:Team", name, None, opts)
        self.register_outputs({})


def thing(name: str = "thing") -> kubernetes.core.v1.ConfigMap:
    """A resource that has nothing to do with the components."""
    return kubernetes.core.v1.ConfigMap(name, metadata={"name": name, "namespace": "default"})


def below(recording: Recording, name: str) -> list[str]:
    """The logical names of the Kubernetes objects under the component of a name, and under its children."""
    tops = {each.urn for each in recording.components if each.name == name}
    found = set(tops)
    while more := {each.urn for each in recording.resources if each.parent in found} - found:
        found |= more
    return sorted(f"{each.kind} {each.name}" for each in recording.objects if each.urn in found)


def keeping(recording: Recording, option: str) -> dict[str, Any]:
    """An option of every Kubernetes object."""
    return {f"{each.kind} {each.name}": getattr(each, option) for each in recording.objects}


LIFE = {"Namespace acme", "Tenant acme", "Namespace acme.lab", "Project acme.lab"}


@pytest.mark.parametrize("on_removal", [*OnRemoval, "refuse", "retain"])
def test_on_removal_protects_or_retains_what_holds_workloads_and_projects_inherit_it(on_removal: str) -> None:
    recording = run(lambda: program(on_removal=on_removal))
    protected = {key for key, value in keeping(recording, "protect").items() if value}
    retained = {key for key, value in keeping(recording, "retain_on_delete").items() if value}
    assert protected == (LIFE if on_removal == "refuse" else set())
    assert retained == (LIFE if on_removal == "retain" else set())


PROTECT, UNPROTECTED = Options(protect=True), Options(protect=False)
BELOW_THE_PROJECT = {f"{kind} acme.lab" for kind in ("Namespace", "Project")} | {
    f"{kind} acme.lab.default" for kind in ("Secret", "Settings")
}


@pytest.mark.parametrize(
    ("declared", "protected"),
    [
        ({"project_on_removal": OnRemoval.DELETE}, {"Namespace acme", "Tenant acme"}),
        ({"project": PROTECT, "on_removal": "delete"}, BELOW_THE_PROJECT),
        # What the caller does not protect is protected by what is declared.
        ({"tenant": UNPROTECTED, "project": UNPROTECTED}, LIFE),
    ],
)
def test_what_is_protected_is_what_the_declaration_or_the_caller_says(
    declared: dict[str, Any], protected: set[str]
) -> None:
    recording = run(lambda: program(**declared))
    assert {key for key, value in keeping(recording, "protect").items() if value} == protected


@pytest.mark.parametrize("on_removal", [OnRemoval.DELETE, OnRemoval.RETAIN])
def test_the_callers_own_protection_reaches_everything_below(on_removal: str) -> None:
    recording = run(lambda: program(Options(protect=True), on_removal=on_removal))
    assert set(keeping(recording, "protect").values()) == {True}


def test_secrets_and_settings_are_deleted_before_their_replacement_is_made_and_nothing_else_is() -> None:
    recording = run(program)
    for each in recording.objects:
        assert each.delete_before_replace is (True if each.kind in ("Secret", "Settings") else None)


def test_another_version_of_the_vendors_api_goes_on_with_every_object() -> None:
    def at(version: str, *former: str) -> Recording:
        return run(lambda: program(api_version=version, former_api_versions=former))

    beta, stable = "spectrocloud.com/v1beta1", "spectrocloud.com/v1"
    # The version this package was written for is known; every other one is stated.
    for earlier, later in (
        (at(API_VERSION), at(beta)),
        (at(beta), at(stable, beta)),
        (at(stable), at(API_VERSION, stable)),
        (at(API_VERSION), at(stable, beta)),
    ):
        continued = later.continued(earlier)
        assert set(continued) == {each.urn for each in later.resources}
        assert len(set(continued.values())) == len(earlier.resources)


def test_only_the_vendors_objects_have_aliases_and_only_where_the_version_may_have_changed() -> None:
    assert not any(each.aliases for each in run(program).objects)
    for each in run(lambda: program(api_version="spectrocloud.com/v1")).objects:
        assert bool(each.aliases) is (each.kind in ("Tenant", "Project", "Settings"))


CLUSTER = f"{urn_of('', 'pulumi:providers:kubernetes', 'cluster')}::cluster-id"


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        (lambda provider: {"tenant": Options(provider=provider)}, "acme"),
        (lambda provider: {"tenant": Options(providers={"kubernetes": provider})}, "acme"),
        (lambda provider: {"project": Options(provider=provider)}, "acme.lab"),
    ],
)
def test_an_explicit_provider_reaches_every_object_below_it(options: Callable[[Any], Any], reached: str) -> None:
    recording = run(lambda: program(**options(kubernetes_provider("cluster", context="dev"))))
    for each in recording.objects:
        assert (each.provider == CLUSTER) is each.name.startswith(reached)


def test_the_provider_of_the_package_changes_secrets_in_place_and_lifts_the_clients_limits() -> None:
    def declare() -> None:
        kubernetes_provider("cluster", context="dev")
        kubernetes_provider("slow", enable_secret_mutable=False, kube_client_settings={"qps": 5})

    cluster, slow = sorted(run(declare).resources, key=lambda each: each.name)
    assert (cluster.type, cluster.inputs["context"], cluster.inputs["enableSecretMutable"]) == (
        "pulumi:providers:kubernetes",
        "dev",
        "true",
    )
    assert '"qps":500' in cluster.inputs["kubeClientSettings"].replace(" ", "")
    assert slow.inputs["enableSecretMutable"] == "false"


def test_a_provider_that_may_replace_secrets_is_told_of_once() -> None:
    def warnings(provider: Callable[..., Any], **args: Any) -> list[str]:
        return run(lambda: program(Options(provider=provider("cluster", **args)))).warnings

    (warning,) = warnings(kubernetes.Provider)
    assert "rotating a key deletes the Secret and creates it again" in warning
    assert "`kubernetes_provider()`" in warning
    assert len(warnings(kubernetes_provider, enable_secret_mutable=False)) == 1
    assert warnings(kubernetes_provider) == run(program).warnings == []


def test_what_is_listed_is_taken_over_and_nothing_else_is() -> None:
    tenants = ["Namespace/tenant-acme", "Tenant/acme", "Settings/tenant-acme/default"]
    projects = ["Secret/lab/default-palette", "Project/lab/lab"]
    recording = run(lambda: program(import_ids=tenants, project_import_ids=projects))
    imported = {"/".join(part for part in each.ref if part): each for each in recording.objects if each.import_id}
    assert sorted(imported) == sorted([*tenants, *projects])
    for reference, each in imported.items():
        assert each.import_id == reference.partition("/")[2]
        # Without force, the preview would end at the first field that somebody else has set otherwise.
        assert each.inputs["metadata"]["annotations"]["pulumi.com/patchForce"] == "true"
    assert not any("pulumi.com/patchForce" in str(each.inputs) for each in recording.objects if not each.import_id)


def test_an_integration_that_is_added_takes_over_its_own_objects() -> None:
    def declare(*ids: str) -> None:
        edge = PaletteIntegrationArgs(acme(), "edge", another("edge"), import_ids=ids)
        PaletteIntegration("acme.edge", edge)

    recording = run(lambda: declare("Settings/tenant-acme/edge"))
    assert [each.import_id for each in recording.objects if each.import_id] == ["tenant-acme/edge"]
    with pytest.raises(DeclarationError, match="`importIds` lists `Settings/tenant-acme/other`, which is not declared"):
        run(lambda: declare("Settings/tenant-acme/other"))


@pytest.mark.parametrize(
    "given",
    [
        lambda other: other,
        lambda other: [other],
        lambda other: (other,),
        lambda other: pulumi.Output.from_input([other]),
        lambda other: pulumi.Output.from_input(other),
        lambda other: [pulumi.Output.from_input(other)],
    ],
    ids=["a resource", "a list", "a tuple", "an Output of a list", "an Output of a resource", "a list of Outputs"],
)
def test_what_the_caller_wants_to_come_first_delays_every_object(given: Callable[[Any], Any]) -> None:
    def declare() -> None:
        program(Options(depends_on=given(thing("first"))), Options(depends_on=given(thing("second"))))

    recording = run(declare)
    first, second = (recording.object("ConfigMap", name) for name in ("first", "second"))
    of_the_project = below(recording, "acme.lab")
    for each in recording.objects:
        if each in (first, second):
            continue
        own = f"{each.kind} {each.name}" in of_the_project
        added = each.name == "acme.edge"
        assert (first.urn in each.dependencies) is not (own or added)
        assert (second.urn in each.dependencies) is own


def test_a_project_may_say_that_it_depends_on_its_own_tenant() -> None:
    def declare() -> None:
        tenant = acme()
        for number, opts in enumerate([[tenant], (tenant, thing())]):
            Project(f"acme.{number}", ProjectArgs(tenant=tenant, name=f"p-{number}"), Options(depends_on=opts))
        edge = PaletteIntegrationArgs(tenant=tenant, name="edge", credential=another("edge"))
        PaletteIntegration("acme.edge", edge, Options(depends_on=tenant))

    recording = run(declare)
    assert recording.object("Tenant", "acme").urn in recording.object("Namespace", "acme.0").dependencies
    assert recording.object("ConfigMap", "thing").urn in recording.object("Namespace", "acme.1").dependencies


def test_another_component_can_wait_for_a_whole_tenant() -> None:
    def declare() -> None:
        tenant, _ = program()
        beta = TenantReference("beta", TenantReferenceArgs(name="beta", shared_cluster_only=True))
        Project("beta.sight", ProjectArgs(tenant=beta, name="sight"), Options(depends_on=[tenant]))

    recording = run(declare)
    waits = recording.object("Namespace", "beta.sight").dependencies
    assert {f"{recording.at(urn).kind} {recording.at(urn).name}" for urn in waits} >= set(below(recording, "acme.lab"))


def test_aliases_imports_and_the_like_stay_with_the_component_they_are_given_to() -> None:
    def declare() -> None:
        given = Options(aliases=[pulumi.Alias(name="former")], import_="taken-over", ignore_changes=["spec"])
        program(given, given, given)

    recording = run(declare)
    assert {each.import_id for each in recording.objects} == {""}
    for each in recording.objects:
        assert not any(isinstance(alias, dict) and "name" in alias for alias in each.aliases)
    for each in recording.components:
        given = each.name in ("acme", "acme.lab", "acme.edge")
        assert each.import_id == ("taken-over" if given else "")
        assert ({"name": "former", "parentUrn": ""} in each.aliases) is given


def test_a_rename_with_an_alias_goes_on_with_everything() -> None:
    def renamed() -> None:
        program(Options(aliases=[pulumi.Alias(name="acme")]), name="renamed")

    later, earlier = run(renamed), run(program)
    continued = later.continued(earlier)
    # Projects and added integrations carry a name that the caller gave, so the caller tells their former one, too.
    not_told = {each.urn for each in later.resources if each.name.startswith(("renamed.lab", "renamed.edge"))}
    assert set(continued) == {each.urn for each in later.resources}
    assert {former.rpartition("::")[2] for new, former in continued.items() if new not in not_told} == {
        "acme",
        "acme.default",
    }


def test_a_component_under_another_one_keeps_its_children_and_its_names() -> None:
    def declare() -> None:
        team = Team()
        tenant = acme(opts=Options(parent=team))
        Project("acme.vision", ProjectArgs(tenant=tenant, name="vision"), Options(parent=team))

    recording = run(declare)
    team = urn_of("", "example:index:Team", "team")
    tenant = urn_of(team, "paletteai:index:Tenant", "acme")
    assert recording.component("Tenant", "acme").urn == tenant
    assert recording.component("Project", "acme.vision").urn == urn_of(team, "paletteai:index:Project", "acme.vision")
    assert recording.object("Tenant", "acme").urn in recording.object("Namespace", "acme.vision").dependencies
    assert recording.component("PaletteIntegration", "acme.default").parent == tenant


def test_a_move_under_another_component_with_an_alias_goes_on_with_everything() -> None:
    def moved() -> None:
        program(Options(parent=Team(), aliases=[pulumi.Alias(parent=pulumi.ROOT_STACK_RESOURCE)]))

    later, earlier = run(moved), run(program)
    assert set(later.continued(earlier).values()) == {each.urn for each in earlier.resources}


def test_transformations_and_transforms_of_the_caller_reach_where_pulumi_takes_them() -> None:
    seen: list[str] = []

    def transformation(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        seen.append(f"{args.type_.rpartition(':')[2]} {args.name}")
        if args.type_.endswith(":Namespace"):
            return pulumi.ResourceTransformationResult({**args.props, "immutable": True}, args.opts)
        return None

    def transform(args: pulumi.ResourceTransformArgs) -> None:
        return None

    recording = run(lambda: program(Options(transformations=[transformation], transforms=[transform])))
    assert {f"{each.kind} {each.name}" for each in recording.objects} <= set(seen)
    assert all(each.inputs.get("immutable") for each in recording.objects if each.kind == "Namespace")
    # The engine applies transforms to children by itself, so they belong to the component alone.
    assert {each.name: each.transforms for each in recording.resources if each.transforms} == {"acme": 1}
    assert recording.component("Tenant", "acme").transforms == 1
