"""Jobs for a workflow, one for each stack: a matrix on GitHub, a child pipeline on GitLab.

The names of stacks and environments appear in workflows, so a name with anything but letters, digits, dots, dashes
and underscores is refused.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from paletteai_components.errors import UserError

# The most jobs that GitHub runs for one matrix.
MOST = 256
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_REF = re.compile(r"refs/merge-requests/([1-9][0-9]{0,9})/head")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")

Named = tuple[str, str]
"""The names of a stack and its environment."""


def named_safely(stacks: Iterable[Named]) -> list[Named]:
    """The stacks, sorted.

    Raises:
        UserError: A name is not safe in a workflow, or there are more stacks than jobs.
    """
    listed = sorted(stacks)
    for name in sorted({part for pair in listed for part in pair}):
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{name!a} cannot be in the name of a job, so there are no jobs.",
                "Use only letters, digits and . _ -.",
            )
    if len(listed) > MOST:
        raise UserError(
            f"there are {len(listed)} stacks, and a workflow runs at most {MOST} jobs of a kind, so there are no jobs.",
            "Run `paletteai up ENV --yes` in one job for each environment instead.",
        )
    return listed


def for_github(stacks: Iterable[Named]) -> str:
    """The line that sets the output `matrix` of a job; without a value if there is no stack.

    Raises:
        UserError: There can be no jobs.
    """
    include = [{"stack": stack, "environment": environment} for stack, environment in named_safely(stacks)]
    # GitHub fails a job whose matrix is empty; one without a matrix can be skipped.
    return f"matrix={json.dumps({'include': include}, separators=(',', ':')) if include else ''}"


def for_gitlab(stacks: Iterable[Named], pull_request: tuple[str, str] | None = None) -> str:
    """A pipeline, as JSON, with a job for each stack: `up`, or the preview of a merge request.

    Args:
        stacks: The stacks.
        pull_request: The ref and the commit of the merge request, for `paletteai ci checkout`.

    Raises:
        UserError: There can be no jobs, or the ref or the commit is none.
    """
    command, name = "up", "up"
    if pull_request is not None:
        ref, commit = _REF.fullmatch(pull_request[0]), _COMMIT.fullmatch(pull_request[1])
        if ref is None or commit is None:
            raise UserError(
                "this is not the ref of a merge request with the full name of a commit, so there are no jobs.",
                "Name them as `refs/merge-requests/NUMBER/head` and 40 digits.",
            )
        # The name shows a reviewer what a manual job runs.
        command, name = "preview", f"preview !{ref[1]} at {commit[0]}"
    jobs = {f"{command} {stack}": _job(stack, environment, pull_request) for stack, environment in named_safely(stacks)}
    # GitLab refuses a pipeline without a job.
    jobs = jobs or {"no stack": {"stage": "run", "script": ["echo 'There is no stack file yet.'"]}}
    return json.dumps({"workflow": {"name": name}, "stages": ["run"], **jobs}, indent=2)


def _job(stack: str, environment: str, pull_request: tuple[str, str] | None) -> Mapping[str, Any]:
    install = "bash .ci/install"
    if pull_request is None:
        own = {
            "environment": {"name": environment},
            "resource_group": f"pulumi-{stack}",
            "script": [install, f".venv/bin/paletteai ci up {stack}"],
        }
    else:
        take = f".venv/bin/paletteai ci checkout {' '.join(pull_request)}"
        own = {
            "environment": {"name": f"preview-{environment}"},
            "resource_group": f"preview-{stack}",
            "when": "manual",
            "script": [install, take, f".venv/bin/paletteai ci preview {stack}"],
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
    """Pulumi's image, in the version of the SDK: they are released together."""
    image, digest = f"pulumi/pulumi:{version('pulumi')}", os.environ.get("PULUMI_IMAGE_DIGEST", "")
    if not _DIGEST.fullmatch(digest):
        raise UserError(
            f"PULUMI_IMAGE_DIGEST is not the digest of {image}, so there are no jobs.",
            f"Set it as a CI/CD variable: `docker buildx imagetools inspect {image}` shows it.",
        )
    return f"{image}@{digest}"
