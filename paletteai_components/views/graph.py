"""A graph: tenants, integrations, Settings and projects, what binds them and which problems concern them.

It is what the diagrams are drawn from, whatever their form. Nothing of a credential is in it: that two
integrations are one credential is told by an equal number, which stands for nothing outside of the graph.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from paletteai_components.diagnostics import Problem
from paletteai_components.model.equality import equal_credentials
from paletteai_components.model.plan import PlannedProject, Topology
from paletteai_components.model.planned import PlannedSettings, Source
from paletteai_components.naming import display_name_problem
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.source_map import TENANT, Part, parts_of
from paletteai_components.stacks.stack import Stack

# By stack and key, a number for each integration whose credential another one has, too.
_Credentials = dict[tuple[str, str], int]


class Binding(StrEnum):
    """What a Settings has for Palette: an integration that is declared, or is not; none; or what others gave it."""

    DECLARED = "declared"
    UNDECLARED = "undeclared"
    NONE = "none"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class IntegrationNode:
    """A declared integration.

    Fields:
        name: its key in the stack file.
        made: False where somebody else puts its Secret in place.
        feeds: how many projects get it.
        overridden: how many projects would fall back to it, but use another or go without.
        credential: a number that is equal for integrations with the same credential; None where it has no like.
        line: where it is declared, or None.
        problems: what concerns it, as positions in the graph's problems.
    """

    name: str
    made: bool
    feeds: int
    overridden: int
    credential: int | None
    line: int | None
    problems: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SettingsNode:
    """A Settings object, the tenant's or a project's own.

    Fields:
        name, namespace: its identity in the cluster.
        binding: see `Binding`.
        integration: the position of its integration, or None where that is not declared.
        default: whether projects fall back to it.
        own: whether it is a project's own.
        line: where it is declared, or None; for a project's own, where the project is.
        problems: what concerns it; none for a project's own, for that is told of the project.
    """

    name: str
    namespace: str
    binding: Binding
    integration: int | None
    default: bool
    own: bool
    line: int | None
    problems: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class ProjectNode:
    """A project.

    Fields:
        name: its name and its namespace's.
        source: where its Palette integration comes from.
        settings: the position of the Settings that gives it, or None.
        own: the position of its own Settings, or None. They may be without Palette.
        reason: the source in words.
        line: where it is declared, or None.
        problems: what concerns it.
    """

    name: str
    source: Source
    settings: int | None
    own: int | None
    reason: str
    line: int | None
    problems: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TenantNode:
    """A tenant with all that belongs to it.

    Fields:
        name, namespace: its identity in the cluster.
        display_name: its name for people, where that is valid.
        existing: whether it is made elsewhere.
        line: where it is declared, or None.
        integrations, settings, projects: each in the order of the file, projects' own Settings last.
        problems: what concerns the tenant itself.
    """

    name: str
    namespace: str
    display_name: str | None
    existing: bool
    line: int | None
    integrations: tuple[IntegrationNode, ...]
    settings: tuple[SettingsNode, ...]
    projects: tuple[ProjectNode, ...]
    problems: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StackNode:
    """A stack.

    Fields:
        name, file, environment: as in `Stack`.
        cluster: the cluster it names, or None.
        tenant: its tenant, or None where none could be made out.
        problems: everything that has a place in its file, in the order of the graph's problems.
    """

    name: str
    file: str
    environment: str
    cluster: str | None
    tenant: TenantNode | None
    problems: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """Stacks, and the problems to which their parts refer by position."""

    stacks: tuple[StackNode, ...]
    problems: tuple[Problem, ...]


def graph_of(stacks: Iterable[Stack], problems: Iterable[Problem]) -> Graph:
    """The graph of some stacks, with the problems that may concern them."""
    stacks, problems = tuple(stacks), tuple(problems)
    told: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for position, problem in enumerate(problems):
        for place in dict.fromkeys(problem.where):
            told[place.file].append((position, place.line))
    credentials = _credentials(stacks)
    return Graph(tuple(_stack(stack, told.get(stack.file, []), credentials) for stack in stacks), problems)


def _stack(stack: Stack, told: list[tuple[int, int | None]], credentials: _Credentials) -> StackNode:
    tenant = _tenant(stack, stack.topology, told, credentials) if stack.topology else None
    everything = tuple(dict.fromkeys(position for position, _ in told))
    cluster = stack.cluster and redacted(stack.cluster)
    return StackNode(stack.name, stack.file, named(stack.environment), cluster, tenant, everything)


def _tenant(
    stack: Stack, topology: Topology, told: list[tuple[int, int | None]], credentials: _Credentials
) -> TenantNode:
    parts = parts_of(stack)
    marks: dict[Part, dict[int, None]] = defaultdict(dict)
    for problem, line in told:
        marks[parts.at(line)][problem] = None

    def marked(part: Part) -> tuple[int | None, tuple[int, ...]]:
        return parts.lines.get(part), tuple(marks.get(part, ()))

    spec, tenant = stack.spec, topology.tenant
    declared = spec.integrations if spec else {}
    keys: dict[str | None, int] = {key: position for position, key in enumerate(declared)}
    own = [project.own for project in topology.projects if project.own is not None]
    settings = [*tenant.settings, *own]
    positions = {id(each): position for position, each in enumerate(settings)}
    fed = Counter(project.provider.palette for project in topology.projects if project.provider)
    falling_back = sum(project.source is Source.FALLBACK for project in topology.projects)
    default = tenant.default.palette if tenant.default else None

    def integration(key: str, position: int) -> IntegrationNode:
        return IntegrationNode(
            named(key),
            declared[key].existing_secret is None,
            fed[key],
            len(topology.projects) - falling_back if key == default else 0,
            credentials.get((stack.name, key)),
            *marked(("integrations", position)),
        )

    def setting(each: PlannedSettings, position: int) -> SettingsNode:
        is_own = each.project is not None
        return SettingsNode(
            named(each.name),
            named(each.namespace),
            _binding(each),
            # One that leads nowhere may be anything, a key too, and is not told.
            keys.get(each.palette),
            each is tenant.default,
            is_own,
            *((parts.lines.get(("projects", int(each.path[2]))), ()) if is_own else marked(("settings", position))),
        )

    def project(each: PlannedProject, position: int) -> ProjectNode:
        return ProjectNode(
            named(each.name),
            each.source,
            positions[id(each.provider)] if each.provider else None,
            positions[id(each.own)] if each.own else None,
            each.reason,
            *marked(("projects", position)),
        )

    shown = tenant.spec.display_name
    return TenantNode(
        named(tenant.name),
        named(tenant.namespace),
        # One that is refused may be anything, a key too.
        named(shown) if shown and display_name_problem(shown) is None else None,
        tenant.spec.existing,
        parts.lines.get(TENANT),
        tuple(integration(key, position) for position, key in enumerate(declared)),
        tuple(setting(each, position) for position, each in enumerate(settings)),
        tuple(project(each, position) for position, each in enumerate(topology.projects)),
        tuple(marks.get(TENANT, ())),
    )


def _binding(settings: PlannedSettings) -> Binding:
    if not settings.made:
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
