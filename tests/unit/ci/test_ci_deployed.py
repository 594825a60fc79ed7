"""Which commit was deployed last: nothing that failed is forgotten, and nobody else says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from support.ci_scripts import Answer, Asked, Ran, Server, run_ci

A, B = "a" * 40, "b" * 40
TOKEN = "ghs_CANARY0123456789"


class Runs:
    """GitHub with runs of workflows."""

    def __init__(self) -> None:
        self.runs: list[dict[str, Any]] = []
        self.server = Server(self._answer)

    def add(self, number: int, commit: str, event: str = "push", branch: str = "main", says: str = "success") -> None:
        run = {"run_number": number, "head_sha": commit, "event": event, "head_branch": branch, "conclusion": says}
        self.runs.insert(0, run)

    def _answer(self, asked: Asked) -> Answer:
        assert asked.path == "/repos/team/fleet/actions/workflows/deploy.yaml/runs"
        # As GitHub, but for a branch, which another repository may have, too.
        found = [
            run
            for run in self.runs
            if (run["event"], run["conclusion"]) == (asked.query["event"], asked.query["status"])
        ]
        return Answer({"workflow_runs": found[: int(asked.query["per_page"])]})


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    runs = Runs()
    for name, value in {
        "GITHUB_API_URL": runs.server.url,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": "team/fleet",
        "GITHUB_WORKFLOW_REF": "team/fleet/.github/workflows/deploy.yaml@refs/heads/main",
        "GITHUB_RUN_NUMBER": "7",
    }.items():
        monkeypatch.setenv(name, value)
    yield runs
    runs.server.stop()


def found(host: str) -> str:
    ran = run_ci("deployed", host)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def refused(host: str) -> str:
    ran: Ran = run_ci("deployed", host)
    assert (ran.code, ran.out) == (2, "")
    assert TOKEN not in ran.err
    return ran.err


def test_before_the_first_deployment_there_is_none(github: Runs) -> None:
    assert found("github") == ""


def test_a_run_that_failed_or_was_cancelled_is_none(github: Runs) -> None:
    github.add(3, A)
    for number, says in enumerate(("failure", "cancelled", "timed_out", "action_required"), 4):
        github.add(number, B, says=says)
    assert found("github") == f"{A}\n"


def test_a_deployment_that_a_person_started_counts(github: Runs) -> None:
    github.add(3, A)
    github.add(5, B, "workflow_dispatch")
    assert found("github") == f"{B}\n"


@pytest.mark.parametrize(("event", "branch"), [("pull_request", "main"), ("push", "other"), ("schedule", "main")])
def test_what_runs_for_others_is_no_deployment(github: Runs, event: str, branch: str) -> None:
    github.add(5, B, event, branch)
    assert found("github") == ""


def test_an_older_run_does_not_undo_a_newer_one(github: Runs) -> None:
    github.add(8, B)
    assert "a newer commit is deployed already, so this one is not" in refused("github")


def test_a_run_that_is_repeated_may_go_on(github: Runs) -> None:
    github.add(7, B)
    assert found("github") == f"{B}\n"


def test_the_token_goes_to_the_api_and_nowhere_else(github: Runs) -> None:
    found("github")
    assert [each.headers["Authorization"] for each in github.server.asked] == [f"Bearer {TOKEN}"] * 2
    assert [each.query["branch"] for each in github.server.asked] == ["main", "main"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_REPOSITORY", ""),
        ("GITHUB_WORKFLOW_REF", "team/fleet/.github/workflows/deploy.yaml@refs/tags/v1"),
        ("GITHUB_WORKFLOW_REF", ""),
        ("GITHUB_RUN_NUMBER", "x"),
    ],
)
def test_outside_of_a_workflow_nothing_is_asked(
    github: Runs, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert "this is no run of a workflow on a branch" in refused("github")
    assert github.server.asked == []


@pytest.mark.parametrize(
    "content", [[], {}, {"workflow_runs": [{}]}, {"workflow_runs": [{"run_number": "x"}]}, {"workflow_runs": 3}]
)
def test_an_answer_of_another_form_is_no_commit(github: Runs, content: Any) -> None:
    github.server.answer = lambda asked: Answer(content)
    assert "does not have the documented form" in refused("github")


@pytest.mark.parametrize("commit", ["main", "$(id)", f"{A}\n::set-output", "", A[:-1]])
def test_what_is_no_commit_is_not_printed(github: Runs, commit: str) -> None:
    github.add(3, commit)
    assert "does not have the documented form" in refused("github")


def test_a_refusal_is_no_first_deployment(github: Runs) -> None:
    github.server.answer = lambda asked: Answer({"message": "Resource not accessible by integration"}, 403)
    assert "the API answered 403" in refused("github")


# GitLab


@pytest.fixture
def gitlab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    server = Server(lambda asked: Answer([]))
    for name, value in {
        "CI_API_V4_URL": f"{server.url}/api/v4",
        "CI_JOB_TOKEN": TOKEN,
        "CI_PROJECT_ID": "12",
        "CI_DEFAULT_BRANCH": "main",
    }.items():
        monkeypatch.setenv(name, value)
    yield server
    server.stop()


def test_on_gitlab_it_is_the_newest_deployment_of_the_default_branch(gitlab: Server) -> None:
    assert found("gitlab") == ""
    deployments = [
        {"ref": "other", "sha": B, "status": "success"},
        {"ref": "main", "sha": B, "status": "failed"},
        {"ref": "main", "sha": A, "status": "success"},
    ]
    gitlab.answer = lambda asked: Answer(deployments)
    assert found("gitlab") == f"{A}\n"
    asked = gitlab.asked[-1]
    assert asked.path == "/api/v4/projects/12/deployments"
    assert asked.query == {
        "environment": "deployed",
        "status": "success",
        "order_by": "id",
        "sort": "desc",
        "per_page": "20",
    }
    assert {name.lower(): value for name, value in asked.headers.items()}["job-token"] == TOKEN


@pytest.mark.parametrize("content", [{}, [{}], [{"ref": "main", "status": "success", "sha": "main"}], 3])
def test_on_gitlab_an_answer_of_another_form_is_no_commit(gitlab: Server, content: Any) -> None:
    gitlab.answer = lambda asked: Answer(content)
    assert "does not have the documented form" in refused("gitlab")


def test_outside_of_a_pipeline_nothing_is_asked(gitlab: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_PROJECT_ID", "")
    assert "this is no job of a pipeline" in refused("gitlab")
    assert gitlab.asked == []
