"""Files: the stack files of a folder, and reading them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError
from paletteai_components.pulumi_yaml.document import MAX_BYTES, Document, document_from

_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>.+)(?P<extension>\.[^.]+)")

_AT_ONCE = 64 * 1024

# The result of reading a file: its document, or why it cannot be read.
Outcome = Document | tuple[Diagnostic, ...]


def stack_name_of(file_name: str, extension: str = ".yaml") -> str | None:
    """The stack's name in the name of a stack file with an extension, or None for any other file."""
    match = _STACK_FILE.fullmatch(file_name)
    return match["stack"] if match and match["extension"] == extension else None


def names_in(folder: Path) -> list[str]:
    """The names in a folder that start like a stack file's, sorted. None of them if there is no folder.

    Raises StackFileError if the folder cannot be read.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        fact = f"the folder cannot be read ({error.strerror}), so no stack in it was checked."
        raise StackFileError(
            [Diagnostic("PAI012", fact, "Make the folder readable.", (SourceLocation(str(folder)),))]
        ) from None
    return [name for name in sorted(names) if name.lower().startswith("pulumi.")]


def read_stack_file(path: Path) -> Outcome:
    """The document in a file, or the diagnostics that say why it cannot be read."""
    try:
        return document_in(path)
    except StackFileError as error:
        return error.diagnostics


def document_in(path: Path) -> Document:
    """The document in a file. Raises StackFileError if it cannot be read or is not YAML as Pulumi reads it."""
    return document_from(_read_bytes(path), str(path))


def bytes_of(path: str | Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file, or enough of them to see that there are more than `most`. Raises OSError."""
    left, parts = most + 1, []
    with open(path, "rb", buffering=0) as stream:
        # Python takes memory for all that it is asked to read, and nearly every file is small.
        while left > 0 and (part := stream.read(min(left, _AT_ONCE))):
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


def _read_bytes(path: Path) -> bytes:
    def refused(fact: str, remedy: str) -> StackFileError:
        return StackFileError(
            [Diagnostic("PAI012", f"{fact}, so nothing in it was checked.", remedy, (SourceLocation(str(path)),))]
        )

    try:
        if path.is_symlink() and path.resolve().parent != path.parent.resolve():
            raise refused("the file is a symbolic link out of its folder", "Replace it with the file itself.")
        if path.exists() and not path.is_file():
            raise refused("it is not a file", "Name a stack file.")
        return bytes_of(path)
    except FileNotFoundError:
        raise refused(
            "there is no such file", "Check the name, the folder and, for a symbolic link, its target."
        ) from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is a symbolic link that leads back to itself"
        raise refused(f"the file cannot be read ({reason})", "Make the file readable.") from None
