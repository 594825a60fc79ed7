"""A revision: the stack files of a commit, read without touching git's index or the work tree.

Raw objects are read, so filters, attributes and links of the repository have no effect. A file that
has not changed since the revision is not parsed again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from paletteai_components.changes import git
from paletteai_components.changes.tree import (
    Revision,
    commit_of,
    entry_in,
    files_at,
    former_place,
    is_unchanged,
    names_at,
)
from paletteai_components.diagnostics import StackFileError
from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.shell import command, word
from paletteai_components.stacks.folder import StackFolder
from paletteai_components.stacks.pulumi_project import PROJECT_FILES, PulumiProject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document
from paletteai_components.stacks.workspace import Workspace

# The main branch is the first of these that exists.
_MAIN = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
# A branch name that means nothing else to git or to a shell. The id of a commit is not a branch.
_BRANCH = re.compile(r"(?![0-9a-f]{7,64}$)[A-Za-z0-9_]+(?:[./-][A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Checkout:
    """The commit that the stack files of a folder are checked out from."""

    commit: str
    branch: str | None
    """The branch that is checked out, or None."""
    time: str
    """When the commit was made, in ISO 8601."""
    changed: bool
    """Whether stack files differ from the commit."""


def checkout_of(folder: StackFolder) -> Checkout | None:
    """What is checked out where the stack files are, or None where git does not tell."""
    try:
        top = _top(folder)
        commit = commit_of(top, "HEAD")
        if commit is None:
            return None
        committed = files_at(Revision("HEAD", commit, top), folder.path)
        names = {file.name for file in folder.files()}
    except UserError:
        return None
    files = {name: entry for name, entry in committed.items() if folder.stack_of(name)}
    changed = names != files.keys() or not all(is_unchanged(folder.path / name, files[name]) for name in names)
    _, branch, _ = git.run(top, "symbolic-ref", "--quiet", "--short", "HEAD")
    _, time, _ = git.run(top, "log", "--max-count=1", "--no-show-signature", "--format=%cI", commit)
    return Checkout(commit, branch or None, time, changed)


def revision_named(name: str | None, folder: StackFolder, asking: Callable[[str], str] | None = None) -> Revision:
    """The revision that git resolves a name to; for None, the merge base of HEAD and the main branch.

    Args:
        name: The name.
        folder: The folder whose files are compared.
        asking: The command of the user with another name, for remedies. Default: `paletteai diff`.

    Raises:
        GitError: There is no git, no repository or no such revision.
    """
    top = _top(folder)
    if name is None:
        return _merge_base(top, folder)
    commit = commit_of(top, name)
    if commit is None:
        help = _fetch_help(name, top, asking or (lambda base: _diff_command(base, folder)))
        raise git.GitError(f"this clone has no revision `{name}`, so there is nothing to compare with.", help)
    return Revision(name, commit, top)


def workspace_at(revision: Revision, folder: StackFolder, now: Workspace) -> Workspace:
    """The workspace of a folder at a revision, as its Pulumi project was then; empty if the folder did not exist.

    Links are not followed; a stack file that was a link counts as unreadable.

    Args:
        revision: The revision.
        folder: The folder with the stack files.
        now: The folder's current workspace. Stacks whose file and project are unchanged are taken from it.

    Raises:
        GitError: Git does not answer, or the project file of the revision cannot be read.
    """
    stacks: list[Stack] = []
    unreadable: list[str] = []
    with git.objects_of(revision.top) as objects:
        before, same_project, place = _folder_at(revision, folder, objects)
        reusable = {stack.name: stack for stack in now.stacks if stack.file == str(before.file_of(stack.name))}
        project = before.project
        diagnostics = [
            *before.diagnostics(lambda place: names_at(revision, place)),
            *(project.diagnostics if project else ()),
        ]
        for file, entry in sorted(files_at(revision, place).items()):
            path, name = before.path / file, before.stack_of(file)
            if name is None:
                continue
            if entry.mode not in git.FILES:
                unreadable.append(name)
            elif name in reusable and is_unchanged(path, entry):
                same = reusable[name]
                stacks.append(same if same_project else stack_from_document(same.documents[0], project))
            else:
                try:
                    document = document_from(objects.content(entry.oid), str(path))
                except StackFileError as error:
                    diagnostics.extend(error.diagnostics)
                    unreadable.append(name)
                else:
                    stacks.append(stack_from_document(document, project))
    return Workspace(tuple(stacks), tuple(diagnostics), tuple(unreadable), is_complete=not unreadable)


def _top(stacks: StackFolder) -> Path:
    """The top folder of the project's repository, which git agrees to read."""
    folder = stacks.path
    project, own = git.top_of(stacks.project.folder if stacks.project else folder.parent), git.top_of(folder)
    top = project or own
    if top is None:
        raise git.GitError(
            f"{folder} is not in a git repository, so there is nothing to compare with.",
            "Run it in a clone of the repository.",
        )
    # A pull request can turn the folder into a submodule, with any history.
    if own is not None and own != top:
        raise git.GitError(
            f"{folder} has its own git repository, apart from its project's, so nothing was compared.",
            f"Compare with its own repository: `cd {word(folder.resolve())} && paletteai diff --stacks .`.",
        )
    code, output, complaint = git.run(top, "rev-parse", "--show-toplevel")
    if code and "safe.directory" in complaint:
        raise git.GitError(
            f"the repository {top} belongs to another user, so git does not read it and nothing was compared.",
            f"If you trust it, run `{command('git config --global --add safe.directory', top)}`.",
        )
    if code or Path(output) != top:
        raise git.GitError(
            f"the repository {top} cannot be read, so there is nothing to compare with{_git_reason(complaint)}.",
            f"Run `{git.git_command(top, 'status')}` to see what is wrong.",
        )
    return top


