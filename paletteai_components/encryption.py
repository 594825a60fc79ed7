"""Encryption: ciphertexts, salts and data keys, which two stacks must not share, in a form that can be compared.

Pulumi's base64 decoder skips line breaks and ignores the unused bits of the last character. One ciphertext has
therefore many spellings, so different texts can decode to the same bytes.
"""

from __future__ import annotations

import base64

PROVIDER_KEYS = ("encryptionsalt", "secretsprovider", "encryptedkey")
"""The keys of a stack file that say how the stack encrypts. `pulumi stack init` writes them."""


def ciphertext_of(value: object) -> str | None:
    """The ciphertext of an encrypted value, or None if the value is not encrypted."""
    ciphertext = value.get("secure") if isinstance(value, dict) and len(value) == 1 else None
    return ciphertext if isinstance(ciphertext, str) else None


def canonical_ciphertext(text: str) -> str:
    """A ciphertext in the spelling that Pulumi writes. Parts that Pulumi cannot decode stay unchanged."""
    return ":".join(map(_canonical, text.split(":")))


def salt_of(encryptionsalt: str) -> str:
    """The salt in `encryptionsalt`, without the passphrase check after it, which may differ."""
    version, _, rest = encryptionsalt.partition(":")
    salt = rest.partition(":")[0]
    return f"{version}:{_canonical(salt)}"


def data_key_of(encryptedkey: str) -> bytes:
    """The wrapped data key in `encryptedkey`."""
    outer = _decoded(encryptedkey)
    # Some of Pulumi's backends encode it twice.
    inner = _decoded(outer.decode("ascii", "replace"), b"-_") if outer is not None else None
    return inner or outer or encryptedkey.encode()


def _canonical(part: str) -> str:
    data = _decoded(part)
    return part if data is None else base64.b64encode(data).decode("ascii")


def _decoded(text: str, others: bytes = b"+/") -> bytes | None:
    bare = text.replace("\r", "").replace("\n", "")
    padding = "=" * (-len(bare) % 4) if others == b"-_" else ""
    try:
        return base64.b64decode(bare + padding, others, validate=True)
    except ValueError:
        return None
