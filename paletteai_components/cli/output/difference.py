"""A difference as sections, the most important first, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Sized
from operator import attrgetter
from typing import Any, TypeVar

from paletteai_components.changes.difference import Difference, Presence, StackChange
from paletteai_components.changes.impact import IntegrationChange, KeyChange, Move, RemovalChange, SourceChange, Steps
from paletteai_components.changes.objects import Action, ObjectChange, Outcome, RemovalEffect
from paletteai_components.changes.reach import Cause, Reach
from paletteai_components.cli.output.field import field_line
from paletteai_components.cli.output.line import Entry, Line, Mark, RuleCode, Section, Untrusted, listed
from paletteai_components.cli.output.report import plural
from paletteai_components.diagnostics import Diagnostic, SourceLocation, errors_in
from paletteai_components.shell import command, known

Change = TypeVar("Change")

_REMOVAL_EFFECTS = {
    RemovalEffect.RETAINED: "stays on the cluster, no longer managed",
    RemovalEffect.DELETED: "is deleted",
    RemovalEffect.EMPTIED: "is deleted, with every workload in its namespace",
    RemovalEffect.LEFT: "stays on the cluster and in Pulumi's state, because no stack file is left to delete it",
}
# Where these are the effects, the object is on the cluster when its new owner is deployed.
_STAYING = {RemovalEffect.RETAINED, RemovalEffect.LEFT}
_KEY_CHANGES = {
    KeyChange.ANOTHER: "different credential",
    KeyChange.ENCRYPTED_AGAIN: "same key, encrypted again",
    KeyChange.UNDECIDED: "new credential, or the same key encrypted again: undecided without fingerprints",
}


def verdict_of(difference: Difference) -> Line:
    """The difference in one line, without any text from a file."""
    total = difference.totals()
    counts = [
        (total["errors"], "error introduced", "errors introduced"),
        (total["refused"], "change refused by `pulumi up`", "changes refused by `pulumi up`"),
        (total["warnings"], "warning introduced", "warnings introduced"),
        (total["notes"], "note introduced", "notes introduced"),
        (total["fixed"], "problem fixed", "problems fixed"),
        (total["deleted"], "object deleted", "objects deleted"),
        (total["replaced"], "object replaced", "objects replaced"),
        (total["kept"], "object kept on the cluster", "objects kept on the cluster"),
        (total["handedOver"], "object handed over", "objects handed over"),
        (total["moved"], "credential moved", "credentials moved"),
        (total["integrations"], "integration changed", "integrations changed"),
        (total["created"], "object created", "objects created"),
        (total["changed"], "object changed", "objects changed"),
        (total["uncompared"], "stack not compared", "stacks not compared"),
    ]
    errors_before = len(errors_in(difference.kept))
    existing = f"; {plural(errors_before, 'existing error')}" if errors_before else ""
    if difference.is_empty:
        return (f"no difference{existing}",)
    texts = [f"{number:,} {one if number == 1 else many}" for number, one, many in counts if number]
    unchanged = f"{plural(difference.unchanged, 'stack')} unchanged"
    return (f"{', '.join(texts) or 'no object changes'}; {unchanged}{existing}",)


def sections_of(difference: Difference) -> list[Section]:
    """The sections of a difference, the most important first."""
    introduced, fixed, uncompared = difference.introduced, difference.fixed, difference.uncompared
    of = difference.objects_with
    moves = [move for move in difference.moves if move.refusal is None]
    integrations = difference.integrations
    refused = [
        *diagnostic_entries(difference.refused),
        *(_refused(group, difference.is_sure(group[0])) for group in alike(of(Outcome.REFUSED), _circumstances)),
    ]
    sections = [
        Section(
            _title("Problems introduced", introduced),
            diagnostic_entries(introduced),
            "red",
            rule=_first_rule(introduced),
        ),
        Section(
            (f"Refused by `pulumi up` ({difference.totals()['refused']:,})",),
            refused,
            "red",
            rule=_first_rule(difference.refused),
        ),
        Section(_title("Not compared", uncompared), _uncompared(uncompared), "red"),
        _objects(of(Outcome.DELETED), "Deleted", "red"),
        _objects(of(Outcome.REPLACED), "Replaced", "yellow"),
        _objects(of(Outcome.KEPT), "Kept on the cluster", "yellow"),
        _objects(of(Outcome.HANDED_OVER), "Handed over to another stack", "yellow"),
        Section(_title("Credentials moved", moves), list(map(_move, moves)), "yellow"),
        Section(_title("Integrations changed", integrations), list(map(_integration, integrations))),
        *_stacks(difference),
        Section(_title("Problems fixed", fixed), diagnostic_entries(fixed), "green", folded=True),
    ]
    return [section for section in sections if section.entries]


def reach_sections(reach: Reach) -> list[Section]:
    """Why every stack has to be deployed, which no object shows: the program is another."""
    reasons = [each for each in reach.everywhere if each.cause is Cause.PROGRAM]
    entries = [Entry((Untrusted(each.text, sentence=True),)) for each in reasons]
    return [Section(("Reaches every stack",), entries)] if entries else []


def _first_rule(diagnostics: Sequence[Diagnostic]) -> str | None:
    return diagnostics[0].code if diagnostics else None


def _title(text: str, items: Sized) -> Line:
    return (f"{text} ({len(items):,})",)


def diagnostic_entries(diagnostics: Iterable[Diagnostic]) -> list[Entry]:
    """Problems, one an entry."""
    return [
        Entry(
            (
                f"{diagnostic.severity.value} ",
                RuleCode(diagnostic.code),
                *(part for location in diagnostic.where[:1] for part in (" ", _place(location))),
                ": ",
                Untrusted(diagnostic.message, sentence=True),
            ),
            (
                *(("also: ", _place(location)) for location in diagnostic.where[1:4]),
                ("help: ", Untrusted(diagnostic.help, sentence=True)),
            ),
        )
        for diagnostic in diagnostics
    ]


def _place(location: SourceLocation) -> Untrusted:
    return Untrusted(str(location), location=location)


def _uncompared(names: Iterable[str]) -> list[Entry]:
    return [
        Entry(
            (
                "stack ",
                Untrusted(name),
                ": its file could not be read or parsed on one side, so it was not compared",
            )
        )
        for name in names
    ]


def _circumstances(change: ObjectChange) -> Hashable:
    """What changes have in common that are reported together."""
    return (
        change.action,
        change.stack,
        change.removal_effect,
        change.former_stack,
        change.former_name,
        change.former_reference and change.name,
        change.imported,
    )


def _refused(changes: list[ObjectChange], sure: bool) -> Entry:
    """Changes of protected objects. What is not `sure` may not be deployed as it was declared."""
    first = changes[0]
    are, them = ("is", "it") if len(changes) == 1 else ("are", "them")
    names = listed(each.former_reference or each.reference for each in changes)
    line: Line = (
        "error" if sure else "warning",
        ": stack ",
        Untrusted(first.former_stack or first.stack),
        ": ",
        *names,
    )
    if first.is_recreated:
        line = (*line, f" {are} renamed in Pulumi from ", *_names(first), ". Pulumi creates before it deletes, so ")
        return Entry((*line, f"`pulumi up` fails to create {them}."), (("help: ", *_way_out(first, them)),))
    line = (*line, f" {are} protected{', so' if sure else '; if deployed,'} `pulumi up` refuses to ")
    if first.action is Action.HANDED_OVER:
        line = (*line, f"hand {them} over to stack ", Untrusted(first.stack))
    elif first.former_name:
        line = (*line, f"rename {them} in Pulumi from ", *_names(first))
    elif first.action is Action.REPLACED:
        by: Line = (" with ", Untrusted(first.reference)) if first.former_reference else ()
        line = (*line, f"replace {them}", *by)
    else:
        line = (*line, f"delete {them}")
    return Entry((*line, "."), (("help: ", *_way_out(first, them)),))


def _names(change: ObjectChange) -> Line:
    """The former and the new name in Pulumi."""
    return Untrusted(change.former_name or ""), " to ", Untrusted(change.name)


def _way_out(change: ObjectChange, them: str) -> Line:
    """What to do instead of a refused change. An object that keeps its name on the cluster must not be deleted."""
    if change.former_stack is None and change.former_name is None:
        kept = f"keeps {them}" if change.action is Action.DELETED else "keeps the old one"
        return (f"First deploy `onRemoval: retain`, which {kept}, or `onRemoval: delete`; then this change.",)
    retain: Line = ("First deploy `onRemoval: retain`",)
    if change.former_stack is not None:
        # This change is in both stacks, and the former one has to let go first.
        retain += (" in stack ", Untrusted(change.former_stack))
        then: Line = ("; then this change, that stack first",)
    else:
        then = ("; then this change",)
    return (*retain, *then, f". {_taken_over(change, them)}.")


def _taken_over(change: ObjectChange, them: str) -> str:
    """How an object that exists gets into the state of a stack, or under another name there."""
    if change.imported:
        return f"`importIds` takes {them} over"
    return f"List {them} under `importIds`, or `pulumi up` would fail to create what exists"


def _objects(changes: list[ObjectChange], title: str, colour: str) -> Section:
    return Section(_title(title, changes), list(map(_object, alike(changes, _circumstances))), colour)


def _object(changes: list[ObjectChange]) -> Entry:
    first = changes[0]
    effect = _REMOVAL_EFFECTS[first.removal_effect] if first.removal_effect else ""
    line: Line = ("stack ", Untrusted(first.stack), ": ", *listed(change.reference for change in changes))
    if first.former_reference:
        line = (*line, " takes the place of ", Untrusted(first.former_reference), f", which {effect}")
    elif first.former_stack:
        move = "moves" if len(changes) == 1 else "move"
        line = (*line, f" {move} from stack ", Untrusted(first.former_stack))
        order = "" if first.removal_effect is RemovalEffect.LEFT else ", which must be deployed first; there"
        line = (*line, f"{order}, each {effect}")
    elif first.is_recreated:
        line = (*line, ": renamed in Pulumi from ", *_names(first), f"; taken over, and then each {effect}")
    elif first.former_name:
        old = "the object" if first.removal_effect in _STAYING else "the old one"
        line = (*line, ": renamed in Pulumi from ", *_names(first), f"; {old} {effect}")
    elif first.action is Action.REPLACED:
        line = (*line, f": the old one {effect}")
    elif first.removal_effect is RemovalEffect.EMPTIED:
        line = (*line, ", with every workload in the namespace")
    elif first.removal_effect is RemovalEffect.RETAINED:
        line = (*line, ": no longer managed")
    elif first.removal_effect is RemovalEffect.LEFT:
        line = (*line, ": still in Pulumi's state, because no stack file is left to delete ", _them(changes))
    details: tuple[Line, ...] = ()
    if first.removal_effect in _STAYING and (first.former_stack or first.former_name):
        details = ((f"help: {_taken_over(first, _them(changes))}.",),)
    elif first.is_recreated:
        details = (("help: ", *_way_out(first, _them(changes))),)
    marks = {Outcome.DELETED: Mark.DELETED, Outcome.REPLACED: Mark.REPLACED}
    return Entry(line, details, marks.get(first.outcome, Mark.NONE))


def _them(changes: list[ObjectChange]) -> str:
    return "it" if len(changes) == 1 else "them"


def _move(move: Move) -> Entry:
    line: Line = ("stack ", Untrusted(move.stack), ": the credential of integration ", Untrusted(move.integration))
    line += (" moves from Settings ", Untrusted(move.former_settings), " to Settings ", Untrusted(move.settings))
    if move.steps is Steps.STACKS:
        return Entry((*line, "; deploy stack ", Untrusted(move.former_stack), " first"))
    if move.steps is Steps.TWO:
        two: Line = ("; this takes two deployments: first unbind it, then bind it again (", RuleCode("PAI003"), ")")
        return Entry((*line, *two))
    return Entry((*line, "; this takes one deployment, which deletes the old Settings and Secret first"))


def _integration(change: IntegrationChange) -> Entry:
    parts: list[Line] = [(_KEY_CHANGES[change.key],)] if change.key else []
    parts += map(field_line, change.fields)
    parts.append((f"used by {plural(len(change.projects), 'project')}",))
    if number := len(change.overriding):
        parts[-1] += (f", overridden by {number:,}",)
    line: Line = ("stack ", Untrusted(change.stack), ": integration ", Untrusted(change.integration))
    return Entry((*line, " in Settings ", Untrusted(change.settings)), tuple(parts), Mark.CHANGED)


def _stacks(difference: Difference) -> Iterator[Section]:
    kinds: tuple[Iterable[Any], ...] = (difference.stacks, difference.objects, difference.sources, difference.removals)
    parts = [{changes[0].stack: changes for changes in alike(each, attrgetter("stack"))} for each in kinds]
    stacks, objects, sources, removals = parts
    for name in sorted({name for part in parts for name in part}):
        created = [each.reference for each in objects.get(name, ()) if each.action is Action.CREATED]
        differing = [each for each in objects.get(name, ()) if each.fields]
        entries = [entry for each in stacks.get(name, ()) for entry in _stack(each)]
        entries += [Entry(listed(created), mark=Mark.CREATED)] if created else []
        entries += _changed(differing)
        entries += _sources(sources.get(name, ()))
        entries += _removals(removals.get(name, ()))
        changed = sum(each.action is Action.CHANGED for each in differing)
        counts = [f"{number:,} {what}" for number, what in ((len(created), "created"), (changed, "changed")) if number]
        if entries:
            yield Section(("Stack ", Untrusted(name), f": {', '.join(counts)}" if counts else ""), entries, folded=True)


def _stack(change: StackChange) -> Iterator[Entry]:
    if change.presence is Presence.APPEARS:
        yield Entry(("new stack file",), mark=Mark.CREATED)
    elif change.presence is Presence.GOES:
        destroy = command("pulumi destroy", stack=known(change.stack, "STACK"))
        first = Untrusted(f"to delete its objects too, run `{destroy}` first", sentence=True)
        yield Entry(("stack file deleted; ", first), mark=Mark.DELETED)
    for field in change.fields:
        yield Entry(field_line(field), mark=Mark.CHANGED)


def _changed(changes: Iterable[ObjectChange]) -> Iterator[Entry]:
    for group in alike(changes, lambda each: repr(each.fields)):
        mark = Mark.CHANGED if group[0].action is Action.CHANGED else Mark.REPLACED
        yield with_details(listed(each.reference for each in group), map(field_line, group[0].fields), mark)


def with_details(line: Line, details: Iterable[Line], mark: Mark = Mark.NONE) -> Entry:
    """An entry with its details; a single one is on the line of the entry."""
    lines = tuple(details)
    return Entry((*line, ": ", *lines[0]), mark=mark) if len(lines) == 1 else Entry(line, lines, mark)


def _sources(changes: Iterable[SourceChange]) -> list[Entry]:
    """The integration sources of Projects, now and before."""
    entries = []
    for group in alike(changes, lambda each: (each.before, each.after)):
        before, after = group[0].before, Untrusted(group[0].after, sentence=True)
        line: Line = (*projects(group), ": ", after)
        entries.append(Entry(line if before is None else (*line, "; before: ", Untrusted(before, sentence=True))))
    return entries


def projects(changes: list[SourceChange]) -> Line:
    """The Projects of changes."""
    return ("project " if len(changes) == 1 else "projects ", *listed(each.project for each in changes))


def _removals(changes: Iterable[RemovalChange]) -> list[Entry]:
    """The `onRemoval` of tenants and Projects, before and now."""
    return [
        Entry((*listed(each.owner for each in group), f": onRemoval {group[0].before.value} → {group[0].after.value}"))
        for group in alike(changes, lambda each: (each.before, each.after))
    ]


def alike(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[list[Change]]:
    """The changes grouped by a key, in order."""
    groups: dict[Hashable, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return list(groups.values())
