"""How long the main commands take, as ratios to what a user would run instead.

    make bench                                  # files alone
    make bench BENCH_FLAGS="--context dev"      # and a preview and `up`, with the pulumi command and a cluster

kubectl and kubeconform are compared with where they are on PATH. The latter is there after
`go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0`.

Commands are run in turn, so that a machine that gets slower meanwhile slows both. Medians count.
Each figure is printed beside its limit; the exit code is 1 where one is over it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from support.bench.fleet import choosing, deploying
from support.bench.live import live
from support.bench.measuring import Figure, compared, run
from support.bench.scale import at_scale
from support.bench.workspaces import stack_text
from support.checkout import ROOT

# So many that starting Python is not what is measured.
MANY_PROJECTS = 20_000
PREVIEWED_PROJECTS = 500
TENANTS = 10


def start_up(paletteai: Path) -> Figure:
    """`check` of one example stack, against importing the SDK that a hand-written check would import."""
    sdk = [sys.executable, "-c", "import pulumi_kubernetes.core.v1"]
    return compared("check of one example stack / importing the SDK", 0.6, [paletteai, "check", "globex.dev"], sdk)


def many_projects(paletteai: Path, folder: Path) -> Figure:
    """`check` of one large stack, against nothing but reading its file."""
    stacks = folder / "stacks"
    stacks.mkdir()
    file = stacks / "Pulumi.large.dev.yaml"
    file.write_text(stack_text("large", MANY_PROJECTS))
    reading = "import sys, yaml; yaml.load(open(sys.argv[1], 'rb'), Loader=yaml.CSafeLoader)"
    return compared(
        f"check of {MANY_PROJECTS:,} projects / reading the file with PyYAML's C loader",
        3.0,
        [paletteai, "check", "--stacks", stacks],
        [sys.executable, "-c", reading, file],
    )


HAND_WRITTEN = """\
import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace

API = "spectrocloud.com/v1alpha1"
home = Namespace("home", metadata={{"name": "tenant-hand"}})
settings = CustomResource(
    "settings", api_version=API, kind="Settings", metadata={{"name": "default", "namespace": "tenant-hand"}},
    spec={{"integrations": {{"palette": {{"secretRef": {{"name": "shared-palette"}}}}}}}},
    opts=pulumi.ResourceOptions(depends_on=[home]),
)
tenant = CustomResource(
    "tenant", api_version=API, kind="Tenant", metadata={{"name": "hand"}},
    spec={{"settingsRef": {{"name": "default", "namespace": "tenant-hand"}}}},
    opts=pulumi.ResourceOptions(depends_on=[settings]),
)
for number in range({projects}):
    name = f"hand-{{number}}"
    namespace = Namespace(name, metadata={{"name": name}}, opts=pulumi.ResourceOptions(depends_on=[tenant]))
    CustomResource(
        name, api_version=API, kind="Project",
        metadata={{"name": name, "namespace": name, "labels": {{"palette.ai/tenant-name": "hand"}}}},
        spec={{
            "displayName": f"Project {{number}}", "tenantRef": {{"name": "hand"}},
            "computeConfigRef": {{"name": "default", "namespace": "tenant-hand"}},
        }},
        opts=pulumi.ResourceOptions(depends_on=[namespace]),
    )
