"""Objects in shapes that this package would not make, and what they say all the same."""

from __future__ import annotations

from typing import Any

import pytest
from support.observations import EVERY_KIND, WHOLE, document, manifest, observed, project, secret, settings, tenant
from support.samples import codes, told

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.manifests import CREDENTIAL_ANNOTATION, FINGERPRINT_ANNOTATION, Manifest
from paletteai_components.kube.palette_api import PaletteApi
from paletteai_components.model.planned import Source
from paletteai_components.rules import diagnostics_of


def found(*manifests: Manifest, api: PaletteApi | None = None, **view: Any) -> list[Diagnostic]:
    return diagnostics_of(observed(manifests, api, **view))


def source_of(*manifests: Manifest, **view: Any) -> tuple[Source, str | None]:
    """Where the first Project gets its integration from, and which Settings that is."""
    plan = observed(manifests, **view).stacks[0].plan
    assert plan is not None
    gets = plan.projects[0].effective_settings
    return plan.projects[0].source, str(gets) if gets else None


@pytest.mark.parametrize("is_complete", [False, True])
def test_what_is_as_it_should_be_has_no_problem(is_complete: bool) -> None:
    assert found(*WHOLE, complete=EVERY_KIND if is_complete else frozenset()) == []


def test_other_peoples_objects_are_passed_over() -> None:
    others = [
        {"apiVersion": "example.com/v1", "kind": "Tenant", "metadata": {"name": "acme"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},
        {"apiVersion": "spectrocloud.com/v1alpha1", "kind": "ComputeConfig", "metadata": {"name": "x"}},
        manifest("Secret", "other", "tenant-acme", data={"token": "bm90aGluZw=="}),
        {"apiVersion": "spectrocloud.com/v1alpha1", "kind": "Settings", "metadata": {"generateName": "x-"}},
    ]
    assert found(*WHOLE, *others) == []


@pytest.mark.parametrize(
    "damage", [None, 1, "text", [], {"name": 1}, {"labels": 3}, {"name": "x", "annotations": ["y"]}]
)
@pytest.mark.parametrize("kind", ["Tenant", "Project", "Settings", "Secret", "Namespace"])
@pytest.mark.parametrize("part", ["metadata", "spec"])
def test_nothing_in_an_object_makes_reading_fail(part: str, kind: str, damage: object) -> None:
    assert isinstance(found(*WHOLE, {**manifest(kind, "x", "y"), part: damage}), list)


def test_a_project_falls_back_to_the_settings_that_its_tenant_refers_to() -> None:
    assert source_of(*WHOLE) == (Source.FALLBACK, "tenant-acme/default")


def test_the_namespace_of_a_tenant_is_the_one_with_its_label() -> None:
    namespace = manifest("Namespace", "acme-admin", labels={"palette.ai/tenant": "acme"})
    objects = [tenant(settings=None), namespace, settings("acme-admin"), secret("acme-admin"), project()]
    assert source_of(*objects) == (Source.FALLBACK, "acme-admin/default")


def test_the_namespace_of_a_tenant_may_have_its_name_as_the_earliest_documentation_says() -> None:
    assert source_of(tenant(settings=None), settings("acme"), secret("acme"), project()) == (
        Source.FALLBACK,
        "acme/default",
    )


def test_a_tenant_may_refer_to_settings_in_another_namespace() -> None:
    namespace = manifest("Namespace", "tenant-acme", labels={"palette.ai/tenant": "acme"})
    there = [namespace, tenant(namespace="shared"), settings("shared"), secret("shared"), project()]
    assert source_of(*there) == (Source.FALLBACK, "shared/default")
    assert found(*there) == []


def test_settings_in_a_projects_namespace_are_its_own_whether_it_names_them_or_not() -> None:
    own = [settings("vision", "mine"), secret("vision", key="two")]
    assert source_of(tenant(settings=None), *own, project()) == (Source.OWN, "vision/mine")
    assert source_of(tenant(settings=None), *own, project(settings="mine")) == (Source.OWN, "vision/mine")


def test_a_name_is_looked_up_in_the_projects_namespace_before_the_tenants() -> None:
    objects = [tenant(), settings(name="edge"), secret(), settings("vision", "edge"), secret("vision", key="two")]
    assert source_of(*objects, project(settings="edge")) == (Source.OWN, "vision/edge")
    assert source_of(*objects[:3], project(settings="edge")) == (Source.SETTINGS_REF, "tenant-acme/edge")


def test_of_several_settings_in_a_projects_namespace_without_a_reference_it_is_said_that_none_is_known() -> None:
    several = [settings("vision", name, secret=f"{name}-key") for name in ("a", "b")]
    keys = [secret("vision", f"{name}-key", key=name) for name in ("a", "b")]
    (problem,) = told(found(tenant(settings=None), *several, *keys, project()), "PAI005")
    assert "`a`, `b`" in problem.message
    assert problem.severity is Severity.WARNING


def test_a_tenant_that_refers_to_none_of_its_settings_is_a_warning_because_the_fallback_is_not_documented() -> None:
    (problem,) = found(tenant(settings=None), settings(name="edge"), secret(), project())
    assert (problem.code, problem.severity) == ("PAI004", Severity.WARNING)


def test_a_project_without_any_fallback_is_an_error() -> None:
    (problem,) = found(tenant(settings=None), project())
    assert (problem.code, problem.severity) == ("PAI004", Severity.ERROR)


def test_a_project_says_that_it_is_meant_to_go_without() -> None:
    annotations = {"paletteai-components/shared-cluster-only": "true"}
    assert found(tenant(settings=None), project(annotations=annotations)) == []


def test_two_settings_with_one_secret_are_one_problem() -> None:
    (problem,) = found(*WHOLE, settings(name="edge"))
    assert problem.code == "PAI002"
    assert {str(where) for where in problem.where} == {
        f"Settings/tenant-acme/{name}:spec.integrations.palette.secretRef.name" for name in ("default", "edge")
    }


def test_two_settings_that_name_a_secret_which_is_not_there_are_both_shown() -> None:
    objects = [each for each in [*WHOLE, settings(name="edge")] if each["kind"] != "Secret"]
    (problem,) = [each for each in diagnostics_of(observed(objects)) if each.code == "PAI002"]
    field = "spec.integrations.palette.secretRef.name"
    assert [each.file for each in problem.where] == [
        f"Settings/tenant-acme/default:{field}",
        f"Settings/tenant-acme/edge:{field}",
    ]
    assert problem.help == "Give each Settings its own Secret, with another key."


def test_one_key_in_two_secrets_is_found_whatever_else_differs() -> None:
    other = secret("vision", "other", hostUrl="https://palette.acme.example", tenant="x", defaultProjectID="65-other")
    (problem,) = found(*WHOLE, settings("vision", "mine", "other"), other)
    assert problem.code == "PAI003"


def test_one_key_in_two_tenants_is_found() -> None:
    assert codes(found(*WHOLE, tenant("beta"), settings("tenant-beta"), secret("tenant-beta"))) == ["PAI003"]


@pytest.mark.parametrize("annotation", [FINGERPRINT_ANNOTATION, CREDENTIAL_ANNOTATION])
def test_without_secrets_the_annotations_tell_one_credential(annotation: str) -> None:
    same: dict[str, Any] = {"annotations": {annotation: f"pai1:{'a' * 40}"}}
    objects = [tenant(), settings(**same), project(), settings("vision", "mine", "other", **same)]
    assert "PAI003" in [each.code for each in found(*objects) if each.severity is Severity.ERROR]


def test_settings_that_nobody_gets_are_a_warning_and_are_judged_all_the_same() -> None:
    problems = found(*WHOLE, settings("forgotten"), secret("forgotten"), complete=EVERY_KIND)
    assert codes(problems) == ["PAI003", "PAI011"]
    assert "no tenant" in problems[0].message
    assert "unused" in problems[1].message


def test_in_files_those_who_use_settings_may_be_elsewhere_so_nobody_is_told_to_delete_them() -> None:
    problems = found(*(settings(name, secret=name) for name in ("one", "two")))
    (problem,) = (each for each in problems if each.code == "PAI011")
    assert problem.severity is Severity.NOTE
    assert "is not known: `one/default`, `two/default`" in problem.message
    assert len(problem.where) == 2


def test_a_project_of_a_tenant_that_is_not_there_is_a_warning_in_files_and_an_error_on_a_cluster() -> None:
    for is_complete, severity in ((False, Severity.WARNING), (True, Severity.ERROR)):
        (problem,) = found(project(), complete=EVERY_KIND if is_complete else frozenset())
        assert (problem.code, problem.severity) == ("PAI005", severity)


def test_of_a_misspelt_tenant_the_right_name_is_asked_for() -> None:
    for complete in (frozenset[str](), EVERY_KIND):
        problems = told(found(*WHOLE, project("lab", of="acne"), complete=complete), "PAI005")
        assert [each.help for each in problems] == ["Did you mean `acme`?"]


def test_a_project_of_no_tenant_is_an_error() -> None:
    (problem,) = found(project(of=None))
    assert problem.code == "PAI005"
    assert "names no Tenant" in problem.message


def test_a_project_with_only_the_label_of_a_tenant_is_that_tenants() -> None:
    labelled = project(of=None, labels={"palette.ai/tenant-name": "acme"})
    assert source_of(*WHOLE[:3], labelled) == (Source.FALLBACK, "tenant-acme/default")


def test_a_label_and_a_reference_to_two_tenants_are_an_error() -> None:
    assert codes(found(*WHOLE[:3], project(labels={"palette.ai/tenant-name": "beta"}))) == ["PAI005"]


def test_a_project_in_a_namespace_of_another_name_is_an_error() -> None:
    assert "PAI007" in codes(found(*WHOLE[:3], project(namespace="elsewhere")))


def test_a_dangling_reference_is_a_warning_in_files_and_an_error_on_a_cluster() -> None:
    for is_complete, severity in ((False, Severity.WARNING), (True, Severity.ERROR)):
        problems = told(found(tenant(), project(), complete=EVERY_KIND if is_complete else frozenset()), "PAI005")
        assert [each.severity for each in problems] == [severity]
        problems = told(
            found(*WHOLE[:3], project(settings="edge"), complete=EVERY_KIND if is_complete else frozenset()), "PAI005"
        )
        assert [each.severity for each in problems] == [severity]


def test_a_missing_secret_is_a_note_in_files_and_an_error_on_a_cluster() -> None:
    (problem,) = found(tenant(), settings(), project())
    assert (problem.code, problem.severity) == ("PAI003", Severity.NOTE)
    assert "PAI005" in [
        each.code
        for each in found(tenant(), settings(), project(), complete=EVERY_KIND)
        if each.severity is Severity.ERROR
    ]


@pytest.mark.parametrize(
    "supplier",
    [
        {
            "apiVersion": "bitnami.com/v1alpha1",
            "kind": "SealedSecret",
            "metadata": {"name": "key", "namespace": "tenant-acme"},
        },
        {
            "apiVersion": "external-secrets.io/v1beta1",
            "kind": "ExternalSecret",
            "metadata": {"name": "palette", "namespace": "tenant-acme"},
            "spec": {"target": {"name": "key"}},
        },
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {"name": "key", "namespace": "tenant-acme"},
        },
    ],
)
def test_what_supplies_a_secret_is_known(supplier: Manifest) -> None:
    assert found(tenant(), settings(), project(), supplier) == []
    assert not told(found(tenant(), settings(), project(), supplier, complete=EVERY_KIND), "PAI005")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "has no key `palette`"),
        ({"data": {"apiKey": "eA=="}}, "has no key `palette`, only `apiKey`"),
        ({"data": {"palette": "%%%"}}, "not text in base64"),
        ({"data": {"palette": "/w=="}}, "not text in base64"),
        ({"data": {"palette": 5}}, "not text in base64"),
        ({"stringData": {"palette": "apiKey=x"}}, "not a JSON document"),
        ({"stringData": {"palette": "[]"}}, "not an object"),
        ({"stringData": {"palette": "[" * 100_000}}, "not a JSON document"),
        ({"stringData": {"palette": '{"apiKey": 5}'}}, "`apiKey` with a value that is not text"),
    ],
)
def test_a_document_that_cannot_be_used_is_an_error(data: dict[str, Any], says: str) -> None:
    problems = told(found(tenant(), settings(), project(), manifest("Secret", "key", "tenant-acme", **data)), "PAI009")
    assert says in problems[0].message
    assert str(problems[0].where[0]) == "Secret/tenant-acme/key"


