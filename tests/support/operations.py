"""The pages for those who run it, and a clone in which their commands can be run."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from support.checkout import ROOT
from support.scenarios import Command, run

FOLDER = ROOT / "docs" / "operations"
PAGES = sorted(FOLDER.glob("*.md"))
SCHEMA = Path("paletteai_components", "schema", "stack.json")
IDENTITY = {f"GIT_{role}_{field}": "acme" for role in ("AUTHOR", "COMMITTER") for field in ("NAME", "EMAIL")}


def cloned(folder: Path) -> Path:
    """The example stacks in a folder, committed."""
    shutil.copytree(ROOT / "stacks", folder / "stacks", dirs_exist_ok=True)
    (folder / SCHEMA).parent.mkdir(parents=True)
    shutil.copy(ROOT / SCHEMA, folder / SCHEMA)
    steps = [Command(f"git {each}", "…") for each in ("init --quiet", "add stacks", "commit --quiet --message begin")]
    run(steps, folder, environment(), {})
    return folder


def environment() -> dict[str, str]:
    """The environment in which the command of this project is found, whatever the shell of the tests says."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, **IDENTITY, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
