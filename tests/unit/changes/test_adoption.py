"""Adopted stack files: their objects are those of the cluster, except for what is said of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import booleans
from support.clusters import clusters
from support.observations import (
    EVERY_KIND,
    WHOLE,
    api_key,
    document,
    manifest,
    manifests_of,
    observed,
    project,
    secret,
    settings,
    tenant,
)
from support.topologies import sound_stacks, stack_of

from paletteai_components.changes.adoption import (
    Adopted,
    Draft,
    Target,
    adoptable,
    adopted,
    draft_of,
    tenant_namespaces,
)
from paletteai_components.credentials import ApiKey, fingerprint_of
from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION, Manifest, reference_of
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.observation.custody import Custody
from paletteai_components.observation.objects import ObservedObject, inventory_of
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document

TARGET = Target("dev", "dev")
BOOKKEEPING = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubernetes.io/metadata.name",
    "cattle.io/status",
)
FINGERPRINT = ("metadata", "annotations", FINGERPRINT_ANNOTATION)
DATA = ("data", "palette")


def adopt(
    manifests: Iterable[Manifest], api: PaletteApi | None = None, *, encrypting: bool = False, is_new: bool = True
) -> dict[str, Adopted]:
    drafts = drafted(manifests, api, encrypting=encrypting)
    return {each.stack.part: adopted(each.encrypted(ciphertexts(each)), is_new=is_new) for each in drafts}


def drafted(manifests: Iterable[Manifest], api: PaletteApi | None, *, encrypting: bool) -> list[Draft]:
    every = list(manifests)
    seen = observed(every, api, complete=EVERY_KIND)
    inventory = inventory_of(ObservedObject(each, lambda path: SourceLocation("")) for each in every)
    custody = Custody(inventory, api or PaletteApi()) if encrypting else None
    return [draft_of(each, tenant_namespaces(seen), inventory, TARGET, custody) for each in adoptable(seen)]


def ciphertexts(draft: Draft) -> dict[str, str]:
    """What Pulumi could make of the keys."""
    return {name: f"v1:AAAA:{position:04}" for position, name in enumerate(draft.keys())}


def read(each: Adopted) -> Stack:
    return stack_from_document(document_from(each.data, each.file))


def config(each: Adopted) -> dict[str, Any]:
    found: dict[str, Any] = document_from(each.data, each.file).value["config"]
    return found


def only(
    manifests: Iterable[Manifest], api: PaletteApi | None = None, *, encrypting: bool = False, is_new: bool = True
) -> Adopted:
    (each,) = adopt(manifests, api, encrypting=encrypting, is_new=is_new).values()
    return each


def leaves(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The fields of a value that hold no further fields."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, (*at, name))
    else:
        yield at, value


def shown(path: tuple[str, ...]) -> str:
    # `<<` is no name, so it may be anything.
    path = tuple("<redacted>" if step == "<<" else step for step in path)
    return "".join(f"[{step}]" if "." in step or "/" in step else f".{step}" for step in path)[1:]


def is_own(path: tuple[str, ...]) -> bool:
    return path[:1] not in {("apiVersion",), ("kind",), ("status",)} and (
        path[:1] != ("metadata",) or (path[1] in ("labels", "annotations") and path[-1] not in BOOKKEEPING)
    )


@given(clusters(), booleans())
def test_what_an_adopted_file_writes_is_there_already_and_what_is_there_is_in_it_except_what_is_said(
    objects: list[Manifest], encrypting: bool
) -> None:
    live = {reference_of(each): each for each in objects}
    for each in adopt(objects, encrypting=encrypting).values():
        changed = {one.reference: {str(field.path) for field in one.fields} for one in each.changed}
        undeclared = {one.reference: set(one.fields) for one in each.undeclared}
        for planned in read(each).objects:
            # Nothing is created.
            there = dict(leaves(live[planned.reference]))
            written = dict(leaves(planned.manifest))
            if written.pop(FINGERPRINT, None):
                assert encrypting
            if planned.kind == "Secret":
                written[DATA] = document(api_key(key_of(live[planned.reference])))["palette"]
            differing = {
                shown(path)
                for path, value in written.items()
                if path != ("apiVersion",) and (path not in there or there[path] != value) and (value or path in there)
            }
            assert differing == changed.get(planned.reference, set())
            beyond = {
                shown(path)
                for path, value in there.items()
                if is_own(path) and path not in written and value not in ({}, [])
            }
            assert beyond == undeclared.get(planned.reference, set())


@given(clusters(), booleans())
def test_an_adopted_file_takes_over_all_that_it_writes(objects: list[Manifest], encrypting: bool) -> None:
    for each in adopt(objects, encrypting=encrypting).values():
        assert sorted(each.imports) == sorted(planned.reference for planned in read(each).objects)


@given(clusters(), booleans())
def test_no_key_gets_into_an_adopted_file(objects: list[Manifest], encrypting: bool) -> None:
    files = adopt(objects, encrypting=encrypting).values()
    written, told = b"".join(each.data for each in files), "".join(map(repr, files))
    for each in objects:
        if each["kind"] == "Secret":
            assert api_key(key_of(each)) not in written.decode() + told
            assert each["data"]["palette"] not in written.decode() + told


@given(clusters())
def test_a_secret_is_managed_with_its_key_where_nothing_speaks_against_it(objects: list[Manifest]) -> None:
    live = {reference_of(each): each for each in objects}
    for each in adopt(objects, encrypting=True).values():
        stack = read(each)
        assert stack.plan is not None
        managed = set()
        for bound in stack.plan.settings:
            written = bound.palette_secret
            if written is None:
                continue
            found = live.get(f"Secret/{written.namespace}/{written.name}")
            assert written.managed == (found is not None and is_free(live[f"Settings/{bound}"], found))
            if written.managed and bound.integration is not None:
                managed.add(f"Secret/{written.namespace}/{written.name}")
                key = api_key(key_of(found or {}))
                assert bound.integration.fingerprint_in_force == fingerprint_of(key)
                assert bound.integration.is_proven_by(ApiKey.opened(key), stack.name)
        assert set(each.encrypted) == managed


def key_of(secret: Manifest) -> str:
    """What the key in a Secret of `clusters` is made of."""
    return f"{secret['metadata']['namespace']}/{secret['metadata']['name'].removesuffix('-palette')}"


def is_free(settings: Manifest, secret: Manifest) -> bool:
    """Whether a Secret of `clusters` has the form that this package writes, and nothing says that it is another's."""
    fields = json.loads(base64.b64decode(secret["data"]["palette"]))
    return (
        secret["data"].keys() == {"palette"}
        and fields.keys() == {"apiKey", "defaultProjectID", "hostUrl", "tenant"}
        and secret["type"] == "Opaque"
        and "immutable" not in secret
        and "app.kubernetes.io/managed-by" not in secret["metadata"].get("labels", {})
        and CREDENTIAL_ANNOTATION not in settings["metadata"].get("annotations", {})
    )


