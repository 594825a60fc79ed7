"""The jobs of a workflow: for which slices there are some, and what they run."""

from __future__ import annotations

import json
import re
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from support.bench.workspaces import many_stacks
from support.checkout import ROOT
from support.ci_scripts import Ran, run_ci
from support.fleets import Fleet
from support.projects import PULUMI_YAML, Project

from paletteai_components.ci import checkout
from paletteai_components.ci.jobs import Job, for_github, for_gitlab, jobs_of
from paletteai_components.errors import UserError
from paletteai_components.stacks.slices import slice_of

COMMIT = "a" * 40
DIGEST = f"sha256:{'b' * 64}"
REF = "refs/merge-requests/7/head"


@pytest.fixture(autouse=True)
def digest(monkeypatch: pytest.MonkeyPatch) -> None:
    """GitLab's variable is set."""
    monkeypatch.setenv("PULUMI_IMAGE_DIGEST", DIGEST)


# --- Which stacks -----------------------------------------------------------------------------------------------


def in_matrix(line: str) -> list[tuple[str, str]]:
    """The environments and slices in the line for GitHub."""
    name, _, value = line.partition("=")
    assert (name, value.count("\n")) == ("matrix", 1)
    return [(each["environment"], each["slice"]) for each in json.loads(value)["include"]] if value.strip() else []


def slices(*stacks: str, count: int = 16) -> list[tuple[str, str]]:
    """The environments and slices of stacks."""
    every = {(stack.rpartition(".")[2], slice_of(stack, count).number) for stack in stacks}
    return [(environment, f"{number}/{count}") for environment, number in sorted(every)]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    fleet = Fleet(tmp_path, monkeypatch)
    fleet.add("delta", "prod")
    fleet.edit("delta.prod", "context: dev", "context: prod")
    fleet.commit()
    return fleet


