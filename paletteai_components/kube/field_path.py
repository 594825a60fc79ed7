"""A field path: where a field of an object is, for example ``spec.integrations[type=palette].secretRef.name``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from paletteai_components.redaction import named, redacted

_STEP = re.compile(r"(?P<name>[^\s./,=\"'\[\]]+)(?:\[(?P<key>[^\s./,=\"'\[\]]+)=(?P<value>[^\s,=\"'\[\]]+)\])?")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_LONGEST = 253
_MISSING: Any = object()


class FieldPathError(ValueError):
    """A text is not the path of a field. The message says why and repeats nothing of the text."""


@dataclass(frozen=True, slots=True)
class Selector:
    """The element of a list whose field `key` is the text `value`."""

    key: str
    value: str

    def selects(self, element: object) -> bool:
        """Whether this is the element."""
        return isinstance(element, Mapping) and element.get(self.key) == self.value

    def __str__(self) -> str:
        return f"[{self.key}={self.value}]"


Step = str | Selector


@dataclass(frozen=True)
class FieldPath:
    """The path of a field: a name each, or the selector of an element after the name of its list."""

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        first, *rest = self.steps or ("",)
        return str(first) + "".join(map(_shown, rest))

    def __truediv__(self, step: Step) -> FieldPath:
        return FieldPath((*self.steps, step))

    @property
    def redacted(self) -> str:
        """The path as messages print it. A step may be a key that somebody pasted."""
        return redacted(str(self.mapped(named)))

    @cached_property
    def lists(self) -> Mapping[FieldPath, str]:
        """The lists that the path leads through, each with the field that selects their elements."""
        ends = enumerate(self.steps)
        return {FieldPath(self.steps[:end]): step.key for end, step in ends if isinstance(step, Selector)}

    @cached_property
    def _containers(self) -> tuple[tuple[Step, type], ...]:
        """The steps to the object that holds the field, each with the type of what it leads to."""
        return tuple((step, list if isinstance(inner, Selector) else dict) for step, inner in pairwise(self.steps))

    def mapped(self, change: Callable[[str], str]) -> FieldPath:
        """The path with another text for each name, key and value."""
        return FieldPath(
            tuple(
                change(step) if isinstance(step, str) else Selector(change(step.key), change(step.value))
                for step in self.steps
            )
        )

    def read(self, holder: Any, default: Any = None) -> Any:
        """The value in an object, or the default where the path leads nowhere."""
        for step in self.steps:
            # Nearly every step is a name in a dict.
            if type(holder) is dict and isinstance(step, str):
                holder = holder.get(step, _MISSING)
            else:
                holder = _inside(holder, step)
            if holder is _MISSING:
                return default
        return holder

    def positions_in(self, holder: Any) -> tuple[str | int, ...]:
        """The path in an object, with the position of each element in its list, as far as it is there."""
        found: list[str | int] = []
        for step in self.steps:
            inner = _inside(holder, step)
            if inner is _MISSING:
                break
            found.append(step if isinstance(step, str) else next(at for at, each in enumerate(holder) if each is inner))
            holder = inner
        return tuple(found)

    def is_in(self, holder: Any) -> bool:
        """Whether an object has the field."""
        return self.read(holder, _MISSING) is not _MISSING

    def write(self, holder: Any, value: Any) -> None:
        """Write a value into an object, and the mappings, lists and elements on the way. The path ends with a name.

        A value of another type on the way is replaced, which a rule refuses.
        """
        for step, container in self._containers:
            if isinstance(step, str):
                inner = holder.get(step)
                if not isinstance(inner, container):
                    inner = holder[step] = container()
            else:
                inner = next(filter(step.selects, holder), None)
                if inner is None:
                    inner = {step.key: step.value}
                    holder.append(inner)
            holder = inner
        holder[self.steps[-1]] = value

    def remove(self, holder: Any) -> None:
        """Remove the field from an object, and the mappings that are empty without it."""
        holders = [holder]
        for step in self.steps[:-1]:
            holders.append(_inside(holders[-1], step))
        for inner, step in zip(reversed(holders), reversed(self.steps), strict=True):
            if not isinstance(inner, dict) or step not in inner:
                return
            del inner[step]
            if inner:
                return

    def overlaps(self, other: FieldPath) -> bool:
        """Whether a value at one path would be part of the value at the other, or would replace it.

        Elements that are selected by different fields may be one element.
        """
        match self._first_difference(other):
            case _, str(), str():
                return False
            case _, Selector(key), Selector(others_key):
                return key != others_key
        return True

    def disputed_list(self, other: FieldPath) -> FieldPath | None:
        """What is a list to one of the two paths and a mapping to the other, or None."""
        match self._first_difference(other):
            case (at, Selector(), str()) | (at, str(), Selector()):
                return FieldPath(self.steps[:at])
        return None

    def _first_difference(self, other: FieldPath) -> tuple[int, Step, Step] | None:
        """Where the paths part, and the steps of both there. None if one leads to the other, or they are equal."""
        pairs = enumerate(zip(self.steps, other.steps, strict=False))
        return next(((at, one, another) for at, (one, another) in pairs if one != another), None)


class FieldPaths:
    """Many paths by name, read from an object at once: what they have in common is looked for once."""

    def __init__(self, paths: Mapping[str, FieldPath]) -> None:
        self._tree = _tree_of([(path.steps, name) for name, path in paths.items()])

    def read(self, holder: Any) -> dict[str, Any]:
        """The values in an object, by the names of the paths, without those of paths that lead nowhere."""
        found: dict[str, Any] = {}
        _collect(self._tree, holder, found)
        return found


# Each step with the names of the paths that it ends, and the tree of those that go on.
_Tree = list[tuple[Step, tuple[str, ...], "_Tree"]]


def _tree_of(paths: list[tuple[tuple[Step, ...], str]]) -> _Tree:
    further: dict[Step, list[tuple[tuple[Step, ...], str]]] = {}
    for (first, *rest), name in paths:
        further.setdefault(first, []).append((tuple(rest), name))
    return [
        (step, tuple(name for rest, name in inner if not rest), _tree_of([path for path in inner if path[0]]))
        for step, inner in further.items()
    ]


def _collect(tree: _Tree, holder: Any, found: dict[str, Any]) -> None:
    # Nearly every holder is a dict, in which no selector selects anything.
    is_dict = type(holder) is dict
    for step, names, further in tree:
        inner = holder.get(step, _MISSING) if is_dict else _inside(holder, step)
        if inner is not _MISSING:
            for name in names:
                found[name] = inner
            if further:
                _collect(further, inner, found)


def parsed(text: str) -> FieldPath:
    """The path that a text is: names with dots between them, and `[KEY=VALUE]` after the name of a list.

    Raises:
        FieldPathError: The text is not the path of a field.
    """
    if len(text) > _LONGEST:
        raise FieldPathError(f"is longer than {_LONGEST} characters")
    steps: list[Step] = []
    for part in _parts(text):
        step = _STEP.fullmatch(part)
        if step is None:
            raise FieldPathError(_fault(part))
        steps += [step["name"], *([Selector(step["key"], step["value"])] if step["key"] else [])]
    if isinstance(steps[-1], Selector):
        raise FieldPathError("ends with an element, not with one of its fields")
    if any(isinstance(one, Selector) and one.key == step for one, step in pairwise(steps)):
        raise FieldPathError("leads to the field by which its element is selected")
    return FieldPath(tuple(steps))


def merge(into: dict[str, Any], other: Mapping[str, Any], lists: Mapping[FieldPath, str], at: FieldPath) -> None:
    """Merge a mapping into the one at a path of an object. What is not a mapping replaces what is there.

    Of a list in `lists`, each element is merged into the one with the same selector, or added to the others.
    """
    for name, value in other.items():
        if isinstance(value, Mapping):
            if not isinstance(into.get(name), dict):
                into[name] = {}
            merge(into[name], value, lists, at / name)
        elif lists and (key := selecting(value, lists, at / name)) and isinstance(into.get(name), list):
            _merge_elements(into[name], value, key, lists, at / name)
        else:
            into[name] = value


def selecting(value: object, lists: Mapping[FieldPath, str], at: FieldPath) -> str | None:
    """The field that selects the elements of the value at a path, or None for what is no such list."""
    return lists.get(at) if isinstance(value, list | tuple) else None


def selector_of(element: object, key: str) -> Selector | None:
    """The selector of an element, or None if the element has no text in the field `key`."""
    value = element.get(key) if isinstance(element, Mapping) else None
    return Selector(key, value) if isinstance(value, str) else None


def _merge_elements(
    into: list[Any], others: Sequence[Any], key: str, lists: Mapping[FieldPath, str], at: FieldPath
) -> None:
    # Of two others with the same value, none is lost: the API server shall see them.
    known = {selector_of(element, key): element for element in into}
    for other in others:
        selector = selector_of(other, key)
        if selector is not None and selector in known:
            merge(known[selector], other, lists, at / selector)
        else:
            into.append(other)


def _inside(holder: Any, step: Step) -> Any:
    if isinstance(step, str):
        # Whether something is any mapping takes four times as long to find out.
        is_mapping = type(holder) is dict or isinstance(holder, Mapping)
        return holder.get(step, _MISSING) if is_mapping else _MISSING
    return next(filter(step.selects, holder), _MISSING) if isinstance(holder, list | tuple) else _MISSING


def _shown(step: Step) -> str:
    if isinstance(step, Selector):
        return str(step)
    return f"[{step}]" if "." in step or "/" in step else f".{step}"


def _parts(text: str) -> list[str]:
    parts: list[str] = []
    for piece in text.split("."):
        # A dot in brackets is part of a value.
        if parts and parts[-1].count("[") > parts[-1].count("]"):
            parts[-1] += f".{piece}"
        else:
            parts.append(piece)
    return parts


def _fault(part: str) -> str:
    """What is wrong with a part of a path that names no field."""
    pieces = _BRACKETS.split(part)
    outside, selectors = pieces[::2], pieces[1::2]
    if not part:
        return "has an empty name"
    if any("[" in piece or "]" in piece for piece in outside):
        return "has a bracket without its counterpart"
    if not outside[0]:
        return "selects an element without the name of its list"
    if len(selectors) > 1 or any("," in each or each.count("=") > 1 for each in selectors):
        return "selects an element by two keys"
    if any("=" not in each for each in selectors):
        return "selects an element by something else than `[KEY=VALUE]`"
    if any("" in each.split("=") for each in selectors):
        return "has a selector without a key or a value"
    if selectors and not part.endswith("]"):
        return "has no dot after a bracket"
    return "has a space, a quote or another character that is in no name"
