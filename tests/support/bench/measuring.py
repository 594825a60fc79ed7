"""Measuring commands: each beside another one, so that a machine that gets slower meanwhile slows both."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.checkout import ROOT

PAIRS = 7

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Run:
    """One finished process: seconds on the clock, and its peak memory in MiB."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Figure:
    """A measured ratio and the most it may be; None where it is only told."""

    name: str
    ratio: float
    limit: float | None
    detail: str

    @property
    def is_over(self) -> bool:
        """Whether it is more than it may be."""
        return self.limit is not None and self.ratio > self.limit

    def __str__(self) -> str:
        allowed = "no limit" if self.limit is None else f"at most {self.limit:.2f}: {'OVER' if self.is_over else 'ok'}"
        return f"{self.name}: {self.ratio:.2f} ({allowed})  {self.detail}"


def run(command: Command, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Run:
    """Runs a command to its end. Raises CalledProcessError where it fails."""
    # Compiling each module anew is nothing that a user's command does.
    env = {name: value for name, value in (env or os.environ).items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(list(map(str, command)), cwd=cwd, env=env, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise subprocess.CalledProcessError(process.returncode, list(map(str, command)), output.read())
    return Run(seconds, usage.ru_maxrss / 1024)


def compared(
    name: str, limit: float | None, ours: Command, theirs: Command, *, share: float = 1, pairs: int = PAIRS
) -> Figure:
    """The median ratio of two commands, run in pairs after one warm-up of each.

    `share` is how much of our work theirs is, where they do not do the same amount.
    """
    run(ours)
    run(theirs)
    runs = [(run(ours), run(theirs)) for _ in range(pairs)]
    ratio = statistics.median(mine.seconds * share / other.seconds for mine, other in runs)
    mine = statistics.median(pair[0].seconds for pair in runs)
    other = statistics.median(pair[1].seconds for pair in runs)
    memory = max(pair[0].memory for pair in runs)
    return Figure(name, ratio, limit, f"{mine:.2f} s to {other:.2f} s, peak {memory:.0f} MiB")


def peak_memory(command: Command) -> float:
    """The most MiB that a command and the processes it starts take at one moment.

    They are looked at every few milliseconds. What they share counts once for each.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=output, stderr=output)
        most = 0
        while process.poll() is None:
            most = max(most, sum(map(_resident, _tree(process.pid))))
            time.sleep(0.005)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(map(str, command)))
    return most * os.sysconf("SC_PAGE_SIZE") / 2**20


def _tree(process: int) -> Iterator[int]:
    yield process
    for child in _told(f"/proc/{process}/task/{process}/children"):
        yield from _tree(child)


def _resident(process: int) -> int:
    pages = _told(f"/proc/{process}/statm")
    return pages[1] if pages else 0


def _told(file: str) -> list[int]:
    try:
        return list(map(int, Path(file).read_text().split()))
    except OSError:
        # The process is over.
        return []
