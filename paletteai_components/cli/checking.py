"""Runs the rules: with two processes, where there are many projects."""

from __future__ import annotations

from dataclasses import replace

from paletteai_components.cli.lifetime import kept
from paletteai_components.cli.reading import elsewhere
from paletteai_components.diagnostics import Diagnostic
from paletteai_components.rules import OF_ALL, OF_EACH, completed, diagnostics_of, found_by
from paletteai_components.stacks.workspace import Workspace

# Fewer are checked before another process has started.
MANY_PROJECTS = 1_000
# What the other process checks of the stacks one by one, besides all of them together: as much as takes as long.
_SHARE = 1 / 5


def checked(workspace: Workspace) -> list[Diagnostic]:
    """Every problem of a workspace, in order: see `rules.diagnostics_of`."""
    kept(workspace)
    if sum(len(plan.projects) for _, plan in workspace.planned) < MANY_PROJECTS:
        return diagnostics_of(workspace)
    rest = round(len(workspace.stacks) * (1 - _SHARE))
    mine, others = (replace(workspace, stacks=stacks) for stacks in (workspace.stacks[:rest], workspace.stacks[rest:]))
    with elsewhere(lambda: [*found_by(OF_EACH, others), *found_by(OF_ALL, workspace)]) as found_elsewhere:
        here = list(found_by(OF_EACH, mine))
        return completed([*here, *found_elsewhere()], workspace)
