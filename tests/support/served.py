"""The component as the engine gets it: over gRPC, with a resource monitor that records what it registers.

The engine's side is played by the tests: they write inputs as the engine does, and read its answer.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import (
    engine_pb2_grpc,
    errors_pb2,
    provider_pb2,
    resource_pb2,
    resource_pb2_grpc,
    status_pb2,
)

from paletteai_components.model.spec import IntegrationSpec, StackSpec
from paletteai_components.plugin.host import TenantProvider
from paletteai_components.plugin.types import LEFT_OUT, input_fields
from support.programs import KEY, key_in
from support.recording import PROJECT, Engine, Monitor, Recording, Registered, urn_of
from support.samples import HOST, PROJECT_ID

# How the engine's protocol marks an Output among plain values.
_MARK, _OUTPUT = "4dabf18193072939515e22adb298388d", "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@dataclass(frozen=True)
class Given:
    """An Output, as a program passes it to a component. Without a value, only the deployment knows it."""

    value: Any = None
    secret: bool = False
    known: bool = True
    dependencies: tuple[str, ...] = ()


UNKNOWN = Given(known=False)
KUBERNETES = "urn:pulumi:acme.dev::paletteai::pulumi:providers:kubernetes::edge::made-id"
"""The Kubernetes provider of a program, as the engine refers to it."""
MUTABLE = {"kubernetes:enableSecretMutable": "true"}
"""The configuration with which a Secret changes in place."""


@dataclass
class Constructed:
    """How the construction of a component ended.

    Fields:
        recording: what it registered and said meanwhile.
        state: the outputs that the program gets.
        refusal: why it was refused, in words; empty if it was not.
        properties: the paths whose values the engine would show beside that.
    """

    recording: Recording = field(default_factory=Recording)
    state: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    properties: list[str] = field(default_factory=list)


class _Aborted(Exception):
    def __init__(self, status: Any) -> None:
        self.status = status


class _Context:
    async def abort_with_status(self, status: Any) -> None:
        raise _Aborted(status)


class Plugin:
    """One process of the component package."""

    def __init__(self) -> None:
        self.provider = TenantProvider()

    def construct(
        self,
        inputs: Mapping[str, Any],
        name: str = "acme",
        stack: str = "acme.dev",
        *,
        preview: bool = False,
        config: Mapping[str, str] = MUTABLE,
        provider: Mapping[str, Any] | None = None,
        dependencies: Iterable[str] = (),
        protect: bool = False,
        state: Iterable[Registered] = (),
        failures: int = 0,
    ) -> Constructed:
        """Constructs one component, as the engine does when a program declares it.

        `provider` is what the program has set of its own Kubernetes provider, `KUBERNETES`, if it has one. `state` is
        what the stack's last deployment registered; the first `failures` calls of a function fail.
        """
        made = Constructed()
        struct = struct_pb2.Struct()
        json_format.ParseDict(_on_the_wire(inputs), struct)

        async def run(address: str) -> None:
            request = provider_pb2.ConstructRequest(
                project=PROJECT,
                stack=stack,
                organization="organization",
                config=config,
                dryRun=preview,
                monitorEndpoint=address,
                type="paletteai:index:Tenant",
                name=name,
                parent=urn_of("", "pulumi:pulumi:Stack", f"{PROJECT}-{stack}", stack),
                inputs=struct,
                providers={} if provider is None else {"kubernetes": KUBERNETES},
                dependencies=dependencies,
                protect=protect,
                accepts_output_values=True,
            )
            servicer = ProviderServicer(self.provider, [], address)
            try:
                response = await servicer.Construct(request, _Context())
            except _Aborted as aborted:
                made.refusal = aborted.status.details
                made.properties = list(_properties(aborted.status.trailing_metadata))
            else:
                made.state = json_format.MessageToDict(response.state)

        monitor = Monitor(made.recording, preview, None, state, failures, None)
        _PLAYED[:] = [(monitor, Engine(made.recording), provider or {})]
        # A thread of its own has no event loop and no context.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(contextvars.Context().run, asyncio.run, run(_address())).result()
        return made


def inputs_of(config: dict[str, Any]) -> dict[str, Any]:
    """The inputs that declare what the `config` of a stack file declares, with its keys as secrets."""
    known = {name for name, _ in input_fields(StackSpec)}
    declared = {key.removeprefix("paletteai:"): value for key, value in config.items()}
    inputs = {name: value for name, value in declared.items() if name in known}
    inputs["integrations"] = {
        name: {
            field: Given(key_in(value["secure"]), secret=True) if field == "apiKey" else value
            for field, value in integration.items()
            if field not in LEFT_OUT[IntegrationSpec]
        }
        for name, integration in inputs.get("integrations", {}).items()
    }
    return inputs


def acme(**changes: Any) -> dict[str, Any]:
    """The inputs of a small tenant."""
    shared = {"hostUrl": HOST, "tenant": "example-tenant", "defaultProjectID": PROJECT_ID}
    tenant = {
        "name": "acme",
        "computeConfigRef": {"name": "default"},
        "settings": {"default": {"palette": "shared"}},
        "projects": [{"name": "vision"}],
    }
    return {
        "integrations": {"shared": {**shared, "apiKey": Given(KEY, secret=True)}},
        "tenant": {**tenant, **changes},
    }


@cache
def _address() -> str:
    """The address of the engine of this process. What it is told goes to whoever records at the moment."""
    server = grpc.server(ThreadPoolExecutor(4))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(), server)
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    _ENGINES.append(server)
    return f"127.0.0.1:{port}"


# What the engine of this process plays at the moment; and itself, which stops when nobody refers to it.
_PLAYED: list[tuple[Monitor, Engine, Mapping[str, Any]]] = []
_ENGINES: list[Any] = []


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        # Then every version of the SDK asks for single features.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "")

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        # It runs no transforms and no hooks.
        supported = request.id in {"secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith"}
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        if request.tok != "pulumi:pulumi:getResource":
            return _PLAYED[-1][0].Invoke(request)
        # A component asks for the provider that it is given.
        answer = struct_pb2.Struct()
        answer.update({"urn": request.args["urn"], "id": "made-id", "state": dict(_PLAYED[-1][2])})
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return _PLAYED[-1][0].RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        return _PLAYED[-1][0].RegisterResourceOutputs(request)


class _Engine(engine_pb2_grpc.EngineServicer):
    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        return _PLAYED[-1][1].Log(request)


def _properties(metadata: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    for _, value in metadata:
        for detail in status_pb2.Status.FromString(value).details:
            found = errors_pb2.InputPropertiesError()
            assert detail.Unpack(found)
            yield from (each.property_path for each in found.errors)


def _on_the_wire(value: Any) -> Any:
    match value:
        case Given():
            marked: dict[str, Any] = {_MARK: _OUTPUT, "secret": value.secret}
            marked |= {"value": _on_the_wire(value.value)} if value.known else {}
            return marked | ({"dependencies": list(value.dependencies)} if value.dependencies else {})
        case Mapping():
            return {key: _on_the_wire(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_on_the_wire(inner) for inner in value]
    return value
