"""A Palette credential as a declaration may hold it: an API key that is never text, and its fingerprint.

The fingerprint says "the same key on the same Palette host" without telling the key. It is one way:
SHA-256 over a domain tag, the normalised host and the key, of which 160 bits are kept. Whoever knows
a key and its host can recompute it; nobody can go back. It is safe beside the encrypted key in a
stack file, on the Settings and in the outputs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

FINGERPRINT = re.compile(r"pai1:[0-9a-f]{40}")
# Those of a ciphertext alone, as they were written first, have no number.
DIGEST = re.compile(r"(2:)?[0-9a-f]{32}")

_FINGERPRINT_DOMAIN = b"paletteai-components/credential/1"
_DIGEST_DOMAIN = b"paletteai-components/ciphertext/1"
_DIGEST_WITH_HOST_DOMAIN = b"paletteai-components/ciphertext/2"

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
    """How a key came to be known: sealed in a file, opened by Pulumi, or exposed as plain text."""

    SEALED = "sealed"
    OPENED = "opened"
    EXPOSED = "exposed"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A handle on a Palette API key. It holds ciphertext or a Pulumi secret, never the key's text.

    Fields:
        state: see `KeyState`.
        ciphertext: what Pulumi encrypted, for a sealed key.
        secret: the Pulumi secret, for an opened key. Opaque to everything below the components.
        fingerprint: of the key on its host, for an opened key whose text was known.
        placeholder: True when an opened key turned out to be empty or a placeholder.
    """

    state: KeyState
    ciphertext: str | None = field(default=None, repr=False)
    secret: Any = field(default=None, repr=False, compare=False)
    fingerprint: str | None = None
    placeholder: bool = False

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
    match value:
        case ApiKey():
            return value
        case {"secure": str(ciphertext), **rest} if not rest:
            return ApiKey(KeyState.SEALED, ciphertext=ciphertext)
        case str():
            return ApiKey(KeyState.EXPOSED)
    raise ValueError("an API key is the object that `pulumi config set --secret --path` writes")


def fingerprint_of(host_url: str, api_key: str) -> str:
    """The fingerprint of a key on a Palette host, for example ``pai1:`` and 40 hexadecimal digits."""
    digest = hashlib.sha256()
    # Length prefixes keep host and key apart: no two pairs run together into the same bytes.
    for part in (_FINGERPRINT_DOMAIN, host_of(host_url).encode(), api_key.strip().encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return f"pai1:{digest.hexdigest()[:40]}"


def digest_of(ciphertext: str, host_url: str | None = None) -> str:
    """A digest of a ciphertext and its Palette host, by which a fingerprint shows what it was made for.

    Without a host it is the digest of the ciphertext alone: see `made_for`.
    """
    if host_url is None:
        return hashlib.sha256(_DIGEST_DOMAIN + b"\0" + ciphertext.encode()).hexdigest()[:32]
    digest = hashlib.sha256()
    for part in (_DIGEST_WITH_HOST_DOMAIN, host_of(host_url).encode(), ciphertext.encode()):
        digest.update(len(part).to_bytes(8, "big") + part)
    return f"2:{digest.hexdigest()[:32]}"


def made_for(digest: str, ciphertext: str, host_url: str | None) -> bool:
    """Whether a fingerprint with this digest was made for this ciphertext on this host.

    A digest without a number is of the ciphertext alone, and stays good on any host: files hold such ones.
    """
    return digest == digest_of(ciphertext, host_url if digest.startswith("2:") else None)


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
