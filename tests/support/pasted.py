"""A stack file that says everything a stack file can say, and keys pasted into any place of it.

The keys are put together when they are asked for: as text in a file they would look like leaks of our own.
"""

from __future__ import annotations

import hashlib
import json
import typing
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel

from paletteai_components.model.spec import ExtraSpec, StackSpec
from support.samples import digest

Path = tuple[str | int, ...]

EVERYTHING: dict[str, Any] = yaml.safe_load("""
paletteai:environment: dev
paletteai:cluster: edge-of-town
paletteai:apiVersion: spectrocloud.com/v1alpha2
paletteai:mergedSettings: true
paletteai:silence: {PAI019: it is known}
paletteai:vendorFields: {settings.palette: spec.integrations.palette.ref.name}
paletteai:integrations:
  shared:
    hostUrl: https://api.spectrocloud.com
    tenant: example-tenant
    defaultProjectID: "651234567890123456789012"
    apiKey: {secure: v1:aaaa}
  vaulted: {existingSecret: made-by-vault, credential: vault://dev/acme/robotics}
paletteai:tenant:
  name: acme
  existing: false
  namespace: dev-tenant
  createNamespace: true
  displayName: Acme Works
  description: Vision for the factory floor
  groups: [acme-admins]
  settings:
    default:
      palette: shared
      secretName: dev-palette-api-secret
      huggingFace: {existingSecret: models}
      nvidia: {existingSecret: ngc}
      labels: {kept-by: platform}
      annotations: {wiki: page-1}
      secretLabels: {rotated: monthly}
      secretAnnotations: {rotated-by: operator}
      extraSpec: {region: {name: eu-west, zones: [zone-a]}}
  existingSettings: [by-hand]
  settingsRef: default
  sharedClusterOnly: false
  computeConfigRef: {name: big, namespace: machines}
  roleMapping: {admin: [admins], editor: [editors], viewer: [viewers]}
  labels: {cost-centre: r-and-d}
  annotations: {ticket: abc-1}
  namespaceLabels: {guarded: yes-it-is}
  namespaceAnnotations: {guard: baseline}
  extraSpec: {owner: somebody}
  onRemoval: retain
  importIds: [Tenant/acme]
  projects:
    - name: vision
      displayName: Vision One
      description: Finds scratches
      createNamespace: true
      settings:
        name: own
        palette: vaulted
        secretName: own-secret
        huggingFace: {existingSecret: own-models}
        nvidia: {existingSecret: own-ngc}
        labels: {own-label: own-value}
        annotations: {own-note: own-text}
        secretLabels: {own-secret-label: own-secret-value}
        secretAnnotations: {own-secret-note: own-secret-text}
        extraSpec: {own-field: own-data}
      computeConfigRef: {name: small, namespace: benches}
      roleMapping: {admin: [leads], editor: [makers], viewer: [guests]}
      deploymentNamespaces: {allow: [jobs], disallow: [system]}
      labels: {line: first}
      annotations: {note: short}
      namespaceLabels: {mesh: enabled}
      namespaceAnnotations: {mesh-note: sidecar}
      extraSpec: {quota: large}
      onRemoval: delete
      importIds: [Namespace/vision]
    - {name: line-1, settingsRef: by-hand}
    - {name: lab, sharedClusterOnly: false}
""")
EVERYTHING["paletteai:integrations"]["shared"]["fingerprint"] = {
    "value": f"pai1:{'a' * 40}",
    "ciphertext": digest("v1:aaaa"),
    "proof": "c" * 40,
}


def keys() -> dict[str, str]:
    """A key of every kind, the lower-case ones valid as names."""
    digest = hashlib.sha256(b"a key that nobody has").hexdigest()
    mixed = b64encode(hashlib.sha512(digest.encode()).digest()).decode()
    letters = mixed.replace("+", "").replace("/", "")
    token = ".".join(["eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxIn0", letters[:43]])
    return {
        "Hugging Face": "hf" + "_" + letters[:34],
        "NVIDIA": "nvapi" + "-" + letters[:30] + "_" + letters[30:60],
        "Palette": letters[5:37],
        "hexadecimal": digest,
        "lower case": digest[:32],
        "web token": token,
    }


def text(declared: dict[str, Any]) -> str:
    """The stack file with this configuration."""
    return json.dumps({"config": {"kubernetes:context": "town", **declared}}, indent=1)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of everything in a value."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*path, key)
        yield from paths(inner, (*path, key))


def locations(value: Any = EVERYTHING, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in the file with its path, and every name that is free; what is encrypted left out."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "apiKey":
                continue
            if path and name not in _FIELDS:
                yield (*path, name), name
            yield from locations(inner, (*path, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from locations(inner, (*path, position))


def pasted(old: str, key: str, declared: dict[str, Any] | None = None) -> str:
    """The file with a key wherever one text stands: references to a name lead to it still."""
    return text(EVERYTHING if declared is None else declared).replace(json.dumps(old), json.dumps(key))


def fields_of(annotation: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all fields that hold text; `*` stands for an item or a free name."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for info in annotation.model_fields.values():
            yield from fields_of(info.annotation, (*path, str(info.alias)))
    elif annotation is str or typing.get_origin(annotation) in (dict, tuple) or annotation == ExtraSpec:
        if annotation is str:
            yield path
        for part in typing.get_args(annotation):
            if part not in (str, ...) or typing.get_origin(annotation) is tuple:
                yield from fields_of(part, (*path, "*"))
            elif part is str:
                yield (*path, "*")
    else:
        for part in typing.get_args(annotation):
            yield from fields_of(part, path)


_FIELDS = {step for path in fields_of(StackSpec) for step in path if step != "*"} | {"extraSpec"}
