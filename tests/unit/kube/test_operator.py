"""Stack objects: what the operator gets, and what they are called."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.operators import STACK_CRD, real_crds

from paletteai_components.kube.conformance import diagnostics_in
from paletteai_components.kube.crds import Crds, crds_from, crds_of
from paletteai_components.kube.operator import (
    MAX_LENGTH,
    Prerequisite,
    Running,
    SecretKey,
    Source,
    object_name,
    stack_object,
)

SECRET = SecretKey("pulumi", "passphrase")
PLAIN = Source("https://git.example/fleet.git", commit="0" * 40)
RUNNING = Running("pulumi/pulumi:3.272.0-nonroot", "pulumi", "fleet")

sources = st.builds(
    Source,
    st.sampled_from(["https://git.example/fleet.git", "git@git.example:fleet.git"]),
    st.sampled_from(["", "deploy", "a/b"]),
    st.just("0" * 40),
    st.none(),
    st.none() | st.just(SECRET),
    st.none() | st.just(SECRET),
) | st.builds(Source, st.just("https://git.example/fleet.git"), branch=st.just("main"))
runnings = st.builds(
    Running,
    st.just("pulumi/pulumi:3.272.0-nonroot"),
    st.just("pulumi"),
    st.just("fleet"),
    st.none() | st.just("organization"),
    st.none() | st.just("s3://state"),
    st.dictionaries(st.sampled_from(["PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN"]), st.just(SECRET)),
    st.none() | st.just(SecretKey("kubeconfig", "config")),
    st.none() | st.integers(60, 10**6),
)
prerequisites = st.none() | st.builds(Prerequisite, st.just("acme.dev"), st.none() | st.just("24h"))


@pytest.fixture(scope="module", params=["ours", "the operator's own"])
def crds(request: pytest.FixtureRequest) -> Crds:
    if request.param == "ours":
        return crds_of([STACK_CRD], "ours")
    path = real_crds()
    if path is None:
        pytest.skip("needs the operator's CRDs in PALETTEAI_OPERATOR_CRDS")
    return crds_from(path)


@given(sources, runnings, prerequisites)
def test_every_object_is_one_that_the_operator_takes(
    crds: Crds, source: Source, running: Running, after: Prerequisite | None
) -> None:
    manifest = stack_object("acme.prod", "prod", "paletteai", source, running, after)
    found = diagnostics_in(manifest, crds)
    # A rule in CEL is noted, because only the API server evaluates it.
    assert [each for each in found if each.severity.value != "note"] == []


@pytest.mark.parametrize("field", ["destroyOnFinalise", "projectrepo"])
def test_a_field_that_the_operator_does_not_have_is_found(crds: Crds, field: str) -> None:
    manifest = stack_object("acme.prod", "prod", "paletteai", PLAIN, RUNNING)
    manifest["spec"][field] = "x"
    assert [each.code for each in diagnostics_in(manifest, crds) if each.severity.value == "error"] == ["PAI016"]


def spec(**changes: Any) -> dict[str, Any]:
    running = Running(RUNNING.image, RUNNING.service_account, RUNNING.namespace, **changes)
    value: dict[str, Any] = stack_object("acme.prod", "prod", "fleet", PLAIN, running)["spec"]
    return value


def test_deleting_an_object_deletes_nothing_and_no_stack_is_made() -> None:
    assert (spec()["destroyOnFinalize"], spec()["useLocalStackOnly"]) == (False, True)
    assert spec()["workspaceReclaimPolicy"] == "Delete"


def test_a_stack_has_its_organization_and_project() -> None:
    assert spec()["stack"] == "acme.prod"
    assert spec(organization="organization")["stack"] == "organization/fleet/acme.prod"


def test_drift_is_mended_only_where_that_is_asked_for() -> None:
    assert {"refresh", "continueResyncOnCommitMatch", "resyncFrequencySeconds"}.isdisjoint(spec())
    assert spec(resync=3600) | {"refresh": True, "continueResyncOnCommitMatch": True} == spec(resync=3600)
    assert spec(resync=3600)["resyncFrequencySeconds"] == 3600


def test_the_environment_before_is_named_by_its_object() -> None:
    after = Prerequisite("acme.dev", "24h")
    manifest = stack_object("acme.prod", "prod", "fleet", PLAIN, RUNNING, after)
    assert manifest["spec"]["prerequisites"] == [
        {"name": object_name("acme.dev"), "requirement": {"succeededWithinDuration": "24h"}}
    ]


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        ("acme.dev", "acme--dev"),
        ("team-a.eu-prod", "team-a--eu-prod"),
        ("acme", "acme"),
        ("Acme.dev", "s-acme-dev-169c19eea5"),
        ("a--b.dev", "s-a-b-dev-90d6866e4b"),
        ("3m.dev", "s-3m-dev-7686ed6fcc"),
    ],
)
def test_a_name_is_that_of_the_stack_where_kubernetes_takes_it(stack: str, name: str) -> None:
    assert object_name(stack) == name


names = st.from_regex(r"[a-zA-Z0-9._-]{1,60}", fullmatch=True) | st.text(st.sampled_from("a-.A"), min_size=1)


@given(st.sets(names | st.text(min_size=1), max_size=10))
def test_no_two_stacks_have_one_name_and_a_service_may_have_each(stacks: set[str]) -> None:
    made = [object_name(stack) for stack in stacks]
    assert len(set(made)) == len(stacks)
    for name in made:
        assert re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name), name
        assert len(name) <= MAX_LENGTH
