"""Writes the schemas of all commands into a folder: `python -m paletteai_components.cli.schema FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from paletteai_components.cli.output.report import json_text
from paletteai_components.cli.schema import RECORDS, file_of, output_schema

for command in RECORDS:
    file = Path(sys.argv[1]) / file_of(command)
    file.write_text(json_text(output_schema(command)) + "\n", encoding="utf-8")
