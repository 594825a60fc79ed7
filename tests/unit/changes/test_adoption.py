"""Adopted stack files: their objects are those of the cluster, except for what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import given
from support.clusters import clusters
from support.observations import (
    EVERY_KIND,
    api_key,
    manifests_of,
    observed,
)
from support.topologies import sound_stacks, stack_of

from paletteai_components.changes.adoption import Adopted, Target, adoptable, adopted
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
    return {each.part: adopted(each, seen, inventory, TARGET) for each in adoptable(seen)}


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
