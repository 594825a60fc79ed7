"""The Pulumi project: where its stack files are, what they are called, and what its own file adds to each stack.

Everything here is as Pulumi's workspace package does it (3.259): the name gives plain keys their namespace, a default
belongs to a key of the project's own namespace and a value to any other, and a wrong entry refuses every stack.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from paletteai_components.diagnostics import Diagnostic, SourceLocation
from paletteai_components.encryption import ciphertext_of
from paletteai_components.pulumi_yaml.document import Document
from paletteai_components.redaction import named
from paletteai_components.stacks.configuration import NAMESPACE, is_own, qualified

# The names of a project file. Pulumi takes the first one that a folder has.
PROJECT_FILES = ("Pulumi.json", "Pulumi.yaml", "Pulumi.yml")
_ATTRIBUTES = ("type", "items", "description", "secret", "default", "value")
_TYPES = ("string", "integer", "boolean", "array", "object")
_FRACTION = re.compile(r"[.eE]")
_INTEGER = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """A key under `config` of a project file."""

    key: str
    """The key as written."""
    qualified: str
    """The key with its namespace."""
    own: bool
    """Whether its namespace is the project's. Only such a key can have a type, or be required."""
    value: Any = None
    """The value of a stack that does not set the key. None if there is none, so the stack has to set an own key."""
    type: str | None = None
    """The type that a stack's value must have, or None for any."""
    items: Any = None
    """The type of the items of an array."""
    is_secret: bool = False
    """Whether a stack's value must be encrypted. Pulumi looks at it only if there is a type."""


