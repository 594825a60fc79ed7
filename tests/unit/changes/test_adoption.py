"""Adopted stack files: their objects are those of the cluster, except for what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given
from support.clusters import clusters
from support.observations import (
    EVERY_KIND,
    WHOLE,
    api_key,
    manifest,
    manifests_of,
    observed,
    project,
    secret,
    settings,
    tenant,
)
from support.topologies import sound_stacks, stack_of

from paletteai_components.changes.adoption import Adopted, Target, adoptable, adopted, tenant_namespaces
from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.manifests import Manifest, reference_of
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.observation.objects import ObservedObject, inventory_of
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document

TARGET = Target("dev", "dev")
BOOKKEEPING = ("kubectl.kubernetes.io/last-applied-configuration", "kubernetes.io/metadata.name")


def adopt(manifests: Iterable[Manifest], api: PaletteApi | None = None) -> dict[str, Adopted]:
    every = list(manifests)
    seen = observed(every, api, complete=EVERY_KIND)
    inventory = inventory_of(ObservedObject(each, lambda path: SourceLocation("")) for each in every)
    return {each.part: adopted(each, tenant_namespaces(seen), inventory, TARGET) for each in adoptable(seen)}


def read(each: Adopted) -> Stack:
    return stack_from_document(document_from(each.data, each.file))


def config(each: Adopted) -> dict[str, Any]:
    found: dict[str, Any] = document_from(each.data, each.file).value["config"]
    return found


def only(manifests: Iterable[Manifest], api: PaletteApi | None = None) -> Adopted:
    (each,) = adopt(manifests, api).values()
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


@given(clusters())
def test_what_an_adopted_file_writes_is_there_already_and_what_is_there_is_in_it_except_what_is_said(
    objects: list[Manifest],
) -> None:
    live = {reference_of(each): each for each in objects}
    for each in adopt(objects).values():
        changed = {one.reference: {str(field.path) for field in one.fields} for one in each.changed}
        undeclared = {one.reference: set(one.fields) for one in each.undeclared}
        for planned in read(each).objects:
            # Nothing is created.
            there = dict(leaves(live[planned.reference]))
            written = dict(leaves(planned.manifest))
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


@given(clusters())
def test_an_adopted_file_takes_over_all_that_it_writes(objects: list[Manifest]) -> None:
    for each in adopt(objects).values():
        assert sorted(each.imports) == sorted(planned.reference for planned in read(each).objects)


@given(clusters())
def test_no_key_gets_into_an_adopted_file(objects: list[Manifest]) -> None:
    written = b"".join(each.data for each in adopt(objects).values())
    for each in objects:
        if each["kind"] == "Secret":
            namespace, name = each["metadata"]["namespace"], each["metadata"]["name"].removesuffix("-palette")
            assert api_key(f"{namespace}/{name}").encode() not in written
            assert each["data"]["palette"].encode() not in written


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


def test_a_namespace_that_is_not_as_the_file_would_write_it_stays_as_it_is() -> None:
    label = {"palette.ai/tenant": "acme"}
    for labels, is_taken in (label, True), ({}, False), ({**label, "team": "a"}, False):
        each = only([*WHOLE, manifest("Namespace", "tenant-acme", labels=labels)])
        assert ("Namespace/tenant-acme" in each.imports) == is_taken
        assert ([one.reference for one in each.left] == []) == is_taken


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