@pytest.fixture
def taking(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a pull request changes: the names of its stacks, whose files are written already."""
    changed: list[str] = []

    def take(ref: str, commit: str) -> list[str]:
        assert (ref, commit) == (REF, COMMIT)
        return changed

    monkeypatch.setattr(checkout, "take_stack_files", take)
    return changed


EVERY = ("acme.dev", "beta.dev", "gamma.dev", "delta.prod")


def test_every_slice_with_a_stack_gets_a_job(fleet: Fleet) -> None:
    assert in_matrix(run_ci("jobs", "github").out) == slices(*EVERY)
    assert in_matrix(run_ci("jobs", "github", "--since", "").out) == slices(*EVERY)
    assert in_matrix(run_ci("jobs", "github", "--slices", "1").out) == [("dev", "1/1"), ("prod", "1/1")]


def test_an_environment_may_have_a_workflow_of_its_own(fleet: Fleet) -> None:
    assert in_matrix(run_ci("jobs", "github", "--env", "prod").out) == slices("delta.prod")
    assert in_matrix(run_ci("jobs", "github", "--env", "prod", "--env", "dev").out) == slices(*EVERY)
    # A misspelt one would never be deployed, and nobody would notice.
    ran = run_ci("jobs", "github", "--env", "prdo")
    assert (ran.code, ran.out) == (2, "")
    assert "no stack in `stacks` belongs to environment `prdo`" in ran.err


def test_only_what_a_change_reaches_gets_jobs_and_the_log_says_why(fleet: Fleet) -> None:
    base = fleet.git("rev-parse", "HEAD")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    fleet.commit()
    ran = run_ci("jobs", "github", "--since", base)
    assert in_matrix(ran.out) == slices("beta.dev")
    assert "  beta.dev: its `paletteai:tenant` changed\n" in ran.err
    assert "3 stacks are left out" in ran.err
    pipeline = json.loads(run_ci("jobs", "gitlab", "--since", base).out)
    (job,) = (each for name, each in pipeline.items() if name.startswith("up "))
    part = slice_of("beta.dev", 16)
    assert job["script"] == ["bash .ci/install", f".venv/bin/paletteai ci up dev {part} --since {base}"]


def test_where_nothing_is_reached_there_is_nothing_to_do_and_that_is_no_failure(fleet: Fleet) -> None:
    assert run_ci("jobs", "github", "--since", "HEAD").out == "matrix=\n"
    head = fleet.git("rev-parse", "HEAD")
    pipeline = json.loads(run_ci("jobs", "gitlab", "--since", head).out)
    assert pipeline["no stack"]["script"] == ["echo 'There is no stack to deploy.'"]


def test_a_commit_that_is_not_there_makes_no_jobs(fleet: Fleet) -> None:
    ran = run_ci("jobs", "github", "--since", "0" * 40)
    assert (ran.code, ran.out) == (2, "")
    assert "this clone has no revision" in ran.err


def test_more_stacks_than_a_workflow_has_jobs_are_split_and_none_is_refused(project: Project) -> None:
    many_stacks(project.folder / "many", 300, 1)
    project.declare(PULUMI_YAML.replace("stackConfigDir: stacks", "stackConfigDir: many"))
    assert in_matrix(run_ci("jobs", "github").out) == [("dev", f"{number}/16") for number in range(1, 17)]


def test_a_pull_request_gets_previews_of_what_it_reaches(fleet: Fleet, taking: list[str]) -> None:
    taking.append("beta.dev")
    fleet.edit("beta.dev", "displayName: Beta", "displayName: Better")
    assert in_matrix(run_ci("jobs", "github", REF, COMMIT).out) == slices("beta.dev")
    (job,) = (
        each for name, each in json.loads(run_ci("jobs", "gitlab", REF, COMMIT).out).items() if "preview dev" in name
    )
    assert job["script"][-1] == f".venv/bin/paletteai ci preview dev {slice_of('beta.dev', 16)}"


def test_a_pull_request_that_changes_no_stack_does_not_choose_all_of_them(fleet: Fleet, taking: list[str]) -> None:
    ran = run_ci("jobs", "github", REF, COMMIT)
    assert (ran.code, ran.out) == (2, "")
    assert "there is nothing to preview" in ran.err


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [("{palette: shared}", "{palette: other}", 1, "error PAI005"), ("config:\n", "config: [\n", 2, "error PAI012")],
)
def test_a_pull_request_with_errors_gets_no_previews_and_people_read_why(
    old: str, new: str, code: int, says: str, fleet: Fleet, taking: list[str]
) -> None:
    taking.append("beta.dev")
    fleet.edit("beta.dev", old, new)
    for host in ("github", "gitlab"):
        ran = run_ci("jobs", host, REF, COMMIT)
        assert (ran.code, ran.out) == (code, "")
        assert says in ran.err


@pytest.mark.parametrize(("old", "new"), [("{palette: shared}", "{palette: other}"), ("config:\n", "config: [\n")])
def test_a_stack_with_errors_does_not_keep_the_others_from_being_deployed(old: str, new: str, fleet: Fleet) -> None:
    base = fleet.git("rev-parse", "HEAD")
    fleet.edit("beta.dev", old, new)
    fleet.edit("acme.dev", "displayName: Acme", "displayName: Other")
    fleet.commit()
    assert in_matrix(run_ci("jobs", "github", "--since", base).out) == slices("acme.dev", "beta.dev")


def test_problems_of_a_pull_request_are_no_command_to_the_server(fleet: Fleet, taking: list[str]) -> None:
    taking.append("beta.dev")
    fleet.edit("beta.dev", "palette: shared", 'palette: "x\\n::error::y ##[group]z\\r"')
    ran = run_ci("jobs", "github", REF, COMMIT)
    assert ran.code == 1
    assert not re.search(r"(?m)^\s*::|##", ran.err)


@pytest.mark.parametrize("arguments", [(REF,), (REF, COMMIT, "--since", COMMIT)])
def test_a_pull_request_is_its_ref_and_its_commit_and_nothing_else(arguments: tuple[str, ...], fleet: Fleet) -> None:
    ran = run_ci("jobs", "github", *arguments)
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
        assert (name, job["script"]) == ("no stack", ["echo 'There is no stack to deploy.'"])


def test_a_project_file_that_cannot_be_read_makes_no_jobs_and_is_a_failure(project: Project) -> None:
    project.declare("name: [\n")
    ran = run_ci("jobs", "github")
    assert (ran.code, ran.out) == (2, "")
    assert "Pulumi.yaml:" in ran.err


def test_the_example_stacks_get_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert slices("acme.dev")[0] in in_matrix(run_ci("jobs", "github").out)


# --- The jobs ---------------------------------------------------------------------------------------------------


DEV, PROD = Job("dev", 3, 16), Job("prod", 5, 16)


def test_gitlab_gets_a_job_for_each_slice_one_at_a_time_in_its_environment() -> None:
    pipeline = json.loads(for_gitlab([DEV, PROD]))
    assert pipeline.keys() == {"workflow", "stages", "up dev 3/16", "up prod 5/16"}
    job = pipeline["up prod 5/16"]
    assert job["environment"] == {"name": "prod"}
    assert job["resource_group"] == "pulumi-prod-5-of-16"
    assert job["interruptible"] is False
    assert job["script"] == ["bash .ci/install", ".venv/bin/paletteai ci up prod 5/16"]
    assert "when" not in job
    assert job["image"]["name"] == f"pulumi/pulumi:{metadata.version('pulumi')}@{DIGEST}"
    # What a change reaches is found out again.
    assert job["variables"] == {"GIT_DEPTH": "0"}


def test_gitlab_gets_previews_that_wait_for_a_person_and_say_what_is_approved() -> None:
    pipeline = yaml.safe_load(for_gitlab([DEV], None, (REF, COMMIT)))
    assert pipeline["workflow"] == {"name": f"preview !7 at {COMMIT}"}
    job = pipeline["preview dev 3/16"]
    assert job["environment"] == {"name": "preview-dev"}
    assert job["when"] == "manual"
    take = f".venv/bin/paletteai ci checkout {REF} {COMMIT}"
    assert job["script"] == ["bash .ci/install", take, ".venv/bin/paletteai ci preview dev 3/16"]
    assert job["image"]["name"].endswith(f"@{DIGEST}")


def test_a_stack_has_one_lock_whatever_else_is_deployed() -> None:
    alone = jobs_of([("acme.dev", "dev")])
    together = jobs_of([(f"s{number}.dev", "dev") for number in range(100)] + [("acme.dev", "dev")])
    assert alone[0] in together
    assert len(together) == 16


def test_what_a_job_of_gitlab_runs_is_there() -> None:
    assert (ROOT / ".ci" / "install").exists()
    for operation in ("up", "preview", "checkout", "deployed"):
        assert run_ci(operation, "--help").code == 0


def refused(jobs: list[Job], since: str | None = None, pull_request: tuple[str, str] | None = None) -> str:
    """Why there is no pipeline."""
    with pytest.raises(UserError) as error:
        for_gitlab(jobs, since, pull_request)
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
def test_an_environment_that_could_say_more_than_a_name_makes_no_job(name: str) -> None:
    with pytest.raises(UserError, match="cannot be in the name of a job"):
        jobs_of([("fine.dev", "dev"), ("acme.dev", name)])


@pytest.mark.parametrize("name", ["a b", "x;y", "$(id)", "${{ secrets.x }}", "x\ny", "é", "../x", "##[e]x", "\udc80"])
def test_the_name_of_a_stack_is_in_no_job(name: str) -> None:
    jobs = jobs_of([(f"{name}.dev", "dev")])
    assert name not in for_github(jobs) + for_gitlab(jobs)


def test_more_slices_than_a_workflow_runs_are_refused_with_what_to_do() -> None:
    stacks = [(f"s{number}.e{number % 20}", f"e{number % 20}") for number in range(4_000)]
    with pytest.raises(UserError) as error:
        jobs_of(stacks)
    assert "20 environments with 16 slices make 320 jobs" in str(error.value)
    assert "`--slices 12`" in str(error.value)
    assert len(jobs_of(stacks, 12)) == 240


@pytest.mark.parametrize("since", ["main", "", COMMIT[:-1], f"{COMMIT}; evil", "$(id)"])
def test_on_gitlab_only_a_full_commit_gets_into_a_script(since: str) -> None:
    assert "is not the full name of a commit" in refused([DEV], since)


@pytest.mark.parametrize(
    "pull_request",
    [*((ref, COMMIT) for ref in ("refs/heads/main", f"{REF}; evil", "refs/pull/7/head")), (REF, "main")],
)
def test_a_ref_that_is_no_merge_requests_makes_no_job(pull_request: tuple[str, str]) -> None:
    assert "this is not the ref of a merge request" in refused([DEV], None, pull_request)


@pytest.mark.parametrize(
    "arguments", [("jobs",), ("jobs", "jenkins"), ("destroy",), ("jobs", "github", REF, COMMIT, "x")]
)
def test_other_jobs_are_not_known(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran: Ran = run_ci(*arguments)
    assert (ran.code, ran.out) == (2, "")
