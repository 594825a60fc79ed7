"""Preflight: what is asked of the cluster, and of the stack's own state, before anything is registered.

The provider previews what cannot be done, such as an object whose kind is missing, as a green `create`.
So the cluster is asked here, by the provider's own kubeconfig and context.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import pulumi

from paletteai_components.cluster import Cluster
from paletteai_components.fleet import Fleet
from paletteai_components.manifests import manifests_of, reference_of
from paletteai_components.stack import Stack

_WITHOUT = (
    "so a missing CRD or namespace and an object that exists already would show only when `pulumi up` fails on it"
)


def preflight(stack: Stack, deployed: Collection[str], owned: Callable[[], Collection[str]]) -> Fleet:
    """The stack alone with what its cluster told, for the rules to judge; nothing of it where it was not asked.

    `deployed` are the references of the last deployment's outputs. `owned` tells those in the stack's state,
    which costs more, and is called only where the cluster holds something that `deployed` lacks.
    """
    # The client is slow to import, and needed only here.
    from paletteai_components.api_server import ApiServer, Unasked

    fleet = Fleet((stack,))
    provider = pulumi.Config("kubernetes")
    if stack.topology is None or provider.get("renderYamlToDirectory"):
        return fleet
    manifests = list(manifests_of(stack.topology, stack.vendor))
    version = stack.vendor.api_version
    # A credential may be live in the Settings of another stack, also where this one writes none.
    kinds = {each["kind"] for each in manifests} | {"Settings"}
    planned = {reference_of(each) for each in manifests}
    try:
        if provider.get("cluster"):
            raise Unasked("`kubernetes:cluster` is set, which only the provider follows")
        server = ApiServer(provider.get("kubeconfig"), provider.get("context"))
        cluster = server.cluster(version, kinds)
    except Unasked as error:
        pulumi.log.info(f"The cluster was not asked: {error}, {_WITHOUT}.")
        return fleet
    missing = f" Not everything was told: {'; '.join(cluster.unanswered)}." if cluster.unanswered else ""
    pulumi.log.info(f"Asked {cluster.name} for CRDs, namespaces and existing objects.{missing}")
    candidates = {each for each in planned if cluster.live(each)} | _carriers(stack, cluster)
    known = frozenset(owned()) if candidates - {*deployed} else frozenset(deployed)
    return Fleet((stack,), crds=cluster.crds, cluster=replace(cluster, owned=known))


def _carriers(stack: Stack, cluster: Cluster) -> set[str]:
    """The Settings in the cluster that carry a credential of the stack."""
    if stack.topology is None:
        return set()
    integrations = [each.integration for each in stack.topology.settings if each.integration]
    fingerprints = {each.fingerprint_in_force for each in integrations} - {None}
    live = cluster.objects.get("Settings", {})
    return {reference for reference, each in live.items() if each.fingerprint in fingerprints}
