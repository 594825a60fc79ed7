"""Who is bound to what: integrations and Secrets (PAI001, PAI002, PAI011)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.samples import (
    HOST,
    bound,
    codes,
    inline,
    stack,
    told,
    workspace,
)

from paletteai_components.diagnostics import Severity
from paletteai_components.rules import diagnostics_of


def test_an_integration_bound_by_the_tenant_and_a_project_names_both_where_and_why_and_what_to_do() -> None:
    wrong = stack(
        f"""
        paletteai:integrations:
          shared: {inline("v1:a")}
        paletteai:tenant:
          name: acme
          settings:
            default: {{palette: shared}}
          projects:
            - {{name: vision, settings: {{palette: shared}}}}
        """
    )
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI001")
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.message == (
        "integration `shared` is claimed by Settings `tenant-acme/default` of tenant `acme` in stack `acme.dev` and "
        "Settings `vision/default` of project `vision` in stack `acme.dev`. PaletteAI would race for the same compute."
    )
    assert [str(location) for location in diagnostic.where] == [
        "stacks/Pulumi.acme.dev.yaml:7",
        "stacks/Pulumi.acme.dev.yaml:9",
    ]
    assert "fall back" in diagnostic.help
    assert "second integration with another key" in diagnostic.help


@pytest.mark.parametrize(
    ("owners", "listed"), [(3, "s0, s1 and s2"), (5, "s0, s1, s2, s3 and s4"), (7, "s0, s1, s2, s3 and 3 more")]
)
def test_more_owners_are_in_the_same_problem_and_a_crowd_is_counted(owners: int, listed: str) -> None:
    settings = ", ".join(f"s{at}: {{palette: shared}}" for at in range(owners))
    wrong = stack(f"paletteai:tenant: {{name: acme, settings: {{{settings}}}}}")
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI001")
    short = re.sub(r"Settings `tenant-acme/(\w+)` of tenant `acme` in stack `acme\.dev`", r"\1", diagnostic.message)
    assert short.startswith(f"integration `shared` is claimed by {listed}. ")


def test_integrations_of_one_key_in_two_stacks_are_two_integrations() -> None:
    one, two = (
        bound("acme.dev", inline("v1:a", fingerprint="1")),
        bound("beta.dev", inline("v1:b", HOST, "2")),
    )
    assert "PAI001" not in codes(diagnostics_of(workspace(one, two)))


@pytest.mark.parametrize(
    ("settings", "shared"),
    [
        ("default: {palette: a, secretName: one}, edge: {palette: b, secretName: one}", True),
        ("default: {palette: a}, edge: {palette: b, secretName: default-palette}", True),
        ("default: {palette: a, secretName: ngc}, edge: {palette: b, nvidia: {existingSecret: ngc}}", True),
        ("default: {huggingFace: {existingSecret: hf}}, edge: {huggingFace: {existingSecret: tenant-acme/hf}}", True),
        ("default: {palette: a, nvidia: {existingSecret: default-palette}}", False),
        ("default: {palette: a}, edge: {palette: b}", False),
    ],
    ids=["stated", "default name", "another type", "with its namespace", "its own twice", "apart"],
)
def test_a_secret_is_used_by_one_settings_only(settings: str, shared: bool) -> None:
    one = stack(
        f"""
        paletteai:tenant:
          name: acme
          settings: {{{settings}}}
        """
    )
    diagnostics = told(diagnostics_of(workspace(one)), "PAI002")
    assert len(diagnostics) == shared
    for diagnostic in diagnostics:
        owner = "of tenant `acme` in stack `acme.dev`"
        owners = f"Settings `tenant-acme/default` {owner} and Settings `tenant-acme/edge` {owner}"
        assert f" is claimed by {owners}. " in diagnostic.message
        assert "They would share its credential: PaletteAI would race for the same compute." in diagnostic.message
        assert "`secretName`" in diagnostic.help


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("kubernetes:context: dev", "kubernetes:context: dev", True),
        ("kubernetes:context: dev", "kubernetes:context: prod", False),
        ("{paletteai:cluster: x, kubernetes:context: dev}", "{paletteai:cluster: x, kubernetes:context: prod}", True),
        ("{paletteai:cluster: x, kubernetes:context: dev}", "kubernetes:context: dev", False),
        ("{}", "{}", True),
        ("{}", "paletteai:environment: prod", False),
        ("kubernetes:context: dev", "{}", True),
        ("kubernetes:context: dev", "paletteai:environment: prod", False),
    ],
)
def test_secrets_meet_on_the_cluster_that_two_stacks_share(first: str, second: str, shared: bool) -> None:
    body = "paletteai:tenant: {name: acme, existing: true, settings: {%s: {nvidia: {existingSecret: ngc}}}}"
    stacks = [
        stack(f"{where.strip('{}').replace(', ', chr(10))}\n{body % name}", f"acme{at}.dev")
        for at, (where, name) in enumerate([(first, "default"), (second, "edge")])
    ]
    diagnostics = told(diagnostics_of(workspace(*stacks)), "PAI002")
    assert [len(diagnostic.where) for diagnostic in diagnostics] == ([2] if shared else [])


def test_a_stack_that_cannot_be_compared_hides_nothing_in_the_stacks_after_it() -> None:
    ngc = "paletteai:tenant: {name: beta, settings: {default: {nvidia: {existingSecret: ngc}}}}"
    body = """
        paletteai:integrations: {lab: {existingSecret: lab, credential: lab}}
        paletteai:tenant: {name: acme, existing: true, settings: {%s: {palette: lab}}}
        """
    stacks = (stack(body % name, f"{name}.dev") for name in ("default", "edge"))
    diagnostics = diagnostics_of(workspace(replace(stack(ngc, "beta.dev"), identified=False), *stacks))
    assert [len(told(diagnostics, code)) for code in ("PAI002", "PAI003")] == [1, 1]


def test_an_existing_secret_in_another_namespace_is_refused() -> None:
    wrong = stack(
        """
        paletteai:integrations:
          vaulted: {existingSecret: vault/lab}
        paletteai:tenant: {name: acme, settings: {default: {palette: vaulted}}}
        """
    )
    (diagnostic,) = told(diagnostics_of(workspace(wrong)), "PAI002")
    assert diagnostic.message == (
        "Secret `vault/lab` is not in the namespace of Settings `tenant-acme/default`, which takes its credentials "
        "from its own namespace."
    )
    assert diagnostic.help == "Create the Secret in the Settings' namespace, and refer to it by name only."
    assert [location.line for location in diagnostic.where] == [3]


def test_what_has_no_effect_is_a_warning_with_its_line() -> None:
    idle = stack(
        f"""
        paletteai:integrations:
          spare: {inline("v1:a")}
          vaulted: {{existingSecret: lab}}
        paletteai:tenant:
          name: acme
          settings:
            default: {{palette: vaulted, secretName: unread}}
            empty: {{}}
            ngc: {{nvidia: {{existingSecret: ngc}}}}
        """
    )
    diagnostics = told(diagnostics_of(workspace(idle)), "PAI011")
    assert {diagnostic.severity for diagnostic in diagnostics} == {Severity.WARNING}
    assert [(diagnostic.where[0].line, diagnostic.message, diagnostic.help) for diagnostic in diagnostics] == [
        (
            3,
            "integration `spare` is not bound to a Settings, so it is unused.",
            "Bind it with `palette: spare`, or delete it and revoke its key.",
        ),
        (8, "`secretName` of Settings `tenant-acme/default` has no effect: no Secret is written for it.", "Delete it."),
        (
            9,
            "Settings `tenant-acme/empty` has no integration, so it probably has no effect.",
            "Add `palette`, `huggingFace` or `nvidia`, or delete it.",
        ),
    ]


def test_what_is_stated_of_a_tenant_that_is_made_elsewhere_has_no_effect() -> None:
    fields = ["displayName: A", "description: x", "groups: [a]", "createNamespace: true", "extraSpec: {}"]
    fields += ["namespaceAnnotations: {a: b}", "namespaceLabels: {a: b}"]
    used = ["namespace: ml", "labels: {a: b}", "sharedClusterOnly: true", "roleMapping: {admin: [a]}"]
    lines = "\n".join(f"  {field}" for field in fields + used)
    diagnostics = diagnostics_of(workspace(stack(f"paletteai:tenant:\n  name: acme\n  existing: true\n{lines}")))
    assert {(diagnostic.code, diagnostic.severity) for diagnostic in diagnostics} == {("PAI011", Severity.WARNING)}
    assert [diagnostic.message.split(" of tenant ")[0] for diagnostic in diagnostics] == [
        f"`{field.partition(':')[0]}`" for field in fields
    ]
    assert diagnostics_of(workspace(stack(f"paletteai:tenant:\n  name: acme\n{lines}"))) == []


def test_labels_of_what_a_stack_does_not_write_have_no_effect() -> None:
    idle = stack(
        """
        paletteai:integrations: {vaulted: {existingSecret: lab}}
        paletteai:tenant:
          name: acme
          createNamespace: false
          settings: {default: {palette: vaulted, secretLabels: {}, secretAnnotations: {a: b}}}
          namespaceLabels: {a: b}
          projects:
            - {name: vision, createNamespace: false, namespaceAnnotations: {}}
        """
    )
    diagnostics = told(diagnostics_of(workspace(idle)), "PAI011")
    assert [(diagnostic.where[0].line, diagnostic.message) for diagnostic in diagnostics] == [
        (6, "`secretAnnotations` of Settings `tenant-acme/default` has no effect: no Secret is written for it."),
        (6, "`secretLabels` of Settings `tenant-acme/default` has no effect: no Secret is written for it."),
        (7, "`namespaceLabels` of tenant `acme` has no effect: this stack does not create the namespace."),
        (9, "`namespaceAnnotations` of project `vision` has no effect: this stack does not create the namespace."),
    ]


def test_an_unused_integration_is_not_told_beside_a_reference_that_misspells_it() -> None:
    wrong = stack(
        f"""
        paletteai:integrations:
          shared: {inline("v1:a")}
        paletteai:tenant: {{name: acme, settings: {{default: {{palette: shard}}}}}}
        """
    )
    assert codes(diagnostics_of(workspace(wrong))) == ["PAI005"]
