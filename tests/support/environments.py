"""Environments of stacks with a `pulumi` of the tests' own: it does as it is told, and notes how it was called."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from support.projects import KEY, PULUMI_YAML, STACK, Project

# It answers as the stack's play says, and notes how it was called and what became of it. It starts many times, and
# imports no more than it needs.
_FAKE = """\
#!{python} -IS
import sys
if sys.argv[1] == "version":
    print("{version}")
    sys.exit()
here = __file__.rpartition("/")[0]
def read(name):
    with open(f"{{here}}/{{name}}") as file:
        return file.read()
if sys.argv[1] == "config":
    print(read("opened.json"))
    sys.exit()
import json, os, signal, time
stack = next(each.removeprefix("--stack=") for each in sys.argv if each.startswith("--stack="))
play = json.loads(read("plays.json")).get(stack, {{}})
def note(event, **more):
    with open(f"{{here}}/notes", "a") as notes:
        notes.write(json.dumps({{"stack": stack, "event": event, **more}}) + "\\n")
told = []
def interrupt(*_):
    told.append(1)
    note("interrupted")
    if len(told) > play.get("stubborn", 0):
        sys.exit(1)
signal.signal(signal.SIGINT, interrupt)
own = os.getsid(0) == os.getpid()
note("began", arguments=sys.argv[1:], environment=dict(os.environ), own_session=own, cwd=os.getcwd())
print("\\n".join(play.get("lines", [])), flush=True)
while len(read("notes").split('"began"')) <= play.get("until", 0):
    time.sleep(0.01)
if play.get("holds"):
    # Whoever is never told to end ends by itself, and the test fails.
    for _ in range(200):
        time.sleep(0.1)
note("ended")
sys.exit(play.get("code", 0))
"""


class Backend(Project):
    """A project whose `pulumi` plays what a test says."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(folder, monkeypatch)
        (folder / "Pulumi.yaml").write_text(PULUMI_YAML)
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.plays: dict[str, dict[str, Any]] = {}
        self.command(self.bin / "pulumi")
        for name in ("acme", "beta", "gamma"):
            self.add(name)

    def command(self, path: Path, version: str = "v3.259.0") -> None:
        """Puts the command there."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_FAKE.format(python=sys.executable, version=version))
        path.chmod(0o755)

    def add(self, tenant: str, stack: str = "dev", text: str = STACK) -> None:
        """A stack file of a tenant that has nothing in common with the others."""
        own = text.replace("acme", tenant).replace("name: vision", f"name: {tenant}-vision").replace(KEY, f"{tenant}")
        own = own.replace("Acme", tenant.capitalize()).replace("example-tenant", f"{tenant}-palette")
        self.stack(own, f"{tenant}.{stack}")

    def play(self, stack: str, *lines: str, **more: Any) -> None:
        """What `pulumi` does for a stack."""
        self.plays[stack] = {"lines": lines, **more}

    def call(self, *arguments: str, input: str | None = None) -> Result:
        """Runs the command."""
        (self.bin / "plays.json").write_text(json.dumps(self.plays))
        return self.run(*arguments, input=input)

    def notes(self, event: str) -> list[dict[str, Any]]:
        """What `pulumi` has noted of an event."""
        path = self.bin / "notes"
        every = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [each for each in every if each["event"] == event]

    def ran(self) -> list[tuple[str, str]]:
        """What was run: operations and stacks."""
        return sorted(
            (" ".join(each["arguments"]).partition(" --json")[0], each["stack"]) for each in self.notes("began")
        )


def step(operation: str, kind: str = "core/v1:Namespace", name: str = "acme.vision") -> str:
    urn = f"urn:pulumi:acme.dev::paletteai::paletteai:index:Project$kubernetes:{kind}::{name}"
    metadata = {"op": operation, "urn": urn, "type": f"kubernetes:{kind}", "new": {"outputs": {"data": "CANARY"}}}
    return json.dumps({"resOutputsEvent": {"metadata": metadata}})


def said(text: str, severity: str = "error", **more: Any) -> str:
    return json.dumps({"diagnosticEvent": {"message": text, "severity": severity, **more}})


def summed(**changes: int) -> str:
    return json.dumps({"summaryEvent": {"resourceChanges": changes}})
