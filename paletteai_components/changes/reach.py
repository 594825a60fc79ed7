"""A reach: the stacks that a change reaches, and why.

A change reaches a stack if it alters what Pulumi gets of it, what runs it, or what the stack shares with another one.
Where that is in doubt, the change reaches it: a stack that is run needlessly changes nothing, and one that is left out
stays behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from paletteai_components.changes.difference import Difference, Presence
from paletteai_components.changes.history import History, Lack, Version
from paletteai_components.changes.objects import Action
from paletteai_components.diagnostics import Diagnostic, errors_in
from paletteai_components.listing import listed
from paletteai_components.pulumi_yaml.document import Document
from paletteai_components.redaction import named, redacted
from paletteai_components.stacks.configuration import qualified
from paletteai_components.stacks.pulumi_project import PulumiProject
from paletteai_components.stacks.stack import Stack
from paletteai_components.stacks.stack_file import configuration_of
from paletteai_components.stacks.workspace import Workspace, files_of

# What describes a project, and where its stack files are. Pulumi passes nothing of it on.
_DESCRIBING = frozenset({"config", "stackConfigDir", "description", "author", "website", "license", "template"})
_VALUES = frozenset({"default", "value", "description"})
_HAPPENS = {
    Action.CREATED: "created by",
    Action.CHANGED: "changed by",
    Action.DELETED: "no longer declared by",
    Action.REPLACED: "replaced by",
    Action.HANDED_OVER: "handed over to",
}
_LISTED = 3


class Cause(StrEnum):
    """Why a change reaches a stack."""

    NEW = "new"
    """Its file is new."""
    DECLARATION = "declaration"
    """Its file declares something else."""
    DEFAULTS = "defaults"
    """A default of the project that it uses is another."""
    PROGRAM = "program"
    """The program is another, or how Pulumi runs it. This reaches every stack."""
    MEANWHILE = "meanwhile"
    """It was declared otherwise between the revision and now, and may be deployed so."""
    PROBLEMS = "problems"
    """It had errors, so it may not be deployed as it was declared; or it has errors that it did not have."""
    RELATION = "relation"
    """An object that it uses changes in another stack."""
    UNKNOWN = "unknown"
    """What it was or is cannot be read."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a change reaches one stack."""

    cause: Cause
    text: str
    """The same in words, for example "its `paletteai:tenant` changed"."""


@dataclass(frozen=True, slots=True)
class Reach:
    """The stacks that a change reaches."""

    reached: Mapping[str, tuple[Reason, ...]]
    """Why it reaches each of them, by name."""
    removed: tuple[str, ...] = ()
    """The stacks whose files are gone. They are not among the others."""
    everywhere: tuple[Reason, ...] = ()
    """Why it reaches every stack, if it does."""


def reach_of(now: Workspace, difference: Difference, history: History) -> Reach:
    """The stacks that a change reaches.

    Args:
        now: The workspace.
        difference: How it differs from what it was at the revision.
        history: What its files were since then.
    """
    for_all = tuple(_for_all(now, history))
    reached: dict[str, list[Reason]] = {}
    projects = [*_projects(history)]
    for stack in now.stacks:
        if reasons := [*for_all, *_own(stack, difference, history, projects)]:
            reached[stack.name] = reasons
    for name in now.unreadable:
        reached[name] = [Reason(Cause.UNKNOWN, "its file cannot be read")]
    introduced = files_in(errors_in(difference.introduced))
    changed = dict(_changed_objects(now, difference, reached))
    for stack in now.stacks:
        if stack.name in reached:
            continue
        if not introduced.isdisjoint(files_of([stack])):
            reached[stack.name] = [Reason(Cause.PROBLEMS, "it has errors that it did not have")]
        elif changed and (used := next((each for each in _used_by(stack) if each in changed), None)):
            reached[stack.name] = [Reason(Cause.RELATION, f"it uses `{used[1]}`, {changed[used]}")]
    goes = (each.stack for each in difference.stacks if each.presence is Presence.GOES)
    removed = sorted({*goes, *history.gone} - reached.keys() - set(now.names))
    return Reach({name: tuple(reasons) for name, reasons in sorted(reached.items())}, tuple(removed), for_all)


