"""Stack files from bytes to the rules, changed at random, for as long as one likes.

    python tests/fuzz.py --minutes 10 --seed 1

Whatever the bytes are, reading them ends soon, in a stack or in problems, and tells no key. Where the pulumi
command is found, what is read without a problem is compared with what Pulumi reads. A file that fails is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from support.checkout import ROOT

from paletteai_components.diagnostics import StackFileError
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack_file import stack_from_document
from paletteai_components.stacks.workspace import Workspace

CANARY = "Canary7f3aQ4tZ8mWd2xK9"
SECONDS = 2.0
PIECES = [
    *(
        b"\n",
        b"\r\n",
        b"\r",
        b"\t",
        b" ",
        b"  ",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xf0\x9f\x98\x80",
    ),
    *(
        b":",
        b": ",
        b"- ",
        b"? ",
        b"#",
        b" #",
        b"&a ",
        b"*a",
        b"<<: *a",
        b"!!str ",
        b"!!binary ",
        b"|\n",
        b">-\n",
        b"---\n",
        b"...\n",
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b"'",
        b'"',
        b"\\",
        b"\\x41",
        b"%YAML 1.1\n",
        b"@",
        b"`",
        b"~",
        b"null",
        b"true",
        b"0o17",
        b"1e3",
    ),
    *(b"{secure: v1:a:b}", b"secure: v1:a:b", b"tenant: {name: evil}", b"kubernetes:config:context: x", b"paletteai:"),
    *(
        b"6512e10",
        b"12:30:00",
        b"2026-11-26",
        b".inf",
        b"0x1F",
        b"1_000",
        b"__proto__: 1",
        b"config:\n",
        b"environment: [a]\n",
    ),
    CANARY.encode(),
    b"<" * 400 + b">" * 400,
    b"[" * 120,
]


def bases() -> list[bytes]:
    """The files to begin with: the examples, with a key where none belongs."""
    texts = [path.read_text() for path in sorted((ROOT / "stacks").iterdir())]
    texts += [text.replace("displayName: ", f"description: {CANARY}\n    displayName: ", 1) for text in texts]
    return [text.encode() for text in texts]


def changed(data: bytes, source: random.Random) -> bytes:
    """The bytes with a few changes."""
    for _ in range(source.choice((1, 1, 1, 2, 3, 5))):
        at, to = sorted(source.randrange(len(data) + 1) for _ in range(2))
        to = min(to, at + source.choice((0, 1, 5, 40)))
        lines = data.splitlines(keepends=True) or [b""]
        match source.randrange(6):
            case 0 | 1:
                data = data[:at] + source.choice(PIECES) + data[at:]
            case 2:
                data = data[:at] + data[to:]
            case 3:
                line = source.choice(lines)
                lines.insert(source.randrange(len(lines) + 1), line)
                data = b"".join(lines)
            case 4:
                data = data[:at] + data[at:to] * source.choice((2, 3)) + data[to:]
            case _:
                spot = source.randrange(len(lines))
                lines[spot] = lines[spot].replace(
                    b": ", source.choice((b": &a ", b": *a #", b":", b": |\n        ", b": !!str ")), 1
                )
                data = b"".join(lines)
    return data


class Pulumi:
    """Pulumi's own reading of a stack file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "stacks" / "Pulumi.fuzz.dev.yaml"
        self.folder = folder
        (folder / "stacks").mkdir()
        (folder / "state").mkdir()
        (folder / "Pulumi.yaml").write_text("name: paletteai\nruntime: python\nstackConfigDir: stacks\n")
        self.env = {
            **os.environ,
            "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "paletteai-example",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        self.run("stack", "init", "fuzz.dev")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["pulumi", *arguments, "--non-interactive"]
        return subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=120, check=False
        )

    def config(self, data: bytes) -> dict[str, Any] | None:
        """The configuration by key, without what has something encrypted in it; None where Pulumi refuses the file."""
        self.file.write_bytes(data)
        done = self.run("config", "--json", "--stack", "fuzz.dev")
        if done.returncode:
            return None
        told = json.loads(done.stdout)
        return {key: entry.get("objectValue", entry.get("value")) for key, entry in told.items() if not entry["secret"]}


def ours(value: Any) -> Any:
    """A value as `pulumi config --json` tells it."""
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return "[secret]"
        return {key: ours(inner) for key, inner in value.items()}
    return [ours(inner) for inner in value] if isinstance(value, list) else value


def differs(read: Any, pulumis: Any) -> bool:
    """Whether two values are different, besides what is masked and how a number at the top is written."""
    if isinstance(read, dict) and isinstance(pulumis, dict):
        return read.keys() != pulumis.keys() or any(differs(read[key], pulumis[key]) for key in read)
    if isinstance(read, list) and isinstance(pulumis, list):
        return len(read) != len(pulumis) or any(map(differs, read, pulumis))
    return json.dumps(read) != json.dumps(pulumis)


def judged(data: bytes) -> tuple[str, dict[str, Any] | None]:
    """What becomes of the bytes: a word for it, and the configuration where nothing is wrong with the file."""
    began = time.monotonic()
    try:
        document = document_from(data, "stacks/Pulumi.fuzz.dev.yaml")
        stack = stack_from_document(document)
    except StackFileError as error:
        told, outcome, config = str(error), "unreadable", None
    else:
        diagnostics = diagnostics_of(Workspace((stack,)))
        told = "\n".join(map(str, diagnostics))
        wrong = any(diagnostic.code == "PAI012" for diagnostic in diagnostics)
        outcome, config = ("PAI012", None) if wrong else ("read", document.value["config"])
    assert time.monotonic() - began < SECONDS, "it took too long"
    assert CANARY not in told, "a key is told"
    return outcome, config


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    source, files = random.Random(given.seed), bases()
    outcomes: Counter[str] = Counter()
    kept = Path(tempfile.mkdtemp(prefix="fuzz-"))
    with tempfile.TemporaryDirectory() as folder:
        pulumi = Pulumi(Path(folder)) if shutil.which("pulumi") else None
        end = time.monotonic() + given.minutes * 60
        while time.monotonic() < end:
            data = changed(source.choice(files), source)
            try:
                outcome, config = judged(data)
                outcomes[outcome] += 1
                if pulumi is not None and config is not None:
                    outcomes["compared"] += 1
                    theirs = pulumi.config(data)
                    assert theirs is not None, "Pulumi refuses the file"
                    mine = {key if ":" in key else f"paletteai:{key}": ours(value) for key, value in config.items()}
                    # At the top Pulumi tells everything that is no object as text.
                    mine = {key: value for key, value in mine.items() if isinstance(value, dict | list | str)}
                    for key, value in mine.items():
                        assert key not in theirs or not differs(value, theirs[key]), f"{key} is read differently"
            except Exception as error:
                outcomes[f"FAILED: {type(error).__name__} {error}"] += 1
                (kept / f"{sum(outcomes.values())}.yaml").write_bytes(data)
    print(json.dumps(outcomes, indent=2))
    failed = any(name.startswith("FAILED") for name in outcomes)
    print(f"Failing files are in {kept}" if failed else "Nothing failed.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
