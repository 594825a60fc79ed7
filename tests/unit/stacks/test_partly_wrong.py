"""Files that are partly wrong: what cannot be understood is told once, and drags nothing else along."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from support.oracle import File, Path
from support.pasted import EVERYTHING, paths
from support.samples import codes, stack, workspace
from support.topologies import stack_of

from paletteai_components.diagnostics import Severity
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack

# Everything that a stack can state of a tenant that is made here, and nothing wrong with it.
MADE: File = {"config": {"kubernetes:context": "town", **deepcopy(EVERYTHING)}}
# For an existing Secret none is written.
for field in ("secretName", "secretLabels", "secretAnnotations"):
    MADE["config"]["paletteai:tenant"]["projects"][0]["settings"].pop(field, None)

# The same of one that is made elsewhere.
ELSEWHERE = deepcopy(MADE)
ELSEWHERE["config"]["paletteai:tenant"]["existing"] = True
for field in ("createNamespace", "displayName", "description", "groups", "extraSpec", "importIds"):
    del ELSEWHERE["config"]["paletteai:tenant"][field]
for field in ("namespaceLabels", "namespaceAnnotations"):
    ELSEWHERE["config"]["paletteai:tenant"].pop(field, None)

# They hold the names that ELSEWHERE would have without one thing or another that it states.
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
        ("kubernetes:context: city", "globex", "[{name: vision}, {name: line-1}, {name: lab}]"),
        ("paletteai:cluster: edge-of-town", "acme", "[{name: made-here}]"),
        ("paletteai:cluster: edge-of-town", "initech", "[{name: tenant-acme}]"),
    ]
]


def spoiled(file: File, path: Path, value: Any) -> File:
    """The file with another value at a path."""
    file = deepcopy(file)
    inside: Any = file["config"]
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    return file


def problems(file: File, neighbours: list[Stack]) -> list[str]:
    """What is told of a stack file, but for its name."""
    return [
        str(each)
        for each in diagnostics_of(workspace(stack_of("acme.eu.dev", file)[0], *neighbours))
        if each.code != "PAI014" and each.severity is not Severity.NOTE
    ]


@pytest.mark.parametrize(("file", "neighbours"), [(MADE, []), (ELSEWHERE, NEIGHBOURS)], ids=["made", "elsewhere"])
def test_the_whole_file_has_nothing_wrong_with_it(file: File, neighbours: list[Stack]) -> None:
    assert problems(file, neighbours) == []


WRONG = [
    pytest.param(file, path, neighbours, id=".".join(map(str, path)).removeprefix("paletteai:"))
    for file, neighbours, already in ((ELSEWHERE, NEIGHBOURS, []), (MADE, [], list(paths(ELSEWHERE["config"]))))
    for path in paths(file["config"])
    if path != ("kubernetes:context",) and path not in already and "extraSpec" not in path[:-1]
]


@pytest.mark.parametrize(("file", "path", "neighbours"), WRONG)
def test_a_value_of_another_type_is_one_problem(file: File, path: Path, neighbours: list[Stack]) -> None:
    (problem,) = problems(spoiled(file, path, 651), neighbours)
    assert "error PAI012" in problem


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


def test_one_wrong_stack_does_not_silence_another() -> None:
    wrong, right = stack("paletteai:tenant: 7", "wrong.dev"), stack("paletteai:tenant: {name: Bad}", "Bad.dev")
    assert codes(diagnostics_of(workspace(wrong, right))) == ["PAI007", "PAI012"]
