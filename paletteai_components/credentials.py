"""Credentials: handles on API keys, fingerprints and proofs. A key's text is never kept or printed.

Equal keys have equal fingerprints, whatever the host is called. A fingerprint is one way: SHA-256 over a domain tag
and the key, cut to 160 bits. The key cannot be recovered from it, so it is safe beside the encrypted key in a stack
file, on the Settings and in the outputs.

A fingerprint can be copied. Its proof is an HMAC with the key itself, for one stack, one ciphertext and one host:
making or verifying it takes the key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
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

# The vendor's example of a Palette API key has 32 letters and digits. A much shorter or simpler text is another
# secret, such as a password, which could be guessed from its fingerprint.
_MIN_LENGTH = 20
_MIN_VARIETY = 8

# Placeholders that users and templates write: a word between any signs, a line with brackets, or only signs.
# One pattern for signs, brackets and their content would backtrack without bound.
_PLACEHOLDER = re.compile(
    r"(?i)change[-_ ]?me|replace[-_ ]?me|fill[-_ ]?me[-_ ]?in|fixme|place[-_ ]?holder|insert[-_ ]?here"
)
# These may also be somebody's name.
_LIKE_A_PLACEHOLDER = re.compile(
    r"(?i)to[-_ ]?do|tbd|dummy|sample|your[-_ ]?\w.*|my[-_ ]?(?:api[-_ ]?)?key|x{3,}|null|none|undefined|n/?a"
)
_BRACKETS = (("<", ">"), ("${", "}"), ("{{", "}}"))
_WORD = re.compile(r"\w")
_ID = re.compile(r"[A-Za-z0-9_-]*")
_QUOTES = tuple("\"'`\u2018\u2019\u201c\u201d\u00ab\u00bb")


class KeyState(StrEnum):
    """How a key was declared: encrypted in a file, decrypted by Pulumi, or in plain text."""

    ENCRYPTED = "encrypted"
    DECRYPTED = "decrypted"
    PLAINTEXT = "plaintext"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A handle on a Palette API key. It holds ciphertext or a Pulumi secret, never the key's text."""

    state: KeyState
    ciphertext: str | None = field(default=None, repr=False)
    """The ciphertext of an encrypted key, in Pulumi's own spelling."""
    is_canonical: bool = field(default=True, repr=False)
    """False if the file has another spelling of the ciphertext."""
    secret: Any = field(default=None, repr=False, compare=False)
    """The Pulumi secret of a decrypted key. Opaque below the components."""
    fingerprint: str | None = None
    """The fingerprint of a decrypted key, if it can be a Palette API key."""
    prove: Callable[..., str] | None = field(default=None, repr=False, compare=False)
    """Makes the proofs of a decrypted key: see `proof_of` and `settings_proof_of`."""
    diagnostic: str | None = None
    """Why a decrypted key cannot be a Palette API key, in words. None if it can."""

    @classmethod
    def opened(cls, text: str, *, secret: Any = None, ciphertext: str | None = None) -> ApiKey:
        """The handle on a key whose text is known.

        Args:
            text: The key. It is not kept.
            secret: The key as a Pulumi secret, if one is needed.
            ciphertext: Its ciphertext in the stack file, if it has one.
        """
        diagnostic = key_problem(text)
        if diagnostic is not None:
            # It may be another secret, of which not even a fingerprint may be shown.
            return cls(KeyState.DECRYPTED, ciphertext=ciphertext, secret=secret, diagnostic=diagnostic)
        return cls(
            KeyState.DECRYPTED,
            ciphertext=ciphertext,
            secret=secret,
            fingerprint=fingerprint_of(text),
            prove=_prover(text),
        )

    def proves(self, proof: str, stack: str, host_url: str | None, ciphertext: str | None) -> bool:
        """Whether a proof was made with this key, for this stack, host and ciphertext."""
        if self.prove is None or ciphertext is None:
            return False
        expected = self.prove(*_proven_parts(stack, host_url or "", ciphertext))
        return hmac.compare_digest(proof.encode(), expected.encode())

    def settings_proof(self, settings: str) -> str | None:
        """The proof for a Settings, ``namespace/name``, that its annotator knew this key. None if not decrypted."""
        return None if self.prove is None else self.prove(settings)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            _key_from, serialization=core_schema.plain_serializer_function_ser_schema(_written)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "object",
            "description": "Written by `pulumi config set`, and never by hand.",
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
    raise ValueError("an API key must be the object that `pulumi config set` writes")


def _written(key: ApiKey) -> dict[str, str]:
    # Of a key that is not encrypted nothing is left.
    return {} if key.ciphertext is None else {"secure": key.ciphertext}


def fingerprint_of(api_key: str) -> str:
    """The fingerprint of a key: ``pai1:`` and 40 hexadecimal digits."""
    return f"pai1:{hashlib.sha256(_framed(_FINGERPRINT_DOMAIN, sent(api_key).encode())).hexdigest()[:40]}"


def proof_of(api_key: str, stack: str, host_url: str, ciphertext: str) -> str:
    """The proof that the author of a fingerprint in a stack file knew the key: 40 hexadecimal digits."""
    return _prover(api_key)(*_proven_parts(stack, host_url, ciphertext))