def files_in(diagnostics: Iterable[Diagnostic]) -> frozenset[str]:
    """The files that diagnostics have locations in."""
    return frozenset(location.file for each in diagnostics for location in each.where)


def _for_all(now: Workspace, history: History) -> Iterator[Reason]:
    """Why a change reaches every stack."""
    if history.unknown is not None:
        yield Reason(Cause.UNKNOWN, history.unknown)
        return
    if history.program:
        files = listed((f"`{named(each)}`" for each in history.program), _LISTED)
        noun = "a part" if len(history.program) == 1 else "parts"
        yield Reason(Cause.PROGRAM, f"{files} changed, {noun} of the program")
    document = next((stack.documents[1] for stack in now.stacks if len(stack.documents) > 1), None)
    if document is None:
        return
    file = Path(document.file).name
    for version in history.project.every:
        if isinstance(version, Lack):
            lack = "was not there" if version is Lack.ABSENT else "could not be read"
            yield Reason(Cause.UNKNOWN, f"`{file}` {lack} at that revision or since then")
            return
    ours = _settings_of(document)
    keys = dict.fromkeys(
        key
        for version in history.project.every
        if isinstance(version, Document)
        for key in _differing(ours, _settings_of(version))
    )
    if keys:
        yield Reason(Cause.PROGRAM, f"{_keys(keys)} of `{file}` changed")


def _settings_of(document: Document) -> dict[str, Any]:
    """What a project file says of every stack, without the values of keys."""
    settings = {key: value for key, value in document.value.items() if key not in _DESCRIBING}
    settings["stackConfigDir"] = str(PulumiProject(Path(document.file), document).stack_folder)
    config = document.value.get("config")
    for key, entry in config.items() if isinstance(config, dict) else ():
        written = entry.items() if isinstance(entry, dict) else ()
        attributes = {name: value for name, value in written if name not in _VALUES}
        if attributes:
            settings[f"config.{key}"] = attributes
    return settings


def _projects(history: History) -> Iterator[tuple[PulumiProject, bool]]:
    """The project as it was, each version with whether it was so at the revision."""
    for version in history.project.every:
        if isinstance(version, Document):
            yield PulumiProject(Path(version.file), version), version is history.project.then


def _own(
    stack: Stack, difference: Difference, history: History, projects: list[tuple[PulumiProject, bool]]
) -> Iterator[Reason]:
    """Why a change reaches a stack, of what it is itself."""
    versions = history.files.get(stack.name)
    every = tuple(versions.every) if versions else ()
    if versions and versions.then is Lack.ABSENT:
        yield Reason(Cause.NEW, "its file is new")
        return
    if stack.name in difference.uncompared or Lack.UNREADABLE in every:
        yield Reason(Cause.UNKNOWN, "its file cannot be read completely, or could not be")
        return
    if Lack.ABSENT in every:
        yield Reason(Cause.MEANWHILE, "its file was gone in between")
    elif every or projects:
        yield from _declared_otherwise(stack, versions.then if versions else None, every, projects)
    if stack.name in difference.unsound:
        yield Reason(Cause.PROBLEMS, "it had errors, so it may not be deployed as it was declared")