@given(sound_stacks())
def test_a_stack_that_is_there_is_adopted_with_the_same_projects_and_sources(file: dict[str, Any]) -> None:
    stack, _ = stack_of("acme.dev", file)
    spec = stack.spec
    if spec is None or spec.tenant.existing or spec.tenant.existing_settings:
        return
    plan = read(only(manifests_of(stack))).plan
    assert plan is not None
    assert stack.plan is not None
    assert {each.name: (each.source, str(each.effective_settings)) for each in plan.projects} == {
        each.name: (each.source, str(each.effective_settings)) for each in stack.plan.projects
    }


LISTED = {"settings.palette": "spec.integrations[type=palette].secretRef.name"}


def test_another_layout_and_another_version_are_declared() -> None:
    api = PaletteApi("spectrocloud.com/v1", LISTED)
    element = {"type": "palette", "mode": "x", "secretRef": {"name": "key"}}
    listed = manifest("Settings", "default", "tenant-acme", spec={"integrations": [element, {"type": "other"}]})
    each = only([tenant(), listed, secret()], api)
    assert config(each)["paletteai:apiVersion"] == "spectrocloud.com/v1"
    assert config(each)["paletteai:vendorFields"] == LISTED
    assert config(each)["paletteai:integrations"] == {"default": {"existingSecret": "key"}}
    assert (each.changed, each.undeclared) == ((), ())


