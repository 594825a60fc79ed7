"""The command with streams that are closed, full, without a reader or in another encoding.

One process imports everything and forks for each call. A fork gets its streams, opens them as Python does when it
starts, and ends as Python ends, which writes what is left.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Call:
    """A call and its streams. An output is `kept`, `closed`, `full` or `broken`; the input is `closed` or a file."""

    arguments: str
    stdin: str = os.devnull
    stdout: str = "kept"
    stderr: str = "kept"
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Ended:
    """How a call ended: its exit code, or a signal as a negative number, and what it wrote to what is kept."""

    code: int
    out: str
    err: str


def ended(calls: Iterable[Call], folder: Path) -> list[Ended]:
    """Makes every call in `folder`."""
    given = json.dumps([asdict(each) for each in calls])
    command = [sys.executable, __file__]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True, cwd=folder)
    assert done.stderr == ""
    return [Ended(*each) for each in json.loads(done.stdout)]


def _connected(descriptor: int, stream: str, encoding: str, kept: int) -> Any:
    if stream == "closed":
        os.close(descriptor)
        return None
    opened = kept
    if stream == "full":
        opened = os.open("/dev/full", os.O_WRONLY)
    elif stream == "broken":
        reader, opened = os.pipe()
        os.close(reader)
    elif stream != "kept":
        opened = os.open(stream, os.O_RDONLY)
    os.dup2(opened, descriptor)
    return open(descriptor, "w" if descriptor else "r", encoding=encoding, closefd=False)


def _main() -> None:
    from importlib import import_module

    from paletteai_components.cli import COMMANDS, main

    for name in COMMANDS:
        import_module(f"paletteai_components.cli.commands.{name}")
    # What is imported is looked through at the end of each fork otherwise.
    gc.freeze()
    results: list[tuple[int, str, str]] = []
    for call in json.load(sys.stdin):
        files = [tempfile.TemporaryFile() for _ in range(2)]  # noqa: SIM115
        if os.fork() == 0:
            for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
                kept = files[descriptor - 1].fileno()
                setattr(sys, name, _connected(descriptor, call[name], call["encoding"], kept))
            sys.argv = ["paletteai", *call["arguments"].split()]
            main()
        _, status = os.wait()
        texts = []
        for file in files:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        results.append((os.waitstatus_to_exitcode(status), texts[0], texts[1]))
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    _main()
