"""A git repository with a Pulumi project in it, for the tests of what git is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.projects import Project

GIT = shutil.which("git")
# A commit starts no other process, and a repository begins without examples of hooks.
PLAIN = ("-c", "maintenance.auto=false", "-c", "init.templateDir=")


class Repository(Project):
    """A project whose folder is a repository with the branch main."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        self._commits = 0
        if GIT is None:
            pytest.skip("needs git on PATH")
        monkeypatch.setenv("PATH", os.path.dirname(GIT))
        # Nobody's own configuration has a say.
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        """What git prints, run in the project's folder."""
        who = ("-c", "user.name=someone", "-c", "user.email=someone@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            [str(GIT), *who, *PLAIN, *arguments], cwd=self.folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        """Commits everything there is, and says the commit's id."""
        self.git("add", "--all")
        # Two commits of one moment that say the same would be one.
        self._commits += 1
        self.git("commit", "--quiet", "--allow-empty", "--message", str(self._commits))
        return self.git("rev-parse", "HEAD")