def settings_proof_of(api_key: str, settings: str) -> str:
    """The proof that the annotator of a Settings, ``namespace/name``, knew the key: 40 hexadecimal digits."""
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
    """A digest of the ciphertext that a fingerprint was made for. It shows without the key if it is stale."""
    return hashlib.sha256(_framed(_DIGEST_DOMAIN, canonical_ciphertext(ciphertext).encode())).hexdigest()[:32]


def _framed(*parts: bytes) -> bytes:
    # Length prefixes keep the parts from running together into the same bytes.
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def sent(api_key: str) -> str:
    """A key as it is sent: without the white space around it, such as a pasted line break."""
    return api_key.strip()


def key_problem(api_key: str) -> str | None:
    """Why a text cannot be a Palette API key, without repeating it. None if it can."""
    key = sent(api_key)
    if is_placeholder(key) or may_be_placeholder(key):
        return "is empty or a placeholder"
    if key[0] in "\"'`" and key[-1] == key[0]:
        return "is in quotes"
    if re.match(r"(?i)(bearer|apikey)[\s:]", key):
        return "begins with the name of a header or scheme, which is not part of a key"
    if any(character.isspace() for character in key):
        return "contains white space"
    if not all("!" <= character <= "~" for character in key):
        return "contains a character that is not visible ASCII"
    if len(key) < _MIN_LENGTH:
        return f"is shorter than {_MIN_LENGTH} characters, so it could be guessed from its fingerprint"
    letters_and_digits = [character for character in key if character.isalnum()]
    of_one_kind = any(all(map(kind, letters_and_digits)) for kind in (str.islower, str.isupper, str.isdigit))
    if of_one_kind or len(set(letters_and_digits)) < _MIN_VARIETY:
        return "is too simple, so it could be guessed from its fingerprint"
    return None


def host_of(host_url: str) -> str:
    """The host of a Palette URL in one spelling: lower case, without scheme, default port and final dot.

    An IPv6 address is in brackets, in its shortest form.
    """
    try:
        parts = urlsplit(host_url.strip() if "://" in host_url else f"https://{host_url.strip()}")
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        return host_url.strip().lower()
    if ":" in host:
        host = f"[{_address_in(host) or host}]"
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host if port in (None, 443) else f"{host}:{port}"


def _address_in(host: str) -> str | None:
    """An IP address in its shortest form, or None if a host is none."""
    try:
        return ip_address(host).compressed
    except ValueError:
        return None


def is_placeholder(text: str) -> bool:
    """Whether a value of a credential is empty, or says that it is to be replaced."""
    before, word, after = _around_its_words(text)
    if not word:
        return not before or "***" in before or "..." in before or any(map(_is_bracketed, before.split("\n")))
    if _PLACEHOLDER.fullmatch(word):
        return True
    before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    return "\n" not in word and any(opening in before and closing in after for opening, closing in _BRACKETS)


def may_be_placeholder(text: str) -> bool:
    """Whether a value of a credential looks like a placeholder, but may be somebody's name."""
    return _LIKE_A_PLACEHOLDER.fullmatch(_around_its_words(text)[1]) is not None


def _around_its_words(text: str) -> tuple[str, str, str]:
    """The signs before the first word of a text, its words, and the signs after them. All is before if it has none."""
    text = text.strip()
    first, last = _WORD.search(text), _WORD.search(text[::-1])
    if first is None or last is None:
        return text, "", ""
    start, end = first.start(), len(text) - last.start()
    return text[:start], text[start:end], text[end:]


def _is_bracketed(line: str) -> bool:
    return any(closing in line.partition(opening)[2] for opening, closing in _BRACKETS)


def host_problem(host_url: str) -> str | None:
    """What is wrong with a Palette host URL, or None. Never repeats the URL: it may contain a password."""
    if any(character.isspace() or not character.isprintable() for character in host_url):
        return "contains white space or control characters"
    try:
        parts = urlsplit(host_url)
        port = parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme.lower() != "https":
        return "does not begin with https://"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "contains a user name or password"
    host = (parts.hostname or "").rstrip(".")
    if not host or port == 0:
        return "does not name a host"
    if not re.fullmatch(r"[0-9A-Za-z.\-_:\[\]]+", parts.netloc) or ".." in parts.netloc or host.startswith("."):
        return "is not a URL with a plain host name"
    # As in the URL standard: a host whose last part is a number is an IP address.
    if (":" in host or host.rpartition(".")[2].isdigit()) and _address_in(host) is None:
        return "has an invalid IP address"
    return None


def host_doubt(host_url: str) -> str | None:
    """Why a Palette host URL without a problem is unusual; None if it is not."""
    if urlsplit(host_url).path not in ("", "/") or "?" in host_url or "#" in host_url:
        return "has a path, query or fragment"
    return None


def sent_host(host_url: str) -> str:
    """A Palette host URL as it is sent: without a slash at the end."""
    return host_url.rstrip("/")


def name_doubt(text: str) -> str | None:
    """Why a text is hardly the name or ID of something in Palette; None if it may be one. It is not repeated."""
    if text != text.strip() or not text.isprintable():
        return "has white space or control characters around or in it"
    if text[:1] in _QUOTES or text[-1:] in _QUOTES:
        return "has quotes around it"
    if "://" in text:
        return "is a URL"
    return None


def id_doubt(text: str) -> str | None:
    """Why a text is hardly the ID of a Palette project; None if it may be one. It is not repeated."""
    return name_doubt(text) or (
        None if _ID.fullmatch(text) else "has other characters than letters, digits, `-` and `_`"
    )
