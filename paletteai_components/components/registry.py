"""The registry: what one program has declared so far, so that each component is checked against the others.

It lives as long as the program. Two programs in one process never share one, and nothing has to be reset.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import replace
from itertools import chain, count
from typing import Any

import pulumi

from paletteai_components.components.credential import PaletteCredential
from paletteai_components.diagnostics import Diagnostic, Severity, errors_in, in_order
from paletteai_components.redaction import named
from paletteai_components.rules import diagnostics_of_stack
from paletteai_components.sdk import keep_with_the_program, kept_with_the_program
from paletteai_components.stacks.ownership import Claim, conflict
from paletteai_components.stacks.stack import Stack

_NAME = "_paletteai_registry"


class DeclarationError(pulumi.RunError):
    """A declaration is wrong, so the component that raised this registered nothing.

    One exception: a key that is an Output is checked when its value is known, see `PaletteIntegration`.
    """

    diagnostics: tuple[Diagnostic, ...]
    """Every problem found."""

    def __init__(self, diagnostics: Iterable[Diagnostic], effect: str = "none of it was registered") -> None:
        self.diagnostics = tuple(diagnostics)
        count = f"{len(self.diagnostics)} problem{'s' if len(self.diagnostics) > 1 else ''}"
        listed = "\n".join(map(str, self.diagnostics))
        super().__init__(f"{count} in the declaration; {effect}.\n{listed}")


def admit(diagnostics: Iterable[Diagnostic], stack: Stack) -> None:
    """Shows the warnings about a stack to the user, and how many are silenced.

    Raises:
        DeclarationError: some of the diagnostics are errors.
    """
    diagnostics = list(diagnostics)
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.WARNING:
            pulumi.log.warn(str(diagnostic))
    silenced = sum(diagnostic.severity is Severity.SILENCED for diagnostic in diagnostics)
    if silenced:
        pulumi.log.info(f"{silenced} silenced by `{stack.prefix}silence`.")
    errors = errors_in(diagnostics)
    if errors:
        raise DeclarationError(in_order(errors))


class Registry:
    """The claims of one program's components."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, Hashable], Claim] = {}
        self._names: dict[int, tuple[str, PaletteCredential]] = {}
        self._parts: set[str] = set()
        self._outputs: dict[str, pulumi.Output[Any]] = {}
        self._lists: set[str] = set()

    @staticmethod
    def of_this_program() -> Registry:
        """The registry of the running program.

        Raises:
            RunError: no program is running.
        """
        return kept_with_the_program(_NAME, Registry)

    def serve_this_program(self) -> None:
        """Makes it the registry of the running program, which may be one of several that are judged together."""
        keep_with_the_program(_NAME, self)

    def part_of(self, kind: str, name: str) -> str:
        """A component's name in messages: its kind and logical name, numbered if another component has both.

        Two components of one name are two owners, even if different parents keep their URNs apart.
        """
        return _numbered(f"{kind} {named(name)}", self._parts)

    def integration_name(self, credential: PaletteCredential) -> str:
        """The name of a credential's integration in this program, numbered if another credential has it."""
        known = self._names.get(id(credential))
        if known is None:
            name = _numbered(credential.name, {name for name, _ in self._names.values()})
            # Keeping the credential alive keeps its id unique.
            known = self._names[id(credential)] = (name, credential)
        return known[0]

    def stand_in(self, output: pulumi.Input[Any], *, is_list: bool = False) -> str:
        """A placeholder that stands in a spec for an Output.

        Args:
            output: the Output.
            is_list: whether it is a list, for which the placeholder stands as the only item.
        """
        # No text in a manifest can begin with NUL.
        text = f"\0{len(self._outputs)}"
        self._outputs[text] = pulumi.Output.from_input(output)
        if is_list:
            self._lists.add(text)
        return text

    def with_outputs(self, value: Any) -> Any:
        """A manifest, or a part of one, with every placeholder replaced by its Output."""
        match value:
            case str():
                return self._outputs.get(value, value)
            case dict() if self._outputs:
                return {name: self.with_outputs(inner) for name, inner in value.items()}
            case [str(only)] if only in self._lists:
                return self._outputs[only]
            case list() if self._outputs:
                return [self.with_outputs(inner) for inner in value]
        return value

    def register(self, stack: Stack, claims: Iterable[Claim]) -> None:
        """Checks one component and records its claims.

        Raises:
            DeclarationError: it is wrong or claims what another component has. Nothing is recorded then.
        """
        self.take(claims, errors_in(diagnostics_of_stack(stack)))
        self._parts.add(stack.part)

    def take(self, claims: Iterable[Claim], errors: Iterable[Diagnostic] = ()) -> None:
        """Records claims, unless there are errors, without running the rules.

        Raises:
            DeclarationError: there are errors, or another component has one of the claims. Nothing is recorded then.
        """
        admitted, diagnostics = list(claims), list(errors)
        reported = {diagnostic.message for diagnostic in diagnostics}
        for claim in admitted:
            holder = self._claims.get((claim.code, claim.subject))
            if holder is not None and holder.owner != claim.owner:
                diagnostic = conflict([holder, claim])
                # The refused one is the one to look at first.
                diagnostic = replace(diagnostic, where=diagnostic.where[::-1])
                diagnostics += [] if diagnostic.message in reported else [diagnostic]
        if diagnostics:
            raise DeclarationError(in_order(diagnostics))
        for claim in admitted:
            self._claims.setdefault((claim.code, claim.subject), claim)


def _numbered(name: str, taken: Collection[str]) -> str:
    numbers = (f"{name} ({number})" for number in count(2))
    return next(each for each in chain([name], numbers) if each not in taken)
