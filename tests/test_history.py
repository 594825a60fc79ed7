"""What a deployment leaves for the next one, and what that makes of a credential that has moved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from programs import KEY, copied_examples, deployed, leaks

from paletteai_components.manifests import FINGERPRINT_ANNOTATION


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The example stacks, where they may be changed."""
    return copied_examples(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for stack files."""
    (tmp_path / "stacks").mkdir()
    return tmp_path / "stacks"


def test_the_exports_are_what_the_documentation_says(examples: Path) -> None:
    recording = deployed(examples, "acme.dev")
    fingerprints = {
        name: each.inputs["metadata"].get("annotations", {}).get(FINGERPRINT_ANNOTATION)
        for name, each in ((f"{each.place[1]}/{each.place[2]}", each) for each in recording.objects)
        if each.kind == "Settings"
    }
    urns = {each.name: each.urn for each in recording.components if each.kind == "PaletteIntegration"}

    def exported(place: str, integration: str, secret: str, urn: str, known: str | None = None) -> dict[str, Any]:
        fields = {"integration": integration, "secret": secret, "credential": known, "urn": urns[urn]}
        return {**fields, "fingerprint": fingerprints[place]}

    assert recording.exports["tenant"] == "acme"
    assert recording.exports["namespaces"] == {
        "tenant": "dev-tenant",
        "projects": ["vision", "line-1", "lab", "robotics"],
    }
    assert recording.exports["settings"] == {
        "dev-tenant/default": exported(
            "dev-tenant/default", "shared", "dev-tenant/dev-palette-api-secret", "acme.default"
        ),
        "dev-tenant/edge": exported("dev-tenant/edge", "edge", "dev-tenant/edge-palette", "acme.edge"),
        "lab/default": exported("lab/default", "lab", "lab/default-palette", "acme.lab.default"),
        "robotics/default": exported(
            "robotics/default",
            "vaulted",
            "robotics/robotics-palette",
            "acme.robotics.default",
            "vault://dev/acme/robotics",
        ),
    }
    assert {
        name: (each["source"], each["settings"], each["integration"])
        for name, each in recording.exports["projects"].items()
    } == {
        "vision": ("fallback", "dev-tenant/default", "shared"),
        "line-1": ("settingsRef", "dev-tenant/edge", "edge"),
        "lab": ("own", "lab/default", "lab"),
        "robotics": ("own", "robotics/default", "vaulted"),
    }
    assert set(recording.exports) == {"tenant", "namespaces", "settings", "projects"}
    assert leaks([json.dumps(recording.exports, default=repr)], KEY) == []
    assert "Secret(" not in repr(recording.exports)


def test_a_preview_exports_the_same(examples: Path) -> None:
    assert deployed(examples, "acme.dev", preview=True).exports == deployed(examples, "acme.dev").exports
