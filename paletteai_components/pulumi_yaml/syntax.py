"""Messages for invalid YAML. They never quote the file, because it may contain a key."""

from __future__ import annotations

import re

import yaml

_TAB = re.compile(r" *\t")
# The parser's message may quote the file. It only selects one of these and is not shown.
_SYNTAX = (
    ("tab", "a line is indented with a tab, which YAML does not allow", "Indent with spaces."),
    ("start any token", "a value starts with a reserved character", "Write it in quotes."),
    ("mapping values are not", "a colon is not allowed here", "Write the text in quotes."),
    ("unexpected ':'", "a colon is not allowed here", "Put a space after it, or write the text in quotes."),
    ("expected ':'", "a key has no colon", "Write `key: value`."),
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
    # The parser names another cause for some tabs.
    is_tab = any(_TAB.match(line) for line in text.split("\n")[lines[0] - 1 : lines[0]]) if lines else False
    problem = "tab" if is_tab else error.problem or ""
    fact, remedy = next(rest for part, *rest in _SYNTAX if part in problem)
    if "not closed" in fact:
        lines.reverse()
    return list(dict.fromkeys(lines)), f"{fact}, so nothing in the file was read", remedy
