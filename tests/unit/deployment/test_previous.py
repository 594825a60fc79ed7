"""What a deployment leaves for the next one, and what that makes of a credential that has moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.programs import KEY, copied_examples, deployed, deployment, key_in, leaks, refused
from support.samples import declared_credential

from paletteai_components.credentials import fingerprint_of
from paletteai_components.deployment import previous as previous
from paletteai_components.deployment.previous import PreviousDeploymentError
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The example stacks, where they may be changed."""
    return copied_examples(tmp_path)


def test_the_exports_are_what_the_documentation_says(examples: Path) -> None:
    recording = deployed(examples, "acme.dev")
    urns = {each.name: each.urn for each in recording.components if each.kind == "PaletteIntegration"}
    fingerprints = {
        each.name: each.inputs["metadata"].get("annotations", {}).get(FINGERPRINT_ANNOTATION)
        for each in recording.objects
        if each.kind == "Settings"
    }

    def exported(name: str, integration: str, secret: str) -> dict[str, Any]:
        return {"integration": integration, "secret": secret, "fingerprint": fingerprints[name]}

    def left(name: str) -> dict[str, Any]:
        return {"urn": urns[name], "fingerprint": fingerprints[name]}

    sources = recording.exports.pop("projects")
    assert {name: (each["source"], each["settings"], each["integration"]) for name, each in sources.items()} == {
        "vision": ("fallback", "dev-tenant/default", "shared"),
        "line-1": ("settingsRef", "dev-tenant/edge", "edge"),
        "lab": ("own", "lab/default", "lab"),
        "robotics": ("own", "robotics/default", "vaulted"),
    }
    assert sources["vision"]["reason"] == "falls back to the tenant's default Settings dev-tenant/default"
    vault = "vault://dev/acme/robotics"
    written = ["/".join(part for part in each.ref if part) for each in recording.objects]
    last = recording.exports["lastDeployment"]
    assert recording.exports == {
        "tenant": "acme",
        "namespaces": {"tenant": "dev-tenant", "projects": ["vision", "line-1", "lab", "robotics"]},
        "settings": {
            "dev-tenant/default": exported("acme.default", "shared", "dev-tenant/dev-palette-api-secret"),
            "dev-tenant/edge": exported("acme.edge", "edge", "dev-tenant/edge-palette"),
            "lab/default": exported("acme.lab.default", "lab", "lab/default-palette"),
            "robotics/default": {"integration": "vaulted", "secret": "robotics/robotics-palette", "credential": vault},
        },
        "lastDeployment": {
            "apiVersion": "spectrocloud.com/v1alpha1",
            "objects": [each for each in last["objects"] if each in written],
            "settings": {
                "dev-tenant/default": left("acme.default"),
                "dev-tenant/edge": left("acme.edge"),
                "lab/default": left("acme.lab.default"),
                "robotics/default": {"urn": urns["acme.robotics.default"], "credential": vault},
            },
        },
    }
    assert sorted(last["objects"]) == sorted(written)
    assert "Secret(" not in repr([sources, recording.exports])
    assert leaks([json.dumps([sources, recording.exports])], KEY) == []


@pytest.mark.parametrize("kind", ["Namespace", "Secret", "Settings", "Tenant", "Project"])
def test_a_deployment_that_fails_exports_nothing_so_that_the_last_outputs_stay(examples: Path, kind: str) -> None:
    recording = deployed(examples, "acme.dev", refuses=kind)
    assert recording.error is not None
    assert recording.exports == {}


def test_a_preview_exports_the_same(examples: Path) -> None:
    assert deployed(examples, "acme.dev", preview=True).exports == deployed(examples, "acme.dev").exports


