"""A rule: its code, what must hold, and the function that finds where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paletteai_components.diagnostics import Problem, Severity


class Scope(StrEnum):
    """What a rule has to see: one stack, all of them, or the cluster that one is deployed to."""

    STACK = "stack"
    FLEET = "fleet"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Fields:
        code: stable, for example ``PAI004``.
        holds: what must hold, in one sentence.
        scope: see `Scope`.
        severity: the gravest problem it finds.
        holds_for_parts: True where leaving something out of a declaration cannot break it, so that
            it can judge what is left of a file that is partly wrong.
        check: yields a problem for each place where it does not hold.
    """

    code: str
    holds: str
    scope: Scope
    severity: Severity
    holds_for_parts: bool
    check: Callable[[Any], Iterator[Problem]]


def rule(
    code: str,
    holds: str,
    scope: Scope = Scope.STACK,
    severity: Severity = Severity.ERROR,
    *,
    holds_for_parts: bool = True,
) -> Callable[[Callable[[Any], Iterator[Problem]]], Rule]:
    """Makes a `Rule` of the function it decorates."""
    return lambda check: Rule(code, holds, scope, severity, holds_for_parts, check)
