"""The project's program, run for Pulumi in a process of ours."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest
from support.environments import Backend
from support.projects import PULUMI_YAML

from paletteai_components.cli import environment
from paletteai_components.deployment import language_host


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    return Backend(tmp_path, monkeypatch)


HOSTED = f"name: paletteai\nruntime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\nstackConfigDir: stacks\n"


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        (HOSTED, True),
        (HOSTED + "main: deploy\n", False),
        (HOSTED.replace(sys.prefix, "elsewhere"), False),
        (HOSTED.replace("options", "other"), False),
        (HOSTED.replace("name: python", "name: nodejs"), False),
        (PULUMI_YAML, False),
    ],
)
def test_the_program_is_run_here_where_pulumi_would_run_it_in_the_same_environment(
    tmp_path: Path, text: str, hosts: bool
) -> None:
    (tmp_path / "Pulumi.yaml").write_text(text)
    assert language_host.can_host(tmp_path) is hosts


def test_pulumi_is_told_where_the_program_is(project: Backend) -> None:
    (project.folder / "Pulumi.yaml").write_text(HOSTED)
    assert project.call("up", "dev", "--yes").exit_code == 0
    clients = {each["arguments"][-1] for each in project.notes("began")}
    assert len(clients) == 3
    assert all(each.startswith("--client=127.0.0.1:") for each in clients)
    (project.bin / "notes").unlink()
    # A refresh runs no program.
    project.call("refresh", "dev", "--yes")
    assert not any("--client" in str(each["arguments"]) for each in project.notes("began"))


def test_modules_are_loaded_early_where_the_program_will_run(project: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[Path] = []
    monkeypatch.setattr(environment, "prepare", prepared.append)
    assert project.call("refresh", "dev", "--yes").exit_code == 0
    assert prepared == []
    for operation in (("preview", "dev"), ("up", "dev", "--yes")):
        assert project.call(*operation).exit_code == 0
    assert prepared == [project.folder] * 2


@pytest.mark.parametrize(("text", "starts"), [(HOSTED, 1), (PULUMI_YAML, 0)])
def test_nothing_is_loaded_for_a_program_that_pulumi_starts_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, starts: int
) -> None:
    started: list[None] = []
    monkeypatch.setattr(forkserver, "ensure_running", lambda: started.append(None))
    (tmp_path / "Pulumi.yaml").write_text(text)
    language_host.prepare(tmp_path)
    assert len(started) == starts


def test_what_the_program_prints_is_shown(project: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.folder / "Pulumi.yaml").write_text(HOSTED)
    monkeypatch.setattr(language_host.LanguageHost, "close", lambda _: "of the program\n")
    assert project.call("up", "dev", "--yes", "--verbose").stdout.count("  of the program\n") == 3


def test_a_host_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = language_host.LanguageHost(tmp_path)
    assert host.address
    monkeypatch.setattr(language_host, "_PATIENCE", 0.1)
    pid = host._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    assert host.close() == ""
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Any], None]], None]]:
    """Serves a program in this process, to a test that runs in a thread as the engine would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "setsid", lambda: None)
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = signal.getsignal(signal.SIGINT)

    def serve(engine: Callable[[Any], None]) -> None:
        ours, theirs = multiprocessing.Pipe()

        def asking() -> None:
            with ours:
                engine(ours)

        with theirs, ThreadPoolExecutor(1) as pool:
            asked = pool.submit(asking)
            language_host.serve(theirs, tmp_path, dict(os.environ))
            asked.result()

    yield serve
    signal.signal(signal.SIGINT, before)


def test_the_project_s_own_program_is_what_is_run(tmp_path: Path, served: Callable[..., None]) -> None:
    import grpc  # type: ignore[import-untyped]
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc

    (tmp_path / "beside.py").write_text("TOLD = 'from beside it'")
    (tmp_path / "__main__.py").write_text("import beside, os\nprint(__name__, beside.TOLD)\nraise SystemExit('left')\n")

    def engine(connection: Any) -> None:
        # Nobody listens at the addresses of the monitor, so the program fails before it begins.
        with grpc.insecure_channel(connection.recv()) as channel:
            language = language_pb2_grpc.LanguageRuntimeStub(channel)
            assert language.About(language_pb2.AboutRequest()).executable == sys.executable
        language_host._run_program(tmp_path)

    with pytest.raises(SystemExit, match="left"):
        served(engine)


def test_what_was_printed_is_handed_over_at_the_end(tmp_path: Path, served: Callable[..., None]) -> None:
    def engine(connection: Any) -> None:
        assert connection.recv().startswith("127.0.0.1:")
        print("of the program")
        connection.send(None)
        assert "of the program\n" in connection.recv()

    served(engine)


def test_a_host_ends_when_nobody_waits_for_it(served: Callable[..., None]) -> None:
    def engine(connection: Any) -> None:
        connection.recv()
        connection.close()

    served(engine)


def test_without_the_sdks_server_pulumi_runs_the_program_itself(
    served: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pulumi.automation._server", None)
    served(lambda connection: connection.recv() == "" or pytest.fail("an address"))


def test_a_host_that_dies_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # There is no such folder to work in, so it ends at once.
    host = language_host.LanguageHost(tmp_path / "gone")
    assert host.address == ""
    assert host.close() == ""
