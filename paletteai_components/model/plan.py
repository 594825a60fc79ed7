"""The plan: everything that follows from a declaration.

It applies every default and follows every reference: the namespaces, Settings and Secrets of a stack, and for each
Project the effective Settings, its Palette integration and the reason. It checks nothing. A reference that leads
nowhere resolves to None, and the rules report it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

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


class PlannedProject(NamedTuple):
    """A Project with everything inherited and resolved. A tuple, which is made fastest."""

    name: str
    """The name of the Project and of its namespace."""
    tenant: str
    spec: ProjectSpec
    own: PlannedSettings | None
    source: Source
    effective_settings: PlannedSettings | None
    """The Settings that its Palette integration comes from, or None."""
    merged: bool
    """True if its other integrations come from other Settings than `effective_settings`."""
    shared_cluster_only: bool
    compute_config: ComputeConfigRefSpec | None
    """The ComputeConfig it deploys with, its own or the tenant's, or None."""
    compute_config_namespace: str | None
    """The namespace of the ComputeConfig; None if the Project states none."""
    role_mapping: RoleMappingSpec
    """Its groups and roles, its own or the tenant's."""
    on_removal: OnRemoval
    path: Path

    @property
    def namespace(self) -> str:
        """Its namespace, which has its name."""
        return self.name

    @property
    def logical_name(self) -> str:
        """Its logical name in Pulumi."""
        return logical_name(self.tenant, self.name)

    @property
    def reason(self) -> str:
        """Where its Palette integration comes from and why, in words."""
        settings = named(str(self.effective_settings))
        match self.source:
            case Source.OWN:
                why = f"its own Settings {settings}"
            case Source.SETTINGS_REF:
                why = f"settingsRef names the tenant's Settings {settings}"
            case Source.FALLBACK if self.merged:
                why = f"merged in from the tenant's default Settings {settings}"
            case Source.FALLBACK:
                why = f"falls back to the tenant's default Settings {settings}"
            case Source.SHARED_CLUSTER_ONLY:
                why = "none: sharedClusterOnly is true"
            case Source.NOWHERE:
                why = "none: nothing to fall back to"
        return why


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that follows from one stack's declaration: a Tenant and its Projects."""

    tenant: PlannedTenant
    projects: tuple[PlannedProject, ...]
    unattached: tuple[PlannedSettings, ...] = ()
    """Settings that belong to no Tenant and no Project. A stack file cannot declare any; a cluster may have them."""

    @property
    def settings(self) -> Iterator[PlannedSettings]:
        """Every managed Settings: the tenant's, then each project's own, then those of nobody."""
        yield from (settings for settings in self.tenant.settings if settings.managed)
        yield from (project.own for project in self.projects if project.own is not None)
        yield from self.unattached

    @property
    def import_ids(self) -> Iterator[tuple[str, Path]]:
        """The references of the objects that are taken over, each with its path."""
        for at, each in enumerate(self.tenant.spec.import_ids):
            yield each, ("tenant", "importIds", at)
        for project in self.projects:
            for at, each in enumerate(project.spec.import_ids):
                yield each, (*project.path, "importIds", at)


def plan_of(stack: StackSpec) -> Plan:
    """The plan of a stack's declaration."""
    tenant = planned_tenant(stack.tenant, stack.integrations, merges=stack.merged_settings)
    return Plan(
        tenant,
        tuple(
            planned_project(project, tenant, stack.integrations, ("tenant", "projects", position))
            for position, project in enumerate(stack.tenant.projects)
        ),
    )


def planned_tenant(
    spec: TenantSpec, integrations: Mapping[str, IntegrationSpec], *, merges: bool = True
) -> PlannedTenant:
    """A Tenant with its defaults applied and its Settings resolved. `merges`: see `PlannedTenant`."""
    namespace = spec.namespace or naming.tenant_namespace(spec.name)
    managed = tuple(
        planned_settings(name, settings, integrations, ("tenant", "settings", name), spec.name, namespace)
        for name, settings in spec.settings.items()
    )
    external = tuple(
        external_settings(name, namespace, spec.name, ("tenant", "existingSettings", position))
        for position, name in enumerate(spec.existing_settings)
    )
    settings = managed + external
    wanted = spec.settings_ref or naming.DEFAULT_SETTINGS
    default = next((each for each in settings if each.name == wanted), None)
    return PlannedTenant(spec.name, namespace, spec, settings, default, merges)