def bindings(tenant: dict[str, str] | None = None, **projects: str | None) -> dict[str, Any]:
    """A stack by the ciphertexts that its Settings hold: of the tenant by Settings, of projects by project."""
    tenant = tenant or {}
    held = [*tenant.values(), *(each for each in projects.values() if each)]
    return {
        "paletteai:integrations": {each: _credential(each, position) for position, each in enumerate(held)},
        "paletteai:tenant": {
            "name": "acme",
            "sharedClusterOnly": None if "default" in tenant else True,
            "computeConfigRef": {"name": "default"},
            "settings": {name: {"palette": each} for name, each in tenant.items()},
            "projects": [
                {"name": name, **({"settings": {"palette": each}} if each else {})} for name, each in projects.items()
            ],
        },
    }


def _credential(each: str, position: int) -> dict[str, Any]:
    if each.startswith("vault:"):
        return {"existingSecret": f"secret-{position}", "credential": each}
    return declared_credential(each, defaultProjectID=f"65000000000000000000000{position}")


MOVES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "from the tenant to a project": (
        bindings({"default": "v1:a", "edge": "v1:b"}, lab=None),
        bindings({"default": "v1:a"}, lab="v1:b"),
        "acme.edge",
        "acme.lab.default",
    ),
    "from a project to the tenant": (
        bindings({"default": "v1:a"}, lab="v1:b"),
        bindings({"default": "v1:a", "edge": "v1:b"}, lab=None),
        "acme.lab.default",
        "acme.edge",
    ),
    "from one project to another": (
        bindings({"default": "v1:a"}, lab="v1:b", vision=None),
        bindings({"default": "v1:a"}, lab=None, vision="v1:b"),
        "acme.lab.default",
        "acme.vision.default",
    ),
    "to another name": (
        bindings({"default": "v1:a", "edge": "v1:b"}),
        bindings({"default": "v1:a", "line": "v1:b"}),
        "acme.edge",
        "acme.line",
    ),
    "of an existing Secret": (
        bindings({"default": "v1:a", "edge": "vault:b"}, lab=None),
        bindings({"default": "v1:a"}, lab="vault:b"),
        "acme.edge",
        "acme.lab.default",
    ),
}


@pytest.mark.parametrize("move", MOVES)
def test_a_credential_that_moved_is_registered_as_what_it_was(tmp_path: Path, move: str) -> None:
    before, after, was, now = MOVES[move]
    first = deployment(tmp_path, before)
    second = deployment(tmp_path, after, first)
    assert second.error is None
    assert second.component("PaletteIntegration", now).aliases == (first.component("PaletteIntegration", was).urn,)
    assert [each.name for each in second.components if each.aliases] == [now]
    continued = second.continued(first)
    for kind in {"Secret", "Settings"} & {each.kind for each in first.objects if each.name == was}:
        moved = second.object(kind, now)
        assert continued[moved.urn] == first.object(kind, was).urn
        assert moved.delete_before_replace


TWO_STEPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "two change places": (bindings({"default": "v1:a", "edge": "v1:b"}), bindings({"default": "v1:b", "edge": "v1:a"})),
    "the old place stays in use": (bindings({"default": "v1:a"}, lab=None), bindings({"default": "v1:b"}, lab="v1:a")),
    "the new place was in use": (bindings({"default": "v1:a", "edge": "v1:b"}), bindings({"default": "v1:b"})),
    "the old place stays in use in another namespace": (
        bindings({"default": "v1:a"}, lab=None),
        {
            **bindings({"default": "v1:b"}, lab="v1:a"),
            "paletteai:tenant": {
                **bindings({"default": "v1:b"}, lab="v1:a")["paletteai:tenant"],
                "namespace": "dev-tenant",
            },
        },
    ),
}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("move", TWO_STEPS)
def test_a_move_that_cannot_be_made_at_once_is_refused(tmp_path: Path, move: str, preview: bool) -> None:
    before, after = TWO_STEPS[move]
    recording = deployment(tmp_path, after, deployment(tmp_path, before), preview=preview)
    assert set(refused(recording)) == {"PAI003"}
    assert "Use two deployments: first remove the credential from Settings `" in str(recording.error)
    assert "stays in use with another credential" in str(recording.error)


