"""Runs of the pulumi command: several stacks at a time, each in its own process, and their interruption.

The command line names the stack, so the selected stack stays the same. As when it is called by hand, Pulumi takes a
passphrase from the environment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from paletteai_components.deployment import Deployment, Operation, State
from paletteai_components.deployment.decryption import elsewhere
from paletteai_components.deployment.language_host import LanguageHost, can_host
from paletteai_components.sdk import STREAMED_PREVIEW

# The runs are in their own sessions and do not get these signals, so they are passed on.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def default_parallel() -> int:
    """How many stacks run at a time. A run keeps less than one CPU busy most of the time."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


class Runs:
    """Runs of one project's stacks."""

    interrupted: bool
    """Whether a signal has asked them to stop."""

    def __init__(self, command: Path, project: Path, parallel: int, report: Callable[[Deployment], None]) -> None:
        """Prepares the runs. `report` is called, in any thread, whenever a deployment has changed."""
        self.interrupted = False
        self._command = command
        self._project = project
        self._parallel = parallel
        self._report = report
        self._hosts = can_host(project)
        self._signals = 0
        self._running: set[subprocess.Popen[str]] = set()
        # Reentrant: a second signal may arrive while the first is handled.
        self._lock = threading.RLock()

    def run(self, operation: Operation, stacks: Sequence[str]) -> list[Deployment]:
        """Runs an operation on stacks, and returns their deployments in the same order.

        A failure stops no other run. On the first SIGINT no further stack starts and the running ones are asked to
        end; the second asks them to end at once, and the third kills them.
        """
        deployments = [Deployment(stack, project=elsewhere(self._project)) for stack in stacks]
        with self._interruptible(), ThreadPoolExecutor(self._parallel) as pool:
            for future in [pool.submit(self._run, operation, each) for each in deployments]:
                future.result()
        return deployments

    def _run(self, operation: Operation, deployment: Deployment) -> None:
        began = time.monotonic()
        if self.interrupted:
            return
        deployment.state = State.RUNNING
        self._report(deployment)
        host = LanguageHost(self._project) if self._hosts and operation.runs_the_program else None
        try:
            code = self._run_pulumi(operation, deployment, host.address if host else "")
        except OSError as error:
            deployment.take(f"pulumi cannot be run ({error.strerror})")
            code = 1
        if host:
            for line in host.close().splitlines():
                deployment.take(line)
        deployment.end(code, time.monotonic() - began, interrupted=self.interrupted)
        self._report(deployment)

    def _run_pulumi(self, operation: Operation, deployment: Deployment, host: str) -> int:
        """Follows one run to its end and returns its exit code."""
        with self._lock:
            if self.interrupted:
                return 1
            process = self._start(operation, deployment.stack, host)
            self._running.add(process)
        with process:
            for line in process.stdout or ():
                deployment.take(line)
                self._report(deployment)
        with self._lock:
            self._running.discard(process)
        return process.returncode

    def _start(self, operation: Operation, stack: str, host: str) -> subprocess.Popen[str]:
        folder, path = str(self._command.parent), os.environ.get("PATH", "")
        environment = {
            **os.environ,
            # Pulumi looks for its language hosts on PATH.
            "PATH": path if folder in path.split(os.pathsep) else f"{folder}{os.pathsep}{path}",
            **STREAMED_PREVIEW,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # A run takes seconds. By default, a fifth of its work is the garbage collector of the engine.
            "GOGC": os.environ.get("GOGC", "400"),
            # Pulumi calls pip, which would look for a newer version of itself on the network.
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        flags = ["--json", "--non-interactive", "--color=never", f"--stack={stack}"]
        if host:
            flags.append(f"--client={host}")
        return subprocess.Popen(  # noqa: S603
            [self._command, *operation.value, *flags],
            cwd=self._project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C on the terminal reaches it once, through this process, and not directly as well.
            start_new_session=True,
        )

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        before = {each: signal.signal(each, self._interrupt) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _interrupt(self, *_: object) -> None:
        with self._lock:
            self.interrupted = True
            self._signals += 1
            for process in self._running:
                process.send_signal(signal.SIGINT if self._signals < 3 else signal.SIGKILL)
