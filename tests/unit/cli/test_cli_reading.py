"""Reading many stack files: by several processes, with a bar for whoever waits."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from support.bench.workspaces import many_stacks, stack_text
from support.checkout import ROOT
from support.projects import Project
from support.terminals import terminal

from paletteai_components.cli import reading as module
from paletteai_components.cli.output import waiting
from paletteai_components.cli.output.waiting import watched
from paletteai_components.cli.reading import reading
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.files import read_stack_file
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import workspace_from

NOBODY: list[int] = []

forks = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processors, and few files that count as many."""
    monkeypatch.setattr(module, "MANY", 10)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of 20 stack files, of which one cannot be read and one is wrong."""
    folder = many_stacks(tmp_path / "stacks", 20, 2)
    (folder / "Pulumi.t7.dev.yaml").write_text("config: [")
    (folder / "Pulumi.t8.dev.yaml").write_text(stack_text("t8", 1, "T8", "benchmark-8"))
    return folder


def children() -> list[int]:
    """The processes that this one started and that are there."""
    return list(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def is_running(process: int) -> bool:
    """Whether a process is there and not over."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@forks
def test_several_processes_read_what_one_reads(folder: Path, several: None) -> None:
    alone = workspace_from(stack_folder(folder))
    before = children()
    with reading(stack_folder(folder)) as outcomes:
        assert len(children()) == len(before) + 2
        together = workspace_from(stack_folder(folder), outcomes)
    assert children() == before
    assert together == alone
    assert together.unreadable == ("t7.dev",)
    assert diagnostics_of(together) == diagnostics_of(alone)
    assert [str(diagnostic.where[0]) for diagnostic in diagnostics_of(together)] == [
        f"{folder}/Pulumi.t7.dev.yaml:2",
        f"{folder}/Pulumi.t8.dev.yaml:13",
    ]


@forks
def test_what_a_process_that_is_gone_has_not_read_is_read_here(folder: Path, several: None) -> None:
    alone = workspace_from(stack_folder(folder))
    before = set(children())
    with reading(stack_folder(folder)) as outcomes:
        for process in set(children()) - before:
            os.kill(process, signal.SIGKILL)
        assert workspace_from(stack_folder(folder), outcomes) == alone


