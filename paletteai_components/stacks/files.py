"""A folder of stack files: which they are, and what is in each."""

from __future__ import annotations

import os
import re
from pathlib import Path

from paletteai_components.diagnostics import Place, Problem, StackFileError
from paletteai_components.pulumi_yaml.document import MAX_BYTES, Document, document_from

PROJECT_FILE = "Pulumi.yaml"
_STACK_FILE = re.compile(r"Pulumi\.(?P<stack>.+)\.yaml")

# What came of reading a file: its document, or why there is none.
Outcome = Document | tuple[Problem, ...]


def stack_name_of(file_name: str) -> str | None:
    """The stack's name in the name of a stack file, or None where it is not the name of one."""
    match = _STACK_FILE.fullmatch(file_name)
    return match["stack"] if match else None


def stack_files(folder: Path) -> list[Path]:
    """The stack files of a folder, in the order of their names. Raises StackFileError."""
    return [path for path in beside_each_other(folder) if stack_name_of(path.name) is not None]


def beside_each_other(folder: Path) -> list[Path]:
    """What is in a folder and begins like a stack file, in the order of names; nothing where there is no folder.

    Raises StackFileError.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        fact = f"the folder cannot be read ({error.strerror}), so no stack in it was judged."
        raise StackFileError([Problem("PAI012", fact, "Make it a readable folder.", (Place(str(folder)),))]) from None
    return [folder / name for name in sorted(names) if name.startswith("Pulumi.")]


def outcome_of(path: Path) -> Outcome:
    """What comes of reading a file."""
    try:
        return document_in(path)
    except StackFileError as error:
        return error.problems


def document_in(path: Path) -> Document:
    """What is in a file. Raises StackFileError where it cannot be read or is not YAML as Pulumi reads it."""
    return document_from(_judged_bytes_of(path), str(path))


def bytes_of(path: Path) -> bytes:
    """The bytes of a file, or so many that it is seen to be too large. Raises OSError."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _judged_bytes_of(path: Path) -> bytes:
    def refused(fact: str, remedy: str) -> StackFileError:
        return StackFileError([Problem("PAI012", f"{fact}, so nothing in it was judged.", remedy, (Place(str(path)),))])

    try:
        if path.is_symlink() and path.resolve().parent != path.parent.resolve():
            raise refused(
                "the file is a link out of its folder",
                "Keep the file itself beside the other stack files.",
            )
        if path.exists() and not path.is_file():
            raise refused("it is no file", "Name a stack file.")
        return bytes_of(path)
    except FileNotFoundError:
        raise refused(
            "there is no such file", "Check the name, the folder and, for a link, what it leads to."
        ) from None
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is a link that leads back to itself"
        raise refused(f"the file cannot be read ({reason})", "Make it a readable file.") from None
