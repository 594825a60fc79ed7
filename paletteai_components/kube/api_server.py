"""The API server of the cluster that a stack is deployed to, and the requests it gets.

Before a deployment there are at most nine requests, regardless of the number of projects: the kinds of the vendor's API
that are served, the CRDs of three of them, and a list for each kind of object. A list asks for metadata only, so the
API server never sends the data of a Secret. `snapshot` reads whole objects, page by page.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import urllib3
import yaml
from kubernetes import client, config
from urllib3 import Retry, Timeout
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from paletteai_components.kube.cluster import CRDS, KINDS, Cluster, LiveObject, Unanswered
from paletteai_components.kube.crds import Crds, crds_of
from paletteai_components.kube.managed_fields import fields_taken_over
from paletteai_components.kube.manifests import (
    CREDENTIAL_ANNOTATION,
    FINGERPRINT_ANNOTATION,
    PROOF_ANNOTATION,
    reference_of,
)
from paletteai_components.kube.structural import UnusableSchema
from paletteai_components.redaction import redacted
from paletteai_components.sdk import connections_of

# Seconds to connect, and to wait for an answer. A preview must not hang on a cluster that is unreachable.
TIMEOUT = Timeout(connect=5, read=15)

JSON = "application/json"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""Asks for a list of nothing but the metadata of objects."""
_IN_CLUSTER = "in-cluster"
# What has a body that is read.
_TELLING = {HTTPStatus.OK, HTTPStatus.GONE}


class ClusterUnavailable(Exception):
    """The cluster was not asked, or did not answer. The text gives the reason and contains no secret."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the API server."""

    status: int
    value: Mapping[str, Any] = field(repr=False)
    """The object that it sent; empty if it sent none that can be used. It may hold Secrets."""


