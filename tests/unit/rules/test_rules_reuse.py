"""A credential is in one Settings only, whatever stack, cluster or environment that is in (PAI003)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.samples import (
    HOST,
    PROOF,
    bound,
    declared_credential,
    digest,
    inline,
    stack,
    told,
    workspace,
)

from paletteai_components.credentials import ApiKey, fingerprint_of, proof_of
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack_file import stack_from_config


@pytest.mark.parametrize(
    ("one", "two", "how"),
    [
        (
            inline("v1:a", fingerprint="1"),
            inline("v1:b", project="2", fingerprint="1"),
            "fingerprint",
        ),
        (inline("v1:a"), inline("v1:a", project="2"), "ciphertext"),
        (inline("v1:a"), inline("v1:a", host="https://other.example"), "ciphertext"),
        ("{existingSecret: a, credential: lab}", "{existingSecret: b, credential: lab}", "`credential`"),
    ],
)
def test_one_credential_in_two_stacks_is_an_error_wherever_they_are(one: str, two: str, how: str) -> None:
    diagnostics = told(diagnostics_of(workspace(bound("acme.dev", one), bound("beta.prod", two))), "PAI003")
    (diagnostic,) = [each for each in diagnostics if each.severity is Severity.ERROR]
    assert diagnostic.message == (
        f"one credential (equal {how}) is claimed by Settings `tenant-acme/s0` of tenant `acme` in stack `acme.dev` "
        "and Settings `tenant-beta/s0` of tenant `beta` in stack `beta.prod`. "
        "PaletteAI would race for the same compute."
    )
    assert [str(location) for location in diagnostic.where] == [
        "stacks/Pulumi.acme.dev.yaml:4",
        "stacks/Pulumi.beta.prod.yaml:4",
    ]
    assert "create another API key in Palette" in diagnostic.help
    assert diagnostics == [diagnostic]


def test_equal_credentials_are_told_once_however_many_ways_they_show() -> None:
    copies = [
        inline("v1:a", fingerprint="1"),
        inline("v1:a", fingerprint="1"),
        inline("v1:a"),
    ]
    (diagnostic,) = told(diagnostics_of(workspace(bound("acme.dev", *copies))), "PAI003")
    assert "equal ciphertext" in diagnostic.message
    assert len(diagnostic.where) == 3


def test_an_integration_that_nobody_binds_shares_nothing() -> None:
    spare = stack(f"paletteai:integrations: {{a: {inline('v1:a')}}}\npaletteai:tenant: {{name: beta}}", "beta.dev")
    assert told(diagnostics_of(workspace(bound("acme.dev", inline("v1:a")), spare)), "PAI003") == []


def test_other_keys_for_the_same_compute_are_a_warning() -> None:
    one = bound("acme.dev", inline("v1:a", fingerprint="1"))
    two = bound("beta.dev", inline("v1:b", host=f"{HOST.upper()}:443/", fingerprint="2"))
    other = bound("gamma.dev", inline("v1:c", project="2", fingerprint="3"))
    (diagnostic,) = told(diagnostics_of(workspace(one, two, other)), "PAI003")
    assert diagnostic.severity is Severity.WARNING
    assert diagnostic.message == (
        "2 Settings reach one Palette project with different keys: `tenant-acme/s0` in stack `acme.dev`, "
        "`tenant-beta/s0` in stack `beta.dev`. PaletteAI may race for the same compute."
    )
    assert diagnostic.help == "Let them fall back to one Settings, or give each its own default project in Palette."
    assert [location.line for location in diagnostic.where] == [4, 4]
    crowd = bound("acme.dev", *(inline(f"v1:{at}", fingerprint=str(at)) for at in range(7)))
    (diagnostic,) = told(diagnostics_of(workspace(crowd)), "PAI003")
    assert "`tenant-acme/s4` in stack `acme.dev` and 2 more. " in diagnostic.message


@pytest.mark.parametrize(
    "chain",
    [
        # The first two are equal by ciphertext, the last two by fingerprint: one key, told as an error.
        [inline("v1:a"), inline("v1:a", fingerprint="1"), inline("v1:b", fingerprint="1")],
        # The third shows that the first two are equal, the last is equal to the second only.
        [
            inline("v1:a"),
            inline("v1:b", fingerprint="1"),
            inline("v1:a", fingerprint="1"),
            inline("v1:b"),
        ],
    ],
)
def test_a_key_that_is_known_to_be_the_same_is_no_other_key(chain: list[str]) -> None:
    diagnostics = told(diagnostics_of(workspace(bound("acme.dev", *chain))), "PAI003")
    assert {diagnostic.severity for diagnostic in diagnostics} == {Severity.ERROR}


def test_a_fingerprint_of_an_earlier_encryption_is_stale_and_decides_nothing() -> None:
    old = inline("v1:old", fingerprint="1").replace('secure: "v1:old"', 'secure: "v1:new"')
    one, two = bound("acme.dev", old), bound("beta.dev", inline("v1:b", project="2", fingerprint="1"))
    warning, note = told(diagnostics_of(workspace(one, two)), "PAI003")
    assert (warning.severity, note.severity) == (Severity.WARNING, Severity.NOTE)
    assert warning.message == (
        "the fingerprint of integration `i0` was made for another encryption of its key, so it does not identify the "
        "current key."
    )
    assert warning.help == "Run `paletteai fingerprint acme.dev`."
    assert "1 of 2 credentials" in note.message
    assert [str(location) for location in note.where] == ["stacks/Pulumi.acme.dev.yaml:4"]


@pytest.mark.parametrize(
    ("one", "two", "undecided"),
    [
        (inline("v1:a"), "{existingSecret: b}", 2),
        (inline("v1:a"), "{existingSecret: b, credential: lab}", 1),
        (inline("v1:a", fingerprint="1"), "{existingSecret: b, credential: ''}", 1),
        (inline("v1:a", fingerprint="1"), "{existingSecret: b, credential: lab}", 0),
    ],
)
def test_what_cannot_be_decided_is_counted_in_a_note(one: str, two: str, undecided: int) -> None:
    diagnostics = told(diagnostics_of(workspace(bound("acme.dev", one, two))), "PAI003")
    assert [diagnostic.severity for diagnostic in diagnostics] == [Severity.NOTE] * bool(undecided)
    for diagnostic in diagnostics:
        assert diagnostic.message.startswith(
            f"{undecided} of 2 credentials {'has' if undecided == 1 else 'have'} neither a fingerprint nor"
        )
        assert diagnostic.help == "Run `paletteai fingerprint`. For existing Secrets, set `credential`."
        assert len(diagnostic.where) == undecided


def test_of_many_that_cannot_be_decided_ten_are_shown() -> None:
    many = bound("acme.dev", *(inline(f"v1:{at}", project=str(at)) for at in range(12)))
    (note,) = told(diagnostics_of(workspace(many)), "PAI003")
    assert note.message.startswith("12 of 12 credentials ")
    assert len(note.where) == 10


@pytest.mark.parametrize(
    ("key", "imports", "undecided"),
    [("", (), 0), ("", ("acme/dev",), 1), (", apiKey: as-text", (), 0), (", apiKey: {secure: v1:b}", (), 1)],
    ids=["missing", "imported", "exposed", "sealed"],
)
def test_a_key_that_another_rule_tells_of_is_not_counted(key: str, imports: tuple[str, ...], undecided: int) -> None:
    two = stack(
        f"""
        paletteai:integrations:
          a: {inline("v1:a", fingerprint="1")}
          b: {{hostUrl: https://b.example, tenant: t, defaultProjectID: "1"{key}}}
        paletteai:tenant: {{name: acme, settings: {{a: {{palette: a}}, b: {{palette: b}}}}}}
        """
    )
    two = replace(two, imports=imports)
    assert [len(diagnostic.where) for diagnostic in told(diagnostics_of(workspace(two)), "PAI003")] == [1] * undecided


def opened(key: str, written: str | None = None, host: str = HOST, stack: str = "acme.dev") -> dict[str, object]:
    """A credential whose key Pulumi has opened, beside the fingerprint that somebody wrote who knows another."""
    beside = {}
    if written:
        value, proof = fingerprint_of(written), proof_of(written, stack, HOST, "v1:a")
        beside = {"fingerprint": {"value": value, "ciphertext": digest("v1:a"), "proof": proof}}
    handle = ApiKey.opened(key, secret=object(), ciphertext="v1:a")
    return {"hostUrl": host, "tenant": "t", "defaultProjectID": "1", "apiKey": handle, **beside}


ONE, TWO = "Key-0f-one-of-the-2nd-mine", "Key-0f-two-of-the-2nd-mine"


def program(*integrations: dict[str, object]) -> list[Diagnostic]:
    """What the rules say of opened credentials, each in a Settings of its own."""
    config = {
        "paletteai:integrations": {f"i{at}": integration for at, integration in enumerate(integrations)},
        "paletteai:tenant": {
            "name": "acme",
            "settings": {f"s{at}": {"palette": f"i{at}"} for at in range(len(integrations))},
        },
    }
    return diagnostics_of(workspace(stack_from_config("acme.dev", config)))


def test_an_opened_key_shows_what_it_is_whatever_stands_beside_it() -> None:
    (diagnostic,) = program(opened(ONE), opened(ONE))
    assert "one credential (equal fingerprint)" in diagnostic.message
    other = opened(TWO)
    (warning,) = program(opened(ONE), {**other, "apiKey": ApiKey.opened(TWO, secret=object(), ciphertext="v1:b")})
    assert "with different keys" in warning.message


def test_a_fingerprint_that_is_not_the_opened_keys_is_an_error() -> None:
    assert program(opened(ONE, written=ONE)) == []
    (diagnostic,) = program(opened(ONE, written=TWO))
    assert (diagnostic.code, diagnostic.severity) == ("PAI003", Severity.ERROR)
    assert diagnostic.message == (
        "the fingerprint of integration `i0` does not match its key, so a credential that is used twice could go "
        "unnoticed."
    )
    assert diagnostic.help == "Run `paletteai fingerprint acme.dev`."


@pytest.mark.parametrize("more", [{"host": "https://api.evil.example"}, {"stack": "beta.dev"}])
def test_a_fingerprint_that_was_made_for_another_host_or_stack_is_an_error(more: dict[str, str]) -> None:
    (diagnostic,) = program(opened(ONE, written=ONE, **more))
    assert (diagnostic.code, diagnostic.severity) == ("PAI003", Severity.ERROR)
    assert diagnostic.message == (
        "the fingerprint of integration `i0` was made for another stack, host or encryption, perhaps without knowledge "
        "of the key."
    )
    assert diagnostic.help == ("Check that `hostUrl` and `apiKey` are correct. Run `paletteai fingerprint acme.dev`.")


@pytest.mark.parametrize(
    ("proven", "severity", "shown"),
    [
        ((True, False), Severity.WARNING, ["beta", "acme"]),
        ((True, False, False), Severity.WARNING, ["beta", "gamma", "acme"]),
        ((True, True), Severity.ERROR, ["acme", "beta"]),
        ((True, True, False), Severity.ERROR, ["acme", "beta"]),
        ((False, True), Severity.ERROR, ["acme", "beta"]),
        ((False, False), Severity.ERROR, ["acme", "beta"]),
    ],
)
def test_who_is_proven_to_know_a_key_is_not_blamed_for_copies_of_its_fingerprint(
    proven: tuple[bool, ...], severity: Severity, shown: list[str]
) -> None:
    stacks = []
    for at, (tenant, knows) in enumerate(zip(("acme", "beta", "gamma"), proven, strict=False)):
        name, ciphertext = f"{tenant}.dev", f"v1:{tenant}"
        proof = proof_of(ONE, name, HOST, ciphertext) if knows else PROOF
        fingerprint = {"value": fingerprint_of(ONE), "ciphertext": digest(ciphertext), "proof": proof}
        # The first one is previewed, so its key is decrypted.
        key = {"secure": ciphertext} if at else ApiKey.opened(ONE, ciphertext=ciphertext)
        declared = declared_credential(defaultProjectID=str(at), apiKey=key, fingerprint=fingerprint)
        config = {
            "paletteai:integrations": {"i": declared},
            "paletteai:tenant": {"name": tenant, "settings": {"s": {"palette": "i"}}},
        }
        stacks.append(stack_from_config(name, config, tenant))
    diagnostic = told(diagnostics_of(workspace(*stacks)), "PAI003")[-1]
    assert (diagnostic.severity, [str(location) for location in diagnostic.where]) == (severity, shown)
    if severity is Severity.WARNING:
        more = " and 1 more" if len(proven) == 3 else ""
        assert diagnostic.message == (
            f"Settings `tenant-beta/s` of tenant `beta` in stack `beta.dev`{more} has the credential of Settings "
            "`tenant-acme/s` of tenant `acme` in stack `acme.dev` without its own proof, so it may be a copy."
        )
        assert diagnostic.help == (
            "Run `paletteai fingerprint --stacks . beta.dev`, or delete the copy: the preview of stack `beta.dev` "
            "refuses it."
        )


def test_one_credential_alone_leaves_nothing_to_decide() -> None:
    assert told(diagnostics_of(workspace(bound("acme.dev", inline("v1:a")))), "PAI003") == []
