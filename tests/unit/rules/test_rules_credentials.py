"""Credentials: complete, real and encrypted (PAI009, PAI010)."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from support.projects import KEY
from support.samples import HOST, PROOF, codes, declared_credential, digest, stack, told

from paletteai_components.credentials import ApiKey
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.rules import credentials, diagnostics_of_stack
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config, stack_from_document

FINGERPRINT = f"pai1:{'1' * 40}"
LIKE, REAL = "Write it like `https://api.spectrocloud.com`.", "Set the real value."
SHOWN = "Set the value that Palette shows."


def bound(integration: dict[str, Any], **more: Any) -> Stack:
    """A stack with one integration in its default Settings."""
    settings = {"default": {"palette": "shared"}}
    config = {
        "paletteai:integrations": {"shared": integration},
        "paletteai:tenant": {"name": "acme", "settings": settings},
    }
    return replace(stack_from_config("acme.dev", config, "stacks/Pulumi.acme.dev.yaml"), **more)


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
    assert note.message == (
        "integration `shared` has no `apiKey` in this file; an imported ESC environment may add it, which only Pulumi "
        "can see."
    )
    assert note.help == "Run `pulumi preview --stack acme.dev` to check it."
    error, note = diagnostics({"hostUrl": "https://a.example", "tenant": "t"}, imports=("acme/dev",))
    assert (error.severity, note.severity) == (Severity.ERROR, Severity.NOTE)
    assert "lacks `defaultProjectID`," in error.message


@pytest.mark.parametrize(
    ("fields", "said", "remedy"),
    [
        ({"hostUrl": "http://api.spectrocloud.com"}, "has a `hostUrl` that does not begin with https://", LIKE),
        ({"hostUrl": "<your-host>"}, "has a `hostUrl` that is a placeholder", LIKE),
        ({"tenant": "CHANGE_ME"}, "has a `tenant` that is empty or a placeholder", REAL),
        ({"tenant": ""}, "has a `tenant` that is empty or a placeholder", REAL),
        ({"defaultProjectID": "${PROJECT}"}, "has a `defaultProjectID` that is empty or a placeholder", REAL),
        (
            {"credential": "vault"},
            "sets `credential` without `existingSecret`, so it has no effect",
            "Delete it: the fingerprint identifies the credential.",
        ),
        *(
            (
                {"fingerprint": {"value": FINGERPRINT, "ciphertext": digest("v1:AAAA:1111"), "proof": PROOF} | wrong},
                "has a fingerprint that `paletteai fingerprint` did not write, so it identifies nothing",
                "Delete it and run `paletteai fingerprint acme.dev`.",
            )
            for wrong in ({"value": "pai1:short"}, {"proof": "short"})
        ),
    ],
)
def test_a_value_that_cannot_be_real_is_refused_and_not_repeated(
    fields: dict[str, Any], said: str, remedy: str
) -> None:
    (diagnostic,) = diagnostics(declared_credential(**fields))
    assert (diagnostic.code, diagnostic.severity) == ("PAI009", Severity.ERROR)
    assert diagnostic.message.startswith(f"integration `shared` {said}")
    assert diagnostic.help == remedy
    for value in fields.values():
        assert not isinstance(value, str) or not value or value == "vault" or value not in str(diagnostic)


@pytest.mark.parametrize(
    ("fields", "said", "remedy"),
    [
        ({"hostUrl": "https://a.example/v1"}, "has a `hostUrl` that has a path, query or fragment, which", LIKE),
        ({"tenant": "'x'"}, "has a `tenant` that has quotes around it, so PaletteAI may not be able to", SHOWN),
        ({"defaultProjectID": "https://x"}, "has a `defaultProjectID` that is a URL, so PaletteAI may not be", SHOWN),
        ({"tenant": "todo"}, "has a `tenant` that looks like a placeholder, so PaletteAI may not be able to", SHOWN),
    ],
)
def test_a_value_that_is_hardly_real_is_a_warning(fields: dict[str, Any], said: str, remedy: str) -> None:
    (diagnostic,) = diagnostics(declared_credential(**fields))
    assert (diagnostic.code, diagnostic.severity) == ("PAI009", Severity.WARNING)
    assert diagnostic.message.startswith(f"integration `shared` {said}")
    assert diagnostic.help == remedy


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
    documents = (document_from(b"config:\n  paletteai:integrations:\n    shared:\n      apiKey: {secure: v1:a}", ""),)
    opened = declared_credential(apiKey=ApiKey.opened("CHANGE_ME", secret=object()))
    (diagnostic,) = diagnostics(opened, documents=documents)
    assert (diagnostic.code, diagnostic.where[0].line) == ("PAI009", 4)
    assert diagnostic.message == "integration `shared` has an API key that is empty or a placeholder."
    assert "pulumi config set --secret --path" in diagnostic.help


def test_the_salt_of_an_example_is_refused_in_anybody_elses_file() -> None:
    def judged(tenant: str, salt: str) -> list[str]:
        text = f'config: {{paletteai:tenant: {{name: {tenant}}}}}\nencryptionsalt: "{salt}"\n'
        read = stack_from_document(document_from(text.encode(), f"Pulumi.{tenant}.dev.yaml"))
        return [str(diagnostic) for diagnostic in diagnostics_of_stack(read)]

    salt, owner = next(iter(credentials.EXAMPLE_SALTS.items()))
    assert judged("beta", salt) == [
        "Pulumi.beta.dev.yaml:2: error PAI010: tenant `beta` has the `encryptionsalt` of an example, so its keys are "
        "encrypted under a public passphrase.\n"
        "  help: Revoke the keys in this file, delete `encryptionsalt`, and encrypt new ones under your own passphrase."
    ]
    assert judged(owner, salt) == []
    assert judged("beta", "v1:another") == []


def test_a_ciphertext_that_is_copied_or_spelt_otherwise_is_told_where_it_is() -> None:
    copied = "v1:4DdLuoo5hxI=:QkJCQg=="
    fields = {"hostUrl": HOST, "tenant": "t", "defaultProjectID": "a", "apiKey": {"secure": copied.replace("Qg", "Qh")}}
    lines = [f"      {field}: {json.dumps(value)}" for field, value in fields.items()]
    head = ["config:", f'  app:password: {{secure: "{copied}"}}', "  paletteai:integrations:", "    shared:"]
    tenant = "  paletteai:tenant: {name: acme, settings: {default: {palette: shared}}}"
    text = "\n".join([*head, *lines, tenant])
    read = stack_from_document(document_from(text.encode(), "Pulumi.acme.dev.yaml"))
    start = "Pulumi.acme.dev.yaml:8: error PAI010: the API key of integration `shared` "
    remedy = (
        "Set the key again with "
        "`pulumi config set --secret --path --stack acme.dev paletteai:integrations.shared.apiKey`."
    )
    assert [str(diagnostic) for diagnostic in diagnostics_of_stack(read)] == [
        f"{start}has a ciphertext in a form that Pulumi does not write, so a copy of it would go unnoticed.\n"
        f"  help: {remedy}",
        f"{start}is a copy of another secret of the stack, which would be sent to the integration's host.\n"
        f"  also: Pulumi.acme.dev.yaml:2\n  help: {remedy}",
    ]


@pytest.mark.parametrize(
    ("field", "place"),
    [
        (f"description: {KEY}", "`tenant.description`"),
        (f"groups: [a, {KEY}]", "`tenant.groups[1]`"),
        (f"extraSpec: {{list: [{{{KEY}: a}}]}}", "a name in `tenant.extraSpec.list[0]`"),
        (f"projects: [{{name: p, labels: {{a: {KEY}}}}}]", "`tenant.projects[0].labels.a`"),
    ],
)
def test_a_text_that_looks_like_a_key_is_a_warning_wherever_it_is(field: str, place: str) -> None:
    read = stack(f"paletteai:tenant:\n  name: acme\n  computeConfigRef: {{name: c}}\n  {field}")
    (diagnostic,) = told(diagnostics_of_stack(read), "PAI010")
    assert str(diagnostic) == (
        f"stacks/Pulumi.acme.dev.yaml:5: warning PAI010: {place} looks like a key. If it is one, everyone who can read "
        "the file knows it.\n"
        "  help: If it is one, revoke and remove it: a Palette key belongs in `apiKey`, encrypted; any other in a "
        "Secret."
    )


@pytest.mark.parametrize(("name", "warnings"), [("digests", 0), ("texts", 1)])
def test_a_digest_in_a_list_is_known_by_the_name_of_the_list(name: str, warnings: int) -> None:
    listed = sha256(b"an image").hexdigest()
    read = stack(f"paletteai:tenant: {{name: acme, extraSpec: {{{name}: [{listed}]}}}}")
    assert len(told(diagnostics_of_stack(read), "PAI010")) == warnings


def test_a_file_without_integrations_has_no_credential_to_judge() -> None:
    assert codes(diagnostics_of_stack(stack("paletteai:tenant: {name: acme}"))) == []
