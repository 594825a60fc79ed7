"""A key that cannot be sent is refused wherever a key is opened, and is never printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from support.programs import acme, credential, deployed
from support.projects import KEY, Project
from support.recording import recorded

from paletteai_components import DeclarationError, SettingsArgs
from paletteai_components.credentials import fingerprint_of

BAD = {
    "a byte-order mark in front": f"\ufeff{KEY}",
    "a line break inside": f"{KEY[:8]}\n{KEY[8:]}",
    "a space inside": f"{KEY[:8]} {KEY[8:]}",
    "a zero-width space inside": f"{KEY[:8]}\u200b{KEY[8:]}",
    "bytes that are no UTF-8": f"{KEY[:8]}\ufffd{KEY[8:]}",
    "a NUL": f"{KEY}\0",
    "quotes": f'"{KEY}"',
    "curly quotes": f"\u201c{KEY}\u201d",
    "a scheme": f"Bearer {KEY}",
    "a header": f"apiKey:{KEY}",
}


def in_fingerprint(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    project = Project(folder, monkeypatch)
    project.stack()
    project.pulumi({"shared": {"apiKey": key}})
    before = project.files()
    result = project.run("fingerprint")
    assert result.stdout.startswith("acme.dev shared: none, its key ")
    assert (result.exit_code, project.files()) == (1, before)
    return result.output


def in_fingerprint_of_input(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # The mark in front of UTF-8 is the pipe's, so this is the second one.
    result = Project(folder, monkeypatch).run("fingerprint", "--stdin", input=f"\ufeff{key}\n")
    assert result.stderr.startswith("error: the key ")
    assert (result.stdout, result.exit_code) == ("", 2)
    return result.output


def in_render(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    project = Project(folder, monkeypatch)
    project.stack()
    project.pulumi({"shared": {"apiKey": key}})
    result = project.run("render", "--with-secrets", "all.yaml")
    assert "error PAI009: " in result.stderr
    assert result.exit_code == 1
    assert not Path("all.yaml").exists()
    return result.output


def refusal(recording: object) -> str:
    error = getattr(recording, "error", None)
    assert isinstance(error, DeclarationError), error
    assert [diagnostic.code for diagnostic in error.diagnostics] == ["PAI009"]
    written = [each for each in getattr(recording, "objects", ()) if each.kind in ("Secret", "Settings")]
    assert written == []
    return f"{error!r} {error} {getattr(recording, 'messages', ())}"


def in_a_deployment(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    Project(folder, monkeypatch).stack()
    monkeypatch.setattr("support.programs.key_in", lambda _: key)
    return refusal(deployed(folder / "stacks", "acme.dev"))


def in_a_program(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    return refusal(recorded(lambda: acme(settings={"default": SettingsArgs(palette=credential(api_key=key))})))


def in_an_output(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    def program() -> None:
        acme(settings={"default": SettingsArgs(palette=credential(api_key=pulumi.Output.secret(key)))})

    return refusal(recorded(program))


PLACES = [in_fingerprint, in_fingerprint_of_input, in_render, in_a_deployment, in_a_program, in_an_output]


@pytest.mark.parametrize("key", BAD.values(), ids=BAD)
@pytest.mark.parametrize("refused", PLACES, ids=lambda place: place.__name__)
def test_a_key_that_cannot_be_sent_is_refused_and_not_told(
    refused: Callable[[str, Path, pytest.MonkeyPatch], str], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = refused(key, tmp_path, monkeypatch)
    assert KEY not in told
    assert KEY[8:] not in told
    assert fingerprint_of(key.replace("\n", "")) not in told
