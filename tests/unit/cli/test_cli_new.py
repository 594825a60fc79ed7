"""`paletteai new`: a stack file to start from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.projects import Project

SCHEMA = "paletteai_components/schema/stack.json"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path, monkeypatch)
    project.declare()
    return project


def test_it_says_what_was_written_and_what_comes_next(project: Project) -> None:
    Path(SCHEMA).parent.mkdir(parents=True)
    Path(SCHEMA).touch()
    assert project.printed("new", "acme", "dev") == (
        "Wrote stacks/Pulumi.acme.dev.yaml. Fill in the Palette tenant and project, then:\n"
        "\n"
        "  pulumi stack init acme.dev\n"
        "  pulumi config set --secret --path --stack acme.dev paletteai:integrations.default.apiKey\n"
        "  paletteai fingerprint acme.dev\n"
        "  paletteai check acme.dev\n"
    )
    first = (project.stacks / "Pulumi.acme.dev.yaml").read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../{SCHEMA}"


def test_away_from_the_package_the_schema_has_to_be_written_first(project: Project) -> None:
    result = project.run("new", "acme", "dev")
    assert "  paletteai schema > stack.schema.json\n" in result.stdout
    assert "$schema=../stack.schema.json\n" in (project.stacks / "Pulumi.acme.dev.yaml").read_text()


@pytest.mark.parametrize("tenant", ["acme", "acme-edge", "123", "1e3", "on", "null", "a" * 56])
def test_a_check_of_a_new_file_names_exactly_what_is_missing(project: Project, tenant: str) -> None:
    assert project.run("new", tenant, "dev").exit_code == 0
    (diagnostic,) = json.loads(project.printed("check", "--format", "json", code=1))["problems"]
    assert diagnostic["code"] == "PAI009"
    assert diagnostic["message"].startswith("integration `default` lacks `apiKey`, `defaultProjectID`, `tenant`,")


def test_beside_another_stack_a_new_file_raises_nothing_more(project: Project) -> None:
    project.run("new", "acme", "dev")
    project.run("new", "beta", "dev")
    diagnostics = json.loads(project.run("check", "--format", "json").stdout)["problems"]
    assert [diagnostic["code"] for diagnostic in diagnostics] == ["PAI009", "PAI009"]


def test_filled_in_it_is_right(project: Project) -> None:
    project.run("new", "acme", "dev")
    path = project.stacks / "Pulumi.acme.dev.yaml"
    text = path.read_text()
    text = text.replace("      # tenant: ", "      tenant: ").replace(
        "      # defaultProjectID", "      defaultProjectID"
    )
    text = text.replace("\n  paletteai:tenant:", '      apiKey: {secure: "v1:x"}\n  paletteai:tenant:')
    path.write_text(text)
    assert project.run("check").stdout == "1 stack, 1 project: no problems\n"


def test_a_file_that_is_there_is_left_as_it_is(project: Project) -> None:
    project.stack("mine\n")
    assert "already exists, so it was not written" in project.refused("new", "acme", "dev")
    assert project.files() == {"stacks/Pulumi.acme.dev.yaml": b"mine\n"}


@pytest.mark.parametrize(
    ("tenant", "environment", "reason"),
    [
        ("Acme", "dev", "tenant `Acme` is not made of lower-case letters"),
        ("", "dev", "tenant `` is empty"),
        ("a" * 57, "dev", "has 57 characters, 56 are allowed"),
        ("../x", "dev", "tenant `../x` is not made of"),
        ("acme", "dev.eu", "environment `dev.eu` is not made of"),
        ("acme", "../../etc", "environment `../../etc` is not made of"),
        ("acme\x1b[31m", "dev", "tenant `acme\\x1b[31m` is not made of"),
        ("a" * 56, "e" * 63, "has 120 characters, but Pulumi allows 100"),
    ],
)
def test_a_name_that_could_not_be_used_is_refused(project: Project, tenant: str, environment: str, reason: str) -> None:
    said = project.refused("new", "--", tenant, environment)
    assert "error PAI007: " in said
    assert reason in said
    assert project.files() == {}


def test_a_folder_that_is_not_there_is_told(project: Project) -> None:
    Path("Pulumi.yaml").unlink()
    said = project.refused("new", "acme", "dev", "--stacks", "nowhere")
    assert "nowhere/Pulumi.acme.dev.yaml could not be written (No such file or directory)" in said


# --- From another environment ---------------------------------------------------------------------------------------

SOURCE = """\
# yaml-language-server: $schema=../stack.json
# Acme in dev.
config:
  kubernetes:context: dev  # only here
  kubernetes:enableSecretMutable: true
  paletteai:environment: dev
  paletteai:integrations:
    shared:  # everybody falls back to this one
      hostUrl: https://api.spectrocloud.com
      tenant: example-tenant
      defaultProjectID: "651234567890123456789012"
      apiKey:
        secure: v1:a:b
      # below the key
      fingerprint: {value: "pai1:a", ciphertext: "b", proof: "c"}
    edge: {hostUrl: https://api.spectrocloud.com, apiKey: {secure: "v1:c:d"}, fingerprint: {value: "a"}, tenant: e}
    vault: {existingSecret: there}
  other:token: {secure: v1:e:f}
  paletteai:tenant:
    name: acme
    settings: {default: {palette: shared}}   # the fallback
encryptionsalt: v1:x:y:z
secretsprovider: passphrase
encryptedkey: x
"""
COPY = """\
# yaml-language-server: $schema=../stack.json
# Acme in dev.
config:
  kubernetes:enableSecretMutable: true
  paletteai:integrations:
    shared:  # everybody falls back to this one
      hostUrl: https://api.spectrocloud.com
      tenant: example-tenant
      defaultProjectID: "651234567890123456789012"
      # below the key
    edge: {hostUrl: https://api.spectrocloud.com, tenant: e}
    vault: {existingSecret: there}
  paletteai:tenant:
    name: acme
    settings: {default: {palette: shared}}   # the fallback
"""


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_a_copy_has_every_byte_but_what_is_of_the_other_stack(project: Project, line_break: str) -> None:
    project.stack(SOURCE.replace("\n", line_break))
    assert project.printed("new", "acme", "prod", "--from", "acme.dev") == (
        "Wrote stacks/Pulumi.acme.prod.yaml, a copy of acme.dev without its keys. Next:\n"
        "\n"
        "  pulumi stack init acme.prod\n"
        "  pulumi config set --stack acme.prod kubernetes:context CONTEXT\n"
        "  pulumi config set --secret --path --stack acme.prod paletteai:integrations.shared.apiKey\n"
        "  pulumi config set --secret --path --stack acme.prod paletteai:integrations.edge.apiKey\n"
        "  paletteai fingerprint acme.prod\n"
        "  paletteai check acme.prod\n"
    )
    assert (project.stacks / "Pulumi.acme.prod.yaml").read_bytes() == COPY.replace("\n", line_break).encode()


@pytest.mark.parametrize(
    ("text", "source", "reason"),
    [
        (SOURCE, "acme.dv", "there is no stack `acme.dv`"),
        (SOURCE.replace("name: acme", "name: beta"), "acme.dev", "does not declare tenant `acme`"),
        ("config: [", "acme.dev", "the text is not valid YAML"),
        (
            SOURCE.replace("      defaultProjectID", "      ? apiKey\n      : x\n      defaultProjectID"),
            "acme.dev",
            "repeated",
        ),
        (
            SOURCE.replace("apiKey:\n        secure: v1:a:b", "? apiKey\n      : {secure: v1:a:b}"),
            "acme.dev",
            "cannot copy",
        ),
    ],
    ids=["no stack", "another tenant", "not YAML", "a repeated key", "an odd key"],
)
def test_what_cannot_be_copied_is_refused_and_nothing_is_written(
    project: Project, text: str, source: str, reason: str
) -> None:
    project.stack(text)
    assert reason in project.refused("new", "acme", "prod", "--from", source)
    assert not (project.stacks / "Pulumi.acme.prod.yaml").exists()
