"""Every regular expression that the project's own Python holds, how it is used, and texts that are hard for it."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from support.checkout import ROOT

_FILES = sorted([*(ROOT / "paletteai_components").rglob("*.py"), *(ROOT / ".ci").glob("*.py")])
# Every node of every file.
_NODES = {str(file.relative_to(ROOT)): list(ast.walk(ast.parse(file.read_text()))) for file in _FILES}
_METHODS = {"match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
_parser: Any = re._parser  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Pattern:
    """A regular expression in a file, and what is done with it, for example ``search``."""

    file: str
    source: str
    flags: int
    use: str

    def __str__(self) -> str:
        return f"{self.file}:{self.use}:{self.source[:40]}"

    @property
    def call(self) -> Callable[[str], object]:
        """What the file does with a text."""
        compiled = re.compile(self.source, self.flags)
        called: Any = getattr(compiled, self.use)
        if self.use in {"sub", "subn"}:
            return lambda text: called("", text)
        return called if self.use != "finditer" else compiled.findall


@functools.cache
def patterns() -> list[Pattern]:
    """All of them. One that is compiled and never used by its name is used in every way."""
    uses: dict[str, set[str]] = {}
    for nodes in _NODES.values():
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
                uses.setdefault(_last_name(node.func.value), set()).add(node.func.attr)
    found: set[Pattern] = set()
    for file, nodes in _NODES.items():
        names = {id(node.value): _last_name(node.targets[0]) for node in nodes if isinstance(node, ast.Assign)}
        for function, call in _calls(nodes):
            for source in _texts(call.args[0], nodes):
                for use in {function} if function in _METHODS else uses.get(names.get(id(call), ""), _METHODS):
                    found.add(Pattern(file, source, _flags(call), use))
    return sorted(found, key=str)


def unread() -> set[str]:
    """The expressions that are made a pattern and whose text is known only when they run."""
    return {
        f"{file}: {ast.unparse(call.args[0])}"
        for file, nodes in _NODES.items()
        for _, call in _calls(nodes)
        if not _texts(call.args[0], nodes)
    }


def _calls(nodes: list[ast.AST]) -> Iterator[tuple[str, ast.Call]]:
    """Where `re` is called with a pattern: the function's name, and the call."""
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name)) if name in {*_METHODS, "compile"}:
                yield name, node


def _texts(node: ast.expr, nodes: list[ast.AST]) -> list[str]:
    """The texts that an expression may be: one that is written there, or those that a name is given."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        # A pattern for bytes takes as long as the same pattern for text.
        return [node.value if isinstance(node.value, str) else node.value.decode()]
    if isinstance(node, ast.IfExp):
        return [*_texts(node.body, nodes), *_texts(node.orelse, nodes)]
    if isinstance(node, ast.JoinedStr):
        parts = [_texts(part.value if isinstance(part, ast.FormattedValue) else part, nodes) for part in node.values]
        return ["".join(each) for each in product(*parts)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return ["".join(each) for each in product(_texts(node.left, nodes), _texts(node.right, nodes))]
    if isinstance(node, ast.Attribute) and node.attr == "pattern":
        return [text for call in _given(node.value, nodes) for text in _texts(call.args[0], nodes)]
    if isinstance(node, ast.Name):
        given = [
            each.value
            for each in nodes
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name) and each.targets[0].id == node.id
        ]
        return [text for value in given if not isinstance(value, ast.Name) for text in _texts(value, nodes)]
    return []


def _given(name: ast.expr, nodes: list[ast.AST]) -> list[ast.Call]:
    """The calls whose results a name is given."""
    return [
        each.value
        for each in nodes
        if isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Call)
        and ast.unparse(each.targets[0]) == ast.unparse(name)
    ]


def _flags(call: ast.Call) -> int:
    found = 0
    for each in [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "flags")]:
        for part in ast.walk(each):
            if isinstance(part, ast.Attribute) and ast.unparse(part.value) == "re":
                found |= int(getattr(re, part.attr))
    return found


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def hard_texts(pattern: Pattern, length: int) -> Iterable[str]:
    """Texts that the pattern nearly matches in many ways: its own pieces, one after the other and in turns."""
    return dict.fromkeys(_hard_texts(pattern, length))


def _hard_texts(pattern: Pattern, length: int) -> Iterator[str]:
    pieces = _pieces(pattern)
    starts = {"", _example(_parser.parse(pattern.source, pattern.flags))}
    for first, second in product(pieces, pieces):
        half = length // 2
        many, more = first * (half // len(first)), second * (half // len(second))
        both = (first + second) * (length // len(first + second))
        for start, end in product(starts, ("", "\0", "a", "\n")):
            yield start + many + more + end
            yield start + both + end


def _pieces(pattern: Pattern) -> list[str]:
    parts = list(_parts(_parser.parse(pattern.source, pattern.flags)))
    found = {piece for part in parts if (piece := _example(part))}
    # Where nothing repeats, each place takes the same at most, whatever stands there.
    repeats = any("REPEAT" in str(kind) and about[1] > 1 for ((kind, about),) in parts)
    # Letters are mostly words, which match once; signs are what repeats.
    pieces = sorted({*found, "a", " "}, key=lambda piece: (piece.isalnum(), len(piece), piece))
    return pieces[: 14 if repeats else 3]


def _parts(tree: Any) -> Iterator[Any]:
    """A parsed pattern, and everything inside it."""
    for kind, about in tree:
        yield [(kind, about)]
        for inside in about if isinstance(about, tuple | list) else (about,):
            if isinstance(inside, _parser.SubPattern):
                yield from _parts(inside)
            elif isinstance(inside, list) and all(isinstance(each, _parser.SubPattern) for each in inside):
                for each in inside:
                    yield from _parts(each)


def _example(tree: Any) -> str:
    """A short text that a parsed pattern matches, or nearly."""
    text = ""
    for kind, about in tree:
        match str(kind):
            case "LITERAL":
                text += chr(about)
            case "NOT_LITERAL":
                text += "b" if about == ord("a") else "a"
            case "ANY":
                text += "a"
            case "IN":
                text += _member(about)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                text += _example(about[2]) * max(1, min(about[0], 3))
            case "SUBPATTERN":
                text += _example(about[3])
            case "BRANCH":
                text += _example(about[1][0])
            case "ATOMIC_GROUP":
                text += _example(about)
    return text


def _member(options: Any) -> str:
    """A character of a class; of one that says what is not in it, one that is not named."""
    named = [about if str(kind) == "LITERAL" else about[0] for kind, about in options if str(kind) in _NAMED]
    if any(str(kind) in {"NEGATE", "CATEGORY"} for kind, _ in options):
        return next(each for each in "<a-/\n\0" if ord(each) not in named)
    return chr(named[0])


_NAMED = {"LITERAL", "RANGE"}
