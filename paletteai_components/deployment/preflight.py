"""Preflight: the requests to the cluster before anything is registered.

The provider previews what would fail, such as an object whose kind is missing, as a green `create`.
So the cluster is asked here, with the provider's own kubeconfig and context.
"""

from __future__ import annotations

import pulumi

from paletteai_components.kube.cluster import Cluster
from paletteai_components.stacks.stack import Stack

_CONSEQUENCE = (
    "so a missing CRD or namespace, or an object that already exists, shows only when `pulumi up` fails on it"
)


def preflight(stack: Stack) -> Cluster | None:
    """Asks the cluster of a stack for its CRDs and for the stack's objects; None if it was not asked."""
    # The client is slow to import and needed only here.
    from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable

    provider = pulumi.Config("kubernetes")
    if stack.plan is None or provider.get("renderYamlToDirectory"):
        return None
    # Another stack's Settings may hold one of these credentials, even if this stack writes no Settings.
    kinds = {each.kind for each in stack.objects} | {"Settings"}
    try:
        if provider.get("cluster"):
            raise ClusterUnavailable("`kubernetes:cluster` is set, which only the provider follows")
        cluster = ApiServer(provider.get("kubeconfig"), provider.get("context")).cluster(stack.api.api_version, kinds)
    except ClusterUnavailable as error:
        pulumi.log.info(f"The cluster was not asked: {error}, {_CONSEQUENCE}.")
        return None
    missing = f" Not everything was checked: {'; '.join(cluster.unanswered)}." if cluster.unanswered else ""
    pulumi.log.info(f"Asked {cluster.name} for CRDs, namespaces and existing objects.{missing}")
    return cluster
