"""Topology: what a declaration amounts to.

Every default is applied here and every reference followed: which namespaces, Settings and Secrets
there will be, and for each Project which Settings and Palette integration it ends up with, and why.
Nothing here judges. A reference that leads nowhere resolves to nothing, and the rules say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from paletteai_components import naming
from paletteai_components.model.identity import logical_name
from paletteai_components.model.planned import (
    IntegrationType,
    Path,
    PlannedSecret,
    PlannedSettings,
    PlannedTenant,
    Source,
)
from paletteai_components.model.resolution import given_by, steps_of
from paletteai_components.model.spec import (
    ComputeConfigRefSpec,
    IntegrationSpec,
    OnRemoval,
    ProjectSpec,
    RoleMappingSpec,
    SettingsSpec,
    StackSpec,
    TenantSpec,
)
from paletteai_components.redaction import named


@dataclass(frozen=True, slots=True)
class PlannedProject:
    """A Project with everything inherited and resolved.

    Fields:
        name: its name and its namespace's.
        tenant: the name of its Tenant.
        spec: its declaration.
        own: its own Settings, or None.
        source: where its Palette integration comes from.
        provider: the Settings that gives it, or None.
        merged: True where other Settings than `provider` are in force for its other integrations.
        shared_cluster_only: whether going without is stated, by itself or by its tenant.
        compute_config, compute_config_namespace: the ComputeConfig it deploys with, or None.
        role_mapping: groups and roles.
        on_removal: what removing it does.
        path: where it is declared.
    """

    name: str
    tenant: str
    spec: ProjectSpec
    own: PlannedSettings | None
    source: Source
    provider: PlannedSettings | None
    merged: bool
    shared_cluster_only: bool
    compute_config: ComputeConfigRefSpec | None
    compute_config_namespace: str
    role_mapping: RoleMappingSpec
    on_removal: OnRemoval
    path: Path

    @property
    def namespace(self) -> str:
        """A Project's namespace has its name."""
        return self.name

    @property
    def logical_name(self) -> str:
        """What Pulumi calls it."""
        return logical_name(self.tenant, self.name)

    @property
    def reason(self) -> str:
        """Where its Palette integration comes from and why, in words."""
        provider = named(str(self.provider))
        match self.source:
            case Source.OWN:
                why = f"its own Settings {provider}"
            case Source.SETTINGS_REF:
                why = f"settingsRef names the tenant's Settings {provider}"
            case Source.FALLBACK if self.merged:
                why = f"merged in from the tenant's default Settings {provider}"
            case Source.FALLBACK:
                why = f"falls back to the tenant's default Settings {provider}"
            case Source.SHARED_CLUSTER_ONLY:
                why = "none, limited to the shared cluster as stated"
            case Source.NOWHERE:
                why = "none: nothing to fall back to"
        return why


@dataclass(frozen=True, slots=True)
class Topology:
    """What one stack amounts to: a Tenant and its Projects."""

    tenant: PlannedTenant
    projects: tuple[PlannedProject, ...]

    @property
    def settings(self) -> Iterator[PlannedSettings]:
        """Every Settings that is written here: the tenant's, then each project's own."""
        yield from (settings for settings in self.tenant.settings if settings.made)
        yield from (project.own for project in self.projects if project.own is not None)

    @property
    def import_ids(self) -> Iterator[tuple[str, Path]]:
        """The references of what is taken over, each with its path."""
        yield from ((each, ("tenant", "importIds", at)) for at, each in enumerate(self.tenant.spec.import_ids))
        for project in self.projects:
            yield from ((each, (*project.path, "importIds", at)) for at, each in enumerate(project.spec.import_ids))


def topology_of(stack: StackSpec) -> Topology:
    """The topology of a stack's declaration."""
    tenant = planned_tenant(stack.tenant, stack.integrations, merges=stack.merged_settings)
    return Topology(
        tenant,
        tuple(
            planned_project(project, tenant, stack.integrations, ("tenant", "projects", position))
            for position, project in enumerate(stack.tenant.projects)
        ),
    )


