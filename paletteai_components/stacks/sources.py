"""What is written of a declaration: where in its files, and whether at all.

A declaration has paths such as ``("tenant", "name")``. In a file its keys stand below `config`, with the project's
namespace or without, and a default of the project file below `default` or `value` in addition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.pulumi_yaml.document import Document, Path, items_of
from paletteai_components.stacks.configuration import NAMESPACE


@dataclass(frozen=True, slots=True)
class Sources:
    """What the files of a declaration say.

    Fields:
        documents: its files; the first one that has a key counts.
        name: what is shown for a declaration that comes from no file.
    """

    documents: tuple[Document, ...] = ()
    name: str = ""

    def found(self, path: Path) -> tuple[Document, Path] | None:
        """The file in which a path is looked for, and the path in there; None where no file has its first key."""
        for document in self.documents:
            config = document.value.get("config")
            for key in (f"{NAMESPACE}:{path[0]}", path[0]) if path and isinstance(config, dict) else ():
                if key in config:
                    return document, ("config", key, *_inside(config[key], path[1:]))
        return None

    def location(self, path: Path) -> SourceLocation:
        """Where the value at a path stands, or the nearest thing around it that is written."""
        if found := self.found(path):
            return found[0].location(found[1])
        return (
            self.documents[0].location(("config",))
            if self.documents
            else SourceLocation(self.name or "stack configuration")
        )

    def locations(self, path: Path) -> Iterator[SourceLocation]:
        """Where the value at a path stands, and everything in it; nothing where it is not written."""
        if found := self.found(path):
            yield from _locations(*found, _value(*found))

    def is_plain(self, path: Path) -> bool:
        """Whether the value at a path is written without quotes."""
        found = self.found(path)
        return found is not None and found[0].source(found[1]) is not None


def _inside(value: Any, path: Path) -> Path:
    for wrapper in ("default", "value"):
        if isinstance(value, dict) and wrapper in value and path and path[0] not in value:
            return (wrapper, *path)
    return path


def _value(document: Document, path: Path) -> Any:
    value = document.value
    for step in path:
        value = dict(items_of(value)).get(step)
    return value


def _locations(document: Document, path: Path, value: Any) -> Iterator[SourceLocation]:
    if value is None:
        return
    yield document.location(path)
    for step, inner in items_of(value):
        yield from _locations(document, (*path, step), inner)
