"""The component that is served registers what the stack path registers, and nothing where it refuses."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.pasted import EVERYTHING
from support.programs import KEY, another_key, copied_examples, deployed, deployment, leaks
from support.recording import UNKNOWN as UNKNOWN_VALUE
from support.recording import Recording, Registered, Secret
from support.served import KUBERNETES, MUTABLE, UNKNOWN, Given, Plugin, acme, inputs_of

from paletteai_components.credentials import fingerprint_of
from paletteai_components.pulumi_yaml.document import document_from

# How the engine's protocol writes a value that is not known.
UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
EXAMPLES = ("acme.dev", "acme.prod", "globex.dev", "globex.prod")


def compared(recording: Recording) -> dict[str, Registered]:
    """What was registered, by URN."""
    # The engine tells a component that it is neither protected nor retained, and nobody tells a program.
    options = {each.urn: (each.protect or None, each.retain_on_delete or None) for each in recording.resources}
    return {
        each.urn: replace(each, protect=options[each.urn][0], retain_on_delete=options[each.urn][1])
        for each in recording.resources
    }


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_stack_registers_the_same_resources(tmp_path: Path, name: str, preview: bool) -> None:
    folder = copied_examples(tmp_path)
    by_file = deployed(folder, name, preview=preview)
    config = document_from((folder / f"Pulumi.{name}.yaml").read_bytes(), name).value["config"]
    made = Plugin().construct(inputs_of(config), name.partition(".")[0], name, preview=preview)
    assert made.refusal == ""
    assert compared(made.recording) == compared(by_file)
    assert leaks(made.recording.in_the_open(), KEY) == []


def test_everything_that_a_stack_file_can_say_registers_the_same_resources(tmp_path: Path) -> None:
    declared = deepcopy(EVERYTHING)
    del declared["paletteai:integrations"]["shared"]["fingerprint"]
    by_file = deployment(tmp_path, declared)
    assert by_file.error is None
    made = Plugin().construct(inputs_of(declared))
    assert made.refusal == ""
    assert compared(made.recording) == compared(by_file)


def test_other_names_than_the_tenants_begin_what_is_below_the_component() -> None:
    made = Plugin().construct(acme(), "works")
    assert {each.name for each in made.recording.resources} == {"works", "works.default", "works.vision"}
    assert {each.inputs["metadata"]["name"] for each in made.recording.objects if each.kind == "Tenant"} == {"acme"}


def test_the_program_gets_the_namespaces_the_bindings_and_the_sources() -> None:
    made = Plugin().construct(acme())
    tenant = made.recording.component("Tenant", "acme")
    assert made.state == {
        "tenantName": "acme",
        "namespaces": {"tenant": "tenant-acme", "projects": ["vision"]},
        "settings": {
            "tenant-acme/default": {
                "integration": "shared",
                "secret": "tenant-acme/default-palette",
                "fingerprint": fingerprint_of(KEY),
            }
        },
        "projects": {
            "vision": {
                "source": "fallback",
                "settings": "tenant-acme/default",
                "integration": "shared",
                "reason": "falls back to the tenant's default Settings tenant-acme/default",
            }
        },
    }
    # What the state keeps is what the program gets.
    assert made.recording.outputs[tenant.urn] == made.state


def test_a_key_is_a_secret_whether_it_arrives_as_one_or_not() -> None:
    inputs = acme()
    inputs["integrations"]["shared"]["apiKey"] = KEY
    for given in (acme(), inputs):
        made = Plugin().construct(given)
        assert isinstance(made.recording.object("Secret", "acme.default").inputs["data"], Secret)
        assert leaks(made.recording.in_the_open(), KEY) == []
        assert leaks([str(made.state)], KEY) == []


def test_a_key_that_only_the_deployment_knows_is_previewed() -> None:
    inputs = acme()
    inputs["integrations"]["shared"]["apiKey"] = UNKNOWN
    made = Plugin().construct(inputs, preview=True)
    assert made.refusal == ""
    # Of an unknown value, older SDKs do not say that it is secret.
    assert made.recording.object("Secret", "acme.default").inputs["data"] in (UNKNOWN_VALUE, Secret(UNKNOWN_VALUE))
    assert made.state["settings"]["tenant-acme/default"]["fingerprint"] == UNKNOWN_TEXT


def test_what_no_rule_reads_may_be_an_output_and_brings_along_what_it_depends_on() -> None:
    urn = "urn:pulumi:acme.dev::paletteai::other:index:Thing::thing"
    described = Given("Vision", dependencies=(urn,))
    inputs = acme(
        description=described,
        groups=Given(["admins"]),
        annotations={"ticket": UNKNOWN},
        extraSpec={"owner": Given("somebody", secret=True), "quota": {"gpus": 4}},
        roleMapping={"admin": ["a", UNKNOWN]},
    )
    made = Plugin().construct(inputs, preview=True)
    assert made.refusal == ""
    tenant = made.recording.object("Tenant", "acme")
    assert tenant.inputs["spec"]["description"] == "Vision"
    assert tenant.inputs["spec"]["owner"] == Secret("somebody")
    assert tenant.inputs["spec"]["quota"] == {"gpus": 4}
    assert tenant.inputs["metadata"]["annotations"]["ticket"] == UNKNOWN_VALUE
    assert urn in tenant.dependencies


def test_a_plain_value_may_arrive_as_an_output_whose_value_is_known() -> None:
    tenant = acme()["tenant"]
    for given in ({**tenant, "name": Given("acme")}, Given(tenant)):
        assert compared(Plugin().construct({**acme(), "tenant": given}).recording) == compared(
            Plugin().construct(acme()).recording
        )


def test_what_a_plain_value_depends_on_comes_before_everything() -> None:
    urn = "urn:pulumi:acme.dev::paletteai::other:index:Thing::thing"
    made = Plugin().construct(acme(displayName=Given("Acme", dependencies=(urn,))))
    assert made.recording.object("Tenant", "acme").inputs["spec"]["displayName"] == "Acme"
    assert all(urn in each.dependencies for each in made.recording.objects if each.name == "acme")


def test_an_object_with_a_key_may_arrive_as_one_secret() -> None:
    shared = {**acme()["integrations"]["shared"], "apiKey": KEY}
    for given in (Given({"shared": shared}, secret=True), {"shared": Given(shared, secret=True)}):
        made = Plugin().construct({**acme(), "integrations": given})
        assert compared(made.recording) == compared(Plugin().construct(acme()).recording)
        assert leaks(made.recording.in_the_open(), KEY) == []


def test_the_provider_the_dependencies_and_the_protection_of_the_component_reach_its_objects() -> None:
    other = "urn:pulumi:acme.dev::paletteai::other:index:Thing::thing"
    made = Plugin().construct(acme(), provider={"enableSecretMutable": "true"}, dependencies=[other], protect=True)
    assert made.refusal == ""
    assert {each.provider for each in made.recording.objects} == {KUBERNETES}
    assert all(other in each.dependencies for each in made.recording.objects if each.name == "acme")
    assert {each.protect for each in made.recording.objects} == {True}


@pytest.mark.parametrize(
    ("config", "provider", "remedy"),
    [
        ({}, None, "Run `pulumi config set --stack acme.dev kubernetes:enableSecretMutable true`."),
        ({"kubernetes:enableSecretMutable": "false"}, None, "Run `pulumi config set"),
        (MUTABLE, {}, "Set `enableSecretMutable` of the Kubernetes provider to true."),
        (MUTABLE, {"enableSecretMutable": "false"}, "Set `enableSecretMutable` of"),
        (MUTABLE, None, None),
        ({}, {"enableSecretMutable": "true"}, None),
        ({}, {"enableSecretMutable": True}, None),
    ],
)
def test_a_provider_that_replaces_secrets_is_warned_of(
    config: dict[str, str], provider: dict[str, Any] | None, remedy: str | None
) -> None:
    warnings = Plugin().construct(acme(), config=config, provider=provider).recording.warnings
    assert [warning for warning in warnings if remedy is None or remedy not in warning] == []
    assert len(warnings) == (remedy is not None)


def test_who_has_no_secret_is_not_warned_of_its_rotation() -> None:
    inputs = acme()
    inputs["integrations"]["shared"] = {"existingSecret": "made-by-vault", "credential": "vault://acme"}
    assert Plugin().construct(inputs, config={}).recording.warnings == []


def test_an_api_version_that_it_was_deployed_with_is_an_alias() -> None:
    before = Plugin().construct({**acme(), "apiVersion": "spectrocloud.com/v2"}).recording
    after = Plugin().construct({**acme(), "apiVersion": "spectrocloud.com/v3"}, state=before.resources).recording
    assert after.object("Tenant", "acme").type == "kubernetes:spectrocloud.com/v3:Tenant"
    assert set(after.continued(before)) == {each.urn for each in after.resources}


@pytest.mark.parametrize("name", ["acme", "works"])
def test_a_credential_that_moves_is_removed_from_its_old_settings_first(name: str) -> None:
    before = Plugin().construct(acme(), name).recording
    moved = acme(settings={}, projects=[{"name": "vision", "settings": {"palette": "shared"}}])
    after = Plugin().construct(moved, name, state=before.resources).recording
    old = {each.kind: each.urn for each in before.resources if each.name == f"{name}.default"}
    new = {each.kind: each.urn for each in after.resources if each.name == f"{name}.vision.default"}
    assert old.keys() == new.keys() == {"PaletteIntegration", "Secret", "Settings"}
    continued = after.continued(before)
    assert {kind: continued[urn] for kind, urn in new.items()} == old
    assert all(after.at(new[kind]).delete_before_replace for kind in ("Secret", "Settings"))


def test_what_another_component_was_deployed_with_is_nothing_of_this_one() -> None:
    before = Plugin().construct(acme(), "other").recording
    after = Plugin().construct(acme(), state=before.resources).recording
    assert after.continued(before) == {}


def test_two_settings_that_exchange_their_credentials_are_refused() -> None:
    def inputs(first: str, second: str) -> dict[str, Any]:
        declared = acme(settings={"default": {"palette": first}, "edge": {"palette": second}})
        edge = {**declared["integrations"]["shared"], "apiKey": Given(another_key("edge"), secret=True)}
        declared["integrations"]["edge"] = edge
        return declared

    before = Plugin().construct(inputs("shared", "edge")).recording
    made = Plugin().construct(inputs("edge", "shared"), state=before.resources)
    assert "Tenant acme: tenant.settings.default.palette: error PAI003: the credential of Settings" in made.refusal
    assert made.recording.resources == []


def test_without_the_state_nothing_is_registered() -> None:
    made = Plugin().construct(acme(), failures=9)
    assert "so a moved credential would go unnoticed. Nothing was registered; run it again." in made.refusal
    assert made.recording.resources == []
