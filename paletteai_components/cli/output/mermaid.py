"""A graph as a Mermaid flowchart, which GitHub and GitLab draw in Markdown.

Names never reach Mermaid's grammar: nodes are numbered, and every character of a label except letters, digits and a
few harmless ones is written as its code.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paletteai_components.diagnostics import Diagnostic, Severity, escaped
from paletteai_components.model.planned import Source
from paletteai_components.views.graph import Binding, Graph, SettingsNode, StackNode, TenantNode

# Mermaid's default limits. Readers of a hosted page cannot raise them.
MAX_EDGES = 500
MAX_CHARACTERS = 50_000

_NAME_LIMIT = 80
_UNSAFE = re.compile(r"[^A-Za-z0-9 ./-]")
_ARROWS = {
    Source.FALLBACK: "-->|falls back|",
    Source.SETTINGS_REF: "-.->|settingsRef|",
    Source.OWN: "==>|own Settings|",
    Source.SHARED_CLUSTER_ONLY: "--o|sharedClusterOnly|",
    Source.NOWHERE: "--x|nothing to fall back to|",
}
_SHAPES = {
    Source.FALLBACK: ("(", ")"),
    Source.SETTINGS_REF: ("[", "]"),
    Source.OWN: ("[[", "]]"),
    Source.SHARED_CLUSTER_ONLY: ("([", "])"),
    Source.NOWHERE: ("{{", "}}"),
}
_BINDINGS = {
    Binding.UNDECLARED: "its integration is not declared",
    Binding.NONE: "no Palette integration",
    Binding.ELSEWHERE: "external",
}
# Text and fill contrast on light and on dark pages.
_CLASSES = {
    "error": "fill:#ffe3e3,stroke:#b3001b,stroke-width:4px,color:#3b0009",
    "warning": "fill:#fff3d1,stroke:#8a5a00,stroke-width:3px,color:#332200",
    "external": "stroke-dasharray:6 4",
}


@dataclass(frozen=True, slots=True)
class Flowchart:
    """A Mermaid flowchart."""

    text: str
    edges: int

    @property
    def is_drawn(self) -> bool:
        """Whether it is within Mermaid's default limits."""
        return self.edges <= MAX_EDGES and len(self.text) <= MAX_CHARACTERS


def flowchart_of(graph: Graph) -> Flowchart:
    """Draw a graph as a flowchart."""
    drawing = _Drawing(graph.diagnostics)
    for number, stack in enumerate(graph.stacks):
        drawing.stack(f"s{number}", stack)
    classes = [f"  classDef {name} {style}" for name, style in _CLASSES.items() if drawing.classes[name]]
    members = [f"  class {','.join(drawing.classes[name])} {name}" for name in _CLASSES if drawing.classes[name]]
    title = "  accTitle: Tenants, their Settings and projects, and where each project gets Palette from"
    return Flowchart("\n".join(["flowchart LR", title, *drawing.lines, *classes, *members]) + "\n", drawing.edges)


class _Drawing:
    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        self.lines: list[str] = []
        self.edges = 0
        self.classes: dict[str, list[str]] = defaultdict(list)

    def stack(self, at: str, stack: StackNode) -> None:
        cluster = f"cluster {_name(stack.cluster)}" if stack.cluster else "no cluster named"
        self.lines.append(f'  subgraph {at}["{_name(stack.name)}, environment {_name(stack.environment)}, {cluster}"]')
        self.lines.append("    direction LR")
        if stack.tenant is None:
            self.node(f"{at}t", ("[", "]"), ["no tenant could be read"], stack.diagnostics)
        else:
            self.tenant(at, stack.tenant)
        self.lines.append("  end")

    def tenant(self, at: str, tenant: TenantNode) -> None:
        label = [f"Tenant {_name(tenant.name)}", *(["external"] if tenant.existing else [])]
        self.node(f"{at}t", ("[", "]"), label, tenant.diagnostics, tenant.existing)
        for position, integration in enumerate(tenant.integrations):
            label = [f"integration {_name(integration.name)}"]
            if not integration.managed:
                label.append("external Secret")
            self.node(f"{at}i{position}", ("[(", ")]"), label, integration.diagnostics, not integration.managed)
        for position, settings in enumerate(tenant.settings):
            node = f"{at}s{position}"
            external = settings.binding is Binding.ELSEWHERE
            self.node(node, ("[/", "/]"), list(_settings(settings)), settings.diagnostics, external)
            if settings.integration is not None:
                self.edge(f"{at}i{settings.integration}", "---", node)
            if not settings.own:
                self.edge(f"{at}t", "---", node)
        for position, project in enumerate(tenant.projects):
            node = f"{at}p{position}"
            self.node(node, _SHAPES[project.source], [f"Project {_name(project.name)}"], project.diagnostics)
            giver = "t" if project.settings is None else f"s{project.settings}"
            self.edge(f"{at}{giver}", _ARROWS[project.source], node)
            if project.own is not None and project.own != project.settings:
                self.edge(f"{at}s{project.own}", "---|own, without Palette|", node)

    def node(
        self, at: str, shape: tuple[str, str], label: list[str], diagnostics: Iterable[int], external: bool = False
    ) -> None:
        problems = [self.diagnostics[position] for position in diagnostics]
        text = "<br/>".join([*label, *_codes(problems)])
        self.lines.append(f'    {at}{shape[0]}"{text}"{shape[1]}')
        worst = min((list(Severity).index(diagnostic.severity) for diagnostic in problems), default=None)
        if external:
            self.classes["external"].append(at)
        if worst is not None and list(Severity)[worst] is not Severity.NOTE:
            self.classes[list(Severity)[worst].value].append(at)

    def edge(self, giver: str, arrow: str, taker: str) -> None:
        self.lines.append(f"    {giver} {arrow} {taker}")
        self.edges += 1


def _settings(settings: SettingsNode) -> Iterator[str]:
    yield f"Settings {_name(str(settings))}"
    if settings.default:
        yield "the default of its projects"
    if settings.binding in _BINDINGS:
        yield _BINDINGS[settings.binding]


def _codes(diagnostics: list[Diagnostic]) -> Iterator[str]:
    for severity in Severity:
        codes = dict.fromkeys(diagnostic.code for diagnostic in diagnostics if diagnostic.severity is severity)
        if codes:
            yield f"{severity.value} {' '.join(codes)}"


def _name(text: str) -> str:
    """A name that neither ends its label nor has a meaning in it."""
    shown = escaped(text if len(text) <= _NAME_LIMIT else f"{text[: _NAME_LIMIT - 1]}…")
    # Mermaid breaks a line at `\\n`, also where the backslash comes as its code.
    shown = shown.replace("\\", "\N{SET MINUS}")
    return _UNSAFE.sub(lambda found: f"#{ord(found.group())};", shown)