"""


def _environment(state: Path) -> dict[str, str]:
    """The environment of Pulumi with its state in a folder."""
    env = {**os.environ, "PULUMI_BACKEND_URL": f"file://{state}", "PULUMI_CONFIG_PASSPHRASE": "benchmark"}
    # Compiling the SDK anew for every stack is nothing that a user does.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def _projects(folder: Path, context: str) -> tuple[Path, Path, dict[str, str]]:
    """A project of ours without stacks, a hand-written one with its stack `bench`, and the environment of both."""
    env = _environment(folder)
    ours, theirs = folder / "ours", folder / "theirs"
    (ours / "stacks").mkdir(parents=True)
    theirs.mkdir()
    project = (ROOT / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
    (ours / "Pulumi.yaml").write_text(project)
    shutil.copy(ROOT / "__main__.py", ours)
    (theirs / "Pulumi.yaml").write_text(
        f"name: hand\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
    )
    (theirs / "__main__.py").write_text(HAND_WRITTEN.format(projects=PREVIEWED_PROJECTS))
    (theirs / "Pulumi.bench.yaml").write_text(f"config:\n  kubernetes:context: {context}\n")
    return ours, theirs, env


def preview(folder: Path, context: str) -> Figure:
    """`pulumi preview` of new projects, against a hand-written program on the provider's defaults.

    The latter waits for the client's limit of requests, so the slower the machine, the higher the ratio.
    """
    ours, theirs, env = _projects(folder, context)
    python = {"PULUMI_PYTHON_CMD": sys.executable}
    stack = stack_text("ours", PREVIEWED_PROJECTS, "ours", context=context)
    (ours / "stacks" / "Pulumi.ours.bench.yaml").write_text(stack)
    for cwd, name in ((ours, "ours.bench"), (theirs, "bench")):
        run(["pulumi", "stack", "init", "--non-interactive", name], cwd, env | python)
    pairs = []
    for _ in range(3):
        command = ["pulumi", "preview", "--non-interactive", "--stack"]
        mine = run([*command, "ours.bench"], ours, env | python)
        pairs.append((mine.seconds, run([*command, "bench"], theirs, env | python).seconds))
    return _figure(f"preview of {PREVIEWED_PROJECTS} new projects / a hand-written program", 0.75, pairs)


def _figure(name: str, limit: float, pairs: list[tuple[float, float]]) -> Figure:
    """The median of pairs of seconds, ours and theirs."""
    ratio = statistics.median(mine / other for mine, other in pairs)
    return Figure(name, ratio, limit, ", ".join(f"{mine:.1f} s to {other:.1f} s" for mine, other in pairs))


def environment(paletteai: Path, folder: Path, context: str) -> Iterator[Figure]:
    """`up` of an environment of ten tenants, new and unchanged, against one hand-written stack of as many projects.

    What is deployed is deleted again. Raises CalledProcessError where something cannot be.
    """
    ours, theirs, env = _projects(folder, context)
    stacks = [(theirs, "bench")]
    for number in range(TENANTS):
        tenant = f"bench-{number}"
        text = stack_text(tenant, PREVIEWED_PROJECTS // TENANTS, tenant, tenant, context)
        (ours / "stacks" / f"Pulumi.{tenant}.bench.yaml").write_text(text)
        stacks.append((ours, f"{tenant}.bench"))
    for cwd, name in stacks:
        run(["pulumi", "stack", "init", "--no-select", "--non-interactive", name], cwd, env)
    try:
        for state, limit, times in (("new", 0.25, 1), ("unchanged", 1.0, 3)):
            pairs = []
            for _ in range(times):
                mine = run([paletteai, "up", "bench", "--yes"], ours, env).seconds
                other = run(["pulumi", "up", "--yes", "--skip-preview", "--stack", "bench"], theirs, env).seconds
                pairs.append((mine, other))
            name = f"up of {TENANTS} {state} tenants, {PREVIEWED_PROJECTS} projects / one hand-written stack"
            yield _figure(name, limit, pairs)
    finally:
        for cwd, name in stacks:
            run(["pulumi", "destroy", "--yes", "--skip-preview", "--stack", name], cwd, env)


def figures(paletteai: Path, folder: Path, context: str | None) -> Iterator[Figure | str]:
    """Every figure, or why one was not measured, as it is known."""
    yield start_up(paletteai)
    yield many_projects(paletteai, folder)
    yield from at_scale(paletteai, folder / "scale")
    yield live(paletteai, folder / "live")
    yield choosing(paletteai, folder / "fleet")
    if context and shutil.which("pulumi"):
        yield preview(folder / "engine", context)
        yield from environment(paletteai, folder / "environment", context)
        state = folder / "state"
        state.mkdir()
        yield from deploying(paletteai, folder / "changed", context, _environment(state))
    else:
        yield "preview and up: not measured; they need --context and the pulumi command"


def main() -> int:
    """Measures, prints, and says by the exit code whether every figure is within its limit."""
    parser = argparse.ArgumentParser(description="Times paletteai against what a user would run instead.")
    parser.add_argument("--context", help="a context of the kubeconfig to preview against; needs pulumi")
    context = parser.parse_args().context
    over = False
    with tempfile.TemporaryDirectory() as folder:
        for figure in figures(Path(sys.executable).with_name("paletteai"), Path(folder), context):
            print(figure, flush=True)
            over |= isinstance(figure, Figure) and figure.is_over
    return over


if __name__ == "__main__":
    sys.exit(main())