def planned_tenant(
    spec: TenantSpec, integrations: Mapping[str, IntegrationSpec], *, merges: bool = True
) -> PlannedTenant:
    """A Tenant with its defaults applied and its Settings in place."""
    namespace = spec.namespace or naming.tenant_namespace(spec.name)
    made = tuple(
        planned_settings(name, settings, integrations, ("tenant", "settings", name), spec.name, namespace)
        for name, settings in spec.settings.items()
    )
    at = ("tenant", "existingSettings")
    elsewhere = tuple(
        PlannedSettings(name, namespace, spec.name, None, _NO_SETTINGS, False, None, None, (), (*at, position))
        for position, name in enumerate(spec.existing_settings)
    )
    settings = made + elsewhere
    wanted = spec.settings_ref or naming.DEFAULT_SETTINGS
    default = next((each for each in settings if each.name == wanted), None)
    return PlannedTenant(spec.name, namespace, spec, settings, default, merges)


def planned_project(
    spec: ProjectSpec,
    tenant: PlannedTenant,
    integrations: Mapping[str, IntegrationSpec],
    path: Path = (),
) -> PlannedProject:
    """A Project with what it inherits from its Tenant and the Settings it ends up with."""
    own = None
    if spec.settings is not None:
        at = (*path, "settings")
        own = planned_settings(spec.settings.name, spec.settings, integrations, at, tenant.name, spec.name, spec.name)
    stated = spec.shared_cluster_only
    if stated is None:
        stated = bool(tenant.spec.shared_cluster_only)
    chosen = own or tenant.settings_named(spec.settings_ref)
    given = given_by(steps_of(IntegrationType.PALETTE, spec, own, tenant, path))
    provider = given.settings if given else None
    source = given.source if given else Source.NOWHERE
    compute_config = spec.compute_config_ref or tenant.spec.compute_config_ref
    return PlannedProject(
        name=spec.name,
        tenant=tenant.name,
        spec=spec,
        own=own,
        source=source,
        provider=provider,
        merged=source is Source.FALLBACK and chosen is not None and chosen is not provider,
        shared_cluster_only=stated,
        compute_config=compute_config,
        compute_config_namespace=(compute_config and compute_config.namespace) or tenant.namespace,
        role_mapping=spec.role_mapping or tenant.spec.role_mapping or _NO_ROLES,
        on_removal=spec.on_removal or tenant.spec.on_removal,
        path=path,
    )


_NO_ROLES = RoleMappingSpec()
_NO_SETTINGS = SettingsSpec()


def planned_settings(
    name: str,
    spec: SettingsSpec,
    integrations: Mapping[str, IntegrationSpec],
    path: Path,
    tenant: str,
    namespace: str,
    project: str | None = None,
) -> PlannedSettings:
    """A Settings with the Secrets it uses."""
    integration = integrations.get(spec.palette) if spec.palette is not None else None
    secrets: list[PlannedSecret] = []
    if spec.palette is not None:
        existing = integration.existing_secret if integration else None
        if existing is None:
            secret = spec.secret_name or naming.secret_name(name)
            at = (*path, "secretName" if spec.secret_name else "palette")
            secrets.append(PlannedSecret(secret, namespace, IntegrationType.PALETTE, made=True, path=at))
        else:
            at = ("integrations", spec.palette, "existingSecret")
            secrets.append(_existing(existing, namespace, IntegrationType.PALETTE, at))
    for kind, reference, field in (
        (IntegrationType.HUGGING_FACE, spec.hugging_face, "huggingFace"),
        (IntegrationType.NVIDIA, spec.nvidia, "nvidia"),
    ):
        if reference is not None:
            at = (*path, field, "existingSecret")
            secrets.append(_existing(reference.existing_secret, namespace, kind, at))
    return PlannedSettings(
        name, namespace, tenant, project, spec, True, spec.palette, integration, tuple(secrets), path
    )


def _existing(written: str, namespace: str, kind: IntegrationType, path: Path) -> PlannedSecret:
    # `namespace/name`, as kubectl's users write it, is understood so that a rule can refuse it.
    stated, slash, name = written.rpartition("/")
    return PlannedSecret(name, stated if slash else namespace, kind, made=False, path=path)
