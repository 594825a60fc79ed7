"""What a pull request of stack files gets from the real engine: nothing is registered, nothing is in the state."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import empty
from support.real import Real, RealProject

pytestmark = [pytest.mark.engine, pytest.mark.cluster, pytest.mark.timeout(600)]

NOTE = "Canary-of-the-note-0123456789"
KEYS = {"acme": "Canary-Key-0f-acme-0123456789", "evil": "Canary-Key-0f-evil-9876543210"}


@pytest.fixture
def project(real: Real, cluster: ControlPlane) -> Iterator[RealProject]:
    made = real()
    for name, key in KEYS.items():
        stack = f"{name}.dev"
        made.init(stack)
        path = made.stacks / f"Pulumi.{stack}.yaml"
        path.write_text(f"{path.read_text()}{_config(name)}")
        made.set_key(stack, "shared", key)
    yield made
    empty(cluster)


def _config(name: str) -> str:
    return f"""\
config:
  kubernetes:context: dev
  paletteai:integrations:
    shared: {{hostUrl: https://{name}.example.com, tenant: t, defaultProjectID: "65123456789012345678901{len(name)}"}}
  paletteai:tenant:
    name: {name}
    computeConfigRef: {{name: default}}
    settings: {{default: {{palette: shared}}}}
"""


def _refused(project: RealProject, stack: str, code: str, *said: str) -> None:
    check = project.paletteai("check", stack, check=False)
    for outcome in (check, project.preview(stack, check=False), project.up(stack, check=False)):
        assert outcome.code != 0
        assert f"error {code}" in outcome.printed
        for each in said:
            assert each in outcome.printed
    assert [each["type"] for each in project.resources(stack) if each["type"].startswith("kubernetes:")] == []
    state = "".join(path.read_text(errors="replace") for path in project.state.rglob("*") if path.is_file())
    for secret in (NOTE, *KEYS.values()):
        for text in (secret, base64.b64encode(secret.encode()).decode().rstrip("=")):
            assert text not in state + check.printed


def _path(project: RealProject, stack: str) -> Path:
    return project.stacks / f"Pulumi.{stack}.yaml"


def test_an_encrypted_value_in_extra_spec_is_neither_applied_nor_in_the_state(project: RealProject) -> None:
    path = "paletteai:tenant.extraSpec.note"
    project.run("config", "set", "--secret", "--path", path, "--stack", "acme.dev", input=NOTE)
    assert re.search(r"note:\s+secure: ", _path(project, "acme.dev").read_text())
    _refused(
        project, "acme.dev", "PAI012", "`tenant.extraSpec.note` is encrypted, but Pulumi would write it as plain text"
    )


def test_another_tenants_key_is_not_written_for_a_host_of_ones_own(project: RealProject, cluster: ControlPlane) -> None:
    victim, hostile = (_path(project, stack).read_text() for stack in ("acme.dev", "evil.dev"))
    salt, theirs = (re.search(r"encryptionsalt: (\S+)", text) for text in (victim, hostile))
    ciphertext = re.search(r"secure: *(['\"]?)(v1:[\w+/=:]+)\1", victim)
    assert salt
    assert theirs
    assert ciphertext
    head, nonce, body = ciphertext[2].split(":")
    spelt = f'secure: "{head}:{nonce}:{body[:8]}\\\\n{body[8:]}"'
    text = re.sub(r"secure: *(['\"]?)v1:[\w+/=:]+\1", spelt, hostile.replace(theirs[1], salt[1]))
    text = re.sub(r"(?m)^ *fingerprint: .*\n", "", text)
    _path(project, "evil.dev").write_text(text)
    # Pulumi itself opens it: without these rules the key would be written for the other host.
    opened = project.run("config", "--show-secrets", "--json", "--stack", "evil.dev").stdout
    assert KEYS["acme"] in opened
    # What the copied encryption explains, `check` folds under it.
    _refused(project, "evil.dev", "PAI020", "error PAI010", "PAI003")
    assert "evil" not in cluster.kubectl("get", "secrets,settings", "-A", "-o", "name")


def test_what_was_redirected_to_another_host_is_refused(project: RealProject) -> None:
    path = _path(project, "acme.dev")
    path.write_text(path.read_text().replace("https://acme.example.com", "https://evil.example.com"))
    for outcome in (project.preview("acme.dev", check=False), project.up("acme.dev", check=False)):
        assert outcome.code != 0
        assert (
            "error PAI003: the fingerprint of integration `shared` was made for another stack, host" in outcome.printed
        )
    assert {each["type"] for each in project.resources("acme.dev")} <= {"pulumi:pulumi:Stack"}


def test_two_spellings_of_one_configuration_key_are_refused(project: RealProject) -> None:
    path = _path(project, "acme.dev")
    path.write_text(path.read_text().replace("config:\n", "config:\n  kubernetes:config:context: elsewhere\n", 1))
    _refused(project, "acme.dev", "PAI012", "more than one colon")


def test_a_copied_fingerprint_does_not_stop_its_victim(project: RealProject) -> None:
    victim, hostile = (_path(project, stack) for stack in ("acme.dev", "evil.dev"))
    pattern = r"value: \"?(pai1:[0-9a-f]{40})"
    theirs, own = (re.search(pattern, path.read_text()) for path in (victim, hostile))
    assert theirs
    assert own
    hostile.write_text(hostile.read_text().replace(own[1], theirs[1]))
    up = project.up("acme.dev")
    assert (
        "warning PAI003: Settings `tenant-evil/default` of tenant `evil` in stack `evil.dev` has the credential of"
        in up.printed
    )
    refused = project.preview("evil.dev", check=False)
    assert refused.code != 0
    assert "error PAI003" in refused.printed
