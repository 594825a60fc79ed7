"""Declarations of observed stacks: the spec of a stack file that writes what is there, as far as a spec can say it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from paletteai_components import naming
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, project_objects, tenant_objects
from paletteai_components.kube.palette_api import API_VERSION
from paletteai_components.model.plan import plan_of
from paletteai_components.model.planned import Path
from paletteai_components.model.spec import (
    ComputeConfigRefSpec,
    IntegrationSpec,
    ProjectSettingsSpec,
    ProjectSpec,
    SettingsSpec,
    Spec,
    StackSpec,
    TenantSpec,
)
from paletteai_components.observation.credentials import credential_in
from paletteai_components.observation.custody import Custody
from paletteai_components.observation.metadata import (
    Metadata,
    declared_metadata,
    declared_text,
    is_wholly_declared,
    shared_metadata,
)
from paletteai_components.observation.objects import Inventory, ObservedObject, text_at
from paletteai_components.observation.stack import ObservedStack
from paletteai_components.observation.unmodelled import unmodelled
from paletteai_components.redaction import holds_key


@dataclass(frozen=True, slots=True)
class Declared:
    """What a stack file has to declare for a Tenant that is there."""

    spec: StackSpec
    """The declaration. The key of a Secret that the stack is to manage is an open handle, which no file can hold."""
    external: tuple[tuple[str, str], ...] = ()
    """The references of the Secrets that the stack should manage and cannot, each with the reason."""


def declared(
    stack: ObservedStack, inventory: Inventory, tenant_namespaces: Collection[str], custody: Custody | None = None
) -> Declared:
    """What a stack file has to declare for a Tenant that is there, so that its objects can be taken over as they are.

    What no stack file can declare is left out, and so is what looks like a key.

    Args:
        stack: The Tenant and what belongs to it.
        inventory: The objects that it was read from.
        tenant_namespaces: The namespaces of all Tenants, which no Project may create.
        custody: Which Secrets the stack can manage; without it, all of them stay external.
    """
    declaring = _Declaring(stack, inventory, tenant_namespaces, custody)
    return Declared(declaring.stack(), tuple(declaring.external))


def plain(spec: Spec) -> dict[str, Any]:
    """A spec as a stack file has it: without defaults, in the order in which the fields are documented."""
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class _Declaring:
    def __init__(
        self, stack: ObservedStack, inventory: Inventory, tenant_namespaces: Collection[str], custody: Custody | None
    ) -> None:
        self._objects, self._spec, self._api = stack.objects_by_path, stack.read_spec, stack.api
        self._inventory, self._tenant_namespaces, self._custody = inventory, tenant_namespaces, custody
        self._integrations: dict[str, IntegrationSpec] = {}
        self.external: list[tuple[str, str]] = []

    def stack(self) -> StackSpec:
        tenant = self._tenant(self._spec.tenant)
        version = self._api.api_version
        return self._with_imports(
            StackSpec(
                integrations=self._integrations,
                tenant=tenant,
                merged_settings=self._spec.merged_settings,
                api_version=None if version == API_VERSION else version,
                vendor_fields=self._spec.vendor_fields,
            )
        )

    def _with_imports(self, spec: StackSpec) -> StackSpec:
        plan, there = plan_of(spec), self._inventory.at
        projects = []
        for project in plan.projects:
            every = (each.reference for each in project_objects(project, self._api))
            projects.append(project.spec.model_copy(update={"import_ids": tuple(filter(there, every))}))
        every = (each.reference for each in tenant_objects(plan.tenant, self._api))
        own = {"import_ids": tuple(filter(there, every)), "projects": tuple(projects)}
        return spec.model_copy(update={"tenant": spec.tenant.model_copy(update=own)})

    def _tenant(self, seen: TenantSpec) -> TenantSpec:
        tenant = self._objects["tenant",]
        settings = {name: self._objects["tenant", "settings", name] for name in seen.settings}
        namespace = seen.namespace or naming.tenant_namespace(seen.name)
        shared = shared_metadata([tenant, *settings.values()])
        declared = {name: self._settings(seen.settings[name], each, shared, name) for name, each in settings.items()}
        takes_namespace = self._takes_namespace(seen, namespace, of=seen.name)
        name = seen.settings_ref
        is_default = name == naming.DEFAULT_SETTINGS and name in settings
        return TenantSpec(
            name=seen.name,
            namespace=None if namespace == naming.tenant_namespace(seen.name) else namespace,
            create_namespace=takes_namespace,
            display_name=declared_text(seen.display_name),
            description=declared_text(seen.description),
            groups=() if holds_key(seen.groups) else seen.groups,
            settings=declared,
            settings_ref=None if is_default else name,
            projects=tuple(
                self._project(project, ("tenant", "projects", position), namespace)
                for position, project in enumerate(seen.projects)
            ),
            labels=shared.labels,
            annotations=shared.annotations,
            **(self._of_namespace(namespace, shared) if takes_namespace else {}),
            extra_spec=unmodelled(tenant, self._api),
        )

    def _project(self, seen: ProjectSpec, path: Path, tenant_namespace: str) -> ProjectSpec:
        project = self._objects[path]
        own = self._objects.get((*path, "settings"))
        shared = shared_metadata([project, *([own] if own is not None else [])])
        takes_namespace = self._takes_namespace(seen, seen.name)
        settings, compute = None, seen.compute_config_ref
        if own is not None and seen.settings is not None:
            fields = self._settings(seen.settings, own, shared, seen.name)
            settings = ProjectSettingsSpec(name=own.name, **{name: getattr(fields, name) for name in _SETTINGS})
        if compute is not None and compute.namespace == tenant_namespace:
            compute = ComputeConfigRefSpec(name=compute.name)
        return ProjectSpec(
            name=seen.name,
            display_name=declared_text(seen.display_name),
            description=declared_text(seen.description),
            create_namespace=takes_namespace,
            settings=settings,
            settings_ref=seen.settings_ref,
            shared_cluster_only=seen.shared_cluster_only,
            compute_config_ref=compute,
            role_mapping=None if seen.role_mapping and holds_key(plain(seen.role_mapping)) else seen.role_mapping,
            deployment_namespaces=seen.deployment_namespaces,
            labels=shared.labels,
            annotations=shared.annotations,
            **(self._of_namespace(seen.name, shared) if takes_namespace else {}),
            extra_spec=unmodelled(project, self._api),
        )

    def _takes_namespace(self, seen: TenantSpec | ProjectSpec, name: str, of: str | None = None) -> bool:
        """Whether a stack can write a namespace, `of` a Tenant if it is that of one, without changing it."""
        namespace = self._inventory.namespaces.get(name)
        if namespace is None or not seen.create_namespace or (of is None and name in self._tenant_namespaces):
            return False
        # What is not declared may be removed when the namespace is taken over.
        return is_wholly_declared(namespace) and text_at(namespace.manifest, self._api.path("namespace.tenant")) == of

    def _of_namespace(self, name: str, shared: Metadata) -> dict[str, Any]:
        """The fields that say what of a namespace's metadata is not that of its owner."""
        labels, annotations = declared_metadata(self._inventory.namespaces[name])
        return {
            "namespace_labels": None if labels == shared.labels else labels,
            "namespace_annotations": None if annotations == shared.annotations else annotations,
        }

    def _settings(self, seen: SettingsSpec, each: ObservedObject, shared: Metadata, name: str) -> SettingsSpec:
        own = declared_metadata(each).beyond(shared)
        palette: dict[str, Any] = {}
        if seen.palette is not None and seen.secret_name is not None:
            palette = self._palette(seen.secret_name, each, own.over(shared), name)
        return SettingsSpec(
            **palette,
            hugging_face=seen.hugging_face,
            nvidia=seen.nvidia,
            labels=own.labels,
            annotations=own.annotations,
            extra_spec=unmodelled(each, self._api),
        )

    def _palette(self, secret: str, settings: ObservedObject, metadata: Metadata, wanted: str) -> dict[str, Any]:
        """Declare the integration of a Settings, and return the fields that bind it.

        Its name is that of the Settings, or of its Project.
        """
        names = (wanted, f"{wanted}-{settings.name}", *(f"{wanted}-{number}" for number in range(len(self._objects))))
        name = next(name for name in names if name not in self._integrations)
        reason = self._custody.reason_against(settings, secret) if self._custody else None
        if reason:
            self.external.append((f"Secret/{settings.namespace}/{secret}", reason))
        found = self._inventory.secrets.get((settings.namespace, secret))
        managed = credential_in(found, self._api) if self._custody and not reason and found is not None else None
        if found is None or managed is None:
            credential = declared_text(settings.annotations.get(CREDENTIAL_ANNOTATION))
            self._integrations[name] = IntegrationSpec(existing_secret=secret, credential=credential)
            return {"palette": name}
        self._integrations[name] = managed
        labels, annotations = declared_metadata(found)
        return {
            "palette": name,
            "secret_name": None if secret == naming.secret_name(settings.name) else secret,
            "secret_labels": None if labels == metadata.labels else labels,
            "secret_annotations": None if annotations == metadata.annotations else annotations,
        }


_SETTINGS = tuple(SettingsSpec.model_fields)
