"""Credentials: fingerprints, hosts, placeholders, and a key that is never text."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import pickle
import re
import string
from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from support.samples import HOST, declared_credential

from paletteai_components.credentials import (
    DIGEST,
    FINGERPRINT,
    PROOF,
    ApiKey,
    KeyState,
    digest_of,
    fingerprint_of,
    host_doubt,
    host_of,
    host_problem,
    id_doubt,
    is_placeholder,
    key_problem,
    may_be_placeholder,
    name_doubt,
    proof_of,
)
from paletteai_components.model.spec import IntegrationSpec, StackSpec
from paletteai_components.stacks.stack_file import stack_from_config

KEY = "s3cr3t-K3y-0f-N0-0n3"


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def test_a_fingerprint_is_what_is_published_and_stays_so() -> None:
    by_hand = hashlib.sha256(framed(b"paletteai-components/fingerprint", KEY.encode())).hexdigest()
    assert fingerprint_of(KEY) == f"pai1:{by_hand[:40]}"
    assert fingerprint_of("a") == "pai1:6f806dc77d417c414a9086fd373bacdd8c69c076"


def test_a_digest_is_of_a_ciphertext_alone() -> None:
    by_hand = hashlib.sha256(framed(b"paletteai-components/ciphertext", b"v1:a:b")).hexdigest()
    assert digest_of("v1:a:b") == by_hand[:32]


def test_a_proof_is_of_a_key_a_stack_a_host_and_a_ciphertext() -> None:
    parts = framed(b"paletteai-components/proof", b"acme.dev", b"api.spectrocloud.com", b"v1:a:b")
    by_hand = hmac.new(KEY.encode(), parts, hashlib.sha256).hexdigest()
    assert proof_of(KEY, "acme.dev", HOST, "v1:a:b") == by_hand[:40]


def test_only_the_key_that_made_a_proof_verifies_it_and_only_for_what_it_was_made_for() -> None:
    key, other = ApiKey.opened(KEY), ApiKey.opened(f"{KEY}-another")
    proof = proof_of(KEY, "acme.dev", HOST, "v1:a:b")
    assert key.proves(proof, "acme.dev", f"{HOST.upper()}:443/".replace("HTTPS", "https"), "v1:a:b")
    assert not other.proves(proof, "acme.dev", HOST, "v1:a:b")
    assert not key.proves(proof, "beta.dev", HOST, "v1:a:b")
    assert not key.proves(proof, "acme.dev", "https://api.evil.example", "v1:a:b")
    assert not key.proves(proof, "acme.dev", HOST, "v1:a:c")
    assert not key.proves(proof, "acme.dev", HOST, None)
    assert not ApiKey(KeyState.ENCRYPTED, ciphertext="v1:a:b").proves(proof, "acme.dev", HOST, "v1:a:b")


@given(st.text(max_size=40))
def test_a_fingerprint_a_digest_and_a_proof_have_the_form_that_is_recognised(key: str) -> None:
    assert FINGERPRINT.fullmatch(fingerprint_of(key))
    assert DIGEST.fullmatch(digest_of(key))
    assert PROOF.fullmatch(proof_of(key, key, key, key))


@pytest.mark.parametrize(
    ("key", "diagnostic"),
    [
        *((key, None) for key in (KEY, f"  {KEY}\r\n", "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6")),
        ("651234567890123456789abc651234ef", None),
        *((key, "is empty or a placeholder") for key in ("", " \n", "<your key>")),
        *(
            (key, "contains a character that is not visible ASCII")
            for key in (
                f"\ufeff{KEY}",
                f"{KEY}\ufffd",
                f"{KEY[:9]}\u200b{KEY[9:]}",
                f"{KEY}é",
                f"{KEY[:9]}\x00{KEY[9:]}",
            )
        ),
        *((f"{KEY[:9]}{space}{KEY[9:]}", "contains white space") for space in "\n "),
        *(
            (f"{header} {KEY}", "begins with the name of a header or scheme, which is not part of a key")
            for header in ("Bearer", "ApiKey:")
        ),
        *((f"{quote}{KEY}{quote}", "is in quotes") for quote in "\"'"),
        ("hunter2", "is shorter than 20 characters, so it could be guessed from its fingerprint"),
        *(
            (key, "is too simple, so it could be guessed from its fingerprint")
            for key in ("correct-horse-battery-staple", "20261126" * 4, "a1" * 16, "-" * 32)
        ),
    ],
)
def test_what_is_no_key_is_said_without_repeating_it_and_has_no_fingerprint(key: str, diagnostic: str | None) -> None:
    assert key_problem(key) == diagnostic
    opened = ApiKey.opened(key)
    assert opened.diagnostic == diagnostic
    assert (opened.fingerprint is None, opened.prove is None) == (diagnostic is not None, diagnostic is not None)


@given(st.binary(min_size=24, max_size=24), st.sampled_from(["hex", "base64", "letters and digits"]))
def test_no_random_key_is_taken_for_a_plain_one(random: bytes, form: str) -> None:
    alphabet = string.ascii_letters + string.digits
    key = {
        "hex": hashlib.sha256(random).hexdigest()[:32],
        "base64": base64.b64encode(hashlib.sha256(random).digest()).decode(),
        "letters and digits": "".join(alphabet[byte % 62] for byte in hashlib.sha256(random).digest()),
    }[form]
    assert key_problem(key) is None


SPELLINGS = [
    *(f"{scheme}api.spectrocloud.com" for scheme in ("https://", "HTTPS://", "http://", "", "https://user:password@")),
    *(f"https://api.spectrocloud.com{end}" for end in ("/", ".", "./", ":443", ":0443/", ":/", "/v1/x?y#z")),
    *("https://API.SpectroCloud.com", " https://api.spectrocloud.com\n"),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_host_is_one_host_however_it_is_spelt(spelling: str) -> None:
    assert host_of(spelling) == "api.spectrocloud.com"
    assert proof_of(KEY, "acme.dev", spelling, "v1:a") == proof_of(KEY, "acme.dev", HOST, "v1:a")


def test_a_key_is_the_same_with_white_space_around_it() -> None:
    assert fingerprint_of(f" {KEY}\n") == fingerprint_of(KEY)
    assert fingerprint_of(KEY.upper()) != fingerprint_of(KEY)


OTHERS = [
    *("https://api.spectrocloud.com:8443", "https://spectrocloud.com", "https://api.spectrocloud.co"),
    *("https://palette.example", "https://10.0.0.1", "https://[::1]", "https://[::1]:8443"),
    "https://xn--bcher-kva.example",
]


def test_different_hosts_have_different_proofs() -> None:
    assert len({proof_of(KEY, "acme.dev", host, "v1:a") for host in [HOST, *OTHERS]}) == 1 + len(OTHERS)


def test_an_international_host_is_the_same_in_both_spellings() -> None:
    assert host_of("https://bücher.example") == host_of("https://xn--bcher-kva.example") == "xn--bcher-kva.example"


@given(st.text(), st.text())
def test_equal_fingerprints_mean_equal_keys(key: str, other: str) -> None:
    assert (fingerprint_of(key) == fingerprint_of(other)) == (key.strip() == other.strip())


def test_moving_text_between_stack_host_and_ciphertext_changes_the_proof() -> None:
    proofs = [proof_of(KEY, *parts) for parts in [("a", "b.c", "d"), ("ab", "c", "d"), ("a", "b", "cd")]]
    assert len(set(proofs)) == 3


@given(st.text(min_size=6))
def test_nothing_of_the_key_is_in_its_fingerprint(key: str) -> None:
    assume(not re.fullmatch("[0-9a-f]*", key))
    assert key not in fingerprint_of(key)
    assert key.encode().hex() not in fingerprint_of(key)


class Opaque:
    """Stands for a Pulumi secret: it must never be looked into."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def __reduce__(self) -> Any:
        raise TypeError("a secret cannot be written")


