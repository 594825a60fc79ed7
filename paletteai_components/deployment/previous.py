"""The previous deployment: which Settings held each credential of a stack.

Pulumi creates before it deletes, so a credential that moves from one Settings to another would be in both for a
moment. The outputs of the previous deployment show where each credential was. The new Settings is registered with an
alias of the old one, so that Pulumi deletes the old one first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from paletteai_components.deployment.outputs import OUTPUT
from paletteai_components.diagnostics import Diagnostic
from paletteai_components.kube.cluster import Cluster, LiveObject
from paletteai_components.kube.manifests import (
    CREDENTIAL_ANNOTATION,
    FINGERPRINT_ANNOTATION,
    objects_of,
    reference_of,
)
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model import identity
from paletteai_components.model.plan import Plan
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.sdk import LAST_OUTPUTS, LAST_RESOURCES
from paletteai_components.stacks.ownership import refused_move
from paletteai_components.stacks.stack import Stack

# The kinds of the vendor's API.
_VENDORS = frozenset({"Tenant", "Project", "Settings"})
_WAITS = (0.05, 0.2, 0.8, 2.0)


class PreviousDeploymentError(pulumi.RunError):
    """The outputs or the state of the previous deployment cannot be read."""


@dataclass(frozen=True, slots=True)
class PreviousSettings:
    """A Settings of the previous deployment."""

    reference: str
    """The Settings, as ``namespace/name``."""
    urns: tuple[str, ...]
    """The URN of its component, then those of its Secret and Settings if they are known."""
    fingerprint: str | None
    credential: str | None
    """The name of its credential in an external Secret."""

    def carry(self, integration: IntegrationSpec | None) -> bool:
        """Whether it held the credential of an integration."""
        former = {"fingerprint": self.fingerprint, "credential": self.credential}
        return any(former[name] == value for name, value in _identities(integration).items())


@dataclass(frozen=True, slots=True)
class PreviousDeployment:
    """The previous deployment of a stack; empty before the first."""

    settings: Mapping[str, PreviousSettings]
    """Its Settings, by the logical name of their component, which stays the same when a namespace is renamed."""
    api_versions: tuple[str, ...] = ()
    """The versions of the vendor's API that its objects have."""
    references: frozenset[str] = frozenset()
    """References of its objects; see `manifests.reference_of`."""

    def former_urns(self, settings: PlannedSettings) -> tuple[str, ...]:
        """The URNs of the Settings that held this Settings' credential; empty if the credential has not moved."""
        former = self._former_name(settings)
        return self.settings[former].urns if former is not None else ()

    def diagnostics(self, stack: Stack) -> Iterator[Diagnostic]:
        """Moves that need two deployments, because their old or new Settings stays in use."""
        if stack.plan is None:
            return
        planned = {settings.logical_name: settings for settings in stack.plan.settings}
        for name, settings in planned.items():
            former = self._former_name(settings)
            if former is None or (former not in planned and name not in self.settings):
                continue
            occupied = planned.get(former, settings)
            yield refused_move(
                stack, settings, self.settings[former].reference, str(occupied), "in the last deployment"
            )

    def disagrees_with(self, cluster: Cluster, stack: Stack) -> bool:
        """Whether the cluster holds objects or credentials of the stack that are not listed here.

        Outputs show the last deployment that succeeded. One that failed later may have changed more.
        """
        if stack.plan is None:
            return False
        if any(cluster.live(each.reference) and each.reference not in self.references for each in stack.objects):
            return True
        for settings in stack.plan.settings:
            former = self._former_name(settings)
            expected = {str(settings), self.settings[former].reference if former is not None else None}
            carriers = cluster.carriers(settings.integration) if settings.integration else ()
            if any(reference.removeprefix("Settings/") not in expected for reference in carriers):
                return True
        return False

    def _former_name(self, settings: PlannedSettings) -> str | None:
        here = self.settings.get(settings.logical_name)
        if here is not None and here.carry(settings.integration):
            return None
        return next((name for name, former in self.settings.items() if former.carry(settings.integration)), None)


