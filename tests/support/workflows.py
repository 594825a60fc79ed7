"""The workflows of a repository, on GitHub and GitLab, as tests ask for them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


class _Workflows(yaml.SafeLoader):
    """YAML as GitHub reads it: `on` is a key."""


_Workflows.yaml_implicit_resolvers = {
    character: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for character, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Workflows:
    """The workflows in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = sorted((root / ".github" / "workflows").glob("*.yaml"))
        self.names = [file.stem for file in self.files]
        self.gitlab_file = root / ".gitlab-ci.yml"

    def __getitem__(self, name: str) -> dict[str, Any]:
        """A workflow of GitHub."""
        loaded: dict[str, Any] = _loaded(self.root / ".github" / "workflows" / f"{name}.yaml")
        return loaded

    def jobs(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every job of GitHub's workflows: the workflow, its name and the job."""
        for name in self.names:
            for job, content in self[name]["jobs"].items():
                yield name, job, content

    def called(self) -> dict[tuple[str, str], str]:
        """Which workflow of this repository a job calls, by the job."""
        found = {}
        for name, job, content in self.jobs():
            if "uses" in content:
                file = re.fullmatch(r"\./\.github/workflows/(\w+)\.yaml", content["uses"])
                assert file, content
                found[name, job] = file[1]
        return found

    def steps(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every step of GitHub's workflows."""
        for name, job, content in self.jobs():
            for step in content.get("steps", ()):
                yield name, job, step

    def before(self, name: str, job: str) -> set[str]:
        """Every job of a workflow that has to succeed before one of its jobs starts."""
        content = self[name]["jobs"][job]
        needed = content.get("needs", [])
        direct = {needed} if isinstance(needed, str) else set(needed)
        return direct.union(*(self.before(name, each) for each in direct))

    @functools.cached_property
    def gitlab(self) -> dict[str, dict[str, Any]]:
        """The jobs of GitLab, with what they extend."""
        content = yaml.safe_load(self.gitlab_file.read_text())
        found: dict[str, dict[str, Any]] = {}
        for name, job in content.items():
            if isinstance(job, dict) and ("script" in job or "trigger" in job):
                extended = [job["extends"]] if isinstance(job.get("extends", []), str) else job.get("extends", [])
                whole: dict[str, Any] = {}
                for base in extended:
                    whole |= content[base]
                found[name] = whole | job
        return found

    def run_lines(self) -> list[str]:
        """Every line that a workflow runs."""
        lines = [line for _, _, step in self.steps() for line in step.get("run", "").splitlines()]
        for job in self.gitlab.values():
            lines += [line for part in ("before_script", "script") for line in job.get(part, ())]
        return lines


@functools.cache
def _loaded(file: Path) -> Any:
    return yaml.load(file.read_text(), _Workflows)
