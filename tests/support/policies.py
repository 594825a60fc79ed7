"""The policy pack as the engine calls it, through Pulumi's own SDK for policies, without an engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import empty_pb2  # type: ignore[import-untyped]
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from paletteai_components.kube.manifests import Manifest
from paletteai_components.policy.pack import policies
from paletteai_components.sdk import pass_resources_once

# As `serve` does.
pass_resources_once()

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine passes for a text that only the deployment knows."""
LEVELS = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory"}


def secret(value: Any) -> dict[str, Any]:
    """A value as the engine passes a secret."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": value}


@dataclass(frozen=True)
class Violation:
    """What a policy reports."""

    policy: str
    level: str
    message: str
    urn: str

    @property
    def code(self) -> str:
        """The code of the rule."""
        return self.message.split("\n")[1].partition(":")[0]


def places_in(manifest: Manifest) -> Iterator[tuple[dict[str, Any], str]]:
    """Every mapping in a manifest with the name of each of its entries, but those that say what the object is."""
    for name, value in manifest.items():
        if name not in ("apiVersion", "kind"):
            yield manifest, name
        if isinstance(value, dict):
            yield from places_in(value)


def urn_of(type: str, name: str, within: str = "") -> str:
    """The URN of a resource, which may be a child of a component of the type `within`."""
    return f"urn:pulumi:dev::app::{f'{within}$' if within else ''}{type}::{name}"


def resource(
    manifest: Manifest,
    name: str = "",
    *,
    type: str = "",
    provider: Mapping[str, Any] | None = None,
    called: str = "default",
    within: str = "",
    depends_on: Mapping[str, str] | None = None,
) -> Any:
    """The resource of an object, by default with a name that no other object has."""
    version, kind = manifest["apiVersion"], manifest["kind"]
    type = type or f"kubernetes:{'core/' if '/' not in version else ''}{version}:{kind}"
    metadata = manifest.get("metadata")
    if not name and isinstance(metadata, dict):
        name = "-".join(str(part) for part in (metadata.get("namespace"), metadata.get("name")) if part)
    urn = urn_of(type, name, within)
    made = proto.AnalyzerResource(type=type, urn=urn, name=name)
    made.properties.update(manifest)
    made.provider.type, made.provider.name = "pulumi:providers:kubernetes", called
    made.provider.urn = urn_of("pulumi:providers:kubernetes", called)
    made.provider.properties.update(provider or {})
    for field, other in (depends_on or {}).items():
        made.propertyDependencies[field].urns.append(other)
    return made


class Pack:
    """The pack, loaded by the engine with a configuration."""

    def __init__(self, config: Mapping[str, Any] | None = None, **options: Any) -> None:
        self.policies = policies(**options)
        self._servicer = _PolicyAnalyzerServicer("paletteai", "0.0.1", [*self.policies], EnforcementLevel.ADVISORY)
        levels = {name: proto.PolicyConfig(enforcementLevel=level) for name, level in (config or {}).items()}
        self._servicer.Configure(proto.ConfigureAnalyzerRequest(policyConfig=levels), None)

    @property
    def info(self) -> Any:
        """What it tells the engine of itself."""
        return self._servicer.GetAnalyzerInfo(empty_pb2.Empty(), None)

    def violations(self, resources: Iterable[Any]) -> list[Violation]:
        """What it reports of a stack."""
        answer = self._servicer.AnalyzeStack(proto.AnalyzeStackRequest(resources=list(resources)), None)
        return [
            Violation(each.policyName, LEVELS[each.enforcementLevel], each.message, each.urn)
            for each in answer.diagnostics
        ]
