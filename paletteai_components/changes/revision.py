"""A revision: the stack files as git holds them, read without touching its index or the work tree.

Git is asked for raw objects, so no filter, attribute or link of the repository has a say in what is
read. A file that is the same in the folder today is not parsed a second time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from paletteai_components.changes.git import (
    DEEPER,
    FILES,
    FOLDER,
    Entry,
    GitError,
    Objects,
    entries,
    git,
    objects_of,
    top_of,
)
from paletteai_components.diagnostics import Problem, StackFileError, escaped
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.stacks.files import PROJECT_FILE, bytes_of, document_in, stack_name_of
from paletteai_components.stacks.stack import Stack, stack_from_document
from paletteai_components.stacks.workspace import Fleet, misnamed

# Where the main branch is looked for, the first that there is.
_MAIN = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
# What can be the name of a branch, and is nothing else to git or to a shell. The id of a commit is no branch.
_BRANCH = re.compile(r"(?![0-9a-f]{7,64}$)[A-Za-z0-9_]+(?:[./-][A-Za-z0-9_]+)*")


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the repository that a folder is in.

    Fields:
        said: what it is in words, for example ``main`` or ``merge base of HEAD and origin/main``.
        commit: its full id.
        top: the repository's top folder.
    """

    said: str
    commit: str
    top: Path


def revision_named(name: str | None, folder: Path) -> Revision:
    """The revision of a name; without one, where HEAD left the main branch.

    Raises GitError where there is no git, no repository, or no such revision.
    """
    top = _top(folder)
    if name is None:
        return _where_the_branch_began(top)
    commit = _commit(top, name)
    if commit is None:
        raise GitError(
            f"there is no revision {name} here, so there is nothing to compare with.", _where_from(name, top)
        )
    return Revision(name, commit, top)


def fleet_at(revision: Revision, folder: Path, now: Fleet) -> Fleet:
    """The fleet that a folder held at a revision; an empty one where there was no such folder.

    `now` is the fleet that the folder holds today: stacks whose file and defaults are the same are
    taken from it. Links are not followed; what they stood for counts as unreadable.

    Raises GitError where git does not answer or the project file of that time cannot be read.
    """
    above = folder.parent / PROJECT_FILE
    stacks: list[Stack] = []
    problems: list[Problem] = []
    unreadable: list[str] = []
    with objects_of(revision.top) as objects:
        defaults, same_defaults = _defaults_at(revision, above, objects)
        known = {stack.name: stack for stack in now.stacks if same_defaults}
        for file, entry in sorted(_files_at(revision, folder).items()):
            path, name = folder / file, stack_name_of(file)
            if name is None:
                problems.extend(misnamed(path))
            elif entry.mode not in FILES:
                unreadable.append(name)
            elif name in known and _is_the_same(path, entry):
                stacks.append(known[name])
            else:
                try:
                    document = document_from(objects.content(entry.oid), str(path))
                except StackFileError as error:
                    problems.extend(error.problems)
                    unreadable.append(name)
                else:
                    stacks.append(stack_from_document(document, defaults))
    return Fleet(tuple(stacks), tuple(problems), tuple(unreadable))


def _top(folder: Path) -> Path:
    """The top folder of the project's repository. Raises GitError where git does not read it."""
    project, own = top_of(folder.parent), top_of(folder)
    top = project or own
    if top is None:
        raise GitError(
            f"{folder} is in no git repository, so there is nothing to compare with.",
            "Run it in a clone of the repository.",
        )
    # A pull request can make a submodule of a folder, with a history of its own choice.
    if own is not None and own != top:
        raise GitError(
            f"{folder} is in a git repository of its own, not in its project's, so it is not known with "
            "which of them to compare.",
            f"To compare with its own: `cd {_pasted(folder.resolve())} && paletteai diff --stacks .`.",
        )
    code, printed, said = git(top, "rev-parse", "--show-toplevel")
    if code and "safe.directory" in said:
        raise GitError(
            f"the repository {top} belongs to somebody else, so git does not read it and nothing was compared.",
            f"Where you trust it, run `git config --global --add safe.directory {_pasted(top)}`.",
        )
    if code or Path(printed) != top:
        raise GitError(
            f"the repository {top} cannot be read, so there is nothing to compare with{_quoted(said)}.",
            "Run `git status` there to see what it says.",
        )
    return top


def _files_at(revision: Revision, folder: Path) -> dict[str, Entry]:
    """What could be a stack file in a folder at a revision; nothing where there was no such folder."""
    entry = _entry_at(revision, folder)
    if entry is None:
        return {}
    if entry.mode != FOLDER:
        raise _no_folder(revision, folder)
    return {name: each for name, each in entries(revision.top, entry.oid).items() if name.startswith("Pulumi.")}


