"""Which stacks a command is for: the same words and options choose them everywhere."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.environments import Backend
from support.projects import KEY, STACK, Project, changed

from paletteai_components.cli.selection import Choice, chosen_from
from paletteai_components.shell import exactly
from paletteai_components.stacks.folder import StackFolder
from paletteai_components.stacks.stack import Stack

STACKS = ("acme.dev", "acme.prod", "beta.dev")

# What chooses which stacks.
WAYS = {
    "acme.dev": ["acme.dev"],
    "acme.dev beta.dev": ["acme.dev", "beta.dev"],
    "'acme.*'": ["acme.dev", "acme.prod"],
    "'*'": list(STACKS),
    "'[ab]*.dev' acme.dev": ["acme.dev", "beta.dev"],
    "stacks/Pulumi.acme.dev.yaml": ["acme.dev"],
    "./stacks/../stacks/Pulumi.acme.dev.yaml beta.dev": ["acme.dev", "beta.dev"],
    "'stacks/Pulumi.*.dev.yaml'": ["acme.dev", "beta.dev"],
    "--env dev": ["acme.dev", "beta.dev"],
    "--env dev --env prod": list(STACKS),
    "--env dev 'acme.*'": ["acme.dev"],
    "--cluster plant": ["acme.prod"],
    "--cluster dev --cluster plant": list(STACKS),
    "--cluster dev --env dev acme.dev": ["acme.dev"],
}
REFUSED = {
    "nope.dev": "there is no stack `nope.dev` in `stacks`.",
    "'nope.*'": "no stack in `stacks` matches `nope.*`.",
    "'*' 'nope.*'": "no stack in `stacks` matches `nope.*`.",
    "Pulumi.yaml": "there is no stack `Pulumi.yaml` in `stacks`.",
    "Pulumi.acme.dev.yaml": "there is no stack `Pulumi.acme.dev.yaml` in `stacks`.",
    "other/Pulumi.acme.dev.yaml": "`other/Pulumi.acme.dev.yaml` is no stack file in `stacks`.",
    "--env test": "no stack in `stacks` belongs to environment `test`.",
    "--env dev --env test": "no stack in `stacks` belongs to environment `test`.",
    "--cluster test": "no stack in `stacks` is for cluster `test`.",
    "--env dev acme.prod": "no stack in `stacks` is named by `acme.prod` and belongs to environment `dev`.",
}


def of_check(project: Project, *arguments: str) -> list[str]:
    return [each["name"] for each in json.loads(project.printed("check", "--format", "json", *arguments))["stacks"]]


def of_plan(project: Project, *arguments: str) -> list[str]:
    return [each["name"] for each in json.loads(project.printed("plan", "--format", "json", *arguments))["stacks"]]


def of_graph(project: Project, *arguments: str) -> list[str]:
    return [each["name"] for each in json.loads(project.printed("graph", "--format", "json", *arguments))["stacks"]]


def of_fingerprint(project: Project, *arguments: str) -> list[str]:
    project.pulumi({"shared": {"apiKey": KEY}})
    return [line.split()[0] for line in project.run("fingerprint", *arguments).stdout.splitlines()]


COMMANDS: dict[str, Callable[..., list[str]]] = {
    "check": of_check,
    "plan": of_plan,
    "graph": of_graph,
    "fingerprint": of_fingerprint,
}


@pytest.fixture
def three(project: Project) -> Project:
    """A project with the stacks of two tenants in two environments on two clusters."""
    project.declare()
    project.stack(STACK)
    project.stack(
        STACK.replace("context: dev", "context: plant").replace("9012", "9013").replace("v1:", "v1:a"), "acme.prod"
    )
    beta = STACK.replace("acme", "beta").replace("vision", "sight").replace("Acme", "Beta").replace("9012", "9014")
    project.stack(beta.replace("v1:", "v1:b"), "beta.dev")
    return project


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_stacks_in_every_way(three: Project, command: str, way: str) -> None:
    assert COMMANDS[command](three, *shlex.split(way)) == WAYS[way]


@pytest.mark.parametrize("way", REFUSED)
@pytest.mark.parametrize("command", [*COMMANDS, "render"])
def test_every_command_refuses_a_choice_that_nothing_meets(three: Project, command: str, way: str) -> None:
    assert three.refused(command, *shlex.split(way)).startswith(f"error: {REFUSED[way]}\n  help: ")


def test_the_stacks_of_one_cluster_are_rendered(three: Project) -> None:
    assert "these stacks are for 2 clusters (`dev`, `plant`)" in three.refused("render")
    assert three.printed("render", "--cluster", "plant") == three.printed("render", "acme.prod")


@pytest.mark.parametrize(
    ("below", "path"),
    [("stacks", "Pulumi.acme.dev.yaml"), ("src/deep", "../../stacks/Pulumi.acme.dev.yaml")],
)
def test_stacks_are_chosen_from_any_folder_below_the_project(
    three: Project, below: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (three.folder / below).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(three.folder / below)
    for way in ("acme.dev", "acme.d*", path):
        assert of_check(three, way) == ["acme.dev"], way


def test_a_project_is_explained_in_a_stack_that_a_glob_or_a_path_names(three: Project) -> None:
    plain = three.printed("explain", "acme.dev", "vision")
    for way in ("acme.d*", "stacks/Pulumi.acme.dev.yaml"):
        assert three.printed("explain", way, "vision") == plain
    assert three.refused("explain", "acme.*", "vision") == (
        "error: `acme.*` matches 2 stacks, but `paletteai explain` takes one.\n"
        "  help: Name one of them: `acme.dev`, `acme.prod`.\n"
    )


WAYS_TO_ONE = ("acme.prod", "acme.p*", "[a]*.prod", "stacks/Pulumi.acme.prod.yaml", "stacks/Pulumi.acme.p*.yaml")


@pytest.mark.parametrize("word", WAYS_TO_ONE)
def test_each_side_of_a_comparison_is_named_in_every_way(three: Project, word: str) -> None:
    assert three.printed("diff", "acme.dev", word) == three.printed("diff", "acme.dev", "acme.prod")
    assert three.printed("diff", word, "acme.dev") == three.printed("diff", "acme.prod", "acme.dev")


@pytest.mark.parametrize("word", WAYS_TO_ONE)
def test_the_stack_to_copy_is_named_in_every_way(three: Project, word: str) -> None:
    assert "a copy of acme.prod without" in three.printed("new", "acme", "test", "--from", word)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (
            "acme.*",
            "error: `acme.*` matches 2 stacks, but {} takes one.\n  help: Name one of them: `acme.dev`, `acme.prod`.\n",
        ),
        (
            "nope.*",
            "error: no stack in `stacks` matches `nope.*`.\n"
            "  help: There are these stacks: `acme.dev`, `acme.prod`, `beta.dev`.\n",
        ),
        (
            "stacks/Pulumi.nope.dev.yaml",
            "error: `stacks/Pulumi.nope.dev.yaml` is no stack file in `stacks`.\n"
            "  help: Name a file in that folder, or the other folder with `--stacks`.\n",
        ),
    ],
)
def test_a_word_for_one_stack_has_to_name_exactly_one(three: Project, word: str, said: str) -> None:
    side = said.format("each side of `paletteai diff`")
    assert three.refused("diff", "acme.dev", word) == three.refused("diff", word, "acme.dev") == side
    assert three.refused("new", "acme", "test", "--from", word) == said.format("`--from`")


@pytest.mark.parametrize("command", ["preview", "up", "refresh"])
@pytest.mark.parametrize(
    ("way", "chosen"),
    [
        ("acme.dev", ["acme.dev"]),
        ("'[ab]*'", ["acme.dev", "beta.dev"]),
        ("stacks/Pulumi.gamma.dev.yaml", ["gamma.dev"]),
        ("--cluster dev 'g*'", ["gamma.dev"]),
    ],
)
def test_some_stacks_of_an_environment_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, way: str, chosen: list[str]
) -> None:
    backend = Backend(tmp_path, monkeypatch)
    yes = [] if command == "preview" else ["--yes"]
    assert backend.call(command, "dev", *shlex.split(way), *yes).exit_code == 0
    assert [stack for _, stack in backend.ran()] == chosen
    refused = backend.call(command, "dev", "nope.*", *yes)
    assert refused.stderr.startswith("error: no stack in `stacks` matches `nope.*`.\n")


# --- what a pull request may write ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["*.dev", "?cme.dev", "[a]cme.dev", "Pulumi.acme.dev.yaml"])
def test_a_stack_whose_name_is_a_glob_or_a_file_hides_no_other(three: Project, name: str) -> None:
    three.stack("config: {}\n", name)
    printed = three.run("check", "--format", "json", name)
    assert name in [each["name"] for each in json.loads(printed.stdout)["stacks"]]
    if name != "Pulumi.acme.dev.yaml":
        assert "acme.dev" in [each["name"] for each in json.loads(printed.stdout)["stacks"]]


@given(st.text(st.sampled_from("ab.*?[]!-\\"), min_size=1, max_size=8), st.text(st.sampled_from("ab.*?[]!-\\")))
def test_the_name_in_a_printed_command_chooses_that_stack_only(name: str, other: str) -> None:
    stacks = [Stack(each) for each in {name, other}]
    assert chosen_from(stacks, Choice((exactly(name),)), StackFolder(Path("stacks"))) == {name}


@pytest.mark.parametrize("text", ["config: [", "config: {}\n", changed("  name: acme\n", "  name: [acme]\n")])
def test_a_stack_whose_cluster_cannot_be_known_is_not_left_out_of_a_cluster(three: Project, text: str) -> None:
    three.stack(text, "beta.dev")
    assert three.run("render", "--cluster", "plant").exit_code != 0
    assert "Pulumi.beta.dev.yaml" in three.run("check", "--cluster", "plant").stdout


def test_a_stack_file_that_leads_elsewhere_is_named_by_its_own_path(three: Project) -> None:
    (three.stacks / "Pulumi.alias.dev.yaml").symlink_to("Pulumi.acme.dev.yaml")
    printed = three.run("check", "--format", "json", "stacks/Pulumi.alias.dev.yaml").stdout
    assert [each["name"] for each in json.loads(printed)["stacks"]] == ["alias.dev"]


# --- -C -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def above(three: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project, called from the folder above it."""
    monkeypatch.chdir(three.folder.parent)
    monkeypatch.setenv("PWD", str(three.folder.parent))
    return three


