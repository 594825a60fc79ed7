"""What a declaration amounts to: every default applied, every reference followed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from support.oracle import Files, bindings, namespace_of, projects_of, resolutions, secrets_of
from support.samples import stack
from support.topologies import workspace_of, workspaces

from paletteai_components.model.plan import Plan, PlannedProject, plan_of
from paletteai_components.model.planned import IntegrationType, Path
from paletteai_components.model.resolution import steps_of
from paletteai_components.model.spec import OnRemoval


def amounts_to(config: str) -> Plan:
    spec = stack(config).spec
    assert spec
    return plan_of(spec)


def searched(config: str, kind: IntegrationType = IntegrationType.PALETTE) -> dict[str, tuple[str, str, Path | None]]:
    """The steps of the search for the only project's integration, each with its outcome, reason and path."""
    plan = amounts_to(config)
    (project,) = plan.projects
    steps = steps_of(kind, project.spec, project.own, plan.tenant, project.path)
    return {step.source.value: (step.outcome.value, step.why, step.path) for step in steps}


def only_project(config: str) -> PlannedProject:
    (project,) = amounts_to(config).projects
    return project


@given(workspaces(most=2))
@settings(max_examples=settings().max_examples // 2)
def test_each_project_resolves_as_the_oracle_says(files: Files) -> None:
    for judged in workspace_of(files)[0].stacks:
        assert judged.plan
        answers = [
            (each.source.value, each.effective_settings and each.effective_settings.path)
            for each in judged.plan.projects
        ]
        assert answers == resolutions(files[judged.name])


@given(workspaces(most=2))
@settings(max_examples=settings().max_examples // 4)
def test_there_are_the_settings_and_secrets_that_the_oracle_says(files: Files) -> None:
    wanted = bindings(files)
    for judged in workspace_of(files)[0].stacks:
        assert judged.plan
        mine = [binding for binding in wanted if binding.stack == judged.name]
        assert [(each.namespace, each.name, each.path) for each in judged.plan.settings] == [
            (binding.namespace, binding.name, binding.path) for binding in mine
        ]
        assert [
            [(secret.namespace, secret.name, secret.path, secret.managed) for secret in each.secrets]
            for each in judged.plan.settings
        ] == [[tuple(secret) for secret in secrets_of(binding)] for binding in mine]


@given(workspaces(most=2))
@settings(max_examples=settings().max_examples // 4)
def test_a_project_has_its_namespace_and_what_it_inherits(files: Files) -> None:
    for judged in workspace_of(files)[0].stacks:
        assert judged.plan
        file = files[judged.name]
        assert judged.plan.tenant.namespace == namespace_of(file)
        tenant = file["config"]["paletteai:tenant"]
        for planned, (project, path) in zip(judged.plan.projects, projects_of(file), strict=True):
            assert (planned.name, planned.namespace, planned.path) == (project["name"], project["name"], path)
            config = project.get("computeConfigRef", tenant.get("computeConfigRef"))
            assert (planned.compute_config and planned.compute_config.name) == (config and config["name"])
            assert planned.compute_config_namespace == ((config or {}).get("namespace", namespace_of(file)) or None)


GIVEN = """
paletteai:integrations: {a: {existingSecret: a}, b: {existingSecret: b}}
paletteai:tenant: {name: acme, %s}
"""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (
            "settings: {default: {palette: a}}, projects: [{name: p}]",
            "falls back to the tenant's default Settings tenant-acme/default",
        ),
        (
            "settings: {default: {palette: a}}, projects: [{name: p, settingsRef: default}]",
            "falls back to the tenant's default Settings tenant-acme/default",
        ),
        (
            "settings: {main: {palette: a}}, settingsRef: main, projects: [{name: p}]",
            "falls back to the tenant's default Settings tenant-acme/main",
        ),
        (
            "settings: {edge: {palette: b}}, projects: [{name: p, settingsRef: edge}]",
            "settingsRef names the tenant's Settings tenant-acme/edge",
        ),
        (
            "existingSettings: [made], projects: [{name: p, settingsRef: made}]",
            "settingsRef names the tenant's Settings tenant-acme/made",
        ),
        (
            "settings: {default: {palette: a}}, projects: [{name: p, settings: {palette: b}}]",
            "its own Settings p/default",
        ),
        (
            "settings: {default: {palette: a}}, projects: [{name: p, settings: {nvidia: {existingSecret: n}}}]",
            "merged in from the tenant's default Settings tenant-acme/default",
        ),
        ("projects: [{name: p, sharedClusterOnly: true}]", "none: sharedClusterOnly is true"),
        ("projects: [{name: p}]", "none: nothing to fall back to"),
    ],
)
def test_where_an_integration_comes_from_is_said_in_words(fields: str, reason: str) -> None:
    assert only_project(GIVEN % fields).reason == reason


HUGGING_FACE = IntegrationType.HUGGING_FACE
PROJECT, DEFAULT = ("tenant", "projects", 0), ("tenant", "settings", "default")
REF, ONLY = (*PROJECT, "settingsRef"), (*PROJECT, "sharedClusterOnly")
A = "settings: {default: {palette: a}}"
HOLDS, HOLDS_NONE = "holds the integration for Palette", "holds no Palette integration"


@pytest.mark.parametrize(
    ("fields", "step", "outcome", "why", "path"),
    [
        ("projects: [{name: p}]", "own", "absent", "the Project has no own Settings", None),
        ("projects: [{name: p, settings: {palette: a}}]", "own", "taken", HOLDS, (*PROJECT, "settings")),
        ("projects: [{name: p, settings: {}}]", "own", "passed over", HOLDS_NONE, (*PROJECT, "settings")),
        ("projects: [{name: p}]", "settingsRef", "absent", "not set", None),
        (
            f"{A}, projects: [{{name: p, settingsRef: default, settings: {{}}}}]",
            "settingsRef",
            "passed over",
            "the Project's own Settings replace it",
            REF,
        ),
        (
            "projects: [{name: p, settingsRef: x}]",
            "settingsRef",
            "passed over",
            "it does not match any Settings of the tenant",
            REF,
        ),
        (
            f"{A}, projects: [{{name: p, settingsRef: default}}]",
            "settingsRef",
            "passed over",
            "it names the tenant's default Settings",
            REF,
        ),
        ("settings: {x: {palette: a}}, projects: [{name: p, settingsRef: x}]", "settingsRef", "taken", HOLDS, REF),
        ("settings: {x: {}}, projects: [{name: p, settingsRef: x}]", "settingsRef", "passed over", HOLDS_NONE, REF),
        ("projects: [{name: p}]", "fallback", "absent", "the tenant has no default Settings", None),
        (
            "settingsRef: x, projects: [{name: p}]",
            "fallback",
            "absent",
            "the tenant's `settingsRef` does not match any of its Settings",
            ("tenant", "settingsRef"),
        ),
        (
            f"{A}, projects: [{{name: p, settings: {{palette: b}}}}]",
            "fallback",
            "passed over",
            "p/default comes first",
            DEFAULT,
        ),
        (f"{A}, projects: [{{name: p}}]", "fallback", "taken", HOLDS, DEFAULT),
        (f"{A}, projects: [{{name: p, settingsRef: default}}]", "fallback", "taken", HOLDS, DEFAULT),
        (
            f"{A}, projects: [{{name: p, settings: {{}}}}]",
            "fallback",
            "taken",
            "merged in, because p/default holds no Palette integration",
            DEFAULT,
        ),
        (
            "settings: {default: {}}, projects: [{name: p, settings: {}}]",
            "fallback",
            "passed over",
            HOLDS_NONE,
            DEFAULT,
        ),
        ("projects: [{name: p}]", "sharedClusterOnly", "absent", "not set", None),
        (
            "sharedClusterOnly: false, projects: [{name: p}]",
            "sharedClusterOnly",
            "absent",
            "false on the tenant",
            ("tenant", "sharedClusterOnly"),
        ),
        (
            "sharedClusterOnly: true, projects: [{name: p}]",
            "sharedClusterOnly",
            "taken",
            "true on the tenant, so the Project gets no Palette integration",
            ("tenant", "sharedClusterOnly"),
        ),
        (
            "projects: [{name: p, sharedClusterOnly: true}]",
            "sharedClusterOnly",
            "taken",
            "true on the Project, so the Project gets no Palette integration",
            ONLY,
        ),
        (
            f"{A}, projects: [{{name: p, sharedClusterOnly: true}}]",
            "sharedClusterOnly",
            "passed over",
            "tenant-acme/default comes first",
            ONLY,
        ),
    ],
)
def test_each_step_of_the_search_says_what_came_of_it(
    fields: str, step: str, outcome: str, why: str, path: Path | None
) -> None:
    assert searched(GIVEN % fields)[step] == (outcome, why, path)


def test_settings_that_are_not_merged_or_not_managed_are_passed_over_or_unknown() -> None:
    config = GIVEN % f"{A}, projects: [{{name: p, %s}}]" + "paletteai:mergedSettings: false"
    why = "this PaletteAI does not merge Settings: `paletteai:mergedSettings` is false"
    for project in ("settings: {}", "settingsRef: x"):
        assert searched(config % project)["fallback"] == ("passed over", why, ("mergedSettings",))
    assert searched(config % "settingsRef: default")["fallback"][:2] == ("taken", HOLDS)
    external = searched(GIVEN % "existingSettings: [default], projects: [{name: p}]", HUGGING_FACE)
    found = ("unknown", "external, so its contents are unknown", ("tenant", "existingSettings", 0))
    assert external["fallback"] == found
    assert list(external) == ["own", "settingsRef", "fallback"]
    held = searched(GIVEN % "projects: [{name: p, settings: {huggingFace: {existingSecret: n}}}]", HUGGING_FACE)
    assert held["own"] == ("taken", "holds the integration for Hugging Face", (*PROJECT, "settings"))


def test_a_settings_that_falls_back_by_name_is_not_merged_into() -> None:
    project = only_project(GIVEN % "settings: {default: {palette: a}}, projects: [{name: p}]")
    merged = "settings: {default: {palette: a}}, projects: [{name: p, settings: {nvidia: {existingSecret: n}}}]"
    assert not project.merged
    assert only_project(GIVEN % merged).merged


def test_a_tenant_says_what_its_projects_leave_out() -> None:
    plan = amounts_to(
        """
        paletteai:tenant:
          name: acme
          namespace: ml
          sharedClusterOnly: true
          computeConfigRef: {name: default}
          roleMapping: {admin: [ops]}
          onRemoval: delete
          projects:
            - {name: heir}
            - name: other
              sharedClusterOnly: false
              computeConfigRef: {name: big, namespace: pool}
              roleMapping: {viewer: [all]}
              onRemoval: retain
        """
    )
    heir, other = plan.projects
    assert (heir.shared_cluster_only, other.shared_cluster_only) == (True, False)
    assert heir.compute_config
    assert other.compute_config
    assert (heir.compute_config.name, heir.compute_config_namespace) == ("default", "ml")
    assert (other.compute_config.name, other.compute_config_namespace) == ("big", "pool")
    assert (heir.role_mapping.admin, heir.role_mapping.viewer) == (("ops",), ())
    assert (other.role_mapping.admin, other.role_mapping.viewer) == ((), ("all",))
    assert (heir.on_removal, other.on_removal) == (OnRemoval.DELETE, OnRemoval.RETAIN)


def test_what_nobody_says_is_refused_removal_no_roles_and_the_tenants_namespace() -> None:
    plan = amounts_to("paletteai:tenant: {name: acme, projects: [{name: p}]}")
    (project,) = plan.projects
    assert (plan.tenant.namespace, plan.tenant.default) == ("tenant-acme", None)
    assert project.on_removal is OnRemoval.REFUSE
    assert (project.role_mapping.admin, project.role_mapping.editor, project.role_mapping.viewer) == ((), (), ())
    assert (project.compute_config, project.compute_config_namespace) == (None, "tenant-acme")


def test_a_settings_has_one_secret_for_each_integration_and_palettes_is_found_among_them() -> None:
    (settings,) = amounts_to(
        GIVEN % "settings: {s: {palette: a, huggingFace: {existingSecret: h}, nvidia: {existingSecret: n}}}"
    ).settings
    assert [(secret.type, secret.name) for secret in settings.secrets] == [
        (IntegrationType.PALETTE, "a"),
        (IntegrationType.HUGGING_FACE, "h"),
        (IntegrationType.NVIDIA, "n"),
    ]
    assert settings.palette_secret is settings.secrets[0]
    assert str(settings) == "tenant-acme/s"


def test_settings_made_elsewhere_give_palette_and_are_written_by_nobody_here() -> None:
    plan = amounts_to("paletteai:tenant: {name: acme, existing: true, existingSettings: [default]}")
    assert list(plan.settings) == []
    assert plan.tenant.default
    assert plan.tenant.default.has_palette
    assert not plan.tenant.default.managed
    assert plan.tenant.default.secrets == ()


def test_a_tenant_settings_that_is_made_here_wins_over_one_of_its_name_elsewhere() -> None:
    tenant = amounts_to("paletteai:tenant: {name: a, settings: {default: {}}, existingSettings: [default]}").tenant
    assert tenant.default
    assert tenant.default.managed
    assert tenant.settings_named("default") is tenant.default
    assert tenant.settings_named("nowhere") is None
    assert tenant.settings_named(None) is None