def test_a_refused_move_names_where_the_credential_was_and_goes_through_in_two_steps(tmp_path: Path) -> None:
    first = deployment(tmp_path, bindings({"default": "v1:a"}, lab=None))
    last = bindings({"default": "v1:b"}, lab="v1:a")
    assert (
        "the credential of Settings `lab/default` was in Settings `tenant-acme/default` in the last deployment, and "
        in str(deployment(tmp_path, last, first).error)
    )
    without = deployment(tmp_path, bindings({"default": "v1:b"}, lab=None), first)
    assert without.error is None
    done = deployment(tmp_path, last, without)
    assert done.error is None
    assert not any(each.aliases for each in done.components)


RENAMED = bindings({"default": "v1:a", "edge": "v1:b"})
RENAMED["paletteai:tenant"]["namespace"] = "dev-tenant"


@pytest.mark.parametrize("after", [bindings({"default": "v1:a2", "edge": "v1:b"}), RENAMED], ids=["key", "namespace"])
def test_a_rotated_key_and_a_namespace_of_another_name_move_nothing(tmp_path: Path, after: dict[str, Any]) -> None:
    first = deployment(tmp_path, bindings({"default": "v1:a", "edge": "v1:b"}))
    second = deployment(tmp_path, after, first)
    assert second.error is None
    assert not any(each.aliases for each in second.components)
    assert second.object("Secret", "acme.default").urn == first.object("Secret", "acme.default").urn


def test_at_the_first_deployment_there_is_nothing_to_go_by(tmp_path: Path) -> None:
    recording = deployment(tmp_path, bindings({"default": "v1:a"}))
    assert recording.error is None
    assert recording.invokes == [("pulumi:pulumi:readStackOutputs", {"name": "organization/paletteai/acme.dev"})]


KNOWN = {
    "urn": "urn:pulumi:acme.dev::paletteai::paletteai:index:PaletteIntegration::acme.old",
    "fingerprint": fingerprint_of(key_in("v1:a")),
}


@pytest.mark.parametrize(
    "outputs",
    [
        {"lastDeployment": "x"},
        {"lastDeployment": {"settings": "x"}},
        {"lastDeployment": {"settings": ["x"]}},
        {"lastDeployment": {"settings": None, "objects": "x", "apiVersion": 1}},
        {"lastDeployment": {"settings": {"a/b": "x", "c/d": None, "e/f": [KNOWN]}, "objects": [None]}},
        {"lastDeployment": {"settings": {"a/b": {**KNOWN, "urn": 1}}}},
        {"lastDeployment": {"settings": {"a/b": {"fingerprint": KNOWN["fingerprint"]}}}},
        {"lastDeployment": {"settings": {"a/b": {**KNOWN, "fingerprint": [KNOWN["fingerprint"]]}}}},
        {"settings": {"a/b": KNOWN}},
    ],
    ids=str,
)
def test_outputs_of_another_form_are_ignored(tmp_path: Path, outputs: dict[str, Any]) -> None:
    recording = deployment(tmp_path, bindings({"default": "v1:a"}), outputs=outputs)
    assert recording.error is None
    assert not any(each.aliases for each in recording.components)


def test_outputs_that_are_as_they_should_be_are_not_ignored(tmp_path: Path) -> None:
    recording = deployment(
        tmp_path, bindings({"default": "v1:a"}), outputs={"lastDeployment": {"settings": {"a/b": KNOWN}}}
    )
    assert recording.component("PaletteIntegration", "acme.default").aliases == (KNOWN["urn"],)


def test_outputs_that_cannot_be_read_at_once_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previous, "_WAITS", (0.0, 0.0))
    first = deployment(tmp_path, bindings({"default": "v1:a"}))
    assert deployment(tmp_path, bindings({"edge": "v1:a"}), first, failures=2).error is None
    recording = deployment(tmp_path, bindings({"edge": "v1:a"}), first, failures=3)
    assert isinstance(recording.error, PreviousDeploymentError)
    assert "the checkpoint cannot be read" in str(recording.error)
    assert recording.resources == []
