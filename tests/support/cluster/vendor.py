"""A stand-in for PaletteAI: its kinds, what it refuses, and what its controllers do, as far as that is known."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from support.checkout import CRD_FOLDER
from support.cluster.control_plane import ControlPlane

MANAGER = "paletteai-controllers"
FINALIZER = "spectrocloud.com/project-namespace"
VENDORS_OWN = "mural-system"

_ADMISSION = Path(__file__).with_name("vendor.yaml")
_TENANT_LABEL = "palette.ai/tenant"
# A Tenant that the admission is tried out on. Controllers that run already leave it alone.
_PROBE = "probe"
_API_VERSION = "spectrocloud.com/v1alpha1"
_GROUP = f"/apis/{_API_VERSION}"
_NAMESPACES, _TENANTS = "/api/v1/namespaces", f"{_GROUP}/tenants"
# They are listed in this order. Whoever sees a Project sees what was there before it; and a namespace that is missing,
# with its Tenant seen after that, was not deleted after the Tenant: it is never made behind somebody's back.
_WATCHED = (f"{_GROUP}/projects", f"{_GROUP}/settings", _NAMESPACES, _TENANTS)
# How the namespace controller says that all else in a Project's namespace is gone.
_ONLY_THE_PROJECT = "Some resources are remaining: projects.spectrocloud.com has 1 resource instances"

# It is gone, somebody was faster, or the API server has only just begun.
_USUAL = frozenset({404, 409, 429, 503})
_WITHIN = 30.0
_PAUSE = 0.05
_RETRY_AFTER = 0.3

_log = logging.getLogger(__name__)

Object = dict[str, Any]


class Refused(Exception):
    """The API server answered with an error: its code, and what it said."""

    def __init__(self, code: int, answer: bytes) -> None:
        try:
            said = json.loads(answer)["message"]
        except ValueError:
            # Of a path that it does not know it says so in plain text.
            said = answer.decode()
        super().__init__(f"{code}: {said}")
        self.code = code


class Api:
    """A connection to the API server as its administrator. A failure closes it, and the next request opens another."""

    def __init__(self, cluster: ControlPlane, timeout: float | None = _WITHIN) -> None:
        address, tls = cluster.url.removeprefix("https://"), ssl.create_default_context(cafile=cluster.certificate)
        self._connection = http.client.HTTPSConnection(address, context=tls, timeout=timeout)
        (user,) = yaml.safe_load(cluster.kubeconfig.read_text())["users"]
        self._headers = {"Authorization": f"Bearer {user['user']['token']}"}

    def __enter__(self) -> Api:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self._connection.close()

    def ask(self, method: str, path: str, body: object = None, media: str = "application/json") -> Any:
        """The answer. A body that is bytes is sent as it is. Raises Refused where the answer is an error."""
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        try:
            self._connection.request(method, path, sent, {**self._headers, "Content-Type": media})
            with self._connection.getresponse() as response:
                answer = response.read()
        except BaseException:
            # What is left of this answer would be read as the next one.
            self._connection.close()
            raise
        if response.status >= http.client.BAD_REQUEST:
            raise Refused(response.status, answer)
        return json.loads(answer)

    def has(self, path: str) -> bool:
        """Whether something is there, and served already."""
        try:
            self.ask("GET", path)
        except Refused as error:
            if error.code not in _USUAL:
                raise
            return False
        return True

    def watch(self, path: str, changed: Callable[[], object]) -> None:
        """Tells of the beginning and of every change, until the API server or `interrupt` ends it."""
        try:
            self._connection.request("GET", f"{path}?watch=1", headers=self._headers)
            with self._connection.getresponse() as response:
                if response.status != http.client.OK:
                    raise Refused(response.status, response.read())
                changed()
                while response.read1():
                    changed()
        finally:
            self._connection.close()

    def interrupt(self) -> None:
        """Ends what another thread waits for, which then fails."""
        connected = self._connection.sock
        if connected is not None:
            with contextlib.suppress(OSError):
                # As a plain socket's: that of TLS would change what the other thread reads with.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)


def wait_until(what: str, holds: Callable[[], bool], *, seconds: float = _WITHIN) -> None:
    """Asks until it holds. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise TimeoutError(f"it took more than {seconds:.0f} s until {what}")
        time.sleep(_PAUSE)


