"""Messages for invalid YAML. They never quote the file, because it may contain a key."""

from __future__ import annotations

import re

import yaml

_TAB = re.compile(r" *\t")
# Another space than that of the space bar, as text copied from a page has.
_ODD_SPACE = re.compile(r" *[^\S \t]")
_CONFLICT = re.compile(r"(?:<{7}|={7}|>{7}|\|{7})(?: |$)")
_MOST_MARKERS = 10
_MARKER = re.compile(r"<{7} ")
# The parser's message may quote the file. It only selects one of these and is not shown.
_SYNTAX = (
    ("tab", "a line is indented with a tab, which YAML does not allow", "Indent with spaces."),
    ("odd space", "a line is indented with a special space, such as a no-break space", "Indent with plain spaces."),
    ("too deep", "a line is indented deeper than the one above, which has a value", "Align the two lines."),
    ("start any token", "a value starts with a reserved character", "Write it in quotes."),
    ("mapping values are not", "a colon is not allowed here", "Write the text in quotes."),
    ("unexpected ':'", "a colon is not allowed here", "Put a space after it, or write the text in quotes."),
    ("expected ':'", "a key has no colon with a space after it", "Write `key: value`."),
    ("expected key", "a line is not aligned with its neighbours", "Align it with them."),
    ("block end", "a line is not aligned with its neighbours", "Align it with them."),
    ("'-' indicator", "a line is not aligned with its neighbours", "Align it with them."),
    ("or ']'", "a list in brackets is not closed", "Close it with `]`."),
    ("or '}'", "a mapping in braces is not closed", "Close it with `}`."),
    ("end of stream", "a text in quotes is not closed", "Close it."),
    ("escape", "a text in double quotes has an unknown escape", "Write `\\\\` for a backslash."),
    ("document start", "text follows the end of the document", "Keep one document in the file."),
    ("", "the text is not valid YAML", "Correct the syntax at this line."),
)


def syntax_diagnostic(error: yaml.MarkedYAMLError, text: str) -> tuple[list[int], str, str]:
    """The lines of a syntax error in a text, the fact with its consequence, and the remedy."""
    lines = [mark.line + 1 for mark in (error.problem_mark, error.context_mark) if mark]
    every = text.split("\n")
    if _MARKER.search(text) and (conflict := [at for at, line in enumerate(every, 1) if _CONFLICT.match(line)]):
        fact = "a merge of git left its conflict here (`<<<<<<<`), so nothing in the file was read"
        remedy = "Keep one of the two sides, and delete the lines with `<<<<<<<`, `=======` and `>>>>>>>`."
        return conflict[:_MOST_MARKERS], fact, remedy
    # The parser names another cause for some tabs and for lines that are indented too deep.
    line = every[lines[0] - 1] if lines and lines[0] <= len(every) else ""
    problem = error.problem or ""
    if _TAB.match(line):
        problem = "tab"
    elif odd := _odd_line(every, lines[:1]):
        problem, lines = "odd space", [odd]
    elif "mapping values are not" in problem and error.problem_mark and ": " not in line[: error.problem_mark.column]:
        problem = "too deep"
    fact, remedy = next(rest for part, *rest in _SYNTAX if part in problem)
    if "not closed" in fact:
        lines.reverse()
    return list(dict.fromkeys(lines)), f"{fact}, so nothing in the file was read", remedy


def _odd_line(every: list[str], lines: list[int]) -> int | None:
    """The first of some lines, or the line above it, if it is indented with special spaces."""
    near = [at for line in lines for at in (line, line - 1) if 0 < at <= len(every)]
    return next((at for at in near if _ODD_SPACE.match(every[at - 1])), None)