@forks
def test_what_no_process_may_be_started_for_is_read_here(
    folder: Path, several: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(BaseProcess, "start", refused)
    with reading(stack_folder(folder)) as outcomes:
        assert workspace_from(stack_folder(folder), outcomes) == workspace_from(stack_folder(folder))


@forks
@pytest.mark.parametrize(("many", "processors"), [(21, {0, 1}), (10, {0})], ids=["few files", "one processor"])
def test_no_other_process_reads_few_files_or_where_there_is_one_processor(
    many: int, processors: set[int], folder: Path, several: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MANY", many)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: processors)
    before = children()
    with reading(stack_folder(folder)) as outcomes:
        assert children() == before
        assert len(list(outcomes)) == 20


@forks
def test_a_process_with_threads_is_not_copied(folder: Path, several: None) -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    before = children()
    try:
        with reading(stack_folder(folder)) as outcomes:
            assert children() == before
            assert len(list(outcomes)) == 20
    finally:
        done.set()
        thread.join()


@forks
def test_a_reader_leaves_being_interrupted_to_whoever_waits_for_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handled: list[tuple[int, object]] = []
    monkeypatch.setattr(signal, "signal", lambda number, handler: handled.append((number, handler)))
    here, there = Pipe(duplex=False)
    unused, _ = Pipe(duplex=False)
    paths = stack_folder(folder).files()
    module._read_parts([paths[:1], paths[1:3]], read_stack_file, there, [unused])
    assert handled == [(signal.SIGINT, signal.SIG_IGN)]
    assert unused.closed
    assert here.recv() == [read_stack_file(paths[0])]
    assert here.recv() == [read_stack_file(path) for path in paths[1:3]]


_WAITING = """\
import os, sys, time
from pathlib import Path
from paletteai_components.cli import reading
from paletteai_components.stacks.folder import stack_folder
reading.MANY, os.sched_getaffinity = 2, lambda _: {0, 1}
with reading.reading(stack_folder(Path(sys.argv[1]))):
    print(Path(f"/proc/self/task/{os.getpid()}/children").read_text(), flush=True)
    time.sleep(60)
"""


@forks
def test_no_reader_outlives_the_one_it_reads_for(tmp_path: Path) -> None:
    folder = tmp_path / "stacks"
    folder.mkdir()
    # More than a pipe holds, so that each waits until it is fetched.
    for number in range(4):
        (folder / f"Pulumi.t{number}.dev.yaml").write_text(stack_text(f"t{number}", 15_000))
    errors = tmp_path / "errors"
    with errors.open("w") as file:
        command = [sys.executable, "-c", _WAITING, str(folder)]
        waits = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True, cwd=ROOT)
    assert waits.stdout is not None
    readers = list(map(int, waits.stdout.readline().split()))
    waits.kill()
    waits.wait()
    waits.stdout.close()
    assert len(readers) == 2
    patience = time.monotonic() + 60
    while any(map(is_running, readers)) and time.monotonic() < patience:
        time.sleep(0.05)
    assert [reader for reader in readers if is_running(reader)] == NOBODY
    assert errors.read_text() == ""


@forks
def test_an_interrupted_check_ends_quietly_and_at_once(tmp_path: Path) -> None:
    # Anchors are read thoroughly, which takes long.
    text = stack_text("large", 3_000) + "  other: &anchor 1\n"
    folder = tmp_path / "stacks"
    folder.mkdir()
    for number in range(120):
        (folder / f"Pulumi.t{number}.dev.yaml").write_text(text)
    command = [sys.executable, "-m", "paletteai_components", "check", "--stacks", str(folder)]
    checks = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True
    )
    started = Path(f"/proc/{checks.pid}/task/{checks.pid}/children")
    while len(readers := list(map(int, started.read_text().split()))) < 2:
        time.sleep(0.01)
    # What is imported meanwhile is imported in less.
    time.sleep(2)
    os.killpg(checks.pid, signal.SIGINT)
    said, _ = checks.communicate()
    assert said.strip() == "Aborted!"
    # Python itself ends by the signal where that came in the midst of an import.
    assert checks.returncode in (1, -signal.SIGINT)
    assert not any(map(is_running, readers))


def test_a_bar_shows_how_many_files_are_read_once_somebody_has_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = terminal(monkeypatch, "stderr")
    clock = iter([10.0, 10.5, 11.1])
    monkeypatch.setattr(time, "monotonic", lambda: next(clock, 12.0))

    def seen() -> Iterator[tuple[str, bool]]:
        for item in watched(iter("abcd"), 4):
            yield item, "reading stack files" in errors.getvalue()

    told = list(seen())
    assert [item for item, _ in told] == ["a", "b", "c", "d"]
    assert [item for item, shown in told if not shown][:2] == ["a", "b"]
    assert "4/4" in errors.getvalue()


def test_there_is_no_bar_where_no_terminal_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0)
    assert list(watched(iter("abc"), 3)) == ["a", "b", "c"]
    assert capfd.readouterr() == ("", "")


_IN_A_TERMINAL = """\
import sys
from paletteai_components.cli import main
from paletteai_components.cli.output import waiting
waiting.PATIENCE = float(sys.argv[1])
try:
    main(["check", "--format", "json"], prog_name="paletteai")
finally:
    print("rich" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(("patience", "seen"), [("0", True), ("60", False)])
def test_on_a_real_terminal_the_bar_stays_out_of_what_is_piped_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: str, seen: bool
) -> None:
    project = Project(tmp_path, monkeypatch)
    for name in ("acme.dev", "beta.dev"):
        project.stack(stack_text(name.partition(".")[0], 1, name[:4]), name)
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", _IN_A_TERMINAL, patience],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.stdout.startswith(b"{")
    assert ("reading stack files" in shown) is seen
    assert shown.rstrip().endswith(str(seen))
