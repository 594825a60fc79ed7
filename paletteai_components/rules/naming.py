"""Rules about names: valid for what they become, free to take, and taken once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from paletteai_components import naming
from paletteai_components.diagnostics import Place, Problem, escaped
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import Path, PlannedSettings, PlannedTenant
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Scope, rule
from paletteai_components.stacks.ownership import (
    Claim,
    conflict,
    conflicts_on_clusters,
    import_claims,
    project_claims,
    tenant_claims,
)
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Fleet

_OWNED = ("palette.ai/", "spectrocloud.com/", "kubernetes.io/", "k8s.io/", "paletteai-components/")


@rule(
    "PAI006",
    "Nothing on a cluster has two owners: no two Projects of one name, no object declared twice",
    Scope.FLEET,
)
def identity_is_unique(fleet: Fleet) -> Iterator[Problem]:
    """A Project's name is its namespace, so two Tenants on one cluster cannot both have a Project of
    the same name, nor can a Project be called like a tenant namespace. Two stacks that both declare a
    Tenant, or a Settings of one name in one namespace, would overwrite each other on every `up`.

    A stack's cluster is `paletteai:cluster`, else its `kubernetes:context`. A stack that names neither
    is compared with every stack of its environment. One context is one cluster: two stacks that call
    it differently would not be compared, so that is refused, unless each brings its own
    `kubernetes:kubeconfig`. A Tenant may be referred to by many stacks with `existing: true`.

    `importIds` takes over what nobody else manages, so it cannot list what another stack declares.
    """
    claims: list[Claim] = []
    for stack in fleet.stacks:
        if stack.topology and stack.identified:
            own = list(tenant_claims(stack.topology.tenant, stack))
            for project in stack.topology.projects:
                own.extend(project_claims(project, stack))
            claims.extend(own)
            claims.extend(import_claims(stack.topology, stack, own))
    yield from map(conflict, conflicts_on_clusters(claims))
    yield from _contexts_with_two_names(fleet)


def _contexts_with_two_names(fleet: Fleet) -> Iterator[Problem]:
    users: dict[str, dict[str, list[Stack]]] = {}
    for stack in fleet.stacks:
        if stack.context is not None and stack.identified:
            users.setdefault(stack.context, {}).setdefault(stack.cluster_name, []).append(stack)
    for context, by_name in users.items():
        for (first, its), (second, others) in pairwise(by_name.items()):
            kubeconfigs = {stack.kubeconfig for stack in its}, {stack.kubeconfig for stack in others}
            if all(None not in each for each in kubeconfigs) and kubeconfigs[0].isdisjoint(kubeconfigs[1]):
                continue
            yield Problem(
                "PAI006",
                f"the context {named(context)} is the cluster {named(first)} in {escaped(its[0].name)} and "
                f"{named(second)} in {escaped(others[0].name)}, so what they deploy to one cluster is not compared.",
                "Give the cluster one name in all of them, or none: the context is a name.",
                tuple(_cluster_place(stack) for stack in (its[0], others[0])),
            )


def _cluster_place(stack: Stack) -> Place:
    return stack.place("cluster") if stack.spec and stack.spec.cluster else stack.file_place("config")


@rule("PAI007", "Names are valid for what they become, and not reserved")
def name_is_valid(stack: Stack) -> Iterator[Problem]:
    """Tenants, Projects and Settings have at most 63 lower-case letters, digits and `-`, with a letter
    or digit at both ends, because they are or become namespaces and labels. `tenant-<name>` has to fit
    as well. Secrets may be longer and have dots.

    No Project or tenant namespace may be `default`, `mural-system` (PaletteAI's own) or begin with
    `kube-`. Keys and values of labels and annotations follow Kubernetes; those that PaletteAI,
    Kubernetes or this package give a meaning to cannot be set by hand.

    Names cannot be changed later, so a wrong one is best found now.
    """
    topology = stack.topology
    if topology is None:
        return
    yield from tenant_names(topology.tenant, stack)
    for project in topology.projects:
        yield from project_names(project, stack)


def tenant_names(tenant: PlannedTenant, stack: Stack) -> Iterator[Problem]:
    """What is wrong with the names of a Tenant and its Settings."""
    spec, path = tenant.spec, ("tenant",)
    why = naming.label_problem(spec.name)
    yield from _name("the name of a tenant", why, (*path, "name"), stack)
    if why is None or spec.namespace:
        at = (*path, "namespace" if spec.namespace else "name")
        yield from _namespace("the tenant namespace", "the tenant namespace", tenant.namespace, at, stack)
    yield from _metadata(f"tenant {spec.name}", spec.labels, spec.annotations, path, stack)
    for settings in tenant.settings:
        yield from _settings(settings, stack)
    if spec.compute_config_ref:
        yield from _compute_config(spec.compute_config_ref.name, spec.compute_config_ref.namespace, path, stack)


def project_names(project: PlannedProject, stack: Stack) -> Iterator[Problem]:
    """What is wrong with the names of a Project and its own Settings."""
    spec, path = project.spec, project.path
    yield from _namespace("the name of a project", "the name of project", spec.name, (*path, "name"), stack)
    yield from _metadata(f"project {spec.name}", spec.labels, spec.annotations, path, stack)
    if project.own:
        yield from _settings(project.own, stack)
    if spec.compute_config_ref:
        yield from _compute_config(spec.compute_config_ref.name, spec.compute_config_ref.namespace, path, stack)
    if spec.deployment_namespaces:
        for field in ("allow", "disallow"):
            for position, name in enumerate(getattr(spec.deployment_namespaces, field)):
                at = (*path, "deploymentNamespaces", field, position)
                yield from _name("a namespace", naming.label_problem(name), at, stack)


def _settings(settings: PlannedSettings, stack: Stack) -> Iterator[Problem]:
    at = (*settings.path, "name") if settings.project is not None else settings.path
    yield from _name("the name of a Settings", naming.label_problem(settings.name), at, stack)
    for secret in settings.secrets:
        yield from _name("the name of a Secret", naming.subdomain_problem(secret.name), secret.path, stack)
    if settings.made:
        yield from _metadata(
            f"Settings {settings}", settings.spec.labels, settings.spec.annotations, settings.path, stack
        )


def _compute_config(name: str, namespace: str | None, path: Path, stack: Stack) -> Iterator[Problem]:
    at = (*path, "computeConfigRef")
    yield from _name("the name of a compute config", naming.subdomain_problem(name), (*at, "name"), stack)
    if namespace is not None:
        yield from _name("a namespace", naming.label_problem(namespace), (*at, "namespace"), stack)


def _namespace(what: str, said: str, name: str, path: Path, stack: Stack) -> Iterator[Problem]:
    why = naming.label_problem(name)
    yield from _name(what, why, path, stack)
    if why is None and naming.is_reserved(name):
        yield Problem(
            "PAI007",
            f"{said} {named(name)} is reserved for Kubernetes or PaletteAI itself, so it would be refused or do "
            "harm there.",
            "Choose another name.",
            (stack.place(*path),),
        )


def _name(what: str, why: str | None, path: Path, stack: Stack) -> Iterator[Problem]:
    # What is no name may be anything, a key too, so only its place is told.
    if why is not None:
        yield Problem(
            "PAI007",
            f"{what} {why}, so the API server would refuse it.",
            "Choose another name; it cannot be changed later.",
            (stack.place(*path),),
        )


def _metadata(
    said: str, labels: Mapping[str, str], annotations: Mapping[str, str], path: Path, stack: Stack
) -> Iterator[Problem]:
    for field, entries in (("labels", labels), ("annotations", annotations)):
        for key, value in entries.items():
            why = naming.qualified_key_problem(key)
            entry = "an entry" if why else f"the entry {named(key)}"
            if why is None and field == "labels":
                why = naming.label_value_problem(value)
            if why is None and _is_owned(key):
                why = "belongs to PaletteAI, Kubernetes or this package, which would overwrite it"
            if why is not None:
                yield Problem(
                    "PAI007",
                    f"{entry} in `{field}` of {named(said)} {why}.",
                    "Correct it or choose another key.",
                    (stack.place(*path, field, key),),
                )


def _is_owned(key: str) -> bool:
    prefix = key.rpartition("/")[0]
    return any(prefix == owned[:-1] or prefix.endswith(f".{owned[:-1]}") for owned in _OWNED)


@rule("PAI008", "Display names are letters, digits and spaces")
def display_name_is_plain(stack: Stack) -> Iterator[Problem]:
    """PaletteAI's webhook refuses a display name with anything but letters, digits and spaces. A
    refused Project leaves its namespace and Settings behind half made, so it is refused here first.
    """
    if stack.topology is None:
        return
    tenant = stack.topology.tenant
    yield from display_name_problems(f"tenant {named(tenant.name)}", tenant.spec.display_name, ("tenant",), stack)
    for project in stack.topology.projects:
        said = f"project {named(project.name)}"
        yield from display_name_problems(said, project.spec.display_name, project.path, stack)


def display_name_problems(said: str, display_name: str | None, path: Path, stack: Stack) -> Iterator[Problem]:
    """What is wrong with a display name. It is not repeated: anything may stand in it."""
    why = naming.display_name_problem(display_name) if display_name is not None else None
    if why is not None:
        yield Problem(
            "PAI008",
            f"the display name of {said} {why}, so PaletteAI would refuse it.",
            "Use letters, digits and spaces only, with a letter or digit at both ends.",
            (stack.place(*path, "displayName"),),
        )
