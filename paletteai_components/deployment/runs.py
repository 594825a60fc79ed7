"""Runs of Pulumi's command: several stacks at a time, each in a process of its own, and how they are stopped.

Each stack is named on the command line, so nobody's selected stack changes. What Pulumi needs, such as a
passphrase, it finds in the environment, as when it is called by hand.
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
from paletteai_components.deployment.language_host import LanguageHost, can_host
from paletteai_components.sdk import STREAMED_PREVIEW

# Whoever asks paletteai to end asks the stacks to: they are in sessions of their own, and would go on.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def default_parallel() -> int:
    """How many stacks run at a time: for most of its time a run keeps less than one CPU busy."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


class Runs:
    """Runs of one project's stacks.

    Fields:
        interrupted: whether somebody has asked to stop.
    """

    def __init__(self, command: Path, project: Path, parallel: int, tell: Callable[[Deployment], None]) -> None:
        """`command` is the pulumi command and `project` the folder with `Pulumi.yaml`.

        `tell` is called, in any thread, whenever something about a deployment is new.
        """
        self.interrupted = False
        self._command = command
        self._project = project
        self._parallel = parallel
        self._tell = tell
        self._hosts = can_host(project)
        self._signals = 0
        self._running: set[subprocess.Popen[str]] = set()
        # Taken again by a second signal that comes while the first is dealt with.
        self._lock = threading.RLock()

    def run(self, operation: Operation, stacks: Sequence[str]) -> list[Deployment]:
        """Runs an operation on stacks, and returns what became of each, in their order.

        A failure stops none of the others. The first SIGINT lets no further stack start and tells the
        running ones to end; a second one tells them to end at once, a third kills them.
        """
        deployments = [Deployment(stack) for stack in stacks]
        with self._interruptible(), ThreadPoolExecutor(self._parallel) as pool:
            for future in [pool.submit(self._run, operation, each) for each in deployments]:
                future.result()
        return deployments

    def _run(self, operation: Operation, deployment: Deployment) -> None:
        began = time.monotonic()
        if self.interrupted:
            return
        deployment.state = State.RUNNING
        self._tell(deployment)
        host = LanguageHost(self._project) if self._hosts and operation.runs_the_program else None
        try:
            code = self._code(operation, deployment, host.address if host else "")
        except OSError as error:
            deployment.take(f"pulumi cannot be run ({error.strerror})")
            code = 1
        if host:
            for line in host.close().splitlines():
                deployment.take(line)
        deployment.end(code, time.monotonic() - began, interrupted=self.interrupted)
        self._tell(deployment)

    def _code(self, operation: Operation, deployment: Deployment, host: str) -> int:
        """The exit code of a run that is followed to its end."""
        with self._lock:
            if self.interrupted:
                return 1
            process = self._started(operation, deployment.stack, host)
            self._running.add(process)
        with process:
            for line in process.stdout or ():
                deployment.take(line)
                self._tell(deployment)
        with self._lock:
            self._running.discard(process)
        return process.returncode

    def _started(self, operation: Operation, stack: str, host: str) -> subprocess.Popen[str]:
        folder, path = str(self._command.parent), os.environ.get("PATH", "")
        environment = {
            **os.environ,
            # It looks for its language hosts on PATH.
            "PATH": path if folder in path.split(os.pathsep) else f"{folder}{os.pathsep}{path}",
            **STREAMED_PREVIEW,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # A run lives for seconds: a fifth of its work is the engine looking for memory to give back.
            "GOGC": os.environ.get("GOGC", "400"),
            # Pulumi asks pip for a list of packages, and pip would ask the network for a newer pip.
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
            # A Ctrl-C on the terminal reaches it through us, once, and not from the terminal as well.
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
