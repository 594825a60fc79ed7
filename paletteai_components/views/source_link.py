"""The address of a line of a file, for links to where something is declared."""

from __future__ import annotations

from pathlib import PurePosixPath
from urllib.parse import quote

from paletteai_components.diagnostics import SourceLocation

_FILE, _LINE = "{file}", "{line}"


def source_link(template: str, location: SourceLocation) -> str | None:
    """The address of a location, or None where the file is not below the folder that the template is about.

    Args:
        template: An address with `{file}` and `{line}`, as the command line accepts it. The caller is trusted.
        location: Its file is not trusted, so it is encoded. Without a line, what follows `#` is left out.
    """
    whole = file_link(template, location.file)
    if whole is None:
        return None
    if location.line is None:
        return without_line(whole)
    return whole.replace(_LINE, str(location.line))


def file_link(template: str, file: str) -> str | None:
    """The template with the file in it, for any line; None where the file is not below its folder."""
    path = PurePosixPath(file)
    # A browser resolves `..`, also an encoded one, so it could lead to another repository.
    if not path.parts or path.is_absolute() or ".." in path.parts:
        return None
    return template.replace(_FILE, quote(str(path), safe="/", errors="surrogateescape"))


def without_line(address: str) -> str:
    """The address of the complete file."""
    return address.partition("#")[0].replace(_LINE, "1")
