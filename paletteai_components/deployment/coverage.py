"""Coverage: which rules a deployment checked on its cluster. The program prints it, and `paletteai` reads it there.

A message is the only way from the program to the command that works with every language host.
"""

from __future__ import annotations

from dataclasses import dataclass

RULES = ("PAI003", "PAI016", "PAI017", "PAI018", "PAI019")
"""The rules that ask the cluster. PAI003 is also checked without it, among the stack files."""

_NOT_ASKED = "The cluster was not asked: "
_ASKED = "Asked "
_SCOPE = " for CRDs, namespaces and existing objects."
_REFUSED = " Not everything was checked: "
_UNCHECKED = ". Not checked on the cluster: "
_CONSEQUENCE = "A missing CRD or namespace, or an object that already exists, shows only when a deployment fails on it."


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which rules were checked on the cluster, and why the others were not."""

    asked: bool
    """Whether the cluster was asked anything."""
    unchecked: tuple[str, ...] = ()
    """The codes of the rules that were not checked, or not completely."""
    reason: str = ""
    """Why not; empty if every rule was checked."""


NO_COVERAGE = Coverage(False, RULES, "the program does not ask it")
"""The coverage of a program that prints none."""


def unasked_message(reason: str) -> str:
    """The message of a program that did not ask the cluster."""
    return f"{_NOT_ASKED}{reason}{_UNCHECKED}{', '.join(RULES)}. {_CONSEQUENCE}"


def asked_message(name: str, refused: tuple[str, ...], unchecked: tuple[str, ...]) -> str:
    """The message of a program that asked the cluster.

    Args:
        name: The cluster's name.
        refused: The requests that were refused, and why.
        unchecked: The codes of the rules that were not checked because of that.
    """
    asked = f"{_ASKED}{name}{_SCOPE}"
    return f"{asked}{_REFUSED}{'; '.join(refused)}{_UNCHECKED}{', '.join(unchecked)}." if refused else asked


def coverage_in(message: str) -> Coverage | None:
    """The coverage that a message tells, or None if it is another message."""
    asked = message.startswith(_ASKED)
    if not asked and not message.startswith(_NOT_ASKED):
        return None
    told = message.partition(_REFUSED)[2] if asked else message.removeprefix(_NOT_ASKED)
    # A reason may be any text, so the codes stand after the last mark.
    reason, found, codes = told.rpartition(_UNCHECKED)
    if found:
        return Coverage(asked, tuple(codes.partition(".")[0].split(", ")), reason)
    return Coverage(True) if asked and _SCOPE in message else None
