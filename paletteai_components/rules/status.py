"""Rules about what PaletteAI itself says of its objects, in their `status`. They need objects that were observed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from paletteai_components.diagnostics import Diagnostic, Severity
from paletteai_components.kube.field_path import FieldPath
from paletteai_components.kube.palette_api import API_GROUP
from paletteai_components.listing import listed
from paletteai_components.model.plan import PlannedProject
from paletteai_components.model.planned import PlannedSettings, PlannedTenant
from paletteai_components.observation.objects import ObservedObject, text_at
from paletteai_components.observation.stack import ObservedStack
from paletteai_components.redaction import named, redacted
from paletteai_components.rules.rule import Origin, Scope, rule
from paletteai_components.stacks.workspace import Workspace

_MAX_LOCATIONS = 10
_CONDITIONS = FieldPath(("status", "conditions"))
_EFFECTIVE = FieldPath(("status", "effectiveSettings"))
_DELETED = FieldPath(("metadata", "deletionTimestamp"))
_TYPE, _STATUS, _REASON, _MESSAGE = (FieldPath((name,)) for name in ("type", "status", "reason", "message"))
# A reference to Settings, in the form that it has on a Tenant and on a Project.
_REFERENCE = _EFFECTIVE / "settingsRef" / "name"
_REFERENCE_NAMESPACE = _EFFECTIVE / "settingsRef" / "namespace"


class _Unready(NamedTuple):
    """What a condition `Ready` says that is not true."""

    kind: str
    status: str
    reason: str
    message: str


@rule(
    "PAI022",
    "PaletteAI says that its objects are ready",
    Scope.LIVE,
    origins={
        Origin.KUBERNETES: "The conditions of an object are in `status.conditions`, each with a `type`, and a `status` "
        "that is `True`, `False` or `Unknown`.\n`Ready` is the usual type for whether an object can be used.",
    },
)
def object_is_ready(workspace: Workspace) -> Iterator[Diagnostic]:
    """PaletteAI's controllers say in `status.conditions` whether they could do what an object asks for.

    A Tenant, Project or Settings with a condition of type `Ready` whose status is `False` is an error.
    With any other status than `True`, it is a warning: the controller does not know yet.
    The message repeats the condition's reason, and what else it says.
    Objects that say the same are one problem.

    The types of PaletteAI's conditions are not documented, so those of other types are ignored.
    An object that is being deleted is not reported.

    Mend what the reason names.
    If nothing is wrong with the object, read the logs of PaletteAI's controllers.
    """
    found: dict[_Unready, list[ObservedObject]] = defaultdict(list)
    for each in _objects(workspace):
        if not _has_status(each):
            continue
        if each.group == API_GROUP and not _DELETED.is_in(each.manifest) and (unready := _unready(each)) is not None:
            found[unready].append(each)
    for unready, objects in found.items():
        names = listed((f"`{named(_name(each))}`" for each in objects), 5)
        are = "is" if len(objects) == 1 else "are"
        says = f"its condition `Ready` is `{named(unready.status)}`"
        if unready.reason:
            says += f", with the reason `{named(unready.reason)}`"
        if unready.message:
            says += f": `{_quoted(unready.message)}`"
        yield Diagnostic(
            "PAI022",
            f"{unready.kind} {names} {are} not ready: {says}.",
            "Mend what it names. If nothing is wrong with the object, read the logs of PaletteAI's controllers.",
            tuple(each.field_location(_CONDITIONS) for each in objects[:_MAX_LOCATIONS]),
            Severity.ERROR if unready.status == "False" else Severity.WARNING,
        )


@rule(
    "PAI023",
    "PaletteAI gives a Project the Settings that its declarations resolve to",
    Scope.LIVE,
    Severity.WARNING,
    origins={
        Origin.BELIEF: "`status.effectiveSettings` says what a Project gets.\nIts form is not documented: a reference "
        "is read where it has the form that it has on a Settings, a Tenant or a Project.",
    },
)
def effective_settings_agree(workspace: Workspace) -> Iterator[Diagnostic]:
    """PaletteAI says in `status.effectiveSettings` of a Project what the Project gets.

    This package says it, too: it follows the references of the Project and its Tenant.
    If the two differ, then a Project gets another credential than its declarations say, or this package resolves
    Settings in another way than the PaletteAI on this cluster.

    Two forms are known: the Secret of an integration where a Settings has it, and a `settingsRef` with a `name`.
    Anything else in `status.effectiveSettings` is ignored.

    PaletteAI may not have looked at the Project yet, so check again.
    PaletteAI before 1.1 does not merge Settings: then use `--no-merged-settings`.
    """
    for stack, plan in workspace.planned:
        if not isinstance(stack, ObservedStack):
            continue
        effective = FieldPath((*_EFFECTIVE.steps, *stack.api.path("settings.palette").steps[1:]))
        for project in plan.projects:
            each = stack.objects_by_path.get(project.path)
            if each is None or not _has_status(each):
                continue
            secret = text_at(each.manifest, effective)
            differs = _other_secret(project, secret) or _other_settings(each, project, plan.tenant)
            if differs:
                yield Diagnostic(
                    "PAI023",
                    f"PaletteAI gives project `{named(project.name)}` {differs}.",
                    "Check again when PaletteAI has seen the latest change. If it is older than 1.1, use "
                    "`--no-merged-settings`.",
                    (each.field_location(_EFFECTIVE),),
                    Severity.WARNING,
                )


def _objects(workspace: Workspace) -> Iterator[ObservedObject]:
    """The observed objects, each once."""
    seen: set[int] = set()
    for stack in workspace.stacks:
        if isinstance(stack, ObservedStack):
            for each in stack.objects_by_path.values():
                if id(each) not in seen:
                    seen.add(id(each))
                    yield each


def _has_status(each: ObservedObject) -> bool:
    # A manifest in a repository hardly ever has one.
    return "status" in each.manifest


def _unready(each: ObservedObject) -> _Unready | None:
    conditions = _CONDITIONS.read(each.manifest)
    for condition in conditions if isinstance(conditions, list) else ():
        status = text_at(condition, _STATUS)
        if text_at(condition, _TYPE) == "Ready" and status not in (None, "True"):
            reason, message = (text_at(condition, path) or "" for path in (_REASON, _MESSAGE))
            return _Unready(each.kind, str(status), reason, message)
    return None


def _name(each: ObservedObject) -> str:
    return f"{each.namespace}/{each.name}" if each.kind == "Settings" else each.name


def _quoted(text: str) -> str:
    """A text of somebody else's, for a place between backticks in a sentence."""
    return redacted(" ".join(text.replace("`", "'").split()))


