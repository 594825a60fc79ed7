"""The ledger: what one program has declared so far, so that its components can be judged together.

It lives exactly as long as the program, so two programs in one process never see each other and nothing has to
be reset.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from typing import Any

import pulumi

from paletteai_components.components.credential import PaletteCredential
from paletteai_components.diagnostics import Problem, Severity, in_order
from paletteai_components.redaction import named
from paletteai_components.rules import problems_of_stack
from paletteai_components.sdk import kept_with_the_program
from paletteai_components.stacks.ownership import Claim, conflict
from paletteai_components.stacks.stack import Stack


class DeclarationError(pulumi.RunError):
    """What is declared is wrong. Nothing of the component that raised it was registered.

    One exception: a key that is known only while the program runs is judged late, see `PaletteIntegration`.

    Fields:
        problems: every problem that was found.
    """

    def __init__(self, problems: Iterable[Problem], effect: str = "nothing of it was registered") -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        listed = "\n".join(map(str, self.problems))
        super().__init__(f"{count} in what is declared; {effect}.\n{listed}")


class Ledger:
    """The claims of one program's components."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, Hashable], Claim] = {}
        self._keys: dict[int, tuple[str, PaletteCredential]] = {}
        self._parts: set[str] = set()
        self._later: dict[str, pulumi.Output[str]] = {}

    @staticmethod
    def of_this_program() -> Ledger:
        """The ledger of the program that is running. Raises RunError where none is."""
        return kept_with_the_program("_paletteai_ledger", Ledger)

    def part_of(self, kind: str, name: str) -> str:
        """What a component is called: its kind and name, numbered where another one has them.

        Two components of one name are two owners, also where their parents keep their URNs apart.
        """
        part, number = f"{kind} {named(name)}", 1
        while part in self._parts:
            number += 1
            part = f"{kind} {named(name)} ({number})"
        return part

    def key_of(self, credential: PaletteCredential) -> str:
        """The key of a credential in this program: its name, numbered where another one has that name."""
        known = self._keys.get(id(credential))
        if known is None:
            taken = {key for key, _ in self._keys.values()}
            key, number = credential.name, 1
            while key in taken:
                number += 1
                key = f"{credential.name} ({number})"
            # The credential is kept, so that its id stays its own.
            known = self._keys[id(credential)] = (key, credential)
        return known[0]

    def stand_in(self, later: pulumi.Input[str]) -> str:
        """The text that stands in a spec for one that is known only while the program runs."""
        # No text of a manifest can begin like it.
        text = f"\0{len(self._later)}"
        self._later[text] = pulumi.Output.from_input(later)
        return text

    def with_outputs(self, value: Any) -> Any:
        """A manifest, or a part of one, in which nothing stands for an Output any more."""
        match value:
            case str():
                return self._later.get(value, value)
            case dict() if self._later:
                return {name: self.with_outputs(inner) for name, inner in value.items()}
            case list() if self._later:
                return [self.with_outputs(inner) for inner in value]
        return value

    def admit(self, stack: Stack, claims: Iterable[Claim]) -> None:
        """Judges one component by itself, and takes its claims.

        Raises DeclarationError where it is wrong or claims what another one has. Then nothing is taken.
        """
        self._take(claims, [problem for problem in problems_of_stack(stack) if problem.severity is Severity.ERROR])
        self._parts.add(stack.part)

    def take(self, claims: Iterable[Claim]) -> None:
        """Takes the claims of what is judged already. Raises DeclarationError where somebody else has one."""
        self._take(claims, [])

    def _take(self, claims: Iterable[Claim], problems: list[Problem]) -> None:
        admitted = list(claims)
        told = {problem.message for problem in problems}
        for claim in admitted:
            holder = self._claims.get((claim.code, claim.subject))
            if holder is not None and holder.owner != claim.owner:
                problem = conflict([holder, claim])
                # The one to look at first is the one that is refused.
                problem = replace(problem, where=problem.where[::-1])
                problems += [] if problem.message in told else [problem]
        if problems:
            raise DeclarationError(in_order(problems))
        for claim in admitted:
            self._claims.setdefault((claim.code, claim.subject), claim)
