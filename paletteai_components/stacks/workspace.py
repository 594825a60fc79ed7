"""The fleet: every stack at once, which is what a single Pulumi program cannot see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paletteai_components.diagnostics import Place, Problem, StackFileError, escaped
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


@dataclass(frozen=True, slots=True)
class Fleet:
    """Stacks that are judged together.

    Fields:
        stacks: those that could be read.
        problems: why others could not.
        unreadable: the names of those others.
        crds: the cluster's own schemas, where they were handed over.
        cluster: what it holds, where it was asked.
    """

    stacks: tuple[Stack, ...] = ()
    problems: tuple[Problem, ...] = ()
    unreadable: tuple[str, ...] = ()
    crds: Crds | None = None
    cluster: Cluster | None = None

    def stack_named(self, name: str) -> Stack | None:
        """The stack of a name, or None."""
        return next((stack for stack in self.stacks if stack.name == name), None)


def fleet_from(folder: Path, reading: Iterable[tuple[Path, Outcome]] | None = None) -> Fleet:
    """The fleet whose stack files lie in a folder, with the defaults of the project file above it.

    `reading` gives what is in each of the files, where somebody reads them already.

    Raises StackFileError where there is no such folder, or it or the project file cannot be read.
    """
    beside = beside_each_other(folder)
    if not folder.is_dir():
        fact = f"there is no folder {escaped(str(folder))}, so there is no stack to judge."
        raise StackFileError([Problem("PAI012", fact, "Name the folder with `--stacks`.", (Place(str(folder)),))])
    defaults = _defaults_of(folder)
    stacks: list[Stack] = []
    problems: list[Problem] = [problem for path in beside for problem in misnamed(path)]
    unreadable: list[str] = []
    if reading is None:
        reading = ((path, outcome_of(path)) for path in stack_files(folder))
    for path, outcome in reading:
        if isinstance(outcome, Document):
            stacks.append(stack_from_document(outcome, defaults))
        else:
            problems.extend(outcome)
            unreadable.append(stack_name_of(path.name) or path.stem)
    return Fleet(tuple(stacks), tuple(problems), tuple(unreadable))


def concerning(problems: Iterable[Problem], stacks: Iterable[Stack]) -> list[Problem]:
    """The problems in which one of the stacks takes part."""
    files = {file for stack in stacks for file in (stack.file, *(document.file for document in stack.documents))}
    return [problem for problem in problems if any(place.file in files for place in problem.where)]


def _defaults_of(folder: Path) -> Document | None:
    path = folder.parent / PROJECT_FILE
    return defaults_from_file(path) if path.exists() else None


def misnamed(path: Path) -> Iterable[Problem]:
    """What is wrong with the name of a file that is no stack file, where it was meant to be one."""
    if path.suffix in {".yml", ".json", ".yaml"} and path.name != PROJECT_FILE and stack_name_of(path.name) is None:
        yield Problem(
            "PAI014",
            "the file looks like a stack file, but Pulumi reads only `Pulumi.<stack>.yaml`; it would be ignored.",
            "Rename it, or move it out of the folder.",
            (Place(str(path)),),
        )
