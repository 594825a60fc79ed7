"""A problem: what is wrong in a declaration, where, what follows from it and what mends it.

Problems are values. They are collected, sorted and shown together; only the outermost edge turns
them into an exit code or an exception. A problem never holds a value from a credential.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from paletteai_components.errors import UserError

# What makes a CI server take a line of a log for a command: ## anywhere in it, and :: where it begins.
_COMMAND = re.compile(r"##|\A *::")


class Severity(StrEnum):
    """How much a problem matters: an error refuses the plan, a warning and a note do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is declared.

    Fields:
        file: the file as the user would type it; empty for a declaration made in Python.
        line: counted from 1, or None where a file has no line to show.
    """

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return escaped(self.file) if self.line is None else f"{escaped(self.file)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule.

    Fields:
        code: the rule's stable code, for example ``PAI004``.
        message: the fact and its consequence, in that order.
        help: the remedy.
        where: every place that takes part, the one to look at first in front.
        severity: see `Severity`.
    """

    code: str
    message: str
    help: str
    where: tuple[Place, ...] = ()
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        head = f"{self.where[0]}: " if self.where else ""
        lines = [f"{head}{self.severity.value} {self.code}: {self.message}"]
        lines += [f"  also: {place}" for place in self.where[1:]]
        return "\n".join([*lines, f"  help: {self.help}"])


class StackFileError(UserError):
    """A file could not be read as a declaration at all, so nothing in it was judged."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems without repetition: errors first, then by file, line and code."""
    rank = {severity: position for position, severity in enumerate(Severity)}

    def key(problem: Problem) -> tuple[int, list[tuple[str, int]], str, str]:
        where = [(place.file, place.line or 0) for place in problem.where]
        return rank[problem.severity], where, problem.code, problem.message

    return sorted(dict.fromkeys(problems), key=key)


def escaped(text: str) -> str:
    """The text with everything made visible that could steer a terminal or a CI server, or hide in a line."""
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
