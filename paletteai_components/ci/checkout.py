"""The stack files of a pull request, copied as data into a checkout of its target branch.

Nothing else of the pull request is written to disk. Each file is parsed and checked by this checkout's code, and
written again from the parsed values, so that Pulumi cannot read it differently. If GIT_TOKEN is set, git authenticates
with it.

A stack file can make Pulumi run programs and call other services: a kubeconfig names commands, an ESC environment
sets variables, a secrets provider is a URL. So a pull request may change what describes tenants. Anything else it
may only set to a value that a stack of the same environment already has on the branch.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paletteai_components.diagnostics import StackFileError, escaped
from paletteai_components.errors import UserError
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.pulumi_yaml.document import Path as Steps
from paletteai_components.redaction import redacted
from paletteai_components.stacks.configuration import NAMESPACE, qualified
from paletteai_components.stacks.folder import StackFolder, stack_folder
from paletteai_components.stacks.pulumi_project import PulumiProject, project_file_in

MOST_BYTES = 1024 * 1024
# Each is read twice, so that is a matter of minutes.
MOST_FILES = 10_000
_REF = re.compile(r"refs/(?:pull|merge-requests)/[1-9][0-9]{0,9}/head")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
# A pull request may change these values: they are only used in computations on this machine.
_FREE = frozenset({"encryptionsalt", "encryptedkey"})
# Characters that control, hide or reorder the output, or end its line. A value may contain newlines and tabs.
_STEERING = frozenset({"Cc", "Cf", "Zl", "Zp"})
_FREE_CONFIG = "kubernetes:context"
_HELPER = '!f() { echo username=x-access-token; printf "password=%s\\n" "$GIT_TOKEN"; }; f'


@dataclass(frozen=True)
class Entry:
    """A file in a commit, as `git ls-tree` lists it."""

    mode: str
    """For example ``100644``."""
    kind: str
    """``blob``, ``tree`` or ``commit``."""
    content: str
    """The object name of its content."""


def take_stack_files(ref: str, commit: str) -> list[str]:
    """Copy the stack files that a pull request changes into the checkout, or none of them.

    Args:
        ref: ``refs/pull/NUMBER/head`` or ``refs/merge-requests/NUMBER/head``.
        commit: The full name of its newest commit, which somebody has reviewed.

    Returns:
        The names of the stacks whose files change and stay.

    Raises:
        UserError: The pull request, or a file in it, is refused.
    """
    if not _REF.fullmatch(ref) or not _COMMIT.fullmatch(commit):
        raise UserError(
            "this is not the ref of a pull request with the full name of its newest commit, so nothing was copied.",
            "Name them as `refs/pull/NUMBER/head`, or `refs/merge-requests/NUMBER/head`, and 40 digits.",
        )
    folder, project = _find_folder()
    _fetch(ref, commit)
    before, after = _list_entries("HEAD", folder), _list_entries(_merge_tree(commit), folder)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if len(changed) > MOST_FILES:
        raise _refused(f"the pull request changes more than {MOST_FILES} files in {folder}", "Split it.")
    allowed = _allowed_values(before, folder, project)
    taken: dict[str, bytes | None] = {}
    for path in changed:
        stack = _stack_of(path, folder)
        if stack is None:
            continue
        entry = after.get(path)
        taken[path] = None if entry is None else _checked_content(path, stack, entry, allowed, project)
    # Nothing is written before all files are checked.
    names: list[str] = []
    for path, content in taken.items():
        # If the path is a link on the branch, writing through it would change another file.
        Path(path).unlink(missing_ok=True)
        if content is not None:
            Path(path).write_bytes(content)
            names.append(str(_stack_of(path, folder)))
    return names


def _find_folder() -> tuple[StackFolder, PulumiProject]:
    """The folder of the stack files, and the Pulumi project, as the branch has them."""
    if project_file_in(Path()) is None:
        raise UserError("there is no Pulumi.yaml here, so this is not a checkout of the project.", "Run it in one.")
    folder = stack_folder()
    if folder.project is None:
        raise StackFileError(folder.unreadable)
    if folder.path.is_absolute() or ".." in folder.path.parts:
        raise _refused(f"the stack files are in {folder}, outside of this checkout", "Move them into it.")
    return folder, folder.project


def _fetch(ref: str, commit: str) -> None:
    helper = ["-c", f"credential.helper={_HELPER}"] if os.environ.get("GIT_TOKEN") else []
    _git(*helper, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "origin", ref)
    newest = _git("rev-parse", "FETCH_HEAD").decode().strip()
    if newest != commit:
        raise _refused(f"the pull request is at {newest[:12]}, not at {commit[:12]}", "Review it again.")


def _merge_tree(commit: str) -> str:
    """The tree that a merge would create."""
    merged = _run_git("merge-tree", "--write-tree", "--no-messages", "HEAD", commit)
    if merged.returncode == 1:
        raise _refused("the pull request conflicts with the branch", "Rebase it.")
    if merged.returncode:
        raise _git_failed(merged)
    return merged.stdout.decode().strip()


def _list_entries(tree: str, folder: StackFolder) -> dict[str, Entry]:
    """The entries of the folder of stack files, by path."""
    found: dict[str, Entry] = {}
    inside = [f"{folder.path.as_posix()}/"] if folder.path.parts else []
    for line in _git("ls-tree", "-z", "--full-tree", tree, *inside).decode(errors="surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if path:
            found[path] = Entry(*about.split())
    return found


def _stack_of(path: str, folder: StackFolder) -> str | None:
    """The name of the stack whose file is at a path, or None."""
    return folder.stack_of(path.rpartition("/")[2])


def _allowed_values(
    before: dict[str, Entry], folder: StackFolder, project: PulumiProject
) -> dict[str, list[tuple[str, Any]]]:
    """The guarded values that stack files have on the branch, by environment."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for path, entry in before.items():
        stack = _stack_of(path, folder)
        if stack is None or not _is_plain(entry):
            continue
        try:
            found.setdefault(_environment_of(stack), []).extend(_guarded_values(_read_document(path, entry), project))
        except StackFileError:
            # A broken file allows nothing, and a pull request may fix it.
            continue
    return found


