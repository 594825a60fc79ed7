"""Runs the rules: with two processes, where there are many projects."""

from __future__ import annotations

from paletteai_components.cli.reading import elsewhere
from paletteai_components.diagnostics import Diagnostic
from paletteai_components.rules import OF_ALL, OF_EACH, completed, diagnostics_of, found_by
from paletteai_components.stacks.workspace import Workspace

# Fewer are checked before another process has started.
MANY_PROJECTS = 1_000


def checked(workspace: Workspace) -> list[Diagnostic]:
    """Every problem of a workspace, in order: see `rules.diagnostics_of`."""
    if sum(len(plan.projects) for _, plan in workspace.planned) < MANY_PROJECTS:
        return diagnostics_of(workspace)
    with elsewhere(lambda: list(found_by(OF_ALL, workspace))) as others:
        here = list(found_by(OF_EACH, workspace))
        return completed([*here, *others()], workspace)
