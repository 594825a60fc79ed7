#!/usr/bin/env python3
"""Turns the output of `paletteai check --format json` into jobs, one for each stack.

    matrix.py github                        a line for $GITHUB_OUTPUT
    matrix.py gitlab up                     a child pipeline
    matrix.py gitlab preview REF COMMIT     a child pipeline for a pull request; see checkout_stacks.py

PULUMI_IMAGE_DIGEST is the digest of Pulumi's image for GitLab: a tag can be moved to another image.

The names of stacks and environments appear in workflows, so a name with anything but letters, digits, dots, dashes
and underscores is refused.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

# The most jobs that GitHub runs for one matrix.
MOST = 256
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_REF = re.compile(r"refs/merge-requests/[1-9][0-9]{0,9}/head")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"


def stacks_in(text: str) -> list[tuple[str, str]]:
    """The names and environments of the stacks, sorted. Exits if a name is not safe in a workflow."""
    try:
        listed = [(str(each["name"]), str(each["environment"])) for each in json.loads(text)["stacks"]]
    except (ValueError, KeyError, TypeError):
        _refuse("the input is not the output of `paletteai check --format json`, so there are no jobs. Pipe that in.")
    for name in {part for pair in listed for part in pair}:
        if not _NAME.fullmatch(name):
            _refuse(
                f"{name!a} cannot be in the name of a job, so there are no jobs. Use only letters, digits and . _ -."
            )
    if not listed:
        _refuse("there is no stack, so there are no jobs. Add a stack file.")
    if len(listed) > MOST:
        _refuse(
            f"there are {len(listed)} stacks, and a workflow runs at most {MOST} jobs of a kind. "
            "Run `paletteai up ENV --yes` in one job for each environment instead."
        )
    return sorted(listed)


def for_github(stacks: list[tuple[str, str]]) -> str:
    """The line that sets the output `matrix` of a job."""
    include = [{"stack": stack, "environment": environment} for stack, environment in stacks]
    return f"matrix={json.dumps({'include': include}, separators=(',', ':'))}"


def for_gitlab(stacks: list[tuple[str, str]], pull_request: tuple[str, str] | None = None) -> str:
    """A pipeline, as JSON, with a job for each stack: `up`, or the preview of a pull request.

    Args:
        stacks: The names and environments of the stacks.
        pull_request: The ref and the commit for `checkout_stacks.py`.
    """
    command = "preview" if pull_request else "up"
    jobs = {f"{command} {stack}": _job(stack, environment, pull_request) for stack, environment in stacks}
    # The name shows a reviewer what a manual job runs.
    name = f"preview !{pull_request[0].split('/')[2]} at {pull_request[1]}" if pull_request else "up"
    return json.dumps({"workflow": {"name": name}, "stages": ["run"], **jobs}, indent=2)


def _job(stack: str, environment: str, pull_request: tuple[str, str] | None) -> Mapping[str, Any]:
    install = "make .venv/.runtime"
    if pull_request is None:
        own = {
            "environment": {"name": environment},
            "resource_group": f"pulumi-{stack}",
            "script": [install, f".ci/pulumi up {stack}"],
        }
    else:
        take = f".venv/bin/python .ci/checkout_stacks.py {' '.join(pull_request)}"
        own = {
            "environment": {"name": f"preview-{environment}"},
            "resource_group": f"preview-{stack}",
            "when": "manual",
            "script": [install, take, f".ci/pulumi preview {stack}"],
        }
    return {
        "stage": "run",
        "image": {"name": _image(), "entrypoint": [""]},
        "timeout": "1 hour",
        "interruptible": False,
        "variables": {"GIT_DEPTH": "0"},
        **own,
    }


def _image() -> str:
    """Pulumi's image, in the version that requirements.txt pins."""
    found = re.search(r"^pulumi==([0-9.]+)", _REQUIREMENTS.read_text(), re.MULTILINE)
    if found is None:
        _refuse("requirements.txt does not pin pulumi, so its version is not known. Run `make requirements`.")
    image, digest = f"pulumi/pulumi:{found[1]}", os.environ.get("PULUMI_IMAGE_DIGEST", "")
    if not _DIGEST.fullmatch(digest):
        _refuse(
            f"PULUMI_IMAGE_DIGEST is not the digest of {image}, so there are no jobs. Set it as a CI/CD variable: "
            f"`docker buildx imagetools inspect {image}` shows it."
        )
    return f"{image}@{digest}"


def _refuse(message: str) -> NoReturn:
    # GitHub runs a log line's ##[command].
    print(f"error: {message}".replace("##", "#\\x23"), file=sys.stderr)
    sys.exit(2)


def main(arguments: list[str]) -> None:
    """Print the jobs for the stacks on the standard input."""
    match arguments:
        case ["github"]:
            print(for_github(stacks_in(sys.stdin.read())))
        case ["gitlab", "up"]:
            print(for_gitlab(stacks_in(sys.stdin.read())))
        case ["gitlab", "preview", ref, commit] if _REF.fullmatch(ref) and _COMMIT.fullmatch(commit):
            print(for_gitlab(stacks_in(sys.stdin.read()), (ref, commit)))
        case _:
            _refuse("matrix.py takes `github`, `gitlab up`, or `gitlab preview` with a ref and a commit.")


if __name__ == "__main__":
    main(sys.argv[1:])
