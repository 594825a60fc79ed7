"""The folder of the stack files, and the Pulumi project that reads them: found once, and the same for every command.

Pulumi takes the nearest project file above its working directory, and that file says where the stack files are. Here a
folder may also be named. Then its project is the one that reads it, however the folder is spelled.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, StackFileError, escaped
from paletteai_components.shell import DEFAULT_FOLDER
from paletteai_components.stacks.files import document_in, names_in, stack_name_of
from paletteai_components.stacks.pulumi_project import PROJECT_FILES, PulumiProject, project_file_in

_EXTENSION = ".yaml"
_EXTENSIONS = frozenset(Path(name).suffix for name in PROJECT_FILES)


@dataclass(frozen=True, slots=True)
class StackFolder:
    """A folder of stack files."""

    path: Path
    """The folder, as the user would type it."""
    project: PulumiProject | None = None
    """The Pulumi project that reads the stack files in it. Without one, they have no defaults."""
    given: Path | None = None
    """The folder that the user has named: this one, or the folder of its project. None if it was found without."""
    other: PulumiProject | None = None
    """The nearest project above a folder without a project of its own. It reads the stack files of another folder."""
    unreadable: tuple[Diagnostic, ...] = ()
    """Why the project cannot be read, so nothing here can."""

    def __str__(self) -> str:
        return str(self.path)

    @property
    def extension(self) -> str:
        """The extension of the stack files, for example ``.yaml``."""
        return self.project.extension if self.project else _EXTENSION

    def file_of(self, stack: str) -> Path:
        """The file of a stack."""
        return self.path / f"Pulumi.{stack}{self.extension}"

    def stack_of(self, file_name: str) -> str | None:
        """The stack whose file has a name, or None."""
        return stack_name_of(file_name, self.extension)

    def files(self) -> list[Path]:
        """The stack files, sorted by name. Raises StackFileError if the folder cannot be read."""
        return [self.path / name for name in names_in(self.path) if self.stack_of(name) is not None]

    def diagnostics(self, listed: Callable[[Path], Iterable[str]]) -> Iterator[Diagnostic]:
        """What Pulumi does not read as its author probably expects (PAI014).

        Args:
            listed: Lists the names in a folder that start like a stack file's.
        """
        names = sorted(listed(self.path))
        yield from filter(None, map(self._misnamed, names))
        yield from filter(None, (self._in_another_case(name, names) for name in names))
        project = self.project
        if project is None:
            if self.other is not None and any(map(self.stack_of, names)):
                yield self._not_read_by(self.other)
            return
        yield from self._strays(project, listed)
        top = _repository(project.folder)
        if top and self.path != self.given and not self.path.resolve().is_relative_to(top):
            where = escaped(str(self.path))
            fact = f"the stack files in `{where}` are outside of the repository of the project; they were read."
            remedy = "Make sure that `stackConfigDir` is meant to lead there."
            yield Diagnostic("PAI014", fact, remedy, (project.folder_location,), Severity.WARNING)

    def _in_another_case(self, name: str, others: Iterable[str]) -> Diagnostic | None:
        """The warning of a file that begins with another spelling of `Pulumi.`."""
        right = f"Pulumi.{name.partition('.')[2]}"
        # Some file systems do not tell the two apart.
        if name == right or self.stack_of(right) is None or right in others:
            return None
        fact = "the file looks like a stack file, but its name does not begin with `Pulumi.`, so it is ignored."
        where = (SourceLocation(str(self.path / name)),)
        return Diagnostic("PAI014", fact, f"Rename it to `{escaped(right)}`.", where, Severity.WARNING)

    def _misnamed(self, name: str) -> Diagnostic | None:
        """The diagnostic of a file that has almost the name of a stack file or of the project file."""
        path = self.path / name
        if not name.startswith("Pulumi.") or path.suffix not in _EXTENSIONS or self.stack_of(name) is not None:
            return None
        where, project = (SourceLocation(str(path)),), self.project
        if name in PROJECT_FILES:
            if project is None or name == project.file.name or path.is_dir() or not _is_same(self.path, project.folder):
                return None
            fact = f"Pulumi reads the project file `{project.file.name}` beside this one, so this one has no effect."
            return Diagnostic("PAI014", fact, "Delete one of the two.", where)
        if project is not None:
            fact = (
                f"the file looks like a stack file, but Pulumi reads only `Pulumi.<stack>{self.extension}`, as the "
                f"project file is `{project.file.name}`; it would be ignored."
            )
            return Diagnostic("PAI014", fact, "Rename it, or move it out of the folder.", where)
        fact = (
            f"the file looks like a stack file, but no project file was found that gives it `{path.suffix}`, so only "
            f"`Pulumi.<stack>{self.extension}` was read."
        )
        return Diagnostic("PAI014", fact, f"Rename it, or add `Pulumi{path.suffix}`.", where, Severity.WARNING)

    def _strays(self, project: PulumiProject, listed: Callable[[Path], Iterable[str]]) -> Iterator[Diagnostic]:
        """The stack files that are where another layout has them."""
        if not _is_same(self.path, project.folder):
            for name in sorted(filter(self.stack_of, listed(project.folder))):
                fact = f"Pulumi reads the stack files in `{escaped(str(self.path))}`, so this one would be ignored."
                where = (SourceLocation(str(project.folder / name)),)
                yield Diagnostic("PAI014", fact, "Move it there, or out of the folder.", where)
            return
        below = project.folder / DEFAULT_FOLDER
        names = set(listed(below))
        if names.isdisjoint(PROJECT_FILES) and any(map(self.stack_of, names)):
            fact = (
                f"the stack files in `{escaped(str(below))}` are not read: {project.file.name} has no `stackConfigDir`."
            )
            remedy = f"If they belong to the project, add `stackConfigDir: {DEFAULT_FOLDER}` to {project.file.name}."
            yield Diagnostic("PAI014", fact, remedy, (SourceLocation(str(project.file)),), Severity.WARNING)

    def _not_read_by(self, other: PulumiProject) -> Diagnostic:
        fact = (
            f"no Pulumi project was found that reads the stack files in `{escaped(str(self.path))}`, so they were read "
            f"without defaults; the project above them reads `{escaped(str(other.stack_folder))}`."
        )
        remedy = "Correct its `stackConfigDir`, or run the command in the project that reads them."
        return Diagnostic("PAI014", fact, remedy, (other.folder_location,), Severity.WARNING)


def stack_folder(given: Path | None = None, start: Path | None = None) -> StackFolder:
    """The folder of the stack files, with its Pulumi project.

    Args:
        given: The folder that the user has named; or the folder of the project that reads it. None for the folder of
            the project around `start`; if there is none, for `stacks`.
        start: Where Pulumi would run. Default: the working directory.

    Returns:
        The folder, which may not exist.
    """
    start = start or _working_directory()
    around = next(_project_files(start), None)
    if given is None and around is not None:
        return _folder_of(around, None)
    path = DEFAULT_FOLDER if given is None else given
    absolute = Path(os.path.normpath(_working_directory() / path))
    above = [*_project_files(absolute), *_project_files(absolute.resolve())]
    read: dict[Path, PulumiProject | tuple[Diagnostic, ...]] = {}
    # The project around the working directory comes first: Pulumi would use it there.
    for file in [around, *above, *_project_files(start)]:
        if file is not None and file not in read:
            project = read[file] = _project_in(file, given)
            if isinstance(project, PulumiProject) and _is_same(project.stack_folder, path):
                return _readable(StackFolder(path, project, given))
    own = project_file_in(path)
    if own is not None:
        return _folder_of(Path(os.path.abspath(own)), given)
    nearest = read[above[0]] if above else None
    if isinstance(nearest, tuple):
        return StackFolder(path, given=given, unreadable=nearest)
    return StackFolder(path, given=given, other=nearest)


def _folder_of(file: Path, given: Path | None) -> StackFolder:
    """The folder of the stack files of the project in a file."""
    project = _project_in(file, given)
    if isinstance(project, tuple):
        return StackFolder(given or DEFAULT_FOLDER, given=given, unreadable=project)
    return _readable(StackFolder(project.stack_folder, project, given))


def _readable(folder: StackFolder) -> StackFolder:
    """The folder; without its project if that is written as JSON."""
    project = folder.project
    if project is None or project.extension != ".json":
        return folder
    fact = "Pulumi reads this project and its stacks from JSON, but this package only reads YAML, so nothing was read."
    remedy = "Write them as `Pulumi.yaml` and `Pulumi.<stack>.yaml`."
    refused = Diagnostic("PAI014", fact, remedy, (SourceLocation(str(project.file)),))
    return StackFolder(folder.path, given=folder.given, unreadable=(refused,))


def _project_in(file: Path, given: Path | None) -> PulumiProject | tuple[Diagnostic, ...]:
    """The project in a file, or why it cannot be read."""
    shown = file if given is not None and given.is_absolute() else _relative(file)
    try:
        return PulumiProject(shown, document_in(shown))
    except StackFileError as error:
        return error.diagnostics


def _project_files(folder: Path) -> Iterator[Path]:
    """The project files of a folder and of those above it, the nearest first."""
    for each in (folder, *folder.parents):
        file = project_file_in(each)
        if file is not None:
            yield file


def _working_directory() -> Path:
    """The working directory as the shell shows it, which is where Pulumi starts to look, too."""
    shown = os.environ.get("PWD", "")
    here = Path.cwd()
    return Path(shown) if os.path.isabs(shown) and _is_same(Path(shown), here) else here


def _relative(path: Path) -> Path:
    """The path relative to the working directory, if that leads to the same file."""
    relative = Path(os.path.relpath(path, _working_directory()))
    return relative if _is_same(relative, path) else path


def _is_same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _repository(folder: Path) -> Path | None:
    """The top of the repository that a folder is in, or None."""
    folder = folder.resolve()
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)
