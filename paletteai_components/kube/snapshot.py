"""A snapshot: the objects of a cluster that concern PaletteAI, whoever made them, in a few requests that only read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from paletteai_components.kube.api_server import JSON, METADATA, ApiServer, ClusterUnavailable, unusable
from paletteai_components.kube.cluster import KINDS, SCHEMAS, Unanswered
from paletteai_components.kube.managed_fields import PULUMI, is_managed_by_pulumi
from paletteai_components.kube.manifests import Manifest
from paletteai_components.kube.openapi import Schema, schemas_in
from paletteai_components.kube.pages import Item, asked, listed
from paletteai_components.kube.palette_api import API_GROUP, API_VERSION, SUPPLIERS, PaletteApi
from paletteai_components.model.planned import IntegrationType

Key = tuple[str, str]
"""The namespace and the name of a Secret."""
Tell = Callable[[str, int, int], None]
"""A function that is told, of every page, its kind, how many objects it had and how many are still to come."""

# What a Secret with a kubectl annotation repeats of its data.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# Whoever refers to an object is listed before it, so what is created meanwhile is not taken for missing.
_ORDER = ("Project", "Tenant", "Settings")
_RESOURCES = {"Project": "projects", "Tenant": "tenants", "Settings": "settings"}
_SUPPLIERS = {kind for _, kind in SUPPLIERS}
# A release of Helm may have a MiB, and there are ten of each chart.
_SECRETS = "/api/v1/secrets?fieldSelector=type%21%3Dhelm.sh%2Frelease.v1"
_NAMESPACES = "/api/v1/namespaces"
_NO_SCHEMAS = "the API server does not publish the schemas to this user, so lists were compared without their defaults"


@dataclass(frozen=True)
class Request:
    """What to read of a cluster."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Other paths for the vendor's fields whose path is assumed."""
    api_versions: Collection[str] = ()
    """The versions of the vendor's API to read, the first that is served; without any, what the server prefers."""
    secrets: bool = True
    """Whether to read Secrets."""
    also: frozenset[Key] = frozenset()
    """Secrets to read in any case. Others are read if a Settings refers to them."""
    to_compare: bool = False
    """Whether the objects are compared with others: then also how the server merges, and who wrote which field."""


@dataclass(frozen=True)
class Snapshot:
    """What was read of a cluster."""

    context: str
    """The context of the kubeconfig that leads to it."""
    api: PaletteApi
    """The version of the vendor's API that was read."""
    objects: tuple[Manifest, ...] = field(default=(), repr=False)
    """The objects. Of a Secret, there is only the key of the Palette credential, and the names of the others."""
    complete: frozenset[str] = frozenset()
    """The kinds of which every object is there."""
    unread: tuple[Unanswered, ...] = ()
    """What the user may not list."""
    schemas: Mapping[str, Schema] = field(default_factory=dict, repr=False)
    """How the server merges the vendor's kinds, as far as that was asked for and is known."""


def snapshot_of(server: ApiServer, request: Request, tell: Tell = lambda *_: None) -> Snapshot:
    """Reads a cluster.

    Raises:
        ClusterUnavailable: The API server does not answer, rejects the user, or does not serve the vendor's API.
    """
    reading = _Reading(server, tell, keeps_managers=request.to_compare)
    groups = reading.groups()
    api_version = _version_of(groups, request.api_versions)
    api = PaletteApi(api_version, dict(request.fields))
    resources = _RESOURCES | reading.resources(api_version)
    for kind in _ORDER:
        reading.add(kind, api_version, f"/apis/{quote(api_version)}/{resources[kind]}")
    for (group, kind), (plural, _) in SUPPLIERS.items():
        if versions := groups.get(group):
            reading.add(kind, versions[0], f"/apis/{quote(versions[0])}/{plural}")
    wanted = {*request.also, *_secrets_of(reading.objects, api)}
    if request.secrets and wanted:
        reading.add("Secret", "v1", _SECRETS, keep=partial(_secret, wanted, str(api.path("secret.palette").steps[-1])))
    reading.add("Namespace", "v1", _NAMESPACES, accept=METADATA)
    if not set(_ORDER) & set(reading.complete):
        raise ClusterUnavailable(f"this user may list no objects of kind {', '.join(_ORDER)}")
    schemas = reading.schemas(api_version) if request.to_compare else {}
    return Snapshot(
        server.context, api, tuple(reading.objects), frozenset(reading.complete), tuple(reading.unread), schemas
    )


