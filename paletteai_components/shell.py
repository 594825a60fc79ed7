"""Commands as messages print them: each can be pasted into bash or zsh, and means what it says.

A word in capitals, such as `STACK`, stands for what the reader knows. A command with such a word is usage.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from paletteai_components.diagnostics import escaped
from paletteai_components.redaction import named

# The folder of stack files that a command finds without its name.
DEFAULT_FOLDER = Path("stacks")

# What needs no quotes in a property path for any reader. Pulumi itself takes everything up to a `.` or `[`.
_BARE = re.compile(r"[\w-]+")
# In `$'…'`: what ends it, what begins an escape or ends a command in a message, and what a CI server may act on.
_SPECIAL = frozenset("'\\`#:")
_GLOB = re.compile("[*?[]")
# What `paletteai -C` was called with: where the reader of a message is, the command has to go there again.
_FOLDER: ContextVar[Path] = ContextVar("_FOLDER", default=Path())


@contextmanager
def called_for(folder: Path) -> Iterator[None]:
    """Make every command that is put together meanwhile run in a folder, which its reader is not in."""
    token = _FOLDER.set(_FOLDER.get() / folder)
    try:
        yield
    finally:
        _FOLDER.reset(token)


def as_typed(file: Path) -> Path:
    """A path as the reader of a command has to type it: see `called_for`."""
    return _FOLDER.get() / file


def command(
    program: str, *arguments: str | Path, cwd: Path | None = None, **options: str | Path | tuple[str, ...] | None
) -> str:
    """A command.

    Args:
        program: The program, its subcommand and its flags, as they are typed.
        arguments: What it is called with. They may hold anything.
        cwd: The folder in which pulumi has to run. None for the current one.
        options: The values of its long options, which may hold anything. An option is repeated for each value of a
            tuple, and left out if it is None.
    """
    called, _, subcommand = program.partition(" ")
    if called == "paletteai" and _FOLDER.get() != Path():
        program = f"{called} -C {word(as_typed(Path()))} {subcommand}"
    elif called == "pulumi":
        options = {"cwd": as_typed(Path(cwd or "")), **options}
    words = [program]
    for name, given in options.items():
        for value in given if isinstance(given, tuple) else (given,):
            if value is not None and (name, value) != ("cwd", Path()):
                between = "=" if str(value).startswith("-") else " "
                words.append(f"--{name}{between}{word(value)}")
    if any(str(argument).startswith("-") for argument in arguments):
        words.append("--")
    return " ".join([*words, *map(word, arguments)])


def word(text: str | Path) -> str:
    """A text as one word of a command, without a character that could control a terminal or a CI server."""
    text = str(text)
    if "`" not in text and escaped(text) == text:
        return shlex.quote(text)
    return f"$'{''.join(map(_ansi_c, text))}'"


def is_glob(word: str) -> bool:
    """Whether a word that names stacks may name several."""
    return _GLOB.search(word) is not None


def exactly(name: str) -> str:
    """A stack's name as an argument that may be a glob: one that matches this name only."""
    return _GLOB.sub(r"[\g<0>]", name)


def known(text: str, placeholder: str) -> str:
    """A declared name for a command; `placeholder`, a word in capitals, if messages do not show the name."""
    return text if named(text) == text else placeholder


def folder_of(file: str) -> Path | None:
    """The folder that a command has to name to find a stack file, or None if it finds the file without."""
    folder = Path(file).parent
    return None if not file or folder == DEFAULT_FOLDER else folder


def set_key(integration: str, stack: str, cwd: Path | None = None) -> str:
    """The command that encrypts the key of an integration into a stack file.

    Args:
        integration: The integration's name.
        stack: The stack's name.
        cwd: A folder of the Pulumi project, which Pulumi looks for there and above. None for the current one.
    """
    path = key_path(known(integration, "")) or key_path("INTEGRATION")
    return command("pulumi config set --secret --path", str(path), cwd=cwd, stack=stack)


def key_path(integration: str) -> str | None:
    """The property path of an integration's key; None if there is no name, or if Pulumi has no spelling for it.

    In quotes, Pulumi knows one escape: a quote after a backslash. So no name in quotes ends in a backslash.
    """
    if _BARE.fullmatch(integration):
        step = f".{integration}"
    elif integration and not integration.endswith("\\"):
        quoted = integration.replace('"', '\\"')
        step = f'["{quoted}"]'
    else:
        return None
    return f"paletteai:integrations{step}.apiKey"


def _ansi_c(character: str) -> str:
    if character not in _SPECIAL and escaped(character) == character:
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))
