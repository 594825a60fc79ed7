"""A history: what the files of a project were at a revision, and at any commit since then.

The last deployment of a stack may have been of any of these commits. So a stack is surely deployed as it is declared
only if all of them declare it so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from paletteai_components.changes import git
from paletteai_components.changes.tree import Revision, files_at, is_unchanged
from paletteai_components.diagnostics import StackFileError
from paletteai_components.kube.operator import OPERATOR_FILE
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.stacks.files import bytes_of
from paletteai_components.stacks.folder import StackFolder
from paletteai_components.stacks.pulumi_project import PROJECT_FILES, PulumiProject

# Files in the project's folder that no program reads, wherever they are in it: the documentation, what other tools
# read, and what Python writes.
_APART = re.compile(
    r"(?i)(?:.*/)?(?:[^/]+\.md|license[^/]*|codeowners|\.git(?:ignore|-blame-ignore-revs)|\.mailmap|\.editorconfig"
    r"|\.pre-commit-(?:config|hooks)\.yaml|\.paletteai\.json|stack\.schema\.json|__pycache__(?:/.*)?)"
)
# The same for folders and files at the top of the repository or of the project.
_APART_AT_TOP = re.compile(
    r"(?:\.github|\.gitlab|\.ci|\.vscode|\.idea|\.venv|\.pulumi|docs|tests)(?:/.*)?|\.gitlab-ci\.yml"
)
# Where tools for Python look above a project for the packages that it needs.
_REQUIREMENTS = re.compile(
    r"(?:requirements[^/]*|constraints[^/]*)\.(?:txt|in)|pyproject\.toml|setup\.(?:py|cfg)|Pipfile(?:\.lock)?"
    r"|(?:uv|poetry)\.(?:lock|toml)|\.python-version|\.tool-versions"
)
# A file of the program with one of these may read files outside of the project's folder.
_LEADS_OUT = re.compile(rb"\.\.[/\\]|[\"']\.\.[\"']|sys\.path|\bfile:|pardir|\.parents\b|\.parent\.parent")
_LINK, _SUBMODULE = "120000", "160000"
# A folder of untracked files is listed once.
_FOLDERS = ("--directory", "--no-empty-directory")


class Lack(Enum):
    """Why there is no content of a file at a commit."""

    ABSENT = "absent"
    UNREADABLE = "unreadable"


Version = Document | Lack
"""What a file was at a commit."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What a file was, where that is not what it is now."""

    then: Version | None
    """What it was at the revision. None if it is the same now."""
    between: tuple[Version, ...] = ()
    """What else it was at later commits."""

    @property
    def every(self) -> Iterator[Version]:
        """All of them."""
        if self.then is not None:
            yield self.then
        yield from self.between


SAME = Versions(None)

_Touched = Mapping[PurePosixPath, tuple[git.Entry | None, ...]]
"""Paths in the repository, each with the entries that it had."""


@dataclass(frozen=True, slots=True)
class History:
    """What a project was since a revision."""

    files: Mapping[str, Versions]
    """The stack files that were another at the revision or since then, by stack."""
    project: Versions = SAME
    """The project file."""
    program: tuple[str, ...] = ()
    """The files of the program that are or were another, as paths in the repository."""
    gone: tuple[str, ...] = ()
    """The stacks whose files were there and are no more."""
    unknown: str | None = None
    """Why it is not known what the stacks were. None if it is known."""


