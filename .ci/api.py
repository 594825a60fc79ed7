"""A client of an HTTP API that speaks JSON. It retries while the server is busy, and never shows its token.

The scripts here run where nothing but Python is installed, so they use its standard library alone.
"""

from __future__ import annotations

import json
import sys
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

TRIES = 5
LONGEST_WAIT = 60
SECONDS = 30
MOST_BYTES = 32 * 1024 * 1024
MOST_PAGES = 100

Result = TypeVar("Result")


class ApiError(Exception):
    """Something could not be done, in one line for people: the fact, the consequence and the remedy."""


class Busy(Exception):
    """The API asks for patience.

    Fields:
        why: what it said.
        seconds: how long it asks to wait, if it says so.
    """

    def __init__(self, why: str, seconds: float | None) -> None:
        self.why = why
        self.seconds = seconds
        super().__init__(why)


class _Stays(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_STAYS = build_opener(_Stays)
_FOLLOWS = build_opener()


@dataclass(frozen=True)
class Api:
    """An API and who asks it.

    Fields:
        base: its address.
        header: the header that carries the token, with `{}` in the token's place.
        token: never a part of an address, an output or an error.
    """

    base: str
    header: tuple[str, str]
    token: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.base.startswith(("https://", "http://")):
            raise ApiError("the API's address is no http address, so it was not asked. The platform sets it.")
        # http.client would quote a token that it cannot send.
        if not (self.token and self.token.isascii() and self.token.isprintable() and " " not in self.token):
            raise ApiError(
                "the token is empty or holds characters that no token has, so nothing was asked. Set it anew."
            )

    def get(self, path: str, **query: str | int) -> Any:
        """What is at a path. Raises ApiError and Busy, as all of these do."""
        return self._page(path, query)[0]

    def pages(self, path: str, **query: str | int) -> Iterator[Any]:
        """Every entry of a list, over all its pages."""
        for page in range(1, MOST_PAGES + 1):
            entries, headers = self._page(path, {**query, "per_page": 100, "page": page})
            yield from entries
            # Only whether there is a next page is taken from the answer: an address could lead elsewhere.
            if 'rel="next"' not in headers.get("Link", ""):
                return
        raise ApiError(f"a list has more than {MOST_PAGES} pages, so it was not read to its end.")

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Send a body and return the answer."""
        return _parsed(self._asked(_STAYS, method, path, json.dumps(body).encode(), MOST_BYTES)[0])

    def download(self, path: str, most: int) -> bytes:
        """The bytes that a path leads to, of which there may be `most`. The token stays with the API."""
        return self._asked(_FOLLOWS, "GET", path, None, most)[0]

    def _page(self, path: str, query: Mapping[str, str | int]) -> tuple[Any, Message]:
        content, headers = self._asked(_STAYS, "GET", f"{path}?{urlencode(query)}" if query else path, None, MOST_BYTES)
        return _parsed(content), headers

    def _asked(
        self, opener: OpenerDirector, method: str, path: str, body: bytes | None, most: int
    ) -> tuple[bytes, Message]:
        request = Request(f"{self.base.rstrip('/')}/{path}", body, method=method)  # noqa: S310
        request.add_header("Accept", "application/json")
        request.add_header("User-Agent", "paletteai")
        if body is not None:
            request.add_header("Content-Type", "application/json")
        # Unredirected: where a download leads to another host, the token does not follow.
        request.add_unredirected_header(self.header[0], self.header[1].format(self.token))
        try:
            with opener.open(request, timeout=SECONDS) as response:
                content, headers = response.read(most + 1), response.headers
        except HTTPError as error:
            with error:
                self._refused(error, method, path)
        except (OSError, HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise Busy(f"it could not be reached ({self._shown(reason)})", None) from None
        if len(content) > most:
            raise ApiError(
                f"{_place(method, path)} answered with more than {most:,} bytes, so the answer was not used."
            )
        return content, headers

    def _refused(self, error: HTTPError, method: str, path: str) -> NoReturn:
        after = _seconds(error.headers.get("Retry-After"))
        if error.code in {429, 500, 502, 503, 504} or (error.code == 403 and after is not None):
            raise Busy(f"it answered {error.code} to {_place(method, path)}", after) from None
        try:
            said = json.loads(error.read(10_000))
            words = said.get("message") or said.get("error") if isinstance(said, dict) else None
        except (ValueError, RecursionError, OSError, HTTPException):
            words = None
        quoted = f" ({self._shown(words)})" if words else ""
        raise ApiError(
            f"the API answered {error.code}{quoted} to {_place(method, path)}, so nothing was done. "
            f"{_REMEDIES.get(error.code, 'Its documentation says what that means.')}"
        ) from None

    def _shown(self, words: object) -> str:
        text = str(words).replace(self.token, "***")[:200]
        return "".join(each if each.isprintable() else " " for each in text)


_REMEDIES = {
    401: "The token is not valid, or not any more: set it anew.",
    403: "The token may not do that: docs/pull-requests.md says what it needs.",
    404: "There is no such thing, or the token may not see it: docs/pull-requests.md says what it needs.",
}


def with_retries(action: Callable[[], Result]) -> Result:
    """The result of an action that is begun again while the API asks for patience, within bounds.

    The action is repeated as a whole, so it must look again for what it may have done already.
    """
    attempt = 0
    while True:
        attempt += 1
        try:
            return action()
        except Busy as busy:
            why, wait = busy.why, float(2**attempt) if busy.seconds is None else busy.seconds
        if wait > LONGEST_WAIT:
            raise ApiError(f"the API asks to wait {wait:.0f} seconds: {why}. Run the job again later.")
        if attempt == TRIES:
            raise ApiError(f"the API did not answer in {TRIES} attempts: {why}. Run the job again later.")
        time.sleep(wait)


def exit_with(main: Callable[[list[str]], str]) -> NoReturn:
    """Run a script: print what it returns and exit 0, or print its error on one line and exit 2."""
    try:
        print(main(sys.argv[1:]))
    except ApiError as error:
        # An API may repeat what others wrote, and GitHub would obey a word in brackets behind ##.
        print(f"error: {error}".replace("##", "#\\x23"), file=sys.stderr)
        sys.exit(2)
    sys.exit(0)


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        pass
    # Raised outside of the handler: the decoder's error holds the whole answer.
    raise ApiError("the API's answer is no JSON, so it was not understood. Is its address right?")


def _seconds(text: str | None) -> float | None:
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds()) if until.tzinfo else None


def _place(method: str, path: str) -> str:
    return f"{method} {path.partition('?')[0]}"
