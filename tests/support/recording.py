"""A resource monitor that takes the engine's place and records whole what a program registers.

Each run has a thread, a context, an event loop and a monitor of its own, so no run sees another,
whatever it leaves behind. Nothing is deployed: what is registered is answered as if it had been.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, cast

import grpc  # type: ignore[import-untyped]
import pulumi
from google.protobuf import empty_pb2, struct_pb2  # type: ignore[import-untyped]
from pulumi.runtime import mocks, rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.proto import engine_pb2, resource_pb2

PROJECT = "paletteai"

# How the engine's protocol marks a value, and a secret among the marked ones.
_MARK = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Secret:
    """A value that is marked as secret."""

    value: Any


class _Unknown:
    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Registered:
    """A resource as it was registered.

    Fields:
        urn, type, name, parent: which it is; the parent by its URN.
        custom: False for a component.
        inputs: what it is made of, with `Secret` around what is marked secret.
        dependencies: the URNs of what comes before it.
        property_dependencies: the URNs that each input brings along.
        aliases: full URNs, or the parts that differ.
        protect, retain_on_delete, delete_before_replace: None where nothing is stated.
        provider, providers: the explicit ones, by URN and id.
        import_id: the object it takes over.
        transforms: how many of its own it has.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    dependencies: frozenset[str]
    property_dependencies: dict[str, frozenset[str]]
    aliases: tuple[str | Mapping[str, Any], ...]
    protect: bool | None
    retain_on_delete: bool | None
    delete_before_replace: bool | None
    provider: str
    providers: dict[str, str]
    import_id: str
    transforms: int

    @property
    def kind(self) -> str:
        """The last part of its type, for example ``Settings``."""
        return self.type.rpartition(":")[2]

    @property
    def ref(self) -> tuple[str, str | None, str]:
        """The Kubernetes object that it writes."""
        return ref_of(self.inputs)


@dataclass
class Recording:
    """What a program did.

    Fields:
        resources: everything that was registered, in that order.
        outputs: what components gave out at the end, by URN.
        exports: the stack's outputs.
        invokes: the functions that were called, with their arguments.
        messages: what was logged: the severity and the text.
        returned: what the program returned.
        error: what ended it.
    """

    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    invokes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    returned: Any = None
    error: Exception | None = None

    @property
    def objects(self) -> list[Registered]:
        """The Kubernetes objects."""
        return [each for each in self.resources if each.type.startswith("kubernetes:")]

    @property
    def components(self) -> list[Registered]:
        """The components of this package."""
        return [each for each in self.resources if each.type.startswith("paletteai:")]

    @property
    def warnings(self) -> list[str]:
        """What was logged as a warning."""
        return [text for severity, text in self.messages if severity == "WARNING"]

    def at(self, urn: str) -> Registered:
        """The resource of a URN."""
        return next(each for each in self.resources if each.urn == urn)

    def object(self, kind: str, name: str) -> Registered:
        """The Kubernetes object of a kind and a logical name."""
        return _only(each for each in self.objects if (each.kind, each.name) == (kind, name))

    def component(self, kind: str, name: str) -> Registered:
        """The component of a kind and a logical name."""
        return _only(each for each in self.components if (each.kind, each.name) == (kind, name))

    def deletions(self) -> list[set[str]]:
        """The URNs in the order of a destroy: what nothing needs, then what was needed by that."""
        known = {each.urn for each in self.resources}
        left = {each.urn: {*each.dependencies, each.parent} & known for each in self.resources}
        order: list[set[str]] = []
        while left:
            free = left.keys() - set().union(*left.values())
            assert free, f"a cycle among {sorted(left)}"
            order.append(free)
            left = {urn: needs for urn, needs in left.items() if urn not in free}
        return order

    def continued(self, earlier: Recording) -> dict[str, str]:
        """By URN: the URN under which a resource was known earlier, by its own, an alias or its parent's alias."""
        known = {each.urn for each in earlier.resources}
        found: dict[str, str] = {}
        for resource in self.resources:
            candidates = [resource.urn, *_former(resource, found)]
            former = next((urn for urn in candidates if urn in known), None)
            if former is not None:
                found[resource.urn] = former
        return found

    def in_the_open(self) -> Iterator[str]:
        """Every text that anybody may see: everything but what is marked secret."""
        for resource in self.resources:
            yield from _texts([resource.urn, resource.inputs, list(resource.aliases), resource.provider])
        yield from _texts([self.outputs, self.exports, [list(each) for each in self.invokes]])
        yield from (text for _, text in self.messages)
        if self.error is not None:
            yield f"{self.error!r} {self.error}"


