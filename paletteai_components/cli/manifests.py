"""The manifests that a command is for, read from files, folders or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.cli.reading import reading_files
from paletteai_components.cli.selection import Selection
from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError
from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted
from paletteai_components.stacks.files import bytes_of

if TYPE_CHECKING:
    from paletteai_components.observation.objects import ObservedObject

STANDARD_INPUT = "-"
_SHOWN = "<stdin>"
_EXTENSIONS = (".yaml", ".yml", ".json")
# The objects in a file, or why it cannot be read.
_Outcome = tuple[tuple["ObservedObject", ...], tuple[Diagnostic, ...]]
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
    objects: list[ObservedObject] = []
    refused: list[Diagnostic] = []
    unreadable: list[str] = []
    for source in sources:
        with _reading(source) as outcomes:
            # Meanwhile, other processes read.
            from paletteai_components.kube.palette_api import PaletteApi
            from paletteai_components.observation.reading import View, workspace_of
            from paletteai_components.rules import diagnostics_of

            for file, (read, problems) in outcomes:
                objects += read
                refused += problems
                unreadable += [file] if problems else []
    workspace = workspace_of(
        objects, PaletteApi(fields=vendor_fields), View("the cluster of these manifests", merges=merges)
    )
    diagnostics = (*refused, *diagnostics_of(workspace))
    return Selection(workspace, workspace.stacks, diagnostics, tuple(unreadable))


@contextmanager
def _reading(source: str) -> Iterator[Iterable[tuple[str, _Outcome]]]:
    """The files of a source, each with what is in it."""
    if source == STANDARD_INPUT:
        yield [(_SHOWN, _outcome_of(sys.stdin.buffer.read(_MAX_BYTES + 1), _SHOWN))]
        return
    if not os.path.exists(source):
        raise UserError(
            f"there is no file or folder `{redacted(source)}`, so nothing was checked.",
            "Name one with manifests, or `-` for standard input.",
        )
    name = str(Path(source))
    files = list(_files_below(name)) if os.path.isdir(source) else [name]
    if not files:
        raise UserError(
            f"there is no manifest in `{redacted(source)}`, so nothing was checked.",
            f"Name a folder with {', '.join(f'`*{extension}`' for extension in _EXTENSIONS)} files.",
        )
    with reading_files(files, _read) as outcomes:
        yield outcomes


def _read(file: str) -> _Outcome:
    try:
        data = bytes_of(file, _MAX_BYTES)
    except OSError as error:
        fact = f"the file cannot be read ({error.strerror}), so nothing in it was checked."
        return (), (Diagnostic("PAI012", fact, "Make the file readable.", (SourceLocation(file),)),)
    return _outcome_of(data, file)


def _outcome_of(data: bytes, file: str) -> _Outcome:
    from paletteai_components.observation.documents import objects_in

    if len(data) > _MAX_BYTES:
        fact = "the file is larger than 512 MiB, so nothing in it was checked."
        return (), (Diagnostic("PAI012", fact, "Split it.", (SourceLocation(file),)),)
    try:
        return tuple(objects_in(data, file)), ()
    except StackFileError as error:
        return (), error.diagnostics


def _files_below(folder: str) -> Iterator[str]:
    """The manifests in a folder and the folders below it, in the order of their names. No link is followed."""
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            # Such as `.git`.
            if not entry.name.startswith("."):
                yield from _files_below(_path_of(entry))
        elif entry.is_file(follow_symlinks=False) and entry.name.endswith(_EXTENSIONS):
            yield _path_of(entry)


def _path_of(entry: os.DirEntry[str]) -> str:
    return entry.path.removeprefix(f"{os.curdir}{os.sep}")
