"""The jobs of a workflow: for which stacks there are some, and what they run."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.ci_scripts import Ran, run_ci
from support.projects import Project, changed

from paletteai_components.ci import checkout
from paletteai_components.ci.jobs import for_github, for_gitlab
from paletteai_components.errors import UserError

COMMIT = "a" * 40
DIGEST = f"sha256:{'b' * 64}"
REF = "refs/merge-requests/7/head"
DEV, PROD = ("acme.dev", "dev"), ("acme.prod", "prod")


@pytest.fixture(autouse=True)
def digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """GitLab's variable is set."""
    monkeypatch.setenv("PULUMI_IMAGE_DIGEST", DIGEST)


# --- Which stacks -----------------------------------------------------------------------------------------------


def in_matrix(line: str) -> list[tuple[str, str]]:
    """The stacks in the line for GitHub, and their environments."""
    name, _, value = line.partition("=")
    assert (name, value.count("\n")) == ("matrix", 1)
    return [(each["stack"], each["environment"]) for each in json.loads(value)["include"]]


def pull_request(monkeypatch: pytest.MonkeyPatch, *changed: str) -> None:
    """A pull request that changes stacks."""

    def take(ref: str, commit: str) -> list[str]:
        assert (ref, commit) == (REF, COMMIT)
        return list(changed)

    monkeypatch.setattr(checkout, "take_stack_files", take)


def test_every_stack_gets_a_job_or_those_that_a_pull_request_changes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.stack()
    project.stack(
        changed("context: dev", "context: prod").replace("shared", "other").replace("v1:", "v2:"), "acme.prod"
    )
    assert in_matrix(run_ci("jobs", "github").out) == [DEV, PROD]
    pull_request(monkeypatch, "acme.prod")
    assert in_matrix(run_ci("jobs", "github", REF, COMMIT).out) == [PROD]
    assert "preview acme.prod" in run_ci("jobs", "gitlab", REF, COMMIT).out


def test_a_pull_request_that_changes_no_stack_does_not_choose_all_of_them(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.stack()
    pull_request(monkeypatch)
    ran = run_ci("jobs", "github", REF, COMMIT)
    assert (ran.code, ran.out) == (2, "")
    assert "there is nothing to preview" in ran.err


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [(changed("palette: shared", "palette: other"), 1, "error PAI005"), ("config: {a: b\n", 2, "error PAI012")],
)
def test_stacks_with_errors_get_no_jobs_and_people_read_why(text: str, code: int, says: str, project: Project) -> None:
    project.stack(text)
    for host in ("github", "gitlab"):
        ran = run_ci("jobs", host)
        assert (ran.code, ran.out) == (code, "")
        assert says in ran.err


def test_problems_of_a_pull_request_are_no_command_to_the_server(project: Project) -> None:
    project.stack(changed("palette: shared", 'palette: "x\\n::error::y ##[group]z\\r"'))
    ran = run_ci("jobs", "github")
    assert ran.code == 1
    assert not re.search(r"(?m)^\s*::|##", ran.err)


def test_a_pull_request_without_its_commit_is_refused(project: Project) -> None:
    project.stack()
    ran = run_ci("jobs", "github", REF)
    assert (ran.code, ran.out) == (2, "")
    assert "its ref and its newest commit" in ran.err


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_project_without_a_stack_yet_has_nothing_to_deploy_and_that_is_no_failure(
    host: str, project: Project
) -> None:
    project.declare()
    ran = run_ci("jobs", host)
    assert (ran.code, ran.err) == (0, "")
    if host == "github":
        assert ran.out == "matrix=\n"
    else:
        (name, job) = list(json.loads(ran.out).items())[-1]
        assert (name, job["script"]) == ("no stack", ["echo 'There is no stack file yet.'"])


def test_the_example_stacks_get_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert DEV in in_matrix(run_ci("jobs", "github").out)


# --- The jobs ---------------------------------------------------------------------------------------------------