def _checked_content(
    path: str, stack: str, entry: Entry, allowed: dict[str, list[tuple[str, Any]]], project: PulumiProject
) -> bytes:
    """The content to write for a stack file. Raises UserError if the file is refused."""
    if not _NAME.fullmatch(stack):
        raise _refused(f"{path} does not have the name of a stack file", "Rename it.")
    if not _is_plain(entry):
        raise _refused(f"{path} is a link, a program or a folder", "Make it a plain file.")
    document = _read_document(path, entry)
    for steps, character in _steering_characters(document.value, ()):
        raise _refused(
            f"{path}:{document.line(steps)}: a key or value contains the character {escaped(character)}, which could "
            "forge or hide the output of a preview",
            "Remove it.",
        )
    environment = _environment_of(stack)
    for key, value in _guarded_values(document, project):
        if not any(key == other and _same(value, its) for other, its in allowed.get(environment, ())):
            raise _refused(
                f"{path} has a value for `{redacted(key[:100])}` that no stack of environment `{environment}` has on "
                "the branch. With it Pulumi could run a program, call another service or print a key",
                "Review it, and then preview it on your own machine.",
            )
    written = _json_bytes(document.value)
    try:
        same = document_from(written, path).value == document.value
    except StackFileError:
        same = False
    if not same:
        raise _refused(f"{path} changes when it is written again", "Use shorter keys.")
    return written


def _steering_characters(value: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    """Every character that could forge or hide output, with its place."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from (((*steps, key), each) for each in key if unicodedata.category(each) in _STEERING)
            yield from _steering_characters(inside, (*steps, key))
    elif isinstance(value, list):
        for position, inside in enumerate(value):
            yield from _steering_characters(inside, (*steps, position))
    elif isinstance(value, str):
        yield from ((steps, each) for each in value if each not in "\n\t" and unicodedata.category(each) in _STEERING)


def _is_plain(entry: Entry) -> bool:
    return (entry.mode, entry.kind) == ("100644", "blob")


def _environment_of(stack: str) -> str:
    return stack.rpartition(".")[2]


def _guarded_values(document: Document, project: PulumiProject) -> list[tuple[str, Any]]:
    """Every top-level or `config` value that does more than describe a tenant."""
    found: list[tuple[str, Any]] = []
    for key, value in document.value.items():
        if key == "config" and isinstance(value, dict):
            found += [each for each in value.items() if not _only_describes_tenant(*each, project)]
        elif key not in _FREE or not isinstance(value, str):
            found.append((key, value))
    return found


def _only_describes_tenant(key: str, value: Any, project: PulumiProject) -> bool:
    """Whether a value of `config` only describes a tenant, with encrypted values only in an `apiKey`."""
    # A plain key has the project's name, which may be `kubernetes`.
    key = qualified(key, project.name)
    if key == _FREE_CONFIG:
        return isinstance(value, str)
    namespace, _, name = key.rpartition(":")
    if namespace != NAMESPACE:
        return False
    if name == "integrations" and isinstance(value, dict) and "secure" not in value:
        return not any(_is_sealed(_without_key(each)) for each in value.values())
    return not _is_sealed(value)


def _without_key(integration: Any) -> Any:
    if not isinstance(integration, dict):
        return integration
    return {name: value for name, value in integration.items() if name != "apiKey"}


def _is_sealed(value: Any) -> bool:
    """Whether a value contains an encrypted value, which Pulumi would decrypt."""
    if isinstance(value, dict):
        return "secure" in value or any(map(_is_sealed, value.values()))
    return isinstance(value, list) and any(map(_is_sealed, value))


def _same(value: Any, other: Any) -> bool:
    # In Python, 1 equals True.
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def _read_document(path: str, entry: Entry) -> Document:
    size = int(_git("cat-file", "-s", entry.content))
    if size > MOST_BYTES:
        raise _refused(f"{path} is larger than {MOST_BYTES:,} bytes", "Shorten it.")
    return document_from(_git("cat-file", "blob", entry.content), path)


def _json_bytes(value: Any) -> bytes:
    # YAML does not allow some characters unescaped, and reads some as line ends.
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return re.sub(
        r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]", _escape, text
    ).encode()


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _git(*arguments: str) -> bytes:
    done = _run_git(*arguments)
    if done.returncode:
        raise _git_failed(done)
    return done.stdout


def _run_git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], env=environment, capture_output=True, check=False)  # noqa: S603, S607


def _git_failed(done: subprocess.CompletedProcess[bytes]) -> UserError:
    reason = " ".join(done.stderr.decode(errors="replace").split())
    return UserError(f"git failed, so nothing was copied: {reason or 'it gave no reason'}")


def _refused(fact: str, remedy: str) -> UserError:
    return UserError(f"{fact}, so nothing was copied.", remedy)
