"""Example stacks in real projects: started, edited, and seen from every side."""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION
from paletteai_components.kube.palette_api import API_VERSION
from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane
from support.cluster.namespaces import comes_with_the_cluster
from support.cluster.watch import ObjectRef, Watch
from support.real import RealProject
from support.recording import ref_of

STACKS = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in (ROOT / "stacks").iterdir())

# In acme.dev, the edge credential moves from the tenant's Settings to the only project that uses it.
MOVE = (("      edge: {palette: edge}\n", ""), ("        settingsRef: edge\n", "        settings: {palette: edge}\n"))

Objects = dict[ObjectRef, dict[str, Any]]

# What the API server writes into an object's metadata, and what it and tools note there for themselves.
_SET_BY_THE_SERVER = {"creationTimestamp", "finalizers", "generation", "managedFields", "resourceVersion", "uid"}
_NOTES = ("kubernetes.io/metadata.name", "kubectl.kubernetes.io/", "pulumi.com/")


@dataclass(frozen=True)
class Views:
    """One stack from every side.

    Fields:
        rendered: what `paletteai render --with-secrets` prints.
        registered: what the program registered, from the stack's state.
        held: what the API server holds.
        planned: what `paletteai plan --format json` says, in the shape of the outputs.
        told: the outputs, without the URNs.
    """

    rendered: Objects
    registered: Objects
    held: Objects
    planned: dict[str, Any]
    told: dict[str, Any]


def start(project: RealProject, *stacks: str) -> None:
    """Puts the example stacks there, these of them known to the backend."""
    shutil.copytree(ROOT / "stacks", project.stacks, dirs_exist_ok=True)
    for stack in stacks:
        project.init(stack)


def edit(project: RealProject, stack: str, *changes: tuple[str, str]) -> None:
    """Replaces parts of a stack's file, each of which is in it exactly once."""
    path = project.stacks / f"Pulumi.{stack}.yaml"
    text = path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path.name}\n{text}"
        text = text.replace(old, new)
    path.write_text(text)


def views(
    project: RealProject,
    cluster: ControlPlane,
    stack: str,
    *,
    besides: Collection[ObjectRef] = (),
    api_version: str = API_VERSION,
) -> Views:
    """A stack from every side. What there is `besides` on the cluster is none of its own."""
    path = project.folder / "rendered.yaml"
    path.unlink(missing_ok=True)
    project.paletteai("render", "--with-secrets", str(path), stack)
    rendered = objects(path.read_text())
    plan = json.loads(project.paletteai("plan", "--format", "json", stack).stdout)
    outputs = project.outputs(stack)
    for each in outputs["lastDeployment"]["settings"].values():
        del each["urn"]
    return Views(
        rendered=rendered,
        registered=registered(project, stack),
        held={ref: each for ref, each in held(cluster, api_version).items() if ref not in besides},
        planned=_as_outputs(plan["stacks"][0], rendered),
        told=outputs,
    )


def objects(text: str) -> Objects:
    """The manifests of a text of YAML, by ref."""
    return {ref_of(each): each for each in yaml.safe_load_all(text)}


def registered(project: RealProject, stack: str) -> Objects:
    """What the program registered of Kubernetes objects, by ref: the inputs in the stack's state."""
    exported = json.loads(project.run("stack", "export", "--show-secrets", "--stack", stack).stdout)
    resources = exported["deployment"]["resources"]
    inputs = [_opened(each["inputs"]) for each in resources if each["type"].startswith("kubernetes:")]
    return {ref_of(each): each for each in inputs}


def held(cluster: ControlPlane, api_version: str = API_VERSION) -> Objects:
    """What the API server holds outside of the namespaces it comes with, by ref."""
    group, version = api_version.split("/")
    kinds = ["namespaces", "secrets", *(f"{kind}.{version}.{group}" for kind in ("tenants", "projects", "settings"))]
    listed = json.loads(cluster.kubectl("get", ",".join(kinds), "--all-namespaces", "--output=json"))["items"]
    every = {ref_of(each): applied(each) for each in listed}
    return {ref: each for ref, each in every.items() if not comes_with_the_cluster(_home(ref))}


def applied(each: Mapping[str, Any]) -> dict[str, Any]:
    """An object as somebody applied it: without what the API server, controllers and tools added."""
    metadata = {field: value for field, value in each["metadata"].items() if field not in _SET_BY_THE_SERVER}
    for field in ("labels", "annotations"):
        stated = {key: value for key, value in metadata.pop(field, {}).items() if not key.startswith(_NOTES)}
        if stated:
            metadata[field] = stated
    left_out = {"status", "spec"} if each["kind"] == "Namespace" else {"status"}
    return {**{field: value for field, value in each.items() if field not in left_out}, "metadata": metadata}


def changes(watch: Watch) -> list[tuple[str, ObjectRef]]:
    """What happened under a watch, in order: what was ADDED, MODIFIED or DELETED.

    An object counts as deleted when that begins; a status that a controller reports changes nothing.
    """
    return list(_changes(watch))


def _changes(watch: Watch) -> Iterator[tuple[str, ObjectRef]]:
    last = {ref: applied(each) for ref, each in watch.before.items()}
    for event in watch.events:
        was = last.pop(event.ref, None)
        if event.what == "DELETED" or event.object["metadata"].get("deletionTimestamp"):
            if was is not None:
                yield "DELETED", event.ref
            continue
        now = last[event.ref] = applied(event.object)
        if now != was:
            yield ("ADDED" if was is None else "MODIFIED"), event.ref


def _as_outputs(plan: Mapping[str, Any], rendered: Objects) -> dict[str, Any]:
    settings, left = {}, {}
    for each in plan["settings"]:
        metadata = rendered["Settings", each["namespace"], each["name"]]["metadata"]
        annotations = metadata.get("annotations", {})
        secrets = [
            f"{secret['namespace']}/{secret['name']}" for secret in each["secrets"] if secret["type"] == "palette"
        ]
        ref = f"{each['namespace']}/{each['name']}"
        left[ref] = {
            "fingerprint": annotations.get(FINGERPRINT_ANNOTATION),
            "credential": annotations.get(CREDENTIAL_ANNOTATION),
        }
        settings[ref] = {"integration": each["integration"], "secret": secrets[0] if secrets else None, **left[ref]}
    tenant = plan["tenant"]
    fields = ("source", "settings", "integration", "reason")
    projects = {each["name"]: {field: each[field] for field in fields} for each in plan["projects"]}
    return {
        "tenant": tenant["name"],
        "namespaces": {"tenant": tenant["namespace"], "projects": [each["namespace"] for each in plan["projects"]]},
        "settings": _stated(settings),
        "projects": _stated(projects),
        "lastDeployment": {
            "apiVersion": rendered["Tenant", None, tenant["name"]]["apiVersion"],
            "objects": ["/".join(part for part in ref if part) for ref in rendered],
            "settings": _stated(left),
        },
    }


def _stated(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: {key: value for key, value in each.items() if value is not None} for name, each in entries.items()}


def _opened(value: Any) -> Any:
    match value:
        case {"plaintext": str(text)}:
            return json.loads(text)
        case dict():
            return {key: _opened(inner) for key, inner in value.items()}
        case list():
            return [_opened(inner) for inner in value]
    return value


def _home(ref: ObjectRef) -> str:
    kind, namespace, name = ref
    return name if kind == "Namespace" else namespace or ""
