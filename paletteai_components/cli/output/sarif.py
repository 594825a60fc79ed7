"""Problems as SARIF 2.1.0, the format of the OASIS standard that code scanning services and editors read."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote

from paletteai_components import __version__
from paletteai_components.cli.output.place import STANDARD_INPUT, Repository, fingerprints_of
from paletteai_components.diagnostics import Diagnostic, Severity, SourceLocation, escaped
from paletteai_components.rules import RULES, page_of
from paletteai_components.rules.rule import Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_TOP = "%SRCROOT%"
_FINGERPRINT = "paletteai/v1"
# In a message, brackets before parentheses are a link, and single braces are a placeholder. No text of a file is one.
_BRACE = re.compile(r"[{}]")


def sarif_of(
    diagnostics: Sequence[Diagnostic], codes: Sequence[str], repository: Repository, *, exit_code: int
) -> dict[str, Any]:
    """Problems as a SARIF log with one run.

    Args:
        diagnostics: The problems. Those that are silenced are suppressed results.
        codes: The codes of the rules that were run.
        repository: The repository to whose top the files are relative.
        exit_code: How the command ends: 2 if something could not be read.
    """
    rules = [RULES[code] for code in RULES if code in codes or any(each.code == code for each in diagnostics)]
    indices = {rule.code: index for index, rule in enumerate(rules)}
    results = [
        _result(diagnostic, indices[diagnostic.code], fingerprint, repository)
        for diagnostic, fingerprint in zip(diagnostics, fingerprints_of(diagnostics, repository), strict=True)
    ]
    driver = {
        "name": "paletteai",
        "fullName": f"paletteai {__version__}",
        "version": __version__,
        "rules": list(map(_descriptor, rules)),
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": exit_code != 2, "exitCode": exit_code}],
        "originalUriBaseIds": {_TOP: {"description": {"text": "The top of the repository."}}},
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> dict[str, Any]:
    page = page_of(rule)
    reason, _, _ = inspect.cleandoc(rule.check.__doc__ or "").partition("\n\n")
    return {
        "id": rule.code,
        "shortDescription": {"text": rule.holds},
        "fullDescription": {"text": " ".join(reason.split())},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["paletteai", rule.scope.value]},
    }


def _result(diagnostic: Diagnostic, index: int, fingerprint: str, repository: Repository) -> dict[str, Any]:
    silenced = diagnostic.severity is Severity.SILENCED
    # What is silenced has its reason where the remedy would be.
    text = diagnostic.message if silenced else f"{diagnostic.message}\n{diagnostic.help}"
    locations = [_location(each, repository) for each in dict.fromkeys(diagnostic.where)]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": index,
        "level": (RULES[diagnostic.code].severity if silenced else diagnostic.severity).value,
        "message": _message(text),
        "locations": locations[:1],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
        "suppressions": [{"kind": "inSource", "justification": _message(diagnostic.help)["text"]}] if silenced else [],
    }
    if locations[1:]:
        result["relatedLocations"] = [{"message": {"text": "also"}, **each} for each in locations[1:]]
    return result


def _message(text: str) -> dict[str, str]:
    shown = "\n".join(map(escaped, text.split("\n")))
    parts = shown.split("]")
    texts = (part.replace("[", "\\[") if then.startswith("(") else part for part, then in pairwise(parts))
    return {"text": _BRACE.sub(r"\g<0>\g<0>", "]".join([*texts, parts[-1]]))}


def _location(location: SourceLocation, repository: Repository) -> dict[str, Any]:
    """A location; without a file that a reader could open if there is none, as for standard input."""
    path = repository.path_of(location.file)
    if path is not None:
        artifact = {"uri": quote(path, safe="/", errors="surrogateescape"), "uriBaseId": _TOP}
    elif location.file not in {"", STANDARD_INPUT}:
        artifact = {"uri": Path(location.file).absolute().as_uri()}
    else:
        return {"message": _message(str(location) or "in Python")}
    region = {} if location.line is None else {"region": {"startLine": location.line}}
    return {"physicalLocation": {"artifactLocation": artifact, **region}}
