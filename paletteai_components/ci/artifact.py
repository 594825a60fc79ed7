"""The text of a comment that a run of the check on GitHub has left as an artifact.

A fork's code may have made the artifact, so it is read in memory, with limits, and only the one expected file is
extracted.
"""

from __future__ import annotations

import os
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from paletteai_components.ci.api import Api, ApiError, with_retries

NAME = "paletteai-diff"
MEMBER = "diff.md"
MOST = 1024 * 1024


def text_in(archive: bytes) -> bytes:
    """The content of the one file in the archive.

    Raises:
        ApiError: The archive cannot be read, is too large, or contains anything else.
    """
    try:
        with ZipFile(BytesIO(archive)) as opened:
            members = opened.infolist()
            if [each.filename for each in members] != [MEMBER]:
                raise ApiError(f"the artifact does not contain exactly the file {MEMBER}, so it was not used.")
            # With other compressions zipfile unpacks complete blocks: a kilobyte can become gigabytes.
            if members[0].compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
                raise ApiError(f"{MEMBER} in the artifact has an unusual compression, so it was not used.")
            # The size that the archive states may be wrong, so the content is measured, too.
            text = b""
            if members[0].file_size <= MOST:
                with opened.open(members[0]) as file:
                    text = file.read(MOST + 1)
    except ApiError:
        raise
    except Exception:
        # It is not documented what zipfile raises for a malicious archive.
        raise ApiError("the artifact is not an archive that can be opened, so it was not used.") from None
    if max(len(text), members[0].file_size) > MOST:
        raise ApiError(f"{MEMBER} in the artifact is larger than {MOST:,} bytes, so it was not used.")
    return text


def left_by_the_check() -> bytes | None:
    """The text that the run RUN_ID of the check has left; None if it has left none, for example because it was ended.

    The other variables are GITHUB_API_URL, GITHUB_TOKEN and GITHUB_REPOSITORY.

    Raises:
        ApiError: A variable is missing or not valid, or there is an artifact, but it cannot be used.
    """
    address, token, repository, number = (
        os.environ.get(name, "") for name in ("GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY", "RUN_ID")
    )
    if not (repository and number.isdecimal()):
        raise ApiError(
            "GITHUB_REPOSITORY or RUN_ID is not set, so nothing was fetched.", "The workflow and GitHub set them."
        )
    api = Api(address, ("Authorization", "Bearer {}"), token)
    actions = f"repos/{repository}/actions"
    try:
        listed = with_retries(lambda: api.get(f"{actions}/runs/{number}/artifacts", name=NAME))["artifacts"]
        if not listed:
            return None
        # A repeated run has an artifact for each attempt.
        newest = max((each for each in listed if not each["expired"]), key=lambda each: int(each["id"]), default=None)
        if newest is None:
            raise ApiError("what the check has left has expired, so nothing was posted.", "Run the check again.")
        path = f"{actions}/artifacts/{int(newest['id'])}/zip"
    except (KeyError, TypeError, ValueError):
        raise ApiError("the API's answer does not have the documented form, so it cannot be read.") from None
    return text_in(with_retries(lambda: api.download(path, MOST)))
