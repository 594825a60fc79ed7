"""Writes the schemas of all commands into a folder: `python -m paletteai_components.cli.schema FOLDER`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from paletteai_components.cli.schema import RECORDS, file_of, output_schema

for command in RECORDS:
    file = Path(sys.argv[1]) / file_of(command)
    file.write_text(json.dumps(output_schema(command), indent=2) + "\n", encoding="utf-8")
