"""Git: reading objects of a repository without touching its index or the work tree.

The files in a checkout may come from a pull request. None of them may decide which repository is read, what
git runs, or from where it fetches missing objects.
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
from paletteai_components.shell import command, word

# The modes of regular files. Folders, links and submodules have other modes.
FILES = frozenset({"100644", "100755", "100664"})
FOLDER = "040000"

# Where the user's own configuration is, which lists the repositories that git may read. Every other variable of
# git may lead to another repository or run a program.
_KEPT = frozenset({"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"})

# Missing objects are not fetched: that could run any program that the repository's configuration names.
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
    """Git cannot be run, or gives no answer."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a git tree."""

    mode: str
    """Its mode as git prints it, for example ``100644``."""
    oid: str


def top_of(folder: Path) -> Path | None:
    """The top folder of the repository that a folder is in, or None.

    It is found by its `.git`, which git never checks out. Git itself also accepts a folder with `HEAD`,
    `objects` and `refs` as a repository, which a pull request can commit.
    """
    folder = folder.resolve()
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def run(top: Path, *arguments: str, input: str = "") -> tuple[int, str, str]:
    """Run git in a repository's top folder.

    Args:
        top: The folder.
        arguments: What git is called with.
        input: What git reads from its standard input.

    Returns:
        The exit code, the standard output and the error output.

    Raises:
        GitError: There is no git command.
    """
    import subprocess

    done = subprocess.run(  # noqa: S603
        [_find_git(), *_OPTIONS, *arguments],
        cwd=top,
        env=_environment(),
        input=os.fsencode(input),
        capture_output=True,
        check=False,
    )
    return done.returncode, os.fsdecode(done.stdout).removesuffix("\n"), done.stderr.decode(errors="replace")


def git_command(top: Path, arguments: str, *names: str) -> str:
    """A git command for the user, who may be in another folder than the repository."""
    where = "" if Path.cwd().is_relative_to(top) else f" -C {word(top)}"
    return command(f"git{where} {arguments}", *names)


def entries(top: Path, tree: str) -> dict[str, Entry]:
    """Read the entries of a tree, by name.

    Raises:
        GitError: The clone lacks the tree.
    """
    code, output, _ = run(top, "ls-tree", "-z", "--full-tree", tree)
    if code:
        raise _missing("folder", top)
    found: dict[str, Entry] = {}
    for line in output.split("\0")[:-1]:
        description, _, name = line.partition("\t")
        mode, _, oid = description.split(" ")
        found[name] = Entry(mode, oid)
    return found


class Objects:
    """A running `git cat-file --batch`, which reads one object at a time."""

    def __init__(self, top: Path, requests: IO[bytes], answers: IO[bytes], errors: IO[bytes]) -> None:
        self._top = top
        self._requests, self._answers, self._errors = requests, answers, errors

    def content(self, oid: str) -> bytes:
        """Read a file, but no more than one byte above the size limit, which shows that it is too large.

        Raises:
            GitError: The clone lacks the file, or git gives no answer.
        """
        try:
            self._requests.write(oid.encode() + b"\n")
            self._requests.flush()
        except OSError:
            # Closing the pipe writes what is buffered, which fails again.
            with suppress(OSError):
                self._requests.close()
            raise no_answer(self._top) from None
        head = self._answers.readline()
        # Before 2.45 git exits when it may not fetch a missing object.
        if head.endswith(b" missing\n") or (not head and b"promisor remote" in self._errors.read()):
            raise _missing("file", self._top)
        _, kind, size = (*head.decode("ascii", "replace").split(" "), "", "")[:3]
        if kind != "blob" or not size.strip().isdigit():
            raise no_answer(self._top)
        data = self._answers.read(min(int(size), MAX_BYTES + 1))
        left = int(size) - len(data) + 1
        while left and (more := self._answers.read(min(left, MAX_BYTES))):
            left -= len(more)
        return data


@contextmanager
def objects_of(top: Path) -> Iterator[Objects]:
    """Start a process that reads objects of the repository with this top folder."""
    import subprocess

    process = subprocess.Popen(  # noqa: S603
        [_find_git(), *_OPTIONS, "cat-file", "--batch"],
        cwd=top,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            requests, answers, errors = process.stdin, process.stdout, process.stderr
            yield Objects(top, cast(IO[bytes], requests), cast(IO[bytes], answers), cast(IO[bytes], errors))
        finally:
            process.kill()


def no_answer(top: Path, complaint: str = "") -> GitError:
    """The error of a repository that git cannot read. `complaint` is what git says of it."""
    first = next(iter(complaint.splitlines()), "").removeprefix("fatal: ")
    reason = f" (git reports: {first})" if first else ""
    return GitError(
        f"git gave no answer{reason}, so nothing was compared.",
        f"Run `{git_command(top, 'fsck')}` to see what is wrong.",
    )


def _missing(what: str, top: Path) -> GitError:
    return GitError(
        f"a {what} of the revision is missing in this clone, so nothing was compared.",
        f"Fetch it: `{git_command(top, 'fetch --refetch --no-filter origin')}`.",
    )


def _find_git() -> str:
    import shutil

    # A relative folder on PATH would be in the checkout.
    path = os.pathsep.join(filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep)))
    found = shutil.which("git", path=path)
    if found is None:
        raise GitError(
            "there is no `git` command on PATH, so no other revision can be read.",
            "Install git. Comparing two stacks with each other works without it.",
        )
    return found


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or not name.startswith("GIT_")}
    return {**kept, **_SET}
