"""Commands in every layout of a Pulumi project: one reading of where the stack files are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from support.environments import Backend
from support.projects import KEY, STACK, Project, changed
from support.repository import Repository

from paletteai_components.stacks.folder import stack_folder

BESIDE = "name: paletteai\nruntime: python\n"
DEFAULT = "config: {cluster: plant}\n"
KEYS = {"shared": {"apiKey": KEY}}
FILE = "Pulumi.acme.dev.yaml"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with its stack file beside the project file."""
    folder = tmp_path / "lay"
    folder.mkdir()
    project = Project(folder, monkeypatch)
    (folder / "Pulumi.yaml").write_text(BESIDE + DEFAULT)
    (folder / FILE).write_text(STACK)
    project.stacks.rmdir()
    return project


@pytest.mark.parametrize("command", ["plan", "check", "render", "graph"])
def test_a_command_says_the_same_however_the_folder_is_spelled(project: Project, command: str) -> None:
    plain = project.run(command).stdout
    assert plain
    for spelling in (".", "../lay", str(project.folder)):
        shown = project.run(command, "--stacks", spelling).stdout
        assert shown.replace(f"{spelling}/{FILE}", FILE) == plain, spelling


@pytest.mark.parametrize("spelling", [None, ".", "../lay", "absolute"])
def test_a_fingerprint_runs_pulumi_where_the_project_is(project: Project, spelling: str | None) -> None:
    project.pulumi(KEYS)
    command = project.folder / "bin" / "pulumi"
    command.write_text(command.read_text().replace("here =", "open('where', 'w').write(os.getcwd())\nhere =", 1))
    given = () if spelling is None else ("--stacks", str(project.folder) if spelling == "absolute" else spelling)
    result = project.run("fingerprint", *given)
    assert result.output == "acme.dev shared: written\n"
    assert (project.folder / "where").read_text() == str(project.folder)


def test_without_a_project_no_key_can_be_opened(project: Project) -> None:
    (project.folder / "Pulumi.yaml").unlink()
    result = project.run("fingerprint", "--stacks", ".")
    assert result.exit_code == 2
    assert "no Pulumi project was found that reads the stack files in ." in result.stderr


@pytest.mark.parametrize("inside", [".", "src"])
def test_an_environment_is_run_where_the_project_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    backend = Backend(tmp_path, monkeypatch)
    for path in backend.stacks.iterdir():
        path.rename(tmp_path / path.name)
    (tmp_path / "Pulumi.yaml").write_text(BESIDE)
    (tmp_path / "src").mkdir()
    monkeypatch.chdir(inside)
    assert backend.call("up", "dev", "--yes").exit_code == 0
    assert {each["cwd"] for each in backend.notes("began")} == {str(tmp_path)}


# --- new ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "arguments", "file", "pulumi"),
    [
        (".", (), "Pulumi.beta.dev.yaml", "pulumi stack init"),
        ("src", (), "Pulumi.beta.dev.yaml", "pulumi stack init"),
        (".", ("--stacks", "."), "Pulumi.beta.dev.yaml", "pulumi stack init"),
        ("..", ("--stacks", "lay"), "Pulumi.beta.dev.yaml", "pulumi stack init --cwd lay"),
    ],
)
def test_a_new_stack_file_is_one_that_pulumi_reads(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    inside: str,
    arguments: tuple[str, ...],
    file: str,
    pulumi: str,
) -> None:
    (project.folder / "src").mkdir()
    monkeypatch.chdir(inside)
    result = project.run("new", "beta", "dev", *arguments)
    assert f"  {pulumi} beta.dev\n" in result.stdout
    text = (project.folder / file).read_text()
    assert text.startswith("# yaml-language-server: $schema=stack.schema.json\n")
    check = result.stdout.splitlines()[-1].split()
    assert check == ["paletteai", "check", *arguments, "beta.dev"]
    assert "lacks `apiKey`" in project.run(*check[1:]).stdout


def test_a_new_stack_file_has_the_extension_of_the_project_file(project: Project) -> None:
    (project.folder / "Pulumi.yaml").rename(project.folder / "Pulumi.yml")
    (project.folder / FILE).rename(project.folder / "Pulumi.acme.dev.yml")
    project.run("new", "beta", "dev")
    assert (project.folder / "Pulumi.beta.dev.yml").is_file()


def test_a_new_stack_file_that_pulumi_would_not_read_is_refused(project: Project) -> None:
    (project.folder / "other").mkdir()
    result = project.run("new", "beta", "dev", "--stacks", "other")
    assert result.exit_code == 2
    assert "Pulumi would not read a stack file in other" in result.stderr
    assert not list((project.folder / "other").iterdir())


@pytest.mark.parametrize("given", ["stacks", "other folder", "."])
def test_outside_of_a_project_the_first_step_makes_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    project = Project(tmp_path, monkeypatch)
    (tmp_path / given).mkdir(exist_ok=True)
    result = project.run("new", "beta", "dev", "--stacks", given)
    (step,) = (line for line in result.stdout.splitlines() if "printf" in line)
    subprocess.run(["/bin/sh", "-c", step], check=True)
    found = stack_folder(Path(given))
    assert found.project is not None
    assert found.project.diagnostics == ()
    assert found.file_of("beta.dev").is_file()
    assert stack_folder().path.resolve() == (tmp_path / given).resolve()


# --- diff -----------------------------------------------------------------------------------------------------------


def test_a_folder_that_moved_with_its_stackconfigdir_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path, monkeypatch)
    repository.stack()
    (tmp_path / "Pulumi.yaml").write_text(f"{BESIDE}stackConfigDir: stacks\n")
    repository.commit()
    repository.git("mv", "stacks", "envs")
    (tmp_path / "Pulumi.yaml").write_text(f"{BESIDE}stackConfigDir: envs\n")
    assert "no difference" in repository.run("diff", "HEAD").stdout
    (tmp_path / "envs" / FILE).write_text(changed("displayName: Acme", "displayName: Other"))
    difference = json.loads(repository.run("diff", "HEAD", "--format", "json").stdout)
    assert "changed" in json.dumps(difference)
    assert "created" not in json.dumps(difference["stacks"])


def test_a_project_that_read_outside_of_the_repository_is_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    repository = Repository(inner, monkeypatch)
    repository.stack()
    (inner / "Pulumi.yaml").write_text(f"{BESIDE}stackConfigDir: ../../etc\n")
    repository.commit()
    (inner / "Pulumi.yaml").write_text(f"{BESIDE}stackConfigDir: stacks\n")
    result = repository.run("diff", "HEAD")
    assert result.exit_code == 2
    assert "is outside of the repository" in result.stderr
