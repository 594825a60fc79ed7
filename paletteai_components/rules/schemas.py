"""The rule about the cluster's own schemas."""

from __future__ import annotations

from collections.abc import Iterator

from paletteai_components.diagnostics import Place, Problem
from paletteai_components.kube.cluster import Cluster
from paletteai_components.kube.manifests import objects_of
from paletteai_components.kube.palette_api import KINDS
from paletteai_components.model.plan import Topology
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Scope, rule
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Fleet


@rule("PAI016", "A manifest keeps to the cluster's own schemas", Scope.CLUSTER)
def manifest_fits_the_cluster(fleet: Fleet) -> Iterator[Problem]:
    """The API server drops a field that a CRD does not know without a word, and what is dropped has
    no effect. So every manifest is held to the CRDs of the cluster: an unknown field is an error, with
    its path and the nearest one the CRD knows.

    It takes the CRDs to check this, so there are two moments at which it is checked:

    - `pulumi preview` and `up` ask the cluster for its own, and whether it has the kinds at all: without
      the CRD the preview would show a green `create`, and `up` would fail after a minute of retries.
    - `paletteai render --crds FILE` takes them from a file, and needs no cluster. Get it with
      `kubectl get crd -o yaml > crds.yaml`.

    Where the cluster cannot be reached, or the user may not read its CRDs, the preview says in a line
    what was not asked, and goes on. Nothing is refused by this rule then: what does not fit shows when
    `up` fails on it, or is dropped. `paletteai check` never asks a cluster.

    The paths that this package assumes can be corrected with `paletteai:vendorFields`, without waiting
    for a release.
    """
    for stack in fleet.stacks:
        if stack.topology is not None:
            yield from _missing_kinds(stack, stack.topology, fleet.cluster)
    if fleet.crds is None:
        return
    # What validates schemas is slow to import, and needed only here.
    from paletteai_components.kube.crds import problems_in

    for stack in fleet.stacks:
        if stack.topology is not None:
            for each in objects_of(stack.topology, stack.vendor):
                if each.kind in KINDS:
                    yield from problems_in(each.manifest, fleet.crds, (stack.place(*each.path),))


def _missing_kinds(stack: Stack, topology: Topology, cluster: Cluster | None) -> Iterator[Problem]:
    if cluster is None or cluster.kinds is None:
        return
    missing: dict[str, list[Place]] = {}
    for each in objects_of(topology, stack.vendor):
        kind, api_version = each.kind, each.manifest["apiVersion"]
        if kind in KINDS and api_version == cluster.api_version and kind not in cluster.kinds:
            missing.setdefault(kind, []).append(stack.place(*each.path))
    for kind, where in missing.items():
        yield Problem(
            "PAI016",
            f"{named(cluster.name)} does not serve {kind} of {named(cluster.api_version)}, so {len(where)} of what "
            "is declared could not be created.",
            "Install PaletteAI, or its CRDs, there first; or set `paletteai:apiVersion` to a version that it serves.",
            (where[0],),
        )
