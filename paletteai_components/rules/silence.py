"""Silence: warnings and notes that a stack file declares as known, each with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.redaction import named
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import misread


def with_silenced(diagnostics: Iterable[Diagnostic], stacks: Iterable[Stack]) -> Iterator[Diagnostic]:
    """The diagnostics, those that are silenced with the severity `SILENCED` and the reason as their help.

    A warning about two stacks is silenced if both silence its code. An error never is.
    """
    # The project file belongs to every stack that takes defaults from it.
    users: dict[str, list[Stack]] = defaultdict(list)
    for stack in stacks:
        for file in {stack.file, *(document.file for document in stack.documents)}:
            users[file].append(stack)
    for diagnostic in diagnostics:
        silencers = _silencers(diagnostic, users) if diagnostic.severity is not Severity.ERROR else {}
        if silencers:
            yield replace(diagnostic, severity=Severity.SILENCED, help=" ".join(silencers))
        else:
            yield diagnostic


def _silencers(diagnostic: Diagnostic, users: dict[str, list[Stack]]) -> dict[str, None]:
    """Why each stack that a diagnostic is about silences it, without duplicates. Empty if one of them does not."""
    reasons: dict[str, None] = {}
    for location in diagnostic.where:
        stacks = users.get(location.file, [])
        for stack in stacks:
            reason = stack.spec.silence.get(diagnostic.code, "").strip() if stack.spec else ""
            if not reason:
                return {}
            reasons[f"Silenced in `{named(stack.name)}`: {named(reason)}"] = None
        if not stacks:
            return {}
    return reasons


def silence_diagnostics(stack: Stack, codes: Collection[str]) -> Iterator[Diagnostic]:
    """The problems of a stack's `silence` entries themselves.

    Args:
        stack: The stack.
        codes: The codes that exist.
    """
    for code, reason in stack.spec.silence.items() if stack.spec else ():
        location = stack.location("silence", code)
        if code not in codes:
            fact = f"`silence` names `{named(code)}`, which is no rule's code, so it silences nothing"
            yield misread(location, fact, "`paletteai explain` lists the codes.")
        elif not reason.strip():
            fact = f"`silence` gives no reason for `{code}`, so it silences nothing"
            yield misread(location, fact, "Write for the next reader why this warning is acceptable here.")
