"""Diagnostics: what is wrong in a declaration, where, the consequence and the remedy.

Diagnostics are values. They are collected, sorted and printed together; only the commands and the program turn
them into an exit code or an exception. A diagnostic never holds a value of a credential.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from paletteai_components.errors import UserError

# A CI server runs a log line as a command if it has ## anywhere, or starts with ::.
_COMMAND = re.compile(r"##|\A *::")


class Severity(StrEnum):
    """The severity of a diagnostic: only an error refuses the plan. A silenced one is counted and not shown."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    SILENCED = "silenced"

    @property
    def rank(self) -> int:
        """Its position in the order of severities, from 0 for an error."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where something is declared."""

    file: str
    """The file as the user would type it. Empty for a declaration in Python."""
    line: int | None = None
    """The line, counted from 1. None if the location is the complete file."""
    field: str = ""
    """The path of the field, for what is declared as the inputs of a component. Empty for all others."""

    def __str__(self) -> str:
        file = escaped(self.file)
        if self.field:
            return f"{file}: {self.field}"
        return file if self.line is None else f"{file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One broken rule."""

    code: str
    """The rule's stable code, for example ``PAI004``."""
    message: str
    """The fact and its consequence, in that order."""
    help: str
    """The remedy."""
    where: tuple[SourceLocation, ...] = ()
    """Every location involved. The first is the one to look at first."""
    severity: Severity = Severity.ERROR
    explains: frozenset[str] = frozenset()
    """The codes of the diagnostics that follow from this one, if they are about several of the same files."""

    @property
    def identity(self) -> tuple[str, str, tuple[str, ...]]:
        """What stays the same if lines move, or if it is silenced: the code, the message and the files."""
        return self.code, self.message, tuple(sorted(location.file for location in self.where))

    def __str__(self) -> str:
        head = f"{self.where[0]}: " if self.where else ""
        lines = [f"{head}{self.severity.value} {self.code}: {self.message}"]
        lines += [f"  also: {location}" for location in self.where[1:]]
        return "\n".join([*lines, f"  help: {self.help}"])


class StackFileError(UserError):
    """A file cannot be read as a declaration, so nothing in it is checked."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


def reported(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that are not silenced."""
    return [diagnostic for diagnostic in diagnostics if diagnostic.severity is not Severity.SILENCED]


def errors_in(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics that refuse the plan."""
    return [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]


def led_by(diagnostic: Diagnostic, files: Collection[str]) -> Diagnostic:
    """The diagnostic with its locations in some of the files first, because the reader looks at those."""
    where = sorted(diagnostic.where, key=lambda location: location.file not in files)
    return replace(diagnostic, where=tuple(where))


def folded(diagnostics: Iterable[Diagnostic]) -> list[tuple[Diagnostic, list[Diagnostic]]]:
    """The diagnostics in their order, each with those that follow from it.

    What follows from several diagnostics is with the first of them. What follows from one that itself follows from
    another is with that one.
    """
    every = list(diagnostics)
    causes: _Causes = defaultdict(list)
    for each in every:
        if each.explains:
            around = _files(each)
            for file in around:
                causes[file].append((around, each))
    roots: dict[Diagnostic, list[Diagnostic]] = {}
    followers: list[tuple[Diagnostic, Diagnostic]] = []
    for each in every:
        cause = _cause(each, causes)
        if cause is None:
            roots[each] = []
        else:
            followers.append((cause, each))
    for cause, each in followers:
        while (above := _cause(cause, causes)) is not None:
            cause = above
        roots[cause].append(each)
    return list(roots.items())


# The diagnostics that explain others, in order, by each of their files; with all of their files.
_Causes = dict[str, list[tuple[frozenset[str], Diagnostic]]]


def _cause(diagnostic: Diagnostic, causes: _Causes) -> Diagnostic | None:
    files = _files(diagnostic)
    if len(files) < 2:
        return None
    # A cause has all of the files. Many may have one of them, such as the file that all others are copies of.
    found = min((causes.get(file, ()) for file in files), key=len)
    return next((cause for around, cause in found if diagnostic.code in cause.explains and files <= around), None)


def _files(diagnostic: Diagnostic) -> frozenset[str]:
    return frozenset(location.file for location in diagnostic.where)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """The diagnostics without duplicates: errors first, then by file, line and code."""

    def key(diagnostic: Diagnostic) -> tuple[int, list[tuple[str, int, str]], str, str]:
        where = [(location.file, location.line or 0, location.field) for location in diagnostic.where]
        return diagnostic.severity.rank, where, diagnostic.code, diagnostic.message

    return sorted(dict.fromkeys(diagnostics), key=key)


def escaped(text: str) -> str:
    """The text with every character escaped that could control a terminal or a CI server, or is invisible."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            character
            if character.isprintable() and unicodedata.category(character) not in {"Cf", "Mn", "Me"}
            else character.encode("unicode_escape").decode("ascii")
            for character in text
        )
    if "##" in text or "::" in text:
        text = _COMMAND.sub(lambda found: f"{found[0][:-1]}\\x{ord(found[0][-1]):02x}", text)
    return text
