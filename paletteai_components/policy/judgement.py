"""The judgement of a stack's resources: the objects read back, and what the rules say of them, all at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.manifests import Manifest
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.observation.objects import ObservedObject, View
from paletteai_components.observation.reading import workspace_of
from paletteai_components.policy.resources import ClusterObjects, StackResource, clusters_of
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.workspace import Workspace

# What these rules find is missing, or is there because something else is missing.
_OF_ABSENCE = frozenset({"PAI004", "PAI005", "PAI011", "PAI013", "PAI015", "PAI016"})
_MAX_LOCATIONS = 10


def judged(
    resources: Iterable[StackResource], api: PaletteApi, *, merges: bool = True, silenced: Collection[str] = ()
) -> list[Diagnostic]:
    """Every problem of the objects among a stack's resources, in order. The file of a location is a URN.

    Args:
        resources: The resources of one stack.
        api: The vendor's API.
        merges: Whether this PaletteAI merges Settings per integration.
        silenced: The codes of which only errors are wanted.
    """
    clusters = clusters_of(resources, api)
    workspaces = [_workspace(cluster, api, merges) for cluster in clusters]
    if len(clusters) > 1:
        # Tenants of two clusters may have one name, and are two owners all the same.
        workspaces = [_named(each, cluster.name) for each, cluster in zip(workspaces, clusters, strict=True)]
    # A credential is in one Settings only, on whichever cluster.
    together = Workspace(
        tuple(stack for each in workspaces for stack in each.stacks),
        tuple(diagnostic for each in workspaces for diagnostic in each.diagnostics),
    )
    return list(_concluded(diagnostics_of(together), clusters, silenced))


def _workspace(cluster: ClusterObjects, api: PaletteApi, merges: bool) -> Workspace:
    found = workspace_of(_distinct(cluster.objects), api, View(cluster.name, merges=merges))
    return replace(found, diagnostics=tuple(map(_undecided, found.diagnostics)))


def _named(workspace: Workspace, name: str) -> Workspace:
    return replace(workspace, stacks=tuple(replace(stack, name=name) for stack in workspace.stacks))


def _distinct(objects: Iterable[ObservedObject]) -> Iterator[ObservedObject]:
    """The objects, without those that only repeat another one: a program may read an object that it declares."""
    declared: dict[tuple[str, str, str, str], list[Manifest]] = {}
    for each in objects:
        manifest = {name: value for name, value in each.manifest.items() if name != "metadata"}
        content = {**manifest, "labels": each.labels, "annotations": each.annotations}
        others = declared.setdefault((each.group, each.kind, each.stated_namespace, each.name), [])
        if content not in others:
            others.append(content)
            yield each


def _undecided(diagnostic: Diagnostic) -> Diagnostic:
    """The diagnostic; a warning, if it is about two resources that are one object, because one may only read it."""
    if diagnostic.code != "PAI006":
        return diagnostic
    help = "Keep one of them, unless the other one only reads the object, with `get`."
    return replace(diagnostic, severity=Severity.WARNING, help=help)


def _concluded(
    diagnostics: Iterable[Diagnostic], clusters: list[ClusterObjects], silenced: Collection[str]
) -> Iterator[Diagnostic]:
    """The diagnostics that do not depend on what is not known yet, and a note of that, without those silenced."""
    # Of each resource, the cluster.
    on = {object.location().file: cluster for cluster in clusters for object in cluster.objects}
    withheld: dict[int, ClusterObjects] = {}
    for each in diagnostics:
        if each.severity is not Severity.ERROR and each.code in silenced:
            continue
        around = [on[location.file] for location in each.where if location.file in on] or clusters
        unknown = [cluster for cluster in around if _may_be_there(each, cluster)]
        if unknown:
            withheld |= {id(cluster): cluster for cluster in unknown}
        else:
            yield each
    for cluster in withheld.values():
        where = [*cluster.unknown, *(secret.location() for secret in cluster.unknown_secrets)]
        what = "1 object depends" if len(where) == 1 else f"{len(where)} objects depend"
        yield Diagnostic(
            "PAI005",
            f"{what} on values that only the deployment knows, so whether something is missing is not known.",
            "Set names and references to values that the program knows.",
            tuple(where[:_MAX_LOCATIONS]),
            Severity.NOTE,
        )


def _may_be_there(diagnostic: Diagnostic, cluster: ClusterObjects) -> bool:
    """Whether what a diagnostic misses may be among what is not known."""
    if diagnostic.code == "PAI003" and diagnostic.severity is Severity.NOTE:
        return bool(cluster.unknown_secrets)
    return bool(cluster.unknown) and diagnostic.code in _OF_ABSENCE
