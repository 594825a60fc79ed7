"""Paragraphs: text broken between words, within the width of a terminal; in one line elsewhere."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable
from typing import TextIO

# The lines of a text without control characters. The further ones are indented.
Paragraph = Callable[[str, str], list[str]]

# What is not broken: a command could not be pasted otherwise, and a name stays with its line.
_WHOLE = re.compile(r"`[^`]*`(?: \(line \d+\))?")
# A space at which no line is broken. No text that is printed holds this character.
_KEPT = "\0"


def paragraphs_on(stream: TextIO) -> Paragraph:
    """The function that makes paragraphs for a stream: from a text and the indentation of its further lines."""
    width = width_of(stream)
    if width is None:
        return lambda text, _: [text]
    return lambda text, indent: wrapped(_WHOLE.sub(lambda found: unbroken(found[0]), text), width, further=indent)


def width_of(stream: TextIO) -> int | None:
    """How long a line on a stream may be. None where lines are not wrapped, which is everywhere but on a terminal."""
    return max(shutil.get_terminal_size().columns, 40) if stream.isatty() else None


def unbroken(text: str) -> str:
    """A text that `wrapped` does not break."""
    return text.replace(" ", _KEPT)


def wrapped(text: str, width: int, first: str = "", further: str = "") -> list[str]:
    """The lines of a text.

    Args:
        text: The text; what is not to be broken in it is `unbroken`.
        width: How long a line may be. A word that is longer is on a line of its own.
        first: The indentation of the first line.
        further: The indentation of the others.
    """
    lines = textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=further,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_KEPT, " ") for line in lines] or [""]
