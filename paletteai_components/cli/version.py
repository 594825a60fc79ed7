"""The versions that a report of a problem needs: `paletteai --version`."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

import click

from paletteai_components import __version__

# What decides how files are read, and what Pulumi and a cluster get.
_PACKAGES = ("pulumi", "pulumi-kubernetes", "kubernetes", "pydantic", "PyYAML")


def version_lines() -> Iterator[str]:
    """A line for each version. Nothing is imported or started for it, so the version of the Pulumi CLI is not there."""
    # Slow to import, and only needed here.
    from importlib import metadata

    yield f"paletteai {__version__}"
    yield f"Python {platform.python_version()} on {sys.platform}"
    for name in _PACKAGES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            yield f"{name} is not installed"


def show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """The callback of the option."""
    if wanted and not ctx.resilient_parsing:
        click.echo("\n".join(version_lines()))
        ctx.exit()
