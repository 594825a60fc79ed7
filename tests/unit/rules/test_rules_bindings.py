"""Who is bound to what: integrations, Secrets and credentials (PAI001, PAI002, PAI003, PAI011)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.samples import HOST, PROJECT_ID, PROOF, codes, declared_credential, digest, stack, told, workspace

from paletteai_components.credentials import ApiKey, fingerprint_of, proof_of
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config


def inline(ciphertext: str, host: str = HOST, project: str = PROJECT_ID, fingerprint: str = "") -> str:
    """A complete credential on one line, with a fingerprint of one repeated digit where one is given."""
    value = f'{{value: "pai1:{fingerprint * 40}", ciphertext: {digest(ciphertext)}, proof: "{PROOF}"}}'
    made = f", fingerprint: {value}" if fingerprint else ""
    return f'{{hostUrl: "{host}", tenant: t, defaultProjectID: "{project}", apiKey: {{secure: "{ciphertext}"}}{made}}}'


def bound(name: str, *integrations: str) -> Stack:
    """A stack in which every integration is in a Settings of its own, and which is fine otherwise."""
    lines = ["kubernetes:context: " + name, "paletteai:integrations:"]
    lines += [f"  i{at}: {integration}" for at, integration in enumerate(integrations)]
    settings = ", ".join(f"s{at}: {{palette: i{at}}}" for at in range(len(integrations)))
    lines += ["paletteai:tenant:", f"  name: {name.partition('.')[0]}", f"  settings: {{{settings}}}"]
    return stack("\n".join(lines), name)


def test_an_integration_bound_by_the_tenant_and_a_project_names_both_where_and_why_and_what_to_do() -> None:
    wrong = stack(
        f"""
        paletteai:integrations:
          shared: {inline("v1:a")}
        paletteai:tenant:
          name: acme
          settings:
            default: {{palette: shared}}
          projects:
            - {{name: vision, settings: {{palette: shared}}}}
        """
    )
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI001")
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.message == (
        "integration `shared` is claimed by Settings `tenant-acme/default` of tenant `acme` in stack `acme.dev` and "
        "Settings `vision/default` of project `vision` in stack `acme.dev`. PaletteAI would race for the same compute."
    )
    assert [str(location) for location in diagnostic.where] == [
        "stacks/Pulumi.acme.dev.yaml:7",
        "stacks/Pulumi.acme.dev.yaml:9",
    ]
    assert "fall back" in diagnostic.help
    assert "second integration with another key" in diagnostic.help


@pytest.mark.parametrize(
    ("owners", "listed"), [(3, "s0, s1 and s2"), (5, "s0, s1, s2, s3 and s4"), (7, "s0, s1, s2, s3 and 3 more")]
)
def test_more_owners_are_in_the_same_problem_and_a_crowd_is_counted(owners: int, listed: str) -> None:
    settings = ", ".join(f"s{at}: {{palette: shared}}" for at in range(owners))
    wrong = stack(f"paletteai:tenant: {{name: acme, settings: {{{settings}}}}}")
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI001")
    short = re.sub(r"Settings `tenant-acme/(\w+)` of tenant `acme` in stack `acme\.dev`", r"\1", diagnostic.message)
    assert short.startswith(f"integration `shared` is claimed by {listed}. ")


def test_integrations_of_one_key_in_two_stacks_are_two_integrations() -> None:
    one, two = (
        bound("acme.dev", inline("v1:a", fingerprint="1")),
        bound("beta.dev", inline("v1:b", HOST, "2")),
    )
    assert "PAI001" not in codes(diagnostics_of(workspace(one, two)))


@pytest.mark.parametrize(
    ("settings", "shared"),
    [
        ("default: {palette: a, secretName: one}, edge: {palette: b, secretName: one}", True),
        ("default: {palette: a}, edge: {palette: b, secretName: default-palette}", True),
        ("default: {palette: a, secretName: ngc}, edge: {palette: b, nvidia: {existingSecret: ngc}}", True),
        ("default: {huggingFace: {existingSecret: hf}}, edge: {huggingFace: {existingSecret: tenant-acme/hf}}", True),
        ("default: {palette: a, nvidia: {existingSecret: default-palette}}", False),
        ("default: {palette: a}, edge: {palette: b}", False),
    ],
    ids=["stated", "default name", "another type", "with its namespace", "its own twice", "apart"],
)
def test_a_secret_is_used_by_one_settings_only(settings: str, shared: bool) -> None:
    one = stack(
        f"""
        paletteai:tenant:
          name: acme
          settings: {{{settings}}}
        """
    )
    diagnostics = told(diagnostics_of(workspace(one)), "PAI002")
    assert len(diagnostics) == shared
    for diagnostic in diagnostics:
        owner = "of tenant `acme` in stack `acme.dev`"
        owners = f"Settings `tenant-acme/default` {owner} and Settings `tenant-acme/edge` {owner}"
        assert f" is claimed by {owners}. " in diagnostic.message
        assert "They would share its credential: PaletteAI would race for the same compute." in diagnostic.message
        assert "`secretName`" in diagnostic.help


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("kubernetes:context: dev", "kubernetes:context: dev", True),
        ("kubernetes:context: dev", "kubernetes:context: prod", False),
        ("{paletteai:cluster: x, kubernetes:context: dev}", "{paletteai:cluster: x, kubernetes:context: prod}", True),
        ("{paletteai:cluster: x, kubernetes:context: dev}", "kubernetes:context: dev", False),
        ("{}", "{}", True),
        ("{}", "paletteai:environment: prod", False),
        ("kubernetes:context: dev", "{}", True),
        ("kubernetes:context: dev", "paletteai:environment: prod", False),
    ],
)
def test_secrets_meet_on_the_cluster_that_two_stacks_share(first: str, second: str, shared: bool) -> None:
    body = "paletteai:tenant: {name: acme, existing: true, settings: {%s: {nvidia: {existingSecret: ngc}}}}"
    stacks = [
        stack(f"{where.strip('{}').replace(', ', chr(10))}\n{body % name}", f"acme{at}.dev")
        for at, (where, name) in enumerate([(first, "default"), (second, "edge")])
    ]
    diagnostics = told(diagnostics_of(workspace(*stacks)), "PAI002")
    assert [len(diagnostic.where) for diagnostic in diagnostics] == ([2] if shared else [])


def test_a_stack_that_cannot_be_compared_hides_nothing_in_the_stacks_after_it() -> None:
    ngc = "paletteai:tenant: {name: beta, settings: {default: {nvidia: {existingSecret: ngc}}}}"
    body = """
        paletteai:integrations: {lab: {existingSecret: lab, credential: lab}}
        paletteai:tenant: {name: acme, existing: true, settings: {%s: {palette: lab}}}
        """
    stacks = (stack(body % name, f"{name}.dev") for name in ("default", "edge"))
    diagnostics = diagnostics_of(workspace(replace(stack(ngc, "beta.dev"), identified=False), *stacks))
    assert [len(told(diagnostics, code)) for code in ("PAI002", "PAI003")] == [1, 1]


def test_an_existing_secret_in_another_namespace_is_refused() -> None:
    wrong = stack(
        """
        paletteai:integrations:
          vaulted: {existingSecret: vault/lab}
        paletteai:tenant: {name: acme, settings: {default: {palette: vaulted}}}
        """
    )
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI002")
    assert diagnostic.message == (
        "Secret `vault/lab` is not in the namespace of Settings `tenant-acme/default`, which takes its credentials "
        "from its own namespace."
    )
    assert diagnostic.help == "Create the Secret in the Settings' namespace, and refer to it by name only."
    assert [location.line for location in diagnostic.where] == [3]


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


def test_what_has_no_effect_is_a_warning_with_its_line() -> None:
    idle = stack(
        f"""
        paletteai:integrations:
          spare: {inline("v1:a")}
          vaulted: {{existingSecret: lab}}
        paletteai:tenant:
          name: acme
          settings:
            default: {{palette: vaulted, secretName: unread}}
            empty: {{}}
            ngc: {{nvidia: {{existingSecret: ngc}}}}
        """
    )
    diagnostics = told(diagnostics_of(workspace(idle)), "PAI011")
    assert {diagnostic.severity for diagnostic in diagnostics} == {Severity.WARNING}
    assert [(diagnostic.where[0].line, diagnostic.message, diagnostic.help) for diagnostic in diagnostics] == [
        (
            3,
            "integration `spare` is not bound to a Settings, so it is unused.",
            "Bind it with `palette: spare`, or delete it and revoke its key.",
        ),
        (8, "`secretName` of Settings `tenant-acme/default` has no effect: no Secret is written for it.", "Delete it."),
        (
            9,
            "Settings `tenant-acme/empty` has no integration, so it probably has no effect.",
            "Add `palette`, `huggingFace` or `nvidia`, or delete it.",
        ),
    ]


def test_what_is_stated_of_a_tenant_that_is_made_elsewhere_has_no_effect() -> None:
    fields = ["displayName: A", "description: x", "groups: [a]", "createNamespace: true", "extraSpec: {}"]
    used = ["namespace: ml", "labels: {a: b}", "sharedClusterOnly: true", "roleMapping: {admin: [a]}"]
    lines = "\n".join(f"  {field}" for field in fields + used)
    diagnostics = diagnostics_of(workspace(stack(f"paletteai:tenant:\n  name: acme\n  existing: true\n{lines}")))
    assert {(diagnostic.code, diagnostic.severity) for diagnostic in diagnostics} == {("PAI011", Severity.WARNING)}
    assert [diagnostic.message.split(" of tenant ")[0] for diagnostic in diagnostics] == [
        f"`{field.partition(':')[0]}`" for field in fields
    ]
    assert diagnostics_of(workspace(stack(f"paletteai:tenant:\n  name: acme\n{lines}"))) == []


def test_an_unused_integration_is_not_told_beside_a_reference_that_misspells_it() -> None:
    wrong = stack(
        f"""
        paletteai:integrations:
          shared: {inline("v1:a")}
        paletteai:tenant: {{name: acme, settings: {{default: {{palette: shard}}}}}}
        """
    )
    assert codes(diagnostics_of(workspace(wrong))) == ["PAI005"]
