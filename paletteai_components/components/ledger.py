"""The ledger: what one program has declared so far, so that its components can be judged together.

It lives exactly as long as the program, so two programs in one process never see each other and nothing has to
be reset.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pulumi

from paletteai_components.claims import Claim, conflict
from paletteai_components.components.args import PaletteCredential
from paletteai_components.credential import ApiKey
from paletteai_components.planned import Path
from paletteai_components.problem import Place, Problem, Severity, in_order
from paletteai_components.redaction import named
from paletteai_components.rules import problems_of_stack
from paletteai_components.sdk import kept_with_the_program
from paletteai_components.spec import StackSpec
from paletteai_components.stack import Stack
from paletteai_components.validation import misread, validated
from paletteai_components.written import Written


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
                # The one to look at first is the one that is refused.
                problem = replace(problem, where=problem.where[::-1])
                problems += [] if problem.message in told else [problem]
        if problems:
            raise DeclarationError(in_order(problems))
        self._parts.add(stack.part)
        for claim in admitted:
            self._claims.setdefault((claim.code, claim.subject), claim)


def expect(value: object, kind: type, part: str, said: str, wanted: str) -> None:
    """Raises DeclarationError where a value is no record or component of its kind."""
    if not isinstance(value, kind):
        fact = f"{said} is of type {type(value).__name__}, so nothing of it is understood"
        raise DeclarationError([misread(Place(part), fact, f"Make it {wanted}.")])


def spec_of(tenant: dict[str, Any], declared: dict[str, Any], part: str) -> StackSpec:
    """The spec of declared data. Raises DeclarationError where a value is missing or of a wrong type."""
    data = {"tenant": tenant, **declared}
    unclear = [misread(Place(part), fact, remedy) for fact, remedy in _unclear(data, ())]
    if unclear:
        raise DeclarationError(in_order(unclear))
    result = validated(data, Written(name=part))
    if result.problems or result.spec is None:
        raise DeclarationError(in_order(result.problems))
    return result.spec


def _unclear(value: Any, path: Path) -> Iterator[tuple[str, str]]:
    """What no stack file could say: names that are no text, and objects in `extraSpec`, where all else is allowed."""
    match value:
        case dict():
            for key, inner in value.items():
                if isinstance(key, str):
                    yield from _unclear(inner, (*path, key))
                else:
                    shown = _dotted(path)
                    yield f"a name in {shown} is no text but of type {type(key).__name__}", "Make it text."
        case list():
            for position, inner in enumerate(value):
                yield from _unclear(inner, (*path, position))
        case None | bool() | int() | float() | str() | ApiKey() | pulumi.Output():
            pass
        case _ if "extraSpec" in path:
            shown = _dotted(path[: path.index("extraSpec") + 1])
            fact = f"{shown} holds something of type {type(value).__name__}, which no manifest can hold"
            yield fact, "Write text, numbers, lists and objects only."


def _dotted(path: Path) -> str:
    return ".".join(named(str(step)) for step in path)
