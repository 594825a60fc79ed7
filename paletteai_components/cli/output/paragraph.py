"""Paragraphs: text within the width of a terminal, and in one line elsewhere."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable
from typing import TextIO

# The lines of a text without control characters. The further ones are indented.
Paragraph = Callable[[str, str], list[str]]

_CODE = re.compile("`[^`]*`")
_HELD = "\x00"


def paragraphs_on(stream: TextIO) -> Paragraph:
    """The function that makes paragraphs for a stream: from a text and the indentation of its further lines."""
    if not stream.isatty():
        return lambda text, _: [text]
    width = max(shutil.get_terminal_size().columns, 40)
    return lambda text, indent: _wrapped(text, indent, width)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    # A command in a message stays in one line, because it could not be pasted otherwise.
    held = _CODE.sub(lambda code: code[0].replace(" ", _HELD), text)
    lines = textwrap.wrap(held, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_HELD, " ") for line in lines]
