"""Rules about what already exists in a cluster. They check only what the cluster answered: see `Cluster`."""

from __future__ import annotations

from collections.abc import Iterator

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.cluster import Cluster
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.manifests import FINGERPRINT_PATH, PROOF_PATH, PlannedObject
from paletteai_components.kube.palette_api import FIELDS
from paletteai_components.model.plan import Plan
from paletteai_components.model.planned import Path, PlannedSettings
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.shell import command, known
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace


@rule(
    "PAI017",
    "A namespace exists before it is used, and is not being deleted",
    Scope.CLUSTER,
    origins={
        Origin.API_SERVER: "It creates nothing in a namespace that is missing or terminating.",
        Origin.PULUMI: "An object in such a namespace is previewed as a `create`.\n"
        "`up` fails, after a minute if the namespace is missing.",
    },
)
def namespace_is_there(workspace: Workspace) -> Iterator[Diagnostic]:
    """Nothing can be created in a namespace that is missing or terminating.

    An external namespace (`createNamespace: false`, or that of an external tenant) has to exist in the cluster,
    if anything is created in it.
    No namespace may be terminating.
    Pulumi previews objects in such a namespace as a green `create`, and `up` fails.

    Create the namespace, or leave out `createNamespace: false`.
    Wait for one that is being deleted.
    """
    cluster = workspace.cluster
    if cluster is None or "Namespace" not in cluster.objects:
        return
    for stack, plan in workspace.planned:
        for name, managed, path in _namespaces(plan):
            diagnostic = _namespace_diagnostic(cluster, name, managed, stack, path)
            if diagnostic is not None:
                yield diagnostic


@rule(
    "PAI018",
    "An object to be created does not exist yet",
    Scope.CLUSTER,
    origins={
        Origin.PULUMI: "An object that exists is previewed as a `create`, and `up` fails at once.\n"
        "An import of an object that does not exist fails, already in the preview.\n"
        "With an import, a stack owns an object whoever else manages it.",
    },
)
def object_is_new(workspace: Workspace) -> Iterator[Diagnostic]:
    """Pulumi creates every object that is not in its own state.

    The cluster may already have an object of that name: created by hand, by PaletteAI or by another stack.
    The preview then shows a green `create`, and `up` fails at once.

    `importIds` takes the object over.
    List it in the tenant or project it belongs to, under the name in the message.
    For example, `importIds: [Namespace/tenant-acme, Tenant/acme]`.
    The preview then shows the import and what it changes.
    Remove the line after the deployment.
    Take over only what nothing else manages: two stacks with one object undo each other's work.

    A Secret without its Settings may be left over from an interrupted deployment.
    Delete it instead: during a move, an import would leave the Secret of the old place in Pulumi's state.
    """
    cluster = workspace.cluster
    if cluster is None:
        return
    for stack, plan in workspace.planned:
        imported = dict(plan.import_ids)
        for each in stack.objects:
            reference = each.reference
            is_known = each.kind in cluster.objects and reference not in cluster.owned
            exists = cluster.live(reference) is not None
            if is_known and exists and reference not in imported:
                yield Diagnostic(
                    "PAI018",
                    f"`{named(reference)}` already exists in {named(cluster.name)} and is not in this stack's state, "
                    "so `pulumi up` would fail.",
                    _remedy(cluster, each, stack),
                    (stack.location(*each.path),),
                )
            elif is_known and not exists and reference in imported:
                yield Diagnostic(
                    "PAI018",
                    f"`{named(reference)}` is listed in `importIds` and is not in {named(cluster.name)}, so Pulumi "
                    "would fail to import it.",
                    "Remove it from `importIds`: it will be created.",
                    (stack.location(*imported[reference]),),
                )


