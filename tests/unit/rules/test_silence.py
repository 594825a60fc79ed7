"""Silence: warnings that a stack file declares as known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.programs import deployed, written
from support.projects import Project
from support.samples import codes, stack, told, workspace

from paletteai_components.diagnostics import Diagnostic, Severity, reported
from paletteai_components.kube.cluster import Cluster, LiveObject, Unanswered
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.rules import RULES, diagnostics_of, diagnostics_of_stack
from paletteai_components.rules.rule import Scope
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.workspace import Workspace, workspace_from

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
        ("PAI011", Severity.WARNING),
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


# Silences without effect


def unused(diagnostics: list[Diagnostic]) -> list[str]:
    """The codes that are silenced for nothing."""
    return [each.message.split("`")[3] for each in told(diagnostics, "PAI011") if "`paletteai:silence`" in each.message]


def whole(*stacks: Stack) -> Workspace:
    """The stacks as all stacks of a folder."""
    return replace(workspace(*stacks), is_complete=True)


def silencing(code: str, *lines: str, name: str = "acme") -> Stack:
    """A tenant without a warning that silences one."""
    return tenant(name, f"{{{code}: {REASON}}}", *lines or ["computeConfigRef: {name: default}"])


# What these find may depend on the answers of the cluster.
ASKING = [code for code, rule in RULES.items() if rule.asks_cluster]
OFFLINE = [code for code in RULES if code not in ASKING]


def test_a_silence_without_a_warning_is_a_warning_with_its_line() -> None:
    (diagnostic,) = diagnostics_of_stack(silencing("PAI015"))
    assert str(diagnostic) == (
        "stacks/Pulumi.acme.dev.yaml:2: warning PAI011: `paletteai:silence` names `PAI015`, but there is no warning or "
        "note of it here, so it silences nothing.\n"
        "  help: Remove it."
    )


@pytest.mark.parametrize("code", OFFLINE)
def test_every_rule_that_needs_no_cluster_is_judged_among_all_stacks(code: str) -> None:
    assert unused(diagnostics_of(whole(silencing(code)))) == [code]


@pytest.mark.parametrize("code", [code for code in OFFLINE if RULES[code].scope is Scope.WORKSPACE])
def test_a_rule_about_all_stacks_is_not_judged_without_the_others(code: str) -> None:
    assert diagnostics_of_stack(silencing(code)) == []


@pytest.mark.parametrize("code", ASKING)
def test_a_rule_about_the_cluster_is_not_judged_without_all_of_its_answers(code: str) -> None:
    for cluster in (None, Cluster("dev", unanswered=(Unanswered("Namespace", "this user may not list them"),))):
        assert diagnostics_of(replace(whole(silencing(code)), cluster=cluster)) == []


@pytest.mark.parametrize("code", ASKING)
def test_a_rule_about_the_cluster_is_judged_with_its_answers(code: str) -> None:
    assert unused(diagnostics_of(replace(whole(silencing(code)), cluster=Cluster("dev")))) == [code]


def test_a_silence_is_used_by_a_warning_about_the_cluster() -> None:
    written_by_hand = LiveObject(taken_over=(("kubectl-edit", FieldPath(("spec", "gpuQuota"))),))
    cluster = Cluster("dev", objects={"Tenant": {"Tenant/acme": written_by_hand}}, owned=frozenset({"Tenant/acme"}))
    diagnostics = diagnostics_of(replace(whole(silencing("PAI019")), cluster=cluster))
    assert [(each.code, each.severity) for each in diagnostics] == [("PAI019", Severity.SILENCED)]


def test_a_silence_is_used_by_a_warning_that_the_other_stack_does_not_silence() -> None:
    compute = "{hostUrl: https://api.example, tenant: t, defaultProjectID: p1, apiKey: {secure: 'v1:%s'}}"
    stacks = [
        stack(
            f"""
            paletteai:silence: {silence}
            paletteai:integrations: {{shared: {compute % name}}}
            paletteai:tenant: {{name: {name}, settings: {{default: {{palette: shared}}}}}}
            """,
            f"{name}.dev",
        )
        for name, silence in (("acme", f"{{PAI003: {REASON}}}"), ("beta", "{}"))
    ]
    diagnostics = diagnostics_of(replace(whole(*stacks), cluster=Cluster("dev")))
    assert codes(diagnostics) == ["PAI003", "PAI003"]


def test_a_stack_that_is_not_known_completely_is_not_judged() -> None:
    known = silencing("PAI015")
    for partly in (replace(known, is_complete=False), replace(known, imports=("shared",))):
        assert diagnostics_of(whole(partly)) == []


def test_a_silence_without_effect_can_be_silenced_but_not_by_itself() -> None:
    both = tenant("acme", f"{{PAI011: {REASON}, PAI015: {REASON}}}", "computeConfigRef: {name: default}")
    (diagnostic,) = diagnostics_of_stack(both)
    assert (diagnostic.severity, unused([diagnostic])) == (Severity.SILENCED, ["PAI015"])
    (diagnostic,) = diagnostics_of_stack(silencing("PAI011"))
    assert (diagnostic.severity, unused([diagnostic])) == (Severity.WARNING, ["PAI011"])


def test_that_silences_are_without_effect_is_not_silenced_in_vain_where_one_is_not_judged() -> None:
    lines = "computeConfigRef: {name: default}"
    assert diagnostics_of_stack(tenant("acme", f"{{PAI011: {REASON}, PAI019: {REASON}}}", lines)) == []


def test_a_silence_of_the_project_is_used_if_one_stack_uses_it(project: Project) -> None:
    project.declare(
        f"name: paletteai\nstackConfigDir: stacks\nconfig:\n  paletteai:silence: {{default: {{PAI015: {REASON}}}}}\n"
    )
    bare = "config: {'paletteai:tenant': {name: %s, sharedClusterOnly: true, projects: [{name: %s}]%s}}"
    project.stack(bare % ("acme", "a", ""), "acme.dev")
    config = ", computeConfigRef: {name: default}"
    project.stack(bare % ("beta", "b", config), "beta.dev")
    assert unused(diagnostics_of(workspace_from(stack_folder()))) == []
    project.stack(bare % ("acme", "a", config), "acme.dev")
    (diagnostic,) = diagnostics_of(workspace_from(stack_folder()))
    assert (unused([diagnostic]), str(diagnostic.where[0])) == (["PAI015"], "Pulumi.yaml:4")
    # Another stack may need it.
    (project.folder / "stacks" / "Pulumi.beta.dev.yaml").write_text("config: [")
    assert unused(diagnostics_of(workspace_from(stack_folder()))) == []


def test_of_a_named_stack_no_silence_is_called_unused_for_what_the_others_were_not_checked_for(
    project: Project,
) -> None:
    bare = "config: {'paletteai:silence': {PAI014: x}, 'paletteai:tenant': {name: %s}}"
    project.stack(bare % "acme", "acme")
    project.stack(bare % "beta", "beta.dev")
    assert "silences nothing" not in project.printed("check", "acme")
    assert "Pulumi.beta.dev.yaml:1: warning PAI011: `paletteai:silence` names `PAI014`" in project.printed(
        "check", "beta.dev"
    )


def test_a_preview_tells_of_a_silence_once_and_judges_it_among_the_other_stacks(tmp_path: Path) -> None:
    body = "paletteai:silence: {PAI014: x, PAI015: x, PAI019: x}\npaletteai:tenant: {name: acme}"
    (warning, other) = deployed_warnings(tmp_path, body)
    assert "names `PAI014`" in warning
    assert "names `PAI015`" in other


def deployed_warnings(folder: Path, body: str) -> list[str]:
    written(folder, "acme.dev", body)
    recording = deployed(folder, "acme.dev")
    assert recording.error is None
    return recording.warnings