def test_a_document_without_a_field_is_an_error_and_one_with_another_is_a_warning() -> None:
    lacking = found(tenant(), settings(), project(), secret(hostUrl=None))
    assert [(each.code, each.severity) for each in lacking] == [("PAI009", Severity.ERROR)]
    more = found(tenant(), settings(), project(), secret(region="eu"))
    assert [(each.code, each.severity) for each in more] == [("PAI009", Severity.WARNING)]


def test_base64_may_be_wrapped_as_the_api_server_allows() -> None:
    wrapped = secret()
    text = wrapped["data"]["palette"]
    wrapped["data"]["palette"] = f"{text[:40]}\n{text[40:]}\n"
    assert found(tenant(), settings(), project(), wrapped) == []


def test_an_object_that_is_there_twice_is_an_error() -> None:
    (problem,) = found(*WHOLE, settings())
    assert problem.code == "PAI006"
    assert "applied last" in problem.message


def test_where_no_settings_has_the_assumed_field_nothing_is_concluded_from_it() -> None:
    other = manifest("Settings", "default", "tenant-acme", spec={"palette": {"credentials": "key"}})
    problems = found(tenant(), other, secret(), project())
    assert [(each.code, each.severity) for each in problems] == [("PAI016", Severity.WARNING)]
    api = PaletteApi(fields={"settings.palette": "spec.palette.credentials"})
    assert found(tenant(), other, secret(), project(), api=api) == []


