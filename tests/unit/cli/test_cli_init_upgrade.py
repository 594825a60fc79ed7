"""`paletteai init --upgrade`: what a newer version would write, and what it leaves to whoever owns the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.projects import Project
from support.repository import Repository

from paletteai_components import __version__
from paletteai_components.cli.commands import init
from paletteai_components.repository import files_for
from paletteai_components.repository.record import Record, digest
from paletteai_components.repository.upgrade import Change, Kind, changes, patch

NEWER = "99.1.0"
Release = Callable[..., None]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository that this version has made for GitHub, committed."""
    repository = Repository(tmp_path, monkeypatch)
    repository.stacks.rmdir()
    repository.printed("init", "--ci", "github")
    repository.commit()
    return repository


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Release:
    """Makes a newer version the installed one: with other files, and without some of them."""

    def newer(changed: Mapping[str, str], *dropped: str, version: str = NEWER) -> None:
        def files(host: str | None, *, at_top: bool = True) -> dict[str, bytes]:
            every = {**files_for(host, at_top=at_top), **{path: text.encode() for path, text in changed.items()}}
            return {path: content for path, content in every.items() if path not in dropped}

        monkeypatch.setattr(init, "files_for", files)
        monkeypatch.setattr(init, "__version__", version)

    return newer


def content(project: Project) -> dict[str, str]:
    """Every file of a repository, but the record and those of git."""
    return {
        name: data.decode()
        for name, data in project.files().items()
        if not name.startswith(".git/") and name != ".paletteai.json"
    }


def test_there_is_nothing_to_do_with_the_version_that_made_it(fleet: Repository) -> None:
    before = content(fleet)
    for arguments in ((), ("--write",)):
        ran = fleet.run("init", "--upgrade", *arguments)
        assert (ran.exit_code, ran.stdout) == (0, "")
        assert ran.stderr == f"There is nothing to upgrade: version {__version__} writes the same.\n"
    assert content(fleet) == before
    assert fleet.git("status", "--porcelain") == ""


def test_what_a_newer_version_would_write_is_a_patch_that_git_applies(fleet: Repository, release: Release) -> None:
    release({"__main__.py": "run()\n", "new/file.txt": "a\nb\n", "README.md": "## A ü\n\n::no command\nend"})
    ran = fleet.run("init", "--upgrade")
    assert ran.exit_code == 0
    assert ran.stderr == (
        f"Version {NEWER} would write README.md, __main__.py, new/file.txt.\n"
        "`paletteai init --upgrade --write` does that.\n"
    )
    assert fleet.git("status", "--porcelain") == ""
    (fleet.folder / "patch").write_bytes(ran.stdout_bytes)
    fleet.git("apply", "patch")
    (fleet.folder / "patch").unlink()
    applied = content(fleet)
    fleet.git("checkout", "--quiet", ".")
    (fleet.folder / "new" / "file.txt").unlink()
    fleet.printed("init", "--upgrade", "--write")
    assert content(fleet) == applied
    assert applied["README.md"] == "## A ü\n\n::no command\nend"


def test_what_nobody_has_changed_is_replaced_and_the_rest_is_as_it_was(fleet: Repository, release: Release) -> None:
    before = content(fleet)
    release({"__main__.py": "run()\n"})
    ran = fleet.run("init", "--upgrade", "--write")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (0, "", "Wrote __main__.py.\n")
    assert content(fleet) == {**before, "__main__.py": "run()\n"}
    assert json.loads((fleet.folder / ".paletteai.json").read_text())["version"] == NEWER
    assert "nothing to upgrade" in fleet.run("init", "--upgrade").stderr


def test_a_change_of_ones_own_is_not_shown_where_the_version_has_none(fleet: Repository, release: Release) -> None:
    (fleet.folder / "README.md").write_text("# Ours\n")
    release({"__main__.py": "run()\n"})
    ran = fleet.run("init", "--upgrade")
    assert "README.md" not in ran.output
    fleet.printed("init", "--upgrade", "--write")
    assert content(fleet)["README.md"] == "# Ours\n"