class Vendor:
    """PaletteAI on a cluster. Its controllers work for as long as a `with` lasts; everything else stays."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._cluster = cluster
        self._ended, self._changed = threading.Event(), threading.Event()
        self._running: list[tuple[threading.Thread, Api]] = []
        self._rounds = self._idle_round = 0

    def __enter__(self) -> Vendor:
        """Begins when the kinds are served and the admission is in force."""
        self.install()
        with Api(self._cluster) as api:
            _wait_for_admission(api)
        self._run(Api(self._cluster), self._work)
        for path in _WATCHED:
            self._run(Api(self._cluster, timeout=None), partial(self._watch, path))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        """Ends the controllers, whether there still is an API server or not."""
        self._ended.set()
        self._changed.set()
        for thread, api in self._running:
            while thread.is_alive():
                # It may only be about to connect.
                api.interrupt()
                thread.join(timeout=0.1)

    def install(self) -> None:
        """Makes the kinds and the admission what they are in the beginning, and waits until the kinds are served."""
        files = ("-f", str(CRD_FOLDER), "-f", str(_ADMISSION))
        self._cluster.kubectl("apply", "--server-side", "--force-conflicts", *files)
        with Api(self._cluster) as api:
            wait_until("all kinds are served", lambda: all(map(api.has, _WATCHED)))

    def settle(self) -> None:
        """Waits until the controllers have seen all that is there now, and have nothing to do about it."""
        before = self._rounds

        def idle_since() -> bool:
            self._changed.set()
            return self._idle_round > before

        wait_until("the controllers have nothing to do", idle_since)

    def _run(self, api: Api, work: Callable[[Api], None]) -> None:
        def until_the_end() -> None:
            with api:
                while not self._ended.wait(_PAUSE):
                    try:
                        work(api)
                    except (OSError, http.client.HTTPException, ValueError, Refused) as error:
                        # Controllers live with it; of anything else somebody has to know.
                        if isinstance(error, Refused) and error.code not in _USUAL:
                            _log.warning("%s: %s", MANAGER, error)
                        self._changed.set()
                        self._ended.wait(_RETRY_AFTER)

        thread = threading.Thread(target=until_the_end, name=MANAGER, daemon=True)
        self._running.append((thread, api))
        thread.start()

    def _watch(self, path: str, api: Api) -> None:
        api.watch(path, self._changed.set)

    def _work(self, api: Api) -> None:
        self._changed.wait()
        self._changed.clear()
        if not self._ended.is_set():
            self._rounds += 1
            if not _Round(api).work():
                self._idle_round = self._rounds


class _Round:
    """What the controllers see at one time, and what they do about it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._has_written = False
        self._refused: Refused | None = None
        self._projects, settings, namespaces, tenants = (api.ask("GET", path)["items"] for path in _WATCHED)
        self._namespaces = {each["metadata"]["name"]: each for each in namespaces}
        self._settings = {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in settings}
        self._tenants = {each["metadata"]["name"]: each for each in tenants}
        labels = {name: each["metadata"].get("labels", {}) for name, each in self._namespaces.items()}
        self._homes = {each[_TENANT_LABEL]: name for name, each in labels.items() if _TENANT_LABEL in each}

    def work(self) -> bool:
        """Looks at every object; one that cannot be dealt with does not hold up the others. Tells of having written."""
        for look_at, objects in ((self._tenant, self._tenants.values()), (self._project, self._projects)):
            for each in objects:
                try:
                    look_at(each)
                except Refused as error:
                    self._refused = error
        if self._refused:
            raise self._refused
        return self._has_written

    def _tenant(self, tenant: Object) -> None:
        name = tenant["metadata"]["name"]
        if _is_leaving(tenant) or name == _PROBE:
            return
        is_new, home = not _at(tenant, "status", "conditions"), f"tenant-{name}"
        if is_new and name not in self._homes and home not in self._namespaces:
            made = {"metadata": {"name": home, "labels": {_TENANT_LABEL: name}}}
            self._write("POST", _NAMESPACES, made)
        projects = [each for each in self._projects if _at(each, "spec", "tenantRef", "name") == name]
        self._report(tenant, _TENANTS, childProjectCount=sum(not self._is_over(each) for each in projects))

    def _project(self, project: Object) -> None:
        namespace = project["metadata"]["namespace"]
        path, finalizers = f"{_GROUP}/namespaces/{namespace}/projects", project["metadata"].get("finalizers", [])
        if not _is_leaving(project):
            if FINALIZER not in finalizers:
                project["metadata"]["finalizers"] = [*finalizers, FINALIZER]
                project = self._put(project, path)
            self._report(project, path, effectiveSettings={"integrations": self._integrations(project)})
        elif FINALIZER in finalizers and self._is_over(project):
            # Not before its Tenant is known to be free: that may be deleted in the very next moment.
            if not self._refused:
                project["metadata"]["finalizers"] = [each for each in finalizers if each != FINALIZER]
                self._put(project, path)
        elif FINALIZER in finalizers and not _is_leaving(self._namespaces.get(namespace, project)):
            self._write("DELETE", f"{_NAMESPACES}/{namespace}")

    def _is_over(self, project: Object) -> bool:
        """Whether a Project is all that is left of its namespace."""
        namespace = self._namespaces.get(project["metadata"]["namespace"], {})
        told = [each["message"] for each in _at(namespace, "status", "conditions") or []]
        return _is_leaving(project) and _ONLY_THE_PROJECT in told

    def _integrations(self, project: Object) -> Object:
        """The Project's own Settings win over the tenant's that it names, and those over the tenant's default."""
        tenant = _at(project, "spec", "tenantRef", "name")
        default = _at(self._tenants.get(tenant, {}), "spec", "settingsRef") or {}
        named = _at(project, "spec", "settingsRef", "name")
        merged: Object = {}
        for location in (
            (default.get("namespace"), default.get("name")),
            (self._homes.get(tenant), named),
            (project["metadata"]["namespace"], named),
        ):
            merged |= _at(self._settings.get(location, {}), "spec", "integrations") or {}
        return merged

    def _report(self, each: Object, path: str, **fields: Any) -> None:
        before = each.get("status", {})
        since = next((one["lastTransitionTime"] for one in before.get("conditions", [])), _now())
        ready = {"type": "Ready", "status": "True", "reason": "Reconciled", "message": "", "lastTransitionTime": since}
        ready["observedGeneration"] = each["metadata"]["generation"]
        status = {**fields, "conditions": [ready]}
        if status != before:
            self._put({**each, "status": status}, path, "/status")

    def _put(self, each: Object, path: str, part: str = "") -> Object:
        return self._write("PUT", f"{path}/{each['metadata']['name']}{part}", each)

    def _write(self, method: str, path: str, body: object = None) -> Object:
        self._has_written = True
        answer: Object = self._api.ask(method, f"{path}?fieldManager={MANAGER}", body)
        return answer