def _entry_at(revision: Revision, path: Path) -> Entry | None:
    """What stood at a path; None where nothing did. Raises ValueError for a path outside of the repository.

    A path that was never committed, such as somebody's own link, is what it leads to. Where a pull request puts a
    link in the place of a folder, what stood there before is still the other side.
    """
    given = Path(os.path.abspath(path))
    if given.is_relative_to(revision.top):
        if entry := _found(revision, revision.commit, given):
            return entry
        head = _commit(revision.top, "HEAD")
        if head and _found(revision, head, given):
            return None
    return _found(revision, revision.commit, path.resolve())


def _found(revision: Revision, commit: str, path: Path) -> Entry | None:
    entry = Entry(FOLDER, f"{commit}^{{tree}}")
    for name in path.relative_to(revision.top).parts:
        if entry.mode != FOLDER:
            raise _no_folder(revision, path)
        below = entries(revision.top, entry.oid).get(name)
        if below is None:
            return None
        entry = below
    return entry


def _no_folder(revision: Revision, folder: Path) -> GitError:
    return GitError(
        f"{folder} was a link, a file or a submodule at {revision.said}, which is not looked "
        "into, so nothing was compared.",
        "Name the folder itself with `--stacks`.",
    )


def _defaults_at(revision: Revision, above: Path, objects: Objects) -> tuple[Document | None, bool]:
    """What was in the project file, and whether today's is the same."""
    try:
        entry = _entry_at(revision, above)
    except ValueError:
        # What is not in the repository has no other version than today's.
        return document_in(above) if above.is_file() else None, True
    if entry is None:
        return None, not above.exists()
    return _document(revision, objects.content(entry.oid), above), _is_the_same(above, entry)


def _document(revision: Revision, data: bytes, path: Path) -> Document:
    try:
        return document_from(data, str(path))
    except StackFileError as error:
        why = error.problems[0].message.rstrip(".")
    raise GitError(
        f"{PROJECT_FILE} of {revision.said} cannot be read ({why}), so nothing was compared.",
        "Compare with a revision where it can be.",
    )


def _is_the_same(path: Path, entry: Entry) -> bool:
    """Whether a file holds today what git holds; not where it cannot be read."""
    try:
        data = bytes_of(path)
    except OSError:
        return False
    algorithm = "sha256" if len(entry.oid) == 64 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() == entry.oid


def _commit(top: Path, name: str) -> str | None:
    """The full id of the commit that a name stands for."""
    code, commit, _ = git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    return None if code else commit


def _where_from(name: str, top: Path) -> str:
    """How to get a revision that is not here."""
    known = "Name a branch, tag or commit of this clone"
    branch = name.removeprefix("origin/")
    if _BRANCH.fullmatch(branch):
        brought = f"`{_fetching(branch)}` brings a branch or tag of the remote, then `paletteai diff origin/{branch}`"
    else:
        brought = "`git fetch` brings what only the remote has"
    return f"{known}; {brought}.{f' {DEEPER}' if _is_shallow(top) else ''}"


def _fetching(branch: str) -> str:
    return f"git fetch origin {branch}:refs/remotes/origin/{branch}"


def _where_the_branch_began(top: Path) -> Revision:
    _, printed, _ = git(top, "for-each-ref", "--format=%(refname)", *_MAIN)
    there = printed.splitlines()
    main = next((each for each in _MAIN if each in there), None)
    shallow = _is_shallow(top)
    if main is None:
        raise GitError(
            "there is no main branch here (origin/HEAD, origin/main, origin/master, main, master), so it is not known "
            "what to compare with.",
            f"`{_fetching('main')}` brings the remote's, where it is called main; or name a revision: "
            f"`paletteai diff BASE`. {DEEPER}",
        )
    shown = main.split("/", 2)[2]
    code, commit, _ = git(top, "merge-base", "HEAD", main)
    if code:
        why = ": this clone does not have the whole history" if shallow else ""
        raise GitError(
            f"HEAD and {shown} have no commit in common{why}, so it is not known what to compare with.",
            DEEPER if shallow else "Name a revision: `paletteai diff BASE`.",
        )
    return Revision(f"merge base of HEAD and {shown}", commit, top)


def _is_shallow(top: Path) -> bool:
    return git(top, "rev-parse", "--is-shallow-repository")[1] == "true"


def _pasted(path: Path) -> str:
    return escaped(shlex.quote(str(path)))


def _quoted(said: str) -> str:
    first = next(iter(said.splitlines()), "").removeprefix("fatal: ")
    return f" (git says: {first})" if first else ""
