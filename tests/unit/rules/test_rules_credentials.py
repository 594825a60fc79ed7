"""Credentials: complete, real and encrypted (PAI009, PAI010)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.samples import PROJECT_ID, PROOF, codes, declared_credential, digest, stack, told

from paletteai_components.credentials import ApiKey
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.encryption import salt_of
from paletteai_components.rules import credentials, diagnostics_of_stack
from paletteai_components.stacks.stack import Stack, stack_from_config

FINGERPRINT = f"pai1:{'1' * 40}"


def bound(integration: dict[str, Any], **more: Any) -> Stack:
    """A stack with one integration in its default Settings."""
    settings = {"default": {"palette": "shared"}}
    config = {
        "paletteai:integrations": {"shared": integration},
        "paletteai:tenant": {"name": "acme", "settings": settings},
    }
    return replace(stack_from_config("acme.dev", config), **more)


def diagnostics(integration: dict[str, Any], **more: Any) -> list[Diagnostic]:
    return diagnostics_of_stack(bound(integration, **more))


def test_a_complete_credential_has_nothing_wrong_with_it() -> None:
    made = {"value": FINGERPRINT, "ciphertext": digest("v1:AAAA:1111"), "proof": PROOF}
    assert diagnostics(declared_credential()) == []
    assert diagnostics(declared_credential(fingerprint=made)) == []
    assert diagnostics({"existingSecret": "lab", "credential": "vault://lab"}) == []


@pytest.mark.parametrize("field", ["apiKey", "defaultProjectID", "hostUrl", "tenant"])
def test_each_of_the_four_fields_is_required(field: str) -> None:
    (diagnostic,) = diagnostics({name: value for name, value in declared_credential().items() if name != field})
    assert (diagnostic.code, diagnostic.severity) == ("PAI009", Severity.ERROR)
    assert diagnostic.message == f"integration `shared` lacks `{field}`, so PaletteAI could not log in to Palette."
    assert field in diagnostic.help


def test_everything_that_is_missing_is_told_at_once() -> None:
    (diagnostic,) = diagnostics({})
    assert "lacks `apiKey`, `defaultProjectID`, `hostUrl`, `tenant`" in diagnostic.message
    assert diagnostic.help == (
        "Add `defaultProjectID`, `hostUrl`, `tenant`. "
        "Set the key with `pulumi config set --secret --path --stack acme.dev paletteai:integrations.shared.apiKey`."
    )


def test_a_key_that_an_imported_environment_may_add_is_a_note() -> None:
    (note,) = diagnostics(declared_credential(apiKey=None), imports=("acme/dev",))
    assert (note.code, note.severity) == ("PAI009", Severity.NOTE)
    assert "ESC" in note.message
    assert "`pulumi preview --stack acme.dev`" in note.help
    error, note = diagnostics({"hostUrl": "https://a.example", "tenant": "t"}, imports=("acme/dev",))
    assert (error.severity, note.severity) == (Severity.ERROR, Severity.NOTE)
    assert "lacks `defaultProjectID`," in error.message


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"hostUrl": "http://api.spectrocloud.com"}, "has a `hostUrl` that does not begin with https://"),
        ({"hostUrl": "<your-host>"}, "has a `hostUrl` that is a placeholder"),
        ({"tenant": "CHANGE_ME"}, "has a `tenant` that is empty or a placeholder"),
        ({"tenant": ""}, "has a `tenant` that is empty or a placeholder"),
        ({"defaultProjectID": "${PROJECT}"}, "has a `defaultProjectID` that is empty or a placeholder"),
        ({"credential": "vault"}, "sets `credential` without `existingSecret`, so it has no effect"),
        (
            {"fingerprint": {"value": "pai1:short", "ciphertext": digest("v1:AAAA:1111"), "proof": PROOF}},
            "has a fingerprint that",
        ),
    ],
)
def test_a_value_that_cannot_be_real_is_refused_and_not_repeated(fields: dict[str, Any], said: str) -> None:
    (diagnostic,) = diagnostics(declared_credential(**fields))
    assert (diagnostic.code, diagnostic.severity) == ("PAI009", Severity.ERROR)
    assert diagnostic.message.startswith(f"integration `shared` {said}")
    for value in fields.values():
        assert not isinstance(value, str) or not value or value == "vault" or value not in str(diagnostic)


def test_a_password_in_the_host_is_not_repeated() -> None:
    (diagnostic,) = diagnostics(declared_credential(hostUrl="https://admin:hunter2@palette.example"))
    assert "contains a user name or password" in diagnostic.message
    assert "hunter2" not in str(diagnostic)


@pytest.mark.parametrize("stated", [{"tenant": "t"}, {"apiKey": {"secure": "v1:a"}, "tenant": "t"}])
def test_an_existing_secret_and_fields_contradict_each_other(stated: dict[str, Any]) -> None:
    (diagnostic,) = diagnostics({"existingSecret": "lab", "credential": "vault://lab", **stated})
    listed = ", ".join(f"`{field}`" for field in stated)
    assert diagnostic.message == (
        f"integration `shared` refers to an existing Secret and also sets {listed}, which would have no effect."
    )
    assert diagnostic.help == "Keep `existingSecret` or the four fields, not both."


def test_each_field_is_shown_at_its_own_line() -> None:
    wrong = stack(
        f"""
        paletteai:integrations:
          shared:
            hostUrl: http://a.example
            tenant: TODO
            defaultProjectID: "{PROJECT_ID}"
            apiKey: as-text
        paletteai:tenant: {{name: acme, settings: {{default: {{palette: shared}}}}}}
        """
    )
    assert {(diagnostic.code, diagnostic.where[0].line) for diagnostic in diagnostics_of_stack(wrong)} == {
        ("PAI009", 4),
        ("PAI009", 5),
        ("PAI010", 7),
    }


def test_a_key_in_plain_text_is_revoked_first_and_never_repeated() -> None:
    (diagnostic,) = diagnostics(declared_credential(apiKey="s3cr3t-in-the-open"))
    assert (diagnostic.code, diagnostic.severity) == ("PAI010", Severity.ERROR)
    assert diagnostic.message == (
        "the API key of integration `shared` is not encrypted, so everyone who can read the file knows it."
    )
    assert diagnostic.help == (
        "Revoke it in Palette, then set a new one with "
        "`pulumi config set --secret --path --stack acme.dev paletteai:integrations.shared.apiKey`."
    )
    assert "s3cr3t" not in str(diagnostic)


def test_an_empty_ciphertext_is_no_key() -> None:
    (diagnostic,) = told(diagnostics(declared_credential(apiKey={"secure": ""})), "PAI010")
    assert diagnostic.message == "the API key of integration `shared` is empty."
    assert diagnostic.help.startswith("Set a new one with")


def test_an_opened_key_that_turns_out_to_be_a_placeholder_is_told() -> None:
    (diagnostic,) = diagnostics(declared_credential(apiKey=ApiKey.opened("CHANGE_ME", secret=object())))
    assert diagnostic.code == "PAI009"
    assert diagnostic.message == "integration `shared` has an API key that is empty or a placeholder."
    assert "pulumi config set --secret --path" in diagnostic.help


def test_the_salt_of_an_example_is_refused_in_anybody_elses_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_EXAMPLES", {salt_of("v1:salt"): "example", salt_of("v1:own"): "acme"})
    (diagnostic,) = diagnostics(declared_credential(), salt="v1:salt")
    assert diagnostic.code == "PAI010"
    assert "tenant `acme` has the `encryptionsalt` of an example" in diagnostic.message
    assert "under a public passphrase" in diagnostic.message
    assert "Revoke the keys" in diagnostic.help
    assert diagnostics(declared_credential(), salt="v1:own") == []
    assert diagnostics(declared_credential(), salt="v1:another") == []


def test_a_file_without_integrations_has_no_credential_to_judge() -> None:
    assert codes(diagnostics_of_stack(stack("paletteai:tenant: {name: acme}"))) == []
