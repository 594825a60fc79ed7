"""Names: free to take, valid for what they become, plain to read (PAI006, PAI007, PAI008)."""

from __future__ import annotations

import re

import pytest
from support.samples import codes, stack, told, workspace

from paletteai_components.diagnostics import Severity
from paletteai_components.rules import diagnostics_of, diagnostics_of_stack
from paletteai_components.stacks.stack import Stack


def tenant(name: str, *lines: str, top: str = "kubernetes:context: dev", stack_name: str = "") -> Stack:
    """A tenant on a cluster that goes without Palette."""
    head = [top, "paletteai:tenant:", f"  name: {name}", "  sharedClusterOnly: true"]
    body = ["  computeConfigRef: {name: default}", *(f"  {line}" for line in lines)]
    return stack("\n".join([*head, *body]), stack_name or f"{name}.dev")


def named(**fields: str) -> list[str]:
    """What PAI007 says of a tenant of these fields."""
    lines = [f"{field}: {value}" for field, value in fields.items()]
    return [diagnostic.message for diagnostic in told(diagnostics_of_stack(tenant("acme", *lines)), "PAI007")]


def test_two_tenants_of_one_cluster_cannot_have_a_project_of_one_name() -> None:
    one, two = tenant("acme", "projects: [{name: vision}]"), tenant("beta", "projects: [{name: vision}]")
    (diagnostic,) = diagnostics_of(workspace(one, two))
    assert diagnostic.code == "PAI006"
    assert diagnostic.message == (
        "Project and namespace `vision` is claimed by project `vision` of tenant `acme` in stack `acme.dev` and "
        "project `vision` of tenant `beta` in stack `beta.dev`. Only one of them can own it."
    )
    assert [str(location) for location in diagnostic.where] == [
        "stacks/Pulumi.acme.dev.yaml:7",
        "stacks/Pulumi.beta.dev.yaml:7",
    ]
    assert diagnostic.help == "Give one of them another name, or declare the object once."


@pytest.mark.parametrize("top", ["kubernetes:context: prod", "{kubernetes:context: prod, paletteai:cluster: other}"])
def test_on_another_cluster_the_same_name_is_free(top: str) -> None:
    one, two = tenant("acme", "projects: [{name: vision}]"), tenant("beta", "projects: [{name: vision}]")
    lines = "\n".join(top.strip("{}").split(", "))
    apart = tenant("beta", "projects: [{name: vision}]", top=lines)
    assert codes(diagnostics_of(workspace(one, two))) == ["PAI006"]
    assert "PAI006" not in codes(diagnostics_of(workspace(one, apart)))


@pytest.mark.parametrize(
    ("one", "two", "what"),
    [
        (["projects: [{name: tenant-beta}]"], [], "Project and namespace `tenant-beta`|namespace `tenant-beta`"),
        (["namespace: shared"], ["namespace: shared"], "namespace `shared`"),
        (["projects: [{name: shared}]"], ["namespace: shared"], "Project and namespace `shared`"),
    ],
    ids=["default namespace", "two tenants", "stated namespace"],
)
def test_a_namespace_has_one_owner(one: list[str], two: list[str], what: str) -> None:
    (diagnostic,) = diagnostics_of(workspace(tenant("acme", *one), tenant("beta", *two)))
    assert diagnostic.code == "PAI006"
    assert diagnostic.message.partition(" is claimed by ")[0] in what.split("|")
    assert " in stack `acme.dev` and " in diagnostic.message
    assert "tenant `beta` in stack `beta.dev`" in diagnostic.message


def test_a_project_that_stands_twice_in_one_file_shows_both_lines() -> None:
    (diagnostic,) = diagnostics_of(workspace(tenant("acme", "projects:", "- {name: lab}", "- {name: lab}")))
    assert diagnostic.code == "PAI006"
    assert [location.line for location in diagnostic.where] == [8, 9]


def test_two_stacks_cannot_own_one_tenant_or_settings() -> None:
    lines = "settings: {ngc: {nvidia: {existingSecret: NAME}}}"
    one = tenant("acme", lines.replace("NAME", "a"))
    two = tenant("acme", lines.replace("NAME", "b"), stack_name="acme.eu.dev")
    diagnostics = told(diagnostics_of(workspace(one, two)), "PAI006")
    assert [diagnostic.message for diagnostic in diagnostics] == [
        "Tenant `acme` is claimed by tenant `acme` in stack `acme.dev` and tenant `acme` in stack `acme.eu.dev`. "
        "Only one of them can own it.",
        "Settings `tenant-acme/ngc` is claimed by tenant `acme` in stack `acme.dev` and tenant `acme` in stack "
        "`acme.eu.dev`. Only one of them can own it.",
    ]


def test_many_stacks_may_refer_to_a_tenant_that_one_of_them_makes() -> None:
    one = tenant("acme", "projects: [{name: vision}]")
    two = tenant("acme", "existing: true", "projects: [{name: lab}]", stack_name="acme.eu.dev")
    assert codes(diagnostics_of(workspace(one, two))) == ["PAI014"]


