"""Silence: warnings that a stack file declares as known."""

from __future__ import annotations

import pytest
from support.samples import codes, stack, workspace

from paletteai_components.diagnostics import Severity, reported
from paletteai_components.rules import diagnostics_of, diagnostics_of_stack
from paletteai_components.stacks.stack import Stack

REASON = "Another tool writes it."


def tenant(name: str, silence: str, *lines: str) -> Stack:
    """A tenant whose project lacks a compute config, which is a warning."""
    head = [f"paletteai:silence: {silence}", "paletteai:tenant:", f"  name: {name}", "  sharedClusterOnly: true"]
    return stack("\n".join([*head, *(f"  {line}" for line in lines or ["projects: [{name: vision}]"])]), f"{name}.dev")


def test_a_silenced_warning_is_kept_with_its_reason_and_not_reported() -> None:
    diagnostics = diagnostics_of_stack(tenant("acme", f"{{PAI015: {REASON}}}"))
    assert [(each.code, each.severity) for each in diagnostics] == [("PAI015", Severity.SILENCED)]
    assert diagnostics[0].help == f"Silenced in `acme.dev`: {REASON}"
    assert reported(diagnostics) == []


@pytest.mark.parametrize(
    ("silence", "location", "said"),
    [
        ("{PAI15: typo}", 2, "names `PAI15`, which is no rule's code"),
        ("{pai015: lower case}", 2, "no rule's code"),
        ("{PAI015: ' '}", 2, "gives no reason for `PAI015`"),
    ],
)
def test_a_silence_without_effect_is_refused(silence: str, location: int, said: str) -> None:
    diagnostics = diagnostics_of_stack(tenant("acme", silence))
    assert [(each.code, each.severity) for each in diagnostics] == [
        ("PAI012", Severity.ERROR),
        ("PAI015", Severity.WARNING),
    ]
    assert said in diagnostics[0].message
    assert diagnostics[0].where[0].line == location


def test_an_error_cannot_be_silenced() -> None:
    refused = tenant("acme", f"{{PAI007: {REASON}, PAI015: {REASON}}}", "projects: [{name: kube-a}]")
    assert [(each.code, each.severity) for each in diagnostics_of_stack(refused)] == [
        ("PAI007", Severity.ERROR),
        ("PAI015", Severity.SILENCED),
    ]


def test_a_warning_about_two_stacks_is_silenced_only_by_both() -> None:
    def bound(name: str, silence: str) -> Stack:
        integration = (
            f"{{hostUrl: https://api.example, tenant: t, defaultProjectID: p1, apiKey: {{secure: 'v1:{name}'}}}}"
        )
        text = f"paletteai:silence: {silence}\npaletteai:integrations: {{shared: {integration}}}\npaletteai:tenant:\n"
        return stack(f"{text}  name: {name}\n  settings: {{default: {{palette: shared}}}}", f"{name}.dev")

    loud, quiet = "{}", f"{{PAI003: {REASON}}}"
    for silences, expected in (((loud, loud), 2), ((quiet, loud), 2), ((quiet, quiet), 0)):
        diagnostics = diagnostics_of(workspace(*map(bound, ("acme", "beta"), silences)))
        assert codes(diagnostics) == ["PAI003", "PAI003"]
        assert len(reported(diagnostics)) == expected


def test_a_silence_holds_for_its_own_stack_only() -> None:
    quiet, loud = tenant("acme", f"{{PAI015: {REASON}}}"), tenant("beta", "{}", "projects: [{name: lab}]")
    diagnostics = diagnostics_of(workspace(quiet, loud))
    assert reported(diagnostics) == [each for each in diagnostics if "beta" in str(each.where[0])]
