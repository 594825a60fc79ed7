"""A graph: tenants, integrations, Settings and projects, their bindings, and the problems that concern them.

Every diagram is drawn from it. It holds no key, ciphertext or fingerprint: integrations with the same credential
have the same number, which means nothing outside of the graph.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from paletteai_components.credentials import host_of, host_problem, name_doubt
from paletteai_components.diagnostics import Diagnostic
from paletteai_components.model.equality import equal_credentials
from paletteai_components.model.plan import Plan, PlannedProject
from paletteai_components.model.planned import PlannedSettings, Source
from paletteai_components.naming import display_name_problem
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.source_map import TENANT, Part, source_map_of
from paletteai_components.stacks.stack import Stack

# By stack and integration, a number for each integration that shares its credential with another one.
_Credentials = dict[tuple[str, str], int]


class Binding(StrEnum):
    """What a Settings binds for Palette: a declared integration, an undeclared one, or none. External: unknown."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    NONE = "none"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class IntegrationNode:
    """A declared integration."""

    name: str
    """Its name in the stack file."""
    managed: bool
    """False where its Secret is external."""
    feeds: int
    overridden: int
    """How many projects do not get it although it is the fallback."""
    credential: int | None
    """A number that integrations with the same credential share, or None."""
    host: str | None
    """The host of Palette, or None where it is not declared or not valid."""
    palette_tenant: str | None
    """The name of the Palette tenant, or None where it is not declared or hardly a name."""
    secrets: tuple[str, ...]
    """The Secrets that hold the credential, `namespace/name` each."""
    line: int | None
    diagnostics: tuple[int, ...]
    """The problems that concern it, as positions in the graph's."""


@dataclass(frozen=True, slots=True)
class SettingsNode:
    """A Settings object, the tenant's or a project's own."""

    name: str
    namespace: str
    binding: Binding
    integration: int | None
    """The position of its integration, or None where that is not declared."""
    default: bool
    own: bool
    line: int | None
    """Where it, or the project that owns it, is declared, or None."""
    diagnostics: tuple[int, ...]
    """The problems that concern it; none for a project's own, whose problems are the project's."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ProjectNode:
    """A project."""

    name: str
    """The name of the project and of its namespace."""
    source: Source
    settings: int | None
    own: int | None
    """The position of its own Settings, or None. They may lack a Palette integration."""
    reason: str
    line: int | None
    diagnostics: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TenantNode:
    """A tenant with its integrations, Settings and projects."""

    name: str
    namespace: str
    display_name: str | None
    """Its display name, or None where that is not set or not valid."""
    existing: bool
    line: int | None
    integrations: tuple[IntegrationNode, ...]
    settings: tuple[SettingsNode, ...]
    """Its Settings in the order of the file, then the projects' own."""
    projects: tuple[ProjectNode, ...]
    diagnostics: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StackNode:
    """A stack."""

    name: str
    file: str
    environment: str
    cluster: str | None
    tenant: TenantNode | None
    """Its tenant, or None where it could not be read."""
    diagnostics: tuple[int, ...]
    """Every problem with a location in its file, in the order of the graph's."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Stacks, and the problems that concern them."""

    stacks: tuple[StackNode, ...]
    diagnostics: tuple[Diagnostic, ...]
    """The problems. Nodes refer to them by position."""


def graph_of(stacks: Iterable[Stack], diagnostics: Iterable[Diagnostic]) -> Graph:
    """Build the graph of stacks, and of the problems that may concern them."""
    stacks, diagnostics = tuple(stacks), tuple(diagnostics)
    found: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for position, diagnostic in enumerate(diagnostics):
        for location in dict.fromkeys(diagnostic.where):
            found[location.file].append((position, location.line))
    credentials = _credentials(stacks)
    return Graph(tuple(_stack(stack, found.get(stack.file, []), credentials) for stack in stacks), diagnostics)


def _stack(stack: Stack, found: list[tuple[int, int | None]], credentials: _Credentials) -> StackNode:
    tenant = _tenant(stack, stack.plan, found, credentials) if stack.plan else None
    everything = tuple(dict.fromkeys(position for position, _ in found))
    cluster = stack.cluster and redacted(stack.cluster)
    return StackNode(stack.name, stack.file, named(stack.environment), cluster, tenant, everything)


