"""A rule: its code, what must hold, and the function that finds where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paletteai_components.diagnostics import Diagnostic, Severity


class Scope(StrEnum):
    """What a rule checks: one stack, all stacks, or the cluster that a stack is deployed to."""

    STACK = "stack"
    WORKSPACE = "fleet"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    code: str
    """Stable, for example ``PAI004``."""
    holds: str
    """What must hold, in one sentence."""
    scope: Scope
    severity: Severity
    """The highest severity of its diagnostics."""
    holds_for_parts: bool
    """Whether omitting a part of a declaration cannot break it, so that it can check a partly invalid file."""
    check: Callable[[Any], Iterator[Diagnostic]]


def rule(
    code: str,
    holds: str,
    scope: Scope = Scope.STACK,
    severity: Severity = Severity.ERROR,
    *,
    holds_for_parts: bool = True,
) -> Callable[[Callable[[Any], Iterator[Diagnostic]]], Rule]:
    """A decorator that makes a `Rule` of a function."""
    return lambda check: Rule(code, holds, scope, severity, holds_for_parts, check)
