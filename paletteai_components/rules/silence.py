"""Silence: warnings and notes that a stack file declares as known, each with a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation
from paletteai_components.redaction import named
from paletteai_components.rules.rule import Rule, Scope
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.validation import misread
from paletteai_components.stacks.workspace import Workspace

# The rule that reports a silence without effect.
_UNUSED = "PAI011"


def with_silenced(
    diagnostics: Iterable[Diagnostic], workspace: Workspace, rules: Mapping[str, Rule]
) -> Iterator[Diagnostic]:
    """The diagnostics, those that are silenced with the severity `SILENCED` and the reason as their help.

    A warning about two stacks is silenced if both silence its code. An error never is. A silence for which its stack
    has no warning is a warning itself.

    Args:
        diagnostics: Everything that the rules found in the workspace.
        workspace: What they checked.
        rules: The rules, by their codes.
    """
    silences = _Silences(workspace, rules)
    yield from map(silences.applied, diagnostics)
    yield from map(silences.applied, silences.unused(rules.keys() - {_UNUSED}))
    # No silence hides that it has no effect itself.
    yield from silences.unused({_UNUSED})


class _Silences:
    """The silences of a workspace, and which of them a diagnostic was found for."""

    def __init__(self, workspace: Workspace, rules: Mapping[str, Rule]) -> None:
        self._workspace = workspace
        self._rules = rules
        self._used: set[tuple[str, str]] = set()
        self._reasons: dict[tuple[str, str], dict[str, None] | None] = {}
        # The project file belongs to every stack that takes defaults from it.
        self._users: dict[str, list[Stack]] = defaultdict(list)
        for stack in workspace.stacks:
            for file in {stack.file or stack.part, *(document.file for document in stack.documents)}:
                self._users[file].append(stack)

    def applied(self, diagnostic: Diagnostic) -> Diagnostic:
        """The diagnostic, silenced if each stack that it is about silences it."""
        if diagnostic.severity is Severity.ERROR:
            return diagnostic
        found = [self._reasons_in(location.file, diagnostic.code) for location in diagnostic.where]
        reasons = {reason: None for each in found if each for reason in each}
        if not found or None in found:
            return diagnostic
        return replace(diagnostic, severity=Severity.SILENCED, help=" ".join(reasons))

    def _reasons_in(self, file: str, code: str) -> dict[str, None] | None:
        """Why each stack of a file silences a code, in which a diagnostic was found; None if one of them does not."""
        if (file, code) not in self._reasons:
            stacks = self._users.get(file, [])
            self._used.update((stack.name, code) for stack in stacks)
            reasons = {stack.name: _reason(stack, code) for stack in stacks}
            texts = {f"Silenced in `{named(name)}`: {named(reason)}": None for name, reason in reasons.items()}
            self._reasons[file, code] = texts if stacks and all(reasons.values()) else None
        return self._reasons[file, code]

    def unused(self, codes: Collection[str]) -> Iterator[Diagnostic]:
        """A warning for each silence of these codes without effect, as far as its rule was checked completely."""
        entries: dict[tuple[SourceLocation, str], list[Stack]] = defaultdict(list)
        for stack in self._workspace.stacks:
            for code in stack.spec.silence if stack.spec else ():
                if code in codes and _reason(stack, code):
                    entries[stack.location("silence", code), code].append(stack)
        for (location, code), stacks in entries.items():
            # Another stack may need a default of the project file.
            is_own = all((stack.file or stack.part) == location.file for stack in stacks) or self._workspace.is_complete
            if is_own and all(self._is_unused(stack, code) for stack in stacks):
                yield Diagnostic(
                    _UNUSED,
                    f"`{stacks[0].prefix}silence` names `{code}`, but there is no warning or note of it here, so it "
                    "silences nothing.",
                    "Remove it.",
                    (location,),
                    Severity.WARNING,
                )

    def _is_unused(self, stack: Stack, code: str) -> bool:
        if (stack.name, code) in self._used or not self._is_judged(stack, code):
            return False
        # A silence that is not judged here may be the one that this rule is silenced for.
        others = stack.spec.silence if stack.spec and code == _UNUSED else ()
        return all(self._is_judged(stack, other) for other in others if other in self._rules)

    def _is_judged(self, stack: Stack, code: str) -> bool:
        """Whether everything that a rule can find in a stack was found."""
        rule, workspace = self._rules[code], self._workspace
        is_answered = workspace.cluster is not None and not workspace.cluster.unanswered
        return (
            stack.is_complete
            and not stack.imports
            and (is_answered or not rule.asks_cluster)
            and (workspace.is_complete or rule.scope is not Scope.WORKSPACE)
        )


def _reason(stack: Stack, code: str) -> str:
    return stack.spec.silence.get(code, "").strip() if stack.spec else ""


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
