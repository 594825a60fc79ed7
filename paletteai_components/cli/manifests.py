"""The manifests that a command is for, read from files, folders or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.cli.selection import Selection
from paletteai_components.diagnostics import Diagnostic, StackFileError
from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted

if TYPE_CHECKING:
    from paletteai_components.observation.objects import ObservedObject

STANDARD_INPUT = "-"
_EXTENSIONS = (".yaml", ".yml", ".json")
# Much more than every object of a large cluster.
_MAX_BYTES = 512 * 1024 * 1024


def observed(sources: Sequence[str], vendor_fields: Mapping[str, str], *, merges: bool) -> Selection:
    """Read and check manifests together.

    Args:
        sources: Files, folders, and `-` for standard input.
        vendor_fields: Other paths for the vendor's fields whose path is assumed.
        merges: Whether this PaletteAI merges Settings per integration.

    Returns:
        The tenants as stacks. What could not be read is among the diagnostics.

    Raises:
        UserError: A source does not exist, or is a folder without manifests.
    """
    from paletteai_components.kube.palette_api import PaletteApi
    from paletteai_components.observation.reading import View, workspace_of
    from paletteai_components.rules import diagnostics_of

    objects: list[ObservedObject] = []
    refused: list[Diagnostic] = []
    unreadable: list[str] = []
    for source in sources:
        for file, data in _contents(source):
            try:
                objects.extend(_objects_of(file, data))
            except StackFileError as error:
                refused.extend(error.diagnostics)
                unreadable.append(file)
    workspace = workspace_of(
        objects, PaletteApi(fields=vendor_fields), View("the cluster of these manifests", merges=merges)
    )
    diagnostics = (*refused, *diagnostics_of(workspace))
    return Selection(workspace, workspace.stacks, diagnostics, tuple(unreadable))


def _objects_of(file: str, data: bytes | OSError) -> Iterator[ObservedObject]:
    from paletteai_components.diagnostics import SourceLocation
    from paletteai_components.observation.documents import objects_in

    if isinstance(data, OSError):
        fact = f"the file cannot be read ({data.strerror}), so nothing in it was checked."
        raise StackFileError([Diagnostic("PAI012", fact, "Make the file readable.", (SourceLocation(file),))])
    if len(data) > _MAX_BYTES:
        fact = "the file is larger than 512 MiB, so nothing in it was checked."
        raise StackFileError([Diagnostic("PAI012", fact, "Split it.", (SourceLocation(file),))])
    yield from objects_in(data, file)


def _contents(source: str) -> Iterator[tuple[str, bytes | OSError]]:
    """The files of a source, each with its content or why it has none."""
    if source == STANDARD_INPUT:
        yield "<stdin>", sys.stdin.buffer.read(_MAX_BYTES + 1)
        return
    if not os.path.exists(source):
        raise UserError(
            f"there is no file or folder `{redacted(source)}`, so nothing was checked.",
            "Name one with manifests, or `-` for standard input.",
        )
    if not os.path.isdir(source):
        yield source, _content(Path(source))
        return
    files = list(_files_below(Path(source)))
    if not files:
        raise UserError(
            f"there is no manifest in `{redacted(source)}`, so nothing was checked.",
            f"Name a folder with {', '.join(f'`*{extension}`' for extension in _EXTENSIONS)} files.",
        )
    for file in files:
        yield str(file), _content(file)


def _files_below(folder: Path) -> Iterator[Path]:
    """The manifests in a folder and the folders below it, in the order of their names. No link is followed."""
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            # Such as `.git`.
            if not entry.name.startswith("."):
                yield from _files_below(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and entry.name.endswith(_EXTENSIONS):
            yield Path(entry.path)


def _content(file: Path) -> bytes | OSError:
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES + 1)
    except OSError as error:
        return error