def _other_secret(project: PlannedProject, secret: str | None) -> str:
    """Which other Secret than ours PaletteAI gives a Project, in words. Empty if it is ours, or not known."""
    settings = project.effective_settings
    if secret is None or (settings is not None and not settings.managed):
        return ""
    ours = settings.palette_secret if settings else None
    if ours is None:
        return f"the Palette credential in Secret `{named(secret)}`, but its declarations give it none"
    if ours.name == secret:
        return ""
    return (
        f"the Palette credential in Secret `{named(secret)}`, but its declarations give it that in Secret "
        f"`{named(ours.name)}` of Settings `{named(str(settings))}`"
    )


def _other_settings(each: ObservedObject, project: PlannedProject, tenant: PlannedTenant) -> str:
    """Which other Settings than ours PaletteAI gives a Project, in words. Empty if they are ours, or not known."""
    name = text_at(each.manifest, _REFERENCE)
    namespace = text_at(each.manifest, _REFERENCE_NAMESPACE)
    chosen = project.own or tenant.settings_named(project.spec.settings_ref) or tenant.default
    # Where Settings are merged, either may be named.
    ours = [settings for settings in (project.effective_settings, chosen) if settings is not None]
    if name is None or any(_is(settings, name, namespace) for settings in ours):
        return ""
    theirs = named(f"{namespace}/{name}" if namespace else name)
    if not ours:
        return f"Settings `{theirs}`, but its declarations give it none"
    return f"Settings `{theirs}`, but its declarations give it Settings `{named(str(ours[0]))}`"


def _is(settings: PlannedSettings, name: str, namespace: str | None) -> bool:
    return settings.name == name and namespace in (None, settings.namespace)
