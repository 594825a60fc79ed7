"""The rules about what a cluster holds already. They judge only what was asked: see `Cluster`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from paletteai_components.diagnostics import Place, Problem, Severity
from paletteai_components.kube.cluster import Cluster
from paletteai_components.kube.manifests import (
    FINGERPRINT_ANNOTATION,
    PROOF_ANNOTATION,
    Manifest,
    PlannedObject,
    objects_of,
)
from paletteai_components.kube.palette_api import FIELDS
from paletteai_components.model.plan import Topology
from paletteai_components.model.planned import Path, PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Scope, rule
from paletteai_components.stacks.workspace import Fleet


@rule("PAI017", "A namespace is there before it is used, and stays", Scope.CLUSTER)
def namespace_is_there(fleet: Fleet) -> Iterator[Problem]:
    """A namespace that is referred to and not made (`createNamespace: false`, or a tenant made
    elsewhere) has to be in the cluster, and no namespace may be on its way out. Pulumi previews what
    goes into a missing or terminating namespace as a green `create`, and `up` fails on it after a
    minute.

    Create the namespace, or let the stack do it; wait for one that is being deleted.
    """
    cluster = fleet.cluster
    if cluster is None or "Namespace" not in cluster.objects:
        return
    for stack in fleet.stacks:
        if stack.topology is None:
            continue
        for name, made, path in _namespaces(stack.topology):
            problem = _namespace_problem(cluster, name, made, stack.place(*path))
            if problem is not None:
                yield problem


@rule("PAI018", "What is to be created is not there already", Scope.CLUSTER)
def object_is_new(fleet: Fleet) -> Iterator[Problem]:
    """Pulumi creates what is not in its own state. Where the cluster holds an object of that name, made
    by hand, by PaletteAI's installation or by another stack, the preview shows a green `create` and
    `up` fails on it at once.

    `importIds` takes it over: list it at the tenant or project it belongs to, as this message calls
    it, for example `importIds: [Namespace/tenant-acme, Tenant/acme]`. The preview then shows the
    import and what it changes. Take the line away when it is done. Taking over is for what nobody
    else manages: two stacks with one object undo each other's work.

    A Secret whose Settings is not there yet may be what an interrupted deployment left. Delete it
    then: in the middle of a move an import would leave the Secret of the old place in Pulumi's state.
    """
    cluster = fleet.cluster
    if cluster is None:
        return
    for stack in fleet.stacks:
        if stack.topology is None:
            continue
        imported = dict(stack.topology.import_ids)
        for each in objects_of(stack.topology, stack.vendor):
            reference = each.reference
            known = each.kind in cluster.objects and reference not in cluster.owned
            there = cluster.live(reference) is not None
            if known and there and reference not in imported:
                yield Problem(
                    "PAI018",
                    f"{named(reference)} is in {named(cluster.name)} already and not in this stack's state, so "
                    "`pulumi up` would fail on it.",
                    _remedy(cluster, each),
                    (stack.place(*each.path),),
                )
            elif known and not there and reference in imported:
                yield Problem(
                    "PAI018",
                    f"{named(reference)} is to be taken over, and is not in {named(cluster.name)}, so "
                    "`pulumi up` would fail on it.",
                    "Take it out of `importIds`: it will be created.",
                    (stack.place(*imported[reference]),),
                )


@rule("PAI019", "What others wrote with kubectl is declared", Scope.CLUSTER, Severity.WARNING)
def field_is_declared(fleet: Fleet) -> Iterator[Problem]:
    """Before it updates an object, Pulumi's provider takes over every field that was written with
    kubectl, drops those that are not declared, and makes the others as declared. The engine's preview
    does not show it. So it is said here, before an update that may have to do with something else
    entirely.

    Declare the field, if need be under `extraSpec`, or give it up. What other programs write, such as
    PaletteAI's own controllers and its UI, stays.
    """
    cluster = fleet.cluster
    if cluster is None:
        return
    for stack in fleet.stacks:
        if stack.topology is None:
            continue
        for each in objects_of(stack.topology, stack.vendor):
            reference = each.reference
            live = cluster.live(reference)
            fates: dict[tuple[str, bool], list[str]] = {}
            for manager, path in live.taken_over if live is not None else ():
                declared = _declares(each.manifest, path)
                # What an import changes of a declared field, the preview shows.
                if path not in _NOBODYS and (reference in cluster.owned or not declared):
                    fates.setdefault((manager, declared), []).append(".".join(path))
            for (manager, declared), fields in fates.items():
                said = ", ".join(map(named, sorted(fields)))
                fact = (
                    f"has {said} changed with {named(manager)}. The next `pulumi up` that changes the object makes "
                    "it as declared, and the preview may not show it."
                    if declared
                    else f"holds {said}, written with {named(manager)} and not declared. The next `pulumi up` that "
                    "changes the object drops it."
                )
                yield Problem(
                    "PAI019",
                    f"{named(reference)} {fact}",
                    "Declare it, if need be under `extraSpec`, or give it up.",
                    (stack.place(*each.path),),
                    Severity.WARNING,
                )


# What kubectl and the API server write for themselves.
_NOBODYS = {
    ("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"),
    ("metadata", "labels", "kubernetes.io/metadata.name"),
}
_KNOWN_WITH_A_KEY = {
    ("metadata", "annotations", FINGERPRINT_ANNOTATION),
    ("metadata", "annotations", PROOF_ANNOTATION),
    FIELDS["secret.palette"].path,
}


def _declares(manifest: Manifest, path: tuple[str, ...]) -> bool:
    if path in _KNOWN_WITH_A_KEY:
        return True
    value: object = manifest
    for step in path:
        if not isinstance(value, Mapping):
            # A list is declared as a whole.
            return isinstance(value, list)
        if step not in value:
            return False
        value = value[step]
    return True


def _namespaces(topology: Topology) -> Iterator[tuple[str, bool, Path]]:
    """Every namespace that is used, whether it is made here, and where that is declared."""
    tenant = topology.tenant
    used = not tenant.spec.existing or any(each.made for each in tenant.settings)
    if used:
        path: Path = ("tenant", "namespace" if tenant.spec.namespace else "name")
        yield tenant.namespace, tenant.spec.create_namespace and not tenant.spec.existing, path
    for project in topology.projects:
        yield project.namespace, project.spec.create_namespace, (*project.path, "name")


def _namespace_problem(cluster: Cluster, name: str, made: bool, place: Place) -> Problem | None:
    live = cluster.live(f"Namespace/{name}")
    if live is not None and live.terminating:
        return Problem(
            "PAI017",
            f"namespace {named(name)} is being deleted in {named(cluster.name)}, so nothing can be created in it.",
            f"Wait until it is gone (`kubectl wait --for=delete namespace/{named(name)}`), and run this again.",
            (place,),
        )
    if live is None and not made:
        return Problem(
            "PAI017",
            f"namespace {named(name)} is not in {named(cluster.name)} and is not made here, so what goes into it "
            "could not be created.",
            "Create it first, or leave out `createNamespace: false`.",
            (place,),
        )
    return None


def _remedy(cluster: Cluster, each: PlannedObject) -> str:
    shown = named(each.reference)
    owner = each.owner
    if each.kind == "Secret" and isinstance(owner, PlannedSettings) and cluster.live(f"Settings/{owner}") is None:
        name, namespace = each.manifest["metadata"]["name"], each.manifest["metadata"]["namespace"]
        delete = f"kubectl delete secret {named(name)} --namespace {named(namespace)}"
        return (
            f"Its Settings is not there: if an interrupted deployment left it, delete it (`{delete}`). If nothing "
            f"else manages it, take it over with `importIds: [{shown}]`; otherwise choose another name."
        )
    return f"If nothing else manages it, take it over with `importIds: [{shown}]`; otherwise choose another name."
