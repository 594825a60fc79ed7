"""The program behind `__main__.py`: it tells what is wrong before it registers anything, else it registers all."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest
from support.checkout import ROOT
from support.programs import KEY, copied_examples, deployed, handed_over, key_in, leaks, refused, rendered, written
from support.recording import Secret, recorded, without_data

from paletteai_components import DeclarationError, deploy
from paletteai_components.credentials import digest_of, fingerprint_of, proof_of
from paletteai_components.deployment import program
from paletteai_components.diagnostics import SourceLocation
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import workspace_from

EXAMPLES = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in (ROOT / "stacks").glob("*.yaml"))


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """The example stacks, where they may be changed."""
    return copied_examples(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for stack files."""
    (tmp_path / "stacks").mkdir()
    return tmp_path / "stacks"


def test_there_are_example_stacks() -> None:
    assert EXAMPLES == ["acme.dev", "acme.prod", "globex.dev", "globex.prod"]


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_stack_registers_what_render_prints_for_it(examples: Path, name: str, preview: bool) -> None:
    recording = deployed(examples, name, preview=preview)
    assert recording.error is None
    stack = workspace_from(stack_folder(examples)).stack_named(name)
    assert stack is not None
    assert {each.ref: without_data(each) for each in recording.objects} == rendered(stack)
    assert [each for each in recording.objects if each.kind == "Secret"] == [
        each for each in recording.objects if isinstance(each.inputs.get("data"), Secret)
    ]
    assert leaks(recording.in_the_open(), KEY) == []
    assert recording.warnings == []


