"""What becomes of a command that is pasted: what a shell passes on, and what Pulumi reads in a property path."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

# A quote after a backslash is part of the name, always. Any other backslash is one.
_QUOTED = re.compile(r'\["((?:\\"|\\(?!")|[^"\\])*)"\]')
_INDEX = re.compile(r"\[(\d+)\]")
_BARE = re.compile(r"[^.\[]+")


def passed(commands: Sequence[str], folder: Path) -> list[list[str]]:
    """What a shell passes on for each of the commands, which are pasted one after the other."""
    log = folder / "log"
    log.write_bytes(b"")
    for program in ("pulumi", "paletteai", "kubectl", "git"):
        fake = folder / program
        fake.write_text(f'#!/bin/sh\nprintf "%s\\0" {program} "$@" >> {log}\nprintf "\\1\\0" >> {log}\n')
        fake.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    subprocess.run(["bash", "-c", "\n".join(commands)], cwd=folder, env=env, check=True, timeout=60)
    calls = log.read_bytes().decode().split("\1\0")[:-1]
    return [call.split("\0")[:-1] for call in calls]


def segments(path: str) -> list[str | int]:
    """The segments of a path, read as Pulumi does. Raises ValueError where Pulumi refuses it."""
    found: list[str | int] = []
    position = 0
    while position < len(path):
        if match := _QUOTED.match(path, position):
            found.append(match[1].replace('\\"', '"'))
        elif match := _INDEX.match(path, position):
            found.append(int(match[1]))
        else:
            dot = bool(found) and path[position] == "."
            match = _BARE.match(path, position + dot)
            if match is None:
                raise ValueError(f"neither a name nor an index at {position}")
            found.append(match[0])
        position = match.end()
    return found