def _tenant(stack: Stack, plan: Plan, found: list[tuple[int, int | None]], credentials: _Credentials) -> TenantNode:
    parts = source_map_of(stack)
    marks: dict[Part, dict[int, None]] = defaultdict(dict)
    for diagnostic, line in found:
        marks[parts.at(line)][diagnostic] = None

    def marked(part: Part) -> tuple[int | None, tuple[int, ...]]:
        return parts.lines.get(part), tuple(marks.get(part, ()))

    spec, tenant = stack.spec, plan.tenant
    declared = spec.integrations if spec else {}
    keys: dict[str | None, int] = {key: position for position, key in enumerate(declared)}
    own = [project.own for project in plan.projects if project.own is not None]
    settings = [*tenant.settings, *own]
    positions = {id(each): position for position, each in enumerate(settings)}
    users = Counter(project.effective_settings.palette for project in plan.projects if project.effective_settings)
    falling_back = sum(project.source is Source.FALLBACK for project in plan.projects)
    default = tenant.default.palette if tenant.default else None
    secrets: dict[str, list[str]] = defaultdict(list)
    for each in settings:
        if each.palette is not None and each.palette_secret is not None:
            secrets[each.palette].append(f"{named(each.palette_secret.namespace)}/{named(each.palette_secret.name)}")

    def integration(key: str, position: int) -> IntegrationNode:
        each = declared[key]
        # What a rule refuses may be anything, even an address with a password.
        host = host_of(each.host_url) if each.host_url and host_problem(each.host_url) is None else None
        return IntegrationNode(
            named(key),
            each.existing_secret is None,
            users[key],
            len(plan.projects) - falling_back if key == default else 0,
            credentials.get((stack.name, key)),
            host and redacted(host),
            named(each.tenant) if each.tenant and name_doubt(each.tenant) is None else None,
            tuple(dict.fromkeys(secrets[key])),
            *marked(("integrations", position)),
        )

    def setting(each: PlannedSettings, position: int) -> SettingsNode:
        is_own = each.project is not None
        return SettingsNode(
            named(each.name),
            named(each.namespace),
            _binding(each),
            # An undeclared reference may be anything, even a key, so it is left out.
            keys.get(each.palette),
            each is tenant.default,
            is_own,
            *((parts.lines.get(("projects", int(each.path[2]))), ()) if is_own else marked(("settings", position))),
        )

    def project(each: PlannedProject, position: int) -> ProjectNode:
        return ProjectNode(
            named(each.name),
            each.source,
            positions[id(each.effective_settings)] if each.effective_settings else None,
            positions[id(each.own)] if each.own else None,
            each.reason,
            *marked(("projects", position)),
        )

    shown = tenant.spec.display_name
    return TenantNode(
        named(tenant.name),
        named(tenant.namespace),
        # An invalid display name may be anything, even a key.
        named(shown) if shown and display_name_problem(shown) is None else None,
        tenant.spec.existing,
        parts.lines.get(TENANT),
        tuple(integration(key, position) for position, key in enumerate(declared)),
        tuple(setting(each, position) for position, each in enumerate(settings)),
        tuple(project(each, position) for position, each in enumerate(plan.projects)),
        tuple(marks.get(TENANT, ())),
    )


def _binding(settings: PlannedSettings) -> Binding:
    if not settings.managed:
        return Binding.ELSEWHERE
    if settings.palette is None:
        return Binding.NONE
    return Binding.DECLARED if settings.integration else Binding.UNDECLARED


def _credentials(stacks: Iterable[Stack]) -> _Credentials:
    declared = [
        ((stack.name, key), integration)
        for stack in stacks
        if stack.spec
        for key, integration in stack.spec.integrations.items()
    ]
    groups = equal_credentials(integration for _, integration in declared)
    shared = [[declared[position][0] for position in group] for group in groups if len(group) > 1]
    return {where: number for number, group in enumerate(shared, 1) for where in group}
