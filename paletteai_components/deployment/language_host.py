"""A language host: runs the project's program for Pulumi in a process that has its modules loaded already.

Pulumi's own host calls pip twice and starts Python for every stack, which takes longer than most deployments.
Like the Automation API, the command connects to a host that is already running.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

from paletteai_components.sdk import PROGRAM_SERVER, program_server
from paletteai_components.stacks.files import document_in
from paletteai_components.stacks.pulumi_project import project_file_in

_PROGRAM = "__main__.py"
# Loaded once, in the process that every host is forked from. None of them starts a thread.
_PRELOADED = [
    "paletteai_components.deployment.program",
    "paletteai_components.kube.api_server",
    PROGRAM_SERVER,
    # The SDK loads it when the first object is registered.
    "pulumi_kubernetes.meta.v1",
    __name__,
]
# Seconds that a host has to end before it is killed.
_PATIENCE = 5.0
# Starting and ending processes is not thread-safe.
_process_lock = threading.Lock()


def can_host(project: Path) -> bool:
    """Whether a host forked here runs the program as Pulumi does, in the virtual environment that the project names.

    Raises:
        StackFileError: its file cannot be read.
    """
    file = project_file_in(project)
    if file is None:
        return False
    declared = document_in(file).value
    runtime = declared.get("runtime")
    options = runtime.get("options") if isinstance(runtime, dict) and runtime.get("name") == "python" else None
    environment = options.get("virtualenv") if isinstance(options, dict) else None
    return (
        isinstance(environment, str)
        and "main" not in declared
        and "forkserver" in multiprocessing.get_all_start_methods()
        and (project / environment).resolve() == Path(sys.prefix).resolve()
    )


def prepare(project: Path) -> None:
    """Starts loading the modules in the background, if `can_host`. Without it the first host waits for them.

    Raises:
        StackFileError: that file cannot be read.
    """
    if can_host(project):
        _fork_context()
        forkserver.ensure_running()


def _fork_context() -> ForkServerContext:
    """The context in which each host is forked from one process that has the modules loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


class LanguageHost:
    """A process that runs the project's program once."""

    address: str
    """Where Pulumi reaches it, as ``host:port``; empty if this SDK has no such server."""

    def __init__(self, project: Path) -> None:
        """Starts the process.

        Args:
            project: the folder with `Pulumi.yaml` and the program.
        """
        context = _fork_context()
        with _process_lock:
            self._connection, theirs = context.Pipe()
            arguments = (theirs, project, dict(os.environ))
            self._process = context.Process(target=serve, args=arguments, daemon=True)
            self._process.start()
            theirs.close()
        try:
            self.address = self._connection.recv()
        except EOFError:
            self.address = ""

    def close(self) -> str:
        """Ends the process and returns what the program printed."""
        printed = ""
        try:
            self._connection.send(None)
            if self._connection.poll(_PATIENCE):
                printed = self._connection.recv()
        except (EOFError, OSError):
            # The process has already ended.
            pass
        self._connection.close()
        with _process_lock:
            self._process.kill()
            self._process.join()
            self._process.close()
        return printed


def serve(connection: Connection, project: Path, environment: Mapping[str, str]) -> None:
    """Serves the program until the parent asks it to end; the main function of a `LanguageHost`."""
    # Ctrl-C on the terminal is for Pulumi; the program notices when Pulumi disconnects.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(project)
    sys.path.insert(0, str(project))
    server = program_server(lambda: _run_program(project))
    if server is None:
        connection.send("")
        return
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        connection.send(f"127.0.0.1:{port}")
        try:
            connection.recv()
            connection.send(printed.getvalue())
        except (EOFError, OSError):
            # The parent has ended, so nothing waits for an answer.
            pass
        server.stop(0).wait()


def _run_program(project: Path) -> None:
    runpy.run_path(str(project / _PROGRAM), run_name="__main__")
