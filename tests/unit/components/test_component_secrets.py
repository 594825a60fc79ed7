"""An API key is a secret from end to end, and nothing else is."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from support.programs import KEY, acme, credential, later, leaks
from support.recording import UNKNOWN, Recording, Secret, recorded, run
from support.samples import HOST, PROJECT_ID

from paletteai_components import (
    DeclarationError,
    PaletteIntegration,
    PaletteIntegrationArgs,
    Project,
    ProjectArgs,
    components,
)
from paletteai_components import SettingsArgs as Settings
from paletteai_components.credentials import fingerprint_of, settings_proof_of
from paletteai_components.kube.manifests import FINGERPRINT_ANNOTATION, PROOF_ANNOTATION

Given = Callable[[str], Any]

# In which forms a program may hold a key.
FORMS: dict[str, Given] = {
    "text": str,
    "a secret Output": pulumi.Output.secret,
    "a plain Output": pulumi.Output.from_input,
    "an awaitable": later,
    "an Output of an awaitable": lambda text: pulumi.Output.secret(text).apply(later),
}


def everywhere(given: Given) -> Callable[[], list[Any]]:
    """A program with a credential in each place that can hold one."""

    def program() -> list[Any]:
        tenant = acme(settings={"default": Settings(palette=credential(api_key=given(KEY)))})
        own = Settings(palette=credential("lab", given(f"{KEY}-of-lab")))
        lab = Project("acme.lab", ProjectArgs(tenant=tenant, name="lab", settings=own))
        added = PaletteIntegrationArgs(
            tenant=tenant, name="edge", credential=credential("edge", given(f"{KEY}-of-edge"))
        )
        edge = PaletteIntegration("acme.edge", added)
        for name, component in (("tenant", tenant), ("lab", lab), ("edge", edge)):
            pulumi.export(name, component)
        return [tenant, lab, edge, own, added]

    return program


KEYS = {"acme.default": KEY, "acme.lab.default": f"{KEY}-of-lab", "acme.edge": f"{KEY}-of-edge"}


@pytest.fixture(scope="module", params=list(FORMS))
def recording(request: pytest.FixtureRequest) -> Recording:
    return run(everywhere(FORMS[request.param]))


def test_the_data_of_a_secret_is_marked_secret_and_is_the_document_that_paletteai_reads(recording: Recording) -> None:
    for name, key in KEYS.items():
        data = recording.object("Secret", name).inputs["data"]
        assert isinstance(data, Secret)
        assert list(data.value) == ["palette"]
        assert base64.b64decode(data.value["palette"]).decode() == json.dumps(
            {"apiKey": key, "defaultProjectID": PROJECT_ID, "hostUrl": HOST, "tenant": "example-tenant"}
        )


def test_nothing_but_the_data_is_marked_secret(recording: Recording) -> None:
    for each in recording.resources:
        assert [field for field, value in each.inputs.items() if _is_marked(value)] == (
            ["data"] if each.kind == "Secret" else []
        )


def _is_marked(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_is_marked, value.values()))
    return isinstance(value, Secret)


def test_the_fingerprint_is_in_the_open_and_that_of_the_key(recording: Recording) -> None:
    for name, key in KEYS.items():
        settings = recording.object("Settings", name)
        location = f"{settings.inputs['metadata']['namespace']}/{settings.inputs['metadata']['name']}"
        assert settings.inputs["metadata"]["annotations"] == {
            FINGERPRINT_ANNOTATION: fingerprint_of(key),
            PROOF_ANNOTATION: settings_proof_of(key, location),
        }
        integration = recording.component("PaletteIntegration", name)
        assert recording.outputs[integration.urn]["fingerprint"] == fingerprint_of(key)


def test_no_key_can_be_read_anywhere_else_in_whatever_disguise(recording: Recording) -> None:
    assert len(list(recording.in_the_open())) > 200
    assert leaks(recording.in_the_open(), *KEYS.values()) == []
    # Where they belong, in base64, each is found.
    hidden = [recording.object("Secret", name).inputs["data"].value["palette"] for name in KEYS]
    assert all(leaks([text], key) for text, key in zip(hidden, KEYS.values(), strict=True))


def test_no_key_can_be_read_from_the_components_and_records(recording: Recording) -> None:
    shown = [form(each) for each in recording.returned for form in (repr, str)]
    shown += [f"{vars(each)}" for each in recording.returned]
    assert leaks(shown, *KEYS.values()) == []


def test_records_never_show_what_may_hold_a_key() -> None:
    made = credential(api_key=KEY)
    misplaced = credential(host_url=f"https://user:{KEY}@example.com")
    for record in (
        made,
        misplaced,
        {"default": Settings(palette=misplaced)},
        Settings(palette=made),
        {"default": Settings(palette=made)},
    ):
        assert leaks([repr(record), str(record)], KEY) == []
    every: list[Any] = [each for each in vars(components).values() if is_dataclass(each)]
    assert len(every) == 10
    secret = {f"{each.__name__}.{field.name}" for each in every for field in fields(each) if not field.repr}
    # Any field of a credential may be given a key by mistake.
    assert secret == {f"PaletteCredential.{each.name}" for each in fields(made) if each.name != "name"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"host_url": "http://api.spectrocloud.com"},
        {"tenant": None},
        {"existing_secret": "also"},
        {"name": KEY.encode()},
        {"default_project_id": 6},
        {"credential": "vault://x"},
        {"host_url": f"https://user:{KEY}@api.spectrocloud.com"},
        {"tenant": [KEY]},
        {"api_key": [KEY]},
        {"api_key": {"secure": KEY}},
        {"api_key": KEY.encode()},
    ],
    ids=str,
)
def test_no_refusal_repeats_a_key(wrong: dict[str, Any]) -> None:
    refused = recorded(lambda: acme(settings={"default": Settings(palette=credential(**wrong))}))
    assert isinstance(refused.error, DeclarationError)
    assert leaks(refused.in_the_open(), KEY) == []
    assert refused.resources == []


def made_by_a_resource(text: str) -> Any:
    """A key that somebody's resource makes: not known before that is there."""
    vault = kubernetes.core.v1.ConfigMap(f"vault-{len(text)}", metadata={"name": "vault", "namespace": "default"})
    hidden: pulumi.Output[str] = pulumi.Output.secret(vault.id)
    return hidden.apply(lambda _: text)


def test_an_unknown_key_leaves_everything_else_of_a_preview_to_be_seen() -> None:
    program = everywhere(made_by_a_resource)
    preview, update = run(program, preview=True), run(program)
    assert {each.urn for each in preview.resources} == {each.urn for each in update.resources}
    for earlier in update.resources:
        previewed, updated = preview.at(earlier.urn).inputs, dict(earlier.inputs)
        if earlier.kind == "Secret":
            updated["data"] = Secret(UNKNOWN)
        if earlier.kind == "Settings":
            unknown = {FINGERPRINT_ANNOTATION: UNKNOWN, PROOF_ANNOTATION: UNKNOWN}
            updated["metadata"] = {**updated["metadata"], "annotations": unknown}
        assert previewed == updated


def test_what_makes_a_key_comes_before_what_holds_it() -> None:
    recording = run(everywhere(made_by_a_resource))
    for name, key in KEYS.items():
        vault = recording.object("ConfigMap", f"vault-{len(key)}").urn
        secret, settings = recording.object("Secret", name), recording.object("Settings", name)
        assert secret.property_dependencies["data"] == {vault}
        assert vault in settings.dependencies
