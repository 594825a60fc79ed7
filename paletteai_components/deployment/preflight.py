"""Preflight: the requests to the cluster before anything is registered.

The provider previews what would fail, such as an object whose kind is missing, as a green `create`.
So the cluster is asked here, with the provider's own kubeconfig and context.
"""

from __future__ import annotations

import pulumi

from paletteai_components.deployment.coverage import asked_message, unasked_message
from paletteai_components.kube.cluster import CRDS, KINDS, Cluster
from paletteai_components.stacks.stack import Stack

# The rules that need an answer, by what was asked for; every other kind is listed for PAI018 and PAI019.
_NEEDED_FOR = {
    KINDS: ("PAI003", "PAI016", "PAI018", "PAI019"),
    CRDS: ("PAI016",),
    "Namespace": ("PAI017", "PAI018", "PAI019"),
    "Settings": ("PAI003", "PAI018", "PAI019"),
}


def preflight(stack: Stack) -> Cluster | None:
    """Asks the cluster of a stack for its CRDs and for the stack's objects; None if it was not asked."""
    # The client is slow to import and needed only here.
    from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable

    if stack.plan is None:
        return None
    provider = pulumi.Config("kubernetes")
    # Another stack's Settings may hold one of these credentials, even if this stack writes no Settings.
    kinds = {each.kind for each in stack.objects} | {"Settings"}
    try:
        for field in ("renderYamlToDirectory", "cluster"):
            if provider.get(field):
                raise ClusterUnavailable(f"`kubernetes:{field}` is set, which only the provider follows")
        server = ApiServer(provider.get("kubeconfig"), provider.get("context"))
        cluster = server.cluster(stack.api.api_version, kinds)
    except ClusterUnavailable as error:
        pulumi.log.info(unasked_message(str(error)))
        return None
    refused = tuple(each.reason for each in cluster.unanswered)
    needed = {code for each in cluster.unanswered for code in _NEEDED_FOR.get(each.subject, ("PAI018", "PAI019"))}
    message = asked_message(cluster.name, refused, tuple(sorted(needed)))
    unverified = "" if server.is_verified else " Its certificate was not verified: the kubeconfig says so."
    pulumi.log.info(f"{message}{unverified}")
    return cluster
