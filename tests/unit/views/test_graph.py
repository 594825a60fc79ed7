"""What the diagrams are drawn from: nodes, what binds them, and which problems are shown where."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest
from hypothesis import given
from support.samples import stack, workspace
from support.topologies import workspace_of, workspaces

from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.model.planned import Source
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_config
from paletteai_components.views.graph import Binding, Graph, StackNode, TenantNode, graph_of

VARIED = """\
paletteai:integrations:
  shared: {existingSecret: shared-palette, credential: one}
  lab: {existingSecret: lab-palette, credential: two}
paletteai:tenant:
  name: acme
  displayName: Acme
  existingSettings: [there]
  settings:
    default: {palette: shared}
    bare: {}
    wrong: {palette: nonesuch}
  projects:
    - {name: vision}
    - {name: merged, settings: {nvidia: {existingSecret: ngc}}}
    - {name: lab, settings: {palette: lab}}
    - {name: line-1, settingsRef: there}
    - name: lost
      settingsRef: wrong
"""


def graph(*stacks: Stack) -> Graph:
    return graph_of(stacks, diagnostics_of(workspace(*stacks)))


def tenant_of(config: str, diagnostics: tuple[Diagnostic, ...] = ()) -> TenantNode:
    tenant = graph_of([stack(config)], diagnostics).stacks[0].tenant
    assert tenant is not None
    return tenant


def diagnostic_at(*lines: int | None, file: str = "stacks/Pulumi.acme.dev.yaml") -> Diagnostic:
    return Diagnostic("PAI000", f"{lines}", "Mend it.", tuple(SourceLocation(file, line) for line in lines))


def test_each_project_is_bound_to_the_settings_that_give_it_palette() -> None:
    tenant = tenant_of(VARIED)
    given = {
        each.name: (each.source, None if each.settings is None else str(tenant.settings[each.settings]))
        for each in tenant.projects
    }
    assert given == {
        "vision": (Source.FALLBACK, "tenant-acme/default"),
        "merged": (Source.FALLBACK, "tenant-acme/default"),
        "lab": (Source.OWN, "lab/default"),
        "line-1": (Source.SETTINGS_REF, "tenant-acme/there"),
        "lost": (Source.SETTINGS_REF, "tenant-acme/wrong"),
    }
    merged = tenant.projects[1]
    assert merged.own is not None
    assert str(tenant.settings[merged.own]) == "merged/default"
    assert merged.reason == "merged in from the tenant's default Settings tenant-acme/default"


def test_settings_say_what_they_have_for_palette() -> None:
    told = [(str(each), each.binding, each.integration, each.default, each.own) for each in tenant_of(VARIED).settings]
    assert told == [
        ("tenant-acme/default", Binding.DECLARED, 0, True, False),
        ("tenant-acme/bare", Binding.NONE, None, False, False),
        ("tenant-acme/wrong", Binding.UNDECLARED, None, False, False),
        ("tenant-acme/there", Binding.ELSEWHERE, None, False, False),
        ("merged/default", Binding.NONE, None, False, True),
        ("lab/default", Binding.DECLARED, 1, False, True),
    ]


def test_an_integration_says_whom_it_feeds_and_who_overrides_it() -> None:
    assert [(each.name, each.feeds, each.overridden, each.managed) for each in tenant_of(VARIED).integrations] == [
        ("shared", 2, 3, False),
        ("lab", 1, 0, False),
    ]


def test_a_reference_that_leads_nowhere_is_not_shown_for_it_may_be_a_key() -> None:
    assert "nonesuch" not in repr(tenant_of(VARIED))


def test_a_refused_display_name_is_not_shown_for_it_may_be_a_key() -> None:
    assert tenant_of(VARIED).display_name == "Acme"
    assert tenant_of(VARIED.replace("displayName: Acme", 'displayName: "<ck_1>"')).display_name is None


def test_integrations_with_one_credential_have_one_number() -> None:
    body = "hostUrl: https://a.example, tenant: t, defaultProjectID: '1', apiKey: {secure: 'v1:%s'}"
    first = f"paletteai:integrations: {{a: {{{body % 'x'}}}, b: {{{body % 'y'}}}, c: {{{body % 'x'}}}}}\n"
    second = f"paletteai:integrations: {{d: {{{body % 'y'}}}, e: {{{body % 'z'}}}}}\n"
    tenant = "paletteai:tenant: {name: %s}\n"
    drawn = graph(stack(first + tenant % "acme"), stack(second + tenant % "beta", "beta.dev"))
    numbers = {each.name: each.credential for node in drawn.stacks if node.tenant for each in node.tenant.integrations}
    assert numbers == {"a": 1, "b": 2, "c": 1, "d": 2, "e": None}


def test_what_two_share_and_two_others_is_one_credential() -> None:
    config = """\
    paletteai:integrations:
      a: {existingSecret: a, credential: one, apiKey: {secure: "v1:x"}}
      b: {existingSecret: b, credential: one, apiKey: {secure: "v1:y"}}
      c: {existingSecret: c, credential: two, apiKey: {secure: "v1:y"}}
    paletteai:tenant: {name: acme}
    """
    assert [each.credential for each in tenant_of(config).integrations] == [1, 1, 1]


def test_no_key_ciphertext_or_fingerprint_is_in_a_graph() -> None:
    config = f"""\
    paletteai:integrations:
      a:
        hostUrl: https://palette.example
        apiKey: {{secure: "v1:CIPHERTEXT"}}
        fingerprint: {{value: "pai1:{"ab" * 20}", ciphertext: "{"cd" * 16}"}}
    paletteai:tenant: {{name: acme, settings: {{default: {{palette: a}}}}}}
    """
    shown = repr(graph_of([stack(config)], ()))
    assert not [text for text in ("CIPHERTEXT", "pai1:", "abab", "cdcd") if text in shown]


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("hostUrl: https://Palette.example:443/", ("palette.example", None)),
        ("hostUrl: https://me:password@palette.example", (None, None)),
        ("hostUrl: not an address", (None, None)),
        ("tenant: acme-team", (None, "acme-team")),
        ("tenant: https://me:password@palette.example", (None, None)),
        ("tenant: ck7f3aCANARY91xQ4tZ8mWd2", (None, "<redacted>")),
    ],
)
def test_of_a_credential_a_graph_holds_its_host_and_palette_tenant_unless_they_may_be_something_else(
    field: str, shown: tuple[str | None, str | None]
) -> None:
    tenant = tenant_of(f"paletteai:integrations:\n  a: {{{field}}}\npaletteai:tenant: {{name: acme}}\n")
    assert (tenant.integrations[0].host, tenant.integrations[0].palette_tenant) == shown


def test_an_integration_has_the_secrets_of_the_settings_that_bind_it() -> None:
    assert [each.secrets for each in tenant_of(VARIED).integrations] == [
        ("tenant-acme/shared-palette",),
        ("lab/lab-palette",),
    ]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        *((line, "tenant") for line in (1, 2, 6, 13, None)),
        *((3, "integrations shared"), (4, "integrations lab"), (8, "settings there"), (10, "settings default")),
        *((12, "settings wrong"), (14, "projects vision"), (16, "projects lab"), (18, "projects lost")),
        (19, "projects lost"),
    ],
)
def test_a_problem_is_shown_at_the_part_on_its_line(line: int | None, part: str) -> None:
    tenant = tenant_of(VARIED, (diagnostic_at(), diagnostic_at(line)))
    assert marked(tenant, 1) == [part]
    assert marked(tenant, 0) == []


def marked(tenant: TenantNode, diagnostic: int) -> list[str]:
    parts: list[tuple[str, Any]] = [("tenant", tenant)]
    for kind in ("integrations", "settings", "projects"):
        parts += [(f"{kind} {each.name}", each) for each in getattr(tenant, kind)]
    return [name for name, each in parts if diagnostic in each.diagnostics]


def test_parts_that_share_a_line_leave_a_problem_to_the_tenant() -> None:
    config = """\
    paletteai:tenant:
      name: acme
      settings: {default: {}, edge: {}}
      projects: [{name: a}]
    """
    tenant = tenant_of(config, (diagnostic_at(4), diagnostic_at(5)))
    assert marked(tenant, 0) == ["tenant"]
    assert marked(tenant, 1) == ["projects a"]


def test_a_problem_in_two_places_is_shown_in_both_and_once_in_each() -> None:
    tenant = tenant_of(VARIED, (diagnostic_at(10, 16, 16),))
    assert marked(tenant, 0) == ["settings default", "projects lab"]
    assert tenant.projects[2].diagnostics == (0,)


def test_a_project_that_is_left_out_does_not_shift_the_others() -> None:
    config = """\
    paletteai:tenant:
      name: acme
      projects:
        - {name: first}
        - {name: [wrong]}
        - {name: third}
    """
    drawn = graph(stack(config))
    tenant = drawn.stacks[0].tenant
    assert tenant is not None
    assert [each.name for each in tenant.projects] == ["first", "third"]
    assert [each.line for each in tenant.projects] == [5, 7]
    (misread,) = (at for at, each in enumerate(drawn.diagnostics) if each.where[0].line == 6)
    assert marked(tenant, misread) == ["tenant"]


def test_a_part_that_only_the_defaults_declare_has_no_line() -> None:
    own = stack("paletteai:tenant: {name: acme}")
    config = {**own.documents[0].value["config"], "paletteai:integrations": {"shared": {"existingSecret": "a"}}}
    tenant = graph_of([stack_from_config("acme.dev", config, own.file, own.documents)], ()).stacks[0].tenant
    assert tenant is not None
    assert tenant.integrations[0].line is None
    assert tenant.line == 2


def test_a_declaration_made_in_python_has_no_lines() -> None:
    made = stack_from_config("acme.dev", {"paletteai:tenant": {"name": "acme", "projects": [{"name": "a"}]}})
    tenant = graph_of([made], [diagnostic_at(None, file="")]).stacks[0].tenant
    assert tenant is not None
    assert (tenant.line, tenant.projects[0].line, tenant.diagnostics) == (None, None, (0,))


def test_a_stack_without_a_tenant_keeps_its_problems() -> None:
    unread = Stack("acme.dev", "stacks/Pulumi.acme.dev.yaml")
    assert graph_of([unread], [diagnostic_at(1), diagnostic_at(1, file="other")]).stacks == (
        StackNode("acme.dev", "stacks/Pulumi.acme.dev.yaml", "dev", None, None, (0,)),
    )


@given(workspaces())
def test_every_position_leads_somewhere_and_every_project_is_counted_once(files: dict[str, dict[str, Any]]) -> None:
    stacks, _ = workspace_of(files)
    drawn = graph_of(stacks.stacks, diagnostics_of(stacks))
    for node in drawn.stacks:
        tenant = node.tenant
        if tenant is None:
            continue
        for project in tenant.projects:
            assert (project.settings is None) is (project.source in (Source.NOWHERE, Source.SHARED_CLUSTER_ONLY))
            assert project.own is None or tenant.settings[project.own].own
        fed = sum(each.feeds for each in tenant.integrations)
        given = [tenant.settings[each.settings] for each in tenant.projects if each.settings is not None]
        assert fed == sum(each.binding is Binding.DECLARED for each in given)
        told = {at for part in dataclasses.astuple(tenant)[5:8] for each in part for at in each[-1]}
        assert told | set(tenant.diagnostics) == set(node.diagnostics)


def test_ten_times_the_stacks_take_about_ten_times_as_long() -> None:
    def seconds(count: int) -> float:
        projects = "".join(f"    - {{name: p{number}}}\n" for number in range(20))
        config = f"paletteai:tenant:\n  name: acme\n  projects:\n{projects}"
        stacks = [stack(config, f"t{number}.dev") for number in range(count)]
        diagnostics = [diagnostic_at(number % 20 + 5, file=each.file) for number, each in enumerate(stacks)]
        for each in stacks:
            assert each.plan
        began = time.process_time()
        graph_of(stacks, diagnostics)
        return time.process_time() - began

    seconds(10)
    assert seconds(400) < 30 * seconds(40) + 0.2