def shown(value: object) -> str:
    """Everything that printing shows of a value."""
    return f"{value!r} {value} {value!s:} {[value]} {{'key': {value!r}}}"


def exposed() -> list[Any]:
    spec = IntegrationSpec.model_validate(declared_credential(apiKey=KEY))
    config = {"paletteai:integrations": {"a": declared_credential(apiKey=KEY)}, "paletteai:tenant": {"name": "acme"}}
    stack = stack_from_config("acme.dev", config)
    return [spec.api_key, spec, stack.spec, stack, stack.plan]


@pytest.mark.parametrize("holder", exposed(), ids=lambda holder: type(holder).__name__)
def test_a_key_that_was_written_as_text_is_forgotten_at_once(holder: Any) -> None:
    texts = [shown(holder), pickle.dumps(holder).decode("latin-1"), shown(copy.deepcopy(holder))]
    if isinstance(holder, BaseModel):
        texts += [shown(holder.model_dump()), holder.model_dump_json(), json.dumps(holder.model_dump(mode="json"))]
    else:
        texts.append(shown(asdict(holder)))
    for text in texts:
        assert KEY not in text
    assert "PLAINTEXT" in texts[0] or not isinstance(holder, ApiKey)


def test_a_sealed_key_does_not_show_its_ciphertext_when_it_is_printed() -> None:
    spec = IntegrationSpec.model_validate(declared_credential("v1:CIPHER:TEXT"))
    assert spec.api_key == ApiKey(KeyState.ENCRYPTED, ciphertext="v1:CIPHER:TEXT")
    assert "CIPHER" not in shown(spec) + shown(spec.api_key)


