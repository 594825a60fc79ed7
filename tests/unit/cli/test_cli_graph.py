"""`paletteai graph`: a flowchart for Markdown, JSON, and where they are written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.graphs import HOSTILE, quoted, with_projects
from support.projects import KEY, STACK, Project, changed
from support.repository import Repository

from paletteai_components.cli.output.mermaid import flowchart_of
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_file
from paletteai_components.views.graph import graph_of

VARIED = """\
config:
  kubernetes:context: dev
  paletteai:integrations:
    shared: {existingSecret: shared-palette, credential: one}
    lab: {existingSecret: lab-palette, credential: two}
  paletteai:tenant:
    name: acme
    existing: true
    computeConfigRef: {name: default}
    existingSettings: [there]
    settings:
      default: {palette: shared}
      spare: {nvidia: {existingSecret: ngc}}
    projects:
      - {name: vision}
      - {name: lab, settings: {palette: lab}}
      - {name: merged, settings: {nvidia: {existingSecret: ngc}}}
      - {name: line-1, settingsRef: there}
"""
WITHOUT = changed("settings:\n      default: {palette: shared}\n    ", "").replace(
    "- {name: vision}", "- {name: vision}\n      - {name: quiet, sharedClusterOnly: true}"
)
# All that a flowchart may consist of. Between the quotes of a label nothing has a meaning of its own.
LABEL = r'"(?:[A-Za-z0-9 ./,-]|#\d+;|<br/>)+"'
NODE = r"s\d+[tisp]\d*"
SHAPES = [r"\[\(@\)\]", r"\[/@/\]", r"\(\[@\]\)", r"\[\[@\]\]", r"\{\{@\}\}", r"\[@\]", r"\(@\)"]
GRAMMAR = re.compile(
    "|".join(
        [
            "flowchart LR",
            "  accTitle: [A-Za-z ,]+",
            rf"  subgraph s\d+\[{LABEL}\]",
            "    direction LR",
            "  end",
            *(f"    {NODE}{shape.replace('@', LABEL)}" for shape in SHAPES),
            rf"    {NODE} (---|[-=.ox>]+\|[A-Za-z ,]+\|) {NODE}",
            r"  classDef \w+ [a-z0-9:,# -]+",
            r"  class [a-z0-9,]+ \w+",
        ]
    )
)


def test_a_flowchart_binds_each_project_by_an_arrow_of_its_own_kind(project: Project) -> None:
    project.stack(VARIED)
    result = project.run("graph")
    assert result.stdout == (
        "flowchart LR\n"
        "  accTitle: Tenants, their Settings and projects, and where each project gets Palette from\n"
        '  subgraph s0["acme.dev, environment dev, cluster dev"]\n'
        "    direction LR\n"
        '    s0t["Tenant acme<br/>external"]\n'
        '    s0i0[("integration shared<br/>external Secret")]\n'
        '    s0i1[("integration lab<br/>external Secret")]\n'
        '    s0s0[/"Settings tenant-acme/default<br/>the default of its projects"/]\n'
        "    s0i0 --- s0s0\n"
        "    s0t --- s0s0\n"
        '    s0s1[/"Settings tenant-acme/spare<br/>no Palette integration"/]\n'
        "    s0t --- s0s1\n"
        '    s0s2[/"Settings tenant-acme/there<br/>external"/]\n'
        "    s0t --- s0s2\n"
        '    s0s3[/"Settings lab/default"/]\n'
        "    s0i1 --- s0s3\n"
        '    s0s4[/"Settings merged/default<br/>no Palette integration"/]\n'
        '    s0p0("Project vision")\n'
        "    s0s0 -->|falls back| s0p0\n"
        '    s0p1[["Project lab"]]\n'
        "    s0s3 ==>|own Settings| s0p1\n"
        '    s0p2("Project merged")\n'
        "    s0s0 -->|falls back| s0p2\n"
        "    s0s4 ---|own, without Palette| s0p2\n"
        '    s0p3["Project line-1"]\n'
        "    s0s2 -.->|settingsRef| s0p3\n"
        "  end\n"
        "  classDef external stroke-dasharray:6 4\n"
        "  class s0t,s0i0,s0i1,s0s2 external\n"
    )
    assert result.stderr == ""
    assert result.exit_code == 0


def test_who_goes_without_and_why_is_told_apart_and_problems_are_marked(project: Project) -> None:
    project.stack(WITHOUT)
    result = project.run("graph")
    assert '    s0p0{{"Project vision<br/>error PAI004"}}\n    s0t --x|nothing to fall back to| s0p0\n' in result.stdout
    assert '    s0p1(["Project quiet"])\n    s0t --o|sharedClusterOnly| s0p1\n' in result.stdout
    assert "  class s0p0 error\n" in result.stdout
    assert '    s0i0[("integration shared<br/>warning PAI011")]\n' in result.stdout
    assert "  class s0i0 warning\n" in result.stdout
    assert result.stderr == "2 problems: 1 error, 1 warning; run `paletteai check` to read them.\n"
    assert result.exit_code == 1


def test_a_name_that_is_refused_is_not_drawn(project: Project) -> None:
    projects = "".join(f"      - {{name: {quoted(name)}}}\n" for name in HOSTILE[:4])
    project.stack(changed("      - {name: vision}\n", projects))
    for form in ("mermaid", "html", "json"):
        drawn = project.run("graph", "--format", form).stdout
        assert "alert" not in drawn.replace('"alert"', "")
        assert drawn.count("redacted") == 4


def test_no_name_can_break_a_flowchart_or_script_it(project: Project) -> None:
    text = changed("context: dev", f"context: {quoted(HOSTILE[0])}")
    lines = flowchart_of(with_projects(stack_from_file(project.stack(text)), HOSTILE)).text.splitlines()
    assert [line for line in lines if not GRAMMAR.fullmatch(line)] == []
    assert len([line for line in lines if "|falls back|" in line]) == len(HOSTILE)
    assert '    s0p0("Project #34;#62;#60;img src#61;x onerror#61;alert#40;1#41;#62;")' in lines
    # Mermaid takes `\n` for the end of a line, so the backslash becomes a character like it.
    assert '    s0p6("Project two#8726;nlines")' in lines
    assert f'    s0p14("Project {"x" * 79}#8230;")' in lines


def test_a_stack_that_could_not_be_read_is_drawn_as_such(project: Project) -> None:
    project.stack()
    project.stack("config: [", "beta.dev")
    assert '    s1t["no tenant could be read<br/>error PAI012"]\n' in project.printed("graph", code=2)
    assert [each["tenant"] for each in json.loads(project.run("graph", "--format", "json").stdout)["stacks"]][1] is None


def test_a_folder_that_is_not_there_is_an_empty_graph_and_a_problem(project: Project) -> None:
    printed = project.printed("graph", "--stacks", "nowhere", "--format", "json", code=2)
    assert json.loads(printed)["stacks"] == []


def test_more_than_mermaid_draws_is_said_with_the_way_out(project: Project) -> None:
    def drawn(count: int) -> str:
        many = "".join(f"      - {{name: p{number}}}\n" for number in range(count))
        project.stack(changed("      - {name: vision}\n", many))
        return project.run("graph").stderr

    assert "Mermaid" not in drawn(498)
    assert (
        "note: 501 edges and 29,460 characters are more than Mermaid draws (500 and 50,000), so GitHub and GitLab show "
        "an error instead. Name fewer stacks, or use `--format html`.\n"
    ) in drawn(499)


def test_a_flowchart_may_be_too_long_with_few_edges() -> None:
    assert flowchart_of(graph_of([Stack("a.dev")] * 400, ())).is_drawn
    assert not flowchart_of(graph_of([Stack("a.dev")] * 600, ())).is_drawn


def test_named_stacks_alone_are_drawn(project: Project) -> None:
    project.stack()
    project.stack(changed("name: acme\n", "name: beta\n").replace("vision", "line-1"), "beta.dev")
    assert "acme.dev" not in project.run("graph", "beta.dev").stdout


def test_json_has_exactly_the_documented_form(project: Project) -> None:
    project.stack(VARIED.replace("name: vision", "name: Vision"))
    value = json.loads(project.run("graph", "--format", "json").stdout)
    (stack,) = value["stacks"]
    assert list(stack) == [
        "name", "file", "environment", "cluster", "tenant", "integrations", "settings", "projects", "problems",
    ]  # fmt: skip
    assert stack["tenant"] == {
        "name": "acme",
        "namespace": "tenant-acme",
        "displayName": None,
        "existing": True,
        "line": 6,
        "problems": [],
    }
    assert stack["integrations"][0] == {
        "name": "shared",
        "made": False,
        "feeds": 2,
        "overridden": 2,
        "credential": None,
        "line": 4,
        "problems": [],
    }
    assert stack["settings"][2] == {
        "name": "there",
        "namespace": "tenant-acme",
        "binding": "elsewhere",
        "integration": None,
        "default": False,
        "own": False,
        "line": 10,
        "problems": [],
    }
    assert stack["projects"][0] == {
        "name": "Vision",
        "source": "fallback",
        "settings": 0,
        "own": None,
        "reason": "falls back to the tenant's default Settings tenant-acme/default",
        "line": 15,
        "problems": [0],
    }
    assert stack["problems"] == [0]
    assert value["problems"][0]["code"] == "PAI007"


@pytest.mark.parametrize("form", ["mermaid", "html", "json"])
def test_no_form_has_anything_of_a_key(project: Project, form: str) -> None:
    fingerprint = f'fingerprint: {{value: "pai1:{"ab" * 20}", ciphertext: "{"cd" * 16}"}}'
    project.stack(changed(f'apiKey: {{secure: "v1:{KEY}"}}', f'apiKey: {{secure: "v1:{KEY}"}}\n      {fingerprint}'))
    project.stack(
        changed("name: acme\n", "name: beta\n").replace("{palette: shared}", f"{{palette: {KEY}}}"), "beta.dev"
    )
    graph = project.run("graph", "--format", form).stdout
    assert "default" in graph
    assert not [text for text in ("v1:", "abab", "cdcd") if text in graph]
    # Where a credential leads is on the page, which nobody pastes into a comment.
    assert [text in graph for text in ("spectrocloud.com", "example-tenant")] == [form == "html"] * 2
    # What stands where an integration's name belongs is quoted by the rule that refuses it, and nowhere else.
    assert KEY not in re.sub(r"Settings tenant-beta/default binds the integration [^,]*,", "", graph)


def test_problems_are_counted_in_one_line_with_the_command_that_prints_them(project: Project) -> None:
    project.stack(WITHOUT)
    said = project.run("graph", "acme.dev", "--format", "html", "--stacks", "stacks").stderr
    assert said == (
        "2 problems: 1 error, 1 warning; see the page, or run `paletteai check --stacks stacks acme.dev`.\n"
    )


def test_a_template_makes_links(project: Project) -> None:
    project.stack()
    page = project.run("graph", "--format", "html", "--source-url", "https://git.example/blob/1/{file}#L{line}").stdout
    assert "https://git.example/blob/1/stacks/Pulumi.acme.dev.yaml#L{line}" in page


def test_the_page_says_which_commit_it_was_made_of_and_whether_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Repository(tmp_path, monkeypatch)

    def about() -> dict[str, Any]:
        return dict(embedded(project.run("graph", "--format", "html").stdout)["about"])

    project.stack()
    assert about()["commit"] is None
    commit = project.commit()
    told = about()
    assert (told["commit"], told["branch"], told["changed"]) == (commit, "main", False)
    project.stack(changed("name: vision", "name: other"))
    assert about()["changed"] is True


def embedded(page: str) -> dict[str, Any]:
    """The data of a page."""
    found = re.search(r'id="data">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1]))


def test_the_page_marks_what_changed_since_a_revision_and_whom_a_key_affects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Repository(tmp_path, monkeypatch)
    project.stack()
    project.stack(STACK.replace("name: acme", "name: beta"), "beta.dev")
    commit = project.commit()
    project.stack(changed("v1:", "v1:another") + "      - {name: more}\n")
    project.stack("config: [", "beta.dev")
    data = embedded(project.run("graph", "--format", "html", "--diff", "main").stdout)
    assert data["about"]["base"] == f"main ({commit[:12]})"
    acme, beta = data["stacks"]
    assert acme["tenant"]["integrations"][0][-1] == ["changed", "another API key, or the same one encrypted again"]
    assert [row[-1] for row in acme["tenant"]["projects"]] == [["affected", "integration shared changes"], ["new", ""]]
    # What could not be read is not known to be removed.
    assert beta["change"] is None


@pytest.mark.parametrize(("option", "value"), [("--diff", "main"), ("--source-url", "https://git.example/{file}")])
def test_what_only_the_page_has_use_for_is_refused_elsewhere(project: Project, option: str, value: str) -> None:
    project.stack()
    assert f"only the page has use for `{option}`" in project.refused("graph", option, value)


@pytest.mark.parametrize("form", ["mermaid", "html", "json"])
def test_a_file_takes_the_graph_and_may_be_written_again(project: Project, form: str) -> None:
    project.stack()
    Path("graph").touch()
    for text in (changed("name: acme\n", "name: other\n"), STACK):
        project.stack(text)
        result = project.run("graph", "--format", form, "--output", "graph")
        assert result.stdout.startswith("Wrote graph, ")
        assert Path("graph").read_text() == project.run("graph", "--format", form).stdout
    # Another form of it is a graph as well.
    assert project.run("graph", "--output", "graph").exit_code == 0


@pytest.mark.parametrize("text", ["mine\n", "<!doctype html>\n<html>\n", "flowchart LR\n  a --> b\n", "{}", "\n"])
def test_what_is_no_graph_is_left_as_it_is(project: Project, text: str) -> None:
    project.stack()
    Path("graph.mmd").write_text(text)
    told = "graph.mmd already exists and is not an earlier output, so it was left as it is."
    assert told in project.refused("graph", "--output", "graph.mmd")
    assert Path("graph.mmd").read_text() == text


@pytest.mark.parametrize("there", ["a graph", "a file", None])
def test_a_link_is_not_written_through(project: Project, there: str | None) -> None:
    project.stack()
    target = project.folder.parent / f"{project.folder.name}-elsewhere"
    if there:
        target.write_text(project.run("graph").stdout if there == "a graph" else there)
    before = target.read_bytes() if there else None
    Path("graph.mmd").symlink_to(target)
    told = "graph.mmd is a link, so nothing was written.\n  help: Name a file, or remove the link first."
    assert told in project.refused("graph", "--output", "graph.mmd")
    assert (target.read_bytes() if target.exists() else None) == before


PULUMIS = "{} is named like a file of Pulumi, so nothing was written there.\n  help: Name another file."


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Pulumi.yaml", PULUMIS),
        ("stacks/Pulumi.acme.dev.yaml", PULUMIS),
        ("stacks", "{} is not a file, so nothing was written.\n  help: Name a file."),
        ("none/graph.mmd", "{} could not be written (No such file or directory)."),
    ],
)
def test_where_no_graph_can_be_written_nothing_changes(project: Project, name: str, says: str) -> None:
    project.stack()
    before = project.files()
    assert says.format(name) in project.refused("graph", "--output", name)
    assert project.files() == before


def test_a_file_that_cannot_be_read_is_left_as_it_is(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.stack()
    Path("graph.mmd").write_text("old")

    def refused(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("paletteai_components.stacks.files.bytes_of", refused)
    told = "graph.mmd could not be read (Permission denied), so it was left as it is.\n  help: Name another file."
    assert told in project.refused("graph", "--output", "graph.mmd")
