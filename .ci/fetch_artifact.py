#!/usr/bin/env python3
"""Downloads the comment that a run of the check has left as an artifact.

    fetch_artifact.py FILE

A fork's code may have made the artifact, so it is read in memory, with limits, and only the one expected file is
extracted. If the run left no artifact, no file is written.
"""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from api import Api, ApiError, exit_with, with_retries

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


def main(arguments: list[str]) -> str:
    """Download the comment, and return a line that says what was done.

    Raises:
        ApiError: There is an artifact, but it cannot be used.
    """
    if len(arguments) != 1:
        raise ApiError("fetch_artifact.py takes the name of a file to write; nothing was fetched.")
    address, token, repository, number = (
        os.environ.get(name, "") for name in ("GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY", "RUN_ID")
    )
    if not (repository and number.isdecimal()):
        raise ApiError("GITHUB_REPOSITORY or RUN_ID is not set, so nothing was fetched. The workflow sets them.")
    api = Api(address, ("Authorization", "Bearer {}"), token)
    actions = f"repos/{repository}/actions"
    try:
        listed = with_retries(lambda: api.get(f"{actions}/runs/{number}/artifacts", name=NAME))["artifacts"]
        # A repeated run has an artifact for each attempt.
        newest = max((each for each in listed if not each["expired"]), key=lambda each: int(each["id"]), default=None)
        if newest is None:
            return "The run left no artifact, so there is nothing to post."
        path = f"{actions}/artifacts/{int(newest['id'])}/zip"
    except (KeyError, TypeError, ValueError):
        raise ApiError("the API's answer does not have the documented form, so it cannot be read.") from None
    Path(arguments[0]).write_bytes(text_in(with_retries(lambda: api.download(path, MOST))))
    return f"The text of the comment is in {arguments[0]}."


if __name__ == "__main__":
    exit_with(main)
