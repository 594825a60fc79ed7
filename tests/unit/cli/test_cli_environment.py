"""`paletteai preview | up | refresh`: which stacks are run, and what is said of them."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from support.environments import Backend, said, step, summed
from support.projects import PULUMI_YAML, changed
from support.terminals import terminal

from paletteai_components.cli import environment
from paletteai_components.cli.output import progress
from paletteai_components.deployment import Deployment, State
from paletteai_components.deployment.coverage import RULES, asked_message, unasked_message
from paletteai_components.deployment.runs import default_parallel

ASKED = asked_message("the cluster of context dev", (), ())


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    return Backend(tmp_path, monkeypatch)


def stacks_of(result: Result) -> list[dict[str, Any]]:
    stacks: list[dict[str, Any]] = json.loads(result.stdout)["stacks"]
    return stacks


def states(result: Result) -> dict[str, str]:
    return {each["name"]: each["state"] for each in stacks_of(result)}


def test_the_stacks_of_an_environment_are_run_and_no_other(project: Backend) -> None:
    project.add("delta", "prod")
    result = project.call("up", "dev", "--yes")
    assert project.ran() == [("up --yes --skip-preview", f"{each}.dev") for each in ("acme", "beta", "gamma")]
    assert "3 stacks of dev: 3 deployed in " in result.stdout


def test_an_environment_is_what_a_stack_says_it_is(project: Backend) -> None:
    project.add("delta", "eu", changed("config:\n", "config:\n  paletteai:environment: dev\n"))
    # It is refused, for its file is called otherwise.
    assert states(project.call("preview", "dev", "--format", "json"))["delta.eu"] == "refused"


def test_an_environment_that_does_not_exist_is_a_wrong_call(project: Backend) -> None:
    project.add("delta", "prod")
    result = project.call("up", "test", "--yes")
    assert result.exit_code == 2
    told = "no stack in `stacks` belongs to environment `test`.\n  help: There are these environments: `dev`, `prod`."
    assert told in result.stderr
    # Nor is there a word that destroys one.
    assert project.call("destroy", "dev").exit_code == 2
    assert project.ran() == []


def test_pulumi_is_called_as_by_hand_and_nobodys_selected_stack_changes(
    project: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "of the environment")
    project.call("up", "dev", "--yes")
    for each in project.notes("began"):
        flags = ["--json", "--non-interactive", "--color=never", f"--stack={each['stack']}"]
        assert each["arguments"] == ["up", "--yes", "--skip-preview", *flags]
        assert each["environment"]["PULUMI_CONFIG_PASSPHRASE"] == "of the environment"
        assert each["environment"]["PATH"] == str(project.bin)
        assert each["cwd"] == str(project.folder)
        assert each["own_session"]


def test_a_stack_with_an_error_is_refused_and_the_others_run(project: Backend) -> None:
    project.add("beta", text=changed("{palette: shared}", "{palette: nowhere}"))
    result = project.call("up", "dev", "--yes")
    assert result.exit_code == 1
    assert [stack for _, stack in project.ran()] == ["acme.dev", "gamma.dev"]
    assert "stacks/Pulumi.beta.dev.yaml:14: error PAI005" in result.stdout
    assert "beta.dev   refused      1 error\n" in result.stdout
    assert "3 stacks of dev: 2 deployed, 1 refused in " in result.stdout


def test_what_is_wrong_in_another_environment_stops_nobody(project: Backend) -> None:
    project.add("delta", "prod", changed("{palette: shared}", "{palette: nowhere}"))
    assert project.call("up", "dev", "--yes").exit_code == 0


def test_a_stack_file_that_cannot_be_read_is_refused_with_2(project: Backend) -> None:
    project.stack("config: [", "delta.dev")
    result = project.call("up", "dev", "--yes", "--format", "json")
    assert result.exit_code == 2
    assert states(result)["delta.dev"] == "refused"
    assert len(project.ran()) == 3


def test_where_all_are_refused_pulumi_is_not_needed(project: Backend) -> None:
    (project.bin / "pulumi").unlink()
    for tenant in ("acme", "beta", "gamma"):
        project.add(tenant, text=changed("{palette: shared}", "{palette: nowhere}"))
    assert "3 stacks of dev: 3 refused in 0.0 s" in project.call("preview", "dev").stdout


def test_a_failure_neither_hides_nor_stops_the_others(project: Backend) -> None:
    lines = [step("create"), said("about the cluster", "info"), said("the API server said no\nand why", urn="")]
    project.play("beta.dev", *lines, summed(create=1), "error: update failed", code=1)
    project.play("gamma.dev", summed(same=3))
    result = project.call("up", "dev", "--yes")
    assert result.exit_code == 1
    assert (
        "beta.dev\n"
        "  + create Namespace acme.vision\n"
        "  info: about the cluster\n"
        "  error: the API server said no\n"
        "    and why\n"
        "  error: update failed\n"
        "acme.dev   deployed     "
    ) in result.stdout
    assert "gamma.dev  deployed     3 unchanged, " in result.stdout
    assert "beta.dev   failed       1 created, " in result.stdout
    assert result.stderr.count("beta.dev: deploying\n") == result.stderr.count("beta.dev: failed, ") == 1


def test_what_succeeded_says_only_its_warnings_unless_it_is_asked_for_more(project: Backend) -> None:
    urn = "urn:pulumi:acme.dev::paletteai::paletteai:index:Tenant::acme"
    lines = [step("create"), said("a detail", "info"), said("mind this", "warning", urn=urn), "a line of its own"]
    project.play("acme.dev", *lines, said("mind this", "warning", urn=urn), summed(create=1))
    brief = project.call("up", "dev", "--yes").stdout
    assert brief.startswith("acme.dev\n  warning: Tenant acme: mind this\nacme.dev   deployed")
    full = project.call("up", "dev", "--yes", "--verbose").stdout
    for line in ("+ create Namespace acme.vision", "info: a detail", "a line of its own"):
        assert f"  {line}\n" in full


def test_what_nobody_needs_to_read_is_not_kept(project: Backend) -> None:
    noise = [said("x", "debug"), said("\n", "info", ephemeral=True), said("y", "info", ephemeral=True), "", "{}"]
    known = said("it is wrong")
    project.play("acme.dev", *noise, known, said("an unhandled error occurred: it is wrong"), code=1)
    told = json.loads(project.call("up", "dev", "--yes", "--format", "json").stdout)["stacks"][0]["messages"]
    assert told == [{"severity": "error", "about": "", "text": "it is wrong"}]


def test_a_stack_that_the_backend_does_not_know_is_not_made(project: Backend) -> None:
    project.play("beta.dev", "error: no stack named 'beta.dev' found", code=6)
    result = project.call("up", "dev", "--yes")
    assert "  help: Create it with `pulumi stack init beta.dev`. `paletteai` never creates a stack.\n" in result.stdout
    assert result.exit_code == 1
    assert len(project.ran()) == 3


def test_no_more_stacks_run_at_a_time_than_are_allowed(project: Backend) -> None:
    for name in ("acme.dev", "beta.dev", "gamma.dev"):
        project.play(name, until=2)
    project.call("up", "dev", "--yes", "--parallel", "2")
    running = most = 0
    for line in (project.bin / "notes").read_text().splitlines():
        running += {"began": 1, "ended": -1}[json.loads(line)["event"]]
        most = max(most, running)
    assert most == 2
    assert project.call("up", "dev", "--yes", "--parallel", "0").exit_code == 2


def test_by_default_there_are_three_for_two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert default_parallel() == 3
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert default_parallel() == 2


def test_as_json_everything_is_said_and_no_property_of_a_resource(project: Backend) -> None:
    project.play("acme.dev", said(ASKED, "info"), step("replace"), step("same"), summed(replace=1, same=2))
    result = project.call("preview", "dev", "--format", "json")
    assert "CANARY" not in result.output
    told = json.loads(result.stdout)
    assert (told["environment"], told["operation"], told["preview"]) == ("dev", "preview", True)
    first = told["stacks"][0]
    assert first.pop("seconds") >= 0
    assert first == {
        "name": "acme.dev",
        "state": "succeeded",
        "reasons": [],
        "changes": {"replace": 1, "same": 2},
        "steps": [{"operation": "replace", "kind": "Namespace", "name": "acme.vision"}],
        "cluster": {"asked": True, "unchecked": [], "reason": None},
        "messages": [{"severity": "info", "about": "", "text": ASKED}],
        "problems": [],
    }


def test_a_preview_shows_what_would_change_and_everything_that_would_go(project: Backend) -> None:
    lines = [step("create", name=f"acme.{number}") for number in range(25)]
    lines += [step("delete", name=f"acme.old-{number}") for number in range(25)]
    lines += [step("import"), step("create-replacement"), step("replace"), step("delete-replaced")]
    project.play("acme.dev", *lines, summed(same=2, delete=25, create=25, **{"import": 1, "discard": 1}))
    shown = project.call("preview", "dev").stdout
    assert shown.count("  + create ") == 20
    assert "  and 6 more; `--verbose` shows them all\n" in shown
    assert shown.count("  - delete ") == 25
    assert "  ± replace Namespace acme.vision\n" in shown
    assert "replacement" not in shown
    counts = "25 to create, 25 to delete, 1 to import, 1 to discard, 2 unchanged, "
    assert f"acme.dev   previewed    {counts}" in shown
    assert project.call("preview", "dev", "--verbose").stdout.count("  + create ") == 25


@pytest.mark.parametrize("word", ["preview", "up"])
def test_what_was_not_checked_on_the_cluster_is_in_the_summary(project: Backend, word: str) -> None:
    for tenant in ("delta", "epsilon"):
        project.add(tenant)
    absent = unasked_message("the kubeconfig has no usable context `dev`")
    partly = asked_message("the cluster of context dev", ("this user may not a", "it may not b"), ("PAI016", "PAI017"))
    project.play("acme.dev", said(absent, "info"), summed(create=3))
    project.play("beta.dev", said(absent, "info"), summed(create=3))
    project.play("gamma.dev", said(f"{partly} Its certificate was not verified.", "info"), summed(create=3))
    project.play("delta.dev", said(ASKED, "info"), summed(create=3))
    # A program of one's own asks no cluster, and says nothing about it.
    project.play("epsilon.dev", summed(create=3))
    options = ["dev", *(["--yes"] if word == "up" else [])]
    shown = project.call(word, *options).stdout
    assert shown.splitlines()[-7:-1] == [
        "warning: `acme.dev`, `beta.dev` were not checked on the cluster: the kubeconfig has no usable context `dev`.",
        "  not checked there: PAI003, PAI016, PAI017, PAI018, PAI019",
        "warning: `epsilon.dev` was not checked on the cluster: the program does not ask it.",
        "  not checked there: PAI003, PAI016, PAI017, PAI018, PAI019",
        "warning: `gamma.dev` was not fully checked on the cluster: this user may not a; it may not b.",
        "  not checked there: PAI016, PAI017",
    ]
    ends = {line.split()[0]: line.rpartition(" s")[2] for line in shown.splitlines() if "ed    " in line}
    assert ends == {
        "acme.dev": ", cluster not checked",
        "beta.dev": ", cluster not checked",
        "delta.dev": "",
        "epsilon.dev": ", cluster not checked",
        "gamma.dev": ", cluster not fully checked",
    }
    told = {each["name"]: each["cluster"] for each in stacks_of(project.call(word, *options, "--format", "json"))}
    assert told["acme.dev"] == {
        "asked": False,
        "unchecked": list(RULES),
        "reason": "the kubeconfig has no usable context `dev`",
    }
    assert told["gamma.dev"]["unchecked"] == ["PAI016", "PAI017"]
    assert told["delta.dev"] == {"asked": True, "unchecked": [], "reason": None}


def test_a_refresh_and_a_stack_that_failed_before_have_nothing_to_check(project: Backend) -> None:
    project.play("acme.dev", said("refused"), code=1)
    for arguments in (["refresh", "dev", "--yes"], ["preview", "dev"]):
        told = stacks_of(project.call(*arguments, "--format", "json"))
        assert told[0]["cluster"] is None
    assert "cluster" not in project.call("refresh", "dev", "--yes").stdout


@pytest.mark.parametrize("arguments", [("up",), ("refresh",), ("up", "--format", "json")], ids=" ".join)
def test_nothing_is_changed_without_a_yes_where_nobody_can_be_asked(
    project: Backend, arguments: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    if "json" in arguments:
        request.getfixturevalue("asking")
    result = project.call(*arguments, "dev")
    assert result.exit_code == 2
    why = "with `--format json`" if "json" in arguments else "without a terminal"
    assert result.stderr.startswith(f"error: {why}, the command cannot ask for confirmation, so nothing was changed.")
    assert "Pass `--yes` to run" in result.stderr.replace("\n", " ")
    assert project.ran() == []


def test_on_a_terminal_all_are_previewed_and_one_question_is_asked(project: Backend, asking: None) -> None:
    result = project.call("up", "dev", input="y\n")
    assert result.exit_code == 0
    assert result.stderr.count("[y/N]") == 1
    assert "Run `up` on these 3 stacks? [y/N]" in result.stderr
    assert [operation for operation, _ in project.ran()] == ["preview"] * 3 + ["up --yes --skip-preview"] * 3


def test_who_says_no_changes_nothing(project: Backend, asking: None) -> None:
    result = project.call("refresh", "dev", input="n\n")
    assert result.exit_code == 1
    assert "Nothing was changed.\n" in result.stderr
    assert {operation for operation, _ in project.ran()} == {"refresh --preview-only"}


def test_what_cannot_be_previewed_is_not_deployed(project: Backend, asking: None) -> None:
    project.play("acme.dev", code=1)
    project.play("gamma.dev", code=1)
    result = project.call("up", "dev", input="y\n")
    assert "Run `up` on this stack? [y/N]" in result.stderr
    assert [stack for operation, stack in project.ran() if operation.startswith("up")] == ["beta.dev"]
    assert result.stdout.endswith("s\n")
    assert "3 stacks of dev: 2 failed, 1 deployed in " in result.stdout
    assert result.exit_code == 1
    # Where none can be previewed, nobody is asked.
    project.play("beta.dev", code=1)
    result = project.call("up", "dev", input="y\n")
    assert "[y/N]" not in result.stderr
    assert result.exit_code == 1


def test_a_refresh_is_one_that_changes_the_state_only(project: Backend) -> None:
    project.play("acme.dev", step("update"), summed(update=1))
    result = project.call("refresh", "dev", "--yes")
    assert {operation for operation, _ in project.ran()} == {"refresh --yes --skip-preview"}
    assert "acme.dev   refreshed    1 updated, " in result.stdout


@pytest.fixture
def interrupting(project: Backend) -> Iterator[Callable[..., None]]:
    """Sends signals to this process, each once `pulumi` has noted something as often as asked for."""
    pool = ThreadPoolExecutor(1)

    def send(*when: tuple[str, int], by: signal.Signals = signal.SIGINT) -> None:
        for event, times in when:
            until = time.monotonic() + 60
            while len(project.notes(event)) < times:
                if time.monotonic() > until:
                    return
                time.sleep(0.02)
            os.kill(os.getpid(), by)

    def later(*when: tuple[str, int], **more: Any) -> None:
        pool.submit(send, *when, **more)

    yield later
    pool.shutdown()


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_starts_no_more_stacks_and_lets_the_running_ones_end(
    project: Backend, interrupting: Callable[..., None], by: signal.Signals
) -> None:
    before = signal.getsignal(signal.SIGINT)
    for name in ("acme.dev", "beta.dev"):
        project.play(name, step("create"), holds=True)
    interrupting(("began", 2), by=by)
    result = project.call("up", "dev", "--yes", "--parallel", "2")
    assert result.exit_code == 1
    assert sorted(each["stack"] for each in project.notes("interrupted")) == ["acme.dev", "beta.dev"]
    assert "acme.dev   interrupted  " in result.stdout
    assert "gamma.dev  not started\n" in result.stdout
    assert "3 stacks of dev: 2 interrupted, 1 not started in " in result.stdout
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_interrupt_is_passed_on_and_a_third_kills(project: Backend, interrupting: Callable[..., None]) -> None:
    project.play("acme.dev", holds=True, stubborn=1)
    interrupting(("began", 1), ("interrupted", 1))
    assert "acme.dev   interrupted" in project.call("up", "dev", "--yes", "--parallel", "1").stdout
    assert len(project.notes("interrupted")) == 2

    (project.bin / "notes").unlink()
    project.play("acme.dev", holds=True, stubborn=9)
    interrupting(("began", 1), ("interrupted", 1), ("interrupted", 2))
    assert "acme.dev   interrupted" in project.call("up", "dev", "--yes", "--parallel", "1").stdout
    assert len(project.notes("interrupted")) == 2
    assert project.notes("ended") == []


def test_after_an_interrupted_preview_nothing_is_asked(
    project: Backend, interrupting: Callable[..., None], asking: None
) -> None:
    project.play("acme.dev", holds=True)
    interrupting(("began", 1))
    result = project.call("up", "dev", "--parallel", "1", input="y\n")
    assert "[y/N]" not in result.stderr
    assert result.exit_code == 1


def test_interrupted_while_it_begins_a_stack_it_does_not_begin_it(
    project: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late:
        address = ""

        def __init__(self, folder: Path) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)

        def close(self) -> str:
            return ""

    monkeypatch.setattr("paletteai_components.deployment.runs.can_host", lambda _: True)
    monkeypatch.setattr("paletteai_components.deployment.runs.LanguageHost", Late)
    result = project.call("up", "dev", "--yes", "--parallel", "1", "--format", "json")
    assert states(result) == {"acme.dev": "interrupted", "beta.dev": "not started", "gamma.dev": "not started"}
    assert project.ran() == []


def test_other_stack_files_than_pulumi_reads_are_not_judged_for_it(project: Backend) -> None:
    for text, told in (
        ("name: paletteai\nruntime: python\n", "Pulumi.yaml has no `stackConfigDir`"),
        (PULUMI_YAML.replace("stacks", "others"), "there is no folder `others`"),
        (None, "no Pulumi project was found that reads the stack files in stacks"),
    ):
        path = project.folder / "Pulumi.yaml"
        path.unlink(missing_ok=True) if text is None else path.write_text(text)
        result = project.call("up", "dev", "--yes")
        assert result.exit_code == 2
        assert told in result.stderr
    assert project.ran() == []


def test_names_that_could_steer_a_terminal_are_shown_as_their_codes(project: Backend) -> None:
    project.play("acme.dev", step("delete", name="a\x1b[2Jb"), said("x\x1b[2Jy"), "z\x1b[2J", code=1)
    shown = project.call("up", "dev", "--yes").output
    assert "\x1b" not in shown
    assert "delete Namespace a\\x1b[2Jb" in shown


def test_on_a_terminal_there_is_a_line_for_each_stack_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch, "stderr")
    monkeypatch.setenv("COLUMNS", "80")
    first, second = Deployment("[red]acme.dev"), Deployment("beta.dev")
    with progress.progress(2, "deploying") as tell:
        for each in (first, second):
            each.state = State.RUNNING
            tell(each)
        first.done = 7
        tell(first)
        time.sleep(0.3)
        first.end(0, 1.0, interrupted=False)
        tell(first)
        second.end(1, 2.0, interrupted=False)
        tell(second)
    text = shown.getvalue()
    assert "[red]acme.dev" in text
    assert "7 resources" in text
    assert "2 of 2 stacks" in text
    assert "[red]acme.dev: succeeded, 1.0 s" in text
    assert "beta.dev: failed, 2.0 s" in text


def test_somebody_can_be_asked_only_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal(monkeypatch, "stdin")
    terminal(monkeypatch, "stderr")
    assert environment._can_ask()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not environment._can_ask()
