"""A language host: the project's program, run for Pulumi in a process that begins with its modules loaded.

By itself Pulumi asks pip twice for what is installed, and starts Python and the program anew, for every stack:
more work than most deployments are. It takes a host that is there already, as its Automation API has one.
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
from paletteai_components.stacks.stack import PROJECT_FILE, defaults_from_file

_PROGRAM = "__main__.py"
# Loaded once, in the process from which every host is forked. None of them starts a thread.
_LOADED = [
    "paletteai_components.deployment.program",
    "paletteai_components.kube.api_server",
    PROGRAM_SERVER,
    # The SDK loads this one when the first object is registered.
    "pulumi_kubernetes.meta.v1",
    __name__,
]
# Seconds until a host that is to end is killed.
_PATIENCE = 5.0
# Making processes is not safe in several threads at once.
_making = threading.Lock()


def can_host(project: Path) -> bool:
    """Whether the program runs here as Pulumi would run it; `project` is the folder with `Pulumi.yaml`.

    That is so where the project names the environment that this process runs in. Raises StackFileError.
    """
    declared = defaults_from_file(project / PROJECT_FILE).value
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
    """Has the modules loaded in the background, where the program runs here; `project` is as for `can_host`.

    Without it the first host waits for them. Raises StackFileError.
    """
    if can_host(project):
        _forking()
        forkserver.ensure_running()


def _forking() -> ForkServerContext:
    """How hosts are made: each is forked from one process that has their modules loaded."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context


class LanguageHost:
    """A process that runs the project's program once.

    Fields:
        address: where Pulumi reaches it; empty where this SDK has no such server.
    """

    def __init__(self, project: Path) -> None:
        """`project` is the folder with `Pulumi.yaml` and the program."""
        forking = _forking()
        with _making:
            self._connection, theirs = forking.Pipe()
            arguments = (theirs, project, dict(os.environ))
            self._process = forking.Process(target=serve, args=arguments, daemon=True)
            self._process.start()
            theirs.close()
        try:
            self.address: str = self._connection.recv()
        except EOFError:
            self.address = ""

    def close(self) -> str:
        """Ends it, and returns what the program printed."""
        printed = ""
        try:
            self._connection.send(None)
            if self._connection.poll(_PATIENCE):
                printed = self._connection.recv()
        except (EOFError, OSError):
            # It is gone already.
            pass
        self._connection.close()
        with _making:
            self._process.kill()
            self._process.join()
            self._process.close()
        return printed


def serve(connection: Connection, project: Path, environment: Mapping[str, str]) -> None:
    """Serves the program until it is told to end. It sends its address first, and last what was printed."""
    # The terminal's Ctrl-C is for Pulumi, which tells the program by going away.
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(project)
    sys.path.insert(0, str(project))
    server = program_server(lambda: _run(project))
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
            # Whoever started it is gone, so nobody waits for an answer.
            pass
        server.stop(0).wait()


def _run(project: Path) -> None:
    runpy.run_path(str(project / _PROGRAM), run_name="__main__")
