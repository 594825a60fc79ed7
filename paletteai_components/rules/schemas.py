"""The rule about the cluster's CRDs."""

from __future__ import annotations

from collections.abc import Iterator

from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.kube.cluster import Cluster
from paletteai_components.kube.palette_api import KINDS
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace


@rule(
    "PAI016",
    "A manifest matches the cluster's CRDs",
    Scope.CLUSTER,
    origins={
        Origin.API_SERVER: "It prunes a field that is not in the CRD, and refuses a value that does not fit.",
        Origin.PULUMI: "A kind without a CRD is previewed as a `create`, and `up` fails after a minute.",
    },
)
def manifest_fits_the_cluster(workspace: Workspace) -> Iterator[Diagnostic]:
    """The API server silently prunes a field that is not in the CRD, so the field has no effect.

    Every manifest is checked against the CRDs of the cluster.
    An unknown field is an error, with its path and the nearest known field.

    The CRDs come from one of two sources:

    - `pulumi preview` and `up` read them from the cluster, and check that it serves the kinds.
      Without the CRD, the preview would show a green `create`, and `up` would fail after a minute of retries.
    - `paletteai render --crds FILE` reads them from a file and needs no cluster.
      Write the file with `kubectl get crd -o yaml > crds.yaml`.

    The cluster may be unreachable, or the user may not be allowed to read its CRDs.
    The preview then reports in one line what was not checked, and continues.
    This rule refuses nothing in that case: `up` fails on a mismatch, or the field is pruned.
    `paletteai check` never asks a cluster.

    Correct a path that this package assumes with `paletteai:vendorFields`, without waiting for a release.
    `paletteai crds` reads the same CRDs and names the paths that they have.
    If the CRD has a list where the path takes a mapping, the remedy shows a path through an element of the list.
    Both the field that selects the element and its other fields have to be in the CRD.
    """
    for stack in workspace.stacks:
        yield from _missing_kinds(stack, workspace.cluster)
    if workspace.crds is None:
        return
    # The schema validator is slow to import, and only needed here.
    from paletteai_components.kube.conformance import diagnostics_in

    for stack in workspace.stacks:
        for each in stack.objects:
            if each.kind in KINDS:
                where = (stack.location(*each.path),)
                yield from diagnostics_in(each.manifest, workspace.crds, where, stack.api.lists(each.kind))


def _missing_kinds(stack: Stack, cluster: Cluster | None) -> Iterator[Diagnostic]:
    if cluster is None or cluster.kinds is None:
        return
    missing: dict[str, list[SourceLocation]] = {}
    for each in stack.objects:
        kind, api_version = each.kind, each.manifest["apiVersion"]
        if kind in KINDS and api_version == cluster.api_version and kind not in cluster.kinds:
            missing.setdefault(kind, []).append(stack.location(*each.path))
    for kind, where in missing.items():
        yield Diagnostic(
            "PAI016",
            f"{named(cluster.name)} does not serve {kind} of `{named(cluster.api_version)}`, so {len(where)} of the "
            "declared objects could not be created.",
            "Install PaletteAI or its CRDs there first, or set `paletteai:apiVersion` to a version that is served.",
            (where[0],),
        )