def test_a_change_of_ones_own_is_never_lost_and_the_newer_version_is_put_beside_it(
    fleet: Repository, release: Release
) -> None:
    (fleet.folder / "README.md").write_text("# Ours\n")
    release({"README.md": "# Theirs\n"})
    ran = fleet.run("init", "--upgrade")
    assert ran.stdout == "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# Ours\n+# Theirs\n"
    assert "README.md has changes of your own, so `--write` would write README.md.new beside it.\n" in ran.stderr
    told = fleet.run("init", "--upgrade", "--write").stderr
    assert told == (
        "Wrote README.md.new: README.md has changes of your own. Merge the two, then remove README.md.new.\n"
    )
    assert content(fleet)["README.md"] == "# Ours\n"
    assert content(fleet)["README.md.new"] == "# Theirs\n"
    # It has been said. The next version that changes it says it again.
    assert "nothing to upgrade" in fleet.run("init", "--upgrade").stderr
    release({"README.md": "# Theirs, once more\n"}, version="99.2.0")
    told = fleet.refused("init", "--upgrade", "--write")
    assert "README.md.new exists already, so nothing was written." in told
    (fleet.folder / "README.md.new").unlink()
    fleet.printed("init", "--upgrade", "--write")
    assert content(fleet)["README.md.new"] == "# Theirs, once more\n"


def test_what_was_removed_stays_removed_and_what_is_gone_from_a_version_is_named(
    fleet: Repository, release: Release
) -> None:
    (fleet.folder / ".editorconfig").unlink()
    release({".editorconfig": "root = false\n"}, ".github/workflows/comment.yaml")
    told = fleet.run("init", "--upgrade", "--write").stderr
    assert told == (
        ".github/workflows/comment.yaml is not written any more: remove it, unless something of yours needs it.\n"
    )
    assert ".editorconfig" not in content(fleet)
    assert ".github/workflows/comment.yaml" in content(fleet)


def test_workflows_of_a_host_can_be_added_later_and_changed(fleet: Repository) -> None:
    fleet.printed("init", "--upgrade", "--write", "--ci", "gitlab")
    files = content(fleet)
    assert ".gitlab-ci.yml" in files
    assert "## GitLab" in files["README.md"]
    told = fleet.run("init", "--upgrade").stderr
    # The record says which host it is now, and those of the other one may go.
    assert "nothing to upgrade" in told
    assert json.loads((fleet.folder / ".paletteai.json").read_text())["ci"] == "gitlab"


def test_without_a_record_everything_that_differs_may_be_ones_own(fleet: Repository) -> None:
    (fleet.folder / ".paletteai.json").unlink()
    (fleet.folder / "README.md").write_text("# Ours\n")
    (fleet.folder / "__main__.py").unlink()
    told = fleet.run("init", "--upgrade", "--write").stderr
    # The workflows that are there say which host it is.
    assert told.startswith("Wrote __main__.py.\nWrote README.md.new: ")
    assert json.loads((fleet.folder / ".paletteai.json").read_text())["ci"] == "github"


def test_what_is_no_file_is_left_alone(fleet: Repository, release: Release) -> None:
    (fleet.folder / "README.md").unlink()
    (fleet.folder / "README.md").symlink_to("Pulumi.yaml")
    release({"README.md": "# Theirs\n"})
    ran = fleet.run("init", "--upgrade")
    assert ran.stdout == ""
    assert "README.md has changes of your own" in ran.stderr
    fleet.printed("init", "--upgrade", "--write")
    assert (fleet.folder / "README.md").is_symlink()


def test_an_older_version_takes_nothing_back(fleet: Repository, release: Release) -> None:
    release({})
    fleet.printed("init", "--upgrade", "--write")
    release({"__main__.py": "old\n"}, version="99.0.9")
    before = content(fleet)
    told = fleet.refused("init", "--upgrade", "--write")
    assert f".paletteai.json is of version {NEWER}, and this is 99.0.9, so nothing was compared." in told
    assert content(fleet) == before


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "\x00", "[" * 9999),
        *('{"version": 1, "ci": null, "files": {}}', '{"version": "1", "ci": "x", "files": {}}'),
        *('{"version": "1", "ci": null, "files": {"a": 1}}', '{"version": "1", "ci": null, "files": ["a"]}'),
    ],
)
def test_a_record_that_is_none_is_told(text: str, fleet: Repository) -> None:
    (fleet.folder / ".paletteai.json").write_text(text)
    assert "is not a record of `paletteai init`, so nothing was compared." in fleet.refused("init", "--upgrade")


