"""History: where a stack's credentials were when it was last deployed.

Pulumi creates before it deletes. A credential that moves from one Settings to another would be live
in both for a moment, and that is the race everything here is there to prevent. The stack's own last
outputs tell where each credential was, so its new place can be registered as the old one moved:
then the old one is deleted first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from paletteai_components.diagnostics import Problem
from paletteai_components.kube.cluster import Cluster, LiveObject
from paletteai_components.kube.manifests import objects_of, reference_of
from paletteai_components.kube.palette_api import Vendor
from paletteai_components.model import identity
from paletteai_components.model.plan import Topology
from paletteai_components.model.planned import PlannedSettings
from paletteai_components.model.spec import IntegrationSpec
from paletteai_components.redaction import named
from paletteai_components.sdk import LAST_OUTPUTS, LAST_RESOURCES
from paletteai_components.stacks.stack import Stack

OUTPUT = "lastDeployment"

_WAITS = (0.05, 0.2, 0.8, 2.0)


class HistoryError(pulumi.RunError):
    """The outputs of the last deployment cannot be read."""


@dataclass(frozen=True, slots=True)
class FormerSettings:
    """Settings of the last deployment.

    Fields:
        place: ``namespace/name``.
        urns: those of their component, and of what is in it as far as it is known.
        fingerprint, credential: what their credential is known by.
    """

    place: str
    urns: tuple[str, ...]
    fingerprint: str | None
    credential: str | None

    def carry(self, integration: IntegrationSpec | None) -> bool:
        """Whether they had the credential of an integration."""
        known = {"fingerprint": self.fingerprint, "credential": self.credential}
        return any(known[name] == value for name, value in _identities(integration).items())


@dataclass(frozen=True, slots=True)
class History:
    """The last deployment: its Settings, and the version of the vendor's API.

    Fields:
        settings: by the logical name of their component. The name is what Pulumi goes by: it stays where a
            namespace is given another name.
        api_versions: the version, if there was a deployment.
        references: the objects that were deployed; see `manifests.reference_of`.
    """

    settings: Mapping[str, FormerSettings]
    api_versions: tuple[str, ...] = ()
    references: frozenset[str] = frozenset()

    def former_urns(self, settings: PlannedSettings) -> tuple[str, ...]:
        """The URNs under which the credential of a Settings was known; none where it has not moved."""
        former = self._former(settings)
        return self.settings[former].urns if former is not None else ()

    def problems(self, stack: Stack) -> Iterator[Problem]:
        """Moves that cannot be made at once, because their old or new place stays in use."""
        if stack.topology is None:
            return
        planned = {settings.logical_name: settings for settings in stack.topology.settings}
        for name, settings in planned.items():
            former = self._former(settings)
            if former is None or (former not in planned and name not in self.settings):
                continue
            was = named(self.settings[former].place)
            occupied = named(str(planned[former])) if former in planned else named(str(settings))
            yield Problem(
                "PAI003",
                f"the credential of Settings {named(str(settings))} was in Settings {was} when last deployed, "
                f"and {occupied} stays in use with another one. Changed at once, two Settings would carry "
                "one credential for a moment.",
                f"Make it two deployments: first take the credential out of {was}, "
                f"then bind it in {named(str(settings))}.",
                (stack.place(*settings.path, "palette"), stack.place("integrations", str(settings.palette))),
            )

    def disagrees_with(self, cluster: Cluster, stack: Stack) -> bool:
        """Whether the cluster holds something of the stack that this does not know of.

        Outputs say what the last deployment was meant to do. One that failed on its way has done less.
        """
        if stack.topology is None:
            return False
        references = (each.reference for each in objects_of(stack.topology, stack.vendor))
        if any(cluster.live(reference) and reference not in self.references for reference in references):
            return True
        for settings in stack.topology.settings:
            former = self._former(settings)
            expected = {str(settings), self.settings[former].place if former is not None else None}
            carriers = cluster.carriers(settings.integration) if settings.integration else ()
            if any(reference.removeprefix("Settings/") not in expected for reference in carriers):
                return True
        return False

    def _former(self, settings: PlannedSettings) -> str | None:
        here = self.settings.get(settings.logical_name)
        if here is not None and here.carry(settings.integration):
            return None
        return next((former for former, known in self.settings.items() if known.carry(settings.integration)), None)


def for_the_next(topology: Topology, vendor: Vendor, urns: Mapping[str, pulumi.Input[str]]) -> dict[str, Any]:
    """What the next deployment has to know of this one. `urns` are those of the Settings' components, by place."""
    return {
        "apiVersion": vendor.api_version,
        "objects": [each.reference for each in objects_of(topology, vendor)],
        "settings": {
            str(settings): {"urn": urns[str(settings)], **_identities(settings.integration)}
            for settings in topology.settings
        },
    }


def history_of_this_stack() -> History:
    """The history of the stack that is being deployed; empty at its first deployment.

    Raises HistoryError where it cannot be read: what moves would not be seen then.
    """
    last = _object(_asked(*LAST_OUTPUTS).get(OUTPUT))
    settings: dict[str, FormerSettings] = {}
    for place, each in _object(last.get("settings")).items():
        urn = _object(each).get("urn")
        if isinstance(urn, str):
            former = FormerSettings(place, (urn,), each.get("fingerprint"), each.get("credential"))
            settings[identity.name_of(urn)] = former
    version, objects = last.get("apiVersion"), last.get("objects")
    references = frozenset(map(str, objects if isinstance(objects, list) else ()))
    return History(settings, (version,) if isinstance(version, str) else (), references)


def history_in_state(cluster: Cluster) -> History:
    """The history by what is in the stack's state, and by the credentials that its Settings carry in the cluster.

    It costs more to read than the outputs. Raises HistoryError where it cannot be read.
    """
    references: set[str] = set()
    versions: set[str] = set()
    settings: dict[str, FormerSettings] = {}
    for urn, each in _asked(*LAST_RESOURCES).items():
        manifest = each.get("outputs")
        if not identity.is_object_type(str(each.get("type", ""))) or "metadata" not in manifest:
            continue
        reference = reference_of(manifest)
        references.add(reference)
        component = identity.component_urn(urn)
        if manifest["kind"] == "Settings" and component and identity.kind_of(component) == "PaletteIntegration":
            versions.add(manifest["apiVersion"])
            live = cluster.live(reference) or LiveObject()
            settings[identity.name_of(urn)] = FormerSettings(
                reference.removeprefix("Settings/"),
                (component, identity.child_urn(component, identity.SECRET), urn),
                live.fingerprint,
                live.credential,
            )
    return History(settings, tuple(sorted(versions)), frozenset(references))


def _asked(function: str, argument: str) -> dict[str, Any]:
    """What the engine answers about this stack's last state."""
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    waits = iter(_WAITS)
    while True:
        try:
            result = pulumi.runtime.invoke(function, {argument: stack})
        except Exception as error:
            wait = next(waits, None)
            if wait is None:
                raise HistoryError(
                    "the outputs of this stack's last deployment could not be read, so a credential that moves "
                    f"would not be seen. Nothing was registered; run it again. Pulumi says: {error}"
                ) from None
            # A file backend may be writing the stack's checkpoint at this very moment.
            time.sleep(wait)
        else:
            return _object(_object(result.value).get("outputs"))


def _identities(integration: IntegrationSpec | None) -> dict[str, str]:
    if integration is None:
        return {}
    known = {"fingerprint": integration.fingerprint_in_force, "credential": integration.credential}
    return {name: value for name, value in known.items() if value is not None}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