class ApiServer:
    """A cluster's API server, found with the same settings as Pulumi's provider finds it. It only gets GET requests.

    Attributes:
        name: The cluster's name in messages, for example ``the cluster of context dev``.
        context: The context of the kubeconfig that leads to it.
        is_verified: Whether its certificate is verified.
    """

    def __init__(self, kubeconfig: str | None, context: str | None) -> None:
        """Reads the kubeconfig.

        Args:
            kubeconfig: A path, the content of a file, or None for the default locations.
            context: The context to use, or None for the current one.

        Raises:
            ClusterUnavailable: The kubeconfig does not lead to a cluster.
        """
        try:
            settings, self.context = _read_kubeconfig(kubeconfig, context)
        except (config.ConfigException, OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError):
            # The cause is not shown: an invalid value of a kubeconfig may be a token.
            fact = f"has no usable context `{redacted(context)}`" if context else "has no usable current context"
            raise ClusterUnavailable(f"the kubeconfig {fact}") from None
        self.name = f"the cluster of context {redacted(context)}" if context else f"the cluster at {settings.host}"
        # By default the client retries three times, and logs each attempt.
        settings.retries = False
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self.is_verified = settings.verify_ssl or settings.host.startswith("http:")
        if not self.is_verified:
            # Otherwise each request warns, with paths of the machine. The user has asked for it.
            urllib3.disable_warnings(InsecureRequestWarning)
        self._pool = connections_of(settings)
        self._host = settings.host
        authentication: Mapping[str, Any] = settings.auth_settings()
        self._headers = {each["key"]: each["value"] for each in authentication.values()}
        self._unanswered: list[Unanswered] = []

    def cluster(self, api_version: str, kinds: Collection[str]) -> Cluster:
        """Reads the cluster's objects of these kinds.

        Args:
            api_version: Group and version of the vendor's kinds.
            kinds: The kinds to list, the vendor's and those of Kubernetes.

        Raises:
            ClusterUnavailable: The API server does not answer, or rejects the user.
        """
        group, vendors = api_version.rpartition("/")[0], f"/apis/{quote(api_version)}"
        resources = self._read_resources(api_version, vendors)
        served = resources or {}
        crds = self._read_crds([f"{served[kind]}.{group}" for kind in sorted(kinds) if kind in served])
        lists = {"Namespace": "/api/v1/namespaces"}
        for kind in sorted(served.keys() & kinds):
            lists[kind] = f"{vendors}/{served[kind]}"
        if "Secret" in kinds:
            lists |= {"Secret": "/api/v1/secrets?fieldSelector=type%3DOpaque"}
        answers = {
            kind: self._get(kind, f"list all objects of kind {kind}", path, METADATA) for kind, path in lists.items()
        }
        objects = {kind: dict(_live_objects(kind, answer)) for kind, answer in answers.items() if answer is not None}
        served_kinds = None if resources is None else frozenset(resources)
        return Cluster(self.name, api_version, served_kinds, objects, crds=crds, unanswered=tuple(self._unanswered))

    def crds(self, group: str, kinds: Collection[str]) -> Crds:
        """Reads the CRDs of these kinds, with all of their versions.

        Raises:
            ClusterUnavailable: The API server does not answer, or does not let this user read them, or a CRD has no
                usable schema.
        """
        answer = self._get(KINDS, f"list the versions of `{group}`", f"/apis/{quote(group)}") or {}
        served: dict[str, str] = {}
        for each in answer.get("versions") or ():
            version = each["groupVersion"]
            served |= self._read_resources(version, f"/apis/{quote(version)}") or {}
        crds = self._read_crds([f"{served[kind]}.{group}" for kind in sorted(served.keys() & set(kinds))])
        if crds is None or self._unanswered:
            raise ClusterUnavailable("; ".join(each.reason for each in self._unanswered))
        return crds

    def _read_crds(self, names: Iterable[str]) -> Crds | None:
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        answers = [self._get(CRDS, f"read the CRD `{name}`", f"{path}/{quote(name)}") for name in names]
        try:
            return crds_of([answer for answer in answers if answer], self.name)
        except UnusableSchema as error:
            self._unanswered.append(Unanswered(CRDS, f"its CRDs have no usable schema ({error})"))
            return None

    def _read_resources(self, api_version: str, path: str) -> dict[str, str] | None:
        """The kinds that are served and the names of their resources; None where the user may not list them."""
        answer = self._get(KINDS, f"list the kinds of `{api_version}`", path)
        if answer is None:
            return None
        # A subresource, such as `tenants/status`, has the same kind.
        return {each["kind"]: each["name"] for each in answer.get("resources") or () if "/" not in each["name"]}

    def _get(self, subject: str, action: str, path: str, accept: str = JSON) -> Mapping[str, Any] | None:
        """The answer: empty where the resource does not exist, None where the user may not read it."""
        answer = self.ask(path, accept)
        if answer.status == HTTPStatus.FORBIDDEN:
            self._unanswered.append(Unanswered(subject, f"this user may not {action}"))
            return None
        if answer.status not in {HTTPStatus.OK, HTTPStatus.NOT_FOUND}:
            raise unusable(answer)
        return answer.value

    def ask(
        self, path: str, accept: str = JSON, *, retries: Retry | bool = False, timeout: Timeout = TIMEOUT
    ) -> Answer:
        """The answer to one GET.

        Args:
            path: The path and the query.
            accept: The media type of the answer.
            retries: When to ask again; False for never.
            timeout: How long to wait.

        Raises:
            ClusterUnavailable: The API server does not answer, or rejects the user.
        """
        headers = {**self._headers, "Accept": accept}
        try:
            response = self._pool.request(
                "GET", f"{self._host}{path}", headers=headers, timeout=timeout, retries=retries, redirect=False
            )
            value = json.loads(response.data) if response.status in _TELLING else {}
        except (HTTPError, OSError, ValueError):
            # This includes a certificate that is not trusted.
            response = None
        if response is None:
            # Not in the handler: as its context, the error would have the answer, which may hold a Secret.
            raise ClusterUnavailable("it cannot be reached")
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise ClusterUnavailable("it does not accept the user of the kubeconfig")
        return Answer(response.status, value if isinstance(value, dict) else {})


def unusable(answer: Answer) -> ClusterUnavailable:
    """The error of an answer whose status is none that was expected."""
    return ClusterUnavailable(f"it answers with HTTP {answer.status}")


def _read_kubeconfig(kubeconfig: str | None, context: str | None) -> tuple[client.Configuration, str]:
    """The settings of the client, and the name of the context."""
    settings = client.Configuration()
    path = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    is_in_cluster = "KUBERNETES_SERVICE_HOST" in os.environ
    if kubeconfig is not None and not Path(kubeconfig).expanduser().is_file():
        content = yaml.safe_load(kubeconfig)
        config.load_kube_config_from_dict(content, context, settings)
        return settings, str(context or content["current-context"])
    if is_in_cluster and context is None and not Path(path).expanduser().is_file():
        config.load_incluster_config(settings)
        return settings, _IN_CLUSTER
    config.load_kube_config(path, context, settings, persist_config=False)
    return settings, str(context or config.list_kube_config_contexts(path)[1]["name"])


def _live_objects(kind: str, answer: Mapping[str, Any]) -> Iterator[tuple[str, LiveObject]]:
    for item in answer.get("items") or ():
        metadata = item["metadata"]
        annotations = metadata.get("annotations") or {}
        live = LiveObject(
            "deletionTimestamp" in metadata,
            annotations.get(FINGERPRINT_ANNOTATION),
            annotations.get(PROOF_ANNOTATION),
            annotations.get(CREDENTIAL_ANNOTATION),
            tuple(fields_taken_over(metadata.get("managedFields") or ())),
        )
        yield reference_of({"kind": kind, "metadata": metadata}), live
