"""The workspace: all stacks of a folder at once, which no single Pulumi program can see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.diagnostics import Diagnostic, SourceLocation, StackFileError, escaped
from paletteai_components.pulumi_yaml.document import Document
from paletteai_components.stacks.files import (
    PROJECT_FILE,
    Outcome,
    beside_each_other,
    outcome_of,
    stack_files,
    stack_name_of,
)
from paletteai_components.stacks.stack import Stack, defaults_from_file, stack_from_document

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
    """The cluster's own schemas, if they were read."""
    cluster: Cluster | None = None
    """The objects in the cluster, if they were read."""

    def stack_named(self, name: str) -> Stack | None:
        """The stack with a name, or None."""
        return next((stack for stack in self.stacks if stack.name == name), None)

    @property
    def planned(self) -> Iterator[tuple[Stack, Plan]]:
        """The stacks that declare a tenant, each with its plan."""
        yield from ((stack, stack.plan) for stack in self.stacks if stack.plan is not None)


def workspace_from(folder: Path, reading: Iterable[tuple[Path, Outcome]] | None = None) -> Workspace:
    """The workspace of the stack files in a folder, with the defaults of the project file above it.

    Args:
        folder: The folder.
        reading: The stack files with their outcomes, if the caller reads them.

    Returns:
        The workspace.

    Raises:
        StackFileError: The folder does not exist, or it or the project file cannot be read.
    """
    beside = beside_each_other(folder)
    if not folder.is_dir():
        fact = f"there is no folder `{escaped(str(folder))}`, so there is no stack to check."
        raise StackFileError(
            [Diagnostic("PAI012", fact, "Name the folder with `--stacks`.", (SourceLocation(str(folder)),))]
        )
    defaults = _defaults_of(folder)
    stacks: list[Stack] = []
    diagnostics: list[Diagnostic] = [diagnostic for path in beside for diagnostic in misnamed(path)]
    unreadable: list[str] = []
    if reading is None:
        reading = ((path, outcome_of(path)) for path in stack_files(folder))
    for path, outcome in reading:
        if isinstance(outcome, Document):
            stacks.append(stack_from_document(outcome, defaults))
        else:
            diagnostics.extend(outcome)
            unreadable.append(stack_name_of(path.name) or path.stem)
    return Workspace(tuple(stacks), tuple(diagnostics), tuple(unreadable))


def concerning(diagnostics: Iterable[Diagnostic], stacks: Iterable[Stack]) -> list[Diagnostic]:
    """The diagnostics with a location in a file of one of the stacks."""
    files = {file for stack in stacks for file in (stack.file, *(document.file for document in stack.documents))}
    return [diagnostic for diagnostic in diagnostics if any(location.file in files for location in diagnostic.where)]


def _defaults_of(folder: Path) -> Document | None:
    path = folder.parent / PROJECT_FILE
    return defaults_from_file(path) if path.exists() else None


def misnamed(path: Path) -> Iterable[Diagnostic]:
    """The diagnostic of a file that has almost the name of a stack file, if it is one."""
    if path.suffix in {".yml", ".json", ".yaml"} and path.name != PROJECT_FILE and stack_name_of(path.name) is None:
        yield Diagnostic(
            "PAI014",
            "the file looks like a stack file, but Pulumi reads only `Pulumi.<stack>.yaml`; it would be ignored.",
            "Rename it, or move it out of the folder.",
            (SourceLocation(str(path)),),
        )
