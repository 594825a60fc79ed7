"""A graph as one page for a browser, which is self-contained and loads nothing.

The page is built from the files in this folder. Its scripts are D3's releases, see `d3/README.md`, and tree.js
and page.js, which become one script with its own scope. The page's policy names the hash of each script and
of the style, so nothing else can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from paletteai_components.diagnostics import Diagnostic, escaped
from paletteai_components.views.graph import Graph, IntegrationNode, ProjectNode, SettingsNode, StackNode, TenantNode

D3 = ("d3-hierarchy", "d3-path", "d3-selection")

# The columns of a tenant's tables, written once for all tenants.
_COLUMNS = {
    "integrations": ("name", "made", "feeds", "overridden", "credential", "problems"),
    "settings": ("name", "role", "binding", "integration", "line", "problems"),
    "projects": ("name", "source", "settings", "own", "line", "problems"),
}


def page_of(graph: Graph) -> str:
    """Render a graph as an HTML page in ASCII."""
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
    """The value as JSON without `<`, line separators and `##`, so no text in it can end the script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace("##", "#\\u0023")


def _data(graph: Graph) -> dict[str, Any]:
    return {
        "columns": _COLUMNS,
        "problems": [_diagnostic(diagnostic) for diagnostic in graph.diagnostics],
        "stacks": [_stack(stack) for stack in graph.stacks],
    }


def _diagnostic(diagnostic: Diagnostic) -> list[Any]:
    where = [[escaped(location.file), location.line] for location in diagnostic.where]
    return [diagnostic.severity.value, diagnostic.code, escaped(diagnostic.message), escaped(diagnostic.help), where]


def _stack(stack: StackNode) -> dict[str, Any]:
    return {
        "name": escaped(stack.name),
        "file": escaped(stack.file),
        "environment": escaped(stack.environment),
        "cluster": escaped(stack.cluster) if stack.cluster else None,
        "tenant": _tenant(stack.tenant) if stack.tenant else None,
        "problems": stack.diagnostics,
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
    return escaped(each.name), each.managed, each.feeds, each.overridden, each.credential, each.diagnostics


def _settings(each: SettingsNode) -> tuple[Any, ...]:
    role = "own" if each.own else "default" if each.default else "other"
    return escaped(str(each)), role, each.binding.value, each.integration, each.line, each.diagnostics


def _project(each: ProjectNode) -> tuple[Any, ...]:
    return escaped(each.name), each.source.value, each.settings, each.own, each.line, each.diagnostics
