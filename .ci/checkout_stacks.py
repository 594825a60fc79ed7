#!/usr/bin/env python3
"""Takes the stack files of a pull request, as data, into a checkout of the branch that it goes to.

    checkout_stacks.py refs/pull/NUMBER/head|refs/merge-requests/NUMBER/head COMMIT

Prints the names of the stacks that would change. Nothing else of the pull request is written to the disk. Each
file is read by the rules of this checkout, judged, and written anew from what was read, so that Pulumi cannot
read anything else in it. GIT_TOKEN, where it is set, is what git shows the server.

A stack file can make Pulumi run programs and ask other services: a kubeconfig names commands, an ESC environment
sets variables, a secrets provider is an address. So a pull request may change what describes tenants, and the rest
only to what a stack of the same environment already has on the branch.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from paletteai_components.diagnostics import StackFileError, escaped
from paletteai_components.pulumi_yaml.document import Document, document_from
from paletteai_components.pulumi_yaml.document import Path as Steps
from paletteai_components.stacks.configuration import NAMESPACE
from paletteai_components.stacks.stack import PROJECT_FILE, stack_name_of

FOLDER = "stacks"
MOST_BYTES = 1024 * 1024
# As many as there are jobs for: see matrix.py.
MOST_FILES = 256
_REF = re.compile(r"refs/(?:pull|merge-requests)/[1-9][0-9]{0,9}/head")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?")
# Of these a pull request may change the value: no more is done with it than to compute with it here.
_FREE = frozenset({"encryptionsalt", "encryptedkey"})
# Characters that steer, hide or turn what is shown, or end its line. In a value, lines and tabs are what they are.
_STEERING = frozenset({"Cc", "Cf", "Zl", "Zp"})
_FREE_CONFIG = "kubernetes:context"
_HELPER = '!f() { echo username=x-access-token; printf "password=%s\\n" "$GIT_TOKEN"; }; f'


@dataclass(frozen=True)
class Entry:
    """A file in a commit: its mode, kind and the name of its content."""

    mode: str
    kind: str
    content: str


def main(arguments: list[str]) -> None:
    """Take the stack files, and print which stacks they are of."""
    if len(arguments) != 2 or not _REF.fullmatch(arguments[0]) or not _COMMIT.fullmatch(arguments[1]):
        _refuse("checkout_stacks.py takes the ref of a pull request and the full name of its newest commit.")
    ref, commit = arguments
    if not Path(PROJECT_FILE).is_file():
        _refuse(f"there is no {PROJECT_FILE} here, so this is no checkout of the project.")
    _fetch(ref, commit)
    before, after = _entries("HEAD"), _entries(_merged(commit))
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    if len(changed) > MOST_FILES:
        _refuse(f"the pull request changes more than {MOST_FILES} files in {FOLDER}, so nothing was taken. Split it.")
    allowed = _allowed(before)
    taken: dict[str, bytes | None] = {}
    for path in changed:
        stack = _stack_of(path)
        if stack is None:
            continue
        entry = after.get(path)
        taken[path] = None if entry is None else _judged(path, stack, entry, allowed)
    # Written only when all of them were judged.
    for path, content in taken.items():
        # What is a link on the branch must not lead the new file to another one's place.
        Path(path).unlink(missing_ok=True)
        if content is not None:
            Path(path).write_bytes(content)
            print(_stack_of(path))


def _fetch(ref: str, commit: str) -> None:
    helper = ["-c", f"credential.helper={_HELPER}"] if os.environ.get("GIT_TOKEN") else []
    _git(*helper, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "origin", ref)
    newest = _git("rev-parse", "FETCH_HEAD").decode().strip()
    if newest != commit:
        _refuse(f"the pull request is at {newest[:12]}, not at {commit[:12]}, so nothing was taken. Read it again.")


def _merged(commit: str) -> str:
    """The tree that a merge would make."""
    merged = _run("merge-tree", "--write-tree", "--no-messages", "HEAD", commit)
    if merged.returncode == 1:
        _refuse("the pull request conflicts with the branch, so nothing was taken. Rebase it.")
    if merged.returncode:
        _failed(merged)
    return merged.stdout.decode().strip()


def _entries(tree: str) -> dict[str, Entry]:
    """What lies directly in the folder of stack files, by path."""
    found: dict[str, Entry] = {}
    for line in _git("ls-tree", "-z", "--full-tree", tree, f"{FOLDER}/").decode(errors="surrogateescape").split("\0"):
        about, _, path = line.partition("\t")
        if path:
            found[path] = Entry(*about.split())
    return found


def _stack_of(path: str) -> str | None:
    """The stack that a path is the file of."""
    return stack_name_of(path.removeprefix(f"{FOLDER}/"))


def _allowed(before: dict[str, Entry]) -> dict[str, list[tuple[str, Any]]]:
    """What stack files of each environment have on the branch, beside what describes tenants."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for path, entry in before.items():
        stack = _stack_of(path)
        if stack is None or not _is_plain(entry):
            continue
        try:
            found.setdefault(_environment_of(stack), []).extend(_guarded(_document(path, entry)))
        except StackFileError:
            # A broken file allows nothing, and a pull request may mend it.
            continue
    return found


