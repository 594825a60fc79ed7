"""Problems as a JUnit report: a test suite for each stack, with a test case for each rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from paletteai_components.cli.output.place import Repository
from paletteai_components.cli.output.report import plural, text_of
from paletteai_components.diagnostics import Diagnostic, Severity, escaped
from paletteai_components.rules import RULES
from paletteai_components.rules.rule import Scope
from paletteai_components.stacks.stack import Stack

# Declarations alone are enough to judge by these rules.
_JUDGED = (Scope.STACK, Scope.WORKSPACE)
# The suite of all manifests, because one file may have the objects of several tenants.
_MANIFESTS = "manifests"


@dataclass(slots=True)
class _Suite:
    """What the rules found in a stack, or in a file that belongs to none."""

    name: str
    file: str | None = None
    judged: frozenset[str] = frozenset()
    """The codes of the rules that were run."""
    unjudged: frozenset[str] = frozenset()
    """The codes of the rules that were not, because parts of the file could not be read."""
    problems: dict[str, list[Diagnostic]] = field(default_factory=lambda: defaultdict(list))
    """The problems by code."""


def junit_of(
    diagnostics: Iterable[Diagnostic],
    stacks: Iterable[Stack] | None,
    codes: Collection[str],
    lowest: Severity,
    repository: Repository,
) -> str:
    """The report as XML.

    A problem of several stacks is in the suite of each. A test case fails if one of its problems makes the command
    fail; other problems are its output. If all problems of a rule are silenced, the test case is skipped.

    Args:
        diagnostics: The problems.
        stacks: The stacks that were checked; None if manifests were.
        codes: The codes of the rules that are reported.
        lowest: The lowest severity that makes a test case fail.
        repository: The repository to whose top the files are relative.
    """
    root = ElementTree.Element("testsuites", {"name": "paletteai"})
    for suite in _suites(diagnostics, stacks, codes):
        root.append(_suite_element(suite, lowest, repository))
    _count(root)
    ElementTree.indent(root)
    # Any encoding of standard output can show it.
    report: bytes = ElementTree.tostring(root, encoding="us-ascii", xml_declaration=True)
    return report.decode() + "\n"


def _suites(
    diagnostics: Iterable[Diagnostic], stacks: Iterable[Stack] | None, codes: Collection[str]
) -> Iterable[_Suite]:
    everything = frozenset(code for code in codes if RULES[code].scope in _JUDGED)
    if stacks is None:
        suite = _Suite(_MANIFESTS, judged=everything)
        for diagnostic in diagnostics:
            suite.problems[diagnostic.code].append(diagnostic)
        return [suite]
    suites: dict[str, _Suite] = {}
    for stack in stacks:
        unjudged = (
            frozenset()
            if stack.is_complete
            else frozenset(
                code for code in everything if RULES[code].scope is Scope.STACK and not RULES[code].holds_for_parts
            )
        )
        suites[stack.file] = _Suite(stack.name, stack.file, everything - unjudged, unjudged)
    for diagnostic in diagnostics:
        files = dict.fromkeys(location.file for location in diagnostic.where)
        for file in [each for each in files if each in suites] or list(files)[:1] or [""]:
            # The project file, and a file that cannot be read, belong to no stack that was checked.
            suite = suites.setdefault(file, _Suite(file or "paletteai", file))
            suite.problems[diagnostic.code].append(diagnostic)
    return suites.values()


def _suite_element(suite: _Suite, lowest: Severity, repository: Repository) -> ElementTree.Element:
    name = escaped(suite.name)
    element = ElementTree.Element("testsuite", {"name": name})
    for code in sorted({*suite.judged, *suite.unjudged, *suite.problems}):
        case = ElementTree.SubElement(element, "testcase", {"classname": name, "name": f"{code}: {RULES[code].holds}"})
        case.extend(_outcome(suite, code, lowest))
    _count(element)
    element.set("skipped", str(sum(1 for _ in element.iter("skipped"))))
    path = None if suite.file is None else repository.path_of(suite.file)
    if path is not None:
        element.set("file", escaped(path))
    return element


def _count(element: ElementTree.Element) -> None:
    """Write how many test cases there are, and how many fail. None of them ends by an error of the test itself."""
    for number, outcome in {"tests": "testcase", "failures": "failure"}.items():
        element.set(number, str(sum(1 for _ in element.iter(outcome))))
    element.set("errors", "0")


def _outcome(suite: _Suite, code: str, lowest: Severity) -> Iterator[ElementTree.Element]:
    """What is in a test case: nothing if there is no problem."""
    problems = suite.problems.get(code, [])
    failing = [each for each in problems if each.severity.rank <= lowest.rank]
    silenced = [each for each in problems if each.severity is Severity.SILENCED]
    told = [each for each in problems if each not in failing and each not in silenced]
    if failing:
        failure = ElementTree.Element("failure", {"type": code, "message": _message(failing)})
        failure.text = "\n".join(map(text_of, failing))
        yield failure
    elif silenced and not told:
        reasons = " ".join(dict.fromkeys(escaped(each.help) for each in silenced))
        skipped = ElementTree.Element("skipped", {"message": reasons})
        skipped.text = reasons
        yield skipped
    elif code in suite.unjudged:
        reason = "Not judged, because parts of the file could not be read."
        yield ElementTree.Element("skipped", {"message": reason})
    if told:
        output = ElementTree.Element("system-out")
        output.text = "\n".join(map(text_of, told))
        yield output


def _message(problems: Sequence[Diagnostic]) -> str:
    first, others = escaped(problems[0].message), len(problems) - 1
    return f"{first} And {plural(others, 'more problem')}." if others else first
