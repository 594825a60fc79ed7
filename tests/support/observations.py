"""Objects as kubectl would list them, for the tests that read them back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from copy import deepcopy
from typing import Any

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.kube.manifests import Manifest, palette_document
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.planned import Path
from paletteai_components.observation.objects import ObservedObject, View
from paletteai_components.observation.reading import workspace_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace
from support.samples import HOST, PROJECT_ID


def api_key(name: str) -> str:
    """A key that could be Palette's, the same for the same name."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def document(key: str, **fields: Any) -> dict[str, Any]:
    """The data of a Secret with a Palette credential; a field given as None is left out."""
    every = {"apiKey": key, "defaultProjectID": PROJECT_ID, "hostUrl": HOST, "tenant": "example-tenant", **fields}
    text = json.dumps({field: value for field, value in every.items() if value is not None})
    return {"palette": base64.b64encode(text.encode()).decode()}


def manifest(kind: str, name: str, namespace: str | None = None, **fields: Any) -> Manifest:
    """A manifest of PaletteAI's or of Kubernetes'. `labels` and `annotations` go to its metadata."""
    metadata: dict[str, Any] = {"name": name} | ({"namespace": namespace} if namespace else {})
    metadata |= {field: fields.pop(field) for field in ("labels", "annotations") if field in fields}
    version = "v1" if kind in ("Secret", "Namespace") else PaletteApi().api_version
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


def tenant(name: str = "acme", settings: str | None = "default", namespace: str | None = None) -> Manifest:
    """A Tenant, with the reference to its default Settings."""
    reference = {"settingsRef": {"name": settings, "namespace": namespace or f"tenant-{name}"}} if settings else {}
    return manifest("Tenant", name, spec=reference)


def project(name: str = "vision", of: str | None = "acme", settings: str | None = None, **fields: Any) -> Manifest:
    """A Project of a Tenant."""
    spec: dict[str, Any] = {"computeConfigRef": {"name": "default"}}
    spec |= {"tenantRef": {"name": of}} if of else {}
    spec |= {"settingsRef": {"name": settings}} if settings else {}
    return manifest("Project", name, fields.pop("namespace", name), spec=spec, **fields)


def settings(
    namespace: str = "tenant-acme", name: str = "default", secret: str | None = "key", **more: Any
) -> Manifest:
    """A Settings that uses a Secret for Palette."""
    palette = {"integrations": {"palette": {"secretRef": {"name": secret}}}} if secret else {}
    return manifest("Settings", name, namespace, spec=palette, **more)


def secret(namespace: str = "tenant-acme", name: str = "key", key: str = "one", **fields: Any) -> Manifest:
    """A Secret with a Palette credential."""
    return manifest("Secret", name, namespace, data=document(api_key(key), **fields))


WHOLE = (tenant(), settings(), secret(), project())
"""A tenant with nothing wrong with it."""


EVERY_KIND = frozenset({"Tenant", "Project", "Settings", "Secret", "Namespace"})


def observed(
    manifests: Iterable[Manifest],
    api: PaletteApi | None = None,
    *,
    complete: frozenset[str] = frozenset(),
    merges: bool = True,
) -> Workspace:
    """What the manifests show, which are all objects of the complete kinds. Locations: `Kind/namespace/name:path`."""
    return workspace_of(map(_observed, manifests), api or PaletteApi(), View("dev", complete, merges))


def _observed(each: Manifest) -> ObservedObject:
    def location(path: Path) -> SourceLocation:
        return SourceLocation(":".join([read.reference, ".".join(map(str, path))]).rstrip(":"))

    read = ObservedObject(each, location)
    return read


def manifests_of(stack: Stack) -> Iterator[Manifest]:
    """The objects of a stack as they are on a cluster: the Secrets with their documents."""
    for each in stack.objects:
        written = deepcopy(each.manifest)
        if each.kind == "Secret":
            integration = each.owner.integration  # type: ignore[union-attr]
            assert integration is not None
            text = palette_document(integration, api_key(repr(integration)))
            written["data"] = {"palette": base64.b64encode(text.encode()).decode()}
        yield written
