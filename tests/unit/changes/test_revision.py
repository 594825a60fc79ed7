"""A revision: what git is asked for, and what is made of it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import time
from pathlib import Path

import pytest
from support.projects import STACK, changed
from support.repository import GIT, Repository

from paletteai_components.changes import git as git_module
from paletteai_components.changes.git import GitError
from paletteai_components.changes.revision import revision_named, workspace_at
from paletteai_components.changes.tree import Revision
from paletteai_components.rules import diagnostics_of
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import Workspace, workspace_from

STACKS = Path("stacks")
PROJECT = "name: paletteai\nstackConfigDir: stacks\n"
BETA = STACK.replace("acme", "beta").replace("vision", "sight").replace("v1:", "v1:b").replace("9012", "9013")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    repository = Repository(tmp_path, monkeypatch)
    repository.stack()
    repository.stack(BETA, "beta.dev")
    (tmp_path / "Pulumi.yaml").write_text(PROJECT + "config:\n  paletteai:mergedSettings:\n    default: false\n")
    repository.commit()
    return repository


def at(name: str | None = "HEAD", folder: Path = STACKS) -> Workspace:
    return workspace_at(
        revision_named(name, stack_folder(folder)), stack_folder(folder), workspace_from(stack_folder(folder))
    )


def refused(name: str | None = None, folder: Path = STACKS) -> GitError:
    with pytest.raises(GitError) as error:
        at(name, folder)
    return error.value


def test_the_files_of_a_revision_are_read_under_the_names_they_have_in_the_folder(repository: Repository) -> None:
    repository.stack(changed("{name: vision}", "{name: other, displayNmae: x}"))
    (repository.stacks / "Pulumi.beta.dev.yaml").unlink()
    repository.stack("config: {'paletteai:tenant': {name: beta}, 'kubernetes:context': dev}", "beta.dev")
    repository.commit()
    repository.stack()
    workspace = at()
    assert [stack.file for stack in workspace.stacks] == ["stacks/Pulumi.acme.dev.yaml", "stacks/Pulumi.beta.dev.yaml"]
    acme = workspace.stacks[0]
    assert acme.spec is not None
    assert [project.name for project in acme.spec.tenant.projects] == ["other"]
    assert str(acme.location("tenant", "name")) == "stacks/Pulumi.acme.dev.yaml:10"
    assert acme.location("mergedSettings").file == "Pulumi.yaml"
    (diagnostic,) = diagnostics_of(workspace)
    assert str(diagnostic.where[0]) == "stacks/Pulumi.acme.dev.yaml:16"


def test_a_file_that_is_the_same_is_not_read_again(repository: Repository) -> None:
    repository.stack(changed("Acme", "Other"))
    now = workspace_from(stack_folder(STACKS))
    before = workspace_at(revision_named("HEAD", stack_folder(STACKS)), stack_folder(STACKS), now)
    assert before.stacks[1] is now.stacks[1]
    assert before.stacks[0] is not now.stacks[0]


def test_other_defaults_make_every_stack_another(repository: Repository) -> None:
    (repository.folder / "Pulumi.yaml").unlink()
    now = workspace_from(stack_folder(STACKS))
    before = workspace_at(revision_named("HEAD", stack_folder(STACKS)), stack_folder(STACKS), now)
    merged = [[stack.spec.merged_settings for stack in workspace.stacks if stack.spec] for workspace in (before, now)]
    assert merged == [[False, False], [True, True]]


def test_defaults_that_were_not_there_are_none(repository: Repository) -> None:
    repository.git("rm", "--quiet", "Pulumi.yaml")
    repository.commit()
    (repository.folder / "Pulumi.yaml").write_text(PROJECT + "config: {paletteai:cluster: {default: plant}}\n")
    assert [stack.cluster for stack in at().stacks] == ["dev", "dev"]
    (repository.folder / "Pulumi.yaml").unlink()
    now = workspace_from(stack_folder(STACKS))
    assert workspace_at(revision_named("HEAD", stack_folder(STACKS)), stack_folder(STACKS), now).stacks == now.stacks


def test_a_folder_that_was_not_there_is_a_fleet_of_nothing(repository: Repository) -> None:
    other = repository.folder / "other"
    shutil.copytree("stacks", other)
    assert at(folder=other) == Workspace(is_complete=True)


@pytest.mark.parametrize("shown", ["stacks", "./stacks", "stacks/../stacks", "absolute", "link"])
def test_a_folder_may_be_named_in_any_way(repository: Repository, shown: str) -> None:
    (repository.folder / "link").symlink_to("stacks")
    folder = repository.stacks if shown == "absolute" else Path(shown)
    repository.stack(changed("Acme", "Other"))
    before = at(folder=folder)
    assert before.stacks[0].file == str(folder / "Pulumi.acme.dev.yaml")
    assert before.stacks[0].spec != workspace_from(stack_folder(folder)).stacks[0].spec


def test_the_folder_may_be_the_repository_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path, monkeypatch)
    (tmp_path / "Pulumi.yaml").write_text("name: x\n")
    (tmp_path / "Pulumi.acme.dev.yaml").write_text(STACK)
    repository.commit()
    (tmp_path / "Pulumi.acme.dev.yaml").write_text(changed("Acme", "Other"))
    assert [stack.file for stack in at(folder=Path()).stacks] == ["Pulumi.acme.dev.yaml"]


def test_defaults_outside_of_the_repository_are_todays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    repository = Repository(inner, monkeypatch)
    (inner / "Pulumi.acme.dev.yaml").write_text(STACK)
    repository.commit()
    (inner / "Pulumi.acme.dev.yaml").write_text(changed("Acme", "Other"))
    (tmp_path / "Pulumi.yaml").write_text(
        PROJECT.replace("stacks", "inner") + "config: {paletteai:cluster: {default: plant}}\n"
    )
    assert [stack.cluster for stack in at(folder=inner).stacks] == ["plant"]
    (tmp_path / "Pulumi.yaml").unlink()
    assert [stack.cluster for stack in at(folder=inner).stacks] == ["dev"]


def test_what_cannot_be_read_does_not_silence_the_rest(repository: Repository) -> None:
    repository.stack("config: [", "broken.dev")
    (repository.stacks / "Pulumi.folder.dev.yaml").mkdir()
    (repository.stacks / "Pulumi.folder.dev.yaml" / "x").write_text("x")
    for name in ("Pulumi.gamma.dev.yml", "README.md", "other.yaml"):
        (repository.stacks / name).write_text("x")
    repository.commit()
    workspace = at()
    assert [stack.name for stack in workspace.stacks] == ["acme.dev", "beta.dev"]
    assert workspace.unreadable == ("broken.dev", "folder.dev")
    assert {location.file for diagnostic in workspace.diagnostics for location in diagnostic.where} == {
        f"stacks/Pulumi.{name}" for name in ("broken.dev.yaml", "gamma.dev.yml")
    }


def test_links_are_not_followed(repository: Repository, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.yaml"
    secret.write_text(STACK)
    (repository.stacks / "Pulumi.out.dev.yaml").symlink_to(secret)
    (repository.stacks / "Pulumi.in.dev.yaml").symlink_to("Pulumi.acme.dev.yaml")
    (repository.stacks / "Pulumi.note").symlink_to("Pulumi.acme.dev.yaml")
    repository.commit()
    workspace = at()
    assert workspace.unreadable == ("in.dev", "out.dev")
    assert workspace.diagnostics == ()


def test_filters_and_attributes_of_the_repository_have_no_say(repository: Repository) -> None:
    (repository.folder / ".gitattributes").write_text("* export-ignore filter=bad\n")
    repository.git("config", "filter.bad.smudge", "sh -c 'touch was-run; cat'")
    repository.git("config", "filter.bad.clean", "cat")
    repository.commit()
    (repository.folder / "was-run").unlink(missing_ok=True)
    repository.stack(changed("Acme", "Other"))
    assert len(at().stacks) == 2
    assert not (repository.folder / "was-run").exists()


def test_neither_index_nor_work_tree_is_touched(repository: Repository) -> None:
    repository.stack(changed("Acme", "Other"))
    (repository.folder / "Pulumi.yaml").write_text(PROJECT + "description: x\n")
    before = repository.files()
    at()
    assert repository.files() == before


def test_what_a_hook_leaves_in_the_environment_leads_nowhere_else(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    repository.stack(changed("Acme", "Other"))
    assert [stack.name for stack in at().stacks] == ["acme.dev", "beta.dev"]


# --- Which revision -------------------------------------------------------------------------------------------------


def test_without_a_name_it_is_where_head_left_the_main_branch(repository: Repository) -> None:
    began = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.commit()
    repository.git("checkout", "--quiet", "work")
    assert revision_named(None, stack_folder(STACKS)) == Revision(
        "merge base of HEAD and main", began, repository.folder.resolve()
    )


def test_the_remotes_main_branch_comes_before_the_local_one(repository: Repository) -> None:
    repository.git("update-ref", "refs/remotes/origin/master", "HEAD")
    assert revision_named(None, stack_folder(STACKS)).name == "merge base of HEAD and origin/master"
    repository.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    assert revision_named(None, stack_folder(STACKS)).name == "merge base of HEAD and origin/HEAD"


def test_a_branch_a_tag_and_a_part_of_an_id_are_names(repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    repository.git("tag", "--annotate", "v1", "--message", "x")
    for name in ("main", "v1", commit[:10], "HEAD~0"):
        assert revision_named(name, stack_folder(STACKS)).commit == commit


@pytest.mark.parametrize("name", ["nowhere", "--all", "-h", "", "HEAD:stacks", "a\nb", "HEAD^{tree}"])
def test_what_is_no_revision_is_refused_with_its_name(repository: Repository, name: str) -> None:
    error = refused(name)
    assert "this clone has no revision" in error.message
    assert "git fetch" in error.help


def test_a_clone_without_a_main_branch_says_how_to_get_one(repository: Repository) -> None:
    repository.git("branch", "--move", "main", "work")
    error = refused()
    assert "this clone has no main branch" in error.message
    assert "`git fetch origin main:refs/remotes/origin/main`" in error.help
    # Git refuses `--unshallow` in a complete clone.
    assert "unshallow" not in error.help


def cloned(repository: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch, *how: str) -> Path:
    """A clone of the branch work, which is one commit ahead of main, as the working directory."""
    repository.git("checkout", "--quiet", "-b", "work")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    clone = folder.with_name(f"{folder.name}-clone")
    repository.git("clone", "--quiet", "--branch=work", *how, f"file://{repository.folder}", str(clone))
    monkeypatch.chdir(clone)
    return clone


def test_a_shallow_clone_says_how_to_deepen_it(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloned(repository, tmp_path, monkeypatch, "--depth=1", "--no-single-branch")
    error = refused()
    assert "this clone lacks part of the history" in error.message
    assert "fetch-depth: 0" in error.help
    assert "fetch-depth: 0" in refused("HEAD~1").help


def test_a_project_that_was_moved_is_compared_with_what_it_was(repository: Repository) -> None:
    place = Path("deploy")
    place.mkdir()
    for path in ("Pulumi.yaml", "stacks"):
        repository.git("mv", path, f"deploy/{path}")
    repository.commit()
    before = at("HEAD~1", place / "stacks")
    assert [stack.name for stack in before.stacks] == ["acme.dev", "beta.dev"]
    assert {Path(stack.file).parent for stack in before.stacks} == {place / "stacks"}
    assert all(stack.spec and stack.spec.merged_settings is False for stack in before.stacks)


def test_branches_that_have_nothing_in_common_are_told(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "--orphan", "other")
    repository.commit()
    error = refused()
    assert error.message.startswith("HEAD and `main` have no commit in common,")
    assert error.help == "Name a revision: `paletteai diff --stacks stacks BASE`."


def test_a_folder_in_no_repository_is_told(repository: Repository) -> None:
    shutil.rmtree(repository.folder / ".git")
    assert refused("HEAD").message == "stacks is not in a git repository, so there is nothing to compare with."


def test_a_repository_that_git_cannot_read_is_told_with_what_git_says(repository: Repository) -> None:
    (repository.folder / ".git" / "HEAD").write_text("x")
    error = refused("HEAD")
    assert error.message.startswith(f"the repository {repository.folder} cannot be read, so there is nothing to")
    assert "(git reports: not a git repository" in error.message
    assert "`git status`" in error.help


def test_a_repository_of_somebody_else_is_told_with_the_command_that_allows_it(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only root could give it away.
    fake_git(repository, monkeypatch, "", "GIT_TEST_ASSUME_DIFFERENT_OWNER=1")
    error = refused("HEAD")
    assert error.message.startswith(f"the repository {repository.folder} belongs to another user, so git does not")
    configuration = tmp_path / "configuration"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    (command,) = re.findall("`git (.*)`", error.help)
    repository.git(*shlex.split(command))
    assert [stack.name for stack in at().stacks] == ["acme.dev", "beta.dev"]


def test_a_clone_of_one_branch_names_the_command_that_brings_the_main_branch(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = repository.git("rev-parse", "HEAD")
    clone = cloned(repository, tmp_path, monkeypatch, "--single-branch")
    helps = [refused(name).help for name in (None, "main", "origin/main")]
    (command,) = {re.findall("`git (fetch origin .*?)`", each)[0] for each in helps}
    repository.git("-C", str(clone), *shlex.split(command))
    assert revision_named(None, stack_folder(STACKS)).commit == began
    assert revision_named("origin/main", stack_folder(STACKS)).commit == began


def test_without_git_it_says_so(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "no `git` command on PATH" in refused("HEAD").message


# --- Git that fails -------------------------------------------------------------------------------------------------


def fake_git(repository: Repository, monkeypatch: pytest.MonkeyPatch, script: str, variable: str = "") -> None:
    """A git that does what the script says where it is asked for objects, and has a variable of its own."""
    folder = repository.folder / "bin"
    folder.mkdir()
    command = folder / "git"
    command.write_text(f'#!/bin/sh\ncase " $* " in *" cat-file "*) {script};; esac\n{variable} exec {GIT} "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")


@pytest.mark.parametrize("script", ["exit 1", "read x; echo nonsense; exit", "read x; echo abc blob many; exit"])
def test_a_git_that_gives_no_answer_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    fake_git(repository, monkeypatch, script)
    assert refused("HEAD").message == "git gave no answer, so nothing was compared."


def test_a_git_that_went_away_before_it_was_asked_is_told(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(repository, monkeypatch, "exec <&-; sleep 5; exit")
    with git_module.objects_of(repository.folder) as objects:
        time.sleep(0.5)
        with pytest.raises(GitError, match="git gave no answer"):
            objects.content("x")


def test_a_project_file_that_could_not_be_read_then_is_told(repository: Repository) -> None:
    good = (repository.folder / "Pulumi.yaml").read_text()
    (repository.folder / "Pulumi.yaml").write_text("config: [")
    repository.commit()
    (repository.folder / "Pulumi.yaml").write_text(good)
    assert refused("HEAD").message == (
        "Pulumi.yaml of HEAD cannot be read (the text is not valid YAML, so nothing in the file was read), "
        "so nothing was compared."
    )


def test_a_folder_may_have_any_name(repository: Repository) -> None:
    odd = repository.folder / "a\n\tb\udcff"
    repository.stacks.rename(odd)
    repository.commit()
    (odd / "Pulumi.acme.dev.yaml").write_text(changed("Acme", "Other"))
    assert [stack.name for stack in at("HEAD", odd).stacks] == ["acme.dev", "beta.dev"]