class _Reading:
    """What was read so far."""

    def __init__(self, server: ApiServer, tell: Tell, *, keeps_managers: bool) -> None:
        self._server, self._tell, self._keeps_managers = server, tell, keeps_managers
        self.objects: list[Manifest] = []
        self.complete: list[str] = []
        self.unread: list[Unanswered] = []

    def groups(self) -> dict[str, list[str]]:
        """The API groups that are served, each with its versions, the preferred one first. Empty where not known."""
        answer = asked(self._server, "/apis")
        if answer.status == HTTPStatus.FORBIDDEN:
            self.unread.append(Unanswered(KINDS, "this user may not list the API groups"))
            return {}
        if answer.status != HTTPStatus.OK:
            raise unusable(answer)
        found = {}
        for group in answer.value.get("groups") or ():
            every = (group.get("preferredVersion") or {}, *(group.get("versions") or ()))
            found[str(group.get("name"))] = list(dict.fromkeys(str(each["groupVersion"]) for each in every if each))
        return found

    def resources(self, api_version: str) -> dict[str, str]:
        """The names of the resources of a version, by their kinds. Empty where they are not known."""
        answer = asked(self._server, f"/apis/{quote(api_version)}")
        if answer.status == HTTPStatus.NOT_FOUND:
            raise _not_served()
        if answer.status not in {HTTPStatus.OK, HTTPStatus.FORBIDDEN}:
            raise unusable(answer)
        # A subresource, such as `tenants/status`, has the same kind.
        every = answer.value.get("resources") or ()
        return {str(each["kind"]): quote(str(each["name"])) for each in every if "/" not in each["name"]}

    def schemas(self, api_version: str) -> dict[str, Schema]:
        """The schemas of the kinds of a version. Empty where they are not known, which is noted."""
        answer = asked(self._server, f"/openapi/v3/apis/{quote(api_version)}")
        found = schemas_in(answer.value, api_version)
        if not found:
            self.unread.append(Unanswered(SCHEMAS, _NO_SCHEMAS))
        return found

    def add(
        self,
        kind: str,
        api_version: str,
        path: str,
        accept: str = JSON,
        keep: Callable[[Item], Item | None] = lambda item: item,
    ) -> None:
        """Reads all objects of a kind."""

        def kept(item: Item) -> Item | None:
            found = keep(item)
            if found is not None:
                self._forget_managers(found.get("metadata", {}))
                # The items of a list do not say what they are.
                found |= {"apiVersion": api_version, "kind": kind}
            return found

        items = listed(self._server, path, partial(self._tell, kind), accept=accept, keep=kept)
        if items is None and kind in _SUPPLIERS:
            # Without them, a Secret that is not there yet is a missing one.
            return
        if items is None:
            self.unread.append(Unanswered(kind, f"this user may not list all objects of kind {kind}"))
            return
        self.objects += items
        self.complete.append(kind)

    def _forget_managers(self, metadata: Item) -> None:
        """Keeps of who wrote which field, which is nearly half of an object, what Pulumi wrote, or whether it did."""
        managed = metadata.pop("managedFields", None) or ()
        if self._keeps_managers and is_managed_by_pulumi(managed):
            metadata["managedFields"] = managed
        elif names := {name for entry in managed if (name := str(entry.get("manager"))).startswith(PULUMI)}:
            metadata["managedFields"] = [{"manager": name} for name in sorted(names)]


def _not_served() -> ClusterUnavailable:
    return ClusterUnavailable(f"it does not serve `{API_GROUP}`, so there is no PaletteAI")


def _version_of(groups: Mapping[str, list[str]], wanted: Collection[str]) -> str:
    served = groups.get(API_GROUP, [])
    if not groups:
        # Which versions are served is not known.
        return next(iter(wanted), API_VERSION)
    if not served:
        raise _not_served()
    return next((each for each in wanted if each in served), served[0])


def _secrets_of(objects: Iterable[Manifest], api: PaletteApi) -> Iterator[Key]:
    """The Secrets that the Settings refer to."""
    paths = [api.path(f"settings.{kind}") for kind in IntegrationType]
    for each in objects:
        if each["kind"] == "Settings":
            for path in paths:
                name = path.read(each)
                if isinstance(name, str):
                    yield str(each["metadata"].get("namespace")), name


def _secret(wanted: Collection[Key], key: str, item: Item) -> Item | None:
    """A Secret without what is not needed of it, None if all of it is not."""
    metadata = item["metadata"]
    if (metadata.get("namespace"), metadata["name"]) not in wanted:
        return None
    (metadata.get("annotations") or {}).pop(_LAST_APPLIED, None)
    data = item.get("data") or {}
    kept = {name: value if name == key else "" for name, value in data.items()}
    return {"metadata": metadata, "type": item.get("type"), "immutable": item.get("immutable"), "data": kept}
