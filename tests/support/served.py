"""The component as the engine gets it: over gRPC, with a resource monitor that records what it registers.

The engine's side is played by the tests: they write inputs as the engine does, and read its answer.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi.provider.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, resource_pb2, resource_pb2_grpc

from paletteai_components.plugin.host import TenantProvider
from support.recording import PROJECT, Engine, Monitor, Recording, urn_of

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


@dataclass
class Constructed:
    """How the construction of a component ended.

    Fields:
        recording: what it registered and said meanwhile.
        state: the outputs that the program gets.
        refusal: why it was refused, in words; empty if it was not.
        details: how many properties the engine was told of, whose values it would show.
    """

    recording: Recording = field(default_factory=Recording)
    state: dict[str, Any] = field(default_factory=dict)
    refusal: str = ""
    details: int = 0


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
        config: Mapping[str, str] | None = None,
        providers: Mapping[str, str] | None = None,
        dependencies: Iterable[str] = (),
        protect: bool = False,
    ) -> Constructed:
        """Constructs one component, as the engine does when a program declares it."""
        made = Constructed()
        struct = struct_pb2.Struct()
        json_format.ParseDict(_on_the_wire(inputs), struct)

        async def run(address: str) -> None:
            request = provider_pb2.ConstructRequest(
                project=PROJECT,
                stack=stack,
                organization="organization",
                config=config or {},
                dryRun=preview,
                monitorEndpoint=address,
                type="paletteai:index:Tenant",
                name=name,
                parent=urn_of("", "pulumi:pulumi:Stack", f"{PROJECT}-{stack}", stack),
                inputs=struct,
                providers=providers or {},
                dependencies=dependencies,
                protect=protect,
                accepts_output_values=True,
            )
            servicer = ProviderServicer(self.provider, [], address)
            try:
                response = await servicer.Construct(request, _Context())
            except _Aborted as aborted:
                made.refusal = aborted.status.details
                made.details = sum(len(value) > len(made.refusal) + 40 for _, value in aborted.status.trailing_metadata)
            else:
                made.state = json_format.MessageToDict(response.state)

        monitor = Monitor(made.recording, preview, None, (), 0, None)
        # A thread of its own has no event loop and no context.
        with _engine(monitor, made.recording) as address, ThreadPoolExecutor(1) as thread:
            thread.submit(contextvars.Context().run, asyncio.run, run(address)).result()
        return made


@contextmanager
def _engine(monitor: Monitor, recording: Recording) -> Iterator[str]:
    """The address of an engine that records."""
    server = grpc.server(ThreadPoolExecutor(4))
    resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(monitor), server)
    engine_pb2_grpc.add_EngineServicer_to_server(_Engine(Engine(recording)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None)


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        # Then every version of the SDK asks for single features.
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "")

    def SupportsFeature(self, request: Any, context: Any) -> Any:  # noqa: N802
        # It runs no transforms and no hooks.
        supported = request.id in {"secrets", "resourceReferences", "outputValues", "aliasSpecs", "deletedWith"}
        return resource_pb2.SupportsFeatureResponse(hasSupport=supported)

    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802
        # A component asks for the provider that it is given.
        assert request.tok == "pulumi:pulumi:getResource"
        answer = struct_pb2.Struct()
        answer.update({"urn": request.args["urn"], "id": "made-id", "state": {}})
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._monitor.RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._monitor.RegisterResourceOutputs(request)


class _Engine(engine_pb2_grpc.EngineServicer):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def Log(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._engine.Log(request)


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
