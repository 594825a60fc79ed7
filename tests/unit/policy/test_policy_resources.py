"""What the pack makes of resources: those of others, unknown values, several clusters, patches, reads and lists."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.observations import WHOLE, manifest, manifests_of, project, secret, tenant
from support.observations import settings as settings_of
from support.policies import UNKNOWN, Pack, Violation, places_in, resource, urn_of
from support.topologies import sound_workspaces, workspace_of

from paletteai_components.policy.pack import NOTES, WARNINGS

PACK = Pack()
EACH = settings.default.max_examples // 4 if settings.default else 0
NAMESPACE = manifest("Namespace", "tenant-acme", labels={"palette.ai/tenant": "acme"})


def judged(*resources: Any) -> list[Violation]:
    return PACK.violations(resources)


def changed(each: Any, path: str, value: Any) -> Any:
    """The manifest with another value at a path of names."""
    written = deepcopy(each)
    *above, last = path.split(".")
    holder = written
    for step in above:
        holder = holder.setdefault(step, {})
    holder[last] = value
    return written


def test_resources_of_others_are_passed_over() -> None:
    other = manifest("ConfigMap", "a", data={"palette": UNKNOWN}) | {"apiVersion": "v1"}
    assert (
        judged(
            resource(other),
            resource(manifest("Tenant", "a"), type="kubernetes:example.com/v1:Tenant"),
            resource(manifest("Secret", "a"), type="aws:secretsmanager/secret:Secret"),
            resource(manifest("Secret", "app", "app", data={"password": "eA=="})),
            resource(manifest("Namespace", UNKNOWN)),
            resource({"apiVersion": "v1", "kind": "Secret"}, "unknown", type="pulumi:pulumi:Stack"),
        )
        == []
    )


def test_a_preview_whose_provider_is_not_known_yet_blames_nothing() -> None:
    empty = [resource(each, f"r{at}", provider={"kubeconfig": UNKNOWN}) for at, each in enumerate(WHOLE)]
    for each in empty:
        each.properties.Clear()
    assert judged(*empty) == []


def test_a_project_may_get_what_is_not_known() -> None:
    objects = [tenant(settings=None), project(), NAMESPACE]
    assert [each.policy for each in judged(*map(resource, objects))] == ["pai004"]
    (found,) = judged(*map(resource, objects), resource(settings_of("tenant-acme", UNKNOWN), "unknown"))
    assert (found.policy, found.level) == (NOTES, "advisory")
    assert urn_of("kubernetes:spectrocloud.com/v1alpha1:Settings", "unknown") in found.message


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Tenant", "spec"),
        ("Tenant", "spec.settingsRef"),
        ("Tenant", "spec.settingsRef.name"),
        ("Tenant", "spec.settingsRef.namespace"),
        ("Project", "metadata"),
        ("Project", "metadata.name"),
        ("Project", "metadata.annotations"),
        ("Project", "spec"),
        ("Project", "spec.tenantRef"),
        ("Project", "spec.settingsRef.name"),
        ("Project", "spec.computeConfigRef"),
        ("Settings", "metadata"),
        ("Settings", "metadata.namespace"),
        ("Settings", "spec"),
        ("Settings", "spec.integrations"),
        ("Settings", "spec.integrations.palette.secretRef.name"),
        ("Secret", "metadata.name"),
        ("Secret", "data"),
        ("Secret", "data.palette"),
        ("Namespace", "metadata.labels"),
        ("Namespace", "metadata.name"),
    ],
)
def test_nothing_is_concluded_from_an_unknown_value(kind: str, path: str) -> None:
    objects = [NAMESPACE, *WHOLE, project("lab", settings="default")]
    resources = [
        resource(changed(each, path, UNKNOWN) if each["kind"] == kind else each, f"r{at}")
        for at, each in enumerate(objects)
    ]
    assert {each.policy for each in judged(*resources)} <= {NOTES}


@settings(max_examples=EACH)
@given(sound_workspaces(), st.data())
def test_no_unknown_value_makes_an_error(files: dict[str, Any], data: st.DataObject) -> None:
    workspace, _ = workspace_of(files)
    objects = [deepcopy(each) for stack in workspace.stacks for each in manifests_of(stack)]
    for _ in range(data.draw(st.integers(1, 3)) if objects else 0):
        holder, name = data.draw(st.sampled_from([place for each in objects for place in places_in(each)]))
        holder[name] = UNKNOWN
    found = judged(*(resource(each, f"r{at}") for at, each in enumerate(objects)))
    assert [each for each in found if each.level == "mandatory"] == []


def test_a_contradiction_of_known_values_is_an_error_beside_unknown_ones() -> None:
    objects = [*WHOLE, settings_of("vision"), secret("vision"), project("lab", settings=UNKNOWN)]
    assert "pai003" in {each.policy for each in judged(*map(resource, objects))}


def test_providers_of_one_cluster_are_judged_together() -> None:
    twice = settings_of("tenant-acme", "other")
    dev = {"context": "dev"}
    found = judged(
        *(resource(each, provider=dev) for each in WHOLE),
        resource(twice, provider={**dev, "enableSecretMutable": "true"}, called="own"),
        resource(project("lab", settings="other"), provider=dev),
    )
    assert [each.policy for each in found] == ["pai002"]


def test_objects_on_two_clusters_may_have_one_name() -> None:
    def on(cluster: str, key: str) -> list[Any]:
        objects = (tenant(), settings_of(), secret(key=key), project())
        return [
            resource(each, f"{cluster}-{at}", provider={"context": cluster}, called=cluster)
            for at, each in enumerate(objects)
        ]

    # That they reach one project in Palette is a warning.
    assert [each.policy for each in judged(*on("dev", "one"), *on("prod", "two"))] == [WARNINGS]
    # Settings with one key race for compute even across clusters.
    assert [each.policy for each in judged(*on("dev", "one"), *on("prod", "one"))] == ["pai003"]


def test_the_namespace_of_a_provider_is_that_of_its_objects() -> None:
    own = {"namespace": "tenant-acme"}
    without = [changed(each, "metadata", {"name": each["metadata"]["name"]}) for each in (settings_of(), secret())]
    found = judged(
        resource(tenant()), resource(project()), *(resource(each, provider=own, called="own") for each in without)
    )
    assert found == []


@pytest.mark.parametrize(("is_preview", "reported"), [(True, {NOTES}), (False, {"pai004", NOTES})])
def test_a_default_namespace_may_stand_for_one_that_a_preview_does_not_know(
    is_preview: bool, reported: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paletteai_components.policy.pack.is_dry_run", lambda: is_preview)
    of_the_tenant = resource(NAMESPACE)
    # As the Kubernetes provider has it, if the namespace is an ID.
    elsewhere = [
        resource(each, depends_on={"metadata": of_the_tenant.urn})
        for each in (settings_of("default"), secret("default"))
    ]
    found = judged(resource(tenant(settings=None)), resource(project()), of_the_tenant, *elsewhere)
    assert {each.policy for each in found} == reported


def test_a_patch_is_no_second_object() -> None:
    patch = resource(
        manifest("Namespace", "tenant-acme", labels={"a": "b"}), "p", type="kubernetes:core/v1:NamespacePatch"
    )
    assert judged(*map(resource, (*WHOLE, NAMESPACE)), patch) == []
    of_settings = resource(settings_of(), "p", type="kubernetes:spectrocloud.com/v1alpha1:SettingsPatch")
    found = judged(*map(resource, (tenant(), settings_of(secret=None), project())), of_settings)
    assert {each.policy for each in found} == {NOTES}


def test_an_object_that_is_also_read_is_no_second_object() -> None:
    read = secret()
    read["metadata"] |= {"uid": "1", "resourceVersion": "7"}
    assert judged(*map(resource, WHOLE), resource(read, "read")) == []


def test_two_resources_of_one_object_are_a_warning() -> None:
    other = project() | {"spec": {**project()["spec"], "displayName": "Vision"}}
    (found,) = judged(*map(resource, WHOLE), resource(other, "again"))
    assert (found.policy, found.level, found.code) == (WARNINGS, "advisory", "PAI006")
    assert "unless the other one only reads the object" in found.message


def test_the_items_of_a_list_are_read() -> None:
    items = [{name: value for name, value in each.items() if name != "kind"} for each in (secret("vision"),)]
    listed = resource(manifest("SecretList", "all", items=items) | {"apiVersion": "v1"}, "all")
    found = judged(*map(resource, (*WHOLE, settings_of("vision"))), listed)
    assert [each.policy for each in found] == ["pai003"]
    assert f"{listed.urn}: items[0]" in found[0].message


def test_what_runs_is_not_judged() -> None:
    failed = project() | {"status": {"conditions": [{"type": "Ready", "status": "False", "reason": "Waiting"}]}}
    assert judged(*map(resource, (*WHOLE[:3], failed))) == []
