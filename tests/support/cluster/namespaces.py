"""Namespaces on the cluster, and how they go without waiting for the namespace controller."""

from __future__ import annotations

import http
from functools import partial
from typing import Any

from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import VENDORS_OWN, Api, Refused, wait_until

NAMESPACES = "/api/v1/namespaces"

_VENDORS = "/apis/spectrocloud.com/v1alpha1"
# All that tests and controllers put into a namespace.
_HELD = (
    *((_VENDORS, kind) for kind in ("projects", "settings", "computeconfigs")),
    *(("/api/v1", kind) for kind in ("secrets", "configmaps", "serviceaccounts")),
)


def comes_with_the_cluster(namespace: str) -> bool:
    """Whether a namespace is Kubernetes' or the vendor's own."""
    return namespace == "default" or namespace.startswith("kube-") or namespace == VENDORS_OWN


def empty(cluster: ControlPlane) -> None:
    """Removes whatever a test left behind, in an order that the vendor's admission allows."""
    with Api(cluster) as api:
        for namespace in _names(api, NAMESPACES):
            if not comes_with_the_cluster(namespace):
                remove_namespace(api, namespace)
        for tenant in _names(api, f"{_VENDORS}/tenants"):
            # It may go as soon as the vendor's controllers have seen that its Projects are gone.
            wait_until(f"Tenant {tenant} may go", partial(_is_deleted, api, f"{_VENDORS}/tenants/{tenant}"))


def remove_namespace(api: Api, namespace: str) -> None:
    """Removes a namespace and what is in it at once, whatever finalizers are in the way.

    The namespace controller only begins after five seconds. A namespace that is being deleted takes nothing new, so
    what is deleted in it stays away, and it is gone when it is finalized.
    """
    path = f"{NAMESPACES}/{namespace}"
    _ask_if_there(api, "DELETE", path)
    for group, kind in _HELD:
        collection = f"{group}/namespaces/{namespace}/{kind}"
        _ask_if_there(api, "DELETE", collection)
        for name in _names(api, collection):
            without = {"metadata": {"finalizers": None}}
            _ask_if_there(api, "PATCH", f"{collection}/{name}", without, "application/merge-patch+json")
    _ask_if_there(api, "PUT", f"{path}/finalize", {"metadata": {"name": namespace}, "spec": {"finalizers": []}})


def _names(api: Api, collection: str) -> list[str]:
    items = (_ask_if_there(api, "GET", collection) or {"items": []})["items"]
    return [each["metadata"]["name"] for each in items]


def _is_deleted(api: Api, path: str) -> bool:
    try:
        _ask_if_there(api, "DELETE", path)
    except Refused as error:
        if error.code != http.HTTPStatus.FORBIDDEN:
            raise
        return False
    return True


def _ask_if_there(api: Api, *request: Any) -> Any:
    try:
        return api.ask(*request)
    except Refused as error:
        if error.code != http.HTTPStatus.NOT_FOUND:
            raise
        return None
