"""A client of a JSON API over HTTP. It retries while the server is busy, and never prints its token."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, NoReturn, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from paletteai_components.errors import UserError

TRIES = 5
LONGEST_WAIT = 60
SECONDS = 30
MOST_BYTES = 32 * 1024 * 1024
MOST_PAGES = 100

Result = TypeVar("Result")


class ApiError(UserError):
    """The API cannot be asked, or refuses."""


class Busy(Exception):
    """The API is busy or cannot be reached."""

    def __init__(self, why: str, seconds: float | None) -> None:
        self.why = why
        """What the API answered."""
        self.seconds = seconds
        """How many seconds it asks to wait, or None."""
        super().__init__(why)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_WITHOUT_REDIRECTS = build_opener(_NoRedirects)
_WITH_REDIRECTS = build_opener()


@dataclass(frozen=True)
class Api:
    """An API and the token for it."""

    base: str
    """The URL of the API."""
    header: tuple[str, str]
    """The name and value of the header that carries the token, with `{}` for the token."""
    token: str = field(repr=False)
    """Never part of a URL, an output or an error."""

    def __post_init__(self) -> None:
        if not self.base.startswith(("https://", "http://")):
            raise ApiError("the API's URL is not an http URL, so no request was sent.", "The platform sets it.")
        # http.client would quote a token that it cannot send.
        if not (self.token and self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise ApiError(
                "the token is empty or has characters that no token has, so no request was sent.", "Set it again."
            )

    def get(self, path: str, **query: str | int) -> Any:
        """Get the JSON at a path.

        Raises:
            ApiError: The API refuses the request.
            Busy: The API is busy or cannot be reached. The other methods raise both, too.
        """
        return self._page(path, query)[0]

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """Get every entry of a list, from all its pages."""
        for page in range(1, MOST_PAGES + 1):
            entries, headers = self._page(path, {**query, "per_page": 100, "page": page})
            yield from entries
            # The answer decides only whether there is a next page: a URL in it could point to another host.
            if 'rel="next"' not in headers.get("Link", ""):
                return
        raise ApiError(f"a list has more than {MOST_PAGES} pages, so it was not read completely.")

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send a body and return the JSON of the answer."""
        return _parse_json(self._request(_WITHOUT_REDIRECTS, method, path, json.dumps(body).encode(), MOST_BYTES)[0])

    def download(self, path: str, most: int) -> bytes:
        """Download at most `most` bytes. Redirects are followed without the token."""
        return self._request(_WITH_REDIRECTS, "GET", path, None, most)[0]

    def _page(self, path: str, query: Mapping[str, str | int]) -> tuple[Any, Message]:
        content, headers = self._request(
            _WITHOUT_REDIRECTS, "GET", f"{path}?{urlencode(query)}" if query else path, None, MOST_BYTES
        )
        return _parse_json(content), headers

    def _request(
        self, opener: OpenerDirector, method: str, path: str, body: bytes | None, most: int
    ) -> tuple[bytes, Message]:
        request = Request(f"{self.base.rstrip('/')}/{path}", body, method=method)  # noqa: S310
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", "paletteai")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        # Unredirected: when a download redirects to another host, the token is not sent there.
        request.add_unredirected_header(self.header[0], self.header[1].format(self.token))
        try:
            with opener.open(request, timeout=SECONDS) as response:
                content, headers = response.read(most + 1), response.headers
        except HTTPError as error:
            with error:
                self._raise_refusal(error, method, path)
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise Busy(f"it could not be reached ({self._without_token(reason)})", None) from None
        if len(content) > most:
            raise ApiError(
                f"{_request_text(method, path)} answered with more than {most:,} bytes, so the answer was not used."
            )
        return content, headers

    def _raise_refusal(self, error: HTTPError, method: str, path: str) -> NoReturn:
        after = _retry_seconds(error.headers.get("Retry-After"))
        if error.code in {429, 500, 502, 503, 504} or (error.code == 403 and after is not None):
            raise Busy(f"it answered {error.code} to {_request_text(method, path)}", after) from None
        try:
            answer = json.loads(error.read(10_000))
            words = answer.get("message") or answer.get("error") if isinstance(answer, dict) else None
        except (ValueError, RecursionError, OSError, HTTPException):
            words = None
        quoted = f" ({self._without_token(words)})" if words else ""
        raise ApiError(
            f"the API answered {error.code}{quoted} to {_request_text(method, path)}, so nothing was done.",
            _REMEDIES.get(error.code, "The API documentation explains this status."),
        ) from None

    def _without_token(self, words: object) -> str:
        text = str(words).replace(self.token, "***")[:200]
        return "".join(each if each.isprintable() else " " for each in text)


_PERMISSIONS = "`pull-requests: write` and `actions: read` on GitHub, the scope `api` on GitLab"
_REMEDIES = {
    401: "The token is not valid or has expired: set it again.",
    403: f"The token lacks a permission: it needs {_PERMISSIONS}.",
    404: f"It does not exist, or the token lacks a permission: it needs {_PERMISSIONS}.",
}


def with_retries(action: Callable[[], Result]) -> Result:
    """Run an action, and repeat it while the API is busy, a few times at most.

    The complete action is repeated, so it must look again for what an earlier attempt has done.

    Raises:
        ApiError: The action fails, or the API stays busy.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return action()
        except Busy as busy:
            why, wait = busy.why, float(2**attempt) if busy.seconds is None else busy.seconds
        if wait > LONGEST_WAIT:
            raise ApiError(
                f"the API asks to wait {wait:.0f} seconds ({why}), so the command stopped.", "Run the job again later."
            )
        if attempt == TRIES:
            raise ApiError(f"the API did not answer in {TRIES} attempts ({why}).", "Run the job again later.")
        time.sleep(wait)


def _parse_json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    # Raised outside the handler: the decoder's error contains the complete answer.
    raise ApiError("the API's answer is not JSON, so it cannot be read.", "Check the URL.")


def _retry_seconds(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None


def _request_text(method: str, path: str) -> str:
    return f"{method} {path.partition('?')[0]}"
