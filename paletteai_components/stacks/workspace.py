"""The workspace: all stacks of a folder at once, which no single Pulumi program can see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, escaped, led_by
from paletteai_components.pulumi_yaml.document import Document
from paletteai_components.stacks.files import Outcome, names_in, read_stack_file
from paletteai_components.stacks.folder import StackFolder
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import stack_from_document

if TYPE_CHECKING:
    from paletteai_components.kube.cluster import Cluster
    from paletteai_components.kube.crds import Crds
    from paletteai_components.model.plan import Plan


@dataclass(frozen=True, slots=True)
class Workspace:
    """Stacks that are checked together."""

    stacks: tuple[Stack, ...] = ()
    """The stacks whose files can be read."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """Why the other files cannot be read."""
    unreadable: tuple[str, ...] = ()
    """The names of the stacks whose files cannot be read."""
    crds: Crds | None = None
    cluster: Cluster | None = None
    """The objects in the cluster, if they were read."""
    is_complete: bool = False
    """Whether these are all stacks of a folder, and each could be read."""

    @property
    def names(self) -> list[str]:
        """The names of all stacks, the unreadable ones last."""
        return [*(stack.name for stack in self.stacks), *self.unreadable]

    def stack_named(self, name: str) -> Stack | None:
        """The stack with a name, or None."""
        return next((stack for stack in self.stacks if stack.name == name), None)

    @property
    def planned(self) -> Iterator[tuple[Stack, Plan]]:
        """The stacks that declare a tenant, each with its plan."""
        yield from ((stack, stack.plan) for stack in self.stacks if stack.plan is not None)


def workspace_from(folder: StackFolder, reading: Iterable[tuple[Path, Outcome]] | None = None) -> Workspace:
    """The workspace of a folder, with the defaults of the Pulumi project that reads it. The caller may read the files.

    Raises:
        StackFileError: The folder does not exist, or it or the project file cannot be read.
    """
    if folder.unreadable:
        raise StackFileError(folder.unreadable)
    if not folder.path.is_dir():
        fact = f"there is no folder `{escaped(str(folder))}`, so there is no stack to check."
        raise StackFileError(
            [Diagnostic("PAI012", fact, "Name the folder with `--stacks`.", (SourceLocation(str(folder)),))]
        )
    project = folder.project
    stacks: list[Stack] = []
    diagnostics = [*folder.diagnostics(names_in), *(project.diagnostics if project else ())]
    unreadable: list[str] = []
    if reading is None:
        reading = ((path, read_stack_file(path)) for path in folder.files())
    for path, outcome in reading:
        if isinstance(outcome, Document):
            stacks.append(stack_from_document(outcome, project))
        else:
            diagnostics.extend(outcome)
            unreadable.append(folder.stack_of(path.name) or path.stem)
    return Workspace(tuple(stacks), tuple(diagnostics), tuple(unreadable), is_complete=not unreadable)


def unread_stacks(workspace: Workspace, folder: StackFolder) -> list[Stack]:
    """The stacks of a folder whose files cannot be read, each with nothing but its name and file."""
    return [Stack(name, str(folder.file_of(name))) for name in workspace.unreadable]


def files_of(stacks: Iterable[Stack]) -> frozenset[str]:
    """The files that declare stacks: their own and those with their defaults."""
    return frozenset(file for stack in stacks for file in (stack.file, *(each.file for each in stack.documents)))


def concerning(diagnostics: Iterable[Diagnostic], stacks: Iterable[Stack]) -> list[Diagnostic]:
    """The diagnostics with a location in a file of one of the stacks, which is their first one then."""
    stacks = list(stacks)
    own, files = {stack.file for stack in stacks}, files_of(stacks)
    return [
        led_by(diagnostic, own)
        for diagnostic in diagnostics
        if any(location.file in files for location in diagnostic.where)
    ]
