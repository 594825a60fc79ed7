"""What is told to differ on a cluster is what a server-side apply changes there, for every kind of list and map.

The API server itself is asked: it applies without doing it, as Pulumi's provider would.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import Api, Refused, wait_until

from paletteai_components.changes.merge import Change, abandoned_changes, applied_changes
from paletteai_components.kube.managed_fields import fields_of_pulumi
from paletteai_components.kube.openapi import schemas_in

pytestmark = [pytest.mark.cluster, pytest.mark.untraced]

VERSION = "merge.example/v1"
PATH = f"/apis/{VERSION}/namespaces/default/things"
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
EACH = settings.default.max_examples // 4 if settings.default else 0
PULUMIS, OTHERS = "pulumi-kubernetes-1a2b3c4d", "others"
SPEC = yaml.safe_load("""
type: object
properties:
  always: {type: string}
  text: {type: string}
  filled: {type: string, default: x}
  number: {type: number}
  mapping: &mapping
    type: object
    properties: {a: {type: string}, b: {type: string}, c: {type: integer, default: 1}}
  whole: {<<: *mapping, x-kubernetes-map-type: atomic}
  free: {type: object, additionalProperties: {type: string}}
  open: {type: object, x-kubernetes-preserve-unknown-fields: true}
  texts: {type: array, items: {type: string}}
  elements:
    type: array
    items: {type: object, properties: {name: {type: string}, size: {type: integer, default: 1}}}
  names: {type: array, x-kubernetes-list-type: set, items: {type: string}}
  keyed:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [type]
    items:
      type: object
      required: [type]
      properties:
        type: {type: string}
        name: {type: string}
        "on": {type: boolean, default: true}
        names: {type: array, x-kubernetes-list-type: set, items: {type: string}}
  ports:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [port, protocol]
    items:
      type: object
      required: [port]
      properties: {port: {type: integer}, protocol: {type: string, default: TCP}, name: {type: string}}
""")
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.merge.example"},
    "spec": {
        "group": "merge.example",
        "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC}}},
            }
        ],
    },
}

texts = st.sampled_from(["p", "q", "x"])


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


def lists(of: st.SearchStrategy[Any], by: Any = json.dumps) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, max_size=3, unique_by=by)


mappings = some(a=texts, b=texts, c=st.integers(1, 2))
specs = some(
    text=texts,
    filled=texts,
    number=st.sampled_from([1, 1.0, 1.5]),
    mapping=mappings,
    whole=mappings,
    free=st.dictionaries(texts, texts, max_size=2),
    open=some(a=texts, b=st.lists(st.fixed_dictionaries({"a": texts}, optional={"b": texts}), max_size=2)),
    texts=st.lists(texts, max_size=2),
    elements=st.lists(some(name=texts, size=st.integers(1, 2)), max_size=2),
    names=lists(texts),
    keyed=lists(
        st.fixed_dictionaries({"type": texts}, optional={"name": texts, "on": st.booleans(), "names": lists(texts)}),
        lambda each: each["type"],
    ),
    ports=lists(
        st.fixed_dictionaries(
            {"port": st.integers(1, 2)}, optional={"protocol": st.sampled_from(["TCP", "UDP"]), "name": texts}
        ),
        lambda each: (each["port"], each.get("protocol", "TCP")),
    ),
)


class Server:
    """The API server, and what it publishes of the kind."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.schema = schemas_in(api.ask("GET", f"/openapi/v3/apis/{VERSION}"), VERSION)["Thing"]

    def applied(self, name: str, spec: Any, manager: str, query: str = "") -> Any:
        """The object as it is when a manager has applied a spec."""
        thing = {"apiVersion": VERSION, "kind": "Thing", "metadata": {"name": name}}
        body = json.dumps({**thing, "spec": {"always": "x", **spec}}).encode()
        return self.api.ask("PATCH", f"{PATH}/{name}?force=true&fieldManager={manager}{query}", body, APPLY)

    def told(self, live: Any, declared: Any) -> list[Change]:
        """What is told to be different."""
        wanted = {"spec": {"always": "x", **declared}}
        managed = {"f:spec": fields_of_pulumi(live["metadata"]["managedFields"]).get("f:spec", {})}
        return [*applied_changes(live, wanted, self.schema), *abandoned_changes(managed, live, wanted, self.schema)]


@pytest.fixture(scope="module")
def server(cluster: ControlPlane) -> Iterator[Server]:
    """The API server, which serves the kind."""
    with Api(cluster) as api:
        api.ask("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", CRD)
        wait_until("the kind is served", lambda: api.has(PATH))
        wait_until("its schema is published", lambda: api.has(f"/openapi/v3/apis/{VERSION}"))
        yield Server(api)
        api.ask("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/things.merge.example")


_names = map("thing-{}".format, count())


@given(first=specs, others=specs, by_hand=specs, declared=specs)
def test_what_a_server_side_apply_changes_is_what_differs(
    server: Server, first: Any, others: Any, by_hand: Any, declared: Any
) -> None:
    name = next(_names)
    server.applied(name, first, PULUMIS)
    server.applied(name, others, OTHERS)
    if by_hand:
        server.api.ask("PATCH", f"{PATH}/{name}?fieldManager=somebody", {"spec": by_hand}, MERGE)
    live = server.api.ask("GET", f"{PATH}/{name}")
    try:
        after = server.applied(name, declared, PULUMIS, "&dryRun=All")
        changes = in_order(after["spec"]) != in_order(live["spec"])
    except Refused:
        # A map that loses its last entry becomes null, which the server then refuses.
        changes = True
    event("changes" if changes else "changes nothing")
    told = server.told(live, declared)
    assert bool(told) == changes, [(str(path), before, after) for path, before, after in told]


@settings(max_examples=EACH)
@given(declared=specs, others=specs)
def test_what_was_applied_and_what_others_add_beside_it_is_no_difference(
    server: Server, declared: Any, others: Any
) -> None:
    name = next(_names)
    server.applied(name, declared, PULUMIS)
    live = server.applied(name, {key: value for key, value in others.items() if key not in declared}, OTHERS)
    assert server.told(live, declared) == []


def in_order(spec: Any) -> Any:
    """A spec with the elements that have no order in one."""
    if isinstance(spec, dict):
        return {
            key: sorted_list(inner) if key in ("names", "keyed", "ports") else in_order(inner)
            for key, inner in spec.items()
        }
    return spec


def sorted_list(elements: Any) -> Any:
    return sorted(map(in_order, elements), key=lambda each: json.dumps(each, sort_keys=True))
