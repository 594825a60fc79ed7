"""Preflight: what is asked of the cluster before anything is registered.

The provider previews what cannot be done, such as an object whose kind is missing, as a green `create`.
So the cluster is asked here, by the provider's own kubeconfig and context.
"""

from __future__ import annotations

import pulumi

from paletteai_components.kube.cluster import Cluster
from paletteai_components.kube.manifests import objects_of
from paletteai_components.stacks.stack import Stack

_WITHOUT = (
    "so a missing CRD or namespace and an object that exists already would show only when `pulumi up` fails on it"
)


def preflight(stack: Stack) -> Cluster | None:
    """What the cluster that a stack is deployed to tells of what the stack is about; None where it was not asked."""
    # The client is slow to import, and needed only here.
    from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable

    provider = pulumi.Config("kubernetes")
    if stack.topology is None or provider.get("renderYamlToDirectory"):
        return None
    # A credential may be live in the Settings of another stack, also where this one writes none.
    kinds = {each.kind for each in objects_of(stack.topology, stack.vendor)} | {"Settings"}
    try:
        if provider.get("cluster"):
            raise ClusterUnavailable("`kubernetes:cluster` is set, which only the provider follows")
        cluster = ApiServer(provider.get("kubeconfig"), provider.get("context")).cluster(
            stack.vendor.api_version, kinds
        )
    except ClusterUnavailable as error:
        pulumi.log.info(f"The cluster was not asked: {error}, {_WITHOUT}.")
        return None
    missing = f" Not everything was told: {'; '.join(cluster.unanswered)}." if cluster.unanswered else ""
    pulumi.log.info(f"Asked {cluster.name} for CRDs, namespaces and existing objects.{missing}")
    return cluster
