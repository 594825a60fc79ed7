"""A graph as one page for a browser, which is self-contained and loads nothing.

The page is built from the files in this folder. Its scripts are released libraries, see `bundled/README.md`, and
the page's own, which become one script with its own scope. The page's policy names the hash of each script and of
the style, so nothing else can run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template
from typing import Any

from paletteai_components.diagnostics import Diagnostic, escaped
from paletteai_components.views.changed_graph import ChangedGraph
from paletteai_components.views.graph import Graph, IntegrationNode, ProjectNode, SettingsNode, StackNode, TenantNode
from paletteai_components.views.source_link import file_link, without_line

LIBRARIES = {"preact": "preact.min.umd.js", "htm": "htm.umd.js"}
SCRIPTS = ("model.js", "diagram.js", "page.js")

# The columns of a tenant's tables, written once for all tenants.
_COLUMNS = {
    "integrations": (
        *("name", "made", "feeds", "overridden", "credential", "host", "paletteTenant", "secrets", "line", "problems"),
        "change",
    ),
    "settings": ("name", "role", "binding", "integration", "line", "problems", "change"),
    "projects": ("name", "source", "settings", "own", "line", "problems", "change"),
}


@dataclass(frozen=True, slots=True)
class About:
    """What the page says of the files it was made of."""

    commit: str | None = None
    branch: str | None = None
    """The name of the branch, or None where none is checked out."""
    time: str | None = None
    """When the commit was made, in ISO 8601."""
    changed: bool = False
    """Whether stack files differ from the commit."""
    source_url: str | None = None
    """The template of addresses of lines, see `source_link`."""


def page_of(graph: Graph | ChangedGraph, about: About | None = None) -> str:
    """Render a graph, or what a change does to one, as an HTML page in ASCII."""
    changed = graph if isinstance(graph, ChangedGraph) else ChangedGraph(graph)
    libraries = (
        f"{_file(f'bundled/{name}.LICENSE', comment=True)}{_file(f'bundled/{LIBRARIES[name]}')}" for name in LIBRARIES
    )
    scripts = [*libraries, _script()]
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
        data=_embedded(_data(changed, about or About())),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
    )


@cache
def _file(name: str, *, comment: bool = False) -> str:
    text = resources.files(__name__).joinpath(name).read_text(encoding="ascii")
    return f"/*\n{text}*/\n" if comment else text


def _script() -> str:
    return f"'use strict';\n(() => {{\n{chr(10).join(map(_file, SCRIPTS))}}})();\n"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _embedded(value: Any) -> str:
    """The value as JSON without `<`, line separators and `##`, so no text in it can end the script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace("##", "#\\u0023")


def _data(changed: ChangedGraph, about: About) -> dict[str, Any]:
    graph = changed.graph
    return {
        "columns": _COLUMNS,
        "about": {
            "commit": about.commit,
            "branch": about.branch and escaped(about.branch),
            "time": about.time,
            "changed": about.changed,
            "base": changed.base and escaped(changed.base),
        },
        "links": _links(graph, about.source_url) if about.source_url else None,
        "problems": [_diagnostic(diagnostic, changed) for diagnostic in graph.diagnostics],
        "stacks": [_stack(stack, changed) for stack in graph.stacks],
    }


def _links(graph: Graph, template: str) -> dict[str, tuple[str, str]]:
    """By file as the page shows it, its address with a place for the line, and its address without a line."""
    files = {location.file for diagnostic in graph.diagnostics for location in diagnostic.where}
    files.update(stack.file for stack in graph.stacks)
    addresses = {file: address for file in sorted(files) if (address := file_link(template, file))}
    return {escaped(file): (address, without_line(address)) for file, address in addresses.items()}


def _diagnostic(diagnostic: Diagnostic, changed: ChangedGraph) -> list[Any]:
    where = [[escaped(location.file), location.line] for location in diagnostic.where]
    text = escaped(diagnostic.message), escaped(diagnostic.help)
    return [
        diagnostic.severity.value,
        diagnostic.code,
        *text,
        where,
        *([True] if diagnostic in changed.introduced else []),
    ]


def _stack(stack: StackNode, changed: ChangedGraph) -> dict[str, Any]:
    return {
        "name": escaped(stack.name),
        "file": escaped(stack.file),
        "environment": escaped(stack.environment),
        "cluster": escaped(stack.cluster) if stack.cluster else None,
        "tenant": _tenant(stack.tenant, stack.name, changed) if stack.tenant else None,
        "problems": stack.diagnostics,
        "change": next(_change(changed, stack.name, "stacks", stack.name), None),
    }


def _change(changed: ChangedGraph, stack: str, kind: str, name: str) -> Iterator[tuple[str, str]]:
    """What happens to a part, if anything. A row without it ends before it."""
    change = changed.changes.get((stack, kind, name))
    if change is not None:
        yield change.what.value, escaped(change.words)


def _tenant(tenant: TenantNode, stack: str, changed: ChangedGraph) -> dict[str, Any]:
    def rows(kind: str, row: Callable[[Any], tuple[Any, ...]], parts: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        names = (str(each) if isinstance(each, SettingsNode) else each.name for each in parts)
        return [(*row(each), *_change(changed, stack, kind, name)) for each, name in zip(parts, names, strict=True)]

    return {
        "name": escaped(tenant.name),
        "namespace": escaped(tenant.namespace),
        "title": tenant.display_name,
        "existing": tenant.existing,
        "line": tenant.line,
        "integrations": rows("integrations", _integration, tenant.integrations),
        "settings": rows("settings", _settings, tenant.settings),
        "projects": rows("projects", _project, tenant.projects),
    }


def _integration(each: IntegrationNode) -> tuple[Any, ...]:
    host, tenant = each.host and escaped(each.host), each.palette_tenant and escaped(each.palette_tenant)
    numbers = each.managed, each.feeds, each.overridden, each.credential
    secrets = tuple(map(escaped, each.secrets))
    return escaped(each.name), *numbers, host, tenant, secrets, each.line, each.diagnostics


def _settings(each: SettingsNode) -> tuple[Any, ...]:
    role = "own" if each.own else "default" if each.default else "other"
    return escaped(str(each)), role, each.binding.value, each.integration, each.line, each.diagnostics


def _project(each: ProjectNode) -> tuple[Any, ...]:
    return escaped(each.name), each.source.value, each.settings, each.own, each.line, each.diagnostics
