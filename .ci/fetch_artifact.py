#!/usr/bin/env python3
"""Fetches the text that a run of the check left behind for a comment.

    fetch_artifact.py FILE

A fork's code may have made the artifact, so it is read in memory, within bounds, and only the one file that is
expected is taken out. Where the run left none, none is written.
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
    """The one file of the archive. Raises ApiError where there is anything else in it, or too much."""
    try:
        with ZipFile(BytesIO(archive)) as opened:
            members = opened.infolist()
            if [each.filename for each in members] != [MEMBER]:
                raise ApiError(f"the artifact holds something else than the one file {MEMBER}, so it was not used.")
            # Of the others zipfile unpacks a whole block however little is read: a kilobyte can be gigabytes.
            if members[0].compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
                raise ApiError(f"{MEMBER} in the artifact is packed in an unusual way, so it was not used.")
            # What it says of its size is checked, and not believed.
            text = b""
            if members[0].file_size <= MOST:
                with opened.open(members[0]) as file:
                    text = file.read(MOST + 1)
    except ApiError:
        raise
    except Exception:
        # Nobody says what zipfile raises for an archive that was made to break it.
        raise ApiError("the artifact is no archive that can be opened, so it was not used.") from None
    if max(len(text), members[0].file_size) > MOST:
        raise ApiError(f"{MEMBER} in the artifact is larger than {MOST:,} bytes, so it was not used.")
    return text


def main(arguments: list[str]) -> str:
    """Run the script and return what it did. Raises ApiError."""
    if len(arguments) != 1:
        raise ApiError("fetch_artifact.py takes the name of a file to write.")
    address, token, repository, number = (
        os.environ.get(name, "") for name in ("GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY", "RUN_ID")
    )
    if not (repository and number.isdecimal()):
        raise ApiError("GITHUB_REPOSITORY or RUN_ID is not set, so nothing was fetched. The workflow sets them.")
    api = Api(address, ("Authorization", "Bearer {}"), token)
    actions = f"repos/{repository}/actions"
    try:
        listed = with_retries(lambda: api.get(f"{actions}/runs/{number}/artifacts", name=NAME))["artifacts"]
        # A run that was repeated has one of each attempt.
        newest = max((each for each in listed if not each["expired"]), key=lambda each: int(each["id"]), default=None)
        if newest is None:
            return "The run left nothing behind to comment with."
        path = f"{actions}/artifacts/{int(newest['id'])}/zip"
    except (KeyError, TypeError, ValueError):
        raise ApiError("the API's answer has another form than is documented, so it was not understood.") from None
    Path(arguments[0]).write_bytes(text_in(with_retries(lambda: api.download(path, MOST))))
    return f"The text of the comment is in {arguments[0]}."


if __name__ == "__main__":
    exit_with(main)
