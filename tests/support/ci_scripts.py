"""What a workflow runs, `paletteai ci` and the scripts of `.ci`, and a server that stands for an API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from click.testing import CliRunner

from paletteai_components.cli import main
from support.checkout import ROOT

CI = ROOT / ".ci"


@dataclass(frozen=True)
class Ran:
    """How a script ended."""

    code: int
    out: str
    err: str


def run_ci(*arguments: str) -> Ran:
    """Run `paletteai ci` in this process, where its waiting can be taken out."""
    result = CliRunner().invoke(main, ["ci", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def run_file(name: str, *arguments: str, folder: Path, environment: Mapping[str, str], stdin: str | None = None) -> Ran:
    """Run a file of `.ci` as a command, with this environment and no other."""
    done = subprocess.run(
        [str(CI / name), *arguments],
        cwd=folder,
        env=dict(environment),
        input=stdin or "",
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """One answer: JSON, or bytes."""

    content: Any = None
    code: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Server:
    """An HTTP server on this machine that answers what it is told."""

    def __init__(self, answer: Callable[[Asked], Answer]) -> None:
        """It listens from now on."""
        self.answer = answer
        self.asked: list[Asked] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                location = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                query = {key: values[-1] for key, values in parse_qs(location.query).items()}
                asked = Asked(self.command, location.path, query, dict(self.headers), body)
                server.asked.append(asked)
                answer = server.answer(asked)
                content = answer.content if isinstance(answer.content, bytes) else json.dumps(answer.content).encode()
                self.send_response(answer.code)
                for header in answer.headers:
                    self.send_header(*header)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """It listens no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
