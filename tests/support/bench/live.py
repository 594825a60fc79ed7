"""`doctor` of a large cluster: how many objects a second, and with how many requests.

The API server is a fake one in the process of the benchmark, so that nothing but `doctor` is measured, and it is
compared with a program that does nothing but read the same lists. A real API server and its network add their own
time to both.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from paletteai_components.kube.manifests import Manifest
from support.bench.measuring import Command, Figure, compared, run
from support.fake_api import TOKEN, FakeApi
from support.observations import manifest, project, secret, settings, tenant

PROJECTS, TENANTS = 10_000, 1_000
LIMIT = 10.0

_READING = """\
import json, sys, urllib.request
server, token, *paths = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for path in paths:
    more = ""
    while more is not None:
        url, headers = f"{server}{path}?limit=500{more}", {"Authorization": f"Bearer {token}"}
        with opener.open(urllib.request.Request(url, headers=headers)) as answer:
            page = json.load(answer)
        token_of_next = page["metadata"].get("continue")
        more = f"&continue={token_of_next}" if token_of_next else None
"""
_GROUP = "/apis/spectrocloud.com/v1alpha1"
_LISTS = (
    *(f"{_GROUP}/{kind}" for kind in ("projects", "tenants", "settings")),
    "/api/v1/secrets",
    "/api/v1/namespaces",
)


def live(paletteai: Path, folder: Path) -> Figure:
    """`doctor` of ten thousand projects, against reading their lists with Python's own library."""
    folder.mkdir()
    objects = list(_objects())
    with FakeApi(objects) as api:
        kubeconfig = api.kubeconfig(folder)
        command: Command = [paletteai, "doctor", "--kubeconfig", kubeconfig]
        reading: Command = [sys.executable, "-c", _READING, api.url, TOKEN, *_LISTS]
        figure = compared(f"doctor of {PROJECTS:,} projects / reading their lists", LIMIT, command, reading, pairs=5)
        before = len(api.requests)
        seconds = run(command).seconds
        requests = len(api.requests) - before
    speed = f"{len(objects) / seconds:,.0f} objects/s, {requests} requests, of a fake API server"
    return replace(figure, detail=f"{figure.detail}, {speed}")


def _objects() -> Iterator[Manifest]:
    """The objects of a cluster with nothing wrong, as large as those of a real one."""
    for number in range(TENANTS):
        name = f"t{number}"
        yield manifest("Namespace", f"tenant-{name}", labels={"palette.ai/tenant": name})
        yield tenant(name)
        yield settings(f"tenant-{name}")
        yield secret(f"tenant-{name}", key=name, defaultProjectID=f"65{number:022}")
    for number in range(PROJECTS):
        name = f"p{number}"
        yield manifest("Namespace", name)
        each = project(name, f"t{number % TENANTS}", annotations={"note": "x" * 200})
        each["metadata"]["managedFields"] = [{"manager": "someone", "fieldsV1": {f"f:{at}": {} for at in range(30)}}]
        each["status"] = {"conditions": [{"type": "Ready", "status": "True", "reason": "Reconciled"}]}
        yield each
