"""A platform team's repository: the files that `paletteai init` writes.

The folder `files` holds them as they are written, with those for every host. This project's own repository has the
same files: see `.ci/repository.py` there.
"""

from __future__ import annotations

import re
from pathlib import Path

HOSTS = {"github": "GitHub", "gitlab": "GitLab"}
"""The hosts that there are workflows for, and what they are called."""

README = "README.md"
SCHEMA = "stack.schema.json"
"""The JSON Schema of stack files, which their first line names."""

_FILES = Path(__file__).with_name("files")
_SCHEMA = Path(__file__).parent.parent / "schema" / "stack.json"
_HOST_FILES = {".github/": "github", ".gitlab-ci.yml": "gitlab"}
# What has no effect but at the top of a git repository.
_AT_THE_TOP = (*_HOST_FILES, ".pre-commit-config.yaml")


def files_for(host: str | None, *, at_top: bool = True) -> dict[str, bytes]:
    """The files of a repository, by path.

    Args:
        host: One of `HOSTS`, or None for a repository without workflows.
        at_top: Whether they are for the top of a git repository.
    """
    every = {file.relative_to(_FILES).as_posix(): file for file in sorted(_FILES.rglob("*")) if file.is_file()}
    found = {
        path: file.read_bytes()
        for path, file in every.items()
        if host_of(path) in {None, host} and (at_top or not path.startswith(_AT_THE_TOP))
    }
    readme = found[README].decode()
    left_out = [name for other, name in HOSTS.items() if other != host]
    for heading in left_out if at_top else [*left_out, "Before a commit"]:
        readme = _without_section(readme, heading)
    return {**found, README: readme.encode(), SCHEMA: _SCHEMA.read_bytes()}


def host_of(path: str) -> str | None:
    """The host that a file is for; None for a file that every repository has."""
    return next((host for start, host in _HOST_FILES.items() if path.startswith(start)), None)


def host_named_by(address: str) -> str | None:
    """The host in the address of a git remote, if its name says which one it is."""
    found = re.match(r"(?:\w+://)?(?:[^@/]*@)?([^/:]+)", address)
    parts = found[1].lower().split(".") if found else []
    return next((host for host in HOSTS if any(part.startswith(host) for part in parts)), None)


def _without_section(text: str, heading: str) -> str:
    sections = re.split("^(?=## )", text, flags=re.MULTILINE)
    return "".join(section for section in sections if not section.startswith(f"## {heading}\n"))
