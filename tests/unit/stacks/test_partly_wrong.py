"""Files that are partly wrong: what cannot be understood is told once, and drags nothing else along."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from support.oracle import File, Path
from support.samples import PROOF, codes, declared_credential, digest, stack, told, workspace
from support.topologies import stack_of

from paletteai_components.diagnostics import Severity
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.workspace import Workspace


def sealed(name: str, ciphertext: str, host: str) -> dict[str, Any]:
    return declared_credential(
        ciphertext,
        hostUrl=f"https://{host}.example",
        fingerprint={"value": f"pai1:{name * 40}", "ciphertext": digest(ciphertext), "proof": PROOF},
    )


# Everything that a stack can state of a tenant that is made elsewhere, and nothing wrong with it.
WHOLE: File = {
    "config": {
        "kubernetes:context": "plant",
        "paletteai:cluster": "plant-1",
        "paletteai:environment": "dev",
        "paletteai:mergedSettings": True,
        "paletteai:apiVersion": "spectrocloud.com/v1alpha1",
        "paletteai:vendorFields": {"settings.nvidia": "spec.integrations.ngc.secretRef.name"},
        "paletteai:integrations": {
            "shared": sealed("a", "v1:AAAA:1111", "one"),
            "edge": sealed("b", "v1:BBBB:2222", "two"),
            "vaulted": {"existingSecret": "lab-palette", "credential": "vault://lab"},
        },
        "paletteai:tenant": {
            "name": "acme",
            "existing": True,
            "namespace": "acme",
            "settings": {
                "default": {"palette": "shared", "secretName": "palette-one", "labels": {"team": "ml"}},
                "edge": {"palette": "edge", "nvidia": {"existingSecret": "acme/ngc"}, "annotations": {"team": "ml"}},
            },
            "existingSettings": ["platform"],
            "settingsRef": "default",
            "sharedClusterOnly": False,
            "computeConfigRef": {"name": "default", "namespace": "acme"},
            "roleMapping": {"admin": ["acme-admins"], "editor": ["e"], "viewer": ["v"]},
            "labels": {"team": "ml"},
            "annotations": {"team": "ml"},
            "onRemoval": "retain",
            "projects": [
                {"name": "vision", "displayName": "Vision", "createNamespace": False, "onRemoval": "delete"},
                {
                    "name": "line-1",
                    "settingsRef": "edge",
                    "computeConfigRef": {"name": "big"},
                    "roleMapping": {"admin": ["a"]},
                    "deploymentNamespaces": {"allow": ["a"], "disallow": ["b"]},
                    "labels": {"team": "ml"},
                    "annotations": {"team": "ml"},
                    "extraSpec": {"gpuQuota": 1},
                },
                {
                    "name": "lab",
                    "settings": {
                        "name": "own",
                        "palette": "vaulted",
                        "huggingFace": {"existingSecret": "hf"},
                        "extraSpec": {"gpuQuota": 4},
                    },
                },
                {"name": "demo", "settingsRef": "platform"},
            ],
        },
    }
}

# What can be stated only of a tenant that is made here.
MADE: File = {
    "config": {
        "paletteai:tenant": {
            "name": "beta",
            "createNamespace": True,
            "displayName": "Beta",
            "description": "Makes things.",
            "groups": ["beta-admins"],
            "sharedClusterOnly": True,
            "extraSpec": {"gpuQuota": 4},
        }
    }
}

# They hold the names that WHOLE would have without one thing or another that it states.
NEIGHBOURS = [
    stack(
        f"""
        {where}
        paletteai:tenant:
          name: {tenant}
          namespace: {tenant}-here
          sharedClusterOnly: true
          computeConfigRef: {{name: default}}
          projects: {projects}
        """,
        f"{tenant}.dev",
    )
    for where, tenant, projects in [
        ("kubernetes:context: plant-2", "globex", "[{name: vision}, {name: line-1}, {name: lab}, {name: demo}]"),
        ("paletteai:cluster: plant-1", "acme", "[{name: made-here}]"),
        ("paletteai:cluster: plant-1", "initech", "[{name: tenant-acme}]"),
    ]
]


def locations(value: Any, path: Path = ()) -> list[Path]:
    """The path of everything in a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in entries for found in [(*path, key), *locations(inner, (*path, key))]]


def spoiled(file: File, path: Path, value: Any) -> File:
    """The file with another value at a path."""
    file = copy.deepcopy(file)
    inside: Any = file["config"]
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return file


def judged(file: File) -> Workspace:
    return workspace(stack_of("acme.eu.dev", file)[0], *NEIGHBOURS)


@pytest.mark.parametrize("file", [WHOLE, MADE], ids=["elsewhere", "made"])
def test_the_whole_file_has_nothing_wrong_with_it(file: File) -> None:
    assert [str(diagnostic) for diagnostic in diagnostics_of(judged(file)) if diagnostic.code != "PAI014"] == []


WRONG = [
    pytest.param(file, path, id=".".join(map(str, path)).removeprefix("paletteai:"))
    for file in (WHOLE, MADE)
    for path in locations(file["config"])
    if path != ("kubernetes:context",) and "extraSpec" not in path[:-1]
]


@pytest.mark.parametrize(("file", "path"), WRONG)
def test_a_value_of_another_type_is_one_problem(file: File, path: Path) -> None:
    diagnostics = [each for each in diagnostics_of(judged(spoiled(file, path, 651))) if each.code != "PAI014"]
    # That a fingerprint cannot be compared is noted all the same.
    assert codes([each for each in diagnostics if each.severity is not Severity.NOTE]) == ["PAI012"]


def test_what_is_wrong_elsewhere_in_a_partly_wrong_file_is_told_all_the_same() -> None:
    wrong = stack(
        """
        paletteai:tenant:
          name: acme
          displayName: "Acme!"
          description: 7
          projects:
            - {name: 12}
            - {displayName: nameless}
            - {name: Vision}
        """
    )
    diagnostics = diagnostics_of(workspace(wrong))
    assert sorted(codes(diagnostics)) == ["PAI007", "PAI008", "PAI012", "PAI012", "PAI012"]


def test_the_lines_of_projects_hold_when_others_were_left_out() -> None:
    wrong = stack(
        """
        paletteai:tenant:
          name: acme
          projects:
            - {name: 12}
            - {name: vision}
            - 7
            - name: Line
              displayName: "Line!"
        """
    )
    told = {
        (diagnostic.code, location.line)
        for diagnostic in diagnostics_of(workspace(wrong))
        for location in diagnostic.where
    }
    assert told == {("PAI012", 5), ("PAI012", 7), ("PAI007", 8), ("PAI008", 9)}


def test_a_number_where_text_belongs_is_told_to_be_quoted() -> None:
    wrong = stack(
        """
        paletteai:integrations:
          shared: {hostUrl: https://a.example, tenant: t, defaultProjectID: 651234567890123456789012}
        paletteai:tenant: {name: acme}
        """
    )
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI012")
    assert "defaultProjectID" in diagnostic.message
    assert "reads as a number" in diagnostic.message
    assert "651" not in str(diagnostic)
    assert diagnostic.help == "Write the value in quotes."
    assert "PAI009" not in codes(diagnostics_of(workspace(wrong)))


def test_one_wrong_stack_does_not_silence_another() -> None:
    wrong, right = stack("paletteai:tenant: 7", "wrong.dev"), stack("paletteai:tenant: {name: Bad}", "Bad.dev")
    assert codes(diagnostics_of(workspace(wrong, right))) == ["PAI007", "PAI012"]