def history_since(revision: Revision, folder: StackFolder, *, deployed: bool = True) -> History:
    """What the Pulumi project of a folder was at a revision and since then.

    Args:
        revision: The revision.
        folder: The folder of the stack files.
        deployed: Whether to ask what may be deployed, or run: what it was in between, for which the clone has to have
            the commits in between, and files that git does not know. Without it, only what a merge would change.

    Raises:
        GitError: Git does not answer, or the clone lacks part of the history.
    """
    top, project = revision.top, folder.project
    if project is None or not (_is_inside(folder.path, top) and _is_inside(project.folder, top)):
        return History({}, unknown=f"the project or its stack files are not plain folders of the repository {top}")
    touched = _touched(revision, in_between=deployed)
    stacks, home = _path_in(top, folder.path), _path_in(top, project.folder)
    files: dict[str, Versions] = {}
    with git.objects_of(top) as objects:
        then = files_at(revision, folder.path)
        names = {file.name for file in folder.files()}
        since = {path.name: entries for path, entries in touched.items() if path.parent == stacks}
        for name in sorted(names):
            stack, path = folder.stack_of(name), folder.path / name
            versions = _versions(path, then.get(name), since.get(name, ()), objects)
            if stack is not None and versions != SAME:
                files[stack] = versions
        own = project.file.name
        entry = files_at(revision, project.folder).get(own)
        of_the_project = _versions(project.file, entry, touched.get(home / own, ()), objects)
        changed = dict(touched)
        for changed_path, entries in _changed_in_the_work_tree(top, untracked=deployed):
            changed[changed_path] = (*changed.get(changed_path, ()), *entries)
        program = tuple(map(str, _program(top, changed, folder, project, objects)))
    return History(
        files,
        of_the_project,
        program,
        tuple(filter(None, map(folder.stack_of, sorted((then.keys() | since.keys()) - names)))),
    )


def _is_inside(folder: Path, top: Path) -> bool:
    """Whether a folder is in the repository, with no link between the two: what a link leads to has another history."""
    resolved = folder.resolve()
    given = Path(os.path.abspath(folder))
    return resolved.is_relative_to(top) and (given == resolved or not given.is_relative_to(top))


def _path_in(top: Path, folder: Path) -> PurePosixPath:
    return PurePosixPath(folder.resolve().relative_to(top).as_posix())


def _versions(path: Path, then: git.Entry | None, since: Sequence[git.Entry | None], objects: git.Objects) -> Versions:
    """What a file was, given its entries at a revision and at later commits."""

    def version(entry: git.Entry | None) -> Version | None:
        if entry is None:
            return Lack.ABSENT
        if entry.mode not in git.FILES or path.is_symlink():
            return Lack.UNREADABLE
        if is_unchanged(path, entry):
            return None
        try:
            return document_from(objects.content(entry.oid), str(path))
        except StackFileError:
            return Lack.UNREADABLE

    others = (entry for entry in dict.fromkeys(since) if entry != then)
    return Versions(version(then), tuple(found for entry in others if (found := version(entry)) is not None))


def _touched(revision: Revision, *, in_between: bool) -> _Touched:
    """Every path that differs between the revision and HEAD, or that a commit in between changes: what was there."""
    top, commit = revision.top, revision.commit
    commits = _answer(top, "rev-list", f"{commit}...HEAD") if in_between else ""
    if commits and _is_cut_off(revision):
        raise git.GitError(
            f"this clone lacks part of the history since `{revision.name}`, so it is not known what was deployed "
            "meanwhile.",
            "In a CI job, check out the complete history with `fetch-depth: 0`; elsewhere, run "
            f"`{git.git_command(top, 'fetch --unshallow')}`.",
        )
    raw = ("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=none")
    found: dict[PurePosixPath, dict[git.Entry | None, None]] = {}
    # Of a merge, `-c` tells what none of its parents has. Everything else is told by the commits that it merges.
    for output in (
        _answer(top, *raw, commit, "HEAD"),
        _answer(top, *raw, "-c", "--root", "--no-commit-id", "--stdin", input=f"{commits}\n") if commits else "",
    ):
        for path, entries in _raw(output):
            found.setdefault(path, {}).update(dict.fromkeys(entries))
    return {path: tuple(entries) for path, entries in found.items()}


def _is_cut_off(revision: Revision) -> bool:
    """Whether the history between the revision and HEAD ends where a shallow clone was cut off."""
    if _answer(revision.top, "rev-parse", "--is-shallow-repository") != "true":
        return False
    return bool(_answer(revision.top, "rev-list", "--max-parents=0", f"{revision.commit}...HEAD"))


