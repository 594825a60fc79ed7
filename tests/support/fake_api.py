"""An API server in this process, which serves what it is given, page by page, and does what a bad day brings."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import yaml

from paletteai_components.kube.manifests import Manifest
from paletteai_components.kube.palette_api import API_VERSION

_KINDS = {
    "tenants": "Tenant",
    "projects": "Project",
    "settings": "Settings",
    "secrets": "Secret",
    "namespaces": "Namespace",
    "sealedsecrets": "SealedSecret",
    "externalsecrets": "ExternalSecret",
}
_VENDORS = ("tenants", "projects", "settings")
_PUBLISHED = ("Tenant", "Project", "Settings")
TOKEN = "the-token-of-the-user"


@dataclass(frozen=True)
class Reply:
    """An answer other than the usual one. Without a status, the connection is closed; bytes are sent as they are."""

    status: int | None = None
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Choice = Callable[[str, int], Reply | None]
"""Chooses another answer by the path with its query, and by how often it was asked for before."""


class FakeApi:
    """Serves objects for as long as a `with` lasts.

    Fields:
        requests: method and path of what came, in order.
        choose: chooses another answer; can be exchanged at any time.
        forbidden: the resources that the user may not list.
        versions: those of the vendor's API, the preferred one first.
        schemas: what is published of the vendor's kinds, by kind.
    """

    def __init__(self, objects: Iterable[Manifest] = (), forbidden: Iterable[str] = ()) -> None:
        self.requests: list[tuple[str, str]] = []
        self.choose: Choice = lambda path, times: None
        self.forbidden = set(forbidden)
        self.versions = [API_VERSION]
        self.schemas: dict[str, Mapping[str, Any]] = {kind: {"type": "object"} for kind in _PUBLISHED}
        self._items: dict[str, list[Manifest]] = {}
        for each in objects:
            self._items.setdefault(each["kind"], []).append(each)
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeApi:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def kubeconfig(self, folder: Path) -> str:
        """The path of a kubeconfig with the contexts `dev` and `prod`, which both lead here."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
            "users": [{"name": "user", "user": {"token": TOKEN}}],
            "contexts": [{"name": name, "context": {"cluster": "fake", "user": "user"}} for name in ("dev", "prod")],
            "current-context": "dev",
        }
        file = folder / "kubeconfig"
        file.write_text(yaml.safe_dump(config))
        return str(file)

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, without their queries."""
        return [urlsplit(path).path for _, path in self.requests]

    def answer(self, path: str, accept: str) -> Reply:
        """The answer to a request."""
        times = [each for _, each in self.requests].count(path)
        self.requests.append(("GET", path))
        chosen = self.choose(path, times)
        if chosen is not None:
            return chosen
        parts, query = urlsplit(path), parse_qs(urlsplit(path).query)
        *above, last = parts.path.strip("/").split("/")
        if parts.path == "/apis":
            return Reply(200, {"kind": "APIGroupList", "groups": self._groups()})
        if parts.path.removeprefix("/apis/") in self.versions:
            return Reply(200, {"kind": "APIResourceList", "resources": _resources()})
        if parts.path.removeprefix("/openapi/v3/apis/") in self.versions:
            return Reply(200, {"components": {"schemas": self._published()}})
        if last not in _KINDS or (last in _VENDORS and "/".join(above[1:]) not in self.versions):
            return Reply(404, {"kind": "Status"})
        if last in self.forbidden:
            return Reply(403, {"kind": "Status", "message": "forbidden"})
        return Reply(200, self._page(_KINDS[last], query, only_metadata="PartialObjectMetadataList" in accept))

    def _published(self) -> dict[str, Any]:
        group, version = self.versions[0].split("/")
        mark = {"group": group, "version": version}
        return {
            f"theirs.{kind}": {**schema, "x-kubernetes-group-version-kind": [{**mark, "kind": kind}]}
            for kind, schema in self.schemas.items()
        }

    def _groups(self) -> list[dict[str, Any]]:
        names = {each["apiVersion"] for items in self._items.values() for each in items if "/" in each["apiVersion"]}
        found: dict[str, list[str]] = {}
        for version in (*self.versions, *sorted(names - {API_VERSION})):
            found.setdefault(version.partition("/")[0], []).append(version)
        return [
            {
                "name": group,
                "versions": [{"groupVersion": each} for each in reversed(versions)],
                "preferredVersion": {"groupVersion": versions[0]},
            }
            for group, versions in found.items()
        ]

    def _page(self, kind: str, query: Mapping[str, list[str]], *, only_metadata: bool) -> dict[str, Any]:
        items = self._items.get(kind, [])
        start, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        page: list[Mapping[str, Any]] = list(items[start : start + limit])
        if only_metadata:
            page = [{"metadata": each["metadata"]} for each in page]
        left = len(items) - start - len(page)
        more = {"continue": str(start + limit), "remainingItemCount": left} if left else {}
        # As an API server does it: the items do not say what they are.
        bare = [{name: value for name, value in each.items() if name not in ("apiVersion", "kind")} for each in page]
        return {"kind": f"{kind}List", "metadata": {"resourceVersion": "1", **more}, "items": bare}


def _resources() -> list[dict[str, Any]]:
    kinds = [(name, _KINDS[name]) for name in _VENDORS]
    return [{"name": name, "kind": kind} for name, kind in (*kinds, ("tenants/status", "Tenant"))]


class _Server(ThreadingHTTPServer):
    # They are joined at the end, so that no thread is left.
    daemon_threads = False

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self._open: list[socket.socket] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.append(connection)
        return connection, address

    def server_close(self) -> None:
        for connection in self._open:
            with contextlib.suppress(OSError):
                # A client may keep its connection for later.
                connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client may go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet: the tests read what others print."""

    def do_GET(self) -> None:
        api = cast(_Server, self.server).api
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            reply = Reply(HTTPStatus.UNAUTHORIZED)
        else:
            reply = api.answer(self.path, self.headers.get("Accept", ""))
        if reply.status is None:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        usual = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self.send_response_only(reply.status)
        for name, value in {**usual, **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _other(self) -> None:
        cast(_Server, self.server).api.requests.append((self.command, self.path))
        self.send_error(405)

    do_POST = do_PUT = do_PATCH = do_DELETE = _other  # noqa: N815
