"""The process of the `paletteai` command: `paletteai`, or `python -m paletteai_components`."""

from __future__ import annotations

import contextlib
import gc
import os
import sys


def run() -> None:
    """Run the command, and end its process."""
    # A command is short-lived and keeps nearly every object until it ends: collecting garbage early is wasted time.
    gc.set_threshold(500_000, 50, 100)
    from paletteai_components.cli import main

    try:
        main(prog_name="paletteai")
    except SystemExit as ended:
        if isinstance(ended.code, int):
            # Where something cannot be written, Python says so.
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
                # Freeing each object of a process that ends would be a tenth of its time.
                os._exit(ended.code)
        raise


if __name__ == "__main__":
    run()
