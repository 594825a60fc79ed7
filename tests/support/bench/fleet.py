"""One changed stack of a thousand: what choosing it costs, and what deploying it costs beside deploying it alone.

Both deployments change the name of one project. `pulumi up` alone reads the other stack files as well, because the
program checks its stack against them.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

from support.bench.measuring import Command, Figure, compared, run
from support.bench.workspaces import many_stacks
from support.checkout import ROOT

STACKS, PROJECTS = 1_000, 10
CHOOSING, DEPLOYING = 1.75, 1.5
CHANGED = "t500.dev"
_PAIRS = 5

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgsign=false")


class Fleet:
    """A repository of a thousand stacks, of which one can be changed."""

    def __init__(self, folder: Path, context: str = "dev") -> None:
        many_stacks(folder / "stacks", STACKS, PROJECTS, context=context)
        project = (ROOT / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
        (folder / "Pulumi.yaml").write_text(project)
        (folder / "__main__.py").write_text((ROOT / "__main__.py").read_text())
        self._file = folder / "stacks" / f"Pulumi.{CHANGED}.yaml"
        self._text = self._file.read_text()
        self._numbers = count(1)
        for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "-m", "x")):
            subprocess.run([*_GIT, *command], cwd=folder, check=True, capture_output=True)

    def change(self) -> None:
        """Change one thing that is deployed, to what it never was."""
        self._file.write_text(self._text.replace("Project 3\n", f"Changed {next(self._numbers)}\n", 1))


def choosing(paletteai: Path, folder: Path) -> Figure:
    """`stacks --since` against `check` of the same files, which reads and checks them once."""
    fleet = Fleet(folder)
    fleet.change()
    name = f"stacks --since of {STACKS:,} stacks, one changed / check of them"
    chosen: Command = [paletteai, "-C", folder, "stacks", "--since", "HEAD"]
    return compared(name, CHOOSING, chosen, [paletteai, "-C", folder, "check"], pairs=5)


def deploying(paletteai: Path, folder: Path, context: str, env: Mapping[str, str]) -> Iterator[Figure]:
    """`up ENV --since` against `pulumi up` of the changed stack, each after a change of its own.

    What is deployed is deleted again. Raises CalledProcessError where something cannot be.
    """
    fleet = Fleet(folder, context)
    alone = ["pulumi", "up", "--yes", "--skip-preview", "--stack", CHANGED]
    run(["pulumi", "stack", "init", "--no-select", "--non-interactive", CHANGED], folder, env)
    try:
        run(alone, folder, env)
        pairs = []
        for _ in range(_PAIRS):
            fleet.change()
            mine = run([paletteai, "up", "dev", "--yes", "--since", "HEAD"], folder, env).seconds
            fleet.change()
            pairs.append((mine, run(alone, folder, env).seconds))
        ratio = statistics.median(mine / other for mine, other in pairs)
        detail = ", ".join(f"{mine:.1f} s to {other:.1f} s" for mine, other in pairs)
        yield Figure(f"up --since of {STACKS:,} stacks, one changed / pulumi up of it", ratio, DEPLOYING, detail)
    finally:
        run(["pulumi", "destroy", "--yes", "--skip-preview", "--stack", CHANGED], folder, env)
