"""Custody: whether a stack can manage the Secret of a Settings as it is, or why the Secret stays an external one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from paletteai_components.credentials import host_problem, is_placeholder
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.listing import listed
from paletteai_components.model.planned import IntegrationType
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.observation.credentials import FIELDS, credential_in, has_four_fields
from paletteai_components.observation.managers import managers_of
from paletteai_components.observation.metadata import declared_text
from paletteai_components.observation.objects import Inventory, Key, ObservedObject, text_at
from paletteai_components.redaction import named

_TYPE = "Opaque"
_LISTED = 5


class Custody:
    """The Secrets of a cluster, and what speaks against managing them."""

    def __init__(self, inventory: Inventory, api: PaletteApi) -> None:
        self._inventory, self._api = inventory, api
        self._users = Counter(_secrets_of_settings(inventory, api))

    def reason_against(self, settings: ObservedObject, secret: str) -> str | None:
        """Why a stack that managed the Secret of a Settings would change it, or would not be alone; None if it can.

        The words quote nothing of the Secret's data.
        """
        return next(self._reasons(settings, (settings.namespace, secret)), None)

    def _reasons(self, settings: ObservedObject, key: Key) -> Iterator[str]:
        if supplier := self._inventory.suppliers.get(key):
            yield f"{supplier.kind} `{named(supplier.name)}` writes it"
        secret = self._inventory.secrets.get(key)
        if secret is None:
            yield "it does not exist, or was not read"
            return
        yield from self._managers(settings, secret)
        yield from self._form(secret)
        credential = credential_in(secret, self._api)
        if credential is None or not has_four_fields(secret, self._api):
            yield f"its document does not have exactly the fields {_quoted(FIELDS)}, all of them text"
        else:
            yield from _wrong_values(credential)

    def _managers(self, settings: ObservedObject, secret: ObservedObject) -> Iterator[str]:
        for manager in managers_of(secret):
            yield f"{manager.name} manages it, as {manager.seen} shows"
        if credential := settings.annotations.get(CREDENTIAL_ANNOTATION):
            yield f"its Settings names the credential `{named(credential)}`, as for a Secret that another tool writes"
        if self._users[secret.key] > 1:
            yield f"{self._users[secret.key]} integrations of Settings use it"

    def _form(self, secret: ObservedObject) -> Iterator[str]:
        manifest, key = secret.manifest, str(self._api.path("secret.palette").steps[-1])
        data = manifest.get("data")
        if others := [name for name in data if name != key] if isinstance(data, dict) else []:
            names = listed((f"`{named(str(name))}`" for name in others), _LISTED)
            yield f"it has other keys beside `{key}`, which a stack would not write: {names}"
        if manifest.get("immutable"):
            yield "it is immutable, so its key could not be rotated"
        if (kind := manifest.get("type") or _TYPE) != _TYPE:
            yield f"it is of the type `{named(str(kind))}`, and a stack writes `{_TYPE}`"


def _wrong_values(credential: IntegrationSpec) -> Iterator[str]:
    """What is wrong with the values of a credential."""
    host = credential.host_url or ""
    texts = {"hostUrl": host, "tenant": credential.tenant, "defaultProjectID": credential.default_project_id}
    if credential.api_key and credential.api_key.diagnostic:
        yield f"its key {credential.api_key.diagnostic}"
    for field, text in texts.items():
        if not text or is_placeholder(text):
            yield f"its `{field}` is empty or a placeholder"
        elif declared_text(text) is None:
            yield f"its `{field}` looks like a key, or would be another value in a file"
    if why := host_problem(host):
        yield f"its `hostUrl` {why}"


def _secrets_of_settings(inventory: Inventory, api: PaletteApi) -> Iterator[Key]:
    for settings in inventory.settings.values():
        for kind in IntegrationType:
            if name := text_at(settings.manifest, api.path(f"settings.{kind}")):
                yield settings.namespace, name


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)
