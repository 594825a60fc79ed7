"""Problems as annotations of GitHub: lines of output that its runner takes for commands."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from paletteai_components.cli.output.place import Repository
from paletteai_components.cli.output.report import grouped, text_of
from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.rules import RULES

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def annotations_of(diagnostics: Iterable[Diagnostic], repository: Repository, *, each: bool) -> Iterator[str]:
    """A line for each problem, at its first place in the repository.

    GitHub shows few annotations of a step, so problems that are told together have one.

    Args:
        diagnostics: The problems. There is no annotation of a silenced one.
        repository: The repository to whose top the files are relative.
        each: Whether every problem has its own.
    """
    for cause, alike, consequences in grouped(diagnostics, each=each):
        properties = _place_of(cause, repository)
        properties["title"] = f"{cause.code}: {RULES[cause.code].holds}"
        given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        # The log shows the text alone, so it says the place, too.
        yield f"::{_COMMANDS[cause.severity]} {given}::{_data(text_of(cause, alike, consequences))}"


def _place_of(diagnostic: Diagnostic, repository: Repository) -> dict[str, str]:
    for location in diagnostic.where:
        path = repository.path_of(location.file)
        if path is not None and _is_plain(path):
            return {"file": path, **({} if location.line is None else {"line": str(location.line)})}
    return {}


def _is_plain(path: str) -> bool:
    """Whether a path has nothing in it that the reader of a log might act on. Then GitHub does not find the file."""
    return "##" not in path and not any(unicodedata.category(character).startswith("C") for character in path)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