class Monitor(mocks.MockMonitor):
    """The engine's end, for one run."""

    def __init__(
        self,
        recording: Recording,
        preview: bool,
        outputs: Mapping[str, Any] | None,
        state: Iterable[Registered],
        failures: int,
        refuses: str | None,
    ) -> None:
        # Nothing is mocked: what the base class would ask its mocks for is answered here.
        super().__init__(cast(mocks.Mocks, None))
        self._recording = recording
        self._preview = preview
        self._outputs = outputs
        self._state = state
        self._failures = failures
        self._refuses = refuses
        self._lock = threading.Lock()

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        return urn_of(parent, type_, name, pulumi.get_stack())

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        registered = _registered(urn, request)
        if request.custom and request.type.rpartition(":")[2] == self._refuses:
            raise _Failure
        with self._lock:
            if any(each.urn == urn for each in self._recording.resources):
                raise RuntimeError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
            if request.type != "pulumi:pulumi:Stack":
                self._recording.resources.append(registered)
        # In a preview nothing has an id yet.
        id_ = f"{request.name}-id" if request.custom and not self._preview else ""
        return resource_pb2.RegisterResourceResponse(urn=urn, id=id_, object=request.object)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        outputs = _plain(request.outputs)
        with self._lock:
            if "::pulumi:pulumi:Stack::" in request.urn:
                self._recording.exports = outputs
            else:
                self._recording.outputs[request.urn] = outputs
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        arguments = _plain(request.args)
        with self._lock:
            self._recording.invokes.append((request.tok, arguments))
            if len(self._recording.invokes) <= self._failures:
                raise _Failure
        answer = struct_pb2.Struct()
        if request.tok == "pulumi:pulumi:readStackOutputs":
            answer.update({"name": arguments["name"], "outputs": self._outputs or {}, "secretOutputNames": []})
        if request.tok == "pulumi:pulumi:readStackResourceOutputs":
            # Of a Secret's data nothing is asked.
            resources = {each.urn: {"type": each.type, "outputs": without_data(each)} for each in self._state}
            answer.update({"name": arguments["stackName"], "outputs": resources})
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})


class _Failure(grpc.RpcError):  # type: ignore[misc]
    """What the engine answers where it cannot."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "the checkpoint cannot be read"


class Engine:
    """Where the program's messages go."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def Log(self, request: Any) -> Any:  # noqa: N802
        self._recording.messages.append((engine_pb2.LogSeverity.Name(request.severity), request.message))
        return empty_pb2.Empty()


def recorded(
    program: Callable[[], Any],
    stack: str = "acme.dev",
    *,
    preview: bool = False,
    config: Mapping[str, str] | None = None,
    secret_keys: Iterable[str] = (),
    outputs: Mapping[str, Any] | None = None,
    state: Iterable[Registered] = (),
    failures: int = 0,
    refuses: str | None = None,
) -> Recording:
    """Runs a program as Pulumi does, and says what it did, however it ended.

    `config` is what Pulumi hands over: objects as JSON, everything opened, and the keys that are
    secret. `outputs` are those of the stack's last deployment, `state` is what it registered; the first
    `failures` calls of a function fail. Resources of the kind that it `refuses` cannot be registered.
    """
    recording = Recording()

    def entry() -> None:
        recording.returned = program()

    def body() -> None:
        monitor = cast(Any, Monitor(recording, preview, outputs, state, failures, refuses))
        engine = cast(Any, Engine(recording))
        pulumi.runtime.reset_options(
            project=PROJECT,
            stack=stack,
            organization="organization",
            monitor_address=monitor,
            engine_address=engine,
            preview=preview,
        )
        set_all_config(dict(config or {}), list(secret_keys))
        try:
            with asyncio.Runner() as runner:
                runner.run(pulumi.runtime.run_in_stack(entry))
        except Exception as error:
            recording.error = error

    # A thread of its own has no event loop, no context, and none of the test's stack, which the SDK reads all of.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(contextvars.Context().run, body).result()
    return recording


