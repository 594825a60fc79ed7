"""Redaction: what looks like a key and what does not, and what is told of either."""

from __future__ import annotations

import hashlib
import json
import random
import re
import string
import time
from base64 import b64encode
from pathlib import Path

import pytest
from support.pasted import keys
from support.projects import STACK, Project, changed

from paletteai_components import rules
from paletteai_components.redaction import REDACTED, holds_key, looks_like_key, named, redacted

DIGEST = hashlib.sha256(b"what is no secret").hexdigest()
NAMES = [
    *("vision", "line-1", "dev-palette-api-secret", "robotics-vision-inference-production-eu", "Größe", "shared (2)"),
    *("robotics2024production", "production20240101eu1", "sk-tenant-production-eu1", "sk-telecommunications"),
    *("c-m-7kxk5z2v", "pod-5d4f8c7b9d-x2x9k", "123e4567-e89b-12d3-a456-426614174000", "651234567890123456789012"),
    *("65f1c0a2b3d4e5f601234567", "arn:aws:eks:eu-west-1:123456789012:cluster/prod", "vault://dev/acme/robotics"),
    *("gke_project-1_europe-west1_cluster-1", "kubernetes-admin@kind-Dev1", "MyCluster2024Production"),
    *("default/api-cluster-example-com:6443/kube:admin", "do-fra1-k8s-1-29-1-do-0-fra1-1700000000000"),
    *("https://palette.acme.example:8443", "Settings tenant-acme/default", "PlatformEngineeringAdministrators"),
    *("huggingFaceSecretName", "spec.integrations.huggingFaceSecretRef", "effectiveSettingsSecretRefName"),
]
TEXTS = [
    *NAMES,
    f"registry.example/team/image@sha256:{DIGEST}",
    f"sha256:{DIGEST}",
    f"deployed from {DIGEST[:40]} by the pipeline",
    json.dumps({"spec": {"token": DIGEST[:32]}}),
    "data:image/png;base64," + b64encode(bytes(range(256))).decode(),
    b64encode(hashlib.sha512(b"an icon").digest() * 9).decode(),
    "arn:aws:iam::123456789012:role/service-role/AmazonEKSNodeRole-1A2B3C4D5E",
    "https://oidc.eks.eu-west-1.amazonaws.com/id/" + DIGEST[:32].upper(),
    "CN=admins,OU=Groups,DC=corp,DC=example",
    "A long sentence of what this tenant is for, since 2024, in factory 12 and in no other place.",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_as_they_are_in_life_is_told_as_it_is(name: str) -> None:
    assert named(name) == redacted(name) == name


@pytest.mark.parametrize("text", TEXTS)
def test_nobody_is_asked_about_a_text_as_they_are_in_life(text: str) -> None:
    assert not looks_like_key(text)


@pytest.mark.parametrize("kind", keys())
def test_a_key_of_every_kind_is_seen_alone_and_among_other_text(kind: str) -> None:
    key = keys()[kind]
    assert looks_like_key(key)
    assert looks_like_key(f" {key}\n")
    assert holds_key({"a": [{"b": f"the key is {key}."}]})
    assert holds_key({key: "a"})
    assert named(key) == REDACTED
    assert named(f"dev-tenant/{key}") == f"dev-tenant/{REDACTED}"
    assert redacted(f"Settings tenant-acme/default-{key} of acme") == f"Settings tenant-acme/{REDACTED} of acme"


@pytest.mark.parametrize("length", [24, 32, 40])
def test_letters_in_a_random_order_are_hardly_ever_told(length: int) -> None:
    chosen = random.Random(length)
    texts = ["".join(chosen.choices(string.ascii_letters, k=length)) for _ in range(5_000)]
    assert sum(redacted(text) == text for text in texts) < 150


@pytest.mark.parametrize("kind", ["Hugging Face", "NVIDIA", "web token"])
def test_a_key_with_a_prefix_is_seen_in_a_sentence(kind: str) -> None:
    assert looks_like_key(f"Ask for it, or use {keys()[kind]} until then!")


@pytest.mark.parametrize("name", ["checksum/config", "example.com/sha", "git-commit", "pod-template-hash", "revision"])
def test_a_digest_is_one_where_its_name_says_so(name: str) -> None:
    assert not looks_like_key(DIGEST, name)
    assert not holds_key({name: DIGEST})
    assert looks_like_key(DIGEST, "shared")
    assert looks_like_key(keys()["Hugging Face"], name)


@pytest.mark.parametrize("text", ["a!b", "it's", "two\nlines", "\x1b[2J", "\u202ea", "<b>", "correct=horse"])
def test_what_is_no_name_is_not_repeated(text: str) -> None:
    assert named(text) == REDACTED


def test_a_long_name_is_cut_in_its_middle() -> None:
    told = named(f"begin-{'a' * 1000}-end")
    assert len(told) == 253
    assert told.startswith("begin-")
    assert told.endswith("-end")
    assert "…" in told


@pytest.mark.parametrize("piece", ["a", "a1", "hf_", "eyJ", "-sk", "sha1:", "eyJaaaaaaaa.", "AKIA-", "a b", "xoxb-1"])
def test_a_long_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    start = time.process_time()
    redacted(text), looks_like_key(text), holds_key(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("module", sorted(Path(rules.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_a_rule_tells_what_is_declared_by_its_name_only_where_it_is_one(module: Path) -> None:
    assert set(re.findall(r"\bescaped\((.*?)\)", module.read_text())) <= {
        "speaker.name",
        "stack.name",
        "users[0].name",
        "copies[0].file",
        "first.name",
        "its[0].name",
        "original.name",
        "second.name",
        "others[0].name",
        "others[0].stack.name",
    }


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("description: {}", "`tenant.description`"),
        ("groups: [a, {}]", "`tenant.groups[1]`"),
        ("labels: {{team: {}}}", "`tenant.labels.team`"),
        ("labels: {{{}: team}}", "a name in `tenant.labels`"),
        ("annotations: {{wiki: {}}}", "`tenant.annotations.wiki`"),
        ("extraSpec: {{proxy: {{auth: [{{token: {}}}]}}}}", "`tenant.extraSpec.proxy.auth[0].token`"),
        ("namespace: {}", "`tenant.namespace`"),
        ("existingSettings: [{}]", "`tenant.existingSettings[0]`"),
    ],
)
def test_what_looks_like_a_key_is_a_warning_that_tells_its_place(field: str, said: str, project: Project) -> None:
    key = keys()["lower case"]
    project.stack(changed("    displayName", f"    {field.format(key)}\n    displayName"))
    printed = project.printed("check")
    assert f"stacks/Pulumi.acme.dev.yaml:11: warning PAI010: {said} looks like a key. If it is one, " in printed
    assert key not in printed


def test_texts_as_they_are_in_life_are_no_warning(project: Project) -> None:
    entries = {f"example.com/text-{number}": text for number, text in enumerate(TEXTS)}
    annotations = json.dumps({**entries, "checksum/config": DIGEST, "example.com/commit": DIGEST[:40]})
    project.stack(changed("    displayName", f"    annotations: {annotations}\n    displayName", STACK))
    assert project.run("check").stdout == "1 stack, 1 project: no problems\n"


def test_a_digest_that_changes_is_shown_and_a_key_is_not(project: Project) -> None:
    for name, letter in (("acme.dev", "a"), ("acme.prod", "b")):
        key = hashlib.sha256(letter.encode()).hexdigest()
        annotations = f"    annotations: {{checksum/config: {key}, wiki: {key}}}\n    displayName"
        text = changed("context: dev", f"context: {name}", changed("    displayName", annotations))
        project.stack(text.replace("v1:", f"v1:{letter}"), name)
    told = project.run("diff", "acme.dev", "acme.prod").stdout
    key = hashlib.sha256(b"a").hexdigest()
    assert f'metadata.annotations[checksum/config]: "{key}" in acme.dev' in " ".join(told.split())
    assert "metadata.annotations.wiki differs (not shown: it looks like a key)" in told
    changes = json.loads(project.run("diff", "acme.dev", "acme.prod", "--format", "json").stdout)["parts"][0]["fields"]
    hidden = [each for each in changes if each["path"][-1] == "wiki"]
    assert hidden == [{"path": ["metadata", "annotations", "wiki"], "hidden": ["first", "second"]}]


def test_an_unknown_field_that_looks_like_a_key_is_told_by_its_place(project: Project) -> None:
    key = "".join(letter for letter in keys()["Hugging Face"] if not letter.isdigit())
    project.stack(changed("    displayName", f"    {key}: true\n    displayName"))
    result = project.run("check")
    assert ":11: error PAI012: `tenant` has no such field" in result.stdout
    assert key not in result.stdout


def test_a_key_that_stands_twice_is_told_by_its_place_where_it_looks_like_one(project: Project) -> None:
    key = keys()["lower case"].replace("9", "b")
    project.stack(changed("    shared:\n", f"    k{key}: {{}}\n    k{key}: {{}}\n    shared:\n"))
    result = project.run("check")
    assert "a key is repeated" in result.stdout
    assert key not in result.stdout
