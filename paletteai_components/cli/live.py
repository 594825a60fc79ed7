"""The objects of a cluster that a command is for, read and judged by the rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from paletteai_components.cli.checking import checked
from paletteai_components.cli.output.waiting import counted
from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.errors import UserError
from paletteai_components.kube.api_server import ApiServer, ClusterUnavailable
from paletteai_components.kube.manifests import Manifest, reference_of
from paletteai_components.kube.snapshot import Request, Snapshot, snapshot_of
from paletteai_components.observation.objects import Inventory, ObservedObject, View, inventory_of
from paletteai_components.observation.reading import workspace_of
from paletteai_components.redaction import named
from paletteai_components.stacks.workspace import Workspace

# What these rules find may be wrong without all objects of these kinds: who uses something, and what a Project gets.
# The label of a namespace may say whose Settings are in it.
_NEEDED = {
    "PAI004": {"Namespace", "Settings", "Tenant"},
    "PAI011": {"Namespace", "Project", "Tenant"},
    "PAI023": {"Namespace", "Settings", "Tenant"},
}


@dataclass(frozen=True, slots=True)
class Live:
    """The objects of a cluster, and what the rules say of them."""

    snapshot: Snapshot
    objects: tuple[ObservedObject, ...]
    workspace: Workspace
    """The tenants as stacks."""
    diagnostics: tuple[Diagnostic, ...]
    """What the rules found that could be judged."""
    is_verified: bool
    """Whether the certificate of the API server was verified."""

    @property
    def cluster(self) -> str:
        """The cluster's name in messages."""
        return _cluster_of(self.snapshot)

    @property
    def inventory(self) -> Inventory:
        """The objects by what they are."""
        return inventory_of(self.objects)

    @property
    def unjudged(self) -> list[str]:
        """The codes of the rules that need objects which could not be listed."""
        return [code for code, kinds in _NEEDED.items() if not kinds <= self.snapshot.complete]

    def kind_at(self, location: SourceLocation) -> str:
        """The kind of the object at a location."""
        return location.file.removeprefix(f"{named(self.snapshot.context)}/").partition("/")[0]


def live(kubeconfig: str | None, context: str | None, request: Request, *, merges: bool) -> Live:
    """Read and check the objects of a cluster. Nothing is written.

    Args:
        kubeconfig: The path of a kubeconfig, or None for the default locations.
        context: The context to use, or None for the current one.
        request: What to read.
        merges: Whether this PaletteAI merges Settings per integration.

    Raises:
        UserError: The cluster cannot be read.
    """
    try:
        server = ApiServer(kubeconfig, context)
        with counted() as tell:
            snapshot = snapshot_of(server, request, tell)
    except ClusterUnavailable as error:
        raise UserError(
            f"the cluster could not be read, so nothing was checked: {error}.",
            "Name another context with `--context`, or try `kubectl get tenants` with the same one.",
        ) from None
    objects = tuple(_observed(each, snapshot.context) for each in snapshot.objects)
    workspace = workspace_of(objects, snapshot.api, View(_cluster_of(snapshot), snapshot.complete, merges))
    found = Live(snapshot, objects, workspace, (), server.is_verified)
    unjudged = found.unjudged
    return replace(found, diagnostics=tuple(each for each in checked(workspace) if each.code not in unjudged))


def _cluster_of(snapshot: Snapshot) -> str:
    return f"the cluster of context {named(snapshot.context)}"


def _observed(manifest: Manifest, context: str) -> ObservedObject:
    """An object of a cluster: it is at its place there, and has no lines."""
    return ObservedObject(manifest, lambda _: SourceLocation(f"{named(context)}/{named(reference_of(manifest))}"))
