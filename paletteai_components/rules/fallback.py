"""Rules about what a Project ends up with: its integration, its references, its compute config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paletteai_components import naming
from paletteai_components.diagnostics import Place, Problem, Severity
from paletteai_components.kube.manifests import PlannedObject, project_objects, tenant_objects
from paletteai_components.listing import listed
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import Path, PlannedTenant, Source
from paletteai_components.redaction import named
from paletteai_components.rules.rule import rule
from paletteai_components.stacks.stack import Stack

_PLACES = 10
_KINDS = ("Namespace", "Secret", "Settings", "Tenant", "Project")


@rule(
    "PAI004",
    "A Project resolves to a Palette integration, or states that it goes without",
    holds_for_parts=False,
)
def project_resolves_to_an_integration(stack: Stack) -> Iterator[Problem]:
    """A Project takes its Palette integration from its own Settings, from the Settings of its tenant
    that `settingsRef` names, or from the tenant's default Settings, in this order. From PaletteAI 1.1
    on, Settings are merged per integration, so a Project whose own Settings hold no Palette
    integration still gets the default one. Set `paletteai:mergedSettings: false` for older versions.

    A Project with none can discover no compute and make no dedicated cluster. That is allowed, but
    never by accident: state it with `sharedClusterOnly: true`, on the Project or on the Tenant.

    ```yaml
    paletteai:tenant:
      name: acme
      settings: {}                                   # no default …
      projects:
        - {name: vision}                             # … so this one is refused,
        - {name: lab, settings: {palette: lab}}      # this one has its own,
        - {name: demo, sharedClusterOnly: true}      # and this one says so.
    ```
    """
    if stack.topology is None:
        return
    for project in stack.topology.projects:
        if project.source is Source.NOWHERE and not _dangles(project, stack.topology.tenant):
            yield unresolved(project, stack.topology.tenant, stack)


def unresolved(project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Problem:
    """The problem of a Project with no Palette integration."""
    if tenant.default is None:
        above = f"tenant {named(tenant.name)} has no default Settings"
    elif tenant.default.has_palette:
        above = "its own Settings hide the tenant's, which this PaletteAI does not merge"
    else:
        above = f"the default Settings {named(str(tenant.default))} hold no Palette integration"
    own = "its Settings hold none" if project.own or project.spec.settings_ref else "it has no Settings of its own"
    where = [stack.place(*project.path, "name")]
    if tenant.default is not None:
        where.append(stack.place(*tenant.default.path))
    return Problem(
        "PAI004",
        f"project {named(project.name)} gets no Palette integration: {own}, and {above}. "
        "No compute could be discovered and no dedicated cluster made.",
        "Give the tenant a default Settings with `palette`, give the project `settings` or `settingsRef`, "
        "or state `sharedClusterOnly: true`.",
        tuple(where),
    )


@rule("PAI005", "What is referred to is declared", holds_for_parts=False)
def reference_leads_somewhere(stack: Stack) -> Iterator[Problem]:
    """The API server accepts a reference to something that is not there, and the Project then waits
    for it without a word. So every reference is followed here: `palette` to a declared integration,
    the tenant's and the projects' `settingsRef` to a Settings of the tenant.

    A Settings made elsewhere counts as declared when `existingSettings` lists it. What `importIds`
    lists is an object that the tenant or the project writes.

    PaletteAI looks a Project's `settingsRef` up in the Project's namespace first. A Project with
    Settings of its own therefore cannot refer to the tenant's as well: under the same name its own
    would hide them, under another name its own would never be read.
    """
    topology = stack.topology
    if topology is None or stack.spec is None:
        return
    tenant = topology.tenant
    for settings in topology.settings:
        if settings.palette is not None and settings.integration is None:
            yield Problem(
                "PAI005",
                f"Settings {named(str(settings))} binds the integration{_said(settings.palette)}, which is not "
                "declared, so it would hold no credential.",
                f"Declare it under `paletteai:integrations`.{_known(stack.spec.integrations)}",
                (stack.place(*settings.path, "palette"),),
            )
    declared = [settings.name for settings in tenant.settings]
    if tenant.spec.settings_ref is not None and tenant.default is None:
        yield Problem(
            "PAI005",
            f"tenant {named(tenant.name)} names the default Settings{_said(tenant.spec.settings_ref)}, "
            "which are not declared, so its projects would have nothing to fall back to.",
            f"Declare them under `settings`, or under `existingSettings` if they are made elsewhere.{_known(declared)}",
            (stack.place("tenant", "settingsRef"),),
        )
    if tenant.spec.import_ids:
        yield from _imports(tenant.spec.import_ids, tenant_objects(tenant, stack.vendor), ("tenant",), stack)
    for project in topology.projects:
        ids = project.spec.import_ids
        if project.spec.settings_ref is not None:
            yield from _project_references(project, project.spec.settings_ref, tenant, stack)
        if ids:
            yield from _imports(ids, project_objects(project, stack.vendor), project.path, stack)


def _imports(ids: Iterable[str], objects: Iterable[PlannedObject], path: Path, stack: Stack) -> Iterator[Problem]:
    written = [each.reference for each in objects]
    for position, each in enumerate(ids):
        if each not in written:
            yield Problem(
                "PAI005",
                f"`importIds` lists{_said_object(each)}, which is not written here, so nothing would be taken over.",
                f"Name an object as `Kind/name` or `Kind/namespace/name`.{_known(written)}",
                (stack.place(*path, "importIds", position),),
            )


def _project_references(project: PlannedProject, wanted: str, tenant: PlannedTenant, stack: Stack) -> Iterator[Problem]:
    where = (stack.place(*project.path, "settingsRef"),)
    if project.own is not None:
        effect = "are found first and hide the tenant's" if project.own.name == wanted else "would never be read"
        yield Problem(
            "PAI005",
            f"project {named(project.name)} refers to the tenant's Settings {named(wanted)} and has "
            f"Settings {named(str(project.own))} of its own, which {effect}.",
            "Keep `settings` or `settingsRef`, not both.",
            (*where, stack.place(*project.path, "settings")),
        )
    elif tenant.settings_named(wanted) is None:
        declared = [settings.name for settings in tenant.settings]
        yield Problem(
            "PAI005",
            f"project {named(project.name)} refers to the Settings{_said(wanted)}, which tenant "
            f"{named(tenant.name)} does not have, so it would wait for them without a word.",
            f"Declare them under the tenant's `settings`, or correct the name.{_known(declared)}",
            where,
        )


def _dangles(project: PlannedProject, tenant: PlannedTenant) -> bool:
    """Whether PAI005 already says why the Project gets nothing."""
    wanted = project.spec.settings_ref
    if wanted is not None and project.own is None and tenant.settings_named(wanted) is None:
        return True
    falls_back = tenant.merges or (wanted is None and project.own is None)
    return falls_back and tenant.spec.settings_ref is not None and tenant.default is None


def _said(name: str) -> str:
    # A reference that leads nowhere may be anything, a key too, so only what could be a name is repeated.
    return " (no plain name)" if naming.label_problem(name) else f" {named(name)}"


def _said_object(reference: str) -> str:
    kind, *parts = reference.split("/")
    plain = kind in _KINDS and not any(naming.subdomain_problem(part) for part in parts)
    return f" {named(reference)}" if plain else " (no object's name)"


def _known(known: object) -> str:
    there = ", ".join(named(str(name)) for name in list(known)[:8]) if isinstance(known, dict | list) else ""
    return f" Declared: {there}." if there else ""


@rule(
    "PAI013",
    "`sharedClusterOnly` is true: nothing gives the Project an integration all the same",
    holds_for_parts=False,
)
def shared_cluster_only_is_true(stack: Stack) -> Iterator[Problem]:
    """`sharedClusterOnly: true` promises that a Project has no Palette integration. A default Settings
    of the tenant with one breaks the promise, as does the Project's own Settings or a `settingsRef`:
    PaletteAI has no way to opt out of the fallback, so the Project would discover compute after all.

    Keep the tenant without a default and bind each Project that needs Palette by `settings` or
    `settingsRef`, or move the Projects that go without to a tenant of their own.
    """
    topology = stack.topology
    if topology is None:
        return
    tenant = topology.tenant
    default = tenant.default
    if tenant.spec.shared_cluster_only and default is not None and default.has_palette:
        yield Problem(
            "PAI013",
            f"tenant {named(tenant.name)} states `sharedClusterOnly`, but its default Settings "
            f"{named(str(default))} give every project a Palette integration.",
            "Take `sharedClusterOnly` away, or the default Settings.",
            (stack.place("tenant", "sharedClusterOnly"), stack.place(*default.path)),
        )
    for project in topology.projects:
        if project.spec.shared_cluster_only and project.provider is not None:
            yield promised_otherwise(project, stack)


def promised_otherwise(project: PlannedProject, stack: Stack) -> Problem:
    """The problem of a Project that states `sharedClusterOnly` and has an integration."""
    where: tuple[Place, ...] = (stack.place(*project.path, "sharedClusterOnly"),)
    if project.provider is not None:
        where = (*where, stack.place(*project.provider.path))
    return Problem(
        "PAI013",
        f"project {named(project.name)} states `sharedClusterOnly`, but gets a Palette integration from "
        f"Settings {named(str(project.provider))}, so it would discover compute all the same.",
        "Take `sharedClusterOnly` away, or what gives the project its integration.",
        where,
    )


@rule("PAI015", "Every Project has a compute config", severity=Severity.WARNING, holds_for_parts=False)
def project_has_a_compute_config(stack: Stack) -> Iterator[Problem]:
    """PaletteAI requires every Project to reference a ComputeConfig. State `computeConfigRef` on the
    tenant, from which all its projects inherit it, or on each project. Without a `namespace` it is
    looked for in the tenant's namespace.

    A warning only: the reference may be among the `extraSpec` fields, or set by other hands.
    """
    if stack.topology is None:
        return
    without = [project for project in stack.topology.projects if project.compute_config is None]
    if not without:
        return
    told = listed((named(project.name) for project in without), 5)
    yield Problem(
        "PAI015",
        f"no compute config is named for project {told}; PaletteAI requires one for every project.",
        "Add `computeConfigRef` to the tenant, or to each project.",
        tuple(stack.place(*project.path, "name") for project in without[:_PLACES]),
        Severity.WARNING,
    )
