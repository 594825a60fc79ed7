"""Writes every rule's page, and their index, into a folder: `python -m paletteai_components.rules docs/rules`."""

from __future__ import annotations

import sys
from pathlib import Path

from paletteai_components.rules import RULES, index_page, page_of

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
(folder / "README.md").write_text(index_page(), encoding="utf-8")
for code, rule in RULES.items():
    (folder / f"{code}.md").write_text(page_of(rule), encoding="utf-8")
