"""Runs the rules: with two processes, where there are many projects."""

from __future__ import annotations

from paletteai_components.cli.reading import elsewhere
from paletteai_components.diagnostics import Diagnostic
from paletteai_components.rules import RULES, completed, diagnostics_of, found_by
from paletteai_components.rules.rule import Scope
from paletteai_components.stacks.workspace import Workspace

# Fewer are checked before another process has started.
MANY_PROJECTS = 1_000


def checked(workspace: Workspace) -> list[Diagnostic]:
    """Every problem of a workspace, in order: see `rules.diagnostics_of`."""
    if sum(len(plan.projects) for _, plan in workspace.planned) < MANY_PROJECTS:
        return diagnostics_of(workspace)
    of_each = [rule for rule in RULES.values() if rule.scope is Scope.STACK]
    of_all = [rule for rule in RULES.values() if rule.scope is not Scope.STACK]
    with elsewhere(lambda: list(found_by(of_all, workspace))) as others:
        here = list(found_by(of_each, workspace))
        return completed([*here, *others()], workspace)