@pytest.mark.parametrize("command", [*COMMANDS, "render acme.dev", "explain acme.dev vision", "diff HEAD", "schema"])
def test_a_command_prints_in_another_folder_what_it_prints_there(
    above: Project, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(text: str) -> str:
        return text.replace(f"paletteai -C {above.folder.name}", "paletteai").replace(f"--cwd {above.folder.name} ", "")

    there = above.run("-C", above.folder.name, *command.split())
    assert (Path.cwd(), os.environ["PWD"]) == (above.folder.parent, str(above.folder.parent))
    monkeypatch.chdir(above.folder)
    monkeypatch.setenv("PWD", str(above.folder))
    here = above.run(*command.split())
    assert (without(there.stdout), there.exit_code) == (here.stdout, here.exit_code)


def test_each_further_folder_is_relative_to_the_one_before(above: Project) -> None:
    assert "3 stacks" in above.printed("-C", above.folder.name, "-C", "stacks", "check")
    refused = above.refused("-C", above.folder.name, "-C", "nowhere", "check")
    assert refused.startswith("error: the command cannot run in `nowhere` (No such file or directory)")


def test_printed_commands_lead_to_the_folder(above: Project) -> None:
    name = above.folder.name
    (above.stacks / "Pulumi.acme.dev.yaml").write_text(changed('      apiKey: {secure: "v1:' + KEY + '"}\n', ""))
    printed = above.run("-C", name, "check", "acme.dev").stdout
    assert f"`pulumi config set --secret --path --cwd {name} --stack acme.dev " in printed
    above.stack()
    assert f"`paletteai -C {name} fingerprint`" in above.run("-C", name, "check").stdout
    steps = above.printed("-C", name, "new", "delta", "dev")
    assert f"  paletteai -C {name} schema > {name}/stack.schema.json\n" in steps
    assert f"  pulumi stack init --cwd {name} delta.dev\n" in steps
    assert steps.endswith(f"  paletteai -C {name} check delta.dev\n")
