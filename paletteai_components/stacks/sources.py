"""Sources: where the values of a declaration are in its files.

A declaration has paths such as ``("tenant", "name")``. In a file, its keys are under `config`, with a namespace or, in
a Pulumi project that is named like it, without one. A default in the project file is also under `default` or `value`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from paletteai_components.diagnostics import SourceLocation
from paletteai_components.pulumi_yaml.document import Document, Path, items_of
from paletteai_components.stacks.configuration import NAMESPACE, is_own, qualified


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a declaration."""

    documents: tuple[Document, ...] = ()
    """The files. The first one that has a key counts."""
    name: str = ""
    """The name to show for a declaration without a file."""
    project: str = NAMESPACE
    """The name of the Pulumi project, which is the namespace of plain keys."""
    stack: str = ""
    """The stack's name."""
    misspelt: Mapping[str, str] = field(default_factory=dict)
    """The keys with namespaces that were read as another one, by the name of that one."""

    @property
    def prefix(self) -> str:
        """What messages write before the name of a key: the namespace. Nothing for the inputs of a component."""
        return f"{NAMESPACE}:"

    def found(self, path: Path) -> tuple[Document, Path] | None:
        """The file that has the first key of a path, and the path in that file. None if no file has the key."""
        for document in self.documents:
            config = document.value.get("config")
            for key in self._keys(path[0]) if path and isinstance(config, dict) else ():
                if key in config:
                    return document, ("config", key, *_wrapped_path(config[key], path[1:]))
        return None

    def _keys(self, name: str | int) -> Iterator[str]:
        """The keys of a file that are, or were read as, the key with a name."""
        for key in filter(None, (f"{NAMESPACE}:{name}", self.misspelt.get(str(name)))):
            yield key
            if is_own(key, self.project):
                yield key.removeprefix(f"{self.project}:")

    def key_location(self, key: str) -> SourceLocation:
        """The location of a key with its namespace; of `config`, if no file has it."""
        for document in self.documents:
            config = document.value.get("config")
            for written in config if isinstance(config, dict) else ():
                if qualified(written, self.project) == key:
                    return document.location(("config", written))
        return self.location(())

    def location(self, path: Path) -> SourceLocation:
        """The location of the value at a path, or of its nearest ancestor."""
        if found := self.found(path):
            return found[0].location(found[1])
        return (
            self.documents[0].location(("config",))
            if self.documents
            else SourceLocation(self.name or "stack configuration")
        )

    def locations(self, path: Path) -> Iterator[SourceLocation]:
        """The locations of the value at a path and of everything in it. None of them if it is not set."""
        if found := self.found(path):
            yield from _locations_below(*found, _value_at(*found))

    def is_plain(self, path: Path) -> bool:
        """Whether the value at a path is a scalar without quotes."""
        found = self.found(path)
        return found is not None and found[0].source(found[1]) is not None


def _wrapped_path(value: Any, path: Path) -> Path:
    for wrapper in ("default", "value"):
        if isinstance(value, dict) and wrapper in value and path and path[0] not in value:
            return (wrapper, *path)
    return path


def _value_at(document: Document, path: Path) -> Any:
    value = document.value
    for step in path:
        value = dict(items_of(value)).get(step)
    return value


def _locations_below(document: Document, path: Path, value: Any) -> Iterator[SourceLocation]:
    if value is None:
        return
    yield document.location(path)
    for step, inner in items_of(value):
        yield from _locations_below(document, (*path, step), inner)
