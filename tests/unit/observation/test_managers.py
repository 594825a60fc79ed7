"""Other tools that manage an object, as its labels, annotations, owners and field managers show."""

from __future__ import annotations

from typing import Any

import pytest
from support.observations import manifest

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.observation.managers import is_tracking, managers_of, pulumi_of
from paletteai_components.observation.objects import ObservedObject

HELM = {"meta.helm.sh/release-name": "apps", "meta.helm.sh/release-namespace": "palette"}
BY_HELM = {"app.kubernetes.io/managed-by": "Helm"}
FLUX = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
RELEASE = {"helm.toolkit.fluxcd.io/name": "apps", "helm.toolkit.fluxcd.io/namespace": "flux-system"}
TRACKED = {"argocd.argoproj.io/tracking-id": "ml-apps:spectrocloud.com/Tenant:/acme"}
INSTANCE = {"argocd.argoproj.io/instance": "ml-apps"}
OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "palette", "uid": "1", "controller": True}


def seen(**metadata: Any) -> ObservedObject:
    described = manifest("Settings", "default", "tenant-acme")
    described["metadata"] |= metadata
    return ObservedObject(described, lambda path: SourceLocation(""))


@pytest.mark.parametrize(
    ("metadata", "names"),
    [
        ({}, []),
        ({"labels": {"team": "ml", "app.kubernetes.io/instance": "apps"}}, []),
        ({"annotations": HELM, "labels": BY_HELM}, ["Helm release `palette/apps`"]),
        ({"annotations": {"meta.helm.sh/release-name": "apps"}}, ["Helm release `apps`"]),
        ({"annotations": HELM, "labels": {**BY_HELM, **RELEASE}}, ["HelmRelease `flux-system/apps` of Flux"]),
        ({"labels": FLUX}, ["Kustomization `flux-system/apps` of Flux"]),
        ({"annotations": TRACKED, "labels": INSTANCE}, ["Application `ml-apps` of Argo CD"]),
        ({"labels": {**INSTANCE, **BY_HELM}}, ["Application `ml-apps` of Argo CD"]),
        ({"labels": BY_HELM}, ["`Helm`"]),
        ({"labels": {"app.kubernetes.io/managed-by": "Terraform"}}, ["`Terraform`"]),
        ({"ownerReferences": [OWNER]}, ["Deployment `palette`"]),
        ({"ownerReferences": [{**OWNER, "apiVersion": "spectrocloud.com/v1alpha1", "kind": "Project"}]}, []),
        (
            {"ownerReferences": [OWNER], "labels": FLUX},
            ["Deployment `palette`", "Kustomization `flux-system/apps` of Flux"],
        ),
        ({"ownerReferences": "none", "labels": None, "annotations": []}, []),
    ],
)
def test_each_tool_is_known_by_what_it_writes_itself(metadata: dict[str, Any], names: list[str]) -> None:
    found = list(managers_of(seen(**metadata)))
    assert [each.name for each in found] == names
    for each in found:
        assert each.effect.endswith(".")
        assert each.remedy.endswith(".")


def test_what_is_seen_of_a_tool_is_in_the_object() -> None:
    for metadata in (
        {"annotations": HELM},
        {"labels": FLUX},
        {"labels": RELEASE},
        {"annotations": TRACKED},
        {"labels": INSTANCE},
    ):
        (manager,) = managers_of(seen(**metadata))
        (entries,) = metadata.values()
        key = manager.seen.split("`")[1]
        assert key in entries
        assert all(map(is_tracking, entries))


def test_only_pulumis_own_field_managers_are_pulumi() -> None:
    for managers, found in (
        (["kubectl", "pulumi-kubernetes-1a2b"], "the field manager `pulumi-kubernetes-1a2b`"),
        (["kubectl-client-side-apply", "helm"], None),
        ([], None),
    ):
        pulumi = pulumi_of(seen(managedFields=[{"manager": name} for name in managers]))
        assert (pulumi and pulumi.seen) == found


def test_a_name_that_looks_like_a_key_is_not_repeated() -> None:
    key = "ck7f3aCANARY91xQ4tZ8mWd2"
    for metadata in ({"labels": {"app.kubernetes.io/managed-by": key}}, {"ownerReferences": [{**OWNER, "name": key}]}):
        (manager,) = managers_of(seen(**metadata))
        assert key not in repr(manager)
