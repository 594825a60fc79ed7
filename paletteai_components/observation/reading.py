"""Reading objects back: a stack with a plan of each Tenant, and what is wrong with single objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from typing import Any

from paletteai_components import naming
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation
from paletteai_components.kube.manifests import SHARED_CLUSTER_ONLY_ANNOTATION, WRITTEN_ANNOTATIONS, WRITTEN_LABELS
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.listing import listed
from paletteai_components.model.plan import Plan, external_settings, planned_settings, resolved_project
from paletteai_components.model.planned import IntegrationType, Path, PlannedSettings, PlannedTenant
from paletteai_components.model.spec import (
    ComputeConfigRefSpec,
    DeploymentNamespacesSpec,
    IntegrationSpec,
    ProjectSettingsSpec,
    ProjectSpec,
    RoleMappingSpec,
    SecretReferenceSpec,
    SettingsSpec,
    StackSpec,
    TenantSpec,
)
from paletteai_components.observation.absence import (
    MAX_LOCATIONS,
    diagnostics_of_secrets,
    missing_tenants,
    unread_settings,
)
from paletteai_components.observation.belongings import Belongings, Member, belongings_of
from paletteai_components.observation.credentials import integration_of
from paletteai_components.observation.objects import (
    Inventory,
    ObservedObject,
    View,
    inventory_of,
    list_at,
    secret_name_in,
    text_at,
    texts_of,
)
from paletteai_components.observation.stack import ObservedStack, Places
from paletteai_components.redaction import named
from paletteai_components.stacks.workspace import Workspace

_PROJECT_TEXTS = {"display_name": "project.displayName", "description": "project.description"}
_ROLES, _NAMESPACES = ("admin", "editor", "viewer"), ("allow", "disallow")
_PROJECT_LISTS = {f"project.{each}" for each in (*_ROLES, *_NAMESPACES)}
_BOOKKEEPING = {*WRITTEN_ANNOTATIONS, "kubectl.kubernetes.io/last-applied-configuration"}


def workspace_of(objects: Iterable[ObservedObject], api: PaletteApi, view: View) -> Workspace:
    """The stacks that objects show, a Tenant each, and what is wrong with single objects."""
    reading = _Reading(inventory_of(objects), api, view)
    stacks = tuple(reading.stacks())
    return Workspace(stacks, tuple(reading.diagnostics))


class _Reading:
    """One reading. Its diagnostics are complete once its stacks were made."""

    def __init__(self, inventory: Inventory, api: PaletteApi, view: View) -> None:
        self.inventory, self.api, self.view = inventory, api, view
        self.diagnostics: list[Diagnostic] = []
        self.missing_tenants: dict[str, list[ObservedObject]] = {}
        self.is_layout_seen = "settings.palette" in (api.fields or {}) or any(
            secret_name_in(settings, kind, api) for settings in inventory.settings.values() for kind in IntegrationType
        )

    def stacks(self) -> Iterator[ObservedStack]:
        """The stack of each Tenant, and one more of the Settings that belong to none."""
        self.diagnostics += map(_repeated, self.inventory.repeated)
        tenants, problems = belongings_of(self.inventory, self.api)
        self.diagnostics += problems
        used = {
            settings.key
            for each in tenants.values()
            for settings in (*each.settings.values(), *(project.own for project in each.projects), each.elsewhere)
            if settings is not None
        }
        rest = [settings for key, settings in self.inventory.settings.items() if key not in used]
        for name, each in tenants.items():
            yield self._stack(name, each)
        if rest:
            yield self._unattached_stack(rest, tenants.keys())
        self.diagnostics += missing_tenants(self.missing_tenants, self.inventory, self.api, self.view)
        self.diagnostics += diagnostics_of_secrets(self.inventory, self.api, self.view)
        if not self.is_layout_seen:
            self.diagnostics += unread_settings(self.inventory, self.api)

    def _stack(self, name: str, belongings: Belongings) -> ObservedStack:
        parts = _Parts()
        settings = [
            self._planned(each, ("tenant", "settings", key), parts, name) for key, each in belongings.settings.items()
        ]
        namespace = self.inventory.namespaces.get(belongings.namespace)
        parts.places["tenant",] = belongings.tenant or belongings.projects[0].object
        parts.places["tenant", "namespace"] = namespace or parts.places["tenant",]
        paths: list[Path] = [("tenant", "projects", position) for position in range(len(belongings.projects))]
        parts.places |= {path: project.object for path, project in zip(paths, belongings.projects, strict=True)}
        there = belongings.elsewhere
        elsewhere = self._planned(there, ("tenant", "settingsRef"), parts, name) if there else None
        projects: list[tuple[ProjectSpec, PlannedSettings | None, Path]] = []
        for path, project in zip(paths, belongings.projects, strict=True):
            own = None
            if project.own:
                own = self._planned(project.own, (*path, "settings"), parts, name, project.object.name)
            projects.append((self._project_spec(project, own), own, path))
        declared = [project for project, _, _ in projects]
        spec = self._tenant_spec(name, belongings, settings, declared)
        settings += self._external(spec, declared, settings, belongings, parts)
        tenant = self._planned_tenant(spec, settings, elsewhere)
        planned = tuple(resolved_project(project, own, tenant, path) for project, own, path in projects)
        return self._observed(name, spec, Plan(tenant, planned), parts)

    def _unattached_stack(self, rest: list[ObservedObject], tenants: Iterable[str]) -> ObservedStack:
        """The stack of the Settings that no Tenant and no Project gets. Its Tenant has a name that nothing else has."""
        taken = {*tenants, *self.inventory.namespaces, *(name for _, name in self.inventory.projects)}
        name = next(name for at in count() if (name := f"unattached{at or ''}") not in taken)
        parts = _Parts()
        unattached = tuple(
            self._planned(settings, ("unattached", position), parts, "") for position, settings in enumerate(rest)
        )
        for settings in () if self.view.is_partial else rest:
            self._report(
                "PAI011",
                f"Settings `{named(settings.namespace)}/{named(settings.name)}` is in a namespace of no Tenant and of "
                "no Project that uses it, so it is unused.",
                "Delete it and revoke its key, or move it to the namespace of what should use it.",
                settings.location(),
                severity=Severity.WARNING,
            )
        if self.view.is_partial:
            names = listed((f"`{named(each.namespace)}/{named(each.name)}`" for each in rest), 5)
            self._report(
                "PAI011",
                f"no Tenant and no Project that uses them is among these objects, so whether these Settings are used "
                f"is not known: {names}.",
                "Check the Tenants and Projects together with these.",
                *(settings.location() for settings in rest[:MAX_LOCATIONS]),
                severity=Severity.NOTE,
            )
        spec = TenantSpec(name=name, namespace=name, existing=True)
        plan = Plan(PlannedTenant(name, name, spec, (), None), (), unattached)
        return self._observed(name, spec, plan, parts)

    def _observed(self, name: str, tenant: TenantSpec, plan: Plan, parts: _Parts) -> ObservedStack:
        spec = StackSpec(
            tenant=tenant,
            integrations=parts.integrations,
            merged_settings=self.view.merges,
            api_version=self.api.api_version,
            vendor_fields=dict(self.api.fields or {}),
        )
        places = Places(parts.places, self.api)
        return ObservedStack("", "", spec, part=name, cluster=self.view.cluster, observed=plan, places=places)

    def _planned_tenant(
        self, spec: TenantSpec, settings: list[PlannedSettings], elsewhere: PlannedSettings | None
    ) -> PlannedTenant:
        wanted = spec.settings_ref or naming.DEFAULT_SETTINGS
        default = elsewhere or next((each for each in settings if each.name == wanted), None)
        if elsewhere is not None:
            settings = [*settings, elsewhere]
        return PlannedTenant(spec.name, spec.namespace or "", spec, tuple(settings), default, self.view.merges)

    def _external(
        self,
        tenant: TenantSpec,
        projects: list[ProjectSpec],
        settings: list[PlannedSettings],
        belongings: Belongings,
        parts: _Parts,
    ) -> list[PlannedSettings]:
        """The Settings that are referred to and not among the objects, if they may exist all the same."""
        is_missing = belongings.tenant is None
        if "Settings" in self.view.complete and not is_missing:
            return []
        there = {each.name for each in settings}
        wanted: dict[str, Path] = {}
        if is_missing:
            # What its Projects fall back to is not known.
            wanted[naming.DEFAULT_SETTINGS] = ("tenant",)
        elif tenant.settings_ref is not None:
            wanted[tenant.settings_ref] = ("tenant", "settingsRef")
        for position, project in enumerate(projects):
            if project.settings_ref is not None:
                wanted.setdefault(project.settings_ref, ("tenant", "projects", position, "settingsRef"))
        missing = {name: path for name, path in wanted.items() if name not in there}
        if is_missing:
            self.missing_tenants[tenant.name] = [project.object for project in belongings.projects]
        elif missing and self.view.is_partial:
            names = listed((f"`{named(tenant.namespace or '')}/{named(name)}`" for name in missing), 5)
            places = Places(parts.places, self.api)
            self._report(
                "PAI005",
                f"tenant `{named(tenant.name)}` and its projects refer to Settings that are not among these objects: "
                f"{names}. What they get from them is not known.",
                "Check them together with these, or correct the names.",
                *[places.location(path) for path in missing.values()][:MAX_LOCATIONS],
                severity=Severity.WARNING,
            )
        return [external_settings(name, tenant.namespace or "", tenant.name, path) for name, path in missing.items()]

    def _tenant_spec(
        self, name: str, belongings: Belongings, planned: list[PlannedSettings], projects: list[ProjectSpec]
    ) -> TenantSpec:
        tenant, namespace = belongings.tenant, belongings.namespace
        settings = {each.name: each.spec for each in planned}
        if tenant is None:
            return TenantSpec(
                name=name, namespace=namespace, settings=settings, existing=True, projects=tuple(projects)
            )
        is_elsewhere = belongings.elsewhere is not None
        return TenantSpec(
            name=name,
            namespace=namespace,
            settings=settings,
            create_namespace=namespace in self.inventory.namespaces and not naming.always_exists(namespace),
            display_name=text_at(tenant.manifest, self.api.path("tenant.displayName")),
            description=text_at(tenant.manifest, self.api.path("tenant.description")),
            groups=list_at(tenant.manifest, self.api.path("tenant.groups")),
            settings_ref=None if is_elsewhere else text_at(tenant.manifest, self.api.path("tenant.settingsName")),
            labels=own_labels(tenant),
            annotations=own_annotations(tenant),
            projects=tuple(projects),
        )

    def _project_spec(self, member: Member, own: PlannedSettings | None) -> ProjectSpec:
        project, fields = member.object, member.fields
        is_namespace_there = project.name in self.inventory.namespaces
        # What is not there is left out: most Projects have few of the fields.
        stated: dict[str, Any] = {
            "name": project.name,
            "create_namespace": is_namespace_there and not naming.always_exists(project.name),
        }
        for name, field_name in _PROJECT_TEXTS.items():
            if field_name in fields:
                stated[name] = fields[field_name]
        if own:
            stated["settings"] = ProjectSettingsSpec(name=own.name, **_fields_of(own.spec))
        elif (settings_ref := fields.get("project.settingsName")) is not None:
            stated["settings_ref"] = settings_ref
        if compute := fields.get("project.computeConfigName"):
            stated["compute_config_ref"] = _compute_config(compute, fields.get("project.computeConfigNamespace") or "")
        if not fields.keys().isdisjoint(_PROJECT_LISTS):
            if roles := {role: groups for role in _ROLES if (groups := fields.get(f"project.{role}"))}:
                stated["role_mapping"] = RoleMappingSpec(**roles)
            if lists := {each: names for each in _NAMESPACES if (names := fields.get(f"project.{each}"))}:
                stated["deployment_namespaces"] = DeploymentNamespacesSpec(**lists)
        if labels := own_labels(project):
            stated["labels"] = labels
        if every := project.annotations:
            if annotations := own_annotations(project):
                stated["annotations"] = annotations
            if every.get(SHARED_CLUSTER_ONLY_ANNOTATION) == "true":
                stated["shared_cluster_only"] = True
        return ProjectSpec(**stated)

    def _settings_spec(self, settings: ObservedObject) -> SettingsSpec:
        palette = secret_name_in(settings, IntegrationType.PALETTE, self.api)
        hugging_face = secret_name_in(settings, IntegrationType.HUGGING_FACE, self.api)
        nvidia = secret_name_in(settings, IntegrationType.NVIDIA, self.api)
        return SettingsSpec(
            # Settings with one Secret have one integration; that they share the Secret is reported.
            palette=f"{settings.namespace}/{palette}" if palette else None,
            secret_name=palette,
            hugging_face=SecretReferenceSpec(existing_secret=hugging_face) if hugging_face else None,
            nvidia=SecretReferenceSpec(existing_secret=nvidia) if nvidia else None,
            labels=own_labels(settings),
            annotations=own_annotations(settings),
        )

    def _planned(
        self, settings: ObservedObject, path: Path, parts: _Parts, tenant: str, project: str | None = None
    ) -> PlannedSettings:
        """A Settings with its Secrets and its credential, which go to `parts`."""
        parts.places[path] = settings
        spec = self._settings_spec(settings)
        if spec.palette is not None and spec.secret_name is not None:
            parts.integrations[spec.palette] = integration_of(settings, spec.secret_name, self.inventory, self.api)
            at = ("integrations", spec.palette)
            parts.places[at] = self.inventory.secrets.get((settings.namespace, spec.secret_name), settings)
        planned = planned_settings(settings.name, spec, parts.integrations, path, tenant, settings.namespace, project)
        if not planned.secrets and not self.is_layout_seen and settings.manifest.get("spec"):
            # It may have integrations where this package does not look for them.
            return replace(planned, managed=False)
        if planned.integration is not None and planned.integration.existing_secret is not None:
            # Several Settings may use a Secret that is not here, and it is each of them that names it.
            here: Path = (*path, "secretName")
            palette = planned.palette_secret
            secrets = (replace(each, path=here) if each is palette else each for each in planned.secrets)
            return replace(planned, secrets=tuple(secrets))
        return planned

    def _report(
        self, code: str, fact: str, remedy: str, *where: SourceLocation, severity: Severity = Severity.ERROR
    ) -> None:
        self.diagnostics.append(Diagnostic(code, fact, remedy, where, severity))


@dataclass
class _Parts:
    """What is collected while a stack is read."""

    integrations: dict[str, IntegrationSpec] = field(default_factory=dict)
    places: dict[Path, ObservedObject] = field(default_factory=dict)


# Many Projects share one.
@lru_cache(maxsize=1_000)
def _compute_config(name: str, namespace: str | None) -> ComputeConfigRefSpec:
    return ComputeConfigRefSpec(name=name, namespace=namespace)


def own_labels(each: ObservedObject) -> dict[str, str]:
    """The labels of an object without those that PaletteAI, Kubernetes or this package writes."""
    return texts_of(each.manifest, "labels", WRITTEN_LABELS)


def own_annotations(each: ObservedObject) -> dict[str, str]:
    """The annotations of an object without those that kubectl or this package writes."""
    return texts_of(each.manifest, "annotations", _BOOKKEEPING)


def _fields_of(spec: SettingsSpec) -> dict[str, Any]:
    return {name: getattr(spec, name) for name in spec.model_fields_set}


def _repeated(pair: tuple[ObservedObject, ObservedObject]) -> Diagnostic:
    earlier, last = pair
    return Diagnostic(
        "PAI006",
        f"`{named(last.reference)}` is there twice, so whichever is applied last overwrites the other.",
        "Keep one of them. If these are variants for several clusters, check each cluster's objects separately.",
        (last.location(), earlier.location()),
    )
