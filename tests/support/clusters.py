"""Strategies for clusters that nobody made with this package: Tenants, Projects and Settings in every known layout."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import strategies as st

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, SHARED_CLUSTER_ONLY_ANNOTATION, Manifest
from support.observations import api_key, document, manifest

_Strategy = st.SearchStrategy[Any]

_TEXTS = st.sampled_from(
    ["Acme", "Line 1", "on", "0o17", "1e3", "12:30", "~", "a: b", "# no", "'", '"\\', "é\n ü\t", ""]
)
_ENTRIES = st.dictionaries(
    st.sampled_from(["team", "palette.example/owner", "on", "1", "app.kubernetes.io/managed-by"]),
    st.sampled_from(["a", "b", "no", "7"]),
    max_size=3,
)
_NOTES = st.dictionaries(
    st.sampled_from(
        ["example.com/note", "kubectl.kubernetes.io/last-applied-configuration", "contact", "cattle.io/status"]
    ),
    _TEXTS,
    max_size=2,
)
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.integers(-(2**40), 2**40), st.booleans(), st.floats(0.1, 0.9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["mode", "<<", "secure", "no"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_INTEGRATIONS: tuple[list[str], ...] = (
    ["palette"],
    ["palette"],
    ["palette", "nvidia"],
    ["palette", "huggingFace", "nvidia"],
    ["nvidia"],
    [],
)
_MORE = st.dictionaries(st.sampled_from(["quota", "tier", "features"]), _VALUES, max_size=2)


def _maybe(strategy: _Strategy) -> _Strategy:
    return st.one_of(st.none(), strategy)


def _metadata(draw: st.DrawFn, **more: dict[str, str]) -> dict[str, Any]:
    """Labels and annotations, which are nearly as often the same everywhere."""
    labels = draw(st.one_of(st.just({"team": "a"}), _ENTRIES)) | more.get("labels", {})
    annotations = draw(st.one_of(st.just({}), _NOTES)) | more.get("annotations", {})
    return {name: entries for name, entries in (("labels", labels), ("annotations", annotations)) if entries}


@st.composite
def _settings(draw: st.DrawFn, namespace: str, name: str) -> list[Manifest]:
    integrations = {
        kind: {"secretRef": {"name": f"{name}-{kind.lower()}"}, **({"mode": "x"} if draw(st.booleans()) else {})}
        for kind in draw(st.sampled_from(_INTEGRATIONS))
    }
    spec = {**({"integrations": integrations} if integrations else {}), **draw(_MORE)}
    credential = {CREDENTIAL_ANNOTATION: "vault-one"} if draw(st.integers(0, 3)) == 0 else {}
    found = [manifest("Settings", name, namespace, spec=spec, **_metadata(draw, annotations=credential))]
    if "palette" in integrations and draw(st.integers(0, 3)):
        found.append(draw(_secret(namespace, f"{name}-palette", f"{namespace}/{name}")))
    return found


@st.composite
def _secret(draw: st.DrawFn, namespace: str, name: str, key: str) -> Manifest:
    """A Secret with a credential, in the form that this package writes or another one."""
    data = document(api_key(key))
    if draw(st.integers(0, 3)) == 0:
        fields = json.loads(base64.b64decode(data["palette"]))
        text = json.dumps(
            fields | draw(st.sampled_from([{}, {"region": "eu"}])), indent=draw(st.sampled_from([None, 2]))
        )
        data = {"palette": base64.b64encode(text.encode()).decode()}
    unusual: dict[str, Any] = draw(st.sampled_from([{}, {}, {}, {"type": "example.com/key"}, {"immutable": True}]))
    others = draw(st.sampled_from([{}, {}, {}, {"token": ""}]))
    metadata = _metadata(draw) if draw(st.booleans()) else {}
    return manifest("Secret", name, namespace, **{"data": data | others, "type": "Opaque", **unusual, **metadata})


@st.composite
def _project(draw: st.DrawFn, name: str, of: str, references: _Strategy) -> list[Manifest]:
    compute = draw(_maybe(st.sampled_from([{"name": "gpu"}, {"name": "gpu", "namespace": "mural-system"}])))
    groups = st.lists(st.sampled_from(["staff", "on", "7"]), min_size=0, max_size=2)
    spec = {
        "displayName": draw(_maybe(_TEXTS)),
        "tenantRef": draw(_maybe(st.just({"name": of}))),
        "settingsRef": draw(_maybe(references.map(lambda name: {"name": name}))),
        "computeConfigRef": compute,
        "roleMapping": draw(_maybe(st.fixed_dictionaries({"admin": groups, "viewer": groups}))),
        **draw(_MORE),
    }
    spec = {name: value for name, value in spec.items() if value is not None}
    more: dict[str, Any] = {}
    if "tenantRef" not in spec or draw(st.booleans()):
        more["labels"] = {"palette.ai/tenant-name": of}
    if draw(st.booleans()):
        more["annotations"] = {SHARED_CLUSTER_ONLY_ANNOTATION: draw(st.sampled_from(["true", "yes"]))}
    found = [manifest("Project", name, name, spec=spec, **_metadata(draw, **more))]
    if draw(st.booleans()):
        found.append(manifest("Namespace", name, None, **_metadata(draw)))
    for own in draw(st.sets(st.sampled_from(["default", "own"]), max_size=2)):
        found += draw(_settings(name, own))
    return found


@st.composite
def tenants(draw: st.DrawFn, name: str = "acme") -> list[Manifest]:
    """The objects of a Tenant and what belongs to it."""
    namespace = draw(st.sampled_from([f"tenant-{name}", name, f"home-of-{name}"]))
    names = sorted(draw(st.sets(st.sampled_from(["default", "edge", "y"]))))
    reference = draw(
        _maybe(
            st.fixed_dictionaries(
                {"name": st.sampled_from(["default", "edge", "gone"])},
                optional={"namespace": st.sampled_from([namespace, "elsewhere"])},
            )
        )
    )
    spec = {
        "displayName": draw(_maybe(_TEXTS)),
        "description": draw(_maybe(_TEXTS)),
        "settingsRef": reference,
        "tenantRoleMapping": draw(_maybe(st.just({"groups": ["admins", "7"]}))),
        **draw(_MORE),
    }
    spec = {key: value for key, value in spec.items() if value is not None}
    found = [manifest("Tenant", name, None, **({"spec": spec} if spec else {}), **_metadata(draw))]
    label = {"palette.ai/tenant": name} if draw(st.integers(0, 2)) else {}
    if draw(st.booleans()) or label:
        found.append(manifest("Namespace", namespace, None, **_metadata(draw, labels=label)))
    for each in names:
        found += draw(_settings(namespace, each))
    for number in range(draw(st.integers(0, 2))):
        found += draw(_project(f"{name}-{number}", name, st.sampled_from(["default", "own", "edge", "gone"])))
    return found


def clusters() -> _Strategy:
    """The objects of a cluster with a Tenant or two."""
    both = st.tuples(tenants("acme"), tenants("default")).map(lambda pair: [*pair[0], *pair[1]])
    return st.one_of(tenants(), both)
