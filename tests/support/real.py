"""A Pulumi project run by the real CLI, against a real API server, with a state in a folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane

PULUMI = shutil.which("pulumi")
PASSPHRASE = "paletteai-example"


@dataclass(frozen=True)
class Outcome:
    """How a run of the CLI ended: its exit code, and everything it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def printed(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr


class RealProject:
    """This project's files in a folder of their own, with a backend of its own.

    `program` is the text of `__main__.py`, where it is not the project's own.
    """

    def __init__(self, folder: Path, cluster: ControlPlane, program: str | None = None) -> None:
        self.folder = folder / "project"
        self.stacks = self.folder / "stacks"
        self.state = folder / "state"
        self.home = folder / "home"
        for each in (self.stacks, self.state, self.home):
            each.mkdir(parents=True)
        text = (ROOT / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
        (self.folder / "Pulumi.yaml").write_text(text)
        (self.folder / "__main__.py").write_text((ROOT / "__main__.py").read_text() if program is None else program)
        self.env = {
            **os.environ,
            "KUBECONFIG": str(cluster.kubeconfig),
            "HOME": str(self.home),
            "PULUMI_HOME": str(pulumi_home(folder)),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_OPTION_NON_INTERACTIVE": "true",
            # A file of bytecode for every module of the SDK would be written anew for each test.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def examples(self) -> None:
        """Puts the example stacks of this project there, known to the backend."""
        for path in sorted((ROOT / "stacks").glob("Pulumi.*.yaml")):
            shutil.copy(path, self.stacks)
            self.init(path.name.removeprefix("Pulumi.").removesuffix(".yaml"))

    def init(self, stack: str) -> None:
        """Makes a stack known to the backend. Its file may be there already."""
        path = self.stacks / f"Pulumi.{stack}.yaml"
        text = path.read_bytes() if path.exists() else None
        self.run("stack", "init", stack)
        if text is not None:
            # `stack init` writes the file anew.
            path.write_bytes(text)

    def set_key(self, stack: str, integration: str, key: str) -> None:
        """Encrypts a key into a stack's file, and writes its fingerprint, as a user does."""
        # The report of a test that fails here would show the key.
        __tracebackhide__ = True
        path = f"paletteai:integrations.{integration}.apiKey"
        self.run("config", "set", "--secret", "--path", path, "--stack", stack, input=key)
        self.paletteai("fingerprint", stack)

    def paletteai(self, *arguments: str, check: bool = True) -> Outcome:
        """Runs this project's own command."""
        return self._outcome([str(Path(sys.executable).with_name("paletteai")), *arguments], check=check)

    def run(
        self, *arguments: str, check: bool = True, input: str | None = None, env: Mapping[str, str] | None = None
    ) -> Outcome:
        """Runs `pulumi`. Raises AssertionError, with what it printed, where it fails and that is not expected."""
        __tracebackhide__ = True
        return self._outcome(self.command(*arguments), check=check, input=input, env=env)

    def command(self, *arguments: str) -> list[str]:
        """The command that `run` runs."""
        assert PULUMI is not None
        return [PULUMI, *arguments, "--color=never"]

    def up(self, stack: str, *flags: str, check: bool = True, env: Mapping[str, str] | None = None) -> Outcome:
        """Deploys a stack."""
        return self.run("up", "--yes", "--skip-preview", "--stack", stack, *flags, check=check, env=env)

    def preview(self, stack: str, *flags: str, check: bool = True, env: Mapping[str, str] | None = None) -> Outcome:
        """Previews a stack."""
        return self.run("preview", "--stack", stack, *flags, check=check, env=env)

    def take_over(self, stack: str, refused: Outcome) -> list[str]:
        """Takes over what a refusal names, as it says: with `importIds`, for one deployment. Returns what that was."""
        references = sorted(set(re.findall(r"error PAI018: `([^`]+)` already exists in ", refused.printed)))
        path = self.stacks / f"Pulumi.{stack}.yaml"
        before = path.read_text()
        declared = yaml.safe_load(before)
        tenant = declared["config"]["paletteai:tenant"]
        projects = {each["name"]: each for each in tenant["projects"]}
        for reference in references:
            projects.get(reference.split("/")[1], tenant).setdefault("importIds", []).append(reference)
        path.write_text(yaml.safe_dump(declared))
        self.up(stack)
        path.write_text(before)
        self.up(stack)
        return references

    def steps(self, stack: str, *flags: str) -> dict[str, list[str]]:
        """What a preview would do: for each operation the URNs, without what stays the same."""
        told = json.loads(self.preview(stack, "--json", *flags).stdout)
        steps: dict[str, list[str]] = {}
        for step in told["steps"]:
            if step["op"] != "same":
                steps.setdefault(step["op"], []).append(step["urn"])
        return steps

    def outputs(self, stack: str) -> Any:
        """The outputs of a stack."""
        return json.loads(self.run("stack", "output", "--json", "--stack", stack).stdout)

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """The resources in a stack's state."""
        exported = json.loads(self.run("stack", "export", "--stack", stack).stdout)
        return exported["deployment"].get("resources") or []

    def _outcome(
        self, command: list[str], *, check: bool, input: str | None = None, env: Mapping[str, str] | None = None
    ) -> Outcome:
        __tracebackhide__ = True
        result = subprocess.run(
            command,
            cwd=self.folder,
            env={**self.env, **(env or {})},
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        outcome = Outcome(result.returncode, result.stdout, result.stderr)
        assert not check or outcome.code == 0, f"{' '.join(command)} ended with {outcome.code}\n{outcome.printed}"
        return outcome


Real = Callable[..., RealProject]
"""Makes a project; what it is given is the text of a program of its own."""


def pulumi_home(folder: Path) -> Path:
    """A home of its own, in which the plugins of the user's are found."""
    home = folder / "pulumi"
    home.mkdir()
    plugins = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins"
    if plugins.is_dir():
        (home / "plugins").symlink_to(plugins)
    return home
