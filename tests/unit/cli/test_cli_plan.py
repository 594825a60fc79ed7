"""`paletteai plan`: what a person takes in at a glance, and what a machine reads."""

from __future__ import annotations

import io
import json
import sys

import pytest
from support.projects import KEY, STACK, Project, changed
from support.terminals import terminal

from paletteai_components.cli.output import tree
from paletteai_components.cli.output.tree import Tree

VARIED = f"""\
config:
  kubernetes:context: dev
  paletteai:integrations:
    shared: &shared
      hostUrl: https://api.spectrocloud.com
      tenant: example-tenant
      defaultProjectID: "651234567890123456789012"
      apiKey: {{secure: "v1:{KEY}"}}
    vaulted: {{existingSecret: lab-palette, credential: vault}}
  paletteai:tenant:
    name: acme
    displayName: Acme
    computeConfigRef: {{name: default}}
    settings:
      default: {{palette: shared}}
    existingSettings: [elsewhere]
    projects:
      - {{name: vision}}
      - {{name: line-1, settingsRef: elsewhere, onRemoval: delete}}
      - {{name: lab, settings: {{palette: vaulted}}, createNamespace: false}}
"""


def test_a_stack_is_drawn_as_one_tree(project: Project) -> None:
    project.stack(VARIED)
    assert project.printed("plan") == (
        "acme.dev  environment dev, cluster dev\n"
        "├── Tenant acme “Acme”\n"
        "├── Namespace tenant-acme\n"
        "├── Settings tenant-acme/default  integration shared, Secret default-palette  (the default of its projects)\n"
        "├── Settings tenant-acme/elsewhere  external\n"
        "├── Project vision  shared    falls back to the tenant's default Settings tenant-acme/default\n"
        "├── Project line-1  external  settingsRef names the tenant's Settings tenant-acme/elsewhere\n"
        "│   └── on removal: everything is deleted\n"
        "└── Project lab     vaulted   its own Settings lab/default\n"
        "    ├── its namespace is external, yet deleting the Project also deletes it\n"
        "    └── Settings lab/default  integration vaulted, Secret lab-palette for palette, external\n"
        "1 stack: 10 objects would be written: 3 Namespaces, 1 Tenant, 3 Projects, 2 Settings, 1 Secret\n"
    )


def test_many_stacks_are_a_table(project: Project) -> None:
    for number in range(11):
        own = f"acme-{number}"
        fields = changed("    computeConfigRef: {name: default}\n", "") if number == 3 else STACK
        text = fields.replace("acme", own).replace("vision", f"vision-{number}").replace("v1:", f"v1:{number}")
        project.stack(text, f"{own}.dev")
    head, *rows, total = project.run("plan", "--table").stdout.splitlines()
    assert project.run("plan").stdout.splitlines() == [head, *rows, total]
    assert head == "STACK        CLUSTER  SETTINGS  PROJECTS  OBJECTS  PROBLEMS"
    assert rows[0].startswith("acme-0.dev   dev             1         1        6  ")
    assert rows[4].startswith("acme-3.dev   dev             1         1        6  2 warnings, 1 note")
    assert (
        total
        == "11 stacks: 66 objects would be written: 22 Namespaces, 11 Tenants, 11 Projects, 11 Settings, 11 Secrets"
    )
    assert project.run("plan", "--tree").stdout.count("├── Tenant ") == 11
    assert "STACK" not in project.run("plan", "acme-3.dev").stdout


def test_a_tenant_made_elsewhere_is_said_to_be(project: Project) -> None:
    project.stack(changed("    displayName: Acme\n", "    existing: true\n    onRemoval: retain\n"))
    lines = project.run("plan").stdout.splitlines()
    assert lines[1] == ("├── Tenant acme  external, only referred to  on removal: everything stays on the cluster")
    assert lines[2] == "├── Namespace tenant-acme  external"


def test_a_project_that_goes_without_is_said_to(project: Project) -> None:
    project.stack(changed("      default: {palette: shared}", "      edge: {palette: shared}"))
    lines = project.run("plan").stdout.splitlines()
    assert lines[4] == "└── Project vision  none  none: nothing to fall back to"


def test_errors_are_told_and_what_can_be_shown_is_shown(project: Project) -> None:
    project.stack(changed("{name: vision}", "{name: Vision}"))
    result = project.run("plan")
    assert "└── Project Vision" in result.stdout
    assert "error PAI007" in result.stderr
    assert result.stderr.endswith("1 error; `paletteai explain PAI007` explains the first.\n")
    assert result.exit_code == 1


def test_a_stack_of_which_nothing_can_be_made_out_is_told_only(project: Project) -> None:
    project.stack("config: {}\n")
    assert project.printed("plan", code=1) == "1 stack: 0 objects would be written\n"
    assert json.loads(project.run("plan", "--format", "json").stdout)["stacks"] == []


def test_many_projects_that_fall_back_are_told_in_one_line(project: Project) -> None:
    many = "".join(f"      - {{name: project-{number}}}\n" for number in range(1000))
    project.stack(changed("      - {name: vision}\n", f"{many}      - {{name: last, onRemoval: retain}}\n"))
    lines = project.run("plan").stdout.splitlines()
    assert lines[4].startswith("├── Project last  shared  falls back")
    assert lines[6] == (
        "└── 1,000 projects  shared  falls back to the tenant's default Settings tenant-acme/default: "
        "project-0, project-1, project-2, project-3, project-4 and 995 more"
    )


def test_json_has_exactly_the_documented_form(project: Project) -> None:
    project.stack(VARIED)
    value = json.loads(project.run("plan", "--format", "json").stdout)
    (stack,) = value["stacks"]
    assert value["problems"][0]["severity"] == "note"
    assert list(stack) == ["name", "environment", "cluster", "tenant", "settings", "projects", "objects"]
    assert stack["tenant"] == {"name": "acme", "namespace": "tenant-acme", "existing": False, "default": "default"}
    assert stack["settings"][2] == {
        "name": "default",
        "namespace": "lab",
        "owner": "project lab",
        "integration": "vaulted",
        "secrets": [{"name": "lab-palette", "namespace": "lab", "type": "palette", "made": False}],
    }
    assert stack["projects"][1] == {
        "name": "line-1",
        "namespace": "line-1",
        "source": "settingsRef",
        "settings": "tenant-acme/elsewhere",
        "integration": None,
        "reason": "settingsRef names the tenant's Settings tenant-acme/elsewhere",
    }
    assert stack["objects"] == {"Namespace": 3, "Tenant": 1, "Project": 3, "Settings": 2, "Secret": 1}


def test_a_stream_that_has_no_such_lines_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    tree.show(Tree([("a", "")], [Tree([("b", "")], [Tree([("c", "")])]), Tree([("d", "")])]))
    stream.seek(0)
    assert stream.read() == "a\n|-- b\n|   `-- c\n`-- d\n"


def test_a_terminal_gets_colours_and_names_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = terminal(monkeypatch)
    tree.show(Tree([("[red]a\x1b[0m", "bold")], [Tree([("b", "green")])]))
    assert "\x1b[1m[red]a\\x1b[0m\x1b[0m" in shown.getvalue()
    assert "\x1b[32mb\x1b[0m" in shown.getvalue()


def test_a_narrow_terminal_loses_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    shown = terminal(monkeypatch)
    tree.show(Tree([("one two three four five six", "")]))
    assert shown.getvalue().split() == ["one", "two", "three", "four", "five", "six"]
