"""`paletteai fingerprint`: keys told apart without telling them, and files changed by a line."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from support.projects import KEY, STACK, Project, changed

from paletteai_components.cli.commands import fingerprint as command
from paletteai_components.credentials import digest_of, fingerprint_of, proof_of
from paletteai_components.deployment.decryption import EngineError
from paletteai_components.stacks.stack import Stack

HOST = "https://api.spectrocloud.com"
CIPHERTEXT = f"v1:{KEY}"
PROOF = proof_of(KEY, "acme.dev", HOST, CIPHERTEXT)
LINE = f'fingerprint: {{value: "{fingerprint_of(KEY)}", ciphertext: "{digest_of(CIPHERTEXT)}", proof: "{PROOF}"}}'
SEALED = f'      apiKey: {{secure: "{CIPHERTEXT}"}}\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    found = Project(tmp_path, monkeypatch)
    found.pulumi({"shared": {"apiKey": KEY}})
    return found


def written(project: Project, text: str) -> str:
    path = project.stack(text)
    result = project.run("fingerprint")
    assert result.output == "acme.dev shared: written\n"
    assert result.exit_code == 0
    return path.read_bytes().decode()


def test_one_line_is_added_and_nothing_else_changes(project: Project) -> None:
    assert written(project, STACK) == changed(SEALED, f"{SEALED}      {LINE}\n")
    assert project.run("check").stdout == "1 stack, 1 project: no problems\n"


def test_an_earlier_fingerprint_is_replaced_where_it_stands(project: Project) -> None:
    earlier = "fingerprint: {value: older, ciphertext: old}"
    text = changed(SEALED, f"      {earlier}\n{SEALED}")
    assert written(project, text) == text.replace(earlier, LINE)


def test_what_is_current_is_left_alone(project: Project) -> None:
    text = written(project, STACK)
    before = (project.stacks / "Pulumi.acme.dev.yaml").stat()
    assert project.run("fingerprint").output == "acme.dev shared: unchanged\n"
    after = (project.stacks / "Pulumi.acme.dev.yaml").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert (project.stacks / "Pulumi.acme.dev.yaml").read_text() == text


def test_another_host_keeps_the_fingerprint_and_gets_another_proof(project: Project) -> None:
    text = written(project, STACK)
    other = "https://palette.example.com"
    moved = written(project, text.replace(HOST, other))
    assert moved == text.replace(HOST, other).replace(PROOF, proof_of(KEY, "acme.dev", other, CIPHERTEXT))


def test_the_mode_of_the_file_stays(project: Project) -> None:
    path = project.stack()
    path.chmod(0o640)
    project.run("fingerprint")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(project.files()) == ["stacks/Pulumi.acme.dev.yaml"]


def test_only_the_named_stacks_are_opened(project: Project) -> None:
    project.stack()
    other = project.stack(STACK.replace("acme", "beta"), "beta.dev")
    assert project.run("fingerprint", "acme.dev").output == "acme.dev shared: written\n"
    assert other.read_text() == STACK.replace("acme", "beta")


def test_a_file_that_changed_meanwhile_is_left_as_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project.stack()
    found = command._open_and_fingerprint

    def meanwhile(*arguments: Any) -> Any:
        path.write_text(STACK.replace("vision", "sight"))
        return found(*arguments)

    monkeypatch.setattr(command, "_open_and_fingerprint", meanwhile)
    assert "was changed while this command ran" in project.refused("fingerprint")
    assert path.read_text() == STACK.replace("vision", "sight")


def test_a_file_that_changes_at_the_last_moment_is_left_as_it_is(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project.stack()
    real = os.chmod

    def meanwhile(*arguments: Any) -> None:
        path.write_text(f"{STACK}# mine\n")
        real(*arguments)

    monkeypatch.setattr(os, "chmod", meanwhile)
    assert "was changed while this command ran" in project.refused("fingerprint")
    assert project.files() == {"stacks/Pulumi.acme.dev.yaml": f"{STACK}# mine\n".encode()}


def not_editable() -> str:
    aliased = changed("    shared:\n", "    shared: *base\nbase: &base\n")
    head, _, tail = aliased.partition("base: &base\n")
    fields, _, rest = tail.partition("  paletteai:tenant:")
    return f"base: &base\n{fields}{head}  paletteai:tenant:{rest}"


def test_a_file_that_cannot_be_edited_is_left_unchanged_and_the_lines_are_printed(project: Project) -> None:
    text = not_editable()
    path = project.stack(text)
    assert project.refused("fingerprint") == (
        "error: stacks/Pulumi.acme.dev.yaml is written in a way that this command cannot edit, so it was left "
        f"unchanged.\n  help: Add these lines:\n    shared:\n      {LINE}\n"
    )
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("integration", "said", "code"),
    [
        ("{existingSecret: a, credential: c}", "none, `credential` identifies an existing Secret", 0),
        (f"{{hostUrl: {HOST}}}", "none, it has no key", 0),
        (f"{{hostUrl: {HOST}, apiKey: {KEY}}}", "none, the key is not encrypted", 1),
        ("{apiKey: {secure: v1:x}}", "none, it has no `hostUrl`", 1),
        (f"{{hostUrl: {HOST}, apiKey: {{secure: v1:x}}}}", "none, its key is empty or a placeholder", 1),
        (f"{{hostUrl: {HOST}, apiKey: {{secure: v1:y}}, tenant: absent}}", "none, pulumi returned no key for it", 1),
    ],
)
def test_where_no_fingerprint_can_be_made_it_says_why(project: Project, integration: str, said: str, code: int) -> None:
    keys = {} if "absent" in integration else {"other": {"apiKey": "<fill in>"}}
    project.pulumi({"shared": {"apiKey": KEY}, **keys})
    project.stack(changed("  paletteai:tenant:", f"    other: {integration}\n  paletteai:tenant:"))
    result = project.run("fingerprint")
    assert result.stdout == f"acme.dev shared: written\nacme.dev other: {said}\n"
    assert result.exit_code == code
    assert KEY not in result.output


def test_a_file_that_cannot_be_read_stops_it(project: Project) -> None:
    project.stack("config: [")
    assert "error PAI012" in project.refused("fingerprint")


def test_a_stack_that_fails_stops_no_other(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for tenant in ("acme", "beta", "gamma", "zeta"):
        project.stack(STACK.replace("acme", tenant).replace("vision", f"{tenant}-vision"), f"{tenant}.dev")
    project.stack(not_editable().replace("acme", "delta"), "delta.dev")
    project.stack("config: [", "eta.dev")
    before = project.files()
    found = command._open_and_fingerprint

    def opened(stack: Stack, *more: Any) -> Any:
        if stack.name == "beta.dev":
            raise EngineError("pulumi could not open the keys of stack `beta.dev`: wrong.", "Set the right one.")
        if stack.name == "gamma.dev":
            Path(stack.file).write_text("config: {}\n")
        return found(stack, *more)

    monkeypatch.setattr(command, "_open_and_fingerprint", opened)
    result = project.run("fingerprint")
    assert result.stdout == "acme.dev shared: written\nzeta.dev shared: written\n"
    errors = [line for line in result.stderr.splitlines() if "rror" in line]
    assert ["PAI012" in errors[0], *(error.partition(".dev")[0] for error in errors[1:])] == [
        True,
        "error: pulumi could not open the keys of stack `beta",
        "error: stacks/Pulumi.delta",
        "error: stacks/Pulumi.gamma",
    ]
    assert result.stderr.endswith("3 of 5 stacks got no fingerprints: `beta.dev`, `delta.dev`, `gamma.dev`.\n")
    assert result.exit_code == 2
    differing = {name for name, data in project.files().items() if before[name] != data}
    assert differing == {f"stacks/Pulumi.{name}.dev.yaml" for name in ("acme", "gamma", "zeta")}
    assert project.files()["stacks/Pulumi.gamma.dev.yaml"] == b"config: {}\n"


def test_without_pulumi_it_says_what_works_without(project: Project) -> None:
    project.stack()
    (project.folder / "bin" / "pulumi").unlink()
    said = project.refused("fingerprint")
    assert said.startswith("error: there is no `pulumi` command on PATH, and only it can open encrypted keys.")
    assert "`fingerprint --stdin`" in said
    project.stack(STACK.replace("acme", "beta"), "beta.dev")
    assert project.refused("fingerprint").count("error:") == 1


# A key that is typed in


def test_a_typed_key_is_told_by_its_fingerprint_only(project: Project) -> None:
    result = project.run("fingerprint", "--stdin", input=f"{KEY}\n")
    assert result.output == f"{fingerprint_of(KEY)}\n"
    assert project.files() == {}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "is empty or a placeholder"),
        ("\n", "is empty or a placeholder"),
        ("CHANGE_ME\n", "is empty or a placeholder"),
        ("hunter2\n", "is shorter than 20 characters"),
        ("correct-horse-battery-staple\n", "is too simple"),
        (f"Bearer {KEY}\n", "begins with the name of a header"),
    ],
)
def test_a_typed_key_has_to_be_one(project: Project, key: str, why: str) -> None:
    said = project.refused("fingerprint", "--stdin", input=key)
    assert f"error: the key {why}" in said
    assert not key.strip() or key.strip() not in said


def test_a_typed_key_and_stacks_are_two_things(project: Project) -> None:
    project.refused("fingerprint", "acme.dev", "--stdin")


@pytest.mark.parametrize("secret", ["hunter2", "correct-horse-battery-staple"])
def test_what_a_dictionary_holds_gets_no_fingerprint(project: Project, secret: str) -> None:
    project.stack()
    project.pulumi({"shared": {"apiKey": secret}})
    before = project.files()
    result = project.run("fingerprint")
    assert result.stdout.startswith("acme.dev shared: none, its key is ")
    assert fingerprint_of(secret) not in result.output
    assert (result.exit_code, project.files()) == (1, before)
