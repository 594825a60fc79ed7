"""Jobs for a workflow, one for each slice of an environment's stacks: a matrix on GitHub, a child pipeline on GitLab.

A stack stays in its slice, so a lock on the slice keeps two runs from deploying it at once, whatever either of them
deploys. The names of environments appear in workflows, so a name with anything but letters, digits, dots, dashes and
underscores is refused. The names of stacks do not.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from paletteai_components.errors import UserError
from paletteai_components.redaction import redacted
from paletteai_components.stacks.slices import Slice, slice_of

SLICES = 16
"""How many slices an environment has by default."""

# The most jobs that GitHub runs for one matrix.
MOST = 256
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
_REF = re.compile(r"refs/merge-requests/([1-9][0-9]{0,9})/head")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """A slice of an environment's stacks."""

    environment: str
    number: int
    count: int

    @property
    def part(self) -> str:
        """The slice, as the command takes it."""
        return str(Slice(self.number, self.count))


def jobs_of(stacks: Iterable[tuple[str, str]], count: int = SLICES) -> list[Job]:
    """The slices with a stack in them, sorted.

    Args:
        stacks: The names of the stacks and of their environments.
        count: How many slices an environment has.

    Raises:
        UserError: An environment's name is not safe in a workflow, or there are more slices than jobs.
    """
    jobs = sorted({Job(environment, slice_of(stack, count).number, count) for stack, environment in stacks})
    for name in dict.fromkeys(job.environment for job in jobs):
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{redacted(name)!a} cannot be in the name of a job, so there are no jobs.",
                "Use only letters, digits and . _ - in the name of an environment.",
            )
    if len(jobs) > MOST:
        environments = len({job.environment for job in jobs})
        raise UserError(
            f"{environments} environments with {count} slices make {len(jobs)} jobs, and a workflow runs at most "
            f"{MOST} of a kind, so there are no jobs.",
            f"Pass `--slices {max(1, MOST // environments)}` when no deployment runs: it moves stacks to other slices.",
        )
    return jobs


def for_github(jobs: Iterable[Job]) -> str:
    """The line that sets the output `matrix` of a job; without a value if there are no jobs."""
    include = [{"environment": job.environment, "slice": job.part} for job in jobs]
    # GitHub fails a job whose matrix is empty; one without a matrix can be skipped.
    return f"matrix={json.dumps({'include': include}, separators=(',', ':')) if include else ''}"


def for_gitlab(jobs: Iterable[Job], since: str | None = None, pull_request: tuple[str, str] | None = None) -> str:
    """A pipeline, as JSON, with the jobs: `up`, or the previews of a merge request.

    Args:
        jobs: The jobs.
        since: The commit that a change since has to reach a stack, or None for all stacks.
        pull_request: The ref and the commit of the merge request, for `paletteai ci checkout`.

    Raises:
        UserError: The digest of the image is not set, or the ref or a commit is none.
    """
    operation, name = "up", "up"
    if since is not None and not _COMMIT.fullmatch(since):
        raise UserError("`--since` is not the full name of a commit, so there are no jobs.", "Write all its digits.")
    if pull_request is not None:
        ref, commit = _REF.fullmatch(pull_request[0]), _COMMIT.fullmatch(pull_request[1])
        if ref is None or commit is None:
            raise UserError(
                "this is not the ref of a merge request with the full name of a commit, so there are no jobs.",
                "Name them as `refs/merge-requests/NUMBER/head` and 40 digits.",
            )
        # The name shows a reviewer what a manual job runs.
        operation, name = "preview", f"preview !{ref[1]} at {commit[0]}"
    made = {f"{operation} {job.environment} {job.part}": _job(job, since, pull_request) for job in jobs}
    # GitLab refuses a pipeline without a job.
    made = made or {"no stack": {"stage": "run", "script": [f"echo 'There is no stack to {_DOING[operation]}.'"]}}
    return json.dumps({"workflow": {"name": name}, "stages": ["run"], **made}, indent=2)


_DOING = {"up": "deploy", "preview": "preview"}


def _job(job: Job, since: str | None, pull_request: tuple[str, str] | None) -> Mapping[str, Any]:
    install = "bash .ci/install"
    lock = f"{job.environment}-{job.number}-of-{job.count}"
    if pull_request is None:
        options = f" --since {since}" if since is not None else ""
        own = {
            "environment": {"name": job.environment},
            "resource_group": f"pulumi-{lock}",
            "script": [install, f".venv/bin/paletteai ci up {job.environment} {job.part}{options}"],
        }
    else:
        take = f".venv/bin/paletteai ci checkout {' '.join(pull_request)}"
        own = {
            "environment": {"name": f"preview-{job.environment}"},
            "resource_group": f"preview-{lock}",
            "when": "manual",
            "script": [install, take, f".venv/bin/paletteai ci preview {job.environment} {job.part}"],
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
