"""The folder of the stack files, and its Pulumi project: read as Pulumi reads them, and named where it does not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.layouts import LAYOUTS, Layout, given_in, our_answer, recorded
from support.samples import codes

from paletteai_components.diagnostics import Diagnostic, Severity, StackFileError
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.folder import StackFolder, stack_folder
from paletteai_components.stacks.workspace import workspace_from

PROJECT = "name: paletteai\nstackConfigDir: stacks\n"
IN_STACKS = "stacks/Pulumi.acme.dev.yaml"
TENANT = "config:\n  paletteai:tenant: {name: acme}\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, in a folder of its own."""
    root = tmp_path / "root"
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("PWD", str(root))
    return root


def put(files: Mapping[str, str]) -> None:
    """Write files in the working directory."""
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: StackFolder) -> list[Diagnostic]:
    return diagnostics_of(workspace_from(folder))


def only(folder: StackFolder) -> Diagnostic:
    (diagnostic,) = found(folder)
    return diagnostic


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_layout_is_read_as_pulumi_reads_it(layout: Layout, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = layout.write(root)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PWD", str(here))
    pulumis = recorded()[layout.name]
    for given in given_in(layout, root):
        ours = our_answer(given)
        if "refused" in pulumis or layout.stricter:
            assert "refused" in ours, given
        else:
            assert ours == pulumis, given
    # What Pulumi refuses, too, needs no excuse.
    assert not (layout.stricter and "refused" in pulumis)


# --- What Pulumi does not read --------------------------------------------------------------------------------------


def test_outside_of_a_project_the_folder_is_stacks_without_defaults(root: Path) -> None:
    put({IN_STACKS: TENANT})
    folder = stack_folder()
    assert (folder.path, folder.project, folder.given) == (Path("stacks"), None, None)
    assert found(folder) == []


@pytest.mark.parametrize("given", [None, "stacks"])
def test_files_that_the_project_above_does_not_read_are_a_warning_and_have_no_defaults(
    root: Path, given: str | None
) -> None:
    put({"Pulumi.yaml": f"{PROJECT}config: {{cluster: plant}}\n".replace("stacks", "envs"), IN_STACKS: TENANT})
    put({"envs/Pulumi.acme.dev.yaml": TENANT})
    folder = stack_folder(Path(given) if given else None)
    if given is None:
        assert folder.path == Path("envs")
        assert found(folder) == []
        return
    diagnostic = only(folder)
    assert (diagnostic.code, diagnostic.severity) == ("PAI014", Severity.WARNING)
    assert "the project above them reads `envs`" in diagnostic.message
    assert str(diagnostic.where[0]) == "Pulumi.yaml:2"
    assert workspace_from(folder).stacks[0].cluster is None


def test_a_stack_file_beside_a_project_file_that_reads_elsewhere_is_an_error(root: Path) -> None:
    put({"Pulumi.yaml": PROJECT, IN_STACKS: TENANT, "Pulumi.beta.dev.yaml": TENANT})
    diagnostic = only(stack_folder())
    assert (diagnostic.code, diagnostic.severity) == ("PAI014", Severity.ERROR)
    assert "Pulumi reads the stack files in `stacks`" in diagnostic.message
    assert str(diagnostic.where[0]) == "Pulumi.beta.dev.yaml"


def test_stack_files_in_a_folder_that_no_stackconfigdir_names_are_a_warning(root: Path) -> None:
    put({"Pulumi.yaml": "name: paletteai\n", IN_STACKS: TENANT})
    diagnostic = only(stack_folder())
    assert (diagnostic.code, diagnostic.severity) == ("PAI014", Severity.WARNING)
    assert "add `stackConfigDir: stacks`" in diagnostic.help
    # Then they are another project's.
    put({"stacks/Pulumi.yaml": "name: paletteai\n"})
    assert found(stack_folder()) == []


def test_without_a_project_another_extension_is_a_warning(root: Path) -> None:
    put({IN_STACKS: TENANT, "stacks/Pulumi.beta.dev.yml": TENANT})
    diagnostic = only(stack_folder())
    assert (diagnostic.code, diagnostic.severity) == ("PAI014", Severity.WARNING)
    assert "no project file was found that gives it `.yml`" in diagnostic.message


def test_stack_files_outside_of_the_repository_are_told(root: Path) -> None:
    put({"in/.git/HEAD": "", "in/Pulumi.yaml": PROJECT.replace("stacks", "../stacks"), IN_STACKS: TENANT})
    diagnostic = only(stack_folder(Path("in")))
    assert (diagnostic.code, diagnostic.severity) == ("PAI014", Severity.WARNING)
    assert "outside of the repository" in diagnostic.message
    assert str(diagnostic.where[0]) == "in/Pulumi.yaml:2"
    # Whoever names the folder knows where it is.
    os.chdir("in")
    assert found(stack_folder(Path("../stacks"))) == []


@pytest.mark.parametrize("declared", ['"a\\0b"', '"\\ud800"', "{a: b}", "5"])
def test_a_stackconfigdir_that_is_no_path_is_refused(root: Path, declared: str) -> None:
    put({"Pulumi.yaml": f"name: paletteai\nstackConfigDir: {declared}\n", "Pulumi.acme.dev.yaml": TENANT})
    try:
        diagnostics = found(stack_folder())
    except StackFileError as error:
        diagnostics = list(error.diagnostics)
    assert codes(diagnostics) == ["PAI012"]


def test_a_folder_is_its_projects_also_if_a_nearer_project_cannot_be_read(root: Path) -> None:
    put({"Pulumi.yaml": PROJECT.replace("stacks", "in/stacks"), "in/Pulumi.yaml": "a: [", f"in/{IN_STACKS}": TENANT})
    assert found(stack_folder(Path("in/stacks"))) == []
    assert str(stack_folder(Path("in")).unreadable[0].where[0]).startswith("in/Pulumi.yaml:")


# --- Keys of another namespace --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "project", "said"),
    [
        ("tenant", "my-platform", "Pulumi reads `tenant` as `my-platform:tenant`, so it has no effect here"),
        ("my-platform:tenant", "my-platform", "`my-platform:tenant` is no key of this package"),
        ("paletteAI:tenant", "paletteai", "`paletteAI:tenant` is no key of this package"),
        ("palette:tenant", "paletteai", "`palette:tenant` is no key of this package"),
    ],
)
def test_a_tenant_under_a_key_that_is_nearly_ours_is_named(root: Path, key: str, project: str, said: str) -> None:
    put({"Pulumi.yaml": f"name: {project}\n", "Pulumi.acme.dev.yaml": f"config:\n  {key}: {{name: acme}}\n"})
    near = next(each for each in found(stack_folder()) if each.code == "PAI012")
    assert (near.severity, near.help) == (Severity.ERROR, "Did you mean `paletteai:tenant`?")
    assert said in near.message
    assert str(near.where[0]) == "Pulumi.acme.dev.yaml:2"