def _at(value: Any, *path: str) -> Any:
    for step in path:
        value = (value or {}).get(step)
    return value


def _is_leaving(each: Object) -> bool:
    return "deletionTimestamp" in each["metadata"]


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _wait_for_admission(api: Api) -> None:
    """Asks for all that is to be refused, until it is: also of a Tenant that seems to have a Project."""
    path, names_its_kind = f"{_TENANTS}/{_PROBE}", {"apiVersion": _API_VERSION, "kind": "Tenant"}
    probe = api.ask("POST", _TENANTS, {**names_its_kind, "metadata": {"name": _PROBE}})
    probe = api.ask("PUT", f"{path}/status", {**probe, "status": {"childProjectCount": 1}})
    misplaced = {"apiVersion": _API_VERSION, "kind": "Project", "metadata": {"name": VENDORS_OWN}}
    asked = (
        ("DELETE", path, None),
        *(("POST", f"{_GROUP}/namespaces/{namespace}/projects", misplaced) for namespace in (VENDORS_OWN, "default")),
    )
    wait_until("the admission is in force", lambda: all(_is_denied(api, *each) for each in asked))
    api.ask("PUT", f"{path}/status", {**probe, "status": {}})
    api.ask("DELETE", path)


def _is_denied(api: Api, method: str, path: str, body: object) -> bool:
    try:
        api.ask(method, f"{path}?dryRun=All", body)
    except Refused as error:
        return "ValidatingAdmissionPolicy" in str(error)
    return False
