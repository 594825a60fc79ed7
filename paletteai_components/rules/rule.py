"""A rule: its code, what must hold, where that is from, and the function that finds where it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paletteai_components.diagnostics import Diagnostic, Severity


class Scope(StrEnum):
    """What a rule checks: one stack, all stacks, the cluster that a stack is deployed to, or what runs on a cluster."""

    STACK = "stack"
    WORKSPACE = "fleet"
    CLUSTER = "cluster"
    LIVE = "live"


class Origin(StrEnum):
    """Where a rule's statement is from. What is only believed makes a warning, never an error."""

    FOUNDING_DOCUMENT = "The founding document"
    VENDOR = "The vendor's public documentation"
    MANIFEST = "A user's manifest"
    KUBERNETES = "Kubernetes' documentation"
    API_SERVER = "Seen on a Kubernetes API server, 1.36"
    PULUMI = "Seen on Pulumi's CLI 3.260 and Kubernetes provider 4.34"
    PULUMI_CODE = "Read in Pulumi's source code"
    OWN = "This project's own policy"
    BELIEF = "Only believed, so it is a warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule."""

    code: str
    """Stable, for example ``PAI004``."""
    holds: str
    """What must hold, in one sentence."""
    origins: Mapping[Origin, str]
    """Where its statements are from: each origin, and what is from there, in sentences. Never empty."""
    scope: Scope
    severity: Severity
    """The highest severity of its diagnostics. A warning at most, if everything is only believed."""
    holds_for_parts: bool
    """Whether omitting a part of a declaration cannot break it, so that it can check a partly invalid file."""
    asks_cluster: bool
    """Whether some of its diagnostics need answers of the cluster."""
    check: Callable[[Any], Iterator[Diagnostic]]

    def __post_init__(self) -> None:
        """Raises ValueError if it has no origin, or refuses what is only believed."""
        if not self.origins:
            raise ValueError(f"{self.code} does not say where it is from")
        if self.severity is Severity.ERROR and self.origins.keys() == {Origin.BELIEF}:
            raise ValueError(f"{self.code} is only believed, so it cannot be an error")


def rule(
    code: str,
    holds: str,
    scope: Scope = Scope.STACK,
    severity: Severity = Severity.ERROR,
    *,
    origins: Mapping[Origin, str],
    holds_for_parts: bool = True,
    asks_cluster: bool = False,
) -> Callable[[Callable[[Any], Iterator[Diagnostic]]], Rule]:
    """A decorator that makes a `Rule` of a function. A rule about the cluster asks it in any case."""
    asks_cluster = asks_cluster or scope is Scope.CLUSTER
    return lambda check: Rule(code, holds, origins, scope, severity, holds_for_parts, asks_cluster, check)
