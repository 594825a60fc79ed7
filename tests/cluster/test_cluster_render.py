"""What `render` prints is taken by a real API server as it is: strictly, whole, and a second time without a change."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from support.checkout import ROOT
from support.cluster.control_plane import ControlPlane
from support.cluster.vendor import FINALIZER, Api, Vendor
from support.oracle import Files
from support.projects import changed
from support.topologies import sound_workspaces, workspaces, written

from paletteai_components.cli import main

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("fresh_cluster")]

STACKS = ROOT / "stacks"
EXAMPLES = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in STACKS.iterdir())
# Each is a request for every object.
MOST = settings.default.max_examples // 8 if settings.default else 0

SET_BY_THE_SERVER = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")

NAMESPACES = "/api/v1/namespaces"

EMPTIED = """\
config:
  paletteai:integrations:
    vaulted: {existingSecret: beta-palette, credential: "vault://beta"}
  paletteai:tenant:
    name: beta
    displayName: Beta
    sharedClusterOnly: true
    settings:
      edge: {palette: vaulted}
"""

Manifest = dict[str, Any]


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["render", "--stacks", str(folder), *arguments], catch_exceptions=False)


def rendered(folder: Path, *arguments: str) -> str:
    result = run(folder, *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def objects_of(text: str) -> list[Manifest]:
    return list(yaml.safe_load_all(text))


def kubectl(cluster: ControlPlane, *arguments: str, text: str) -> list[Manifest]:
    """What kubectl tells of the objects of a text."""
    told = json.loads(cluster.kubectl(*arguments, "-f", "-", "-o", "json", input=text))
    items: list[Manifest] = told["items"] if told["kind"] == "List" else [told]
    return items


def applied(cluster: ControlPlane, text: str, *flags: str) -> list[Manifest]:
    """The objects of a text as the API server answers them."""
    return kubectl(cluster, "apply", "--server-side", "--validate=strict", *flags, text=text)


def tried(api: Api, text: str, objects: Iterable[Manifest]) -> list[Manifest]:
    """The objects of a text as the API server answers them in a dry run: each is sent as it stands there.

    So does kubectl with what is on either side of a line `---`, and takes long to start.
    """
    strictly = "dryRun=All&fieldManager=kubectl&fieldValidation=Strict"
    documents = text.removeprefix("---\n").split("\n---\n")
    return [
        api.ask("PATCH", f"{path_of(each)}?{strictly}", document.encode(), "application/apply-patch+yaml")
        for each, document in zip(objects, documents, strict=True)
    ]


def path_of(manifest: Manifest) -> str:
    """Where the API server has an object."""
    version, kind, metadata = manifest["apiVersion"], manifest["kind"].lower(), manifest["metadata"]
    group = f"/api/{version}" if version == "v1" else f"/apis/{version}"
    home = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{group}{home}/{kind.removesuffix('s')}s/{metadata['name']}"


def said(objects: Iterable[Manifest]) -> list[Manifest]:
    """The objects without what the API server and the vendor's controllers add to them."""
    told = []
    for each in json.loads(json.dumps(list(objects))):
        for field in SET_BY_THE_SERVER:
            each["metadata"].pop(field, None)
        each.pop("status", None)
        if each["metadata"].get("finalizers") == [FINALIZER]:
            del each["metadata"]["finalizers"]
        if each["kind"] == "Namespace":
            assert each.pop("spec") == {"finalizers": ["kubernetes"]}
            assert each["metadata"]["labels"].pop("kubernetes.io/metadata.name") == each["metadata"]["name"]
            if not each["metadata"]["labels"]:
                del each["metadata"]["labels"]
        told.append(each)
    return told


def versions(objects: Iterable[Manifest]) -> list[str]:
    return [each["metadata"]["resourceVersion"] for each in objects]


