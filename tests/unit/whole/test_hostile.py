"""What a pull request of stack files cannot do: run, hide or take anything. See docs/security.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from support.programs import KEY, deployed, key_in, refused, written
from support.samples import HOST, PROJECT_ID, codes, stack, workspace

from paletteai_components.components import DeclarationError
from paletteai_components.credentials import digest_of, fingerprint_of, proof_of
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.encryption import canonical_ciphertext, data_key_of, salt_of
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document

VICTIM = "v1:4DdLuoo5hxI=:QkJCQkJCQkJCQkJCQkJCQg=="
SALT = "v1:AAECAwQFBgc=:v1:DR1cm2352SORDheA:Uws4JhHErYcwE0+nYegjp1Wfxj1pkg=="


def integration(ciphertext: str = VICTIM, host: str = HOST, project: str = PROJECT_ID, **more: Any) -> str:
    """An integration as one line of YAML."""
    fields = {"hostUrl": host, "tenant": "t", "defaultProjectID": project, "apiKey": {"secure": ciphertext}, **more}
    return json.dumps(fields)


def tenant(name: str, own: str = "", top: str = "", body: str = "", file: str = "") -> Stack:
    """The stack `<name>.dev`, read from its file: `top` stands below `config:`, `file` outside of it."""
    default = "settings: {default: {palette: shared}}" if own else "sharedClusterOnly: true"
    declared = f"name: {name}, computeConfigRef: {{name: default}}, {default}{body and ', '}{body}"
    text = "\n".join(
        [
            file,
            "config:",
            *(f"  {line}" for line in top.splitlines()),
            f"  paletteai:integrations: {{{f'shared: {own}' if own else ''}}}",
            f"  paletteai:tenant: {{{declared}}}",
        ]
    )
    return stack_from_document(document_from(text.encode(), f"stacks/Pulumi.{name}.dev.yaml"))


def errors(*stacks: Stack) -> list[Diagnostic]:
    return [diagnostic for diagnostic in diagnostics_of(workspace(*stacks)) if diagnostic.severity is Severity.ERROR]


# What is encrypted becomes plain text only in the Secret of its integration


SECRET = '{secure: "v1:4DdLuoo5hxI=:QkJCQg=="}'


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (f"extraSpec: {{note: {SECRET}}}", "tenant.extraSpec.note"),
        (f"extraSpec: {{list: [{{deep: {SECRET}}}]}}", "tenant.extraSpec.list[0].deep"),
        (f"displayName: {SECRET}", "tenant.displayName"),
        (f"labels: {{a: {SECRET}}}", "tenant.labels.a"),
        (f"projects: [{{name: vision, extraSpec: {{note: {SECRET}}}}}]", "tenant.projects[0].extraSpec.note"),
        (f"projects: [{{name: {SECRET}}}]", "tenant.projects[0].name"),
        (f"groups: [a, {SECRET}]", "tenant.groups[1]"),
    ],
)
def test_an_encrypted_value_that_is_no_key_is_refused_once(body: str, shown: str) -> None:
    (diagnostic,) = errors(tenant("acme", body=body))
    assert diagnostic.code == "PAI012"
    assert diagnostic.message.startswith(f"`{shown}` is encrypted, but Pulumi would write it as plain text")
    assert str(diagnostic.where[0]).startswith("stacks/Pulumi.acme.dev.yaml:")


@pytest.mark.parametrize("field", ["hostUrl", "tenant", "defaultProjectID", "existingSecret", "credential"])
def test_of_an_integration_only_its_key_is_encrypted(field: str) -> None:
    encrypted: Any = {field: {"secure": "v1:4DdLuoo5hxI=:QkJCQg=="}}
    own = integration(**encrypted)
    assert [diagnostic.code for diagnostic in errors(tenant("acme", own))] == ["PAI012"]


def test_a_text_of_the_stack_that_is_encrypted_is_refused() -> None:
    (diagnostic,) = errors(tenant("acme", top=f"paletteai:cluster: {SECRET}"))
    assert diagnostic.message.startswith("`cluster` is encrypted")


@pytest.mark.parametrize("value", ["{secure: true}", "{secure: a, more: b}"])
def test_what_pulumi_does_not_hold_for_encrypted_is_passed_through(value: str) -> None:
    assert errors(tenant("acme", body=f"extraSpec: {{tls: {value}}}")) == []


def test_the_program_refuses_a_file_that_has_something_else_encrypted_also_with_an_imported_environment(
    tmp_path: Path,
) -> None:
    body = f"paletteai:tenant: {{name: acme, sharedClusterOnly: true, extraSpec: {{note: {SECRET}}}}}"
    path = written(tmp_path, "acme.dev", body)
    path.write_text(f"environment: [acme/dev]\n{path.read_text()}")
    assert refused(deployed(tmp_path, "acme.dev")) == ["PAI012"]


@pytest.mark.parametrize("field", ["tenant", "cluster", "environment", "vendorFields"])
def test_the_program_refuses_what_an_environment_marks_as_secret(tmp_path: Path, field: str) -> None:
    written(tmp_path, "acme.dev", "paletteai:tenant: {name: acme, sharedClusterOnly: true}")
    values = {"tenant": '{"name": "acme", "sharedClusterOnly": true}', "vendorFields": "{}", "environment": "dev"}
    config = {"paletteai:tenant": values["tenant"], f"paletteai:{field}": values.get(field, "dev")}
    recording = deployed(tmp_path, "acme.dev", config=config, secret_keys=[f"paletteai:{field}"])
    assert refused(recording) == ["PAI012"]
    assert f"`{field}` holds a value that Pulumi marks as secret" in str(recording.error)


# Another tenant's key is not written for a host of one's own


def respellings(text: str) -> list[str]:
    """The same ciphertext to Pulumi, in other characters."""
    head, nonce, body = text.split(":")
    assert body.endswith("Qg==")
    return [
        f"{head}:{nonce}:{body[:4]}\n{body[4:]}",
        f"{head}:{nonce}\r\n:{body}",
        f"{head}:{nonce}:{body.replace('Qg==', 'Qh==')}",
        f"{head}:{nonce}:\n\n{body}\r",
    ]


@pytest.mark.parametrize("spelling", respellings(VICTIM), ids=repr)
def test_a_copied_ciphertext_is_found_and_refused_however_it_is_spelt(spelling: str) -> None:
    assert canonical_ciphertext(spelling) == VICTIM != spelling
    made_up = {"value": f"pai1:{'7' * 40}", "ciphertext": digest_of(spelling), "proof": "7" * 40}
    hostile = integration(spelling, "https://palette.evil.example", "2", fingerprint=made_up)
    found = errors(tenant("acme", integration(project="1")), tenant("evil", hostile))
    assert sorted(codes(found)) == ["PAI003", "PAI010"]
    assert "equal ciphertext" in next(each.message for each in found if each.code == "PAI003")
    (refusal,) = [each for each in found if each.code == "PAI010"]
    assert "has a ciphertext in a form that Pulumi does not write" in refusal.message


@pytest.mark.parametrize("text", [VICTIM, "v1:abc:d", "AQICAHg=", "", "v1::", "not base64 at all", "é"])
def test_what_pulumi_writes_and_what_it_cannot_decode_keep_their_spelling(text: str) -> None:
    assert canonical_ciphertext(text) == text


@pytest.mark.parametrize("field", ["encryptionsalt", "encryptedkey"])
def test_two_files_with_one_encryption_are_refused(field: str) -> None:
    one, two = (tenant(name, file=f'secretsprovider: passphrase\n{field}: "{SALT}"') for name in ("acme", "evil"))
    (diagnostic,) = errors(one, two)
    assert str(diagnostic) == (
        f"stacks/Pulumi.acme.dev.yaml:2: error PAI020: stacks `acme.dev`, `evil.dev` are copies: they have the same "
        f"`{field}`, so whoever deploys one of them can decrypt the secrets of the others.\n"
        "  also: stacks/Pulumi.evil.dev.yaml:2\n"
        f"  help: In each copy, delete `{field}` and every `secure` value, run `pulumi stack init STACK`, and set new "
        "keys."
    )


def test_a_salt_is_the_same_in_another_spelling_and_before_another_check_of_the_passphrase() -> None:
    others = [SALT.replace("AAEC", "AAEC\n"), SALT.replace("Bgc=", "Bgd="), f"{SALT[:-8]}xj1pkg=="]
    assert {salt_of(other) for other in others} == {salt_of(SALT)}
    assert salt_of("v1:AAECAwQFBgg=:v1:a:b") != salt_of(SALT)


def test_a_data_key_is_the_same_in_another_spelling_and_wrapped_twice() -> None:
    key = bytes(range(47))
    once = base64.b64encode(key).decode()
    inner = base64.urlsafe_b64encode(key).rstrip(b"=").decode()
    twice = [base64.b64encode(each.encode()).decode() for each in (inner, f"{inner[:5]}\n{inner[5:]}")]
    assert {data_key_of(each) for each in (once, f"{once[:6]}\r\n{once[6:]}", *twice)} == {key}


def test_another_secret_of_the_stack_is_no_api_key() -> None:
    (diagnostic,) = errors(tenant("acme", integration(), top=f'my-app:dbPassword: {{secure: "{VICTIM}"}}'))
    assert diagnostic.code == "PAI010"
    assert (
        "is a copy of another secret of the stack, which would be sent to the integration's host" in diagnostic.message
    )
    assert [location.line for location in diagnostic.where] == [4, 3]


def test_one_key_under_two_names_of_a_host_is_found_without_opening_it() -> None:
    def said(ciphertext: str, host: str, project: str) -> str:
        value = {"value": fingerprint_of(KEY), "ciphertext": digest_of(ciphertext), "proof": "0" * 40}
        return integration(ciphertext, host, project, fingerprint=value)

    one = tenant("acme", said("v1:a", "https://api.spectrocloud.com", "1"))
    two = tenant("beta", said("v1:b", "https://console.spectrocloud.com", "2"))
    (diagnostic,) = errors(one, two)
    assert diagnostic.code == "PAI003"
    assert "equal fingerprint" in diagnostic.message


# What is judged is what is deployed


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("tenant: {name: evil}", "paletteai:tenant: {name: acme}"),
        ("kubernetes:context: dev", "kubernetes:config:context: prod"),
        ("kubernetes:kubeconfig: a", "kubernetes:config:kubeconfig: b"),
        ("paletteai:cluster: a", "paletteai:config:cluster: b"),
    ],
)
def test_two_keys_that_are_one_to_pulumi_are_refused(first: str, second: str) -> None:
    text = f"config:\n  {first}\n  {second}\n"
    read = stack_from_document(document_from(text.encode(), "stacks/Pulumi.acme.dev.yaml"))
    found = [each for each in errors(read) if "two keys of `config` are one key to Pulumi" in each.message]
    assert [[location.line for location in each.where] for each in found] == [[2, 3]]
    assert codes(found) == ["PAI012"]


@pytest.mark.parametrize("key", ["kubernetes:config:context", "paletteai:config:tenant", "a:b:c", "a:b:c:d"])
def test_a_key_with_more_than_one_colon_is_refused_also_in_the_project_file(key: str) -> None:
    said = "a key of `config` has more than one colon"
    (diagnostic,) = [each for each in errors(tenant("acme", top=f"{key}: x")) if said in each.message]
    assert str(diagnostic.where[0]) == "stacks/Pulumi.acme.dev.yaml:3"
    project = PulumiProject(
        Path("Pulumi.yaml"), document_from(f"name: paletteai\nconfig:\n  {key}: x\n".encode(), "Pulumi.yaml")
    )
    declared = document_from(b"config: {'paletteai:tenant': {name: acme}}\n", "stacks/Pulumi.acme.dev.yaml")
    (diagnostic,) = [each for each in errors(stack_from_document(declared, project)) if said in each.message]
    assert str(diagnostic.where[0]) == "Pulumi.yaml:3"


# Nothing of another tenant is taken over


def test_one_context_under_two_names_is_refused() -> None:
    victim = tenant("acme", top="kubernetes:context: prod", body="projects: [{name: vision}]")
    hostile = tenant(
        "evil",
        top="kubernetes:context: prod\npaletteai:cluster: elsewhere",
        body="projects: [{name: vision, importIds: [Namespace/vision, Project/vision/vision]}]",
    )
    (diagnostic,) = errors(victim, hostile)
    assert str(diagnostic) == (
        "stacks/Pulumi.acme.dev.yaml:2: error PAI006: the context `prod` is cluster `prod` in stack `acme.dev` and "
        "`elsewhere` in stack `evil.dev`, so their objects on it are not compared.\n"
        "  also: stacks/Pulumi.evil.dev.yaml:4\n"
        "  help: Use the same cluster name in all stacks, or none: the context is then the name."
    )


@pytest.mark.parametrize(
    ("kubeconfigs", "refused"),
    [("ab", False), ("aa", True), (("a", ""), True), (("", ""), True), (("a", "b", ""), True)],
)
def test_a_context_is_another_one_only_where_both_bring_their_own_kubeconfig(
    kubeconfigs: Iterable[str], refused: bool
) -> None:
    stacks = [
        tenant(
            name,
            top=f"kubernetes:context: admin\npaletteai:cluster: {name}\n" + (own and f"kubernetes:kubeconfig: {own}"),
        )
        for name, own in zip(("acme", "beta", "gamma"), kubeconfigs, strict=False)
    ]
    assert codes(errors(*stacks)) == (["PAI006"] if refused else [])


def test_a_stack_that_names_no_cluster_is_compared_with_all_of_its_environment_and_with_no_other() -> None:
    one = tenant("acme", top="kubernetes:context: a", body="projects: [{name: vision}]")
    two = tenant("beta", top="kubernetes:context: b", body="projects: [{name: vision}]")
    unnamed = tenant("evil", body="projects: [{name: vision}]")
    prod = tenant("evil", top="paletteai:environment: prod", body="projects: [{name: vision}]")
    assert errors(one, two) == []
    (diagnostic,) = [each for each in errors(one, two, unnamed) if each.code == "PAI006"]
    assert len(diagnostic.where) == 3
    assert [each for each in errors(one, two, prod) if each.code == "PAI006"] == []


@pytest.mark.parametrize(
    "reference", ["Namespace/vision", "Project/vision/vision", "Tenant/acme", "Namespace/tenant-acme"]
)
def test_what_another_stack_declares_is_not_imported(reference: str) -> None:
    victim = tenant("acme", top="kubernetes:context: prod", body="projects: [{name: vision}]")
    hostile = tenant("evil", top="kubernetes:context: prod", body=f"importIds: [{reference}]")
    (diagnostic,) = [each for each in errors(victim, hostile) if each.code == "PAI006"]
    assert reference.split("/")[-1] in diagnostic.message
    assert "`importIds` in stack `evil.dev`" in diagnostic.message
    assert "paletteai:cluster" not in diagnostic.help


def test_what_a_stack_declares_itself_it_may_import() -> None:
    ids = "importIds: [Namespace/tenant-acme, Tenant/acme]"
    own = "projects: [{name: vision, importIds: [Namespace/vision, Project/vision/vision]}]"
    assert errors(tenant("acme", top="kubernetes:context: prod", body=f"{ids}, {own}")) == []
    elsewhere = tenant("beta", top="kubernetes:context: dev", body="importIds: [Namespace/tenant-acme]")
    found = errors(tenant("acme", top="kubernetes:context: prod", body=ids), elsewhere)
    assert codes(found) == ["PAI005"]


# A copied fingerprint does not blame whom it was copied from


def line(stack: str, ciphertext: str, knows: str | None, said: str | None = None, host: str = HOST) -> str:
    """An integration with the fingerprint of `said`, by somebody who knows the key `knows`."""
    said = said or knows
    project = stack.partition(".")[0]
    if said is None:
        return integration(ciphertext, host, project)
    proof = proof_of(knows, stack, host, ciphertext) if knows else "0" * 40
    value = {"value": fingerprint_of(said), "ciphertext": digest_of(ciphertext), "proof": proof}
    return integration(ciphertext, host, project, fingerprint=value)


def program(folder: Path, **stacks: str) -> Any:
    for name, own in stacks.items():
        body = f"{{name: {name}, computeConfigRef: {{name: c}}, settings: {{default: {{palette: shared}}}}}}"
        written(folder, f"{name}.dev", f"paletteai:integrations: {{shared: {own}}}\npaletteai:tenant: {body}")
    return lambda name: deployed(folder, f"{name}.dev")


def test_a_copied_fingerprint_warns_its_victim_and_refuses_the_copy(tmp_path: Path) -> None:
    mine = key_in("v1:a")
    run = program(tmp_path, acme=line("acme.dev", "v1:a", mine), evil=line("evil.dev", "v1:b", None, said=mine))
    victim, hostile = run("acme"), run("evil")
    assert victim.error is None
    (warning,) = victim.warnings
    assert "Settings `tenant-evil/default` of tenant `evil` in stack `evil.dev` has the credential of" in warning
    assert "without its own proof, so it may be a copy" in warning
    assert refused(hostile)[0] == "PAI003"


def test_a_fingerprint_copied_with_its_proof_and_ciphertext_is_no_proof_for_another_stack(tmp_path: Path) -> None:
    mine = line("acme.dev", "v1:a", key_in("v1:a"))
    run = program(tmp_path, acme=mine, evil=mine)
    assert run("acme").error is None
    assert "without its own proof" in " ".join(run("acme").warnings)
    assert "PAI003" in refused(run("evil"))


@pytest.mark.parametrize(
    ("acme", "beta", "name"),
    [
        (line("acme.dev", "v1:a", key_in("v1:a")), line("beta.dev", "v1:b", key_in("v1:a")), "acme"),
        (line("acme.dev", "v1:a", key_in("v1:b")), line("beta.dev", "v1:b", None), "beta"),
    ],
    ids=["both prove to know one key", "one proves nothing, and its key is the other's"],
)
def test_who_has_the_key_of_another_is_refused(acme: str, beta: str, name: str, tmp_path: Path) -> None:
    assert refused(program(tmp_path, acme=acme, beta=beta)(name)) == ["PAI003"]


def test_a_host_that_was_changed_by_who_does_not_know_the_key_is_refused(tmp_path: Path) -> None:
    mine = line("acme.dev", "v1:a", key_in("v1:a"))
    run = program(tmp_path, acme=mine.replace(HOST, "https://palette.evil.example"))
    recording = run("acme")
    assert refused(recording) == ["PAI003"]
    assert isinstance(recording.error, DeclarationError)
    assert "made for another stack, host or encryption" in recording.error.diagnostics[0].message


def test_offline_both_are_named_because_nothing_is_opened() -> None:
    mine = line("acme.dev", "v1:a", KEY)
    found = errors(tenant("acme", mine), tenant("evil", line("evil.dev", "v1:b", None, said=KEY)))
    assert codes(found) == ["PAI003"]
    assert found[0].severity is Severity.ERROR


@pytest.mark.parametrize("secret", ["hunter2", "correct-horse-battery-staple", "x" * 40, "0123456789" * 4])
def test_no_fingerprint_of_what_a_dictionary_holds_leaves_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr("support.programs.key_in", lambda ciphertext: secret)
    run = program(tmp_path, acme=integration("v1:db"))
    recording = run("acme")
    assert refused(recording) == ["PAI009"]
    told = f"{recording.error} {recording.messages}"
    assert fingerprint_of(secret) not in told
    assert secret not in told


def test_stacks_that_share_nothing_are_left_alone() -> None:
    salts = SALT, "v1:CCECAwQFBgc=:v1:a:b"
    stacks = [
        tenant(
            f"t{at}",
            integration(f"v1:{at}", project=f"{at}"),
            "kubernetes:context: dev",
            file=f'encryptionsalt: "{salt}"',
        )
        for at, salt in enumerate(salts)
    ]
    assert errors(*stacks) == []
    assert errors(stack("paletteai:tenant: {name: acme, sharedClusterOnly: true, computeConfigRef: {name: c}}")) == []
