"""A Palette credential as a declaration may hold it: an API key that is never text, and its fingerprint.

The fingerprint says "the same key", whatever the host is called, without telling the key. It is one
way: SHA-256 over a domain tag and the key, of which 160 bits are kept. Whoever knows a key can
recompute it; nobody can go back. It is safe beside the encrypted key in a stack file, on the Settings
and in the outputs.

Anybody can copy a fingerprint. Its proof is made with the key itself, for one stack, one encryption and
one host: only who knows the key can make it, and only who knows the key can verify it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from paletteai_components.encryption import canonical_ciphertext, ciphertext_of

FINGERPRINT = re.compile(r"pai1:[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{32}")
PROOF = re.compile(r"[0-9a-f]{40}")

_FINGERPRINT_DOMAIN = b"paletteai-components/fingerprint"
_DIGEST_DOMAIN = b"paletteai-components/ciphertext"
_PROOF_DOMAIN = b"paletteai-components/proof"

# The vendor's example of a Palette API key has 32 letters and digits. What is much shorter, or could stand in a
# dictionary, is another secret, and its fingerprint would tell it to whoever tries.
_LEAST_LENGTH = 20
_LEAST_VARIETY = 8

# What people and templates write where a real value is still to come: words between any signs, a line between
# brackets, or nothing but signs. Signs, brackets and what is between them are never one pattern: it would try every
# way to tell them apart.
_PLACEHOLDER = re.compile(
    r"(?i)change[-_ ]?me|replace[-_ ]?me|fill[-_ ]?me[-_ ]?in|to[-_ ]?do|tbd|fixme|place[-_ ]?holder|"
    r"dummy|sample|insert[-_ ]?here|your[-_ ]?\w.*|my[-_ ]?(?:api[-_ ]?)?key|x{3,}|null|none|undefined|n/?a"
)
_BRACKETS = (("<", ">"), ("${", "}"), ("{{", "}}"))
_WORD = re.compile(r"\w")


class KeyState(StrEnum):
    """How a key came to be known: encrypted in a file, decrypted by Pulumi, or as plain text."""

    ENCRYPTED = "encrypted"
    DECRYPTED = "decrypted"
    PLAINTEXT = "plaintext"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A handle on a Palette API key. It holds ciphertext or a Pulumi secret, never the key's text.

    Fields:
        state: see `KeyState`.
        ciphertext: what Pulumi encrypted, for a sealed key, in Pulumi's own spelling.
        is_canonical: False where the file spells the ciphertext otherwise.
        secret: the Pulumi secret, for an opened key. Opaque to everything below the components.
        fingerprint: for an opened key whose text was known and is usable.
        prove: makes the proofs of that key; see `proof_of` and `settings_proof_of`.
        problem: why an opened key cannot be a Palette API key, in words; None where it can.
    """

    state: KeyState
    ciphertext: str | None = field(default=None, repr=False)
    is_canonical: bool = field(default=True, repr=False)
    secret: Any = field(default=None, repr=False, compare=False)
    fingerprint: str | None = None
    prove: Callable[..., str] | None = field(default=None, repr=False, compare=False)
    problem: str | None = None

    @classmethod
    def opened(cls, text: str, *, secret: Any = None, ciphertext: str | None = None) -> ApiKey:
        """The handle on a key whose text is known. `secret` is the text as a Pulumi secret, where one is needed."""
        problem = key_problem(text)
        if problem is not None:
            # Of what is no Palette API key, nothing may be told: not even a fingerprint.
            return cls(KeyState.DECRYPTED, ciphertext=ciphertext, secret=secret, problem=problem)
        return cls(
            KeyState.DECRYPTED,
            ciphertext=ciphertext,
            secret=secret,
            fingerprint=fingerprint_of(text),
            prove=_prover(text),
        )

    def proves(self, proof: str, stack: str, host_url: str | None, ciphertext: str | None) -> bool:
        """Whether a proof was made with this key, for this stack, host and encryption."""
        if self.prove is None or ciphertext is None:
            return False
        expected = self.prove(*_proven_parts(stack, host_url or "", ciphertext))
        return hmac.compare_digest(proof.encode(), expected.encode())

    def settings_proof(self, settings: str) -> str | None:
        """The proof that who annotated a Settings, ``namespace/name``, knew this key; None where it is not opened."""
        return None if self.prove is None else self.prove(settings)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_key_from)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "Written by `pulumi config set --secret --path`.",
            "properties": {"secure": {"type": "string"}},
            "required": ["secure"],
            "additionalProperties": False,
        }


def _key_from(value: object) -> ApiKey:
    if isinstance(value, ApiKey):
        return value
    if isinstance(value, str):
        return ApiKey(KeyState.PLAINTEXT)
    ciphertext = ciphertext_of(value)
    if ciphertext is not None:
        canonical = canonical_ciphertext(ciphertext)
        return ApiKey(KeyState.ENCRYPTED, ciphertext=canonical, is_canonical=canonical == ciphertext)
    raise ValueError("an API key is the object that `pulumi config set --secret --path` writes")