# Before anything is applied for real: a dry run of what is there is a dry run of a change.
@settings(max_examples=MOST, phases=[Phase.explicit, Phase.generate])
@given(st.one_of(sound_workspaces(), sound_workspaces(), workspaces(1)))
def test_whatever_is_rendered_is_taken_as_it_is_printed(cluster: ControlPlane, files: Files) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for stack, file in files.items():
            (folder / f"Pulumi.{stack}.yaml").write_text(written(file)[0])
        result = run(folder)
    assume(result.exit_code == 0 and result.stdout)
    objects = objects_of(result.stdout)
    namespaces = {each["metadata"]["namespace"] for each in objects if "namespace" in each["metadata"]}
    with Api(cluster) as api:
        # A dry run makes none, and takes nothing into one that is not there.
        there = {each["metadata"]["name"] for each in api.ask("GET", NAMESPACES)["items"]}
        for namespace in namespaces - there:
            api.ask("POST", NAMESPACES, {"metadata": {"name": namespace}})
        assert said(tried(api, result.stdout, objects)) == objects


# Those of one tenant in dev and in prod are applied one over the other: what only the first one says has to go.
@pytest.mark.parametrize("stack", EXAMPLES)
def test_an_example_is_taken_as_it_is_printed_and_a_second_time_changes_nothing(
    cluster: ControlPlane, vendor: Vendor, stack: str
) -> None:
    text = rendered(STACKS, stack)
    objects = objects_of(text)
    assert said(applied(cluster, text)) == objects
    vendor.settle()
    before = kubectl(cluster, "get", text=text)
    again = applied(cluster, text)
    # A Namespace of which nothing is said but the name: that somebody applies it is noted at the second time only.
    named = [each["kind"] == "Namespace" and set(each["metadata"]) == {"name"} for each in objects]
    assert [version for version, bare in zip(versions(again), named, strict=True) if not bare] == [
        version for version, bare in zip(versions(before), named, strict=True) if not bare
    ]
    for flags in (["--dry-run=server"], []):
        third = applied(cluster, text, *flags)
        assert said(third) == objects
        assert versions(third) == versions(again)
    assert versions(kubectl(cluster, "get", text=text)) == versions(again)


def test_the_examples_keep_to_the_clusters_own_crds_as_a_user_gets_them(cluster: ControlPlane, tmp_path: Path) -> None:
    crds = tmp_path / "crds.yaml"
    crds.write_text(cluster.kubectl("get", "crd", "-o", "yaml"))
    for stack in EXAMPLES:
        assert rendered(STACKS, "--crds", str(crds), stack) == rendered(STACKS, stack)


def test_a_field_that_the_cluster_does_not_know_is_refused_by_it_and_before_it(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    unknown = changed("{name: vision}", "{name: vision, extraSpec: {quota: {gpus: 8}}}")
    (tmp_path / "Pulumi.acme.dev.yaml").write_text(unknown)
    text = rendered(tmp_path)
    for validate in ("strict", "ignore"):
        with pytest.raises(subprocess.CalledProcessError) as error:
            applied(cluster, text, f"--validate={validate}")
        assert ".spec.quota: field not declared in schema" in error.value.stderr
    crds = tmp_path / "crds.yaml"
    crds.write_text(cluster.kubectl("get", "crd", "-o", "yaml"))
    result = run(tmp_path, "--crds", str(crds))
    assert "has no field `spec.quota`;" in result.stderr
    assert result.exit_code == 1


@pytest.mark.parametrize("line", ["    displayName: Beta\n", "palette: vaulted"], ids=["Tenant", "Settings"])
def test_the_last_thing_that_was_said_of_an_object_can_be_taken_back(
    cluster: ControlPlane, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "Pulumi.beta.dev.yaml"
    assert line in EMPTIED
    file.write_text(EMPTIED)
    applied(cluster, rendered(tmp_path))
    file.write_text(EMPTIED.replace(line, ""))
    text = rendered(tmp_path)
    assert said(applied(cluster, text)) == objects_of(text)
