"""The scripts that the workflows run: which stacks there are jobs for, and how Pulumi is run for one."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.ci_scripts import CI, Ran, run_file

COMMIT = "a" * 40
DIGEST = f"sha256:{'b' * 64}"
REF = "refs/merge-requests/7/head"
BASH = shutil.which("bash") or "/bin/bash"
MARKER = "<!-- paletteai diff -->"


class Machine:
    """A machine with the usual tools, and programs that only pretend."""

    def __init__(self, folder: Path) -> None:
        """It has no secret."""
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.environment = {"PATH": f"{self.bin}:{os.defpath}", "HOME": str(folder), "TMPDIR": str(folder / "tmp")}
        (folder / "tmp").mkdir()

    def program(self, name: str, text: str) -> None:
        """Put a program on PATH."""
        file = self.bin / name
        file.write_text(f"#!{BASH}\n{text}\n")
        file.chmod(0o755)

    def run(self, name: str, *arguments: str, **environment: str) -> Ran:
        """Run a script."""
        return run_file(name, *arguments, folder=self.folder, environment=self.environment | environment)

    def choosing(self, changed: str = "", code: int = 0) -> None:
        """Say which stacks a pull request changes, and how the check ends."""
        script = f'[[ $1 == */.ci/checkout_stacks.py && $2 == ref ]] || exit 9\nprintf "%s" "{changed}"'
        self.program("python", script)
        self.program("paletteai", f'echo "$*"\nexit {code}')

    def deploying(self, *arguments: str, **environment: str) -> Ran:
        """Run Pulumi, which tells how it was called and what it found."""
        self.program(
            "pulumi",
            'echo "$*"\nenv | grep -E "^(PULUMI|KUBE)" | sort\n'
            'if [[ -n ${KUBECONFIG:-} ]]; then stat -c %a "$KUBECONFIG"; cat "$KUBECONFIG"; fi\nexit ${ENDS:-0}',
        )
        return self.run("pulumi", *arguments, **environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# --- check ------------------------------------------------------------------------------------------------------


def paletteai(machine: Machine, checked: int = 0, compared: int = 0, markdown: str = f"{MARKER}\nSome.") -> None:
    """Put a `paletteai` on PATH that ends with these codes."""
    (machine.folder / "markdown").write_text(markdown)
    machine.program(
        "paletteai",
        f'[[ $1 == check ]] && {{ echo "checked $*"; exit {checked}; }}\n'
        f'[[ "$*" == "diff --format markdown base" ]] && {{ cat markdown; exit {compared}; }}\nexit 9',
    )


@pytest.mark.parametrize(
    ("checked", "compared", "code"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 1, 1), (2, 1, 2), (1, 2, 2)]
)
def test_the_comparison_is_there_whatever_is_found_and_the_worse_code_counts(
    checked: int, compared: int, code: int, machine: Machine
) -> None:
    paletteai(machine, checked, compared)
    ran = machine.run("check", "base", "diff.md")
    assert ran == Ran(code, "checked check\n", "")
    assert (machine.folder / "diff.md").read_text() == f"{MARKER}\nSome."


@pytest.mark.parametrize("markdown", ["", "Traceback", f"x {MARKER}\n"])
def test_a_comparison_that_failed_replaces_what_an_older_one_said(markdown: str, machine: Machine) -> None:
    paletteai(machine, compared=2, markdown=markdown)
    assert machine.run("check", "base", "diff.md").code == 2
    first, second = (machine.folder / "diff.md").read_text().splitlines()
    assert first == MARKER
    assert "could not be compared" in second


def test_the_comparison_is_in_the_summary_of_the_job(machine: Machine) -> None:
    paletteai(machine)
    machine.run("check", "base", "diff.md", GITHUB_STEP_SUMMARY=str(machine.folder / "summary"))
    assert (machine.folder / "summary").read_text() == f"{MARKER}\nSome."


def test_the_comparison_gets_the_addresses_that_it_links_to(machine: Machine) -> None:
    machine.program("paletteai", 'echo "$*" >>called')
    machine.run("check", "base", "diff.md", SOURCE_URL="https://a/{file} {line}", RULES_URL="https://a/{code}")
    called = (machine.folder / "called").read_text().splitlines()
    options = "--source-url https://a/{file} {line} --rules-url https://a/{code}"
    assert called == ["check", f"diff --format markdown {options} base"]


def test_a_check_without_a_commit_and_a_file_is_refused(machine: Machine) -> None:
    assert machine.run("check", "base").code == 2


# --- select-stacks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "chosen"), [((), ""), (("ref", COMMIT), " acme.dev globex.dev")], ids=["all", "a pull request"]
)
def test_all_stacks_are_chosen_or_those_that_a_pull_request_changes(
    arguments: tuple[str, ...], chosen: str, machine: Machine
) -> None:
    machine.choosing("acme.dev\nglobex.dev\n")
    assert machine.run("select-stacks", *arguments) == Ran(0, f"check --format json{chosen}\n", "")


def test_a_pull_request_that_changes_no_stack_does_not_choose_all_of_them(machine: Machine) -> None:
    machine.choosing("")
    ran = machine.run("select-stacks", "ref", COMMIT)
    assert (ran.code, ran.out) == (1, "")
    assert "there is nothing to preview" in ran.err


@pytest.mark.parametrize("code", [1, 2])
def test_stacks_with_errors_are_not_chosen_and_people_read_why(code: int, machine: Machine) -> None:
    machine.choosing("acme.dev", code)
    assert machine.run("select-stacks", "ref", COMMIT) == Ran(code, "", "check acme.dev\n")


def test_a_pull_request_that_cannot_be_taken_chooses_nothing(machine: Machine) -> None:
    machine.choosing()
    assert machine.run("select-stacks", "other", COMMIT) == Ran(9, "", "")


# --- matrix -----------------------------------------------------------------------------------------------------


@pytest.fixture
def matrix(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Makes jobs of what a check says."""
    monkeypatch.syspath_prepend(str(CI))
    monkeypatch.setenv("PULUMI_IMAGE_DIGEST", DIGEST)
    script = importlib.import_module("matrix")

    def of(stdin: str, *arguments: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = 0
        try:
            script.main(list(arguments))
        except SystemExit as ended:
            code = int(str(ended.code))
        return Ran(code, *capsys.readouterr())

    return of


def checked(*stacks: tuple[str, str]) -> str:
    """What `paletteai check --format json` says of stacks and their environments."""
    listed = [{"name": name, "file": "", "environment": environment, "cluster": None} for name, environment in stacks]
    return json.dumps({"problems": [], "stacks": listed})


def test_github_gets_a_line_with_a_job_for_each_stack(matrix: Callable[..., Ran]) -> None:
    ran = matrix(checked(("globex.dev", "dev"), ("acme.prod", "prod")), "github")
    name, _, value = ran.out.partition("=")
    assert (name, value.count("\n")) == ("matrix", 1)
    assert json.loads(value) == {
        "include": [{"stack": "acme.prod", "environment": "prod"}, {"stack": "globex.dev", "environment": "dev"}]
    }


def test_gitlab_gets_a_job_for_each_stack_one_at_a_time_in_its_environment(matrix: Callable[..., Ran]) -> None:
    pipeline = yaml.safe_load(matrix(checked(("acme.dev", "dev"), ("acme.prod", "prod")), "gitlab", "up").out)
    assert pipeline.keys() == {"workflow", "stages", "up acme.dev", "up acme.prod"}
    job = pipeline["up acme.prod"]
    assert job["environment"] == {"name": "prod"}
    assert job["resource_group"] == "pulumi-acme.prod"
    assert job["interruptible"] is False
    assert job["script"] == ["make .venv/.runtime", ".ci/pulumi up acme.prod"]
    assert "when" not in job
    assert re.fullmatch(rf"pulumi/pulumi:[0-9.]+@{DIGEST}", job["image"]["name"])


def test_gitlab_gets_previews_that_wait_for_a_person_and_say_what_is_approved(matrix: Callable[..., Ran]) -> None:
    pipeline = yaml.safe_load(matrix(checked(("acme.dev", "dev")), "gitlab", "preview", REF, COMMIT).out)
    assert pipeline["workflow"] == {"name": f"preview !7 at {COMMIT}"}
    job = pipeline["preview acme.dev"]
    assert job["environment"] == {"name": "preview-dev"}
    assert job["when"] == "manual"
    checkout = f".venv/bin/python .ci/checkout_stacks.py {REF} {COMMIT}"
    assert job["script"][1:] == [checkout, ".ci/pulumi preview acme.dev"]
    assert re.fullmatch(rf"pulumi/pulumi:[0-9.]+@{DIGEST}", job["image"]["name"])


@pytest.mark.parametrize("digest", ["", "latest", "b" * 64, DIGEST[:-1], f"{DIGEST}\n", f"{DIGEST} x", DIGEST.upper()])
def test_on_gitlab_there_is_no_job_without_the_digest_of_its_image(
    digest: str, matrix: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_IMAGE_DIGEST", digest)
    ran = matrix(checked(("acme.dev", "dev")), "gitlab", "up")
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert "PULUMI_IMAGE_DIGEST is not the digest of pulumi/pulumi:" in ran.err
    assert "docker buildx imagetools inspect" in ran.err


def test_a_name_that_is_no_jobs_is_no_command_to_github(matrix: Callable[..., Ran]) -> None:
    err = matrix(checked(("##[error]x", "dev")), "github").err
    assert "[error]x" in err
    assert "##" not in err


@pytest.mark.parametrize(
    "name", ["", "a b", "x;y", "$(id)", "${{ secrets.x }}", '"', "x\ny", "-x", "x.", "é", "a" * 101, "../x"]
)
def test_a_name_that_could_say_more_than_a_name_makes_no_job(name: str, matrix: Callable[..., Ran]) -> None:
    for stack in ((name, "dev"), ("acme.dev", name)):
        ran = matrix(checked(("fine", "dev"), stack), "github")
        assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
        assert "cannot be in the name of a job" in ran.err


@pytest.mark.parametrize("said", ["", "[]", "{}", '{"stacks": [1]}', '{"stacks": [{"name": "x"}]}', "Traceback"])
def test_what_is_no_check_makes_no_job(said: str, matrix: Callable[..., Ran]) -> None:
    ran = matrix(said, "github")
    assert (ran.code, ran.out) == (2, "")


def test_no_stack_makes_no_job(matrix: Callable[..., Ran]) -> None:
    assert "there is no stack" in matrix(checked(), "github").err


def test_more_stacks_than_a_workflow_runs_are_refused(matrix: Callable[..., Ran]) -> None:
    stacks = [(f"s{number}.dev", "dev") for number in range(257)]
    assert matrix(checked(*stacks[:256]), "github").code == 0
    assert "at most 256" in matrix(checked(*stacks), "github").err


@pytest.mark.parametrize(
    "arguments",
    [
        *((), ("jenkins",), ("gitlab",), ("gitlab", "destroy"), ("gitlab", "preview")),
        *(("gitlab", "preview", ref, COMMIT) for ref in ("refs/heads/main", f"{REF}; evil")),
        ("gitlab", "preview", REF, "main"),
    ],
)
def test_other_jobs_are_not_known(arguments: tuple[str, ...], matrix: Callable[..., Ran]) -> None:
    assert matrix(checked(("acme.dev", "dev")), *arguments).code == 2


def test_a_version_of_pulumi_that_is_not_pinned_makes_no_job(
    matrix: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("click==8.1\n")
    monkeypatch.setattr(importlib.import_module("matrix"), "_REQUIREMENTS", tmp_path / "requirements.txt")
    assert "does not pin pulumi" in matrix(checked(("acme.dev", "dev")), "gitlab", "up").err


def test_the_example_stacks_make_jobs(matrix: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from paletteai_components.cli import main

    monkeypatch.chdir(ROOT)
    said = CliRunner().invoke(main, ["check", "--format", "json"]).stdout
    jobs = json.loads(matrix(said, "github").out.partition("=")[2])["include"]
    assert {"stack": "acme.dev", "environment": "dev"} in jobs


# --- pulumi -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "called"),
    [
        ("preview", "preview --stack acme.dev --diff --non-interactive --color never"),
        ("up", "up --stack acme.dev --yes --non-interactive --color never"),
    ],
)
def test_pulumi_is_run_for_one_stack_and_a_secret_that_is_not_set_is_not_an_empty_one(
    command: str, called: str, machine: Machine
) -> None:
    unset = dict.fromkeys(("PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "KUBECONFIG_CONTENT"), "")
    ran = machine.deploying(command, "acme.dev", **unset, PULUMI_BACKEND_URL="s3://state")
    assert ran.out.splitlines() == [called, "PULUMI_BACKEND_URL=s3://state", "PULUMI_SKIP_UPDATE_CHECK=true"]


def test_the_kubeconfig_is_a_private_file_for_as_long_as_it_takes(machine: Machine) -> None:
    ran = machine.deploying("up", "acme.dev", KUBECONFIG_CONTENT="apiVersion: v1\nkind: Config", ENDS="7")
    assert ran.code == 7
    assert ran.out.endswith("\n600\napiVersion: v1\nkind: Config\n")
    assert "KUBECONFIG_CONTENT" not in ran.out
    assert list((machine.folder / "tmp").iterdir()) == []


def test_a_kubeconfig_that_is_there_is_used(machine: Machine) -> None:
    (machine.folder / "mine").write_text("mine\n")
    ran = machine.deploying("up", "acme.dev", KUBECONFIG=str(machine.folder / "mine"), KUBECONFIG_CONTENT="")
    assert ran.out.endswith("mine\n")


@pytest.mark.parametrize(
    "arguments", [(), ("up",), ("destroy", "acme.dev"), ("up", "--target"), ("up", "a b"), ("up", ""), ("up", "a", "b")]
)
def test_pulumi_is_run_for_nothing_else(arguments: tuple[str, ...], machine: Machine) -> None:
    ran = machine.deploying(*arguments)
    assert (ran.code, ran.out) == (2, "")


# --- safe-log ---------------------------------------------------------------------------------------------------

HOSTILE = (
    r"printf '::set-output name=matrix::x\n  ::error::y\n##[group]z\r\033[0Ksection_start:1:a\r\033[0K'; echo e >&2"
)


def test_what_pulumi_prints_is_no_command_to_github(machine: Machine) -> None:
    machine.program("pulumi", f"{HOSTILE}; exit 3")
    words = set()
    for command in ("preview", "up"):
        ran = machine.run("pulumi", command, "acme.dev", GITHUB_ACTIONS="true")
        first, *printed, last = ran.out.splitlines()
        assert (ran.code, ran.err) == (3, "")
        stop, _, word = first.rpartition("::")
        assert stop == "::stop-commands"
        assert len(word) >= 32
        assert last == f"::{word}::"
        assert "::error::y" in printed[1]
        words.add(word)
    assert len(words) == 2


@pytest.mark.parametrize("server", ["", "true"])
def test_what_pulumi_prints_can_neither_colour_nor_fold_a_log(server: str, machine: Machine) -> None:
    machine.program("pulumi", HOSTILE)
    out = machine.run("pulumi", "up", "acme.dev", GITHUB_ACTIONS=server).out
    assert "#\\x23[group]z\\r\\x1b[0Ksection_start:1:a" in out
    assert all(character == "\n" or character.isprintable() for character in out)


def test_problems_of_a_pull_request_are_no_command_to_github(machine: Machine) -> None:
    machine.choosing("acme.dev")
    machine.program("paletteai", f"[[ $* == *json* ]] || {{ {HOSTILE}; }}; exit 1")
    ran = machine.run("select-stacks", "ref", COMMIT, GITHUB_ACTIONS="true")
    first, *_, last = ran.err.splitlines()
    assert (ran.code, ran.out) == (1, "")
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.rpartition('::')[2]}::"


def test_what_an_interrupted_command_says_last_is_shown(machine: Machine) -> None:
    machine.program("patient", "trap 'sleep 0.2; echo over; exit 5' INT; echo ready; while true; do sleep 0.1; done")
    with subprocess.Popen(
        [str(CI / "safe-log"), "patient"],
        env=machine.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.read() == "over\n"
    assert process.returncode == 5


def test_showing_nothing_is_refused(machine: Machine) -> None:
    assert machine.run("safe-log").code == 2


# --- actionlint -------------------------------------------------------------------------------------------------


def test_actionlint_is_built_once_as_it_is_pinned(machine: Machine) -> None:
    machine.program(
        "go", 'echo "noise $*"\necho "$*" >>calls\necho x >"$GOBIN/actionlint"\nchmod +x "$GOBIN/actionlint"'
    )
    first, second = machine.run("actionlint"), machine.run("actionlint")
    assert first.out == second.out
    assert first.out.startswith(str(machine.folder / ".cache" / "paletteai-components" / "actionlint-v"))
    (call,) = (machine.folder / "calls").read_text().splitlines()
    assert call.startswith("install github.com/rhysd/actionlint/cmd/actionlint@v")


def test_actionlint_that_cannot_be_built_is_no_path(machine: Machine) -> None:
    machine.program("go", "exit 1")
    assert machine.run("actionlint").out == ""
    del machine.environment["HOME"]
    ran = machine.run("actionlint")
    assert ran.code != 0
    assert "HOME is not set" in ran.err