@pytest.mark.parametrize(
    ("config", "project"),
    [
        ("my-platform:cluster: x", "my-platform"),
        ("environment: prod", "my-platform"),
        ("my-platform:tenant: x", "other"),
        ("kubernetes:cluster: x", "paletteai"),
    ],
)
def test_a_key_that_another_program_may_have_is_no_problem(root: Path, config: str, project: str) -> None:
    put({"Pulumi.yaml": f"name: {project}\n", "Pulumi.acme.dev.yaml": f"{TENANT}  {config}\n"})
    assert found(stack_folder()) == []


def test_a_default_under_a_key_that_is_nearly_ours_is_named_in_the_project_file(root: Path) -> None:
    put({"Pulumi.yaml": "name: paletteai\nconfig:\n  paletteAi:cluster: plant\n", "Pulumi.acme.dev.yaml": TENANT})
    assert str(only(stack_folder()).where[0]) == "Pulumi.yaml:3"


def test_plain_keys_outside_of_a_project_are_read_as_ours_with_a_warning(root: Path) -> None:
    put({IN_STACKS: "config:\n  tenant: {name: acme}\n"})
    diagnostic = only(stack_folder())
    assert diagnostic.severity is Severity.WARNING
    assert "no Pulumi project was found whose name it would have" in diagnostic.message