def test_a_settings_that_one_stack_makes_others_may_list_as_existing() -> None:
    one = tenant("acme", "settings: {ngc: {nvidia: {existingSecret: a}}}")
    others = [
        tenant("acme", "existing: true", "existingSettings: [ngc]", stack_name=f"acme.{part}.dev") for part in "ab"
    ]
    assert told(diagnostics_of(workspace(one, *others)), "PAI006") == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Acme"}, "the name of a tenant is not made of lower-case letters, digits, '-' and '.'"),
        ({"name": "-a"}, "the name of a tenant is not made of"),
        ({"name": '""'}, "the name of a tenant is empty"),
        ({"name": "a" * 64}, "63 are allowed, so the API server would refuse it"),
        ({"namespace": "ml", "name": "a" * 64}, "63 are allowed, so the API server would refuse it"),
        ({"name": "acme.eu"}, "the tenant namespace is not made of"),
        ({"name": "a" * 57}, "the tenant namespace has 64 characters, 63 are allowed"),
        ({"namespace": "kube-acme"}, "the tenant namespace `kube-acme` is reserved"),
        ({"namespace": "mural-system"}, "the tenant namespace `mural-system` is reserved"),
        ({"namespace": "a.b"}, "the tenant namespace is not made of"),
        ({"namespace": "default"}, "every cluster already has the namespace `default`"),
        ({"projects": "[{name: default}]"}, "every cluster already has the namespace `default`"),
        ({"projects": "[{name: kube-system}]"}, "the name of project `kube-system` is reserved"),
        ({"projects": "[{name: Vision}]"}, "the name of a project is not made of"),
        ({"settings": "{Edge: {nvidia: {existingSecret: n}}}"}, "at both ends, which PaletteAI does not allow"),
        ({"existingSettings": "[Edge]"}, "the name of a Settings is not made of"),
        ({"projects": "[{name: a, settings: {name: a.b}}]"}, "the name of a Settings is not made of"),
        ({"settings": "{ngc: {nvidia: {existingSecret: N}}}"}, "at both ends, so no Secret can have it"),
        ({"settings": "{ngc: {nvidia: {existingSecret: ''}}}"}, "the name of a Secret is empty"),
        ({"settings": "{a: {palette: x, secretName: a_b}}"}, "at both ends, so the API server would refuse it"),
        ({"computeConfigRef": "{name: A}"}, "so no ComputeConfig can have it"),
        ({"computeConfigRef": "{name: a, namespace: a.b}"}, "so no namespace can have it"),
        ({"projects": "[{name: a, computeConfigRef: {name: A}}]"}, "the name of a compute config is not made of"),
    ],
    ids=lambda value: None if isinstance(value, str) else ".".join(f"{k}={v[:12]}" for k, v in value.items()),
)
def test_a_name_is_refused_for_what_it_would_become(fields: dict[str, str], said: str) -> None:
    config = "\n".join(f"  {field}: {value}" for field, value in {"name": "acme", **fields}.items())
    diagnostics = told(diagnostics_of_stack(stack(f"paletteai:tenant:\n{config}")), "PAI007")
    assert len(diagnostics) == 1
    assert said in diagnostics[0].message
    assert diagnostics[0].where[0].line == 3 + list({"name": "acme", **fields}).index(list(fields)[-1])
    wanted = r"importIds: \[Namespace/default\]" if "default" in said else "Choose an?[a-z -]* name|Write `[a-z-]+`"
    assert re.search(wanted, diagnostics[0].help)


@pytest.mark.parametrize(
    "fields",
    [
        {"namespace": "acme"},
        {"projects": "[{name: kubernetes}, {name: default-2}, {name: 'a'}]"},
        {"settings": "{ngc: {nvidia: {existingSecret: a.b-c.d}}}"},
        {"labels": "{team: ML_ops.1, example.com/team: ''}", "annotations": "{example.com/why: 'Any text: é.'}"},
        {"namespace": "default", "createNamespace": "false"},
        {"namespace": "default", "importIds": "[Namespace/default, Tenant/acme]"},
        {"projects": "[{name: default, createNamespace: false}]"},
        {"projects": "[{name: a, deploymentNamespaces: {allow: [isc, 'team-*', '^a.(b|c)$'], disallow: ['*']}}]"},
        {"labels": "{pod-security.kubernetes.io/enforce: baseline, app.kubernetes.io/managed-by: x}"},
        {"labels": "{spectrocloud.com/a: x}", "annotations": "{palette.ai/tenant: x, pulumi.com/skipAwait: 'true'}"},
        {"annotations": "{scheduler.alpha.kubernetes.io/node-selector: pool=gpu}"},
        {"namespaceLabels": "{pod-security.kubernetes.io/enforce: baseline}", "namespaceAnnotations": "{a: 'é.'}"},
    ],
)
def test_valid_names_are_left_alone(fields: dict[str, str]) -> None:
    assert named(**fields) == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("labels: {palette.ai/tenant: other}", "`palette.ai/tenant` in `labels` of tenant `acme` is written by this"),
        ("labels: {palette.ai/tenant-name: other}", "is written by this package, which would overwrite it"),
        ("labels: {kubernetes.io/metadata.name: x}", "is written by Kubernetes, which would overwrite it"),
        ("annotations: {paletteai-components/credential: x}", "is written by this package"),
        ("labels: {team: 'two words'}", "`team` in `labels` of tenant `acme` is not up to 63 letters"),
        ("labels: {'two words': a}", "an entry in `labels` of tenant `acme` is not 1 to 63 letters"),
        ("labels: {'UP.example/team': a}", "has a prefix that is not a DNS name"),
        ("annotations: {'a/b/c': a}", "has a prefix that is not a DNS name"),
    ],
)
def test_labels_and_annotations_follow_kubernetes_and_leave_others_alone(entries: str, said: str) -> None:
    field, _, value = entries.partition(": ")
    (message,) = named(**{field: value})
    assert said in message


