"""A graph as one page for a browser: complete in itself, and it asks no network for anything.

The page is put together from the files beside this one. Its scripts are D3's released ones, see
`d3/README.md`, and tree.js and page.js, which become one script with a scope of its own. The policy in
the page names each script and the style by its hash, so nothing else in it can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from paletteai_components.diagnostics import Problem, escaped
from paletteai_components.views.graph import Graph, IntegrationNode, ProjectNode, SettingsNode, StackNode, TenantNode

D3 = ("d3-hierarchy", "d3-path", "d3-selection")

# The tables of a tenant, whose columns are named once for all tenants.
_COLUMNS = {
    "integrations": ("name", "made", "feeds", "overridden", "credential", "problems"),
    "settings": ("name", "role", "binding", "integration", "line", "problems"),
    "projects": ("name", "source", "settings", "own", "line", "problems"),
}


def page_of(graph: Graph) -> str:
    """The page of a graph, as ASCII."""
    scripts = [*(f"{_file(f'd3/{name}.LICENSE', comment=True)}{_file(f'd3/{name}.min.js')}" for name in D3), _script()]
    style = _file("page.css")
    policy = [
        "default-src 'none'",
        f"script-src {' '.join(map(_hash, scripts))}",
        f"style-src {_hash(style)}",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return Template(_file("page.html")).substitute(
        policy="; ".join(policy),
        style=style,
        data=_embedded(_data(graph)),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


@cache
def _file(name: str, *, comment: bool = False) -> str:
    text = resources.files(__name__).joinpath(name).read_text(encoding="ascii")
    return f"/*\n{text}*/\n" if comment else text


def _script() -> str:
    return f"'use strict';\n(() => {{\n{_file('tree.js')}\n{_file('page.js')}}})();\n"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _embedded(value: Any) -> str:
    """The value as JSON that no text in it can end: `<` does not occur, and neither do line separators nor `##`."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace("##", "#\\u0023")


def _data(graph: Graph) -> dict[str, Any]:
    return {
        "columns": _COLUMNS,
        "problems": [_problem(problem) for problem in graph.problems],
        "stacks": [_stack(stack) for stack in graph.stacks],
    }


def _problem(problem: Problem) -> list[Any]:
    where = [[escaped(place.file), place.line] for place in problem.where]
    return [problem.severity.value, problem.code, escaped(problem.message), escaped(problem.help), where]


def _stack(stack: StackNode) -> dict[str, Any]:
    return {
        "name": escaped(stack.name),
        "file": escaped(stack.file),
        "environment": escaped(stack.environment),
        "cluster": escaped(stack.cluster) if stack.cluster else None,
        "tenant": _tenant(stack.tenant) if stack.tenant else None,
        "problems": stack.problems,
    }


def _tenant(tenant: TenantNode) -> dict[str, Any]:
    return {
        "name": escaped(tenant.name),
        "namespace": escaped(tenant.namespace),
        "title": tenant.display_name,
        "existing": tenant.existing,
        "line": tenant.line,
        "integrations": [_integration(each) for each in tenant.integrations],
        "settings": [_settings(each) for each in tenant.settings],
        "projects": [_project(each) for each in tenant.projects],
    }


def _integration(each: IntegrationNode) -> tuple[Any, ...]:
    return escaped(each.name), each.made, each.feeds, each.overridden, each.credential, each.problems


def _settings(each: SettingsNode) -> tuple[Any, ...]:
    role = "own" if each.own else "default" if each.default else "other"
    return escaped(str(each)), role, each.binding.value, each.integration, each.line, each.problems


def _project(each: ProjectNode) -> tuple[Any, ...]:
    return escaped(each.name), each.source.value, each.settings, each.own, each.line, each.problems
