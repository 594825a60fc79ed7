"""What is rendered, what is registered, what the cluster holds and what the outputs say are one thing."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.real import Real
from support.real_stacks import STACKS, Objects, held, objects, start, views

from paletteai_components.credentials import fingerprint_of, settings_proof_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION, PROOF_ANNOTATION

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", params=sorted({stack.rpartition(".")[2] for stack in STACKS}))
def environment(request: pytest.FixtureRequest, cluster: ControlPlane) -> str:
    """One environment after another: their stacks have objects of the same names."""
    empty(cluster)
    return str(request.param)


@pytest.mark.parametrize("tenant", sorted({stack.rpartition(".")[0] for stack in STACKS}))
def test_a_stack_is_the_same_from_every_side(real: Real, cluster: ControlPlane, tenant: str, environment: str) -> None:
    project, stack = real(), f"{tenant}.{environment}"
    assert stack in STACKS
    start(project, stack)
    before = held(cluster)
    project.up(stack)
    seen = views(project, cluster, stack, besides=before)

    assert seen.rendered
    assert seen.registered == seen.rendered
    assert seen.held == seen.rendered
    assert seen.told == seen.planned
    assert objects(project.paletteai("render", stack).stdout) == _without_keys(seen.rendered)

    text = project.paletteai("plan", stack).stdout
    for name, each in seen.told["projects"].items():
        (line,) = [line for line in text.splitlines() if f"Project {name} " in line]
        assert each["reason"] in line

    # A fingerprint tells which credential is in the Secret, and its proof that who wrote it knew the key: both
    # recomputed from what the cluster holds.
    told = {reference: each.get("fingerprint") for reference, each in seen.told["settings"].items()}
    for (kind, namespace, name), each in seen.held.items():
        if kind != "Settings":
            continue
        secret = seen.held.get(("Secret", namespace, each["spec"]["integrations"]["palette"]["secretRef"]["name"]))
        document = json.loads(base64.b64decode(secret["data"]["palette"])) if secret else None
        fingerprint = fingerprint_of(document["apiKey"]) if document else None
        proof = settings_proof_of(document["apiKey"], f"{namespace}/{name}") if document else None
        assert each["metadata"]["annotations"].get(FINGERPRINT_ANNOTATION) == fingerprint
        assert each["metadata"]["annotations"].get(PROOF_ANNOTATION) == proof
        assert told[f"{namespace}/{name}"] == fingerprint

    components = {each["urn"] for each in project.resources(stack) if each["type"].endswith(":PaletteIntegration")}
    assert {each["urn"] for each in project.outputs(stack)["lastDeployment"]["settings"].values()} == components


def _without_keys(rendered: Objects) -> Objects:
    """What is rendered where no key is opened: no Secrets, and no proofs, which are made with the keys."""
    told = copy.deepcopy({ref: each for ref, each in rendered.items() if each["kind"] != "Secret"})
    for each in told.values():
        annotations = each["metadata"].get("annotations", {})
        assert (PROOF_ANNOTATION in annotations) == (FINGERPRINT_ANNOTATION in annotations)
        annotations.pop(PROOF_ANNOTATION, None)
    return told
