"""The manifests that a command is for, read from files, folders or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from paletteai_components.cli.lifetime import kept
from paletteai_components.cli.output.place import STANDARD_INPUT as _SHOWN
from paletteai_components.cli.reading import MANY, reading_files
from paletteai_components.cli.selection import Selection
from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError
from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted
from paletteai_components.stacks.files import bytes_of

if TYPE_CHECKING:
    from paletteai_components.observation.documents import Found
    from paletteai_components.observation.objects import ObservedObject

STANDARD_INPUT = "-"
_EXTENSIONS = (".yaml", ".yml", ".json")
# The documents in a file or a part of it, or why it cannot be read.
_Outcome = tuple[list["Found"], tuple[Diagnostic, ...]]
# Much more than every object of a large cluster.
_MAX_BYTES = 512 * 1024 * 1024
# A file with more bytes than this is read in parts, and by several processes if there are so many parts.
_LARGE = 256 * 1024
_MANY_PARTS = 4


def observed(sources: Sequence[str], vendor_fields: Mapping[str, str], *, merges: bool) -> Selection:
    """Read and check manifests together.

    Args:
        sources: Files, folders, and `-` for standard input.
        vendor_fields: Other paths for the vendor's fields whose path is assumed.
        merges: Whether this PaletteAI merges Settings per integration.

    Returns:
        A stack for each tenant. What could not be read is among the diagnostics.

    Raises:
        UserError: A source does not exist, is a folder without manifests, or is standard input without anything.
    """
    objects: list[ObservedObject] = kept([])
    refused: list[Diagnostic] = []
    unreadable: list[str] = []
    for source in sources:
        with _reading(source) as outcomes:
            # Meanwhile, other processes read.
            from paletteai_components.cli.checking import checked
            from paletteai_components.kube.palette_api import PaletteApi
            from paletteai_components.observation.documents import objects_of
            from paletteai_components.observation.objects import View
            from paletteai_components.observation.reading import workspace_of

            for file, parts in groupby(outcomes, lambda outcome: outcome[0].file):
                read: list[ObservedObject] = []
                problems: tuple[Diagnostic, ...] = ()
                for _, (documents, found) in parts:
                    read += objects_of(documents, file)
                    problems = problems or found
                # Of a file that cannot be read completely, nothing is.
                objects += [] if problems else read
                refused += problems
                unreadable += [file] if problems else []
    workspace = workspace_of(
        objects, PaletteApi(fields=vendor_fields), View("the cluster of these manifests", merges=merges)
    )
    diagnostics = (*refused, *checked(workspace))
    # The Settings that belong to nobody are in a stack, too.
    tenants = tuple(stack for stack in workspace.stacks if stack.plan is None or not stack.plan.unattached)
    return Selection(workspace, tenants, diagnostics, tuple(unreadable))


class _Part(NamedTuple):
    """A part of a large file, or a complete one."""

    file: str
    data: bytes | None = None
    """The bytes of the file. None if whoever reads the part has to read the file."""
    start: int = 0
    end: int = 0
    above: int = 0
    """The number of lines above the part."""


@contextmanager
def _reading(source: str) -> Iterator[Iterable[tuple[_Part, _Outcome]]]:
    """The files of a source, in parts, each with what is in it."""
    if source == STANDARD_INPUT:
        data = sys.stdin.buffer.read(_MAX_BYTES + 1)
        if not data.strip():
            # What failed on the other side of the pipe must not look like a repository without problems.
            raise UserError(
                "there is nothing on standard input, so nothing was checked.",
                "Look at what the command before `|` says.",
            )
        parts, many = list(_parts_of(data, _SHOWN)), _MANY_PARTS
    else:
        files = _files_of(source)
        parts, many = [_Part(file) for file in files], MANY
        if len(files) < MANY:
            parts, many = [part for file in files for part in _parts_in(file)], _MANY_PARTS
    with reading_files(parts, _read, many) as outcomes:
        yield outcomes


def _files_of(source: str) -> list[str]:
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
    return files


def _parts_in(file: str) -> Iterator[_Part]:
    """The parts of a file."""
    try:
        is_large = os.path.getsize(file) > _LARGE
        data = bytes_of(file, _MAX_BYTES) if is_large else b""
    except OSError:
        # Reading it says why.
        is_large = False
    if is_large and len(data) <= _MAX_BYTES:
        yield from _parts_of(data, file)
    else:
        yield _Part(file)


def _parts_of(data: bytes, file: str) -> Iterator[_Part]:
    from paletteai_components.observation.documents import parts_of

    for start, end, above in parts_of(data, _LARGE):
        yield _Part(file, data, start, end, above)


def _read(part: _Part) -> _Outcome:
    from paletteai_components.observation.documents import documents_in

    file, data, start, end, above = part
    if data is None:
        try:
            data = bytes_of(file, _MAX_BYTES)
        except OSError as error:
            fact = f"the file cannot be read ({error.strerror}), so nothing in it was checked."
            return [], (Diagnostic("PAI012", fact, "Make the file readable.", (SourceLocation(file),)),)
    if len(data) > _MAX_BYTES:
        fact = "the file is larger than 512 MiB, so nothing in it was checked."
        return [], (Diagnostic("PAI012", fact, "Split it.", (SourceLocation(file),)),)
    try:
        return list(documents_in(data[start : end or len(data)], file, above)), ()
    except StackFileError as error:
        return [], error.diagnostics


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