def _raw(output: str) -> Iterator[tuple[PurePosixPath, list[git.Entry | None]]]:
    """The paths in git's raw output, each with the entries on all sides."""
    fields = iter(output.split("\0")[:-1])
    for about in fields:
        # A colon for each side but the last, the modes, the objects and the status.
        sides = len(about) - len(about.lstrip(":")) + 1
        words = about.lstrip(":").split(" ")
        modes, oids = words[:sides], words[sides : 2 * sides]
        path = PurePosixPath(next(fields))
        yield path, [git.Entry(mode, oid) if mode.strip("0") else None for mode, oid in zip(modes, oids, strict=True)]


def _answer(top: Path, *arguments: str, input: str = "") -> str:
    code, output, complaint = git.run(top, *arguments, input=input)
    if code:
        raise git.no_answer(top, complaint)
    return output


def _program(
    top: Path, changed: _Touched, folder: StackFolder, project: PulumiProject, objects: git.Objects
) -> Iterator[PurePosixPath]:
    """The files of the program among those that changed."""
    home, stacks = _path_in(top, project.folder), _path_in(top, folder.path)
    everywhere = home != PurePosixPath() and _leads_out(top, home)
    for path in sorted(changed):
        if path.parent == home and path.name in PROJECT_FILES:
            is_program = path.name != project.file.name
        elif path.parent == stacks and folder.stack_of(path.name) is not None:
            is_program = False
        elif path.is_relative_to(home) or everywhere:
            is_program = not _is_apart(path, home)
        else:
            is_program = path.parent in home.parents and _REQUIREMENTS.fullmatch(path.name) is not None
        if is_program and not _is_written_for_the_operator(top / path, changed[path], objects):
            yield path


def _is_apart(path: PurePosixPath, home: PurePosixPath) -> bool:
    """Whether no program reads a file, by its name."""
    return _APART.fullmatch(str(path)) is not None or any(
        path.is_relative_to(above) and _APART_AT_TOP.fullmatch(str(path.relative_to(above)))
        for above in (PurePosixPath(), home)
    )


def _is_written_for_the_operator(path: Path, entries: Iterable[git.Entry | None], objects: git.Objects) -> bool:
    """Whether a file is, and always was, an object that `paletteai operator` has written: it holds a commit."""
    if path.suffix != ".yaml":
        return False
    contents = [objects.content(entry.oid) for entry in entries if entry is not None and entry.mode in git.FILES]
    with suppress(OSError):
        contents.append(bytes_of(path))
    return bool(contents) and all(content.startswith(OPERATOR_FILE.encode()) for content in contents)


def _changed_in_the_work_tree(
    top: Path, *, untracked: bool
) -> Iterator[tuple[PurePosixPath, tuple[git.Entry | None, ...]]]:
    """The paths whose content is not that of HEAD, with what HEAD has; with `untracked`, those that git would add."""
    raw = ("diff-index", "-z", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=none", "HEAD")
    for path, (entry, *_) in _raw(_answer(top, *raw)):
        # Git may only have noticed another time of the file.
        if entry is None or entry.mode not in git.FILES or not is_unchanged(top / path, entry):
            yield path, (entry,)
    if not untracked:
        return
    for name in _answer(top, "ls-files", "-z", "--others", "--exclude-standard", *_FOLDERS).split("\0")[:-1]:
        path = PurePosixPath(name)
        # Tools keep what is theirs in such folders, and Python imports nothing from them.
        if not (name.endswith("/") and path.name.startswith(".")):
            yield path, (None,)


def _leads_out(top: Path, home: PurePosixPath) -> bool:
    """Whether a program that is not at the top of the repository may read files outside of its folder."""
    listed = _answer(top, "ls-files", "-z", "--stage", "--", f":(literal){home}")
    for line in listed.split("\0")[:-1]:
        about, _, name = line.partition("\t")
        path = PurePosixPath(name)
        if about.startswith((_LINK, _SUBMODULE)):
            return True
        try:
            if _LEADS_OUT.search(bytes_of(top / path)):
                return True
        except OSError:
            # It is deleted, which makes it a changed file of the program.
            continue
    return False