def planned_project(
    spec: ProjectSpec, tenant: PlannedTenant, integrations: Mapping[str, IntegrationSpec], path: Path = ()
) -> PlannedProject:
    """A Project with what it inherits from its Tenant, and its effective Settings."""
    own = None
    if spec.settings is not None:
        at = (*path, "settings")
        own = planned_settings(spec.settings.name, spec.settings, integrations, at, tenant.name, spec.name, spec.name)
    return resolved_project(spec, own, tenant, path)


def resolved_project(
    spec: ProjectSpec, own: PlannedSettings | None, tenant: PlannedTenant, path: Path
) -> PlannedProject:
    """A Project with its own Settings, if it has any, and what it gets from its Tenant."""
    stated = spec.shared_cluster_only
    if stated is None:
        stated = bool(tenant.spec.shared_cluster_only)
    chosen = own or tenant.settings_named(spec.settings_ref)
    given = given_by(steps_of(IntegrationType.PALETTE, spec, own, tenant, path))
    effective = given.settings if given else None
    source = given.source if given else Source.NOWHERE
    compute_config = spec.compute_config_ref or tenant.spec.compute_config_ref
    return PlannedProject(
        name=spec.name,
        tenant=tenant.name,
        spec=spec,
        own=own,
        source=source,
        effective_settings=effective,
        merged=source is Source.FALLBACK and chosen is not None and chosen is not effective,
        shared_cluster_only=stated,
        compute_config=compute_config,
        compute_config_namespace=_namespace_of(compute_config, tenant),
        role_mapping=spec.role_mapping or tenant.spec.role_mapping or _NO_ROLES,
        on_removal=spec.on_removal or tenant.spec.on_removal,
        path=path,
    )


def _namespace_of(config: ComputeConfigRefSpec | None, tenant: PlannedTenant) -> str | None:
    return tenant.namespace if config is None or config.namespace is None else config.namespace or None


_NO_ROLES = RoleMappingSpec()
_NO_SETTINGS = SettingsSpec()


def external_settings(name: str, namespace: str, tenant: str, path: Path) -> PlannedSettings:
    """A Settings of a tenant that is only referred to."""
    return PlannedSettings(name, namespace, tenant, None, _NO_SETTINGS, False, None, None, (), path)


def planned_settings(
    name: str,
    spec: SettingsSpec,
    integrations: Mapping[str, IntegrationSpec],
    path: Path,
    tenant: str,
    namespace: str,
    project: str | None = None,
) -> PlannedSettings:
    """A managed Settings of a tenant, or of a project, with the Secrets it uses."""
    integration = integrations.get(spec.palette) if spec.palette is not None else None
    secrets: list[PlannedSecret] = []
    if spec.palette is not None:
        existing = integration.existing_secret if integration else None
        if existing is None:
            secret = spec.secret_name or naming.secret_name(name)
            at = (*path, "secretName" if spec.secret_name else "palette")
            secrets.append(PlannedSecret(secret, namespace, IntegrationType.PALETTE, managed=True, path=at))
        else:
            at = ("integrations", spec.palette, "existingSecret")
            secrets.append(_external_secret(existing, namespace, IntegrationType.PALETTE, at))
    for kind, reference, field in (
        (IntegrationType.HUGGING_FACE, spec.hugging_face, "huggingFace"),
        (IntegrationType.NVIDIA, spec.nvidia, "nvidia"),
    ):
        if reference is not None:
            at = (*path, field, "existingSecret")
            secrets.append(_external_secret(reference.existing_secret, namespace, kind, at))
    return PlannedSettings(
        name, namespace, tenant, project, spec, True, spec.palette, integration, tuple(secrets), path
    )


def _external_secret(written: str, namespace: str, kind: IntegrationType, path: Path) -> PlannedSecret:
    # `namespace/name`, as users of kubectl write it, is parsed so that a rule can refuse it.
    stated, slash, name = written.rpartition("/")
    return PlannedSecret(name, stated if slash else namespace, kind, managed=False, path=path)
