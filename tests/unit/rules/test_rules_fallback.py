"""What a Project ends up with: its integration, its references, its compute config (PAI004, 005, 013, 015)."""

from __future__ import annotations

import pytest
from support.samples import codes, stack, told, workspace

from paletteai_components.diagnostics import Severity
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack


def tenant(*lines: str, top: str = "") -> Stack:
    """A tenant with a compute config and two integrations that somebody else puts in place."""
    head = ["paletteai:integrations:", "  a: {existingSecret: a}", "  b: {existingSecret: b}", top]
    body = ["paletteai:tenant:", "  name: acme", "  computeConfigRef: {name: default}"]
    return stack("\n".join([*filter(None, head), *body, *(f"  {line}" for line in lines)]))


def of(code: str, *lines: str, top: str = "") -> list[str]:
    return [diagnostic.message for diagnostic in told(diagnostics_of(workspace(tenant(*lines, top=top))), code)]


def test_a_project_with_nothing_to_fall_back_to_is_refused_with_the_reason_and_three_remedies() -> None:
    (diagnostic,) = told(diagnostics_of(workspace(tenant("projects: [{name: vision}]"))), "PAI004")
    assert diagnostic.severity is Severity.ERROR
    assert diagnostic.message == (
        "project `vision` gets no Palette integration: it declares no own Settings, and tenant `acme` declares no "
        "default Settings. It could not discover compute or create a dedicated cluster."
    )
    assert [str(location) for location in diagnostic.where] == ["stacks/Pulumi.acme.dev.yaml:8"]
    assert diagnostic.help == (
        "Give the tenant a default Settings with `palette`, give the project `settings` or `settingsRef`, or set "
        "`sharedClusterOnly: true`."
    )


def test_a_default_settings_without_palette_is_shown_beside_the_project() -> None:
    empty = "settings: {default: {nvidia: {existingSecret: ngc}}}"
    (diagnostic,) = told(diagnostics_of(workspace(tenant(empty, "projects:", "  - {name: vision}"))), "PAI004")
    assert ", and the default Settings `tenant-acme/default` has no Palette integration. It" in diagnostic.message
    assert [location.line for location in diagnostic.where] == [10, 8]


@pytest.mark.parametrize(
    "lines",
    [
        ["settings: {default: {palette: a}}", "projects: [{name: vision}]"],
        ["settings: {other: {palette: a}}", "settingsRef: other", "projects: [{name: vision}]"],
        ["existingSettings: [default]", "projects: [{name: vision}]"],
        ["settings: {edge: {palette: a}}", "projects: [{name: vision, settingsRef: edge}]"],
        ["projects: [{name: vision, settings: {palette: a}}]"],
        ["settings: {default: {palette: a}}", "projects: [{name: vision, settings: {nvidia: {existingSecret: n}}}]"],
        ["projects: [{name: vision, sharedClusterOnly: true}]"],
        ["sharedClusterOnly: true", "projects: [{name: vision}]"],
    ],
    ids=["default", "named", "elsewhere", "settingsRef", "own", "merged", "stated", "stated above"],
)
def test_each_way_to_an_integration_or_to_go_without_is_fine(lines: list[str]) -> None:
    diagnostics = diagnostics_of(workspace(tenant(*lines)))
    assert [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR] == []


def test_a_project_can_refuse_what_its_tenant_states() -> None:
    assert of("PAI004", "sharedClusterOnly: true", "projects: [{name: vision, sharedClusterOnly: false}]")


def test_settings_without_palette_hide_the_default_where_nothing_is_merged() -> None:
    ngc = "{nvidia: {existingSecret: n}}"
    for project in (f"settings: {ngc}", "settingsRef: ngc"):
        lines = (f"settings: {{default: {{palette: a}}, ngc: {ngc}}}", f"projects: [{{name: vision, {project}}}]")
        (message,) = of("PAI004", *lines, top="paletteai:mergedSettings: false")
        assert "its Settings has none, and its own Settings hides the tenant's" in message
        assert of("PAI004", *lines) == []


@pytest.mark.parametrize(
    ("lines", "merged"),
    [
        (["settingsRef: nowhere", "projects: [{name: vision}]"], "true"),
        (["settingsRef: nowhere", "projects: [{name: vision}]"], "false"),
        (["projects: [{name: lab, settingsRef: edeg}]"], "true"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_once_and_not_as_a_missing_integration_too(
    lines: list[str], merged: str
) -> None:
    dangling = tenant(*lines, top=f"paletteai:mergedSettings: {merged}")
    assert codes(diagnostics_of(workspace(dangling))) == ["PAI005", "PAI011", "PAI011"]


def test_a_default_that_would_not_reach_a_project_excuses_nothing() -> None:
    # Mending settingsRef would not help this project, so it is told now.
    lines = ("settingsRef: nowhere", "projects: [{name: vision, settings: {nvidia: {existingSecret: n}}}]")
    assert of("PAI004", *lines, top="paletteai:mergedSettings: false")
    assert of("PAI004", *lines) == []


def test_a_settings_that_binds_an_undeclared_integration_lists_the_declared_ones() -> None:
    (diagnostic,) = told(diagnostics_of(workspace(tenant("settings:", "  default: {palette: shard}"))), "PAI005")
    assert diagnostic.message == (
        "Settings `tenant-acme/default` binds the integration `shard`, which is not declared, so it would have no "
        "credential."
    )
    assert diagnostic.help == "Declare it under `paletteai:integrations`. Declared: `a`, `b`."
    assert [location.line for location in diagnostic.where] == [9]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ["settings: {edge: {palette: a}}", "settingsRef: egde"],
            "tenant `acme` refers to the default Settings `egde`, which is not declared, so its projects would have "
            "nothing to fall back to.\n  help: Did you mean `edge`?",
        ),
        (
            ["settings: {edge: {palette: a}}", "projects: [{name: lab, settingsRef: egde}]"],
            "project `lab` refers to the Settings `egde`, which is not declared for tenant `acme`, so what it would "
            "get from it is not known.\n  help: Did you mean `edge`?",
        ),
    ],
)
def test_a_settings_reference_is_followed_and_the_nearest_one_is_suggested(lines: list[str], said: str) -> None:
    (diagnostic,) = told(diagnostics_of(workspace(tenant(*lines))), "PAI005")
    assert str(diagnostic) == f"stacks/Pulumi.acme.dev.yaml:9: error PAI005: {said}"


