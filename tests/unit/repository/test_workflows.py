"""The workflows: they do what docs/pull-requests.md says, with no more power than it says.

What holds here holds in a repository that `paletteai init` makes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml
from support.checkout import ROOT
from support.commands import check
from support.workflows import Workflows

from paletteai_components.ci import artifact
from paletteai_components.ci import deployed as deployments

OURS = Workflows(ROOT)
MADE = Workflows(ROOT / "paletteai_components" / "repository" / "files")
DOCS = (ROOT / "docs" / "pull-requests.md").read_text()
USES = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
SCRIPT = re.compile(r"\.ci/[\w.-]+")


@pytest.fixture(params=[OURS, MADE], ids=["ours", "made"])
def workflows(request: pytest.FixtureRequest) -> Workflows:
    """The workflows of this repository, and those of a repository that `paletteai init` makes."""
    found: Workflows = request.param
    return found


# --- GitHub -----------------------------------------------------------------------------------------------------


def test_the_workflows_are_those_that_are_described() -> None:
    assert OURS.names == ["check", "comment", "deploy", "preview", "release", "test", "versions"]
    assert MADE.names == ["check", "comment", "deploy", "preview"]
    for file in OURS.files:
        assert f"`{file.relative_to(ROOT)}`" in DOCS, file


def test_actionlint_finds_nothing(workflows: Workflows) -> None:
    promised = os.environ.get("PALETTEAI_ACTIONLINT")
    actionlint = promised or shutil.which("actionlint")
    if actionlint is None:
        pytest.skip("needs actionlint on PATH")
    command = [actionlint, *map(str, workflows.files)]
    ran = subprocess.run(command, cwd=workflows.root, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_every_action_is_pinned_to_a_commit_with_its_version_beside_it(workflows: Workflows) -> None:
    used = {step["uses"] for _, _, step in workflows.steps() if "uses" in step}
    assert all(USES.fullmatch(action) for action in used), used
    versions: dict[str, set[str]] = {}
    for file in workflows.files:
        for line in file.read_text().splitlines():
            if "uses:" in line and "uses: ./" not in line:
                found = re.fullmatch(r"\s+(?:- )?uses: (\S+) # (v\d+\.\d+\.\d+)", line)
                assert found, line
                versions.setdefault(found[1].partition("@")[0], set()).add(f"{found[1]} {found[2]}")
    assert all(len(each) == 1 for each in versions.values()), versions


def test_every_job_may_do_only_what_it_says_and_has_an_end(workflows: Workflows) -> None:
    for name in workflows.names:
        assert workflows[name]["permissions"] == {}, name
    written = {}
    for name, job, content in workflows.jobs():
        assert "uses" in content or 0 < content["timeout-minutes"] <= 60, (name, job)
        written[name, job] = {key: value for key, value in content["permissions"].items() if value != "read"}
    releasing = {("release", "publish"): {"id-token": "write"}, ("release", "announce"): {"contents": "write"}}
    assert {location: more for location, more in written.items() if more} == {
        ("comment", "comment"): {"pull-requests": "write"},
        **(releasing if workflows is OURS else {}),
    }


def test_no_checkout_leaves_a_token_behind(workflows: Workflows) -> None:
    checkouts = [step for _, _, step in workflows.steps() if "actions/checkout@" in step.get("uses", "")]
    assert len(checkouts) == len(list(workflows.jobs())) - len(workflows.called())
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_what_others_choose_reaches_a_script_only_through_its_environment(workflows: Workflows) -> None:
    for name, job, step in workflows.steps():
        assert "${{" not in step.get("run", ""), (name, job, step)
        # What is longer is a script.
        assert len(step.get("run", "").splitlines()) <= 5, (name, job)


def test_a_merge_deploys_what_changed_since_everything_was_deployed(workflows: Workflows) -> None:
    assert "stacks" in workflows.before("deploy", "up")
    stacks, up = workflows["deploy"]["jobs"]["stacks"], workflows["deploy"]["jobs"]["up"]
    finding, choosing = (step for step in stacks["steps"] if step.get("id"))
    assert finding["run"].startswith("since=$(paletteai ci deployed github)\n")
    # Started by hand, everything is deployed.
    assert finding["if"] == "github.event_name == 'push'"
    assert choosing["env"] == {"SINCE": "${{ steps.deployed.outputs.since }}"}
    assert choosing["run"] == 'paletteai ci jobs github --since "$SINCE" >>"$GITHUB_OUTPUT"'
    assert stacks["outputs"]["since"] == choosing["env"]["SINCE"]
    *_, refusing, last = up["steps"]
    assert refusing["run"] == ".venv/bin/paletteai ci deployed github"
    assert last["env"]["SINCE"] == "${{ needs.stacks.outputs.since }}"
    # A condition such as always() would start a job although what it needs has failed, and a run in which something
    # has failed would count as a deployment of everything.
    conditions = {job.get("if") for name, job in workflows["deploy"]["jobs"].items() if name != "stacks"}
    assert conditions <= {None, "needs.stacks.outputs.matrix != ''"}
    assert stacks["if"] == "github.ref_name == github.event.repository.default_branch"
    assert "continue-on-error" not in str(workflows["deploy"])


def test_what_compares_with_another_commit_has_the_history(workflows: Workflows) -> None:
    for name, job in (("deploy", "stacks"), ("deploy", "up"), ("preview", "stacks"), ("preview", "preview")):
        checkout = workflows[name]["jobs"][job]["steps"][0]
        assert checkout["with"]["fetch-depth"] == 0, (name, job)


def test_nothing_is_deployed_or_released_that_the_tests_have_not_passed_for() -> None:
    assert OURS.called() == {
        ("deploy", "test"): "test",
        ("release", "test"): "test",
        ("release", "versions"): "versions",
    }
    assert {"test", "stacks"} <= OURS.before("deploy", "up")
    assert "test" in OURS.before("deploy", "stacks")
    for job in ("build", "publish", "announce"):
        assert {"test", "versions"} <= OURS.before("release", job)
    for name in ("release", "test", "versions"):
        for job in OURS[name]["jobs"].values():
            assert job.get("if") in {None, "github.event_name == 'push'"}
            assert "continue-on-error" not in str(job)


@pytest.mark.parametrize(
    ("workflows", "name"),
    [(OURS, "check"), (OURS, "test"), (OURS, "versions"), (MADE, "check")],
    indirect=["workflows"],
)
def test_what_runs_the_code_of_pull_requests_has_no_secret_and_may_only_read(workflows: Workflows, name: str) -> None:
    assert workflows[name]["on"].keys() <= {"pull_request", "schedule", "workflow_call"}
    assert workflows[name]["on"]["pull_request"] is None
    text = (workflows.root / ".github" / "workflows" / f"{name}.yaml").read_text()
    assert not re.search(r"secrets|github\.token|^ +environment:", text, re.MULTILINE)
    for job in workflows[name]["jobs"].values():
        assert job["permissions"] == {"contents": "read"}
    # Also for forks, and for nothing else.
    assert name != "check" or workflows[name]["on"] == {"pull_request": None}


def test_a_newer_push_ends_no_run_that_a_deployment_or_a_release_waits_for() -> None:
    for name in ("test", "versions"):
        group = OURS[name]["concurrency"]["group"]
        assert group == f"{name}-${{{{ github.event_name == 'pull_request' && github.ref || github.run_id }}}}"
    assert OURS["release"]["concurrency"] == {"group": "release", "cancel-in-progress": "false"}


def test_the_tests_of_a_workflow_are_those_of_a_clean_clone() -> None:
    (job,) = OURS["test"]["jobs"].values()
    assert job["steps"][-1]["run"] == ".ci/run"
    assert "make test" in (ROOT / ".ci" / "run").read_text()
    assert any("pulumi/actions@" in step.get("uses", "") for step in job["steps"])


def test_every_python_that_is_promised_is_tested_and_both_ends_of_what_is_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = re.findall(r":: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)
    versions = OURS["versions"]["jobs"]
    assert versions["python"]["strategy"]["matrix"]["python"] == promised
    assert project["requires-python"] == f">={promised[0]}"
    ends = versions["dependencies"]["strategy"]["matrix"]["include"]
    assert ends == [{"versions": "oldest", "python": promised[0]}, {"versions": "newest", "python": promised[-1]}]
    assert versions["macos"]["runs-on"].startswith("macos-")
    (matrix,) = OURS.gitlab["versions"]["parallel"]["matrix"]
    assert matrix == {"VERSIONS": ["oldest", "newest"]}


def test_every_file_of_tests_that_is_left_out_somewhere_is_there() -> None:
    text = (ROOT / ".github" / "workflows" / "versions.yaml").read_text()
    left_out = re.findall(r"--ignore(?:-glob)?=(\S+)", text)
    assert left_out
    assert all(list(ROOT.glob(each)) for each in left_out), left_out


def test_only_a_tag_is_published_and_only_by_the_job_that_is_approved() -> None:
    release = OURS["release"]
    assert release["on"] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
    assert {job for job, content in release["jobs"].items() if "environment" in content} == {"publish"}
    assert release["jobs"]["publish"]["environment"] == "pypi"
    assert release["jobs"]["publish"]["if"] == "github.event_name == 'push'"
    assert "publish" in OURS.before("release", "announce")
    assert "secrets." not in str(release)


def test_what_is_published_is_what_was_built_and_tried() -> None:
    release = OURS["release"]["jobs"]
    assert any("make release-check" in step.get("run", "") for step in release["build"]["steps"])
    publishing = "\n".join(step.get("run", "") for step in release["publish"]["steps"])
    assert not re.search(r"pip install|release-check|-m build|make test", publishing)
    assert publishing.index("gh run download") < publishing.index("pypi_attestations sign") < publishing.index("twine")
    (left,) = (step for step in release["build"]["steps"] if "upload-artifact" in step.get("uses", ""))
    assert f"--name {left['with']['name']} --dir dist" in publishing


def test_no_workflow_runs_a_pull_requests_code_with_power(workflows: Workflows) -> None:
    for name in workflows.names:
        assert "pull_request_target" not in workflows[name]["on"]
    for name, job, step in workflows.steps():
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"].get("ref") in {None, "${{ github.event.repository.default_branch }}"}, (name, job)
            assert "repository" not in step["with"]
    # Without a ref these check out the default branch: it is what the event is about.
    assert workflows["comment"]["on"].keys() == {"workflow_run"}
    assert workflows["deploy"]["on"].keys() == {"push", "workflow_dispatch"}


HERE = "${{ github.server_url }}/${{ github.repository }}"


def test_the_comment_follows_the_check_and_takes_the_head_from_the_event(workflows: Workflows) -> None:
    comment = workflows["comment"]
    assert comment["on"]["workflow_run"] == {"workflows": [workflows["check"]["name"]], "types": ["completed"]}
    (job,) = comment["jobs"].values()
    assert "github.event.workflow_run.event == 'pull_request'" in job["if"]
    rules = {"RULES_URL": f"{HERE}/blob/HEAD/docs/rules/{{code}}.md"} if workflows is OURS else {}
    assert job["steps"][-1]["run"] == ".venv/bin/paletteai ci comment github"
    assert job["steps"][-1]["env"] == {
        "GITHUB_TOKEN": "${{ github.token }}",
        "RUN_ID": "${{ github.event.workflow_run.id }}",
        "HEAD_REPOSITORY": "${{ github.event.workflow_run.head_repository.full_name }}",
        "HEAD_BRANCH": "${{ github.event.workflow_run.head_branch }}",
        "HEAD_SHA": "${{ github.event.workflow_run.head_sha }}",
        "SOURCE_URL": f"{HERE}/blob/${{{{ github.event.workflow_run.head_sha }}}}/{{file}}#L{{line}}",
        **rules,
    }
    # What is installed, and may run programs while it is, does not see the token.
    assert "token" not in str({**comment, "jobs": {"comment": {**job, "steps": job["steps"][:-1]}}})


def test_the_check_links_to_what_the_comment_may_link_to(workflows: Workflows) -> None:
    checking, posting = (workflows[name]["jobs"][name]["steps"] for name in ("check", "comment"))
    (comparing,) = (step for step in checking if "SOURCE_URL" in step.get("env", {}))
    posted = {name: value for name, value in posting[-1]["env"].items() if name.endswith("_URL")}
    # The two events have different names for the head of the pull request.
    head = posted["SOURCE_URL"].replace("workflow_run.head_sha", "pull_request.head.sha")
    assert comparing["env"] == posted | {"SOURCE_URL": head}
    options = {name: f'--{name.replace("_", "-").lower()} "${name}"' for name in comparing["env"]}
    assert all(option in comparing["run"] for option in options.values())


def test_the_comparison_is_made_and_left_also_where_the_check_fails(workflows: Workflows) -> None:
    *_, check, compare, show, leave = workflows["check"]["jobs"]["check"]["steps"]
    assert check["run"] == "paletteai check"
    assert compare["if"] == "${{ !cancelled() && steps.install.outcome == 'success' }}"
    assert compare["run"].startswith("paletteai diff --output diff.md ")
    assert compare["run"].endswith(" 'HEAD^1'")
    assert show["run"] == 'cat diff.md >>"$GITHUB_STEP_SUMMARY"'
    assert leave["if"] == "${{ !cancelled() }}"
    assert (leave["with"]["name"], leave["with"]["path"]) == (artifact.NAME, artifact.MEMBER)
    script = workflows.gitlab["check"]["script"]
    assert script[0] == "paletteai check || failed=$?"
    assert script[1].startswith("paletteai diff --output diff.md ")
    assert script[1].endswith(' "$CI_MERGE_REQUEST_DIFF_BASE_SHA" || failed=$?')
    assert script[2:] == ['exit "${failed:-0}"']


def test_a_preview_is_started_by_hand_and_takes_nothing_but_stack_files(workflows: Workflows) -> None:
    preview = workflows["preview"]
    assert preview["on"].keys() == {"workflow_dispatch"}
    assert preview["on"]["workflow_dispatch"]["inputs"].keys() == {"pull_request", "commit"}
    for job in preview["jobs"].values():
        fetching = [step["run"] for step in job["steps"] if "refs/pull" in step.get("run", "")]
        assert len(fetching) == 1
        assert re.match(r"paletteai ci jobs github |\.venv/bin/paletteai ci checkout ", fetching[0])


def test_secrets_are_in_one_step_of_a_job_with_an_environment(workflows: Workflows) -> None:
    for name, job, content in workflows.jobs():
        holders = [step for step in content.get("steps", ()) if "secrets." in str(step)]
        assert "secrets." not in str({key: value for key, value in content.items() if key != "steps"})
        if holders:
            since = ' --since "$SINCE"' if job == "up" else ""
            run = f'.venv/bin/paletteai ci {job} "$ENVIRONMENT" "$SLICE"{since}'
            assert [step["run"] for step in holders] == [run], (name, job)
            assert content["environment"] in {"${{ matrix.environment }}", "preview-${{ matrix.environment }}"}
            assert (name == "preview") == content["environment"].startswith("preview-")


def test_two_updates_of_a_stack_never_overlap(workflows: Workflows) -> None:
    up = workflows["deploy"]["jobs"]["up"]
    # A stack stays in its slice: see test_ci_jobs.py.
    group = "pulumi-${{ matrix.environment }}-${{ matrix.slice }}"
    assert up["concurrency"] == {"group": group, "cancel-in-progress": "false"}
    assert up["strategy"]["fail-fast"] == "false"
    assert workflows["deploy"]["on"]["push"]["branches"] == ["main"]


def test_a_deployment_starts_for_everything_but_what_no_stack_is_made_of(workflows: Workflows) -> None:
    push = workflows["deploy"]["on"]["push"]
    assert push.keys() == {"branches", "paths-ignore"}
    assert push["paths-ignore"] == ["**.md", "docs/**", "tests/**"]


def test_the_command_is_of_the_version_that_the_program_is_written_for(workflows: Workflows) -> None:
    pinned = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    installing = [step for _, _, step in workflows.steps() if "pulumi/actions@" in step.get("uses", "")]
    assert {step["with"]["pulumi-version"] for step in installing} == {pinned[1]}


def test_a_preview_is_named_by_what_somebody_approves_and_takes_nothing_else(workflows: Workflows) -> None:
    preview = workflows["preview"]
    assert preview["run-name"] == "preview #${{ inputs.pull_request }} at ${{ inputs.commit }}"
    assert preview["env"] == {"PULL_REQUEST": "${{ inputs.pull_request }}", "COMMIT": "${{ inputs.commit }}"}
    for job in preview["jobs"].values():
        (taking,) = (step["run"] for step in job["steps"] if "PULL_REQUEST" in step.get("run", ""))
        assert '"refs/pull/$PULL_REQUEST/head" "$COMMIT"' in taking


# --- GitLab -----------------------------------------------------------------------------------------------------


def test_gitlab_has_the_same_jobs(workflows: Workflows) -> None:
    tests = {"test", "versions"} if workflows is OURS else set()
    stacks = {"stacks to preview", "preview", "stacks to deploy", "deploy", "deployed"}
    assert workflows.gitlab.keys() == {"check", "comment", *tests, *stacks}
    stages = yaml.safe_load(workflows.gitlab_file.read_text())["stages"]
    assert all(job["stage"] in stages for job in workflows.gitlab.values())
    # What is compared has its past.
    comparing = ("check", "stacks to preview", "stacks to deploy")
    assert all(workflows.gitlab[name]["variables"] == {"GIT_DEPTH": "0"} for name in comparing)


def test_on_gitlab_a_deployment_of_everything_is_noted_after_it_and_only_then(workflows: Workflows) -> None:
    deployed, choosing = workflows.gitlab["deployed"], workflows.gitlab["stacks to deploy"]
    assert deployed["needs"] == ["deploy"]
    assert workflows.gitlab["deploy"]["trigger"]["strategy"] == "depend"
    assert deployed["environment"] == {"name": deployments.ENVIRONMENT}
    assert "when" not in deployed
    assert {str(each) for each in deployed["rules"]} == {str(each) for each in choosing["rules"]}
    assert choosing["script"] == [
        'if [ -z "$DEPLOY_EVERYTHING" ]; then since=$(paletteai ci deployed gitlab); fi',
        'jobs=$(paletteai ci jobs gitlab --since "${since:-}")',
        # A file that is there meanwhile would be one of the program.
        "printf '%s\\n' \"$jobs\" >pipeline.yml",
    ]


def test_on_gitlab_only_the_comment_sees_its_token_and_never_for_a_fork(workflows: Workflows) -> None:
    (rule,) = workflows.gitlab["comment"]["rules"]
    assert "$COMMENT_TOKEN" in rule["if"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID" in rule["if"]
    assert rule["when"] == "always"
    others = {name: job for name, job in workflows.gitlab.items() if name != "comment"}
    assert "TOKEN" not in str(others)


def test_on_gitlab_nothing_is_deployed_before_the_tests_have_passed() -> None:
    test = OURS.gitlab["test"]
    assert test["script"] == [".ci/run"]
    assert "allow_failure" not in test
    deploying = {rule["if"] for rule in OURS.gitlab["stacks to deploy"]["rules"]}
    assert deploying < {rule["if"] for rule in test["rules"]}
    assert OURS.gitlab["stacks to deploy"]["needs"] == ["test"]
    assert OURS.gitlab["deploy"]["needs"] == ["stacks to deploy"]


def test_on_gitlab_a_merge_request_starts_no_more_than_tests_check_and_comment_and_a_push_deploys(
    workflows: Workflows,
) -> None:
    assert '"push"' in workflows.gitlab["deploy"]["rules"][0]["if"]
    assert "/^(web|api)$/ && $PREVIEW_COMMIT" in workflows.gitlab["preview"]["rules"][0]["if"]
    started = {
        name
        for name, job in workflows.gitlab.items()
        if any("merge_request_event" in each["if"] for each in job["rules"])
    }
    assert started == {"check", "comment"} | ({"test", "versions"} if workflows is OURS else set())
    for name in workflows.gitlab.keys() - started:
        assert all(
            "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in each["if"] for each in workflows.gitlab[name]["rules"]
        ), name


def test_on_gitlab_jobs_come_from_the_pipeline_that_was_written_for_them(workflows: Workflows) -> None:
    for name, made in {"preview": "stacks to preview", "deploy": "stacks to deploy"}.items():
        job = workflows.gitlab[name]
        assert job["trigger"]["include"] == [{"artifact": "pipeline.yml", "job": made}]
        assert job["trigger"]["strategy"] == "depend"
        assert job["needs"] == [made]
        assert workflows.gitlab[made]["artifacts"]["paths"] == ["pipeline.yml"]


def test_on_gitlab_a_preview_is_named_by_what_somebody_approves(workflows: Workflows) -> None:
    about = yaml.safe_load(workflows.gitlab_file.read_text())["workflow"]
    (named,) = (rule for rule in about["rules"] if "variables" in rule)
    assert about["name"] == "$PIPELINE_NAME"
    assert named["variables"] == {"PIPELINE_NAME": "preview !$PREVIEW_MERGE_REQUEST at $PREVIEW_COMMIT"}
    assert named["if"] == workflows.gitlab["preview"]["rules"][0]["if"]


def test_on_gitlab_no_image_is_named_by_a_tag_alone(workflows: Workflows) -> None:
    images = re.findall(r"^\s*(?:image|name): (\S+:\S+)$", workflows.gitlab_file.read_text(), re.MULTILINE)
    pinned = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pinned
    ours = [f"pulumi/pulumi:{pinned[1]}@$PULUMI_IMAGE_DIGEST"] if workflows is OURS else []
    assert images == ["python:3.13-bookworm@$PYTHON_IMAGE_DIGEST", *ours]
    # Without the variable, or with anything else in it, this is not even the name of an image.
    assert all(re.fullmatch(r"[a-z/]+:[\w.-]+@\$[A-Z]+_IMAGE_DIGEST", image) for image in images), images
    for name in ("PYTHON_IMAGE_DIGEST", "PULUMI_IMAGE_DIGEST"):
        assert f"`{name}`" in DOCS


# --- Both -------------------------------------------------------------------------------------------------------


def test_every_script_that_is_run_is_there_and_can_be_run(workflows: Workflows) -> None:
    named = {found for line in workflows.run_lines() for found in SCRIPT.findall(line)}
    assert named == {".ci/install"} | ({".ci/run", ".ci/versions", ".ci/release.py"} if workflows is OURS else set())
    for line in workflows.run_lines():
        for script in SCRIPT.findall(line):
            assert re.search(rf"(bash|python3) {re.escape(script)}", line) or os.access(ROOT / script, os.X_OK), line
            assert (workflows.root / script).exists(), line


def test_every_command_that_is_run_is_one(workflows: Workflows) -> None:
    called = [line for line in workflows.run_lines() if "paletteai " in line]
    assert len(called) >= 8
    for line in called:
        line = re.sub(r" (>>?\S+|\|\| failed=\$\?)$", "", line)
        check(re.sub(r"\$(SOURCE|RULES)_URL", "https://git.example/{file}/{line}/{code}", line))


def test_every_target_of_make_that_is_built_is_there() -> None:
    targets = {found for line in OURS.run_lines() for found in re.findall(r"\bmake (\S+)", line)}
    assert targets == {".venv-release/.installed", "plan", "release-check", "test"}
    assert "make .venv/.runtime\n" in (ROOT / ".ci" / "install").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert "VENV := .venv\n" in makefile
    assert "RUNTIME := $(VENV)/.runtime\n" in makefile
    assert "RELEASE := .venv-release\n" in makefile
    assert all(f"\n{target}:" in makefile for target in ("plan", "release-check", "test"))


def test_nobody_turns_on_what_the_engine_logs_for_its_makers(workflows: Workflows) -> None:
    scripts = [file for file in (workflows.root / ".ci").iterdir() if file.is_file() and file.name != "run"]
    for file in (*workflows.files, workflows.gitlab_file, *scripts):
        assert not re.search(r"--logtostderr|--debug|--show-secrets|PULUMI_DEBUG|set -x|-v=?\d", file.read_text()), file


def test_no_host_is_named_but_by_the_platform(workflows: Workflows) -> None:
    for file in (*workflows.files, workflows.gitlab_file, *(ROOT / "paletteai_components" / "ci").glob("*.py")):
        assert not re.search(r"https?://\w", file.read_text()), file