def fingerprint_of(api_key: str) -> str:
    """The fingerprint of a key, for example ``pai1:`` and 40 hexadecimal digits."""
    return f"pai1:{hashlib.sha256(_framed(_FINGERPRINT_DOMAIN, sent(api_key).encode())).hexdigest()[:40]}"


def proof_of(api_key: str, stack: str, host_url: str, ciphertext: str) -> str:
    """The proof that who wrote a fingerprint beside a ciphertext of a stack knew the key: 40 hexadecimal digits."""
    return _prover(api_key)(*_proven_parts(stack, host_url, ciphertext))


def settings_proof_of(api_key: str, settings: str) -> str:
    """The proof that who annotated a Settings, ``namespace/name``, knew the key: 40 hexadecimal digits."""
    return _prover(api_key)(settings)


def _proven_parts(stack: str, host_url: str, ciphertext: str) -> tuple[str, str, str]:
    return stack, host_of(host_url), canonical_ciphertext(ciphertext)


def _prover(api_key: str) -> Callable[..., str]:
    keyed = hmac.new(sent(api_key).encode(), digestmod=hashlib.sha256)

    def prove(*parts: str) -> str:
        proof = keyed.copy()
        proof.update(_framed(_PROOF_DOMAIN, *(part.encode() for part in parts)))
        return proof.hexdigest()[:40]

    return prove


def digest_of(ciphertext: str) -> str:
    """A digest of a ciphertext, by which a fingerprint shows, without any key, what it was made for."""
    return hashlib.sha256(_framed(_DIGEST_DOMAIN, canonical_ciphertext(ciphertext).encode())).hexdigest()[:32]


def _framed(*parts: bytes) -> bytes:
    # Length prefixes keep the parts from running together into the same bytes.
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def sent(api_key: str) -> str:
    """A key as it is sent: without the white space around it, of which a pasted line break is some."""
    return api_key.strip()


def key_problem(api_key: str) -> str | None:
    """Why a text cannot be a Palette API key, or None. Never repeats it."""
    key = sent(api_key)
    if is_placeholder(key):
        return "is empty or a placeholder"
    if key[0] in "\"'`" and key[-1] == key[0]:
        return "stands in quotes"
    if re.match(r"(?i)(bearer|apikey)[\s:]", key):
        return "begins with the name of a header or scheme, which is no part of a key"
    if any(character.isspace() for character in key):
        return "holds white space"
    if not all("!" <= character <= "~" for character in key):
        return "holds a character that no HTTP header can carry"
    if len(key) < _LEAST_LENGTH:
        return f"is shorter than {_LEAST_LENGTH} characters, so it is no Palette API key"
    letters_and_digits = [character for character in key if character.isalnum()]
    of_one_kind = any(all(map(kind, letters_and_digits)) for kind in (str.islower, str.isupper, str.isdigit))
    if of_one_kind or len(set(letters_and_digits)) < _LEAST_VARIETY:
        return "is too plain for a Palette API key: it could be guessed"
    return None


def host_of(host_url: str) -> str:
    """The host of a Palette URL in one spelling: lower case, no scheme, no default port, no dot at the end."""
    try:
        parts = urlsplit(host_url.strip() if "://" in host_url else f"https://{host_url.strip()}")
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        return host_url.strip().lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host if port in (None, 443) else f"{host}:{port}"


def is_placeholder(text: str) -> bool:
    """Whether a credential's value is empty or stands for one that was never filled in."""
    text = text.strip()
    first, last = _WORD.search(text), _WORD.search(text[::-1])
    if first is None or last is None:
        return not text or "***" in text or "..." in text or any(map(_is_bracketed, text.split("\n")))
    start, end = first.start(), len(text) - last.start()
    before, inside, after = text[:start], text[start:end], text[end:]
    if _PLACEHOLDER.fullmatch(inside):
        return True
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    return "\n" not in inside and any(opening in before and closing in after for opening, closing in _BRACKETS)


def _is_bracketed(line: str) -> bool:
    return any(closing in line.partition(opening)[2] for opening, closing in _BRACKETS)


def host_problem(host_url: str) -> str | None:
    """What is wrong with a Palette host URL, or None. Never repeats the URL: it may carry a password."""
    if any(character.isspace() or not character.isprintable() for character in host_url):
        return "holds white space or control characters"
    try:
        parts = urlsplit(host_url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() != "https":
        return "does not begin with https://"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "carries a user name or password"
    if not parts.hostname or port == 0:
        return "names no host"
    if parts.path not in ("", "/") or "?" in host_url or "#" in host_url:
        return "has a path, query or fragment"
    if not re.fullmatch(r"[0-9A-Za-z.\-:\[\]]+", parts.netloc) or ".." in parts.netloc:
        return "is not a URL with a plain host name"
    return None