def test_a_record_that_is_no_file_is_not_read(fleet: Repository) -> None:
    record = fleet.folder / ".paletteai.json"
    record.unlink()
    record.symlink_to("/dev/zero")
    assert "is not a record of `paletteai init`" in fleet.refused("init", "--upgrade")


def test_a_record_does_not_lead_out_of_the_folder(fleet: Repository, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside"
    outside.write_text("x")
    value = json.loads((fleet.folder / ".paletteai.json").read_text())
    value["files"] |= {str(outside): digest(b"x"), "../outside": digest(b"x"), "stacks/\x1b[31m": digest(b"x")}
    (fleet.folder / ".paletteai.json").write_text(json.dumps(value))
    ran = fleet.run("init", "--upgrade", "--write")
    assert ran.exit_code == 0
    assert "outside" not in ran.stderr
    assert "\x1b" not in ran.stderr
    assert outside.read_text() == "x"


def test_another_folder_is_not_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project(tmp_path, monkeypatch)
    told = project.refused("init", "--upgrade", "--write")
    assert "there is neither .paletteai.json nor a Pulumi project in ., so nothing was compared." in told
    assert "there is no folder nowhere" in project.refused("init", "--upgrade", "nowhere")
    assert project.files() == {}


def test_an_upgrade_that_fails_on_its_way_changes_nothing(fleet: Repository, release: Release) -> None:
    release({"__main__.py": "run()\n", "stacks/new/file": "x\n", "README.md": "# Theirs\n"})
    # A file is where the folder of a new one belongs.
    (fleet.folder / "stacks" / "new").write_text("mine\n")
    (fleet.folder / "stacks" / "new").chmod(0o400)
    before = content(fleet)
    ran = fleet.run("init", "--upgrade", "--write")
    assert ran.exit_code == 2
    assert content(fleet) == before
    assert fleet.git("diff", "--name-only") == ""


def test_a_patch_cannot_control_a_terminal(fleet: Repository) -> None:
    (fleet.folder / "README.md").write_text("## Ours \x1b]0;x\x07 \u202e\n")
    code = (
        "from paletteai_components.cli.commands import init\n"
        "from paletteai_components.repository.upgrade import Change, Kind, patch\n"
        "init._show(patch([Change('README.md', Kind.MERGE, open('README.md', 'rb').read(), b'# Theirs')]))"
    )
    ours, theirs = os.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stdout=theirs, cwd=fleet.folder) as process:
        process.wait()
    os.close(theirs)
    printed = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "-## Ours \\x1b]0;x\\x07 \\u202e" in printed


# --- What is decided --------------------------------------------------------------------------------------------

TEXTS = st.one_of(st.none(), st.sampled_from([b"a\n", b"b\n", b"c\n"]))


@given(old=TEXTS, new=TEXTS, written=TEXTS)
def test_a_change_of_its_owner_is_never_replaced_and_an_upgrade_is_never_missed(
    old: bytes | None, new: bytes | None, written: bytes | None
) -> None:
    def only(content: bytes | None) -> dict[str, bytes]:
        return {} if content is None else {"f": content}

    record = Record("1.0.0", None, {path: digest(each) for path, each in only(written).items()})
    found = changes(only(old), only(new), record)
    kinds = [each.kind for each in found]
    if Kind.REPLACE in kinds:
        assert old == written
    if old is not None and old != written and new is not None:
        assert set(kinds) <= {Kind.MERGE}
    # What the version writes differently than the last one did, and is not there, is written or told; unless removed.
    if new is not None and new not in (old, written):
        assert kinds or (old is None and written is not None)
    # What is as it was written follows the version.
    if old == written and new is not None and new != old:
        assert kinds == [Kind.ADD if old is None else Kind.REPLACE]
    if old == new:
        assert kinds == []


@given(st.text(alphabet="ab\n\r\u2028é", max_size=12), st.text(alphabet="ab\n\r\u2028é", max_size=12))
def test_a_patch_has_a_line_for_each_line(old: str, new: str) -> None:
    lines = list(patch([Change("f", Kind.MERGE, old.encode(), new.encode())]))
    for sign, text in (("-", old), ("+", new)):
        own = [line[1:] for line in lines[3:] if line[:1] in {sign, " "}]
        assert not lines or "".join(own).replace("\n\\ No newline at end of file\n", "") == text
