"""Rules about what a Project gets: its integration, its references, its compute config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from paletteai_components import naming
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.manifests import (
    SHARED_CLUSTER_ONLY_ANNOTATION,
    PlannedObject,
    project_objects,
    tenant_objects,
)
from paletteai_components.listing import listed
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import Path, PlannedTenant, Source
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Origin, rule
from paletteai_components.stacks.stack import Stack

_MAX_LOCATIONS = 10
_KINDS = ("Namespace", "Secret", "Settings", "Tenant", "Project")


@rule(
    "PAI004",
    "A Project resolves to a Palette integration, or declares that it needs none",
    holds_for_parts=False,
    origins={
        Origin.FOUNDING_DOCUMENT: "The Settings in the tenant namespace is the default of the tenant's Projects.\n"
        "One in a Project's namespace overrides it.\n"
        "A Project may go without Palette; then it is limited to the shared cluster.",
        Origin.VENDOR: "A Project's `settingsRef` may name another Settings of its tenant.\n"
        "From 1.1 on, Settings are merged per integration.",
        Origin.OWN: "Going without Palette is declared, so that it is a decision and not an accident.\n"
        "An external Settings is taken to have a Palette integration.",
    },
)
def project_resolves_to_an_integration(stack: Stack) -> Iterator[Diagnostic]:
    """A Project takes its Palette integration from one of three Settings, in this order.

    1. its own Settings,
    2. the tenant's Settings that `settingsRef` names,
    3. the tenant's default Settings.

    From PaletteAI 1.1 on, Settings are merged per integration.
    A Project whose own Settings has no Palette integration still gets the default one.
    Set `paletteai:mergedSettings: false` for older versions.

    A Project without a Palette integration cannot discover compute or create a dedicated cluster.
    That is allowed only where it is intended: set `sharedClusterOnly: true` on the Project or on the Tenant.

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
    if stack.plan is None:
        return
    for project in stack.plan.projects:
        if project.source is Source.NOWHERE and not _dangles(project, stack.plan.tenant):
            yield _unresolved(project, stack.plan.tenant, stack)


