"""A thousand stacks with ten projects each: what they take, and how that grows.

`check` is compared with kubeconform on the Namespaces and Projects that the stacks amount to: a user who
checks manifests instead of stack files would run that on what is rendered. It reads local schemas only, made
of this project's test CRDs, and gets its files in the way that is fastest for it.

`render` is compared with `kubectl kustomize` of the 2,000 first objects, which a user would keep by hand
instead. That takes more than in proportion on more of them, so it is not asked for all. As the start of a
process alone is more than a twentieth of what kustomize takes for so few, the limit is on the time for an
object: of all there are here, to 2,000 there. The same 2,000 on both sides are told as well.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from support.bench.measuring import Command, Figure, compared, peak_memory, run
from support.bench.page import page_at_scale
from support.bench.workspaces import many_stacks
from support.checkout import ROOT

STACKS, PROJECTS = 1_000, 10
CUSTOMISED = 2_000
MEMORY = 400
COMMANDS = ("check", "plan", "render")
_GROWTH_RUNS = 5

# Metadata as the vendor's CRDs have it, and nothing else: the least that a schema can ask for.
_NAMESPACE = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata"],
    "properties": {"apiVersion": {"const": "v1"}, "kind": {"const": "Namespace"}, "metadata": {"type": "object"}},
}


def at_scale(paletteai: Path, folder: Path) -> Iterator[Figure | str]:
    """Every figure of a thousand stacks, or why one was not measured."""
    all_of_them = many_stacks(folder / "all" / "stacks", STACKS, PROJECTS)
    quarter = many_stacks(folder / "quarter" / "stacks", STACKS // 4, PROJECTS)
    rendered = subprocess.run(
        [paletteai, "render", "--stacks", all_of_them], capture_output=True, text=True, check=True
    ).stdout
    objects = rendered.split("---\n")[1:]
    if shutil.which("kubeconform"):
        yield from _beside_kubeconform(paletteai, all_of_them, objects, folder / "kubeconform")
    else:
        yield "check to kubeconform: not measured; it needs kubeconform on PATH"
    if shutil.which("kubectl"):
        yield from _beside_kustomize(paletteai, all_of_them, objects, folder)
    else:
        yield "render to kubectl kustomize: not measured; it needs kubectl on PATH"
    for command in COMMANDS:
        yield _growth(command, paletteai, quarter, all_of_them)
    for command in COMMANDS:
        memory = peak_memory([paletteai, command, "--stacks", all_of_them])
        name = f"peak memory of {command} of {STACKS:,} stacks, all processes together / {MEMORY} MB"
        yield Figure(name, memory * 2**20 / 10**6 / MEMORY, 1.0, f"{memory:.0f} MiB")
    yield from page_at_scale(
        paletteai, many_stacks(folder / "faulty" / "stacks", STACKS, PROJECTS, faulty=True), folder
    )


def _beside_kubeconform(paletteai: Path, stacks: Path, objects: list[str], folder: Path) -> Iterator[Figure]:
    checked = [text for text in objects if _is_of_a_project(text)]
    schemas = folder / "schemas"
    schemas.mkdir(parents=True)
    for kind, version, schema in _schemas():
        (schemas / f"{kind.lower()}-{version}.json").write_text(json.dumps(schema))
    location = f"{schemas}/{{{{.ResourceKind}}}}-{{{{.ResourceAPIVersion}}}}.json"
    kubeconform = ["kubeconform", "-summary", "-schema-location", location]
    layouts = {"one file": len(checked), "a file a stack": 2 * PROJECTS, "a file an object": 1}
    for name, size in layouts.items():
        (folder / name).mkdir()
        for at in range(0, len(checked), size):
            (folder / name / f"{at:06}.yaml").write_text("---\n".join(checked[at : at + size]))
        _must_validate_all([*kubeconform, str(folder / name)], len(checked))
    runs = [(run([*kubeconform, folder / name]).seconds, name) for _ in range(5) for name in layouts]
    _, fastest = min(runs)
    which = f"kubeconform of their {len(checked):,} Namespaces and Projects in {fastest}"
    others: Command = [*kubeconform, folder / fastest]
    yield compared(f"check of {STACKS:,} stacks / {which}", 1.0, [paletteai, "check", "--stacks", stacks], others)
    manifests: Command = [paletteai, "check", "--manifests", folder / fastest]
    yield compared(f"check of manifests / {which}", 1.0, manifests, others)


def _is_of_a_project(text: str) -> bool:
    return "\nkind: Project\n" in text or ("\nkind: Namespace\n" in text and "\n  name: tenant-" not in text)


def _schemas() -> Iterator[tuple[str, str, Any]]:
    yield "Namespace", "v1", _NAMESPACE
    for file in sorted((ROOT / "tests" / "crds").glob("*.yaml")):
        spec = yaml.safe_load(file.read_text())["spec"]
        for version in spec["versions"]:
            yield spec["names"]["kind"], version["name"], version["schema"]["openAPIV3Schema"]


def _must_validate_all(command: list[str], expected: int) -> None:
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if not re.search(rf"\b{expected} resources found .* Valid: {expected}, Invalid: 0, Errors: 0, Skipped: 0", told):
        raise RuntimeError(f"kubeconform did not validate all {expected:,} objects: {told}")


def _beside_kustomize(paletteai: Path, stacks: Path, objects: list[str], folder: Path) -> Iterator[Figure]:
    folder = folder / "kustomize"
    folder.mkdir()
    (folder / "objects.yaml").write_text("---\n" + "---\n".join(objects[:CUSTOMISED]))
    (folder / "kustomization.yaml").write_text("resources: [objects.yaml]\n")
    kustomize: Command = ["kubectl", "kustomize", folder]
    each = len(objects) // STACKS
    few = many_stacks(folder / "few" / "stacks", -(-CUSTOMISED // each), PROJECTS)
    name = f"render of {CUSTOMISED:,} objects / kubectl kustomize of them"
    yield compared(name, None, [paletteai, "render", "--stacks", few], kustomize, pairs=3)
    name = f"render of {len(objects):,} objects / kubectl kustomize of {CUSTOMISED:,}, for an object"
    share = CUSTOMISED / len(objects)
    yield compared(name, 0.05, [paletteai, "render", "--stacks", stacks], kustomize, share=share, pairs=5)


def _growth(command: str, paletteai: Path, quarter: Path, all_of_them: Path) -> Figure:
    pairs = []
    for _ in range(_GROWTH_RUNS):
        few = run([paletteai, command, "--stacks", quarter]).seconds
        pairs.append((run([paletteai, command, "--stacks", all_of_them]).seconds, few))
    many, few = (statistics.median(seconds) for seconds in zip(*pairs, strict=True))
    name = f"{command} of {STACKS:,} stacks / {command} of {STACKS // 4}"
    return Figure(name, many / few, 4 * 1.25, f"{many:.2f} s to {few:.2f} s")
