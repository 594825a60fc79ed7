"""The workflows: they do what docs/pull-requests.md says, with no more power than it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / ".github" / "workflows").iterdir())
NAMES = [file.stem for file in FILES]
GITLAB = ROOT / ".gitlab-ci.yml"
DOCS = (ROOT / "docs" / "pull-requests.md").read_text()
USES = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
SCRIPT = re.compile(r"\.ci/[\w.-]+")


class _Workflows(yaml.SafeLoader):
    """YAML as GitHub reads it: `on` is a key."""


_Workflows.yaml_implicit_resolvers = {
    character: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for character, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def workflow(name: str) -> dict[str, Any]:
    """A workflow of GitHub."""
    loaded: dict[str, Any] = yaml.load((ROOT / ".github" / "workflows" / f"{name}.yaml").read_text(), _Workflows)
    return loaded


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job of GitHub's workflows: the workflow, its name and the job."""
    for name in NAMES:
        for job, content in workflow(name)["jobs"].items():
            yield name, job, content


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every step of GitHub's workflows."""
    for name, job, content in jobs():
        for step in content["steps"]:
            yield name, job, step


def gitlab() -> dict[str, dict[str, Any]]:
    """The jobs of GitLab, with what they extend."""
    content = yaml.safe_load(GITLAB.read_text())
    found: dict[str, dict[str, Any]] = {}
    for name, job in content.items():
        if isinstance(job, dict) and ("script" in job or "trigger" in job):
            extended = [job["extends"]] if isinstance(job.get("extends", []), str) else job.get("extends", [])
            whole: dict[str, Any] = {}
            for base in extended:
                whole |= content[base]
            found[name] = whole | job
    return found


# --- GitHub -----------------------------------------------------------------------------------------------------


def test_the_workflows_are_those_that_are_described() -> None:
    assert NAMES == ["check", "comment", "deploy", "preview"]
    for file in FILES:
        assert f"`{file.relative_to(ROOT)}`" in DOCS, file


