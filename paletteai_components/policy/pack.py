"""The policy pack that Pulumi runs: a policy for each rule about objects, one for warnings and one for notes."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from pulumi import Config, ConfigTypeError
from pulumi.runtime import is_dry_run
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    StackValidationArgs,
    StackValidationPolicy,
)

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.errors import UserError
from paletteai_components.kube.palette_api import ASSUMED, FIELDS, PaletteApi, fault_of
from paletteai_components.naming import did_you_mean
from paletteai_components.policy.judgement import judged
from paletteai_components.policy.properties import resources_of
from paletteai_components.redaction import redacted
from paletteai_components.rules import RULES
from paletteai_components.rules.rule import Rule
from paletteai_components.sdk import pass_resources_once
from paletteai_components.stacks.configuration import NAMESPACE

NAME = "paletteai"
"""The name of the pack."""
WARNINGS, NOTES = "warnings", "notes"
"""The names of the policies that report no errors."""

# The others are about stack files, the cluster that a stack is deployed to, or what runs there. What they say of the
# objects of a program all the same is a warning.
_OF_OBJECTS = (
    *("PAI002", "PAI003", "PAI004", "PAI005", "PAI006", "PAI007", "PAI008", "PAI009"),
    *("PAI011", "PAI013", "PAI015"),
)
_REMARKS = {
    WARNINGS: "What is only believed to be wrong, or may be",
    NOTES: "What could not be checked, because it is not known",
}


def policies(
    vendor_fields: Mapping[str, str] | None = None, *, merged_settings: bool = True
) -> list[StackValidationPolicy]:
    """The policies. Their names are the codes of rules in lower case, `warnings` and `notes`.

    A policy has one enforcement level, and a rule may find both errors and warnings: the policy of such a rule reports
    its errors, and `warnings` the others.

    Args:
        vendor_fields: Other paths for the vendor's fields whose path is assumed, as `paletteai:vendorFields`.
        merged_settings: Whether this PaletteAI merges Settings per integration, as versions from 1.1 on do.

    Raises:
        UserError: One of the paths cannot be used.
    """
    judge = _Judge(_api(vendor_fields or {}), merged_settings)
    rules = [RULES[code] for code in _OF_OBJECTS]
    return [
        *(_policy(rule.code.lower(), rule.holds, judge, _level(rule)) for rule in rules),
        *(_policy(name, text, judge, EnforcementLevel.ADVISORY) for name, text in _REMARKS.items()),
    ]


def serve(vendor_fields: Mapping[str, str] | None = None, *, merged_settings: bool = True) -> None:
    """Serve the pack to the engine until that ends this process. See `policies` for the arguments."""
    try:
        found = policies(vendor_fields, merged_settings=merged_settings)
    except UserError as error:
        sys.exit(f"error: {error}")
    pass_resources_once()
    PolicyPack(
        NAME,
        [*found],
        description="The rules of PaletteAI for the objects of any Pulumi program",
        display_name="PaletteAI",
    )


def policy_of(diagnostic: Diagnostic) -> str:
    """The name of the policy that reports a diagnostic."""
    if diagnostic.severity is Severity.NOTE:
        return NOTES
    if diagnostic.code in _OF_OBJECTS and diagnostic.severity is RULES[diagnostic.code].severity:
        return diagnostic.code.lower()
    return WARNINGS


class _Judge:
    """Runs the rules once for all policies."""

    def __init__(self, api: PaletteApi, merges: bool) -> None:
        self._api, self._merges = api, merges
        self._found: dict[str, list[Diagnostic]] = {}
        self._asked: set[str] = set()

    def found(self, policy: str, resources: Sequence[PolicyResource]) -> list[Diagnostic]:
        """What a policy reports of a stack. The SDK asks the policies one after another, always in the same order.

        Args:
            policy: The name of the policy.
            resources: The resources of the stack, which only the first policy needs: see `sdk.pass_resources_once`.
        """
        if not self._asked or policy in self._asked:
            # Another stack, or the same one again.
            self._asked.clear()
            self._found = {}
            read = resources_of(resources, is_preview=is_dry_run())
            for each in judged(read, self._api, merges=self._merges, silenced=_silenced()):
                self._found.setdefault(policy_of(each), []).append(each)
        self._asked.add(policy)
        return self._found.get(policy, [])


def _policy(name: str, holds: str, judge: _Judge, level: EnforcementLevel) -> StackValidationPolicy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for each in judge.found(name, args.resources):
            report(_text(each), each.where[0].file if each.where else None)

    return StackValidationPolicy(name, f"{holds}.", validate, level)


def _silenced() -> frozenset[str]:
    """The codes that the configuration of the stack silences, each with a reason, as a stack file does."""
    try:
        declared = Config(NAMESPACE).get_object("silence")
    except ConfigTypeError:
        return frozenset()
    entries = declared.items() if isinstance(declared, dict) else ()
    return frozenset(code for code, reason in entries if isinstance(reason, str) and reason.strip())


def _api(fields: Mapping[str, str]) -> PaletteApi:
    api = PaletteApi(fields=dict(fields))
    for name, path in fields.items():
        if name not in ASSUMED:
            hint = did_you_mean(name, ASSUMED) or f"There are these: {', '.join(f'`{each}`' for each in ASSUMED)}."
            raise UserError(f"`{redacted(name)}` is no field whose path is assumed, so no policy was run.", hint)
        if fault := fault_of(path):
            raise UserError(
                f"the path of `{name}` {fault}, so no policy was run.", f"Write it like `{FIELDS[name].path}`."
            )
        if rival := api.rival_of(name):
            raise UserError(
                f"the path of `{name}` overlaps the path of `{rival}`, so no policy was run.",
                "Give each field its own path.",
            )
    return api


def _level(rule: Rule) -> EnforcementLevel:
    return EnforcementLevel.MANDATORY if rule.severity is Severity.ERROR else EnforcementLevel.ADVISORY


def _text(diagnostic: Diagnostic) -> str:
    """The fact, the consequence, every place and the remedy."""
    lines = [f"{diagnostic.code}: {diagnostic.message}"]
    lines += [f"  at: {location}" for location in diagnostic.where]
    return "\n".join([*lines, f"  help: {diagnostic.help}"])
