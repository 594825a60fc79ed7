"""What a change of stack files does to a graph: the parts that are new, removed, changed or affected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from paletteai_components.diagnostics import Diagnostic
from paletteai_components.views.graph import Graph, IntegrationNode, ProjectNode, SettingsNode, StackNode, TenantNode

Node = TypeVar("Node", IntegrationNode, SettingsNode, ProjectNode)
Part = tuple[str, str, str]
"""A stack, `stacks`, `integrations`, `settings` or `projects`, and the name of the part."""


class What(StrEnum):
    """What happens to a part. Affected: it is declared as before, but what it uses changes."""

    NEW = "new"
    REMOVED = "removed"
    CHANGED = "changed"
    AFFECTED = "affected"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one part of a graph."""

    what: What
    words: str = ""
    """What it was before, or by what it is affected; empty for a part that is new or removed."""


@dataclass(frozen=True, slots=True)
class ChangedGraph:
    """A graph after a change, with the parts that the change removes."""

    graph: Graph
    base: str = ""
    """What it is compared with."""
    changes: Mapping[Part, Change] = field(default_factory=dict)
    introduced: frozenset[Diagnostic] = frozenset()
    """The problems that only the change brings."""


def changed_graph(
    before: Graph, after: Graph, base: str, others: Mapping[Part, Change], introduced: Iterable[Diagnostic]
) -> ChangedGraph:
    """Compare two graphs. What is removed is added to the second one, without its problems.

    Args:
        before: The graph of the stacks as they were.
        after: The graph of the stacks as they are.
        base: What `before` is, in words.
        others: Changes that no graph shows, such as those of keys. A change that the graphs show comes first.
        introduced: The problems that only `after` has.
    """
    changes: dict[Part, Change] = {}
    former = {stack.name: stack for stack in before.stacks}
    stacks = [_stack(former.pop(stack.name, None), stack, changes) for stack in after.stacks]
    for stack in former.values():
        changes[stack.name, "stacks", stack.name] = Change(What.REMOVED)
        stacks.append(_removed(stack))
    graph = Graph(tuple(sorted(stacks, key=lambda stack: stack.name)), after.diagnostics)
    return ChangedGraph(graph, base, {**others, **changes}, frozenset(introduced))


def _stack(before: StackNode | None, after: StackNode, changes: dict[Part, Change]) -> StackNode:
    if before is None:
        changes[after.name, "stacks", after.name] = Change(What.NEW)
        return after
    if before.tenant is None or after.tenant is None:
        return after
    was, now = before.tenant, after.tenant
    facts = (("environment", before.environment, after.environment), ("cluster", before.cluster, after.cluster))
    _note(changes, (after.name, "stacks", after.name), _former([*facts, ("tenant", was.name, now.name)]))
    integrations = _merged(after.name, "integrations", was.integrations, now.integrations, changes, _integration)
    settings = _merged(
        after.name,
        "settings",
        tuple(_at_position(each, was, integrations) for each in was.settings),
        now.settings,
        changes,
        lambda old, new: _settings(old, new, integrations),
    )
    positions = {str(each): position for position, each in reversed(list(enumerate(settings)))}
    projects = _merged(
        after.name,
        "projects",
        tuple(_in_settings(each, was, positions) for each in was.projects),
        now.projects,
        changes,
        lambda old, new: _former([("", old.reason, new.reason)]),
    )
    return replace(after, tenant=replace(now, integrations=integrations, settings=settings, projects=projects))


def _merged(
    stack: str,
    kind: str,
    before: tuple[Node, ...],
    after: tuple[Node, ...],
    changes: dict[Part, Change],
    compare: Callable[[Node, Node], str],
) -> tuple[Node, ...]:
    """The parts of both sides: those of now, then those that are removed."""
    former: dict[str, Node] = {_name(each): each for each in before}
    for each in after:
        name = _name(each)
        old = former.pop(name, None)
        if old is None:
            changes[stack, kind, name] = Change(What.NEW)
        else:
            _note(changes, (stack, kind, name), compare(old, each))
    for name in former:
        changes[stack, kind, name] = Change(What.REMOVED)
    return after + tuple(map(_as_removed, former.values()))


def _as_removed(each: Node) -> Node:
    """A part without its problems. The number of its credential means another one in the graph of now."""
    if isinstance(each, IntegrationNode):
        return replace(each, diagnostics=(), credential=None)
    return replace(each, diagnostics=())


def _name(each: IntegrationNode | SettingsNode | ProjectNode) -> str:
    return str(each) if isinstance(each, SettingsNode) else each.name


def _note(changes: dict[Part, Change], part: Part, words: str) -> None:
    if words:
        changes[part] = Change(What.CHANGED, words)


def _former(facts: Iterable[tuple[str, object, object]]) -> str:
    """The former values of the facts that differ, in words."""
    differing = [f"{name} {old or 'none'}".strip() for name, old, new in facts if old != new]
    return f"was: {', '.join(differing)}" if differing else ""


def _integration(old: IntegrationNode, new: IntegrationNode) -> str:
    return _former(
        [
            ("host", old.host, new.host),
            ("Palette tenant", old.palette_tenant, new.palette_tenant),
            ("Secrets", ", ".join(old.secrets), ", ".join(new.secrets)),
        ]
    )


def _settings(old: SettingsNode, new: SettingsNode, integrations: tuple[IntegrationNode, ...]) -> str:
    def bound(each: SettingsNode) -> str:
        return each.binding.value if each.integration is None else f"integration {integrations[each.integration].name}"

    default = ("not the default" if new.default else "the default") if old.default != new.default else ""
    return _former([("", bound(old), bound(new)), ("", default, "")])


def _at_position(each: SettingsNode, was: TenantNode, integrations: tuple[IntegrationNode, ...]) -> SettingsNode:
    if each.integration is None:
        return each
    name = was.integrations[each.integration].name
    return replace(each, integration=next(at for at, other in enumerate(integrations) if other.name == name))


def _in_settings(each: ProjectNode, was: TenantNode, positions: Mapping[str, int]) -> ProjectNode:
    settings = None if each.settings is None else positions[str(was.settings[each.settings])]
    own = None if each.own is None else positions[str(was.settings[each.own])]
    return replace(each, settings=settings, own=own)


def _removed(stack: StackNode) -> StackNode:
    tenant = stack.tenant
    if tenant is not None:
        tenant = replace(
            tenant,
            diagnostics=(),
            integrations=tuple(map(_as_removed, tenant.integrations)),
            settings=tuple(map(_as_removed, tenant.settings)),
            projects=tuple(map(_as_removed, tenant.projects)),
        )
    return replace(stack, tenant=tenant, diagnostics=())
