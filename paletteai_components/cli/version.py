"""The versions that a report of a problem needs: `paletteai --version`."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from paletteai_components import __version__

TESTED = {
    "Pulumi CLI": ("3.259", "3.260"),
    "Kubernetes provider": ("4.32", "4.34"),
    "Kubernetes": ("1.36",),
}
"""The versions on which the tests of deployments ran: one, or the oldest and the newest. docs/compatibility.md says so,
too."""

DOCUMENTED = ("0.2", "1.1")
"""The oldest and the newest version of PaletteAI whose documentation this package is written for."""

SECONDS = 2.0
"""How long the Pulumi CLI may take to say its version."""

# What decides how files are read, and what Pulumi and a cluster get.
_PACKAGES = ("pulumi", "pulumi-kubernetes", "kubernetes", "pydantic", "PyYAML")
_NUMBER = re.compile(r"v?(\d+\.\d+\.\d+[A-Za-z0-9.+-]*)\s*")
_PLUGIN = re.compile(r"resource-kubernetes-v(\d+)\.(\d+)\.(\d+)")


def version_lines() -> Iterator[str]:
    """A line for each version. No library is imported for it, and only `pulumi version` is run."""
    # Slow to import, and only needed here.
    from importlib import metadata

    yield f"paletteai {__version__}"
    yield f"Python {platform.python_version()} on {sys.platform}"
    for name in _PACKAGES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name} is not installed"
    yield f"Pulumi CLI {_cli()}"
    yield f"Kubernetes provider {', '.join(_plugins()) or 'is not installed: Pulumi installs it when it is needed'}"
    for name, tested in TESTED.items():
        yield f"tested with {name} {_range(tested)}"
    yield f"written for PaletteAI {_range(DOCUMENTED)}, from its documentation"


def show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """The callback of the option."""
    if wanted and not ctx.resilient_parsing:
        for line in version_lines():
            click.echo(line)
        ctx.exit()


def _cli() -> str:
    """The version of the Pulumi CLI on PATH, or why it is not known."""
    import shutil

    command = shutil.which("pulumi")
    if command is None:
        return "is not on PATH"
    found = _NUMBER.fullmatch(_printed(command, "version"))
    return found[1] if found else "does not say its version"


def _printed(*command: str) -> str:
    """What a command prints; empty if it cannot be run, or does not end in time. Nothing of it is left running."""
    import signal
    import subprocess

    try:
        # In a session of its own: what a script has started ends with it, and holds no pipe open.
        with subprocess.Popen(  # noqa: S603
            command,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            try:
                return process.communicate(timeout=SECONDS)[0]
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return ""
    except OSError:
        return ""


def _plugins() -> list[str]:
    """The versions of Pulumi's Kubernetes provider that are installed, the newest first."""
    try:
        names = os.listdir(Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi") / "plugins")
    except (OSError, RuntimeError):
        return []
    found = (_PLUGIN.fullmatch(name) for name in names)
    numbers = sorted((tuple(map(int, each.groups())) for each in found if each), reverse=True)
    return [".".join(map(str, each)) for each in numbers]


def _range(versions: Iterable[str]) -> str:
    return " to ".join(versions)
