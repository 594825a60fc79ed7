"""A revision: the stack files as git holds them, read without touching its index or the work tree.

Git is asked for raw objects, so no filter, attribute or link of the repository has a say in what is
read. A file that is the same in the folder today is not parsed a second time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from paletteai_components.document import Document, document_from
from paletteai_components.fleet import Fleet, misnamed
from paletteai_components.folder import PROJECT_FILE, stack_name_of
from paletteai_components.git import DEEPER, Blob, GitError, Objects, git, objects_of
from paletteai_components.problem import Problem, Unreadable, escaped
from paletteai_components.stack import Stack, stack_from_document

# Where the main branch is looked for, the first that there is.
_MAIN = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
)
_FILES = (b"100644", b"100755", b"100664")


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
    code, printed, said = git(folder, "rev-parse", "--show-toplevel")
    if code:
        raise GitError(
            f"{escaped(str(folder))} is in no git repository that can be read, so there is nothing to compare with"
            f"{_quoted(said)}.",
            "Run it in a clone of the repository.",
        )
    top = Path(printed)
    if name is None:
        return _where_the_branch_began(folder, top)
    code, commit, _ = git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if code:
        raise GitError(
            f"there is no revision {escaped(name)} here, so there is nothing to compare with.",
            f"Name a branch, tag or commit of this clone. {DEEPER}"
            if _is_shallow(folder)
            else "Name a branch, tag or commit of this clone; `git fetch` brings what only the remote has.",
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
        past = _defaults_at(revision, above, objects)
        same_defaults = _oid_of(above, past.oid) == past.oid if past else not above.exists()
        defaults = _document(revision, past, above) if past else None
        known = {stack.name: stack for stack in now.stacks if same_defaults}
        entries = objects.entries(f"{revision.commit}:{_below(revision.top, folder)}")
        for entry in sorted(entries, key=lambda entry: entry.name):
            path, name = folder / entry.name, stack_name_of(entry.name)
            if name is None:
                problems.extend(misnamed(path))
            elif entry.mode not in _FILES:
                unreadable.append(name)
            elif name in known and _oid_of(path, entry.oid) == entry.oid:
                stacks.append(known[name])
            else:
                try:
                    document = document_from(objects.content(entry.oid), str(path))
                except Unreadable as error:
                    problems.extend(error.problems)
                    unreadable.append(name)
                else:
                    stacks.append(stack_from_document(document, defaults))
    return Fleet(tuple(stacks), tuple(problems), tuple(unreadable))


def _defaults_at(revision: Revision, above: Path, objects: Objects) -> Blob | None:
    try:
        path = _below(revision.top, above)
    except ValueError:
        # What is not in the repository has no other version than today's.
        return Blob("", above.read_bytes()) if above.is_file() else None
    return objects.blob(f"{revision.commit}:{path}")


def _document(revision: Revision, blob: Blob, path: Path) -> Document:
    try:
        return document_from(blob.data, str(path))
    except Unreadable as error:
        why = escaped(error.problems[0].message.rstrip("."))
    raise GitError(
        f"{PROJECT_FILE} of {escaped(revision.said)} cannot be read ({why}), so nothing was compared.",
        "Compare with a revision where it can be.",
    )


def _below(top: Path, path: Path) -> str:
    # A link as the last step is an object of its own to git.
    relative = (path.parent.resolve() / path.name if path.name == PROJECT_FILE else path.resolve()).relative_to(top)
    return "" if relative == Path() else relative.as_posix()


def _oid_of(path: Path, like: str) -> str | None:
    """The id git would give a file, in the way another one is given; None where it cannot be read."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    algorithm = "sha256" if len(like) == 64 else "sha1"
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() if like else like


def _where_the_branch_began(folder: Path, top: Path) -> Revision:
    _, printed, _ = git(folder, "for-each-ref", "--format=%(refname)", *_MAIN)
    there = printed.splitlines()
    main = next((each for each in _MAIN if each in there), None)
    shallow = _is_shallow(folder)
    if main is None:
        raise GitError(
            "there is no main branch here (origin/HEAD, origin/main, origin/master, main, master), so it is not known "
            "what to compare with.",
            f"Name a revision: `paletteai diff BASE`. {DEEPER}",
        )
    shown = main.split("/", 2)[2]
    code, commit, _ = git(folder, "merge-base", "HEAD", main)
    if code:
        why = ": this clone does not have the whole history" if shallow else ""
        raise GitError(
            f"HEAD and {shown} have no commit in common{why}, so it is not known what to compare with.",
            DEEPER if shallow else "Name a revision: `paletteai diff BASE`.",
        )
    return Revision(f"merge base of HEAD and {shown}", commit, top)


def _is_shallow(folder: Path) -> bool:
    return git(folder, "rev-parse", "--is-shallow-repository")[1] == "true"


def _quoted(said: str) -> str:
    first = next(iter(said.splitlines()), "").removeprefix("fatal: ")
    return f" (git says: {escaped(first)})" if first else ""