def test_a_tenant_of_the_name_of_a_namespace_that_always_exists_leaves_it_alone() -> None:
    home = manifest("Namespace", "default", labels={"palette.ai/tenant": "default"})
    objects = [tenant("default", namespace="default"), settings("default"), secret("default"), home]
    each = only([*objects, project("default", "default")])
    declared = config(each)["paletteai:tenant"]
    assert (declared["namespace"], declared["createNamespace"]) == ("default", False)
    assert declared["projects"][0]["createNamespace"] is False
    assert "Namespace/default" not in each.imports
    assert [one.reference for one in each.left] == ["Namespace/default"]


LABEL = {"palette.ai/tenant": "acme"}


def test_a_namespace_with_labels_of_its_own_is_taken_over_with_them() -> None:
    guarded = {"pod-security.kubernetes.io/enforce": "baseline", "kubernetes.io/metadata.name": "tenant-acme"}
    home = manifest("Namespace", "tenant-acme", labels={**LABEL, **guarded}, annotations={"owner": "ml"})
    labelled = {**tenant(), "metadata": {"name": "acme", "labels": {"team": "a"}}}
    default = settings(labels={"team": "a"})
    each = only([labelled, default, secret(), home, project(), manifest("Namespace", "vision")])
    declared = config(each)["paletteai:tenant"]
    assert declared["labels"] == {"team": "a"}
    assert declared["namespaceLabels"] == {"pod-security.kubernetes.io/enforce": "baseline"}
    assert declared["namespaceAnnotations"] == {"owner": "ml"}
    assert declared["projects"][0].keys().isdisjoint({"namespaceLabels", "namespaceAnnotations"})
    assert {"Namespace/tenant-acme", "Namespace/vision"} <= set(each.imports)
    assert (each.undeclared, each.left) == ((), ())


def test_a_namespace_without_the_labels_of_its_tenant_does_not_get_them() -> None:
    labelled = {**tenant(), "metadata": {"name": "acme", "labels": {"team": "a"}}}
    home = manifest("Namespace", "tenant-acme", labels=LABEL)
    each = only([labelled, settings(labels={"team": "a"}), secret(), home])
    assert config(each)["paletteai:tenant"]["namespaceLabels"] == {}
    assert [one for one in each.changed if one.reference.startswith("Namespace")] == []


def test_a_namespace_that_cannot_be_declared_stays_as_it_is() -> None:
    for labels, is_taken in (LABEL, True), ({}, False), ({**LABEL, "secure": "a"}, False):
        each = only([*WHOLE, manifest("Namespace", "tenant-acme", labels=labels)])
        assert ("Namespace/tenant-acme" in each.imports) == is_taken
        assert ([one.reference for one in each.left] == []) == is_taken


def test_what_controllers_and_other_tools_write_for_their_own_use_is_not_declared() -> None:
    argo = {"argocd.argoproj.io/instance": "apps"}
    notes = {"openshift.io/sa.scc.uid-range": "1/10000", "cattle.io/status": "{}"}
    home = manifest("Namespace", "tenant-acme", labels={**LABEL, **argo}, annotations=notes)
    each = only([*WHOLE, home])
    assert config(each)["paletteai:tenant"].keys().isdisjoint({"namespaceLabels", "namespaceAnnotations"})
    assert "Namespace/tenant-acme" in each.imports
    assert [(one.reference, one.fields) for one in each.undeclared] == [
        ("Namespace/tenant-acme", ("metadata.labels[argocd.argoproj.io/instance]",))
    ]
    assert [(one.reference, one.manager.name) for one in each.contested] == [
        ("Namespace/tenant-acme", "Application `apps` of Argo CD")
    ]