def test_a_later_version_of_the_api_is_read_too() -> None:
    later = [{**each, "apiVersion": "spectrocloud.com/v1beta1"} if each["kind"] != "Secret" else each for each in WHOLE]
    assert found(*later) == []


def test_no_key_is_in_any_problem() -> None:
    key = "5f2a9c81d4e7b36f0a5f2a9c81d4e7b3"
    documents: list[dict[str, Any]] = [
        {"data": document(key)},
        {"data": document(key, region=key)},
        {"data": {key: "eA=="}},
        {"stringData": {"palette": key}},
        {"stringData": {"palette": f'{{"{key}": "{key}"}}'}},
        {"data": {"palette": key + "!"}},
    ]
    for at, data in enumerate(documents):
        doubled = [settings(), manifest("Secret", "key", "tenant-acme", **data), settings("other"), tenant(), project()]
        text = repr(found(*doubled, manifest("Secret", "key", "other", **data)))
        assert key not in text, at


def test_what_may_not_be_listed_is_not_taken_for_missing() -> None:
    without = {
        "Secret": (tenant(), settings(), project()),
        "Tenant": (settings(), secret(), project()),
        "Settings": (tenant(), project()),
    }
    for kind, objects in without.items():
        problems = diagnostics_of(observed(objects, complete=EVERY_KIND - {kind}))
        assert [each for each in problems if each.severity is Severity.ERROR] == [], kind
        assert diagnostics_of(observed(objects, complete=EVERY_KIND))[0].severity is Severity.ERROR
