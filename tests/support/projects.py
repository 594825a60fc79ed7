"""A Pulumi project on disk, and the command run in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paletteai_components.cli import main
from support.schemas import command_of, refuse_another

KEY = "ck7f3aCANARY91xQ4tZ8mWd2"
"""Stands for an API key: it must not be seen anywhere."""

PULUMI_YAML = "name: paletteai\nruntime: python\nstackConfigDir: stacks\n"

STACK = f"""\
config:
  kubernetes:context: dev
  paletteai:integrations:
    shared:
      hostUrl: https://api.spectrocloud.com
      tenant: example-tenant
      defaultProjectID: "651234567890123456789012"
      apiKey: {{secure: "v1:{KEY}"}}
  paletteai:tenant:
    name: acme
    displayName: Acme
    computeConfigRef: {{name: default}}
    settings:
      default: {{palette: shared}}
    projects:
      - {{name: vision}}
"""

_PULUMI = """\
#!{python} -IS
import json, os, sys
here = __file__.rpartition("/")[0]
with open(here + "/called.json", "w") as called:
    called.write(json.dumps(sys.argv[1:]))
with open(here + "/answer.json") as given:
    answer = json.load(given)
sys.stdout.write(answer["stdout"])
sys.stderr.write(answer["stderr"])
sys.exit(answer["code"])
"""

# Encrypts as `pulumi config set` does: what is on standard input, into the file that is named.
_ENCRYPTING = """\
#!{python} -IS
import base64, fcntl, hashlib, json, os, sys
here = __file__.rpartition("/")[0]
with open(here + "/answer.json") as given:
    answer = json.load(given)
with open(here + "/calls.jsonl", "a+") as calls:
    # Several are called at once, and each has another number.
    fcntl.flock(calls, fcntl.LOCK_EX)
    calls.write(json.dumps(sys.argv[1:]) + chr(10))
    calls.flush()
    calls.seek(0)
    number = len(list(calls))
if answer["fails_at"] == number:
    sys.stderr.write(answer["stderr"])
    sys.exit(255)
file, name = sys.argv[sys.argv.index("--config-file") + 1], sys.argv[-1]
lines = open(file).read().splitlines() if os.path.exists(file) else []
head = [line for line in lines if line != "config:" and not line.startswith(" ")] or answer["provider"]
body = [line for line in lines if line.startswith(" ")]
sealed = base64.b64encode(hashlib.sha256(sys.stdin.buffer.read() + os.urandom(8)).digest()).decode()
body += ["  " + name + ":", "    secure: v1:AAAA:" + sealed]
with open(file, "w") as written:
    written.write(chr(10).join([*head, "config:", *body, ""]))
"""


class Project:
    """A folder with stack files, which is the working directory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.stacks = folder / "stacks"
        self.stacks.mkdir()
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PATH", str(folder / "bin"))

    def stack(self, text: str | bytes = STACK, name: str = "acme.dev") -> Path:
        """Write a stack file."""
        path = self.stacks / f"Pulumi.{name}.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def declare(self, text: str = PULUMI_YAML) -> None:
        """Write the project file."""
        (self.folder / "Pulumi.yaml").write_text(text)

    def run(self, *arguments: str, input: str | None = None, color: bool = False) -> Result:
        """Run the command; a mistake of the user's never ends in a traceback, and JSON is what its schema says."""
        result = CliRunner().invoke(main, list(arguments), input=input, color=color)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        command = command_of(arguments)
        if command is not None and result.stdout:
            refuse_another(command, result.stdout)
        return result

    def refused(self, *arguments: str, code: int = 2, input: str | None = None) -> str:
        """What a call says on the error stream that prints nothing and ends with a code."""
        result = self.run(*arguments, input=input)
        assert (result.stdout, result.exit_code) == ("", code), result.output
        return result.stderr

    def printed(self, *arguments: str, code: int = 0) -> str:
        """What a call prints that ends with a code."""
        result = self.run(*arguments)
        assert result.exit_code == code, result.output
        return result.stdout

    def pulumi(
        self, integrations: object = None, *, stdout: str | None = None, stderr: str = "", code: int = 0
    ) -> Path:
        """Put a `pulumi` on PATH that answers with these integrations, or what else is given, and a project file."""
        if not (self.folder / "Pulumi.yaml").exists():
            self.declare()
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        config = {"paletteai:integrations": {"value": "…", "objectValue": integrations, "secret": True}}
        answer = {"stdout": json.dumps(config) if stdout is None else stdout, "stderr": stderr, "code": code}
        (folder / "answer.json").write_text(json.dumps(answer))
        command = folder / "pulumi"
        command.write_text(_PULUMI.format(python=sys.executable))
        command.chmod(0o755)
        return folder / "called.json"

    def encrypting_pulumi(
        self, *, fails_at: int = 0, stderr: str = "", provider: tuple[str, ...] = ("encryptionsalt: v1:AAAA:BBBB",)
    ) -> None:
        """Put a `pulumi` on PATH that encrypts, except at a call, of which the first is 1, and a project file.

        `provider` are the lines that it writes into a file without any.
        """
        if not (self.folder / "Pulumi.yaml").exists():
            self.declare()
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "calls.jsonl").unlink(missing_ok=True)
        (folder / "answer.json").write_text(
            json.dumps({"fails_at": fails_at, "stderr": stderr, "provider": list(provider)})
        )
        command = folder / "pulumi"
        command.write_text(_ENCRYPTING.format(python=sys.executable))
        command.chmod(0o755)

    def encryptions(self) -> list[list[str]]:
        """The calls of the pulumi that encrypts."""
        calls = self.folder / "bin" / "calls.jsonl"
        return [json.loads(line) for line in calls.read_text().splitlines()] if calls.exists() else []

    def files(self) -> dict[str, bytes]:
        """Every file of the project with its bytes, but the project file that every project has."""
        found = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not path.is_relative_to(self.folder / "bin")
        }
        return {name: data for name, data in found.items() if (name, data) != ("Pulumi.yaml", PULUMI_YAML.encode())}


def changed(old: str, new: str, text: str = STACK) -> str:
    """The stack file with one thing changed."""
    assert text.count(old) == 1, f"{old!r} should stand there once"
    return text.replace(old, new)
