"""What readers of reports accept: written from the public descriptions of the formats, and stricter than they are.

SARIF is the OASIS standard 2.1.0 with errata 01. A Code Quality report is what GitLab's documentation describes and its
parser requires. JUnit is `junit-10` of the xUnit plugin of Jenkins, which refuses what it does not know. A workflow
command is what GitHub's runner takes for one. Only what this package writes is allowed here.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

LEVELS = ["error", "warning", "note"]


def _closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT = {"type": "string", "minLength": 1}
_MESSAGE = _closed({"text": _TEXT})
_URI = {"type": "string", "pattern": r"^(?![/.])([A-Za-z0-9._~/-]|%[0-9A-F]{2})+$"}
_ARTIFACT = {
    "oneOf": [
        _closed({"uri": _URI, "uriBaseId": {"const": "%SRCROOT%"}}),
        _closed({"uri": {"type": "string", "pattern": r"^file:///([A-Za-z0-9._~/-]|%[0-9A-F]{2})*$"}}),
    ]
}
_PHYSICAL = _closed({"artifactLocation": _ARTIFACT}, region=_closed({"startLine": {"type": "integer", "minimum": 1}}))
_LOCATION = {"anyOf": [_closed({"physicalLocation": _PHYSICAL}, message=_MESSAGE), _closed({"message": _MESSAGE})]}
_RULE = _closed(
    {
        "id": {"type": "string", "pattern": "^PAI[0-9]{3}$"},
        "shortDescription": _MESSAGE,
        "fullDescription": _MESSAGE,
        "help": _closed({"text": _TEXT, "markdown": _TEXT}),
        "defaultConfiguration": _closed({"level": {"enum": LEVELS}}),
        "properties": _closed({"tags": {"type": "array", "items": _TEXT, "uniqueItems": True}}),
    }
)
_RESULT = _closed(
    {
        "ruleId": _TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": {"enum": LEVELS},
        "message": _MESSAGE,
        "locations": {"type": "array", "items": _LOCATION, "uniqueItems": True, "maxItems": 1},
        "partialFingerprints": _closed({"paletteai/v1": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}),
        "suppressions": {
            "type": "array",
            "items": _closed({"kind": {"const": "inSource"}, "justification": _TEXT}),
            "uniqueItems": True,
        },
    },
    relatedLocations={"type": "array", "items": _LOCATION, "uniqueItems": True},
)
_RUN = _closed(
    {
        "tool": _closed(
            {
                "driver": _closed(
                    {
                        "name": {"const": "paletteai"},
                        "fullName": _TEXT,
                        "version": _TEXT,
                        "rules": {"type": "array", "items": _RULE, "uniqueItems": True},
                    }
                )
            }
        ),
        "invocations": {
            "type": "array",
            "items": _closed({"executionSuccessful": {"type": "boolean"}, "exitCode": {"enum": [0, 1, 2]}}),
        },
        "originalUriBaseIds": _closed({"%SRCROOT%": _closed({"description": _MESSAGE})}),
        "results": {"type": "array", "items": _RESULT},
    }
)
SARIF = Draft202012Validator(
    _closed(
        {
            "$schema": {"type": "string", "pattern": "/sarif-schema-2.1.0.json$"},
            "version": {"const": "2.1.0"},
            "runs": {"type": "array", "items": _RUN, "minItems": 1, "maxItems": 1},
        }
    )
)


def _public_sarif() -> Any:
    """The validator of the standard's own schema, where `PALETTEAI_SARIF_SCHEMA` is its path; None elsewhere."""
    if (path := os.environ.get("PALETTEAI_SARIF_SCHEMA")) is None:
        return None
    schema = json.loads(Path(path).read_text())
    return validator_for(schema)(schema)


PUBLIC_SARIF = _public_sarif()
CODE_QUALITY = Draft202012Validator(
    {
        "type": "array",
        "items": _closed(
            {
                "check_name": {"type": "string", "pattern": "^PAI[0-9]{3}$"},
                "description": _TEXT,
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": _closed(
                    {
                        # From the top of the repository, and not out of it.
                        "path": {"type": "string", "pattern": r"^(?!/|\.\.(/|$)|\./)."},
                        "lines": _closed({"begin": {"type": "integer", "minimum": 1}}),
                    }
                ),
            }
        ),
    }
)


def sarif_run(text: str) -> dict[str, Any]:
    """The run of a SARIF log that is valid. Raises what is wrong."""
    log = json.loads(text)
    SARIF.validate(log)
    if PUBLIC_SARIF is not None:
        PUBLIC_SARIF.validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    fingerprints = [result["partialFingerprints"]["paletteai/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)
    return dict(run)


def code_quality_issues(text: str) -> list[dict[str, Any]]:
    """The issues of a Code Quality report that is valid. GitLab shows one of those with equal fingerprints."""
    issues: list[dict[str, Any]] = json.loads(text)
    CODE_QUALITY.validate(issues)
    # JSON for GitLab is UTF-8.
    json.dumps(issues, ensure_ascii=False).encode()
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    return issues


_ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "file"},
    "testcase": {"name", "time", "classname"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set[str](),
}
_REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}}
_CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "skipped", "system-out"},
}


def junit_suites(text: str) -> dict[str, ElementTree.Element]:
    """The test suites of a JUnit report that is valid, by name. Raises what is wrong."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        assert _REQUIRED.get(element.tag, set()) <= element.attrib.keys() <= _ATTRIBUTES[element.tag], element.attrib
        assert {child.tag for child in element} <= _CHILDREN.get(element.tag, set())
    for suite in (root, *root):
        assert suite.get("tests") == str(len(list(suite.iter("testcase"))))
        assert suite.get("failures") == str(len(list(suite.iter("failure"))))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(names)) == len(names)
    suites = {str(suite.get("name")): suite for suite in root}
    assert len(suites) == len(root)
    return suites


def outcomes_of(suite: ElementTree.Element) -> dict[str, str]:
    """How the test cases of a suite ended that did not simply pass, by the code of the rule."""
    found = {}
    for case in suite:
        if len(case):
            found[str(case.get("name"))[:6]] = case[0].tag
    return found


@dataclass(frozen=True)
class WorkflowCommand:
    """A line that GitHub's runner takes for a command."""

    name: str
    properties: dict[str, str]
    data: str


# Some of the commands that a line may begin with after `::`, and that may be anywhere in it after `##[`.
REGISTERED = {"add-mask", "add-path", "debug", "error", "group", "notice", "set-env", "set-output", "warning"}


def workflow_commands(printed: str) -> list[WorkflowCommand]:
    """The commands that GitHub's runner finds in an output, which it reads line by line."""
    found = []
    for line in printed.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        text = line.lstrip()
        if text.startswith("::") and "::" in text[2:]:
            head, _, data = text[2:].partition("::")
            name, _, given = head.partition(" ")
            if name in REGISTERED:
                pairs = (each.split("=", 1) for each in given.strip().split(",") if "=" in each)
                properties = {key: _unescaped(value, {"%3A": ":", "%2C": ","}) for key, value in pairs}
                found.append(WorkflowCommand(name, properties, _unescaped(data, {})))
                continue
        _, bracket, rest = line.partition("##[")
        name = rest.partition("]")[0].partition(" ")[0]
        if bracket and "]" in rest and name in REGISTERED:
            found.append(WorkflowCommand(name, {}, rest))
    return found


def _unescaped(text: str, also: dict[str, str]) -> str:
    for code, character in {"%0D": "\r", "%0A": "\n", **also, "%25": "%"}.items():
        text = text.replace(code, character)
    return text
