"""The workflows: they do what docs/pull-requests.md says, with no more power than it says."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from support.checkout import ROOT

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


@functools.cache
def workflow(name: str) -> dict[str, Any]:
    """A workflow of GitHub."""
    loaded: dict[str, Any] = yaml.load((ROOT / ".github" / "workflows" / f"{name}.yaml").read_text(), _Workflows)
    return loaded


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every job of GitHub's workflows: the workflow, its name and the job."""
    for name in NAMES:
        for job, content in workflow(name)["jobs"].items():
            yield name, job, content


def called() -> dict[tuple[str, str], str]:
    """Which workflow of this repository a job calls, by the job."""
    found = {}
    for name, job, content in jobs():
        if "uses" in content:
            file = re.fullmatch(r"\./\.github/workflows/(\w+)\.yaml", content["uses"])
            assert file, content
            found[name, job] = file[1]
    return found


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every step of GitHub's workflows."""
    for name, job, content in jobs():
        for step in content.get("steps", ()):
            yield name, job, step


def before(name: str, job: str) -> set[str]:
    """Every job of a workflow that has to succeed before one of its jobs starts."""
    content = workflow(name)["jobs"][job]
    needed = content.get("needs", [])
    direct = {needed} if isinstance(needed, str) else set(needed)
    return direct.union(*(before(name, each) for each in direct))


@functools.cache
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
    assert NAMES == ["check", "comment", "deploy", "preview", "release", "test", "versions"]
    for file in FILES:
        assert f"`{file.relative_to(ROOT)}`" in DOCS, file


