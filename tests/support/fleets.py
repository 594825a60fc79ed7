"""A repository of stacks whose `pulumi` plays what a test says, and histories of such repositories."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from support.environments import Backend
from support.repository import GIT, Repository


class Fleet(Backend, Repository):
    """A project with the stacks acme.dev, beta.dev and gamma.dev, all of them committed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        monkeypatch.setenv("PATH", os.pathsep.join((str(self.bin), os.path.dirname(str(GIT)))))
        (folder / ".gitignore").write_text("/bin/\n")
        (folder / "__main__.py").write_text("from paletteai_components.deployment.program import run\n\nrun()\n")
        (folder / "requirements.txt").write_text("paletteai-components==1.0\n")
        self.commit()

    def file(self, name: str, text: str) -> Path:
        """Write a file anywhere in the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def edit(self, stack: str, old: str, new: str) -> None:
        """Change one thing in a stack file."""
        path = self.stacks / f"Pulumi.{stack}.yaml"
        text = path.read_text()
        assert text.count(old) == 1, f"{old!r} should stand there once"
        path.write_text(text.replace(old, new))

    def listed(self, *arguments: str) -> dict[str, Any]:
        """What `paletteai stacks` says as JSON."""
        value: dict[str, Any] = json.loads(self.printed("stacks", "--format", "json", *arguments))
        return value

    def reached(self, revision: str = "HEAD", *arguments: str) -> dict[str, list[tuple[str, str]]]:
        """The stacks that a change since a revision reaches, with causes and reasons."""
        stacks = self.listed("--since", revision, *arguments)["stacks"]
        return {each["name"]: [(why["cause"], why["text"]) for why in each["reasons"]] for each in stacks}
