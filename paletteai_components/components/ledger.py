"""The ledger: what one program has declared so far, so that its components can be judged together.

A program is known by its resource monitor. The ledger lives exactly as long as that, so two programs
in one process never see each other and nothing has to be reset.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any
from weakref import WeakKeyDictionary

import pulumi
from pulumi.runtime.settings import get_monitor

from paletteai_components.claims import Claim, conflict
from paletteai_components.components.args import PaletteCredential
from paletteai_components.problem import Place, Problem, Severity, in_order
from paletteai_components.rules import problems_of_stack
from paletteai_components.spec import StackSpec
from paletteai_components.stack import Stack
from paletteai_components.validation import validated


class DeclarationError(pulumi.RunError):
    """What is declared is wrong. Nothing of the component that raised it was registered.

    Fields:
        problems: every problem that was found.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = f"{len(self.problems)} problem{'s' if len(self.problems) > 1 else ''}"
        listed = "\n".join(map(str, self.problems))
        super().__init__(f"{count} in what is declared; nothing of it was registered.\n{listed}")


class Ledger:
    """The claims of one program's components."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, Hashable], Claim] = {}
        self._keys: dict[int, tuple[str, PaletteCredential]] = {}

    @staticmethod
    def of_this_program() -> Ledger:
        """The ledger of the program that is running."""
        return _LEDGERS.setdefault(get_monitor(), Ledger())

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

    def admit(self, stack: Stack, claims: Iterable[Claim]) -> None:
        """Takes the claims of one component into the ledger.

        Raises DeclarationError where the component is wrong or claims what another one has. Then
        nothing is taken.
        """
        admitted = list(claims)
        problems = [problem for problem in problems_of_stack(stack) if problem.severity is Severity.ERROR]
        told = {problem.message for problem in problems}
        for claim in admitted:
            holder = self._claims.get((claim.code, claim.subject))
            if holder is not None and holder.owner != claim.owner:
                problem = conflict([holder, claim])
                problems += [] if problem.message in told else [problem]
        if problems:
            raise DeclarationError(in_order(problems))
        for claim in admitted:
            self._claims.setdefault((claim.code, claim.subject), claim)


_LEDGERS: WeakKeyDictionary[Any, Ledger] = WeakKeyDictionary()


def spec_of(tenant: dict[str, Any], declared: dict[str, Any], part: str) -> StackSpec:
    """The spec of declared data. Raises DeclarationError where a value is missing or of a wrong type."""
    result = validated({"tenant": tenant, **declared}, lambda path: Place(part))
    if result.problems or result.spec is None:
        raise DeclarationError(in_order(result.problems))
    return result.spec
