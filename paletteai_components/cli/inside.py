"""Inside another folder: what the option `-C DIR` does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from paletteai_components.errors import UserError
from paletteai_components.shell import called_for


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder, as after `cd`, and print commands that go there."""
    before, shown = Path.cwd(), os.environ.get("PWD")
    there = os.path.normpath(os.path.join(shown or before, folder))
    try:
        os.chdir(folder)
    except OSError as error:
        fact = f"the command cannot run in `{folder}` ({error.strerror}), so nothing was done."
        raise UserError(fact, "Name a folder that exists with `-C DIR`.") from None
    # The shell's spelling of a folder with links is kept, as by `cd`.
    os.environ["PWD"] = there if os.path.realpath(there) == os.getcwd() else os.getcwd()
    try:
        with called_for(folder):
            yield
    finally:
        os.chdir(before)
        if shown is None:
            del os.environ["PWD"]
        else:
            os.environ["PWD"] = shown
