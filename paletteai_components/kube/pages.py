"""The objects at a path of an API server, listed page by page, with patience for a server that is busy or slow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from urllib3 import BaseHTTPResponse, Retry, Timeout

from paletteai_components.kube.api_server import JSON, Answer, ApiServer, unusable

PAGE = 500
"""The objects on a page."""

Item = dict[str, Any]
Tell = Callable[[int, int], None]
"""A function that is told how many objects a page had, and how many there are still to come."""

# A page of large objects takes its time.
_TIMEOUT = Timeout(connect=5, read=30)
_LONGEST_PAUSE = 30.0
_MOST_RESTARTS = 3


class _Patience(Retry):
    """Asks again as the server says, but does not wait for longer than a user would."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        after = super().get_retry_after(response)
        return None if after is None else min(after, _LONGEST_PAUSE)


_PATIENCE = _Patience(
    total=8,
    connect=2,
    read=2,
    status=6,
    status_forcelist={HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT},
    allowed_methods={"GET"},
    backoff_factor=0.5,
    backoff_max=_LONGEST_PAUSE,
    redirect=False,
    raise_on_status=False,
)


def asked(server: ApiServer, path: str, accept: str = JSON) -> Answer:
    """The answer to one GET, which is sent again where the server is busy or the connection breaks.

    Raises:
        ClusterUnavailable: The API server does not answer, or rejects the user.
    """
    return server.ask(path, accept, retries=_PATIENCE, timeout=_TIMEOUT)


def listed(
    server: ApiServer, path: str, tell: Tell, *, accept: str = JSON, keep: Callable[[Item], Item | None] = lambda _: _
) -> list[Item] | None:
    """The objects at a path, or None if the user may not list them. None are at a path that is not served.

    A list that takes longer than the server keeps its state goes on with a newer state, as the server offers it, or
    begins again.

    Args:
        server: The API server.
        path: The path of the collection, perhaps with a query.
        tell: Is told of every page.
        accept: The media type of the answer.
        keep: What to keep of an object, None for nothing of it.

    Raises:
        ClusterUnavailable: The API server does not answer, or rejects the user.
    """
    found: list[Item] = []
    token, restarts = "", 0
    first = f"{path}{'&' if '?' in path else '?'}limit={PAGE}"
    while True:
        answer = asked(server, f"{first}&continue={quote(token, safe='')}" if token else first, accept)
        if answer.status == HTTPStatus.FORBIDDEN:
            return None
        if answer.status == HTTPStatus.NOT_FOUND:
            return []
        expired = answer.status == HTTPStatus.GONE and restarts < _MOST_RESTARTS
        if not expired and answer.status != HTTPStatus.OK:
            raise unusable(answer)
        metadata = _mapping(answer.value.get("metadata"))
        token = str(metadata.get("continue") or "")
        if expired:
            restarts += 1
            if not token:
                found.clear()
            continue
        items = answer.value.get("items") or []
        found += [kept for item in items if (kept := keep(item)) is not None]
        tell(len(items), int(metadata.get("remainingItemCount") or 0))
        if not token:
            return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
