"""Runs the `paletteai` command as `python -m paletteai_components`."""

from paletteai_components.cli import main

main(prog_name="paletteai")
