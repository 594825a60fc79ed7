"""A difference as sections, the most important first, for the terminal and for Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sized
from itertools import takewhile
from operator import attrgetter
from typing import Any, TypeVar

from paletteai_components.changes.difference import Difference, Presence, StackChange
from paletteai_components.changes.fields import CREDENTIALS, FieldChange, Redacted
from paletteai_components.changes.impact import IntegrationChange, KeyChange, Move, RemovalChange, SourceChange, Steps
from paletteai_components.changes.objects import Action, ObjectChange, RemovalEffect
from paletteai_components.cli.output.line import Line, Section, Untrusted, joined, listed
from paletteai_components.cli.output.report import plural
from paletteai_components.diagnostics import Diagnostic, errors_in

Change = TypeVar("Change")

_LONGEST = 80
_REMOVAL_EFFECTS = {
    RemovalEffect.REFUSED: "cannot be removed: `pulumi up` refuses until `onRemoval` is set and deployed",
    RemovalEffect.RETAINED: "stays on the cluster, no longer managed",
    RemovalEffect.DELETED: "is deleted",
    RemovalEffect.EMPTIED: "is deleted, with every workload in its namespace",
    RemovalEffect.LEFT: "stays on the cluster and in Pulumi's state, because no stack file is left to delete it",
}
_KEY_CHANGES = {
    KeyChange.ANOTHER: "different credential",
    KeyChange.ENCRYPTED_AGAIN: "same key, encrypted again",
    KeyChange.UNDECIDED: "new credential, or the same key encrypted again: undecided without fingerprints",
}
_PRESENCES = {
    Presence.APPEARS: "new stack file",
    Presence.GOES: "stack file deleted; to delete its objects too, run `pulumi destroy --stack STACK` first",
}
# Whether there was nothing before, and whether there is nothing after.
_CREDENTIAL_CHANGES = {
    (False, False): "different credential",
    (True, False): "now identifies its credential",
    (False, True): "no longer identifies its credential",
}
_HIDDEN_CHANGES = {
    (False, False): " changed (not shown: {why})",
    (True, False): " set (not shown: {why})",
    (False, True): " removed",
}


def verdict_of(difference: Difference) -> str:
    """The difference in one line, without any text from a file."""
    of = difference.objects_that_are
    errors = len(errors_in(difference.introduced))
    others = len(difference.introduced) - errors
    counts = [
        (errors, "error introduced", "errors introduced"),
        (others, "warning or note introduced", "warnings and notes introduced"),
        (len(difference.fixed), "problem fixed", "problems fixed"),
        (len(of(Action.DELETED)), "object deleted", "objects deleted"),
        (len(of(Action.REPLACED)), "replaced", "replaced"),
        (len(of(Action.HANDED_OVER)), "handed over", "handed over"),
        (len(difference.moves), "credential moved", "credentials moved"),
        (len(difference.integrations), "integration changed", "integrations changed"),
        (len(of(Action.CREATED)), "object created", "objects created"),
        (len(of(Action.CHANGED)), "object changed", "objects changed"),
        (len(difference.uncompared), "stack not compared", "stacks not compared"),
    ]
    texts = [f"{number:,} {one if number == 1 else many}" for number, one, many in counts if number]
    changes = ", ".join(texts) or ("no object changes" if not difference.is_empty else "no difference")
    unchanged = f"{plural(difference.unchanged, 'stack')} unchanged"
    errors_before = len(errors_in(difference.kept))
    kept = f"; {plural(errors_before, 'existing error')}" if errors_before else ""
    return f"{changes}; {unchanged}{kept}" if not difference.is_empty else f"no difference{kept}"


def sections_of(difference: Difference) -> list[Section]:
    """The sections of a difference, the most important first."""
    introduced, fixed, uncompared = difference.introduced, difference.fixed, difference.uncompared
    moves, integrations = difference.moves, difference.integrations
    sections = [
        Section(_title("Problems introduced", introduced), diagnostic_lines(introduced), "red"),
        Section(_title("Not compared", uncompared), _uncompared(uncompared), "red"),
        _objects(difference, Action.DELETED, "Deleted", "red"),
        _objects(difference, Action.REPLACED, "Replaced", "yellow"),
        _objects(difference, Action.HANDED_OVER, "Handed over to another stack", "yellow"),
        Section(_title("Credentials moved", moves), list(map(_move, moves)), "yellow"),
        Section(_title("Integrations", integrations), list(map(_integration, integrations))),
        *_stacks(difference),
        Section(_title("Problems fixed", fixed), diagnostic_lines(fixed), "green", folded=True),
    ]
    return [section for section in sections if section.lines]


def _title(text: str, items: Sized) -> Line:
    return (f"{text} ({len(items):,})",)


def diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> list[Line]:
    """Problems, one a line."""
    return [
        (
            f"{diagnostic.severity.value} {diagnostic.code} ",
            *((Untrusted(str(diagnostic.where[0])), ": ") if diagnostic.where else ()),
            Untrusted(diagnostic.message, sentence=True),
            *(part for location in diagnostic.where[1:4] for part in (" Also ", Untrusted(str(location)), ".")),
            " Help: ",
            Untrusted(diagnostic.help, sentence=True),
        )
        for diagnostic in diagnostics
    ]


def _uncompared(names: Iterable[str]) -> list[Line]:
    return [
        ("stack ", Untrusted(name), ": its file could not be read or parsed on one side, so it was not compared")
        for name in names
    ]


def _objects(difference: Difference, action: Action, title: str, colour: str) -> Section:
    changes = difference.objects_that_are(action)
    alike = _alike(
        changes,
        lambda each: (
            each.stack,
            each.removal_effect,
            each.former_stack,
            each.former_name,
            each.former_reference and each,
        ),
    )
    return Section(_title(title, changes), list(map(_object_line, alike)), colour)


def _object_line(changes: list[ObjectChange]) -> Line:
    first = changes[0]
    removal_effect = _REMOVAL_EFFECTS[first.removal_effect] if first.removal_effect else ""
    line: Line = ("stack ", Untrusted(first.stack), ": ", *listed(change.reference for change in changes))
    if first.former_reference:
        return (*line, " takes the place of ", Untrusted(first.former_reference), f", which {removal_effect}")
    if first.former_stack:
        return (
            *line,
            " moves from stack ",
            Untrusted(first.former_stack),
            f", which must be deployed first; there it {removal_effect}",
        )
    if first.former_name:
        return (
            *line,
            ": renamed in Pulumi from ",
            Untrusted(first.former_name),
            " to ",
            Untrusted(first.name),
            f"; the old one {removal_effect}",
        )
    return (*line, f": {removal_effect}")


def _move(move: Move) -> Line:
    line: Line = ("stack ", Untrusted(move.stack), ": the credential of integration ", Untrusted(move.integration))
    line += (" moves from Settings ", Untrusted(move.former_settings), " to Settings ", Untrusted(move.settings))
    if move.steps is Steps.STACKS:
        return (*line, "; deploy stack ", Untrusted(move.former_stack), " first")
    if move.steps is Steps.TWO:
        return (*line, "; this takes two deployments: first unbind it, then bind it again (PAI003)")
    return (*line, "; this takes one deployment, which deletes the old Settings and Secret first")


def _integration(change: IntegrationChange) -> Line:
    parts: list[Line] = [(_KEY_CHANGES[change.key],)] if change.key else []
    parts += map(field_line, change.fields)
    parts.append((f"used by {plural(len(change.projects), 'project')}",))
    if number := len(change.overriding):
        parts[-1] += (f", overridden by {number:,}",)
    line: Line = ("stack ", Untrusted(change.stack), ": integration ", Untrusted(change.integration))
    return (*line, " in Settings ", Untrusted(change.settings), ": ", *joined(parts))


def _stacks(difference: Difference) -> Iterator[Section]:
    kinds: tuple[Iterable[Any], ...] = (difference.stacks, difference.objects, difference.sources, difference.removals)
    parts = [{changes[0].stack: changes for changes in _alike(each, attrgetter("stack"))} for each in kinds]
    stacks, objects, sources, removals = parts
    for name in sorted({name for part in parts for name in part}):
        created = [each.reference for each in objects.get(name, ()) if each.action is Action.CREATED]
        differing = [each for each in objects.get(name, ()) if each.fields]
        lines: list[Line] = [line for each in stacks.get(name, ()) for line in _stack(each)]
        lines += [("creates ", *listed(created))] if created else []
        lines += _changed(differing)
        lines += source_lines(sources.get(name, ()))
        lines += removal_lines(removals.get(name, ()))
        changed = sum(each.action is Action.CHANGED for each in differing)
        counts = [f"{number:,} {what}" for number, what in ((len(created), "created"), (changed, "changed")) if number]
        if lines:
            yield Section(("Stack ", Untrusted(name), f": {', '.join(counts)}" if counts else ""), lines, folded=True)


def _stack(change: StackChange) -> Iterator[Line]:
    if change.presence is not Presence.STAYS:
        yield (_PRESENCES[change.presence],)
    yield from map(field_line, change.fields)


def _changed(changes: Iterable[ObjectChange]) -> Iterator[Line]:
    for alike in _alike(changes, lambda each: repr(each.fields)):
        yield ("changes ", *listed(each.reference for each in alike), ": ", *joined(map(field_line, alike[0].fields)))


def source_lines(changes: Iterable[SourceChange]) -> list[Line]:
    """The integration sources of Projects, now and before."""
    lines: list[Line] = []
    for alike in _alike(changes, lambda each: (each.before, each.after)):
        before, after = alike[0].before, Untrusted(alike[0].after, sentence=True)
        line: Line = ("project ", *listed(each.project for each in alike), ": ", after)
        lines.append(line if before is None else (*line, "; before: ", Untrusted(before, sentence=True)))
    return lines


def removal_lines(changes: Iterable[RemovalChange]) -> list[Line]:
    """The `onRemoval` of tenants and Projects, before and now."""
    return [
        (*listed(each.owner for each in alike), f": onRemoval {alike[0].before.value} → {alike[0].after.value}")
        for alike in _alike(changes, lambda each: (each.before, each.after))
    ]


def _alike(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[list[Change]]:
    """The changes grouped by a key, in order."""
    groups: dict[Hashable, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return list(groups.values())


def field_line(change: FieldChange) -> Line:
    """The value of a field before and after."""
    before, after = change.before, change.after
    if change.path in CREDENTIALS:
        return (_CREDENTIAL_CHANGES[before is Redacted.ABSENT, after is Redacted.ABSENT],)
    line: Line = (Untrusted(change.dotted),)
    if Redacted.HIDDEN in (before, after) or Redacted.KEYLIKE in (before, after):
        why = "the file has errors" if Redacted.HIDDEN in (before, after) else "it looks like a key"
        return (*line, _HIDDEN_CHANGES[before is Redacted.ABSENT, after is Redacted.ABSENT].format(why=why))
    if isinstance(before, list) and isinstance(after, list):
        added, removed = _missing(after, before), _missing(before, after)
        if not added and not removed:
            return (*line, " reordered, or with different duplicates")
        parts = [
            (*listed(map(_shortened, map(_json, each))), f" {what}")
            for each, what in ((added, "added"), (removed, "removed"))
            if each
        ]
        return (*line, ": ", *joined(parts))
    if before is Redacted.ABSENT:
        return (*line, " = ", Untrusted(_shortened(_json(after))))
    if after is Redacted.ABSENT:
        return (*line, " removed, was ", Untrusted(_shortened(_json(before))))
    old, new = _json(before), _json(after)
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    return (*line, ": ", Untrusted(_shortened(old, at)), " → ", Untrusted(_shortened(new, at)))


def _missing(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that are not among the others. Lists may be very long, and items are not hashable."""
    known = {json.dumps(each, sort_keys=True) for each in others}
    return [each for each in items if json.dumps(each, sort_keys=True) not in known]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str, at: int = 0) -> str:
    """A text short enough for a line, around a position in it."""
    start = max(0, at - _LONGEST // 2) if len(text) > _LONGEST else 0
    end = start + _LONGEST
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
