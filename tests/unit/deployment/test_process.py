"""What only a process of its own may do to itself: `run`, which `__main__.py` calls."""

from __future__ import annotations

import gc
import logging
import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pulumi
import pytest
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2
from urllib3.exceptions import InsecureRequestWarning

from paletteai_components.deployment import program


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    thresholds, handler = gc.get_threshold(), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(pulumi.log, "debug", pulumi.log.debug)
    monkeypatch.setattr(resource, "_get_stack_trace", resource._get_stack_trace)
    yield
    gc.set_threshold(*thresholds)
    signal.signal(signal.SIGINT, handler)


def test_it_deploys_and_leaves_without_a_traceback_when_pulumi_interrupts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[int] = []
    monkeypatch.setattr(os, "_exit", left.append)
    monkeypatch.setattr(program, "deploy", lambda: os.kill(os.getpid(), signal.SIGINT))
    program.run()
    assert left == [1]


def test_debug_lines_are_not_sent_and_errors_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def talk() -> None:
        pulumi.log.debug("nobody asked")
        pulumi.log.error("this went wrong")

    monkeypatch.setattr(program, "deploy", talk)
    program.run()
    said = capsys.readouterr().err
    assert "this went wrong" in said
    assert "nobody asked" not in said


@pytest.mark.filterwarnings("always")
def test_what_libraries_warn_of_and_log_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def talk() -> None:
        for category in (DeprecationWarning, FutureWarning, InsecureRequestWarning):
            warnings.warn("of a library", category, stacklevel=1)
        logging.error("of a library")
        logging.getLogger("kubernetes").warning("of a library")

    monkeypatch.setattr(program, "deploy", talk)
    program.run()
    assert capsys.readouterr() == ("", "")


def test_deploying_inside_another_process_changes_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = gc.get_threshold(), signal.getsignal(signal.SIGINT), pulumi.log.debug
    monkeypatch.setattr(program, "effective_stack", lambda *_: pytest.fail("reached"))
    with pytest.raises(pytest.fail.Exception):
        program.deploy()
    assert (gc.get_threshold(), signal.getsignal(signal.SIGINT), pulumi.log.debug) == before


def test_it_sends_no_call_stacks_which_would_stand_in_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = source_pb2.StackTrace(frames=[source_pb2.StackFrame()])
    monkeypatch.setattr(resource, "_get_stack_trace", lambda: stack)
    told: list[int] = []
    monkeypatch.setattr(program, "deploy", lambda: told.append(len(resource._get_stack_trace().frames)))
    program.run()
    assert told == [0]
    monkeypatch.delattr(resource, "_get_stack_trace")
    monkeypatch.setattr(program, "deploy", lambda: None)
    program.run()
    assert not hasattr(resource, "_get_stack_trace")


def test_in_a_thread_it_leaves_signals_to_whoever_has_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(program, "deploy", lambda: None)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(program.run).result()
    assert signal.getsignal(signal.SIGINT) is before
