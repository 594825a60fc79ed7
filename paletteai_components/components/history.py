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

from paletteai_components.cluster import Cluster, LiveObject
from paletteai_components.manifests import manifests_of, reference_of
from paletteai_components.planned import PlannedSettings
from paletteai_components.problem import Problem
from paletteai_components.redaction import named
from paletteai_components.sdk import LAST_OUTPUTS, LAST_RESOURCES
from paletteai_components.spec import IntegrationSpec
from paletteai_components.stack import Stack
from paletteai_components.topology import Topology

OUTPUT = "settings"
VERSION_OUTPUT = "apiVersion"

_WAITS = (0.05, 0.2, 0.8, 2.0)


class HistoryError(pulumi.RunError):
    """The outputs of the last deployment cannot be read."""


@dataclass(frozen=True, slots=True)
class History:
    """The last deployment: its Settings, and the version of the vendor's API.

    Fields:
        settings: by the logical name of their integration: `place`, which is ``namespace/name``, the
            credential's identities, and `urns` of the integration and of what is in it. The name is what
            Pulumi goes by: it stays where a namespace is given another name.
        api_versions: the version, if there was a deployment.
        references: the objects that were deployed; see `manifests.reference_of`.
    """

    settings: Mapping[str, Mapping[str, Any]]
    api_versions: tuple[str, ...] = ()
    references: frozenset[str] = frozenset()

    def former_urns(self, name: str, integration: IntegrationSpec | None) -> list[str]:
        """The URNs under which the credential of an integration was known; none where it has not moved."""
        former = self._former(name, integration)
        return list(self.settings[former]["urns"]) if former is not None else []

    def problems(self, stack: Stack) -> Iterator[Problem]:
        """Moves that cannot be made at once, because their old or new place stays in use."""
        if stack.topology is None:
            return
        planned = dict(_named(stack.topology))
        for name, settings in planned.items():
            former = self._former(name, settings.integration)
            if former is None or (former not in planned and name not in self.settings):
                continue
            was = named(str(self.settings[former]["place"]))
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
        references = (reference_of(each) for each in manifests_of(stack.topology, stack.vendor))
        if any(cluster.live(reference) and reference not in self.references for reference in references):
            return True
        for name, settings in _named(stack.topology):
            former = self._former(name, settings.integration)
            expected = {str(settings), self.settings[former]["place"] if former is not None else None}
            carriers = cluster.carriers(settings.integration) if settings.integration else ()
            if any(reference.removeprefix("Settings/") not in expected for reference in carriers):
                return True
        return False

    def _former(self, name: str, integration: IntegrationSpec | None) -> str | None:
        identities = _identities(integration)
        here = self.settings.get(name)
        if not identities or (here is not None and _shares(here, identities)):
            return None
        return next((former for former, known in self.settings.items() if _shares(known, identities)), None)


def history_of_this_stack() -> History:
    """The history of the stack that is being deployed; empty at its first deployment.

    Raises HistoryError where it cannot be read: what moves would not be seen then.
    """
    outputs = _asked(*LAST_OUTPUTS)
    settings = outputs.get(OUTPUT)
    known: dict[str, Mapping[str, Any]] = {}
    for place, each in settings.items() if isinstance(settings, dict) else ():
        urn = each.get("urn") if isinstance(each, dict) else None
        if isinstance(urn, str):
            known[urn.rpartition("::")[2]] = {**each, "place": place, "urns": [urn]}
    version = outputs.get(VERSION_OUTPUT)
    references = frozenset(_references(outputs))
    return History(known, (version,) if isinstance(version, str) else (), references)


def history_in_state(cluster: Cluster) -> History:
    """The history by what is in the stack's state, and by the credentials that its Settings carry in the cluster.

    It costs more to read than the outputs. Raises HistoryError where it cannot be read.
    """
    references: set[str] = set()
    versions: set[str] = set()
    settings: dict[str, Mapping[str, Any]] = {}
    for urn, each in _asked(*LAST_RESOURCES).items():
        manifest = each.get("outputs")
        if not str(each.get("type", "")).startswith("kubernetes:") or "metadata" not in manifest:
            continue
        reference = reference_of(manifest)
        references.add(reference)
        above, _, name = urn.rpartition("::")
        component = above.rpartition("$")[0]
        if manifest["kind"] == "Settings" and component.endswith("PaletteIntegration"):
            versions.add(manifest["apiVersion"])
            live = cluster.live(reference) or LiveObject()
            settings[name] = {
                "place": reference.removeprefix("Settings/"),
                "urns": [f"{component}::{name}", f"{component}$kubernetes:core/v1:Secret::{name}", urn],
                "fingerprint": live.fingerprint,
                "credential": live.credential,
            }
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
            outputs = result.value.get("outputs") if isinstance(result.value, dict) else None
            return outputs if isinstance(outputs, dict) else {}


def _references(outputs: Mapping[str, Any]) -> Iterator[str]:
    """What the outputs say was deployed."""
    yield f"Tenant/{outputs.get('tenant')}"
    namespaces = outputs.get("namespaces")
    if isinstance(namespaces, dict):
        yield f"Namespace/{namespaces.get('tenant')}"
        for name in namespaces.get("projects") or ():
            yield f"Namespace/{name}"
            yield f"Project/{name}/{name}"
    settings = outputs.get(OUTPUT)
    for place, each in settings.items() if isinstance(settings, dict) else ():
        yield f"Settings/{place}"
        yield f"Secret/{each.get('secret') if isinstance(each, dict) else None}"


def _named(topology: Topology) -> Iterator[tuple[str, PlannedSettings]]:
    """The Settings that are written here, by the logical name of their integration."""
    tenant = topology.tenant
    yield from ((f"{tenant.name}.{each.name}", each) for each in tenant.settings if each.made)
    for project in topology.projects:
        if project.own is not None:
            yield f"{tenant.name}.{project.name}.{project.own.name}", project.own


def _identities(integration: IntegrationSpec | None) -> dict[str, str]:
    if integration is None:
        return {}
    known = {"fingerprint": integration.fingerprint_in_force, "credential": integration.credential}
    return {name: value for name, value in known.items() if value is not None}


def _shares(known: Mapping[str, Any], identities: Mapping[str, str]) -> bool:
    return any(known.get(name) == value for name, value in identities.items())
