"""What a change of stack files does to a graph."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from support.samples import stack
from support.topologies import workspace_of, workspaces

from paletteai_components.diagnostics import Diagnostic
from paletteai_components.views.changed_graph import Change, ChangedGraph, What, changed_graph
from paletteai_components.views.graph import Graph, graph_of

BY_NAME = "settingsRef names the tenant's Settings tenant-acme/edge"
CONFIG = """\
paletteai:integrations:
  shared: {hostUrl: "https://a.example", tenant: t}
  lab: {hostUrl: "https://a.example", tenant: t}
paletteai:tenant:
  name: acme
  settings:
    default: {palette: shared}
    edge: {palette: lab}
  projects:
    - {name: vision}
    - {name: line-1, settingsRef: edge}
"""


def changed(old: str, new: str) -> ChangedGraph:
    assert old in CONFIG
    before, after = graph_of([stack(CONFIG)], ()), graph_of([stack(CONFIG.replace(old, new))], ())
    return changed_graph(before, after, "main", {}, ())


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("name: vision", "name: vision", {}),
        ("  - {name: vision}\n", "  - {name: vision}\n    - {name: more}\n", {("projects", "more"): Change(What.NEW)}),
        ("    - {name: vision}\n", "", {("projects", "vision"): Change(What.REMOVED)}),
        (
            ", settingsRef: edge",
            "",
            {("projects", "line-1"): Change(What.CHANGED, f"was: {BY_NAME}")},
        ),
        (
            "edge: {palette: lab}",
            "edge: {palette: shared}",
            {
                ("integrations", "lab"): Change(What.CHANGED, "was: Secrets tenant-acme/edge-palette"),
                ("integrations", "shared"): Change(What.CHANGED, "was: Secrets tenant-acme/default-palette"),
                ("settings", "tenant-acme/edge"): Change(What.CHANGED, "was: integration lab"),
            },
        ),
        (
            'lab: {hostUrl: "https://a.example"',
            'lab: {hostUrl: "https://b.example"',
            {("integrations", "lab"): Change(What.CHANGED, "was: host a.example")},
        ),
    ],
)  # fmt: skip
def test_each_part_says_what_happens_to_it(old: str, new: str, changes: dict[tuple[str, str], Change]) -> None:
    assert changed(old, new).changes == {("acme.dev", *part): change for part, change in changes.items()}


def test_what_is_removed_stays_in_the_picture_where_it_was() -> None:
    tenant = changed("    edge: {palette: lab}\n", "").graph.stacks[0].tenant
    assert tenant is not None
    removed = tenant.settings[-1]
    assert str(removed) == "tenant-acme/edge"
    assert removed.integration is not None
    assert tenant.integrations[removed.integration].name == "lab"


def test_stacks_come_and_go_and_a_removed_one_has_no_problems() -> None:
    one, other = stack(CONFIG), stack(CONFIG, "beta.dev")
    gone = Diagnostic("PAI000", "it is wrong", "Mend it.", (one.location("tenant"),))
    drawn = changed_graph(graph_of([one], [gone]), graph_of([other], ()), "main", {}, ())
    assert drawn.changes == {
        ("acme.dev", "stacks", "acme.dev"): Change(What.REMOVED),
        ("beta.dev", "stacks", "beta.dev"): Change(What.NEW),
    }
    assert [each.diagnostics for each in drawn.graph.stacks] == [(), ()]


def test_a_removed_integration_has_no_credential_in_common_with_those_of_now() -> None:
    def shared(*names: str) -> Graph:
        config = CONFIG.replace("tenant: t}", 'tenant: t, defaultProjectID: "1", apiKey: {secure: v1:x}}')
        return graph_of([stack(config.replace("name: acme", f"name: {name}"), f"{name}.dev") for name in names], ())

    after = changed_graph(shared("acme", "beta"), shared("gamma", "omega"), "main", {}, ()).graph
    numbers = {stack.name: stack.tenant and stack.tenant.integrations[0].credential for stack in after.stacks}
    assert numbers == {"acme.dev": None, "beta.dev": None, "gamma.dev": 1, "omega.dev": 1}


def test_what_a_graph_shows_comes_before_what_it_does_not() -> None:
    key = Change(What.CHANGED, "another API key")
    parts = {("acme.dev", "integrations", name): key for name in ("shared", "lab")}
    before = graph_of([stack(CONFIG)], ())
    after = graph_of([stack(CONFIG.replace('lab: {hostUrl: "https://a', 'lab: {hostUrl: "https://b'))], ())
    told = changed_graph(before, after, "main", parts, ()).changes
    assert [told[part].words for part in parts] == ["another API key", "was: host a.example"]


@given(workspaces(), workspaces())
def test_every_position_of_a_changed_graph_leads_somewhere(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]
) -> None:
    was, now = (graph_of(workspace_of(files)[0].stacks, ()) for files in (before, after))
    for node in changed_graph(was, now, "main", {}, ()).graph.stacks:
        tenant = node.tenant
        if tenant is None:
            continue
        for settings in tenant.settings:
            assert settings.integration is None or settings.integration < len(tenant.integrations)
        for project in tenant.projects:
            assert project.settings is None or project.settings < len(tenant.settings)
            assert project.own is None or tenant.settings[project.own].own


def test_a_graph_that_does_not_change_has_no_changes() -> None:
    graph = graph_of([stack(CONFIG)], ())
    told = changed_graph(graph, graph, "main", {}, ())
    assert (told.graph, told.changes) == (Graph(graph.stacks, ()), {})
