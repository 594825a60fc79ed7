"""Git: what it is asked, and what it answers, without touching its index or the work tree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

DEEPER = "In a CI job check out the whole history, with `fetch-depth: 0`; elsewhere run `git fetch --unshallow`."

# What a hook or an alias leaves behind would lead to another repository than the folder's.
_LEADING_ELSEWHERE = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_TRACE",
        "GIT_WORK_TREE",
    }
)


class GitError(Exception):
    """Git cannot be asked, or has no answer.

    Fields:
        message: the fact and its consequence.
        help: the remedy.
    """

    def __init__(self, message: str, help: str) -> None:
        self.message = message
        self.help = help
        super().__init__(f"{message} {help}")


def git(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """What git prints: its exit code, its answer, and what it complains about."""
    import subprocess

    done = subprocess.run(  # noqa: S603
        [_command(), *arguments],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return done.returncode, os.fsdecode(done.stdout).removesuffix("\n"), done.stderr.decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a tree under a name."""

    mode: bytes
    name: str
    oid: str


@dataclass(frozen=True, slots=True)
class Blob:
    """A file: its id and its bytes."""

    oid: str
    data: bytes


class Objects:
    """A `git cat-file --batch` that is asked for one object after the other."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers

    def blob(self, wanted: str) -> Blob | None:
        """The file that is called so, or None where there is none."""
        oid, kind, data = self._asked(wanted)
        return Blob(oid, data) if kind == "blob" else None

    def content(self, oid: str) -> bytes:
        """The bytes of a blob. Raises GitError where the clone lacks it."""
        blob = self.blob(oid)
        if blob is None:
            raise GitError("a file of the revision is missing in this clone, so nothing was compared.", DEEPER)
        return blob.data

    def entries(self, wanted: str) -> list[Entry]:
        """What could be a stack file in a tree; nothing where there is no such tree."""
        oid, kind, data = self._asked(wanted)
        found: list[Entry] = []
        at, size = 0, len(oid) // 2
        while kind == "tree" and at < len(data):
            end = data.index(b"\0", at)
            mode, _, name = data[at:end].partition(b" ")
            at = end + 1 + size
            shown = os.fsdecode(name)
            if shown.startswith("Pulumi.") and os.path.basename(shown) == shown:
                found.append(Entry(mode, shown, data[at - size : at].hex()))
        return found

    def _asked(self, wanted: str) -> tuple[str, str, bytes]:
        if "\n" in wanted:
            raise GitError("the folder's name holds a line break, so git cannot be asked.", "Rename it.")
        try:
            self._requests.write(os.fsencode(wanted) + b"\n")
            self._requests.flush()
        except OSError:
            # What is still to be written would fail once more when the pipe is closed.
            with suppress(OSError):
                self._requests.close()
            raise _no_answer() from None
        head = self._answers.readline()
        if head.endswith(b" missing\n"):
            return "", "", b""
        oid, kind, size = (*head.decode("ascii", "replace").split(" "), "", "")[:3]
        if not size.strip().isdigit():
            raise _no_answer()
        data = self._answers.read(int(size))
        self._answers.read(1)
        return oid, kind, data


@contextmanager
def objects_of(top: Path) -> Iterator[Objects]:
    """The objects of the repository with this top folder, from one process."""
    import subprocess

    process = subprocess.Popen(  # noqa: S603
        [_command(), "cat-file", "--batch"],
        cwd=top,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        try:
            yield Objects(cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout))
        finally:
            process.kill()


def _no_answer() -> GitError:
    return GitError("git gave no answer, so nothing was compared.", "Run `git fsck` to see what it says.")


def _command() -> str:
    import shutil

    command = shutil.which("git")
    if command is None:
        raise GitError(
            "there is no `git` command on PATH, and only it can read another revision.",
            "Install git. To compare two environments, name two stacks: that needs none.",
        )
    return command


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _LEADING_ELSEWHERE}
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
