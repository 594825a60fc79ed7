"""A workspace: every stack file of a folder, read together."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.samples import codes

from paletteai_components.diagnostics import StackFileError
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import concerning, workspace_from

PROJECT = "name: paletteai\nstackConfigDir: stacks\n"
TENANT = "config:\n  paletteai:tenant: {name: NAME}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project folder with two stacks that have nothing wrong with them."""
    stacks = tmp_path / "stacks"
    stacks.mkdir()
    for name in ("acme", "beta"):
        (stacks / f"Pulumi.{name}.dev.yaml").write_text(TENANT.replace("NAME", name))
    return stacks


def test_every_stack_file_of_a_folder_is_read_in_the_order_of_names(folder: Path) -> None:
    (folder / "README.md").write_text("x")
    (folder / "Pulumi.acme.dev.yaml.bak").write_text("x")
    (folder / "other.yaml").write_text("x")
    (folder / "Pulumi.yaml").write_text("name: other")
    workspace = workspace_from(stack_folder(folder))
    assert [stack.name for stack in workspace.stacks] == ["acme.dev", "beta.dev"]
    assert [stack.file for stack in workspace.stacks] == [
        f"{folder}/Pulumi.{name}.dev.yaml" for name in ("acme", "beta")
    ]
    assert diagnostics_of(workspace) == []


def test_an_empty_folder_is_a_fleet_of_nothing(tmp_path: Path) -> None:
    assert diagnostics_of(workspace_from(stack_folder(tmp_path))) == []


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_what_is_no_folder_is_refused_with_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StackFileError) as refused:
        workspace_from(stack_folder(tmp_path / name))
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code == "PAI012"
    assert f"there is no folder `{tmp_path / name}`" in diagnostic.message
    assert "--stacks" in diagnostic.help


@pytest.mark.parametrize("name", ["Pulumi.gamma.dev.yml", "Pulumi.gamma.dev.json"])
def test_a_file_that_pulumi_would_ignore_is_told(folder: Path, name: str) -> None:
    (folder / name).write_text(TENANT.replace("NAME", "gamma"))
    (folder.parent / "Pulumi.yaml").write_text(PROJECT)
    (diagnostic,) = diagnostics_of(workspace_from(stack_folder(folder)))
    assert diagnostic.code == "PAI014"
    assert "Pulumi reads only `Pulumi.<stack>.yaml`" in diagnostic.message
    assert [location.file for location in diagnostic.where] == [str(folder / name)]


def test_a_file_that_cannot_be_read_does_not_silence_the_others(folder: Path) -> None:
    (folder / "Pulumi.broken.dev.yaml").write_text("config: [")
    (folder / "Pulumi.beta.dev.yaml").write_text(TENANT.replace("NAME", "Beta"))
    workspace = workspace_from(stack_folder(folder))
    assert workspace.unreadable == ("broken.dev",)
    assert [stack.name for stack in workspace.stacks] == ["acme.dev", "beta.dev"]
    assert codes(diagnostics_of(workspace)) == ["PAI007", "PAI014", "PAI012"]


def test_a_folder_called_like_a_stack_file_is_told(folder: Path) -> None:
    (folder / "Pulumi.gamma.dev.yaml").mkdir()
    workspace = workspace_from(stack_folder(folder))
    assert workspace.unreadable == ("gamma.dev",)
    assert "it is not a file" in diagnostics_of(workspace)[0].message


def test_the_project_file_above_gives_every_stack_its_defaults(folder: Path) -> None:
    project = folder.parent / "Pulumi.yaml"
    project.write_text(
        f"{PROJECT}config:\n  paletteai:cluster:\n    default: plant\n  kubernetes:context: {{value: dev}}\n"
    )
    assert [stack.cluster for stack in workspace_from(stack_folder(folder)).stacks] == ["plant", "plant"]


def test_a_project_file_that_cannot_be_read_is_refused(folder: Path) -> None:
    (folder.parent / "Pulumi.yaml").write_text("config: [")
    with pytest.raises(StackFileError, match=r"Pulumi\.yaml:\d"):
        workspace_from(stack_folder(folder))


def test_a_mistake_in_the_defaults_is_shown_where_it_stands(folder: Path) -> None:
    project = folder.parent / "Pulumi.yaml"
    project.write_text(f"{PROJECT}config:\n  paletteai:mergedSettings:\n    default: []\n")
    diagnostics = diagnostics_of(workspace_from(stack_folder(folder)))
    assert codes(diagnostics) == ["PAI012"]
    assert [str(location) for location in diagnostics[0].where] == [f"{project}:4"]


def test_a_stack_is_found_by_its_name(folder: Path) -> None:
    workspace = workspace_from(stack_folder(folder))
    assert workspace.stack_named("beta.dev") is workspace.stacks[1]
    assert workspace.stack_named("gamma.dev") is None


def test_problems_concern_the_stacks_that_take_part_in_them(folder: Path) -> None:
    fields = "acme, sharedClusterOnly: true, projects: [{name: tenant-beta}, {name: A}]"
    (folder / "Pulumi.acme.dev.yaml").write_text(TENANT.replace("NAME", fields))
    workspace = workspace_from(stack_folder(folder))
    diagnostics = diagnostics_of(workspace)
    acme, beta = workspace.stacks
    assert codes(concerning(diagnostics, [acme])) == ["PAI007", "PAI006", "PAI015"]
    assert codes(concerning(diagnostics, [beta])) == ["PAI006"]
    assert concerning(diagnostics, []) == []