def _judged(path: str, stack: str, entry: Entry, allowed: dict[str, list[tuple[str, Any]]]) -> bytes:
    """A stack file as it may be written. Exits where it may not."""
    if not _NAME.fullmatch(stack):
        _refuse(f"{path} is not named as a stack file is, so nothing was taken.")
    if not _is_plain(entry):
        _refuse(f"{path} is a link, a program or a folder, so nothing was taken. A stack file is a plain file.")
    try:
        document = _document(path, entry)
    except StackFileError as error:
        print(error, file=sys.stderr)
        _refuse(f"{path} cannot be read, so nothing was taken.")
    for steps, character in _steering(document.value, ()):
        _refuse(
            f"{path}:{document.line(steps)}: the character {escaped(character)} stands in a key or a value, so nothing "
            "was taken: what a preview shows could be forged or hidden with it. Remove it."
        )
    environment = _environment_of(stack)
    for key, value in _guarded(document):
        if not any(key == other and _same(value, its) for other, its in allowed.get(environment, ())):
            _refuse(
                f"{path} has a value for `{key[:100]}` that no stack of {environment} has on the branch, so "
                "nothing was taken: with it Pulumi could run a program, ask another service or show a key. "
                "Preview it on a machine of your own once you have read it."
            )
    written = _json(document.value)
    try:
        same = document_from(written, path).value == document.value
    except StackFileError:
        same = False
    if not same:
        _refuse(f"{path} cannot be written as it was read, so nothing was taken. Use shorter keys.")
    return written


def _steering(value: Any, steps: Steps) -> Iterator[tuple[Steps, str]]:
    """Where there is a character that could forge or hide what is shown, and which."""
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from (((*steps, key), each) for each in key if unicodedata.category(each) in _STEERING)
            yield from _steering(inside, (*steps, key))
    elif isinstance(value, list):
        for position, inside in enumerate(value):
            yield from _steering(inside, (*steps, position))
    elif isinstance(value, str):
        yield from ((steps, each) for each in value if each not in "\n\t" and unicodedata.category(each) in _STEERING)


def _is_plain(entry: Entry) -> bool:
    return (entry.mode, entry.kind) == ("100644", "blob")


def _environment_of(stack: str) -> str:
    return stack.rpartition(".")[2]


def _guarded(document: Document) -> list[tuple[str, Any]]:
    """Everything in a stack file that does more than to describe a tenant."""
    found: list[tuple[str, Any]] = []
    for key, value in document.value.items():
        if key == "config" and isinstance(value, dict):
            found += [each for each in value.items() if not _describes(*each)]
        elif key not in _FREE or not isinstance(value, str):
            found.append((key, value))
    return found


def _describes(key: str, value: Any) -> bool:
    """Whether a value of `config` only describes a tenant, and has keys opened nowhere but where they belong."""
    if key == _FREE_CONFIG:
        return isinstance(value, str)
    namespace, _, name = key.rpartition(":")
    if namespace not in {"", NAMESPACE}:
        return False
    if name == "integrations" and isinstance(value, dict) and "secure" not in value:
        return not any(_is_sealed(_without_key(each)) for each in value.values())
    return not _is_sealed(value)


def _without_key(integration: Any) -> Any:
    if not isinstance(integration, dict):
        return integration
    return {name: value for name, value in integration.items() if name != "apiKey"}


def _is_sealed(value: Any) -> bool:
    """Whether there is something encrypted in a value, which Pulumi would open."""
    if isinstance(value, dict):
        return "secure" in value or any(map(_is_sealed, value.values()))
    return isinstance(value, list) and any(map(_is_sealed, value))


def _same(value: Any, other: Any) -> bool:
    # In Python 1 equals True.
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def _document(path: str, entry: Entry) -> Document:
    size = int(_git("cat-file", "-s", entry.content))
    if size > MOST_BYTES:
        _refuse(f"{path} is larger than {MOST_BYTES:,} bytes, so nothing was taken.")
    return document_from(_git("cat-file", "blob", entry.content), path)


def _json(value: Any) -> bytes:
    # In YAML, some characters may not stand for themselves, and some would end a line.
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return re.sub(
        r"[^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]", _code, text
    ).encode()


def _code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _git(*arguments: str) -> bytes:
    done = _run(*arguments)
    if done.returncode:
        _failed(done)
    return done.stdout


def _run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(["git", *arguments], env=environment, capture_output=True, check=False)  # noqa: S603, S607


def _failed(done: subprocess.CompletedProcess[bytes]) -> NoReturn:
    said = " ".join(done.stderr.decode(errors="replace").split())
    _refuse(f"git failed, so nothing was taken: {said or 'it gave no reason'}")


def _refuse(message: str) -> NoReturn:
    print(f"error: {escaped(message)}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main(sys.argv[1:])