@dataclass(frozen=True)
class PulumiProject:
    """A Pulumi project, as its file declares it."""

    file: Path
    """Its file, as the user would type it."""
    document: Document
    """The content of the file."""

    @property
    def folder(self) -> Path:
        """Its folder, where Pulumi runs."""
        return self.file.parent

    @property
    def extension(self) -> str:
        """The extension of its stack files, for example ``.yaml``: the one of its own file."""
        return self.file.suffix

    @cached_property
    def name(self) -> str:
        """Its name, which is the namespace of plain keys. Without one Pulumi refuses it, and ours is assumed."""
        name = self.document.value.get("name")
        return name if isinstance(name, str) and name else NAMESPACE

    @cached_property
    def stack_folder(self) -> Path:
        """The folder of its stack files: its `stackConfigDir`, else its own folder."""
        return Path(os.path.normpath(os.path.join(self.folder, self._declared_folder.lstrip("/"))))

    @property
    def _declared_folder(self) -> str:
        # The older form of `stackConfigDir` is `config`, as text.
        for key in ("stackConfigDir", "config"):
            declared = self.document.value.get(key)
            if _is_path(declared):
                return str(declared)
        return ""

    @property
    def folder_location(self) -> SourceLocation:
        """Where the file says what the folder of its stack files is."""
        key = next((key for key in ("stackConfigDir", "config") if _is_path(self.document.value.get(key))), None)
        return self.document.location((key,)) if key else SourceLocation(str(self.file))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The keys under `config` that can be understood."""
        config = self.document.value.get("config")
        if not isinstance(config, dict):
            return ()
        return tuple(entry for key in config if (entry := self._entry(key, config[key])))

    def _entry(self, key: str, written: Any) -> Entry | None:
        own = is_own(key, self.name)
        if _is_path_of_ours(key, self.name):
            return None
        if not isinstance(written, dict):
            return Entry(key, qualified(key, self.name), own, written)
        if not written.keys() <= set(_ATTRIBUTES):
            return None
        value = written.get("default")
        return Entry(
            key,
            qualified(key, self.name),
            own,
            written.get("value") if value is None else value,
            written.get("type"),
            written.get("items"),
            written.get("secret") is True,
        )

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The values of a stack that does not set them, by their keys with namespaces."""
        return {entry.qualified: entry.value for entry in self.entries if entry.value is not None}

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Why Pulumi refuses the project, and with it every stack (PAI012)."""
        return tuple(self._diagnostics())

    def _diagnostics(self) -> Iterator[Diagnostic]:
        value = self.document.value
        name, config = value.get("name"), value.get("config")
        if not isinstance(name, str) or not name:
            yield self._refused(("name",), "the project has no `name`", "Add `name`, for example `name: paletteai`.")
        if value.get("stackConfigDir") is not None and not _is_path(value["stackConfigDir"]):
            yield self._refused(("stackConfigDir",), "`stackConfigDir` is no path", "Set it to the path of a folder.")
        if isinstance(config, str) and "stackConfigDir" in value:
            fact = "the folder of the stack files is set twice, as `config` and as `stackConfigDir`"
            yield self._refused(("config",), fact, "Keep `stackConfigDir`.")
        if not isinstance(config, dict | str | None):
            yield self._refused(("config",), "`config` is not a mapping", "Write one key on each line below `config:`.")
        for key in ("description", "author", "website", "license", "main"):
            if not isinstance(value.get(key), str | None):
                yield self._refused((key,), f"`{key}` is not text", "Make it text.")
        if not isinstance(value.get("runtime", ""), str | dict):
            yield self._refused(("runtime",), "`runtime` is not text", "Write `runtime: python`.")
        if isinstance(config, dict):
            for key, written in config.items():
                if _is_path_of_ours(key, self.name):
                    fact = (
                        f"`{named(key)}` is a path into another value, which Pulumi merges and this package does not."
                    )
                    where = (self.document.location(("config", key)),)
                    yield Diagnostic("PAI012", fact, "Write the complete value under its first name.", where)
                elif problem := _entry_problem(key, written, self.document.source(("config", key)), self.name):
                    yield self._refused(("config", key), *problem)

    def _refused(self, path: tuple[str, ...], fact: str, remedy: str) -> Diagnostic:
        where = (self.document.location(path),)
        return Diagnostic("PAI012", f"{fact}, so Pulumi refuses every stack of the project.", remedy, where)

    def stack_diagnostics(self, config: Mapping[str, Any], stack: Document) -> Iterator[Diagnostic]:
        """Why Pulumi refuses a stack for what the project declares (PAI012).

        Args:
            config: The stack's own configuration, by keys with namespaces.
            stack: The stack's file, for the lines.
        """
        for entry in self.entries:
            value, is_set = config.get(entry.qualified, entry.value), entry.qualified in config
            shown = named(entry.qualified)
            if not is_set and _holds_ciphertext(value):
                fact = f"the default of `{shown}` is encrypted, and Pulumi fails to open it, so it refuses the stack."
                remedy = (
                    f"Delete it from {self.file.name}, and encrypt the value in each stack: each has a key of its own."
                )
                yield Diagnostic("PAI012", fact, remedy, (self._location(entry),))
                continue
            if not entry.own:
                continue
            if not is_set and value is None:
                # A missing tenant is found in any case.
                if entry.qualified != f"{NAMESPACE}:tenant":
                    fact = f"the stack does not set `{shown}`, which the project requires, so Pulumi refuses it."
                    remedy = f"Set it under `config:`, or give it a `default` in {self.file.name}."
                    yield Diagnostic("PAI012", fact, remedy, (stack.location(("config",)), self._location(entry)))
            elif entry.type not in _TYPES:
                continue
            elif entry.is_secret and not _holds_ciphertext(value):
                fact = f"`{shown}` is not encrypted, which the project demands, so Pulumi refuses the stack."
                remedy = f"Delete `secret: true` in {self.file.name}, or encrypt the value."
                yield Diagnostic("PAI012", fact, remedy, self._locations(entry, stack, is_set))
            elif not _fits(entry.type, entry.items, _passed(value)):
                fact = f"`{shown}` is not of the type `{entry.type}` that the project declares, so Pulumi refuses it."
                remedy = f"Correct the value, or the type in {self.file.name}."
                yield Diagnostic("PAI012", fact, remedy, self._locations(entry, stack, is_set))

    def _location(self, entry: Entry) -> SourceLocation:
        return self.document.location(("config", entry.key))

    def _locations(self, entry: Entry, stack: Document, is_set: bool) -> tuple[SourceLocation, ...]:
        """Where a stack sets a key, if it does, and where the project declares it."""
        if not is_set:
            return (self._location(entry),)
        written = next(key for key in stack.value["config"] if qualified(key, self.name) == entry.qualified)
        return stack.location(("config", written)), self._location(entry)


def _is_path_of_ours(key: str, project: str) -> bool:
    """Whether Pulumi takes a key of the project file for the path of a value in one of this package's."""
    return qualified(key, project).startswith(f"{NAMESPACE}:") and any(mark in key for mark in '.["')


