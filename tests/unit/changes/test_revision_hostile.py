"""A revision in a checkout whose files are not to be trusted: what they can make git run, and hide."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from support.projects import changed
from support.repository import GIT, Repository

from paletteai_components.changes.git import GitError
from paletteai_components.changes.revision import revision_named, workspace_at
from paletteai_components.stacks.folder import stack_folder
from paletteai_components.stacks.workspace import workspace_from

STACKS = Path("stacks")
ADMIN = changed("{name: vision}", "{name: vision, roleMapping: {admin: [everybody]}}")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    folder = tmp_path / "checkout"
    folder.mkdir()
    repository = Repository(folder, monkeypatch)
    repository.stack()
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "work")
    return repository


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """The file that whatever is run leaves behind."""
    return tmp_path / "ran"


def promises(repository: Repository, ran: Path, of: str = ".git") -> None:
    """Have a repository run a command for what it lacks, in every way that there is."""
    for name, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::sh -c touch% {ran}"),
        ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"),
        ("core.sshCommand", f"touch {ran}; false"),
    ):
        repository.git("config", "--file", f"{of}/config", name, value)


def without(repository: Repository, name: str) -> None:
    """Remove an object from the repository."""
    oid = repository.git("rev-parse", name)
    (repository.folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()


def embedded(repository: Repository, where: str) -> None:
    """Commit a repository of a pull request's own as plain files: its main branch is the pull request itself."""
    tip = repository.commit()
    repository.git("clone", "--quiet", "--bare", "--no-local", ".", "../bare")
    bare = repository.folder.parent / "bare"
    repository.git("--git-dir", str(bare), "update-ref", "refs/heads/main", tip)
    for name, value in (("core.bare", "false"), ("core.worktree", str(repository.folder))):
        repository.git("config", "--file", str(bare / "config"), name, value)
    for path in bare.iterdir():
        path.rename(repository.folder / where / path.name)
    for folder in ("objects", "refs"):
        (repository.folder / where / folder / "kept").touch()


def names(name: str | None = None) -> list[str]:
    """The groups with all power over a project, in the files of a revision."""
    before = workspace_at(
        revision_named(name, stack_folder(STACKS)), stack_folder(STACKS), workspace_from(stack_folder(STACKS))
    )
    return [
        group
        for stack in before.stacks
        if stack.spec
        for project in stack.spec.tenant.projects
        if project.role_mapping
        for group in project.role_mapping.admin
    ]


@pytest.mark.parametrize("name", [None, "main"])
def test_a_repository_among_the_files_is_not_the_one_that_is_asked(repository: Repository, name: str | None) -> None:
    repository.stack(ADMIN)
    embedded(repository, "stacks")
    assert "everybody" in repository.run("diff", *([name] if name else [])).stdout
    assert names(name) == []


def test_nothing_that_a_repository_among_the_files_names_is_run(repository: Repository, ran: Path) -> None:
    repository.stack(ADMIN)
    embedded(repository, "stacks")
    promises(repository, ran, "stacks")
    repository.git("config", "--file", "stacks/config", "core.fsmonitor", f"touch {ran}")
    unknown = "1" * 40
    for arguments in (("diff",), ("diff", "main"), ("diff", unknown)):
        repository.run(*arguments)
    assert not ran.exists()


@pytest.mark.parametrize("missing", ["main:stacks/Pulumi.acme.dev.yaml", "main:stacks", "main^{tree}"])
@pytest.mark.parametrize("promised", [True, False])
def test_what_a_clone_lacks_is_told_and_never_fetched(
    repository: Repository, ran: Path, missing: str, promised: bool
) -> None:
    repository.stack(ADMIN)
    repository.commit()
    if promised:
        promises(repository, ran)
    without(repository, missing)
    said = repository.refused("diff", "main")
    assert "of the revision is missing in this clone, so nothing was compared." in said
    assert "`git fetch --refetch --no-filter origin`" in said
    assert not ran.exists()


def test_the_command_that_is_named_brings_what_a_partial_clone_lacks(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.stack(ADMIN)
    repository.commit()
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.folder}", str(clone))
    monkeypatch.chdir(clone)
    with pytest.raises(GitError) as error:
        names("origin/main")
    command = error.value.help.split("`")[1].removeprefix("git ").split()
    repository.git("-C", str(clone), *command)
    assert names("origin/main") == []