def run(program: Callable[[], Any], stack: str = "acme.dev", **more: Any) -> Recording:
    """Runs a program that is expected to come to its end; see `recorded`."""
    recording = recorded(program, stack, **more)
    if recording.error is not None:
        raise recording.error
    return recording


def urn_of(parent: str, type_: str, name: str, stack: str = "acme.dev") -> str:
    """A URN. Of its parents it holds the types, not the names; the stack itself is left out."""
    above = parent.split("::")[2] if parent else ""
    qualified = type_ if above in ("", "pulumi:pulumi:Stack") else f"{above}${type_}"
    return f"urn:pulumi:{stack}::{PROJECT}::{qualified}::{name}"


def ref_of(manifest: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """The Kubernetes object of a manifest: kind, namespace and name."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace"), metadata["name"]


def without_data(registered: Registered) -> dict[str, Any]:
    """The manifest that is registered; of a Secret only what is no secret."""
    return {field: value for field, value in registered.inputs.items() if field != "data"}


def _only(found: Iterable[Registered]) -> Registered:
    (one,) = found
    return one


def _registered(urn: str, request: Any) -> Registered:
    def stated(option: str) -> bool | None:
        return getattr(request, option) if request.HasField(option) else None

    return Registered(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        inputs=_plain(request.object),
        dependencies=frozenset(request.dependencies),
        property_dependencies={key: frozenset(each.urns) for key, each in request.propertyDependencies.items()},
        aliases=tuple(_alias(alias) for alias in [*request.aliases, *request.aliasURNs]),
        protect=stated("protect"),
        retain_on_delete=stated("retainOnDelete"),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        provider=request.provider,
        providers=dict(request.providers),
        import_id=request.importId,
        transforms=len(request.transforms),
    )


def _alias(alias: Any) -> str | dict[str, Any]:
    if isinstance(alias, str) or alias.urn:
        return str(getattr(alias, "urn", alias))
    return {descriptor.name: value for descriptor, value in alias.spec.ListFields()}


def _former(resource: Registered, found: Mapping[str, str]) -> Iterator[str]:
    """Under which URNs the engine looks for a resource: its aliases, then those its parent's alias leads to."""
    stack = resource.urn.split("::")[0].rpartition(":")[2]

    def resolved(alias: str | Mapping[str, Any]) -> str:
        if isinstance(alias, str):
            return alias
        stated = str(alias.get("parentUrn", ""))
        parent = "" if alias.get("noParent") else found.get(stated, stated) or resource.parent
        return urn_of(parent, alias.get("type", resource.type), alias.get("name", resource.name), stack)

    own = [resolved(alias) for alias in resource.aliases]
    yield from own
    parent = found.get(resource.parent, resource.parent)
    if parent == resource.parent:
        return
    parent_name, former_name = resource.parent.split("::")[-1], parent.split("::")[-1]
    for urn in (resource.urn, *own):
        type_, name = urn.split("::")[2].rpartition("$")[2], urn.split("::")[-1]
        if name.startswith(parent_name):
            name = former_name + name.removeprefix(parent_name)
        yield urn_of(parent, type_, name, stack)


def _plain(value: Any) -> Any:
    """A value of the protocol as plain data, its marks kept."""
    if isinstance(value, struct_pb2.Value):
        kind = value.WhichOneof("kind")
        return None if kind in (None, "null_value") else _plain(getattr(value, kind))
    if isinstance(value, struct_pb2.ListValue):
        return [_plain(each) for each in value.values]
    if isinstance(value, struct_pb2.Struct):
        fields = {key: _plain(each) for key, each in value.fields.items()}
        return Secret(fields["value"]) if fields.get(_MARK) == _SECRET else fields
    return UNKNOWN if value == rpc.UNKNOWN else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Secret):
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    else:
        yield str(value)