def for_the_next(plan: Plan, api: PaletteApi, urns: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    """The output that the next deployment reads, with the URNs of the Settings' components by ``namespace/name``."""
    return {
        "apiVersion": api.api_version,
        "objects": [each.reference for each in objects_of(plan, api)],
        "settings": {
            str(settings): {"urn": urns[str(settings)], **_identities(settings.integration)}
            for settings in plan.settings
        },
    }


def previous_deployment() -> PreviousDeployment:
    """Reads the previous deployment of the running stack from its outputs.

    Raises:
        PreviousDeploymentError: they cannot be read, so moves would go unnoticed.
    """
    last = _object(_ask_engine(*LAST_OUTPUTS).get(OUTPUT))
    settings: dict[str, PreviousSettings] = {}
    for reference, each in _object(last.get("settings")).items():
        urn = _object(each).get("urn")
        if isinstance(urn, str):
            former = PreviousSettings(reference, (urn,), each.get("fingerprint"), each.get("credential"))
            settings[identity.name_of(urn)] = former
    version, objects = last.get("apiVersion"), last.get("objects")
    references = frozenset(map(str, objects if isinstance(objects, list) else ()))
    return PreviousDeployment(settings, (version,) if isinstance(version, str) else (), references)


def previous_deployment_in_state(cluster: Cluster) -> PreviousDeployment:
    """Reads the previous deployment from the stack's state, and its credentials from the cluster's Settings.

    This takes longer than reading the outputs.

    Raises:
        PreviousDeploymentError: the state cannot be read.
    """
    references: set[str] = set()
    versions: set[str] = set()
    settings: dict[str, PreviousSettings] = {}
    for urn, manifest in _objects_in_state():
        reference = reference_of(manifest)
        references.add(reference)
        if manifest["kind"] == "Settings" and (urns := _settings_urns(urn)):
            versions.add(manifest["apiVersion"])
            live = cluster.live(reference) or LiveObject()
            settings[identity.name_of(urn)] = PreviousSettings(
                reference.removeprefix("Settings/"), urns, live.fingerprint, live.credential
            )
    return PreviousDeployment(settings, tuple(sorted(versions)), frozenset(references))


def previous_deployment_of(component: str, tenant: str) -> PreviousDeployment:
    """Reads the previous deployment of one component of a program from the stack's state.

    Args:
        component: The logical name of the component.
        tenant: The name of its Tenant, with which the logical names in a plan begin.

    Raises:
        PreviousDeploymentError: the state cannot be read.
    """
    references: set[str] = set()
    versions: set[str] = set()
    settings: dict[str, PreviousSettings] = {}
    for urn, manifest in _objects_in_state():
        name = identity.name_of(urn)
        if not f"{name}.".startswith(f"{component}.") or not identity.is_below(urn, identity.TENANT):
            continue
        reference = reference_of(manifest)
        references.add(reference)
        if manifest["kind"] in _VENDORS:
            versions.add(manifest["apiVersion"])
        if manifest["kind"] == "Settings" and (urns := _settings_urns(urn)):
            annotations = manifest["metadata"].get("annotations") or {}
            settings[f"{tenant}{name.removeprefix(component)}"] = PreviousSettings(
                reference.removeprefix("Settings/"),
                urns,
                annotations.get(FINGERPRINT_ANNOTATION),
                annotations.get(CREDENTIAL_ANNOTATION),
            )
    return PreviousDeployment(settings, tuple(sorted(versions)), frozenset(references))


def _objects_in_state() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The manifests of the objects in this stack's state, by their URNs."""
    for urn, each in _ask_engine(*LAST_RESOURCES).items():
        manifest = each.get("outputs")
        if identity.is_object_type(str(each.get("type", ""))) and "metadata" in manifest:
            yield urn, manifest


def _settings_urns(urn: str) -> tuple[str, ...]:
    """The URNs of a Settings' component, of its Secret and of itself. Empty if it is below no integration."""
    component = identity.component_urn(urn)
    if component is None or identity.kind_of(component) != "PaletteIntegration":
        return ()
    return component, identity.child_urn(component, identity.SECRET), urn


def _ask_engine(function: str, argument: str) -> dict[str, Any]:
    """Asks the engine for the outputs or the resources of this stack's last state."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    waits = iter(_WAITS)
    while True:
        try:
            result = pulumi.runtime.invoke(function, {argument: stack})
        except Exception as error:
            wait = next(waits, None)
            if wait is None:
                raise PreviousDeploymentError(
                    "the outputs of this stack's last deployment could not be read, so a moved credential would "
                    f"go unnoticed. Nothing was registered; run it again. Pulumi reports: {error}"
                ) from None
            # A file backend may be writing the stack's checkpoint right now.
            time.sleep(wait)
        else:
            return _object(_object(result.value).get("outputs"))


def _identities(integration: IntegrationSpec | None) -> dict[str, str]:
    if integration is None:
        return {}
    identities = {"fingerprint": integration.fingerprint_in_force, "credential": integration.credential}
    return {name: value for name, value in identities.items() if value is not None}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
