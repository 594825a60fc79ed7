"""The credential that a program gives to an integration, and the handle on its key."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

import pulumi

from paletteai_components.credentials import ApiKey, KeyState


@dataclass(frozen=True, eq=False)
class PaletteCredential:
    """The credential of a Palette integration: four fields and the key among them, or an external Secret.

    Bind it to one Settings. A second binding is refused.
    """

    name: str
    """Identifies the credential in messages. It names nothing on the cluster."""
    # Only the name is shown: a key may have been pasted into any other field.
    host_url: str | None = field(default=None, repr=False)
    """The Palette API, for example ``https://api.spectrocloud.com``."""
    tenant: str | None = field(default=None, repr=False)
    """The Palette tenant's name. Not the PaletteAI Tenant."""
    default_project_id: str | None = field(default=None, repr=False)
    """The ID of the Palette project that is used when none is named."""
    api_key: pulumi.Input[str] | ApiKey | None = field(default=None, repr=False)
    """The key. It becomes a Pulumi secret if it is not one yet."""
    existing_secret: str | None = field(default=None, repr=False)
    """The name of an external Secret that holds the credential, instead of the four fields above."""
    credential: str | None = field(default=None, repr=False)
    """Any name for the credential in an external Secret. The same name means the same credential."""


def handle_of(key: object) -> ApiKey | None:
    """The handle on a key in any form that Pulumi accepts; None if the value cannot be a key."""
    match key:
        case ApiKey():
            return key
        case str():
            return opened_key(key)
        case pulumi.Output():
            # The Output itself: it identifies a key that two credentials share.
            return ApiKey(KeyState.DECRYPTED, secret=key)
        case Awaitable():
            return ApiKey(KeyState.DECRYPTED, secret=pulumi.Output.secret(key))
    return None


def opened_key(text: str, ciphertext: str | None = None) -> ApiKey:
    """The handle on a decrypted key, whose text becomes a Pulumi secret."""
    return ApiKey.opened(text, secret=pulumi.Output.secret(text), ciphertext=ciphertext)
