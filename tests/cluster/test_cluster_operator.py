"""An API server takes the objects of `paletteai operator` as they are: with a CRD of ours, and with the operator's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import Api, Refused, wait_until
from support.operators import STACK_CRD, real_crds

from paletteai_components.kube.operator import (
    MAX_LENGTH,
    Prerequisite,
    Running,
    SecretKey,
    Source,
    object_name,
    stack_object,
)

pytestmark = pytest.mark.cluster

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
STACKS = "/apis/pulumi.com/v1/namespaces/default/stacks"
SECRET = SecretKey("pulumi", "passphrase")
EVERYTHING = Running(
    "pulumi/pulumi:3.272.0-nonroot",
    "pulumi",
    "default",
    "organization",
    "s3://state",
    {"PULUMI_CONFIG_PASSPHRASE": SECRET},
    SecretKey("kubeconfig", "config"),
    3600,
)
LEAST = Running("pulumi/pulumi:3.272.0-nonroot", "pulumi", "default")


@pytest.fixture(scope="module", params=["ours", "the operator's own"])
def served(request: pytest.FixtureRequest, cluster: ControlPlane) -> Iterator[Api]:
    """The API server, which serves the kind Stack."""
    crd = STACK_CRD
    if request.param != "ours":
        path = real_crds()
        if path is None:
            pytest.skip("needs the operator's CRDs in PALETTEAI_OPERATOR_CRDS")
        every = [each for each in yaml.safe_load_all(path.read_text()) if each]
        crd = next(each for each in every if each["metadata"]["name"] == "stacks.pulumi.com")
        crd.pop("status", None)
    name = f"{CRDS}/stacks.pulumi.com"
    with Api(cluster) as api:
        api.ask("POST", CRDS, crd)
        wait_until("the kind is served", lambda: api.has(STACKS))
        yield api
        api.ask("DELETE", name)
        # The API server looks only now and then whether the objects of a kind are gone.
        wait_until("the kind is gone", lambda: not api.has(name), seconds=120)


def apply(api: Api, manifest: dict[str, Any]) -> dict[str, Any]:
    """What the API server makes of an object that is applied, and of which no field may be dropped."""
    path = f"{STACKS}/{manifest['metadata']['name']}?fieldManager=test&fieldValidation=Strict"
    made: dict[str, Any] = api.ask("PATCH", path, yaml.safe_dump(manifest).encode(), "application/apply-patch+yaml")
    return made


@pytest.mark.parametrize("running", [EVERYTHING, LEAST], ids=["everything", "least"])
@pytest.mark.parametrize(
    "source",
    [
        Source("https://git.example/fleet.git", "deploy", commit="0" * 40, token=SECRET),
        Source("git@git.example:fleet.git", branch="main", ssh_key=SECRET),
    ],
    ids=["commit", "branch"],
)
def test_an_object_is_taken_as_it_is(served: Api, running: Running, source: Source) -> None:
    manifest = stack_object("acme.prod", "prod", "paletteai", source, running, Prerequisite("acme.dev", "24h"))
    assert holds(apply(served, manifest)["spec"], manifest["spec"])


def holds(made: Any, sent: Any) -> bool:
    """Whether what was made has everything that was sent. The API server may add defaults."""
    if isinstance(sent, dict):
        return isinstance(made, dict) and all(holds(made.get(key), value) for key, value in sent.items())
    if isinstance(sent, list):
        return len(made) == len(sent) and all(map(holds, made, sent))
    return bool(made == sent)


@pytest.mark.parametrize("stack", ["a" * 80 + ".dev", "Acme.dev", "a.dev", "ünïcode.dev"])
def test_every_name_is_one_that_the_api_server_takes(served: Api, stack: str) -> None:
    source = Source("https://git.example/fleet.git", commit="0" * 40)
    apply(served, stack_object(stack, "dev", "paletteai", source, LEAST))
    assert served.has(f"{STACKS}/{object_name(stack)}")


def test_a_longer_name_would_be_refused(served: Api) -> None:
    source = Source("https://git.example/fleet.git", commit="0" * 40)
    manifest = stack_object("a.dev", "dev", "paletteai", source, LEAST)
    manifest["metadata"]["name"] = "a" * (MAX_LENGTH + 1)
    with pytest.raises(Refused):
        apply(served, manifest)


def test_a_misspelt_field_would_be_refused(served: Api) -> None:
    source = Source("https://git.example/fleet.git", commit="0" * 40)
    manifest = stack_object("a.dev", "dev", "paletteai", source, LEAST)
    manifest["spec"]["destroyOnFinalise"] = False
    with pytest.raises(Refused):
        apply(served, manifest)
