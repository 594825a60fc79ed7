"""The commit that was deployed last, in all environments and completely.

A deployment that failed in part is none: what it did not deploy is still to be deployed, and what it did deploy may be
another than what comes next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from paletteai_components.ci.api import Api, ApiError, with_retries
from paletteai_components.errors import UserError

ENVIRONMENT = "deployed"
"""The environment on GitLab whose deployments are the pipelines that deployed everything."""

# A person may start a deployment of everything.
_EVENTS = ("push", "workflow_dispatch")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_WORKFLOW = re.compile(r"[^/]+/[^/]+/\.github/workflows/([A-Za-z0-9._-]+)@refs/heads/(.+)")


def deployed_on_github() -> str | None:
    """The commit of the newest run of this workflow on its branch that succeeded; None if none has.

    GITHUB_TOKEN reads the runs; the other variables are GitHub's own.

    Raises:
        ApiError: A variable is missing, or the API cannot be asked.
        UserError: That run is newer than this one.
    """
    names = ("GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_WORKFLOW_REF", "GITHUB_RUN_NUMBER")
    address, token, repository, reference, number = (os.environ.get(name, "") for name in names)
    workflow = _WORKFLOW.fullmatch(reference)
    if not repository or workflow is None or not number.isdecimal():
        raise ApiError(
            "this is no run of a workflow on a branch, so it is not known what was deployed.",
            "GITHUB_REPOSITORY, GITHUB_WORKFLOW_REF and GITHUB_RUN_NUMBER are set by GitHub.",
        )
    api = Api(address, ("Authorization", "Bearer {}"), token)
    path, branch = f"repos/{repository}/actions/workflows/{workflow[1]}/runs", workflow[2]
    found: list[tuple[int, str]] = []
    for event in _EVENTS:
        query: dict[str, str | int] = {"branch": branch, "event": event, "status": "success", "per_page": 1}
        answer = _asked(api, path, query)
        try:
            # The branch of a pull request may have the same name, so what was asked for is looked at again.
            found += [
                (int(run["run_number"]), str(run["head_sha"]))
                for run in answer["workflow_runs"]
                if (run["event"], run["head_branch"], run["conclusion"]) == (event, branch, "success")
            ]
        except (KeyError, TypeError, ValueError):
            raise _unexpected() from None
    if not found:
        return None
    newest, commit = max(found)
    if newest > int(number):
        raise UserError(
            "a newer commit is deployed already, so this one is not: it would undo what came after it.",
            "Nothing is left to do. To go back to an older state, revert the commits.",
        )
    return _checked(commit)


def deployed_on_gitlab() -> str | None:
    """The commit of the newest successful deployment to the environment `deployed`; None if there is none.

    CI_JOB_TOKEN reads the deployments; the other variables are GitLab's own.

    Raises:
        ApiError: A variable is missing, or the API cannot be asked.
    """
    names = ("CI_API_V4_URL", "CI_JOB_TOKEN", "CI_PROJECT_ID", "CI_DEFAULT_BRANCH")
    address, token, project, branch = (os.environ.get(name, "") for name in names)
    if not (project.isdecimal() and branch):
        raise ApiError(
            "this is no job of a pipeline, so it is not known what was deployed.",
            "CI_PROJECT_ID and CI_DEFAULT_BRANCH are set by GitLab.",
        )
    api = Api(address, ("JOB-TOKEN", "{}"), token)
    query: dict[str, str | int] = {"environment": ENVIRONMENT, "status": "success", "order_by": "id", "sort": "desc"}
    query |= {"per_page": 20}
    answer = _asked(api, f"projects/{project}/deployments", query)
    if not isinstance(answer, list):
        raise _unexpected()
    try:
        commits = [str(each["sha"]) for each in answer if (each["ref"], each["status"]) == (branch, "success")]
    except (KeyError, TypeError):
        raise _unexpected() from None
    return _checked(commits[0]) if commits else None


def _asked(api: Api, path: str, query: Mapping[str, str | int]) -> Any:
    return with_retries(lambda: api.get(path, **query))


def _checked(commit: str) -> str:
    if not _COMMIT.fullmatch(commit):
        raise _unexpected()
    return commit


def _unexpected() -> ApiError:
    return ApiError("the API's answer does not have the documented form, so it cannot be read.")
