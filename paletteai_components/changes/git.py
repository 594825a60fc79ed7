"""Git: what it is asked, and what it answers, without touching its index or the work tree.

The files in a checkout are a pull request's. None of them may decide which repository is asked, what git runs
to answer, or where it gets what it lacks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.document import MAX_BYTES

DEEPER = "In a CI job check out the whole history, with `fetch-depth: 0`; elsewhere run `git fetch --unshallow`."

# Folders and git's other objects have other modes.
FILES = frozenset({"100644", "100755", "100664"})
FOLDER = "040000"

# Where somebody's own configuration is, which says whose repositories git may read. Everything else that the
# environment tells git may lead to another repository, or to a program.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"})

# What is missing is not fetched: that could run whatever the repository's configuration names.
_SET = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_OPTIONS = (
    "--no-pager",
    *("-c", "safe.bareRepository=explicit"),
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
)


class GitError(UserError):
    """Git cannot be asked, or has no answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a tree under a name."""

    mode: str
    oid: str


def top_of(folder: Path) -> Path | None:
    """The top folder of the repository that a folder is in; None where it is in none.

    Git would also take a folder with `HEAD`, `objects` and `refs` in it for a repository, which anybody can
    commit. A `.git` it never checks out.
    """
    folder = folder.resolve()
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def git(top: Path, *arguments: str) -> tuple[int, str, str]:
    """What git prints in a repository's top folder: its exit code, its answer, and what it complains about."""
    import subprocess

    done = subprocess.run(  # noqa: S603
        [_command(), *_OPTIONS, *arguments],
        cwd=top,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, os.fsdecode(done.stdout).removesuffix("\n"), done.stderr.decode(errors="replace")


def entries(top: Path, tree: str) -> dict[str, Entry]:
    """What stands in a tree, by name. Raises GitError where the clone lacks it."""
    code, printed, _ = git(top, "ls-tree", "-z", "--full-tree", tree)
    if code:
        raise _missing("folder")
    found: dict[str, Entry] = {}
    for line in printed.split("\0")[:-1]:
        about, _, name = line.partition("\t")
        mode, _, oid = about.split(" ")
        found[name] = Entry(mode, oid)
    return found


class Objects:
    """A `git cat-file --batch` that is asked for one object after the other."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes], complaints: IO[bytes]) -> None:
        self._requests, self._answers, self._complaints = requests, answers, complaints

    def content(self, oid: str) -> bytes:
        """The bytes of a file, or so many that it is seen to be too large. Raises GitError where the clone lacks it."""
        try:
            self._requests.write(oid.encode() + b"\n")
            self._requests.flush()
        except OSError:
            # What is still to be written would fail once more when the pipe is closed.
            with suppress(OSError):
                self._requests.close()
            raise _no_answer() from None
        head = self._answers.readline()
        # Before 2.45 git goes away when it may not fetch what it lacks.
        if head.endswith(b" missing\n") or (not head and b"promisor remote" in self._complaints.read()):
            raise _missing("file")
        _, kind, size = (*head.decode("ascii", "replace").split(" "), "", "")[:3]
        if kind != "blob" or not size.strip().isdigit():
            raise _no_answer()
        data = self._answers.read(min(int(size), MAX_BYTES + 1))
        left = int(size) - len(data) + 1
        while left and (more := self._answers.read(min(left, MAX_BYTES))):
            left -= len(more)
        return data


@contextmanager
def objects_of(top: Path) -> Iterator[Objects]:
    """The objects of the repository with this top folder, from one process."""
    import subprocess

    process = subprocess.Popen(  # noqa: S603
        [_command(), *_OPTIONS, "cat-file", "--batch"],
        cwd=top,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            requests, answers, complaints = process.stdin, process.stdout, process.stderr
            yield Objects(cast(IO[bytes], requests), cast(IO[bytes], answers), cast(IO[bytes], complaints))
        finally:
            process.kill()


def _no_answer() -> GitError:
    return GitError("git gave no answer, so nothing was compared.", "Run `git fsck` to see what it says.")


def _missing(what: str) -> GitError:
    return GitError(
        f"a {what} of the revision is missing in this clone, so nothing was compared.",
        "Fetch what it lacks: `git fetch --refetch --no-filter origin`.",
    )


def _command() -> str:
    import shutil

    # A relative folder on PATH is one of the checkout.
    path = os.pathsep.join(filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep)))
    command = shutil.which("git", path=path)
    if command is None:
        raise GitError(
            "there is no `git` command on PATH, and only it can read another revision.",
            "Install git. To compare two environments, name two stacks: that needs none.",
        )
    return command


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("GIT_")}
    return {**kept, **_SET}
