"""A proxy in front of the API server that answers some requests with what a bad day brings."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import urlsplit

from support.cluster.control_plane import ControlPlane

# Those that are about one connection, and are not passed on.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What happens to a request instead of its answer."""

    THROTTLED = "429 with Retry-After"
    BROKEN = "500"
    RESET = "the connection is reset before the request is passed on"
    LOST = "the connection is reset after the request was carried out"
    SLOW = "the request is passed on after the proxy's delay"
    EXPIRED = "410, as if the list had taken too long"
    HELD = "the request is carried out, and its answer kept back until the proxy ends"


Choice = Callable[[str, str], Fault | None]
"""Chooses the fault of a request by its method and path."""

FAULTS = (Fault.THROTTLED, Fault.BROKEN, Fault.RESET, Fault.SLOW)


def at_random(rate: float, seed: int, faults: tuple[Fault, ...] = FAULTS) -> Choice:
    """Any of the faults for this part of the requests."""
    source = random.Random(seed)
    return lambda method, path: source.choice(faults) if source.random() < rate else None


class Proxy:
    """Passes requests on to the API server of a cluster for as long as a `with` lasts.

    It has the API server's own certificate, because a client sends its token nowhere else.

    Fields:
        url: where it is.
        choose: chooses the fault of each request; can be exchanged at any time.
        delay: how long a slow request takes, in seconds; can be exchanged, too.
        requests: method and path of those that came.
        delivered: how often each fault was.
    """

    def __init__(self, cluster: ControlPlane, choose: Choice = lambda method, path: None) -> None:
        self.choose = choose
        self.delay = 5.0
        self.requests: list[tuple[str, str]] = []
        self.delivered: Counter[Fault] = Counter()
        self._cluster = cluster
        self._lock = threading.Lock()
        self._server = _Server(self, cluster)
        self.url = f"https://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()

    def kubeconfig(self, path: Path) -> Path:
        """A kubeconfig that reaches the cluster through this proxy."""
        return self._cluster.kubeconfig_at(self.url, path)

    def wait_for(self, fault: Fault, seconds: float = 60) -> None:
        """Waits until this fault was delivered once more than before."""
        before, until = self.delivered[fault], time.monotonic() + seconds
        while self.delivered[fault] <= before:
            assert time.monotonic() < until, f"there was no request for: {fault}"
            time.sleep(0.02)

    def fault_of(self, method: str, path: str) -> Fault | None:
        """The fault that this request gets. It is counted."""
        with self._lock:
            self.requests.append((method, path))
            fault = self.choose(method, path)
            if fault is not None:
                self.delivered[fault] += 1
            return fault


class _Server(ThreadingHTTPServer):
    # They are joined at the end, so that nothing is left open.
    daemon_threads = False

    def __init__(self, proxy: Proxy, cluster: ControlPlane) -> None:
        self.proxy = proxy
        self.upstream = urlsplit(cluster.url)
        self.trust = ssl.create_default_context(cafile=cluster.certificate)
        self.ended = threading.Event()
        self._identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._identity.load_cert_chain(cluster.certificate, cluster.certificate.with_suffix(".key"))
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        # The handshake is made by the thread of the connection, at its first read.
        return self._identity.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client that went away in the middle is what these tests are about."""

    def opened(self, connection: socket.socket) -> None:
        self._open.add(connection)
        if self.ended.is_set():
            _shut(connection)

    def closed(self, connection: socket.socket) -> None:
        self._open.discard(connection)

    def end_connections(self) -> None:
        self.ended.set()
        for connection in list(self._open):
            _shut(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self._server = cast(_Server, self.server)
        self._server.opened(self.request)
        self._upstream: http.client.HTTPSConnection | None = None
        super().setup()

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self._server.closed(self.request)
            self._hang_up()

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet: the tests read what others print."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self._server.proxy.fault_of(self.command, self.path)
        match fault:
            case Fault.THROTTLED:
                self._refuse(429, "TooManyRequests", "the proxy is throttling", {"Retry-After": "1"})
            case Fault.BROKEN:
                self._refuse(500, "InternalError", "the proxy is broken")
            case Fault.EXPIRED:
                self._refuse(410, "Expired", "the continue token is too old")
            case Fault.RESET:
                self._reset()
            case Fault.LOST:
                self._passed_on(body).read()
                self._reset()
            case Fault.HELD:
                self._passed_on(body).read()
                self._server.ended.wait()
                self._reset()
            case Fault.SLOW:
                self._server.ended.wait(self._server.proxy.delay)
                self._hand_back(self._passed_on(body))
            case None:
                self._hand_back(self._passed_on(body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def _passed_on(self, body: bytes) -> http.client.HTTPResponse:
        if self._upstream is None:
            server = self._server
            host, port = str(server.upstream.hostname), server.upstream.port
            self._upstream = http.client.HTTPSConnection(host, port, context=server.trust)
            self._upstream.connect()
            server.opened(self._upstream.sock)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        self._upstream.request(self.command, self.path, body or None, headers)
        return self._upstream.getresponse()

    def _hand_back(self, response: http.client.HTTPResponse) -> None:
        self.send_response_only(response.status, response.reason)
        for name, value in response.getheaders():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        if response.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if not response.chunked:
            self.wfile.write(response.read())
            return
        # Of a watch each event is passed on as it comes.
        while chunk := response.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, code: int, reason: str, message: str, headers: dict[str, str] | None = None) -> None:
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
        body = json.dumps({**status, "reason": reason, "message": message, "metadata": {}}).encode()
        self.send_response_only(code)
        fixed = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**fixed, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.connection.close()
        self.close_connection = True

    def _hang_up(self) -> None:
        if self._upstream is not None:
            if self._upstream.sock is not None:
                self._server.closed(self._upstream.sock)
            self._upstream.close()
            self._upstream = None


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # As a plain socket's: this wakes the thread that reads from it.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
