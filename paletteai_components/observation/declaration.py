"""Declarations of observed stacks: the spec of a stack file that writes what is there, as far as a spec can say it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from typing import Any

from paletteai_components import naming
from paletteai_components.diagnostics import StackFileError
from paletteai_components.encryption import ciphertext_of
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, project_objects, tenant_objects
from paletteai_components.kube.palette_api import API_VERSION, PaletteApi
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
from paletteai_components.observation.objects import Inventory, ObservedObject, text_at
from paletteai_components.observation.reading import own_annotations, own_labels
from paletteai_components.observation.stack import ObservedStack
from paletteai_components.pulumi_yaml.document import document_from
from paletteai_components.pulumi_yaml.writer import yaml_of
from paletteai_components.redaction import holds_key

# Pulumi's provider writes these for its own use.
_PULUMIS = "pulumi.com/"


def declared(stack: ObservedStack, inventory: Inventory, tenant_namespaces: Collection[str]) -> StackSpec:
    """What a stack file has to declare for a Tenant that is there, so that its objects can be taken over as they are.

    What no stack file can declare is left out, and so is what looks like a key.

    Args:
        stack: The Tenant and what belongs to it.
        inventory: The objects that it was read from.
        tenant_namespaces: The namespaces of all Tenants, which no Project may create.
    """
    return _Declaring(stack, inventory, tenant_namespaces).stack()


def declared_labels(each: ObservedObject) -> dict[str, str]:
    """The labels of an object that a stack file may declare."""
    return _without_keys(own_labels(each))


def declared_annotations(each: ObservedObject) -> dict[str, str]:
    """The annotations of an object that a stack file may declare."""
    return {
        key: value
        for key, value in _without_keys(own_annotations(each)).items()
        if not key.startswith(_PULUMIS) and _survives(value)
    }


def plain(spec: Spec) -> dict[str, Any]:
    """A spec as a stack file has it: without defaults, in the order in which the fields are documented."""
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class _Declaring:
    def __init__(self, stack: ObservedStack, inventory: Inventory, tenant_namespaces: Collection[str]) -> None:
        self._objects, self._spec, self._api = stack.objects_by_path, stack.read_spec, stack.api
        self._inventory, self._tenant_namespaces = inventory, tenant_namespaces
        self._integrations: dict[str, IntegrationSpec] = {}

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
        labels, annotations = _shared([tenant, *settings.values()])
        declared = {
            name: self._settings(seen.settings[name], each, (labels, annotations), name)
            for name, each in settings.items()
        }
        name = seen.settings_ref
        is_default = name == naming.DEFAULT_SETTINGS and name in settings
        return TenantSpec(
            name=seen.name,
            namespace=None if namespace == naming.tenant_namespace(seen.name) else namespace,
            create_namespace=self._takes_namespace(seen, namespace, labels, annotations, of=seen.name),
            display_name=_text(seen.display_name),
            description=_text(seen.description),
            groups=() if holds_key(seen.groups) else seen.groups,
            settings=declared,
            settings_ref=None if is_default else name,
            projects=tuple(
                self._project(project, ("tenant", "projects", position), namespace)
                for position, project in enumerate(seen.projects)
            ),
            labels=labels,
            annotations=annotations,
            extra_spec=unmodelled(tenant, self._api),
        )

    def _project(self, seen: ProjectSpec, path: Path, tenant_namespace: str) -> ProjectSpec:
        project = self._objects[path]
        own = self._objects.get((*path, "settings"))
        labels, annotations = _shared([project, *([own] if own is not None else [])])
        settings, compute = None, seen.compute_config_ref
        if own is not None and seen.settings is not None:
            fields = self._settings(seen.settings, own, (labels, annotations), seen.name)
            settings = ProjectSettingsSpec(name=own.name, **{name: getattr(fields, name) for name in _SETTINGS})
        if compute is not None and compute.namespace == tenant_namespace:
            compute = ComputeConfigRefSpec(name=compute.name)
        return ProjectSpec(
            name=seen.name,
            display_name=_text(seen.display_name),
            description=_text(seen.description),
            create_namespace=self._takes_namespace(seen, seen.name, labels, annotations),
            settings=settings,
            settings_ref=seen.settings_ref,
            shared_cluster_only=seen.shared_cluster_only,
            compute_config_ref=compute,
            role_mapping=None if seen.role_mapping and holds_key(plain(seen.role_mapping)) else seen.role_mapping,
            deployment_namespaces=seen.deployment_namespaces,
            labels=labels,
            annotations=annotations,
            extra_spec=unmodelled(project, self._api),
        )

    def _takes_namespace(
        self,
        seen: TenantSpec | ProjectSpec,
        name: str,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
        of: str | None = None,
    ) -> bool:
        """Whether a stack can write a namespace, `of` a Tenant if it is that of one, without changing it."""
        namespace = self._inventory.namespaces.get(name)
        if namespace is None or not seen.create_namespace or (of is None and name in self._tenant_namespaces):
            return False
        # What is not declared may be removed when the namespace is taken over.
        is_as_declared = (own_labels(namespace), _annotations_of(namespace)) == (labels, annotations)
        return is_as_declared and text_at(namespace.manifest, self._api.path("namespace.tenant")) == of

    def _settings(
        self, seen: SettingsSpec, each: ObservedObject, shared: tuple[Mapping[str, str], Mapping[str, str]], name: str
    ) -> SettingsSpec:
        labels, annotations = shared
        return SettingsSpec(
            palette=self._integration(seen, each, name) if seen.palette is not None else None,
            hugging_face=seen.hugging_face,
            nvidia=seen.nvidia,
            labels=_without(declared_labels(each), labels),
            annotations=_without(declared_annotations(each), annotations),
            extra_spec=unmodelled(each, self._api),
        )

    def _integration(self, seen: SettingsSpec, settings: ObservedObject, wanted: str) -> str:
        """Declare the integration of a Settings, and return its name: that of the Settings, or of its Project."""
        names = (wanted, f"{wanted}-{settings.name}", *(f"{wanted}-{number}" for number in range(len(self._objects))))
        name = next(name for name in names if name not in self._integrations)
        credential = _text(settings.annotations.get(CREDENTIAL_ANNOTATION))
        self._integrations[name] = IntegrationSpec(existing_secret=seen.secret_name, credential=credential)
        return name


_SETTINGS = tuple(SettingsSpec.model_fields)


def unmodelled(each: ObservedObject, api: PaletteApi) -> dict[str, Any]:
    """The fields of an object's `spec` that are not modelled, without what cannot be in a stack file."""
    spec = each.manifest.get("spec")
    if not isinstance(spec, dict):
        return {}
    holder = {"spec": deepcopy(spec)}
    for path in api.modelled(each.kind).values():
        if path.steps[0] == "spec":
            path.remove(holder)
    extra = _kept(holder.get("spec") or {})
    # What is where a modelled field would be cannot be in `extraSpec`.
    while extra and (overlapping := api.overlaps(each.kind, extra)):
        before = deepcopy(extra)
        for path in overlapping:
            path.remove(extra)
        if extra == before:
            return {}
    return dict(extra)


