"""A Palette credential of a program, and the handle on its key."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

import pulumi

from paletteai_components.credentials import ApiKey, KeyState


@dataclass(frozen=True, eq=False)
class PaletteCredential:
    """A Palette credential. Bind it to one Settings: a second binding is refused.

    Fields:
        name: what messages call it.
        host_url: the Palette API, for example https://api.spectrocloud.com.
        tenant: the Palette tenant's name.
        default_project_id: the Palette project used when none is named.
        api_key: the key; becomes a Pulumi secret if it is none yet.
        existing_secret: instead of the four above, a Secret that somebody else puts in place.
        credential: any name for what is in that Secret; the same name means the same credential.
    """

    name: str
    # What is shown is the name: a key that was put into a wrong field must not be told either.
    host_url: str | None = field(default=None, repr=False)
    tenant: str | None = field(default=None, repr=False)
    default_project_id: str | None = field(default=None, repr=False)
    api_key: pulumi.Input[str] | ApiKey | None = field(default=None, repr=False)
    existing_secret: str | None = field(default=None, repr=False)
    credential: str | None = field(default=None, repr=False)


def handle_of(key: object) -> ApiKey | None:
    """The handle on a key in any form that Pulumi takes; None for what can be no key."""
    match key:
        case ApiKey():
            return key
        case str():
            return opened_key(key)
        case pulumi.Output():
            # The Output itself: two credentials with one Output are recognised by it.
            return ApiKey(KeyState.DECRYPTED, secret=key)
        case Awaitable():
            return ApiKey(KeyState.DECRYPTED, secret=pulumi.Output.secret(key))
    return None


def opened_key(text: str, ciphertext: str | None = None) -> ApiKey:
    """The handle on a key whose text is known, the text a Pulumi secret."""
    return ApiKey.opened(text, secret=pulumi.Output.secret(text), ciphertext=ciphertext)
