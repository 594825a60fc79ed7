"""Belongings: which Settings and Projects belong to which Tenant, by the references and namespaces of objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from paletteai_components import naming
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation
from paletteai_components.kube.palette_api import FIELDS, PaletteApi
from paletteai_components.listing import listed
from paletteai_components.observation.objects import Inventory, ObservedObject, fields_of, text_at
from paletteai_components.redaction import named


@dataclass
class Member:
    """A Project of a Tenant."""

    object: ObservedObject
    fields: Mapping[str, Any]
    """See `fields_of`."""
    own: ObservedObject | None = None
    """Its own Settings."""


@dataclass
class Belongings:
    """What belongs to one Tenant, which may be missing."""

    tenant: ObservedObject | None
    namespace: str
    settings: dict[str, ObservedObject] = field(default_factory=dict)
    elsewhere: ObservedObject | None = None
    """The default Settings, if it is in another namespace."""
    projects: list[Member] = field(default_factory=list)


def belongings_of(inventory: Inventory, api: PaletteApi) -> tuple[dict[str, Belongings], list[Diagnostic]]:
    """What belongs to each Tenant, by its name, and what is wrong with the references of Projects."""
    sorting = _Sorting(inventory, api)
    return sorting.belongings(), sorting.diagnostics


class _Sorting:
    def __init__(self, inventory: Inventory, api: PaletteApi) -> None:
        self.inventory, self.api = inventory, api
        self.used = frozenset(namespace for namespace, _ in inventory.settings)
        """The namespaces with Settings."""
        self.diagnostics: list[Diagnostic] = []

    def belongings(self) -> dict[str, Belongings]:
        inventory = self.inventory
        namespaces = _labelled_namespaces(inventory.namespaces, self.api)
        tenants = {
            name: Belongings(tenant, self._tenant_namespace(name, tenant, namespaces))
            for name, tenant in inventory.tenants.items()
        }
        for each in inventory.projects.values():
            project = Member(each, fields_of(each, self.api))
            name = self._tenant_of(project)
            if name is None:
                continue
            if name not in tenants:
                tenants[name] = Belongings(None, self._tenant_namespace(name, None, namespaces))
            tenants[name].projects.append(project)
        owners = {each.namespace: each for each in reversed(tenants.values())}
        own: dict[str, list[ObservedObject]] = defaultdict(list)
        for (namespace, name), settings in inventory.settings.items():
            if namespace in owners:
                owners[namespace].settings[name] = settings
            else:
                own[namespace].append(settings)
        for its in tenants.values():
            its.elsewhere = self._default_elsewhere(its)
            for project in its.projects:
                project.own = self._own_settings(project, own)
        return tenants

    def _tenant_namespace(self, name: str, tenant: ObservedObject | None, labelled: Mapping[str, list[str]]) -> str:
        """The namespace of a Tenant: the one it names, or the one with its label, or the one of its name."""
        stated = text_at(tenant.manifest, self.api.path("tenant.settingsNamespace")) if tenant else None
        with_label = labelled.get(name, [])
        if stated is not None and (not with_label or stated in with_label):
            return stated
        if with_label:
            return with_label[0]
        default = naming.tenant_namespace(name)
        # The earliest documentation names the namespace like the Tenant.
        return name if name in self.used and default not in self.used else default

    def _default_elsewhere(self, each: Belongings) -> ObservedObject | None:
        if each.tenant is None:
            return None
        namespace = text_at(each.tenant.manifest, self.api.path("tenant.settingsNamespace"))
        name = text_at(each.tenant.manifest, self.api.path("tenant.settingsName"))
        if name is None or namespace in (None, each.namespace):
            return None
        return self.inventory.settings.get((str(namespace), name))

    def _tenant_of(self, member: Member) -> str | None:
        """The name of a Project's Tenant, or None, which is reported."""
        reference: str | None = member.fields.get("project.tenantName")
        label: str | None = member.fields.get("project.tenant")
        project = member.object
        is_elsewhere = project.namespace != project.name and "namespace" in project.manifest["metadata"]
        if reference is not None and reference == label and not is_elsewhere:
            return reference
        name = f"project `{named(project.name)}`"
        if reference is None and label is None:
            self._report(
                "PAI005",
                f"{name} names no Tenant, so what it gets is not known.",
                f"Set `spec.tenantRef.name`, and the label `{FIELDS['project.tenant'].path.steps[2]}`.",
                project.location("spec"),
            )
        elif reference is not None and label is not None and reference != label:
            self._report(
                "PAI005",
                f"{name} refers to Tenant `{named(reference)}` and has the label of Tenant `{named(label)}`.",
                "Name one Tenant in both.",
                project.field_location(self.api.path("project.tenantName")),
                project.field_location(self.api.path("project.tenant")),
            )
        if is_elsewhere:
            self._report(
                "PAI007",
                f"{name} is in namespace `{named(project.namespace)}`, and PaletteAI refuses a Project whose name is "
                "not that of its namespace.",
                "Give it the name of its namespace.",
                project.location("metadata", "namespace"),
            )
        return reference or label

    def _own_settings(self, member: Member, candidates: Mapping[str, list[ObservedObject]]) -> ObservedObject | None:
        """The Settings in a Project's namespace that it gets: the one it names, or the only one that is there."""
        project, wanted = member.object, member.fields.get("project.settingsName")
        there = candidates.get(project.name, [])
        if wanted is not None:
            return next((settings for settings in there if settings.name == wanted), None)
        if len(there) < 2:
            return there[0] if there else None
        names = listed((f"`{named(settings.name)}`" for settings in there), 5)
        self._report(
            "PAI005",
            f"project `{named(project.name)}` names no Settings, and there are several in its namespace: {names}. "
            "Which of them it gets is not known.",
            "Name one in `spec.settingsRef.name`, and delete the others.",
            project.location("spec"),
            *(settings.location() for settings in there),
            severity=Severity.WARNING,
        )
        return next((settings for settings in there if settings.name == naming.DEFAULT_SETTINGS), there[0])

    def _report(
        self, code: str, fact: str, remedy: str, *where: SourceLocation, severity: Severity = Severity.ERROR
    ) -> None:
        self.diagnostics.append(Diagnostic(code, fact, remedy, where, severity))


def _labelled_namespaces(namespaces: Mapping[str, ObservedObject], api: PaletteApi) -> dict[str, list[str]]:
    """The namespaces with the label of a Tenant, by its name."""
    found: dict[str, list[str]] = defaultdict(list)
    for name, namespace in namespaces.items():
        tenant = text_at(namespace.manifest, api.path("namespace.tenant"))
        if tenant is not None:
            found[tenant].append(name)
    return found
