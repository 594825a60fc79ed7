"""The credential in an observed Secret. Its key is read in memory and never kept: see `ApiKey`."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from paletteai_components.credentials import FINGERPRINT, ApiKey
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION, PROOF_ANNOTATION
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.spec import FingerprintSpec, IntegrationSpec
from paletteai_components.observation.objects import Inventory, ObservedObject, text_at
from paletteai_components.redaction import named

FIELDS = ("apiKey", "defaultProjectID", "hostUrl", "tenant")
_STRING_DATA = FieldPath(("stringData",))
_CANNOT_LOG_IN = "so PaletteAI could not log in to Palette"


class _Unusable(Exception):
    """Why a Secret has no usable document, in words that quote nothing of it."""


def integration_of(settings: ObservedObject, secret: str, inventory: Inventory, api: PaletteApi) -> IntegrationSpec:
    """The Palette credential of a Settings: that in its Secret, or what its annotations say of one that is not here."""
    found = inventory.secrets.get((settings.namespace, secret))
    # `secret_diagnostics` reports a document that cannot be used. What the annotations say still holds.
    return (credential_in(found, api) if found else None) or _annotated(settings, secret)


def credential_in(secret: ObservedObject, api: PaletteApi) -> IntegrationSpec | None:
    """The Palette credential in a Secret, with a handle on its key; None if its document cannot be used."""
    try:
        document = _document_in(secret.manifest, api)
    except _Unusable:
        return None
    fields = {field: text for field in FIELDS if isinstance(text := document.get(field), str) and text}
    key = fields.pop("apiKey", None)
    opened = None if key is None else ApiKey.opened(key)
    return IntegrationSpec.model_validate({**fields, "apiKey": opened})


def has_four_fields(secret: ObservedObject, api: PaletteApi) -> bool:
    """Whether the document in a Secret has exactly the four fields of a credential, all of them text."""
    try:
        document = _document_in(secret.manifest, api)
    except _Unusable:
        return False
    return document.keys() == set(FIELDS) and all(isinstance(value, str) for value in document.values())


def document_text(secret: ObservedObject, api: PaletteApi) -> str | None:
    """The text of the document in a Secret, which holds the key; None if there is none."""
    try:
        return _text_in(secret.manifest, api)
    except _Unusable:
        return None


def key_in(secret: ObservedObject, api: PaletteApi) -> str | None:
    """The text of the key in a Secret, for whoever encrypts it; None if its document cannot be used."""
    try:
        key = _document_in(secret.manifest, api).get("apiKey")
    except _Unusable:
        return None
    return key if isinstance(key, str) else None


def is_annotated(settings: ObservedObject) -> bool:
    """Whether the annotations of a Settings say which credential it has."""
    return not settings.annotations.keys().isdisjoint({FINGERPRINT_ANNOTATION, CREDENTIAL_ANNOTATION})


def secret_diagnostics(secret: ObservedObject, api: PaletteApi) -> Iterator[Diagnostic]:
    """What is wrong with the document in a Secret that a Settings uses for Palette. Missing fields are a rule's."""
    name = f"Secret `{named(secret.namespace)}/{named(secret.name)}`"
    # The line of its data might show the key.
    where = (secret.location(),)
    try:
        document = _document_in(secret.manifest, api)
    except _Unusable as error:
        remedy = f"Write one JSON document with {', '.join(f'`{field}`' for field in FIELDS)}, all of them text."
        yield Diagnostic("PAI009", f"{name} {error}, {_CANNOT_LOG_IN}.", remedy, where)
        return
    wrong = [field for field in FIELDS if document.get(field) is not None and not isinstance(document[field], str)]
    if wrong:
        fact = f"{name} has {_quoted(wrong)} with a value that is not text, {_CANNOT_LOG_IN}."
        yield Diagnostic("PAI009", fact, "Write the value in quotes.", where)
    if others := [field for field in document if field not in FIELDS]:
        fact = f"{name} has other fields than PaletteAI documents: {_quoted(others)}. They may have no effect."
        yield Diagnostic("PAI009", fact, f"Keep {_quoted(FIELDS)}.", where, Severity.WARNING)


def _annotated(settings: ObservedObject, secret: str) -> IntegrationSpec:
    annotations = settings.annotations
    value = annotations.get(FINGERPRINT_ANNOTATION, "")
    fingerprint = None
    if FINGERPRINT.fullmatch(value):
        proof = annotations.get(PROOF_ANNOTATION, "")
        fingerprint = FingerprintSpec(value=value, ciphertext="", proof=proof)
    return IntegrationSpec(
        existing_secret=secret, fingerprint=fingerprint, credential=annotations.get(CREDENTIAL_ANNOTATION)
    )


def _text_in(manifest: Mapping[str, Any], api: PaletteApi) -> str:
    """The text of the document in a Secret. Raises _Unusable."""
    path = api.path("secret.palette")
    key = str(path.steps[-1])
    text = text_at(manifest, _STRING_DATA / key)
    if text is not None:
        return text
    encoded = path.read(manifest)
    if encoded is None:
        keys = [*_keys_at(manifest, "data"), *_keys_at(manifest, "stringData")]
        raise _Unusable(f"has no key `{key}`" + (f", only {_quoted(sorted(keys))}" if keys else ""))
    try:
        # Like the API server, which skips line breaks.
        return base64.b64decode(re.sub(r"[\r\n]", "", encoded), validate=True).decode()
    except (binascii.Error, ValueError, TypeError):
        raise _Unusable(f"has a key `{key}` that is not text in base64") from None


def _document_in(manifest: Mapping[str, Any], api: PaletteApi) -> dict[str, Any]:
    """The document in a Secret. Raises _Unusable."""
    key = api.path("secret.palette").steps[-1]
    text = _text_in(manifest, api)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _Unusable(f"has a key `{key}` that is not a JSON document") from None
    if not isinstance(document, dict):
        raise _Unusable(f"has a key `{key}` whose JSON document is not an object")
    return document


def _keys_at(manifest: Mapping[str, Any], field: str) -> list[str]:
    found = manifest.get(field)
    return [str(key) for key in found] if isinstance(found, Mapping) else []


def _quoted(names: Any) -> str:
    return ", ".join(f"`{named(str(name))}`" for name in names)