def test_a_compute_config_without_a_namespace_stays_without_one() -> None:
    each = only([*WHOLE, project("robotics"), manifest("Namespace", "tenant-acme", labels=LABEL)])
    assert config(each)["paletteai:tenant"]["projects"][0]["computeConfigRef"] == {"name": "default", "namespace": ""}
    assert [str(field.path) for one in each.changed for field in one.fields] == 2 * [
        "metadata.labels[palette.ai/tenant-name]"
    ]


def test_a_managed_secret_keeps_its_name_and_its_labels() -> None:
    labelled = {**secret(), "metadata": {"name": "key", "namespace": "tenant-acme", "labels": {"rotated": "monthly"}}}
    each = only([tenant(), settings(labels={"team": "a"}), labelled], encrypting=True)
    declared = config(each)["paletteai:tenant"]["settings"]["default"]
    assert declared == {
        "palette": "default",
        "secretName": "key",
        "labels": {"team": "a"},
        "secretLabels": {"rotated": "monthly"},
    }
    assert each.encrypted == ("Secret/tenant-acme/key",)
    assert "Secret/tenant-acme/key" in each.imports
    integration = config(each)["paletteai:integrations"]["default"]
    assert integration["apiKey"] == {"secure": "v1:AAAA:0000"}
    assert integration.keys() == {"hostUrl", "tenant", "defaultProjectID", "apiKey", "fingerprint"}


def test_a_draft_whose_keys_are_not_encrypted_cannot_be_written() -> None:
    (draft,) = drafted([tenant(), settings(), secret()], None, encrypting=True)
    assert draft.keys()
    with pytest.raises(ValueError, match="not encrypted"):
        adopted(draft)


def test_a_document_in_another_form_is_said_to_be_written_anew() -> None:
    compact = {**secret(), "type": "Opaque"}
    text = json.dumps(json.loads(base64.b64decode(compact["data"]["palette"])), separators=(",", ":"))
    compact["data"] = {"palette": base64.b64encode(text.encode()).decode()}
    each = only([tenant(), settings(), compact], encrypting=True)
    assert [(one.reference, [str(field.path) for field in one.fields]) for one in each.changed] == [
        ("Secret/tenant-acme/key", ["data.palette"])
    ]


def test_what_another_pulumi_wrote_is_said_of_a_new_file_alone() -> None:
    labelled = tenant()
    labelled["metadata"]["managedFields"] = [{"manager": "kubectl"}, {"manager": "pulumi-kubernetes-1a2b"}]
    for is_new in (True, False):
        each = only([labelled, settings(), secret()], is_new=is_new)
        assert [(one.reference, one.manager.name) for one in each.contested] == (
            [("Tenant/acme", "a Pulumi stack")] if is_new else []
        )


def test_what_pulumi_would_take_for_something_else_is_left_out_and_named() -> None:
    spec = {
        "secure": "v1:a",
        "limits": {"secure": "text", "gpu": 1},
        "list": [{"secure": "text"}],
        "one": {"secure": "x"},
    }
    described = {**tenant(), "metadata": {"name": "acme", "labels": {"secure": "yes"}}}
    described["spec"] = {**described["spec"], **spec}
    each = only([described, settings(), secret()])
    assert config(each)["paletteai:tenant"]["extraSpec"] == {"secure": "v1:a", "limits": {"secure": "text", "gpu": 1}}
    (one,) = each.undeclared
    assert set(one.fields) == {"spec.list", "spec.one.secure", "metadata.labels.secure"}


def test_a_secret_that_two_settings_have_stays_that_of_both() -> None:
    each = only([*WHOLE, settings(name="edge")])
    assert config(each)["paletteai:integrations"] == {
        "default": {"existingSecret": "key"},
        "edge": {"existingSecret": "key"},
    }


def test_the_default_settings_of_another_namespace_are_not_declared_and_named() -> None:
    home = manifest("Namespace", "tenant-acme", labels={"palette.ai/tenant": "acme"})
    each = only([tenant(namespace="elsewhere"), settings("elsewhere"), secret("elsewhere"), home])
    assert "settingsRef" not in config(each)["paletteai:tenant"]
    assert [one.fields for one in each.undeclared] == [("spec.settingsRef.name", "spec.settingsRef.namespace")]