def _unresolved(project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Diagnostic:
    if stack.is_observed and tenant.default is None and tenant.settings:
        return _undecided(project, tenant, stack)
    if tenant.default is None:
        above = f"tenant `{named(tenant.name)}` declares no default Settings"
    elif tenant.default.has_palette:
        above = "its own Settings hides the tenant's, because this version of PaletteAI does not merge them"
    else:
        above = f"the default Settings `{named(str(tenant.default))}` has no Palette integration"
    own = "its Settings has none" if project.own or project.spec.settings_ref else "it declares no own Settings"
    where = [stack.location(*project.path, "name")]
    if tenant.default is not None:
        where.append(stack.location(*tenant.default.path))
    return Diagnostic(
        "PAI004",
        f"project `{named(project.name)}` gets no Palette integration: {own}, and {above}. "
        "It could not discover compute or create a dedicated cluster.",
        stack.remedy(
            "Give the tenant a default Settings with `palette`, give the project `settings` or `settingsRef`, "
            "or set `sharedClusterOnly: true`.",
            in_objects="Refer to a Settings in `spec.settingsRef` of the Tenant or of the Project, or annotate the "
            f'Project with `{SHARED_CLUSTER_ONLY_ANNOTATION}: "true"`.',
        ),
        tuple(where),
    )


def _undecided(project: PlannedProject, tenant: PlannedTenant, stack: Stack) -> Diagnostic:
    """The warning of a Project whose Tenant has Settings and refers to none of them."""
    names = listed((f"`{named(str(settings))}`" for settings in tenant.settings), 5)
    return Diagnostic(
        "PAI004",
        f"project `{named(project.name)}` names no Settings, and tenant `{named(tenant.name)}` refers to none of its "
        f"own ({names}). It is not documented whether the project falls back to one all the same.",
        "Set `spec.settingsRef` of the Tenant, or of the Project.",
        (stack.location(*project.path, "name"), stack.location("tenant", "settingsRef")),
        Severity.WARNING,
    )


@rule(
    "PAI005",
    "Every reference is to something declared",
    holds_for_parts=False,
    origins={
        Origin.API_SERVER: "It does not look up what a custom object refers to.",
        Origin.MANIFEST: "PaletteAI's webhooks do not look it up either, as far as one shows.",
        Origin.VENDOR: "A Project refers to one Settings, by its name only.\n"
        "It is looked up in the Project's namespace first, then in the tenant's.",
        Origin.OWN: "What is referred to is declared, because nothing can be said of the rest.",
    },
)
def reference_leads_somewhere(stack: Stack) -> Iterator[Diagnostic]:
    """The API server accepts a reference to a missing object, so nothing else finds a wrong name.

    - `palette` has to name a declared integration.
    - `settingsRef` of the tenant or of a project has to name a Settings of the tenant.
    - `importIds` has to list objects that the tenant or the project writes.

    An external Settings is declared by listing it under `existingSettings`.

    A Project refers to one Settings.
    With `settings`, it refers to its own, so it cannot also have a `settingsRef` to one of the tenant's.
    """
    plan = stack.plan
    if plan is None or stack.spec is None:
        return
    tenant = plan.tenant
    for settings in plan.settings:
        if settings.palette is not None and settings.integration is None:
            yield Diagnostic(
                "PAI005",
                f"Settings `{named(str(settings))}` binds the integration {_reference(settings.palette)}, which is not "
                "declared, so it would have no credential.",
                _remedy(f"Declare it under `{stack.prefix}integrations`.", settings.palette, stack.spec.integrations),
                (stack.location(*settings.path, "palette"),),
            )
    declared = [settings.name for settings in tenant.settings]
    if tenant.spec.settings_ref is not None and tenant.default is None:
        yield Diagnostic(
            "PAI005",
            f"tenant `{named(tenant.name)}` refers to the default Settings {_reference(tenant.spec.settings_ref)}, "
            "which is not declared, so its projects would have nothing to fall back to.",
            _remedy(
                stack.remedy(
                    "Declare it under `settings`, or under `existingSettings` if it is external.",
                    in_objects="Create it, or correct the name.",
                ),
                tenant.spec.settings_ref,
                declared,
            ),
            (stack.location("tenant", "settingsRef"),),
        )
    if tenant.spec.import_ids:
        yield from _imports(tenant.spec.import_ids, tenant_objects(tenant, stack.api), ("tenant",), stack)
    for project in plan.projects:
        ids = project.spec.import_ids
        if project.spec.settings_ref is not None:
            yield from _project_references(project, project.spec.settings_ref, tenant, stack)
        if ids:
            yield from _imports(ids, project_objects(project, stack.api), project.path, stack)


def _imports(ids: Iterable[str], objects: Iterable[PlannedObject], path: Path, stack: Stack) -> Iterator[Diagnostic]:
    written = [each.reference for each in objects]
    for position, each in enumerate(ids):
        if each not in written:
            yield Diagnostic(
                "PAI005",
                f"`importIds` lists {_object_reference(each)}, which is not declared here, so nothing would be "
                "taken over.",
                f"Name an object as `Kind/name` or `Kind/namespace/name`.{_declared(written)}",
                (stack.location(*path, "importIds", position),),
            )


def _project_references(
    project: PlannedProject, wanted: str, tenant: PlannedTenant, stack: Stack
) -> Iterator[Diagnostic]:
    where = (stack.location(*project.path, "settingsRef"),)
    if project.own is not None:
        yield Diagnostic(
            "PAI005",
            f"project `{named(project.name)}` refers to the tenant's Settings {_reference(wanted)} and has its own "
            f"Settings `{named(str(project.own))}`, but a Project refers to one Settings only.",
            "Keep `settings` or `settingsRef`, not both.",
            (*where, stack.location(*project.path, "settings")),
        )
    elif tenant.settings_named(wanted) is None:
        declared = [settings.name for settings in tenant.settings]
        yield Diagnostic(
            "PAI005",
            f"project `{named(project.name)}` refers to the Settings {_reference(wanted)}, which is not declared for "
            f"tenant `{named(tenant.name)}`, so what it would get from it is not known.",
            _remedy(
                stack.remedy(
                    "Declare it under the tenant's `settings`, or under `existingSettings` if it is external; or "
                    "correct the name.",
                    in_objects="Create it in the namespace of the tenant, or correct the name.",
                ),
                wanted,
                declared,
            ),
            where,
        )


def _dangles(project: PlannedProject, tenant: PlannedTenant) -> bool:
    """Whether PAI005 already explains why the Project gets nothing."""
    wanted = project.spec.settings_ref
    if wanted is not None and project.own is None and tenant.settings_named(wanted) is None:
        return True
    falls_back = tenant.merges or (wanted is None and project.own is None)
    return falls_back and tenant.spec.settings_ref is not None and tenant.default is None


def _reference(name: str) -> str:
    # A wrong reference may be anything, even a key, so only a valid name is repeated.
    return "(not a valid name)" if naming.label_problem(name) else f"`{named(name)}`"


def _object_reference(reference: str) -> str:
    kind, *parts = reference.split("/")
    is_valid = kind in _KINDS and not any(naming.subdomain_problem(part) for part in parts)
    return f"`{named(reference)}`" if is_valid else "an invalid reference"


def _remedy(remedy: str, wanted: str, declared: Iterable[str]) -> str:
    """The question whether a declared name is meant; without one like it, the remedy with all of them."""
    names = list(map(named, declared))
    return naming.did_you_mean(wanted, names) or f"{remedy}{_declared(names)}"


def _declared(names: Iterable[str]) -> str:
    first = ", ".join(f"`{named(name)}`" for name in islice(names, 8))
    return f" Declared: {first}." if first else ""


@rule(
    "PAI013",
    "A Project with `sharedClusterOnly` gets no Palette integration",
    holds_for_parts=False,
    origins={
        Origin.FOUNDING_DOCUMENT: "Every Project of a tenant falls back to its default Settings.\n"
        "Only a Project without Palette is limited to the shared cluster.",
        Origin.OWN: "`sharedClusterOnly` is a field of this package, and what it says has to be true.",
    },
)
def shared_cluster_only_is_true(stack: Stack) -> Iterator[Diagnostic]:
    """`sharedClusterOnly: true` says that a Project has no Palette integration, so that nobody has to wonder.

    The tenant's default Settings, the Project's own Settings or its `settingsRef` may still give it one.
    No way to opt out of the fallback is documented.

    Leave the tenant without a default Settings.
    Bind each Project that needs Palette with `settings` or `settingsRef`.
    Or move the Projects without Palette to their own tenant.
    """
    plan = stack.plan
    if plan is None:
        return
    tenant = plan.tenant
    default = tenant.default
    if tenant.spec.shared_cluster_only and default is not None and default.has_palette:
        yield Diagnostic(
            "PAI013",
            f"tenant `{named(tenant.name)}` sets `sharedClusterOnly`, but its default Settings "
            f"`{named(str(default))}` gives its projects a Palette integration.",
            "Remove `sharedClusterOnly`, or the default Settings.",
            (stack.location("tenant", "sharedClusterOnly"), stack.location(*default.path)),
        )
    for project in plan.projects:
        gets = project.effective_settings
        # Of objects that were read, a Settings that is not among them may not exist.
        if project.spec.shared_cluster_only and gets is not None and (gets.managed or not stack.is_observed):
            yield Diagnostic(
                "PAI013",
                f"project `{named(project.name)}` sets `sharedClusterOnly`, but gets a Palette integration from "
                f"Settings `{named(str(gets))}`, so it is not limited to the shared cluster.",
                stack.remedy(
                    "Remove `sharedClusterOnly`, or what gives the project its integration.",
                    in_objects=f"Remove the annotation `{SHARED_CLUSTER_ONLY_ANNOTATION}`, or what gives the project "
                    "its integration.",
                ),
                (stack.location(*project.path, "sharedClusterOnly"), stack.location(*gets.path)),
            )


@rule(
    "PAI015",
    "Every Project has a compute config",
    severity=Severity.WARNING,
    holds_for_parts=False,
    origins={
        Origin.VENDOR: "Every Project must reference a ComputeConfig.",
        Origin.OWN: "It is a warning, because the reference may be set in another way.",
    },
)
def project_has_a_compute_config(stack: Stack) -> Iterator[Diagnostic]:
    """PaletteAI requires every Project to reference a ComputeConfig.

    Set `computeConfigRef` on the tenant, from which all of its projects inherit it, or on each project.
    Without a `namespace`, the tenant's namespace is written.

    This is only a warning: the reference may be among the `extraSpec` fields, or set by another tool.
    """
    if stack.plan is None:
        return
    without = [project for project in stack.plan.projects if project.compute_config is None]
    if not without:
        return
    names = listed((f"`{named(project.name)}`" for project in without), 5)
    yield Diagnostic(
        "PAI015",
        f"no compute config for project {names}; PaletteAI requires one for every project.",
        stack.remedy(
            "Add `computeConfigRef` to the tenant, or to each project.",
            in_objects="Set `spec.computeConfigRef` of each project.",
        ),
        tuple(stack.location(*project.path, "name") for project in without[:_MAX_LOCATIONS]),
        Severity.WARNING,
    )