def test_an_opened_key_does_not_show_its_secret_when_it_is_printed_or_compared() -> None:
    key = ApiKey.opened(KEY, secret=Opaque(KEY))
    spec = IntegrationSpec(host_url=HOST, tenant="t", default_project_id="1", api_key=key)
    assert KEY not in shown(key) + shown(spec) + shown(replace(key, diagnostic="is wrong"))
    assert key == replace(key, secret=Opaque("another"))
    assert spec.api_key is key
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_an_api_key_has_no_field_that_holds_its_text() -> None:
    key = ApiKey.opened(KEY)
    assert key.prove is not None
    held = [getattr(key, field.name) for field in fields(key)] + [
        cell.cell_contents for cell in key.prove.__closure__ or ()
    ]
    assert KEY not in shown(held)
    assert (
        repr(ApiKey(KeyState.PLAINTEXT))
        == "ApiKey(state=<KeyState.PLAINTEXT: 'plaintext'>, fingerprint=None, diagnostic=None)"
    )


@pytest.mark.parametrize("value", [{"secure": 7}, {"secure": KEY, "note": KEY}, {"Secure": KEY}, [KEY], 7, {KEY: KEY}])
def test_what_is_no_key_is_refused_without_repeating_it(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        IntegrationSpec.model_validate({"apiKey": value})
    assert KEY not in shown(refused.value)
    assert "pulumi config set" in str(refused.value)


def test_an_error_elsewhere_does_not_repeat_the_key_beside_it() -> None:
    with pytest.raises(ValidationError) as refused:
        StackSpec.model_validate({"integrations": {"a": {"apiKey": KEY, "tenant": 7}}, "tenant": {"name": [KEY]}})
    assert KEY not in shown(refused.value)


def test_the_schema_of_a_key_is_what_pulumi_writes() -> None:
    schema = TypeAdapter(ApiKey).json_schema()
    assert schema["required"] == ["secure"]
    assert schema["additionalProperties"] is False


HOSTS: dict[str | None, list[str]] = {
    None: [
        *("https://api.spectrocloud.com", "https://api.spectrocloud.com/", "HTTPS://API.spectrocloud.com"),
        *("https://palette.acme.example:8443", "https://10.1.2.3", "https://[2001:db8::1]:8443", "https://localhost"),
        *("https://10.0.0.1:8443/", "https://palette_1.corp.example", "https://1and1.example"),
    ],
    "does not begin with https://": ["", *(f"{scheme}api.spectrocloud.com" for scheme in ("", "http://", "ftp://"))],
    "does not name a host": [
        *("https:api.spectrocloud.com", "https://", "https://:443", "https://api.spectrocloud.com:0", "https://.")
    ],
    "is not a URL": [*(f"https://api.spectrocloud.com:{port}" for port in ("70000", "https")), "https://[::1"],
    "contains a user name or password": [
        *(f"https://{user}@api.spectrocloud.com" for user in ("admin:x", "")),
        "https://api.spectrocloud.com\\@evil.example",
    ],
    "contains white space or control characters": [
        *("https://api.spectro cloud.com", "https://api.spectrocl\u200boud.com"),
        *(f"https://api.spectrocloud.com{end}" for end in "\n\x07"),
    ],
    "is not a URL with a plain host name": [
        f"https://{host}" for host in ("api..spectrocloud.com", ".spectrocloud.com", "bücher.example")
    ],
    "has an invalid IP address": [f"https://{address}" for address in ("1.2.3.4.5", "256.1.1.1", "10.1")],
}


@pytest.mark.parametrize(("url", "why"), [(url, why) for why, urls in HOSTS.items() for url in urls])
def test_a_host_url_is_https_and_a_plain_host(url: str, why: str | None) -> None:
    assert host_problem(url) == why


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://api.spectrocloud.com/", None),
        ("https://api.spectrocloud.com/v1", "has a path, query or fragment"),
        ("https://api.spectrocloud.com?x", "has a path, query or fragment"),
        ("https://api.spectrocloud.com?", "has a path, query or fragment"),
        ("https://api.spectrocloud.com/#", "has a path, query or fragment"),
    ],
)
def test_a_host_url_with_a_path_is_only_unusual(url: str, why: str | None) -> None:
    assert (host_problem(url), host_doubt(url)) == (None, why)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1:8443]", False),
        ("https://[2001:0DB8:0:0:0:0:0:1]", "https://[2001:db8::1]:443/", True),
        ("https://10.0.0.1", "https://10.0.0.1./", True),
    ],
)
def test_addresses_are_compared_as_addresses(one: str, other: str, same: bool) -> None:
    assert (host_of(one) == host_of(other)) is same