def project_file_in(folder: Path) -> Path | None:
    """The project file in a folder, or None."""
    paths = (folder / name for name in PROJECT_FILES)
    return next((path for path in paths if os.path.exists(path) and not os.path.isdir(path)), None)


def _is_path(value: Any) -> bool:
    try:
        return isinstance(value, str) and b"\0" not in os.fsencode(value)
    except UnicodeEncodeError:
        return False


def _entry_problem(key: str, written: Any, source: str | None, project: str) -> tuple[str, str] | None:
    """Why Pulumi refuses a key under `config` of a project file, with the remedy; or None."""
    shown, own = named(key), is_own(key, project)
    if not isinstance(written, dict):
        if written is None or isinstance(written, float) or _becomes_another_type(written, source):
            return f"`{shown}` is neither text, an integer, a boolean, a list nor a mapping", "Write it in quotes."
        return None
    unknown = sorted(written.keys() - set(_ATTRIBUTES))
    if unknown:
        inside = "default" if own else "value"
        fact = f"`{shown}` has `{named(unknown[0])}`, which is no attribute of a key"
        return fact, f"Indent the value under `{inside}:`."
    items = written.get("items")
    for attribute, is_right in (
        ("secret", isinstance(written.get("secret", False), bool)),
        ("description", isinstance(written.get("description", ""), str)),
        ("items", "items" not in written or _is_type(items)),
    ):
        if not is_right:
            return f"`{attribute}` of `{shown}` is not of its type", f"Correct or delete `{attribute}`."
    default, value, kind = (written.get(each) for each in ("default", "value", "type"))
    if default is not None and value is not None:
        return f"`{shown}` has both `default` and `value`", "Keep one of them."
    if not own:
        if "type" in written:
            fact = f"`{shown}` has a `type`, and its namespace is not the project's name, `{named(project)}`"
            return fact, "Delete `type`." if value is not None else "Delete the key, or give it a `value`."
        if default is not None:
            fact = f"`{shown}` has a `default`, and its namespace is not the project's name, `{named(project)}`"
            return fact, "Rename `default` to `value`."
        return (f"`{shown}` has no `value`", "Delete the key, or give it a `value`.") if value is None else None
    if "type" in written and kind not in _TYPES:
        return f"`{shown}` has an unknown `type`", f"Use one of {', '.join(_TYPES)}."
    if kind == "array" and items is None:
        return (
            f"`{shown}` is an array without `items`",
            "Add the type of its items, for example `items: {type: string}`.",
        )
    if kind is not None and default is not None and not _fits(kind, items, default):
        return f"the default of `{shown}` is not of its type, `{kind}`", "Correct the default, or the type."
    return None


def _becomes_another_type(value: Any, source: str | None) -> bool:
    """Whether a scalar without quotes is a fraction or a date to Pulumi, of which the value shows nothing."""
    if source is None or isinstance(value, bool):
        return False
    if isinstance(value, str):
        return value != source
    return (
        isinstance(value, int)
        and not source.lower().startswith(("0x", "-0x", "+0x"))
        and bool(_FRACTION.search(source))
    )


def _is_type(items: Any) -> bool:
    """Whether the type of an array's items is one."""
    if not isinstance(items, dict) or items.get("type") not in _TYPES:
        return False
    return _is_type(items["items"]) if "items" in items else items["type"] != "array"


def _holds_ciphertext(value: Any) -> bool:
    if ciphertext_of(value) is not None:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(map(_holds_ciphertext, inner))


def _passed(value: Any) -> Any:
    """A stack's value as Pulumi compares it with a type: every scalar is text."""
    if isinstance(value, dict | list | str):
        return value
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _fits(kind: Any, items: Any, value: Any) -> bool:
    if ciphertext_of(value) is not None:
        # What it opens to is text.
        return kind not in {"object", "array"}
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            if isinstance(value, str):
                return _INTEGER.fullmatch(value) is not None
            return isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)
        case "boolean":
            return isinstance(value, bool) or value in ("true", "false")
        case "object":
            return isinstance(value, dict)
        case _:
            inner = items if isinstance(items, dict) else {}
            return isinstance(value, list) and all(_fits(inner.get("type"), inner.get("items"), each) for each in value)
