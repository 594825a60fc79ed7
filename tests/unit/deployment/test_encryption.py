"""Keys encrypted by Pulumi's own command, which are on its standard input and nowhere else."""

from __future__ import annotations

import os
import tempfile
import traceback
from pathlib import Path

import pytest
from support.projects import KEY, Project

from paletteai_components.deployment.decryption import EngineError
from paletteai_components.deployment.encryption import encrypted_keys

SALT = "v1:AAAA:BBBB"
OTHER = "0tHer7KeyOfAnotherTenant"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Project(tmp_path, monkeypatch)


def refused(project: Project, keys: dict[str, str]) -> EngineError:
    with pytest.raises(EngineError) as raised:
        encrypted_keys("acme.dev", keys, project.folder, {})
    error: BaseException | None = raised.value
    while error is not None:
        told = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
        assert KEY not in told
        error = error.__cause__ or error.__context__
    return raised.value


def left(project: Project) -> list[str]:
    return os.listdir(project.folder / "temporary")


def test_each_key_gets_a_ciphertext_and_is_in_no_argument(project: Project) -> None:
    project.encrypting_pulumi()
    found = encrypted_keys("acme.dev", {"one": KEY, "two": OTHER}, project.folder, {})
    assert found.ciphertexts.keys() == {"one", "two"}
    assert len(set(found.ciphertexts.values())) == 2
    assert all(each.startswith("v1:AAAA:") for each in found.ciphertexts.values())
    assert found.provider == {"encryptionsalt": SALT}
    calls = project.encryptions()
    assert [call[:3] for call in calls] == 2 * [["config", "set", "--secret"]]
    assert all(call[call.index("--stack") + 1] == "acme.dev" for call in calls)
    assert not any(key in str(calls) for key in (KEY, OTHER))
    assert (left(project), list(project.stacks.iterdir())) == ([], [])


def test_a_stack_encrypts_as_its_file_says(project: Project) -> None:
    project.encrypting_pulumi()
    provider = {"secretsprovider": "awskms://alias/palette", "encryptedkey": "QUJD"}
    assert encrypted_keys("acme.dev", {"one": KEY}, project.folder, provider).provider == provider


def test_a_provider_that_leaves_no_trace_in_the_file_has_none(project: Project) -> None:
    project.encrypting_pulumi(provider=())
    assert encrypted_keys("acme.dev", {"one": KEY}, project.folder, {}).provider == {}


@pytest.mark.parametrize(
    ("stderr", "help"),
    [
        ("error: incorrect passphrase", "Set PULUMI_CONFIG_PASSPHRASE to the right one."),
        ("error: passphrase must be set with X", "Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE."),
        ("error: no stack named 'acme.dev' found", "Create it with `pulumi stack init acme.dev`."),
        ("error: PULUMI_ACCESS_TOKEN must be set", "Run `pulumi login`."),
        ("error: unable to open state directory", "Check PULUMI_BACKEND_URL or run `pulumi login`."),
        ("error: something new", "Run `pulumi config --stack acme.dev` to see its error."),
    ],
)
def test_a_failure_in_the_middle_leaves_nothing_and_says_what_to_do(project: Project, stderr: str, help: str) -> None:
    project.encrypting_pulumi(fails_at=2, stderr=f"{stderr} {KEY}")
    error = refused(project, {"one": KEY, "two": OTHER})
    assert error.message.startswith("pulumi could not encrypt the keys of stack `acme.dev`: ")
    assert error.help == help
    assert (left(project), list(project.stacks.iterdir())) == ([], [])


@pytest.mark.parametrize("written", ["", "config: {}\n", "[", f'config: {{"paletteai:key0": "{KEY}"}}\n'])
def test_what_is_not_encrypted_is_not_taken(project: Project, written: str) -> None:
    project.encrypting_pulumi()
    script = project.folder / "bin" / "pulumi"
    script.write_text(
        f'#!/bin/sh\nwhile [ $# -gt 1 ]; do [ "$1" = --config-file ] && file=$2; shift; done\n'
        f"printf '%s' '{written}' > \"$file\"\n"
    )
    assert "did not write the encrypted keys of stack `acme.dev`" in refused(project, {"one": KEY}).message
    assert left(project) == []
