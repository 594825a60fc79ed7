"""Lists of an API server: page by page, and what a busy, slow or dying one does to them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fake_api import Choice, FakeApi, Reply
from support.observations import project

from paletteai_components.kube.api_server import Answer, ApiServer, ClusterUnavailable
from paletteai_components.kube.pages import PAGE, Item, listed

PROJECTS = "/apis/spectrocloud.com/v1alpha1/projects"
MANY = 2 * PAGE + 3


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with FakeApi(project(f"p{number}") for number in range(MANY)) as api:
        yield api


@pytest.fixture
def server(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ApiServer:
    monkeypatch.setattr("urllib3.util.retry.time.sleep", lambda seconds: pauses.append(seconds))
    pauses.clear()
    return ApiServer(api.kubeconfig(tmp_path), None)


pauses: list[float] = []


def names(server: ApiServer) -> list[str]:
    found = listed(server, PROJECTS, lambda number, remaining: None)
    assert found is not None
    return [each["metadata"]["name"] for each in found]


EVERY = [f"p{number}" for number in range(MANY)]


def at(part: str, reply: Reply, *, times: int = 1) -> Choice:
    """The reply to the first requests whose path ends so."""
    return lambda path, before: reply if path.endswith(part) and before < times else None


def test_a_list_is_read_in_pages(api: FakeApi, server: ApiServer) -> None:
    assert names(server) == EVERY
    assert [path.partition("?")[2] for _, path in api.requests] == [
        f"limit={PAGE}",
        f"limit={PAGE}&continue={PAGE}",
        f"limit={PAGE}&continue={2 * PAGE}",
    ]


def test_every_page_is_told_with_what_is_still_to_come(server: ApiServer) -> None:
    told: list[tuple[int, int]] = []
    listed(server, PROJECTS, lambda number, remaining: told.append((number, remaining)))
    assert told == [(PAGE, PAGE + 3), (PAGE, 3), (3, 0)]


def test_what_is_not_kept_is_not_there(server: ApiServer) -> None:
    def last(item: Item) -> Item | None:
        return item if item["metadata"]["name"] == EVERY[-1] else None

    found = listed(server, PROJECTS, lambda *_: None, keep=last)
    assert [each["metadata"]["name"] for each in found or ()] == EVERY[-1:]


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again_when_it_says(api: FakeApi, server: ApiServer, status: int) -> None:
    api.choose = at(f"continue={PAGE}", Reply(status, {}, {"Retry-After": "2"}), times=3)
    assert names(server) == EVERY
    assert pauses == [2, 2, 2]


def test_a_busy_server_cannot_make_anybody_wait_for_an_hour(api: FakeApi, server: ApiServer) -> None:
    api.choose = at(f"limit={PAGE}", Reply(429, {}, {"Retry-After": "3600"}))
    assert names(server) == EVERY
    assert pauses == [30]


def test_a_server_that_stays_busy_is_given_up(api: FakeApi, server: ApiServer) -> None:
    api.choose = lambda path, before: Reply(503)
    with pytest.raises(ClusterUnavailable, match="HTTP 503"):
        names(server)
    assert 5 <= len(api.requests) <= 8


def test_a_connection_that_breaks_is_made_again(api: FakeApi, server: ApiServer) -> None:
    api.choose = at(f"continue={PAGE}", Reply())
    assert names(server) == EVERY


def test_a_server_that_goes_away_in_the_middle_cannot_be_reached(api: FakeApi, server: ApiServer) -> None:
    api.choose = at(f"continue={PAGE}", Reply(), times=99)
    with pytest.raises(ClusterUnavailable, match="cannot be reached"):
        names(server)


def test_an_expired_list_goes_on_with_the_token_of_the_answer(api: FakeApi, server: ApiServer) -> None:
    # As an API server does it whose state is compacted: the token leads to where the old one did.
    expired = Reply(410, {"kind": "Status", "reason": "Expired", "metadata": {"continue": str(PAGE)}})
    asked: list[str] = []

    def choose(path: str, before: int) -> Reply | None:
        asked.append(path)
        return expired if len(asked) == 2 else None

    api.choose = choose
    assert names(server) == EVERY
    assert [path.partition("continue=")[2] for path in asked] == ["", str(PAGE), str(PAGE), str(2 * PAGE)]


def test_an_expired_list_without_a_token_begins_again_and_has_nothing_twice(api: FakeApi, server: ApiServer) -> None:
    api.choose = at(f"continue={2 * PAGE}", Reply(410, {"kind": "Status", "reason": "Expired", "metadata": {}}))
    assert names(server) == EVERY
    assert len(api.requests) == 6


def test_a_list_that_always_expires_is_given_up(api: FakeApi, server: ApiServer) -> None:
    api.choose = at(f"continue={PAGE}", Reply(410, {"metadata": {}}), times=99)
    with pytest.raises(ClusterUnavailable, match="HTTP 410"):
        names(server)


@pytest.mark.parametrize(("status", "found"), [(403, None), (404, [])])
def test_what_may_not_be_listed_is_unknown_and_what_is_not_served_is_nothing(
    api: FakeApi, server: ApiServer, status: int, found: Any
) -> None:
    api.choose = lambda path, before: Reply(status)
    assert listed(server, PROJECTS, lambda *_: None) == found


@pytest.mark.parametrize("status", [301, 302, 400, 401, 500])
def test_any_other_answer_is_an_error_and_no_redirection_is_followed(
    api: FakeApi, server: ApiServer, status: int
) -> None:
    api.choose = lambda path, before: Reply(status, {}, {"Location": f"{api.url}/elsewhere"})
    with pytest.raises(ClusterUnavailable):
        names(server)
    assert "/elsewhere" not in api.paths


@pytest.mark.parametrize("body", [[], None, 5, {"items": None}, {"items": [], "metadata": []}])
def test_an_answer_of_another_form_is_an_empty_list(api: FakeApi, server: ApiServer, body: Any) -> None:
    api.choose = lambda path, before: Reply(200, body)
    assert names(server) == []


def test_an_answer_does_not_show_what_is_in_it() -> None:
    assert "CANARY" not in repr(Answer(200, {"items": [{"data": {"palette": "CANARY"}}]}))


def test_the_fake_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    with FakeApi([project()]) as api:
        server = ApiServer(api.kubeconfig(tmp_path), None)
        assert names(server) == ["vision"]
    assert threading.active_count() == before