def test_of_many_declared_names_the_first_eight_are_listed() -> None:
    many = ", ".join(f"s{at}: {{palette: a}}" for at in range(9))
    (diagnostic,) = told(diagnostics_of(workspace(tenant(f"settings: {{{many}}}", "settingsRef: other"))), "PAI005")
    assert diagnostic.help.endswith("external. Declared: `s0`, `s1`, `s2`, `s3`, `s4`, `s5`, `s6`, `s7`.")
    (diagnostic,) = told(diagnostics_of(workspace(tenant("settingsRef: other"))), "PAI005")
    assert diagnostic.help.endswith("external.")


def test_a_key_that_was_pasted_as_a_reference_is_not_repeated() -> None:
    key = "Zm9vYmFyYmF6cXV4+/=="
    wrong = tenant(f'settings: {{default: {{palette: "{key}"}}}}', f'settingsRef: "{key}"')
    diagnostics = told(diagnostics_of(workspace(wrong)), "PAI005")
    assert [" (not a valid name), which is not declared, so " in each.message for each in diagnostics] == [True, True]
    assert key not in "".join(map(str, diagnostics))


@pytest.mark.parametrize("name", ["edge", "own"])
def test_settings_and_a_reference_together_contradict_each_other(name: str) -> None:
    project = f"projects: [{{name: lab, settingsRef: edge, settings: {{name: {name}, palette: a}}}}]"
    (diagnostic,) = told(diagnostics_of(workspace(tenant("settings: {edge: {palette: b}}", project))), "PAI005")
    assert diagnostic.message == (
        f"project `lab` refers to the tenant's Settings `edge` and has its own Settings `lab/{name}`, but a Project "
        "refers to one Settings only."
    )
    assert diagnostic.help == "Keep `settings` or `settingsRef`, not both."


@pytest.mark.parametrize(
    ("lines", "given_by"),
    [
        (["settings: {default: {palette: a}}", "projects: [{name: lab, SHARED}]"], "tenant-acme/default"),
        (["projects:", "- {name: lab, SHARED, settings: {palette: a}}"], "lab/default"),
        (["settings: {edge: {palette: a}}", "projects: [{name: lab, SHARED, settingsRef: edge}]"], "tenant-acme/edge"),
    ],
    ids=["default", "own", "settingsRef"],
)
def test_going_without_is_no_promise_where_something_gives_an_integration(lines: list[str], given_by: str) -> None:
    stated = tenant(*(line.replace("SHARED", "sharedClusterOnly: true") for line in lines))
    (diagnostic,) = told(diagnostics_of(workspace(stated)), "PAI013")
    assert diagnostic.message == (
        "project `lab` sets `sharedClusterOnly`, but gets a Palette integration from Settings "
        f"`{given_by}`, so it is not limited to the shared cluster."
    )
    assert [location.line for location in diagnostic.where] == [9, 9 if given_by == "lab/default" else 8]
    assert diagnostic.help == "Remove `sharedClusterOnly`, or what gives the project its integration."


def test_a_tenant_that_goes_without_has_no_default_with_an_integration() -> None:
    lines = ("sharedClusterOnly: true", "settings: {default: {palette: a}}", "projects: [{name: lab}]")
    (diagnostic,) = told(diagnostics_of(workspace(tenant(*lines))), "PAI013")
    assert diagnostic.message == (
        "tenant `acme` sets `sharedClusterOnly`, but its default Settings `tenant-acme/default` gives its projects a "
        "Palette integration."
    )
    assert diagnostic.help == "Remove `sharedClusterOnly`, or the default Settings."
    assert [location.line for location in diagnostic.where] == [8, 9]


def test_a_tenant_that_goes_without_may_have_a_project_that_brings_its_own() -> None:
    assert of("PAI013", "sharedClusterOnly: true", "projects: [{name: lab, settings: {palette: a}}]") == []


def test_projects_without_a_compute_config_are_one_warning() -> None:
    projects = [f"  - sharedClusterOnly: true\n    name: p{at}" for at in range(12)]
    bare = stack("\n".join(["paletteai:tenant:", "  name: acme", "  projects:", *projects]))
    (diagnostic,) = diagnostics_of(workspace(bare))
    assert (diagnostic.code, diagnostic.severity) == ("PAI015", Severity.WARNING)
    assert diagnostic.message == (
        "no compute config for project `p0`, `p1`, `p2`, `p3`, `p4` and 7 more; PaletteAI requires one for every "
        "project."
    )
    assert diagnostic.help == "Add `computeConfigRef` to the tenant, or to each project."
    assert [location.line for location in diagnostic.where] == list(range(6, 26, 2))


def test_a_compute_config_of_its_own_is_enough() -> None:
    own = "{name: acme, projects: [{name: p, sharedClusterOnly: true, computeConfigRef: {name: big}}]}"
    assert diagnostics_of(workspace(stack(f"paletteai:tenant: {own}"))) == []
