"""Rules about names: valid, not reserved, and used once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from pydantic.alias_generators import to_camel

from paletteai_components import naming
from paletteai_components.diagnostics import Diagnostic, Severity, escaped
from paletteai_components.kube.manifests import WRITTEN_ANNOTATIONS, WRITTEN_LABELS
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import Path, PlannedSettings, PlannedTenant
from paletteai_components.model.spec import ComputeConfigRefSpec, Spec
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks import ownership
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace

_REFUSED = "so the API server would refuse it"

_METADATA = (
    "labels",
    "annotations",
    "namespace_labels",
    "namespace_annotations",
    "secret_labels",
    "secret_annotations",
)


@rule(
    "PAI006",
    "Every object on a cluster has one owner",
    Scope.WORKSPACE,
    origins={
        Origin.VENDOR: "A Project has the name of its namespace, and PaletteAI refuses any other.\n"
        "Deleting a Project deletes its namespace with everything in it.",
        Origin.PULUMI: "`up` fails on an object that another stack has created.\n"
        "With an import, a stack owns an object whoever else manages it.",
        Origin.OWN: "A stack cannot declare or take over what another one owns, whoever created it.\n"
        "So that no stack evades the comparison, one context has one name of its cluster.",
    },
)
def identity_is_unique(workspace: Workspace) -> Iterator[Diagnostic]:
    """Two stacks with one object undo each other's work, and `pulumi up` of the second may fail.

    A Project's name is its namespace.
    So two Tenants on one cluster cannot have Projects of the same name.
    A Project cannot have the name of a tenant namespace, either: deleting the Project would delete that namespace.
    Two stacks cannot declare the same Tenant, or two Settings of one name in one namespace.
    Many stacks may refer to one Tenant with `existing: true`.

    A stack's cluster is `paletteai:cluster`, or else `kubernetes:context`.
    A stack that names neither is compared with every stack of its environment.
    Two stacks that give one context different cluster names would not be compared, so that is refused.
    It is allowed if each has its own `kubernetes:kubeconfig`.

    `importIds` takes over what nothing else manages, so it cannot list what another stack declares.
    Give one of the objects another name, or declare the object once.
    """
    claims: list[ownership.Claim] = []
    for stack, plan in workspace.planned:
        if stack.identified:
            own = list(ownership.tenant_claims(plan.tenant, stack))
            for project in plan.projects:
                own.extend(ownership.project_claims(project, stack))
            claims.extend(own)
            claims.extend(ownership.import_claims(plan, stack, own))
    yield from map(ownership.conflict, ownership.conflicts_on_clusters(claims))
    yield from _contexts_with_two_names(workspace)


def _contexts_with_two_names(workspace: Workspace) -> Iterator[Diagnostic]:
    users: dict[str, dict[str, list[Stack]]] = {}
    for stack in workspace.stacks:
        if stack.context is not None and stack.identified:
            users.setdefault(stack.context, {}).setdefault(stack.cluster_name, []).append(stack)
    for context, by_name in users.items():
        for (first, its), (second, others) in pairwise(by_name.items()):
            kubeconfigs = {stack.kubeconfig for stack in its}, {stack.kubeconfig for stack in others}
            if all(None not in each for each in kubeconfigs) and kubeconfigs[0].isdisjoint(kubeconfigs[1]):
                continue
            yield Diagnostic(
                "PAI006",
                f"the context `{named(context)}` is cluster `{named(first)}` in stack `{escaped(its[0].name)}` and "
                f"`{named(second)}` in stack `{escaped(others[0].name)}`, so their objects on it are not compared.",
                "Use the same cluster name in all stacks, or none: the context is then the name.",
                (its[0].location("cluster"), others[0].location("cluster")),
            )


@rule(
    "PAI007",
    "Names are valid in Kubernetes, and not reserved",
    origins={
        Origin.API_SERVER: "What the names of namespaces, Secrets and custom objects are made of, and the keys and "
        "values of labels and annotations.\nThe label `kubernetes.io/metadata.name` of a namespace is overwritten.\n"
        "The namespace `default` exists.",
        Origin.KUBERNETES: "Namespaces that begin with `kube-` are reserved.",
        Origin.VENDOR: "The name of a Settings has at most 63 lower-case letters, digits and `-`.\n"
        "`mural-system` is PaletteAI's system namespace.\n"
        "The name of a Tenant is the value of a label of its Projects and its namespace.",
        Origin.OWN: "The labels and annotations that this package writes cannot be set.",
        Origin.BELIEF: "PaletteAI accepts no Tenant with a dot in its name.\n"
        "What the patterns of `deploymentNamespaces` are made of.",
    },
)
def name_is_valid(stack: Stack) -> Iterator[Diagnostic]:
    """Names cannot be changed later, so a wrong one is best found before it is deployed.

    The names of Projects become namespaces, and the name of a Tenant becomes a part of one, `tenant-<name>`.
    Namespaces have at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends.
    The same holds for the names of Settings.
    A Tenant's name may contain dots if its namespace is stated, which is a warning.
    Names of Secrets and compute configs may be longer and contain dots.

    No Project or tenant namespace may be `mural-system`, which is PaletteAI's own, or begin with `kube-`.
    Every cluster already has the namespace `default`.
    A Project or tenant namespace of that name is taken over with `importIds: [Namespace/default]`,
    or only referred to with `createNamespace: false`.

    `deploymentNamespaces` lists names and patterns, such as `team-*`.
    An entry that cannot be either is a warning.

    Keys and values of labels and annotations follow the rules of Kubernetes.
    The labels `palette.ai/tenant`, `palette.ai/tenant-name` and `kubernetes.io/metadata.name` and this package's own
    annotations are refused, because they are written in any case.
    """
    plan = stack.plan
    if plan is None:
        return
    yield from _tenant_names(plan.tenant, stack)
    for project in plan.projects:
        yield from _project_names(project, plan.tenant, stack)


def _tenant_names(tenant: PlannedTenant, stack: Stack) -> Iterator[Diagnostic]:
    spec, path = tenant.spec, ("tenant",)
    why = naming.subdomain_problem(spec.name, naming.NAME_LIMIT)
    # What follows from the name is no second mistake.
    stated = None if spec.namespace == naming.tenant_namespace(spec.name) else spec.namespace
    yield from _name_diagnostics("the name of a tenant", spec.name, why, (*path, "name"), stack)
    if why is None and "." in spec.name and stated:
        yield Diagnostic(
            "PAI007",
            f"the name of tenant `{named(spec.name)}` has a dot, which PaletteAI may not accept.",
            "Use lower-case letters, digits and `-`; it cannot be changed later.",
            (stack.location(*path, "name"),),
            Severity.WARNING,
        )
    # Of a Tenant that was read alone, where its namespace is can only be guessed.
    is_known = not stack.is_observed or spec.create_namespace or bool(tenant.settings)
    if stated or (why is None and is_known):
        at = (*path, "namespace" if stated else "name")
        what = "the tenant namespace"
        yield from _namespace_diagnostics(what, what, tenant.namespace, at, stack, stated or spec.name)
        if spec.create_namespace and not spec.existing:
            yield from _existing_namespace(tenant.namespace, spec.import_ids, at, stack)
    yield from _metadata_diagnostics("tenant", spec.name, spec, path, stack)
    for settings in tenant.settings:
        yield from _settings_diagnostics(settings, stack)
    yield from _compute_config_diagnostics(spec.compute_config_ref, path, tenant, stack)


def _project_names(project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Iterator[Diagnostic]:
    spec, path = project.spec, project.path
    yield from _namespace_diagnostics("the name of a project", "the name of project", spec.name, (*path, "name"), stack)
    if spec.create_namespace and naming.always_exists(spec.name):
        yield from _existing_namespace(spec.name, spec.import_ids, (*path, "name"), stack)
    yield from _metadata_diagnostics("project", spec.name, spec, path, stack)
    if project.own:
        yield from _settings_diagnostics(project.own, stack)
    yield from _compute_config_diagnostics(spec.compute_config_ref, path, tenant, stack)
    if spec.deployment_namespaces:
        for field in ("allow", "disallow"):
            for position, name in enumerate(getattr(spec.deployment_namespaces, field)):
                if not naming.is_namespace_pattern(name):
                    yield Diagnostic(
                        "PAI007",
                        f"an entry of `{field}` is neither a namespace nor a pattern, so it probably matches nothing.",
                        "Write the name of a namespace, or a pattern such as `team-*`.",
                        (stack.location(*path, "deploymentNamespaces", field, position),),
                        Severity.WARNING,
                    )


def _settings_diagnostics(settings: PlannedSettings, stack: Stack) -> Iterator[Diagnostic]:
    at = (*settings.path, "name") if settings.project is not None else settings.path
    why = naming.label_problem(settings.name)
    yield from _name_diagnostics(
        "the name of a Settings", settings.name, why, at, stack, "which PaletteAI does not allow"
    )
    for secret in settings.secrets:
        why = naming.subdomain_problem(secret.name)
        # A default name is not written in the file.
        written = "" if secret.path[-1] == "palette" else secret.name
        effect = _REFUSED if secret.managed else "so no Secret can have it"
        yield from _name_diagnostics("the name of a Secret", written, why, secret.path, stack, effect)
    if settings.managed:
        yield from _metadata_diagnostics("Settings", str(settings), settings.spec, settings.path, stack)


def _compute_config_diagnostics(
    config: ComputeConfigRefSpec | None, path: Path, tenant: PlannedTenant, stack: Stack
) -> Iterator[Diagnostic]:
    if config is None:
        return
    why, at = naming.subdomain_problem(config.name), (*path, "computeConfigRef")
    if why is not None:
        effect = "so no ComputeConfig can have it"
        yield from _name_diagnostics("the name of a compute config", config.name, why, (*at, "name"), stack, effect)
    if config.namespace and config.namespace != tenant.namespace:
        why = naming.label_problem(config.namespace)
        if why is not None:
            effect, at = "so no namespace can have it", (*at, "namespace")
            yield from _name_diagnostics("the name of a namespace", config.namespace, why, at, stack, effect)


def _namespace_diagnostics(
    what: str, subject: str, name: str, path: Path, stack: Stack, written: str | None = None
) -> Iterator[Diagnostic]:
    why = naming.label_problem(name)
    if why is not None:
        yield from _name_diagnostics(what, name if written is None else written, why, path, stack)
    elif naming.is_reserved(name):
        whose, remedy = (
            ("Kubernetes", "Choose a name that does not begin with `kube-`.")
            if name.startswith("kube-")
            else ("PaletteAI", "Choose another name.")
        )
        yield Diagnostic(
            "PAI007",
            f"{subject} `{named(name)}` is reserved for {whose}, so its objects could mix with those of {whose}.",
            remedy,
            (stack.location(*path),),
        )


def _existing_namespace(name: str, import_ids: Iterable[str], path: Path, stack: Stack) -> Iterator[Diagnostic]:
    reference = f"Namespace/{name}"
    if naming.always_exists(name) and reference not in import_ids:
        yield Diagnostic(
            "PAI007",
            f"every cluster already has the namespace `{name}`, so it cannot be created.",
            f"Take it over with `importIds: [{reference}]`, or set `createNamespace: false`.",
            (stack.location(*path),),
        )


def _name_diagnostics(
    what: str, name: str, why: str | None, path: Path, stack: Stack, effect: str = _REFUSED
) -> Iterator[Diagnostic]:
    # An invalid name may be anything, even a key, so it is shown only as the name that was meant.
    if why is not None:
        yield Diagnostic(
            "PAI007",
            f"{what} {why}, {effect}.",
            f"{naming.better_name(name)}; it cannot be changed later.",
            (stack.location(*path),),
        )


def _metadata_diagnostics(kind: str, owner: str, spec: Spec, path: Path, stack: Stack) -> Iterator[Diagnostic]:
    # Asking a model for a field that it does not have takes long, and most have none of these.
    fields = vars(spec)
    for name in _METADATA:
        if not (entries := fields.get(name)):
            continue
        field, is_labels = to_camel(name), name.endswith("labels")
        written = WRITTEN_LABELS if is_labels else WRITTEN_ANNOTATIONS
        for key, value in entries.items():
            why = naming.label_key_problem(key) if is_labels else naming.annotation_key_problem(key)
            entry = "an entry" if why else f"the entry `{named(key)}`"
            if why is None and is_labels:
                why = naming.label_value_problem(value)
            if why is None and (writer := written.get(key)):
                why = f"is written by {writer}, which would overwrite it"
            if why is not None:
                yield Diagnostic(
                    "PAI007",
                    f"{entry} in `{field}` of {kind} `{named(owner)}` {why}.",
                    "Correct it or choose another key.",
                    (stack.location(*path, field, key),),
                )


@rule(
    "PAI008",
    "Display names are letters, digits and spaces",
    origins={
        Origin.VENDOR: "The display name of a Project has only letters, digits and spaces.",
        Origin.PULUMI: "What was created before an object that is refused stays.",
        Origin.BELIEF: "The same of a Tenant.\nLetters with accents, an empty name and spaces at the ends are refused.",
    },
)
def display_name_is_plain(stack: Stack) -> Iterator[Diagnostic]:
    """If PaletteAI refuses a Project, its namespace and Settings are left behind.

    So its display name is checked here first.

    Two things are warnings, because the documentation does not mention them: the display name of a Tenant, and
    letters with accents, an empty name, or spaces at the ends.
    Use ASCII letters, digits and spaces only, with a letter or digit at both ends.
    """
    if stack.plan is None:
        return
    tenant = stack.plan.tenant
    owners: list[tuple[str, str, str | None, Path]] = [("tenant", tenant.name, tenant.spec.display_name, ("tenant",))]
    owners += [("project", project.name, project.spec.display_name, project.path) for project in stack.plan.projects]
    for kind, name, display_name, path in owners:
        if display_name is None or (why := naming.display_name_problem(display_name)) is None:
            continue
        is_documented = kind == "project" and naming.has_other_signs(display_name)
        would = "would" if is_documented else "may"
        # The name is not repeated, because it may be anything.
        yield Diagnostic(
            "PAI008",
            f"the display name of {kind} `{named(name)}` {why}, so PaletteAI {would} refuse it.",
            "Use ASCII letters, digits and spaces only, with a letter or digit at both ends.",
            (stack.location(*path, "displayName"),),
            Severity.ERROR if is_documented else Severity.WARNING,
        )