def _declared_otherwise(
    stack: Stack, then: Version | None, files: tuple[Version, ...], projects: list[tuple[PulumiProject, bool]]
) -> Iterator[Reason]:
    """What Pulumi got of a stack with each version of its file and each of its project's."""
    document, *rest = stack.documents
    project = PulumiProject(Path(rest[0].file), rest[0]) if rest else None
    ours = _inputs(document, project)
    own, defaults, between = set[str](), set[str](), set[str]()
    # Where neither was another at the revision, its own content counts for then.
    file_is_the_same, project_is_the_same = then is None, not any(is_then for _, is_then in projects)
    for file, file_is_then in ((document, file_is_the_same), *((each, each is then) for each in files)):
        for its_project, project_is_then in ((project, project_is_the_same), *projects):
            if not isinstance(file, Document):
                continue
            keys = _differing(ours, _inputs(file, its_project))
            if not (file_is_then and project_is_then):
                between.update(keys)
                continue
            namespace = its_project.name if its_project else stack.pulumi_project
            written = {*_written(document, stack.pulumi_project), *_written(file, namespace)}
            own.update(key for key in keys if key in written)
            defaults.update(key for key in keys if key not in written)
    between -= own | defaults
    if own:
        yield Reason(Cause.DECLARATION, f"its {_keys(own)} changed")
    if defaults and project is not None:
        what = "the default" if len(defaults) == 1 else "the defaults"
        yield Reason(Cause.DEFAULTS, f"{what} of {_keys(defaults)} in `{project.file.name}` changed")
    if between:
        verb = "was" if len(between) == 1 else "were"
        yield Reason(Cause.MEANWHILE, f"its {_keys(between)} {verb} different in between")


def _inputs(document: Document, project: PulumiProject | None) -> dict[str, Any]:
    """What Pulumi gets of a stack, by the names of its keys."""
    beside = {key: value for key, value in document.value.items() if key != "config"}
    config = configuration_of(document, project)
    if not isinstance(document.value.get("config"), dict | None):
        config["config"] = document.value["config"]
    return {**beside, **config}


def _written(document: Document, namespace: str) -> Iterator[str]:
    """The names of the keys that a stack file itself sets."""
    for key, value in document.value.items():
        if key == "config" and isinstance(value, dict):
            yield from (qualified(each, namespace) for each in value)
        else:
            yield key


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The keys with different values. A mapping's order is not seen by Pulumi."""
    return sorted(
        key
        for key in one.keys() | other.keys()
        if key not in one or key not in other or (one[key] is not other[key] and _text(one[key]) != _text(other[key]))
    )


def _text(value: Any) -> str:
    # In Python, 1 equals True.
    return json.dumps(value, sort_keys=True)


def _keys(keys: Iterable[str]) -> str:
    return listed((f"`{named(key)}`" for key in sorted(keys)), _LISTED)


_Object = tuple[str, str]
"""A cluster, and an object in it as messages name it."""


def _changed_objects(
    now: Workspace, difference: Difference, reached: Mapping[str, list[Reason]]
) -> Iterator[tuple[_Object, str]]:
    """The objects that another stack may find changed, and what happens to them."""
    for change in difference.objects:
        for reference in {change.reference, change.former_reference or change.reference}:
            yield (change.cluster, reference), f"which is {_HAPPENS[change.action]} stack `{named(change.stack)}`"
    for stack in now.stacks:
        causes = {reason.cause for reason in reached.get(stack.name, ())}
        # All that is known of these is that they may have been different.
        if not causes.isdisjoint((Cause.MEANWHILE, Cause.UNKNOWN)):
            for each in stack.objects:
                yield (
                    (redacted(stack.cluster_name), named(each.reference)),
                    f"which stack `{named(stack.name)}` may change",
                )


def _used_by(stack: Stack) -> Iterator[_Object]:
    """The objects that a stack refers to, and those that hold its own, in the order of their names."""
    plan = stack.plan
    if plan is None:
        return
    settings = [*plan.tenant.settings, *(each.own for each in plan.projects if each.own)]
    used = {f"Tenant/{plan.tenant.name}", f"Namespace/{plan.tenant.namespace}"}
    used.update(f"Namespace/{each.namespace}" for each in plan.projects)
    used.update(f"Settings/{each}" for each in settings)
    used.update(f"Secret/{secret.namespace}/{secret.name}" for each in settings for secret in each.secrets)
    yield from ((redacted(stack.cluster_name), named(each)) for each in sorted(used))
