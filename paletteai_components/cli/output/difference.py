"""Sections: what a difference amounts to in words, the most important first, for any kind of page."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import takewhile
from typing import Any, TypeVar

from paletteai_components.changes.difference import Difference, Presence, StackChange
from paletteai_components.changes.fields import CREDENTIALS, FieldChange, Unsaid
from paletteai_components.changes.impact import IntegrationChange, KeyChange, Move, RemovalChange, SourceChange, Steps
from paletteai_components.changes.objects import Action, Fate, ObjectChange
from paletteai_components.cli.output.line import Foreign, Line, Section, joined, listed
from paletteai_components.cli.output.report import plural
from paletteai_components.diagnostics import Problem, Severity

Change = TypeVar("Change")

_LONGEST = 80
_FATES = {
    Fate.REFUSED: "`pulumi up` refuses until a first merge sets `onRemoval`",
    Fate.RETAINED: "stays on the cluster, and nothing manages it any more",
    Fate.DELETED: "is deleted",
    Fate.EMPTIED: "is deleted with every workload in its namespace",
    Fate.LEFT: "stays on the cluster and in Pulumi's state: the stack file goes, so nothing deletes it",
}
_KEYS = {
    KeyChange.ANOTHER: "another credential",
    KeyChange.ENCRYPTED_AGAIN: "the same key, encrypted again",
    KeyChange.UNDECIDED: "a new credential, or the same key encrypted again: no fingerprints tell",
}
_PRESENCES = {
    Presence.APPEARS: "the stack file is new",
    Presence.GOES: "the stack file goes; where its objects shall go too, run `pulumi destroy` first",
}
# Whether there was nothing before, and whether there is nothing after.
_SAYS_WHICH = {
    (False, False): "another credential",
    (True, False): "it says now which credential it carries",
    (False, True): "it no longer says which credential it carries",
}
_NOT_SHOWN = {
    (False, False): " says something else (not shown: {why})",
    (True, False): " is set (not shown: {why})",
    (False, True): " is taken away",
}


def verdict_of(difference: Difference) -> str:
    """The difference in one line, without a word from a file."""
    of = difference.objects_that_are
    errors = sum(problem.severity is Severity.ERROR for problem in difference.introduced)
    others = len(difference.introduced) - errors
    counts = [
        (errors, "error introduced", "errors introduced"),
        (others, "warning or note introduced", "warnings and notes introduced"),
        (len(difference.mended), "problem mended", "problems mended"),
        (len(of(Action.DELETED)), "object deleted", "objects deleted"),
        (len(of(Action.REPLACED)), "replaced", "replaced"),
        (len(of(Action.HANDED_OVER)), "handed over", "handed over"),
        (len(difference.moves), "credential moved", "credentials moved"),
        (len(difference.integrations), "integration changed", "integrations changed"),
        (len(of(Action.CREATED)), "object created", "objects created"),
        (len(of(Action.CHANGED)), "object changed", "objects changed"),
        (len(difference.uncompared), "stack not compared", "stacks not compared"),
    ]
    said = [f"{number:,} {one if number == 1 else many}" for number, one, many in counts if number]
    told = ", ".join(said) or ("no object changes" if not difference.is_empty else "no difference")
    unchanged = f"{plural(difference.unchanged, 'stack')} unchanged"
    errors_before = sum(problem.severity is Severity.ERROR for problem in difference.kept)
    kept = f"; {plural(errors_before, 'error')} there before" if errors_before else ""
    return f"{told}; {unchanged}{kept}" if not difference.is_empty else f"no difference{kept}"


def sections_of(difference: Difference) -> list[Section]:
    """What a difference amounts to, the most important first."""
    sections = [
        Section(
            (f"Problems introduced ({len(difference.introduced):,})",), problem_lines(difference.introduced), "red"
        ),
        Section((f"Not compared ({len(difference.uncompared):,})",), _uncompared(difference.uncompared), "red"),
        _objects(difference, Action.DELETED, "Deleted", "red"),
        _objects(difference, Action.REPLACED, "Replaced", "yellow"),
        _objects(difference, Action.HANDED_OVER, "Handed over to another stack", "yellow"),
        Section((f"Credentials that move ({len(difference.moves):,})",), list(map(_move, difference.moves)), "yellow"),
        Section(
            (f"Integrations ({len(difference.integrations):,})",), list(map(_integration, difference.integrations))
        ),
        *_stacks(difference),
        Section(
            (f"Problems mended ({len(difference.mended):,})",), problem_lines(difference.mended), "green", folded=True
        ),
    ]
    return [section for section in sections if section.lines]


def problem_lines(problems: Iterable[Problem]) -> list[Line]:
    """Problems, a line each."""
    return [
        (
            f"{problem.severity.value} {problem.code} ",
            *((Foreign(str(problem.where[0])), ": ") if problem.where else ()),
            Foreign(problem.message, sentence=True),
            *(part for place in problem.where[1:4] for part in (" Also ", Foreign(str(place)), ".")),
            " Help: ",
            Foreign(problem.help, sentence=True),
        )
        for problem in problems
    ]


def _uncompared(names: Iterable[str]) -> list[Line]:
    return [
        ("stack ", Foreign(name), ": its file could not be read or understood on one side, so nothing is told of it")
        for name in names
    ]


def _objects(difference: Difference, action: Action, title: str, colour: str) -> Section:
    changes = difference.objects_that_are(action)
    alike = _alike(
        changes,
        lambda each: (each.stack, each.fate, each.former_stack, each.former_name, each.former_reference and each),
    )
    return Section((f"{title} ({len(changes):,})",), list(map(_same_fate, alike)), colour)


def _same_fate(changes: list[ObjectChange]) -> Line:
    first = changes[0]
    fate = _FATES[first.fate] if first.fate else ""
    line: Line = ("stack ", Foreign(first.stack), ": ", *listed(change.reference for change in changes))
    if first.former_reference:
        return (*line, " takes the place of ", Foreign(first.former_reference), f", which {fate}")
    if first.former_stack:
        return (*line, " comes from stack ", Foreign(first.former_stack), f", which gives it up first; there it {fate}")
    if first.former_name:
        return (
            *line,
            ": Pulumi called it ",
            Foreign(first.former_name),
            " and calls it ",
            Foreign(first.name),
            f" now; the former one {fate}",
        )
    return (*line, f": {fate}")


def _move(move: Move) -> Line:
    line: Line = ("stack ", Foreign(move.stack), ": the credential of ", Foreign(move.integration), " goes from ")
    line += (Foreign(move.former_settings), " to ", Foreign(move.settings))
    if move.steps is Steps.STACKS:
        return (*line, "; deploy stack ", Foreign(move.former_stack), ", which gives it up, first")
    if move.steps is Steps.TWO:
        return (*line, "; it takes two deployments: first take it out, then bind it (PAI003)")
    return (*line, "; in one deployment, the old Settings and Secret are deleted first")


def _integration(change: IntegrationChange) -> Line:
    told: list[Line] = [(_KEYS[change.key],)] if change.key else []
    told += map(field_line, change.fields)
    told.append((f"it feeds {plural(len(change.projects), 'project')}",))
    if number := len(change.overriding):
        told[-1] += (f", {number:,} {'overrides' if number == 1 else 'override'} it",)
    settings = Foreign(change.settings)
    return (
        "stack ",
        Foreign(change.stack),
        ": ",
        Foreign(change.integration),
        " in Settings ",
        settings,
        ": ",
        *joined(told),
    )


def _stacks(difference: Difference) -> Iterator[Section]:
    parts = [{changes[0].stack: changes for changes in _alike(each, _stack_of)} for each in _of_stacks(difference)]
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
            yield Section(("Stack ", Foreign(name), f": {', '.join(counts)}" if counts else ""), lines, folded=True)


def _of_stacks(difference: Difference) -> tuple[Iterable[Any], ...]:
    return difference.stacks, difference.objects, difference.sources, difference.removals


def _stack_of(change: Any) -> str:
    name: str = change.stack
    return name


def _stack(change: StackChange) -> Iterator[Line]:
    if change.presence is not Presence.STAYS:
        yield (_PRESENCES[change.presence],)
    yield from map(field_line, change.fields)


def _changed(changes: Iterable[ObjectChange]) -> Iterator[Line]:
    for alike in _alike(changes, lambda each: repr(each.fields)):
        yield ("changes ", *listed(each.reference for each in alike), ": ", *joined(map(field_line, alike[0].fields)))


def source_lines(changes: Iterable[SourceChange]) -> list[Line]:
    """Where Projects get their integration from now, and before."""
    lines: list[Line] = []
    for alike in _alike(changes, lambda each: (each.before, each.after)):
        before, after = alike[0].before, Foreign(alike[0].after, sentence=True)
        line: Line = ("project ", *listed(each.project for each in alike), ": ", after)
        lines.append(line if before is None else (*line, "; before: ", Foreign(before, sentence=True)))
    return lines


def removal_lines(changes: Iterable[RemovalChange]) -> list[Line]:
    """What removing tenants and Projects does now, and before."""
    return [
        (*listed(each.owner for each in alike), f": onRemoval {alike[0].before.value} → {alike[0].after.value}")
        for alike in _alike(changes, lambda each: (each.before, each.after))
    ]


def _alike(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[list[Change]]:
    """The changes in groups of an equal key, in their order."""
    groups: dict[Hashable, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return list(groups.values())


def field_line(change: FieldChange) -> Line:
    """What a field says before and after."""
    before, after = change.before, change.after
    if change.path in CREDENTIALS:
        return (_SAYS_WHICH[before is Unsaid.ABSENT, after is Unsaid.ABSENT],)
    line: Line = (Foreign(change.dotted),)
    if Unsaid.HIDDEN in (before, after) or Unsaid.KEYLIKE in (before, after):
        why = "the file has errors" if Unsaid.HIDDEN in (before, after) else "it looks like a key"
        return (*line, _NOT_SHOWN[before is Unsaid.ABSENT, after is Unsaid.ABSENT].format(why=why))
    if isinstance(before, list) and isinstance(after, list):
        added, gone = _missing(after, before), _missing(before, after)
        if not added and not gone:
            return (*line, " in another order, or as often as not before")
        told = [
            (*listed(map(_shortened, map(_json, each))), f" {what}")
            for each, what in ((added, "added"), (gone, "taken away"))
            if each
        ]
        return (*line, ": ", *joined(told))
    if before is Unsaid.ABSENT:
        return (*line, " = ", Foreign(_shortened(_json(after))))
    if after is Unsaid.ABSENT:
        return (*line, " taken away, was ", Foreign(_shortened(_json(before))))
    old, new = _json(before), _json(after)
    at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    return (*line, ": ", Foreign(_shortened(old, at)), " → ", Foreign(_shortened(new, at)))


def _missing(items: list[Any], others: list[Any]) -> list[Any]:
    """The items that are not among the others. Lists may be as long as a file, and items cannot be hashed."""
    there = {json.dumps(each, sort_keys=True) for each in others}
    return [each for each in items if json.dumps(each, sort_keys=True) not in there]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str, at: int = 0) -> str:
    """A text that fits a line, with what stands at a position in it."""
    start = max(0, at - _LONGEST // 2) if len(text) > _LONGEST else 0
    end = start + _LONGEST
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
