"""What happens to objects, in the order in which the API server did it."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from support.cluster.control_plane import ControlPlane

KINDS = ("namespaces", "secrets", "tenants", "projects", "settings")

ObjectRef = tuple[str, str | None, str]


@dataclass(frozen=True)
class Event:
    """One change: ADDED, MODIFIED or DELETED, and the object after it."""

    what: str
    object: Mapping[str, Any]

    @property
    def ref(self) -> ObjectRef:
        """Kind, namespace and name."""
        metadata = self.object["metadata"]
        return self.object["kind"], metadata.get("namespace"), metadata["name"]

    @property
    def version(self) -> int:
        """Versions grow over all kinds alike, because one store keeps them."""
        return int(self.object["metadata"]["resourceVersion"])


class Watch:
    """Watches these kinds of objects in every namespace for as long as a `with` lasts.

    Fields, when it is over:
        before: what was there at its beginning, by reference.
        events: what happened since.
    """

    def __init__(self, cluster: ControlPlane, kinds: tuple[str, ...] = KINDS) -> None:
        self._cluster = cluster
        self._kinds = kinds
        self._lists = {kind: _listed(cluster, kind) for kind in kinds}
        self.before = {Event("", each).ref: each for every in self._lists.values() for each in every["items"]}
        self.events: list[Event] = []
        self._seen: list[Event] = []

    def __enter__(self) -> Watch:
        """Begins to watch from the state that was listed."""
        self._processes = [self._watched(kind) for kind in self._kinds]
        self._threads = [threading.Thread(target=self._read, args=(each,), daemon=True) for each in self._processes]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Waits until everything up to now was seen, then ends."""
        until = time.monotonic() + 30
        while kind is None and self._state() != self._listed() and time.monotonic() < until:
            time.sleep(0.2)
        for process in self._processes:
            process.kill()
            process.wait()
        for thread in self._threads:
            thread.join()
        self.events = sorted(self._seen, key=lambda event: event.version)

    def of(self, *ref: str | None) -> list[str]:
        """What happened to one object, in order."""
        return [event.what for event in self.events if event.ref == ref]

    def states(self) -> Iterator[dict[ObjectRef, Mapping[str, Any]]]:
        """Every state that the cluster was in, one after another."""
        state = dict(self.before)
        yield dict(state)
        for event in self.events:
            if event.what == "DELETED":
                state.pop(event.ref, None)
            else:
                state[event.ref] = event.object
            yield dict(state)

    def shared(self, annotation: str) -> list[tuple[ObjectRef, ObjectRef]]:
        """Two Settings, or two Secrets, that carried one credential at any moment."""
        pairs: set[tuple[ObjectRef, ObjectRef]] = set()
        for state in self.states():
            owners: dict[tuple[str, str], ObjectRef] = {}
            for ref, each in state.items():
                if each["metadata"].get("deletionTimestamp") is None:
                    for carried in _credentials(each, annotation):
                        other = owners.setdefault((ref[0], carried), ref)
                        if other != ref:
                            pairs.add((other, ref))
        return sorted(pairs)

    def recreated(self, *kinds: str) -> list[ObjectRef]:
        """Objects that were there before, and were deleted or exchanged for another of their name."""
        uids = {ref: each["metadata"]["uid"] for ref, each in self.before.items()}
        return sorted(
            {
                event.ref
                for event in self.events
                if event.ref in uids
                and (not kinds or event.ref[0] in kinds)
                and (event.what == "DELETED" or event.object["metadata"]["uid"] != uids[event.ref])
            },
            key=str,
        )

    def _watched(self, kind: str) -> subprocess.Popen[str]:
        path = _path(kind)
        version = self._lists[kind]["metadata"]["resourceVersion"]
        raw = f"{path}?watch=1&resourceVersion={version}"
        command = ["kubectl", "--kubeconfig", str(self._cluster.kubeconfig), "get", "--raw", raw]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                # Killed, it may leave half a line.
                if not line.endswith("\n"):
                    break
                event = json.loads(line)
                if event["type"] in {"ADDED", "MODIFIED", "DELETED"}:
                    self._seen.append(Event(event["type"], event["object"]))

    def _state(self) -> dict[ObjectRef, int]:
        state = {ref: int(each["metadata"]["resourceVersion"]) for ref, each in self.before.items()}
        for event in sorted([*self._seen], key=lambda event: event.version):
            if event.what == "DELETED":
                state.pop(event.ref, None)
            else:
                state[event.ref] = event.version
        return state

    def _listed(self) -> dict[ObjectRef, int]:
        every = [Event("", each) for kind in self._kinds for each in _listed(self._cluster, kind)["items"]]
        return {event.ref: event.version for event in every}


def _listed(cluster: ControlPlane, kind: str) -> Any:
    told = json.loads(cluster.kubectl("get", "--raw", _path(kind)))
    # The items of a list do not say what they are, as those of a watch do.
    name, version = told["kind"].removesuffix("List"), told["apiVersion"]
    return {**told, "items": [{"apiVersion": version, "kind": name, **each} for each in told["items"]]}


def _path(kind: str) -> str:
    return f"/api/v1/{kind}" if kind in {"namespaces", "secrets"} else f"/apis/spectrocloud.com/v1alpha1/{kind}"


def _credentials(each: Mapping[str, Any], annotation: str) -> Iterator[str]:
    if each["kind"] == "Settings":
        fingerprint = (each["metadata"].get("annotations") or {}).get(annotation)
        if fingerprint:
            yield fingerprint
    document = (each.get("data") or {}).get("palette") if each["kind"] == "Secret" else None
    if document:
        opened = json.loads(base64.b64decode(document))
        # As the fingerprint: a key is another one on another host.
        yield f"{opened['apiKey']} on {opened['hostUrl']}"
