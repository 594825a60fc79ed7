"""`paletteai init`: which files it writes where, and what it never overwrites."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from support.projects import Project
from support.repository import Repository

from paletteai_components import __version__
from paletteai_components.cli import files as writing
from paletteai_components.repository import files_for, host_named_by

EVERYWHERE = {
    ".ci/install",
    ".editorconfig",
    ".gitignore",
    ".paletteai.json",
    ".pre-commit-config.yaml",
    "Pulumi.yaml",
    "README.md",
    "__main__.py",
    "requirements.txt",
    "stack.schema.json",
    "stacks/.gitkeep",
}
GITHUB = {f".github/workflows/{name}.yaml" for name in ("check", "comment", "deploy", "preview")}
GITLAB = {".gitlab-ci.yml"}


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, but those of git."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.fixture
def made(project: Project) -> Project:
    """An empty folder, which is the working directory."""
    project.stacks.rmdir()
    return project


@pytest.mark.parametrize(("host", "theirs"), [("github", GITHUB), ("gitlab", GITLAB), ("none", set())])
def test_a_repository_has_the_workflows_of_its_host_and_no_others(host: str, theirs: set[str], made: Project) -> None:
    printed = made.printed("init", "fleet", "--ci", host)
    assert tree(made.folder / "fleet").keys() == EVERYWHERE | theirs
    listed = re.findall(r"^  (\S*[./]\S*)$", printed.partition("\n\n")[0], re.MULTILINE)
    assert listed == sorted(EVERYWHERE | theirs)
    assert printed.startswith(f"Wrote {len(listed)} files to fleet:\n")


def test_the_next_steps_are_printed_for_whoever_reads_them(made: Project) -> None:
    steps = "  cd fleet\n  git init\n  bash .ci/install\n  .venv/bin/paletteai new TENANT ENV\n"
    printed = made.printed("init", "fleet", "--ci", "github")
    assert printed.endswith(f"README.md says what to set on GitHub before the first push.\nNext:\n\n{steps}")
    printed = made.printed("-C", "fleet", "init", "more", "--ci", "none")
    assert "  cd fleet/more\n" in printed
    adding = "`paletteai -C fleet init --upgrade --write --ci HOST more` adds those for github or gitlab."
    assert adding in printed


def test_without_a_folder_it_is_the_current_one(made: Project) -> None:
    printed = made.printed("init")
    assert tree(made.folder).keys() == EVERYWHERE
    assert "  cd " not in printed


def test_what_is_made_passes_the_check_and_so_does_its_first_stack(made: Project) -> None:
    made.printed("init")
    assert made.printed("check") == (
        "0 stacks, 0 projects: no problems\nThere is no stack file yet; `paletteai new TENANT ENV` writes one.\n"
    )
    printed = made.printed("new", "acme", "dev")
    # The schema is there already, and so is the project file.
    first_step = next(line for line in printed.splitlines() if line.startswith("  "))
    assert first_step == "  pulumi stack init acme.dev"
    path = made.stacks / "Pulumi.acme.dev.yaml"
    first = path.read_text().partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../stack.schema.json"
    assert (made.stacks / first.partition("=")[2]).resolve().is_file()
    text = path.read_text().replace("# tenant:", "tenant:").replace("# defaultProjectID:", "defaultProjectID:")
    path.write_text(text.replace("      # Pulumi encrypts", '      apiKey: {secure: "v1:x"}\n      # Pulumi encrypts'))
    assert "1 stack, 1 project: no problems" in made.printed("check")


def test_the_readme_tells_of_the_chosen_host_only(made: Project) -> None:
    for host, headings in {"github": ["GitHub"], "gitlab": ["GitLab"], "none": []}.items():
        made.printed("init", host, "--ci", host)
        found = re.findall(r"^## (.+)$", (made.folder / host / "README.md").read_text(), re.MULTILINE)
        assert found == ["Start", "Before a commit", *headings, "Upgrade"]


def test_the_package_is_pinned_to_the_version_that_writes(made: Project) -> None:
    made.printed("init")
    pins = (made.folder / "requirements.txt").read_text()
    assert f"\npaletteai-components=={__version__}\n" in pins
    assert json.loads((made.folder / ".paletteai.json").read_text())["version"] == __version__


def test_the_schema_is_the_one_that_the_command_prints(made: Project) -> None:
    made.printed("init")
    assert (made.folder / "stack.schema.json").read_text() == made.printed("schema")


# --- Which host -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("git@github.com:acme/fleet.git", "github"),
        ("https://github.com/acme/fleet", "github"),
        ("https://someone:secret@github.acme.example/fleet.git", "github"),
        ("ssh://git@gitlab.acme.example:2222/acme/fleet.git", "gitlab"),
        ("https://gitlab.com/acme/github-tools.git", "gitlab"),
        ("https://GitLab.acme.example/fleet", "gitlab"),
        ("https://code.acme.example/github/fleet.git", None),
        ("https://mygithub.example/fleet.git", None),
        ("/srv/github.git", None),
        ("../gitlab", None),
        ("", None),
    ],
)
def test_the_host_is_the_one_that_the_address_names(address: str, host: str | None) -> None:
    assert host_named_by(address) == host


@pytest.mark.parametrize(
    ("remote", "arguments", "theirs"),
    [
        ("git@github.com:acme/fleet.git", (), GITHUB),
        ("https://gitlab.example/acme/fleet.git", (), GITLAB),
        ("https://code.example/acme/fleet.git", (), set()),
        (None, (), set()),
        ("git@github.com:acme/fleet.git", ("--ci", "gitlab"), GITLAB),
        ("git@github.com:acme/fleet.git", ("--ci", "none"), set()),
    ],
)
def test_without_the_option_the_remote_says_which_host_it_is(
    remote: str | None, arguments: tuple[str, ...], theirs: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path, monkeypatch)
    repository.stacks.rmdir()
    if remote is not None:
        repository.git("remote", "add", "origin", remote)
    printed = repository.printed("init", *arguments)
    assert tree(repository.folder).keys() == EVERYWHERE | theirs
    assert "git init" not in printed


def test_a_program_that_a_repository_names_is_not_run_for_its_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path, monkeypatch)
    ran = tmp_path / "ran"
    repository.git("config", "core.fsmonitor", f"touch {ran}")
    repository.git("config", "remote.origin.url", f"ext::sh -c touch% {ran}")
    repository.printed("init", "--keep")
    assert not ran.exists()


def test_inside_of_a_repository_there_are_no_workflows_because_nobody_would_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = Repository(tmp_path, monkeypatch)
    repository.git("remote", "add", "origin", "git@github.com:acme/fleet.git")
    printed = repository.printed("init", "deploy/paletteai")
    made = repository.folder / "deploy" / "paletteai"
    assert tree(made).keys() == EVERYWHERE - {".pre-commit-config.yaml"}
    assert "pre-commit" not in (made / "README.md").read_text()
    assert f"hosts read them at the top of a repository, which is {repository.folder}." in printed
    assert "git init" not in printed
    told = repository.refused("init", "other/folder", "--ci", "github")
    assert "GitHub reads workflows at the top of a repository" in told
    assert not (repository.folder / "other").exists()


# --- What is there already --------------------------------------------------------------------------------------


def test_every_file_in_the_way_is_named_and_nothing_is_written(made: Project) -> None:
    (made.folder / "README.md").write_text("# Ours\n")
    (made.folder / ".ci").write_text("a file\n")
    (made.folder / "stacks").mkdir()
    (made.folder / "stacks" / ".gitkeep").symlink_to("../README.md")
    before = tree(made.folder)
    told = made.refused("init", "--ci", "none")
    assert told.startswith(
        "error: .ci/install, README.md, stacks/.gitkeep exist already and differ from what would be written, so "
        "nothing was written.\n  help: `paletteai init --keep --ci none` keeps them and writes the others.\n"
    )
    assert tree(made.folder) == before


def test_a_fresh_clone_with_a_readme_keeps_it_and_gets_ours_beside_it(made: Project) -> None:
    (made.folder / "README.md").write_text("# Ours\n")
    (made.folder / "LICENSE").write_text("ours\n")
    (made.folder / "stacks").mkdir()
    printed = made.printed("init", "--keep")
    files = tree(made.folder)
    assert files.keys() == EVERYWHERE | {"LICENSE", "README.md.new"}
    assert files["README.md"] == b"# Ours\n"
    assert files["README.md.new"] == files_for(None)["README.md"]
    assert "README.md was kept. Merge README.md.new into it, then remove README.md.new.\n" in printed
    # What was said once is not said at each upgrade.
    assert "There is nothing to upgrade" in made.run("init", "--upgrade").stderr


def test_what_is_there_and_the_same_is_not_in_the_way(made: Project) -> None:
    made.printed("init")
    (made.folder / ".paletteai.json").unlink()
    (made.folder / "Pulumi.yaml").unlink()
    printed = made.printed("init")
    assert printed.startswith("Wrote 2 files to .:\n  .paletteai.json\n  Pulumi.yaml\n")


def test_what_an_earlier_call_left_beside_a_file_is_not_overwritten(made: Project) -> None:
    for name in ("README.md", "README.md.new"):
        (made.folder / name).write_text("# Ours\n")
    before = tree(made.folder)
    assert "README.md.new exists already, so nothing was written." in made.refused("init", "--keep")
    assert tree(made.folder) == before


def test_a_folder_that_is_a_repository_already_is_led_to_the_upgrade(made: Project) -> None:
    made.printed("init", "fleet")
    told = made.refused("init", "fleet")
    assert "fleet/.paletteai.json says that this is such a repository already, so nothing was written." in told
    assert "`paletteai init --upgrade fleet` shows" in told


def test_a_file_is_no_folder(made: Project) -> None:
    (made.folder / "fleet").write_text("")
    assert made.refused("init", "fleet").startswith("error: fleet is not a folder, so nothing was written.")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--write",), "`--write` is for `--upgrade`"),
        (("--upgrade", "--keep"), "`--upgrade` keeps what you have changed"),
        (("--ci", "jenkins"), "`--ci` cannot be `jenkins`"),
        (("a", "b"), "does not take `b`"),
    ],
)
def test_a_wrong_call_writes_nothing(arguments: tuple[str, ...], says: str, made: Project) -> None:
    assert says in made.refused("init", *arguments)
    assert tree(made.folder) == {}


# --- Never half -------------------------------------------------------------------------------------------------


class Broken(Exception):
    """The disk is gone."""


@pytest.mark.parametrize("position", [0, 1, 5, 10])
def test_what_fails_on_its_way_leaves_nothing(position: int, made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (made.folder / "mine").write_text("mine\n")
    write, count = writing.write_new, 0

    def breaking(path: Path, data: bytes, **options: bool) -> None:
        nonlocal count
        if count == position:
            raise Broken
        count += 1
        write(path, data, **options)

    monkeypatch.setattr(writing, "write_new", breaking)
    with pytest.raises(Broken):
        made.run("init", "a/b")
    assert tree(made.folder) == {"mine": b"mine\n"}
    assert [each.name for each in made.folder.iterdir()] == ["mine"]


def test_what_is_interrupted_leaves_nothing(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    write = writing.write_new

    def interrupted(path: Path, data: bytes, **options: bool) -> None:
        write(path, data, **options)
        if path.name == "Pulumi.yaml":
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(writing, "write_new", interrupted)
    assert made.run("init", "fleet").exit_code != 0
    assert tree(made.folder) == {}
    assert list(made.folder.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(made: Project) -> None:
    if os.geteuid() == 0:
        (made.folder / "dangling").symlink_to("nowhere/else")
        told = made.refused("init", "dangling/fleet")
    else:
        made.folder.chmod(0o500)
        told = made.refused("init", "fleet")
        made.folder.chmod(0o700)
    assert "could not be written" in told
    assert tree(made.folder) == {}


# --- The files --------------------------------------------------------------------------------------------------


def every_text() -> Mapping[str, str]:
    """Every file of every host, as text."""
    return {path: content.decode() for host in ("github", "gitlab") for path, content in files_for(host).items()}


def test_no_file_leads_to_a_page_that_only_this_project_has() -> None:
    for path, text in every_text().items():
        if path != "stack.schema.json":
            assert not re.search(r"(?<![\w/])docs/(?!\*\*)|\bCONTRIBUTING|\bmake ", text), path


def test_every_file_that_a_file_names_is_made() -> None:
    every = every_text()
    for path, text in every.items():
        for name in re.findall(r"`(/?[\w.]+/?[\w./-]*\.(?:md|txt|yaml|json|py)|\.ci/\w+)`", text):
            if not re.fullmatch(r"requirements\.lock|.*<.*", name):
                assert name in every or name == ".paletteai.json", (path, name)


def test_the_hook_runs_the_check_for_the_files_that_ours_does(made: Project) -> None:
    from support.checkout import ROOT

    ours = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
    made.printed("init")
    ((theirs,),) = (
        each["hooks"] for each in yaml.safe_load((made.folder / ".pre-commit-config.yaml").read_text())["repos"]
    )
    assert {key: theirs[key] for key in ("id", "name", "files", "pass_filenames", "require_serial")} == {
        key: ours[key] for key in ("id", "name", "files", "pass_filenames", "require_serial")
    }
    assert theirs["entry"] == f".venv/bin/{ours['entry']}"
