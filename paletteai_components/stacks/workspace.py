"""The workspace: all stacks of a folder at once, which no single Pulumi program can see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, escaped
from paletteai_components.pulumi_yaml.document import Document
from paletteai_components.stacks.files import Outcome, names_in, outcome_of
from paletteai_components.stacks.folder import StackFolder
from paletteai_components.stacks.stack import Stack, stack_from_document

if TYPE_CHECKING:
    from paletteai_components.kube.cluster import Cluster
    from paletteai_components.kube.crds import Crds


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
    """The cluster's own schemas, if they were read."""
    cluster: Cluster | None = None
    """The objects in the cluster, if they were read."""

    def stack_named(self, name: str) -> Stack | None:
        """The stack with a name, or None."""
        return next((stack for stack in self.stacks if stack.name == name), None)


def workspace_from(folder: StackFolder, reading: Iterable[tuple[Path, Outcome]] | None = None) -> Workspace:
    """The workspace of the stack files in a folder, with the defaults of the Pulumi project that reads them.

    Args:
        folder: The folder.
        reading: The stack files with their outcomes, if the caller reads them.

    Returns:
        The workspace.

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
        reading = ((path, outcome_of(path)) for path in folder.files())
    for path, outcome in reading:
        if isinstance(outcome, Document):
            stacks.append(stack_from_document(outcome, project))
        else:
            diagnostics.extend(outcome)
            unreadable.append(folder.stack_of(path.name) or path.stem)
    return Workspace(tuple(stacks), tuple(diagnostics), tuple(unreadable))


def concerning(diagnostics: Iterable[Diagnostic], stacks: Iterable[Stack]) -> list[Diagnostic]:
    """The diagnostics with a location in a file of one of the stacks."""
    files = {file for stack in stacks for file in (stack.file, *(document.file for document in stack.documents))}
    return [diagnostic for diagnostic in diagnostics if any(location.file in files for location in diagnostic.where)]