def test_metadata_of_projects_and_settings_is_read_too() -> None:
    wrong = tenant(
        "acme",
        "settings: {ngc: {nvidia: {existingSecret: n}, labels: {a b: c}}}",
        "namespaceLabels: {palette.ai/tenant: other}",
        "projects:",
        "- {name: a, annotations: {a b: c}, namespaceAnnotations: {a b: c}}",
        "- {name: b, settings: {nvidia: {existingSecret: n}, annotations: {a b: c}}}",
    )
    diagnostics = told(diagnostics_of_stack(wrong), "PAI007")
    assert [
        (diagnostic.where[0].line, diagnostic.message.split(" in ")[1].split(" is ")[0]) for diagnostic in diagnostics
    ] == [
        (7, "`labels` of Settings `tenant-acme/ngc`"),
        (8, "`namespaceLabels` of tenant `acme`"),
        (10, "`annotations` of project `a`"),
        (10, "`namespaceAnnotations` of project `a`"),
        (11, "`annotations` of Settings `b/default`"),
    ]
    assert {diagnostic.help for diagnostic in diagnostics} == {"Correct it or choose another key."}


def test_a_project_that_is_called_as_a_namespace_of_every_cluster_is_told_at_its_name() -> None:
    wrong = tenant("acme", "projects:", "- displayName: Lab", "  name: default")
    assert [diagnostic.where[0].line for diagnostic in told(diagnostics_of_stack(wrong), "PAI007")] == [9]


@pytest.mark.parametrize("entry", ["", "Team A", "kube_system"])
def test_what_is_neither_a_namespace_nor_a_pattern_is_a_warning(entry: str) -> None:
    lines = f"projects: [{{name: a, deploymentNamespaces: {{allow: [b], disallow: ['{entry}']}}}}]"
    (diagnostic,) = told(diagnostics_of_stack(tenant("acme", lines)), "PAI007")
    assert diagnostic.severity is Severity.WARNING
    assert diagnostic.message.startswith("an entry of `disallow` is neither a namespace nor a pattern")


@pytest.mark.parametrize(
    ("text", "is_documented"),
    [
        *((text, True) for text in ("Vision!", "Vis\\tion", "Vision-2", "a\\nb")),
        *((text, False) for text in (" Vision", "Vision ", "Visión", "")),
    ],
)
def test_a_display_name_that_the_vendor_does_not_document_is_told_and_not_repeated(
    text: str, is_documented: bool
) -> None:
    wrong = tenant("acme", f'displayName: "{text}"', f'projects: [{{name: vision, displayName: "{text}"}}]')
    diagnostics = diagnostics_of_stack(wrong)
    assert codes(diagnostics) == ["PAI008", "PAI008"]
    by_line = {diagnostic.where[0].line: diagnostic for diagnostic in diagnostics}
    assert by_line[7].message.startswith("the display name of tenant `acme` is not made of ")
    assert by_line[8].message.startswith("the display name of project `vision` is not made of ")
    # The documentation says it of projects only.
    assert by_line[7].severity is Severity.WARNING
    assert by_line[8].severity is (Severity.ERROR if is_documented else Severity.WARNING)
    assert [each.message.endswith("PaletteAI may refuse it.") for each in by_line.values()].count(True) == (
        1 if is_documented else 2
    )
    assert "letters, digits and spaces" in diagnostics[0].help
    assert not text.strip() or text not in str(by_line[8])


@pytest.mark.parametrize("text", ["Vision", "Line 1", "9", "A  b"])
def test_letters_digits_and_spaces_are_a_display_name(text: str) -> None:
    assert diagnostics_of_stack(tenant("acme", f'displayName: "{text}"')) == []


def test_a_name_that_is_refused_is_told_by_its_place_only() -> None:
    lines = [f'- {{name: "{name}"}}' for name in ("a\\x1b[2J\\u202eb", "correct horse!", "Vision")]
    diagnostics = told(diagnostics_of_stack(tenant("acme", "projects:", *lines)), "PAI007")
    assert {diagnostic.message.partition(" is not made of ")[0] for diagnostic in diagnostics} == {
        "the name of a project"
    }
    assert [diagnostic.where[0].line for diagnostic in diagnostics] == [8, 9, 10]
