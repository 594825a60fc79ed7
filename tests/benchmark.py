"""How long the main commands take, as ratios to what a user would run instead.

    make bench                                  # files alone
    make bench BENCH_FLAGS="--context dev"      # and a preview, with the pulumi command and a cluster

Commands are run in turn, so that a machine that gets slower meanwhile slows both. Medians count.
Each figure is printed beside its limit; the exit code is 1 where one is over it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 7
MANY_PROJECTS = 5_000
PREVIEWED_PROJECTS = 500


@dataclass(frozen=True)
class Run:
    """One finished process: seconds on the clock, and its peak memory in MiB."""

    seconds: float
    memory: float


@dataclass(frozen=True)
class Figure:
    """A measured ratio and the most it may be."""

    name: str
    ratio: float
    limit: float
    detail: str

    def __str__(self) -> str:
        verdict = "ok" if self.ratio <= self.limit else "OVER"
        return f"{self.name}: {self.ratio:.2f} (at most {self.limit:.2f}: {verdict})  {self.detail}"


def run(command: Sequence[str | Path], cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> Run:
    """Runs a command to its end. Raises CalledProcessError where it fails."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(list(map(str, command)), cwd=cwd, env=env, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise subprocess.CalledProcessError(process.returncode, list(map(str, command)), output.read())
    return Run(seconds, usage.ru_maxrss / 1024)


def compared(name: str, limit: float, ours: Sequence[str | Path], theirs: Sequence[str | Path]) -> Figure:
    """The median ratio of two commands, run in pairs after one warm-up of each."""
    run(ours)
    run(theirs)
    pairs = [(run(ours), run(theirs)) for _ in range(PAIRS)]
    ratio = statistics.median(mine.seconds / other.seconds for mine, other in pairs)
    mine = statistics.median(pair[0].seconds for pair in pairs)
    other = statistics.median(pair[1].seconds for pair in pairs)
    memory = max(pair[0].memory for pair in pairs)
    return Figure(name, ratio, limit, f"{mine:.2f} s to {other:.2f} s, peak {memory:.0f} MiB")


def stack_text(tenant: str, projects: int, prefix: str = "project") -> str:
    """A stack file of a tenant with a default Settings and as many projects as asked for."""
    lines = [
        "config:",
        "  kubernetes:context: dev",
        "  paletteai:integrations:",
        "    shared:",
        "      existingSecret: shared-palette",
        "      credential: benchmark",
        "  paletteai:tenant:",
        f"    name: {tenant}",
        "    onRemoval: delete",
        "    computeConfigRef: {name: default}",
        "    settings: {default: {palette: shared}}",
        "    projects:",
    ]
    for number in range(projects):
        lines += [f"      - name: {prefix}-{number}", f"        displayName: Project {number}"]
    return "\n".join(lines) + "\n"


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
        f"check of {MANY_PROJECTS} projects / reading the file with PyYAML's C loader",
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


def preview(folder: Path, context: str) -> Figure:
    """`pulumi preview` of new projects, against a hand-written program on the provider's defaults."""
    env = {**os.environ, "PULUMI_BACKEND_URL": f"file://{folder}", "PULUMI_CONFIG_PASSPHRASE": "benchmark"}
    python = {"PULUMI_PYTHON_CMD": sys.executable}
    ours, theirs = folder / "ours", folder / "theirs"
    (ours / "stacks").mkdir(parents=True)
    theirs.mkdir()
    project = (ROOT / "Pulumi.yaml").read_text().replace("virtualenv: .venv", f"virtualenv: {sys.prefix}")
    (ours / "Pulumi.yaml").write_text(project)
    shutil.copy(ROOT / "__main__.py", ours)
    stack = stack_text("ours", PREVIEWED_PROJECTS, "ours").replace("context: dev", f"context: {context}")
    (ours / "stacks" / "Pulumi.ours.bench.yaml").write_text(stack)
    (theirs / "Pulumi.yaml").write_text(
        f"name: hand\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
    )
    (theirs / "__main__.py").write_text(HAND_WRITTEN.format(projects=PREVIEWED_PROJECTS))
    (theirs / "Pulumi.bench.yaml").write_text(f"config:\n  kubernetes:context: {context}\n")
    for cwd, name in ((ours, "ours.bench"), (theirs, "bench")):
        run(["pulumi", "stack", "init", "--non-interactive", name], cwd, env | python)
    pairs = []
    for _ in range(3):
        command = ["pulumi", "preview", "--non-interactive", "--stack"]
        mine = run([*command, "ours.bench"], ours, env | python)
        pairs.append((mine.seconds, run([*command, "bench"], theirs, env | python).seconds))
    ratio = statistics.median(mine / other for mine, other in pairs)
    detail = ", ".join(f"{mine:.1f} s to {other:.1f} s" for mine, other in pairs)
    return Figure(f"preview of {PREVIEWED_PROJECTS} new projects / a hand-written program", ratio, 0.6, detail)


def main() -> int:
    """Measures, prints, and says by the exit code whether every figure is within its limit."""
    parser = argparse.ArgumentParser(description="Times paletteai against what a user would run instead.")
    parser.add_argument("--context", help="a context of the kubeconfig to preview against; needs pulumi")
    context = parser.parse_args().context
    paletteai = Path(sys.executable).with_name("paletteai")
    figures = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        figures.append(start_up(paletteai))
        print(figures[-1], flush=True)
        figures.append(many_projects(paletteai, folder))
        print(figures[-1], flush=True)
        if context and shutil.which("pulumi"):
            figures.append(preview(folder / "engine", context))
            print(figures[-1], flush=True)
        else:
            print("preview: not measured; it needs --context and the pulumi command")
    return any(figure.ratio > figure.limit for figure in figures)


if __name__ == "__main__":
    sys.exit(main())