def test_gitlab_gets_a_job_for_each_stack_one_at_a_time_in_its_environment() -> None:
    pipeline = json.loads(for_gitlab([DEV, PROD]))
    assert pipeline.keys() == {"workflow", "stages", "up acme.dev", "up acme.prod"}
    job = pipeline["up acme.prod"]
    assert job["environment"] == {"name": "prod"}
    assert job["resource_group"] == "pulumi-acme.prod"
    assert job["interruptible"] is False
    assert job["script"] == ["bash .ci/install", ".venv/bin/paletteai ci up acme.prod"]
    assert "when" not in job
    assert job["image"]["name"] == f"pulumi/pulumi:{metadata.version('pulumi')}@{DIGEST}"


def test_gitlab_gets_previews_that_wait_for_a_person_and_say_what_is_approved() -> None:
    pipeline = yaml.safe_load(for_gitlab([DEV], (REF, COMMIT)))
    assert pipeline["workflow"] == {"name": f"preview !7 at {COMMIT}"}
    job = pipeline["preview acme.dev"]
    assert job["environment"] == {"name": "preview-dev"}
    assert job["when"] == "manual"
    take = f".venv/bin/paletteai ci checkout {REF} {COMMIT}"
    assert job["script"] == ["bash .ci/install", take, ".venv/bin/paletteai ci preview acme.dev"]
    assert job["image"]["name"].endswith(f"@{DIGEST}")


def test_what_a_job_of_gitlab_runs_is_there() -> None:
    assert (ROOT / ".ci" / "install").exists()
    for operation in ("up", "preview", "checkout"):
        assert run_ci(operation, "--help").code == 0


def refused(stacks: list[tuple[str, str]], pull_request: tuple[str, str] | None = None) -> str:
    """Why there are no jobs on either host."""
    with pytest.raises(UserError) as error:
        for_gitlab(stacks, pull_request)
    if pull_request is None and "DIGEST" not in error.value.message:
        with pytest.raises(UserError, match=re.escape(error.value.message)):
            for_github(stacks)
    return str(error.value)


@pytest.mark.parametrize("digest", ["", "latest", "b" * 64, DIGEST[:-1], f"{DIGEST}\n", f"{DIGEST} x", DIGEST.upper()])
def test_on_gitlab_there_is_no_job_without_the_digest_of_its_image(
    digest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_IMAGE_DIGEST", digest)
    told = refused([DEV])
    assert "PULUMI_IMAGE_DIGEST is not the digest of pulumi/pulumi:" in told
    assert "docker buildx imagetools inspect" in told


@pytest.mark.parametrize(
    "name", ["", "a b", "x;y", "$(id)", "${{ secrets.x }}", '"', "x\ny", "-x", "x.", "é", "a" * 101, "../x", "##[e]x"]
)
def test_a_name_that_could_say_more_than_a_name_makes_no_job(name: str) -> None:
    for stack in ((name, "dev"), ("acme.dev", name)):
        assert "cannot be in the name of a job" in refused([("fine", "dev"), stack])


def test_more_stacks_than_a_workflow_runs_are_refused() -> None:
    stacks = [(f"s{number}.dev", "dev") for number in range(257)]
    assert for_github(stacks[:256])
    assert "at most 256" in refused(stacks)


@pytest.mark.parametrize(
    "pull_request",
    [*((ref, COMMIT) for ref in ("refs/heads/main", f"{REF}; evil", "refs/pull/7/head")), (REF, "main")],
)
def test_a_ref_that_is_no_merge_requests_makes_no_job(pull_request: tuple[str, str]) -> None:
    assert "this is not the ref of a merge request" in refused([DEV], pull_request)


@pytest.mark.parametrize(
    "arguments", [("jobs",), ("jobs", "jenkins"), ("destroy",), ("jobs", "github", REF, COMMIT, "x")]
)
def test_other_jobs_are_not_known(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran: Ran = run_ci(*arguments)
    assert (ran.code, ran.out) == (2, "")
