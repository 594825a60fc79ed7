"""Graphs of stacks whose names could break what is drawn of them."""

from __future__ import annotations

import json
from dataclasses import replace

from paletteai_components.stacks.stack import Stack
from paletteai_components.views.graph import Graph, graph_of

HOSTILE = [
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    'a"]; click x "javascript:alert(1)"',
    '%%{init: {"theme": "dark"}}%%',
    "%% comment",
    "x --> y",
    "two\nlines",
    "]]-->",
    "\u202eright to left",
    "#quot;&lt;b&gt;",
    "end",
    "`code`",
    "style a fill:#fff;",
    "\U0001f642",
    "x" * 1000,
    "a|b",
]


def quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def with_projects(stack: Stack, names: list[str]) -> Graph:
    """The graph of a stack with one project, as it would be with one of each name."""
    graph = graph_of([stack], [])
    (node,) = graph.stacks
    assert node.tenant
    projects = tuple(replace(node.tenant.projects[0], name=name) for name in names)
    return replace(graph, stacks=(replace(node, tenant=replace(node.tenant, projects=projects)),))