def test_actionlint_finds_nothing() -> None:
    promised = os.environ.get("PALETTEAI_ACTIONLINT")
    actionlint = promised or shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("there is no actionlint on PATH; .ci/run builds it")
    ran = subprocess.run([actionlint, *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it() -> None:
    used = {step["uses"] for _, _, step in steps() if "uses" in step}
    assert all(USES.fullmatch(action) for action in used), used
    versions: dict[str, set[str]] = {}
    for file in FILES:
        for line in file.read_text().splitlines():
            if "uses:" in line:
                found = re.fullmatch(r"\s+(?:- )?uses: (\S+) # (v\d+\.\d+\.\d+)", line)
                assert found, line
                versions.setdefault(found[1].partition("@")[0], set()).add(f"{found[1]} {found[2]}")
    assert all(len(each) == 1 for each in versions.values()), versions


def test_every_job_may_do_only_what_it_says_and_has_an_end() -> None:
    for name in NAMES:
        assert workflow(name)["permissions"] == {}, name
    written = {}
    for name, job, content in jobs():
        assert 0 < content["timeout-minutes"] <= 60, (name, job)
        written[name, job] = {key: value for key, value in content["permissions"].items() if value != "read"}
        assert "contents" not in written[name, job]
    assert {place: more for place, more in written.items() if more} == {
        ("comment", "comment"): {"pull-requests": "write"}
    }


def test_no_checkout_leaves_a_token_behind() -> None:
    checkouts = [step for _, _, step in steps() if "actions/checkout@" in step.get("uses", "")]
    assert len(checkouts) == len(list(jobs()))
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_what_others_choose_reaches_a_script_only_through_its_environment() -> None:
    for name, job, step in steps():
        assert "${{" not in step.get("run", ""), (name, job, step)


def test_the_check_of_a_pull_request_has_no_secret_and_runs_for_forks_too() -> None:
    check = workflow("check")
    assert check["on"] == {"pull_request": None}
    text = (ROOT / ".github" / "workflows" / "check.yaml").read_text()
    assert "secrets." not in text
    assert "github.token" not in text
    assert "environment:" not in text


def test_no_workflow_runs_a_pull_requests_code_with_power() -> None:
    for name in NAMES:
        assert "pull_request_target" not in workflow(name)["on"]
    for name, job, step in steps():
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"].get("ref") in {None, "${{ github.event.repository.default_branch }}"}, (name, job)
            assert "repository" not in step["with"]
    # Without a ref these check out the default branch: it is what the event is about.
    assert workflow("comment")["on"].keys() == {"workflow_run"}
    assert workflow("deploy")["on"].keys() == {"push"}


def test_the_comment_follows_the_check_and_takes_the_head_from_the_event() -> None:
    comment = workflow("comment")
    assert comment["on"]["workflow_run"] == {"workflows": [workflow("check")["name"]], "types": ["completed"]}
    (job,) = comment["jobs"].values()
    assert "github.event.workflow_run.event == 'pull_request'" in job["if"]
    assert job["steps"][-1]["env"] == {
        "HEAD_REPOSITORY": "${{ github.event.workflow_run.head_repository.full_name }}",
        "HEAD_BRANCH": "${{ github.event.workflow_run.head_branch }}",
        "HEAD_SHA": "${{ github.event.workflow_run.head_sha }}",
    }


def test_the_comment_finds_what_the_check_left_also_after_it_failed() -> None:
    left = workflow("check")["jobs"]["check"]["steps"][-1]
    fetched = (ROOT / ".ci" / "artifact.py").read_text()
    assert left["if"] == "${{ !cancelled() }}"
    assert f'NAME = "{left["with"]["name"]}"' in fetched
    assert f'MEMBER = "{left["with"]["path"]}"' in fetched


def test_a_preview_is_started_by_hand_and_takes_nothing_but_stack_files() -> None:
    preview = workflow("preview")
    assert preview["on"].keys() == {"workflow_dispatch"}
    assert preview["on"]["workflow_dispatch"]["inputs"].keys() == {"pull_request", "commit"}
    for job in preview["jobs"].values():
        fetching = [step["run"] for step in job["steps"] if "refs/pull" in step.get("run", "")]
        assert len(fetching) == 1
        assert re.match(r"\.ci/choose |\.venv/bin/python \.ci/take\.py ", fetching[0])


def test_secrets_are_in_one_step_of_a_job_with_an_environment() -> None:
    for name, job, content in jobs():
        holders = [step for step in content["steps"] if "secrets." in str(step)]
        assert "secrets." not in str({key: value for key, value in content.items() if key != "steps"})
        if holders:
            assert [step["run"] for step in holders] == [f'.ci/pulumi {job} "$STACK"'], (name, job)
            assert content["environment"] in {"${{ matrix.environment }}", "preview-${{ matrix.environment }}"}
            assert (name == "preview") == content["environment"].startswith("preview-")


def test_two_updates_of_a_stack_never_overlap() -> None:
    up = workflow("deploy")["jobs"]["up"]
    assert up["concurrency"] == {"group": "pulumi-${{ matrix.stack }}", "cancel-in-progress": "false"}
    assert up["strategy"]["fail-fast"] == "false"
    assert workflow("deploy")["on"]["push"]["branches"] == ["main"]


def test_a_deployment_starts_for_everything_that_the_program_is_made_of() -> None:
    paths = workflow("deploy")["on"]["push"]["paths"]
    for part in ("__main__.py", "Pulumi.yaml", "requirements.txt", "pyproject.toml", "Makefile"):
        assert part in paths
    for folder in ("stacks", "paletteai_components", ".ci"):
        assert f"{folder}/**" in paths
    for path in paths:
        assert (ROOT / path.removesuffix("/**")).exists(), path


def test_the_command_is_of_the_version_that_the_program_is_written_for() -> None:
    pinned = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    installed = {step["with"]["pulumi-version"] for _, _, step in steps() if "pulumi/actions@" in step.get("uses", "")}
    assert installed == {pinned[1]}


def test_a_preview_is_named_by_what_somebody_approves_and_takes_nothing_else() -> None:
    preview = workflow("preview")
    assert preview["run-name"] == "preview #${{ inputs.pull_request }} at ${{ inputs.commit }}"
    assert preview["env"] == {"PULL_REQUEST": "${{ inputs.pull_request }}", "COMMIT": "${{ inputs.commit }}"}
    for job in preview["jobs"].values():
        (taking,) = (step["run"] for step in job["steps"] if "PULL_REQUEST" in step.get("run", ""))
        assert '"refs/pull/$PULL_REQUEST/head" "$COMMIT"' in taking


# --- GitLab -----------------------------------------------------------------------------------------------------


def test_gitlab_has_the_same_jobs() -> None:
    assert gitlab().keys() == {"check", "comment", "stacks to preview", "preview", "stacks to deploy", "deploy"}
    stages = yaml.safe_load(GITLAB.read_text())["stages"]
    assert all(job["stage"] in stages for job in gitlab().values())


def test_on_gitlab_only_the_comment_sees_its_token_and_never_for_a_fork() -> None:
    (rule,) = gitlab()["comment"]["rules"]
    assert "$COMMENT_TOKEN" in rule["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule["if"]
    assert rule["when"] == "always"
    others = {name: job for name, job in gitlab().items() if name != "comment"}
    assert "TOKEN" not in str(others)


def test_on_gitlab_a_merge_request_starts_only_the_check_and_the_comment() -> None:
    started = {
        name for name, job in gitlab().items() if any("merge_request_event" in each["if"] for each in job["rules"])
    }
    assert started == {"check", "comment"}
    for name in gitlab().keys() - started:
        assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in each["if"] for each in gitlab()[name]["rules"]), name


def test_on_gitlab_a_push_deploys_and_a_preview_is_started_by_hand() -> None:
    assert '"push"' in gitlab()["deploy"]["rules"][0]["if"]
    assert "/^(web|api)$/ && $PREVIEW_COMMIT" in gitlab()["preview"]["rules"][0]["if"]


def test_on_gitlab_jobs_come_from_the_pipeline_that_was_written_for_them() -> None:
    for name, made in {"preview": "stacks to preview", "deploy": "stacks to deploy"}.items():
        job = gitlab()[name]
        assert job["trigger"]["include"] == [{"artifact": "pipeline.yml", "job": made}]
        assert job["trigger"]["strategy"] == "depend"
        assert job["needs"] == [made]
        assert gitlab()[made]["artifacts"]["paths"] == ["pipeline.yml"]


def test_on_gitlab_a_preview_is_named_by_what_somebody_approves() -> None:
    about = yaml.safe_load(GITLAB.read_text())["workflow"]
    (named,) = (rule for rule in about["rules"] if "variables" in rule)
    assert about["name"] == "$PIPELINE_NAME"
    assert named["variables"] == {"PIPELINE_NAME": "preview !$PREVIEW_MERGE_REQUEST at $PREVIEW_COMMIT"}
    assert named["if"] == gitlab()["preview"]["rules"][0]["if"]


def test_on_gitlab_no_image_is_named_by_a_tag_alone() -> None:
    images = re.findall(r"^\s*(?:image|name): (\S+:\S+)$", GITLAB.read_text(), re.MULTILINE)
    assert len(images) == 1
    # Without the variable, or with anything else in it, this is not even the name of an image.
    assert all(re.fullmatch(r"[a-z/]+:[\w.-]+@\$[A-Z]+_IMAGE_DIGEST", image) for image in images), images
    for name in ("PYTHON_IMAGE_DIGEST", "PULUMI_IMAGE_DIGEST"):
        assert f"`{name}`" in DOCS


def test_on_gitlab_what_is_compared_has_its_past() -> None:
    for name in ("check", "stacks to preview"):
        assert gitlab()[name]["variables"] == {"GIT_DEPTH": "0"}


# --- Both -------------------------------------------------------------------------------------------------------


def run_lines() -> list[str]:
    """Every line that a workflow runs."""
    lines = [line for _, _, step in steps() for line in step.get("run", "").splitlines()]
    for job in gitlab().values():
        lines += [line for part in ("before_script", "script") for line in job.get(part, ())]
    return lines


def test_every_script_that_is_run_is_there_and_can_be_run() -> None:
    named = {found for line in run_lines() for found in SCRIPT.findall(line)}
    assert {".ci/check", ".ci/choose", ".ci/pulumi", ".ci/take.py", ".ci/comment.py"} <= named
    for script in named:
        assert os.access(ROOT / script, os.X_OK), script


def test_what_is_longer_than_a_few_lines_is_a_script() -> None:
    assert all(len(step.get("run", "").splitlines()) <= 5 for _, _, step in steps())


def test_every_target_of_make_that_is_built_is_there() -> None:
    targets = {found for line in run_lines() for found in re.findall(r"\bmake (\S+)", line)}
    assert targets == {".venv/.runtime"}
    makefile = (ROOT / "Makefile").read_text()
    assert "VENV := .venv\n" in makefile
    assert "RUNTIME := $(VENV)/.runtime\n" in makefile


def test_nobody_turns_on_what_the_engine_logs_for_its_makers() -> None:
    scripts = [file for file in (ROOT / ".ci").iterdir() if file.is_file() and file.name != "run"]
    for file in (*FILES, GITLAB, *scripts):
        assert not re.search(r"--logtostderr|--debug|--show-secrets|PULUMI_DEBUG|set -x|-v=?\d", file.read_text()), file


def test_no_host_is_named_but_by_the_platform() -> None:
    for file in (*FILES, GITLAB, *(ROOT / ".ci").glob("*.py")):
        assert not re.search(r"https?://\w", file.read_text()), file