@pytest.mark.parametrize(
    ("text", "name", "id_"),
    [
        ("example-tenant", None, None),
        ("651234567890123456789012", None, None),
        ("Acme Corp", None, "has other characters than letters, digits, `-` and `_`"),
        (" 651234567890123456789012", "has white space or control characters around or in it", ...),
        ("6512\n3456", "has white space or control characters around or in it", ...),
        ("\u201c651234567890123456789012\u201d", "has quotes around it", ...),
        ("'acme", "has quotes around it", ...),
        ("https://console.spectrocloud.com/projects/1", "is a URL", ...),
    ],
)
def test_what_is_hardly_a_name_or_an_id_is_said(text: str, name: str | None, id_: object) -> None:
    assert (name_doubt(text), id_doubt(text)) == (name, name if id_ is ... else id_)


@given(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{2,4}){0,2}", fullmatch=True),
    st.sampled_from(["https://", "HTTPS://", "http://", ""]),
    st.sampled_from(["", ".", ":443", ".:443", "/", ":443/"]),
)
def test_every_plain_host_has_one_spelling(host: str, scheme: str, end: str) -> None:
    assert host_of(f"{scheme}{host.title()}{end}") == host
    assert host_of(f"{scheme}{host}:444") == f"{host}:444"


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n", "CHANGE_ME", "changeme", "Change-Me", "<CHANGE_ME>", "REPLACE_ME", "replaceme", "fill-me-in"),
        *("FIXME", "placeholder", "insert-here", "<tenant>", "<your key>", "${PALETTE_KEY}", "{{ .Values.key }}"),
        *("***", "********", "...", '"CHANGE_ME"', "  change me  "),
    ],
)
def test_what_stands_for_a_value_is_a_placeholder(text: str) -> None:
    assert is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        *("TODO", "to-do", "tbd", "dummy", "sample", "your-api-key", "yourKey", "your_palette_tenant", "my-api-key"),
        *("mykey", "MY_KEY", "xxx", "XXXXXXXX", "null", "None", "undefined", "n/a", "'todo'", "[TBD]", "--none--"),
    ],
)
def test_what_may_be_a_name_too_is_no_certain_placeholder(text: str) -> None:
    assert may_be_placeholder(text)
    assert not is_placeholder(text)


@pytest.mark.parametrize(
    "text",
    [
        *("example-tenant", "acme", "651234567890123456789012", "0" * 24, "https://api.spectrocloud.com", "xx", "x"),
        *("todos", "dummyland", "samples-inc", "nonesuch", "nullarbor", "0", "changemetal", "placeholders-ltd"),
        *("undefined-labs", "tbdc", "mykeys", "fixmeister", "a<b>", "a${b}", "no", "false", "test", "none-of-yours"),
        *("eyJhbGciOiJIUzI1NiJ9.e30.abc", "Zm9vYmFyYmF6cXV4+/==", "xxx1", "deadbeefdeadbeefdeadbeefdeadbeef"),
    ],
)
def test_what_could_be_real_is_no_placeholder(text: str) -> None:
    assert not is_placeholder(text)
    assert not may_be_placeholder(text)


@given(st.from_regex(r"[0-9a-f]{24}|[A-Za-z0-9]{32}", fullmatch=True))
def test_ids_and_keys_of_the_usual_forms_are_no_placeholders(text: str) -> None:
    assume(len(set(text.lower())) > 1)
    assert not is_placeholder(text)
