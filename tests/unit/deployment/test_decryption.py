"""Keys opened by Pulumi's own command, and nothing of them seen where it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import traceback
from pathlib import Path

import pytest
from support.projects import KEY, STACK, Project

from paletteai_components.deployment import decryption
from paletteai_components.deployment.decryption import EngineError, opened_keys

REAL = shutil.which("pulumi")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def refused(project: Project) -> EngineError:
    with pytest.raises(EngineError) as raised:
        opened_keys("acme.dev", project.folder)
    error: BaseException | None = raised.value
    while error is not None:
        told = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
        assert KEY not in told
        error = error.__cause__ or error.__context__
    return raised.value


def test_the_key_of_each_integration_is_given(project: Project) -> None:
    project.pulumi({"shared": {"apiKey": KEY, "hostUrl": "x"}, "vaulted": {"existingSecret": "a"}, "odd": 1})
    assert opened_keys("acme.dev", project.folder) == {"shared": KEY}


def test_a_stack_without_integrations_has_no_keys(project: Project) -> None:
    project.pulumi(stdout="{}")
    assert opened_keys("acme.dev", project.folder) == {}


@pytest.mark.parametrize(
    ("stderr", "help"),
    [
        ("error: incorrect passphrase", "Set PULUMI_CONFIG_PASSPHRASE to the right one."),
        ("error: passphrase must be set with X", "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE."),
        ("error: no stack named 'acme.dev' found", "Create it with `pulumi stack init acme.dev`."),
        ("error: PULUMI_ACCESS_TOKEN must be set", "Run `pulumi login`."),
        ("error: something new", "Run `pulumi config --stack acme.dev` to see its error."),
    ],
)
def test_a_refusal_is_told_in_words_of_ours(project: Project, stderr: str, help: str) -> None:
    project.pulumi(stdout=f'{{"half": "{KEY}', stderr=f"{stderr} {KEY}", code=255)
    error = refused(project)
    assert error.help == help
    assert error.message.startswith("pulumi could not open the keys of stack `acme.dev`: ")


@pytest.mark.parametrize("stdout", [f'{{"a": "{KEY}"', f'"{KEY}"', "", f"[{KEY}"])
def test_an_answer_that_is_no_configuration_is_not_shown(project: Project, stdout: str) -> None:
    project.pulumi(stdout=stdout)
    assert "did not print the configuration" in refused(project).message


def test_an_answer_that_does_not_come_is_not_waited_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.pulumi({})
    (project.folder / "bin" / "pulumi").write_text(f"#!/bin/sh\necho {KEY}\nexec /bin/sleep 60\n")
    monkeypatch.setattr(decryption, "TIMEOUT", 0.5)
    assert "it did not answer within 0.5 seconds" in refused(project).message


def test_a_command_that_cannot_be_run_is_told(project: Project) -> None:
    project.pulumi({})
    (project.folder / "bin" / "pulumi").write_text("#!/no/such/interpreter\n")
    assert "it cannot be run (No such file or directory)" in refused(project).message


def test_without_the_command_it_says_what_works_without(project: Project) -> None:
    assert "`check`, `plan`, `render`" in refused(project).help


@pytest.fixture
def real(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    if REAL is None:
        pytest.skip("needs pulumi on PATH")
    monkeypatch.setenv("PATH", f"{Path(REAL).parent}{os.pathsep}{os.defpath}")
    monkeypatch.setenv("HOME", str(project.folder))
    monkeypatch.setenv("PULUMI_HOME", str(project.folder / ".pulumi"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", project.folder.as_uri())
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "a passphrase")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "true")
    (project.folder / "Pulumi.yaml").write_text("name: paletteai\nruntime: yaml\nstackConfigDir: stacks\n")
    project.run("new", "acme", "dev")
    path = "paletteai:integrations.default.apiKey"
    for arguments, typed in (
        (["stack", "init", "acme.dev"], None),
        (["config", "set", "--secret", "--path", path, "--stack", "acme.dev"], KEY),
    ):
        subprocess.run([REAL, *arguments], input=typed, text=True, capture_output=True, check=True)
    return project


@pytest.mark.engine
def test_pulumi_itself_opens_the_keys(real: Project) -> None:
    assert opened_keys("acme.dev", real.folder) == {"default": KEY}


@pytest.mark.engine
def test_what_a_new_file_and_pulumi_make_of_it_is_what_the_next_steps_promise(real: Project) -> None:
    text = (real.stacks / "Pulumi.acme.dev.yaml").read_text()
    assert "# The name of the Palette tenant" in text
    assert real.run("fingerprint").output == "acme.dev default: written\n"
    result = real.run("check")
    assert "lacks `defaultProjectID`, `tenant`," in result.stdout
    assert result.stdout.endswith("1 error in 1 stack\n")


@pytest.mark.engine
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("PULUMI_CONFIG_PASSPHRASE", "wrong", "the passphrase is not this stack's"),
        ("PULUMI_CONFIG_PASSPHRASE", None, "the stack's passphrase is not set"),
        ("PULUMI_BACKEND_URL", "file:///no/such/folder", "the backend cannot be reached"),
        ("PULUMI_BACKEND_URL", None, "you are not logged in to a backend"),
    ],
)
def test_pulumis_own_refusals_are_understood(
    real: Project, monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, said: str
) -> None:
    monkeypatch.delenv("PULUMI_ACCESS_TOKEN", raising=False)
    monkeypatch.delenv(variable)
    if value is not None:
        monkeypatch.setenv(variable, value)
    assert said in refused(real).message


@pytest.mark.engine
def test_a_stack_that_pulumi_does_not_know_is_told(real: Project) -> None:
    real.stack(STACK.replace("acme", "beta"), "beta.dev")
    result = real.run("fingerprint", "beta.dev")
    assert "Create it with `pulumi stack init beta.dev`." in result.stderr
    assert result.exit_code == 2