def _folder_at(revision: Revision, folder: StackFolder, objects: git.Objects) -> tuple[StackFolder, bool, Path]:
    """The folder of the stack files with its project at a revision, whether the project is unchanged, and its place.

    The place is where the files were at the revision. If the project has been moved, its files are shown as they are
    called now.
    """
    now = folder.project
    if now is not None and not now.folder.resolve().is_relative_to(revision.top):
        # A file outside of the repository has only its current version.
        return folder, True, folder.path
    places = [now.folder] if now else _with_parents(folder.path, revision.top)
    for place in places:
        found = files_at(revision, place)
        name = next((name for name in PROJECT_FILES if name in found), None)
        if name is None:
            continue
        project = PulumiProject(place / name, _parsed(revision, objects.content(found[name].oid), place / name))
        is_same = project.stack_folder.resolve() == folder.path.resolve()
        if now is not None or is_same:
            path = folder.path if is_same else project.stack_folder
            unchanged = now is not None and now.file.name == name and is_unchanged(now.file, found[name])
            return StackFolder(path, project, folder.given), unchanged, path
    former = former_place(revision, now.file) if now else None
    entry = entry_in(revision, revision.commit, former) if former else None
    if now is not None and former is not None and entry is not None and entry.mode in git.FILES:
        project = PulumiProject(now.file, _parsed(revision, objects.content(entry.oid), now.file))
        place = PulumiProject(former, project.document).stack_folder
        return StackFolder(folder.path, project, folder.given), is_unchanged(now.file, entry), place
    return StackFolder(folder.path, given=folder.given, other=folder.other), now is None, folder.path


def _with_parents(folder: Path, top: Path) -> list[Path]:
    """A folder and those above it in the repository, as the user would type them."""
    found = [folder]
    while found[-1].resolve() != top and found[-1].resolve().is_relative_to(top):
        found.append(Path(os.path.normpath(found[-1] / os.pardir)))
    return found


def _parsed(revision: Revision, data: bytes, path: Path) -> Document:
    try:
        return document_from(data, str(path))
    except StackFileError as error:
        why = error.diagnostics[0].message.rstrip(".")
    raise git.GitError(
        f"{path.name} of {revision.name} cannot be read ({why}), so nothing was compared.",
        "Compare with a revision in which it is valid.",
    )


def _fetch_help(name: str, top: Path, asking: Callable[[str], str]) -> str:
    """How to get a revision that this clone lacks."""
    branch = name.removeprefix("origin/")
    if _BRANCH.fullmatch(branch):
        fetch = f"fetch one with `{_fetch_command(branch, top)}` and run `{asking(f'origin/{branch}')}`"
    else:
        fetch = f"run `{git.git_command(top, 'fetch')}`"
    return f"Name a branch, tag or commit of this clone, or {fetch}. {_deeper(top)}".rstrip()


def _fetch_command(branch: str, top: Path) -> str:
    return git.git_command(top, "fetch origin", f"{branch}:refs/remotes/origin/{branch}")


def _diff_command(base: str, folder: StackFolder) -> str:
    return command("paletteai diff", base, stacks=folder.given)


def _deeper(top: Path) -> str:
    """How to get the complete history; empty if this clone has it."""
    if not _is_shallow(top):
        return ""
    unshallow = git.git_command(top, "fetch --unshallow")
    return f"In a CI job, check out the complete history with `fetch-depth: 0`; elsewhere, run `{unshallow}`."


def _merge_base(top: Path, folder: StackFolder) -> Revision:
    _, output, _ = git.run(top, "for-each-ref", "--format=%(refname)", *_MAIN)
    refs = output.splitlines()
    main = next((each for each in _MAIN if each in refs), None)
    if main is None:
        raise git.GitError(
            "this clone has no main branch (origin/HEAD, origin/main, origin/master, main or master), so there is "
            "nothing to compare with.",
            f"Fetch the remote's main branch, for example with `{_fetch_command('main', top)}`, or name a "
            f"revision: `{_diff_command('BASE', folder)}`. {_deeper(top)}".rstrip(),
        )
    shown = main.split("/", 2)[2]
    code, commit, _ = git.run(top, "merge-base", "HEAD", main)
    if code:
        deeper = _deeper(top)
        why = ", because this clone lacks part of the history" if deeper else ""
        raise git.GitError(
            f"HEAD and `{shown}` have no commit in common{why}, so there is nothing to compare with.",
            deeper or f"Name a revision: `{_diff_command('BASE', folder)}`.",
        )
    return Revision(f"merge base of HEAD and {shown}", commit, top)


def _is_shallow(top: Path) -> bool:
    return git.run(top, "rev-parse", "--is-shallow-repository")[1] == "true"


def _git_reason(complaint: str) -> str:
    first = next(iter(complaint.splitlines()), "").removeprefix("fatal: ")
    return f" (git reports: {first})" if first else ""