def test_actionlint_finds_nothing() -> None:
    promised = os.environ.get("PALETTEAI_ACTIONLINT")
    actionlint = promised or shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("needs actionlint on PATH")
    ran = subprocess.run([actionlint, *map(str, FILES)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it() -> None:
    used = {step["uses"] for _, _, step in steps() if "uses" in step}
    assert all(USES.fullmatch(action) for action in used), used
    versions: dict[str, set[str]] = {}
    for file in FILES:
        for line in file.read_text().splitlines():
            if "uses:" in line and "uses: ./" not in line:
                found = re.fullmatch(r"\s+(?:- )?uses: (\S+) # (v\d+\.\d+\.\d+)", line)
                assert found, line
                versions.setdefault(found[1].partition("@")[0], set()).add(f"{found[1]} {found[2]}")
    assert all(len(each) == 1 for each in versions.values()), versions


def test_every_job_may_do_only_what_it_says_and_has_an_end() -> None:
    for name in NAMES:
        assert workflow(name)["permissions"] == {}, name
    written = {}
    for name, job, content in jobs():
        assert "uses" in content or 0 < content["timeout-minutes"] <= 60, (name, job)
        written[name, job] = {key: value for key, value in content["permissions"].items() if value != "read"}
    assert {location: more for location, more in written.items() if more} == {
        ("comment", "comment"): {"pull-requests": "write"},
        ("release", "publish"): {"id-token": "write"},
        ("release", "announce"): {"contents": "write"},
    }


def test_no_checkout_leaves_a_token_behind() -> None:
    checkouts = [step for _, _, step in steps() if "actions/checkout@" in step.get("uses", "")]
    assert len(checkouts) == len(list(jobs())) - len(called())
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_what_others_choose_reaches_a_script_only_through_its_environment() -> None:
    for name, job, step in steps():
        assert "${{" not in step.get("run", ""), (name, job, step)
        # What is longer is a script.
        assert len(step.get("run", "").splitlines()) <= 5, (name, job)


def test_nothing_is_deployed_or_released_that_the_tests_have_not_passed_for() -> None:
    assert called() == {("deploy", "test"): "test", ("release", "test"): "test", ("release", "versions"): "versions"}
    assert {"test", "stacks"} <= before("deploy", "up")
    assert "test" in before("deploy", "stacks")
    for job in ("build", "publish", "announce"):
        assert {"test", "versions"} <= before("release", job)
    # A condition such as always() would start a job although what it needs has failed.
    for name in ("deploy", "release", "test", "versions"):
        for job in workflow(name)["jobs"].values():
            assert job.get("if") in {None, "github.event_name == 'push'"}
            assert "continue-on-error" not in str(job)


@pytest.mark.parametrize("name", ["check", "test", "versions"])
def test_what_runs_the_code_of_pull_requests_has_no_secret_and_may_only_read(name: str) -> None:
    assert workflow(name)["on"].keys() <= {"pull_request", "schedule", "workflow_call"}
    assert workflow(name)["on"]["pull_request"] is None
    text = (ROOT / ".github" / "workflows" / f"{name}.yaml").read_text()
    assert not re.search(r"secrets|github\.token|^ +environment:", text, re.MULTILINE)
    for job in workflow(name)["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
    # Also for forks, and for nothing else.
    assert name != "check" or workflow(name)["on"] == {"pull_request": None}


def test_a_newer_push_ends_no_run_that_a_deployment_or_a_release_waits_for() -> None:
    for name in ("test", "versions"):
        group = workflow(name)["concurrency"]["group"]
        assert group == f"{name}-${{{{ github.event_name == 'pull_request' && github.ref || github.run_id }}}}"
    assert workflow("release")["concurrency"] == {"group": "release", "cancel-in-progress": "false"}


def test_the_tests_of_a_workflow_are_those_of_a_clean_clone() -> None:
    (job,) = workflow("test")["jobs"].values()
    assert job["steps"][-1]["run"] == ".ci/run"
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert any("pulumi/actions@" in step.get("uses", "") for step in job["steps"])


def test_every_python_that_is_promised_is_tested_and_both_ends_of_what_is_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = re.findall(r":: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)
    versions = workflow("versions")["jobs"]
    assert versions["python"]["strategy"]["matrix"]["python"] == promised
    assert project["requires-python"] == f">={promised[0]}"
    ends = versions["dependencies"]["strategy"]["matrix"]["include"]
    assert ends == [{"versions": "oldest", "python": promised[0]}, {"versions": "newest", "python": promised[-1]}]
    assert versions["macos"]["runs-on"].startswith("macos-")
    (matrix,) = gitlab()["versions"]["parallel"]["matrix"]
    assert matrix == {"VERSIONS": ["oldest", "newest"]}


def test_every_file_of_tests_that_is_left_out_somewhere_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "versions.yaml").read_text()
    left_out = re.findall(r"--ignore(?:-glob)?=(\S+)", text)
    assert left_out
    assert all(list(ROOT.glob(each)) for each in left_out), left_out


def test_only_a_tag_is_published_and_only_by_the_job_that_is_approved() -> None:
    release = workflow("release")
    assert release["on"] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
    assert {job for job, content in release["jobs"].items() if "environment" in content} == {"publish"}
    assert release["jobs"]["publish"]["environment"] == "pypi"
    assert release["jobs"]["publish"]["if"] == "github.event_name == 'push'"
    assert "publish" in before("release", "announce")
    assert "secrets." not in str(release)


def test_what_is_published_is_what_was_built_and_tried() -> None:
    release = workflow("release")["jobs"]
    assert any("make release-check" in step.get("run", "") for step in release["build"]["steps"])
    publishing = "\n".join(step.get("run", "") for step in release["publish"]["steps"])
    assert not re.search(r"pip install|release-check|-m build|make test", publishing)
    assert publishing.index("gh run download") < publishing.index("pypi_attestations sign") < publishing.index("twine")
    (left,) = (step for step in release["build"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert f"--name {left['with']['name']} --dir dist" in publishing


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


HERE = "${{ github.server_url }}/${{ github.repository }}"


def test_the_comment_follows_the_check_and_takes_the_head_from_the_event() -> None:
    comment = workflow("comment")
    assert comment["on"]["workflow_run"] == {"workflows": [workflow("check")["name"]], "types": ["completed"]}
    (job,) = comment["jobs"].values()
    assert "github.event.workflow_run.event == 'pull_request'" in job["if"]
    assert job["steps"][-1]["env"] == {
        "HEAD_REPOSITORY": "${{ github.event.workflow_run.head_repository.full_name }}",
        "HEAD_BRANCH": "${{ github.event.workflow_run.head_branch }}",
        "HEAD_SHA": "${{ github.event.workflow_run.head_sha }}",
        "SOURCE_URL": f"{HERE}/blob/${{{{ github.event.workflow_run.head_sha }}}}/{{file}}#L{{line}}",
        "RULES_URL": f"{HERE}/blob/HEAD/docs/rules/{{code}}.md",
    }


def test_the_check_links_to_what_the_comment_may_link_to() -> None:
    ours, posted = (
        next(step["env"] for step in steps if "SOURCE_URL" in step.get("env", {}))
        for steps in (workflow("check")["jobs"]["check"]["steps"], workflow("comment")["jobs"]["comment"]["steps"])
    )
    # The two events have different names for the head of the pull request.
    head = posted["SOURCE_URL"].replace("workflow_run.head_sha", "pull_request.head.sha")
    assert ours == {"SOURCE_URL": head, "RULES_URL": posted["RULES_URL"]}


def test_the_comment_finds_what_the_check_left_also_after_it_failed() -> None:
    left = workflow("check")["jobs"]["check"]["steps"][-1]
    fetched = (ROOT / ".ci" / "fetch_artifact.py").read_text()
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
        assert re.match(r"\.ci/select-stacks |\.venv/bin/python \.ci/checkout_stacks\.py ", fetching[0])


def test_secrets_are_in_one_step_of_a_job_with_an_environment() -> None:
    for name, job, content in jobs():
        holders = [step for step in content.get("steps", ()) if "secrets." in str(step)]
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
    tests = {"test", "versions"}
    stacks = {"stacks to preview", "preview", "stacks to deploy", "deploy"}
    assert gitlab().keys() == {"check", "comment", *tests, *stacks}
    stages = yaml.safe_load(GITLAB.read_text())["stages"]
    assert all(job["stage"] in stages for job in gitlab().values())
    # What is compared has its past.
    assert all(gitlab()[name]["variables"] == {"GIT_DEPTH": "0"} for name in ("check", "stacks to preview"))


def test_on_gitlab_only_the_comment_sees_its_token_and_never_for_a_fork() -> None:
    (rule,) = gitlab()["comment"]["rules"]
    assert "$COMMENT_TOKEN" in rule["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule["if"]
    assert rule["when"] == "always"
    others = {name: job for name, job in gitlab().items() if name != "comment"}
    assert "TOKEN" not in str(others)


def test_on_gitlab_nothing_is_deployed_before_the_tests_have_passed() -> None:
    test = gitlab()["test"]
    assert test["script"] == [".ci/run"]
    assert "allow_failure" not in test
    assert any(rule["if"] == gitlab()["stacks to deploy"]["rules"][0]["if"] for rule in test["rules"])
    assert gitlab()["stacks to deploy"]["needs"] == ["test"]
    assert gitlab()["deploy"]["needs"] == ["stacks to deploy"]


def test_on_gitlab_a_merge_request_starts_no_more_than_tests_check_and_comment_and_a_push_deploys() -> None:
    assert '"push"' in gitlab()["deploy"]["rules"][0]["if"]
    assert "/^(web|api)$/ && $PREVIEW_COMMIT" in gitlab()["preview"]["rules"][0]["if"]
    started = {
        name for name, job in gitlab().items() if any("merge_request_event" in each["if"] for each in job["rules"])
    }
    assert started == {"check", "comment", "test", "versions"}
    for name in gitlab().keys() - started:
        assert all("$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in each["if"] for each in gitlab()[name]["rules"]), name


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
    assert len(images) == 2
    pinned = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    assert f"pulumi/pulumi:{pinned[1]}@$PULUMI_IMAGE_DIGEST" in images
    # Without the variable, or with anything else in it, this is not even the name of an image.
    assert all(re.fullmatch(r"[a-z/]+:[\w.-]+@\$[A-Z]+_IMAGE_DIGEST", image) for image in images), images
    for name in ("PYTHON_IMAGE_DIGEST", "PULUMI_IMAGE_DIGEST"):
        assert f"`{name}`" in DOCS


# --- Both -------------------------------------------------------------------------------------------------------


def run_lines() -> list[str]:
    """Every line that a workflow runs."""
    lines = [line for _, _, step in steps() for line in step.get("run", "").splitlines()]
    for job in gitlab().values():
        lines += [line for part in ("before_script", "script") for line in job.get(part, ())]
    return lines


def test_every_script_that_is_run_is_there_and_can_be_run() -> None:
    named = {found for line in run_lines() for found in SCRIPT.findall(line)}
    wanted = ("check", "select-stacks", "pulumi", "checkout_stacks.py", "comment.py", "run", "versions")
    assert {f".ci/{name}" for name in wanted} <= named
    for script in named:
        assert os.access(ROOT / script, os.X_OK), script


def test_every_target_of_make_that_is_built_is_there() -> None:
    targets = {found for line in run_lines() for found in re.findall(r"\bmake (\S+)", line)}
    assert targets == {".venv/.runtime", ".venv-release/.installed", "plan", "release-check", "test"}
    makefile = (ROOT / "Makefile").read_text()
    assert "VENV := .venv\n" in makefile
    assert "RUNTIME := $(VENV)/.runtime\n" in makefile
    assert "RELEASE := .venv-release\n" in makefile
    assert all(f"\n{target}:" in makefile for target in ("plan", "release-check", "test"))


def test_nobody_turns_on_what_the_engine_logs_for_its_makers() -> None:
    scripts = [file for file in (ROOT / ".ci").iterdir() if file.is_file() and file.name != "run"]
    for file in (*FILES, GITLAB, *scripts):
        assert not re.search(r"--logtostderr|--debug|--show-secrets|PULUMI_DEBUG|set -x|-v=?\d", file.read_text()), file


def test_no_host_is_named_but_by_the_platform() -> None:
    for file in (*FILES, GITLAB, *(ROOT / ".ci").glob("*.py")):
        assert not re.search(r"https?://\w", file.read_text()), file
