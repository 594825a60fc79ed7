"""What PaletteAI says of its objects: whether they are ready, and what a Project gets."""

from __future__ import annotations

from typing import Any

import pytest
from support.observations import WHOLE, manifest, observed, project, secret, settings, tenant
from support.samples import codes

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.manifests import Manifest
from paletteai_components.rules import diagnostics_of


def found(*manifests: Manifest, **view: Any) -> list[Diagnostic]:
    return diagnostics_of(observed(manifests, **view))


def saying(each: Manifest, status: object = "False", **condition: object) -> Manifest:
    """An object with a condition."""
    return {**each, "status": {"conditions": [{"type": "Ready", "status": status, **condition}]}}


def effective(settings: object) -> list[Manifest]:
    """Objects with nothing wrong, of which PaletteAI says that its Project gets this."""
    return [*WHOLE[:3], {**project(), "status": {"effectiveSettings": settings}}]


def test_an_object_that_is_not_ready_is_an_error_with_the_reason_and_the_message() -> None:
    unready = saying(project(), reason="SettingsMissing", message="no `edge`\n in tenant-acme")
    (problem,) = found(*WHOLE[:3], unready)
    assert (problem.code, problem.severity) == ("PAI022", Severity.ERROR)
    assert problem.message == (
        "Project `vision` is not ready: its condition `Ready` is `False`, with the reason `SettingsMissing`: "
        "`no 'edge' in tenant-acme`."
    )
    assert str(problem.where[0]) == "Project/vision/vision:status.conditions"


def test_what_is_not_known_to_be_ready_is_a_warning() -> None:
    (problem,) = found(*WHOLE[:3], saying(project(), "Unknown"))
    assert (problem.code, problem.severity) == ("PAI022", Severity.WARNING)


def test_objects_that_say_the_same_are_one_problem() -> None:
    unready = [saying(project(name), reason="Paused") for name in ("a", "b", "c")]
    (problem,) = found(*WHOLE[:3], *unready)
    assert problem.message.startswith("Project `a`, `b`, `c` are not ready: ")
    assert len(problem.where) == 3


def test_tenants_and_settings_are_asked_too() -> None:
    problems = found(saying(tenant()), saying(settings()), secret(), project())
    assert codes(problems) == ["PAI022", "PAI022"]
    assert {each.message.split(" is not")[0] for each in problems} == {
        "Tenant `acme`",
        "Settings `tenant-acme/default`",
    }


@pytest.mark.parametrize(
    "status",
    [
        {"conditions": [{"type": "Ready", "status": "True"}]},
        {"conditions": [{"type": "Synced", "status": "False"}]},
        {"conditions": [{"type": "Ready"}]},
        {"conditions": [{"type": "Ready", "status": False}]},
        {"conditions": ["Ready", None, 5]},
        {"conditions": {"Ready": "False"}},
        {},
        "none",
    ],
)
def test_what_says_nothing_of_the_kind_is_no_problem(status: object) -> None:
    assert found(*WHOLE[:3], {**project(), "status": status}) == []


def test_what_is_being_deleted_need_not_be_ready() -> None:
    going = saying(project())
    going["metadata"] |= {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    assert found(*WHOLE[:3], going) == []


def test_a_key_in_a_message_of_a_controller_is_not_repeated() -> None:
    key = "ck7f3aCANARY91xQ4tZ8mWd2"
    (problem,) = found(*WHOLE[:3], saying(project(), reason=key, message=f"401 for apiKey={key}"))
    assert key not in str(problem)
    assert "401 for" in problem.message


@pytest.mark.parametrize(
    "settings",
    [
        {"integrations": {"palette": {"secretRef": {"name": "key"}}}},
        {"settingsRef": {"name": "default"}},
        {"settingsRef": {"name": "default", "namespace": "tenant-acme"}},
        {"palette": "other", "sources": [{"name": "other"}]},
        {"integrations": {"palette": "other"}},
        {"settingsRef": "other"},
        {},
        None,
        [],
        "other",
    ],
)
def test_what_agrees_with_us_or_has_no_form_that_we_know_is_no_problem(settings: object) -> None:
    assert found(*effective(settings)) == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"integrations": {"palette": {"secretRef": {"name": "other"}}}},
            "the Palette credential in Secret `other`, but its declarations give it that in Secret `key` of Settings "
            "`tenant-acme/default`",
        ),
        ({"settingsRef": {"name": "edge"}}, "Settings `edge`, but its declarations give it Settings `tenant-acme/def"),
        (
            {"settingsRef": {"name": "default", "namespace": "vision"}},
            "Settings `vision/default`, but its",
        ),
    ],
)
def test_what_a_project_gets_otherwise_than_we_say_is_a_warning(settings: object, says: str) -> None:
    (problem,) = found(*effective(settings))
    assert (problem.code, problem.severity) == ("PAI023", Severity.WARNING)
    assert says in problem.message
    assert str(problem.where[0]) == "Project/vision/vision:status.effectiveSettings"


def test_a_credential_where_we_see_none_is_a_warning() -> None:
    got = {"effectiveSettings": {"integrations": {"palette": {"secretRef": {"name": "key"}}}}}
    without = project(annotations={"paletteai-components/shared-cluster-only": "true"})
    (problem,) = found(tenant(settings=None), {**without, "status": got})
    assert problem.code == "PAI023"
    assert "but its declarations give it none" in problem.message


def test_of_settings_that_are_merged_either_may_be_named() -> None:
    own = manifest("Settings", "mine", "vision", spec={"integrations": {"nvidia": {"secretRef": {"name": "n"}}}})
    for name, namespace in (("mine", "vision"), ("default", "tenant-acme")):
        got = {"effectiveSettings": {"settingsRef": {"name": name, "namespace": namespace}}}
        problems = found(*WHOLE[:3], own, {**project(settings="mine"), "status": got})
        assert "PAI023" not in codes(problems)


def test_what_settings_hold_that_are_not_among_the_objects_is_not_disputed() -> None:
    got = {"effectiveSettings": {"integrations": {"palette": {"secretRef": {"name": "key"}}}}}
    assert "PAI023" not in codes(found(tenant(), {**project(), "status": got}))