def _kept(value: Any, name: str = "") -> Any:
    """A value of a spec without nulls, and without what looks like a key or would be another value in a file."""
    if isinstance(value, dict):
        inside = {
            key: _kept(inner, key)
            for key, inner in value.items()
            if inner is not None and _is_kept(inner, key) and not holds_key(key) and _survives(key, is_key=True)
        }
        return {key: inner for key, inner in inside.items() if inner != {} or value[key] == {}}
    return value


def _is_kept(value: Any, name: str) -> bool:
    # A list without some of its elements would be another one.
    return ciphertext_of(value) is None if isinstance(value, dict) else not holds_key(value, name) and _is_whole(value)


def _is_whole(value: Any) -> bool:
    """Whether all of a value is the same in a file."""
    if isinstance(value, dict):
        keys = all(_survives(key, is_key=True) for key in value)
        return keys and ciphertext_of(value) is None and all(map(_is_whole, value.values()))
    return all(map(_is_whole, value)) if isinstance(value, list) else _survives(value)


def _survives(value: Any, *, is_key: bool = False) -> bool:
    """Whether a scalar is the same after it was written to a stack file and read as Pulumi reads it."""
    if isinstance(value, str) and value.isprintable() and value not in ("", "<<"):
        return True
    written = {value: 0} if is_key else {"value": value}
    try:
        return bool(document_from(yaml_of([written]).encode(), "").value == written)
    except (StackFileError, UnicodeEncodeError):
        return False


def _text(text: str | None) -> str | None:
    return text if text is not None and not holds_key(text) and _survives(text) else None


def _shared(objects: Sequence[ObservedObject]) -> tuple[dict[str, str], dict[str, str]]:
    """The labels and the annotations that every one of some objects has."""
    return _in_all(objects, declared_labels), _in_all(objects, declared_annotations)


def _in_all(objects: Sequence[ObservedObject], entries: Callable[[ObservedObject], dict[str, str]]) -> dict[str, str]:
    first, *rest = map(entries, objects)
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in rest)}


def _without(entries: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in entries.items() if others.get(key) != value}


def _annotations_of(each: ObservedObject) -> dict[str, str]:
    return {key: value for key, value in own_annotations(each).items() if not key.startswith(_PULUMIS)}


def _without_keys(entries: Mapping[str, str]) -> dict[str, str]:
    # Pulumi takes the value of `secure` for a ciphertext.
    return {
        key: value
        for key, value in entries.items()
        if key != "secure" and not holds_key(key) and not holds_key(value, key)
    }