def test_nothing_that_the_configuration_of_the_repository_names_is_run(repository: Repository, ran: Path) -> None:
    (repository.folder / ".gitattributes").write_text("* filter=f diff=f\n")
    repository.commit()
    promises(repository, ran)
    command = ran.with_name("command")
    command.write_text(f"#!/bin/sh\ntouch {ran}\n")
    command.chmod(0o755)
    for name in (
        *("core.fsmonitor", "core.pager", "pager.ls-tree", "core.alternateRefsCommand", "core.editor", "core.askPass"),
        *("credential.helper", "diff.external", "gpg.program", "filter.f.smudge", "filter.f.process"),
        "diff.f.textconv",
    ):
        repository.git("config", name, str(command))
    for name in ("rev-parse", "cat-file", "ls-tree", "for-each-ref", "merge-base"):
        repository.git("config", f"alias.{name}", f"!{command}")
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        hook = repository.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.symlink_to(command)
    ran.unlink(missing_ok=True)
    repository.stack(ADMIN)
    for base in ("HEAD", "main", "1" * 40):
        repository.run("diff", base)
    without(repository, "main:stacks/Pulumi.acme.dev.yaml")
    repository.run("diff")
    assert not ran.exists()


@pytest.mark.parametrize(
    "environment",
    [
        {"GIT_SSH_COMMAND": "{command}", "GIT_ALLOW_PROTOCOL": "ssh"},
        {"GIT_CONFIG_PARAMETERS": "'core.sshCommand'='{command}'"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.sshCommand", "GIT_CONFIG_VALUE_0": "{command}"},
    ],
    ids=lambda environment: next(iter(environment)),
)
def test_no_command_that_the_environment_names_is_run(
    repository: Repository, ran: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    promises(repository, ran)
    repository.git("config", "--unset", "core.sshCommand")
    repository.git("config", "remote.origin.url", "someone@example.com:x")
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(command=f"touch {ran}; false"))
    repository.run("diff", "1" * 40)
    assert not ran.exists()


def test_a_git_in_a_folder_that_is_named_from_the_checkout_is_not_run(
    repository: Repository, ran: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = repository.folder / "git"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f".:{Path(str(GIT)).parent}")
    repository.stack(ADMIN)
    assert "everybody" in repository.run("diff").stdout
    assert not ran.exists()


def test_another_object_in_the_place_of_one_is_not_read(repository: Repository) -> None:
    repository.stack(ADMIN)
    new = repository.commit()
    repository.git("replace", repository.git("rev-parse", "main"), new)
    assert "everybody" in repository.run("diff", "main").stdout


def test_a_link_in_the_place_of_the_folder_hides_no_change(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "main")
    (repository.folder / "examples").mkdir()
    (repository.folder / "examples" / "Pulumi.acme.dev.yaml").write_text(ADMIN)
    repository.commit()
    repository.git("checkout", "--quiet", "-B", "work")
    repository.git("rm", "--quiet", "-r", "stacks")
    STACKS.symlink_to("examples")
    repository.commit()
    assert "everybody" in repository.run("diff").stdout


def test_a_folder_that_was_a_link_is_not_looked_into(repository: Repository) -> None:
    repository.stacks.rename(repository.folder / "real")
    STACKS.symlink_to("real")
    repository.commit()
    said = repository.refused("diff", "HEAD")
    assert "stacks was a link, a file or a submodule at HEAD, so nothing was compared" in said
    assert "Name the folder itself with `--stacks`." in said
    assert repository.run("diff", "HEAD", "--stacks", "real").exit_code == 0


def test_a_submodule_in_the_place_of_the_folder_does_not_choose_its_own_history(repository: Repository) -> None:
    repository.git("init", "--quiet", "--initial-branch=main", "stacks")
    repository.git("-C", "stacks", "add", "--all")
    repository.git("-C", "stacks", "commit", "--quiet", "--message", "x")
    said = repository.refused("diff")
    assert "stacks has its own git repository, apart from its project's" in said
    assert f"`cd {repository.stacks} && paletteai diff --stacks .`" in said


def test_a_link_into_another_repository_does_not_lead_there(repository: Repository, tmp_path: Path) -> None:
    other = tmp_path / "other"
    repository.git("clone", "--quiet", ".", str(other))
    repository.git("rm", "--quiet", "-r", "stacks")
    STACKS.symlink_to(other / "stacks")
    repository.commit()
    assert "stacks has its own git repository" in repository.refused("diff")


def test_a_huge_file_of_a_revision_is_not_kept_whole(repository: Repository) -> None:
    with (repository.stacks / "Pulumi.huge.dev.yaml").open("wb") as file:
        file.truncate(100 * 1024**2)
    repository.commit()
    (repository.stacks / "Pulumi.huge.dev.yaml").unlink()
    now, revision = workspace_from(stack_folder(STACKS)), revision_named("HEAD", stack_folder(STACKS))
    tracemalloc.start()
    try:
        before = workspace_at(revision, stack_folder(STACKS), now)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (before.unreadable, [stack.name for stack in before.stacks]) == (("huge.dev",), ["acme.dev"])
    assert most < 80 * 1024**2
