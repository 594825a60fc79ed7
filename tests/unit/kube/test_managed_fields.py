"""Which fields are Pulumi's alone."""

from __future__ import annotations

from typing import Any

import pytest

from paletteai_components.kube.managed_fields import fields_of_pulumi, is_managed_by_pulumi


def entry(
    fields: Any, manager: str = "pulumi-kubernetes-1a2b", operation: str = "Apply", **more: Any
) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


OURS = entry({"f:spec": {"f:a": {}, "f:b": {".": {}, "f:c": {}}, "f:d": {"k:{}": {".": {}, "f:e": {}}}}})


@pytest.mark.parametrize(
    ("others", "left"),
    [
        ({}, OURS["fieldsV1"]),
        ({"f:spec": {"f:a": {}}}, {"f:spec": {"f:b": {".": {}, "f:c": {}}, "f:d": {"k:{}": {".": {}, "f:e": {}}}}}),
        (
            {"f:spec": {"f:b": {".": {}, "f:c": {}, "f:x": {}}}},
            {"f:spec": {"f:a": {}, "f:d": {"k:{}": {".": {}, "f:e": {}}}}},
        ),
        (OURS["fieldsV1"], {}),
    ],
)
def test_what_others_manage_too_stays(others: Any, left: Any) -> None:
    assert fields_of_pulumi([entry(others, "kubectl", "Update"), OURS]) == left
    assert fields_of_pulumi([OURS, entry(others, "argocd")]) == left


def test_of_two_stacks_the_last_one_counts() -> None:
    old = entry({"f:a": {}, "f:b": {}}, time="2026-01-01T00:00:00Z")
    new = entry({"f:a": {}, "f:c": {}}, "pulumi-kubernetes-2", time="2026-02-01T00:00:00Z")
    assert fields_of_pulumi([new, old]) == fields_of_pulumi([old, new]) == {"f:c": {}}


@pytest.mark.parametrize(
    "others",
    [
        entry({"f:a": {}}, "kubectl"),
        entry({"f:a": {}}, operation="Update"),
        entry({"f:a": {}}, subresource="status"),
        {},
        entry(None, "argocd"),
    ],
)
def test_what_pulumi_did_not_apply_is_not_its_own(others: dict[str, Any]) -> None:
    assert fields_of_pulumi([others]) == {}
    assert not is_managed_by_pulumi([others])
    assert is_managed_by_pulumi([others, OURS])
    assert fields_of_pulumi([others, entry(None)]) == {}
