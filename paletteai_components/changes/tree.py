"""A tree: the folders and files of a commit, looked up without git's index and the work tree."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from paletteai_components.changes import git
from paletteai_components.stacks.files import bytes_of, names_in


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository that a folder is in."""

    name: str
    """Its description, for example ``main`` or ``merge base of HEAD and origin/main``."""
    commit: str
    top: Path


def files_at(revision: Revision, folder: Path) -> dict[str, git.Entry]:
    """The possible stack files in a folder at a revision; none if there was no such folder.

    Raises GitError if the folder is outside of the repository, or was no folder.
    """
    try:
        entry = _entry_at(revision, folder)
    except ValueError:
        raise git.GitError(
            f"{folder} is outside of the repository {revision.top}, so nothing was compared.",
            "Run the command in the repository of the stack files.",
        ) from None
    if entry is None:
        return {}
    if entry.mode != git.FOLDER:
        raise _not_a_folder(revision, folder)
    return {name: each for name, each in git.entries(revision.top, entry.oid).items() if name.startswith("Pulumi.")}


def names_at(revision: Revision, folder: Path) -> Iterable[str]:
    """The names in a folder that start like a stack file's, at a revision; outside of the repository those of now."""
    if not folder.resolve().is_relative_to(revision.top):
        return names_in(folder)
    try:
        return files_at(revision, folder)
    except git.GitError:
        return ()


def _entry_at(revision: Revision, path: Path) -> git.Entry | None:
    """The entry at a path at a revision, or None. Raises ValueError for a path outside of the repository.

    A path that was never committed, such as the user's own link, is resolved. A link that a pull request commits in
    place of a folder is not: the folder that was there before is compared.
    """
    given = Path(os.path.abspath(path))
    if given.is_relative_to(revision.top):
        if entry := entry_in(revision, revision.commit, given):
            return entry
        head = commit_of(revision.top, "HEAD")
        if head and entry_in(revision, head, given):
            return None
    return entry_in(revision, revision.commit, path.resolve())


def entry_in(revision: Revision, commit: str, path: Path) -> git.Entry | None:
    """The entry at a path in the tree of a commit, or None. Raises ValueError for a path outside of the repository."""
    entry = git.Entry(git.FOLDER, f"{commit}^{{tree}}")
    for name in path.relative_to(revision.top).parts:
        if entry.mode != git.FOLDER:
            raise _not_a_folder(revision, path)
        below = git.entries(revision.top, entry.oid).get(name)
        if below is None:
            return None
        entry = below
    return entry


def _not_a_folder(revision: Revision, folder: Path) -> git.GitError:
    return git.GitError(
        f"{folder} was a link, a file or a submodule at {revision.name}, so nothing was compared.",
        "Name the folder itself with `--stacks`.",
    )


def former_place(revision: Revision, file: Path) -> Path | None:
    """Where a file was at a revision, if git finds that it was moved since then; else None."""
    arguments = ("diff-tree", "-r", "-z", "--find-renames", "--diff-filter=R", "--name-status")
    _, output, _ = git.run(revision.top, *arguments, revision.commit, "HEAD")
    # A status, the old path and the new one, for each file.
    fields = output.split("\0")
    moved = dict(zip(fields[2::3], fields[1::3], strict=False))
    former = moved.get(file.resolve().relative_to(revision.top).as_posix())
    return revision.top / former if former else None


def is_unchanged(path: Path, entry: git.Entry) -> bool:
    """Whether a file still has the content of a git object; False if it cannot be read."""
    try:
        data = bytes_of(path)
    except OSError:
        return False
    algorithm = "sha256" if len(entry.oid) == 64 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == entry.oid


def commit_of(top: Path, name: str) -> str | None:
    """The full id of a commit, or None."""
    code, commit, _ = git.run(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return None if code else commit
