"""The policy pack, asked by Pulumi's SDK as the engine asks it."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pulumi.runtime import proto
from pulumi.runtime.config import set_all_config
from pulumi_policy import EnforcementLevel, ReportViolation, StackValidationArgs, StackValidationPolicy
from pulumi_policy.policy import _PolicyAnalyzerServicer
from support.observations import (
    WHOLE,
    api_key,
    manifest,
    manifests_of,
    observed,
    project,
    settings,
    tenant,
)
from support.observations import secret as secret_of
from support.oracle import Files
from support.policies import Pack, Violation, places_in, resource, urn_of
from support.policies import secret as hidden
from support.policy_pack import PAGE
from support.programs import leaks
from support.topologies import sound_workspaces, workspace_of

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.errors import UserError
from paletteai_components.model.identity import INTEGRATION, TENANT
from paletteai_components.policy.judgement import judged
from paletteai_components.policy.pack import NOTES, WARNINGS, policies, policy_of
from paletteai_components.rules import RULES, diagnostics_of

PACK = Pack()
EACH = examples.default.max_examples // 4 if examples.default else 0
SHARED = (*WHOLE, settings("vision"), secret_of("vision"))
"""A Project's own Settings has the key of its Tenant's."""


def told(*manifests: Any) -> list[tuple[str, str]]:
    """The policies that report something of objects on one cluster, with their levels."""
    return [(each.policy, each.level) for each in PACK.violations(map(resource, manifests))]


def test_a_sound_program_violates_nothing() -> None:
    assert PACK.violations(map(resource, WHOLE)) == []


def test_an_error_is_mandatory_and_says_everything() -> None:
    (found,) = PACK.violations(map(resource, SHARED))
    first, second = (
        urn_of("kubernetes:core/v1:Secret", "tenant-acme-key"),
        urn_of("kubernetes:core/v1:Secret", "vision-key"),
    )
    assert found == Violation(
        "pai003",
        "mandatory",
        "A credential is in one Settings only.\n"
        "PAI003: one credential (equal fingerprint) is claimed by Settings `tenant-acme/default` of tenant `acme` and "
        "Settings `vision/default` of project `vision`. PaletteAI would race for the same compute.\n"
        f"  at: {first}\n"
        f"  at: {second}\n"
        "  help: Bind the credential once and let the others fall back to it, or create another API key in Palette.",
        first,
    )


def test_the_location_is_the_path_of_a_property() -> None:
    (found,) = PACK.violations(
        map(resource, (*WHOLE, settings("tenant-acme", "other"), project("lab", settings="other")))
    )
    assert found.policy == "pai002"
    at = urn_of("kubernetes:spectrocloud.com/v1alpha1:Settings", "tenant-acme-other")
    assert f"  at: {at}: spec.integrations.palette.secretRef.name\n" in found.message


def test_all_problems_are_reported_at_once() -> None:
    wrong = (*SHARED, project("lab", of="acme", settings="lost"), project("Line_1"))
    assert {policy for policy, _ in told(*wrong)} >= {"pai003", "pai007", WARNINGS}


def test_a_warning_of_a_rule_with_errors_is_never_mandatory() -> None:
    assert told(*WHOLE, project("lab", settings="lost")) == [(WARNINGS, "advisory")]


def test_a_rule_of_warnings_is_advisory() -> None:
    lab = project("lab")
    del lab["spec"]["computeConfigRef"]
    assert told(*WHOLE, lab) == [("pai015", "advisory")]


def test_what_is_not_known_is_a_note() -> None:
    assert told(tenant(), settings(), project()) == [(NOTES, "advisory")]


def test_a_policy_can_have_another_level_and_can_be_disabled() -> None:
    advisory = Pack({"pai003": proto.ADVISORY}).violations(map(resource, SHARED))
    assert [(each.policy, each.level) for each in advisory] == [("pai003", "advisory")]
    assert Pack({"pai003": proto.DISABLED}).violations(map(resource, SHARED)) == []
    stricter = Pack({NOTES: proto.MANDATORY}).violations(map(resource, WHOLE[:2]))
    assert [(each.policy, each.level) for each in stricter] == [(NOTES, "mandatory")] * len(stricter)


def test_every_policy_tells_the_engine_its_level() -> None:
    levels = {each.name: each.enforcementLevel for each in PACK.info.policies}
    for name, level in levels.items():
        is_error = name.upper() in RULES and RULES[name.upper()].severity is Severity.ERROR
        assert level == (proto.MANDATORY if is_error else proto.ADVISORY), name


def test_the_page_names_every_policy() -> None:
    _, _, rest = PAGE.read_text().partition("## The policies\n")
    table, _, _ = rest.partition("The other rules")
    (first, last, *others) = re.findall(r"`(\w+)`", table)
    named = [f"pai{number:03}" for number in range(int(first[3:]), int(last[3:]) + 1)]
    assert sorted(each.name for each in PACK.policies) == sorted([*named, *others])


def test_the_rules_run_once_for_all_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[Diagnostic]] = []

    def counted(*arguments: Any, **more: Any) -> list[Diagnostic]:
        runs.append(judged(*arguments, **more))
        return runs[-1]

    monkeypatch.setattr("paletteai_components.policy.pack.judged", counted)
    pack = Pack()
    first, second = pack.violations(map(resource, SHARED)), pack.violations(map(resource, WHOLE))
    assert (len(first), len(second), len(runs)) == (1, 0, 2)


def test_the_sdk_makes_objects_of_the_resources_once() -> None:
    # A newer SDK may do that itself, or need another way.
    asked: list[int] = []

    def count(args: StackValidationArgs, _: ReportViolation) -> None:
        asked.append(len(args.resources))

    policies = [StackValidationPolicy(name, "Counts.", count, EnforcementLevel.MANDATORY) for name in ("a", "b", "c")]
    servicer = _PolicyAnalyzerServicer("counting", "0.0.1", [*policies], EnforcementLevel.MANDATORY)
    for _ in range(2):
        servicer.AnalyzeStack(proto.AnalyzeStackRequest(resources=list(map(resource, WHOLE))), None)
    assert asked == [len(WHOLE), 0, 0] * 2


def test_another_path_of_the_vendors_is_read() -> None:
    def other(namespace: str) -> Any:
        return manifest("Settings", "default", namespace, spec={"palette": {"credentials": "key"}})

    objects = (tenant(), project(), secret_of(), other("tenant-acme"), secret_of("vision"), other("vision"))
    (found,) = Pack(vendor_fields={"settings.palette": "spec.palette.credentials"}).violations(map(resource, objects))
    assert found.policy == "pai003"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"settings.palete": "spec.a"}, "`settings.palete` is no field whose path is assumed, so no policy was run."),
        ({"settings.palette": "spec..a"}, "the path of `settings.palette` "),
        ({"settings.palette": "spec.a", "settings.nvidia": "spec.a"}, "the path of `settings.palette` overlaps"),
    ],
)
def test_a_path_that_cannot_be_used_is_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(UserError) as refused:
        policies(vendor_fields=fields)
    assert refused.value.message.startswith(message)


def test_whether_settings_are_merged_is_told() -> None:
    objects = [*WHOLE, settings("vision", secret=None)]
    assert told(*objects) == [("pai011", "advisory")]
    found = Pack(merged_settings=False).violations(map(resource, objects))
    assert "pai004" in {each.policy for each in found}


def test_no_key_is_in_any_message() -> None:
    key = api_key("one")
    texts = [resource(each).properties for each in SHARED]
    assert leaks([str(texts)], key) != []
    broken = manifest("Secret", "broken", "lab", data={"palette": key, key: key})
    named = project("lab", settings=key, labels={key: key}, annotations={key: key})
    objects = [*SHARED, broken, settings("lab", "default", "broken"), named, tenant(key, key)]
    # The engine itself shows the names of resources.
    reported = PACK.violations(resource(each, f"r{position}") for position, each in enumerate(objects))
    assert len(reported) > 3
    assert leaks([each.message for each in reported], key) == []


def test_secrets_of_the_engine_are_read() -> None:
    objects = [dict(each) for each in SHARED]
    for each in objects:
        if each["kind"] == "Secret":
            each["data"] = hidden(each["data"])
    assert told(*objects) == [("pai003", "mandatory")]


@examples(max_examples=EACH)
@given(sound_workspaces(), st.data())
def test_it_judges_as_check_judges_manifests(files: Files, data: st.DataObject) -> None:
    objects = [deepcopy(each) for stack in workspace_of(files)[0].stacks for each in manifests_of(stack)]
    texts = [(holder, name) for each in objects for holder, name in places_in(each) if isinstance(holder[name], str)]
    for _ in range(data.draw(st.integers(0, 4)) if texts else 0):
        holder, name = data.draw(st.sampled_from(texts))
        other, its = data.draw(st.sampled_from(texts))
        holder[name] = other[its]
    resources = sorted((resource(each, f"r{position}").urn, position) for position, each in enumerate(objects))
    objects = [objects[position] for _, position in resources]
    expected = diagnostics_of(observed(objects))
    # Two resources of one object: one may only read it.
    comparable = [each for each in expected if "is there twice" not in each.message]
    found = PACK.violations(resource(each, f"r{at}") for each, (_, at) in zip(objects, resources, strict=True))
    reported = [(each.policy, fact_of(each)) for each in found if "is there twice" not in each.message]
    assert sorted(reported) == sorted((policy_of(each), each.message) for each in comparable)


def fact_of(violation: Violation) -> str:
    return violation.message.split("\n")[1].partition(": ")[2]


@examples(max_examples=EACH)
@given(sound_workspaces())
def test_what_the_components_declare_has_no_error(files: dict[str, Any]) -> None:
    workspace, _ = workspace_of(files)
    objects = [each for stack in workspace.stacks for each in manifests_of(stack)]
    found = PACK.violations(resource(each, within=TENANT) for each in objects)
    assert [each for each in found if each.level == "mandatory"] == []


@pytest.mark.parametrize(
    ("silence", "reported"),
    [
        ('{"PAI015": "comes later"}', ["pai003"]),
        ('{"PAI003": "no error is silenced"}', ["pai003", "pai015"]),
        ('{"PAI015": " "}', ["pai003", "pai015"]),
        ('["PAI015"]', ["pai003", "pai015"]),
        ("PAI015", ["pai003", "pai015"]),
    ],
)
def test_the_configuration_of_a_stack_silences_warnings_with_a_reason(silence: str, reported: list[str]) -> None:
    lab = project("lab")
    del lab["spec"]["computeConfigRef"]
    set_all_config({"paletteai:silence": silence})
    try:
        assert sorted({policy for policy, _ in told(*SHARED, lab)}) == reported
    finally:
        set_all_config({})


def test_an_error_in_what_a_component_seems_to_declare_is_reported() -> None:
    (found,) = PACK.violations(resource(each, within=f"{TENANT}${INTEGRATION}") for each in SHARED)
    assert (found.policy, found.level) == ("pai003", "mandatory")
