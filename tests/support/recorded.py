"""Outputs that are recorded in files, which a reader of a change sees change with it.

`RECORD=1 pytest` with a test of them writes them again, as CONTRIBUTING.md shows.
"""

from __future__ import annotations

import os

from support.checkout import ROOT

_RECORDED = ROOT / "tests" / "recorded"


def is_as_recorded(name: str, text: str) -> None:
    """Compare a text with the file of its record, below `tests/recorded`."""
    file = _RECORDED / name
    if os.environ.get("RECORD"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