def test_the_program_finds_the_stack_files_beside_it(examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(examples.parent)
    # What the program does to its process is nothing for the one that tests run in.
    monkeypatch.setattr(program, "own_process", lambda: None)
    text = (examples / "Pulumi.globex.dev.yaml").read_text()
    (examples / "Pulumi.globex.dev.yaml").write_text(text.replace("displayName: Pricing", "displayName: Pricing!"))
    source = (ROOT / "__main__.py").read_text()
    config, secret_keys = handed_over({"paletteai:tenant": {"name": "globex", "projects": [{"name": "x"}]}})

    def main() -> None:
        exec(compile(source, "__main__.py", "exec"), {"__name__": "__main__"})

    recording = recorded(main, "globex.dev", config=config, secret_keys=secret_keys)
    assert refused(recording) == ["PAI004"]
    assert "stacks/Pulumi.globex.dev.yaml:" in str(recording.error)


def test_everything_that_is_wrong_is_told_at_once_with_file_and_line(folder: Path) -> None:
    path = written(
        folder,
        "acme.dev",
        """
paletteai:integrations:
  shared: {hostUrl: "http://api.spectrocloud.com", tenant: t, defaultProjectID: "1", apiKey: {secure: v1:a}}
paletteai:tenant:
  name: acme
  settings:
    default: {palette: shared}
    edge: {palette: shared}
  projects:
    - name: kube-x
    - name: lab
      displayName: "Lab!"
      settingsRef: nowhere
""",
    )
    recording = deployed(folder, "acme.dev")
    assert refused(recording) == ["PAI009", "PAI001", "PAI007", "PAI008", "PAI005"]
    assert isinstance(recording.error, DeclarationError)
    assert [(location.file, location.line) for location in (each.where[0] for each in recording.error.diagnostics)] == [
        (str(path), line) for line in (3, 7, 10, 12, 13)
    ]
    assert str(recording.error).startswith("5 problems in the declaration; none of it was registered.\n")


def test_warnings_are_logged_and_stop_nothing(folder: Path) -> None:
    path = written(folder, "acme.dev", "paletteai:tenant: {name: acme, sharedClusterOnly: true, projects: [{name: x}]}")
    recording = deployed(folder, "acme.dev")
    assert recording.error is None
    (warning,) = recording.warnings
    assert warning.startswith(f"{path}:2: warning PAI015: ")


def test_a_configuration_without_a_file_is_judged_all_the_same(folder: Path) -> None:
    config, secret_keys = handed_over(
        {
            "paletteai:integrations": {"shared": {"apiKey": {"secure": "v1:a"}}},
            "paletteai:tenant": {"name": "acme", "settings": {"default": {"palette": "shared"}}},
        }
    )
    for location in (folder, folder / "missing"):
        recording = deployed(location, "acme.dev", config=config, secret_keys=secret_keys)
        assert refused(recording) == ["PAI009"]
        assert f"{location}/Pulumi.acme.dev.yaml: error PAI009" in str(recording.error)
    # A folder that is not there is said, because neighbours cannot be judged without it.
    assert any("missing" in warning for warning in recording.warnings)


def test_what_an_environment_adds_counts_and_not_what_the_file_says(folder: Path) -> None:
    written(folder, "acme.dev", "paletteai:tenant: {name: acme, projects: [{name: x}]}")
    config, secret_keys = handed_over(
        {"paletteai:tenant": {"name": "acme", "sharedClusterOnly": True, "projects": [{"name": "from-esc"}]}}
    )
    recording = deployed(folder, "acme.dev", config=config, secret_keys=secret_keys)
    assert recording.error is None
    assert ("Project", "from-esc", "from-esc") in {each.ref for each in recording.objects}


SHARED = '{hostUrl: "https://api.spectrocloud.com", tenant: t, defaultProjectID: "1", apiKey: {secure: "v1:shared"}%s}'
TENANT = "{name: %s, settings: {default: {palette: shared}}, computeConfigRef: {name: default}}"


def shared(name: str, more: str = "", **fields: str) -> str:
    """A stack with one credential."""
    lines = [f"paletteai:integrations: {{shared: {SHARED % more}}}", f"paletteai:tenant: {TENANT % name}"]
    return "\n".join([*lines, *(f"{key}: {value}" for key, value in fields.items())])


def test_integrations_that_pulumi_does_not_hold_for_a_secret_are_refused(folder: Path) -> None:
    written(folder, "acme.dev", shared("acme"))
    assert refused(deployed(folder, "acme.dev", secret_keys=[])) == ["PAI010"]
    assert refused(deployed(folder, "acme.dev", secret_keys=["paletteai:tenant"])) == ["PAI010", "PAI012"]
    assert leaks(deployed(folder, "acme.dev", secret_keys=[]).in_the_open(), KEY) == []


def test_a_key_that_stands_in_the_file_as_text_is_refused_whatever_pulumi_holds_it_for(folder: Path) -> None:
    written(folder, "acme.dev", shared("acme").replace('{secure: "v1:shared"}', '"Key-0f-text-of-the-2nd-mine"'))
    recording = deployed(folder, "acme.dev", secret_keys=["paletteai:integrations"])
    assert refused(recording) == ["PAI010"]


def test_a_stack_under_the_passphrase_of_an_example_is_refused(examples: Path) -> None:
    text = (examples / "Pulumi.acme.prod.yaml").read_text()
    (examples / "Pulumi.acme.prod.yaml").unlink()
    (examples / "Pulumi.beta.prod.yaml").write_text(text.replace("name: acme\n", "name: beta\n"))
    # The fingerprint in it was made for another stack.
    assert refused(deployed(examples, "beta.prod")) == ["PAI003", "PAI010"]


def fingerprinted(key: str, ciphertext: str, stack: str, host: str = "https://api.spectrocloud.com") -> str:
    """What `paletteai fingerprint` writes beside a ciphertext, as somebody would who knows a key."""
    value, made_for, proof = fingerprint_of(key), digest_of(ciphertext), proof_of(key, stack, host, ciphertext)
    return f', fingerprint: {{value: "{value}", ciphertext: "{made_for}", proof: "{proof}"}}'


@pytest.mark.parametrize("written_by", ["the command", "hand"])
def test_the_fingerprint_in_a_file_has_to_be_that_of_its_key(folder: Path, written_by: str) -> None:
    key = key_in("v1:shared") if written_by == "the command" else "another key"
    path = written(folder, "acme.dev", shared("acme", fingerprinted(key, "v1:shared", "acme.dev")))
    recording = deployed(folder, "acme.dev")
    if written_by == "the command":
        assert (recording.error, recording.warnings) == (None, [])
    else:
        assert refused(recording) == ["PAI003"]
        assert isinstance(recording.error, DeclarationError)
        assert recording.error.diagnostics[0].where == (SourceLocation(str(path), 2),)


def test_a_conflict_with_a_neighbour_is_refused_in_both_stacks_and_in_no_third(folder: Path) -> None:
    more = fingerprinted(key_in("v1:shared"), "v1:other", "beta.dev")
    ours = written(folder, "acme.dev", shared("acme"))
    theirs = written(folder, "beta.dev", shared("beta", more).replace("v1:shared", "v1:other"))
    written(folder, "gamma.dev", "paletteai:tenant: {name: gamma, sharedClusterOnly: true}")
    recording = deployed(folder, "acme.dev")
    assert refused(recording) == ["PAI003"]
    assert isinstance(recording.error, DeclarationError)
    assert {location.file for location in recording.error.diagnostics[0].where} == {str(ours), str(theirs)}
    assert deployed(folder, "gamma.dev").error is None


def test_names_taken_by_a_neighbour_of_the_same_cluster_are_refused(folder: Path) -> None:
    for name, cluster in (("acme.dev", "one"), ("beta.dev", "one"), ("gamma.dev", "two")):
        tenant = f"{{name: {name.partition('.')[0]}, sharedClusterOnly: true, projects: [{{name: vision}}]}}"
        written(folder, name, f"kubernetes:context: {cluster}\npaletteai:tenant: {tenant}")
    assert refused(deployed(folder, "acme.dev")) == ["PAI006"]
    assert deployed(folder, "gamma.dev").error is None


def test_a_neighbour_that_cannot_be_read_is_told_and_stops_nothing(folder: Path) -> None:
    written(folder, "acme.dev", "paletteai:tenant: {name: acme, sharedClusterOnly: true}")
    broken = written(folder, "beta.dev", "paletteai:tenant: {name: *nobody}")
    recording = deployed(folder, "acme.dev")
    assert recording.error is None
    assert [warning.partition(":")[0] for warning in recording.warnings] == [str(broken)]
    assert "warning PAI012" in recording.warnings[0]


def test_a_file_of_its_own_that_cannot_be_read_is_refused(folder: Path) -> None:
    path = written(folder, "acme.dev", "paletteai:tenant: {name: *nobody}")
    config, _ = handed_over({"paletteai:tenant": {"name": "acme", "sharedClusterOnly": True}})
    recording = recorded(lambda: deploy(folder), "acme.dev", config=config)
    assert refused(recording) == ["PAI012"]
    assert str(path) in str(recording.error)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("integrations", KEY),
        ("integrations", json.dumps([KEY])),
        ("integrations", json.dumps({"shared": KEY})),
        ("integrations", json.dumps({"shared": {"apiKey": [KEY]}})),
        ("integrations", json.dumps({"shared": {KEY: "x"}})),
        ("tenant", KEY),
        ("tenant", json.dumps({"name": [KEY]})),
        ("vendorFields", KEY),
        ("mergedSettings", KEY),
        ("mergedSettings", json.dumps(KEY)),
    ],
)
def test_a_key_in_the_wrong_place_is_refused_without_being_repeated(folder: Path, key: str, value: str) -> None:
    config, _ = handed_over({"paletteai:tenant": {"name": "acme", "sharedClusterOnly": True}})
    given_ = {**config, f"paletteai:{key}": value}
    recording = deployed(folder, "acme.dev", config=given_, secret_keys=[f"paletteai:{key}"])
    assert set(refused(recording)) <= {"PAI012", "PAI009"}
    assert leaks(recording.in_the_open(), KEY) == []


@pytest.mark.parametrize(("value", "code"), [("true", None), ("false", "PAI004"), ("maybe", "PAI012"), ("1", "PAI012")])
def test_merged_settings_is_read_as_pulumi_hands_it_over(folder: Path, value: str, code: str | None) -> None:
    config, secret_keys = handed_over(
        {
            "paletteai:integrations": {"shared": json.loads('{"existingSecret": "x", "credential": "y"}')},
            "paletteai:tenant": {
                "name": "acme",
                "settings": {"default": {"palette": "shared"}},
                "projects": [{"name": "lab", "settings": {"nvidia": {"existingSecret": "ngc"}}}],
            },
            "paletteai:mergedSettings": value,
        }
    )
    recording = deployed(folder, "acme.dev", config=config, secret_keys=secret_keys)
    assert recording.error is None if code is None else refused(recording) == [code]


def test_nothing_is_left_of_a_program_for_the_next(examples: Path) -> None:
    assert isinstance(deployed(examples, "acme.dev", secret_keys=[]).error, pulumi.RunError)
    assert deployed(examples, "acme.dev").error is None
    assert pulumi.runtime.get_root_resource() is None