@rule(
    "PAI019",
    "Fields written with kubectl are declared",
    Scope.CLUSTER,
    Severity.WARNING,
    origins={
        Origin.PULUMI: "An update takes over the fields whose manager's name begins with `kubectl`, and removes those "
        "that are not declared.\nThe preview does not show it.\nFields of other managers stay.",
    },
)
def field_is_declared(workspace: Workspace) -> Iterator[Diagnostic]:
    """Pulumi's provider resets fields that were written with kubectl.

    Before it updates an object, the provider takes over every field that was written with kubectl.
    It removes the fields that are not declared and resets the others to the declared values.
    The preview does not show this, and the update may have an unrelated reason.

    Declare the field, under `extraSpec` if necessary, or give it up.
    Fields that other programs write, such as PaletteAI's controllers and its UI, stay.
    """
    cluster = workspace.cluster
    if cluster is None:
        return
    for stack in workspace.stacks:
        for each in stack.objects:
            reference = each.reference
            live = cluster.live(reference)
            by_effect: dict[tuple[str, bool], list[str]] = {}
            for manager, path in live.taken_over if live is not None else ():
                declared = path in _NEEDS_KEY or path.is_in(each.manifest)
                # The preview shows how an import changes declared fields.
                if path not in _BOOKKEEPING and (reference in cluster.owned or not declared):
                    by_effect.setdefault((manager, declared), []).append(path.redacted)
            for (manager, declared), fields in by_effect.items():
                paths = ", ".join(f"`{field}`" for field in sorted(fields))
                fact = (
                    f"has {paths} changed with `{named(manager)}`. The next `pulumi up` that changes the object "
                    "resets this to the declared value, and the preview may not show it."
                    if declared
                    else f"has {paths}, written with `{named(manager)}` and not declared. The next `pulumi up` that "
                    "changes the object removes this."
                )
                yield Diagnostic(
                    "PAI019",
                    f"`{named(reference)}` {fact}",
                    "Declare it, under `extraSpec` if necessary, or give it up.",
                    (stack.location(*each.path),),
                    Severity.WARNING,
                )


# kubectl and the API server write these for their own use.
_BOOKKEEPING = {
    FieldPath(("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration")),
    FieldPath(("metadata", "labels", "kubernetes.io/metadata.name")),
}
_NEEDS_KEY = {FINGERPRINT_PATH, PROOF_PATH, FIELDS["secret.palette"].path}


def _namespaces(plan: Plan) -> Iterator[tuple[str, bool, Path]]:
    """Every namespace that is used, whether the stack manages it, and where it is declared."""
    tenant = plan.tenant
    managed = tenant.spec.create_namespace and not tenant.spec.existing
    # Without Settings in it, PaletteAI may create the namespace once there is the Tenant.
    if managed or any(each.managed for each in tenant.settings):
        path: Path = ("tenant", "namespace" if tenant.spec.namespace else "name")
        yield tenant.namespace, managed, path
    for project in plan.projects:
        yield project.namespace, project.spec.create_namespace, (*project.path, "name")


def _namespace_diagnostic(cluster: Cluster, name: str, managed: bool, stack: Stack, path: Path) -> Diagnostic | None:
    live = cluster.live(f"Namespace/{name}")
    location = stack.location(*path)
    if live is not None and live.terminating:
        wait = command("kubectl wait --for=delete", f"namespace/{known(name, 'NAMESPACE')}", context=_context_of(stack))
        return Diagnostic(
            "PAI017",
            f"namespace `{named(name)}` is being deleted in {named(cluster.name)}, so nothing can be created in it.",
            f"Wait until it is gone (`{wait}`), then run this again.",
            (location,),
        )
    if live is None and not managed:
        return Diagnostic(
            "PAI017",
            f"namespace `{named(name)}` is not in {named(cluster.name)} and this stack does not create it, so nothing "
            "could be created in it.",
            "Create it first, or leave out `createNamespace: false`.",
            (location,),
        )
    return None


def _remedy(cluster: Cluster, each: PlannedObject, stack: Stack) -> str:
    take_over = f"take it over with `importIds: [{named(each.reference)}]`; otherwise choose another name."
    owner = each.owner
    # Of what a Settings owns, only its Secret can be there without it.
    if isinstance(owner, PlannedSettings) and cluster.live(f"Settings/{owner}") is None:
        name, namespace = each.manifest["metadata"]["name"], each.manifest["metadata"]["namespace"]
        delete = command(
            "kubectl delete secret",
            known(name, "SECRET"),
            context=_context_of(stack),
            namespace=known(namespace, "NAMESPACE"),
        )
        return (
            f"Its Settings does not exist: if an interrupted deployment left the Secret, delete it (`{delete}`). "
            f"If nothing else manages it, {take_over}"
        )
    return f"If nothing else manages it, {take_over}"


def _context_of(stack: Stack) -> str | None:
    return known(stack.context, "CONTEXT") if stack.context else None
